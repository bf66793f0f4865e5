package study

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"interplay/kernelkit/score"
	"interplay/pipeline"
)

// Law is a regression over many pairs of arms: by how much pass@1 rises from one arm of a
// pair to the other, over what the first can do. Its points are the pairs on each op of a
// range:
//
//	gain = a + Σ b·x, x the measures On of the arm before
//
// A claim is made about one coefficient. It is fitted by least squares for each seed alone,
// and the interval of a coefficient is Student's t over the seeds: seeds are independent,
// points of one seed are not.
//
// What is measured with noise and stands on both sides would give a slope of its own: a base
// that was lucky on its problems seems to gain less. So the base in x and the base in the
// gain are measured on different halves of the problems, each way round once.
type Law struct {
	ID     string    `json:"id"`
	Says   string    `json:"says"`
	Pairs  []Pair    `json:"pairs"`
	Range  string    `json:"range"`
	On     []Measure `json:"on"` // pass@1, pass@k or headroom
	Of     Measure   `json:"of"` // the coefficient that the rule is about
	Rule   Rule      `json:"rule"`
	Source string    `json:"source,omitempty"`
}

// Pair is an arm and what became of it.
type Pair struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// Headroom is pass@k − pass@1, k all samples of a problem: what many samples find and one
// does not. Laws only.
const Headroom Measure = "headroom"

// with is the law with a claim about one of its coefficients.
func (l Law) with(id, says string, of Measure, rule Rule) Law {
	l.ID, l.Says, l.Of, l.Rule, l.Source = id, says, of, rule, "beyond the paper"
	return l
}

// Fit is a law with what was found.
type Fit struct {
	Law
	Constant     score.Interval   `json:"constant"`
	Coefficients []score.Interval `json:"coefficients"` // in the order of On: points gained for each point
	Points       int              `json:"points"`       // of a seed
	Seeds        []int64          `json:"seeds"`
	Explained    float64          `json:"explained"` // R², mean over seeds
	Predicted    float64          `json:"predicted"` // R² of each seed by the law of the others, mean; below 0: worse than their mean
	Verdict      Verdict          `json:"verdict"`
	Note         string           `json:"note,omitempty"` // why there is no value
}

// Coefficient is the one that the law's rule is about.
func (f *Fit) Coefficient() score.Interval {
	if len(f.Coefficients) == 0 {
		return score.Interval{}
	}
	return f.Coefficients[slices.Index(f.On, f.Of)]
}

