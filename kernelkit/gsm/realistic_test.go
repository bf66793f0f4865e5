package gsm

import (
	"fmt"
	"strconv"
	"testing"

	"interplay/kernelkit/random"
)

// maxReferenceOp is the deepest problem that the authors' table provides for.
const maxReferenceOp = 20

// sampler is a realistic sampler and its range.
type sampler struct {
	name   string
	draw   func(s *random.Stream, op, layers int, mode Mode) (*Graph, bool)
	ops    Range
	bounds bool // distractors keep the bounds of the path
}

var samplers = []sampler{
	{"steered", sampleSteered, Range{2, MaxRealisticOp}, true},
	{"reference", sampleReference, Range{2, maxReferenceOp}, false},
}

// drawUntil draws until an attempt succeeds.
func (m sampler) drawUntil(s *random.Stream, op, layers int, mode Mode) *Graph {
	for {
		if g, ok := m.draw(s, op, layers, mode); ok {
			return g
		}
	}
}

// The central property: in every op, context, mode and depth a reader who knows
// only the text and the closed-world rule finds the one answer.
func TestEveryProblemIsSolvableFromItsTextAlone(t *testing.T) {
	s := random.New(3, "solvable")
	for k := range *problems {
		m := samplers[b2i(k%5 == 4)] // the default sampler four times of five
		op := s.Between(m.ops.Min, m.ops.Max)
		layers := 2 + b2i(s.IntN(4) == 0)
		mode := Mode(s.IntN(2))
		context := Contexts()[s.IntN(3)]
		g := m.drawUntil(s, op, layers, mode)
		p, err := renderRealistic(g, context, s)
		if err != nil {
			t.Fatal(err)
		}
		answer, missing, err := SolveText(p.Problem, p.Question)
		if err != nil || len(missing) > 0 || strconv.FormatInt(answer, 10) != p.Answer {
			t.Fatalf("%s, op %d, %d layers, %s: the text gives %d, missing %v (%v), want %s\n%s%s", m.name, op, layers, mode, answer, missing, err, p.Answer, p.Problem, p.Question)
		}
	}
}

func TestSampledGraphsAreValidAndExact(t *testing.T) {
	for _, m := range samplers {
		for op := m.ops.Min; op <= m.ops.Max; op++ {
			for layers := 2; layers <= 3; layers++ {
				for _, mode := range []Mode{Forward, Reverse} {
					s := random.New(5, "valid", uint64(op), uint64(layers), uint64(mode))
					for range 10 {
						g := m.drawUntil(s, op, layers, mode)
						if err := m.check(g, op, layers, mode); err != nil {
							t.Fatalf("%s, op %d, %d layers, %s: %v", m.name, op, layers, mode, err)
						}
					}
				}
			}
		}
	}
}

// check holds a sampled graph to its request and to the bounds of docs/generator.md, "Limits".
func (m sampler) check(g *Graph, op, layers int, mode Mode) error {
	if g.Op() != op || g.Layers != layers || g.Mode != mode {
		return fmt.Errorf("op %d, %d layers, %s", g.Op(), g.Layers, g.Mode)
	}
	if err := g.Validate(); err != nil {
		return err
	}
	if explicit, implicit := g.Edges(); explicit+implicit != op {
		return fmt.Errorf("%d explicit and %d implicit edges do not sum to op", explicit, implicit)
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		bound := i < g.Path || m.bounds && n.Stated()
		if bound && !valueAllowed(n) {
			return fmt.Errorf("node %d (%s) has value %d", i, n.Kind, n.Value)
		}
		if n.Stated() && n.HasConst() && (n.Const < 1 || n.Const > 4 || n.Outer == Times && n.Const < 2) {
			return fmt.Errorf("node %d has constant %d (%s)", i, n.Const, n.Outer)
		}
		if n.Stated() && len(n.Parents) > maxParents {
			return fmt.Errorf("node %d has %d parents", i, len(n.Parents))
		}
	}
	return nil
}

