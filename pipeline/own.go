package pipeline

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

// Own is a function that a user wrote, as a part of a recipe: by its name and its code it
// is part of the recipe's address, so that a changed function never meets the results of
// the one before. A recipe that was read from a file has no function: it can be looked
// at, and its results be found, but only the program that holds the function can run it.
type Own[F any] struct {
	Name string `json:"name"`
	Code string `json:"code"` // digest of the source (package code), or the version that the user named
	Call F      `json:"-"`
}

// OwnReward pays for an attempt. Any finite number is a reward; groups compare it.
type OwnReward = Own[func(verify.Attempt) float64]

// OwnFilter says which problems RL may draw.
type OwnFilter = Own[func(*gsm.Problem) bool]

// OwnPrompt is what the model is given to read of a problem.
type OwnPrompt = Own[func(*gsm.Problem) string]

// OwnParser reads the answer from what a model wrote: a number as text, "" where there is none. The
// judge takes it for the text's answer.
type OwnParser = Own[func(text string) string]

// OwnSampler draws the graph of a problem: a function of seed and index, and of nothing else.
type OwnSampler = Own[func(seed int64, i uint64) (*gsm.Graph, error)]

// String names the function and its code.
func (o *Own[F]) String() string { return fmt.Sprintf("%s (own, code %.12s)", o.Name, o.Code) }

// checked is check of a function that may be absent.
func checked[F any](what string, o *Own[F], missing func(F) bool) error {
	if o == nil {
		return nil
	}
	return o.check(what, missing(o.Call))
}

// ownParts are the functions of a user's, beside a reward, that a recipe may have.
type ownParts struct {
	sampler *OwnSampler
	filter  *OwnFilter
	prompt  *OwnPrompt
	parser  *OwnParser
}

// validate returns the first thing that is wrong with them.
func (p ownParts) validate(family gsm.Family) error {
	if p.sampler != nil && family != gsm.Symbolic {
		return fmt.Errorf("the sampler %s gives terse problems: expected data of the symbolic family, found %s", p.sampler.Name, family)
	}
	return errors.Join(
		checked("sampler", p.sampler, func(f func(int64, uint64) (*gsm.Graph, error)) bool { return f == nil }),
		checked("filter", p.filter, func(f func(*gsm.Problem) bool) bool { return f == nil }),
		checked("prompt", p.prompt, func(f func(*gsm.Problem) string) bool { return f == nil }),
		checked("parser", p.parser, func(f func(string) string) bool { return f == nil }))
}

// check says what is wrong with an own function; missing tells whether there is nothing to call.
func (o *Own[F]) check(what string, missing bool) error {
	switch {
	case o.Name == "":
		return fmt.Errorf("an own %s needs a name: tables and figures call it by it", what)
	case o.Code == "":
		return fmt.Errorf("the %s %s has no code, so results of different versions could not be told apart: name a version", what, o.Name)
	case missing:
		return fmt.Errorf("the %s %s is a function of the program that wrote this recipe: run it there", what, o.Name)
	}
	return nil
}

// ownReward is an OwnReward as RL takes it.
type ownReward struct{ *OwnReward }

// Validate returns the first thing that is wrong with the reward.
func (r ownReward) Validate() error { return r.check("reward", r.Call == nil) }

// Pay calls the function. A panic, and what is no finite number, are errors.
func (r ownReward) Pay(a verify.Attempt) (paid float64, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the reward %s panics: %v", r.Name, cause)
		}
	}()
	paid = r.Call(a)
	if math.IsNaN(paid) || math.IsInf(paid, 0) {
		return 0, fmt.Errorf("the reward %s gives %g: expected a finite number", r.Name, paid)
	}
	return paid, nil
}

// parsed judges by a user's parser, and remembers that it panicked.
type parsed struct {
	parser *OwnParser
	mu     sync.Mutex
	failed error
}

// judge is the verdict with the answer that the parser reads.
func (q *parsed) judge(p *gsm.Problem, text string) (v verify.Verdict, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the parser %s panics at problem %s: %v", q.parser.Name, p.ID, cause)
			v = verify.Verdict{FirstWrong: -1, Class: verify.NoAnswer}
		}
	}()
	return verify.JudgeAnswer(p, text, q.parser.Call(text)), nil
}

// verdict is judge where the error is told later, by payer.
func (q *parsed) verdict(p *gsm.Problem, text string) verify.Verdict {
	v, err := q.judge(p, text)
	if err != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.failed = err
	}
	return v
}

// payer is a reward that is not paid once the parser has failed.
type payer struct {
	grpo.Reward
	parsed *parsed
}

func (p payer) Pay(a verify.Attempt) (float64, error) {
	p.parsed.mu.Lock()
	err := p.parsed.failed
	p.parsed.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return p.Reward.Pay(a)
}

// call calls an own function of a problem; a panic is an error.
func call[T any](o *Own[func(*gsm.Problem) T], p *gsm.Problem) (out T, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s panics at problem %s: %v", o.Name, p.ID, cause)
		}
	}()
	return o.Call(p), nil
}

// promptOf is what a model reads of a problem.
func promptOf(own *OwnPrompt, p *gsm.Problem) (string, error) {
	if own == nil {
		return p.Prompt(), nil
	}
	return call(own, p)
}

// PayBy makes RL pay by a function of the user's instead of one of the lab's rewards.
func (r *Reinforcement) PayBy(own *OwnReward) {
	r.Reward, r.Own = verify.Reward{}, own
}
