package kernelkit

import (
	"fmt"

	"interplay/kernelkit/score"
)

// Walkthrough is the report of notebook 00: that every part works and the model learns.
//
// Tolerances are for other machines with the same recipe: programs sum in another
// order there, the runs drift apart, and what is compared is the outcome of two
// different but equally good trainings. Those of losses and rewards, which have no interval, are more than four times
// what was measured between two such runs (LAB.md, "Tolerances").
func (l *Lab) Walkthrough(base, tuned *Model, before, after *Evaluation) *Report {
	r := l.Report()
	first, last := base.Loss()
	rewardFirst, rewardLast := tuned.Reward()
	rl := allOps(l.profile.RL.Data.Mix)
	easy := max(1, allOps(l.profile.Evaluation.Data.Mix).Min)
	solved := before.PassAtK(easy, easy, 1)
	gain := after.Gain(before, rl.Min, rl.Max, 1)

	r.Exact("parameters", "parameters of the model", "parameters", float64(l.profile.Base.Model.Params()))
	r.Exact("problems", "held-out problems", "problems", float64(len(before.Prompts)))
	r.Number("train_tokens", "tokens of pre-training", "tokens", float64(base.done.Spent.TrainTokens), 0)
	r.Number("loss_first", "training loss, first tenth", "nats a token", first, 0.02)
	r.Number("loss_last", "training loss, last tenth", "nats a token", last, 0.02)
	r.Measured(fmt.Sprintf("base_op%d_pass1", easy), fmt.Sprintf("base, op %d, strict pass@1", easy), "share", solved)
	r.Measured("base_rl_ops_pass1", fmt.Sprintf("base, ops %v, strict pass@1", rl), "share", before.PassAtK(rl.Min, rl.Max, 1))
	r.Measured("base_rl_ops_passk", fmt.Sprintf("base, ops %v, strict pass@%d", rl, before.K()), "share", before.PassAtK(rl.Min, rl.Max, before.K()))
	r.Measured("rl_rl_ops_pass1", fmt.Sprintf("after RL, ops %v, strict pass@1", rl), "share", after.PassAtK(rl.Min, rl.Max, 1))
	r.Measured("rl_rl_ops_passk", fmt.Sprintf("after RL, ops %v, strict pass@%d", rl, after.K()), "share", after.PassAtK(rl.Min, rl.Max, after.K()))
	r.Measured("rl_gain_pass1", fmt.Sprintf("gain of RL, ops %v, strict pass@1", rl), "share", gain)
	r.Number("reward_first", "mean reward, first quarter of RL", "share", rewardFirst, 0.05)
	r.Number("reward_last", "mean reward, last quarter of RL", "share", rewardLast, 0.05)

	r.Check(last < first/2, "the loss falls to less than half", fmt.Sprintf("%.2f → %.2f nats a token", first, last))
	r.Check(solved.Low > chance, fmt.Sprintf("op %d is solved far above chance", easy), fmt.Sprintf("strict pass@1 %s; a guessed number is right %.0f %% of the time, modulo 10, and a guess has no right steps", percentInterval(solved), 100*chance))
	r.Check(gain.High > 0, fmt.Sprintf("RL does not lower pass@1 on the ops that it trained (%v)", rl), fmt.Sprintf("it changes by %s", percentInterval(gain)))
	return r
}

// chance is how often a guessed answer is right in the symbolic family: one in
// ten, modulo 10. Strict chance is far below it.
const chance = 0.1

func percentInterval(v score.Interval) string {
	return fmt.Sprintf("%.1f %% (%.1f to %.1f)", 100*v.Value, 100*v.Low, 100*v.High)
}
