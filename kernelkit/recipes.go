package kernelkit

import (
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/pipeline"
)

// Recipes are values: take the profile's, change what you want to change, and run it. The result is
// stored under the address of all its settings, so that a changed recipe never meets the results of
// another. What a recipe is given to keeps a copy of it. A cell's variables are gone in the next cell, but its functions stay, so a recipe of your
// own is best written as a function:
//
//	func slowBase() *kernelkit.Model {
//		r := lab.TrainRecipe()
//		r.Train.LR = 1e-3
//		return lab.Train("slow", r)
//	}

// TrainRecipe is a recipe of training: of a base from scratch, or of more training of a model. Its fields:
//
//	Model    the network, see ModelConfig
//	Data     the problems, see Problems; Split, TrainSplit or RLSplit
//	Target   which tokens the loss counts, AllTokens or SolutionOnly
//	Train    Steps, Batch (rows), Seq (positions of a row), LR, MinLR, Warmup, …
//	Seed     of weights and corpus
//	Sampler, Filter, Prompt   functions of yours, see Lab.Sampler and its neighbours
//
// `go doc interplay/pipeline.Pretraining` and `go doc interplay/kernelkit/train.Config` list all.
type TrainRecipe = pipeline.Pretraining

// RLRecipe is a recipe of reinforcement learning. Its fields:
//
//	Data     the problems, see Problems; Prompts, how many of them a step
//	Reward   one of the laboratory's, see RewardNamed; PayBy makes it one of yours
//	GRPO     Steps, GroupSize (samples a prompt), LR, MaxTokens, Temperature, ClipLow, ClipHigh, KL, …
//	Seed     of the problems
//	Sampler, Filter, Prompt, Parser   functions of yours, see Lab.Sampler and its neighbours
//
// `go doc interplay/pipeline.Reinforcement` and `go doc interplay/kernelkit/grpo.Config` list all.
type RLRecipe = pipeline.Reinforcement

// EvaluationRecipe says on which held-out problems a model is judged. Its fields:
//
//	Data         the problems, see Problems: each op of each context gets Problems of them
//	Problems     of each op and context; Samples, of each problem
//	Temperature  of sampling, 0 for the likeliest token; MaxTokens of a sample
//	Seed         of problems and samples
//	Sampler, Filter, Prompt, Parser   functions of yours, see Lab.Sampler and its neighbours
type EvaluationRecipe = pipeline.Evaluation

// RejectionRecipe is a recipe of rejection fine-tuning: the model samples problems of RL and is trained on those of its
// own solutions that a reward pays in full. Its fields:
//
//	Data, Problems, Samples   the problems, how many, and the solutions of each
//	Reward   one of the laboratory's; PayBy makes it one of yours, which keeps what it pays 1 or more
//	Train    as in TrainRecipe
//	Sampler, Filter, Prompt, Parser   functions of yours, see Lab.Sampler and its neighbours
//
// `go doc interplay/pipeline.Rejection` lists all.
type RejectionRecipe = pipeline.Rejection

// ModelConfig is the network: hidden size, layers, heads, and so on.
type ModelConfig = qwen.Config

// Ops is a range of operation counts, both ends included.
type Ops = gsm.Range

// Mix describes problems: what they are drawn from, in which shares.
type Mix = gsm.Spec

// TrainRecipe is the profile's recipe of pre-training, to be changed and given to Train.
func (l *Lab) TrainRecipe() TrainRecipe { return l.profile.Base.Clone() }

// RLRecipe is the profile's recipe of reinforcement learning, to be changed and given to RL.
func (l *Lab) RLRecipe() RLRecipe { return l.profile.RL.Clone() }

// RejectionRecipe is rejection fine-tuning on as many problems and samples as the profile's RL has, paid as RL is and
// trained as the base is, for a tenth of its steps; to be changed and given to Reject or to a study's Branch.
func (l *Lab) RejectionRecipe() RejectionRecipe {
	rl, t := l.RLRecipe(), l.profile.Base.Train.WithoutHeldOut()
	t.Steps = max(1, t.Steps/10)
	t.Warmup = min(t.Warmup, t.Steps/10)
	return RejectionRecipe{Data: rl.Data, Problems: rl.Prompts * rl.GRPO.Steps, Samples: rl.GRPO.GroupSize, Temperature: rl.GRPO.Temperature,
		MaxTokens: rl.GRPO.MaxTokens, Reward: rl.Reward, Train: t, Seed: rl.Seed}
}

// EvaluationRecipe is the profile's recipe of evaluation, to be changed and given to EvaluateWith.
func (l *Lab) EvaluationRecipe() EvaluationRecipe { return l.profile.Evaluation.Clone() }

// Profile is the scale that the lab works at. It is a copy: to train with other numbers change a recipe, see
// TrainRecipe.
func (l *Lab) Profile() pipeline.Profile {
	return must(pipeline.ProfileByName(l.profile.Name, l.profile.Base.Seed))
}

// Train trains a model from scratch by a recipe, or returns it where that was done before. The label
// is what tables and figures call it.
func (l *Lab) Train(label string, r TrainRecipe) *Model {
	r = r.Clone()
	check(r.Validate())
	return l.model(label, pipeline.Pretrain(label, r, nil))
}

// TrainOn goes on training a model by a recipe: mid-training or fine-tuning. The recipe's Model is ignored.
func (l *Lab) TrainOn(label string, from *Model, r TrainRecipe) *Model {
	r = r.Clone()
	r.Model = from.config()
	check(r.Validate())
	return l.model(label, pipeline.Pretrain(label, r, from.stage))
}

// RL trains a model further by reinforcement learning, or returns it where that was done before.
func (l *Lab) RL(label string, from *Model, r RLRecipe) *Model {
	r = r.Clone()
	check(r.Validate())
	m := l.model(label, pipeline.Reinforce(label, r, from.stage))
	m.rl = &r
	return m
}

// Reject trains a model further on its own right solutions, or returns it where that was done before.
func (l *Lab) Reject(label string, from *Model, r RejectionRecipe) *Model {
	r = r.Clone()
	check(r.Validate())
	return l.model(label, pipeline.Reject(label, r, from.stage))
}

// EvaluateWith samples a model on held-out problems by a recipe, and judges every sample.
func (l *Lab) EvaluateWith(m *Model, r EvaluationRecipe) *Evaluation {
	r = r.Clone()
	check(r.Validate())
	s := pipeline.Evaluate("evaluation of the model "+m.Label, r, m.stage)
	e := &Evaluation{Model: m, Recipe: r, lab: l, stage: s, done: l.run(s)}
	e.read()
	return e
}

// check ends the cell where a setting is wrong.
func check(err error) {
	if err != nil {
		fail(err)
	}
}
