package grpo

import (
	"math"
	"slices"
)

// advantageEps keeps the advantage finite where all rewards of a group are equal.
const advantageEps = 1e-6

// Advantages compares each reward with its group: (R − mean)/(std + 1e-6), with the
// sample standard deviation (arXiv 2402.03300, §4.1.2; the constants of the authors'
// code, docs/paper.md, "GRPO"), or R − mean with noStd (Dr. GRPO, arXiv 2503.20783). A group of
// fewer than two has advantages 0.
func Advantages(rewards []float64, noStd bool) []float64 {
	out := make([]float64, len(rewards))
	if len(rewards) < 2 || !varies(rewards) {
		return out
	}
	mean, std := meanStd(rewards)
	for i, r := range rewards {
		if out[i] = r - mean; !noStd {
			out[i] /= std + advantageEps
		}
	}
	return out
}

// varies reports whether two rewards differ.
func varies(rewards []float64) bool { return slices.Min(rewards) != slices.Max(rewards) }

// meanStd is the mean and the sample standard deviation (0 for fewer than two values).
func meanStd(x []float64) (mean, std float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	if len(x) < 2 {
		return mean, 0
	}
	for _, v := range x {
		std += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(std / float64(len(x)-1))
}

// tokenWeights gives the weight of a token of each completion in the loss of a
// mini-batch. lengths are the completions' learned tokens; 0 is a completion that the
// overlong filter took out.
func tokenWeights(lengths []int, how Aggregation, maxTokens int) []float64 {
	weights := make([]float64, len(lengths))
	tokens := 0
	for _, n := range lengths {
		tokens += n
	}
	for i, n := range lengths {
		if n == 0 {
			continue
		}
		switch how {
		case TokenMean:
			weights[i] = 1 / float64(tokens)
		case SequenceMean:
			weights[i] = 1 / (float64(len(lengths)) * float64(n))
		case Constant:
			weights[i] = 1 / (float64(len(lengths)) * float64(maxTokens))
		}
	}
	return weights
}
