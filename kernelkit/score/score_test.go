package score

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"interplay/kernelkit/random"
)

// exactPassAtK is 1 − C(n−c, k)/C(n, k) in exact arithmetic.
func exactPassAtK(n, c, k int) float64 {
	var miss, all big.Int
	miss.Binomial(int64(n-c), int64(k))
	all.Binomial(int64(n), int64(k))
	ratio := new(big.Rat).SetFrac(&miss, &all)
	v, _ := ratio.Sub(big.NewRat(1, 1), ratio).Float64()
	return v
}

func TestPassAtKEqualsTheBinomialFormulaForAllSmallCases(t *testing.T) {
	for n := 1; n <= 40; n++ {
		for c := 0; c <= n; c++ {
			for k := 1; k <= n; k++ {
				got, err := PassAtK(n, c, k)
				if want := exactPassAtK(n, c, k); err != nil || math.Abs(got-want) > 1e-14 {
					t.Fatalf("PassAtK(%d, %d, %d) = %v, %v; want %v", n, c, k, got, err, want)
				}
			}
		}
	}
}

func TestPassAtKIsStableForManySamples(t *testing.T) {
	for _, x := range [][3]int{{2000, 1, 1}, {2000, 1, 1999}, {2000, 3, 1000}, {2000, 700, 2}, {2000, 2000, 7}, {2000, 0, 2000}} {
		got, err := PassAtK(x[0], x[1], x[2])
		if want := exactPassAtK(x[0], x[1], x[2]); err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("PassAtK%v = %v, %v; want %v", x, got, err, want)
		}
	}
	// Two successes in a million: 1 − (n−k)(n−k−1)/(n(n−1)).
	got, err := PassAtK(1000000, 2, 500000)
	if want := 1 - 0.5*499999/999999; err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("PassAtK(1000000, 2, 500000) = %v, %v; want %v", got, err, want)
	}
}

func TestPassAtKRefusesWhatIsNotDefined(t *testing.T) {
	for _, x := range [][3]int{{4, 2, 0}, {4, 2, 5}, {0, 0, 1}, {4, 2, -1}} {
		if _, err := PassAtK(x[0], x[1], x[2]); !errors.Is(err, ErrK) {
			t.Errorf("PassAtK%v: error %v, want ErrK", x, err)
		}
	}
	for _, x := range [][3]int{{4, 5, 1}, {4, -1, 1}} {
		if _, err := PassAtK(x[0], x[1], x[2]); err == nil {
			t.Errorf("PassAtK%v gave no error", x)
		}
	}
}

func TestFirstKAveragesToTheUnbiasedEstimate(t *testing.T) {
	// Over all placings of c successes among n ranks, "one of the first k" averages to pass@k.
	const n, c = 8, 3
	for k := 1; k <= n; k++ {
		sum, placings := 0.0, 0
		for mask := 0; mask < 1<<n; mask++ {
			p := Prompt{N: n, FirstStrict: n, FirstAnswer: n}
			for i := range n {
				if mask>>i&1 == 1 {
					p.Strict++
					p.FirstStrict = min(p.FirstStrict, i)
				}
			}
			if p.Strict != c {
				continue
			}
			v, err := p.PassAtK(k, Strict, FirstK)
			if err != nil {
				t.Fatal(err)
			}
			sum += v
			placings++
		}
		if want := exactPassAtK(n, c, k); math.Abs(sum/float64(placings)-want) > 1e-12 {
			t.Errorf("k %d: mean of FirstK %v, unbiased %v", k, sum/float64(placings), want)
		}
	}
}

// draw makes n samples for each of the prompts of each op; the chance of success
// varies by prompt around mean(op).
func draw(seed int64, ops []int, prompts, n int, mean func(op int) float64) []Sample {
	var samples []Sample
	for _, op := range ops {
		for i := range prompts {
			s := random.New(seed, "test/prompt", uint64(op), uint64(i))
			skill := math.Min(1, 2*mean(op)*s.Float64())
			for rank := range n {
				x := Sample{Prompt: fmt.Sprintf("op%d-%d", op, i), Op: op, Mode: "forward", Context: []string{"A", "B"}[i%2], Rank: rank}
				switch u := s.Float64(); {
				case u < skill:
					x.Strict, x.Answer, x.Process = true, true, 1
				case u < skill+0.1:
					x.Answer, x.Process, x.Class = true, 0.5, "lucky answer"
				default:
					x.Process, x.Class = 0.25, "wrong value"
				}
				samples = append(samples, x)
			}
		}
	}
	return samples
}

