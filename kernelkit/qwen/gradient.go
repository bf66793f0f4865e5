package qwen

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// The operations of a block, each with its gradient by hand. What the library derives is right
// but slow on a CPU, where XLA copies a whole activation to transpose it, recomputes a
// sigmoid in each consumer. LAB.md has the measurements. Attention has its own in attention.go.

// byHand is y with a gradient of its own, unless gradients are left to the library.
func (d *Decoder) byHand(y *Node, inputs []*Node, vjp func(v *Node) []*Node) *Node {
	if d.derived {
		return y
	}
	return withGradient(y, inputs, vjp)
}

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

// multiply is x [..., in] times a matrix: [..., out]. The gradient of a matrix is a product
// over all positions, for which XLA turns its left side: the narrower of input and output
// stands there.
func (d *Decoder) multiply(x, w *Node) *Node {
	last := x.Rank() - 1
	if d.transposed {
		return DotGeneral(x, []int{last}, nil, w, []int{0}, nil)
	}
	y := DotGeneral(x, []int{last}, nil, w, []int{1}, nil)
	return d.byHand(y, []*Node{x, w}, func(v *Node) []*Node {
		dx := DotGeneral(v, []int{last}, nil, w, []int{0}, nil)
		if w.Shape().Dim(0) > w.Shape().Dim(1) {
			return []*Node{dx, d.overPositions(x, v)}
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
func (d *Decoder) overPositions(narrow, wide *Node) *Node {
	flat := func(x *Node) *Node { return Reshape(x, -1, x.Shape().Dim(-1)) }
	y := DotGeneral(flat(narrow), []int{0}, nil, flat(wide), []int{0}, nil)
	n, m := y.Shape().Dim(0), y.Shape().Dim(1)
	if m%2 != 0 || d.gpu {
		return Transpose(y, 0, 1)
	}
	return Reshape(TransposeAllAxes(Reshape(y, n, m/2, 2), 1, 2, 0), m, n)
}

// sumLast is the sum of x in f32 over its last axis, which stays with size 1. On a CPU it is
// a product with ones: XLA adds a row's numbers there one after the other.
func (d *Decoder) sumLast(x *Node) *Node {
	if d.gpu {
		return ReduceAndKeep(x, ReduceSum, -1)
	}
	ones := Ones(x.Graph(), shapes.Make(dtypes.Float32, x.Shape().Dim(-1), 1))
	return DotGeneral(x, []int{x.Rank() - 1}, nil, ones, []int{0}, nil)
}

// rmsNorm is x/√(mean x² + ε) · scale of x [..., hidden], computed in f32.
func (d *Decoder) rmsNorm(x, scale *Node) *Node {
	dtype := x.DType()
	x = ConvertDType(x, dtypes.Float32)
	scale = ExpandLeftToRank(scale, x.Rank())
	mean := func(x *Node) *Node { return MulScalar(d.sumLast(x), 1/float64(d.Config.HiddenSize)) }
	inverse := Reciprocal(Sqrt(AddScalar(mean(Square(x)), d.Config.RMSEps)))
	y := d.byHand(Mul(Mul(x, inverse), scale), []*Node{x, scale}, func(v *Node) []*Node {
		unit := Mul(x, inverse)
		scaled := Mul(v, scale)
		return []*Node{
			Mul(Sub(scaled, Mul(unit, mean(Mul(scaled, unit)))), inverse),
			ExpandLeftToRank(ReduceSum(Mul(v, unit), positionAxes(v)...), x.Rank()),
		}
	})
	return ConvertDType(y, dtype)
}

// turned applies rotary positions in the split-half layout to x [batch, seq, heads, headDim]:
// pair i is (x[i], x[i+headDim/2]). Its gradient is the inverse turn.
func (d *Decoder) turned(x *Node, r rotation) *Node {
	half := d.Config.HeadDim() / 2
	by := func(x, sin *Node) *Node {
		a, b := SliceAxis(x, -1, AxisRange(0, half)), SliceAxis(x, -1, AxisRange(half, 2*half))
		return Concatenate([]*Node{Sub(Mul(a, r.cos), Mul(b, sin)), Add(Mul(b, r.cos), Mul(a, sin))}, -1)
	}
	return d.byHand(by(x, r.sin), []*Node{x}, func(v *Node) []*Node { return []*Node{by(v, Neg(r.sin))} })
}

// cutLast cuts x into parts of the given sizes along its last axis. Its gradient joins those
// of the parts, all of which must be used; the library pads each to the full width and adds.
func (d *Decoder) cutLast(x *Node, sizes ...int) []*Node {
	adjoints := make([]*Node, len(sizes))
	if !d.derived {
		x = IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return Concatenate(adjoints, -1) })
	}
	var parts []*Node
	at := 0
	for i, size := range sizes {
		part := SliceAxis(x, -1, AxisRange(at, at+size))
		at += size
		parts = append(parts, IdentityWithCustomGradient(part, func(_, v *Node) *Node {
			adjoints[i] = v
			return v
		}))
	}
	return parts
}

// swiGLU is silu(gate) ⊙ up, silu(x) = x·σ(x). The backward pass takes σ as it was computed;
// on a GPU, where memory is dearer than arithmetic, it computes it again.
func (d *Decoder) swiGLU(gate, up *Node) *Node {
	s := Sigmoid(gate)
	if !d.gpu && !d.derived {
		s = OptimizationBarrier(s) // computed once, not in each consumer
	}
	return d.byHand(Mul(Mul(gate, s), up), []*Node{gate, up}, func(v *Node) []*Node {
		silu := Mul(gate, s)
		return []*Node{Mul(Mul(v, up), Add(s, Mul(silu, OneMinus(s)))), Mul(v, silu)}
	})
}
