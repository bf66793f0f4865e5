package rollout

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// prefillGraph computes the keys and values of prompts: tokens [prompts, length],
// padded on the right → per layer keys and values [prompts, kvHeads, length, headDim].
// Padding comes after a prompt, where causal attention keeps it out of everything
// that is used.
func prefillGraph(cfg qwen.Config) func(in []*Node) []*Node {
	return func(in []*Node) []*Node {
		weights, tokens := in[:len(in)-1], in[len(in)-1]
		g := tokens.Graph()
		b := qwen.BindTransposed(cfg, weights)
		bias := qwen.CausalBias(g, tokens.Shape().Dim(1), nil)
		blocks := b.At(Iota(g, tokens.Shape(), 1))
		x := b.Embed(tokens)
		var caches []*Node
		for l := range cfg.Layers {
			x = blocks.Block(l, x, func(q, k, v *Node) *Node {
				caches = append(caches, TransposeAllAxes(k, 0, 2, 1, 3), TransposeAllAxes(v, 0, 2, 1, 3))
				return qwen.Attention(q, k, v, bias)
			})
		}
		return caches
	}
}

// placeGraph puts new prompts into slots: old caches [slots, …], new ones
// [prompts, …] and from [slots] → caches [slots, …], where slot i gets entry from[i]
// of old followed by new.
func placeGraph(layers int) func(in []*Node) []*Node {
	return func(in []*Node) []*Node {
		old, fresh, from := in[:2*layers], in[2*layers:4*layers], in[4*layers]
		out := make([]*Node, 2*layers)
		for i := range out {
			out[i] = Gather(Concatenate([]*Node{old[i], fresh[i]}, 0), InsertAxes(from, -1))
		}
		return out
	}
}

// state is what the loop carries, in the order of its parameters: everything that the body
// needs, weights included.
type state struct {
	index *Node // [] int32: steps of this call
	busy  *Node // [] int32: groups with a live row
	limit *Node // [] int32: the loop ends when busy ≤ limit

	step      *Node // [] int32: steps since the rings were made
	token     *Node // [rows] int32: the last token
	written   *Node // [rows] int32: tokens drawn so far
	live      *Node // [rows] int32: 1 until the row ends
	low, high *Node // [rows] uint32: key of the row's noise

	length      *Node // [slots] int32: length of the prompt
	stop        *Node // [stops] int32
	temperature *Node // [] f32
	noise       *Node // [] f32: 1, or 0 for the most likely token
	topP        *Node // [] f32
	topK        *Node // [] int32

	tokens, logProbs, sampleLogProbs, entropy *Node // [segment, rows]: what was drawn in this call

	prompt  []*Node // per layer keys and values [slots, kvHeads, length, headDim]
	ring    []*Node // per layer keys and values [rows, kvHeads, maxTokens, headDim]
	weights []*Node // of qwen.TransposeWeights
}

// fields lists the single nodes in order.
func (s *state) fields() []**Node {
	return []**Node{&s.index, &s.busy, &s.limit, &s.step, &s.token, &s.written, &s.live, &s.low, &s.high,
		&s.length, &s.stop, &s.temperature, &s.noise, &s.topP, &s.topK,
		&s.tokens, &s.logProbs, &s.sampleLogProbs, &s.entropy}
}

// fieldTokens is the place of tokens in the list of fields.
const fieldTokens = 15

func newState(layers int, nodes []*Node) *state {
	s := &state{}
	fields := s.fields()
	for i, f := range fields {
		*f = nodes[i]
	}
	rest := nodes[len(fields):]
	s.prompt, s.ring, s.weights = rest[:2*layers], rest[2*layers:4*layers], rest[4*layers:]
	return s
}

func (s *state) nodes() []*Node {
	var all []*Node
	for _, f := range s.fields() {
		all = append(all, *f)
	}
	all = append(all, s.prompt...)
	all = append(all, s.ring...)
	return append(all, s.weights...)
}

// loopGraph samples until at most limit groups are live or the segment is full. It
// returns the number of steps, the drawn tokens with their log-probs and entropies
// [segment, rows], and the rings.
func loopGraph(cfg qwen.Config, from drawnFrom) func(in []*Node) []*Node {
	return func(in []*Node) []*Node {
		segment := in[fieldTokens].Shape().Dim(0)
		out := newState(cfg.Layers, engine.Loop(in, func(carried []*Node) *Node {
			s := newState(cfg.Layers, carried)
			return LogicalAnd(LessThan(s.index, Const(s.index.Graph(), int32(segment))), GreaterThan(s.busy, s.limit))
		}, func(carried []*Node) []*Node {
			s := newState(cfg.Layers, carried)
			s.advance(cfg, from)
			return s.nodes()
		}))
		return append([]*Node{out.index, out.tokens, out.logProbs, out.sampleLogProbs, out.entropy}, out.ring...)
	}
}

