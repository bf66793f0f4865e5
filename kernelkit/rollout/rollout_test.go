package rollout

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/random"
)

// The tests share samplers, so that each shape compiles once.
var (
	eng    *engine.Engine
	shared *Sampler // of tiny
	drawer *Sampler // of tiny, many samples a slot
)

func TestMain(m *testing.M) {
	var err error
	if eng, err = engine.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared, drawer = New(eng, tiny), New(eng, tiny)
	drawer.perGroup = 512
	os.Exit(m.Run())
}

// tiny is a network small enough for the full forward to serve as the truth.
var tiny = qwen.Config{VocabSize: 23, HiddenSize: 16, Layers: 2, Heads: 4, KVHeads: 2, FFN: 24, Context: 256,
	RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.4}

func weights(t testing.TB, cfg qwen.Config) *qwen.Weights {
	w, err := qwen.NewWeights(cfg, 5)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// prompts draws n prompts of min to max tokens.
func prompts(n, min, max int) [][]int32 {
	all := make([][]int32, n)
	for i := range all {
		s := random.New(1, "test prompts", uint64(i))
		all[i] = make([]int32, s.Between(min, max))
		for j := range all[i] {
			all[i][j] = int32(s.IntN(tiny.VocabSize))
		}
	}
	return all
}

// forward gives the logits of the full network at every position of texts,
// [text][position][vocab].
func forward(t testing.TB, w *qwen.Weights, texts [][]int32) [][][]float32 {
	seq := 0
	for _, x := range texts {
		seq = max(seq, len(x))
	}
	flat := make([]int32, len(texts)*seq)
	for i, x := range texts {
		copy(flat[i*seq:], x)
	}
	exec := graph.MustNewExec(eng.Backend, func(in []*graph.Node) *graph.Node {
		tokens := in[len(in)-1]
		return qwen.Bind(w.Config, in[:len(in)-1]).Forward(qwen.Rows{Tokens: tokens, Positions: graph.Iota(tokens.Graph(), tokens.Shape(), 1)})
	})
	defer exec.Finalize()
	out := exec.MustCall1(engine.Arguments(w.Tensors, []*tensors.Tensor{tensors.FromFlatDataAndDimensions(flat, len(texts), seq)})...)
	return out.Value().([][][]float32)
}

func logSoftmaxOf(logits []float32, temperature float64) []float64 {
	top, sum := math.Inf(-1), 0.0
	out := make([]float64, len(logits))
	for i, l := range logits {
		out[i] = float64(l) / temperature
		top = max(top, out[i])
	}
	for i := range out {
		out[i] -= top
		sum += math.Exp(out[i])
	}
	for i := range out {
		out[i] -= math.Log(sum)
	}
	return out
}

func sample(t testing.TB, w *qwen.Weights, p [][]int32, opt Options) [][]Completion {
	out, err := shared.Sample(context.Background(), w, p, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkAgainstForward compares a job with the full forward pass over the finished texts.
func checkAgainstForward(t *testing.T, w *qwen.Weights, p [][]int32, opt Options, got [][]Completion) {
	var texts [][]int32
	for i := range p {
		for _, c := range got[i] {
			texts = append(texts, slices.Concat(p[i], c.IDs))
		}
	}
	logits := forward(t, w, texts)
	temperature := opt.Temperature
	if temperature == 0 {
		temperature = 1
	}
	worst, k := 0.0, 0
	for i := range p {
		for _, c := range got[i] {
			for j, id := range c.IDs {
				at := logits[k][len(p[i])+j-1]
				model, drawn := logSoftmaxOf(at, 1), logSoftmaxOf(at, temperature)
				entropy := 0.0
				for _, l := range model {
					entropy -= math.Exp(l) * l
				}
				worst = max(worst, math.Abs(model[id]-float64(c.LogProbs[j])), math.Abs(entropy-float64(c.Entropy[j])))
				if opt.Greedy {
					if best := int32(slices.Index(at, slices.Max(at))); best != id {
						t.Errorf("prompt %d token %d: greedy took %d, the full forward's best is %d", i, j, id, best)
					}
				} else {
					worst = max(worst, math.Abs(drawn[id]-float64(c.SampleLogProbs[j])))
				}
			}
			k++
		}
	}
	if worst > 1e-4 {
		t.Errorf("log-probs or entropies differ from the full forward by %g, want at most 1e-4", worst)
	}
}

func TestCachedDecodingEqualsFullForward(t *testing.T) {
	w := weights(t, tiny)
	p := prompts(30, 1, 70) // three lengths of the prompt cache
	for _, opt := range []Options{
		{Samples: 3, MaxTokens: 24, Greedy: true, Stop: []int32{3, 7}, Rows: 24},
		{Samples: 3, MaxTokens: 24, Stop: []int32{3, 7}, Rows: 24, Seed: 2},
		{Samples: 3, MaxTokens: 24, Temperature: 0.7, Stop: []int32{5, 7}, Rows: 24, Seed: 2},
	} {
		got := sample(t, w, p, opt)
		stops, lengths := 0, 0
		for i := range got {
			for _, c := range got[i] {
				last := c.IDs[len(c.IDs)-1]
				stopped := slices.Contains(opt.Stop, last)
				switch {
				case c.Finish == Stop && stopped:
					stops++
				case c.Finish == Length && !stopped && len(c.IDs) == opt.MaxTokens:
					lengths++
				default:
					t.Errorf("prompt %d: %d tokens ending in %d finished by %v", i, len(c.IDs), last, c.Finish)
				}
				for _, id := range c.IDs[:len(c.IDs)-1] {
					if slices.Contains(opt.Stop, id) {
						t.Errorf("prompt %d: went on after stop token %d", i, id)
					}
				}
			}
		}
		if len(opt.Stop) > 0 && (stops == 0 || (opt.Greedy && lengths == 0)) {
			t.Errorf("%d stops and %d full lengths: the case does not mix them", stops, lengths)
		}
		checkAgainstForward(t, w, p, opt, got)
	}
}

// The lengths of real completions vary, so slots are refilled at many different
// steps, and the rings wrap around.
func TestSamplesDoNotDependOnBatchOrOrder(t *testing.T) {
	w := weights(t, tiny)
	p := prompts(20, 1, 30)
	opt := Options{Samples: 4, MaxTokens: 16, Stop: []int32{3, 7}, Seed: 9, Rows: 64}
	want := sample(t, w, p, opt)
	same := func(what string, a, b Completion) {
		t.Helper()
		if !slices.Equal(a.IDs, b.IDs) || a.Finish != b.Finish {
			t.Errorf("%s: %v %v, want %v %v", what, b.IDs, b.Finish, a.IDs, a.Finish)
		}
	}
	for _, rows := range []int{1, 7} {
		opt.Rows = rows
		for i, completions := range sample(t, w, p, opt) {
			for j, c := range completions {
				same(fmt.Sprintf("rows %d, prompt %d, sample %d", rows, i, j), want[i][j], c)
			}
		}
	}
	// A part of the job, addressed as the whole is.
	opt.Rows, opt.FirstPrompt, opt.FirstSample, opt.Samples = 7, 11, 2, 1
	for i, completions := range sample(t, w, p[11:15], opt) {
		same(fmt.Sprintf("prompt %d alone", 11+i), want[11+i][2], completions[0])
	}
	if slices.Equal(want[0][0].IDs, want[0][1].IDs) && slices.Equal(want[1][0].IDs, want[1][1].IDs) {
		t.Error("two samples of a prompt are equal: the noise does not depend on the sample")
	}
}

// Prompts are shared by devices; what is drawn does not depend on how many there are.
func TestSeveralDevicesGiveTheSamplesOfOne(t *testing.T) {
	w := weights(t, tiny)
	p := prompts(24, 1, 30)
	opt := Options{Samples: 4, MaxTokens: 16, Stop: []int32{3, 7}, Seed: 9, Devices: 1, Rows: 16}
	want := sample(t, w, p, opt)
	opt.Devices, opt.Rows = 4, 4*16
	for i, completions := range sample(t, w, p, opt) {
		for j, c := range completions {
			near := func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 }
			if !slices.Equal(c.IDs, want[i][j].IDs) || !slices.EqualFunc(c.LogProbs, want[i][j].LogProbs, near) {
				t.Errorf("prompt %d, sample %d: %v on four devices, %v on one", i, j, c, want[i][j])
			}
		}
	}
}

// chiSquare checks counts of n draws against probabilities: the statistic must stay
// below mean + 5 standard deviations of its distribution.
func chiSquare(t *testing.T, what string, counts []int, p []float64) {
	t.Helper()
	n, statistic, freedom := 0, 0.0, -1.0
	for _, c := range counts {
		n += c
	}
	for i, c := range counts {
		expected := p[i] * float64(n)
		if p[i] == 0 {
			if c != 0 {
				t.Errorf("%s: token %d was drawn %d times, it has probability 0", what, i, c)
			}
			continue
		}
		statistic += (float64(c) - expected) * (float64(c) - expected) / expected
		freedom++
	}
	if limit := freedom + 5*math.Sqrt(2*freedom) + 5; statistic > limit {
		t.Errorf("%s: chi-square %.1f with %.0f degrees of freedom, want below %.1f", what, statistic, freedom, limit)
	}
}

// draws samples one token n times after a prompt.
func draws(t *testing.T, w *qwen.Weights, prompt []int32, n int, opt Options) []int {
	opt.Samples, opt.MaxTokens, opt.Rows = n, 1, 2048
	counts := make([]int, w.Config.VocabSize)
	err := drawer.Stream(context.Background(), w, [][]int32{prompt}, opt, func(_, _ int, c Completion) error {
		counts[c.IDs[0]]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func TestDrawsFollowTheExactDistribution(t *testing.T) {
	w := weights(t, tiny)
	prompt := prompts(1, 9, 9)[0]
	at := forward(t, w, [][]int32{prompt})[0][8]
	for _, temperature := range []float64{1, 0.6} {
		p := logSoftmaxOf(at, temperature)
		for i := range p {
			p[i] = math.Exp(p[i])
		}
		counts := draws(t, w, prompt, 100_000, Options{Temperature: temperature, Seed: 3})
		chiSquare(t, fmt.Sprintf("temperature %g", temperature), counts, p)
	}
}

// truncated is the plain definition of top-k then top-p: sort, cut, renormalise.
func truncated(logProbs []float64, topP float64, topK int) []float64 {
	p := make([]float64, len(logProbs))
	for i, l := range logProbs {
		p[i] = math.Exp(l)
	}
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if p[a] > p[b] {
			return -1
		}
		return 1
	})
	if topK > 0 && topK < len(order) {
		for _, i := range order[topK:] {
			p[i] = 0
		}
		order = order[:topK]
	}
	total := 0.0
	for _, i := range order {
		total += p[i]
	}
	mass := 0.0
	for _, i := range order {
		if mass >= topP*total {
			p[i] = 0
		}
		mass += p[i]
	}
	total = 0
	for _, v := range p {
		total += v
	}
	for i := range p {
		p[i] /= total
	}
	return p
}

func TestTruncationEqualsPlainDefinition(t *testing.T) {
	const rows, vocab = 64, 23
	flat := make([]float32, rows*vocab)
	s := random.New(4, "logits")
	for i := range flat {
		flat[i] = float32(3 * s.Norm())
	}
	exec := graph.MustNewExec(eng.Backend, func(logits, p, k *graph.Node) *graph.Node {
		return logSoftmax(truncate(logits, p, k))
	})
	defer exec.Finalize()
	for _, c := range []struct {
		p float64
		k int
	}{{1, 0}, {1, 1}, {1, 5}, {1, 100}, {0.9, 0}, {0.5, 0}, {0.01, 0}, {0.999999, 0}, {0.8, 4}, {0.3, 7}} {
		out := exec.MustCall1(tensors.FromFlatDataAndDimensions(flat, rows, vocab), float32(c.p), int32(c.k))
		got := tensors.MustCopyFlatData[float32](out)
		for r := range rows {
			want := truncated(logSoftmaxOf(flat[r*vocab:(r+1)*vocab], 1), c.p, c.k)
			for v := range vocab {
				if g := math.Exp(float64(got[r*vocab+v])); math.Abs(g-want[v]) > 1e-5 {
					t.Fatalf("top-p %g top-k %d row %d token %d: probability %g, want %g", c.p, c.k, r, v, g, want[v])
				}
			}
		}
	}
}

func TestTruncationKeepsTies(t *testing.T) {
	exec := graph.MustNewExec(eng.Backend, func(logits, p, k *graph.Node) *graph.Node { return truncate(logits, p, k) })
	defer exec.Finalize()
	logits := [][]float32{{2, 2, 2, 0, -1}}
	got := exec.MustCall1(logits, float32(0.2), int32(2)).Value().([][]float32)[0]
	for i, want := range []bool{true, true, true, false, false} {
		if kept := got[i] > forbidden/2; kept != want {
			t.Errorf("token %d kept %t, want %t", i, kept, want)
		}
	}
}

func TestTruncatedDrawsFollowTheExactDistribution(t *testing.T) {
	w := weights(t, tiny)
	prompt := prompts(1, 9, 9)[0]
	at := forward(t, w, [][]int32{prompt})[0][8]
	for _, o := range []Options{{TopP: 0.7}, {TopK: 4}, {TopP: 0.8, TopK: 6, Temperature: 1.5}} {
		temperature := o.Temperature
		if temperature == 0 {
			temperature = 1
		}
		topP := o.TopP
		if topP == 0 {
			topP = 1
		}
		p := truncated(logSoftmaxOf(at, temperature), topP, o.TopK)
		chiSquare(t, fmt.Sprintf("%+v", o), draws(t, w, prompt, 20_000, o), p)
	}
}

func TestSampleLogProbIsOfTheDistributionDrawnFrom(t *testing.T) {
	w := weights(t, tiny)
	p := prompts(2, 9, 9)
	opt := Options{Samples: 1, MaxTokens: 24, Temperature: 0.8, TopP: 0.6, Seed: 4}
	got := sample(t, w, p, opt)
	for i := range p {
		logits := forward(t, w, [][]int32{slices.Concat(p[i], got[i][0].IDs)})[0]
		for j, id := range got[i][0].IDs {
			want := truncated(logSoftmaxOf(logits[len(p[i])+j-1], 0.8), 0.6, 0)[id]
			if d := math.Abs(math.Log(want) - float64(got[i][0].SampleLogProbs[j])); !(d < 1e-4) {
				t.Errorf("prompt %d token %d: log-prob %g, want %g", i, j, got[i][0].SampleLogProbs[j], math.Log(want))
			}
		}
	}
}

// Noise of neighbouring addresses must not be correlated.
func TestNoiseIsUniformAndIndependent(t *testing.T) {
	const rows, vocab, positions = 256, 32, 8
	exec := graph.MustNewExec(eng.Backend, func(low, high, at *graph.Node) *graph.Node {
		// exp(−exp(−gumbel)) is uniform
		x := gumbel(low, high, at, vocab)
		return graph.Exp(graph.Neg(graph.Exp(graph.Neg(x))))
	})
	defer exec.Finalize()
	var all []float64
	for at := range positions {
		low, high, position := make([]uint32, rows), make([]uint32, rows), make([]int32, rows)
		for i := range rows {
			k := random.Key(1, "rollout", uint64(i), 0)
			low[i], high[i], position[i] = uint32(k), uint32(k>>32), int32(at)
		}
		out := exec.MustCall1(low, high, position)
		for _, v := range tensors.MustCopyFlatData[float32](out) {
			all = append(all, float64(v))
		}
	}
	bins := make([]int, 64)
	flat := make([]float64, 64)
	for _, u := range all {
		bins[min(63, int(u*64))]++
	}
	for i := range flat {
		flat[i] = 1.0 / 64
	}
	chiSquare(t, "uniform", bins, flat)
	n := float64(len(all))
	for _, lag := range []int{1, vocab, vocab * rows} { // neighbours in token, sample, position
		sum := 0.0
		for i := range all {
			sum += (all[i] - 0.5) * (all[(i+lag)%len(all)] - 0.5)
		}
		if r := 12 * sum / n; math.Abs(r) > 5/math.Sqrt(n) {
			t.Errorf("correlation at lag %d is %.4f", lag, r)
		}
	}
}

func TestBadJobsAreRefusedWithTheCause(t *testing.T) {
	w := weights(t, tiny)
	s := New(eng, tiny)
	good := Options{MaxTokens: 4}
	for want, c := range map[string]struct {
		prompt []int32
		change func(*Options)
	}{
		"prompt 0 is empty": {nil, func(*Options) {}},
		"token 23":          {[]int32{1, 23}, func(*Options) {}},
		"MaxTokens is 0":    {[]int32{1}, func(o *Options) { o.MaxTokens = 0 }},
		"context of 256":    {[]int32{1}, func(o *Options) { o.MaxTokens = 256 }},
		"Temperature is -1": {[]int32{1}, func(o *Options) { o.Temperature = -1 }},
		"TopP is 1.5":       {[]int32{1}, func(o *Options) { o.TopP = 1.5 }},
		"TopK is -1":        {[]int32{1}, func(o *Options) { o.TopK = -1 }},
		"Greedy takes no":   {[]int32{1}, func(o *Options) { o.Greedy, o.TopK = true, 3 }},
		"Samples is -2":     {[]int32{1}, func(o *Options) { o.Samples = -2 }},
	} {
		opt := good
		c.change(&opt)
		err := s.Stream(context.Background(), w, [][]int32{c.prompt}, opt, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Sample(ctx, w, [][]int32{{1}}, good, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled job gives %v", err)
	}
}

// Weights that are numbers may still compute what is none.
func TestAModelThatOverflowsIsNamed(t *testing.T) {
	w := weights(t, tiny)
	norm := slices.IndexFunc(tiny.Specs(), func(s qwen.TensorSpec) bool { return s.Name == "model.norm.weight" })
	tensors.MustMutableFlatData(w.Tensors[norm], func(flat []float32) {
		for i := range flat {
			flat[i] = math.MaxFloat32
		}
	})
	for _, greedy := range []bool{false, true} {
		_, err := shared.Sample(context.Background(), w, [][]int32{{1, 2, 3}}, Options{MaxTokens: 4, Greedy: greedy}, nil)
		if err == nil || !strings.Contains(err.Error(), "leaves what single precision holds") {
			t.Errorf("greedy %v: error %v", greedy, err)
		}
	}
}

func TestEveryGroupIsDealtToOneWorker(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		for _, prompts := range []int{1, 3, 40} {
			b := bucket{length: 32, share: 4}
			for p := range prompts {
				for first := 0; first < 12; first += 4 {
					b.groups = append(b.groups, group{p, first, 4})
				}
			}
			if n > len(b.groups) {
				continue
			}
			seen := map[group]int{}
			for _, w := range b.split(n, 16) {
				if len(w.groups) == 0 || w.slots < 1 || w.slots*w.share > 16 {
					t.Errorf("%d prompts, %d workers: %d groups in %d slots", prompts, n, len(w.groups), w.slots)
				}
				for _, g := range w.groups {
					seen[g]++
				}
			}
			for g, times := range seen {
				if times != 1 {
					t.Errorf("%+v is dealt %d times", g, times)
				}
			}
			if len(seen) != len(b.groups) {
				t.Errorf("%d groups are dealt, want %d", len(seen), len(b.groups))
			}
		}
	}
}

func TestBucketsCoverEveryGroupOnce(t *testing.T) {
	p := prompts(40, 1, 200)
	for _, samples := range []int{1, 6, 8, 13, 128} {
		for _, rows := range []int{1, 7, 64} {
			seen := map[[2]int]int{}
			for _, b := range buckets(p, Options{Samples: samples, Rows: rows}, 8) {
				for _, g := range b.groups {
					if len(p[g.prompt]) > b.length || g.n > b.share {
						t.Fatalf("%d samples: group %+v does not fit %d × %d", samples, g, b.share, b.length)
					}
					for j := range g.n {
						seen[[2]int{g.prompt, g.first + j}]++
					}
				}
			}
			if len(seen) != len(p)*samples {
				t.Fatalf("%d samples, %d rows: %d of %d completions are scheduled", samples, rows, len(seen), len(p)*samples)
			}
		}
	}
}

// micro is the size of the smallest experiments, for timing.
func micro(b *testing.B) qwen.Config {
	c, err := qwen.Size("micro", 65)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func BenchmarkMicro(b *testing.B) {
	cfg := micro(b)
	w := weights(b, cfg)
	p := make([][]int32, 32)
	for i := range p {
		p[i] = make([]int32, 60+i)
	}
	for _, rows := range []int{64, 128, 256} {
		for _, stop := range [][]int32{nil, {5}} {
			b.Run(fmt.Sprintf("rows%d/stops%d", rows, len(stop)), func(b *testing.B) {
				s := New(eng, cfg)
				tokens := 0
				for i := range b.N + 1 {
					if i == 1 {
						b.ResetTimer()
						tokens = 0
					}
					opt := Options{Samples: 8, MaxTokens: 96, Seed: int64(i), Rows: rows, Stop: stop}
					err := s.Stream(context.Background(), w, p, opt, func(_, _ int, c Completion) error {
						tokens += len(c.IDs)
						return nil
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tok/s")
			})
		}
	}
}
