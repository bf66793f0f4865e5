package qwen

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// TargetLogProbs are the log-probs of targets under the softmax of logits [vocab, positions]
// (f32): shaped as targets (int32), 0 where a target is negative.
func TargetLogProbs(logits, targets *Node) *Node {
	vocab, n := logits.Shape().Dim(0), logits.Shape().Dim(1)
	dims := targets.Shape().Dimensions
	targets = Reshape(targets, n)
	known := ConvertDType(GreaterOrEqual(targets, ZerosLike(targets)), dtypes.Float32)
	shifted := Sub(logits, ReduceAndKeep(logits, ReduceMax, 0))
	weights := Exp(shifted)
	total := ReduceSum(weights, 0)
	ids := Iota(logits.Graph(), shapes.Make(dtypes.Int32, vocab, n), 0)
	chosen := Equal(ids, BroadcastToDims(InsertAxes(targets, 0), vocab, n))
	y := Mul(Sub(ReduceSum(Where(chosen, shifted, ZerosLike(shifted)), 0), Log(total)), known)
	y = withGradient(y, []*Node{logits}, func(v *Node) []*Node {
		v = Mul(v, known)
		share := Mul(weights, InsertAxes(Div(v, total), 0))
		return []*Node{Sub(Where(chosen, BroadcastToDims(InsertAxes(v, 0), vocab, n), ZerosLike(share)), share)}
	})
	return Reshape(y, dims...)
}
