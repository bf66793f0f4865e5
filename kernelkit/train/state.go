package train

import (
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// State is what learning carries from step to step, by weight in the order of
// qwen.Config.Specs: tensors between the steps, nodes of a graph in one.
type State[T any] struct {
	Weights       []T
	First, Second []T // AdamW's means of the gradients and of their squares
}

// Each visits all of them: see engine.Fields.
func (s *State[T]) Each(visit func(*T)) { engine.EachOf(visit, s.Weights, s.First, s.Second) }

// NewState has room for n weights.
func NewState[T any](n int) State[T] {
	return State[T]{make([]T, n), make([]T, n), make([]T, n)}
}

// StartState is the state before the first step: a copy of the weights, and means of 0.
func StartState(w *qwen.Weights) State[*tensors.Tensor] {
	s := State[*tensors.Tensor]{Weights: w.Clone().Tensors}
	for _, t := range w.Tensors {
		s.First = append(s.First, tensors.FromShape(t.Shape()))
		s.Second = append(s.Second, tensors.FromShape(t.Shape()))
	}
	return s
}
