package study

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/random"
	"interplay/kernelkit/score"
	"interplay/pipeline"
)

// asked is a profile's scale that asks for every arm there is.
func asked(t *testing.T, profile string) *scale {
	t.Helper()
	p, err := pipeline.ProfileByName(profile, 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Studies.EdgeArms = pipeline.EdgeArms{Controls: true, PaperSettings: true}
	p.Studies.Reward = pipeline.RewardArms{TokenBudget: 500_000, Modulus: 23}
	p.Studies.Exposure.Deep = &gsm.Range{Min: 3, Max: 4}
	p.Studies.Exposure.Amounts = &pipeline.Amounts{Shares: [2]float64{0.01, 0.03}, Steps: [2]int{40, 120}}
	return &scale{p, 1}
}

func TestAProfileMayAskForMoreArms(t *testing.T) {
	plain, s := studyOf(t, "edge", "micro"), asked(t, "micro")
	edge := edgeStudy(s)
	if err := valid(edge); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(addresses(edge)[:len(addresses(plain))/len(plain.Seeds)][:3], addresses(plain)[:3]) {
		t.Error("asking for more arms changes those there were")
	}
	same, _ := edge.Arm("sft-same")
	rl, _ := edge.Arm("edge")
	own, _ := edge.Arm("reject")
	problems := rl.Steps[1].RL.Prompts * rl.Steps[1].RL.GRPO.Steps
	gold, reject := same.Steps[1].Train, own.Steps[1].Reject
	if gold.Problems != problems || reject.Problems != problems || gold.Data.Digest() != rl.Steps[1].RL.Data.Digest() || gold.Split != gsm.RL || reject.Data.Digest() != gold.Data.Digest() {
		t.Errorf("RL has %d problems, the controls %d and %d of other data", problems, gold.Problems, reject.Problems)
	}
	cost := func(arm string) float64 {
		a, ok := edge.Arm(arm)
		if !ok {
			t.Fatalf("there is no arm %s", arm)
		}
		return edge.run(a, 1).Steps[1].Plan.In(s.match())
	}
	for _, arm := range []string{"sft", "sft-same", "reject"} {
		if c := cost(arm) / cost("edge"); c < 0.96 || c > 1.04 {
			t.Errorf("%s is planned to cost %.2f of what RL does", arm, c)
		}
	}
	for arm, field := range map[string]string{"paper-kl": "grpo.kl", "paper-group": "grpo.group_size", "paper-updates": "grpo.mini_batch", "paper-keeps": "grpo.drop_zero_variance",
		"edge-cool": "temperature"} {
		a, ok := edge.Arm(arm)
		if !ok {
			t.Errorf("there is no arm %s", arm)
			continue
		}
		if d := pipeline.Why(edge.run(rl, 1).Eval, edge.run(a, 1).Eval); len(d) != 1 || d[0].Field != field {
			t.Errorf("%s differs from edge by %v, expected by %s alone", arm, d, field)
		}
	}
	for name, make := range map[string]func(*scale) *Study{"reward": rewardStudy, "exposure": exposureStudy} {
		if err := valid(make(s)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func valid(s *Study) error {
	s.markNotRun() // as ByName does
	s.Name = "asked"
	return s.Validate()
}

// At another modulus the base has tokens of its own, and RL and evaluation have its arithmetic.
func TestArmsOfAnotherModulusAreOfItThroughout(t *testing.T) {
	st := rewardStudy(asked(t, "micro"))
	for _, name := range []string{"base-wide", "outcome-wide", "strict-wide"} {
		a, ok := st.Arm(name)
		if !ok {
			t.Fatalf("there is no arm %s", name)
		}
		base := a.Steps[0].Train
		plain, _ := st.Arm("base")
		if base.Data.Modulus != 23 || a.Evaluation.Data.Modulus != 23 || base.Model.VocabSize != plain.Steps[0].Train.Model.VocabSize+13 {
			t.Errorf("%s: modulus %d, evaluated at %d, %d tokens", name, base.Data.Modulus, a.Evaluation.Data.Modulus, base.Model.VocabSize)
		}
		if len(a.Steps) > 1 && a.Steps[1].RL.Data.Modulus != 23 {
			t.Errorf("%s: RL at modulus %d", name, a.Steps[1].RL.Data.Modulus)
		}
	}
}

func TestJudgesErrAndAlgorithmsDifferInWhatTheySay(t *testing.T) {
	j := studyOf(t, "judges", "micro")
	exact, _ := j.Arm("exact")
	for _, a := range j.Arms[2:] {
		for _, d := range pipeline.Why(j.run(exact, 1).Steps[1], j.run(&a, 1).Steps[1]) {
			if !strings.HasPrefix(d.Field, "judge_errors") && a.Name != "answers" {
				t.Errorf("%s differs in %s", a.Name, d.Field)
			}
		}
	}
	alg := studyOf(t, "algorithms", "micro")
	base, _ := alg.Arm("grpo")
	seen := map[string]bool{}
	for _, a := range alg.Arms[1:] {
		c := a.Steps[1].RL.GRPO
		if c.ComputeBudget != base.Steps[1].RL.GRPO.ComputeBudget || c.MiniBatch == 0 || c.MiniBatch > a.Steps[1].RL.Prompts/2 {
			t.Errorf("%s may spend %g, in mini-batches of %d", a.Name, c.ComputeBudget, c.MiniBatch)
		}
		seen[alg.run(&a, 1).Steps[1].Address()] = true
	}
	if len(seen) != len(alg.Arms)-1 {
		t.Errorf("%d algorithms, %d different recipes", len(alg.Arms)-1, len(seen))
	}
}

// drawn makes scores in which RL adds slope·headroom − fall·pass@1 on every op.
func drawn(s *Study, seeds int, slope, fall float64) Scores {
	scores := Scores{}
	const samples = 64
	for seed := range int64(seeds) {
		noise := random.New(seed, "drawn")
		for k, p := range s.Laws[0].Pairs {
			for _, arm := range []string{p.Before, p.After} {
				if scores[arm] == nil {
					scores[arm] = score.Seeds{}
				}
			}
			r, _ := s.Range("all")
			for op := r.Ops.Min; op <= r.Ops.Max; op++ {
				for i := range 240 { // a share of solvable problems, each solved by a share of samples
					level := 1 / (1 + math.Exp(float64(op)-2-float64(k)/2))
					id := fmt.Sprintf("%02d-%03d", op, i)
					can := noise.Float64() < min(1, 1.6*level)
					n := 0
					if can {
						n = int(float64(samples) * (0.1 + 0.8*level*noise.Float64()))
					}
					before := score.Prompt{ID: id, Op: op, N: samples, Strict: n, Answer: n}
					one := float64(n) / samples
					many := map[bool]float64{true: 1}[n > 0]
					gained := slope*(many-one) - fall*one + 0.02*noise.Norm()
					after := before
					after.Strict = int(math.Round(samples * min(1, max(0, one+gained))))
					after.Answer = after.Strict
					scores[p.Before][seed] = append(scores[p.Before][seed], before)
					scores[p.After][seed] = append(scores[p.After][seed], after)
				}
			}
		}
	}
	return scores
}

func TestALawIsFoundAgain(t *testing.T) {
	s := studyOf(t, "gain", "micro")
	s.Evaluation.Samples = 64
	fits, err := s.Fits(drawn(s, 5, 0.3, 0.1))
	if err != nil || len(fits) != 2 {
		t.Fatal(fits, err)
	}
	for i, want := range map[int]float64{0: 0.3, 1: -0.1} {
		f := fits[i]
		c := f.Coefficient()
		if math.Abs(c.Value-want) > 0.03 || f.Verdict != Agrees {
			t.Errorf("%s: %+v, %s, want %g", f.ID, c, f.Verdict, want)
		}
		if f.Explained < 0.8 || f.Predicted < 0.8 || f.Predicted > f.Explained || len(f.Seeds) != 5 || f.Points != 2*len(f.Pairs)*8 {
			t.Errorf("%s: explained %.2f, predicted %.2f, %d points, seeds %v", f.ID, f.Explained, f.Predicted, f.Points, f.Seeds)
		}
	}
	one, err := s.Fits(drawn(s, 1, 0.3, 0.1))
	if err != nil || one[0].Verdict != NotResolved || one[0].Note == "" {
		t.Errorf("one seed: %+v, %v", one[0], err)
	}
	none, err := s.Fits(Scores{})
	if err != nil || none[0].Note == "" {
		t.Errorf("no scores: %+v, %v", none, err)
	}
}

// A base that is measured with noise, and RL that adds nothing: no slope appears.
func TestNoiseOfTheBaseIsNoLaw(t *testing.T) {
	s := studyOf(t, "gain", "micro")
	s.Evaluation.Samples = 64
	scores := drawn(s, 4, 0, 0)
	for _, p := range s.Laws[0].Pairs { // after is another draw of the same problems, few samples each
		for seed, prompts := range scores[p.Before] {
			noise := random.New(seed, "few samples"+p.Before)
			for i := range prompts {
				share := float64(prompts[i].Strict) / float64(prompts[i].N)
				for _, arm := range []string{p.Before, p.After} {
					x := &scores[arm][seed][i]
					x.N, x.Strict = 4, 0
					for range 4 {
						x.Strict += map[bool]int{true: 1}[noise.Float64() < share]
					}
					x.Answer = x.Strict
				}
			}
		}
	}
	s.Evaluation.Samples = 4
	fits, err := s.Fits(scores)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fits {
		if f.Verdict == Agrees && f.Coefficient().Value*f.Coefficient().Value > 0.02*0.02 {
			t.Errorf("%s: %+v where RL adds nothing", f.ID, f.Coefficient())
		}
	}
}

// shrink makes a study's stages tiny, so that it runs in seconds.
func shrink(s *Study) {
	for i := range s.Arms {
		a := &s.Arms[i]
		for k := range a.Steps {
			switch step := &a.Steps[k]; {
			case step.Train != nil:
				r := *step.Train
				r.Model = qwen.Config{VocabSize: r.Model.VocabSize, HiddenSize: 16, Layers: 1, Heads: 2, KVHeads: 1, FFN: 16, Context: 256, RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.2}
				r.Train.Steps, r.Train.Batch, r.Train.Warmup, r.Train.CheckpointEvery, r.Train.MilestoneEvery, r.Train.EvalEvery = 2, 2, 1, 0, 0, 0
				step.Train = &r
			case step.Reject != nil:
				r := *step.Reject
				r.Problems, r.Samples, r.MaxTokens, r.Train.Steps, r.Train.Batch, r.Train.Warmup, r.Train.CheckpointEvery = 4, 2, 6, 2, 2, 1, 0
				step.Reject = &r
			default:
				r := *step.RL
				r.Prompts, r.GRPO.Steps, r.GRPO.GroupSize, r.GRPO.MaxTokens, r.GRPO.CheckpointEvery = 2, 1, 2, 6, 0
				r.GRPO.MiniBatch = min(r.GRPO.MiniBatch, 1)
				step.RL = &r
			}
		}
		if a.Evaluation != nil {
			e := *a.Evaluation
			e.Problems, e.Samples, e.MaxTokens = 1, 2, 6
			a.Evaluation = &e
		}
		a.At = 0
	}
	s.Evaluation.Problems, s.Evaluation.Samples, s.Evaluation.MaxTokens = 1, 2, 6
	s.Seeds, s.Likelihood, s.Machine = s.Seeds[:1], false, pipeline.Machine{}
}

// Every arm that a profile can ask for is run once, with a model that learns nothing.
func TestTheArmsOfTheEdgeRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a dozen programs")
	}
	s := edgeStudy(asked(t, "smoke"))
	s.Name = "asked"
	keep := []string{"base", "edge", "sft-same", "reject", "paper-kl", "edge-cool", "base-cool"}
	s.Arms = slices.DeleteFunc(s.Arms, func(a Arm) bool { return !slices.Contains(keep, a.Name) })
	shrink(s)
	s.Claims = slices.DeleteFunc(s.Claims, func(c Claim) bool { return s.validateClaim(c) != nil })
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	st := mustOpen(t)
	out, err := s.Compute(context.Background(), st, 2, nil)
	if err := errors.Join(err, out.Err()); err != nil {
		t.Fatal(err)
	}
	r, err := s.Collect(st)
	if err != nil || len(r.Missing) > 0 || len(r.Records) != len(keep)*7*2 {
		t.Fatalf("%v, missing %q, %d records", err, r.Missing, len(r.Records))
	}
	kinds := map[string]bool{}
	for _, c := range r.Spent {
		kinds[c.Kind] = true
	}
	if !kinds["reject"] || !kinds["rl"] || !kinds["train"] || !kinds["evaluate"] {
		t.Errorf("stages of the kinds %v", kinds)
	}
}

// Arms that a claim looks at with 128 attempts have 128 samples a problem, the others as many
// as the evaluation says; everything else stays.
func TestOnlyArmsOfDeepClaimsAreSampledDeep(t *testing.T) {
	s := asked(t, "micro")
	plain := edgeStudy(s)
	s.Studies.EdgeArms.Deep = true
	deep := edgeStudy(s)
	if err := valid(deep); err != nil {
		t.Fatal(err)
	}
	for i := range deep.Arms {
		a, was := &deep.Arms[i], plain.evaluationOf(&plain.Arms[i])
		want := was
		if slices.Contains([]string{"base", "inside", "edge"}, a.Name) {
			want.Samples = 128
		}
		if got := deep.evaluationOf(a); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d samples a problem, want %d", a.Name, got.Samples, want.Samples)
		}
	}
}

// An arm that a profile leaves out is gone, and claims about it say so; names of no arm are mistakes.
func TestAProfileMayLeaveArmsOut(t *testing.T) {
	for _, profile := range pipeline.Profiles() {
		p, err := pipeline.ProfileByName(profile, 1)
		if err != nil {
			t.Fatal(err)
		}
		without := p.Studies.EdgeArms.Without
		p.Studies.EdgeArms.Without = nil
		whole := edgeStudy(&scale{p, 1})
		for _, name := range without {
			if _, ok := whole.Arm(name); !ok {
				t.Errorf("profile %s leaves out %q, which is no arm", profile, name)
			}
		}
		p.Studies.EdgeArms.Without = []string{"answer"}
		less := edgeStudy(&scale{p, 1})
		if _, ok := less.Arm("answer"); ok || len(less.Arms) != len(whole.Arms)-1 {
			t.Errorf("profile %s: %d arms of %d without one", profile, len(less.Arms), len(whole.Arms))
		}
		less.markNotRun()
		for _, c := range less.Claims {
			if about := c.ID == "answer-only-is-luckier"; about != strings.Contains(c.NotRun, `no arm "answer"`) {
				t.Errorf("profile %s, claim %s: not run because %q", profile, c.ID, c.NotRun)
			}
		}
	}
}

// A profile with controls has every one of them but those that it leaves out by name.
func TestControlArmsAreThoseThatControlsAdd(t *testing.T) {
	with, err := ByName("edge", "lookup", 1)
	if err != nil {
		t.Fatal(err)
	}
	without, err := ByName("edge", "micro", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range controlArms {
		if _, ok := with.Arm(name); ok == slices.Contains(with.LeftOut, name) {
			t.Errorf("at lookup %s is an arm: %t, and left out by name: %t", name, ok, !ok)
		}
		if _, ok := without.Arm(name); ok || !slices.Contains(without.LeftOut, name) {
			t.Errorf("at micro %s is an arm: %t", name, ok)
		}
	}
}
