package plots

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"interplay/kernelkit/random"
)

// randomLayout lays out a random acyclic graph of up to 15 boxes.
func randomLayout(seed uint64) (*layeredGraph, [][2]int, float64) {
	s := random.New(1, "test/layout", seed)
	n := 2 + s.IntN(14)
	widths := make([]float64, n)
	for i := range widths {
		widths[i] = 30 + 110*s.Float64()
	}
	var edges [][2]int
	for v := 1; v < n; v++ {
		for range s.IntN(3) {
			edges = append(edges, [2]int{s.IntN(v), v})
		}
	}
	const room = 655
	return layOut(widths, edges, room), edges, room
}

func TestLayoutPutsParentsAboveAndKeepsBoxesApart(t *testing.T) {
	for seed := range uint64(200) {
		g, edges, room := randomLayout(seed)
		for _, e := range edges {
			if g.layer[e[0]] >= g.layer[e[1]] {
				t.Fatalf("graph %d: edge %v does not go down", seed, e)
			}
		}
		for l, layer := range g.order {
			for i, v := range layer {
				left, right := g.x[v]-g.widths[v]/2, g.x[v]+g.widths[v]/2
				if len(layer) <= 4 && (left < -1e-6 || right > room+1e-6) {
					t.Fatalf("graph %d: vertex %d of layer %d lies at [%.1f, %.1f], outside [0, %.0f]", seed, v, l, left, right, room)
				}
				if i > 0 && g.x[v]-g.x[layer[i-1]] < g.separation(layer[i-1], v)-1e-6 {
					t.Fatalf("graph %d: vertices %d and %d of layer %d are too close", seed, layer[i-1], v, l)
				}
			}
		}
		for e, chain := range g.chains {
			for i := range chain[1:] {
				if g.layer[chain[i+1]] != g.layer[chain[i]]+1 {
					t.Fatalf("graph %d: edge %d skips a layer", seed, e)
				}
			}
		}
	}
}

func TestLayoutRemovesCrossingsThatNeedNotBe(t *testing.T) {
	// Two chains whose nodes are listed crosswise, and a tree listed breadth first in reverse.
	for name, edges := range map[string][][2]int{
		"chains": {{0, 3}, {1, 2}, {2, 5}, {3, 4}},
		"tree":   {{0, 6}, {1, 5}, {2, 6}, {3, 5}, {4, 5}, {6, 7}, {5, 7}},
	} {
		n := 0
		for _, e := range edges {
			n = max(n, e[0]+1, e[1]+1)
		}
		g := layOut(slices.Repeat([]float64{40}, n), edges, 655)
		if c := g.crossings(); c != 0 {
			t.Errorf("%s: %d crossings", name, c)
		}
	}
}

func TestSettlingIsTheLeastSquaresPlacement(t *testing.T) {
	// Against projected gradient descent on the same problem.
	s := random.New(1, "test/settle")
	for range 50 {
		n := 1 + s.IntN(6)
		want := make([]float64, n)
		for i := range want {
			want[i] = 100 * s.Float64()
		}
		slices.Sort(want)
		got := spread(want, 20, -1e9, 1e9)
		cost := func(x []float64) float64 {
			c := 0.0
			for i := range x {
				c += (x[i] - want[i]) * (x[i] - want[i])
			}
			return c
		}
		for i := range got {
			if i > 0 && got[i]-got[i-1] < 20-1e-9 {
				t.Fatalf("places %v for %v are closer than 20", got, want)
			}
		}
		for range 200 { // no feasible neighbour is better
			x := slices.Clone(got)
			from := s.IntN(n)
			d := s.Norm()
			for i := from; i < n; i++ {
				x[i] += math.Abs(d)
			}
			down := slices.Clone(got)
			for i := 0; i <= from; i++ {
				down[i] -= math.Abs(d)
			}
			if cost(x) < cost(got)-1e-6 || cost(down) < cost(got)-1e-6 {
				t.Fatalf("places %v for %v are not the best", got, want)
			}
		}
	}
}

func TestTicksAreRoundFewAndInside(t *testing.T) {
	s := random.New(1, "test/ticks")
	for range 2000 {
		lo := s.Norm() * math.Pow(10, float64(s.Between(-6, 12)))
		hi := lo + math.Abs(s.Norm())*math.Pow(10, float64(s.Between(-3, 12)))
		if hi-lo < 1e-6*math.Max(math.Abs(lo), math.Abs(hi)) {
			continue
		}
		ticks := linearTicks(lo, hi, 4, number)
		if len(ticks) < 4 || len(ticks) > 10 {
			t.Fatalf("[%v, %v] has %d ticks", lo, hi, len(ticks))
		}
		for i, tk := range ticks {
			if tk.at < lo-1e-9*(hi-lo) || tk.at > hi+1e-9*(hi-lo) || i > 0 && tk.at <= ticks[i-1].at {
				t.Fatalf("[%v, %v]: tick %v", lo, hi, tk)
			}
		}
	}
}

func TestNumbersAreWrittenAsTheFieldWritesThem(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 250: "250", 9999: "9999", 15000: "15k", 2e7: "20M", 1.05e9: "1.05B", 2e12: "2T", 3.2e15: "3.2e15",
		-0.5: "−0.5", 2e-5: "2e-5", -4e6: "−4M", 0.001: "0.001"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestSmoothingKeepsLinesAndAveragesNoise(t *testing.T) {
	var line, noise []float64
	s := random.New(1, "test/smooth")
	for i := range 60 {
		line = append(line, 3-0.2*float64(i))
		noise = append(noise, s.Norm())
	}
	for i, v := range smooth(line, 11) {
		if math.Abs(v-line[i]) > 1e-9 {
			t.Errorf("point %d of a line moved from %v to %v", i, line[i], v)
		}
	}
	mean := 0.0
	for _, v := range noise[15:26] {
		mean += v / 11
	}
	if got := smooth(noise, 11)[20]; math.Abs(got-mean) > 1e-9 {
		t.Errorf("inside, %v; the mean of the window is %v", got, mean)
	}
}

func TestWrappingKeepsTextAndWidth(t *testing.T) {
	s := dagLabel()
	for _, text := range []string{"average number of newborn children per adult crow in Hamilton Farm", "a11", "Donaudampfschifffahrtsgesellschaft zu Wasser", ""} {
		for _, width := range []vg.Length{40, 80, 128} {
			lines := wrap(s, text, width)
			joined := ""
			for _, l := range lines {
				if s.Width(l) > width+0.5 {
					t.Errorf("line %q is wider than %v", l, width)
				}
				joined += l
			}
			if strings.ReplaceAll(joined, " ", "") != strings.ReplaceAll(text, " ", "") {
				t.Errorf("%q became %q", text, lines)
			}
			if even := wrapEvenly(s, text, width); len(even) != len(lines) {
				t.Errorf("%q: %d lines, evenly %d", text, len(lines), len(even))
			}
		}
	}
}
