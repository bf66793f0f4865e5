package qwen

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Blocks are the network as sampling and GRPO run it: the function of Params in f32 with
// other roundings, in fewer and larger products. The three projections of attention are one
// product, gate and up another; cosines and sines come from a table. Training keeps
// Params.Block, so that its bits stay what they were.
type Blocks struct {
	*Params             // embedding, norm and head
	weights    []joined // by layer
	transposed bool     // matrices are [in, out] instead of [out, in]
	cos, sin   *Node    // [batch, seq, 1, headDim/2], see At
}

// joined are the weights of a layer, side by side where they multiply the same input.
type joined struct {
	inputNorm *Node // [hidden]
	qkv       *Node // [(heads + 2·kvHeads)·headDim, hidden]
	qkvBias   *Node // [(heads + 2·kvHeads)·headDim]
	o         *Node // [hidden, heads·headDim]
	postNorm  *Node // [hidden]
	gateUp    *Node // [2·ffn, hidden]
	down      *Node // [hidden, ffn]
}

func (j *joined) matrices() []**Node { return []**Node{&j.qkv, &j.o, &j.gateUp, &j.down} }

func (j *joined) fields() []**Node {
	return append(j.matrices(), &j.inputNorm, &j.qkvBias, &j.postNorm)
}

// Blocks makes the blocks of weights as they are.
func (p *Params) Blocks() *Blocks {
	b := &Blocks{Params: p}
	for _, w := range p.layers {
		b.weights = append(b.weights, joined{
			inputNorm: w.inputNorm,
			qkv:       Concatenate([]*Node{w.q, w.k, w.v}, 0),
			qkvBias:   Concatenate([]*Node{w.qBias, w.kBias, w.vBias}, 0),
			o:         w.o,
			postNorm:  w.postNorm,
			gateUp:    Concatenate([]*Node{w.gate, w.up}, 0),
			down:      w.down,
		})
	}
	return b
}

// TransposeWeights lays weights, in the order of Config.Specs, out for BindTransposed: joined,
// and matrices [in, out]. With as few rows as a sampler has, XLA multiplies by those twice to
// three times as fast on a CPU, with the same bits as result: the other way round it collects
// the numbers of a matrix one by one. It takes a program of its own: XLA would merge a
// transpose with the product that it feeds.
func TransposeWeights(cfg Config, weights []*Node) []*Node {
	b := Bind(cfg, weights).Blocks()
	all := []*Node{b.embed, b.norm, b.head}
	for _, j := range b.weights {
		for _, m := range j.matrices() {
			*m = Transpose(*m, 0, 1)
		}
		for _, f := range j.fields() {
			all = append(all, *f)
		}
	}
	return all
}

// BindTransposed makes the blocks of what TransposeWeights returned. They are for sampling: the
// gradients of their matrices are left to the library.
func BindTransposed(cfg Config, all []*Node) *Blocks {
	b := &Blocks{Params: &Params{Config: cfg, embed: all[0], norm: all[1], head: all[2]}, weights: make([]joined, cfg.Layers), transposed: true}
	rest := all[3:]
	for l := range b.weights {
		for _, f := range b.weights[l].fields() {
			*f, rest = rest[0], rest[1:]
		}
	}
	return b
}

// At are the blocks at rotary positions [batch, seq] int32, which are below Config.Context.
func (b *Blocks) At(positions *Node) *Blocks {
	half := b.Config.HeadDim() / 2
	table := func(f func(angle float64) float64) *Node { // XLA would compute cosines anew in each consumer
		flat := make([]float32, 0, b.Config.Context*half)
		for at := range b.Config.Context {
			for _, frequency := range b.Config.frequencies() {
				flat = append(flat, float32(f(float64(float32(at)*float32(frequency))))) // the angle in f32, as rotate has it
			}
		}
		rows := Const(positions.Graph(), tensors.FromFlatDataAndDimensions(flat, b.Config.Context, half))
		return InsertAxes(Gather(rows, InsertAxes(positions, -1)), 2)
	}
	placed := *b
	placed.cos, placed.sin = table(math.Cos), table(math.Sin)
	return &placed
}

// multiply is x [..., in] times a matrix: [..., out].
func (b *Blocks) multiply(x, w *Node) *Node {
	if b.transposed {
		return DotGeneral(x, []int{x.Rank() - 1}, nil, w, []int{0}, nil)
	}
	return b.linear(x, w)
}

// Block is one decoder block, see Params.Block.
func (b *Blocks) Block(layer int, x *Node, attend func(q, k, v *Node) *Node) *Node {
	q, k, v := b.project(layer, x)
	return b.finish(layer, x, attend(q, k, v))
}

// project is a block up to attention: turned queries and keys, and values, of
// x [batch, seq, hidden].
func (b *Blocks) project(layer int, x *Node) (q, k, v *Node) {
	c := b.Config
	heads := func(x *Node, n int) *Node { return Reshape(x, x.Shape().Dim(0), x.Shape().Dim(1), n, c.HeadDim()) }
	w := b.weights[layer]
	y := Add(b.multiply(b.fastNorm(x, w.inputNorm), w.qkv), ExpandLeftToRank(w.qkvBias, 3))
	parts := cutLast(y, c.Heads*c.HeadDim(), c.KVHeads*c.HeadDim(), c.KVHeads*c.HeadDim())
	return b.turn(heads(parts[0], c.Heads)), b.turn(heads(parts[1], c.KVHeads)), heads(parts[2], c.KVHeads)
}

