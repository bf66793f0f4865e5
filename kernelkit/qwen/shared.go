package qwen

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Continuations are rows that continue prompts, each of which several rows share.
type Continuations struct {
	Prompts *Node // [prompts, length] int32: tokens, padded behind with −1
	Owner   *Node // [rows] int32: the prompt that a row continues

	// Of the rows [rows, seq] int32. Positions count from the start of the prompt; a
	// segment sees the prompt of its row and what stands before it in the same segment.
	Tokens, Positions, Segments *Node
}

// HiddenShared is Hidden of rows that continue prompts: [rows, seq, hidden].
// A prompt is computed once, whatever the number of its rows: with 8 samples of a
// prompt as long as they are, 9 lengths instead of 16.
//
// All positions, the prompts' and the rows', are one list wherever the network looks at
// each alone; only attention tells them apart. The last block computes of the prompts only
// what the rows see: keys and values.
func (b *Blocks) HiddenShared(c Continuations) *Node {
	s := newSharing(c)
	from := func(prompts, rows *Node) *Node {
		return Concatenate([]*Node{Reshape(prompts, 1, -1), Reshape(rows, 1, -1)}, 1)
	}
	known := MaxScalar(c.Prompts, 0)
	x := b.Embed(from(known, c.Tokens))
	blocks := b.At(from(Iota(c.Prompts.Graph(), c.Prompts.Shape(), 1), c.Positions))
	last := b.Config.Layers - 1
	for l := range last {
		x = blocks.Block(l, x, func(q, k, v *Node) *Node { return s.attend(q, k, v, !b.derived) })
	}
	q, k, v := blocks.project(last, x)
	return blocks.finish(last, s.ofRows(x), s.attendRows(s.ofRows(q), k, v, !b.derived))
}

// sharing are the shapes and masks of Continuations.
type sharing struct {
	prompts, length, rows, seq int
	owner                      *Node // [rows, prompts]: 1 at a row's prompt
	promptBias, rowBias        *Node // [1, length, length]; [rows, seq, length + seq]
}

func newSharing(c Continuations) *sharing {
	g := c.Prompts.Graph()
	s := &sharing{prompts: c.Prompts.Shape().Dim(0), length: c.Prompts.Shape().Dim(1), rows: c.Tokens.Shape().Dim(0), seq: c.Tokens.Shape().Dim(1)}
	s.owner = OneHot(c.Owner, s.prompts, dtypes.Float32)
	// Padding stands behind a prompt, where causal attention keeps it from the prompt itself.
	s.promptBias = CausalBias(g, s.length, nil)
	padding := ConvertDType(LessThan(c.Prompts, ZerosLike(c.Prompts)), dtypes.Float32) // [prompts, length]
	toPrompt := MulScalar(s.perRow(padding), blocked)
	toPrompt = BroadcastToDims(InsertAxes(toPrompt, 1), s.rows, s.seq, s.length)
	s.rowBias = Concatenate([]*Node{toPrompt, CausalBias(g, s.seq, c.Segments)}, 2)
	return s
}

// perRow repeats x [prompts, …] for the rows of each prompt: [rows, …]. The product with
// ones and zeros is exact in f32, and its gradient is a product too.
func (s *sharing) perRow(x *Node) *Node {
	return DotGeneral(ConvertDType(s.owner, x.DType()), []int{1}, nil, x, []int{0}, nil)
}

// perPrompt is the gradient of perRow: the sum over the rows of each prompt.
func (s *sharing) perPrompt(x *Node) *Node {
	return DotGeneral(ConvertDType(s.owner, x.DType()), []int{0}, nil, x, []int{0}, nil)
}

// split cuts x [1, prompts·length + rows·seq, …] into [prompts, length, …] and [rows, seq, …].
func (s *sharing) split(x *Node) (prompts, rows *Node) {
	first, dims := s.prompts*s.length, x.Shape().Dimensions[2:]
	prompts = Reshape(SliceAxis(x, 1, AxisRange(0, first)), append([]int{s.prompts, s.length}, dims...)...)
	return prompts, s.ofRows(x)
}

func (s *sharing) ofRows(x *Node) *Node {
	return Reshape(SliceAxis(x, 1, AxisRange(s.prompts*s.length)), append([]int{s.rows, s.seq}, x.Shape().Dimensions[2:]...)...)
}

// join is the inverse of split.
func (s *sharing) join(prompts, rows *Node) *Node {
	flat := func(x *Node) *Node {
		return Reshape(x, append([]int{1, x.Shape().Dim(0) * x.Shape().Dim(1)}, x.Shape().Dimensions[2:]...)...)
	}
	return Concatenate([]*Node{flat(prompts), flat(rows)}, 1)
}

// attend is attention on queries, keys and values [1, positions, heads, headDim]: prompts
// see themselves, rows their prompt and themselves. custom takes its gradient by hand.
func (s *sharing) attend(q, k, v *Node, custom bool) *Node {
	promptQ, rowQ := s.split(q)
	promptK, _ := s.split(k)
	promptV, _ := s.split(v)
	ofPrompts, promptVJP := attend(promptQ, promptK, promptV, s.promptBias)
	ofRows, rowVJP := s.rowAttend(rowQ, k, v)
	y := s.join(ofPrompts, ofRows)
	if !custom {
		return y
	}
	return withGradient(y, []*Node{q, k, v}, func(a *Node) []*Node {
		aPrompts, aRows := s.split(a)
		prompts, rows := promptVJP(aPrompts), rowVJP(aRows)
		gradients := []*Node{s.join(prompts[0], rows[0])}
		for i := 1; i < 3; i++ { // keys and values: those of a prompt were seen from its rows too
			gradients = append(gradients, s.join(Add(prompts[i], s.seen(rows[i])), SliceAxis(rows[i], 1, AxisRange(s.length))))
		}
		return gradients
	})
}

// attendRows is the rows' part of attend: queries [rows, seq, heads, headDim].
func (s *sharing) attendRows(rowQ, k, v *Node, custom bool) *Node {
	y, vjp := s.rowAttend(rowQ, k, v)
	if !custom {
		return y
	}
	return withGradient(y, []*Node{rowQ, k, v}, func(a *Node) []*Node {
		rows := vjp(a)
		for i := 1; i < 3; i++ {
			rows[i] = s.join(s.seen(rows[i]), SliceAxis(rows[i], 1, AxisRange(s.length)))
		}
		return rows
	})
}

// rowAttend is attention of the rows, with its gradient for their own keys and values
// [rows, length + seq, kvHeads, headDim].
func (s *sharing) rowAttend(rowQ, k, v *Node) (y *Node, vjp func(a *Node) []*Node) {
	with := func(x *Node) *Node {
		prompt, row := s.split(x)
		return Concatenate([]*Node{s.perRow(prompt), row}, 1)
	}
	return attend(rowQ, with(k), with(v), s.rowBias)
}

// seen is what the prompts get of a gradient of rowAttend: [prompts, length, kvHeads, headDim].
func (s *sharing) seen(x *Node) *Node { return s.perPrompt(SliceAxis(x, 1, AxisRange(0, s.length))) }
