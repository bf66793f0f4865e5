package plots

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"

	"gonum.org/v1/plot/vg/vgimg"
)

// encode writes a PNG with a palette, about a third of the size of a true-colour
// one; notebooks carry their figures in base64.
func encode(img *vgimg.Canvas) ([]byte, error) {
	var buf bytes.Buffer
	e := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := e.Encode(&buf, paletted(img.Image().(*image.RGBA))); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// paletted maps every colour to one of at most 256. Colours of areas stay as they
// are; the shades of text and smooth edges may move by 10 of 255 in each channel,
// and by more only where an image needs more colours.
func paletted(img *image.RGBA) *image.Paletted {
	count := map[color.RGBA]int{}
	eachRun(img, func(c color.RGBA, _, n int) { count[c] += n })
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	const area = 150 // pixels
	areas := 0
	for areas < min(len(colours), 160) && count[colours[areas]] >= area {
		areas++
	}
	kept, index := cover(colours, areas, 10)
	for tolerance := 14; len(kept) > 256; tolerance += 4 {
		kept, index = cover(colours, areas, tolerance)
	}
	out := image.NewPaletted(img.Bounds(), kept)
	eachRun(img, func(c color.RGBA, from, n int) {
		at := uint8(index[c])
		for i := range n {
			out.Pix[from+i] = at
		}
	})
	return out
}

// eachRun visits the runs of pixels of one colour; from counts pixels row by row.
func eachRun(img *image.RGBA, visit func(c color.RGBA, from, n int)) {
	pixels := len(img.Pix) / 4
	at := func(i int) color.RGBA {
		p := img.Pix[4*i : 4*i+4 : 4*i+4]
		return color.RGBA{p[0], p[1], p[2], p[3]}
	}
	for from := 0; from < pixels; {
		c, n := at(from), 1
		for from+n < pixels && at(from+n) == c {
			n++
		}
		visit(c, from, n)
		from += n
	}
}

// cover keeps the first exact colours, then each one that no kept one is near to,
// and returns where each colour went.
func cover(colours []color.RGBA, exact, tolerance int) (kept color.Palette, index map[color.RGBA]int) {
	index = make(map[color.RGBA]int, len(colours))
	near := func(a, b uint8) bool { return max(a, b)-min(a, b) <= uint8(tolerance) }
	for n, c := range colours {
		i := slices.IndexFunc(kept, func(k color.Color) bool {
			k2 := k.(color.RGBA)
			return near(c.R, k2.R) && near(c.G, k2.G) && near(c.B, k2.B)
		})
		if i < 0 || n < exact {
			i = len(kept)
			kept = append(kept, c)
		}
		index[c] = i
	}
	return kept, index
}
