package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// tokenNLL is −log softmax(logits)[target] in f32: logits [..., vocab] and targets [...]
// → [...]; 0 where the target is negative.
func tokenNLL(logits, targets *Node) *Node {
	vocab := logits.Shape().Dim(-1)
	top := StopGradient(ReduceAndKeep(logits, ReduceMax, -1))
	shifted := Sub(logits, top)
	total := Log(ReduceSum(Exp(shifted), -1))
	chosen := ReduceSum(Mul(shifted, OneHot(targets, vocab, logits.DType())), -1)
	return Mul(Sub(total, chosen), ConvertDType(GreaterOrEqual(targets, ZerosLike(targets)), logits.DType()))
}

// inputs are the parts of a batch's tensor [4, rows, seq].
func inputs(batch *Node) (tokens, targets, positions, segments *Node) {
	part := func(i int) *Node { return Squeeze(SliceAxis(batch, 0, AxisElem(i)), 0) }
	return part(0), part(1), part(2), part(3)
}

// tokenLosses is the network on a batch [4, rows, seq]: the NLL [rows, seq] of its targets.
func tokenLosses(model qwen.Config, cfg Config, weights []*Node, batch *Node) *Node {
	tokens, targets, positions, segments := inputs(batch)
	if !cfg.DocumentMask {
		segments = nil
	}
	p := qwen.BindAs(model, weights, cfg.dtype())
	p.Recompute, p.Sharded = cfg.Recompute, cfg.devices() > 1
	return tokenNLL(p.Forward(tokens, positions, segments), targets)
}

// state is what a run carries from step to step: all on the device.
type state struct {
	weights, first, second []*tensors.Tensor
	copies                 []*state // of the second device and on, where a run has several
}

func (s *state) lists() [][]*tensors.Tensor {
	return [][]*tensors.Tensor{s.weights, s.first, s.second}
}

func newState(w *qwen.Weights) *state {
	s := &state{weights: w.Clone().Tensors}
	for _, t := range w.Tensors {
		s.first = append(s.first, tensors.FromShape(t.Shape()))
		s.second = append(s.second, tensors.FromShape(t.Shape()))
	}
	return s
}

// on is the state on a device. The copies for the others are made at the first call: until
// the first step the tensors are in the host's memory.
func (s *state) on(device int) *state {
	if device == 0 {
		return s
	}
	for len(s.copies) < device {
		s.copies = append(s.copies, &state{weights: qwen.Clone(s.weights), first: qwen.Clone(s.first), second: qwen.Clone(s.second)})
	}
	return s.copies[device-1]
}

// stepper holds the compiled programs of a run.
type stepper struct {
	eng    *engine.Engine
	cfg    Config
	passes int   // of a call, at most
	atOnce int   // steps of a call, at most: more than one without accumulation only
	many   *Exec // so many steps of one forward pass each
	whole  *Exec // a step of one forward pass
	add    *Exec // one or more forward passes of a step: adds their gradients to sums
	finish *Exec // the update after several
	sum    []shapes.Shape
}