func mustSummarise(t *testing.T, samples []Sample) []Prompt {
	t.Helper()
	prompts, err := Summarise(samples)
	if err != nil {
		t.Fatal(err)
	}
	return prompts
}

func TestScoresDoNotDependOnTheOrderOfSamples(t *testing.T) {
	samples := draw(1, []int{3, 1, 2}, 20, 8, func(op int) float64 { return 0.3 })
	shuffled := slices.Clone(samples)
	random.New(9, "test/shuffle").Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	a, b := mustSummarise(t, samples), mustSummarise(t, shuffled)
	if !slices.Equal(a, b) {
		t.Fatal("summaries differ")
	}
	reversed := slices.Clone(a)
	slices.Reverse(reversed)
	x, err1 := MeanPassAtK(a, []int{1, 4}, Strict, Unbiased, DefaultBootstrap())
	y, err2 := MeanPassAtK(reversed, []int{1, 4}, Strict, Unbiased, DefaultBootstrap())
	if err1 != nil || err2 != nil || !slices.Equal(x, y) {
		t.Errorf("%v %v, then %v %v", x, err1, y, err2)
	}
}

func TestSummariseCountsEachPrompt(t *testing.T) {
	p := mustSummarise(t, []Sample{
		{Prompt: "a", Op: 2, Mode: "forward", Context: "A", Rank: 2, Strict: true, Answer: true, Process: 1},
		{Prompt: "a", Op: 2, Mode: "forward", Context: "A", Rank: 0, Process: 1, Class: "wrong answer"},
		{Prompt: "a", Op: 2, Mode: "forward", Context: "A", Rank: 1, Answer: true, Process: 0.5, Class: "lucky answer"},
		{Prompt: "b", Op: 1, Mode: "reverse", Context: "B", Rank: 5, Class: "unparsable"},
	})
	want := []Prompt{
		{ID: "b", Op: 1, Mode: "reverse", Context: "B", N: 1, FirstStrict: 1, FirstAnswer: 1},
		{ID: "a", Op: 2, Mode: "forward", Context: "A", N: 3, Strict: 1, Answer: 2, Slip: 1, FirstStrict: 2, FirstAnswer: 1, Process: p[1].Process},
	}
	if !slices.Equal(p, want) || math.Abs(p[1].Process-2.5/3) > 1e-15 {
		t.Errorf("got %+v", p)
	}
	if c := Confuse(p); c != (Confusion{RightRight: 1, RightWrong: 1, WrongRight: 1, WrongWrong: 1}) || c.Total() != 4 {
		t.Errorf("confusion %+v", c)
	}
}

func TestSummariseRefusesContradictions(t *testing.T) {
	ok := Sample{Prompt: "a", Op: 2, Mode: "forward", Context: "A"}
	with := func(change func(*Sample)) Sample { s := ok; change(&s); return s }
	for name, samples := range map[string][]Sample{
		"rank twice":         {ok, ok},
		"negative rank":      {with(func(s *Sample) { s.Rank = -1 })},
		"two ops":            {ok, with(func(s *Sample) { s.Rank = 1; s.Op = 3 })},
		"two contexts":       {ok, with(func(s *Sample) { s.Rank = 1; s.Context = "B" })},
		"process above 1":    {with(func(s *Sample) { s.Process = 1.5 })},
		"process NaN":        {with(func(s *Sample) { s.Process = math.NaN() })},
		"strict, answer no":  {with(func(s *Sample) { s.Strict, s.Process = true, 1 })},
		"strict, process no": {with(func(s *Sample) { s.Strict, s.Answer, s.Process = true, true, 0.9 })},
	} {
		if _, err := Summarise(samples); !errors.Is(err, ErrSample) {
			t.Errorf("%s: error %v, want ErrSample", name, err)
		}
	}
}

func TestGroupsPartitionThePrompts(t *testing.T) {
	prompts := mustSummarise(t, draw(2, []int{1, 2, 3}, 10, 2, func(int) float64 { return 0.5 }))
	for by, want := range map[By]int{0: 1, ByOp: 3, ByContext: 2, ByMode: 1, ByOp | ByContext: 6, ByOp | ByMode | ByContext: 6} {
		groups := GroupBy(prompts, by)
		n := 0
		for _, g := range groups {
			n += len(g.Prompts)
			for _, p := range g.Prompts {
				if by&ByOp != 0 && p.Op != g.Op || by&ByContext != 0 && p.Context != g.Context {
					t.Errorf("by %b: prompt %s in group op %d context %s", by, p.ID, g.Op, g.Context)
				}
			}
		}
		if len(groups) != want || n != len(prompts) {
			t.Errorf("by %b: %d groups with %d prompts, want %d with %d", by, len(groups), n, want, len(prompts))
		}
	}
	if in := InOps(prompts, 2, 3); len(in) != 20 {
		t.Errorf("%d prompts in ops 2 to 3, want 20", len(in))
	}
}

