package pipeline

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
	"interplay/kernelkit/verify"
)

// sums draws chains of one or two additions.
func sums(seed int64, i uint64) (*gsm.Graph, error) {
	r := random.New(seed, "sums", i)
	g := &gsm.Graph{Family: gsm.Symbolic, Layers: 1, Modulus: 10}
	leaf := func() {
		v := int64(r.IntN(10))
		g.Nodes = append(g.Nodes, gsm.Node{Item: len(g.Nodes) + 1, Const: v, Value: v})
	}
	leaf()
	for range 1 + r.IntN(2) {
		before := len(g.Nodes) - 1
		leaf()
		n := gsm.Node{Item: len(g.Nodes) + 1, Parents: []int{before, before + 1}, Inner: gsm.Sum}
		n.Value = (g.Nodes[before].Value + g.Nodes[before+1].Value) % 10
		g.Nodes = append(g.Nodes, n)
	}
	g.Path, g.Question = len(g.Nodes), len(g.Nodes)-1
	return g, g.Validate()
}

func TestAnOwnSamplersProblemsAreSplitByTheirShape(t *testing.T) {
	sampler := &OwnSampler{Name: "sums", Code: "1", Call: sums}
	data := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A", "B")
	seen := map[[16]byte]gsm.Split{}
	contexts := map[string]int{}
	for _, split := range gsm.Splits() {
		source, err := problemsOf(data, split, 1, sampler, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint64(200) {
			p, err := source.At(i)
			if err != nil {
				t.Fatal(err)
			}
			again, err := source.At(i)
			if err != nil || again.Training() != p.Training() {
				t.Fatalf("problem %d is another the second time (%v)", i, err)
			}
			code := p.Graph.Canonical()
			if other, ok := seen[code]; ok && other != split {
				t.Fatalf("%s is in the splits %s and %s", p.ID, split, other)
			}
			seen[code] = split
			contexts[p.Context]++
			for _, n := range p.Graph.Nodes {
				if n.Inner == gsm.Product || n.Inner == gsm.Difference {
					t.Fatalf("%s is not of the sampler", p.ID)
				}
			}
		}
	}
	if contexts["A"] < 300 || contexts["B"] < 300 {
		t.Errorf("contexts by share: %v", contexts)
	}
	ev := Evaluation{Data: data, Split: gsm.Test, Problems: 5, Samples: 1, MaxTokens: 8, Seed: 1, Sampler: sampler}
	set, err := ev.Set()
	if err != nil || len(set) != 4*5 {
		t.Fatalf("%d problems, %v", len(set), err)
	}
	for i, p := range set {
		if want := 1 + i/10; p.Op != want {
			t.Errorf("%s: op %d, want %d", p.ID, p.Op, want)
		}
	}
}

func TestAnOwnSamplersMistakesAreNamed(t *testing.T) {
	calls := uint64(0)
	for says, c := range map[string]struct {
		call func(int64, uint64) (*gsm.Graph, error)
		data gsm.Spec
	}{
		"panics at seed 1, index 0: no":        {func(int64, uint64) (*gsm.Graph, error) { panic("no") }, gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A")},
		"depends on seed and index only":       {func(int64, uint64) (*gsm.Graph, error) { calls++; return sums(1, calls) }, gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A")},
		"expected data of the symbolic family": {sums, gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 2}, "zoo")},
	} {
		if _, err := problemsOf(c.data, gsm.Train, 1, &OwnSampler{Name: "s", Code: "1", Call: c.call}, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("expected an error that says %q, got %v", says, err)
		}
	}
	one := &OwnSampler{Name: "one", Code: "1", Call: func(int64, uint64) (*gsm.Graph, error) { return sums(1, 1) }}
	missed := 0
	for _, split := range gsm.Splits() {
		source, err := problemsOf(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A"), split, 1, one, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := source.At(0); err != nil && strings.Contains(err.Error(), "draw more kinds of graphs") {
			missed++
		}
	}
	if missed != 3 {
		t.Errorf("a sampler of one graph lacks problems in %d of 4 splits", missed)
	}
}

func TestOwnPartsRunAndAreAddressedByTheirCode(t *testing.T) {
	st, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sampler := &OwnSampler{Name: "sums", Code: "1", Call: sums}
	first := func(text string) string { return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "ans")) }
	chain := func(code string, parse func(string) string) *Stage {
		c := tinyChain()
		base := c.Inputs[0].Inputs[0].Recipe.(Pretraining)
		base.Sampler, base.Train.Steps = sampler, 10
		rl := c.Inputs[0].Recipe.(Reinforcement)
		rl.Data, rl.Sampler, rl.Parser = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A"), sampler, &OwnParser{Name: "first", Code: code, Call: parse}
		ev := c.Recipe.(Evaluation)
		ev.Data, ev.Sampler, ev.Parser = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A"), sampler, rl.Parser
		return Evaluate("evaluation", ev, Reinforce("RL", rl, Pretrain("pre-training", base, nil)))
	}
	everyDigit := chain("1", func(string) string { return "7" })
	if _, err := st.Run(context.Background(), everyDigit, nil); err != nil {
		t.Fatal(err)
	}
	records, err := evaluate.Read(filepath.Join(st.Dir(everyDigit), RecordsFile))
	if err != nil {
		t.Fatal(err)
	}
	problems, err := everyDigit.Recipe.(Evaluation).Set()
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]string{}
	for _, p := range problems {
		answer[p.ID] = p.Answer
	}
	for _, r := range records {
		if r.Answer != (answer[r.Prompt] == "7") {
			t.Errorf("%s, answer %s: a parser that always reads 7 is judged %t", r.Prompt, answer[r.Prompt], r.Answer)
		}
	}
	changed := chain("2", first)
	if changed.Address() == everyDigit.Address() || changed.Inputs[0].Address() == everyDigit.Inputs[0].Address() || changed.Inputs[0].Inputs[0].Address() != everyDigit.Inputs[0].Inputs[0].Address() {
		t.Error("a changed parser changes the addresses of RL and evaluation, and of nothing else")
	}
	broken := chain("3", func(string) string { panic("no") })
	for _, s := range []*Stage{broken.Inputs[0], Evaluate("evaluation", broken.Recipe.(Evaluation), everyDigit.Inputs[0])} {
		if _, err := st.Run(context.Background(), s, nil); err == nil || !strings.Contains(err.Error(), "the parser first panics at problem") {
			t.Errorf("%s: a parser that panics: %v", s.Label, err)
		}
	}
}

