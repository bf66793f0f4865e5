package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// TokenNLL is −log softmax(logits)[target] in f32: logits [..., vocab] and targets [...]
// → [...]; 0 where the target is negative.
func TokenNLL(logits, targets *Node) *Node {
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
	dtype := dtypes.Float32
	if cfg.Dtype == "bfloat16" {
		dtype = dtypes.BFloat16
	}
	tokens, targets, positions, segments := inputs(batch)
	if !cfg.DocumentMask {
		segments = nil
	}
	p := qwen.BindAs(model, weights, dtype)
	p.Recompute = cfg.Recompute
	return TokenNLL(p.Forward(tokens, positions, segments), targets)
}

// state is what a run carries from step to step: all on the device.
type state struct {
	weights, first, second []*tensors.Tensor
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

// stepper holds the compiled programs of a run.
type stepper struct {
	eng    *engine.Engine
	cfg    Config
	whole  *Exec // a step of one forward pass
	add    *Exec // one forward pass of several: adds its gradient to a sum
	finish *Exec // the update after several
	sum    []shapes.Shape
}

func newStepper(eng *engine.Engine, model qwen.Config, cfg Config) (*stepper, error) {
	s := &stepper{eng: eng, cfg: cfg}
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
		return append(out, Concatenate([]*Node{Reshape(loss, 1), Reshape(norm, 1)}, 0))
	}
	key := programKey(model, cfg)
	var err error
	if cfg.Accumulate == 1 {
		s.whole, err = eng.Program("train whole step "+key, func(b compute.Backend) (*Exec, error) {
			return NewExec(b, func(in []*Node) []*Node { // weights, means, batch, scalars, share
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
	if s.add, err = eng.Program("train add "+key, func(b compute.Backend) (*Exec, error) {
		return NewExec(b, func(in []*Node) []*Node { // weights, sums (gradients, loss), batch, share
			loss, gradients := gradient(in[:n], in[2*n+1], in[2*n+2])
			out := make([]*Node, 0, n+1)
			for i, g := range gradients {
				out = append(out, Add(in[n+i], g))
			}
			return append(out, Add(in[2*n], Reshape(loss, 1)))
		})
	}); err != nil {
		return nil, err
	}
	s.finish, err = eng.Program("train finish "+key, func(b compute.Backend) (*Exec, error) {
		return NewExec(b, func(in []*Node) []*Node { // weights, means, sums (gradients, loss), scalars
			return update(in, in[3*n:4*n], in[4*n+1], in[4*n])
		})
	})
	return s, err
}

// programKey names what shapes the graph of a step.
func programKey(model qwen.Config, cfg Config) string {
	return fmt.Sprintf("%+v %+v %t %s %t", model, cfg.AdamW, cfg.DocumentMask, cfg.Dtype, cfg.Recompute)
}

// donated turns tensors into arguments whose buffers the program may reuse.
func (s *stepper) donated(lists ...[]*tensors.Tensor) ([]any, error) {
	var args []any
	for _, list := range lists {
		for _, t := range list {
			a, err := s.eng.Donate(t)
			if err != nil {
				return nil, err
			}
			args = append(args, a)
		}
	}
	return args, nil
}

// step runs one optimiser step and replaces st. It returns the mean loss of the step's
// targets and the gradient's norm.
func (s *stepper) step(st *state, batches []*Batch, step int) (loss, norm float64, err error) {
	count := 0
	for _, b := range batches {
		count += b.Count
	}
	if count == 0 {
		return 0, 0, fmt.Errorf("train: step %d has no targets", step)
	}
	share := []float32{1 / float32(count)}
	scalars := s.cfg.Scalars(step, s.cfg.LearningRate(step))
	var out []*tensors.Tensor
	if s.whole != nil {
		args, err := s.donated(st.lists()...)
		if err != nil {
			return 0, 0, err
		}
		if out, err = s.whole.Call(append(args, batches[0].tensor(), scalars, share)...); err != nil {
			return 0, 0, err
		}
	} else if out, err = s.accumulated(st, batches, scalars, share); err != nil {
		return 0, 0, err
	}
	n := len(st.weights)
	st.weights, st.first, st.second = out[:n], out[n:2*n], out[2*n:3*n]
	values, err := tensors.CopyFlatData[float32](out[3*n])
	if err != nil {
		return 0, 0, err
	}
	return float64(values[0]), float64(values[1]), out[3*n].FinalizeAll()
}

func (s *stepper) accumulated(st *state, batches []*Batch, scalars, share []float32) ([]*tensors.Tensor, error) {
	var sums []*tensors.Tensor
	for _, shape := range s.sum {
		sums = append(sums, tensors.FromShape(shape))
	}
	for _, b := range batches {
		var args []any
		for _, t := range st.weights {
			args = append(args, t)
		}
		more, err := s.donated(sums)
		if err != nil {
			return nil, err
		}
		if sums, err = s.add.Call(append(append(args, more...), b.tensor(), share)...); err != nil {
			return nil, err
		}
	}
	args, err := s.donated(append(st.lists(), sums)...)
	if err != nil {
		return nil, err
	}
	return s.finish.Call(append(args, scalars)...)
}

func (b *Batch) tensor() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(b.values(), 4, b.Rows, b.Seq)
}
