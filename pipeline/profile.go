package pipeline

import (
	"slices"

	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
)

// symbolicMix is the corpus of the small scales: the lower ops evenly, and deeper ones
// ever rarer, each with its share. Without these a small model has a cliff and no edge:
// it solves nothing that is deeper than what it has seen (LAB.md).
func symbolicMix(ops gsm.Range, rarer ...float64) gsm.Spec {
	spec := gsm.Spec{Family: gsm.Symbolic, Unit: gsm.Samples}
	body := 1.0
	for i, share := range rarer {
		op := ops.Max + 1 + i
		spec.Mix = append(spec.Mix, gsm.Block{Ops: gsm.Range{Min: op, Max: op}, Contexts: []string{"A"}, Share: share})
		body -= share
	}
	spec.Mix = slices.Insert(spec.Mix, 0, gsm.Block{Ops: ops, Contexts: []string{"A"}, Share: body})
	return spec
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
		Edge: gsm.Range{Min: 4, Max: 5},
		Base: Pretraining{
			Model: microModel(), Data: symbolicMix(gsm.Range{Min: 0, Max: 3}, 0.015, 0.015), Split: gsm.Train,
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

// micro shows the paper's effects on two CPU cores in an hour or two a study (docs/scales.md, "micro").
func micro(seed int64) Profile {
	p := smoke(seed)
	p.Name, p.About = "micro", "the effects at the smallest scale that shows them: an hour or two a study on two CPU cores"
	p.Edge = gsm.Range{Min: 5, Max: 6}
	p.Base.Data = symbolicMix(gsm.Range{Min: 0, Max: 4}, 0.025, 0.0075, 0.0025)
	t := &p.Base.Train
	t.Steps, t.CheckpointEvery, t.MilestoneEvery = 4500, 500, 1500
	t.EvalEvery, t.EvalDocuments = 500, 256
	p.RL.Data = gsm.Uniform(gsm.Symbolic, p.Edge, "A")
	p.RL.Prompts, p.RL.GRPO.Steps, p.RL.GRPO.CheckpointEvery = 32, 80, 20
	p.Evaluation.Data = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 8}, "A")
	p.Evaluation.Problems, p.Evaluation.Samples = 128, 32
	return p
}
