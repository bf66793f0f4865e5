package train

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// Memory is what a training step needs on each of its devices at its peak, in bytes.
type Memory struct {
	Weights   int64 // f32 masters
	Optimizer int64 // the two means
	Gradients int64 // f32, in whose place the new weights go; with accumulation the sums before and after a pass
	Results   int64 // the new means: the library cannot tell XLA to put them in the old ones' place; with several passes a call the new weights too
	Casts     int64 // weights in bfloat16, where the network computes in it

	Block       int64 // what the backward pass needs of one block of the network
	Activations int64 // all blocks, the logits and what the largest operation needs for itself
}

// Total is the peak.
func (m Memory) Total() int64 {
	return m.Weights + m.Optimizer + m.Gradients + m.Results + m.Casts + m.Activations
}

func (m Memory) String() string {
	gib := func(bytes int64) float64 { return float64(bytes) / (1 << 30) }
	return fmt.Sprintf("%.2f GiB: weights %.2f, optimiser %.2f, gradients %.2f, new optimiser %.2f, casts %.2f, activations %.2f (a block %.3f)",
		gib(m.Total()), gib(m.Weights), gib(m.Optimizer), gib(m.Gradients), gib(m.Results), gib(m.Casts), gib(m.Activations), gib(m.Block))
}

// CUDAMemory is what a process holds on a GPU besides Memory, in bytes: CUDA's context and the
// libraries' working memory, as seen once (LAB.md).
const CUDAMemory = 3 << 29

// EstimateMemory says what a run will need before it starts. flash is whether flash
// attention will be in use (see FlashAttention).
//
// Weights and the like are exact. Activations are counted in numbers a token: the tensors
// that the gradients of package qwen keep, with factors fitted to what XLA's CPU compiler
// reserves in float32, and met within 5 % in 13 sizes (a test compares within 10 %). In
// bfloat16 the same tensors count at their width, and the logits of a network with flash
// attention with a factor of their own: that is within 10 % of what XLA reserves on a GPU for
// the profiles gpu and paper, recomputed and not (LAB.md).
func EstimateMemory(model qwen.Config, cfg Config, flash bool) Memory {
	params := int64(model.Params())
	means := 8 * params
	if cfg.ShardOptimizer {
		means = 0
		for _, spec := range model.Specs() {
			size := int64(8)
			for _, n := range engine.CutEvenly(spec.Shape, cfg.devices()).Dims(spec.Shape, cfg.devices()) {
				size *= int64(n)
			}
			means += size
		}
	}
	m := Memory{Weights: 4 * params, Optimizer: means, Gradients: 4 * params, Results: means}
	width := 4.0 // of a number of an activation
	if cfg.Dtype == "bfloat16" {
		width = 2
		m.Casts = 2 * params
	}
	tokens := float64(cfg.Batch/cfg.devices()) * float64(cfg.Seq)
	d, kv, ffn := float64(model.HiddenSize), float64(model.KVHeads*model.HeadDim()), float64(model.FFN)
	vocab, seq, layers := float64(model.VocabSize), float64(cfg.Seq), float64(model.Layers)

	// Scores, numbers of a query: all that are kept, and those of the largest part at work.
	share, parts := qwen.ScoredShare(cfg.Seq)
	heads := float64(model.Heads)
	kept, working := 1.17*share*heads*seq, 4*heads*seq/float64(parts)
	scoreWidth := 4.0
	if width == 2 {
		scoreWidth = 6 // in f32, and rounded for the product with the values
	}
	mask := 4 * seq
	if flash {
		kept, working, mask = heads, 0, 0 // the sums of the softmax
	}

	logits := 4 * 2.5 * vocab
	if flash {
		logits = 4 * 1.75 * vocab
	}
	var block, all float64 // bytes a token
	if cfg.Recompute {
		block = width * d
		work := width*(5*d+6.5*ffn) + scoreWidth*working + mask
		all = layers*block + math.Max(work, logits)
	} else {
		block = width*(8*d+4*kv+3*ffn) + scoreWidth*kept
		all = layers*block + logits + width*(d+1.2*ffn) + mask
	}
	m.Block, m.Activations = int64(tokens*block), int64(tokens*all)
	if cfg.passesPerCall() > 1 && cfg.Accumulate == 1 { // the weights that the device was given stay as they are
		m.Results += 4 * params
	}
	if cfg.Accumulate > 1 { // the update is a program of its own, without activations
		m.Gradients, m.Results = 8*params, max(means-m.Activations, 0)
	}
	return m
}