// advance is one step of the loop: every row draws one token.
func (s *state) advance(cfg qwen.Config, from drawnFrom) {
	g := s.index.Graph()
	rows, slots := s.token.Shape().Dim(0), s.length.Shape().Dim(0)
	b := qwen.BindTransposed(cfg, s.weights)

	// The last token of the prompt is the first input of the loop, so the position of
	// the input is length − 1 + written.
	position := Add(perRow(s.length, rows), AddScalar(s.written, -1))
	at := ModScalar(s.step, int32(s.ring[0].Shape().Dim(2)))
	promptBias, ringBias := s.promptBias(slots), s.ringBias(at)
	x := b.Embed(InsertAxes(s.token, -1)) // [rows, 1, hidden]
	blocks := b.At(InsertAxes(position, -1))
	for l := range cfg.Layers {
		x = blocks.Block(l, x, func(q, k, v *Node) *Node {
			s.ring[2*l], s.ring[2*l+1] = write(s.ring[2*l], k, at), write(s.ring[2*l+1], v, at)
			return attendTwo(q, s.prompt[2*l], s.prompt[2*l+1], promptBias, s.ring[2*l], s.ring[2*l+1], ringBias)
		})
	}
	s.draw(b.LogitsByToken(x), from)

	stops := s.stop.Shape().Dim(0)
	hit := Equal(BroadcastToDims(InsertAxes(s.token, -1), rows, stops), BroadcastToDims(InsertAxes(s.stop, 0), rows, stops))
	stopped := ReduceMax(ConvertDType(hit, dtypes.Int32), -1) // [rows]
	s.written = Add(s.written, s.live)
	full := ConvertDType(GreaterOrEqual(s.written, Const(g, int32(s.ring[0].Shape().Dim(2)))), dtypes.Int32)
	s.live = Mul(s.live, OneMinus(Max(stopped, full)))
	s.busy = Reshape(ReduceSum(ReduceMax(Reshape(s.live, slots, rows/slots), -1), 0))
	s.step = AddScalar(s.step, 1)
	s.index = AddScalar(s.index, 1)
}

// draw samples the next token of each row from logits [vocab, rows] and records it.
func (s *state) draw(logits *Node, from drawnFrom) {
	vocab, rows := logits.Shape().Dim(0), logits.Shape().Dim(1)
	model := newDistribution(logits)
	drawn := model
	if from != fromModel {
		scaled := Div(logits, s.temperature)
		if from == fromTruncated {
			scaled = Transpose(truncate(Transpose(scaled, 0, 1), s.topP, s.topK), 0, 1)
		}
		drawn = newDistribution(scaled)
	}
	score := Add(drawn.scores, Mul(s.noise, gumbel(s.low, s.high, s.written, vocab)))
	ids := Iota(logits.Graph(), shapes.Make(dtypes.Int32, vocab, rows), 0)
	best := Equal(score, BroadcastToDims(ReduceAndKeep(score, ReduceMax, 0), vocab, rows))
	s.token = ReduceMin(Where(best, ids, AddScalar(ZerosLike(ids), float64(vocab-1))), 0) // the first of equals
	chosen := Concatenate([]*Node{InsertAxes(s.token, -1), Iota(logits.Graph(), shapes.Make(dtypes.Int32, rows, 1), 0)}, -1)

	record := func(to, values *Node) *Node {
		zero := ScalarZero(to.Graph(), dtypes.Int32)
		return DynamicUpdateSlice(to, Reshape(values, 1, rows), []*Node{s.index, zero})
	}
	s.tokens = record(s.tokens, s.token)
	s.logProbs = record(s.logProbs, model.logProb(chosen))
	s.sampleLogProbs = record(s.sampleLogProbs, drawn.logProb(chosen))
	s.entropy = record(s.entropy, model.entropy())
}

// distribution is a softmax of each row.
type distribution struct {
	scores  *Node // [vocab, rows]: logits, the largest of a row 0
	weights *Node // [vocab, rows]: e^scores
	total   *Node // [rows]: the sum of weights
}

// newDistribution is the softmax of logits [vocab, rows].
func newDistribution(logits *Node) *distribution {
	d := &distribution{scores: Sub(logits, ReduceAndKeep(logits, ReduceMax, 0))}
	d.weights = Exp(d.scores)
	d.total = ReduceSum(d.weights, 0)
	return d
}

