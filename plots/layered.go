package plots

import (
	"cmp"
	"math"
	"slices"
)

// layeredGraph is the layout behind DAG: layers from top to bottom, edges only
// downwards. K. Sugiyama, S. Tagawa and M. Toda, Methods for Visual Understanding
// of Hierarchical System Structures, IEEE Trans. SMC 11 (1981), with these choices:
//
//   - Layers are bounded by their width in points, so that a wide graph becomes a
//     taller one instead of a smaller one, and nodes move to where their edges are
//     shortest.
//   - Edges that cross layers pass through dummy vertices, which keep them clear of boxes.
//   - Orders come from barycentre sweeps with exchanges of neighbours, from several
//     starting orders; the one with the fewest crossings stays.
//   - Horizontal places are the least-squares solution of "near your neighbours"
//     under "in order, with room", found layer by layer by pooling adjacent violators.
type layeredGraph struct {
	widths []float64 // of vertices; dummies come after the nodes
	up     [][]int   // neighbours in the layer above
	down   [][]int   // neighbours in the layer below
	layer  []int
	order  [][]int // vertices of each layer, left to right
	x      []float64
	nodes  int     // vertices before nodes are boxes, the others dummies
	chains [][]int // for each edge the vertices from its start to its end
}

const (
	nodeGap    = 16.0
	dummyGap   = 9.0
	dummyWidth = 2.0
)

// layOut places nodes of the given widths, with edges as pairs (from, to) of an
// acyclic graph, in at most room points of width.
func layOut(widths []float64, edges [][2]int, room float64) *layeredGraph {
	g := &layeredGraph{nodes: len(widths), widths: slices.Clone(widths)}
	g.layer = assignLayers(widths, edges, room)
	g.addDummies(edges)
	g.reduceCrossings()
	g.place(room)
	return g
}