// Rejection fine-tuning samples and learns from the user's problems, by the user's prompt, parser, filter and reward.
func TestRejectionFineTuningTakesOwnParts(t *testing.T) {
	st, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := tinyRejection()
	plain := s.Recipe.(Rejection)
	base := s.Inputs[0].Recipe.(Pretraining)
	base.Train.Steps = 10
	r := plain
	r.Data, r.Problems, r.Samples, r.Reward = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A"), 6, 2, verify.Reward{}
	r.Sampler = &OwnSampler{Name: "sums", Code: "1", Call: sums}
	r.Filter = &OwnFilter{Name: "one sum", Code: "1", Call: func(p *gsm.Problem) bool { return p.Op == 1 }}
	r.Parser = &OwnParser{Name: "seven", Code: "1", Call: func(string) string { return "7" }}
	r.Prompt = &OwnPrompt{Name: "as it is", Code: "1", Call: func(p *gsm.Problem) string { return p.Prompt() }}
	paid := 0
	r.Own = &OwnReward{Name: "all", Code: "1", Call: func(a verify.Attempt) float64 {
		paid++
		if a.Verdict.Answer != (a.Problem.Answer == "7") {
			t.Errorf("%s, answer %s: by a parser that always reads 7 the answer is judged %t", a.Problem.ID, a.Problem.Answer, a.Verdict.Answer)
		}
		return 1
	}}
	stage := Reject("own parts", r, Pretrain("base", base, nil))
	if _, err := st.Run(context.Background(), stage, nil); err != nil {
		t.Fatal(err)
	}
	records, err := evaluate.Read(filepath.Join(st.Dir(stage), RecordsFile))
	if err != nil || len(records) != 12 || paid != 12 {
		t.Fatalf("%d samples, %d paid, %v", len(records), paid, err)
	}
	for _, x := range records {
		if !strings.Contains(x.Prompt, "-sums-op1-") {
			t.Errorf("%s is no problem of the sampler that passes the filter", x.Prompt)
		}
	}
	before := stage.Address()
	for what, change := range map[string]func(*Rejection){
		"sampler": func(r *Rejection) { r.Sampler = &OwnSampler{Name: "sums", Code: "2", Call: sums} },
		"parser":  func(r *Rejection) { r.Parser = nil },
		"filter":  func(r *Rejection) { r.Filter = nil },
		"prompt":  func(r *Rejection) { r.Prompt = nil },
		"reward":  func(r *Rejection) { r.Own, r.Reward = nil, plain.Reward },
	} {
		other := r
		change(&other)
		if changed := Reject("own parts", other, stage.Inputs[0]); changed.Address() == before {
			t.Errorf("another %s leaves the address as it is", what)
		}
	}
	r.Sampler = &OwnSampler{Name: "sums", Code: "1"}
	if err := r.Validate(); err == nil || !strings.Contains(err.Error(), "run it there") {
		t.Errorf("a sampler without its function: %v", err)
	}
	r.Sampler, r.Reward = nil, plain.Reward
	if err := r.Validate(); err == nil || !strings.Contains(err.Error(), "two rewards") {
		t.Errorf("two rewards: %v", err)
	}
	plain.Train.EvalEvery, plain.Train.EvalDocuments = 5, 1
	if err := plain.Validate(); err == nil || !strings.Contains(err.Error(), "eval_every is 5: rejection fine-tuning has no held-out documents") {
		t.Errorf("held-out documents: %v", err)
	}
}
