package grpo

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"golang.org/x/sync/errgroup"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
)

// cpuLanes is how many passes run side by side on a CPU, each on a device of its own: small
// operations fill no more than one core. It does not follow the number of cores, because
// the order in which gradients add up follows it.
const cpuLanes = 2

// The compiled programs of the update. What they take and return is named here (engine.Fields).

// scoreIn is what the log-probs of a batch depend on.
type scoreIn[T any] struct {
	weights []T
	batch   pass[T]
}

func (s *scoreIn[T]) Each(visit func(*T)) {
	engine.EachOf(visit, s.weights)
	s.batch.Each(visit)
}

// addIn is what a forward and backward pass takes, which adds its gradient to sums.
type addIn[T any] struct {
	weights, sums []T
	batch         pass[T]
	reference     T // [rows, seq] f32: log-probs of the start model; only where KL is on
	kl            bool
}

func (a *addIn[T]) Each(visit func(*T)) {
	engine.EachOf(visit, a.weights, a.sums)
	a.batch.Each(visit)
	if a.kl {
		visit(&a.reference)
	}
}

// addOut is what it returns.
type addOut[T any] struct {
	sums  []T
	terms T // [5] f32: the numbers of terms, in their order
}

func (a *addOut[T]) Each(visit func(*T)) {
	engine.EachOf(visit, a.sums)
	visit(&a.terms)
}

// finishIn is what the update takes.
type finishIn[T any] struct {
	state   train.State[T]
	lanes   [][]T // the sums of each lane
	scalars T     // [3] f32: train.AdamW.Scalars
}

func (f *finishIn[T]) Each(visit func(*T)) {
	f.state.Each(visit)
	engine.EachOf(visit, f.lanes...)
	visit(&f.scalars)
}

// finishOut is what it returns.
type finishOut[T any] struct {
	state train.State[T]
	norm  T // [] f32
}

func (f *finishOut[T]) Each(visit func(*T)) {
	f.state.Each(visit)
	visit(&f.norm)
}

// learner holds the compiled programs of the update.
type learner struct {
	eng       *engine.Engine
	cfg       Config
	model     qwen.Config
	reference []*tensors.Tensor // weights of the start model
	lanes     int               // passes side by side, each on a device of its own
	devices   int               // devices that share a pass: with several there is one lane

	score  *Exec // log-probs of the reference model: scoreIn → [rows, seq]
	add    *Exec // one forward and backward pass: addIn → addOut
	finish *Exec // the update: finishIn → finishOut
}

func newLearner(eng *engine.Engine, model qwen.Config, cfg Config) (*learner, error) {
	if cfg.Devices > len(eng.Devices) {
		return nil, fmt.Errorf("devices is %d: backend %s has %d", cfg.Devices, eng.Name, len(eng.Devices))
	}
	l := &learner{eng: eng, cfg: cfg, model: model, lanes: 1, devices: cfg.devices()}
	if eng.Platform == "cpu" && cfg.Devices == 0 {
		l.lanes = min(cpuLanes, len(eng.Devices))
	}
	return l, l.compile()
}

// compile gets the programs of the update. Each is compiled when it first meets new shapes.
func (l *learner) compile() (err error) {
	model := l.model
	make1 := func(e **Exec, name string, devices int, inputs, results []engine.Cut, program func([]*Node) []*Node) {
		if err == nil {
			*e, err = l.eng.Program(fmt.Sprintf("grpo %s %s", name, l.programKey()), func(b compute.Backend) (*Exec, error) {
				return engine.Shared(b, devices, inputs, results, program)
			})
		}
	}
	weights := func() []*Node { return make([]*Node, len(model.Specs())) }
	whole := slices.Repeat([]engine.Cut{engine.Whole}, len(model.Specs()))
	var rows pass[engine.Cut] // all cut along their first axis
	make1(&l.score, "score", l.devices, engine.List(&scoreIn[engine.Cut]{whole, rows}), []engine.Cut{0}, func(nodes []*Node) []*Node {
		in := scoreIn[*Node]{weights: weights()}
		engine.Fill(&in, nodes)
		return []*Node{l.logProbs(in.weights, in.batch)}
	})
	cuts := addIn[engine.Cut]{weights: whole, sums: whole, batch: rows, kl: l.cfg.KL > 0}
	make1(&l.add, "add", l.devices, engine.List(&cuts), []engine.Cut{engine.Whole}, func(nodes []*Node) []*Node {
		in := addIn[*Node]{weights: weights(), sums: weights(), kl: l.cfg.KL > 0}
		engine.Fill(&in, nodes)
		out := l.gradient(in)
		return engine.List(&out)
	})
	make1(&l.finish, "finish", 1, nil, nil, func(nodes []*Node) []*Node {
		in := finishIn[*Node]{state: train.NewState[*Node](len(model.Specs()))}
		for range l.lanes {
			in.lanes = append(in.lanes, weights())
		}
		engine.Fill(&in, nodes)
		sums := in.lanes[0]
		for _, more := range in.lanes[1:] {
			for i, s := range more {
				sums[i] = Add(sums[i], s)
			}
		}
		next, norm := l.cfg.Update(model.Specs(), in.state, sums, in.scalars)
		return engine.List(&finishOut[*Node]{next, norm})
	})
	return err
}

