package score

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Sample is one judged completion of a prompt.
type Sample struct {
	Prompt  string  `json:"prompt" parquet:"prompt,dict"`   // identity of the prompt, unique over ops, modes and contexts
	Op      int     `json:"op" parquet:"op"`                // arithmetic operations of the problem
	Mode    string  `json:"mode" parquet:"mode,dict"`       // forward or reverse
	Context string  `json:"context" parquet:"context,dict"` // the words that the problem is told in
	Rank    int     `json:"rank" parquet:"rank"`            // 0, 1, …: which of the prompt's samples this is
	Strict  bool    `json:"strict" parquet:"strict"`        // answer right and every step right (VerifiedCorrect, paper §A.4)
	Answer  bool    `json:"answer" parquet:"answer"`        // answer right, whatever the steps
	Process float64 `json:"process" parquet:"process"`      // share of gold nodes that are right, in [0, 1] (ProcessAcc, paper §A.4)
	Class   string  `json:"class" parquet:"class,dict"`     // class of the first wrong step; empty when no step is wrong
}

// Prompt is what is left of a prompt's samples once they are counted. It is all
// that the scores of this package need.
type Prompt struct {
	ID      string `json:"id"`
	Op      int    `json:"op"`
	Mode    string `json:"mode"`
	Context string `json:"context"`

	N           int     `json:"n"`            // samples
	Strict      int     `json:"strict"`       // samples with right answer and right process
	Answer      int     `json:"answer"`       // samples with right answer
	Slip        int     `json:"slip"`         // samples with every step right and a wrong answer
	FirstStrict int     `json:"first_strict"` // place, in order of rank, of the first strict sample; N when there is none
	FirstAnswer int     `json:"first_answer"` // place of the first right answer; N when there is none
	Process     float64 `json:"process"`      // mean process accuracy

	NLL    float64 `json:"nll,omitempty"`    // of the gold solution, nats, summed over its tokens
	Scored int     `json:"scored,omitempty"` // these tokens; 0 where the likelihood was not measured
}

var (
	// ErrNoData says that a score was asked of nothing.
	ErrNoData = errors.New("score: no prompts")
	// ErrK says that pass@k was asked for a k below 1 or above the number of samples.
	ErrK = errors.New("score: k out of range")
	// ErrSample says that samples contradict each other or carry impossible values.
	ErrSample = errors.New("score: bad sample")
	// ErrUnpaired says that a paired comparison was given different prompts.
	ErrUnpaired = errors.New("score: prompts do not pair")
)

// Summarise counts the samples of each prompt. The order of the samples does not
// matter: prompts come back sorted by op, context, mode and ID, so that a
// bootstrap over them is the same however the records were written.
//
// It returns ErrSample when a prompt appears with two ops, modes or contexts, when
// a rank appears twice or is negative, when process accuracy is outside [0, 1], or
// when a sample is called strict without a right answer and a right process.
func Summarise(samples []Sample) ([]Prompt, error) {
	for i := range samples {
		if err := samples[i].check(); err != nil {
			return nil, err
		}
	}
	groups, ok := runs(samples)
	if !ok {
		samples = slices.Clone(samples)
		slices.SortStableFunc(samples, func(a, b Sample) int { return cmp.Compare(a.Prompt, b.Prompt) })
		groups, _ = runs(samples)
	}
	slices.SortFunc(groups, func(a, b []Sample) int { return cmp.Compare(a[0].Prompt, b[0].Prompt) })
	prompts := make([]Prompt, 0, len(groups))
	for _, group := range groups {
		p, err := count(group)
		if err != nil {
			return nil, err
		}
		prompts = append(prompts, p)
	}
	slices.SortStableFunc(prompts, comparePrompts)
	return prompts, nil
}

// runs splits samples where the prompt changes; false when the samples of a prompt do not stand together.
func runs(samples []Sample) (groups [][]Sample, together bool) {
	seen := make(map[string]bool, len(samples)/8)
	for start, i := 0, 1; i <= len(samples); i++ {
		if i < len(samples) && samples[i].Prompt == samples[start].Prompt {
			continue
		}
		if id := samples[start].Prompt; seen[id] {
			return nil, false
		} else {
			seen[id] = true
		}
		groups = append(groups, samples[start:i])
		start = i
	}
	return groups, true
}

func comparePrompts(a, b Prompt) int {
	return cmp.Or(cmp.Compare(a.Op, b.Op), cmp.Compare(a.Context, b.Context), cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.ID, b.ID))
}

