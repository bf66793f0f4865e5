package qwen

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// Weights written in 16 bits come back as the nearest values of the type, and config.json
// says the type.
func TestExportInSixteenBits(t *testing.T) {
	w := randomWeights(t, scaled(8), 3)
	for as, unit := range map[Dtype]float64{Float16: 1. / (1 << 11), BFloat16: 1. / (1 << 8), Float32: 0} {
		dir := t.TempDir()
		if err := Export(dir, w, as); err != nil {
			t.Fatal(err)
		}
		back, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		folded := foldEmbedScale(w)
		for i, spec := range back.Config.Specs() {
			want, got := tensors.MustCopyFlatData[float32](folded.Tensors[i]), tensors.MustCopyFlatData[float32](back.Tensors[i])
			for k := range want {
				if far := math.Abs(float64(want[k] - got[k])); far > unit*math.Abs(float64(want[k]))+1e-7*unit*2048 {
					t.Fatalf("%s, %s[%d]: %g came back as %g", as, spec.Name, k, want[k], got[k])
				}
			}
		}
		// What has the type's precision already comes back bit for bit.
		again := t.TempDir()
		if err := Export(again, back, as); err != nil {
			t.Fatal(err)
		}
		if twice, err := Load(again); err != nil || twice.Digest() != back.Digest() {
			t.Errorf("%s: written a second time the weights are others (%v)", as, err)
		}
	}
}

// A weight beyond float16 is refused, not written as infinity.
func TestExportRefusesWhatFloat16CannotHold(t *testing.T) {
	w := randomWeights(t, scaled(1), 3)
	tensors.MustMutableFlatData(w.Tensors[1], func(flat []float32) { flat[3] = 7e4 })
	if err := Export(t.TempDir(), w, Float16); err == nil || !strings.Contains(err.Error(), "70000 does not fit into float16") {
		t.Errorf("got %v", err)
	}
	if err := Export(t.TempDir(), w, BFloat16); err != nil {
		t.Error(err)
	}
}

// scaled is the tests' network with tied embeddings that are scaled.
func scaled(by float64) Config {
	cfg := testConfig
	cfg.Tied, cfg.EmbedScale = true, by
	return cfg
}
