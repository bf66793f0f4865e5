// Package rollout samples completions: one compiled loop on the device that embeds,
// attends to a key-value cache, draws and stops, row by row.
//
// # How it works
//
// The device has a fixed number of slots. A slot holds a group: one prompt and a few
// of its samples (rows). The prompt's keys and values are computed once (prefill) and
// stay in the slot, shared by its rows; each row has a cache of its own only for what
// it has written. All rows advance together, one token a step, in one While loop:
//
//	prompts ──sorted by length──▶ groups ──▶ slots ──▶ loop until groups end ──▶ completions
//	                                           ▲                  │
//	                                           └──── refill ◀─────┘
//
// The loop returns when a share of the slots is free and others wait; the host then
// puts new groups into the free slots. So long jobs stream through without waiting
// for the longest row of a batch, and with one set of shapes. The caches of written
// tokens are rings over the loop's step: every row writes at the same place (one slice
// update), whenever it started, and a mask by age keeps strangers out.
//
// Noise is a hash of (seed, prompt, sample, position, token): a sample does not
// depend on the number of slots, on the order of the prompts or on its neighbours.
// What is left is rounding: products of other shapes, or a group that starts at another
// place of a ring, may sum in another order, which changes a draw only where two tokens
// are within about 1e-6 of each other. A job gives the same bits each time, on any number
// of cores.
package rollout

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"golang.org/x/sync/errgroup"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/vocab"
)

// Options say how to sample. The zero value of a field that has a default means the default.
type Options struct {
	Samples     int     // samples a prompt; default 1
	MaxTokens   int     // longest completion in tokens, the stop token included; required
	Temperature float64 // logits are divided by it; default 1
	TopP        float64 // only the most likely tokens that together reach this probability; default 1 (off)
	TopK        int     // only the k most likely tokens; default 0 (off)
	Greedy      bool    // the most likely token; Temperature, TopP and TopK must then be unset
	Stop        []int32 // tokens that end a completion
	Seed        int64   // of the noise
	FirstPrompt uint64  // address of prompts[0] in the noise; prompt i has FirstPrompt + i
	NotFinite   bool    // hand over log-probabilities that are no finite numbers, which otherwise are an error
	FirstSample uint64  // address of sample 0 in the noise: with 8, samples 8, 9, … of a longer job
	Rows        int     // completions in flight on all devices together; default 64 on a CPU, elsewhere 1024 a device. Results do not depend on it
	Devices     int     `json:",omitempty"` // devices that share the prompts; default two of a CPU's, all of the others'. Results do not depend on it
}

// Finish says why a completion ended.
type Finish uint8

const (
	Length Finish = iota // MaxTokens reached
	Stop                 // a stop token was drawn
)

// String is "length" or "stop".
func (f Finish) String() string {
	if f == Stop {
		return "stop"
	}
	return "length"
}

// Completion is what a model wrote after a prompt. All slices have one entry a token.
type Completion struct {
	IDs []int32 // without the prompt, with the stop token
	// LogProbs are of the model itself: the full distribution at temperature 1.
	LogProbs []float32
	// SampleLogProbs are of the distribution that was drawn from: after temperature,
	// top-k and top-p; 0 where Greedy. They are the "old" log-probs of an importance
	// ratio. At temperature 1 without truncation they equal LogProbs.
	SampleLogProbs []float32
	Entropy        []float32 // of the model's distribution at temperature 1, in nats
	Finish         Finish
}

// LogProb is the sum of LogProbs.
func (c *Completion) LogProb() float64 {
	sum := 0.0
	for _, l := range c.LogProbs {
		sum += float64(l)
	}
	return sum
}

// Text is what the completion says, without the token that ended it (see vocab.Ends).
func (c *Completion) Text(t *vocab.Tokenizer) string {
	ids := c.IDs
	if n := len(ids); n > 0 && slices.Contains(t.Ends(), ids[n-1]) {
		ids = ids[:n-1]
	}
	return t.Decode(ids)
}

// Stops are the tokens that end a completion: those by which the model's files and its
// tokenizer end a text, and </answer> where the vocabulary has it (docs/paper.md, "Evaluation").
func Stops(t *vocab.Tokenizer) []int32 {
	stops := t.Ends()
	if id, ok := t.ID(vocab.AnswerClose); ok && !slices.Contains(stops, id) {
		stops = append(stops, id)
	}
	return stops
}

