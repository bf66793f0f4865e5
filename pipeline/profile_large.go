package pipeline

import (
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
)

// The two scales beyond the CPU: word problems of the realistic family, the
// paper's mixtures, and its hyper-parameters.

// gpu is the paper's set-up at a tenth of its size. Nobody has run it whole yet.
func gpu(seed int64) (Profile, error) {
	p, err := paper(seed)
	if err != nil {
		return p, err
	}
	p.Name, p.About = "gpu", "word problems and a 10M model on one GPU; planned, not run whole: treat its learning rates as a first guess"
	size, err := qwen.Size("10m", p.Base.Model.VocabSize)
	if err != nil {
		return p, err
	}
	p.Base.Model = size
	t := &p.Base.Train
	t.Steps, t.Accumulate, t.LR, t.MinLR, t.Warmup, t.CheckpointEvery = 4000, 4, 1e-3, 1e-4, 200, 500
	t.Recompute = false // XLA reserves 3.1 GiB so, 1.0 GiB otherwise
	g := &p.RL.GRPO
	p.RL.Prompts, g.Steps, g.MiniBatch, g.LR = 256, 100, 64, 5e-6
	p.Evaluation.Problems, p.Evaluation.Samples = 22, 32
	return p, nil
}

// paper is the paper's own scale (§§2.4, 3, A.3): 100M parameters, 10B tokens.
func paper(seed int64) (Profile, error) {
	tok, err := realisticTokenizer()
	if err != nil {
		return Profile{}, err
	}
	size, err := qwen.Size("paper", tok.Size())
	if err != nil {
		return Profile{}, err
	}
	mix, err := presets("pretrain/composition", "rl/op11-14")
	if err != nil {
		return Profile{}, err
	}
	g := grpo.Default()
	g.Seed = seed
	every := gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 20}, "zoo", "school", "movie")
	every.Reverse = 0.5
	return Profile{
		Name: "paper", About: "the paper's own scale: 100M parameters, 10B tokens; planned, not run here",
		Base: Pretraining{Model: size, Data: mix[0], Split: gsm.Train, Target: AllTokens, Train: paperTraining(seed, 10e9, 2e-4, 0.05), Seed: seed},
		Edge: gsm.Range{Min: 11, Max: 14},
		RL:   Reinforcement{Data: mix[1], Prompts: 1024, Reward: verify.Reward{Form: verify.StrictForm}, GRPO: g, Seed: seed},
		// 33 problems of each op, context and mode: 198 an op, as the authors' 200.
		Evaluation: Evaluation{Data: every, Split: gsm.Test, Problems: 33, Samples: 128, Temperature: 0.7, MaxTokens: 1024, Seed: 1},
	}, nil
}

// paperTraining is a training stage of the paper: 512K tokens a step, cosine to
// 3e-5 after a warm-up that is a share of the steps (§A.3.3).
func paperTraining(seed int64, tokens, lr, warmup float64) train.Config {
	steps := int(tokens / (512 * 1024))
	return train.Config{
		Steps: steps, Batch: 16, Accumulate: 16, Seq: 2048, LR: lr, MinLR: 3e-5, Warmup: int(warmup * float64(steps)),
		AdamW: train.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.1, Clip: 1},
		Dtype: "bfloat16", Seed: seed, CheckpointEvery: 500, Keep: 2, Recompute: true,
	}
}

// presets returns the specs of named presets.
func presets(names ...string) ([]gsm.Spec, error) {
	var specs []gsm.Spec
	for _, name := range names {
		p, err := gsm.PresetByName(name)
		if err != nil {
			return nil, err
		}
		specs = append(specs, p.Spec)
	}
	return specs, nil
}
