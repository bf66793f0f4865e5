package rollout

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// prefillGraph computes the keys and values of prompts: weights and tokens [prompts, length],
// padded on the right → per layer keys and values [prompts, kvHeads, length, headDim].
// Padding comes after a prompt, where causal attention keeps it out of everything
// that is used.
func prefillGraph(cfg qwen.Config) func(in []*Node) []*Node {
	return func(in []*Node) []*Node {
		weights, tokens := in[:len(in)-1], in[len(in)-1]
		var caches []qwen.Cache
		qwen.BindTransposed(cfg, weights).Hidden(qwen.Rows{
			Tokens: tokens, Positions: Iota(tokens.Graph(), tokens.Shape(), 1),
			Keep: func(_ int, k, v *Node) { caches = append(caches, qwen.CacheOf(k, v)) },
		})
		return listed(caches)
	}
}

// listed are keys and values, layer by layer.
func listed(caches []qwen.Cache) (all []*Node) {
	for _, c := range caches {
		all = append(all, c.Keys, c.Values)
	}
	return all
}

// layered is the inverse of listed.
func layered(all []*Node) []qwen.Cache {
	caches := make([]qwen.Cache, len(all)/2)
	for l := range caches {
		caches[l] = qwen.Cache{Keys: all[2*l], Values: all[2*l+1]}
	}
	return caches
}

// placed is what placeGraph takes.
type placed[T any] struct {
	old   []T // caches [slots, …], per layer keys and values
	fresh []T // caches [prompts, …]
	from  T   // [slots] int32: which entry of old followed by fresh a slot gets
}

func (p *placed[T]) Each(visit func(*T)) {
	engine.EachOf(visit, p.old, p.fresh)
	visit(&p.from)
}

// placeGraph puts new prompts into slots: → caches [slots, …].
func placeGraph(layers int) func(in []*Node) []*Node {
	return func(in []*Node) []*Node {
		p := placed[*Node]{old: make([]*Node, 2*layers), fresh: make([]*Node, 2*layers)}
		engine.Fill(&p, in)
		out := make([]*Node, 2*layers)
		for i := range out {
			out[i] = Gather(Concatenate([]*Node{p.old[i], p.fresh[i]}, 0), InsertAxes(p.from, -1))
		}
		return out
	}
}

// state is what the loop carries: everything that the body needs, weights included.
type state[T any] struct {
	index T // [] int32: steps of this call
	busy  T // [] int32: groups with a live row
	limit T // [] int32: the loop ends when busy ≤ limit

	step      T // [] int32: steps since the rings were made
	token     T // [rows] int32: the last token
	written   T // [rows] int32: tokens drawn so far
	live      T // [rows] int32: 1 until the row ends
	low, high T // [rows] uint32: key of the row's noise

	length      T // [slots] int32: length of the prompt
	stop        T // [stops] int32
	temperature T // [] f32
	noise       T // [] f32: 1, or 0 for the most likely token
	topP        T // [] f32
	topK        T // [] int32

	tokens, logProbs, sampleLogProbs, entropy T // [segment, rows]: what was drawn in this call

	prompt  []T // per layer keys and values [slots, kvHeads, length, headDim]
	ring    []T // per layer keys and values [rows, kvHeads, maxTokens, headDim]
	weights []T // of qwen.TransposeWeights
}

func (s *state[T]) Each(visit func(*T)) {
	engine.EachOf(visit, s.prompt, s.ring, s.weights)
	for _, f := range []*T{&s.index, &s.busy, &s.limit, &s.step, &s.token, &s.written, &s.live, &s.low, &s.high,
		&s.length, &s.stop, &s.temperature, &s.noise, &s.topP, &s.topK,
		&s.tokens, &s.logProbs, &s.sampleLogProbs, &s.entropy} {
		visit(f)
	}
}

// drawn is what the loop returns: the number of steps, what was drawn [segment, rows], and the rings.
type drawn[T any] struct {
	steps, tokens, logProbs, sampleLogProbs, entropy T

	ring []T
}

func (d *drawn[T]) Each(visit func(*T)) {
	for _, f := range []*T{&d.steps, &d.tokens, &d.logProbs, &d.sampleLogProbs, &d.entropy} {
		visit(f)
	}
	engine.EachOf(visit, d.ring)
}

// loop is the state inside of the compiled program.
type loop struct {
	state[*Node]
	cfg  qwen.Config
	from drawnFrom
}

