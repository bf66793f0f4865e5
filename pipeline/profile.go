package pipeline

import (
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
)

// symbolicMix is the micro scale's pre-training corpus (spec/micro.md): the lower
// ops evenly, and a rare tail of deeper ones, so that the edge is a slope and not a cliff.
func symbolicMix(ops, tail gsm.Range, share float64) gsm.Spec {
	return gsm.Spec{Family: gsm.Symbolic, Unit: gsm.Samples, Mix: []gsm.Block{
		{Ops: ops, Contexts: []string{"A"}, Share: 1 - share},
		{Ops: tail, Contexts: []string{"A"}, Share: share},
	}}
}

// microModel is the decoder of the two CPU scales: 165k parameters.
func microModel() qwen.Config {
	c, err := qwen.Size("micro", symbolicTokenizer().Size())
	if err != nil {
		panic(err) // the sizes are the project's own
	}
	return c
}

// smoke runs every notebook in minutes: the micro model, a sixth of its training on easier problems.
// The effects that need scale are not promised here, only that all parts work and learn.
func smoke(seed int64) Profile {
	t := train.Default()
	t.Steps, t.Seed, t.CheckpointEvery = 1000, seed, 100
	g := grpo.Micro()
	g.Steps, g.LR, g.Seed, g.CheckpointEvery = 30, 3e-4, seed, 5
	return Profile{
		Name: "smoke", About: "every part at work in minutes on two CPU cores; too short for the paper's effects",
		Base: Pretraining{
			Model: microModel(), Data: symbolicMix(gsm.Range{Min: 0, Max: 3}, gsm.Range{Min: 4, Max: 5}, 0.03), Split: gsm.Train,
			Target: SolutionOnly, Train: t, Seed: seed,
		},
		RL: Reinforcement{
			Data:    gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 2, Max: 3}, "A"),
			Prompts: 64, Reward: verify.Reward{Form: verify.StrictForm}, GRPO: g, Seed: seed,
		},
		Evaluation: Evaluation{
			Data: gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 6}, "A"), Split: gsm.Test,
			Problems: 96, Samples: 8, Temperature: 1, MaxTokens: 112, Seed: 1,
		},
	}
}

// micro shows the paper's effects on two CPU cores in tens of minutes (spec/micro.md).
func micro(seed int64) Profile {
	p := smoke(seed)
	p.Name, p.About = "micro", "the effects at the smallest scale that shows them: tens of minutes on two CPU cores"
	p.Base.Data = symbolicMix(gsm.Range{Min: 0, Max: 4}, gsm.Range{Min: 5, Max: 6}, 0.03)
	p.Base.Train.Steps, p.Base.Train.CheckpointEvery = 6000, 500
	p.RL.Data = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 5, Max: 6}, "A")
	p.RL.Prompts, p.RL.GRPO.Steps = 32, 100
	p.Evaluation.Data = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 8}, "A")
	p.Evaluation.Problems, p.Evaluation.Samples = 128, 32
	return p
}
