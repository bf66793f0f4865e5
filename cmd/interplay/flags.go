package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"interplay/kernelkit/gsm"
	"interplay/pipeline/study"
)

// Every flag that is a number has a range, and is checked when the command line is
// read: before anything is opened or allocated. Its help and its error name the range.

// Bounds that several verbs share. They are far above what anyone asks for, and low
// enough that no product of a few of them passes 64 bits.
const (
	maxProblems = 1 << 30 // problems, records
	maxSamples  = 1 << 16 // completions of a prompt
	maxRows     = 1 << 13 // completions in flight
	maxTokens   = 1 << 20 // tokens of a completion
	maxWorkers  = 1 << 8
	maxSeeds    = 1 << 10
	maxSeed     = study.MaxSeed
)

// number is the value of a flag within [low, high].
type number[T int | int64 | uint64 | float64] struct {
	value     *T
	low, high T
	orZero    bool // 0 is allowed too, though it is outside
	parse     func(text string) (T, error)
	kind      string
	given     bool
}

func (n *number[T]) expected() string {
	zero := ""
	if n.orZero {
		zero = "0 or "
	}
	return zero + brief(n.low) + " to " + brief(n.high)
}

// brief writes a large power of two as one.
func brief[T int | int64 | uint64 | float64](v T) string {
	for exponent := 20; exponent < 63; exponent++ {
		switch power := T(math.Ldexp(1, exponent)); v {
		case power:
			return fmt.Sprintf("2^%d", exponent)
		case -power:
			return fmt.Sprintf("-2^%d", exponent)
		}
	}
	return fmt.Sprint(v)
}

// Set takes the number from the command line. NaN is within no range.
func (n *number[T]) Set(text string) error {
	v, err := n.parse(text)
	if inside := v >= n.low && v <= n.high || v == 0 && n.orZero; err != nil || !inside {
		return fmt.Errorf("expected a %s, %s", n.kind, n.expected())
	}
	*n.value, n.given = v, true
	return nil
}

func (n *number[T]) String() string {
	if n.value == nil {
		return ""
	}
	return fmt.Sprint(*n.value)
}

func (n *number[T]) Type() string { return "number" }

// declare adds the flag; its default is what value holds, described by otherwise where
// the number alone does not say what happens.
func (n *number[T]) declare(flags *pflag.FlagSet, name, otherwise, usage string) {
	if otherwise == "" {
		otherwise = fmt.Sprint(*n.value)
	}
	flags.Var(n, name, fmt.Sprintf("%s (%s; default %s)", usage, n.expected(), otherwise))
	flags.Lookup(name).DefValue = "" // the line above says it
}

const wholeNumber = "whole number"

func parseInt(text string) (int, error) {
	v, err := strconv.ParseInt(text, 0, strconv.IntSize)
	return int(v), err
}

func parseInt64(text string) (int64, error)   { return strconv.ParseInt(text, 0, 64) }
func parseUint64(text string) (uint64, error) { return strconv.ParseUint(text, 0, 64) }
func parseFloat(text string) (float64, error) { return strconv.ParseFloat(text, 64) }

// whole declares a flag that is a whole number from low to high; *p is the default.
func whole(flags *pflag.FlagSet, p *int, name string, low, high int, usage string) {
	(&number[int]{value: p, low: low, high: high, parse: parseInt, kind: wholeNumber}).declare(flags, name, "", usage)
}

// wholeOr declares one that may be left out: then *p stays 0, which otherwise describes.
func wholeOr(flags *pflag.FlagSet, p *int, name, otherwise string, low, high int, usage string) {
	(&number[int]{value: p, low: low, high: high, parse: parseInt, kind: wholeNumber}).declare(flags, name, otherwise, usage)
}

// seedFlag declares a seed.
func seedFlag(flags *pflag.FlagSet, p *int64, name, usage string) {
	(&number[int64]{value: p, low: -maxSeed, high: maxSeed, parse: parseInt64, kind: wholeNumber}).declare(flags, name, "", usage)
}

// seedFlagOr declares one that may be left out: then *p stays 0.
func seedFlagOr(flags *pflag.FlagSet, p *int64, name, otherwise, usage string) {
	(&number[int64]{value: p, low: -maxSeed, high: maxSeed, parse: parseInt64, kind: wholeNumber}).declare(flags, name, otherwise, usage)
}

// fraction declares a flag that is a number from low to high.
func fraction(flags *pflag.FlagSet, p *float64, name string, low, high float64, usage string) {
	(&number[float64]{value: p, low: low, high: high, parse: parseFloat, kind: "number"}).declare(flags, name, "", usage)
}

// temperatureFlag declares the temperature of sampling. Below the least one the quotient of
// a logit would leave float32, and the most likely token is what a user means by it: 0 says so.
func temperatureFlag(flags *pflag.FlagSet, p *float64, usage string) {
	(&number[float64]{value: p, low: 0.001, high: 1000, orZero: true, parse: parseFloat, kind: "number"}).declare(flags, "temperature", "", usage)
}

// rowsFlag declares how many completions are in flight.
func rowsFlag(flags *pflag.FlagSet, p *int) {
	wholeOr(flags, p, "batch", "what suits the machine", 1, maxRows, "completions in flight; results do not depend on it")
}

// oneModel is what a verb with a model calls its argument.
const oneModel = "a model: a Hugging Face folder, or a run's name or folder"

// complete offers values of a flag to the shell.
func complete(c *cobra.Command, flag string, values ...string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is not declared
	}
}

// completeProblems offers contexts and splits.
func completeProblems(c *cobra.Command) {
	var splits []string
	for _, s := range gsm.Splits() {
		splits = append(splits, s.String())
	}
	complete(c, "split", splits...)
	complete(c, "context", append(gsm.ContextNames(gsm.Realistic), gsm.ContextNames(gsm.Symbolic)...)...)
}
