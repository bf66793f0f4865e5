package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// The compiled programs of a run. A step of one forward pass is one program, many such steps a
// call are another; with accumulation each pass adds its gradients to sums, and the update
// follows as a program of its own. What they take and return is named here (engine.Fields).

// stepIn is what a step takes, or many steps, whose scalars and shares are stacked as their passes are.
type stepIn[T any] struct {
	state   State[T]
	pass    pass[T]
	scalars T // [3] f32: AdamW.Scalars
	share   T // [1] f32: the weight of a target, 1 / their number
	count   T // [] int32: the number of steps
	many    bool
}

func (s *stepIn[T]) Each(visit func(*T)) {
	s.state.Each(visit)
	s.pass.Each(visit)
	visit(&s.scalars)
	visit(&s.share)
	if s.many {
		visit(&s.count)
	}
}

// stepOut is what a step returns, or many steps.
type stepOut[T any] struct {
	state  State[T]
	report T // [reported] f32, or [steps, reported]
}

func (s *stepOut[T]) Each(visit func(*T)) {
	s.state.Each(visit)
	visit(&s.report)
}

// sums add up over the passes of a step.
type sums[T any] struct {
	gradients []T
	loss      T // [1] f32
}

func (s *sums[T]) Each(visit func(*T)) {
	engine.EachOf(visit, s.gradients)
	visit(&s.loss)
}

// addIn is what a pass takes that adds to sums, and returns.
type addIn[T any] struct {
	weights []T
	sums    sums[T]
	pass    pass[T]
	share   T // as in stepIn
	count   T // [] int32: the number of passes
	many    bool
}

func (a *addIn[T]) Each(visit func(*T)) {
	engine.EachOf(visit, a.weights)
	a.sums.Each(visit)
	a.pass.Each(visit)
	visit(&a.share)
	if a.many {
		visit(&a.count)
	}
}

// finishIn is what the update takes after the passes of a step; it returns stepOut.
type finishIn[T any] struct {
	state   State[T]
	sums    sums[T]
	scalars T
}

func (f *finishIn[T]) Each(visit func(*T)) {
	f.state.Each(visit)
	f.sums.Each(visit)
	visit(&f.scalars)
}

// reported is how many numbers a step reports: its loss and the gradient's norm.
const reported = 2

// network is the model with what shapes its programs.
type network struct {
	model qwen.Config
	cfg   Config
	specs []qwen.TensorSpec
}

// gradient of the summed loss times share.
func (n *network) gradient(weights []*Node, p pass[*Node], share *Node) (loss *Node, gradients []*Node) {
	loss = Mul(Neg(ReduceAllSum(targetLogProbs(n.model, n.cfg, weights, p))), Reshape(share))
	return loss, Gradient(loss, weights...)
}

func (n *network) update(state State[*Node], gradients []*Node, scalars, loss *Node) stepOut[*Node] {
	next, norm := n.cfg.Update(n.specs, state, gradients, scalars)
	return stepOut[*Node]{next, Concatenate([]*Node{Reshape(loss, 1), Reshape(norm, 1)}, 0)}
}

// step is the program of a step. some is whether the network ends at the positions with targets.
func (n *network) step(some bool) func(in []*Node) []*Node {
	return func(nodes []*Node) []*Node {
		in := stepIn[*Node]{state: NewState[*Node](len(n.specs)), pass: pass[*Node]{some: some}}
		engine.Fill(&in, nodes)
		loss, gradients := n.gradient(in.state.Weights, in.pass, in.share)
		out := n.update(in.state, gradients, in.scalars, loss)
		return engine.List(&out)
	}
}

// steps is the program of many steps a call.
func (n *network) steps(some bool) func(in []*Node) []*Node {
	return func(nodes []*Node) []*Node {
		in := stepIn[*Node]{state: NewState[*Node](len(n.specs)), pass: pass[*Node]{some: some}, many: true}
		engine.Fill(&in, nodes)
		most := in.scalars.Shape().Dim(0)
		first := stepOut[*Node]{in.state, Const(in.share.Graph(), tensors.FromShape(shapes.Make(dtypes.Float32, most, reported)))}
		each := append(engine.List(&in.pass), in.scalars, in.share)
		return repeated(in.count, each, engine.List(&first), func(index *Node, each, state []*Node) []*Node {
			now := stepIn[*Node]{state: NewState[*Node](len(n.specs)), pass: pass[*Node]{some: some}}
			before := stepOut[*Node]{state: NewState[*Node](len(n.specs))}
			engine.Fill(&before, state)
			now.state = before.state
			engine.Fill(&now, slices.Concat(engine.List(&now.state), each))
			loss, gradients := n.gradient(now.state.Weights, now.pass, now.share)
			out := n.update(now.state, gradients, now.scalars, loss)
			report := Reshape(out.report, 1, reported)
			out.report = DynamicUpdateSlice(before.report, report, []*Node{index, ScalarZero(index.Graph(), dtypes.Int32)})
			return engine.List(&out)
		})
	}
}

