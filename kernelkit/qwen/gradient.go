package qwen

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// The gradients that take most of a training step's time are written here by hand. What
// the library derives is right but slow on a CPU, where XLA copies a whole activation to
// transpose it, recomputes a sigmoid in each consumer, and joins the gradients of slices by
// padding each to the full width. LAB.md has the measurements.

// withGradient is y with a gradient of its own: vjp gets the adjoint of y and returns the
// adjoints of the inputs, in their order.
//
// The library lets a node of one input define its gradient, so y is cut off from its
// inputs and tied to them again by a scalar that is computed but never chosen: XLA drops
// it, the backward pass finds its way through it.
func withGradient(y *Node, inputs []*Node, vjp func(v *Node) []*Node) *Node {
	var adjoint *Node
	var gradients []*Node
	tie := ScalarZero(y.Graph(), y.DType())
	for i, x := range inputs {
		x = IdentityWithCustomGradient(x, func(_, _ *Node) *Node {
			if gradients == nil {
				gradients = vjp(adjoint)
			}
			return gradients[i]
		})
		first := make([]SliceAxisSpec, x.Rank())
		for axis := range first {
			first[axis] = AxisElem(0)
		}
		tie = Add(tie, ConvertDType(Reshape(Slice(x, first...)), y.DType()))
	}
	y = Where(Const(y.Graph(), true), StopGradient(y), BroadcastToShape(tie, y.Shape()))
	return IdentityWithCustomGradient(y, func(_, v *Node) *Node {
		adjoint = v
		return v
	})
}

// recomputed is block(x) of which the backward pass keeps x alone and computes the rest
// again, once it needs it. weights are what else block depends on that has a gradient.
// The library's own checkpoints know neither gradients by hand nor operations of several results,
// such as flash attention.
func recomputed(x *Node, weights []*Node, block func(x *Node) *Node) *Node {
	return withGradient(block(x), append([]*Node{x}, weights...), func(v *Node) []*Node {
		again := SchedulingBarrier(x, v) // not before v is there; nor does XLA see that it has it already
		product := ReduceAllSum(Mul(block(again), StopGradient(v)))
		return Gradient(product, append([]*Node{again}, weights...)...)
	})
}

// linear is x·wᵀ: [..., in] × [out, in] → [..., out]. The gradient of w is a product over
// all positions, for which XLA turns its left side: custom puts the narrower of input and
// output there.
func linear(x, w *Node, custom bool) *Node {
	last := x.Rank() - 1
	y := DotGeneral(x, []int{last}, nil, w, []int{1}, nil)
	if !custom {
		return y
	}
	return withGradient(y, []*Node{x, w}, func(v *Node) []*Node {
		dx := DotGeneral(v, []int{last}, nil, w, []int{0}, nil)
		if w.Shape().Dim(0) > w.Shape().Dim(1) {
			return []*Node{dx, overPositions(x, v)}
		}
		return []*Node{dx, DotGeneral(v, positionAxes(v), nil, x, positionAxes(x), nil)}
	})
}

// positionAxes are the axes of x but the last.
func positionAxes(x *Node) []int {
	axes := make([]int, x.Rank()-1)
	for axis := range axes {
		axes[axis] = axis
	}
	return axes
}

// overPositions is the sum over all positions of the products of wide and narrow: [..., narrow]
// and [..., wide] → [wide, narrow]. XLA makes one product of the product [narrow, wide] and
// its transpose, by exchanging and turning the sides, which takes up to twice as long on a
// CPU for the same bits (LAB.md, 2026-11-26). It does not when the transpose goes by way of
// a third axis.
func overPositions(narrow, wide *Node) *Node {
	flat := func(x *Node) *Node { return Reshape(x, -1, x.Shape().Dim(-1)) }
	y := DotGeneral(flat(narrow), []int{0}, nil, flat(wide), []int{0}, nil)
	n, m := y.Shape().Dim(0), y.Shape().Dim(1)
	if m%2 != 0 || onGPU(y.Graph().Backend()) {
		return Transpose(y, 0, 1)
	}
	return Reshape(TransposeAllAxes(Reshape(y, n, m/2, 2), 1, 2, 0), m, n)
}