func newLoop(cfg qwen.Config, from drawnFrom, weights int, in []*Node) *loop {
	list := func(n int) []*Node { return make([]*Node, n) }
	s := &loop{state[*Node]{prompt: list(2 * cfg.Layers), ring: list(2 * cfg.Layers), weights: list(weights)}, cfg, from}
	engine.Fill(&s.state, in)
	return s
}

// loopGraph samples until at most limit groups are live or the segment is full: state → drawn.
func loopGraph(cfg qwen.Config, from drawnFrom) func(in []*Node) []*Node {
	return func(in []*Node) []*Node {
		weights := qwen.TransposedCount(cfg)
		carried := func(nodes []*Node) *loop { return newLoop(cfg, from, weights, nodes) }
		segment := carried(in).tokens.Shape().Dim(0)
		out := carried(engine.Loop(in, func(nodes []*Node) *Node {
			s := carried(nodes)
			return LogicalAnd(LessThan(s.index, Const(s.index.Graph(), int32(segment))), GreaterThan(s.busy, s.limit))
		}, func(nodes []*Node) []*Node {
			s := carried(nodes)
			s.advance()
			return engine.List(&s.state)
		}))
		return engine.List(&drawn[*Node]{out.index, out.tokens, out.logProbs, out.sampleLogProbs, out.entropy, out.ring})
	}
}

// advance is one step of the loop: every row draws one token.
func (s *loop) advance() {
	g := s.index.Graph()
	rows, slots := s.token.Shape().Dim(0), s.length.Shape().Dim(0)
	size := s.ring[0].Shape().Dim(2)
	d := qwen.BindTransposed(s.cfg, s.weights)

	// The last token of the prompt is the first input of the loop, so the position of
	// the input is length − 1 + written.
	at := ModScalar(s.step, int32(size))
	next := &qwen.NextToken{
		Tokens: s.token, Positions: Add(perRow(s.length, rows), AddScalar(s.written, -1)),
		Prompt: layered(s.prompt), PromptBias: s.promptBias(slots), Ring: layered(s.ring), RingBias: s.ringBias(at), At: at,
	}
	logits := d.Logits(d.Hidden(next))
	s.ring = listed(next.Ring)
	s.draw(logits)

	stops := s.stop.Shape().Dim(0)
	hit := Equal(BroadcastToDims(InsertAxes(s.token, -1), rows, stops), BroadcastToDims(InsertAxes(s.stop, 0), rows, stops))
	stopped := ReduceMax(ConvertDType(hit, dtypes.Int32), -1) // [rows]
	s.written = Add(s.written, s.live)
	full := ConvertDType(GreaterOrEqual(s.written, Const(g, int32(size))), dtypes.Int32)
	s.live = Mul(s.live, OneMinus(Max(stopped, full)))
	s.busy = Reshape(ReduceSum(ReduceMax(Reshape(s.live, slots, rows/slots), -1), 0))
	s.step = AddScalar(s.step, 1)
	s.index = AddScalar(s.index, 1)
}

// draw samples the next token of each row from logits [vocab, rows] and records it.
func (s *loop) draw(logits *Node) {
	vocab, rows := logits.Shape().Dim(0), logits.Shape().Dim(1)
	model := newDistribution(logits)
	drawn := model
	if s.from != fromModel {
		scaled := Div(logits, s.temperature)
		if s.from == fromTruncated {
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
func (s *loop) promptBias(slots int) *Node {
	dims := []int{slots, s.prompt[0].Shape().Dim(2)}
	at := BroadcastToDims(Iota(s.length.Graph(), shapes.Make(dtypes.Int32, 1, dims[1]), 1), dims...)
	return qwen.Allow(LessThan(at, BroadcastToDims(InsertAxes(AddScalar(s.length, -1), -1), dims...)))
}

// ringBias [rows, ring] is 0 where the ring holds what this row wrote: an entry is
// (at − its place) mod size steps old, and a row has written tokens for that many.
func (s *loop) ringBias(at *Node) *Node {
	g, size := at.Graph(), s.ring[0].Shape().Dim(2)
	dims := []int{s.token.Shape().Dim(0), size}
	age := Sub(at, Iota(g, shapes.Make(dtypes.Int32, 1, size), 1))
	age = Where(LessThan(age, ZerosLike(age)), AddScalar(age, float64(size)), age)
	return qwen.Allow(LessOrEqual(BroadcastToDims(age, dims...), BroadcastToDims(InsertAxes(s.written, -1), dims...)))
}