func (n *network) newSums() sums[*Node] { return sums[*Node]{gradients: make([]*Node, len(n.specs))} }

// add is the program of a pass that adds to sums, or of many; it returns the sums.
func (n *network) add(some, many bool) func(in []*Node) []*Node {
	added := func(weights []*Node, s sums[*Node], p pass[*Node], share *Node) []*Node {
		loss, gradients := n.gradient(weights, p, share)
		out := sums[*Node]{loss: Add(s.loss, Reshape(loss, 1))}
		for i, g := range gradients {
			out.gradients = append(out.gradients, Add(s.gradients[i], g))
		}
		return engine.List(&out)
	}
	return func(nodes []*Node) []*Node {
		in := addIn[*Node]{weights: make([]*Node, len(n.specs)), sums: n.newSums(), pass: pass[*Node]{some: some}, many: many}
		engine.Fill(&in, nodes)
		if !many {
			return added(in.weights, in.sums, in.pass, in.share)
		}
		fixed := append(slices.Clone(in.weights), in.share) // what all passes use stands in front of the sums
		state := append(slices.Clone(fixed), engine.List(&in.sums)...)
		return repeated(in.count, engine.List(&in.pass), state, func(_ *Node, each, state []*Node) []*Node {
			now := addIn[*Node]{weights: state[:len(n.specs)], share: state[len(n.specs)], sums: n.newSums(), pass: pass[*Node]{some: some}}
			engine.Fill(&now.sums, state[len(fixed):])
			engine.Fill(&now.pass, each)
			return append(slices.Clone(state[:len(fixed)]), added(now.weights, now.sums, now.pass, now.share)...)
		})[len(fixed):]
	}
}

// finish is the program of the update after the passes of a step.
func (n *network) finish(nodes []*Node) []*Node {
	in := finishIn[*Node]{state: NewState[*Node](len(n.specs)), sums: n.newSums()}
	engine.Fill(&in, nodes)
	out := n.update(in.state, in.sums.gradients, in.scalars, in.sums.loss)
	return engine.List(&out)
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

// programs are those of a run, compiled for each size of their inputs.
type programs struct {
	many, whole *Exec // many steps a call; a step
	add, finish *Exec // with accumulation: a pass or many; the update
}

// newPrograms makes the programs that a run takes. some is whether passes end at the positions with targets.
func newPrograms(eng *engine.Engine, n *network, some bool) (p programs, err error) {
	make1 := func(to **Exec, what string, inputs, results engine.Fields[engine.Cut], program func([]*Node) []*Node) {
		if err != nil {
			return
		}
		*to, err = eng.Program(fmt.Sprintf("train %s, some %t, %s", what, some, programKey(n.model, n.cfg)), func(b compute.Backend) (*Exec, error) {
			return engine.Shared(b, n.cfg.devices(), engine.List(inputs), engine.List(results), program)
		})
	}
	state, rows, passes := n.cuts(), pass[engine.Cut]{rows: 1, wanted: engine.Whole, some: some}, n.cfg.passesPerCall()
	sum := sums[engine.Cut]{state.Weights, engine.Whole}
	result := &stepOut[engine.Cut]{state, engine.Whole}
	switch {
	case n.cfg.Accumulate > 1:
		make1(&p.add, fmt.Sprintf("add %d", passes), &addIn[engine.Cut]{weights: state.Weights, sums: sum, pass: rows, share: engine.Whole}, &sum, n.add(some, passes > 1))
		make1(&p.finish, "finish", &finishIn[engine.Cut]{state, sum, engine.Whole}, result, n.finish)
	case passes > 1:
		make1(&p.many, fmt.Sprintf("%d steps", passes), &stepIn[engine.Cut]{state: state, pass: rows, many: true}, result, n.steps(some))
	default:
		make1(&p.whole, "step", &stepIn[engine.Cut]{state: state, pass: rows, scalars: engine.Whole, share: engine.Whole}, result, n.step(some))
	}
	return p, err
}

// cuts say how the state lies on the devices: whole, but for the means where the optimiser is
// sharded.
func (n *network) cuts() State[engine.Cut] {
	cuts := NewState[engine.Cut](len(n.specs))
	for i, spec := range n.specs {
		cuts.Weights[i], cuts.First[i] = engine.Whole, engine.Whole
		if n.cfg.ShardOptimizer {
			cuts.First[i] = engine.CutEvenly(spec.Shape, n.cfg.devices())
		}
		cuts.Second[i] = cuts.First[i]
	}
	return cuts
}

// programKey names what shapes the graph of a step.
func programKey(model qwen.Config, cfg Config) string {
	return fmt.Sprintf("%+v %+v %t %s %t %d %t", model, cfg.AdamW, cfg.DocumentMask, cfg.Dtype, cfg.Recompute, cfg.devices(), cfg.ShardOptimizer)
}