func newStepper(eng *engine.Engine, model qwen.Config, cfg Config) (*stepper, error) {
	if cfg.devices() > len(eng.Devices) {
		return nil, fmt.Errorf("devices is %d: backend %s has %d", cfg.Devices, eng.Name, len(eng.Devices))
	}
	s := &stepper{eng: eng, cfg: cfg, passes: cfg.passesPerCall(), atOnce: 1}
	if cfg.Accumulate == 1 {
		s.atOnce = s.passes
	}
	specs := model.Specs()
	n := len(specs)
	// gradient of the summed loss times share: weights, batch, share → loss and gradients.
	gradient := func(weights []*Node, batch, share *Node) (*Node, []*Node) {
		loss := Mul(ReduceAllSum(tokenLosses(model, cfg, weights, batch)), Reshape(share))
		return loss, Gradient(loss, weights...)
	}
	update := func(in []*Node, gradients []*Node, scalars, loss *Node) []*Node {
		w, m, v, norm := cfg.Update(specs, in[:n], gradients, in[n:2*n], in[2*n:3*n], scalars)
		out := append(append(w, m...), v...)
		return append(out, Concatenate([]*Node{Reshape(loss, 1), Reshape(norm, 1)}, 0)) // [reported]
	}
	key := programKey(model, cfg)
	var err error
	if s.atOnce > 1 {
		s.many, err = eng.Program(fmt.Sprintf("train %d steps %s", s.atOnce, key), func(b compute.Backend) (*Exec, error) {
			return NewExec(b, func(in []*Node) []*Node { // weights, means, batches, scalars, shares, number of steps
				reports := Const(in[0].Graph(), tensors.FromShape(shapes.Make(dtypes.Float32, s.atOnce, reported)))
				return repeated(in[3*n+3], in[3*n:3*n+3], append(in[:3*n:3*n], reports), func(index *Node, inputs, state []*Node) []*Node {
					loss, gradients := gradient(state[:n], inputs[0], inputs[2])
					out := update(state, gradients, inputs[1], loss)
					report := Reshape(out[3*n], 1, reported)
					out[3*n] = DynamicUpdateSlice(state[3*n], report, []*Node{index, ScalarZero(index.Graph(), dtypes.Int32)})
					return out
				})
			})
		})
		return s, err
	}
	if cfg.Accumulate == 1 {
		s.whole, err = eng.Program("train whole step "+key, func(b compute.Backend) (*Exec, error) {
			return shared(b, cfg.devices(), 3*n, func(in []*Node) []*Node { // weights, means, batch, scalars, share
				loss, gradients := gradient(in[:n], in[3*n], in[3*n+2])
				return update(in, gradients, in[3*n+1], loss)
			})
		})
		return s, err
	}
	for _, spec := range specs {
		s.sum = append(s.sum, shapes.Make(dtypes.Float32, spec.Shape...))
	}
	s.sum = append(s.sum, shapes.Make(dtypes.Float32, 1))
	// added are the sums and a pass's gradient and loss: weights, sums (gradients, loss), batch, share.
	added := func(weights, sums []*Node, batch, share *Node) []*Node {
		loss, gradients := gradient(weights, batch, share)
		out := make([]*Node, 0, n+1)
		for i, g := range gradients {
			out = append(out, Add(sums[i], g))
		}
		return append(out, Add(sums[n], Reshape(loss, 1)))
	}
	if s.add, err = eng.Program(fmt.Sprintf("train add %d %s", s.passes, key), func(b compute.Backend) (*Exec, error) {
		if s.passes > 1 {
			return NewExec(b, func(in []*Node) []*Node { // weights, sums, batches, share, number of passes
				state := append(in[:2*n+1:2*n+1], in[2*n+2])
				return repeated(in[2*n+3], in[2*n+1:2*n+2], state, func(_ *Node, inputs, state []*Node) []*Node {
					out := added(state[:n], state[n:2*n+1], inputs[0], state[2*n+1])
					return append(append(state[:n:n], out...), state[2*n+1])
				})[n : 2*n+1]
			})
		}
		return shared(b, cfg.devices(), 2*n+1, func(in []*Node) []*Node { // weights, sums, batch, share
			return added(in[:n], in[n:2*n+1], in[2*n+1], in[2*n+2])
		})
	}); err != nil {
		return nil, err
	}
	s.finish, err = eng.Program("train finish "+key, func(b compute.Backend) (*Exec, error) {
		return shared(b, cfg.devices(), -1, func(in []*Node) []*Node { // weights, means, sums (gradients, loss), scalars
			return update(in, in[3*n:4*n], in[4*n+1], in[4*n])
		})
	})
	return s, err
}

