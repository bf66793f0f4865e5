// Package train trains a Qwen2.5 decoder by next-token prediction: pre-training,
// mid-training and supervised fine-tuning are the same code on other documents.
//
// A run is a pure function of its start weights, its documents and its Config. The
// batch of a step needs no earlier step, state is saved with digests, and a run that
// is killed and started again ends with the same bits as one that was left alone.
package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
)

// Config holds every hyper-parameter of a run.
type Config struct {
	Steps      int `json:"steps"`      // optimiser steps
	Batch      int `json:"batch"`      // rows of one forward pass
	Seq        int `json:"seq"`        // positions of a row
	Accumulate int `json:"accumulate"` // forward passes a step; the batch of a step is Batch·Accumulate rows

	LR     float64 `json:"lr"`     // peak learning rate
	MinLR  float64 `json:"min_lr"` // where the cosine ends; MinLR = LR makes the rate constant after the warm-up
	Warmup int     `json:"warmup"` // steps over which the rate rises linearly from LR/Warmup to LR

	AdamW

	// DocumentMask keeps attention within a document and starts positions anew in each;
	// without it attention crosses documents of a row, and positions run on.
	DocumentMask bool `json:"document_mask"`

	// ShiftPositions moves the positions of each document by one random number from 0 to this,
	// so that a model does not learn where in a text something stands, but how far from what:
	// training only, and only with DocumentMask. 0 = off.
	ShiftPositions int `json:"shift_positions,omitempty"`

	Dtype string `json:"dtype"` // of the matrices when computing: "float32" or "bfloat16"; masters are f32
	Seed  int64  `json:"seed"`  // of the order of rows

	// SkipLong leaves documents out that are longer than a row; otherwise they are errors.
	SkipLong bool `json:"skip_long,omitempty"`

	// Recompute keeps only the input of each block for the backward pass and computes the
	// rest again (gradient checkpointing): memory for about a third more work.
	Recompute bool `json:"recompute,omitempty"`

	// Devices is the number of the backend's devices that share the rows of a batch; 0 and 1
	// mean one. Each holds the weights; XLA adds the gradients up. Losses agree with those of
	// one device up to rounding.
	Devices int `json:"devices,omitempty"`

	// ShardOptimizer has each of several devices keep its part of the optimiser's two means and
	// update with that alone (the first stage of ZeRO, Rajbhandari et al., arXiv 1910.02054, §5.1):
	// their 8 bytes a weight are spread over the devices instead of on each.
	ShardOptimizer bool `json:"shard_optimizer,omitempty"`

	// PassesPerCall is how many forward and backward passes the device takes, at most, before
	// it reports to the host: of as many steps, or with accumulation of one step; 0 and 1 mean
	// one. A GPU that waits for the host between passes waits less often with more. On one
	// device only. The bits of a run do not depend on where its calls end, but a program of
	// several passes rounds in its own way.
	PassesPerCall int `json:"passes_per_call,omitempty"`

	// EvalEvery is the number of steps between evaluations on the first EvalDocuments of
	// Held, documents that the run does not learn from; 0 = never. The mean loss goes into
	// the metrics.
	EvalEvery     int       `json:"eval_every,omitempty"`
	EvalDocuments int       `json:"eval_documents,omitempty"`
	Held          Documents `json:"-"`

	CheckpointEvery int `json:"checkpoint_every"`          // steps between checkpoints; 0 = only at the end
	Keep            int `json:"keep"`                      // the newest checkpoints to keep, at least 2
	MilestoneEvery  int `json:"milestone_every,omitempty"` // checkpoints at multiples of this step are kept for good; 0 = none
}

// Default is the recipe of the micro model (docs/scales.md, "micro"): change what differs.
func Default() Config {
	return Config{
		Steps: 1000, Batch: 16, Seq: 160, Accumulate: 1, LR: 4e-3, MinLR: 4e-4, Warmup: 50,
		AdamW:        AdamW{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Clip: 1},
		DocumentMask: true, Dtype: "float32", CheckpointEvery: 500, Keep: 2,
	}
}

// Limits of a configuration: positions of one forward pass, and a learning rate beyond which
// no training has a meaning.
const (
	maxPositions = 1 << 26
	maxRate      = 1000
)

// WithoutHeldOut is the configuration of a run that has no held-out documents to measure a loss on.
func (c Config) WithoutHeldOut() Config {
	c.EvalEvery, c.EvalDocuments = 0, 0
	return c
}

