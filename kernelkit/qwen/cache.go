package qwen

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Cache are the turned keys and the values of a layer: [entries, kvHeads, length, headDim].
type Cache struct{ Keys, Values *Node }

// CacheOf makes a cache of keys and values [entries, length, kvHeads, headDim].
func CacheOf(k, v *Node) Cache {
	return Cache{TransposeAllAxes(k, 0, 2, 1, 3), TransposeAllAxes(v, 0, 2, 1, 3)}
}

// NextToken is one token for each of many rows whose past is in caches. A row attends to the
// prompt of its slot, which the rows of a slot share, and to what it has written itself.
type NextToken struct {
	Tokens, Positions *Node // [rows] int32; positions are below Config.Context

	Prompt     []Cache // by layer: [slots, kvHeads, length, headDim]
	PromptBias *Node   // [slots, length]: see Allow
	Ring       []Cache // by layer: [rows, kvHeads, size, headDim]. Hidden puts caches in their place that have the token too
	RingBias   *Node   // [rows, size]
	At         *Node   // [] int32: where the rings get the token
}

func (n *NextToken) place(cfg Config) (tokens, positions *Node, below int) {
	return InsertAxes(n.Tokens, -1), InsertAxes(n.Positions, -1), cfg.Context
}

func (n *NextToken) attention(*Decoder) attention {
	return attention{attend: func(layer int, q, k, v *Node) *Node {
		zero := ScalarZero(n.At.Graph(), dtypes.Int32)
		write := func(ring, x *Node) *Node { return DynamicUpdateSlice(ring, x, []*Node{zero, zero, n.At, zero}) }
		token := CacheOf(k, v)
		n.Ring[layer] = Cache{write(n.Ring[layer].Keys, token.Keys), write(n.Ring[layer].Values, token.Values)}
		return toCaches(q, n.Prompt[layer], n.PromptBias, n.Ring[layer], n.RingBias)
	}}
}

// toCaches is grouped-query attention of one query a row to two caches, which share one
// softmax: the prompt's, read once for all rows of a slot, and the row's own.
// q [rows, 1, heads, headDim].
func toCaches(q *Node, prompt Cache, promptBias *Node, ring Cache, ringBias *Node) *Node {
	rows, heads, dim := q.Shape().Dim(0), q.Shape().Dim(2), q.Shape().Dim(3)
	slots, kvHeads, length := prompt.Keys.Shape().Dim(0), prompt.Keys.Shape().Dim(1), prompt.Keys.Shape().Dim(2)
	size, group, share := ring.Keys.Shape().Dim(2), heads/kvHeads, rows/slots
	q = MulScalar(Reshape(q, rows, kvHeads, group, dim), 1/math.Sqrt(float64(dim)))

	// [slots, kvHeads, share·group, …]: the queries of all rows of a slot are one matrix.
	together := func(x *Node) *Node {
		last := x.Shape().Dim(-1)
		x = TransposeAllAxes(Reshape(x, slots, share, kvHeads, group, last), 0, 2, 1, 3, 4)
		return Reshape(x, slots, kvHeads, share*group, last)
	}
	apart := func(x *Node) *Node {
		last := x.Shape().Dim(-1)
		x = TransposeAllAxes(Reshape(x, slots, kvHeads, share, group, last), 0, 2, 1, 3, 4)
		return Reshape(x, rows, kvHeads, group, last)
	}
	f32 := func(x *Node) *Node { return ConvertDType(x, dtypes.Float32) }
	toPrompt := Einsum("snqd,snkd->snqk", together(q), prompt.Keys)
	toPrompt = apart(Add(f32(toPrompt), Reshape(promptBias, slots, 1, 1, length)))
	toRing := Add(f32(Einsum("rngd,rnkd->rngk", q, ring.Keys)), Reshape(ringBias, rows, 1, 1, size))

	top := Max(ReduceAndKeep(toPrompt, ReduceMax, -1), ReduceAndKeep(toRing, ReduceMax, -1))
	toPrompt, toRing = Exp(Sub(toPrompt, top)), Exp(Sub(toRing, top))
	total := Add(ReduceAndKeep(toPrompt, ReduceSum, -1), ReduceAndKeep(toRing, ReduceSum, -1)) // [rows, kvHeads, group, 1]

	as := func(x *Node) *Node { return ConvertDType(x, ring.Values.DType()) }
	mixed := Add(
		apart(Einsum("snqk,snkd->snqd", together(as(toPrompt)), prompt.Values)),
		Einsum("rngk,rnkd->rngd", as(toRing), ring.Values))
	return Reshape(Div(mixed, as(total)), rows, 1, heads, dim)
}
