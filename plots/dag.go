package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Role is what a node is to the problem.
type Role uint8

const (
	Step       Role = iota // on the solution path
	Question               // the node asked for
	Distractor             // stated but not needed

	// What a solution shows of a needed node.
	Confirmed // it is right
	Refuted   // it is wrong
	Absent    // it is missing
)

// DAGNode is a quantity: its name and, under it, its formula or value.
type DAGNode struct {
	Label, Detail string
	Role          Role
}

// DAGEdge says that node To is computed from node From. An implicit edge is one
// that the text does not state.
type DAGEdge struct {
	From, To int
	Implicit bool
}

// DAGData is a problem graph.
type DAGData struct {
	Title string
	Nodes []DAGNode
	Edges []DAGEdge
}

// DAG draws a problem graph from leaves (top) to results (bottom): nodes as
// rounded boxes, the question highlighted, distractors grey, implicit edges
// dashed. It is as wide as the graph needs, up to 900 px; only a graph whose edges
// alone need more is wider.
//
// It returns an error when an edge names a node that is not there or when the
// edges form a cycle.
func DAG(data DAGData) ([]byte, error) {
	if len(data.Nodes) == 0 {
		return emptyFigure(data.Title, "no data: the graph has no nodes")
	}
	edges := make([][2]int, len(data.Edges))
	for i, e := range data.Edges {
		if n := len(data.Nodes); min(e.From, e.To) < 0 || max(e.From, e.To) >= n {
			return nil, fmt.Errorf("plots: edge %d goes from node %d to node %d of %d nodes", i, e.From, e.To, n)
		}
		edges[i] = [2]int{e.From, e.To}
	}
	if topological(len(data.Nodes), edges) == nil {
		return nil, fmt.Errorf("plots: the %d edges of the graph form a cycle; a problem graph has none", len(edges))
	}
	return newDAG(data, edges).draw()
}

const (
	dagPadX   = vg.Length(8)
	dagPadY   = vg.Length(6)
	dagRowGap = vg.Length(40)
)

// dag is a laid-out problem graph: boxes in points, the origin at the lower left
// of the drawing area.
type dag struct {
	data  DAGData
	graph *layeredGraph
	boxes []dagBox
	rows  []vg.Rectangle // the vertical extent of each layer
	size  vg.Point
}

type dagBox struct {
	label, detail []string
	rect          vg.Rectangle
}

// newDAG wraps long names ever tighter until the graph needs no more layers than
// it has levels and fits the width of a figure.
func newDAG(data DAGData, edges [][2]int) *dag {
	levels := depth(len(data.Nodes), edges)
	room := figureWidth - 2*margin
	var d *dag
	for _, width := range []vg.Length{128, 108, 92, 78} {
		d = &dag{data: data}
		widths := d.makeBoxes(width)
		d.graph = layOut(widths, edges, float64(room))
		d.placeBoxes()
		if len(d.graph.order) <= levels && d.size.X <= room {
			break
		}
	}
	return d
}

// depth is the number of nodes on the longest path.
func depth(n int, edges [][2]int) int {
	level := make([]int, n)
	deepest := 0
	for _, v := range topological(n, edges) {
		level[v]++
		deepest = max(deepest, level[v])
		for _, e := range edges {
			if e[0] == v {
				level[e[1]] = max(level[e[1]], level[v])
			}
		}
	}
	return deepest
}

func dagLabel() text.Style  { return bold(aligned(lettering(9.5, ink), draw.XCenter, draw.YBottom)) }
func dagDetail() text.Style { return aligned(lettering(9, ink), draw.XCenter, draw.YBottom) }

// makeBoxes wraps the texts and returns the widths of the boxes.
func (d *dag) makeBoxes(wrapAt vg.Length) []float64 {
	widths := make([]float64, len(d.data.Nodes))
	d.boxes = make([]dagBox, len(d.data.Nodes))
	for i, n := range d.data.Nodes {
		b := &d.boxes[i]
		b.label, b.detail = wrapEvenly(dagLabel(), n.Label, wrapAt), wrapEvenly(dagDetail(), n.Detail, wrapAt)
		w := max(26, linesWidth(dagLabel(), b.label), linesWidth(dagDetail(), b.detail))
		b.rect.Max = vg.Point{X: w + 2*dagPadX, Y: b.textHeight() + 2*dagPadY}
		widths[i] = float64(b.rect.Max.X)
	}
	return widths
}

func (b *dagBox) textHeight() vg.Length {
	h := vg.Length(len(b.label))*lineHeight(dagLabel()) + vg.Length(len(b.detail))*lineHeight(dagDetail())
	return max(h, lineHeight(dagLabel()))
}