// repeated applies step to state, in a compiled loop, as many times as count [] int32 says and
// returns the last state. A step gets its index, its own entry of each of inputs [most, …],
// and the state.
func repeated(count *Node, inputs, state []*Node, step func(index *Node, inputs, state []*Node) []*Node) []*Node {
	carried := slices.Concat([]*Node{Const(count.Graph(), int32(0)), count}, inputs, state)
	last := 2 + len(inputs) // behind index and count
	return engine.Loop(carried, func(now []*Node) *Node { return LessThan(now[0], now[1]) }, func(now []*Node) []*Node {
		index, inputs, state := now[0], now[2:last], now[last:]
		entries := make([]*Node, len(inputs))
		for i, all := range inputs {
			start := slices.Repeat([]*Node{ScalarZero(all.Graph(), dtypes.Int32)}, all.Rank())
			start[0] = index
			entries[i] = Squeeze(DynamicSlice(all, start, append([]int{1}, all.Shape().Dimensions[1:]...)), 0)
		}
		return slices.Concat([]*Node{AddScalar(index, 1), now[1]}, inputs, step(index, entries, state))
	})[last:]
}

// shared is a program for a number of devices. Input number batch, [4, rows, seq], is cut into
// rows, one part a device; all else, the results too, each device has whole. Where sums
// over rows need communication XLA puts it in.
func shared(b compute.Backend, devices, batch int, program func([]*Node) []*Node) (*Exec, error) {
	exec, err := NewExec(b, program)
	if err != nil || devices == 1 {
		return exec, err
	}
	mesh, err := distributed.NewDeviceMesh([]int{devices}, []string{"data"})
	if err != nil {
		return nil, err
	}
	whole := distributed.NewReplicatedShardingSpec(mesh)
	rows, err := distributed.BuildSpec(mesh).R().S("data").R().Done()
	if err != nil {
		return nil, err
	}
	inputs := make([]*distributed.ShardingSpec, batch+2) // the last one holds for all that follow
	for i := range inputs {
		inputs[i] = whole
	}
	if batch >= 0 {
		inputs[batch] = rows
	}
	return exec.AutoSharding(mesh).WithInputShardingSpecs(inputs...).WithOutputShardingSpecs(whole), nil
}

// programKey names what shapes the graph of a step.
func programKey(model qwen.Config, cfg Config) string {
	return fmt.Sprintf("%+v %+v %t %s %t %d", model, cfg.AdamW, cfg.DocumentMask, cfg.Dtype, cfg.Recompute, cfg.devices())
}

// call runs a program with the arguments of each device and returns the results of each.
func (s *stepper) call(program *Exec, arguments func(device int) ([]any, error)) ([][]*tensors.Tensor, error) {
	var all []any
	for d := range s.cfg.devices() {
		args, err := arguments(d)
		if err != nil {
			return nil, err
		}
		all = append(all, args...)
	}
	out, err := program.Call(all...)
	if err != nil {
		return nil, err
	}
	results, each := make([][]*tensors.Tensor, s.cfg.devices()), len(out)/s.cfg.devices()
	for d := range results {
		results[d] = out[d*each : (d+1)*each]
	}
	return results, nil
}

// donated turns tensors of a device into arguments whose buffers the program may reuse.
func (s *stepper) donated(device int, lists ...[]*tensors.Tensor) ([]any, error) {
	var args []any
	for _, list := range lists {
		for _, t := range list {
			a, err := s.eng.DonateOn(t, device)
			if err != nil {
				return nil, err
			}
			args = append(args, a)
		}
	}
	return args, nil
}

// reported is how many numbers a step reports: its loss and the gradient's norm.
const reported = 2

// outcome is what an optimiser step reports: the mean loss of its targets, and the norm of
// its gradient before clipping.
type outcome struct{ loss, norm float64 }