// Sampler samples from networks of one configuration. Its compiled programs are the engine's:
// the next sampler of such networks finds them there. It is not safe for concurrent use.
type Sampler struct {
	eng       *engine.Engine
	cfg       qwen.Config
	transpose *graph.Exec // of the weights
	prefill   *graph.Exec
	place     *graph.Exec
	loop      [forms]*graph.Exec
	perGroup  int // most samples that share a slot
}

// New makes a Sampler. Programs are compiled at their first use.
func New(eng *engine.Engine, cfg qwen.Config) *Sampler {
	return &Sampler{eng: eng, cfg: cfg, perGroup: 8}
}

// Sample draws Options.Samples completions of each prompt: result[prompt][sample].
// progress, where not nil, is called with the number of finished and of all
// completions. A cancelled ctx ends the job with ctx's error.
func (s *Sampler) Sample(ctx context.Context, w *qwen.Weights, prompts [][]int32, opt Options, progress func(done, total int)) ([][]Completion, error) {
	result := make([][]Completion, len(prompts))
	for i := range result {
		result[i] = make([]Completion, max(1, opt.Samples))
	}
	done, total := 0, len(prompts)*max(1, opt.Samples)
	err := s.Stream(ctx, w, prompts, opt, func(prompt, sample int, c Completion) error {
		result[prompt][sample] = c
		done++
		if progress != nil {
			progress(done, total)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// Stream is Sample for jobs that do not fit memory: each completion is handed to
// each when its group ends, in no particular order. An error of each ends the job and is returned.
func (s *Sampler) Stream(ctx context.Context, w *qwen.Weights, prompts [][]int32, opt Options, each func(prompt, sample int, c Completion) error) error {
	if err := s.Check(w, prompts, opt); err != nil {
		return err
	}
	opt = opt.withDefaults(s.eng)
	if err := s.compile(opt.drawnFrom()); err != nil {
		return err
	}
	weights, err := s.weights(w, opt.Devices)
	defer func() { engine.Free(weights...) }()
	if err != nil {
		return err
	}
	for _, b := range buckets(prompts, opt, s.perGroup) {
		if err := s.bucket(ctx, weights, prompts, opt, b, each); err != nil {
			return err
		}
	}
	return nil
}

// bucket runs the workers of a bucket side by side, each on a device of its own: a device
// executes one program at a time.
func (s *Sampler) bucket(ctx context.Context, weights [][]*tensors.Tensor, prompts [][]int32, opt Options, b bucket, each func(prompt, sample int, c Completion) error) error {
	n := s.workers(opt, b)
	shares := b.split(n, opt.Rows/n)
	var lock sync.Mutex
	one := func(prompt, sample int, c Completion) error {
		lock.Lock()
		defer lock.Unlock()
		return each(prompt, sample, c)
	}
	work, ctx := errgroup.WithContext(ctx)
	for i, share := range shares {
		work.Go(func() error {
			r := s.newRun(weights[i], prompts, opt, share, compute.DeviceNum(i))
			defer r.free()
			return r.run(ctx, one)
		})
	}
	return work.Wait()
}

// weights are those of w, transposed, on each device that the job may use; with an error
// those that there are.
func (s *Sampler) weights(w *qwen.Weights, devices int) (all [][]*tensors.Tensor, err error) {
	for device := range compute.DeviceNum(devices) {
		list := w.Tensors
		if device > 0 { // a tensor is on one device only
			list = qwen.Clone(list)
			defer engine.Free(list)
		}
		transposed, _, err := s.transpose.CallWithGraphOnDevice(device, engine.Arguments(list)...)
		if err != nil {
			return all, fmt.Errorf("rollout: weights: %w", err)
		}
		all = append(all, transposed)
	}
	return all, nil
}

// cpuLoops is how many loops run side by side on a CPU, and cpuRows how many rows each has
// by default. Neither follows the number of cores, because the rounding of a sample follows
// both.
const (
	cpuLoops = 2
	cpuRows  = 32
)

// devices is how many devices a job uses where it does not say. Those of a CPU are all the
// same cores. Each device has one loop.
func devices(eng *engine.Engine) int {
	if eng.Platform != "cpu" {
		return len(eng.Devices)
	}
	return min(cpuLoops, len(eng.Devices))
}

// workers is how many loops run side by side. A step of a small model is a chain of
// small operations, of which XLA gives each to one core: two loops on two cores run
// nearly twice as fast as one.
func (s *Sampler) workers(opt Options, b bucket) int {
	return max(1, min(opt.Devices, opt.Rows/b.share, len(b.groups)))
}

func (o Options) withDefaults(eng *engine.Engine) Options {
	if o.Samples == 0 {
		o.Samples = 1
	}
	if o.Temperature == 0 {
		o.Temperature = 1
	}
	if o.TopP == 0 {
		o.TopP = 1
	}
	if o.Devices == 0 {
		o.Devices = max(1, devices(eng))
	}
	if o.Rows == 0 {
		o.Rows = 1024 * o.Devices
		if eng.Platform == "cpu" {
			o.Rows = cpuLoops * cpuRows
		}
	}
	return o
}

// drawnFrom says which distribution tokens are drawn from; each has a program of its own.
type drawnFrom int

const (
	fromModel     drawnFrom = iota // temperature 1
	fromTempered                   // another temperature
	fromTruncated                  // top-k or top-p, at any temperature
	forms
)

func (o Options) drawnFrom() drawnFrom {
	switch {
	case o.TopK != 0 || o.TopP < 1:
		return fromTruncated
	case o.Temperature != 1:
		return fromTempered
	}
	return fromModel
}

// Check returns the first thing that is wrong with a job, as Stream would.
func (s *Sampler) Check(w *qwen.Weights, prompts [][]int32, o Options) error {
	o = o.withDefaults(s.eng)
	switch {
	case w.Config != s.cfg:
		return fmt.Errorf("rollout: the weights have configuration %+v; this sampler was made for %+v", w.Config, s.cfg)
	case o.Samples < 0:
		return fmt.Errorf("rollout: Samples is %d: expected at least 1", o.Samples)
	case o.MaxTokens < 1:
		return fmt.Errorf("rollout: MaxTokens is %d: expected at least 1", o.MaxTokens)
	case !(o.Temperature > 0) || math.IsInf(o.Temperature, 1):
		return fmt.Errorf("rollout: Temperature is %g: expected a positive number (for the most likely token set Greedy)", o.Temperature)
	case !(o.TopP > 0 && o.TopP <= 1):
		return fmt.Errorf("rollout: TopP is %g: expected a number in (0, 1], where 1 is off", o.TopP)
	case o.TopK < 0:
		return fmt.Errorf("rollout: TopK is %d: expected 0 (off) or more", o.TopK)
	case o.Greedy && (o.Temperature != 1 || o.TopP != 1 || o.TopK != 0):
		return fmt.Errorf("rollout: Greedy takes no Temperature, TopP or TopK: found %g, %g, %d", o.Temperature, o.TopP, o.TopK)
	case o.Rows < 1:
		return fmt.Errorf("rollout: Rows is %d: expected at least 1", o.Rows)
	case o.Devices < 1 || o.Devices > max(1, len(s.eng.Devices)):
		return fmt.Errorf("rollout: Devices is %d: backend %s has %d", o.Devices, s.eng.Name, len(s.eng.Devices))
	}
	for i, p := range prompts {
		if len(p) == 0 {
			return fmt.Errorf("rollout: prompt %d is empty: expected at least one token ([BOS])", i)
		}
		if n := len(p) + o.MaxTokens; n > s.cfg.Context {
			return fmt.Errorf("rollout: prompt %d has %d tokens and MaxTokens is %d, together more than the model's context of %d", i, len(p), o.MaxTokens, s.cfg.Context)
		}
		if err := s.cfg.CheckLength(len(p)); err != nil {
			return fmt.Errorf("rollout: prompt %d: %w", i, err)
		}
		for j, t := range p {
			if t < 0 || int(t) >= s.cfg.VocabSize {
				return fmt.Errorf("rollout: prompt %d has token %d at position %d: the vocabulary has %d", i, t, j, s.cfg.VocabSize)
			}
		}
	}
	return nil
}
