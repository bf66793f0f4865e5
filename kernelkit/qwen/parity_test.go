package qwen

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// parityDir holds what transformers computed; make_fixtures.py there says what is what.
const parityDir = "../../testdata/qwen"

// parityFixture reads one tensor of the fixtures.
func parityFixture(t *testing.T, name string, shape ...int) []float32 {
	t.Helper()
	out, err := ReadSafetensors(filepath.Join(parityDir, "fixtures.safetensors"), []TensorSpec{{name, shape}})
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](out[0])
}

// ids cuts whole numbers into rows of seq.
func ids(flat []float32, seq int) [][]int32 {
	rows := make([][]int32, len(flat)/seq)
	for r := range rows {
		for _, v := range flat[r*seq : (r+1)*seq] {
			rows[r] = append(rows[r], int32(v))
		}
	}
	return rows
}

func TestLogitsEqualThoseOfTransformers(t *testing.T) {
	const batch, seq = 2, 136 // long enough for attention in parts
	e := open(t, "")
	w, err := Load(parityDir)
	if err != nil {
		t.Fatal(err)
	}
	if w.Config.Layers != 4 || w.Config.KVHeads == w.Config.Heads {
		t.Fatalf("%+v: expected 4 layers with grouped heads", w.Config)
	}
	positions := make([][]int32, batch)
	for r := range positions {
		for i := range seq {
			positions[r] = append(positions[r], int32(i))
		}
	}
	got := forward(t, e, w, ids(parityFixture(t, "tokens", batch, seq), seq), positions, nil)
	compareLogits(t, got, parityFixture(t, "logits", batch, seq, w.Config.VocabSize), nil)
}

func TestLogitsOfPackedDocumentsEqualThoseOfTransformers(t *testing.T) {
	const batch, seq = 2, 48
	e := open(t, "")
	w, err := Load(parityDir)
	if err != nil {
		t.Fatal(err)
	}
	part := func(name string) [][]int32 { return ids(parityFixture(t, "packed."+name, batch, seq), seq) }
	segments := part("segments")
	got := forward(t, e, w, part("tokens"), part("positions"), segments)
	compareLogits(t, got, parityFixture(t, "packed.logits", batch, seq, w.Config.VocabSize), segments)
}

// compareLogits compares all positions, or those whose segment is not padding.
func compareLogits(t *testing.T, got [][][]float32, want []float32, segments [][]int32) {
	t.Helper()
	worst, size := 0.0, 0.0
	for r, row := range got {
		for i, logits := range row {
			for v, x := range logits {
				if segments == nil || segments[r][i] != 0 {
					y := want[(r*len(row)+i)*len(logits)+v]
					worst, size = math.Max(worst, math.Abs(float64(x-y))), math.Max(size, math.Abs(float64(y)))
				}
			}
		}
	}
	t.Logf("largest difference %.2g, largest logit %.2f", worst, size)
	if !(worst <= 1e-4) || size < 1 {
		t.Errorf("logits differ by up to %.2g (largest logit %.2g): expected at most 1e-4", worst, size)
	}
}
