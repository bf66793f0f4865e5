package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// state is that of a run on its devices.
type state struct {
	State[*tensors.Tensor] // of the first device
	others                 []*State[*tensors.Tensor]
	cuts                   State[engine.Cut]
}

// on is the state on a device.
func (s *state) on(device int) *State[*tensors.Tensor] {
	if device == 0 {
		return &s.State
	}
	return s.others[device-1]
}

// spread gives each device its part of a state that is whole so far. Until the first step the
// tensors are in the host's memory.
func (s *state) spread(cuts State[engine.Cut], devices int) error {
	if len(s.others) == devices-1 {
		return nil
	}
	all := make([][]*tensors.Tensor, devices)
	cut := engine.List(&cuts)
	for i, t := range engine.List(&s.State) {
		parts, err := cut[i].Parts(t, devices)
		if err != nil {
			return err
		}
		for d, part := range parts {
			all[d] = append(all[d], part)
		}
	}
	s.cuts = cuts
	for d, list := range all {
		if d > 0 {
			s.others = append(s.others, &State[*tensors.Tensor]{})
			*s.on(d) = NewState[*tensors.Tensor](len(s.Weights))
		}
		engine.Fill(s.on(d), list)
	}
	return nil
}

// whole is the state in one piece, as it is saved.
func (s *state) whole() (State[*tensors.Tensor], error) {
	if len(s.others) == 0 {
		return s.State, nil
	}
	lists := [][]*tensors.Tensor{engine.List(&s.State)}
	for _, other := range s.others {
		lists = append(lists, engine.List(other))
	}
	cuts := engine.List(&s.cuts)
	joined := make([]*tensors.Tensor, len(cuts))
	for i, cut := range cuts {
		parts := make([]*tensors.Tensor, len(lists))
		for d, list := range lists {
			parts[d] = list[i]
		}
		var err error
		if joined[i], err = cut.Join(parts); err != nil {
			return s.State, err
		}
	}
	whole := NewState[*tensors.Tensor](len(s.Weights))
	engine.Fill(&whole, joined)
	return whole, nil
}

// stepper takes the steps of a run.
type stepper struct {
	eng       *engine.Engine
	network   network
	cfg       Config
	room      int // positions at which the network ends for a batch that has no more targets
	atOnce    int // steps of a call, at most: more than one without accumulation only
	all, some programs
}

func newStepper(eng *engine.Engine, model qwen.Config, cfg Config, room int) (*stepper, error) {
	if n := cfg.Seq + cfg.ShiftPositions; cfg.ShiftPositions > 0 && n > model.Context {
		return nil, fmt.Errorf("seq and shift_positions are together %d: expected at most the model's context, %d", n, model.Context)
	}
	if cfg.devices() > len(eng.Devices) {
		return nil, fmt.Errorf("devices is %d: backend %s has %d", cfg.Devices, eng.Name, len(eng.Devices))
	}
	s := &stepper{eng: eng, network: network{model, cfg, model.Specs()}, cfg: cfg, room: room, atOnce: 1}
	if cfg.Accumulate == 1 {
		s.atOnce = cfg.passesPerCall()
	}
	var err error
	if s.all, err = newPrograms(eng, &s.network, false); err != nil {
		return nil, err
	}
	s.some, err = newPrograms(eng, &s.network, true)
	return s, err
}

// programs are those for passes that end at a number of wanted positions.
func (s *stepper) programs(wanted int) programs {
	if wanted < s.cfg.Batch*s.cfg.Seq {
		return s.some
	}
	return s.all
}

// wanted is the number of positions at which the network ends for batches.
func (s *stepper) wanted(batches ...*Batch) int {
	for _, b := range batches {
		if b.Count > s.room {
			return s.cfg.Batch * s.cfg.Seq
		}
	}
	return s.room
}

// call runs a program with the arguments of each device and returns the results of each.
func (s *stepper) call(program *Exec, arguments func(device int) (engine.Fields[any], error)) ([][]*tensors.Tensor, error) {
	return engine.CallShared(program, s.cfg.devices(), func(device int) ([]any, error) {
		args, err := arguments(device)
		if err != nil {
			return nil, err
		}
		return engine.List(args), nil
	})
}