// steps runs optimiser steps, numbered from first, and replaces st: one for each list of
// batches, at most atOnce of them.
func (s *stepper) steps(st *state, each [][]*Batch, first int) ([]outcome, error) {
	scalars, shares := make([][]float32, len(each)), make([][]float32, len(each))
	for i, batches := range each {
		count := 0
		for _, b := range batches {
			count += b.Count
		}
		if count == 0 {
			return nil, fmt.Errorf("train: step %d has no targets", first+i)
		}
		scalars[i], shares[i] = s.cfg.Scalars(first+i, s.cfg.LearningRate(first+i)), []float32{1 / float32(count)}
	}
	var out [][]*tensors.Tensor
	var err error
	switch {
	case s.many != nil:
		out, err = s.call(s.many, func(device int) ([]any, error) {
			args, err := s.donated(device, st.lists()...)
			return append(args, s.stacked(slices.Concat(each...)), s.table(scalars), s.table(shares), int32(len(each))), err
		})
	case s.whole != nil:
		out, err = s.call(s.whole, func(device int) ([]any, error) {
			args, err := s.donated(device, st.on(device).lists()...)
			return append(args, each[0][0].part(device, s.cfg.devices()), scalars[0], shares[0]), err
		})
	default:
		out, err = s.accumulated(st, each[0], scalars[0], shares[0])
	}
	if err != nil {
		return nil, err
	}
	n := len(st.weights)
	values, err := tensors.CopyFlatData[float32](out[0][3*n])
	if err != nil {
		return nil, err
	}
	for device, o := range out {
		on := st.on(device)
		on.weights, on.first, on.second = o[:n], o[n:2*n], o[2*n:3*n]
		engine.Free(o[3*n:])
	}
	outcomes := make([]outcome, len(each))
	for i := range outcomes {
		outcomes[i] = outcome{float64(values[reported*i]), float64(values[reported*i+1])}
	}
	return outcomes, nil
}

// stacked joins the batches of a call: [passes, 4, rows, seq], the rest empty.
func (s *stepper) stacked(batches []*Batch) *tensors.Tensor {
	size := 4 * s.cfg.Batch * s.cfg.Seq
	flat := make([]int32, 0, s.passes*size)
	for _, b := range batches {
		flat = append(flat, b.flat(0, b.Rows)...)
	}
	return tensors.FromFlatDataAndDimensions(flat[:s.passes*size], s.passes, 4, s.cfg.Batch, s.cfg.Seq)
}

// table joins the rows of steps: [atOnce, width], the rest 0.
func (s *stepper) table(rows [][]float32) *tensors.Tensor {
	width := len(rows[0])
	flat := make([]float32, s.atOnce*width)
	for i, row := range rows {
		copy(flat[i*width:], row)
	}
	return tensors.FromFlatDataAndDimensions(flat, s.atOnce, width)
}

func (s *stepper) accumulated(st *state, batches []*Batch, scalars, share []float32) ([][]*tensors.Tensor, error) {
	sums := make([][]*tensors.Tensor, s.cfg.devices())
	for device := range sums {
		for _, shape := range s.sum {
			sums[device] = append(sums[device], tensors.FromShape(shape))
		}
	}
	for some := range slices.Chunk(batches, s.passes) {
		out, err := s.call(s.add, func(device int) ([]any, error) {
			more, err := s.donated(device, sums[device])
			args := append(engine.Arguments(st.on(device).weights), more...)
			if s.passes > 1 {
				return append(args, s.stacked(some), share, int32(len(some))), err
			}
			return append(args, some[0].part(device, s.cfg.devices()), share), err
		})
		if err != nil {
			return nil, err
		}
		sums = out
	}
	return s.call(s.finish, func(device int) ([]any, error) {
		args, err := s.donated(device, append(st.on(device).lists(), sums[device])...)
		return append(args, scalars), err
	})
}

// tensor joins a batch into the one that a step takes: [4, rows, seq].
func (b *Batch) tensor() *tensors.Tensor { return b.part(0, 1) }

// part is what one of several devices gets of a batch: [4, rows/devices, seq].
func (b *Batch) part(device, devices int) *tensors.Tensor {
	rows := b.Rows / devices
	return tensors.FromFlatDataAndDimensions(b.flat(device*rows, (device+1)*rows), 4, rows, b.Seq)
}

// flat are the numbers of some rows: [4, rows, seq].
func (b *Batch) flat(first, end int) []int32 {
	from, to := first*b.Seq, end*b.Seq
	return slices.Concat(b.Inputs[from:to], b.Targets[from:to], b.Positions[from:to], b.Segments[from:to])
}
