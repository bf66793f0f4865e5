package plots

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"testing"
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
			compareGolden(t, f.name, got)
		})
	}
}

func TestFiguresAreDeterministic(t *testing.T) {
	for _, f := range figures()[:8] { // the graph layouts, a curve, whiskers and bands
		a, err1 := f.draw()
		b, err2 := f.draw()
		if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: two drawings differ (%v, %v)", f.name, err1, err2)
		}
	}
}

// average is the mean colour of a square of pixels.
func average(img image.Image, x0, y0, size int) color.Color {
	var r, g, b uint32
	for y := range size {
		for x := range size {
			cr, cg, cb, _ := img.At(x0+x, y0+y).RGBA()
			r, g, b = r+cr>>8, g+cg>>8, b+cb>>8
		}
	}
	n := uint32(size * size)
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
}

func BenchmarkFigures(b *testing.B) {
	for _, f := range figures() {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f.draw(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
