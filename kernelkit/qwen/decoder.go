package qwen

import (
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Decoder is the network as a function of the nodes of its weights. Training, sampling and
// GRPO run this one; what differs between them is the Input: which tokens, what they attend
// to, and which of them are wanted at the end.
type Decoder struct {
	Config Config

	// Recompute keeps only the input of each block for the backward pass (gradient
	// checkpointing), which computes the rest again.
	Recompute bool

	embed  *Node // [vocab, hidden]
	blocks []block
	norm   *Node // [hidden]
	head   *Node // [vocab, hidden], the embedding where tied

	transposed bool // matrices of blocks are [in, out] instead of [out, in]
	gpu        bool // the backend has the operations that only CUDA's has
	derived    bool // leaves all gradients to the library: what those by hand are tested with
}

// block are the weights of a layer. Matrices that multiply the same input are separate, or
// joined to one (see Joined).
type block struct {
	inputNorm *Node   // [hidden]
	qkv       []*Node // [heads or kvHeads·headDim, hidden], or joined [(heads + 2·kvHeads)·headDim, hidden]
	qkvBias   []*Node // of the same
	o         *Node   // [hidden, heads·headDim]
	postNorm  *Node   // [hidden]
	gateUp    []*Node // [ffn, hidden] twice, or joined [2·ffn, hidden]
	down      *Node   // [hidden, ffn]
}

func (b *block) nodes() []*Node {
	return slices.Concat([]*Node{b.inputNorm, b.o, b.postNorm, b.down}, b.qkv, b.qkvBias, b.gateUp)
}

// joined is the block with one matrix for all products of one input.
func (b *block) joined() joined {
	return joined{b.inputNorm, Concatenate(b.qkv, 0), Concatenate(b.qkvBias, 0), b.o, b.postNorm, Concatenate(b.gateUp, 0), b.down}
}

// joined are the weights of a block with one matrix for all products of one input.
type joined struct{ inputNorm, qkv, qkvBias, o, postNorm, gateUp, down *Node }

func (j *joined) matrices() []**Node { return []**Node{&j.qkv, &j.o, &j.gateUp, &j.down} }

func (j *joined) fields() []**Node {
	return []**Node{&j.inputNorm, &j.qkv, &j.qkvBias, &j.o, &j.postNorm, &j.gateUp, &j.down}
}

func (j *joined) block() block {
	return block{j.inputNorm, []*Node{j.qkv}, []*Node{j.qkvBias}, j.o, j.postNorm, []*Node{j.gateUp}, j.down}
}

// Bind makes the network of a graph from the nodes of its weights, in the order of
// Config.Specs. It panics when the number of nodes is wrong, as graph-building functions do.
func Bind(cfg Config, nodes []*Node) *Decoder { return BindAs(cfg, nodes, dtypes.Float32) }

// BindAs is Bind with matrices and biases converted to a dtype for computing (bfloat16);
// norms stay in f32.
func BindAs(cfg Config, nodes []*Node, compute dtypes.DType) *Decoder {
	if want := len(cfg.Specs()); len(nodes) != want {
		exceptions.Panicf("qwen: Bind got %d nodes, expected %d", len(nodes), want)
	}
	as := func(list ...*Node) []*Node {
		for i, x := range list {
			list[i] = ConvertDType(x, compute)
		}
		return list
	}
	one := func(x *Node) *Node { return ConvertDType(x, compute) }
	d := &Decoder{Config: cfg, embed: one(nodes[0]), gpu: onGPU(nodes[0].Graph().Backend())}
	for l := range cfg.Layers {
		n := nodes[1+l*perLayer:]
		d.blocks = append(d.blocks, block{
			inputNorm: n[inputNorm], postNorm: n[postNorm],
			qkv: as(n[qWeight], n[kWeight], n[vWeight]), qkvBias: as(n[qBias], n[kBias], n[vBias]), o: one(n[oWeight]),
			gateUp: as(n[gateWeight], n[upWeight]), down: one(n[downWeight]),
		})
	}
	d.norm, d.head = nodes[1+cfg.Layers*perLayer], d.embed
	if !cfg.Tied {
		d.head = one(nodes[len(nodes)-1])
	}
	return d
}

// Joined is the network with matrices that multiply the same input side by side, as one: fewer
// and larger products, which pay for passes of few positions. On a CPU an update of GRPO, of
// passes of a thousand, takes 0.8 × the time so; a training step of 2,560 positions at micro takes
// 1.2 × the time, and one of 4,096 at d128 as long, because what the one product writes must
// be cut, and the gradients joined again (LAB.md, 2026-11-28). So sampling and GRPO join and
// training does not.
func (d *Decoder) Joined() *Decoder {
	one := *d
	one.blocks = nil
	for _, b := range d.blocks {
		j := b.joined()
		one.blocks = append(one.blocks, j.block())
	}
	return &one
}

// TransposeWeights lays weights, in the order of Config.Specs, out for BindTransposed: joined, and
// matrices [in, out]. For as few rows as a sampler has, XLA multiplies by those twice to three
// times as fast on a CPU, with the same bits as result: the other way round it collects the
// numbers of a matrix one by one. It takes a program of its own: XLA would merge a transpose
// with the product that it feeds.
func TransposeWeights(cfg Config, weights []*Node) []*Node {
	d := Bind(cfg, weights)
	all := []*Node{d.embed, d.norm, d.head}
	for _, b := range d.blocks {
		j := b.joined()
		for _, m := range j.matrices() {
			*m = Transpose(*m, 0, 1)
		}
		for _, f := range j.fields() {
			all = append(all, *f)
		}
	}
	return all
}

// TransposedCount is how many tensors TransposeWeights returns.
func TransposedCount(cfg Config) int { return 3 + cfg.Layers*len((&joined{}).fields()) }

// BindTransposed makes the network of what TransposeWeights returned. It is for sampling: the
// gradients of its matrices are left to the library.
func BindTransposed(cfg Config, all []*Node) *Decoder {
	d := &Decoder{Config: cfg, embed: all[0], norm: all[1], head: all[2], transposed: true, gpu: onGPU(all[0].Graph().Backend())}
	rest := all[3:]
	for range cfg.Layers {
		var j joined
		for _, f := range j.fields() {
			*f, rest = rest[0], rest[1:]
		}
		d.blocks = append(d.blocks, j.block())
	}
	return d
}

// Input is what a forward pass runs on: Rows, Continuations or NextToken.
type Input interface {
	// place gives tokens and rotary positions [batch, seq], and a bound of the positions.
	place(cfg Config) (tokens, positions *Node, below int)
	attention(d *Decoder) attention
}

// attention says what the positions of a pass attend to. attend gets turned queries
// [batch, seq, heads, headDim] and keys, and values [batch, seq, kvHeads, headDim], and returns
// [batch, seq, heads, headDim]. last stands for it in the last layer, which may go on with fewer
// positions than there are: it gets the residual stream x [batch, seq, hidden] too, and
// returns both at the positions that are wanted. Where it is nil all of them are.
type attention struct {
	attend func(layer int, q, k, v *Node) *Node
	last   func(x, q, k, v *Node) (wanted, mixed *Node)
}

// Hidden is the network up to the last block: [batch, seq, hidden] of the positions that
// the input wants, in the order that it says.
func (d *Decoder) Hidden(in Input) *Node {
	tokens, positions, below := in.place(d.Config)
	turn := d.rotary(positions, below, d.embed.DType())
	to := in.attention(d)
	x := d.lookUp(tokens)
	for l := range d.Config.Layers {
		run := func(x *Node) *Node {
			q, k, v := d.project(l, x, turn)
			if l == d.Config.Layers-1 && to.last != nil {
				wanted, mixed := to.last(x, q, k, v)
				return d.finish(l, wanted, mixed)
			}
			return d.finish(l, x, to.attend(l, q, k, v))
		}
		if d.Recompute {
			x = recomputed(x, d.blocks[l].nodes(), run)
		} else {
			x = run(x)
		}
	}
	return x
}

// oneHotVocab is the largest vocabulary whose embedding gets its gradient as a product with
// one-hot rows where a scatter, the gradient of a look-up, will not do. It adds in the
// embedding's dtype, so that frequent tokens lose digits in bfloat16; and a GPU adds in any
// order, so that no two runs are alike. A CPU adds in a fixed order, and in f32 faster than the
// product (LAB.md, 2026-11-26).
const oneHotVocab = 8192

// lookUp is the embedding: [batch, seq] → [batch, seq, hidden].
func (d *Decoder) lookUp(tokens *Node) *Node {
	x := Gather(d.embed, InsertAxes(tokens, -1))
	if (d.gpu || x.DType() != dtypes.Float32) && d.Config.VocabSize <= oneHotVocab {
		x = d.byHand(x, []*Node{d.embed}, func(v *Node) []*Node {
			return []*Node{d.overPositions(v, OneHot(tokens, d.Config.VocabSize, v.DType()))}
		})
	}
	if d.Config.EmbedScale != 1 {
		x = MulScalar(x, d.Config.EmbedScale)
	}
	return x
}

// project is a block up to attention: turned queries [batch, seq, heads, headDim] and keys,
// and values [batch, seq, kvHeads, headDim], of x [batch, seq, hidden].
func (d *Decoder) project(layer int, x *Node, turn rotation) (q, k, v *Node) {
	c, w := d.Config, d.blocks[layer]
	heads := func(x *Node, n int) *Node { return Reshape(x, x.Shape().Dim(0), x.Shape().Dim(1), n, c.HeadDim()) }
	kv := c.KVHeads * c.HeadDim()
	parts := d.products(d.rmsNorm(x, w.inputNorm), w.qkv, w.qkvBias, c.Heads*c.HeadDim(), kv, kv)
	return d.turned(heads(parts[0], c.Heads), turn), d.turned(heads(parts[1], c.KVHeads), turn), heads(parts[2], c.KVHeads)
}

// finish is a block from attention on, at each position alone: x [batch, seq, hidden],
// mixed [batch, seq, heads, headDim].
func (d *Decoder) finish(layer int, x, mixed *Node) *Node {
	w := d.blocks[layer]
	x = Add(x, d.multiply(Reshape(mixed, x.Shape().Dim(0), x.Shape().Dim(1), -1), w.o))
	both := d.products(d.rmsNorm(x, w.postNorm), w.gateUp, nil, d.Config.FFN, d.Config.FFN)
	return Add(x, d.multiply(d.swiGLU(both[0], both[1]), w.down))
}

// products are x times matrices of the given widths, separate or joined, plus biases where there are any.
func (d *Decoder) products(x *Node, matrices, biases []*Node, widths ...int) (parts []*Node) {
	for i, m := range matrices {
		y := d.multiply(x, m)
		if biases != nil {
			y = Add(y, ExpandLeftToRank(biases[i], y.Rank()))
		}
		parts = append(parts, y)
	}
	if len(parts) == len(widths) {
		return parts
	}
	return d.cutLast(parts[0], widths...)
}

// rotation holds cosines and sines of rotary angles: [batch, seq, 1, headDim/2].
type rotation struct{ cos, sin *Node }

// mostAngles is how many numbers a table of rotary angles may have: one of a megabyte. Programs
// hold constants as text, and a context of a million positions would fill gigabytes with it.
const mostAngles = 1 << 18

// rotary is the rotation of a dtype at positions [batch, seq] int32, all below a bound. It comes
// from a table: XLA would compute cosines anew in each consumer. It does for a context so long
// that its table would be too large.
func (d *Decoder) rotary(positions *Node, below int, dtype dtypes.DType) rotation {
	frequencies := d.Config.frequencies()
	half := len(frequencies)
	if below*half > mostAngles {
		row := make([]float32, half)
		for i, f := range frequencies {
			row[i] = float32(f)
		}
		angles := Mul(InsertAxes(ConvertDType(positions, dtypes.Float32), -1, -1), Const(positions.Graph(), [][][][]float32{{{row}}}))
		return rotation{ConvertDType(Cos(angles), dtype), ConvertDType(Sin(angles), dtype)}
	}
	table := func(f func(angle float64) float64) *Node {
		flat := make([]float32, 0, below*half)
		for at := range below {
			for _, frequency := range frequencies {
				flat = append(flat, float32(f(float64(float32(at)*float32(frequency))))) // the angle in f32, as transformers has it
			}
		}
		rows := Const(positions.Graph(), tensors.FromFlatDataAndDimensions(flat, below, half))
		return ConvertDType(InsertAxes(Gather(rows, InsertAxes(positions, -1)), 2), dtype)
	}
	return rotation{table(math.Cos), table(math.Sin)}
}

// Logits is the final norm and the unembedding, in f32 and with the vocabulary first: x
// [..., hidden] → [vocab, positions]. XLA takes sums and maxima over the first axis of a
// matrix many columns at a time on a CPU, those over the last one number by number.
func (d *Decoder) Logits(x *Node) *Node {
	x = d.rmsNorm(Reshape(x, -1, d.Config.HiddenSize), d.norm)
	logits := d.byHand(DotGeneral(d.head, []int{1}, nil, x, []int{1}, nil), []*Node{x, d.head}, func(v *Node) []*Node {
		return []*Node{DotGeneral(v, []int{0}, nil, d.head, []int{0}, nil), DotGeneral(v, []int{1}, nil, x, []int{0}, nil)}
	})
	return ConvertDType(logits, dtypes.Float32)
}

// Forward is the whole network on rows: logits [batch, seq, vocab].
func (d *Decoder) Forward(rows Rows) *Node {
	x := d.Hidden(rows)
	return Reshape(Transpose(d.Logits(x), 0, 1), x.Shape().Dim(0), x.Shape().Dim(1), d.Config.VocabSize)
}

// onGPU says whether a backend has the operations that only CUDA's has.
func onGPU(b compute.Backend) bool {
	has := b.Capabilities().Operations
	return has[compute.OpTypeFusedScaledDotProductAttention] && has[compute.OpTypeFusedScaledDotProductAttentionVJP]
}
