// Package diagnose looks at the samples of a run for what a mean hides: whether a signal
// says of a sample that it is right, or only of its problem that it is easy; which problems
// teach nothing; how far answers are right by wrong steps.
//
//	samples → Samples (correlations, problems by op) ; metrics of RL → Steps
package diagnose

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/random"
	"interplay/kernelkit/score"
)

// Sample is what is looked at of a judged sample.
type Sample struct {
	Prompt         string // the problem; samples of one problem have one value
	Op             int
	Strict, Answer bool
	Signals        map[string]float64 // by name; a sample may lack some
}

// Names of the signals that evaluation and RL log.
const (
	Length      = "length"        // tokens
	MeanLogProb = "mean log-prob" // nats a token, at temperature 1
	LogProb     = "log-prob"      // nats, of the whole completion
	Entropy     = "entropy"       // nats, mean over the tokens
	Process     = "process"       // process accuracy
)

// FromRecords are the samples of an evaluation.
func FromRecords(records []evaluate.Record) []Sample {
	out := make([]Sample, len(records))
	for i, r := range records {
		out[i] = sample(r.Prompt, r.Op, r.Strict, r.Answer, r.Tokens, r.LogProb, r.Entropy)
		out[i].Signals[Process] = r.Process
	}
	return out
}

// FromKept are the completions that RL keeps. A problem of one step is another prompt than
// the same one at a later step, where the policy is another.
func FromKept(kept []grpo.Sampled) []Sample {
	out := make([]Sample, len(kept))
	for i, r := range kept {
		out[i] = sample(r.Problem, r.Op, r.Strict, r.Answer, r.Tokens, r.LogProb, r.Entropy)
		out[i].Prompt = fmt.Sprintf("%s, step %d", r.Problem, r.Step)
	}
	return out
}

func sample(prompt string, op int, strict, answer bool, tokens int, logProb, entropy float64) Sample {
	s := Sample{Prompt: prompt, Op: op, Strict: strict, Answer: answer, Signals: map[string]float64{Length: float64(tokens), LogProb: logProb}}
	if tokens > 0 {
		s.Signals[MeanLogProb] = logProb / float64(tokens)
	}
	if entropy > 0 { // files of before have none
		s.Signals[Entropy] = entropy
	}
	return s
}

// Report is what was found.
type Report struct {
	Samples int           `json:"samples"`
	Prompts int           `json:"prompts"`
	Signals []Correlation `json:"signals,omitempty"`
	Ops     []Op          `json:"ops,omitempty"`
	Steps   []Step        `json:"steps,omitempty"` // of RL
}

// Correlation is Pearson's, of a signal with being strictly right.
type Correlation struct {
	Signal string         `json:"signal"`
	Pooled score.Interval `json:"pooled"` // over all samples: easy problems have right samples, and short ones
	// Within is over what is left when each prompt's means are taken away: whether the signal
	// tells right from wrong samples of the same problem. Prompts whose samples are all right or
	// all wrong say nothing about it. Its N is the number of the others; with fewer than two it is absent.
	Within *score.Interval `json:"within,omitempty"`
}

// Op is what the samples of the problems of an op show.
type Op struct {
	Op      int     `json:"op"`
	Prompts int     `json:"prompts"`
	Samples int     `json:"samples"`
	Strict  float64 `json:"strict"` // share of samples
	Answer  float64 `json:"answer"` // share of samples with the right answer, whatever the steps
	Lucky   float64 `json:"lucky"`  // share of right answers with wrong steps; 0 where none is right
	Dead    float64 `json:"dead"`   // share of prompts with no strictly right sample
	Solved  float64 `json:"solved"` // share of prompts with right samples only. Neither these nor the dead teach GRPO anything
}

// Step is a step of RL.
type Step struct {
	Step    int     `json:"step"`
	Reward  float64 `json:"reward"`
	Entropy float64 `json:"entropy"` // nats a token
	ZeroStd float64 `json:"zero_std"`
	Lucky   float64 `json:"lucky"`
	Length  float64 `json:"length"`
}

// Samples looks at samples. Intervals are 95 % of draws of prompts with replacement.
func Samples(all []Sample) Report {
	byPrompt := map[string][]Sample{}
	var order []string
	for _, s := range all {
		if byPrompt[s.Prompt] == nil {
			order = append(order, s.Prompt)
		}
		byPrompt[s.Prompt] = append(byPrompt[s.Prompt], s)
	}
	r := Report{Samples: len(all), Prompts: len(order)}
	groups := make([][]Sample, len(order))
	for i, id := range order {
		groups[i] = byPrompt[id]
	}
	for _, name := range []string{Length, MeanLogProb, LogProb, Entropy, Process} {
		if c, ok := correlate(name, groups); ok {
			r.Signals = append(r.Signals, c)
		}
	}
	r.Ops = byOp(groups)
	return r
}

