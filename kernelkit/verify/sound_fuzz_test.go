package verify

import (
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
	"interplay/kernelkit/verify/mutate"
)

// fuzzProblems are the problems that FuzzJudge judges every text against.
func fuzzProblems(t testing.TB) []*gsm.Problem {
	t.Helper()
	var problems []*gsm.Problem
	for _, kind := range []string{"symbolic", "forward, d=2", "reverse, d=2", "forward, d=3", "reverse, d=3"} {
		problems = append(problems, kinds(t)[kind].At(3))
	}
	return problems
}

// FuzzJudge: on any text the judge ends without panic, and its verdict agrees with itself.
func FuzzJudge(f *testing.F) {
	problems := fuzzProblems(f)
	for i, p := range problems {
		f.Add(p.Response())
		f.Add(p.Solution)
		for k := range uint64(8) {
			wrong, _ := mutate.Corrupt(p, random.New(1, "fuzz", uint64(i), k))
			varied, _ := mutate.Vary(p, random.New(1, "fuzz", uint64(i), k))
			f.Add(wrong)
			f.Add(varied)
		}
	}
	for _, text := range hostile(20) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range problems {
			v := Judge(p, text)
			if again := Judge(p, text); again != v {
				t.Fatalf("two verdicts: %+v and %+v", v, again)
			}
			checkVerdict(t, p, v)
			checkExplanation(t, v, Explain(p, text))
		}
	})
}

// checkExplanation holds an explanation to its verdict.
func checkExplanation(t *testing.T, v Verdict, e Explanation) {
	t.Helper()
	extra, wrong, right, missing := 0, -1, 0, 0
	for i, s := range e.Steps {
		extra += b2i(s.Extra)
		if wrong < 0 && s.Class != Right {
			wrong = i
			if s.Class != v.Class {
				t.Fatalf("step %d: %v, the verdict says %v", i, s.Class, v.Class)
			}
		}
	}
	for _, n := range e.Nodes {
		right += b2i(n == Confirmed)
		missing += b2i(n == Missing)
	}
	if e.Verdict != v || extra != v.Extra || wrong != v.FirstWrong || len(e.Steps) != max(v.Steps, wrong+1) || right < v.Correct || missing != v.Missing {
		t.Fatalf("verdict %+v, explained by %+v", v, e)
	}
}

// checkVerdict holds a verdict to what its fields promise.
func checkVerdict(t *testing.T, p *gsm.Problem, v Verdict) {
	t.Helper()
	nodes := 0
	for i := range p.Graph.Nodes {
		nodes += b2i(p.Graph.HasStep(i))
	}
	shown := v.Nodes - v.Missing
	switch {
	case v.Nodes != nodes, v.Correct < 0, v.Missing < 0, v.Correct > shown:
		t.Fatalf("node counts: %+v", v)
	case v.WrongParents > shown-v.Correct, v.WrongValues > shown-v.Correct:
		t.Fatalf("counts of wrong nodes: %+v", v)
	case v.Nodes > 0 && v.ProcessAcc != float64(v.Correct)/float64(v.Nodes):
		t.Fatalf("process accuracy: %+v", v)
	case v.Strict != (v.Class == Right):
		t.Fatalf("strict and class: %+v", v)
	case v.Strict && (!v.Answer || v.ProcessAcc != 1 || v.FirstWrong != -1):
		t.Fatalf("strict and the rest: %+v", v)
	case v.FirstWrong < -1 || v.FirstWrong > v.Steps || v.Extra > v.Steps:
		t.Fatalf("steps: %+v", v)
	}
	for form, properties := range rewards {
		reward := Reward{Form: form}
		if properties.weighted {
			reward.Alpha = 0.2
		}
		if r := reward.Score(v); !(0 <= r && r <= 1) || v.Strict && v.Extra == 0 && r < 1-1e-12 {
			t.Fatalf("%s is %g for %+v", reward, r, v)
		}
	}
}

// FuzzParseReward: what is read is valid and is written as it was meant.
func FuzzParseReward(f *testing.F) {
	for _, name := range []string{"strict", "outcome", "process", "mix:0.5", "gated:0.2", "mix:1e-3", "mix:0x1p-1", "gated:", "mix:NaN"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		r, err := ParseReward(name)
		if err != nil {
			return
		}
		if err := r.Validate(); err != nil {
			t.Fatalf("%q is read as an invalid reward: %v", name, err)
		}
		if back, err := ParseReward(r.String()); err != nil || back != r {
			t.Fatalf("%q is read as %+v, written as %q and read as %+v (%v)", name, r, r.String(), back, err)
		}
	})
}
