package grpo

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
)

// state is what learning carries from update to update, on the device.
type state struct {
	weights, first, second []*tensors.Tensor
}

// learner holds the compiled programs of the update.
type learner struct {
	eng       *engine.Engine
	cfg       Config
	model     qwen.Config
	reference []*tensors.Tensor // weights of the start model

	score  *Exec // log-probs of the reference model
	add    *Exec // one forward and backward pass: adds its gradient to a sum
	finish *Exec // the update
}

func newLearner(eng *engine.Engine, model qwen.Config, cfg Config) (*learner, error) {
	l := &learner{eng: eng, cfg: cfg, model: model}
	n := len(model.Specs())
	var err error
	if l.score, err = NewExec(eng.Backend, func(in []*Node) *Node { // weights, ints
		return logProbs(model, cfg.Temperature, in[:n], in[n])
	}); err != nil {
		return nil, err
	}
	if l.add, err = NewExec(eng.Backend, func(in []*Node) []*Node { // weights, sums, ints, floats, reference log-probs (where KL is on)
		return l.gradient(in[:n], in[n:2*n], in[2*n:])
	}); err != nil {
		return nil, err
	}
	l.finish, err = NewExec(eng.Backend, func(in []*Node) []*Node { // weights, means, sums, scalars
		w, m, v, norm := cfg.Update(model.Specs(), in[:n], in[3*n:4*n], in[n:2*n], in[2*n:3*n], in[4*n])
		return append(append(append(w, m...), v...), norm)
	})
	return l, err
}

func (l *learner) close() {
	for _, e := range []*Exec{l.score, l.add, l.finish} {
		e.Finalize()
	}
}

// part is entry i of the first axis of x.
func part(x *Node, i int) *Node { return Squeeze(SliceAxis(x, 0, AxisElem(i)), 0) }

// logProbs of the targets of a batch [4, rows, seq] under the distribution at a
// temperature: [rows, seq], 0 where there is no target.
func logProbs(model qwen.Config, temperature float64, weights []*Node, ints *Node) *Node {
	logits := qwen.Bind(model, weights).Forward(part(ints, 0), part(ints, 2), part(ints, 3))
	if temperature != 1 {
		logits = MulScalar(logits, 1/temperature)
	}
	return Neg(train.TokenNLL(logits, part(ints, 1)))
}

// gradient adds the gradient of a batch to sums, and returns them with the batch's terms.
func (l *learner) gradient(weights, sums, batch []*Node) []*Node {
	ints, floats := batch[0], batch[1]
	tokens := Tokens{
		LogProb: logProbs(l.model, l.cfg.Temperature, weights, ints),
		Old:     part(floats, 0), Advantage: part(floats, 1), Weight: part(floats, 2),
		Segments: part(ints, 3),
	}
	if l.cfg.KL > 0 {
		tokens.Reference = batch[2]
	}
	t := l.cfg.Loss().Terms(tokens)
	var out []*Node
	for i, g := range Gradient(t.Loss, weights...) {
		out = append(out, Add(sums[i], g))
	}
	for _, x := range []*Node{t.Loss, t.Clipped, t.KL, t.Gap, t.MaxGap} {
		out = append(out, Reshape(x, 1))
	}
	last := len(sums)
	return append(out[:last:last], Concatenate(out[last:], 0))
}

// updated says what an update did.
type updated struct {
	loss, clipped, kl, gap, maxGap, norm float64 // clipped, kl and gap are sums over tokens
	tokens                               int
}

// update learns from sequences once and replaces st. It leaves st as it was and returns
// an error when the loss or the gradient is not finite.
func (l *learner) update(st *state, all []sequence, seq, updates int) (u updated, err error) {
	var sums []*tensors.Tensor
	for _, t := range st.weights {
		sums = append(sums, tensors.FromShape(t.Shape()))
	}
	defer func() { free(sums) }()
	for _, b := range pack(all, l.cfg.Rows, seq) {
		u.tokens += b.learned
		var out []*tensors.Tensor
		if out, err = l.accumulate(st, sums, b); err != nil {
			return u, err
		}
		free(sums)
		sums = out[:len(sums)]
		terms := tensors.MustCopyFlatData[float32](out[len(sums)])
		free(out[len(sums):])
		u.loss += float64(terms[0])
		u.clipped += float64(terms[1])
		u.kl += float64(terms[2])
		u.gap += float64(terms[3])
		u.maxGap = max(u.maxGap, float64(terms[4]))
	}
	out, err := l.finish.Call(arguments(st.weights, st.first, st.second, sums, l.cfg.Scalars(updates, l.cfg.LR))...)
	if err != nil {
		return u, err
	}
	n := len(st.weights)
	u.norm = float64(tensors.ToScalar[float32](out[3*n]))
	free(out[3*n:])
	if !finite(u.loss) || !finite(u.norm) {
		free(out[:3*n])
		return u, fmt.Errorf("the loss is %g and the norm of the gradient %g", u.loss, u.norm)
	}
	free(st.weights)
	free(st.first)
	free(st.second)
	st.weights, st.first, st.second = out[:n], out[n:2*n], out[2*n:3*n]
	return u, nil
}

// accumulate runs one batch: new sums and the vector of terms.
func (l *learner) accumulate(st *state, sums []*tensors.Tensor, b *batch) ([]*tensors.Tensor, error) {
	ints, floats := b.tensors()
	inputs := []*tensors.Tensor{ints, floats}
	defer func() { free(inputs) }()
	if l.cfg.KL > 0 {
		reference, err := l.score.Call1(arguments(l.reference, []*tensors.Tensor{ints})...)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, reference)
	}
	return l.add.Call(arguments(st.weights, sums, inputs)...)
}

// arguments flattens lists of tensors, and slices as one argument each.
func arguments(parts ...any) []any {
	var all []any
	for _, p := range parts {
		if list, ok := p.([]*tensors.Tensor); ok {
			for _, t := range list {
				all = append(all, t)
			}
		} else {
			all = append(all, p)
		}
	}
	return all
}

func free(list []*tensors.Tensor) {
	for _, t := range list {
		t.MustFinalizeAll()
	}
}