func TestBootstrapIntervalsCoverTheTruth(t *testing.T) {
	// pass@1 of prompts whose skill is uniform on [0, 0.8]: the true mean is 0.4.
	b := Bootstrap{Draws: 400, Level: 0.95, Seed: 3}
	covered := 0
	const worlds = 400
	for w := range worlds {
		prompts := mustSummarise(t, draw(int64(w), []int{1}, 60, 4, func(int) float64 { return 0.4 }))
		got, err := MeanPassAtK(prompts, []int{1}, Strict, Unbiased, b)
		if err != nil {
			t.Fatal(err)
		}
		if !got[0].excludes(0.4) {
			covered++
		}
	}
	// 95 % nominal; four standard errors of the share are 0.044, and the percentile method is a little narrow at 60 prompts.
	if share := float64(covered) / worlds; share < 0.90 || share > 0.985 {
		t.Errorf("intervals cover the truth in %.3f of %d worlds, want about 0.95", share, worlds)
	}
}

func TestBootstrapMatchesTheNormalInterval(t *testing.T) {
	prompts := mustSummarise(t, draw(5, []int{1}, 400, 8, func(int) float64 { return 0.4 }))
	got, err := MeanPassAtK(prompts, []int{1}, Strict, Unbiased, Bootstrap{Draws: 4000, Level: 0.95, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var mean, square float64
	for _, p := range prompts {
		v := float64(p.Strict) / float64(p.N)
		mean += v / float64(len(prompts))
		square += v * v / float64(len(prompts))
	}
	half := 1.96 * math.Sqrt((square-mean*mean)/float64(len(prompts)))
	if math.Abs(got[0].Value-mean) > 1e-12 || math.Abs(got[0].Low-(mean-half)) > 0.1*half || math.Abs(got[0].High-(mean+half)) > 0.1*half {
		t.Errorf("bootstrap %v, normal %.3f ± %.3f", got[0], mean, half)
	}
}

func TestStrataKeepTheSpreadBetweenOpsOut(t *testing.T) {
	// op 1 always succeeds, op 2 never: pooled by design, the mean is 0.5 without doubt.
	samples := append(draw(1, []int{1}, 50, 1, func(int) float64 { return 1e9 }), draw(1, []int{2}, 50, 1, func(int) float64 { return 0 })...)
	got, err := MeanPassAtK(mustSummarise(t, samples), []int{1}, Strict, Unbiased, DefaultBootstrap())
	if err != nil || got[0] != (Interval{0.5, 0.5, 0.5, 100}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestIntervalsKeepAWidthWhenNothingSucceeds(t *testing.T) {
	prompts := mustSummarise(t, draw(1, []int{9}, 128, 4, func(int) float64 { return 0 }))
	got, err := MeanPassAtK(prompts, []int{4}, Strict, Unbiased, DefaultBootstrap())
	if err != nil || got[0].Value != 0 || got[0].Low != 0 || got[0].High < 0.02 || got[0].High > 0.04 {
		t.Errorf("%v, %v; want 0 with an upper bound near 0.03", got, err)
	}
	gain, err := PassAtKGain(prompts, prompts, []int{4}, Strict, Unbiased, DefaultBootstrap())
	if err != nil || gain[0].Value != 0 || gain[0].Low != -got[0].High || gain[0].High != got[0].High {
		t.Errorf("gain %v, %v", gain, err)
	}
}

func TestPairedGainIsNarrowerThanItsSides(t *testing.T) {
	before := mustSummarise(t, draw(1, []int{1, 2}, 100, 8, func(int) float64 { return 0.30 }))
	after := mustSummarise(t, draw(1, []int{1, 2}, 100, 8, func(int) float64 { return 0.45 }))
	ks, b := []int{1, 4, 8}, DefaultBootstrap()
	x, err1 := MeanPassAtK(before, ks, Strict, Unbiased, b)
	y, err2 := MeanPassAtK(after, ks, Strict, Unbiased, b)
	slices.Reverse(after) // pairing is by ID, not by place
	d, err3 := PassAtKGain(before, after, ks, Strict, Unbiased, b)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	for i, k := range ks {
		if math.Abs(d[i].Value-(y[i].Value-x[i].Value)) > 1e-12 {
			t.Errorf("pass@%d: gain %v, sides differ by %v", k, d[i].Value, y[i].Value-x[i].Value)
		}
		apart := math.Hypot(x[i].High-x[i].Low, y[i].High-y[i].Low)
		if width := d[i].High - d[i].Low; width >= apart || !d[i].excludes(0) {
			t.Errorf("pass@%d: paired %v, unpaired width %.3f", k, d[i], apart)
		}
	}
}

func TestGainsRefuseDifferentPrompts(t *testing.T) {
	p := mustSummarise(t, draw(1, []int{1}, 4, 2, func(int) float64 { return 0.5 }))
	other := slices.Clone(p)
	other[2].ID = "another"
	moved := slices.Clone(p)
	moved[2].Op = 7
	for name, pairOf := range map[string][2][]Prompt{
		"fewer": {p, p[:3]}, "more": {p[:3], p}, "other": {p, other}, "moved": {p, moved},
		"twice after": {p, {p[0], p[0], p[1], p[2]}}, "twice before": {{p[0], p[0], p[1], p[2]}, p},
	} {
		if _, err := PassAtKGain(pairOf[0], pairOf[1], []int{1}, Strict, Unbiased, DefaultBootstrap()); !errors.Is(err, ErrUnpaired) {
			t.Errorf("%s: error %v, want ErrUnpaired", name, err)
		}
	}
	if _, err := PassAtKGain(nil, nil, []int{1}, Strict, Unbiased, DefaultBootstrap()); !errors.Is(err, ErrNoData) {
		t.Errorf("empty: error %v, want ErrNoData", err)
	}
}

func TestScoresOfNothingAreErrors(t *testing.T) {
	b := DefaultBootstrap()
	_, err1 := MeanPassAtK(nil, []int{1}, Strict, Unbiased, b)
	_, err2 := Mean(nil, ProcessAcc, b)
	_, err3 := Lucky([]Prompt{{ID: "a", N: 4, FirstStrict: 4, FirstAnswer: 4}}, b)
	for i, err := range []error{err1, err2, err3} {
		if !errors.Is(err, ErrNoData) {
			t.Errorf("case %d: error %v, want ErrNoData", i+1, err)
		}
	}
	p := []Prompt{{ID: "a", N: 4, FirstStrict: 4, FirstAnswer: 4}}
	if _, err := MeanPassAtK(p, []int{1, 8}, Strict, Unbiased, b); !errors.Is(err, ErrK) {
		t.Errorf("k above n: %v, want ErrK", err)
	}
	for _, bad := range []Bootstrap{{Draws: 10, Level: 0.95}, {Draws: 1000, Level: 1}, {Draws: 1000, Level: math.NaN()}} {
		if _, err := Mean(p, ProcessAcc, bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestWilsonMatchesPublishedValues(t *testing.T) {
	// Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
	for _, x := range []struct {
		r, n      int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		got := wilson(float64(x.r)/float64(x.n), x.n, 0.95)
		if math.Abs(got.Low-x.low) > 5e-5 || math.Abs(got.High-x.high) > 5e-5 {
			t.Errorf("%d of %d: %v; want [%v, %v]", x.r, x.n, got, x.low, x.high)
		}
	}
}

func TestLuckyIsTheShareOfRightAnswersWithAWrongProcess(t *testing.T) {
	prompts := mustSummarise(t, draw(4, []int{1, 2}, 200, 8, func(int) float64 { return 0.2 }))
	c := Confuse(prompts)
	got, err := Lucky(prompts, DefaultBootstrap())
	want := float64(c.RightWrong) / float64(c.RightRight+c.RightWrong)
	if err != nil || math.Abs(got.Value-want) > 1e-12 || !(got.Low < want && want < got.High) {
		t.Errorf("%v, %v; want %v inside its interval", got, err, want)
	}
}

func TestClassesAreCountedMostFrequentFirst(t *testing.T) {
	var samples []Sample
	for class, n := range map[string]int{"": 9, "wrong value": 3, "missing node": 5, "lucky answer": 3} {
		for range n {
			samples = append(samples, Sample{Class: class})
		}
	}
	want := []ClassCount{{"missing node", 5}, {"lucky answer", 3}, {"wrong value", 3}}
	if got := Classes(samples); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func mustTopology(t *testing.T, parents [][]int) Topology {
	t.Helper()
	g, err := NewTopology(parents)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// randomDAG gives node i up to two parents among the nodes before it.
func randomDAG(s *random.Stream, n int) [][]int {
	parents := make([][]int, n)
	for i := 1; i < n; i++ {
		for range s.IntN(3) {
			parents[i] = append(parents[i], s.IntN(i))
		}
	}
	return parents
}

func TestTopologyIgnoresTheNumberingOfNodes(t *testing.T) {
	for i := range 100 {
		s := random.New(1, "test/dag", uint64(i))
		g := randomDAG(s, 2+s.IntN(12))
		perm := s.Perm(len(g))
		h := make([][]int, len(g))
		for v, ps := range g {
			for _, p := range ps {
				h[perm[v]] = append(h[perm[v]], perm[p])
			}
		}
		if sim := mustTopology(t, g).Similarity(mustTopology(t, h)); sim < 1-1e-12 {
			t.Fatalf("graph %d and a renumbering: similarity %v", i, sim)
		}
	}
}

func TestSimilarityFallsWithEachRewiredEdge(t *testing.T) {
	// A chain of 8 beside a chain of 8 with one, then two, edges moved, then a star.
	chain := [][]int{{}, {0}, {1}, {2}, {3}, {4}, {5}, {6}}
	one := [][]int{{}, {0}, {1}, {2}, {3}, {4}, {5}, {5}}
	two := [][]int{{}, {0}, {1}, {2}, {3}, {3}, {5}, {5}}
	star := [][]int{{}, {0}, {0}, {0}, {0}, {0}, {0}, {0}}
	c := mustTopology(t, chain)
	last := 1.0
	for i, g := range [][][]int{one, two, star} {
		u := mustTopology(t, g)
		sim := c.Similarity(u)
		if !(sim < last && sim > 0) || math.Abs(sim-u.Similarity(c)) > 1e-15 {
			t.Errorf("step %d: similarity %v after %v", i, sim, last)
		}
		last = sim
	}
	if sim, at := c.Nearest([]Topology{mustTopology(t, star), mustTopology(t, chain), mustTopology(t, one)}); at != 1 || sim < 1-1e-12 {
		t.Errorf("nearest is %d at %v", at, sim)
	}
	// Direction counts: a fork is not a join.
	fork, join := mustTopology(t, [][]int{{}, {0}, {0}}), mustTopology(t, [][]int{{}, {}, {0, 1}})
	if sim := fork.Similarity(join); sim > 0.9 {
		t.Errorf("a fork and a join: similarity %v", sim)
	}
}

func TestTopologyRefusesBrokenGraphs(t *testing.T) {
	if _, err := NewTopology(nil); !errors.Is(err, ErrNoData) {
		t.Errorf("no nodes: %v, want ErrNoData", err)
	}
	for _, g := range [][][]int{{{1}}, {{}, {-1}}} {
		if _, err := NewTopology(g); err == nil {
			t.Errorf("%v was accepted", g)
		}
	}
}

func ExampleMeanPassAtK() {
	var samples []Sample
	for i := range 20 { // prompt i succeeds in i%4 of its 4 samples
		for rank := range 4 {
			right := rank < i%4
			process := 0.5
			if right {
				process = 1
			}
			samples = append(samples, Sample{Prompt: fmt.Sprint(i), Op: 5, Rank: rank, Strict: right, Answer: right, Process: process})
		}
	}
	prompts, err := Summarise(samples)
	if err != nil {
		panic(err)
	}
	curve, err := MeanPassAtK(prompts, []int{1, 2, 4}, Strict, Unbiased, DefaultBootstrap())
	fmt.Println(curve[0], curve[1], curve[2], err)
	// Output: 0.375 [0.250, 0.500] 0.583 [0.417, 0.750] 0.750 [0.550, 0.900] <nil>
}

func BenchmarkMeanPassAtK(b *testing.B) {
	prompts, err := Summarise(draw(1, []int{1, 2, 3, 4}, 200, 128, func(int) float64 { return 0.3 }))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := MeanPassAtK(prompts, PowersOfTwo(128), Strict, Unbiased, DefaultBootstrap()); err != nil {
			b.Fatal(err)
		}
	}
}

// excludes reports whether v lies outside the interval.
func (i Interval) excludes(v float64) bool { return v < i.Low || v > i.High }
