package kernelkit

import (
	"strings"
	"testing"

	"interplay/pipeline"
)

// Who asks a model for a log that it does not have is told what made it, and what shows that.
func TestALogThatAModelHasNotIsRefused(t *testing.T) {
	p, err := pipeline.ProfileByName("smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	lab := &Lab{profile: p}
	base := pipeline.Pretrain("base", p.Base, nil)
	trained, tuned := &Model{Label: "m", stage: base}, &Model{Label: "m", stage: pipeline.Reinforce("rl", p.RL, base), rl: &p.RL}
	rejected := &Model{Label: "m", stage: pipeline.Reject("reject", lab.RejectionRecipe(), base)}
	loaded := &Model{Label: "m", stage: &pipeline.Stage{Kind: "import"}, imported: true}
	for _, x := range []struct {
		of           *Model
		loss, reward string // the error of each, "" for none
	}{
		{trained, "", "was made by training and not by RL, so it has no reward: LossCurve"},
		{rejected, "", "was made by rejection fine-tuning and not by RL"},
		{tuned, "was made by RL, so it has no loss: RewardCurve", ""},
		{loaded, "was loaded from its files", "was loaded from its files"},
	} {
		for want, err := range map[string]error{"loss: " + x.loss: x.of.logged("loss", false), "reward: " + x.reward: x.of.logged("reward", true)} {
			_, want, _ := strings.Cut(want, ": ")
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error is %v, want %q", x.of.stage.Kind, err, want)
			}
		}
	}
	all := p.Base
	all.Target = AllTokens
	for want, m := range map[string]*Model{
		"Pre-training: loss of the next token of the solution":             trained,
		"Pre-training: loss of the next token of problem and solution":     {stage: pipeline.Pretrain("base", all, nil)},
		"Training of a model: loss of the next token of the solution":      {stage: pipeline.Pretrain("more", p.Base, base)},
		"Rejection fine-tuning: loss of the next token of the model's own": rejected,
	} {
		if got := m.lossTitle(); !strings.HasPrefix(got, want) {
			t.Errorf("the title is %q, want %q", got, want)
		}
	}
}