func TestSamplersArePureFunctionsOfTheirStream(t *testing.T) {
	for _, m := range samplers {
		for k := range uint64(50) {
			op := 2 + int(k)%(m.ops.Max-1)
			a, b := random.New(1, "pure", k), random.New(1, "pure", k)
			p, err := Render(m.drawUntil(a, op, 2, Mode(k%2)), "zoo", a)
			if err != nil {
				t.Fatal(err)
			}
			q, err := Render(m.drawUntil(b, op, 2, Mode(k%2)), "zoo", b)
			if err != nil {
				t.Fatal(err)
			}
			if p.Problem != q.Problem || p.Solution != q.Solution || p.Graph.Canonical() != q.Graph.Canonical() {
				t.Fatalf("%s: two draws at one address differ", m.name)
			}
		}
	}
}

// curve is the mean of a statistic over op.
type curve [MaxRealisticOp + 1]float64

// steeredCurves measures the shape of steered problems over op.
func steeredCurves(layers, n int) map[string]*curve {
	curves := map[string]*curve{}
	add := func(name string, op int, v float64) {
		if curves[name] == nil {
			curves[name] = new(curve)
		}
		curves[name][op] += v / float64(n)
	}
	for op := 2; op <= MaxRealisticOp; op++ {
		s := random.New(9, "curves", uint64(op), uint64(layers))
		for k := range n {
			for {
				g, ok := sampleSteered(s, op, layers, Mode(k%2))
				if !ok {
					add("rejected", op, 1)
					continue
				}
				measureShape(g, func(name string, v float64) { add(name, op, v) })
				break
			}
		}
	}
	return curves
}

// measureShape reports what a model can see of a graph.
func measureShape(g *Graph, add func(name string, v float64)) {
	add("nodes", float64(g.Path))
	add("distractors", 0)
	add("largest value", float64(maxPathValue(g)))
	var places, items [maxWidth]bool
	depth := make([]int, len(g.Nodes))
	longest := 0
	for i := range g.Nodes {
		n := &g.Nodes[i]
		for _, p := range n.Parents {
			depth[i] = max(depth[i], depth[p]+1)
		}
		switch {
		case !n.Stated() && i < g.Path:
			add("totals", 1)
		case n.Stated() && i >= g.Path:
			add("distractors", 1)
			add("edges of a distractor", float64(len(n.Parents)))
		}
		if i < g.Path {
			longest = max(longest, depth[i])
		}
		if n.Stated() && !places[n.Place] {
			places[n.Place] = true
			add("places", 1)
		}
		if n.Stated() && !items[n.Item] {
			items[n.Item] = true
			add("items", 1)
		}
	}
	add("depth", float64(longest+1))
	_, implicit := g.Edges()
	add("implicit edges", float64(implicit))
}

func maxPathValue(g *Graph) int64 {
	v := int64(0)
	for i := range g.Nodes[:g.Path] {
		v = max(v, g.Nodes[i].Value)
	}
	return v
}

