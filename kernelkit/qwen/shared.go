package qwen

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Continuations are rows that continue prompts, each of which several rows share. A position
// attends to the prompt of its row and to what stands before it in the same segment.
//
// A prompt is computed once, whatever the number of its rows: with 8 samples of a prompt as
// long as they are, 9 lengths instead of 16. All positions, the prompts' and the rows', are one
// list wherever the network looks at each alone; only attention tells them apart. The rows are what is
// wanted: [rows, seq, hidden]. So the last block computes of the prompts only what rows see of
// them, keys and values.
type Continuations struct {
	Prompts *Node // [prompts, length] int32: tokens, padded behind with −1
	Owner   *Node // [rows] int32: the prompt that a row continues

	// Of the rows [rows, seq] int32. Positions count from the start of the prompt.
	Tokens, Positions, Segments *Node

	// Parts is the number of equal parts of prompts and rows that lie on a device each, where
	// several compute the pass; 0 and 1 mean one. A row continues a prompt of its own part, and
	// Owner counts from the first of those. So no device needs what another one computes.
	Parts int
}

func (c Continuations) parts() int { return max(1, c.Parts) }

func (c Continuations) place(cfg Config) (tokens, positions *Node, below int) {
	from := func(prompts, rows *Node) *Node {
		return Concatenate([]*Node{Reshape(prompts, c.parts(), -1), Reshape(rows, c.parts(), -1)}, 1)
	}
	tokens = from(MaxScalar(c.Prompts, 0), c.Tokens)
	positions = from(Iota(c.Prompts.Graph(), c.Prompts.Shape(), 1), c.Positions)
	return tokens, positions, max(cfg.Context, c.Prompts.Shape().Dim(1)+c.Tokens.Shape().Dim(1))
}

func (c Continuations) attention(d *Decoder) attention {
	s := newSharing(c)
	return attention{
		attend: func(_ int, q, k, v *Node) *Node {
			y, vjp := s.toPromptAndRow(q, k, v)
			return d.byHand(y, []*Node{q, k, v}, vjp)
		},
		last: func(x, q, k, v *Node) (wanted, mixed *Node) {
			q = s.ofRows(q)
			y, vjp := s.rowsToPromptAndRow(q, k, v)
			return s.ofRows(x), d.byHand(y, []*Node{q, k, v}, vjp)
		},
	}
}

// sharing are the shapes and masks of Continuations. Prompts and rows are those of a part.
type sharing struct {
	parts, prompts, length, rows, seq int
	owner                             *Node // [parts·rows, prompts]: 1 at a row's prompt
	promptBias, rowBias               *Node // [1, length, length]; [parts·rows, seq, length + seq]
}

func newSharing(c Continuations) *sharing {
	g, parts := c.Prompts.Graph(), c.parts()
	s := &sharing{parts: parts, prompts: c.Prompts.Shape().Dim(0) / parts, length: c.Prompts.Shape().Dim(1), rows: c.Tokens.Shape().Dim(0) / parts, seq: c.Tokens.Shape().Dim(1)}
	s.owner = OneHot(c.Owner, s.prompts, dtypes.Float32)
	// Padding stands behind a prompt, where causal attention keeps it from the prompt itself.
	s.promptBias = causalBias(g, s.length, nil)
	padding := ConvertDType(LessThan(c.Prompts, ZerosLike(c.Prompts)), dtypes.Float32) // [parts·prompts, length]
	toPrompt := MulScalar(s.perRow(padding), blocked)
	toPrompt = BroadcastToDims(InsertAxes(toPrompt, 1), parts*s.rows, s.seq, s.length)
	s.rowBias = Concatenate([]*Node{toPrompt, causalBias(g, s.seq, c.Segments)}, 2)
	return s
}

// perRow repeats x [parts·prompts, …] for the rows of each prompt: [parts·rows, …]. The product
// with ones and zeros is exact in f32, and its gradient is a product too.
func (s *sharing) perRow(x *Node) *Node { return s.byOwner(x, 1) }

// perPrompt is the gradient of perRow: the sum over the rows of each prompt.
func (s *sharing) perPrompt(x *Node) *Node { return s.byOwner(x, 0) }

