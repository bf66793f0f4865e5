package grpo

import (
	"fmt"
	"math"
	"slices"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// Curriculum draws each step's prompts where the current policy learns most: by the
// probability that a group of its samples varies, estimated from its own pass rate on
// each op. The paper advises to keep RL at the edge of competence (§3, Practical
// Guidance 1) but runs fixed ranges only; this re-measures the edge at every step.
//
// An op whose samples all fail or all succeed gets almost no prompts, so a curriculum
// over a wide range moves up as the policy does. It needs no state of its own: a step's
// problems follow from the metrics of the steps before.
type Curriculum struct {
	Prompts   int     // a step
	GroupSize int     // samples a prompt, as in Config
	HalfLife  float64 // steps after which a measurement counts half; default 5
	Explore   float64 // share of prompts spread evenly over the ops, so that each stays measured; default 0.1

	seed  int64
	ops   []int
	cells map[int][]cell // of each op
}

// cell is a source of problems of one op, context and mode.
type cell struct {
	source *gsm.Source
	share  float64 // of the op's prompts
}

// NewCurriculum makes a curriculum over all ops of a source; within an op, contexts and
// modes keep the source's proportions.
func NewCurriculum(source *gsm.Source, prompts, groupSize int) (*Curriculum, error) {
	if prompts < 1 || groupSize < 2 {
		return nil, fmt.Errorf("grpo: a curriculum of %d prompts × %d samples: expected at least 1 × 2", prompts, groupSize)
	}
	c := &Curriculum{Prompts: prompts, GroupSize: groupSize, HalfLife: 5, Explore: 0.1, seed: source.Seed(), cells: map[int][]cell{}}
	cells, shares := source.Cells()
	total := map[int]float64{}
	for i, at := range cells {
		fixed, err := source.Fixed(at)
		if err != nil {
			return nil, err
		}
		if total[at.Op] == 0 {
			c.ops = append(c.ops, at.Op)
		}
		total[at.Op] += shares[i]
		c.cells[at.Op] = append(c.cells[at.Op], cell{fixed, shares[i]})
	}
	slices.Sort(c.ops)
	for op, list := range c.cells {
		for i := range list {
			list[i].share /= total[op]
		}
	}
	return c, nil
}

// Shares are the probabilities of the ops, in order of ops, after the given steps.
func (c *Curriculum) Shares(past []Metrics) (ops []int, shares []float64) {
	shares = make([]float64, len(c.ops))
	total := 0.0
	for i, op := range c.ops {
		shares[i] = c.signal(op, past)
		total += shares[i]
	}
	for i := range shares {
		even := 1 / float64(len(shares))
		shares[i] = c.Explore*even + (1-c.Explore)*shares[i]/total
	}
	return c.ops, shares
}

// signal is the probability that a group of an op varies, 1 − p^n − (1−p)^n, with the
// pass rate p as the mean of a Beta(½, ½) prior after the decayed counts.
func (c *Curriculum) signal(op int, past []Metrics) float64 {
	right, all := 0.5, 1.0
	for i, m := range past {
		weight := math.Exp2(-float64(len(past)-1-i) / c.HalfLife)
		count := m.ByOp[op]
		right += weight * float64(count.Strict)
		all += weight * float64(count.Samples)
	}
	p, n := right/all, float64(c.GroupSize)
	return 1 - math.Pow(p, n) - math.Pow(1-p, n)
}

// Problems is a Task's Problems.
func (c *Curriculum) Problems(step int, past []Metrics) ([]*gsm.Problem, error) {
	ops, shares := c.Shares(past)
	problems := make([]*gsm.Problem, c.Prompts)
	for i := range problems {
		index := uint64(step)*uint64(c.Prompts) + uint64(i)
		s := random.New(c.seed, "curriculum", index)
		list := c.cells[ops[choose(s.Float64(), shares)]]
		inOp := make([]float64, len(list))
		for j := range list {
			inOp[j] = list[j].share
		}
		problems[i] = list[choose(s.Float64(), inOp)].source.At(index)
	}
	return problems, nil
}

// choose is the index at which the running sum of shares passes u.
func choose(u float64, shares []float64) int {
	for i, s := range shares {
		if u -= s; u < 0 {
			return i
		}
	}
	return len(shares) - 1
}
