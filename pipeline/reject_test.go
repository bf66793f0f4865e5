package pipeline

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
)

// tinyRejection is rejection fine-tuning of the tiny base on problems that it sometimes answers rightly.
func tinyRejection() *Stage {
	pre := tinyChain().Inputs[0].Inputs[0].Recipe.(Pretraining)
	pre.Data, pre.Train.Steps, pre.Train.CheckpointEvery = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 0}, "A"), 300, 0
	base := Pretrain("pre-training", pre, nil)
	r := Rejection{Data: pre.Data, Problems: 24, Samples: 8, Temperature: 1, MaxTokens: 8,
		Reward: verify.Reward{Form: verify.Outcome}, Train: pre.Train, Seed: 3}
	r.Train.Steps, r.Train.CheckpointEvery = 6, 2
	return Reject("rejection fine-tuning", r, base)
}

func TestRejectionFineTuningLearnsFromItsRightSamplesAndResumesToTheSameBytes(t *testing.T) {
	whole, cut := mustOpen(t), mustOpen(t)
	s := tinyRejection()
	if _, err := whole.Run(context.Background(), s, nil); err != nil {
		t.Fatal(err)
	}
	done, err := whole.Done(s)
	if err != nil {
		t.Fatal(err)
	}
	records, err := evaluate.Read(filepath.Join(whole.Dir(s), RecordsFile))
	if err != nil {
		t.Fatal(err)
	}
	right, generated := 0, int64(0)
	for _, x := range records {
		right += map[bool]int{true: 1}[x.Answer]
		generated += int64(x.Tokens)
	}
	if len(records) != 24*8 || right == 0 || right == len(records) {
		t.Fatalf("%d samples, %d right: the test needs some right and some wrong ones", len(records), right)
	}
	if done.Spent.Samples != 24*8 || done.Spent.GeneratedTokens != generated || done.Spent.TrainTokens == 0 || done.Spent.TrueTokens <= float64(done.Spent.TrainTokens) || done.Spent.FLOPs <= 0 {
		t.Errorf("spent %+v", done.Spent)
	}
	steps, err := ReadLines[train.Metrics](filepath.Join(whole.Dir(s), MetricsLog))
	if err != nil || len(steps) != 6 || steps[5].Loss >= steps[0].Loss {
		t.Errorf("%d steps of training, %v: the loss should fall on a few solutions seen again and again", len(steps), err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	_, err = cut.Run(ctx, s, func(p Progress) {
		if p.Label == s.Label && p.Done >= float64(len(records)+3) {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled stage returned %v", err)
	}
	if o, err := cut.Run(context.Background(), s, nil); err != nil || o != Resumed {
		t.Fatalf("%s, %v, expected that it is taken up", o, err)
	}
	if j, err := cut.Judged(s.Folder()); err != nil || j.Kind != "reject" || len(j.Records) != len(records) || j.Records[0].Entropy <= 0 {
		t.Errorf("its samples are read as a %s with %d records, %v", j.Kind, len(j.Records), err)
	}
	again, err := cut.Done(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{ModelDir + "/model.safetensors", RecordsFile} {
		if done.Files[file] == "" || done.Files[file] != again.Files[file] {
			t.Errorf("%s of the interrupted run differs: %q and %q", file, done.Files[file], again.Files[file])
		}
	}
}

func TestAModelWithoutARightSampleStaysAsItIs(t *testing.T) {
	st := mustOpen(t)
	s := tinyRejection()
	r := s.Recipe.(Rejection)
	r.Data, r.Reward = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 6, Max: 6}, "A"), verify.Reward{Form: verify.StrictForm}
	s = Reject("rejection fine-tuning", r, s.Inputs[0])
	out, err := st.RunAll(context.Background(), Stages(s), 1, nil)
	if err := errors.Join(err, out.Err()); err != nil {
		t.Fatal(err)
	}
	if said := out.String(); len(out.Healed) > 0 || len(out.Notes) != 1 || !strings.Contains(said, "there is nothing to learn from") || strings.Contains(said, "damaged") {
		t.Errorf("it is said as %q", said)
	}
	done, err := st.Done(s)
	base, err2 := st.Done(s.Inputs[0])
	if err != nil || err2 != nil || done.Spent.TrainTokens != 0 || done.Spent.GeneratedTokens == 0 {
		t.Fatalf("%v, %v, spent %+v", err, err2, done.Spent)
	}
	const weights = ModelDir + "/model.safetensors"
	if done.Files[weights] != base.Files[weights] {
		t.Error("the weights changed without anything to learn from")
	}
}

func TestOwnSolutionsAreTheRightOnesEachOnce(t *testing.T) {
	r := tinyRejection().Recipe.(Rejection)
	r.Data, r.Samples, r.Reward = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 2, Max: 2}, "A"), 4, verify.Reward{Form: verify.StrictForm}
	source, err := gsm.NewSource(r.Data, gsm.RL, 1)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer(tinyChain().Inputs[0].Inputs[0].Recipe.(Pretraining))
	if err != nil {
		t.Fatal(err)
	}
	p, q := source.At(0), source.At(1)
	other := p.Solution[:strings.LastIndex(p.Solution, " ; ")] + " ; " + p.Solution // its steps twice: right, and another text
	var records []evaluate.Record
	for _, text := range []string{"ans 99", p.Solution, p.Solution, other, "", "ans", q.Solution + " a1", "ans 1 1"} {
		records = append(records, evaluate.Record{Rank: len(records) % 4, Text: text})
	}
	docs, err := r.own([]*gsm.Problem{p, q}, records, tok)
	if err != nil {
		t.Fatal(err)
	}
	gold, err := document(p, nil, tok, SolutionOnly)
	if err != nil || len(docs) != 2 || !reflect.DeepEqual(docs[0], gold) {
		t.Errorf("%d documents, %v; the first is %v, expected the gold text %v", len(docs), err, docs, gold)
	}
	r.Distinct = 1
	if docs, err := r.own([]*gsm.Problem{p, q}, records, tok); err != nil || len(docs) != 1 {
		t.Errorf("with at most one a problem: %d documents, %v", len(docs), err)
	}
	// A reward sees the siblings, as in RL: here one that keeps what none of them is shorter than.
	r.PayBy(&OwnReward{Name: "shortest", Code: "1", Call: func(a verify.Attempt) float64 {
		if len(a.Group) != 4 || a.Group[a.Sample].Text != a.Text {
			t.Errorf("sample %d %q has the siblings %v", a.Sample, a.Text, a.Group)
		}
		for _, sibling := range a.Group {
			if sibling.Verdict.Strict && len(sibling.Text) < len(a.Text) {
				return 0
			}
		}
		return map[bool]float64{true: 1}[a.Verdict.Strict]
	}})
	r.Distinct = 0
	if docs, err := r.own([]*gsm.Problem{p, q}, records, tok); err != nil || len(docs) != 1 || !reflect.DeepEqual(docs[0], gold) {
		t.Errorf("the shortest: %d documents, %v", len(docs), err)
	}
}

// A corpus of the problems of RL has these and no others, each once each time through.
func TestABoundedCorpusIsTheProblemsOfRL(t *testing.T) {
	rl := tinyChain().Inputs[0].Recipe.(Reinforcement)
	rl.Data = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A")
	base := tinyChain().Inputs[0].Inputs[0].Recipe.(Pretraining)
	base.Data, base.Split, base.Target, base.Problems, base.Seed = rl.Data, gsm.RL, SolutionOnly, rl.Prompts*rl.GRPO.Steps, rl.Seed
	tok, err := tokenizer(base)
	if err != nil {
		t.Fatal(err)
	}
	at, err := promptsOf(rl, nil)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for step := range rl.GRPO.Steps {
		problems, err := at(step, []grpo.Metrics(nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			d, err := document(p, nil, tok, SolutionOnly)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, tok.Decode(d.IDs))
		}
	}
	docs, err := documents(base, gsm.RL, tok)
	if err != nil {
		t.Fatal(err)
	}
	var times [3][]string
	for i := range 3 * base.Problems {
		d, err := docs(uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		times[i/base.Problems] = append(times[i/base.Problems], tok.Decode(d.IDs))
	}
	if slices.Equal(times[0], times[1]) {
		t.Error("the second time through has the order of the first")
	}
	slices.Sort(want)
	for i, got := range times {
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("time %d through holds other problems than RL: %d and %d", i+1, len(got), len(want))
		}
	}
}

func TestRLMayBeginAtAMilestoneAndBePaidByAJudgeThatErrs(t *testing.T) {
	st := mustOpen(t)
	chain := tinyChain()
	base := chain.Inputs[0].Inputs[0].Recipe.(Pretraining)
	base.Train.Steps, base.Train.MilestoneEvery, base.Train.CheckpointEvery = 4, 2, 2
	rl := chain.Inputs[0].Recipe.(Reinforcement)
	rl.GRPO.Steps = 1
	rl.JudgeErrors = &verify.JudgeErrors{FalseAccept: 0.9}
	start := Pretrain("base", base, nil)
	end := Reinforce("RL", rl, start)
	rl.Start = 2
	early := Reinforce("RL from step 2", rl, start)
	if d := Why(end, early); len(d) != 1 || d[0].Field != "start" {
		t.Errorf("the addresses differ by %v, expected by the start alone", d)
	}
	var rewards [2]float64
	for i, s := range []*Stage{end, early} {
		if _, err := st.Run(context.Background(), s, nil); err != nil {
			t.Fatal(err)
		}
		steps, err := ReadLines[grpo.Metrics](filepath.Join(st.Dir(s), MetricsLog))
		if err != nil || len(steps) != 1 || len(steps[0].Sampled) != 0 {
			t.Fatalf("%d steps, %v; texts are kept in a file of their own", len(steps), err)
		}
		rewards[i] = steps[0].RewardMean
		if steps[0].Answer > 0.5 || steps[0].RewardMean < 0.6 {
			t.Errorf("%g of the answers are right and the mean reward is %g: nine of ten wrong ones should be accepted", steps[0].Answer, steps[0].RewardMean)
		}
		kept, err := evaluate.ReadRows[grpo.Sampled](filepath.Join(st.Dir(s), CompletionsFile))
		if err != nil || len(kept) != rl.GRPO.GroupSize || kept[0].Step != 1 || kept[0].Problem == "" {
			t.Errorf("%d completions are kept, %v", len(kept), err)
		}
	}
	if j, err := st.Judged(end.Folder()); err != nil || j.Kind != "rl" || len(j.Kept) != rl.GRPO.GroupSize || len(j.Steps) != 1 {
		t.Errorf("the samples of RL are read as %+v, %v", j, err)
	}
	if _, err := st.Judged(start.Address()[:12]); err == nil || !strings.Contains(err.Error(), "has no samples") {
		t.Errorf("the samples of a training: %v", err)
	}
	first, _ := evaluate.ReadRows[grpo.Sampled](filepath.Join(st.Dir(end), CompletionsFile))
	second, _ := evaluate.ReadRows[grpo.Sampled](filepath.Join(st.Dir(early), CompletionsFile))
	if len(first) > 0 && len(second) > 0 && first[0].LogProb == second[0].LogProb {
		t.Error("RL from the milestone samples from the same model as RL from the end")
	}
	for _, bad := range []func(*Reinforcement){
		func(r *Reinforcement) { r.Start = -1 },
		func(r *Reinforcement) { r.JudgeErrors = &verify.JudgeErrors{FalseReject: 1} },
		func(r *Reinforcement) { r.Reward = verify.Reward{Form: verify.Process} },
	} {
		r := rl
		bad(&r)
		if r.Validate() == nil {
			t.Errorf("%+v is valid", r.JudgeErrors)
		}
	}
}
