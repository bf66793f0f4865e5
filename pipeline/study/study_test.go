package study

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/score"
	"interplay/pipeline"
)

func studyOf(t *testing.T, name, profile string) *Study {
	t.Helper()
	s, err := ByName(name, profile, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryStudyIsCompleteAtEveryScale(t *testing.T) {
	for _, profile := range pipeline.Profiles() {
		for _, name := range Names() {
			s := studyOf(t, name, profile)
			if s.Question == "" || !s.Exploratory && (len(s.Claims) == 0 || s.Notebook == "") {
				t.Errorf("%s at %s: %d claims, question %q, notebook %q", name, profile, len(s.Claims), s.Question, s.Notebook)
			}
			if p, err := s.Plan(mustOpen(t), 1); err != nil {
				t.Errorf("%s at %s: %v", name, profile, err)
			} else if left, spent, wall, bytes := p.Left(); left != len(p.Stages) || spent.FLOPs <= 0 || wall <= 0 || bytes <= 0 {
				t.Errorf("%s at %s: the plan has %d of %d stages left, %v, %v, %v bytes", name, profile, left, len(p.Stages), spent, wall, bytes)
			}
		}
	}
}

func TestAStudyComesBackFromItsFile(t *testing.T) {
	for _, name := range Names() {
		s := studyOf(t, name, "smoke")
		file := filepath.Join(t.TempDir(), "s.json")
		text := mustJSON(t, s)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		back, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(mustJSON(t, back), text) || !slices.Equal(addresses(back), addresses(s)) {
			t.Errorf("%s does not come back from its file", name)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), `"question"`, `"qestion"`, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), "qestion") {
			t.Errorf("a misspelt field gives %v", err)
		}
	}
}

func addresses(s *Study) (all []string) {
	for _, stage := range s.Stages() {
		all = append(all, stage.Address())
	}
	return all
}

func TestTheFourStudiesShareTheBaseAndTheStrictRunAtTheEdge(t *testing.T) {
	edge, reward, split := studyOf(t, "edge", "micro"), studyOf(t, "reward", "micro"), studyOf(t, "split", "micro")
	p, err := pipeline.ProfileByName("micro", 1)
	if err != nil {
		t.Fatal(err)
	}
	base := pipeline.Pretrain("pre-training", p.Base, nil).Address()
	for _, s := range []*Study{edge, reward, split} {
		if !slices.Contains(addresses(s), base) {
			t.Errorf("%s does not begin with the profile's base", s.Name)
		}
	}
	find := func(s *Study, arm string) string {
		a, _ := s.Arm(arm)
		return s.run(a, 1).Eval.Address()
	}
	if find(edge, "edge") != find(reward, "strict") || find(edge, "answer") != find(reward, "outcome") {
		t.Error("the same recipe has two addresses in two studies")
	}
}

func TestChangingOneFieldChangesExactlyTheStagesThatDependOnIt(t *testing.T) {
	changed := func(change func(*Study)) (labels []string) {
		before, after := studyOf(t, "edge", "smoke"), studyOf(t, "edge", "smoke")
		change(after)
		known := addresses(before)
		for _, stage := range after.Stages() {
			if !slices.Contains(known, stage.Address()) {
				labels = append(labels, stage.Label)
			}
		}
		return labels
	}
	rl := changed(func(s *Study) { a, _ := s.Arm("mixed"); a.Steps[1].RL.GRPO.LR *= 2 })
	if len(rl) != 3 || !strings.Contains(rl[0], "RL on ops") || !strings.HasPrefix(rl[1], "evaluation of RL mixed") || !strings.HasPrefix(rl[2], "gold solutions under RL mixed") {
		t.Errorf("another learning rate of one arm's RL changes %q", rl)
	}
	if n := len(changed(func(s *Study) { s.Evaluation.Samples++ })); n != 8 {
		t.Errorf("another number of samples changes %d stages, want the 8 evaluations", n)
	}
	if n := len(changed(func(s *Study) {
		for i := range s.Arms {
			s.Arms[i].Steps[0].Train.Train.LR *= 2
		}
	})); n != 24 {
		t.Errorf("another base changes %d stages, want all 24", n)
	}
	if got := changed(func(s *Study) { s.Question, s.Arms[2].Label, s.Claims = "?", "other words", nil }); len(got) != 0 {
		t.Errorf("other words change %q", got)
	}
}