// swiGLU is silu(gate) ⊙ up, silu(x) = x·σ(x). custom keeps σ for the backward pass
// instead of computing it there again, but on a GPU, where memory is dearer than arithmetic.
func swiGLU(gate, up *Node, custom bool) *Node {
	if !custom {
		return Mul(Mul(gate, Sigmoid(gate)), up)
	}
	s := Sigmoid(gate)
	if !onGPU(gate.Graph().Backend()) {
		s = OptimizationBarrier(s) // computed once, not in each consumer
	}
	return withGradient(Mul(Mul(gate, s), up), []*Node{gate, up}, func(v *Node) []*Node {
		silu := Mul(gate, s)
		return []*Node{Mul(Mul(v, up), Add(s, Mul(silu, OneMinus(s)))), Mul(v, silu)}
	})
}

// Attention is grouped-query attention: queries [batch, seq, heads, headDim], keys
// and values [batch, keys, kvHeads, headDim], bias [batch or 1, seq, keys] added to the
// scores; → [batch, seq, heads, headDim]. Softmax is in f32 and divides after the
// product with the values, on seq·headDim numbers instead of seq·keys.
func Attention(q, k, v, bias *Node) *Node { return attention(q, k, v, bias, true) }

// attention is Attention; custom takes the gradient of attend.
func attention(q, k, v, bias *Node, custom bool) *Node {
	y, vjp := attend(q, k, v, bias)
	if !custom {
		return y
	}
	return withGradient(y, []*Node{q, k, v}, vjp)
}

// attend is attention with its gradient, which orders the backward products so that no
// matrix of scores is copied transposed, and keeps exp(scores) only.
func attend(q, k, v, bias *Node) (y *Node, vjp func(a *Node) []*Node) {
	batch, seq, heads, dim := q.Shape().Dim(0), q.Shape().Dim(1), q.Shape().Dim(2), q.Shape().Dim(3)
	kvHeads, keys, dtype := k.Shape().Dim(2), k.Shape().Dim(1), q.DType()
	group := heads / kvHeads
	scale := 1 / math.Sqrt(float64(dim))
	grouped := Reshape(MulScalar(q, scale), batch, seq, kvHeads, group, dim)

	scores := ConvertDType(Einsum("bsngd,bknd->bnsgk", grouped, k), dtypes.Float32) // [batch, kvHeads, seq, group, keys]
	scores = Add(scores, Reshape(bias, bias.Shape().Dim(0), 1, seq, 1, keys))
	top := StopGradient(ReduceAndKeep(scores, ReduceMax, -1))
	weights := Exp(Sub(scores, top))
	// A product with ones: XLA's sum over the last axis of a large tensor is slow on a CPU.
	total := DotGeneral(weights, []int{4}, nil, Ones(q.Graph(), shapes.Make(dtypes.Float32, keys, 1)), []int{0}, nil) // [batch, kvHeads, seq, group, 1]
	share := Reciprocal(total)
	rounded := ConvertDType(weights, dtype)
	mixed := Mul(ConvertDType(Einsum("bnsgk,bknd->bnsgd", rounded, v), dtypes.Float32), share)

	back := func(x *Node) *Node { // [batch, kvHeads, seq, group, headDim] → [batch, seq, heads, headDim]
		return ConvertDType(Reshape(TransposeAllAxes(x, 0, 2, 1, 3, 4), batch, seq, heads, dim), dtype)
	}
	return back(mixed), func(a *Node) []*Node {
		a = TransposeAllAxes(Reshape(a, batch, seq, kvHeads, group, dim), 0, 2, 1, 3, 4)
		shared := Mul(ConvertDType(a, dtypes.Float32), share)     // adjoint of the unnormalised sum
		inner := ReduceAndKeep(Mul(shared, mixed), ReduceSum, -1) // [batch, kvHeads, seq, group, 1]
		narrow := ConvertDType(shared, dtype)                     // [batch, kvHeads, seq, group, headDim]
		dv := Einsum("bnsgd,bnsgk->bndk", narrow, rounded)        // transposed: the scores stay on the right
		dweights := Einsum("bnsgd,bknd->bnsgk", narrow, v)        // without the share of the normaliser
		dscores := Mul(weights, Sub(ConvertDType(dweights, dtypes.Float32), inner))
		rounded := ConvertDType(dscores, dtype)
		dq := MulScalar(Einsum("bnsgk,bknd->bnsgd", rounded, k), scale)
		dk := Einsum("bsngd,bnsgk->bndk", grouped, rounded)
		return []*Node{back(dq), TransposeAllAxes(dk, 0, 3, 1, 2), TransposeAllAxes(dv, 0, 3, 1, 2)}
	}
}
