package qwen

import (
	"maps"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// What stands for the GPU's kernel elsewhere must be our attention, in its value and in its
// gradients: the same order of heads, scale and mask. The kernel itself runs only on a GPU.
func TestTheFusedOperationIsOurAttention(t *testing.T) {
	const batch, seq = 2, 16
	e := open(t, "")
	cfg := testConfig
	cfg.Heads, cfg.KVHeads, cfg.HiddenSize = 6, 2, 48
	d := &Decoder{Config: cfg}
	dims := [][]int{{batch, seq, cfg.Heads, cfg.HeadDim()}, {batch, seq, cfg.KVHeads, cfg.HeadDim()}, {batch, seq, cfg.KVHeads, cfg.HeadDim()}}
	var inputs []any
	for i, d := range dims {
		flat := make([]float32, d[0]*d[1]*d[2]*d[3])
		for j, x := range draw(int64(i+1), len(flat), 2000) {
			flat[j] = float32(x)/1000 - 1
		}
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(flat, d...))
	}
	run := func(attend func(q, k, v *graph.Node) *graph.Node) []*tensors.Tensor {
		exec, err := graph.NewExec(e.Backend, func(in []*graph.Node) []*graph.Node {
			y := attend(in[0], in[1], in[2])
			return append(graph.Gradient(graph.ReduceAllMean(graph.Mul(y, graph.Sin(graph.MulScalar(y, 5)))), in...), y)
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(inputs...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	got := run(attendFlash)
	want := run(func(q, k, v *graph.Node) *graph.Node {
		return d.toRow(q, k, v, causalBias(q.Graph(), seq, nil))
	})
	for i, name := range []string{"gradient of q", "gradient of k", "gradient of v", "value"} {
		g, w := tensors.MustCopyFlatData[float32](got[i]), tensors.MustCopyFlatData[float32](want[i])
		if d := relative(g, w); !(d < 2e-5) {
			t.Errorf("%s: differs by %.2g of its norm", name, d)
		}
	}
}

// withFlash is a backend that says whether it has the fused operations, as CUDA's does.
type withFlash struct {
	compute.Backend
	has bool
}

func (w withFlash) Capabilities() compute.Capabilities {
	c := w.Backend.Capabilities()
	c.Operations = maps.Clone(c.Operations)
	c.Operations[compute.OpTypeFusedScaledDotProductAttention] = w.has
	c.Operations[compute.OpTypeFusedScaledDotProductAttentionVJP] = w.has
	return c
}

func TestFlashAttentionIsUsedWhereTheLibraryCan(t *testing.T) {
	e := open(t, "")
	gpu, cpu := withFlash{e.Backend, true}, withFlash{e.Backend, false}
	paper, err := Size("paper", 2200)
	if err != nil {
		t.Fatal(err)
	}
	narrow := paper
	narrow.HiddenSize, narrow.Heads = 720, 12 // heads of 60
	for name, c := range map[string]struct {
		cfg     Config
		backend compute.Backend
		dtype   dtypes.DType
		masked  bool
		fusion  string
		why     string // "" = in use
	}{
		"the paper's model":    {paper, gpu, dtypes.BFloat16, false, "", ""},
		"on a CPU":             {paper, cpu, dtypes.BFloat16, false, "", "GPU"},
		"in float32":           {paper, gpu, dtypes.Float32, false, "", "bfloat16"},
		"with a document mask": {paper, gpu, dtypes.BFloat16, true, "", "document_mask"},
		"with heads of 60":     {narrow, gpu, dtypes.BFloat16, false, "", "multiple of 8"},
		"switched off":         {paper, gpu, dtypes.BFloat16, false, "0", "GOMLX_FUSION"},
	} {
		t.Setenv(graph.FusionEnv, c.fusion)
		ok, why := c.cfg.Flash(c.backend, c.dtype, c.masked)
		if ok != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: %t, %q", name, ok, why)
		}
	}
}