// programKey names what shapes the graphs of the update.
func (l *learner) programKey() string {
	return fmt.Sprintf("%+v %+v %+v %g %d %d", l.model, l.cfg.Loss, l.cfg.AdamW, l.cfg.Temperature, l.lanes, l.devices)
}

// logProbs of the targets of a batch under the distribution at the temperature: [rows, seq],
// 0 where there is no target.
func (l *learner) logProbs(weights []*Node, b pass[*Node]) *Node {
	d := qwen.Bind(l.model, weights).Joined()
	logits := d.Logits(d.Hidden(qwen.Continuations{
		Prompts: b.prompts, Owner: b.owner, Tokens: b.tokens, Positions: b.positions, Segments: b.segments, Parts: l.devices,
	}))
	if l.cfg.Temperature != 1 {
		logits = MulScalar(logits, 1/l.cfg.Temperature)
	}
	return qwen.TargetLogProbs(logits, b.targets)
}

// gradient adds the gradient of a batch to sums, and returns them with the batch's terms.
func (l *learner) gradient(in addIn[*Node]) (out addOut[*Node]) {
	tokens := Tokens{
		LogProb: l.logProbs(in.weights, in.batch),
		Old:     in.batch.old, Advantage: in.batch.advantages, Weight: in.batch.weights,
		Segments: in.batch.segments, Reference: in.reference,
	}
	t := l.cfg.Terms(tokens)
	for i, g := range Gradient(t.Loss, in.weights...) {
		out.sums = append(out.sums, Add(in.sums[i], g))
	}
	var all []*Node
	for _, x := range []*Node{t.Loss, t.Clipped, t.KL, t.Gap, t.MaxGap} {
		all = append(all, Reshape(x, 1))
	}
	out.terms = Concatenate(all, 0)
	return out
}

// termSums are the numbers of Terms, of a pass or of many.
type termSums struct{ loss, clipped, kl, gap, maxGap float64 }

func readTerms(t *tensors.Tensor) (termSums, error) {
	v, err := tensors.CopyFlatData[float32](t)
	if err != nil {
		return termSums{}, err
	}
	return termSums{loss: float64(v[0]), clipped: float64(v[1]), kl: float64(v[2]), gap: float64(v[3]), maxGap: float64(v[4])}, nil
}

// updated says what an update did. Its terms are sums over passes, maxGap the largest.
type updated struct {
	termSums
	norm              float64
	tokens, positions int // targets, and all that was computed, padding apart
}

func (u *updated) add(t termSums) {
	u.loss += t.loss
	u.clipped += t.clipped
	u.kl += t.kl
	u.gap += t.gap
	u.maxGap = max(u.maxGap, t.maxGap)
}

// update learns from sequences once and replaces st. It leaves st as it was and returns
// an error when the loss or the gradient is not finite.
func (l *learner) update(st *train.State[*tensors.Tensor], all []sequence, updates int) (u updated, err error) {
	batches, err := pack(all, l.cfg.Rows/l.devices, l.cfg.Seq)
	if err != nil {
		return u, err
	}
	lanes := l.open(st)
	defer func() {
		for _, a := range lanes {
			a.close()
		}
	}()
	done, err := l.passes(lanes, batches)
	if err != nil {
		return u, err
	}
	for _, b := range batches {
		u.tokens += b.learned
		u.positions += b.covered
	}
	for _, t := range done {
		u.add(t)
	}
	next, norm, err := l.apply(st, lanes[:l.lanes], updates)
	if err != nil {
		return u, err
	}
	u.norm = norm
	if !finite(u.loss) || !finite(u.norm) {
		engine.Free(engine.List(&next))
		return u, fmt.Errorf("the loss is %g and the norm of the gradient %g", u.loss, u.norm)
	}
	engine.Free(engine.List(st))
	*st = next
	return u, nil
}

// passes runs all passes of an update, which add to the sums of the lanes, and returns their
// terms.
func (l *learner) passes(lanes []*lane, batches []*batch) ([]termSums, error) {
	if l.devices > 1 {
		return l.together(lanes, batches)
	}
	done := make([]termSums, len(batches))
	var work errgroup.Group
	for k, a := range lanes {
		work.Go(func() (err error) {
			for i := k; i < len(batches) && err == nil; i += len(lanes) {
				done[i], err = a.pass(batches[i])
			}
			return err
		})
	}
	return done, work.Wait()
}

