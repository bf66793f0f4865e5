package plots

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/plot/cmpimg"
)

var update = flag.Bool("update", false, "write testdata/*.png anew")

// Rendering sums floats in an order that fused multiply-adds of other processors
// may round elsewhere; a pixel's edge may differ by that much, a label cannot.
const imageTolerance = 0.01

func TestFiguresEqualTheirGoldenImages(t *testing.T) {
	for _, f := range figures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			got, err := f.draw()
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", f.name+".png")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if same, err := cmpimg.EqualApprox("png", got, want, imageTolerance); err != nil || !same {
				t.Errorf("the figure differs from %s (%v); look at it, and if it is right run go test -update", path, err)
			}
		})
	}
}

func TestFiguresAreDeterministic(t *testing.T) {
	for _, f := range figures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a, err1 := f.draw()
			b, err2 := f.draw()
			if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
				t.Errorf("two drawings differ (%v, %v)", err1, err2)
			}
		})
	}
}
