package qwen

import (
	"fmt"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	fused "github.com/gomlx/gomlx/ml/layers/attention"
)

// Flash says whether a backend computes this network's attention without ever holding the
// matrix of scores (Dao et al. 2022; here cuDNN's kernel), and if not, why not. masked is
// whether attention must stay within documents: the kernel knows the causal mask alone.
//
// The conditions are those of the library, which falls back in silence where one fails.
func (c Config) Flash(b compute.Backend, dtype dtypes.DType, masked bool) (ok bool, why string) {
	switch {
	case !onGPU(b):
		return false, "the backend has no flash attention, which takes an NVIDIA GPU"
	case os.Getenv(FusionEnv) != "" && os.Getenv(FusionEnv) != "1" && os.Getenv(FusionEnv) != "true":
		return false, fmt.Sprintf("%s is %q", FusionEnv, os.Getenv(FusionEnv))
	case !dtype.IsHalfPrecision():
		return false, fmt.Sprintf("the dtype is %s: it takes bfloat16", dtype)
	case c.HeadDim()%8 != 0:
		return false, fmt.Sprintf("the head width is %d: it takes a multiple of 8", c.HeadDim())
	case masked:
		return false, "attention stays within documents: it takes document_mask off"
	}
	return true, ""
}

// attendFlash is causal attention by the backend's fused operation, in both passes; a
// backend without it computes the same from single operations.
func attendFlash(q, k, v *Node) *Node {
	out, _ := fused.Core(q, k, v, fused.LayoutBSHD, fused.CoreOptions{UseCausalMask: true})
	return out
}

// onGPU says whether a backend has the operations that only CUDA's has.
func onGPU(b compute.Backend) bool {
	has := b.Capabilities().Operations
	return has[compute.OpTypeFusedScaledDotProductAttention] && has[compute.OpTypeFusedScaledDotProductAttentionVJP]
}