func TestThePaperPlanHasTheStepsOfTable3(t *testing.T) {
	s := studyOf(t, "split", "paper")
	var got []string
	for _, a := range s.Arms[1:] {
		mid, rl := 0, 0
		for _, step := range a.Steps[1:] {
			if step.Train != nil {
				mid = step.Train.Train.Steps
				if tokens := step.Train.Train.Batch * step.Train.Train.Accumulate * step.Train.Train.Seq; tokens != paperTrainBatch {
					t.Errorf("%s trains on %d tokens a step", a.Name, tokens)
				}
			} else {
				rl = step.RL.GRPO.Steps
			}
		}
		got = append(got, fmt.Sprintf("%d,%d", mid, rl))
	}
	want := strings.Fields(`2000,0 1600,10 1000,25 400,40 0,50
		4000,0 3200,20 2000,50 800,80 0,100
		8000,0 6400,40 4000,100 1600,160 0,200
		16000,0 12800,80 8000,200 3200,320 0,400
		24000,0 19200,120 12000,300 4800,480 0,600
		32000,0 25600,160 16000,400 6400,640 0,800
		38147,0 30517,191 19073,477 7629,763 0,954`)
	if !slices.Equal(got, want) {
		t.Errorf("mid-training and RL steps are\n%v\nthe paper's table 3 has\n%v", got, want)
	}
	plan, err := s.Plan(mustOpen(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	rl := 0
	for _, x := range plan.Stages {
		if r, ok := x.Stage.Recipe.(pipeline.Reinforcement); ok {
			rl++
			if perStep := x.Spent.NominalTokens / float64(r.GRPO.Steps); perStep != 40*paperTrainBatch {
				t.Errorf("%s: a step is planned at %.0f token equivalents, the paper has %d", x.Stage.Label, perStep, 40*paperTrainBatch)
			}
		}
	}
	if rl != 28 {
		t.Errorf("the plan has %d RL runs, want 7 budgets × 4 splits", rl)
	}
}

func TestThePlanNamesThePeakOfMemory(t *testing.T) {
	for profile, gib := range map[string][2]float64{"micro": {0.01, 1}, "paper": {2, 40}} {
		plan, err := studyOf(t, "split", profile).Plan(mustOpen(t), 1)
		if err != nil {
			t.Fatal(err)
		}
		label, peak := plan.PeakMemory()
		if at := float64(peak.Total()) / (1 << 30); label == "" || at < gib[0] || at > gib[1] || peak.Weights != 4*int64(plan.Stages[0].Stage.Recipe.(pipeline.Pretraining).Model.Params()) {
			t.Errorf("%s: %q needs %v, want between %g and %g GiB", profile, label, peak, gib[0], gib[1])
		}
	}
}

func TestArmsOfABudgetCostTheSame(t *testing.T) {
	for _, profile := range []string{"micro", "gpu", "lookup"} {
		p, err := pipeline.ProfileByName(profile, 1)
		if err != nil {
			t.Fatal(err)
		}
		p.Studies.Split.Compute = true
		at := &scale{p, 1}
		s := splitStudy(at)
		cost := map[string][]float64{}
		for _, a := range s.Arms {
			for _, group := range append([]string{a.Group}, a.AlsoIn...) {
				price := pipeline.Nominal
				if strings.HasSuffix(group, string(pipeline.True)) {
					price = pipeline.True
				} else if strings.HasSuffix(group, string(pipeline.Compute)) {
					price = pipeline.Compute
				}
				sum := 0.0
				for _, step := range a.Steps[1:] {
					if step.RL != nil {
						sum += float64(step.RL.GRPO.Steps) * at.perRLStep(price)
					} else {
						sum += float64(step.Train.Train.Steps) * at.perTrainStep(*step.Train, price)
					}
				}
				if group != "" {
					cost[group] = append(cost[group], sum)
				}
			}
		}
		if want := 1 + len(at.otherPrices()); len(cost) != want {
			t.Errorf("%s: %d budgets, want one in each of %d prices", profile, len(cost), want)
		}
		for group, all := range cost {
			if low, high := slices.Min(all), slices.Max(all); len(all) < 3 || high > 1.05*low { // whole steps
				t.Errorf("%s, %s: %d arms cost %.3g to %.3g", profile, group, len(all), low, high)
			}
		}
	}
}

// The nominal price is that of the longest sample that RL allows, and does not ask how long a
// context the model has.
func TestTheNominalPriceIsThatOfTheLongestSample(t *testing.T) {
	price := func(change func(*pipeline.Profile)) float64 {
		p, err := pipeline.ProfileByName("lookup", 1)
		if err != nil {
			t.Fatal(err)
		}
		change(&p)
		return (&scale{p, 1}).perRLStep(pipeline.Nominal)
	}
	own := price(func(*pipeline.Profile) {})
	if other := price(func(p *pipeline.Profile) { p.Base.Model.Context *= 4 }); other != own {
		t.Errorf("a step costs %g, in a model of four times the context %g", own, other)
	}
	p, _ := pipeline.ProfileByName("lookup", 1)
	length, longest := own/pipeline.RLTokenEquivalent(float64(p.Studies.RL.Prompts*p.Studies.RL.GRPO.GroupSize), 0), float64(p.Studies.RL.GRPO.MaxTokens)
	if prompt := length - longest; prompt < 38 || prompt > 73 {
		t.Errorf("a sample is priced at %g tokens, want %g and the longest prompt, about 63", length, longest)
	}
	longer := price(func(p *pipeline.Profile) { p.Studies.RL.GRPO.MaxTokens += 100 })
	if want := own + pipeline.RLTokenEquivalent(100*float64(p.Studies.RL.Prompts*p.Studies.RL.GRPO.GroupSize), 0); math.Abs(longer-want) > 1e-6*want {
		t.Errorf("100 tokens more a sample: %g, want %g", longer, want)
	}
	if half := price(func(p *pipeline.Profile) { p.Studies.RL.MaxPrompt = 30 }); half >= own {
		t.Errorf("prompts of at most 30 tokens cost %g, any %g", half, own)
	}
}

// The seeds of a study may be run one by one, so they must plan for equal steps.
func TestStepsDoNotDependOnTheSeed(t *testing.T) {
	for _, name := range Names() {
		var all [2][]int
		for i := range all {
			s, err := ByName(name, "micro", int64(i+1))
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range s.Arms {
				for _, step := range a.Steps {
					switch {
					case step.Train != nil:
						all[i] = append(all[i], step.Train.Train.Steps)
					case step.RL != nil:
						all[i] = append(all[i], step.RL.GRPO.Steps)
					}
				}
			}
		}
		if !slices.Equal(all[0], all[1]) {
			t.Errorf("%s: steps with seed 1 %v, with seed 2 %v", name, all[0], all[1])
		}
	}
}

// tiny is a whole study that runs in seconds: a model that learns nothing.
func tiny(t *testing.T) *Study {
	s := studyOf(t, "edge", "smoke")
	s.Arms = slices.DeleteFunc(s.Arms, func(a Arm) bool { return a.Name != "base" && a.Name != "edge" && a.Name != "adaptive" })
	s.Claims = slices.DeleteFunc(s.Claims, func(c Claim) bool { return c.ID != "gold-likelier" && c.ID != "edge-raises-pass1" })
	slices.Reverse(s.Claims) // the likelihood's first
	for i := range s.Arms {
		first := s.Arms[i].Steps[0].Train
		first.Model = qwen.Config{VocabSize: first.Model.VocabSize, HiddenSize: 16, Layers: 1, Heads: 2, KVHeads: 1, FFN: 16,
			Context: 256, RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.2}
		first.Train.Steps, first.Train.Batch, first.Train.Warmup = 2, 2, 1
		first.Train.CheckpointEvery, first.Train.MilestoneEvery = 1, 1
		for _, step := range s.Arms[i].Steps[1:] {
			step.RL.Prompts, step.RL.GRPO.Steps, step.RL.GRPO.GroupSize, step.RL.GRPO.MaxTokens = 2, 1, 2, 8
		}
	}
	s.Arms = append(s.Arms, Arm{Name: "base-1", Label: "base at step 1", At: 1, Steps: s.Arms[0].Steps})
	s.Ranges = s.Ranges[:2]
	s.Evaluation.Data = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 5}, "A")
	s.Evaluation.Problems, s.Evaluation.Samples, s.Evaluation.MaxTokens = 1, 2, 8
	return s
}

