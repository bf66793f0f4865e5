package score

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"interplay/kernelkit/random"
)

// Seeds is what a recipe scored on the same held-out prompts when it was run with
// several seeds: the prompts of each seed.
type Seeds map[int64][]Prompt

// InOps keeps the prompts with lo ≤ op ≤ hi of every seed.
func (s Seeds) InOps(lo, hi int) Seeds {
	out := Seeds{}
	for seed, prompts := range s {
		out[seed] = InOps(prompts, lo, hi)
	}
	return out
}

// Measure is what a term measures, as a ratio of two sums over prompts: a mean has
// the whole 1, a share among right answers has their number.
type Measure func(p *Prompt) (part, whole float64, err error)

// Pass is the measure of pass@k.
func Pass(k int, by Judgement, est Estimator) Measure {
	return func(p *Prompt) (float64, float64, error) {
		v, err := p.PassAtK(k, by, est)
		return v, 1, err
	}
}

// LuckyShare is the measure of the share of right answers whose process is wrong.
func LuckyShare(p *Prompt) (part, whole float64, err error) {
	return float64(p.Answer - p.Strict), float64(p.Answer), nil
}

// NLL is the measure of nats a token of gold solutions (see TextNLL).
func NLL(p *Prompt) (part, whole float64, err error) { return p.NLL, float64(p.Scored), nil }

// Term is a part of a contrast: Weight times a measure of what one recipe scored.
type Term struct {
	Weight  float64
	Scores  Seeds
	Measure Measure
}

// Contrast returns Σ weight · (Σ part / Σ whole) over terms, such as pass@1 after
// minus before, with its interval over seeds and prompts together. Both are random:
// another seed gives another model, another test set other prompts. Each draw of the
// bootstrap takes seeds with replacement and, within each op, prompts with
// replacement, and applies the same choice to all terms (the pigeonhole bootstrap:
// A. B. Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1 (2007), §3).
// So terms are paired by seed and by prompt.
//
// Of n seeds a draw takes n − 1, which makes the variance over seeds unbiased where
// n is small (Rao and Wu, Resampling inference with complex survey data, JASA 83
// (1988), §2). Percentiles of two or three seeds are still rough: they know no more
// than those seeds show. With one seed the interval is over prompts alone.
//
// Seeds that a term lacks are left out of all, so that a failed run costs its seed
// only. It returns the seeds that counted. ErrNoData when no seed is common to all
// terms, or when a term's whole is 0.
func Contrast(terms []Term, b Bootstrap) (Interval, []int64, error) {
	if err := b.Validate(); err != nil {
		return Interval{}, nil, err
	}
	x, err := cross(terms)
	if err != nil {
		return Interval{}, nil, err
	}
	value, ok := x.value(x.ones(len(x.seeds)), x.ones(len(x.ids)))
	if !ok {
		return Interval{}, x.seeds, fmt.Errorf("%w with a whole above 0", ErrNoData)
	}
	draws := make([]float64, 0, b.Draws)
	bySeed, byPrompt := make([]float64, len(x.seeds)), make([]float64, len(x.ids))
	for draw := range b.Draws {
		x.draw(random.From(random.Key(b.Seed, "score/contrast", uint64(draw))), bySeed, byPrompt)
		if v, ok := x.value(bySeed, byPrompt); ok {
			draws = append(draws, v)
		}
	}
	if len(draws) == 0 {
		return Interval{}, x.seeds, fmt.Errorf("%w with a whole above 0 in any resample", ErrNoData)
	}
	i := percentile(value, draws, len(x.ids), b.Level)
	if i.Low == i.High { // resampling saw no spread, such as nothing solved on either side
		w := wilson(0, len(x.ids), b.Level).High
		i.Low, i.High = value-w, value+w
		if len(terms) == 1 && terms[0].Weight == 1 { // a share
			i.Low, i.High = math.Max(0, i.Low), math.Min(1, i.High)
		}
	}
	return i, x.seeds, nil
}

// crossed is the table of a contrast: the sums that seed s and prompt p give to term t.
type crossed struct {
	weights []float64
	seeds   []int64
	ids     []string
	strata  []int // number of prompts of each op; ids are sorted by op

	part, whole [][]float64 // [term][seed·prompts + prompt]
}

func (*crossed) ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

func cross(terms []Term) (*crossed, error) {
	x := &crossed{}
	ops := map[string]int{}
	for i, t := range terms {
		seeds := slices.Sorted(maps.Keys(t.Scores))
		if i > 0 {
			seeds = slices.DeleteFunc(seeds, func(s int64) bool { return !slices.Contains(x.seeds, s) })
		}
		x.seeds = seeds
		x.weights = append(x.weights, t.Weight)
		for _, prompts := range t.Scores {
			for _, p := range prompts {
				ops[p.ID] = p.Op
			}
		}
	}
	if len(x.seeds) == 0 || len(ops) == 0 {
		return nil, fmt.Errorf("%w that all terms of the contrast have in common", ErrNoData)
	}
	x.ids = slices.Sorted(maps.Keys(ops))
	slices.SortStableFunc(x.ids, func(a, b string) int { return ops[a] - ops[b] })
	place := map[string]int{}
	for i, id := range x.ids {
		place[id] = i
		if i == 0 || ops[id] != ops[x.ids[i-1]] {
			x.strata = append(x.strata, 0)
		}
		x.strata[len(x.strata)-1]++
	}
	return x, x.fill(terms, place)
}

func (x *crossed) fill(terms []Term, place map[string]int) error {
	n := len(x.ids)
	for _, t := range terms {
		part, whole := make([]float64, len(x.seeds)*n), make([]float64, len(x.seeds)*n)
		for s, seed := range x.seeds {
			prompts := t.Scores[seed]
			for i := range prompts {
				at := s*n + place[prompts[i].ID]
				var err error
				if part[at], whole[at], err = t.Measure(&prompts[i]); err != nil {
					return fmt.Errorf("seed %d: %w", seed, err)
				}
			}
		}
		x.part, x.whole = append(x.part, part), append(x.whole, whole)
	}
	return nil
}

// draw chooses how often each seed and each prompt counts.
func (x *crossed) draw(stream random.Stream, bySeed, byPrompt []float64) {
	clear(bySeed)
	clear(byPrompt)
	for range max(1, len(x.seeds)-1) {
		bySeed[stream.IntN(len(x.seeds))]++
	}
	start := 0
	for _, n := range x.strata {
		for range n {
			byPrompt[start+stream.IntN(n)]++
		}
		start += n
	}
}

// value is the contrast for given counts of seeds and prompts; false when a term has nothing to divide by.
func (x *crossed) value(bySeed, byPrompt []float64) (float64, bool) {
	total := 0.0
	for t, weight := range x.weights {
		part, whole := 0.0, 0.0
		for s, count := range bySeed {
			if count == 0 {
				continue
			}
			row, of := x.part[t][s*len(x.ids):(s+1)*len(x.ids)], x.whole[t][s*len(x.ids):(s+1)*len(x.ids)]
			for p, times := range byPrompt {
				if times != 0 {
					part += count * times * row[p]
					whole += count * times * of[p]
				}
			}
		}
		if whole == 0 {
			return 0, false
		}
		total += weight * part / whole
	}
	if math.Abs(total) < 1e-15 { // rounding of equal terms
		total = 0
	}
	return total, true
}