// finish is a block from attention on, at each position alone: x [batch, seq, hidden],
// mixed [batch, seq, heads, headDim].
func (b *Blocks) finish(layer int, x, mixed *Node) *Node {
	w := b.weights[layer]
	x = Add(x, b.multiply(Reshape(mixed, x.Shape().Dim(0), x.Shape().Dim(1), -1), w.o))
	both := cutLast(b.multiply(b.fastNorm(x, w.postNorm), w.gateUp), b.Config.FFN, b.Config.FFN)
	return Add(x, b.multiply(swiGLU(both[0], both[1], !b.derived), w.down))
}

// fastNorm is rmsNorm of x [..., hidden] in f32, with sums over the last axis as products with ones.
func (p *Params) fastNorm(x, scale *Node) *Node {
	last := x.Rank() - 1
	scale = ExpandLeftToRank(scale, x.Rank())
	mean := func(x *Node) *Node {
		ones := Ones(x.Graph(), shapes.Make(dtypes.Float32, p.Config.HiddenSize, 1))
		return MulScalar(DotGeneral(x, []int{last}, nil, ones, []int{0}, nil), 1/float64(p.Config.HiddenSize)) // [..., 1]
	}
	inverse := Reciprocal(Sqrt(AddScalar(mean(Square(x)), p.Config.RMSEps)))
	y := Mul(Mul(x, inverse), scale)
	if p.derived {
		return y
	}
	return withGradient(y, []*Node{x, scale}, func(v *Node) []*Node {
		unit := Mul(x, inverse)
		scaled := Mul(v, scale)
		return []*Node{
			Mul(Sub(scaled, Mul(unit, mean(Mul(scaled, unit)))), inverse),
			ExpandLeftToRank(ReduceSum(Mul(v, unit), positionAxes(v)...), x.Rank()),
		}
	})
}

// turn is Params.rotate with the inverse turn as its gradient.
func (b *Blocks) turn(x *Node) *Node {
	half := b.Config.HeadDim() / 2
	by := func(x, sin *Node) *Node {
		a, c := SliceAxis(x, -1, AxisRange(0, half)), SliceAxis(x, -1, AxisRange(half, 2*half))
		return Concatenate([]*Node{Sub(Mul(a, b.cos), Mul(c, sin)), Add(Mul(c, b.cos), Mul(a, sin))}, -1)
	}
	if b.derived {
		return by(x, b.sin)
	}
	return withGradient(by(x, b.sin), []*Node{x}, func(v *Node) []*Node { return []*Node{by(v, Neg(b.sin))} })
}

// cutLast cuts x into parts of the given sizes along its last axis. Its gradient joins those
// of the parts, all of which must be used; the library pads each to the full width and adds.
func cutLast(x *Node, sizes ...int) []*Node {
	adjoints := make([]*Node, len(sizes))
	x = IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return Concatenate(adjoints, -1) })
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

// LogitsByToken is Logits with the vocabulary first: [..., hidden] → [vocab, positions]. XLA
// takes sums and maxima over the first axis of a matrix many columns at a time on a CPU,
// those over the last one number by number.
func (p *Params) LogitsByToken(x *Node) *Node {
	x = p.fastNorm(Reshape(x, -1, p.Config.HiddenSize), p.norm)
	logits := DotGeneral(p.head, []int{1}, nil, x, []int{1}, nil)
	if !p.derived {
		logits = withGradient(logits, []*Node{x, p.head}, func(v *Node) []*Node {
			return []*Node{DotGeneral(v, []int{0}, nil, p.head, []int{0}, nil), DotGeneral(v, []int{1}, nil, x, []int{0}, nil)}
		})
	}
	return ConvertDType(logits, dtypes.Float32)
}

// TargetLogProbs are the log-probs of targets under the softmax of logits [vocab, positions]
// (f32): shaped as targets (int32), 0 where a target is negative.
func TargetLogProbs(logits, targets *Node) *Node {
	vocab, n := logits.Shape().Dim(0), logits.Shape().Dim(1)
	dims := targets.Shape().Dimensions
	targets = Reshape(targets, n)
	known := ConvertDType(GreaterOrEqual(targets, ZerosLike(targets)), dtypes.Float32)
	shifted := Sub(logits, ReduceAndKeep(logits, ReduceMax, 0))
	weights := Exp(shifted)
	total := ReduceSum(weights, 0)
	ids := Iota(logits.Graph(), shapes.Make(dtypes.Int32, vocab, n), 0)
	chosen := Equal(ids, BroadcastToDims(InsertAxes(targets, 0), vocab, n))
	y := Mul(Sub(ReduceSum(Where(chosen, shifted, ZerosLike(shifted)), 0), Log(total)), known)
	y = withGradient(y, []*Node{logits}, func(v *Node) []*Node {
		v = Mul(v, known)
		share := Mul(weights, InsertAxes(Div(v, total), 0))
		return []*Node{Sub(Where(chosen, BroadcastToDims(InsertAxes(v, 0), vocab, n), ZerosLike(share)), share)}
	})
	return Reshape(y, dims...)
}
