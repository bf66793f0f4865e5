package gsm

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var microSpec = Spec{Family: Symbolic, Unit: Samples, Mix: []Block{
	{Ops: Range{0, 4}, Contexts: []string{"A", "B"}, Share: 0.97},
	{Ops: Range{5, 6}, Contexts: []string{"A"}, Share: 0.03},
}}

func mustSource(t testing.TB, spec Spec, split Split, seed int64) *Source {
	t.Helper()
	s, err := NewSource(spec, split, seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestProblemsArePureFunctionsOfTheirAddress(t *testing.T) {
	const n = 500
	whole := make([]*Problem, n)
	for i := range whole {
		whole[i] = mustSource(t, microSpec, Train, 7).At(uint64(i))
		if i == 20 { // a fresh source each time is slow
			break
		}
	}
	s := mustSource(t, microSpec, Train, 7)
	var workers sync.WaitGroup
	again := make([]*Problem, n)
	for w := range 4 {
		workers.Go(func() {
			for i := n - 1 - w; i >= 0; i -= 4 { // backwards and interleaved
				again[i] = s.At(uint64(i))
			}
		})
	}
	workers.Wait()
	ids := map[string]bool{}
	for i := range again {
		if i <= 20 && !reflect.DeepEqual(whole[i], again[i]) {
			t.Fatalf("problem %d differs between sources", i)
		}
		if !reflect.DeepEqual(again[i], s.At(uint64(i))) {
			t.Fatalf("problem %d differs on second drawing", i)
		}
		ids[again[i].ID] = true
	}
	if len(ids) != n {
		t.Errorf("%d ids for %d problems", len(ids), n)
	}
	other := mustSource(t, microSpec, Train, 8)
	same := 0
	for i := range again {
		if other.At(uint64(i)).Problem == again[i].Problem {
			same++
		}
	}
	if same > n/50 {
		t.Errorf("%d of %d problems are the same under another seed", same, n)
	}
}

var problems = flag.Int("problems", 24000, "how many problems the tests at scale draw; the bar of the lab is 2000000")

// scaleSpecs cover both families, samplers, modes and layers.
func scaleSpecs() map[string]Spec {
	specs := map[string]Spec{}
	for _, sampler := range []Sampler{Steered, Reference} {
		for layers := 2; layers <= 3; layers++ {
			s := Uniform(Realistic, Range{2, 20}, ContextNames(Realistic)...)
			s.Sampler, s.Layers, s.Reverse = sampler, layers, 0.5
			if layers == 3 {
				s.Mix[0].Ops.Min = 4
			}
			if sampler == Steered {
				s.Mix[0].Ops.Max = MaxRealisticOp
			}
			s.Mix[0].Share = 0.5
			s.Mix = append(s.Mix, Block{Range{s.Mix[0].Ops.Min, s.Mix[0].Ops.Min + 1}, s.Mix[0].Contexts, 0.5})
			specs[fmt.Sprintf("%s/d=%d", sampler, layers)] = s
		}
	}
	specs["symbolic"] = Uniform(Symbolic, Range{0, MaxSymbolicOp}, "A", "B")
	return specs
}

// textKey identifies what a reader sees, whatever the order of the statements. It
// does not know the canonical hash.
func textKey(p *Problem) [32]byte {
	stop := ". "
	if p.Graph.Family == Symbolic {
		w, _ := SymbolicContext(p.Context)
		stop = " " + w.Stop
	}
	statements := strings.Split(strings.TrimSpace(p.Problem)+" ", stop)
	for i := range statements {
		statements[i] = strings.TrimSpace(statements[i])
	}
	slices.Sort(statements)
	return sha256.Sum256([]byte(strings.Join(statements, stop) + p.Question))
}

// No canonical hash and no text occurs in two splits. At low ops every problem is
// drawn many times, so that this can fail.
func TestSplitsShareNoProblem(t *testing.T) {
	again := 0
	for name, spec := range scaleSpecs() {
		hashes, texts := map[[16]byte]Split{}, map[[32]byte]Split{}
		perSplit := uint64(*problems / len(scaleSpecs()) / 4)
		if spec.Sampler == Reference {
			perSplit /= 8 // it rejects most of its draws
		}
		for _, split := range Splits() {
			s := mustSource(t, spec, split, 1)
			for i := range perSplit {
				p := s.At(i)
				h := p.Graph.Canonical()
				before, ok := hashes[h]
				if ok && before != split {
					t.Fatalf("%s: a canonical problem is in %s and in %s", name, before, split)
				}
				if ok {
					again++
				}
				hashes[h] = split
				key := textKey(p)
				if before, ok := texts[key]; ok && before != split {
					t.Fatalf("%s: a text is in %s and in %s: %s", name, before, split, p.Problem)
				}
				texts[key] = split
			}
		}
	}
	if again < *problems/100 {
		t.Errorf("%d of %d problems were drawn twice: too few to show anything", again, *problems)
	}
}

func TestFixedSourcesOfTwoContextsAreCounterpartPairs(t *testing.T) {
	s := mustSource(t, microSpec, Test, 3)
	a, err := s.Fixed(Cell{Op: 3, Context: "A"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Fixed(Cell{Op: 3, Context: "B"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(100) {
		p, q := a.At(i), b.At(i)
		if p.Op != 3 || p.Context != "A" || q.Context != "B" || SplitOf(p.Graph) != Test {
			t.Fatalf("item %d: op %d contexts %s, %s", i, p.Op, p.Context, q.Context)
		}
		if !reflect.DeepEqual(p.Graph, q.Graph) || p.Answer != q.Answer {
			t.Fatalf("item %d: the pair has two graphs", i)
		}
	}
	p := a.At(5)
	twin, err := Counterpart(p, "B")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(twin.Graph, p.Graph) || twin.Context != "B" || twin.ID == p.ID {
		t.Errorf("counterpart %+v of %+v", twin, p)
	}
	if _, err := Counterpart(p, "zoo"); err == nil || !strings.Contains(err.Error(), "zoo") {
		t.Errorf("a context of the other family: %v", err)
	}
}

func TestSharesAreMet(t *testing.T) {
	const n = 20000
	for _, unit := range []Unit{Samples, Tokens} {
		spec := microSpec
		spec.Unit = unit
		s := mustSource(t, spec, Train, 1)
		got := map[Range]float64{}
		total := 0.0
		for i := range uint64(n) {
			p := s.At(i)
			weight := 1.0
			if unit == Tokens {
				weight = float64(TokenCount(p))
			}
			total += weight
			for _, b := range spec.Mix {
				if p.Op >= b.Ops.Min && p.Op <= b.Ops.Max {
					got[b.Ops] += weight
				}
			}
		}
		for _, b := range spec.Mix {
			if share := got[b.Ops] / total; math.Abs(share-b.Share) > 0.01 {
				t.Errorf("%s: op %s has a share of %.3f, want %.3f", unit, b.Ops, share, b.Share)
			}
		}
		_, p := s.Cells()
		sum := 0.0
		for _, x := range p {
			sum += x
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("the probabilities of the cells sum to %v", sum)
		}
	}
}

func TestSpecErrorsSayWhatIsWrong(t *testing.T) {
	base := func(change func(*Spec)) Spec {
		s := microSpec
		s.Mix = append([]Block(nil), s.Mix...)
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		spec Spec
		want string
	}{
		"no mix":            {base(func(s *Spec) { s.Mix = nil }), "the mix is empty"},
		"shares":            {base(func(s *Spec) { s.Mix[0].Share = 0.5 }), "the shares of the mix sum to 0.53: they must sum to 1"},
		"negative share":    {base(func(s *Spec) { s.Mix[0].Share = -0.5 }), "share -0.5: must be 0 to 1"},
		"share NaN":         {base(func(s *Spec) { s.Mix[0].Share = math.NaN() }), "share NaN"},
		"unknown context":   {base(func(s *Spec) { s.Mix[1].Contexts = []string{"C"} }), `block 2 of the mix: unknown context "C": the symbolic family has A, B`},
		"no context":        {base(func(s *Spec) { s.Mix[1].Contexts = nil }), "no context"},
		"context twice":     {base(func(s *Spec) { s.Mix[0].Contexts = []string{"A", "A"} }), "named twice"},
		"op too high":       {base(func(s *Spec) { s.Mix[1].Ops = Range{5, 31} }), "op 31: must be 0 to 30"},
		"too few names":     {base(func(s *Spec) { s.Mix[1].Ops = Range{5, 25}; s.Entities = 20 }), "needs at least 26 names, a context has 20"},
		"range not ordered": {base(func(s *Spec) { s.Mix[0].Ops = Range{4, 0} }), "not ordered"},
		"symbolic reverse":  {base(func(s *Spec) { s.Reverse = 0.5 }), "forward mode only"},
		"symbolic layers":   {base(func(s *Spec) { s.Layers = 2 }), "layers belong to the realistic family"},
		"symbolic sampler":  {base(func(s *Spec) { s.Sampler = Reference }), "no reference sampler"},
		"realistic modulus": {Spec{Modulus: 7, Mix: []Block{{Range{2, 4}, []string{"zoo"}, 1}}}, "belong to the symbolic family"},
		"realistic context": {Spec{Mix: []Block{{Range{2, 4}, []string{"farm"}, 1}}}, `unknown context "farm": the realistic family has crazy_zootopia`},
		"realistic op":      {Spec{Mix: []Block{{Range{0, 4}, []string{"zoo"}, 1}}}, "op 2 to 30"},
		"layers":            {Spec{Layers: 4, Mix: []Block{{Range{2, 4}, []string{"zoo"}, 1}}}, "4 layers"},
		"reverse share":     {Spec{Reverse: 1.5, Mix: []Block{{Range{2, 4}, []string{"zoo"}, 1}}}, "reverse share 1.5"},
	} {
		err := c.spec.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if _, again := NewSource(c.spec, Train, 1); again == nil {
			t.Errorf("%s: NewSource accepts it", name)
		}
	}
}

func TestSpecSurvivesJSON(t *testing.T) {
	text, err := json.Marshal(microSpec)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseSpec(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !reflect.DeepEqual(microSpec, again) || microSpec.Digest() != again.Digest() {
		t.Errorf("%s became %+v", text, again)
	}
	for _, c := range []struct{ text, want string }{
		{`{"familly":"symbolic"}`, "familly"},
		{`{"family":"hybrid"}`, `unknown family "hybrid"`},
		{`{"unit":"bytes"}`, `unknown unit "bytes"`},
		{`{"mix":[{"ops":"9-2"}]}`, `range "9-2": expected`},
		{`{"mix":[{"ops":"x"}]}`, `range "x": expected`},
	} {
		if _, err := ParseSpec([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.text, err, c.want)
		}
	}
}

func TestDigestFollowsTheMeaningOfASpec(t *testing.T) {
	written := microSpec
	written.Modulus, written.Entities, written.Distractors = 10, 20, &Range{0, 3}
	if written.Digest() != microSpec.Digest() {
		t.Error("writing a default out changes the digest")
	}
	written.Modulus = 7
	if written.Digest() == microSpec.Digest() {
		t.Error("another modulus has the same digest")
	}
}

func TestASplitThatNothingFallsIntoIsAnError(t *testing.T) {
	failed := 0
	for _, split := range Splits() { // op 0 without distractors: ten different problems
		spec := Uniform(Symbolic, Range{0, 0}, "A")
		spec.Modulus, spec.Distractors = 3, &Range{0, 0}
		if _, err := NewSource(spec, split, 1); err != nil {
			if !strings.Contains(err.Error(), "too few different problems") {
				t.Errorf("%s: %v", split, err)
			}
			failed++
		}
	}
	if failed == 0 {
		t.Error("three problems fill four splits")
	}
}

// One problem of a fixed op, from draw to text, the search for one in the train split included.
func BenchmarkSource(b *testing.B) {
	for _, family := range []Family{Realistic, Symbolic} {
		for mode := Forward; mode <= Reverse; mode++ {
			if family == Symbolic && mode == Reverse {
				continue
			}
			for _, op := range []int{2, 10, 20} {
				spec := Uniform(family, Range{op, op}, ContextNames(family)...)
				spec.Reverse = float64(mode)
				s := mustSource(b, spec, Train, 1)
				b.Run(fmt.Sprintf("%s/%s/op=%d", family, mode, op), func(b *testing.B) {
					b.ReportAllocs()
					for i := range b.N {
						s.At(uint64(i))
					}
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "problems/s")
				})
			}
		}
	}
}

// Run with -cpu 1,2: problems are independent, so two cores give nearly twice one.
func BenchmarkSourceInParallel(b *testing.B) {
	s := mustSource(b, Uniform(Realistic, Range{2, 20}, ContextNames(Realistic)...), Train, 1)
	var next atomic.Uint64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.At(next.Add(1))
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "problems/s")
}