// Validate returns the first thing that is wrong with the configuration.
func (c Config) Validate() error {
	for _, f := range []struct {
		name               string
		value, least, most int
	}{ // far beyond what fits a machine, and small enough that no product of them overflows
		{"steps", c.Steps, 1, 1 << 30}, {"batch", c.Batch, 1, 1 << 16}, {"seq", c.Seq, 1, 1 << 20}, {"accumulate", c.Accumulate, 1, 1 << 16},
		{"warmup", c.Warmup, 0, 1 << 30}, {"checkpoint_every", c.CheckpointEvery, 0, 1 << 30}, {"keep", c.Keep, 2, 1 << 30},
		{"milestone_every", c.MilestoneEvery, 0, 1 << 30}, {"eval_every", c.EvalEvery, 0, 1 << 30},
		{"eval_documents", c.EvalDocuments, min(c.EvalEvery, 1), 1 << 24}, {"devices", c.Devices, 0, 1 << 10},
		{"passes_per_call", c.PassesPerCall, 0, 1 << 16}, {"shift_positions", c.ShiftPositions, 0, 1 << 20},
	} {
		if f.value < f.least || f.value > f.most {
			return fmt.Errorf("train: %s is %d: expected %d to %d", f.name, f.value, f.least, f.most)
		}
	}
	switch {
	case c.Batch*c.Seq > maxPositions:
		return fmt.Errorf("train: batch %d of seq %d are %d positions a pass: expected at most %d", c.Batch, c.Seq, c.Batch*c.Seq, maxPositions)
	case !(c.LR > 0 && c.LR <= maxRate):
		return fmt.Errorf("train: lr is %g: expected a number above 0, at most %d", c.LR, maxRate)
	case !(c.MinLR >= 0 && c.MinLR <= c.LR):
		return fmt.Errorf("train: min_lr is %g: expected 0 to lr, %g", c.MinLR, c.LR)
	case c.Dtype != "float32" && c.Dtype != "bfloat16":
		return fmt.Errorf("train: dtype is %q: expected float32 or bfloat16", c.Dtype)
	case c.ShiftPositions > 0 && !c.DocumentMask:
		return fmt.Errorf("train: shift_positions is %d without document_mask: expected documents that keep to themselves, or 0", c.ShiftPositions)
	case c.Batch%c.devices() != 0:
		return fmt.Errorf("train: devices is %d and batch %d: expected a batch that the devices can share evenly", c.Devices, c.Batch)
	case c.ShardOptimizer && c.devices() == 1:
		return errors.New("train: shard_optimizer is on with one device: expected devices of 2 or more, or false")
	case c.PassesPerCall > 1 && c.devices() > 1:
		return fmt.Errorf("train: passes_per_call is %d: expected 0 or 1 on %d devices", c.PassesPerCall, c.devices())
	case c.MilestoneEvery > 0 && (c.CheckpointEvery == 0 || c.MilestoneEvery%c.CheckpointEvery != 0):
		return fmt.Errorf("train: milestone_every %d is no multiple of checkpoint_every %d", c.MilestoneEvery, c.CheckpointEvery)
	}
	return c.AdamW.Validate()
}

// devices is the number of devices, at least 1.
func (c Config) devices() int { return max(c.Devices, 1) }

// passesPerCall is the number of passes of a call, at least 1.
func (c Config) passesPerCall() int {
	passes := max(c.PassesPerCall, 1)
	if c.Accumulate > 1 {
		passes = min(passes, c.Accumulate)
	}
	return passes
}

// dtype is the one that the network computes in.
func (c Config) dtype() dtypes.DType {
	if c.Dtype == "bfloat16" {
		return dtypes.BFloat16
	}
	return dtypes.Float32
}

// LearningRate is the rate of a step (from 0): linear warm-up, then a cosine from LR to
// MinLR that would reach it one step after the last.
func (c Config) LearningRate(step int) float64 {
	if step < c.Warmup {
		return c.LR * float64(step+1) / float64(c.Warmup)
	}
	progress := float64(step-c.Warmup) / math.Max(1, float64(c.Steps-c.Warmup))
	return c.MinLR + (c.LR-c.MinLR)*0.5*(1+math.Cos(math.Pi*math.Min(1, progress)))
}
