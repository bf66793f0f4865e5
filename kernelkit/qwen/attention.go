package qwen

import (
	"fmt"
	"math"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	fused "github.com/gomlx/gomlx/ml/layers/attention"
)

// Attention has three forms, by what positions attend to, one for each Input: to their own
// row (Rows, here), to a prompt that rows share and to their own row (Continuations, shared.go),
// and to caches of both (NextToken, cache.go). The first two are the one product with the one
// gradient of toKeys; the third takes a single query a row.

// Rows are sequences side by side. A position attends to those before it in its row, and where
// Segments is not nil to those of its own segment (a document; 0 is padding).
type Rows struct {
	Tokens, Positions *Node // [batch, seq] int32
	Segments          *Node // [batch, seq] int32, or nil

	// Only are the positions that are wanted at the end; nil means all.
	Only *Only

	// Keep, where not nil, gets the turned keys and the values of each layer
	// [batch, seq, kvHeads, headDim].
	Keep func(layer int, k, v *Node)

	// Sharded says that rows are spread over several devices. XLA cannot split a kernel that
	// it did not make, so flash attention stays off.
	Sharded bool
}

func (r Rows) place(cfg Config) (tokens, positions *Node, below int) {
	return r.Tokens, r.Positions, max(cfg.Context, r.Tokens.Shape().Dim(1))
}

func (r Rows) attention(d *Decoder) attention {
	attend := attendFlash
	if ok, _ := d.Config.Flash(r.Tokens.Graph().Backend(), d.embed.DType(), r.Segments != nil); !ok || r.Sharded {
		bias := causalBias(r.Tokens.Graph(), r.Tokens.Shape().Dim(1), r.Segments)
		attend = func(q, k, v *Node) *Node { return d.toRow(q, k, v, bias) }
	}
	a := attention{attend: func(layer int, q, k, v *Node) *Node {
		if r.Keep != nil {
			r.Keep(layer, k, v)
		}
		return attend(q, k, v)
	}}
	if r.Only != nil {
		last := d.Config.Layers - 1
		a.last = func(x, q, k, v *Node) (wanted, mixed *Node) {
			return r.Only.take(d, x), r.Only.take(d, a.attend(last, q, k, v))
		}
	}
	return a
}

// Only says which positions of a pass are wanted at its end: those whose next token counts in
// the loss. The last block, from attention on, and the unembedding are computed there alone.
type Only struct {
	Index *Node // [wanted] int32: place of a wanted position in the list of all, row after row; −1 = none
	Place *Node // [batch, seq] int32: place of a position in Index; −1 = not wanted
}

// take is x [batch, seq, …] at the wanted positions: [1, wanted, …]. Its gradient is a
// look-up too, by the inverse table.
func (o *Only) take(d *Decoder, x *Node) *Node {
	at := func(x, index *Node) *Node { return Gather(x, InsertAxes(MaxScalar(index, 0), -1)) }
	x = Reshape(x, append([]int{-1}, x.Shape().Dimensions[2:]...)...)
	y := d.byHand(at(x, o.Index), []*Node{x}, func(v *Node) []*Node {
		place := Reshape(o.Place, -1)
		wanted := GreaterOrEqual(place, ZerosLike(place))
		for range x.Rank() - 1 {
			wanted = InsertAxes(wanted, -1)
		}
		return []*Node{Where(BroadcastToDims(wanted, x.Shape().Dimensions...), at(v, place), ZerosLike(x))}
	})
	return InsertAxes(y, 0)
}

// Targets are those of the wanted positions: [batch, seq] int32 → [wanted], −1 where there is none.
func (o *Only) Targets(targets *Node) *Node {
	chosen := Gather(Reshape(targets, -1), InsertAxes(MaxScalar(o.Index, 0), -1))
	return Where(LessThan(o.Index, ZerosLike(o.Index)), Neg(OnesLike(chosen)), chosen)
}

// blocked is what a forbidden score gets: finite, so that a row without any allowed
// key gives numbers and no NaN.
const blocked = -1e9