// AddSteps adds what the log of RL shows.
func (r *Report) AddSteps(steps []grpo.Metrics) {
	for _, m := range steps {
		s := Step{Step: m.Step, Reward: m.RewardMean, Entropy: m.Entropy, ZeroStd: m.FracRewardZeroStd, Length: m.CompletionLength}
		if right := m.Confusion.RightRight + m.Confusion.RightWrong; right > 0 {
			s.Lucky = float64(m.Confusion.RightWrong) / float64(right)
		}
		r.Steps = append(r.Steps, s)
	}
}

func byOp(groups [][]Sample) (all []Op) {
	at := map[int]*Op{}
	right, lucky := map[int]float64{}, map[int]float64{}
	for _, g := range groups {
		o := at[g[0].Op]
		if o == nil {
			o = &Op{Op: g[0].Op}
			at[g[0].Op] = o
		}
		o.Prompts++
		strict := 0
		for _, s := range g {
			o.Samples++
			if s.Strict {
				strict++
			}
			if s.Answer {
				right[o.Op]++
				if !s.Strict {
					lucky[o.Op]++
				}
			}
		}
		o.Strict += float64(strict)
		switch strict {
		case 0:
			o.Dead++
		case len(g):
			o.Solved++
		}
	}
	for op, o := range at {
		o.Strict, o.Answer = o.Strict/float64(o.Samples), right[op]/float64(o.Samples)
		o.Dead, o.Solved = o.Dead/float64(o.Prompts), o.Solved/float64(o.Prompts)
		if right[op] > 0 {
			o.Lucky = lucky[op] / right[op]
		}
		all = append(all, *o)
	}
	slices.SortFunc(all, func(a, b Op) int { return a.Op - b.Op })
	return all
}

// sums are those that Pearson's correlation is made of.
type sums struct{ n, x, y, xx, yy, xy float64 }

func (s *sums) add(x, y float64) {
	s.n, s.x, s.y, s.xx, s.yy, s.xy = s.n+1, s.x+x, s.y+y, s.xx+x*x, s.yy+y*y, s.xy+x*y
}

func (s *sums) join(t sums) {
	s.n, s.x, s.y, s.xx, s.yy, s.xy = s.n+t.n, s.x+t.x, s.y+t.y, s.xx+t.xx, s.yy+t.yy, s.xy+t.xy
}

// correlation is Pearson's; false where x or y does not vary.
func (s *sums) correlation() (float64, bool) {
	xx, yy, xy := s.xx-s.x*s.x/s.n, s.yy-s.y*s.y/s.n, s.xy-s.x*s.y/s.n
	if s.n < 2 || xx <= 1e-12*max(1, s.xx) || yy <= 1e-12*max(1, s.yy) {
		return 0, false
	}
	return xy / math.Sqrt(xx*yy), true
}

// draws is how often prompts are drawn with replacement for an interval.
const draws = 1000

// correlate correlates a signal; false where no sample has it or nothing varies.
func correlate(name string, groups [][]Sample) (Correlation, bool) {
	var pooled, within []sums // of each prompt; within only of those that vary
	shift, found := 0.0, false
	for _, g := range groups {
		var x, y []float64
		for _, s := range g {
			if v, ok := s.Signals[name]; ok && !math.IsNaN(v) && !math.IsInf(v, 0) {
				if !found {
					shift, found = v, true // near the values, so that squares lose no digits
				}
				x, y = append(x, v-shift), append(y, map[bool]float64{true: 1}[s.Strict])
			}
		}
		if len(x) == 0 {
			continue
		}
		var all, rest sums
		meanX, meanY := stat.Mean(x, nil), stat.Mean(y, nil)
		for i := range x {
			all.add(x[i], y[i])
			rest.add(x[i]-meanX, y[i]-meanY)
		}
		pooled = append(pooled, all)
		if meanY > 0 && meanY < 1 {
			within = append(within, rest)
		}
	}
	c := Correlation{Signal: name}
	v, ok := interval(pooled, name+", pooled")
	if !ok {
		return c, false
	}
	c.Pooled = v
	if v, ok := interval(within, name+", within"); ok {
		c.Within = &v
	}
	return c, true
}

// interval is the correlation over prompts' sums, with percentiles of drawn prompts.
func interval(prompts []sums, purpose string) (v score.Interval, ok bool) {
	var all sums
	for _, p := range prompts {
		all.join(p)
	}
	if len(prompts) < 2 {
		return v, false
	}
	if v.Value, ok = all.correlation(); !ok {
		return v, false
	}
	var drawn []float64
	for i := range uint64(draws) {
		s := random.New(1, "diagnose/"+purpose, i)
		var some sums
		for range prompts {
			some.join(prompts[s.IntN(len(prompts))])
		}
		if r, ok := some.correlation(); ok {
			drawn = append(drawn, r)
		}
	}
	v.Low, v.High, v.N = v.Value, v.Value, len(prompts)
	if len(drawn) > 0 {
		slices.Sort(drawn)
		v.Low, v.High = stat.Quantile(0.025, stat.Empirical, drawn, nil), stat.Quantile(0.975, stat.Empirical, drawn, nil)
	}
	return v, true
}
