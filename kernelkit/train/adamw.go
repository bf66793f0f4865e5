package train

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"interplay/kernelkit/qwen"
)

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019) behind
// global-norm clipping, with the constants where PyTorch puts them. The library's own
// optimiser decays every tensor and cannot clip by the global norm.
type AdamW struct {
	Beta1           float64 `json:"beta1"`            // decay of the mean of gradients
	Beta2           float64 `json:"beta2"`            // decay of the mean of squared gradients
	Eps             float64 `json:"eps"`              // added to the root of the second mean
	Decay           float64 `json:"weight_decay"`     // of matrices, as a share of the learning rate a step; norms and biases never decay
	DecayEmbeddings bool    `json:"decay_embeddings"` // whether embedding and unembedding decay too
	Clip            float64 `json:"clip"`             // largest global norm of the gradient; 0 = no clipping
}

// Validate returns the first thing that is wrong with the constants.
func (a AdamW) Validate() error {
	switch {
	case !(a.Beta1 >= 0 && a.Beta1 < 1):
		return fmt.Errorf("train: beta1 is %g: expected 0 ≤ beta1 < 1", a.Beta1)
	case !(a.Beta2 >= 0 && a.Beta2 < 1):
		return fmt.Errorf("train: beta2 is %g: expected 0 ≤ beta2 < 1", a.Beta2)
	case !(a.Eps > 0):
		return fmt.Errorf("train: eps is %g: expected a positive number", a.Eps)
	case !(a.Decay >= 0):
		return fmt.Errorf("train: weight_decay is %g: expected at least 0", a.Decay)
	case !(a.Clip >= 0):
		return fmt.Errorf("train: clip is %g: expected at least 0", a.Clip)
	}
	return nil
}

// Scalars are what changes from step to step, as the input that Update takes: the
// learning rate and the two bias corrections of a step (from 0). They are computed here,
// in f64, and not in the graph.
func (a AdamW) Scalars(step int, lr float64) []float32 {
	t := float64(step + 1)
	return []float32{float32(lr), float32(1 / (1 - math.Pow(a.Beta1, t))), float32(1 / math.Sqrt(1-math.Pow(a.Beta2, t)))}
}

// Decays says whether a weight belongs to the group that decays.
func (a AdamW) Decays(spec qwen.TensorSpec) bool {
	if a.Decay == 0 || len(spec.Shape) < 2 {
		return false
	}
	embedding := spec.Name == "model.embed_tokens.weight" || spec.Name == "lm_head.weight"
	return a.DecayEmbeddings || !embedding
}

// Update is one step: the state and its gradients, in the order of specs, and the node of
// Scalars → the next state, and the gradient's global norm before clipping. It panics when the
// lists differ in length.
func (a AdamW) Update(specs []qwen.TensorSpec, s State[*Node], gradients []*Node, scalars *Node) (next State[*Node], norm *Node) {
	n := len(specs)
	if len(s.Weights) != n || len(gradients) != n || len(s.First) != n || len(s.Second) != n {
		exceptions.Panicf("train: Update got %d specs, %d weights, %d gradients, %d and %d means", n, len(s.Weights), len(gradients), len(s.First), len(s.Second))
	}
	scalar := func(i int) *Node { return Reshape(Slice(scalars, AxisRange(i, i+1))) }
	lr, correct1, correct2 := scalar(0), scalar(1), scalar(2)

	norm = GlobalNorm(gradients)
	scale := ScalarOne(norm.Graph(), norm.DType())
	if a.Clip > 0 {
		scale = MinScalar(Div(Scalar(norm.Graph(), norm.DType(), a.Clip), AddScalar(norm, 1e-6)), 1.0)
	}
	for i, w := range s.Weights {
		g := Mul(gradients[i], scale)
		m := Add(MulScalar(s.First[i], a.Beta1), MulScalar(g, 1-a.Beta1))
		v := Add(MulScalar(s.Second[i], a.Beta2), MulScalar(Square(g), 1-a.Beta2))
		direction := Div(Mul(m, correct1), AddScalar(Mul(Sqrt(v), correct2), a.Eps))
		if a.Decays(specs[i]) {
			direction = Add(direction, MulScalar(w, a.Decay))
		}
		next.Weights = append(next.Weights, Sub(w, Mul(direction, lr)))
		next.First, next.Second = append(next.First, m), append(next.Second, v)
	}
	return next, norm
}

// GlobalNorm is the Euclidean norm of all values of all nodes together.
func GlobalNorm(nodes []*Node) *Node {
	var sum *Node
	for _, x := range nodes {
		if square := ReduceAllSum(Square(x)); sum == nil {
			sum = square
		} else {
			sum = Add(sum, square)
		}
	}
	return Sqrt(sum)
}