// causalBias is the additive mask [batch or 1, seq, seq] (0 where query position i
// may see key position j ≤ i, a very negative number elsewhere). Where segments
// [batch, seq] is not nil, only positions of the same segment are seen.
func causalBias(g *Graph, seq int, segments *Node) *Node {
	square := shapes.Make(dtypes.Int32, 1, seq, seq)
	allowed := GreaterOrEqual(Iota(g, square, 1), Iota(g, square, 2))
	if segments != nil {
		batch := segments.Shape().Dim(0)
		same := Equal(BroadcastToDims(InsertAxes(segments, -1), batch, seq, seq), BroadcastToDims(InsertAxes(segments, 1), batch, seq, seq))
		allowed = LogicalAnd(BroadcastToDims(allowed, batch, seq, seq), same)
	}
	return Allow(allowed)
}

// Allow is the additive mask of a condition: 0 where it holds, a very negative number elsewhere.
func Allow(condition *Node) *Node {
	zero := Zeros(condition.Graph(), shapes.Make(dtypes.Float32, condition.Shape().Dimensions...))
	return Where(condition, zero, AddScalar(zero, blocked))
}

// ScoredShare is the share of all scores that attention computes for a sequence, and the
// number of parts that it cuts the queries into.
func ScoredShare(seq int) (share float64, parts int) {
	parts = 1
	if seq >= 128 && seq%2 == 0 {
		parts = 2
	}
	if seq >= 512 && seq%4 == 0 {
		parts = 4
	}
	return float64(parts+1) / float64(2*parts), parts
}

// toRow is attention where bias blocks all later positions. Queries are cut into parts that
// see only the keys up to their own end, so that less of the product is computed and
// thrown away: 3/4 of it with two parts, 5/8 with four.
func (d *Decoder) toRow(q, k, v, bias *Node) *Node {
	seq := q.Shape().Dim(1)
	_, parts := ScoredShare(seq)
	var out []*Node
	for i := range parts {
		from, to := i*seq/parts, (i+1)*seq/parts
		cut := func(x *Node, axis, from int) *Node {
			if from == 0 && to == seq {
				return x
			}
			return SliceAxis(x, axis, AxisRange(from, to))
		}
		q, k, v := cut(q, 1, from), cut(k, 1, 0), cut(v, 1, 0)
		y, vjp := toKeys(q, k, v, cut(cut(bias, 1, from), 2, 0))
		out = append(out, d.byHand(y, []*Node{q, k, v}, vjp))
	}
	if parts == 1 {
		return out[0]
	}
	return Concatenate(out, 1)
}

// toKeys is grouped-query attention: queries [batch, seq, heads, headDim], keys and values
// [batch, keys, kvHeads, headDim], bias [batch or 1, seq, keys] added to the scores; →
// [batch, seq, heads, headDim]. Softmax is in f32 and divides after the product with the
// values, on seq·headDim numbers instead of seq·keys.
//
// Its gradient, for q, k and v, orders the backward products so that no matrix of scores is
// copied transposed, and keeps exp(scores) only.
func toKeys(q, k, v, bias *Node) (y *Node, vjp func(a *Node) []*Node) {
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

// Flash says whether a backend computes this network's attention without ever holding the
// matrix of scores (Dao et al. 2022; here cuDNN's kernel), and if not, why not. masked is
// whether attention must stay within documents: the kernel knows the causal mask alone.
//
// The conditions are those of the library, which falls back in silence where one fails.
func (c Config) Flash(b compute.Backend, dtype dtypes.DType, masked bool) (ok bool, why string) {
	switch {
	case !onGPU(b):
		return false, "the backend has no flash attention, which takes an NVIDIA GPU"
	case os.Getenv(FusionEnv) != "" && os.Getenv(FusionEnv) != "1" && os.Getenv(FusionEnv) != "true":
		return false, fmt.Sprintf("%s is %q", FusionEnv, os.Getenv(FusionEnv))
	case !dtype.IsHalfPrecision():
		return false, fmt.Sprintf("the dtype is %s: it takes bfloat16", dtype)
	case c.HeadDim()%8 != 0:
		return false, fmt.Sprintf("the head width is %d: it takes a multiple of 8", c.HeadDim())
	case masked:
		return false, "attention stays within documents: it takes document_mask off"
	}
	return true, ""
}

// attendFlash is causal attention by the backend's fused operation, in both passes; a
// backend without it computes the same from single operations.
func attendFlash(q, k, v *Node) *Node {
	out, _ := fused.Core(q, k, v, fused.LayoutBSHD, fused.CoreOptions{UseCausalMask: true})
	return out
}
