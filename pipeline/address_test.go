package pipeline

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"interplay/kernelkit/gsm"
)

func TestHowToComputeIsInTheAddressAndNotInTheRecipeDigest(t *testing.T) {
	p := profile("smoke", 1)
	stage := func(change func(*Pretraining, *Reinforcement)) *Stage {
		base, rl := p.Base, p.RL
		change(&base, &rl)
		return Reinforce("", rl, Pretrain("", base, nil))
	}
	same := stage(func(*Pretraining, *Reinforcement) {})
	for name, change := range map[string]func(*Pretraining, *Reinforcement){
		"rows":       func(_ *Pretraining, r *Reinforcement) { r.GRPO.Rows++ },
		"devices":    func(b *Pretraining, _ *Reinforcement) { b.Train.Devices = 2 },
		"RL devices": func(_ *Pretraining, r *Reinforcement) { r.GRPO.Devices = 2 },
		"sharded":    func(b *Pretraining, _ *Reinforcement) { b.Train.Devices, b.Train.ShardOptimizer = 2, true },
		"checkpoint": func(b *Pretraining, _ *Reinforcement) { b.Train.CheckpointEvery++ },
	} {
		if s := stage(change); s.Address() == same.Address() || s.RecipeDigest() != same.RecipeDigest() {
			t.Errorf("%s: another address %t, another digest %t", name, s.Address() != same.Address(), s.RecipeDigest() != same.RecipeDigest())
		}
	}
	for name, change := range map[string]func(*Pretraining, *Reinforcement){
		"RL's rate":   func(_ *Pretraining, r *Reinforcement) { r.GRPO.LR *= 2 },
		"base's rate": func(b *Pretraining, _ *Reinforcement) { b.Train.LR *= 2 },
		"milestones":  func(b *Pretraining, _ *Reinforcement) { b.Train.MilestoneEvery = 100 },
	} {
		if s := stage(change); s.RecipeDigest() == same.RecipeDigest() {
			t.Errorf("%s is not part of the digest", name)
		}
	}
	later := stage(func(*Pretraining, *Reinforcement) {})
	later.Inputs[0].Format++
	if later.Address() == same.Address() || later.RecipeDigest() != same.RecipeDigest() {
		t.Error("the format of an input belongs to the address and not to the digest")
	}
}

func TestAFieldThatIsZeroChangesNoAddress(t *testing.T) {
	type before struct {
		Steps int       `json:"steps"`
		Data  gsm.Range `json:"data"`
	}
	type after struct {
		Steps int       `json:"steps"`
		Added float64   `json:"added"`
		Data  gsm.Range `json:"data"`
		Names []string  `json:"names"`
	}
	address := func(recipe any) string { return (&Stage{Kind: "x", Recipe: recipe}).Address() }
	if address(before{Steps: 3}) != address(after{Steps: 3}) {
		t.Error("a new field that is zero changes the address")
	}
	if address(before{Steps: 3}) == address(after{Steps: 3, Added: 1}) {
		t.Error("a new field that is set does not change the address")
	}
}

func TestWhyNamesTheFields(t *testing.T) {
	p := profile("smoke", 1)
	a := Evaluate("", p.Evaluation, Pretrain("", p.Base, nil))
	if d := Why(a, Evaluate("other words", p.Evaluation, Pretrain("", p.Base, nil))); len(d) > 0 {
		t.Errorf("equal stages differ: %v", d)
	}
	p = profile("smoke", 1)
	p.Evaluation.Samples = 9
	p.Base.Data.Mix[0].Ops.Max++
	p.Base.Train.DocumentMask = !p.Base.Train.DocumentMask
	b := Evaluate("", p.Evaluation, Pretrain("", p.Base, nil))
	b.Inputs[0].Format++
	var got []string
	for _, d := range Why(a, b) {
		got = append(got, d.Stage+" "+d.Field)
	}
	want := []string{"evaluate samples", "evaluate ← train format", "evaluate ← train data.mix[0].ops", "evaluate ← train train.document_mask"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if d := Why(a, b)[0]; d.String() != "evaluate: samples is 8 and 9" {
		t.Errorf("%v", d)
	}
	if d := Why(a, b.Inputs[0]); len(d) != 1 || d[0].Field != "kind" {
		t.Errorf("different kinds: %v", d)
	}
}

// What is read back from the store is compared as what made it: over the whole chain, wherever
// in it the difference is.
func TestWhyAnswersForChainsThatAreReadBack(t *testing.T) {
	st := mustOpen(t)
	p := profile("smoke", 1)
	chain := func(change func(*Pretraining, *Reinforcement, *Evaluation)) *Stage {
		base, rl, ev := p.Base, p.RL, p.Evaluation
		change(&base, &rl, &ev)
		stages := Evaluate("evaluation", ev, Reinforce("RL", rl, Pretrain("base", base, nil)))
		for _, s := range Stages(stages) {
			s.Work = func(j *Job) error { return os.WriteFile(filepath.Join(j.Dir, "x"), nil, 0o644) }
			if _, err := st.Run(t.Context(), s, nil); err != nil {
				t.Fatal(err)
			}
		}
		return stages
	}
	first := chain(func(*Pretraining, *Reinforcement, *Evaluation) {})
	for _, c := range []struct {
		want   []string
		change func(*Pretraining, *Reinforcement, *Evaluation)
	}{
		{nil, func(*Pretraining, *Reinforcement, *Evaluation) {}},
		{[]string{"evaluate ← rl ← train: train.lr is 0.004 and 0.003"}, func(b *Pretraining, _ *Reinforcement, _ *Evaluation) { b.Train.LR = 0.003 }},
		{[]string{"evaluate ← rl: grpo.dynamic_sampling is – and 10", "evaluate ← rl: start is – and 100"},
			func(_ *Pretraining, r *Reinforcement, _ *Evaluation) { r.GRPO.DynamicSampling, r.Start = 10, 100 }},
		{[]string{"evaluate: temperature is 1 and 0.7", "evaluate ← rl ← train: data.distractors is – and \"0-5\""},
			func(b *Pretraining, _ *Reinforcement, e *Evaluation) {
				b.Data.Distractors, e.Temperature = &gsm.Range{Max: 5}, 0.7
			}},
	} {
		a, err := st.Find(first.Folder()[:len("evaluate-01234")])
		if err != nil {
			t.Fatal(err)
		}
		b, err := st.Find(chain(c.change).Address()[:10])
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range Why(a, b) {
			got = append(got, d.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