// together is passes where devices share each: it gives every device a batch of its own, the
// last ones perhaps an empty one, and XLA adds the gradients up, so that all have the same sums.
func (l *learner) together(lanes []*lane, batches []*batch) (done []termSums, err error) {
	for some := range slices.Chunk(batches, l.devices) {
		for len(some) < l.devices {
			some = append(slices.Clip(some), newBatch(nil, some[0].shape))
		}
		terms, err := l.shared(lanes, some)
		if err != nil {
			return nil, err
		}
		done = append(done, terms)
	}
	return done, nil
}

// shared runs a pass on all devices.
func (l *learner) shared(lanes []*lane, batches []*batch) (termSums, error) {
	inputs := make([]addIn[*tensors.Tensor], l.devices)
	for d, a := range lanes {
		inputs[d] = addIn[*tensors.Tensor]{weights: a.weights, sums: a.sums, batch: batches[d].tensors(), kl: l.cfg.KL > 0}
		defer func() { engine.Free(engine.List(&inputs[d].batch)) }()
	}
	if l.cfg.KL > 0 {
		references, err := engine.CallShared(l.score, l.devices, func(d int) ([]any, error) {
			return engine.Arguments(engine.List(&scoreIn[*tensors.Tensor]{lanes[d].reference, inputs[d].batch})), nil
		})
		if err != nil {
			return termSums{}, err
		}
		defer engine.Free(references...)
		for d, r := range references {
			inputs[d].reference = r[0]
		}
	}
	results, err := engine.CallShared(l.add, l.devices, func(d int) ([]any, error) { return engine.Arguments(engine.List(&inputs[d])), nil })
	if err != nil {
		return termSums{}, err
	}
	var terms termSums
	for d, a := range lanes {
		t, err := a.take(results[d])
		if err != nil {
			return termSums{}, err
		}
		terms = t // the same on each
	}
	return terms, nil
}

// apply gives the state after the gradients of all lanes, and their norm.
func (l *learner) apply(st *train.State[*tensors.Tensor], lanes []*lane, updates int) (next train.State[*tensors.Tensor], norm float64, err error) {
	in := finishIn[any]{state: train.NewState[any](len(st.Weights)), scalars: l.cfg.Scalars(updates, l.cfg.LR)}
	engine.Fill(&in.state, engine.Arguments(engine.List(st)))
	for _, a := range lanes {
		for _, t := range a.sums {
			if err := t.MaterializeOnDevice(l.eng.Backend, true, 0); err != nil {
				return next, 0, err
			}
		}
		in.lanes = append(in.lanes, engine.Arguments(a.sums))
	}
	values, err := l.finish.Call(engine.List(&in)...)
	if err != nil {
		return next, 0, err
	}
	out := finishOut[*tensors.Tensor]{state: train.NewState[*tensors.Tensor](len(st.Weights))}
	engine.Fill(&out, values)
	defer engine.Free([]*tensors.Tensor{out.norm})
	return out.state, float64(tensors.ToScalar[float32](out.norm)), nil
}

// lane adds up the gradients of its share of an update's passes, on a device of its own; where
// devices share each pass, it is what one of them holds.
type lane struct {
	*learner
	device                   compute.DeviceNum
	weights, reference, sums []*tensors.Tensor
}

// open makes the lanes of an update. The first uses the tensors of st and of the
// reference; the others have copies, because a tensor is on one device only.
func (l *learner) open(st *train.State[*tensors.Tensor]) []*lane {
	lanes := make([]*lane, l.lanes*l.devices)
	for k := range lanes {
		a := &lane{learner: l, device: compute.DeviceNum(k), weights: st.Weights, reference: l.reference}
		if k > 0 {
			a.weights, a.reference = qwen.Clone(st.Weights), nil
			if l.cfg.KL > 0 {
				a.reference = qwen.Clone(l.reference)
			}
		}
		for _, t := range st.Weights {
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
func (a *lane) pass(b *batch) (termSums, error) {
	inputs := b.tensors()
	in := addIn[*tensors.Tensor]{weights: a.weights, sums: a.sums, batch: inputs, kl: a.cfg.KL > 0}
	defer func() { engine.Free(engine.List(&inputs)) }()
	if in.kl {
		out, _, err := a.score.CallWithGraphOnDevice(a.device, engine.Arguments(engine.List(&scoreIn[*tensors.Tensor]{a.reference, inputs}))...)
		if err != nil {
			return termSums{}, err
		}
		in.reference = out[0]
		defer engine.Free(out)
	}
	values, _, err := a.add.CallWithGraphOnDevice(a.device, engine.Arguments(engine.List(&in))...)
	if err != nil {
		return termSums{}, err
	}
	return a.take(values)
}

// take puts the results of a pass in the place of the sums before it, and reads its terms.
func (a *lane) take(values []*tensors.Tensor) (termSums, error) {
	out := addOut[*tensors.Tensor]{sums: make([]*tensors.Tensor, len(a.sums))}
	engine.Fill(&out, values)
	engine.Free(a.sums)
	a.sums = out.sums
	defer engine.Free([]*tensors.Tensor{out.terms})
	return readTerms(out.terms)
}
