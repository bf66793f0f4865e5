package qwen

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/random"
)

// Weights are the f32 values of a network, in the order of Config.Specs.
type Weights struct {
	Config  Config
	Tensors []*tensors.Tensor

	// Origin is what else came with the weights; nil for weights that were made here. It is
	// no part of the Digest.
	Origin *Origin
}

// NewWeights draws initial weights: matrices normal with Config.InitStd (1/√fan-in
// where that is 0), biases 0, norms 1. Every row of every matrix has a stream of its
// own, so the values do not depend on how many processors draw them.
func NewWeights(cfg Config, seed int64) (*Weights, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	w := &Weights{Config: cfg}
	for i, spec := range cfg.Specs() {
		flat := make([]float32, spec.Size())
		switch {
		case strings.HasSuffix(spec.Name, "norm.weight"):
			for j := range flat {
				flat[j] = 1
			}
		case len(spec.Shape) == 2:
			std := cfg.InitStd
			if std == 0 {
				std = 1 / math.Sqrt(float64(spec.Shape[1]))
			}
			drawRows(flat, spec.Shape[1], std, seed, uint64(i))
		}
		w.Tensors = append(w.Tensors, tensors.FromFlatDataAndDimensions(flat, spec.Shape...))
	}
	if cfg.OffsetInit {
		w.setOffsetHeads()
	}
	if cfg.LookupInit != "" {
		w.setLookup(seed)
	}
	return w, nil
}

// drawRows fills a matrix with rows of the given width from normal draws.
func drawRows(flat []float32, width int, std float64, seed int64, tensor uint64) {
	rows := len(flat) / width
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), rows)
	for k := range workers {
		wait.Go(func() {
			for r := k; r < rows; r += workers {
				s := random.New(seed, "qwen weights", tensor, uint64(r))
				for j := range width {
					flat[r*width+j] = float32(std * s.Norm())
				}
			}
		})
	}
	wait.Wait()
}

// offsetPairs rotary pairs of a head carry the offset bias: enough to point at one
// position among a few hundred, few enough to leave the rest of the head free.
const (
	offsetPairs = 3
	offsetBias  = 5.0
)

// setOffsetHeads gives heads 0, 1, 2 of the first layer the offsets 1, 2, 3.
func (w *Weights) setOffsetHeads() {
	for head := range min(offsetPairs, w.Config.Heads) {
		w.setOffsetHead(head, head+1)
	}
}

// setOffsetHead gives a head of the first layer biases whose product after the rotary
// embedding of query position t and key position s is largest at s = t − offset: the
// key's bias is b, the query's is b turned back by the offset.
func (w *Weights) setOffsetHead(head, offset int) {
	c := w.Config
	half := c.HeadDim() / 2
	keyHead := head / (c.Heads / c.KVHeads)
	frequencies := c.frequencies()
	tensors.MustMutableFlatData(w.Tensors[1+kBias], func(b []float32) {
		for i := range offsetPairs {
			b[keyHead*c.HeadDim()+i] = offsetBias
		}
	})
	tensors.MustMutableFlatData(w.Tensors[1+qBias], func(b []float32) {
		for i := range offsetPairs {
			angle := -float64(offset) * frequencies[i]
			b[head*c.HeadDim()+i] = float32(offsetBias * math.Cos(angle))
			b[head*c.HeadDim()+half+i] = float32(offsetBias * math.Sin(angle))
		}
	})
}

// frequencies are the angles by which one position turns each rotary pair.
func (c Config) frequencies() []float64 {
	f := make([]float64, c.HeadDim()/2)
	for i := range f {
		f[i] = math.Pow(c.RopeTheta, -2*float64(i)/float64(c.HeadDim()))
	}
	return f
}

// Digest is the SHA-256 of names, shapes and values: equal digests, equal networks.
func (w *Weights) Digest() string {
	h := sha256.New()
	for i, spec := range w.Config.Specs() {
		fmt.Fprintf(h, "%s %v\n", spec.Name, spec.Shape)
		writeValues(h, w.Tensors[i], Float32)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Clone copies the weights to new tensors in the host's memory.
func (w *Weights) Clone() *Weights {
	return &Weights{Config: w.Config, Tensors: Clone(w.Tensors), Origin: w.Origin}
}

// Clone copies f32 tensors, such as weights or moments, to the host's memory. A tensor is
// on one device only: whoever needs it on another copies it first.
func Clone(list []*tensors.Tensor) []*tensors.Tensor {
	copied := make([]*tensors.Tensor, len(list))
	for i, t := range list {
		copied[i] = tensors.FromFlatDataAndDimensions(tensors.MustCopyFlatData[float32](t), t.Shape().Dimensions...)
	}
	return copied
}

// Check says whether the tensors are the ones that the configuration asks for.
func (w *Weights) Check() error {
	if err := w.Config.Validate(); err != nil {
		return err
	}
	specs := w.Config.Specs()
	if len(specs) != len(w.Tensors) {
		return fmt.Errorf("qwen: expected %d tensors, found %d", len(specs), len(w.Tensors))
	}
	for i, s := range specs {
		if got := w.Tensors[i].Shape(); fmt.Sprint(got.Dimensions) != fmt.Sprint(s.Shape) {
			return fmt.Errorf("qwen: tensor %s has shape %v: expected %v", s.Name, got.Dimensions, s.Shape)
		}
	}
	return nil
}