func (s *Sample) check() error {
	switch {
	case s.Rank < 0:
		return fmt.Errorf("%w: prompt %q has rank %d, want 0 or more", ErrSample, s.Prompt, s.Rank)
	case !(s.Process >= 0 && s.Process <= 1):
		return fmt.Errorf("%w: prompt %q rank %d has process accuracy %v, want a number from 0 to 1", ErrSample, s.Prompt, s.Rank, s.Process)
	case s.Strict && !(s.Answer && s.Process == 1):
		return fmt.Errorf("%w: prompt %q rank %d is strict with answer right %t and process accuracy %v; strict needs a right answer and process accuracy 1",
			ErrSample, s.Prompt, s.Rank, s.Answer, s.Process)
	}
	return nil
}

// count summarises the samples of one prompt, in order of rank.
func count(samples []Sample) (Prompt, error) {
	byRank := func(a, b Sample) int { return cmp.Compare(a.Rank, b.Rank) }
	if !slices.IsSortedFunc(samples, byRank) {
		samples = slices.Clone(samples)
		slices.SortFunc(samples, byRank)
	}
	first := samples[0]
	n := len(samples)
	p := Prompt{ID: first.Prompt, Op: first.Op, Mode: first.Mode, Context: first.Context, N: n, FirstStrict: n, FirstAnswer: n}
	for i := range samples {
		s := &samples[i]
		if s.Op != p.Op || s.Mode != p.Mode || s.Context != p.Context {
			return Prompt{}, fmt.Errorf("%w: prompt %q appears as op %d %s %s and as op %d %s %s; an ID must name one problem",
				ErrSample, p.ID, p.Op, p.Mode, p.Context, s.Op, s.Mode, s.Context)
		}
		if i > 0 && s.Rank == samples[i-1].Rank {
			return Prompt{}, fmt.Errorf("%w: prompt %q has rank %d twice", ErrSample, p.ID, s.Rank)
		}
		p.Process += s.Process / float64(n)
		if s.Process == 1 && !s.Answer {
			p.Slip++
		}
		if s.Answer {
			p.FirstAnswer = min(p.FirstAnswer, i)
			p.Answer++
		}
		if s.Strict {
			p.FirstStrict = min(p.FirstStrict, i)
			p.Strict++
		}
	}
	p.Process = math.Min(p.Process, 1) // a sum of n parts of 1/n may end above 1
	return p, nil
}

// By names the properties that GroupBy keeps apart.
type By uint8

const (
	ByOp By = 1 << iota
	ByMode
	ByContext
)

// Group is the prompts that share some properties. A property that was not asked
// for has its zero value.
type Group struct {
	Op      int
	Mode    string
	Context string
	Prompts []Prompt
}

// GroupBy splits prompts by the given properties, sorted by op, context and mode:
// GroupBy(prompts, ByOp|ByMode) gives one group for each op and mode that occurs.
func GroupBy(prompts []Prompt, by By) []Group {
	type key struct {
		op            int
		context, mode string
	}
	groups := map[key]*Group{}
	for _, p := range prompts {
		var k key
		if by&ByOp != 0 {
			k.op = p.Op
		}
		if by&ByMode != 0 {
			k.mode = p.Mode
		}
		if by&ByContext != 0 {
			k.context = p.Context
		}
		g := groups[k]
		if g == nil {
			g = &Group{Op: k.op, Mode: k.mode, Context: k.context}
			groups[k] = g
		}
		g.Prompts = append(g.Prompts, p)
	}
	sorted := make([]Group, 0, len(groups))
	for _, g := range groups {
		sorted = append(sorted, *g)
	}
	slices.SortFunc(sorted, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Op, b.Op), cmp.Compare(a.Context, b.Context), cmp.Compare(a.Mode, b.Mode))
	})
	return sorted
}

// InOps returns the prompts with lo ≤ op ≤ hi: where they stand together, as they do in what Summarise returns, a part
// of the list itself, else a copy.
func InOps(prompts []Prompt, lo, hi int) []Prompt {
	in := func(i int) bool { return prompts[i].Op >= lo && prompts[i].Op <= hi }
	start := 0
	for start < len(prompts) && !in(start) {
		start++
	}
	end := start
	for end < len(prompts) && in(end) {
		end++
	}
	list := prompts[start:end:end] // what is appended goes into a copy
	for i := end; i < len(prompts); i++ {
		if in(i) {
			list = append(list, prompts[i])
		}
	}
	return list
}
