package kernelkit

import (
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/kernelkit/verify"
	"interplay/pipeline"
	"interplay/pipeline/study"
)

// Names of other packages that a notebook may need, so that it imports this one only.

// Family is a kind of problems.
type Family = gsm.Family

const (
	WordProblems = gsm.Realistic // sentences about animals, schools or films, as the paper's
	Terse        = gsm.Symbolic  // arithmetic modulo 10 in a few symbols, which small models learn in minutes
)

// Block is a part of a Mix: a range of ops in some contexts, and its share.
type Block = gsm.Block

// Problems is an even mix of a range of ops in some contexts: A and B are terse, zoo, school and movie word problems, as
// are contexts of your own (see Lab.Context).
//
//	r.Data = kernelkit.Problems(kernelkit.Ops{Min: 2, Max: 4}, "A")
func Problems(ops Ops, contexts ...string) Mix {
	family := Terse
	for _, name := range contexts {
		one := must(familyOf(name))
		if one == WordProblems {
			family = one
		}
	}
	return gsm.Uniform(family, ops, contexts...)
}

// Split is one of four parts of all problems, which have none in common.
type Split = gsm.Split

const (
	TrainSplit      = gsm.Train
	ValidationSplit = gsm.Validation
	TestSplit       = gsm.Test
	RLSplit         = gsm.RL
)

// What of a training text the loss counts (TrainRecipe.Target).
const (
	AllTokens    = pipeline.AllTokens
	SolutionOnly = pipeline.SolutionOnly
)

// RewardNamed is one of the laboratory's rewards, for RLRecipe.Reward: outcome, strict, process, mix:α or gated:α, such as
// mix:0.2. A reward of your own is a function, see Lab.Reward.
func RewardNamed(name string) verify.Reward { return must(verify.ParseReward(name)) }

// Interval is a number, its Value, with the ends of its 95 % interval, Low and High, over N problems.
type Interval = score.Interval

// Parts of a study, for those that AddBase, Branch and Expect do not reach.
type (
	Arm     = study.Arm     // a recipe that the study compares
	Step    = study.Step    // one training stage of an arm
	OpRange = study.OpRange // a named range of ops that figures and claims look at
	Claim   = study.Claim   // an effect, and the rule that it must obey
	Term    = study.Term    // a part of an effect
)

// Explanation is a verdict with what it rests on. Its fields:
//
//	Verdict  the verdict itself
//	Steps    of the text, in order: what each says, and the Class of its fault or Right
//	Nodes    of the problem's graph, in order: what the text shows of each
//
// `go doc interplay/kernelkit/verify.Explanation` says more.
type Explanation = verify.Explanation

// Explain is the judge's verdict on a solution with its reasons: each step with its class, each quantity of the graph with
// what the solution shows of it.
func (p Problem) Explain(solution string) Explanation { return verify.Explain(p.Problem, solution) }
