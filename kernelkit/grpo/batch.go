package grpo

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
)

// sequence is a prompt with one of its completions, ready to learn from.
type sequence struct {
	group       int // completions of one prompt have one number
	prompt, ids []int32
	old         []float32 // log-probs of ids under the policy that sampled
	advantage   float64
	weight      float64 // of each token of ids in the loss
}

// shape is that of a forward and backward pass. A row holds completions of one prompt, one
// behind the other; each begins with the last token of the prompt, so that a completion
// takes as many positions as it has tokens. The rest of the prompt is computed once for all
// rows of the pass that continue it (qwen.Continuations).
type shape struct {
	prompts, length int // of the prompts without their last tokens
	rows, seq       int // of the completions
}

// positions is what a pass costs.
func (s shape) positions() int { return s.prompts*s.length + s.rows*s.seq }

// batch is the input of one pass.
type batch struct {
	shape
	prompt, owner                        []int32   // [prompts, length]: tokens, −1 behind them; [rows]: the prompt that a row continues
	tokens, targets, positions, segments []int32   // [rows, seq]; targets are −1 where there is none, segments 0 at padding
	old, advantages, weights             []float32 // [rows, seq]
	learned                              int       // targets
	covered                              int       // positions without padding
}

// pass is a batch as programs take it.
type pass[T any] struct {
	prompts, owner, tokens, targets, positions, segments, old, advantages, weights T
}

func (p *pass[T]) Each(visit func(*T)) {
	for _, f := range []*T{&p.prompts, &p.owner, &p.tokens, &p.targets, &p.positions, &p.segments, &p.old, &p.advantages, &p.weights} {
		visit(f)
	}
}

// multiple is what lengths are rounded up to: a program is compiled for each shape.
const multiple = 32

func roundUp(n int) int { return max(1, (n+multiple-1)/multiple) * multiple }

// pack lays sequences into passes of one shape: rows and seq as configured, where seq is 0
// as the longest completion needs; and the number of prompts, a power of two, with which
// all passes together have the fewest positions.
func pack(all []sequence, rows, seq int) ([]*batch, error) {
	s := shape{prompts: 1, rows: rows, seq: seq}
	prompt, completion := 0, 0
	for i := range all {
		prompt, completion = max(prompt, len(all[i].prompt)-1), max(completion, len(all[i].ids))
	}
	s.length = roundUp(prompt)
	if seq == 0 {
		s.seq = roundUp(completion)
	} else if completion > seq {
		return nil, fmt.Errorf("grpo: a completion has %d tokens, a row %d positions: raise seq or lower max_tokens", completion, seq)
	}
	packed := packRows(all, s.seq)
	best, cut := s, passes(packed, s)
	for s.prompts *= 2; s.prompts <= rows; s.prompts *= 2 {
		if other := passes(packed, s); len(other)*s.positions() < len(cut)*best.positions() {
			best, cut = s, other
		}
	}
	out := make([]*batch, len(cut))
	for i, pass := range cut {
		out[i] = newBatch(pass, best)
	}
	return out, nil
}

// packRows lays the completions of each prompt into rows of seq positions, longest first,
// each into the first row with room. Rows of a prompt stand next to each other.
func packRows(all []sequence, seq int) [][]*sequence {
	order := make([]*sequence, len(all))
	for i := range all {
		order[i] = &all[i]
	}
	slices.SortStableFunc(order, func(a, b *sequence) int {
		if a.group != b.group {
			return a.group - b.group
		}
		return len(b.ids) - len(a.ids)
	})
	var rows [][]*sequence
	var room []int
	first := 0 // row of the current prompt
	for i, s := range order {
		if i > 0 && order[i-1].group != s.group {
			first = len(rows)
		}
		r := first + slices.IndexFunc(room[first:], func(free int) bool { return free >= len(s.ids) })
		if r < first {
			r = len(rows)
			rows, room = append(rows, nil), append(room, seq)
		}
		rows[r] = append(rows[r], s)
		room[r] -= len(s.ids)
	}
	return rows
}

// passes cuts rows where one pass has room for no more of them or for no other prompt. The
// rows of a prompt may go to two passes, each of which then computes it.
func passes(rows [][]*sequence, s shape) [][][]*sequence {
	var all [][][]*sequence
	prompts := 0
	for i, row := range rows {
		other := i == 0 || rows[i-1][0].group != row[0].group
		if last := len(all) - 1; i == 0 || len(all[last]) == s.rows || other && prompts == s.prompts {
			all, prompts, other = append(all, nil), 0, true
		}
		if other {
			prompts++
		}
		all[len(all)-1] = append(all[len(all)-1], row)
	}
	return all
}

func newBatch(rows [][]*sequence, s shape) *batch {
	n := s.rows * s.seq
	ints := func(n int, value int32) []int32 { return slices.Repeat([]int32{value}, n) }
	floats := func() []float32 { return make([]float32, n) }
	b := &batch{shape: s, prompt: ints(s.prompts*s.length, -1), owner: ints(s.rows, 0),
		tokens: ints(n, 0), targets: ints(n, -1), positions: ints(n, 0), segments: ints(n, 0), old: floats(), advantages: floats(), weights: floats()}
	owner := -1
	for r, row := range rows {
		prompt := row[0].prompt
		before := len(prompt) - 1 // tokens that the row sees of its prompt
		if r == 0 || rows[r-1][0].group != row[0].group {
			owner++
			copy(b.prompt[owner*s.length:], prompt[:before])
			b.covered += before
		}
		b.owner[r] = int32(owner)
		at := r * s.seq
		for k, c := range row {
			last := prompt[before]
			for j, id := range c.ids {
				b.tokens[at], b.positions[at], b.segments[at] = last, int32(before+j), int32(k+1)
				b.targets[at], b.old[at], b.advantages[at], b.weights[at] = id, c.old[j], float32(c.advantage), float32(c.weight)
				last = id
				at++
			}
			b.learned += len(c.ids)
		}
	}
	b.covered += b.learned
	return b
}

// tensors are the batch as tensors.
func (b *batch) tensors() pass[*tensors.Tensor] {
	ints := func(x []int32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(x, b.rows, b.seq) }
	floats := func(x []float32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(x, b.rows, b.seq) }
	return pass[*tensors.Tensor]{
		prompts: tensors.FromFlatDataAndDimensions(b.prompt, b.prompts, b.length), owner: tensors.FromFlatDataAndDimensions(b.owner, b.rows),
		tokens: ints(b.tokens), targets: ints(b.targets), positions: ints(b.positions), segments: ints(b.segments),
		old: floats(b.old), advantages: floats(b.advantages), weights: floats(b.weights),
	}
}