// Reserved is what XLA reserves for a compiled program, in bytes.
type Reserved struct {
	Inputs    int64
	Outputs   int64 // that are in no input's place
	Temporary int64
}

// Total is what the device holds while the program runs.
func (r Reserved) Total() int64 { return r.Inputs + r.Outputs + r.Temporary }

// CompiledMemory compiles the programs of a step and returns what XLA reserves on a device
// at the peak: the counterpart of EstimateMemory, at the price of compiling. It holds nothing of the
// step's size.
func CompiledMemory(eng *engine.Engine, model qwen.Config, cfg Config) (Reserved, error) {
	if err := cfg.Validate(); err != nil {
		return Reserved{}, err
	}
	s, err := newStepper(eng, model, cfg, cfg.Batch*cfg.Seq)
	if err != nil {
		return Reserved{}, fmt.Errorf("train: %w", err)
	}
	f32 := func(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }
	var state State[shapes.Shape]
	for i, spec := range model.Specs() {
		means := f32(s.network.cuts().First[i].Dims(spec.Shape, cfg.devices())...)
		state.Weights, state.First, state.Second = append(state.Weights, f32(spec.Shape...)), append(state.First, means), append(state.Second, means)
	}
	weights := state.Weights
	rows, count := shapes.Make(dtypes.Int32, planes, cfg.Batch/cfg.devices(), cfg.Seq), shapes.Make(dtypes.Int32)
	stack := func(s shapes.Shape) shapes.Shape {
		return shapes.Make(s.DType, append([]int{cfg.passesPerCall()}, s.Dimensions...)...)
	}
	step := stepIn[shapes.Shape]{state: state, pass: pass[shapes.Shape]{rows: rows}, scalars: f32(3), share: f32(1)}
	if s.all.whole != nil {
		return reserved(s.all.whole, cfg.devices(), &step)
	}
	if s.all.many != nil {
		step.pass.rows, step.scalars, step.share, step.count, step.many = stack(rows), stack(f32(3)), stack(f32(1)), count, true
		return reserved(s.all.many, 1, &step)
	}
	sum := sums[shapes.Shape]{weights, f32(1)}
	add := addIn[shapes.Shape]{weights: weights, sums: sum, pass: pass[shapes.Shape]{rows: rows}, share: f32(1)}
	if cfg.passesPerCall() > 1 {
		add.pass.rows, add.count, add.many = stack(rows), count, true
	}
	ofPass, err := reserved(s.all.add, cfg.devices(), &add)
	if err != nil {
		return ofPass, err
	}
	for _, means := range slices.Concat(state.First, state.Second) { // they wait on the device
		ofPass.Inputs += means.ByteSize()
	}
	ofUpdate, err := reserved(s.all.finish, cfg.devices(), &finishIn[shapes.Shape]{state, sum, f32(3)})
	if ofUpdate.Total() > ofPass.Total() {
		return ofUpdate, err
	}
	return ofPass, err
}

// reserved compiles a program for inputs, of which each device has as many. The library keeps
// XLA's figures in a private field.
func reserved(program *graph.Exec, devices int, inputs engine.Fields[shapes.Shape]) (r Reserved, err error) {
	g, err := program.Compile(slices.Repeat(engine.List(inputs), devices)...)
	if err != nil {
		return r, fmt.Errorf("train: %w", err)
	}
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("train: the backend does not say what its programs reserve: expected xla:cpu or xla:cuda")
		}
	}()
	stats := reflect.ValueOf(g.Executable()).Elem().FieldByName("exec").Elem().FieldByName("OnDeviceMemoryUsageStats")
	of := func(name string) int64 { return stats.FieldByName(name).Int() }
	return Reserved{Inputs: of("Inputs"), Outputs: of("Outputs") - of("Aliases"), Temporary: of("Temporary")}, nil
}