// Op is a smooth axis: no statistic of the steered sampler jumps from one op to
// the next, what ought to grow grows, and the number of distractors tells nothing.
func TestSteeredStatisticsAreSmoothOverOp(t *testing.T) {
	const n = 1000
	for layers := 2; layers <= 3; layers++ {
		curves := steeredCurves(layers, n)
		for _, name := range []string{"nodes", "depth"} {
			for op := 5; op <= MaxRealisticOp; op++ {
				if c := curves[name]; c[op] <= c[op-3] {
					t.Errorf("%d layers: mean %s falls from %.2f at op %d to %.2f at op %d", layers, name, c[op-3], op-3, c[op], op)
				}
			}
		}
		// A jump is a step that the steps around it do not explain.
		for name, limit := range map[string]float64{"nodes": 0.5, "depth": 0.5, "totals": 0.4, "distractors": 0.6, "places": 0.4, "items": 0.4} {
			for op := 4; op <= MaxRealisticOp-2; op++ {
				c := curves[name]
				before, after := (c[op-2]+c[op-1])/2, (c[op+1]+c[op+2])/2
				if d := c[op] - (before+after)/2; d > limit || d < -limit {
					t.Errorf("%d layers: mean %s jumps at op %d: %.2f between %.2f and %.2f", layers, name, op, c[op], before, after)
				}
			}
		}
		for op := 2; op <= MaxRealisticOp; op++ {
			if d := curves["distractors"][op] - curves["distractors"][MaxRealisticOp]; d > 0.6 || d < -0.6 {
				t.Errorf("%d layers: %.2f distractors at op %d, %.2f at op %d: op shows in their number", layers, curves["distractors"][op], op, curves["distractors"][MaxRealisticOp], MaxRealisticOp)
			}
			if r := curves["rejected"]; r != nil && r[op] > 0.35 {
				t.Errorf("%d layers, op %d: %.2f attempts are rejected for each that succeeds", layers, op, r[op])
			}
		}
		logCurves(t, layers, curves)
	}
}

func logCurves(t *testing.T, layers int, curves map[string]*curve) {
	t.Helper()
	names := []string{"nodes", "depth", "totals", "implicit edges", "distractors", "edges of a distractor", "places", "items", "largest value", "rejected"}
	for op := 2; op <= MaxRealisticOp; op++ {
		line := fmt.Sprintf("| %d | %d", layers, op)
		for _, name := range names {
			if c := curves[name]; c != nil {
				line += fmt.Sprintf(" | %.2f", c[op])
			}
		}
		t.Log(line + " |")
	}
}

func TestModesOfTheSteeredSamplerHaveOneShape(t *testing.T) {
	for op := 2; op <= MaxRealisticOp; op += 7 {
		var nodes [2]float64
		for mode := range nodes {
			s := random.New(2, "modes", uint64(op), uint64(mode))
			for range 400 {
				nodes[mode] += float64(samplers[0].drawUntil(s, op, 2, Mode(mode)).Path) / 400
			}
		}
		if d := nodes[0] - nodes[1]; d > 0.4 || d < -0.4 {
			t.Errorf("op %d: %.2f nodes forward, %.2f reverse", op, nodes[0], nodes[1])
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, m := range samplers {
		for _, mode := range []Mode{Forward, Reverse} {
			for _, op := range []int{2, 3, 10, 20} {
				b.Run(fmt.Sprintf("%s/%s/op=%d", m.name, mode, op), func(b *testing.B) {
					s := random.New(1, "bench")
					for b.Loop() {
						generateOne(b, m, s, op, mode)
					}
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "problems/s")
				})
			}
		}
	}
}

// BenchmarkGenerateParallel is to be run with -cpu 1,2: no state is shared.
func BenchmarkGenerateParallel(b *testing.B) {
	for _, op := range []int{2, 10, 20} {
		b.Run(fmt.Sprintf("op=%d", op), func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				s := random.New(1, "bench")
				for pb.Next() {
					generateOne(b, samplers[0], s, op, Forward)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "problems/s")
		})
	}
}

// generateOne draws, renders and hashes a problem.
func generateOne(b *testing.B, m sampler, s *random.Stream, op int, mode Mode) {
	g := m.drawUntil(s, op, 2, mode)
	if _, err := Render(g, Contexts()[op%3].Name, s); err != nil {
		b.Fatal(err)
	}
	g.Canonical()
}

func BenchmarkSolveText(b *testing.B) {
	s := random.New(1, "bench")
	p, err := Render(samplers[0].drawUntil(s, 10, 2, Reverse), "zoo", s)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := SolveText(p.Problem, p.Question); err != nil {
			b.Fatal(err)
		}
	}
}
