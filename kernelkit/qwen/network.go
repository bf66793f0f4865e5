package qwen

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Params are the weights as nodes of a graph: the network is a function of them.
type Params struct {
	Config Config

	// Recompute makes Hidden keep only the input of each block for the backward pass
	// (gradient checkpointing), which computes the rest again.
	Recompute bool

	// Sharded says that rows are spread over several devices. XLA cannot split a kernel that
	// it did not make, so flash attention stays off.
	Sharded bool

	// Scatter gives the embedding its gradient as a scatter, whatever the size of the
	// vocabulary: the faster way on a CPU, where it adds up in a fixed order too. Training
	// goes without, so that its bits stay what they were.
	Scatter bool

	// derived leaves all gradients to the library: what those of gradient.go are tested with.
	derived bool

	embed  *Node // [vocab, hidden]
	layers []layerParams
	norm   *Node // [hidden]
	head   *Node // [vocab, hidden], the embedding where tied
}

type layerParams struct {
	inputNorm, postNorm *Node // [hidden]
	q, k, v             *Node // [heads·headDim or kvHeads·headDim, hidden]
	qBias, kBias, vBias *Node // [heads·headDim or kvHeads·headDim]
	o                   *Node // [hidden, heads·headDim]
	gate, up            *Node // [ffn, hidden]
	down                *Node // [hidden, ffn]
}

func (w layerParams) nodes() []*Node {
	return []*Node{w.inputNorm, w.postNorm, w.q, w.k, w.v, w.qBias, w.kBias, w.vBias, w.o, w.gate, w.up, w.down}
}

// Bind makes the weights of a graph from its nodes, in the order of Config.Specs. It
// panics when the number of nodes is wrong, as graph-building functions do.
func Bind(cfg Config, nodes []*Node) *Params { return BindAs(cfg, nodes, dtypes.Float32) }

// BindAs is Bind with matrices and biases converted to a dtype for computing (bfloat16);
// norms stay in f32.
func BindAs(cfg Config, nodes []*Node, compute dtypes.DType) *Params {
	if want := len(cfg.Specs()); len(nodes) != want {
		exceptions.Panicf("qwen: Bind got %d nodes, expected %d", len(nodes), want)
	}
	as := func(x *Node) *Node { return ConvertDType(x, compute) }
	p := &Params{Config: cfg, embed: as(nodes[0])}
	for l := range cfg.Layers {
		n := nodes[1+l*perLayer:]
		p.layers = append(p.layers, layerParams{
			inputNorm: n[inputNorm], postNorm: n[postNorm],
			q: as(n[qWeight]), k: as(n[kWeight]), v: as(n[vWeight]),
			qBias: as(n[qBias]), kBias: as(n[kBias]), vBias: as(n[vBias]),
			o: as(n[oWeight]), gate: as(n[gateWeight]), up: as(n[upWeight]), down: as(n[downWeight]),
		})
	}
	p.norm, p.head = nodes[1+cfg.Layers*perLayer], p.embed
	if !cfg.Tied {
		p.head = as(nodes[len(nodes)-1])
	}
	return p
}

// oneHotVocab is the largest vocabulary whose embedding gets its gradient as a product
// with one-hot rows: the gradient of a look-up is a scatter, which the CPU runs row after
// row. A GPU scatters fast, but adds in the embedding's dtype and in any order: frequent
// tokens lose digits in bfloat16, and no two runs are alike. There the product goes further.
const (
	oneHotVocab    = 1024
	oneHotVocabGPU = 8192
)

// Embed looks tokens up: [batch, seq] → [batch, seq, hidden].
func (p *Params) Embed(tokens *Node) *Node {
	x := Gather(p.embed, InsertAxes(tokens, -1))
	limit := oneHotVocab
	if onGPU(tokens.Graph().Backend()) {
		limit = oneHotVocabGPU
	}
	if p.Config.VocabSize <= limit && !p.Scatter && !p.derived {
		x = withGradient(x, []*Node{p.embed}, func(v *Node) []*Node {
			return []*Node{overPositions(v, OneHot(tokens, p.Config.VocabSize, v.DType()))}
		})
	}
	if p.Config.EmbedScale != 1 {
		x = MulScalar(x, p.Config.EmbedScale)
	}
	return x // [batch, seq, hidden]
}

// rmsNorm is x/√(mean x² + ε) · scale, computed in f32.
func (p *Params) rmsNorm(x, scale *Node) *Node {
	dtype := x.DType()
	if dtype != dtypes.Float32 {
		x = ConvertDType(x, dtypes.Float32)
	}
	square := ReduceAndKeep(Square(x), ReduceSum, -1)
	inverse := Reciprocal(Sqrt(AddScalar(MulScalar(square, 1/float64(p.Config.HiddenSize)), p.Config.RMSEps)))
	x = Mul(Mul(x, inverse), ExpandLeftToRank(scale, x.Rank()))
	if dtype != dtypes.Float32 {
		x = ConvertDType(x, dtype)
	}
	return x
}

