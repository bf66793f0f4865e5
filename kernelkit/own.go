package kernelkit

import (
	"fmt"

	"interplay/kernelkit/code"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
	"interplay/pipeline"
)

// Attempt is all that a reward may look at: the Problem, the Text that the model wrote, its length in
// Tokens, and the Verdict of the judge.
type Attempt = verify.Attempt

// Verdict is what the judge says of an attempt: Strict, Answer, ProcessAcc, the first wrong step, its
// class, and counts of steps and nodes.
type Verdict = verify.Verdict

// Reward is a reward function of yours, as a part of a recipe.
type Reward = pipeline.OwnReward

// Filter is a function of yours that says which problems RL may draw.
type Filter = pipeline.OwnFilter

// Prompt is a function of yours that writes what the model reads of a problem.
type Prompt = pipeline.OwnPrompt

// Reward makes a reward of a function. Put it into a recipe:
//
//	var frugal = lab.Reward("frugal", func(a kernelkit.Attempt) float64 {
//		if !a.Verdict.Strict {
//			return 0
//		}
//		return 1 - 0.005*float64(a.Tokens)
//	})
//
//	r := lab.RLRecipe()
//	r.PayBy(frugal)
//	tuned := lab.RL("frugal", base, r)
//
// The function's code is part of the address of everything that is computed with it, with the functions,
// types and constants of yours that it uses, and without comments: when it changes, RL is computed anew, and nothing before it.
// A function that uses a variable of its surroundings does not say what it does; then give a version, and
// another one whenever you change something.
//
// Any finite number is a reward. A function that panics, or returns NaN or infinity, ends the run with the step's samples
// saved.
func (l *Lab) Reward(name string, pay func(Attempt) float64, version ...string) *Reward {
	return &Reward{Name: name, Code: codeOf("reward", name, pay, version), Call: pay}
}

// Filter makes a filter of a function: RL draws only problems for which it is true. See Reward for its code.
func (l *Lab) Filter(name string, keep func(*gsm.Problem) bool, version ...string) *Filter {
	return &Filter{Name: name, Code: codeOf("filter", name, keep, version), Call: keep}
}

// Prompt makes a prompt of a function: what the model reads instead of the problem's text and question. See Reward for its code.
func (l *Lab) Prompt(name string, write func(*gsm.Problem) string, version ...string) *Prompt {
	return &Prompt{Name: name, Code: codeOf("prompt", name, write, version), Call: write}
}

// codeOf is the address of a function: the version that the user named, or its code.
func codeOf(what, name string, function any, version []string) string {
	if len(version) > 1 {
		fail(fmt.Errorf("the %s %s has %d versions: name one", what, name, len(version)))
	}
	if len(version) == 1 {
		return "version " + version[0]
	}
	source, err := code.Of(function)
	if err != nil {
		fail(fmt.Errorf("the %s %s cannot be told apart from a changed one: %w; or name a version as its last argument, such as \"v1\", and another one when you change it", what, name, err))
	}
	return source.Digest
}