// placeBoxes turns the layout into rectangles, first layer on top, and moves
// everything to the lower left.
func (d *dag) placeBoxes() {
	g := d.graph
	left, right := g.x[0], g.x[0]
	for v, x := range g.x {
		left, right = min(left, x-g.widths[v]/2), max(right, x+g.widths[v]/2)
	}
	for v := range g.x {
		g.x[v] -= left
	}
	d.size.X = vg.Length(right - left)
	y := vg.Length(0)
	d.rows = make([]vg.Rectangle, len(g.order))
	for l := len(g.order) - 1; l >= 0; l-- {
		height := vg.Length(0)
		for _, v := range g.order[l] {
			if v < g.nodes {
				height = max(height, d.boxes[v].rect.Size().Y)
			}
		}
		d.rows[l] = vg.Rectangle{Min: vg.Point{Y: y}, Max: vg.Point{Y: y + height}}
		for _, v := range g.order[l] {
			if v < g.nodes {
				size := d.boxes[v].rect.Size()
				corner := vg.Point{X: vg.Length(g.x[v]) - size.X/2, Y: y + (height-size.Y)/2}
				d.boxes[v].rect = vg.Rectangle{Min: corner, Max: corner.Add(size)}
			}
		}
		y += height + dagRowGap
	}
	d.size.Y = y - dagRowGap
}

func (d *dag) draw() ([]byte, error) {
	keys := d.keys()
	f := figure{title: d.data.Title, keys: keys, keysBelow: true}
	around := max(200, f.keysWidth()+2, bold(lettering(sizeTitle, ink)).Width(f.title)+2)
	f.width = max(d.size.X, min(around, figureWidth-2*margin)) + 2*margin
	c, finish := f.begin(d.size.Y)
	origin := vg.Point{X: c.Center().X - d.size.X/2, Y: c.Min.Y}
	d.drawEdges(c, origin)
	for i := range d.boxes {
		d.drawBox(c, origin, i)
	}
	return finish()
}

func (d *dag) drawBox(c draw.Canvas, origin vg.Point, i int) {
	b := &d.boxes[i]
	fill, stroke, width, letters := roleColours(d.data.Nodes[i].Role)
	rect := b.rect.Add(origin)
	fillAndStroke(c, roundedBox(rect, 5), fill, stroke, width)
	y := rect.Max.Y - (rect.Size().Y-b.textHeight())/2
	for k, lines := range [][]string{b.label, b.detail} {
		s := dagLabel()
		if k == 1 {
			s = dagDetail()
		}
		s.Color = letters
		s.YAlign = 0
		for _, line := range lines {
			y -= lineHeight(s)
			drawText(c, s, vg.Point{X: (rect.Min.X + rect.Max.X) / 2, Y: y + 0.28*s.Font.Size}, line)
		}
	}
}

func roleColours(r Role) (fill, stroke color.NRGBA, width vg.Length, letters color.NRGBA) {
	switch r {
	case Question:
		return tint(palette[4], 0.35), palette[1], 1.8, ink
	case Distractor:
		return color.NRGBA{0xf6, 0xf6, 0xf6, 0xff}, color.NRGBA{0xc4, 0xc4, 0xc4, 0xff}, 0.8, color.NRGBA{0x78, 0x78, 0x78, 0xff}
	case Confirmed:
		return tint(palette[2], 0.3), palette[2], 1.4, ink
	case Refuted:
		return tint(palette[1], 0.4), palette[1], 1.8, ink
	case Absent:
		return white, palette[1], 1.2, subdued
	default:
		return tint(palette[5], 0.22), palette[0], 1, ink
	}
}

// keys lists what occurs in the graph.
func (d *dag) keys() []key {
	names := []string{"needed", "asked for", "distractor", "shown and right", "shown and wrong", "missing"}
	has := make([]bool, len(names))
	var stated, implicit bool
	for _, n := range d.data.Nodes {
		has[min(n.Role, Absent)] = true
	}
	for _, e := range d.data.Edges {
		stated, implicit = stated || !e.Implicit, implicit || e.Implicit
	}
	var keys []key
	for r, name := range names {
		if has[r] {
			fill, stroke, width, _ := roleColours(Role(r))
			keys = append(keys, key{name: name, draw: func(c draw.Canvas, r vg.Rectangle) {
				fillAndStroke(c, roundedBox(r, 2.5), fill, stroke, width)
			}})
		}
	}
	for _, x := range []struct {
		name   string
		shown  bool
		dashes []vg.Length
	}{{"stated in the text", stated, nil}, {"to be inferred", implicit, dagDashes}} {
		if x.shown {
			keys = append(keys, key{name: x.name, draw: func(c draw.Canvas, r vg.Rectangle) {
				y := (r.Min.Y + r.Max.Y) / 2
				c.StrokeLine2(draw.LineStyle{Color: dagEdge, Width: 1.1, Dashes: x.dashes}, r.Min.X-5, y, r.Max.X-4, y)
				arrowHead(c, vg.Point{X: r.Min.X, Y: y}, vg.Point{X: r.Max.X + 1, Y: y}, 5.5, dagEdge)
			}})
		}
	}
	return keys
}

