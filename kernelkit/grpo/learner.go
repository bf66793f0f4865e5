package grpo

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"golang.org/x/sync/errgroup"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// state is what learning carries from update to update, on the device.
type state struct {
	weights, first, second []*tensors.Tensor
}

// cpuLanes is how many passes run side by side on a CPU, each on a device of its own: small
// operations fill no more than one core. It does not follow the number of cores, because
// the order in which gradients add up follows it.
const cpuLanes = 2

// learner holds the compiled programs of the update.
type learner struct {
	eng       *engine.Engine
	cfg       Config
	model     qwen.Config
	reference []*tensors.Tensor // weights of the start model
	lanes     int

	score  *Exec // log-probs of the reference model
	add    *Exec // one forward and backward pass: adds its gradient to a sum
	finish *Exec // the update
}

func newLearner(eng *engine.Engine, model qwen.Config, cfg Config) (*learner, error) {
	l := &learner{eng: eng, cfg: cfg, model: model, lanes: 1}
	if eng.Platform == "cpu" {
		l.lanes = min(cpuLanes, len(eng.Devices))
	}
	n := len(model.Specs())
	var err error
	if l.score, err = NewExec(eng.Backend, func(in []*Node) *Node { // weights, batch
		return l.logProbs(in[:n], in[n:])
	}); err != nil {
		return nil, err
	}
	if l.add, err = NewExec(eng.Backend, func(in []*Node) []*Node { // weights, sums, batch, reference log-probs (where KL is on)
		return l.gradient(in[:n], in[n:2*n], in[2*n:])
	}); err != nil {
		return nil, err
	}
	l.finish, err = NewExec(eng.Backend, func(in []*Node) []*Node { // weights, means, sums of each lane, scalars
		sums := in[3*n : 4*n]
		for lane := 1; lane < l.lanes; lane++ {
			for i, s := range in[(3+lane)*n : (4+lane)*n] {
				sums[i] = Add(sums[i], s)
			}
		}
		w, m, v, norm := cfg.Update(model.Specs(), in[:n], sums, in[n:2*n], in[2*n:3*n], in[len(in)-1])
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

// logProbs of the targets of a batch (prompts, owners, ints, …: see batch.tensors) under the
// distribution at the temperature: [rows, seq], 0 where there is no target.
func (l *learner) logProbs(weights, batch []*Node) *Node {
	ints := batch[2]
	b := qwen.Bind(l.model, weights).Blocks()
	b.Scatter = l.eng.Platform == "cpu"
	logits := b.LogitsByToken(b.HiddenShared(qwen.Continuations{
		Prompts: batch[0], Owner: batch[1], Tokens: part(ints, 0), Positions: part(ints, 2), Segments: part(ints, 3),
	}))
	if l.cfg.Temperature != 1 {
		logits = MulScalar(logits, 1/l.cfg.Temperature)
	}
	return qwen.TargetLogProbs(logits, part(ints, 1))
}

// gradient adds the gradient of a batch to sums, and returns them with the batch's terms.
func (l *learner) gradient(weights, sums, batch []*Node) []*Node {
	ints, floats := batch[2], batch[3]
	tokens := Tokens{
		LogProb: l.logProbs(weights, batch),
		Old:     part(floats, 0), Advantage: part(floats, 1), Weight: part(floats, 2),
		Segments: part(ints, 3),
	}
	if l.cfg.KL > 0 {
		tokens.Reference = batch[4]
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
	tokens, positions                    int     // targets, and all that was computed, padding apart
}

// update learns from sequences once and replaces st. It leaves st as it was and returns
// an error when the loss or the gradient is not finite.
func (l *learner) update(st *state, all []sequence, updates int) (u updated, err error) {
	batches, err := pack(all, l.cfg.Rows, l.cfg.Seq)
	if err != nil {
		return u, err
	}
	lanes := l.open(st)
	defer func() {
		for _, a := range lanes {
			a.close()
		}
	}()
	terms := make([][]float32, len(batches))
	var work errgroup.Group
	for k, a := range lanes {
		work.Go(func() (err error) {
			for i := k; i < len(batches) && err == nil; i += len(lanes) {
				terms[i], err = a.pass(batches[i])
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return u, err
	}
	for i, b := range batches {
		u.tokens += b.learned
		u.positions += b.covered
		u.loss += float64(terms[i][0])
		u.clipped += float64(terms[i][1])
		u.kl += float64(terms[i][2])
		u.gap += float64(terms[i][3])
		u.maxGap = max(u.maxGap, float64(terms[i][4]))
	}
	args := engine.Arguments(st.weights, st.first, st.second)
	for _, a := range lanes {
		for _, t := range a.sums {
			if err := t.MaterializeOnDevice(l.eng.Backend, true, 0); err != nil {
				return u, err
			}
			args = append(args, t)
		}
	}
	out, err := l.finish.Call(append(args, l.cfg.Scalars(updates, l.cfg.LR))...)
	if err != nil {
		return u, err
	}
	n := len(st.weights)
	u.norm = float64(tensors.ToScalar[float32](out[3*n]))
	engine.Free(out[3*n:])
	if !finite(u.loss) || !finite(u.norm) {
		engine.Free(out[:3*n])
		return u, fmt.Errorf("the loss is %g and the norm of the gradient %g", u.loss, u.norm)
	}
	engine.Free(st.weights, st.first, st.second)
	st.weights, st.first, st.second = out[:n], out[n:2*n], out[2*n:3*n]
	return u, nil
}

// lane adds up the gradients of its share of an update's passes, on a device of its own.
type lane struct {
	*learner
	device                   compute.DeviceNum
	weights, reference, sums []*tensors.Tensor
}

// open makes the lanes of an update. The first uses the tensors of st and of the
// reference; the others have copies, because a tensor is on one device only.
func (l *learner) open(st *state) []*lane {
	lanes := make([]*lane, l.lanes)
	for k := range lanes {
		a := &lane{learner: l, device: compute.DeviceNum(k), weights: st.weights, reference: l.reference}
		if k > 0 {
			a.weights, a.reference = qwen.Clone(st.weights), nil
			if l.cfg.KL > 0 {
				a.reference = qwen.Clone(l.reference)
			}
		}
		for _, t := range st.weights {
			a.sums = append(a.sums, tensors.FromShape(t.Shape()))
		}
		lanes[k] = a
	}
	return lanes
}

func (a *lane) close() {
	engine.Free(a.sums)
	if a.device > 0 {
		engine.Free(a.weights, a.reference)
	}
}

// pass runs one pass: it adds to the sums and returns the pass's terms.
func (a *lane) pass(b *batch) ([]float32, error) {
	inputs := b.tensors()
	defer func() { engine.Free(inputs) }()
	if a.cfg.KL > 0 {
		out, _, err := a.score.CallWithGraphOnDevice(a.device, engine.Arguments(a.reference, inputs)...)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, out...)
	}
	out, _, err := a.add.CallWithGraphOnDevice(a.device, engine.Arguments(a.weights, a.sums, inputs)...)
	if err != nil {
		return nil, err
	}
	n := len(a.sums)
	engine.Free(a.sums)
	a.sums = out[:n]
	defer engine.Free(out[n:])
	return tensors.CopyFlatData[float32](out[n])
}