// logProb of the tokens chosen, one of each row: (token, row) [rows, 2] → [rows].
func (d *distribution) logProb(chosen *Node) *Node {
	return Sub(Gather(d.scores, chosen), Log(d.total))
}

// entropy in nats: [rows].
func (d *distribution) entropy() *Node {
	return Sub(Log(d.total), Div(ReduceSum(Mul(d.weights, d.scores), 0), d.total))
}

// perRow repeats values [slots] for the rows of each slot.
func perRow(values *Node, rows int) *Node {
	slots := values.Shape().Dim(0)
	return Reshape(BroadcastToDims(InsertAxes(values, -1), slots, rows/slots), rows)
}

// promptBias [slots, length] is 0 at the positions of the prompt whose keys are in
// the cache, all but its last token.
func (s *state) promptBias(slots int) *Node {
	dims := []int{slots, s.prompt[0].Shape().Dim(2)}
	at := BroadcastToDims(Iota(s.length.Graph(), shapes.Make(dtypes.Int32, 1, dims[1]), 1), dims...)
	return allow(LessThan(at, BroadcastToDims(InsertAxes(AddScalar(s.length, -1), -1), dims...)))
}

// ringBias [rows, ring] is 0 where the ring holds what this row wrote: an entry is
// (at − its place) mod size steps old, and a row has written tokens for that many.
func (s *state) ringBias(at *Node) *Node {
	g, size := at.Graph(), s.ring[0].Shape().Dim(2)
	dims := []int{s.token.Shape().Dim(0), size}
	age := Sub(at, Iota(g, shapes.Make(dtypes.Int32, 1, size), 1))
	age = Where(LessThan(age, ZerosLike(age)), AddScalar(age, float64(size)), age)
	return allow(LessOrEqual(BroadcastToDims(age, dims...), BroadcastToDims(InsertAxes(s.written, -1), dims...)))
}

// allow is 0 where condition holds and very negative elsewhere.
func allow(condition *Node) *Node {
	zero := Zeros(condition.Graph(), shapes.Make(dtypes.Float32, condition.Shape().Dimensions...))
	return Where(condition, zero, AddScalar(zero, forbidden))
}

// write puts the step's keys or values [rows, 1, kvHeads, headDim] into a ring
// [rows, kvHeads, size, headDim] at place at.
func write(ring, values, at *Node) *Node {
	zero := ScalarZero(at.Graph(), dtypes.Int32)
	return DynamicUpdateSlice(ring, TransposeAllAxes(values, 0, 2, 1, 3), []*Node{zero, zero, at, zero})
}

// attendTwo is grouped-query attention of one query a row to two caches: the
// prompt's, shared by the rows of a slot and so read once for all of them, and the
// row's own. q [rows, 1, heads, headDim]; biases as promptBias and ringBias make them.
// Both parts share one softmax.
func attendTwo(q, promptK, promptV, promptBias, ringK, ringV, ringBias *Node) *Node {
	rows, heads, dim := q.Shape().Dim(0), q.Shape().Dim(2), q.Shape().Dim(3)
	slots, kvHeads, length := promptK.Shape().Dim(0), promptK.Shape().Dim(1), promptK.Shape().Dim(2)
	size, group, share := ringK.Shape().Dim(2), heads/kvHeads, rows/slots
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
	toPrompt := Einsum("snqd,snkd->snqk", together(q), promptK)
	toPrompt = apart(Add(f32(toPrompt), Reshape(promptBias, slots, 1, 1, length)))
	toRing := Add(f32(Einsum("rngd,rnkd->rngk", q, ringK)), Reshape(ringBias, rows, 1, 1, size))

	top := Max(ReduceAndKeep(toPrompt, ReduceMax, -1), ReduceAndKeep(toRing, ReduceMax, -1))
	toPrompt, toRing = Exp(Sub(toPrompt, top)), Exp(Sub(toRing, top))
	total := Add(ReduceAndKeep(toPrompt, ReduceSum, -1), ReduceAndKeep(toRing, ReduceSum, -1)) // [rows, kvHeads, group, 1]

	as := func(x *Node) *Node { return ConvertDType(x, ringV.DType()) }
	mixed := Add(
		apart(Einsum("snqk,snkd->snqd", together(as(toPrompt)), promptV)),
		Einsum("rngk,rnkd->rngd", as(toRing), ringV))
	return Reshape(Div(mixed, as(total)), rows, 1, heads, dim)
}