var (
	dagEdge   = color.NRGBA{0x50, 0x50, 0x50, 0xff}
	dagDashes = []vg.Length{3.5, 2.5}
)

// drawEdges draws grey edges first, so that the solution lies above the distractors.
func (d *dag) drawEdges(c draw.Canvas, origin vg.Point) {
	start, end := d.ports()
	for _, quiet := range []bool{true, false} {
		for i, e := range d.data.Edges {
			if quiet != (d.data.Nodes[e.From].Role == Distractor || d.data.Nodes[e.To].Role == Distractor) {
				continue
			}
			style := draw.LineStyle{Color: dagEdge, Width: 1.1}
			if quiet {
				style.Color = color.NRGBA{0xb8, 0xb8, 0xb8, 0xff}
			}
			if e.Implicit {
				style.Dashes = dagDashes
			}
			d.drawEdge(c, origin, i, start[i], end[i], style)
		}
	}
}

const headSize = vg.Length(6.5)

// drawEdge draws a curve that is vertical wherever it passes a layer.
func (d *dag) drawEdge(c draw.Canvas, origin vg.Point, edge int, start, end vg.Length, style draw.LineStyle) {
	chain := d.graph.chains[edge]
	from, to := chain[0], chain[len(chain)-1]
	at := func(x, y vg.Length) vg.Point { return origin.Add(vg.Point{X: x, Y: y}) }
	var p vg.Path
	x, y := start, d.boxes[from].rect.Min.Y
	p.Move(at(x, y))
	for _, v := range chain[1:] {
		row := d.rows[d.graph.layer[v]]
		above := d.rows[d.graph.layer[v]-1].Min.Y
		nextX, nextY := vg.Length(d.graph.x[v]), row.Max.Y
		if v == to {
			nextX, nextY = end, row.Max.Y+headSize*0.8
		}
		p.Line(at(x, above))
		bend := (above - nextY) * 0.55
		p.CubeTo(at(x, above-bend), at(nextX, nextY+bend), at(nextX, nextY))
		x, y = nextX, nextY
		if v == to {
			tip := d.boxes[to].rect.Max.Y
			p.Line(at(x, tip+headSize*0.8))
			c.SetLineStyle(style)
			c.Stroke(p)
			arrowHead(c, at(x, tip+headSize), at(x, tip), headSize, style.Color)
			continue
		}
		y = row.Min.Y
		p.Line(at(x, y))
	}
}

// ports spreads the ends of edges over the lower side of their start and the
// upper side of their end, in the order of where they go and come from.
func (d *dag) ports() (start, end []vg.Length) {
	g := d.graph
	start, end = make([]vg.Length, len(g.chains)), make([]vg.Length, len(g.chains))
	spread := func(v int, mine []int, far func(edge int) float64, set []vg.Length) {
		slices.SortStableFunc(mine, func(a, b int) int { return cmp.Compare(far(a), far(b)) })
		span := min(vg.Length(len(mine)-1)*11, d.boxes[v].rect.Size().X*0.6)
		for k, e := range mine {
			set[e] = vg.Length(g.x[v])
			if len(mine) > 1 {
				set[e] += span * (vg.Length(k)/vg.Length(len(mine)-1) - 0.5)
			}
		}
	}
	for v := range g.nodes {
		var out, in []int
		for e, chain := range g.chains {
			if chain[0] == v {
				out = append(out, e)
			}
			if chain[len(chain)-1] == v {
				in = append(in, e)
			}
		}
		spread(v, out, func(e int) float64 { return g.x[g.chains[e][1]] }, start)
		spread(v, in, func(e int) float64 { return g.x[g.chains[e][len(g.chains[e])-2]] }, end)
	}
	d.straighten(start, end)
	return start, end
}

// straighten moves the only port of a side opposite the other end of its edge,
// where that is near: an edge that is nearly vertical becomes vertical.
func (d *dag) straighten(start, end []vg.Length) {
	g := d.graph
	for e, chain := range g.chains {
		from, to := chain[0], chain[len(chain)-1]
		near := func(v int, x vg.Length) bool {
			c := vg.Length(g.x[v])
			return x > c-14 && x < c+14
		}
		switch {
		case len(chain) > 2:
		case len(g.down[from]) == 1 && near(from, end[e]):
			start[e] = end[e]
		case len(g.up[to]) == 1 && near(to, start[e]):
			end[e] = start[e]
		}
	}
}
