package pipeline

import (
	"errors"
	"fmt"
	"math"

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

// String names the function and its code.
func (o *Own[F]) String() string { return fmt.Sprintf("%s (own, code %.12s)", o.Name, o.Code) }

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

// filterTries is how many problems in a row an own filter may refuse.
const filterTries = 100_000

// errRefused says that a filter lets nothing through.
var errRefused = errors.New("expected some problem to pass")

// kept returns the problem at index i among those that pass the filter, where each index looks in a
// stretch of the source of its own, so that problem i needs no problem before it.
func kept(source *gsm.Source, filter *OwnFilter, i uint64) (*gsm.Problem, error) {
	if filter == nil {
		return source.At(i), nil
	}
	for try := range uint64(filterTries) {
		p := source.At(i*filterTries + try)
		ok, err := call(filter, p)
		if err != nil {
			return nil, err
		}
		if ok {
			return p, nil
		}
	}
	return nil, fmt.Errorf("the filter %s refuses %d problems in a row: %w", filter.Name, filterTries, errRefused)
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

// PayBy makes RL pay by a function of the user's instead of one of the lab's rewards.
func (r *Reinforcement) PayBy(own *OwnReward) {
	r.Reward, r.Own = verify.Reward{}, own
}
