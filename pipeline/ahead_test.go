package pipeline

import (
	"context"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

// What would stop a run, or what follows it, after hours is said before it begins: by
// CheckAhead, which plans ask, and by Run.
func TestWhatWouldStopARunLateIsSaidBefore(t *testing.T) {
	chain := func() (Pretraining, Reinforcement, Evaluation) {
		last := tinyChain()
		return last.Inputs[0].Inputs[0].Recipe.(Pretraining), last.Inputs[0].Recipe.(Reinforcement), last.Recipe.(Evaluation)
	}
	// Op 7 is one document in ten thousand: the first steps meet none.
	rare := []gsm.Block{{Ops: gsm.Range{Min: 0, Max: 2}, Contexts: []string{"A"}, Share: .9999}, {Ops: gsm.Range{Min: 7, Max: 7}, Contexts: []string{"A"}, Share: .0001}}
	for name, c := range map[string]struct {
		change func(p *Pretraining, r *Reinforcement, e *Evaluation)
		want   []string // of the message; none: there is no error
	}{
		"sound":             {func(*Pretraining, *Reinforcement, *Evaluation) {}, nil},
		"document too long": {func(p *Pretraining, _ *Reinforcement, _ *Evaluation) { p.Data.Mix = rare }, []string{"pre-training", "op 7", "seq 64 takes documents of up to 65", "raise seq to 1", "skip_long"}},
		"left out":          {func(p *Pretraining, _ *Reinforcement, _ *Evaluation) { p.Data.Mix, p.Train.SkipLong = rare, true }, nil},
		"prompt of RL": {func(p *Pretraining, r *Reinforcement, _ *Evaluation) {
			p.Model.Context, r.Data.Mix, r.GRPO.MaxTokens = 64, rare, 30
		}, []string{"RL", "op 7", "max_tokens is 30", "context of 64"}},
		"prompt of evaluation": {func(p *Pretraining, _ *Reinforcement, e *Evaluation) {
			p.Model.Context, e.Data.Mix, e.MaxTokens = 64, rare, 30
		}, []string{"evaluation", "op 7", "max_tokens is 30", "context of 64"}},
		"tokens of another model": {func(p *Pretraining, _ *Reinforcement, _ *Evaluation) { p.Model.VocabSize = 20 }, []string{"pre-training", "vocab_size is 20", "has 72 tokens"}},
		"another family": {func(_ *Pretraining, r *Reinforcement, _ *Evaluation) {
			r.Data = gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 2}, "crazy_zootopia")
		}, []string{"RL", "cannot write a problem of op 2 crazy_zootopia"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, r, e := chain()
			c.change(&p, &r, &e)
			last := Evaluate("evaluation", e, Reinforce("RL", r, Pretrain("pre-training", p, nil)))
			err := CheckAhead(Stages(last))
			if (err == nil) != (c.want == nil) {
				t.Fatalf("error %v", err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
			if c.want == nil {
				return
			}
			if _, run := mustOpen(t).Run(context.Background(), last, nil); run == nil || run.Error() != err.Error() {
				t.Errorf("Run says %v, expected %v", run, err)
			}
		})
	}
}
