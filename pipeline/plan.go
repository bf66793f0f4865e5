package pipeline

import (
	"math"
	"path/filepath"
	"strings"
	"time"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/train"
)

// Machine is what estimates of time assume: floating-point operations a second by
// kind of stage.
type Machine struct {
	Name     string  `json:"name"`
	GPU      bool    `json:"gpu,omitempty"` // its stages are timed against runs on a GPU only
	Train    float64 `json:"train"`
	RL       float64 `json:"rl"`
	Evaluate float64 `json:"evaluate"`
}

// Plan is what running stages would do: what is there already, what the rest costs.
// Making one runs nothing.
type Plan struct {
	Stages  []PlannedStage // each once, inputs first
	Machine Machine
	Rates   map[string]Rate
	Side    int // stages that will run side by side
}

// PlannedStage is a stage with what is known of it.
type PlannedStage struct {
	Stage   *Stage
	Done    bool  // in the store: Spent is what it really cost
	Spent   Spent // else an estimate
	Seconds float64
	Bytes   float64 // on disk when it is finished
}

// Rate is a speed in floating-point operations a second, and where it was seen.
type Rate struct {
	FLOPs float64
	From  string
}

// Plan looks at the store and estimates the rest.
func (st *Store) Plan(stages []*Stage, m Machine, sideBySide int) *Plan {
	p := &Plan{Machine: m, Rates: st.rates(m), Side: max(1, sideBySide)}
	if m.GPU {
		p.Side = 1
	}
	for _, stage := range stages {
		x := PlannedStage{Stage: stage, Spent: stage.Plan, Bytes: bytesOf(stage)}
		if done, err := readSeal(st.Dir(stage)); err == nil {
			x.Done, x.Spent, x.Seconds = true, done.Spent, done.Seconds
		} else if rate := p.Rates[stage.Kind].FLOPs; rate > 0 {
			x.Seconds = stage.Plan.FLOPs / rate
		}
		p.Stages = append(p.Stages, x)
	}
	return p
}

// Left is what remains: number of stages, their cost, wall time, disk.
func (p *Plan) Left() (stages int, spent Spent, wall time.Duration, bytes float64) {
	seconds := 0.0
	for _, x := range p.Stages {
		if x.Done {
			continue
		}
		stages++
		spent = spent.Add(x.Spent)
		seconds += x.Seconds
		bytes += x.Bytes
	}
	return stages, spent, time.Duration(seconds / float64(p.Side) * float64(time.Second)), bytes
}

// PeakMemory is the training stage that needs most memory on a device, and what it
// needs at its peak. A network on a GPU is taken to use flash attention where its shapes
// and numbers allow it.
func (p *Plan) PeakMemory() (label string, peak train.Memory) {
	for _, x := range p.Stages {
		r, ok := x.Stage.Recipe.(Pretraining)
		if !ok {
			continue
		}
		model := baseOf(x.Stage).Model
		flash := p.Machine.GPU && r.Train.Dtype == "bfloat16" && !r.Train.DocumentMask && model.HeadDim()%8 == 0
		if m := train.EstimateMemory(model, r.Train, flash); m.Total() > peak.Total() {
			label, peak = x.Stage.Label, m
		}
	}
	return label, peak
}

// bytesOf estimates what a finished stage leaves: float32 weights, or about 25
// bytes a judged sample with its text, compressed.
func bytesOf(s *Stage) float64 {
	switch s.Kind {
	case "evaluate":
		return 25 * float64(s.Plan.Samples)
	case "likelihood":
		r := s.Recipe.(Likelihood)
		return 16 * float64(r.Problems*cellsOf(r.Data))
	}
	return 4*float64(baseOf(s).Model.Params()) + 200e3
}

// rates are the speeds of the store's finished stages on the machine's kind of
// backend, by kind of stage: all their operations over all their seconds. A kind
// that was never run there has the speed that is assumed for the machine.
func (st *Store) rates(m Machine) map[string]Rate {
	flops, seconds := map[string]float64{}, map[string]float64{}
	folders, _ := filepath.Glob(filepath.Join(st.Root, "*", doneFile))
	for _, f := range folders {
		done, err := readSeal(filepath.Dir(f))
		if err != nil || done.Seconds <= 0 || done.Spent.FLOPs <= 0 || strings.Contains(done.Backend, "cuda") != m.GPU {
			continue
		}
		kind, _, _ := strings.Cut(filepath.Base(filepath.Dir(f)), "-")
		flops[kind] += done.Spent.FLOPs
		seconds[kind] += done.Seconds
	}
	rates := map[string]Rate{}
	for kind, assumed := range map[string]float64{"train": m.Train, "rl": m.RL, "evaluate": m.Evaluate, "likelihood": m.Train, "reject": m.RL} {
		rates[kind] = Rate{assumed, "assumed for " + m.Name}
		if seconds[kind] > 0 {
			rates[kind] = Rate{flops[kind] / seconds[kind], "measured on stages in the run folder"}
		}
	}
	return rates
}

// SecondsBetweenSaves are about how many seconds of a stage that takes so many pass between
// two checkpoints; 0: it writes none, and a process that ends in it loses all of it.
func SecondsBetweenSaves(s *Stage, seconds float64) float64 {
	every, steps, byClock := 0, 0, train.SecondsBetweenSaves(baseOf(s).Model.Params())
	switch r := s.Recipe.(type) {
	case Pretraining:
		every, steps = r.Train.CheckpointEvery, r.Train.Steps
	case Reinforcement:
		every, steps = r.GRPO.CheckpointEvery, r.GRPO.Steps
	case Rejection:
		every, steps = r.Train.CheckpointEvery, r.Train.Steps
	case Evaluation:
		every, steps, byClock = evaluate.SamplesPerPart, r.Problems*cellsOf(r.Data)*r.Samples, math.Inf(1)
	}
	if every <= 0 || steps <= 0 {
		return 0
	}
	return min(seconds, byClock, seconds*float64(every)/float64(steps))
}