// topological returns the nodes parents first, or nil when there is a cycle.
func topological(n int, edges [][2]int) []int {
	waiting := make([]int, n)
	for _, e := range edges {
		waiting[e[1]]++
	}
	var order []int
	for i, w := range waiting {
		if w == 0 {
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, e := range edges {
			if e[0] == order[at] {
				if waiting[e[1]]--; waiting[e[1]] == 0 {
					order = append(order, e[1])
				}
			}
		}
	}
	if len(order) < n {
		return nil
	}
	return order
}

// assignLayers puts every node below its parents: first as low as its children
// allow, then to where the sum of its edge lengths is least.
func assignLayers(widths []float64, edges [][2]int, room float64) []int {
	n := len(widths)
	order := topological(n, edges)
	height := make([]int, n) // layers counted from the bottom
	used := map[int]float64{}
	for i := n - 1; i >= 0; i-- {
		v := order[i]
		for _, e := range edges {
			if e[0] == v {
				height[v] = max(height[v], height[e[1]]+1)
			}
		}
		for used[height[v]] > 0 && used[height[v]]+nodeGap+widths[v] > room {
			height[v]++
		}
		used[height[v]] += widths[v] + nodeGap
	}
	top := slices.Max(height)
	layer := make([]int, n)
	for v := range layer {
		layer[v] = top - height[v]
	}
	shortenEdges(layer, order, widths, edges, room)
	return closeGaps(layer)
}

// shortenEdges moves nodes up or down while that makes edges shorter in total.
func shortenEdges(layer, order []int, widths []float64, edges [][2]int, room float64) {
	fill := map[int]float64{}
	for v, l := range layer {
		fill[l] += widths[v] + nodeGap
	}
	for moved, rounds := true, 0; moved && rounds < 20; rounds++ {
		moved = false
		for _, v := range order {
			lo, hi, pull := 0, slices.Max(layer), 0
			for _, e := range edges {
				if e[1] == v {
					lo = max(lo, layer[e[0]]+1)
					pull--
				}
				if e[0] == v {
					hi = min(hi, layer[e[1]]-1)
					pull++
				}
			}
			target := layer[v]
			if pull < 0 {
				target = lo
			} else if pull > 0 {
				target = hi
			}
			for target != layer[v] && fill[target]+widths[v] > room {
				target += cmp.Compare(layer[v], target)
			}
			if target != layer[v] {
				fill[layer[v]] -= widths[v] + nodeGap
				fill[target] += widths[v] + nodeGap
				layer[v] = target
				moved = true
			}
		}
	}
}

// closeGaps renumbers layers so that none is empty.
func closeGaps(layer []int) []int {
	present := slices.Compact(slices.Sorted(slices.Values(layer)))
	for v, l := range layer {
		layer[v], _ = slices.BinarySearch(present, l)
	}
	return layer
}

func (g *layeredGraph) addDummies(edges [][2]int) {
	g.up = make([][]int, g.nodes)
	g.down = make([][]int, g.nodes)
	for _, e := range edges {
		chain := []int{e[0]}
		for l := g.layer[e[0]] + 1; l < g.layer[e[1]]; l++ {
			chain = append(chain, len(g.widths))
			g.widths = append(g.widths, dummyWidth)
			g.layer = append(g.layer, l)
			g.up, g.down = append(g.up, nil), append(g.down, nil)
		}
		chain = append(chain, e[1])
		for i := range chain[1:] {
			a, b := chain[i], chain[i+1]
			g.down[a] = append(g.down[a], b)
			g.up[b] = append(g.up[b], a)
		}
		g.chains = append(g.chains, chain)
	}
	g.order = make([][]int, slices.Max(g.layer)+1)
	for v, l := range g.layer {
		g.order[l] = append(g.order[l], v)
	}
}

// crossings counts pairs of edges that cross between consecutive layers.
func (g *layeredGraph) crossings() int {
	at := g.positions()
	total := 0
	for _, layer := range g.order {
		var ends [][2]int
		for _, v := range layer {
			for _, w := range g.down[v] {
				ends = append(ends, [2]int{at[v], at[w]})
			}
		}
		for i, a := range ends {
			for _, b := range ends[:i] {
				if (a[0]-b[0])*(a[1]-b[1]) < 0 {
					total++
				}
			}
		}
	}
	return total
}

func (g *layeredGraph) positions() []int {
	at := make([]int, len(g.widths))
	for _, layer := range g.order {
		for i, v := range layer {
			at[v] = i
		}
	}
	return at
}

func (g *layeredGraph) reduceCrossings() {
	best, fewest := cloneOrder(g.order), math.MaxInt
	start := cloneOrder(g.order)
	for attempt := range 4 {
		g.order = cloneOrder(start)
		for l := range g.order {
			if attempt&1 == 1 {
				slices.Reverse(g.order[l])
			}
			if attempt&2 == 2 && l%2 == 1 {
				slices.Reverse(g.order[l])
			}
		}
		for sweep := range 16 {
			g.sweep(sweep%2 == 0)
			g.exchange()
			if n := g.crossings(); n < fewest {
				best, fewest = cloneOrder(g.order), n
			}
		}
	}
	g.order = best
}

func cloneOrder(order [][]int) [][]int {
	out := make([][]int, len(order))
	for i := range order {
		out[i] = slices.Clone(order[i])
	}
	return out
}

// sweep sorts each layer by the mean position of the neighbours in the layer before it.
func (g *layeredGraph) sweep(downwards bool) {
	at := g.positions()
	for i := range g.order {
		l, near := i, g.up
		if !downwards {
			l, near = len(g.order)-1-i, g.down
		}
		mean := func(v int) float64 {
			if len(near[v]) == 0 {
				return float64(at[v])
			}
			sum := 0.0
			for _, w := range near[v] {
				sum += float64(at[w])
			}
			return sum / float64(len(near[v]))
		}
		slices.SortStableFunc(g.order[l], func(a, b int) int { return cmp.Compare(mean(a), mean(b)) })
		for k, v := range g.order[l] {
			at[v] = k
		}
	}
}

// exchange swaps neighbours while that removes crossings.
func (g *layeredGraph) exchange() {
	fewest := g.crossings()
	for improved := true; improved; {
		improved = false
		for _, layer := range g.order {
			for i := range len(layer) - 1 {
				layer[i], layer[i+1] = layer[i+1], layer[i]
				if n := g.crossings(); n < fewest {
					fewest, improved = n, true
				} else {
					layer[i], layer[i+1] = layer[i+1], layer[i]
				}
			}
		}
	}
}

// place gives every vertex the x of its centre, within [0, room].
func (g *layeredGraph) place(room float64) {
	g.x = make([]float64, len(g.widths))
	for _, layer := range g.order {
		at := 0.0
		for i, v := range layer {
			if i > 0 {
				at += g.separation(layer[i-1], v)
			}
			g.x[v] = at
		}
		for _, v := range layer {
			g.x[v] += room/2 - at/2
		}
	}
	for round := range 60 {
		for i := range g.order {
			l := i
			if round%2 == 1 {
				l = len(g.order) - 1 - i
			}
			g.settle(g.order[l], room)
		}
	}
}

// separation is the least distance of the centres of two neighbours in a layer.
func (g *layeredGraph) separation(left, right int) float64 {
	gap := nodeGap
	if left >= g.nodes || right >= g.nodes {
		gap = dummyGap
	}
	return g.widths[left]/2 + gap + g.widths[right]/2
}

// settle moves a layer's vertices as near to their neighbours' mean as order and
// room allow: min Σ w (x − target)² subject to x[i+1] − x[i] ≥ separation, which is
// isotonic regression once the separations are subtracted.
func (g *layeredGraph) settle(layer []int, room float64) {
	type block struct {
		value, weight float64
		n             int
	}
	offset := make([]float64, len(layer))
	var blocks []block
	for i, v := range layer {
		if i > 0 {
			offset[i] = offset[i-1] + g.separation(layer[i-1], v)
		}
		target, weight := g.target(v)
		blocks = append(blocks, block{target - offset[i], weight, 1})
		for k := len(blocks) - 1; k > 0 && blocks[k-1].value > blocks[k].value; k-- {
			a, b := blocks[k-1], blocks[k]
			w := a.weight + b.weight
			blocks[k-1] = block{(a.value*a.weight + b.value*b.weight) / w, w, a.n + b.n}
			blocks = blocks[:k]
		}
	}
	last := len(layer) - 1
	lo := g.widths[layer[0]] / 2
	hi := room - g.widths[layer[last]]/2 - offset[last]
	i := 0
	for _, b := range blocks {
		for range b.n {
			g.x[layer[i]] = math.Max(lo, math.Min(hi, b.value)) + offset[i]
			i++
		}
	}
}

// target returns where a vertex wants to be and how strongly. Edges between two
// dummies pull hardest, so that long edges run straight.
func (g *layeredGraph) target(v int) (x, weight float64) {
	sum := 0.0
	for _, near := range [][]int{g.up[v], g.down[v]} {
		for _, w := range near {
			pull := 1.0
			switch {
			case v >= g.nodes && w >= g.nodes:
				pull = 8
			case v >= g.nodes:
				pull = 0.4
			}
			sum += pull * g.x[w]
			weight += pull
		}
	}
	if weight == 0 {
		return g.x[v], 0.1
	}
	return sum / weight, weight
}
