package engine

import (
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

func TestPartsJoinToTheWhole(t *testing.T) {
	flat := make([]float32, 4*6*8)
	for i := range flat {
		flat[i] = float32(i)
	}
	whole := tensors.FromFlatDataAndDimensions(flat, 4, 6, 8)
	for _, c := range []struct {
		cut   Cut
		parts int
		first []float32 // of the second part
	}{{Whole, 2, []float32{0, 1}}, {0, 4, []float32{48, 49}}, {1, 3, []float32{16, 17}}, {2, 4, []float32{2, 3, 10, 11}}} {
		parts, err := c.cut.Parts(whole, c.parts)
		if err != nil {
			t.Fatal(err)
		}
		if got := tensors.MustCopyFlatData[float32](parts[1])[:len(c.first)]; !slices.Equal(got, c.first) {
			t.Errorf("cut %d: the second of %d parts begins with %v, want %v", c.cut, c.parts, got, c.first)
		}
		again, err := c.cut.Join(parts)
		if err != nil {
			t.Fatal(err)
		}
		if !again.Shape().Equal(whole.Shape()) || !slices.Equal(tensors.MustCopyFlatData[float32](again), flat) {
			t.Errorf("cut %d: %d parts do not join to the whole, but to %s", c.cut, c.parts, again.Shape())
		}
	}
	for dims, want := range map[[2]int]Cut{{6, 8}: 1, {8, 6}: 0, {6, 6}: Whole} {
		if got := CutEvenly(dims[:], 4); got != want {
			t.Errorf("%v is cut in four along %d, want %d", dims, got, want)
		}
	}
}
