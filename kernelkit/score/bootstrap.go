package score

import (
	"fmt"
	"slices"

	"interplay/kernelkit/random"
)

// Bootstrap says how intervals over prompts are made: resample the prompts with
// replacement Draws times, recompute the statistic, and take the percentiles that
// leave (1 − Level)/2 on either side. Efron and Tibshirani, An Introduction to the
// Bootstrap (1993), §13.3.
//
// Draw number b takes its prompts from the addressed stream (Seed,
// "score/bootstrap", b), so the same prompts and seed give the same interval on
// every machine. Percentiles interpolate linearly between order statistics
// (Hyndman and Fan's type 7).
//
// Where every prompt has the same value 0 or 1, resampling sees no spread and
// would claim certainty. The bound is then Wilson's for 0 or n successes in n.
type Bootstrap struct {
	Draws int     // resamples; the bounds of 2,000 vary by a few hundredths of the interval's width
	Level float64 // confidence level, in (0, 1)
	Seed  int64
}

// DefaultBootstrap is what the tables and figures use: 95 % intervals from 2,000 draws.
func DefaultBootstrap() Bootstrap { return Bootstrap{Draws: 2000, Level: Confidence, Seed: 1} }

// Validate returns an error when Draws is below 100 or Level is not in (0, 1).
func (b Bootstrap) Validate() error {
	if b.Draws < 100 {
		return fmt.Errorf("score: a bootstrap of %d draws, want at least 100", b.Draws)
	}
	return checkLevel(b.Level)
}

// table is what a bootstrap resamples: one row of column values for each prompt,
// rows of one stratum side by side. A statistic sees only column sums.
type table struct {
	cols   int
	rows   []float64 // [prompts, cols]
	strata []int     // number of rows of each stratum; they sum to the number of prompts
}

func newTable(prompts, cols int) *table {
	return &table{cols: cols, rows: make([]float64, prompts*cols)}
}

func (t *table) row(i int) []float64 { return t.rows[i*t.cols : (i+1)*t.cols] }

// resample calls visit with the column sums of each draw. The sums are reused.
// Cost: draws × prompts × cols additions; one draw serves all columns, so that
// a curve over k is resampled as one.
func (t *table) resample(b Bootstrap, visit func(draw int, sums []float64)) {
	sums := make([]float64, t.cols)
	for draw := range b.Draws {
		clear(sums)
		stream := random.From(random.Key(b.Seed, "score/bootstrap", uint64(draw)))
		start := 0
		for _, n := range t.strata {
			for range n {
				row := t.row(start + stream.IntN(n))
				for c := range sums {
					sums[c] += row[c]
				}
			}
			start += n
		}
		visit(draw, sums)
	}
}

// means returns the mean of each column with its interval.
func (t *table) means(b Bootstrap) []Interval {
	n := len(t.rows) / t.cols
	draws := make([][]float64, t.cols)
	for c := range draws {
		draws[c] = make([]float64, b.Draws)
	}
	t.resample(b, func(draw int, sums []float64) {
		for c, s := range sums {
			draws[c][draw] = s / float64(n)
		}
	})
	out := make([]Interval, t.cols)
	for c := range out {
		if first := t.rows[c]; t.constant(c) && (first == 0 || first == 1) {
			out[c] = wilson(first, n, b.Level)
			continue
		}
		sum := 0.0
		for i := range n {
			sum += t.row(i)[c]
		}
		out[c] = percentile(sum/float64(n), draws[c], n, b.Level)
	}
	return out
}

// constant reports whether all rows have the same value in a column.
func (t *table) constant(col int) bool {
	for i := col; i < len(t.rows); i += t.cols {
		if t.rows[i] != t.rows[col] {
			return false
		}
	}
	return true
}

// percentile makes an interval around value from the draws, which it sorts.
func percentile(value float64, draws []float64, n int, level float64) Interval {
	slices.Sort(draws)
	tail := (1 - level) / 2
	return Interval{value, quantile(draws, tail), quantile(draws, 1-tail), n}
}

// quantile returns the q-quantile of sorted values, interpolated linearly.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// strataOf returns the lengths of the runs of equal op. It needs prompts sorted by op.
func strataOf(prompts []Prompt) []int {
	var strata []int
	for i, p := range prompts {
		if i == 0 || p.Op != prompts[i-1].Op {
			strata = append(strata, 0)
		}
		strata[len(strata)-1]++
	}
	return strata
}

// Mean returns the mean of a per-prompt quantity with its bootstrap interval, each
// op resampled within itself; an op of a single prompt adds no spread. It returns
// ErrNoData when there are no prompts.
func Mean(prompts []Prompt, quantity func(*Prompt) float64, b Bootstrap) (Interval, error) {
	t, err := tabulate(prompts, b, 1, func(p *Prompt, row []float64) error {
		row[0] = quantity(p)
		return nil
	})
	if err != nil {
		return Interval{}, err
	}
	return t.means(b)[0], nil
}

// ProcessAcc is the quantity for Mean that gives the mean process accuracy of the samples.
func ProcessAcc(p *Prompt) float64 { return p.Process }

// tabulate fills a table with one row a prompt, sorted as Summarise sorts.
func tabulate(prompts []Prompt, b Bootstrap, cols int, fill func(p *Prompt, row []float64) error) (*table, error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	if len(prompts) == 0 || cols == 0 {
		return nil, ErrNoData
	}
	if !slices.IsSortedFunc(prompts, comparePrompts) {
		prompts = slices.Clone(prompts)
		slices.SortStableFunc(prompts, comparePrompts)
	}
	t := newTable(len(prompts), cols)
	t.strata = strataOf(prompts)
	for i := range prompts {
		if err := fill(&prompts[i], t.row(i)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Share returns Σ part / Σ whole over prompts with its bootstrap interval: the
// share of right answers that come by a wrong process, say, where a prompt counts
// by its number of right answers. The interval is that of the ratio estimator
// (both sums are resampled together). It returns ErrNoData when Σ whole is 0.
func Share(prompts []Prompt, part, whole func(*Prompt) float64, b Bootstrap) (Interval, error) {
	t, err := tabulate(prompts, b, 2, func(p *Prompt, row []float64) error {
		row[0], row[1] = part(p), whole(p)
		return nil
	})
	if err != nil {
		return Interval{}, err
	}
	return t.ratio(b)
}

// ratio returns column 0's sum over column 1's, with its interval. Draws whose
// denominator is 0 say nothing and are left out.
func (t *table) ratio(b Bootstrap) (Interval, error) {
	n := len(t.rows) / t.cols
	num, den := 0.0, 0.0
	for i := range n {
		num += t.row(i)[0]
		den += t.row(i)[1]
	}
	if den == 0 {
		return Interval{}, fmt.Errorf("%w with a whole above 0", ErrNoData)
	}
	draws := make([]float64, 0, b.Draws)
	t.resample(b, func(_ int, sums []float64) {
		if sums[1] != 0 {
			draws = append(draws, sums[0]/sums[1])
		}
	})
	return percentile(num/den, draws, n, b.Level), nil
}

// Lucky is the share of right answers whose process is wrong: reward hacking
// under an outcome reward (paper §6). ErrNoData when no answer is right.
func Lucky(prompts []Prompt, b Bootstrap) (Interval, error) {
	return Share(prompts,
		func(p *Prompt) float64 { return float64(p.Answer - p.Strict) },
		func(p *Prompt) float64 { return float64(p.Answer) }, b)
}