// Fits fits the study's laws on what its arms scored.
func (s *Study) Fits(scores Scores) (all []Fit, err error) {
	for _, l := range s.Laws {
		f, err := s.fit(l, scores)
		if err != nil {
			return nil, fmt.Errorf("law %s: %w", l.ID, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// points are what a law is fitted to: a row of x and a gain each.
type points struct {
	x    [][]float64 // [points][1 + predictors], the first being 1
	gain []float64
}

func (s *Study) fit(l Law, scores Scores) (f Fit, err error) {
	f = Fit{Law: l, Verdict: NotResolved}
	var bySeed []points
	var fits [][]float64
	for _, seed := range s.commonSeeds(l, scores) {
		p, err := s.points(l, scores, seed)
		if err != nil {
			return f, err
		}
		b, ok := leastSquares(p)
		if !ok {
			continue
		}
		f.Seeds, bySeed, fits = append(f.Seeds, seed), append(bySeed, p), append(fits, b)
		f.Points = len(p.gain)
	}
	if len(fits) < 2 {
		f.Note = fmt.Sprintf("a law needs two seeds on which its arms differ enough to be fitted, found %d", len(fits))
		return f, nil
	}
	for k := range len(l.On) + 1 {
		var values []float64
		for _, b := range fits {
			values = append(values, b[k])
		}
		v := pipeline.Rounded(overSeeds(values))
		if k == 0 {
			f.Constant = v
		} else {
			f.Coefficients = append(f.Coefficients, v)
		}
	}
	for i, p := range bySeed {
		f.Explained += explained(p, fits[i]) / float64(len(fits))
		others := points{}
		for j, q := range bySeed {
			if j != i {
				others.x, others.gain = append(others.x, q.x...), append(others.gain, q.gain...)
			}
		}
		b, _ := leastSquares(others) // each of them could be fitted
		f.Predicted += explained(p, b) / float64(len(fits))
	}
	f.Explained, f.Predicted = math.Round(1e6*f.Explained)/1e6, math.Round(1e6*f.Predicted)/1e6
	f.Verdict = l.judge(f.Coefficient())
	return f, nil
}

// judge gives the verdict that the rule demands for an interval.
func (l *Law) judge(v score.Interval) Verdict {
	if l.Rule.Direction == Below {
		v.Low, v.High = 2*l.Rule.Threshold-v.High, 2*l.Rule.Threshold-v.Low
	}
	switch {
	case v.Low > l.Rule.Threshold:
		return Agrees
	case v.High <= l.Rule.Threshold:
		return Contradicts
	}
	return NotResolved
}

// commonSeeds are the seeds that all arms of a law have.
func (s *Study) commonSeeds(l Law, scores Scores) (common []int64) {
	for i, p := range l.Pairs {
		for _, arm := range []string{p.Before, p.After} {
			seeds := slices.Sorted(maps.Keys(scores[arm]))
			if i == 0 && arm == p.Before {
				common = seeds
			}
			common = slices.DeleteFunc(common, func(x int64) bool { return !slices.Contains(seeds, x) })
		}
	}
	return common
}

// points are a law's points of one seed: each pair on each op, twice (see Law).
func (s *Study) points(l Law, scores Scores, seed int64) (p points, err error) {
	r, _ := s.Range(l.Range)
	for _, pair := range l.Pairs {
		before, after := r.of(scores[pair.Before])[seed], r.of(scores[pair.After])[seed]
		for op := r.Ops.Min; op <= r.Ops.Max; op++ {
			halves, all := [2][]score.Prompt{}, score.InOps(after, op, op)
			for i, prompt := range score.InOps(before, op, op) {
				halves[i%2] = append(halves[i%2], prompt)
			}
			if len(halves[1]) == 0 || len(all) == 0 {
				continue
			}
			end, err := s.mean(all, Pass1)
			if err != nil {
				return p, err
			}
			for i := range halves {
				start, err := s.mean(halves[1-i], Pass1)
				if err != nil {
					return p, err
				}
				row := []float64{1}
				for _, m := range l.On {
					x, err := s.mean(halves[i], m)
					if err != nil {
						return p, err
					}
					row = append(row, x)
				}
				p.x, p.gain = append(p.x, row), append(p.gain, end-start)
			}
		}
	}
	return p, nil
}

// mean is a measure of a law over prompts.
func (s *Study) mean(prompts []score.Prompt, m Measure) (sum float64, err error) {
	k := s.Evaluation.Samples
	for i := range prompts {
		one, err := prompts[i].PassAtK(1, score.Strict, score.Unbiased)
		if err != nil {
			return 0, err
		}
		many, err := prompts[i].PassAtK(k, score.Strict, score.Unbiased)
		if err != nil {
			return 0, err
		}
		sum += map[Measure]float64{Pass1: one, PassK: many, Headroom: many - one}[m] / float64(len(prompts))
	}
	return sum, nil
}

// leastSquares fits the gains; false where the points do not determine it.
func leastSquares(p points) ([]float64, bool) {
	if len(p.x) == 0 || len(p.x) <= len(p.x[0]) {
		return nil, false
	}
	x := mat.NewDense(len(p.x), len(p.x[0]), nil)
	for i, row := range p.x {
		x.SetRow(i, row)
	}
	var b mat.VecDense
	var qr mat.QR
	qr.Factorize(x)
	if err := qr.SolveVecTo(&b, false, mat.NewVecDense(len(p.gain), p.gain)); err != nil { // as near to singular as error says
		return nil, false
	}
	return b.RawVector().Data, true
}

// explained is R² of the points under coefficients; 1 where there is nothing to explain.
func explained(p points, b []float64) float64 {
	mean, rest, all := stat.Mean(p.gain, nil), 0.0, 0.0
	for i, row := range p.x {
		e, d := p.gain[i], p.gain[i]-mean
		for k, x := range row {
			e -= b[k] * x
		}
		rest, all = rest+e*e, all+d*d
	}
	if all == 0 {
		return 1
	}
	return 1 - rest/all
}

// overSeeds is the mean of independent values with Student's interval.
func overSeeds(values []float64) score.Interval {
	n := float64(len(values))
	mean, sd := stat.MeanStdDev(values, nil)
	half := sd / math.Sqrt(n) * distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile((1+score.Confidence)/2)
	return score.Interval{Value: mean, Low: mean - half, High: mean + half, N: len(values)}
}

func (s *Study) validateLaw(l Law) error {
	if len(l.Pairs) == 0 || len(l.On) == 0 || !slices.Contains(l.On, l.Of) {
		return fmt.Errorf("it has %d pairs, is on %v and about %q: expected pairs of arms, and to be about one of the measures that it is on", len(l.Pairs), l.On, l.Of)
	}
	for _, m := range l.On {
		if m != Pass1 && m != PassK && m != Headroom {
			return fmt.Errorf("unknown measure %q: expected pass@1, pass@k or headroom", m)
		}
	}
	for _, p := range l.Pairs {
		for _, arm := range []string{p.Before, p.After} {
			a, ok := s.Arm(arm)
			if !ok {
				return fmt.Errorf("there is no arm %q", arm)
			}
			e := s.evaluationOf(a)
			if k := s.Evaluation.Samples; e.Samples < k {
				return fmt.Errorf("the arm %q has %d samples a problem: expected at least %d, as the study's evaluation has", arm, e.Samples, k)
			}
			if e.Problems < 2 {
				return fmt.Errorf("the arm %q is evaluated on %d problem of each op: expected at least 2, since a base is measured on two halves of them", arm, e.Problems)
			}
		}
	}
	if r, ok := s.Range(l.Range); !ok || !evaluates(s.Evaluation.Data, r.Ops) {
		return fmt.Errorf("there is no range %q that the study evaluates", l.Range)
	}
	if l.Rule.Direction != Above && l.Rule.Direction != Below {
		return fmt.Errorf("its rule is %q: expected above or below", l.Rule)
	}
	return nil
}
