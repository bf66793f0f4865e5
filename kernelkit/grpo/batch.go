package grpo

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
)

// sequence is a prompt with one of its completions, ready to learn from.
type sequence struct {
	prompt, ids []int32
	old         []float32 // log-probs of ids under the policy that sampled
	advantage   float64
	weight      float64 // of each token of ids in the loss
}

// positions is the room that a sequence takes: its last token is only ever a target.
func (s *sequence) positions() int { return len(s.prompt) + len(s.ids) - 1 }

// batch is the input of one forward and backward pass: several sequences a row, apart
// by their segments, each with positions from 0.
type batch struct {
	rows, seq int
	ints      []int32   // [4, rows, seq]: tokens, targets (−1 where none), positions, segments (0 = padding)
	floats    []float32 // [3, rows, seq]: old log-probs, advantages, weights
	learned   int       // targets
}

// rowLength is the length of the learner's rows for sequences: seq, or the next
// multiple of 32 above the longest where that is 0.
func rowLength(all []sequence, seq int) (int, error) {
	longest := 0
	for i := range all {
		longest = max(longest, all[i].positions())
	}
	if seq == 0 {
		return (longest + 31) / 32 * 32, nil
	}
	if longest > seq {
		return 0, fmt.Errorf("grpo: a prompt with its completion takes %d positions, a row has %d: raise seq or lower max_tokens", longest, seq)
	}
	return seq, nil
}

// pack lays sequences into batches of the given shape, longest first, each into the
// first row with room.
func pack(all []sequence, rows, seq int) []*batch {
	order := make([]*sequence, len(all))
	for i := range all {
		order[i] = &all[i]
	}
	slices.SortStableFunc(order, func(a, b *sequence) int { return b.positions() - a.positions() })
	var packed [][]*sequence
	var room []int
	for _, s := range order {
		r := slices.IndexFunc(room, func(free int) bool { return free >= s.positions() })
		if r < 0 {
			r = len(room)
			packed, room = append(packed, nil), append(room, seq)
		}
		packed[r] = append(packed[r], s)
		room[r] -= s.positions()
	}
	var out []*batch
	for part := range slices.Chunk(packed, rows) {
		out = append(out, newBatch(part, rows, seq))
	}
	return out
}

func newBatch(part [][]*sequence, rows, seq int) *batch {
	n := rows * seq
	b := &batch{rows: rows, seq: seq, ints: make([]int32, 4*n), floats: make([]float32, 3*n)}
	tokens, targets, positions, segments := b.ints[:n], b.ints[n:2*n], b.ints[2*n:3*n], b.ints[3*n:]
	old, advantages, weights := b.floats[:n], b.floats[n:2*n], b.floats[2*n:]
	for i := range targets {
		targets[i] = -1
	}
	for r, row := range part {
		at := r * seq
		for k, s := range row {
			text := slices.Concat(s.prompt, s.ids)
			for j, id := range text[:len(text)-1] {
				tokens[at], positions[at], segments[at] = id, int32(j), int32(k+1)
				if c := j + 1 - len(s.prompt); c >= 0 && s.weight != 0 {
					targets[at] = text[j+1]
					old[at], advantages[at], weights[at] = s.old[c], float32(s.advantage), float32(s.weight)
					b.learned++
				}
				at++
			}
		}
	}
	return b
}

func (b *batch) tensors() (ints, floats *tensors.Tensor) {
	return tensors.FromFlatDataAndDimensions(b.ints, 4, b.rows, b.seq), tensors.FromFlatDataAndDimensions(b.floats, 3, b.rows, b.seq)
}