func TestDeletingAnyStageRecomputesItAloneToIdenticalNumbers(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles programs for half a minute")
	}
	st, s := mustOpen(t), tiny(t)
	run := func() (pipeline.Outcomes, *Results) {
		out, err := s.Compute(context.Background(), st, 2, nil)
		if err := errors.Join(err, out.Err()); err != nil {
			t.Fatal(err)
		}
		d, err := s.Collect(st)
		if err != nil {
			t.Fatal(err)
		}
		return out, d
	}
	out, first := run()
	if out.Computed != 11 || len(first.Records) != 4*5*2 || len(first.Likelihoods) != 4*5 || len(first.Missing) != 0 {
		t.Fatalf("%v; %d records, %d likelihoods, missing %q", out, len(first.Records), len(first.Likelihoods), first.Missing)
	}
	nll := func(arm string) float64 {
		v, ok := first.Value(arm, s.Ranges[0], score.NLL)
		if !ok || v.Value < 1 || v.Value > 6 {
			t.Errorf("%s: %v nats a token, want about the log of the vocabulary", arm, v)
		}
		return v.Value
	}
	if nll("base") == nll("base-1") {
		t.Error("the milestone is the last model")
	}
	for _, stage := range s.Stages()[:4] { // a training, an evaluation, likelihoods, an RL
		if err := os.RemoveAll(st.Dir(stage)); err != nil {
			t.Fatal(err)
		}
		out, again := run()
		if out.Computed != 1 || out.Reused != 10 {
			t.Errorf("after deleting %q: %v", stage.Label, out)
		}
		if !reflect.DeepEqual(again.Records, first.Records) || !reflect.DeepEqual(again.Numbers, first.Numbers) {
			t.Errorf("after deleting %q the numbers differ", stage.Label)
		}
	}
	dir := t.TempDir()
	if err := first.Save(dir); err != nil {
		t.Fatal(err)
	}
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Check(); err != nil {
		t.Errorf("read back: %v", err)
	}
	if same, err := back.Of(s); err != nil || len(same.Missing)+len(same.Notes) > 0 || !reflect.DeepEqual(same.Numbers, first.Numbers) {
		t.Errorf("read back, of this study: %v, %+v", err, same)
	}
	back.Records[0].Strict = true
	back.Records[0].Answer, back.Records[0].Process = true, 1
	if err := back.Check(); err == nil {
		t.Error("a changed record passes the check")
	}
	back.Records, back.Likelihoods[4].NLL = first.Records, 0 // the base at op 5
	if err := back.Check(); err == nil {
		t.Error("a changed likelihood passes the check")
	}
	s.Evaluation.Samples++
	if _, err := back.Of(s); !errors.Is(err, ErrOtherStudy) {
		t.Errorf("the results pass for those of another recipe: %v", err)
	}
}