// byOwner is the product of owner and x over an axis of owner, within each part.
func (s *sharing) byOwner(x *Node, axis int) *Node {
	owner := ConvertDType(s.owner, x.DType())
	if s.parts == 1 {
		return DotGeneral(owner, []int{axis}, nil, x, []int{0}, nil)
	}
	inParts := func(x *Node) *Node {
		return Reshape(x, append([]int{s.parts, x.Shape().Dim(0) / s.parts}, x.Shape().Dimensions[1:]...)...)
	}
	y := DotGeneral(inParts(owner), []int{1 + axis}, []int{0}, inParts(x), []int{1}, []int{0})
	return Reshape(y, append([]int{-1}, x.Shape().Dimensions[1:]...)...)
}

// split cuts x [parts, prompts·length + rows·seq, …] into [parts·prompts, length, …] and
// [parts·rows, seq, …].
func (s *sharing) split(x *Node) (prompts, rows *Node) {
	first, dims := s.prompts*s.length, x.Shape().Dimensions[2:]
	prompts = Reshape(SliceAxis(x, 1, AxisRange(0, first)), append([]int{s.parts * s.prompts, s.length}, dims...)...)
	return prompts, s.ofRows(x)
}

func (s *sharing) ofRows(x *Node) *Node {
	return Reshape(SliceAxis(x, 1, AxisRange(s.prompts*s.length)), append([]int{s.parts * s.rows, s.seq}, x.Shape().Dimensions[2:]...)...)
}

// join is the inverse of split.
func (s *sharing) join(prompts, rows *Node) *Node {
	flat := func(x *Node) *Node {
		return Reshape(x, append([]int{s.parts, -1}, x.Shape().Dimensions[2:]...)...)
	}
	return Concatenate([]*Node{flat(prompts), flat(rows)}, 1)
}

// toPromptAndRow is attention on queries, keys and values [parts, positions, heads, headDim]:
// prompts see themselves, rows their prompt and themselves.
func (s *sharing) toPromptAndRow(q, k, v *Node) (y *Node, vjp func(a *Node) []*Node) {
	promptQ, rowQ := s.split(q)
	promptK, _ := s.split(k)
	promptV, _ := s.split(v)
	ofPrompts, promptVJP := toKeys(promptQ, promptK, promptV, s.promptBias)
	ofRows, rowVJP := s.toSeen(rowQ, k, v)
	return s.join(ofPrompts, ofRows), func(a *Node) []*Node {
		aPrompts, aRows := s.split(a)
		prompts, rows := promptVJP(aPrompts), rowVJP(aRows)
		gradients := []*Node{s.join(prompts[0], rows[0])}
		for i := 1; i < 3; i++ { // keys and values: those of a prompt were seen from its rows too
			gradients = append(gradients, s.join(Add(prompts[i], s.seen(rows[i])), SliceAxis(rows[i], 1, AxisRange(s.length))))
		}
		return gradients
	}
}

// rowsToPromptAndRow is the rows' part of toPromptAndRow: queries [parts·rows, seq, heads, headDim].
func (s *sharing) rowsToPromptAndRow(rowQ, k, v *Node) (y *Node, vjp func(a *Node) []*Node) {
	y, rowVJP := s.toSeen(rowQ, k, v)
	return y, func(a *Node) []*Node {
		rows := rowVJP(a)
		for i := 1; i < 3; i++ {
			rows[i] = s.join(s.seen(rows[i]), SliceAxis(rows[i], 1, AxisRange(s.length)))
		}
		return rows
	}
}

// toSeen is attention of the rows to all that they see, with its gradient for keys and values
// [rows, length + seq, kvHeads, headDim].
func (s *sharing) toSeen(rowQ, k, v *Node) (y *Node, vjp func(a *Node) []*Node) {
	with := func(x *Node) *Node {
		prompt, row := s.split(x)
		return Concatenate([]*Node{s.perRow(prompt), row}, 1)
	}
	return toKeys(rowQ, with(k), with(v), s.rowBias)
}

// seen is what the prompts get of a gradient of toSeen: [prompts, length, kvHeads, headDim].
func (s *sharing) seen(x *Node) *Node { return s.perPrompt(SliceAxis(x, 1, AxisRange(0, s.length))) }