// Block is one decoder block: [batch, seq, hidden] → [batch, seq, hidden]. positions
// [batch, seq] are the rotary positions. attend gets the rotated queries
// [batch, seq, heads, headDim] and keys and the values [batch, seq, kvHeads, headDim],
// and returns [batch, seq, heads, headDim]: this is where sampling brings its cache.
func (p *Params) Block(layer int, x, positions *Node, attend func(q, k, v *Node) *Node) *Node {
	c, w := p.Config, p.layers[layer]
	batch, seq := x.Shape().Dim(0), x.Shape().Dim(1)

	y := p.rmsNorm(x, w.inputNorm)
	heads := func(matrix, bias *Node, n int) *Node {
		return Reshape(Add(p.linear(y, matrix), ExpandLeftToRank(bias, 3)), batch, seq, n, c.HeadDim())
	}
	q := p.rotate(heads(w.q, w.qBias, c.Heads), positions)
	k := p.rotate(heads(w.k, w.kBias, c.KVHeads), positions)
	v := heads(w.v, w.vBias, c.KVHeads)

	mixed := Reshape(attend(q, k, v), batch, seq, c.Heads*c.HeadDim())
	x = Add(x, p.linear(mixed, w.o))
	return Add(x, p.mlp(p.rmsNorm(x, w.postNorm), w))
}

// linear is x·wᵀ: [..., in] × [out, in] → [..., out].
func (p *Params) linear(x, w *Node) *Node { return linear(x, w, !p.derived) }

// mlp is SwiGLU: (silu(x·gateᵀ) ⊙ x·upᵀ)·downᵀ.
func (p *Params) mlp(x *Node, w layerParams) *Node {
	return p.linear(swiGLU(p.linear(x, w.gate), p.linear(x, w.up), !p.derived), w.down)
}

// rotate applies rotary positions in the split-half layout to x
// [batch, seq, heads, headDim]: pair i is (x[i], x[i+headDim/2]).
func (p *Params) rotate(x, positions *Node) *Node {
	half := p.Config.HeadDim() / 2
	frequencies := make([]float32, half)
	for i, f := range p.Config.frequencies() {
		frequencies[i] = float32(f)
	}
	angle := Mul(InsertAxes(ConvertDType(positions, dtypes.Float32), -1, -1), ExpandLeftToRank(Const(x.Graph(), frequencies), 4)) // [batch, seq, 1, half]
	cos, sin := ConvertDType(Cos(angle), x.DType()), ConvertDType(Sin(angle), x.DType())
	a, b := SliceAxis(x, -1, AxisRange(0, half)), SliceAxis(x, -1, AxisRange(half, 2*half))
	return Concatenate([]*Node{Sub(Mul(a, cos), Mul(b, sin)), Add(Mul(b, cos), Mul(a, sin))}, -1)
}

// blocked is what a forbidden score gets: finite, so that a row without any allowed
// key gives numbers and no NaN.
const blocked = -1e9

// CausalBias is the additive mask [batch or 1, seq, seq] (0 where query position i
// may see key position j ≤ i, a very negative number elsewhere). Where segments
// [batch, seq] is not nil, only positions of the same segment are seen.
func CausalBias(g *Graph, seq int, segments *Node) *Node {
	square := shapes.Make(dtypes.Int32, 1, seq, seq)
	allowed := GreaterOrEqual(Iota(g, square, 1), Iota(g, square, 2))
	if segments != nil {
		batch := segments.Shape().Dim(0)
		same := Equal(BroadcastToDims(InsertAxes(segments, -1), batch, seq, seq), BroadcastToDims(InsertAxes(segments, 1), batch, seq, seq))
		allowed = LogicalAnd(BroadcastToDims(allowed, batch, seq, seq), same)
	}
	zero := Zeros(g, shapes.Make(dtypes.Float32, allowed.Shape().Dimensions...))
	return Where(allowed, zero, AddScalar(zero, blocked))
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

// attendCausally is Attention where bias blocks all later positions. Queries are cut
// into parts that see only the keys up to their own end, so that less of the product is
// computed and thrown away: 3/4 of it with two parts, 5/8 with four.
func (p *Params) attendCausally(q, k, v, bias *Node) *Node {
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
		out = append(out, attention(cut(q, 1, from), cut(k, 1, 0), cut(v, 1, 0), cut(cut(bias, 1, from), 2, 0), !p.derived))
	}
	if parts == 1 {
		return out[0]
	}
	return Concatenate(out, 1)
}

// Logits is the final norm and the unembedding: [batch, seq, hidden] → [batch, seq, vocab],
// in f32.
func (p *Params) Logits(x *Node) *Node {
	logits := p.linear(p.rmsNorm(x, p.norm), p.head)
	if logits.DType() != dtypes.Float32 {
		logits = ConvertDType(logits, dtypes.Float32)
	}
	return logits
}

// Hidden is the network up to the last block: tokens, positions and segments
// [batch, seq] → [batch, seq, hidden]. Attention is causal, and where segments is not
// nil stays within a segment (0 is padding).
func (p *Params) Hidden(tokens, positions, segments *Node) *Node {
	attend := attendFlash
	if ok, _ := p.Config.Flash(tokens.Graph().Backend(), p.embed.DType(), segments != nil); !ok || p.Sharded {
		bias := CausalBias(tokens.Graph(), tokens.Shape().Dim(1), segments)
		attend = func(q, k, v *Node) *Node { return p.attendCausally(q, k, v, bias) }
	}
	x := p.Embed(tokens)
	for l := range p.Config.Layers {
		block := func(x *Node) *Node { return p.Block(l, x, positions, attend) }
		if p.Recompute {
			x = recomputed(x, p.layers[l].nodes(), block)
		} else {
			x = block(x)
		}
	}
	return x
}

// Forward is the whole network: tokens, positions and segments [batch, seq] → logits
// [batch, seq, vocab]. See Hidden for segments.
func (p *Params) Forward(tokens, positions, segments *Node) *Node {
	return p.Logits(p.Hidden(tokens, positions, segments))
}