// donated turns tensors of a device into arguments whose buffers the program may reuse.
func (s *stepper) donated(device int, list []*tensors.Tensor) (args []any, err error) {
	for _, t := range list {
		a, err := s.eng.Donate(t, device)
		if err != nil {
			return nil, err
		}
		args = append(args, a)
	}
	return args, nil
}

// donatedState is the state of a device as arguments.
func (s *stepper) donatedState(st *state, device int) (State[any], error) {
	args, err := s.donated(device, engine.List(st.on(device)))
	if err != nil {
		return State[any]{}, err
	}
	given := NewState[any](len(st.Weights))
	engine.Fill(&given, args)
	return given, nil
}

// outcome is what an optimiser step reports: the mean loss of its targets, and the norm of
// its gradient before clipping.
type outcome struct{ loss, norm float64 }

// steps runs optimiser steps, numbered from first, and replaces st: one for each list of
// batches, at most atOnce of them.
func (s *stepper) steps(st *state, each [][]*Batch, first int) ([]outcome, error) {
	if err := st.spread(s.network.cuts(), s.cfg.devices()); err != nil {
		return nil, err
	}
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
	out, err := s.run(st, each, scalars, shares)
	if err != nil {
		return nil, err
	}
	var report []float32
	for device, o := range out {
		r := stepOut[*tensors.Tensor]{state: NewState[*tensors.Tensor](len(st.Weights))}
		engine.Fill(&r, o)
		if device == 0 {
			if report, err = tensors.CopyFlatData[float32](r.report); err != nil {
				return nil, err
			}
		}
		*st.on(device) = r.state
		engine.Free([]*tensors.Tensor{r.report})
	}
	outcomes := make([]outcome, len(each))
	for i := range outcomes {
		outcomes[i] = outcome{float64(report[reported*i]), float64(report[reported*i+1])}
	}
	return outcomes, nil
}

// run executes the programs of steps and returns the results of each device.
func (s *stepper) run(st *state, each [][]*Batch, scalars, shares [][]float32) ([][]*tensors.Tensor, error) {
	batches := slices.Concat(each...)
	wanted := s.wanted(batches...)
	p := s.programs(wanted)
	if s.cfg.Accumulate > 1 {
		return s.accumulated(st, batches, scalars[0], shares[0])
	}
	program := p.whole
	if s.atOnce > 1 {
		program = p.many
	}
	return s.call(program, func(device int) (engine.Fields[any], error) {
		given, err := s.donatedState(st, device)
		if s.atOnce > 1 {
			return &stepIn[any]{given, stacked(batches, s.atOnce, wanted), s.table(scalars), s.table(shares), int32(len(each)), true}, err
		}
		return &stepIn[any]{state: given, pass: batches[0].part(device, s.cfg.devices(), wanted), scalars: scalars[0], share: shares[0]}, err
	})
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
	now := make([][]*tensors.Tensor, s.cfg.devices()) // sums by device
	for device := range now {
		for _, spec := range s.network.specs {
			now[device] = append(now[device], tensors.FromShape(shapes.Make(dtypes.Float32, spec.Shape...)))
		}
		now[device] = append(now[device], tensors.FromShape(shapes.Make(dtypes.Float32, 1)))
	}
	given := func(device int) (sums[any], error) {
		args, err := s.donated(device, now[device])
		if err != nil {
			return sums[any]{}, err
		}
		return sums[any]{args[:len(args)-1], args[len(args)-1]}, nil
	}
	passes := s.cfg.passesPerCall()
	for some := range slices.Chunk(batches, passes) {
		wanted := s.wanted(some...)
		out, err := s.call(s.programs(wanted).add, func(device int) (engine.Fields[any], error) {
			before, err := given(device)
			in := &addIn[any]{weights: engine.Arguments(st.on(device).Weights), sums: before, share: share}
			if passes > 1 {
				in.pass, in.count, in.many = stacked(some, passes, wanted), int32(len(some)), true
			} else {
				in.pass = some[0].part(device, s.cfg.devices(), wanted)
			}
			return in, err
		})
		if err != nil {
			return nil, err
		}
		now = out
	}
	return s.call(s.all.finish, func(device int) (engine.Fields[any], error) {
		state, err := s.donatedState(st, device)
		if err != nil {
			return nil, err
		}
		all, err := given(device)
		return &finishIn[any]{state, all, scalars}, err
	})
}