func TestAnArmAtAStepThatIsNoMilestoneIsRefused(t *testing.T) {
	for _, at := range []int{1, 1499, 4500} {
		s := studyOf(t, "edge", "micro")
		s.Arms[len(s.Arms)-1].At = at
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "milestone") {
			t.Errorf("step %d: %v", at, err)
		}
	}
	s := studyOf(t, "edge", "micro")
	s.Arms[1].At = 1500 // an RL arm has none
	if err := s.Validate(); err == nil {
		t.Error("a milestone of RL is accepted")
	}
}

func TestExposureCountsTheTokensOfAContext(t *testing.T) {
	for _, profile := range []string{"micro", "paper"} {
		s := studyOf(t, "exposure", profile)
		total := func(arm string, contexts ...string) (tokens float64) {
			a, ok := s.Arm(arm)
			if !ok {
				t.Fatal(arm)
			}
			for _, c := range contexts {
				shown, _ := a.Steps[0].Train.Exposure(c)
				tokens += shown
			}
			return tokens
		}
		contexts := []string{"A", "B"}
		if profile == "paper" {
			contexts = []string{"crazy_zootopia", "teachers_in_school"}
		}
		if b := total("base-0%", contexts[1]); b != 0 {
			t.Errorf("%s: 0 %% of B is %g tokens", profile, b)
		}
		one, ten := total("base-1%", contexts[1]), total("base-10%", contexts[1])
		if one <= 0 || ten < 8*one || ten > 12*one {
			t.Errorf("%s: 1 %% of B is %g tokens, 10 %% is %g", profile, one, ten)
		}
		a, _ := s.Arm("base-1%")
		if all, want := total("base-1%", contexts...), float64(a.Steps[0].Train.Estimate().TrainTokens); all < 0.999*want || all > 1.001*want {
			t.Errorf("%s: the contexts add up to %g tokens, the stage has %g", profile, all, want)
		}
	}
}

func mustOpen(t *testing.T) *pipeline.Store {
	t.Helper()
	st, err := pipeline.Open(filepath.Join(t.TempDir(), "runs"))
	if err != nil {
		t.Fatal(err)
	}
	return st
}
