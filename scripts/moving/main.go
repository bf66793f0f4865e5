// Command moving makes the moving picture of README, docs/walkthrough.gif, from the pictures
// that record.py took of a real run. No picture
// is altered but for its number of colours and its size.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"slices"

	"interplay/kernelkit/durable"
)

// frame is a line of frames.jsonl: a picture, its second in the run, its cell.
type frame struct {
	File    string
	Second  float64
	Cell    int
	Running bool
}

func main() {
	colours := flag.Int("colours", 24, "colours of the picture")
	out := flag.String("out", filepath.Join("docs", "walkthrough.gif"), "`file` to write")
	flag.Parse()
	if err := run(flag.Arg(0), *out, *colours); err != nil {
		fmt.Fprintln(os.Stderr, "✗ "+err.Error())
		os.Exit(1)
	}
}

func run(dir, out string, colours int) error {
	frames, err := read(filepath.Join(dir, "frames.jsonl"))
	if err != nil {
		return err
	}
	chosen := choose(frames)
	var pictures []image.Image
	for _, f := range chosen {
		p, err := picture(filepath.Join(dir, f.File))
		if err != nil {
			return err
		}
		pictures = append(pictures, p)
	}
	palette := paletteOf(pictures, colours)
	moving := gif.GIF{}
	var before *image.Paletted
	for i, p := range pictures {
		now := paletted(p, palette)
		moving.Image = append(moving.Image, changed(before, now))
		moving.Delay = append(moving.Delay, delay(chosen, i))
		moving.Disposal = append(moving.Disposal, gif.DisposalNone)
		before = now
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &moving); err != nil {
		return err
	}
	if err := durable.WriteFile(out, b.Bytes()); err != nil {
		return err
	}
	fmt.Printf("%s: %d of %d pictures, %d kB\n", out, len(chosen), len(frames), b.Len()/1000)
	return nil
}

func read(name string) (out []frame, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var one frame
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s is empty: run scripts/moving/record.py", name)
	}
	return out, nil
}

// scenes are the cells of the walkthrough that the picture shows, and with how many pictures:
// training and GRPO as they go on, of the others the end.
var scenes = []struct{ cell, pictures int }{
	{3, 1},  // a problem graph
	{7, 1},  // solutions, judged
	{12, 4}, // pre-training
	{14, 1}, // what the base can do
	{18, 1}, // what goes wrong first
	{20, 3}, // GRPO
	{22, 1}, // before and after
	{26, 1}, // what it cost
	{28, 1}, // the results
}

// choose takes of each scene pictures at equal distances, the last one always.
func choose(frames []frame) (out []frame) {
	for _, s := range scenes {
		var cell []frame
		for _, f := range frames {
			if f.Cell == s.cell {
				cell = append(cell, f)
			}
		}
		for i := 1; i <= min(s.pictures, len(cell)); i++ {
			out = append(out, cell[len(cell)*i/min(s.pictures, len(cell))-1])
		}
	}
	return out
}

// delay is how long a picture stays, in hundredths of a second: what a cell ends with is read.
func delay(frames []frame, i int) int {
	switch {
	case i == len(frames)-1:
		return 400
	case frames[i+1].Cell != frames[i].Cell:
		return 150
	}
	return 60
}

func picture(name string) (image.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}

// key is a colour with 5 bits a channel.
func key(c color.Color) uint16 {
	r, g, b, _ := c.RGBA()
	return uint16(r>>11)<<10 | uint16(g>>11)<<5 | uint16(b>>11)
}

// paletteOf are the colours that the pictures have most of, with a transparent one first:
// what does not change from picture to picture is that.
func paletteOf(pictures []image.Image, n int) color.Palette {
	type sum struct{ count, r, g, b int }
	sums := map[uint16]*sum{}
	for _, p := range pictures {
		for y := p.Bounds().Min.Y; y < p.Bounds().Max.Y; y++ {
			for x := p.Bounds().Min.X; x < p.Bounds().Max.X; x++ {
				c := p.At(x, y)
				s := sums[key(c)]
				if s == nil {
					s = &sum{}
					sums[key(c)] = s
				}
				r, g, b, _ := c.RGBA()
				s.count, s.r, s.g, s.b = s.count+1, s.r+int(r>>8), s.g+int(g>>8), s.b+int(b>>8)
			}
		}
	}
	all := make([]*sum, 0, len(sums))
	for _, s := range sums {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *sum) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.r*b.count, b.r*a.count), cmp.Compare(a.g*b.count, b.g*a.count), cmp.Compare(a.b*b.count, b.b*a.count))
	})
	palette := color.Palette{color.RGBA{}}
	for _, s := range all[:min(n-1, len(all))] {
		palette = append(palette, color.RGBA{uint8(s.r / s.count), uint8(s.g / s.count), uint8(s.b / s.count), 255})
	}
	return palette
}

func paletted(p image.Image, palette color.Palette) *image.Paletted {
	out := image.NewPaletted(p.Bounds(), palette)
	nearest := map[uint16]uint8{}
	for y := p.Bounds().Min.Y; y < p.Bounds().Max.Y; y++ {
		for x := p.Bounds().Min.X; x < p.Bounds().Max.X; x++ {
			c := p.At(x, y)
			i, known := nearest[key(c)]
			if !known {
				i = uint8(1 + palette[1:].Index(c))
				nearest[key(c)] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}

// changed is what differs from the picture before: its smallest rectangle, with what is equal
// in it transparent.
func changed(before, now *image.Paletted) *image.Paletted {
	if before == nil {
		return now
	}
	var box image.Rectangle
	for y := now.Rect.Min.Y; y < now.Rect.Max.Y; y++ {
		for x := now.Rect.Min.X; x < now.Rect.Max.X; x++ {
			if now.ColorIndexAt(x, y) != before.ColorIndexAt(x, y) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if box.Empty() {
		box = image.Rect(0, 0, 1, 1)
	}
	out := image.NewPaletted(box, now.Palette)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if i := now.ColorIndexAt(x, y); i != before.ColorIndexAt(x, y) {
				out.SetColorIndex(x, y, i)
			}
		}
	}
	return out
}
