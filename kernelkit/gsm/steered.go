package gsm

import (
	"math"

	"interplay/kernelkit/random"
)

// Bounds of the realistic family (docs/generator.md, "Limits"): values on the solution
// path, and the most parents of a stated quantity (three and a constant, or four).
const (
	maxValue   = 1000
	maxParents = 4

	mostDistractors = 5 // of a two-layer problem of the steered sampler
)

// MaxRealisticOp is the deepest realistic problem that the lab offers.
const MaxRealisticOp = 30

// sampleSteered draws a realistic problem of exactly op operations, 2 ≤ op ≤ 30,
// in 2 or 3 layers. It is the default sampler. ok is false when a value left its
// bounds, or when the equation of a reverse problem is not linear: at most one
// draw in fifty with two layers, one in six with three. The caller then draws
// again from the same stream.
//
// Kept from the authors' sampler: what quantities exist and how they depend on
// each other, the sentence shapes, the ranges of constants, 0 < value ≤ 1000 on
// the path, the last leaf as the unknown of a reverse problem, distractors that
// may use the path.
//
// Changed: op is a parameter of the construction instead of an accident of it.
// The authors plan a budget that a table gives for op, overshoot it by 0..22 and
// reject all else, so distractors, widths and shapes jump where the table jumps
// (at op 5, 7, 10, 12, 16, 19) and a model can read op off the prompt's shape.
// Here the solution path is built edge by edge: totals, then free quantities,
// then the edges that make every node needed, then what is left of op as further
// operands. The number of distractors has one distribution for every op, their
// sentences are as long as the path's, and their values keep the same bounds.
// Differences are turned round when they would be negative. Both modes have the
// same shapes.
func sampleSteered(s *random.Stream, op, layers int, mode Mode) (*Graph, bool) {
	b := steeredBuilder{s: s, op: op, layers: layers}
	b.plan()
	if !b.order() {
		return nil, false
	}
	b.spread()
	b.place()
	g := &Graph{Family: Realistic, Mode: mode, Layers: layers, Path: b.n, Question: b.n - 1}
	g.Nodes = make([]Node, b.n, b.n+b.openN+4)
	b.parents = make([]int, 0, op+3*b.openN+8)
	b.define(g)
	if !b.assign(g) {
		return nil, false
	}
	if mode == Reverse {
		if g.Question = g.lastSolvableLeaf(); g.Question < 0 {
			return nil, false
		}
	}
	b.distract(g)
	return g, true
}

// slot is a node of the path while it is built.
type slot struct {
	kind        Kind
	group       int // index of the total whose part it is, or which it is; −1 free
	place, item int
	indegree    int // parents and constant
}

// group is a total of the path with all its parts.
type group struct {
	kind Kind // Total or Total2
	size int  // items of its place
}

type steeredBuilder struct {
	s          *random.Stream
	op, layers int

	groups [4]group
	totals int // groups in use
	free   int // path quantities that are no part of a total on the path
	slack  int // edges left when each quantity has one

	slots    [64]slot
	n        int
	assigned [64][maxParents]int // parents that a slot must have, so that they are needed
	needs    [64]int             // how many

	open  [2 * maxWidth * maxWidth]slot
	openN int // quantities beside the path: the distractors

	parents []int // backing of all parent lists
}

// plan shares op among totals, free quantities and further operands.
//
// The base is what op would be if each quantity had one edge: it falls from all
// of op to about three fifths of it. The edges of totals are 0 to 60 % of op. In
// the authors' graphs the base is 1.0 of op at op 2, 0.74 at 10, 0.65 at 20, and
// totals have 0.5, 0.37 and 0.3 of it.
func (b *steeredBuilder) plan() {
	s, op := b.s, float64(b.op)
	base := b.round(op * (0.62 + 0.38*math.Exp(-(op-2)/6) + 0.16*(s.Float64()-0.5)))
	base = min(max(base, 2), b.op)
	edges := b.round(op * 0.6 * s.Float64())

	quantities, cost := 0, 0
	for b.totals < len(b.groups) {
		// Each part of a total costs two: its own edge and the total's.
		parts := min(edges, (base-cost)/2)
		t := group{kind: Total, size: min(parts, maxWidth)}
		if b.layers == 3 && parts > 1 && s.Bool() {
			t = group{kind: Total2, size: min(parts/2, maxWidth)}
		}
		if t.size == 0 {
			break
		}
		// What is no part of it must find room in the other places, which is why
		// deep problems have wide totals.
		beside := (maxWidth - b.totals - 1) * maxWidth * (b.layers - 1)
		least := (base - cost + mostDistractors - beside + 1) / 2
		if t.kind == Total2 {
			least = (least + 1) / 2
		}
		if least > t.size {
			break
		}
		t.size = max(least, 1+min(s.IntN(t.size), s.IntN(t.size)))
		parts = t.parts()
		edges -= parts
		cost += 2 * parts
		quantities += parts
		b.groups[b.totals] = t
		b.totals++
	}
	b.free = base - cost
	quantities += b.free
	b.slack = b.op - base
	// Too few quantities could not take up the slack: one more takes an edge itself.
	for b.slack > room(quantities) {
		b.free++
		quantities++
		b.slack--
	}
}

// round rounds at random so that the mean is kept: the axis has no steps.
func (b *steeredBuilder) round(x float64) int { return int(math.Floor(x + b.s.Float64())) }

// parts is the number of parents of a total.
func (t group) parts() int {
	if t.kind == Total2 {
		return 2 * t.size
	}
	return t.size
}

// room is how many edges beyond one each n quantities can take in any order: the
// one at index i has at most min(4, i+1).
func room(n int) int {
	r := 0
	for i := range n {
		r += min(maxParents-1, i)
	}
	return r
}

// order puts the path in solution order and gives every node but the last a
// later user. It reports false when it finds no order within the slack.
func (b *steeredBuilder) order() bool {
	for range 20 {
		b.shuffle()
		if b.connect() {
			return true
		}
	}
	return false
}

// shuffle draws an order: a last quantity, the others before it, each total
// somewhere between its last part and the last quantity, except a total that is
// itself the last node.
func (b *steeredBuilder) shuffle() {
	s := b.s
	final := -1 // group of the last node
	if b.totals > 0 && (b.free == 0 || s.IntN(4) > 0) {
		final = s.IntN(b.totals)
	}
	var space [64]slot
	list := space[:0]
	for g := range b.totals {
		for k := range b.groups[g].parts() {
			kind := Instance
			if b.groups[g].kind == Total2 && k%2 == 1 {
				kind = Average
			}
			list = append(list, slot{kind: kind, group: g, item: k})
		}
	}
	for range b.free {
		list = append(list, slot{kind: Instance, group: -1})
	}
	// The last quantity is a part of the last total, or free.
	n := len(list)
	first, count := n-b.free, b.free
	if final >= 0 {
		first = 0
		for g := range final {
			first += b.groups[g].parts()
		}
		count = b.groups[final].parts()
	}
	k := first + s.IntN(count)
	list[k], list[n-1] = list[n-1], list[k]
	for i := n - 2; i > 0; i-- {
		j := s.IntN(i + 1)
		list[i], list[j] = list[j], list[i]
	}
	for g := range b.totals {
		at := len(list)
		total := slot{kind: b.groups[g].kind, group: g}
		if g != final {
			after := 0
			for i, l := range list {
				if l.group == g {
					after = i + 1
				}
			}
			end := len(list) - 1 // before the last quantity, or the last total if it stands already
			if list[end].kind >= Total {
				end--
			}
			at = s.Between(after, end)
		}
		list = append(list, slot{})
		copy(list[at+1:], list[at:])
		list[at] = total
	}
	b.n = copy(b.slots[:], list)
}

// connect gives each node that no total uses a later quantity as its user, from
// the end backwards. A second parent of a quantity costs slack.
func (b *steeredBuilder) connect() bool {
	slack := b.slack
	for i := range b.n {
		b.needs[i] = 0
	}
	for i := b.n - 2; i >= 0; i-- {
		if l := &b.slots[i]; l.kind < Total && l.group >= 0 {
			continue // its total uses it
		}
		u := b.drawUser(i, slack)
		if u < 0 {
			return false
		}
		if b.needs[u] > 0 {
			slack--
		}
		b.assigned[u][b.needs[u]] = i
		b.needs[u]++
	}
	b.slack = slack
	return true
}

// drawUser draws a later quantity that can take node i as a parent, or −1.
// Factors of a layer-2 total are taken last: when both factors of a product
// depend on one leaf, a reverse problem is no linear equation.
func (b *steeredBuilder) drawUser(i, slack int) int {
	var space [64]int
	for _, factors := range [...]bool{false, true} {
		users := space[:0]
		for u := i + 1; u < b.n; u++ {
			if l := &b.slots[u]; l.kind < Total && b.isFactor(l) == factors && b.needs[u] < min(maxParents-1, u) && (b.needs[u] == 0 || slack > 0) {
				users = append(users, u)
			}
		}
		if len(users) > 0 {
			return users[b.s.IntN(len(users))]
		}
	}
	return -1
}

// isFactor reports whether a slot is the average of a layer-2 total.
func (b *steeredBuilder) isFactor(l *slot) bool { return l.kind == Average && l.group >= 0 }

// spread gives each quantity its number of edges: those it needs, at least one,
// and a random share of the slack. Factors of layer-2 totals come last, as in drawUser.
func (b *steeredBuilder) spread() {
	for i := range b.n {
		b.slots[i].indegree = max(1, b.needs[i])
	}
	for _, factors := range [...]bool{false, true} {
		var space [64]int
		growing := space[:0]
		for i := range b.n {
			if l := &b.slots[i]; l.kind < Total && b.isFactor(l) == factors && l.indegree < min(maxParents, i+1) {
				growing = append(growing, i)
			}
		}
		for ; b.slack > 0 && len(growing) > 0; b.slack-- {
			k := b.s.IntN(len(growing))
			i := growing[k]
			b.slots[i].indegree++
			if b.slots[i].indegree == min(maxParents, i+1) {
				growing[k] = growing[len(growing)-1]
				growing = growing[:len(growing)-1]
			}
		}
	}
}

// place puts every node somewhere. A total on the path owns its place, all of
// whose items are on the path; free quantities and distractors share the others.
func (b *steeredBuilder) place() {
	s := b.s
	widest, parts := 0, 0 // parts: averages of places with a layer-1 total are beside the path
	for _, t := range b.groups[:b.totals] {
		widest = max(widest, t.size)
		if t.kind == Total && b.layers == 3 {
			parts += t.size
		}
	}
	cells := b.cellsBeside(parts)
	room := maxWidth - b.totals
	width := s.Between(max(widest, (cells+room-1)/room, 1), maxWidth)
	rows := 0
	if cells > 0 {
		rows = s.Between((cells+width-1)/width, min(room, cells))
	}

	// Which items the places of the totals have.
	var items [4][maxWidth]int
	for g, t := range b.groups[:b.totals] {
		var space [maxWidth]int
		copy(items[g][:], appendPerm(space[:0], width, s)[:t.size])
		if t.kind == Total && b.layers == 3 {
			for k := range t.size {
				b.addOpen(Average, g, items[g][k])
			}
		}
	}
	// Cells of the other places, all equally likely.
	var grid [maxWidth * maxWidth]int
	for _, c := range appendPerm(grid[:0], rows*width, s)[:cells] {
		b.addOpen(Instance, b.totals+c/width, c%width)
		if b.layers == 3 {
			b.addOpen(Average, b.totals+c/width, c%width)
		}
	}
	// Free quantities of the path are a random choice of what is beside the totals.
	for i := range b.n {
		l := &b.slots[i]
		switch {
		case l.kind >= Total:
			l.place, l.item = l.group, -1
		case l.group >= 0:
			k := l.item
			if b.groups[l.group].kind == Total2 {
				k /= 2
			}
			l.place, l.item = l.group, items[l.group][k]
		default:
			k := s.IntN(b.openN)
			o := b.open[k]
			l.kind, l.place, l.item = o.kind, o.place, o.item
			b.openN--
			b.open[k] = b.open[b.openN]
		}
	}
}

// cellsBeside draws how many (place, item) pairs stand outside the places of the
// totals: enough for the free quantities and a number of distractors that is
// uniform in 0..5 for two layers. Three layers have about four more, because a
// pair has two quantities.
func (b *steeredBuilder) cellsBeside(averages int) int {
	most := (maxWidth - b.totals) * maxWidth
	wanted := b.free + b.s.IntN(mostDistractors+1)
	if b.layers == 3 {
		wanted = (wanted + 4 - averages + 1) / 2
	}
	return min(max(0, wanted), most)
}

func (b *steeredBuilder) addOpen(kind Kind, place, item int) {
	b.open[b.openN] = slot{kind: kind, place: place, item: item}
	b.openN++
}

// define writes the shape of the path into g: who depends on whom.
func (b *steeredBuilder) define(g *Graph) {
	for i := range b.n {
		l := &b.slots[i]
		n := Node{Kind: l.kind, Place: l.place, Item: l.item}
		first := len(b.parents)
		switch {
		case l.kind == Total:
			n.Inner = Sum
			b.addParts(l, Instance)
		case l.kind == Total2:
			n.Inner = SumProducts
			b.addPairs(l)
		default:
			b.addOperands(&n, i, l)
		}
		n.Parents = b.parents[first:len(b.parents):len(b.parents)]
		g.Nodes[i] = n
	}
}

// addParts appends the items of a total's place, in random order.
func (b *steeredBuilder) addParts(total *slot, kind Kind) {
	first := len(b.parents)
	for i := range b.n {
		if l := &b.slots[i]; l.kind == kind && l.place == total.place {
			b.parents = append(b.parents, i)
		}
	}
	b.shuffleParents(first)
}

// addPairs appends item, average, item, average, … of a total's place.
func (b *steeredBuilder) addPairs(total *slot) {
	first := len(b.parents)
	b.addParts(total, Instance)
	var space [maxWidth]int
	for _, item := range append(space[:0], b.parents[first:]...) {
		b.parents = append(b.parents[:first], item)
		first++
		for i := range b.n {
			if l := &b.slots[i]; l.kind == Average && l.place == total.place && l.item == b.slots[item].item {
				b.parents = append(b.parents, i)
				first++
			}
		}
	}
}

func (b *steeredBuilder) shuffleParents(first int) {
	list := b.parents[first:]
	for i := len(list) - 1; i > 0; i-- {
		j := b.s.IntN(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}

// addOperands draws the parents of a quantity from the nodes before it, the
// needed ones among them.
func (b *steeredBuilder) addOperands(n *Node, before int, l *slot) {
	needed := b.assigned[before][:b.needs[before]]
	want := 0
	if l.indegree > 1 || len(needed) > 0 || !b.isFactor(l) { // else a leaf
		want = drawShape(b.s, n, l.indegree, len(needed), before)
	}
	first := len(b.parents)
	b.parents = append(b.parents, needed...)
	for len(b.parents)-first < want {
		p := b.s.IntN(before)
		if !contains(b.parents[first:], p) {
			b.parents = append(b.parents, p)
		}
	}
	b.shuffleParents(first)
}

// drawShape decides whether a constant is one of indegree edges and returns how
// many parents remain, between needed and the nodes available. The sign of a
// pair and plus or times are left to quantify, which knows the values.
func drawShape(s *random.Stream, n *Node, indegree, needed, available int) int {
	withConst := indegree > available || indegree > needed && s.Bool()
	if !withConst {
		n.Inner = Sum
		return indegree
	}
	if indegree > 1 {
		n.Inner, n.Outer = Sum, Plus
	}
	return indegree - 1
}

func contains(list []int, x int) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

// assign draws constants and signs along the path so that each value is within
// 1..maxValue; it reports false when four tries did not.
func (b *steeredBuilder) assign(g *Graph) bool {
	for range 4 {
		ok := true
		for i := 0; ok && i < g.Path; i++ {
			ok = b.quantify(g, i)
		}
		if ok {
			return true
		}
	}
	return false
}

// quantify draws the constant and the signs of node i and computes its value. One
// pair in three is a difference, as many as survive the authors' checks, turned so
// that it is positive; a product that would be too large becomes a sum. It reports
// whether the value is within bounds.
func (b *steeredBuilder) quantify(g *Graph, i int) bool {
	s, n := b.s, &g.Nodes[i]
	at := func(k int) int64 { return g.Nodes[n.Parents[k]].Value }
	v := int64(0)
	switch {
	case n.Kind == Total2:
		for k := 0; k < len(n.Parents); k += 2 {
			v += at(k) * at(k+1)
		}
	case n.Inner == None:
		n.Const = leafConstant(s)
		v = n.Const
	default:
		for k := range n.Parents {
			v += at(k)
		}
	}
	if n.Kind < Total && len(n.Parents) == 2 {
		n.Inner = Sum
		if at(0) != at(1) && s.IntN(3) == 0 {
			if at(0) < at(1) {
				n.Parents[0], n.Parents[1] = n.Parents[1], n.Parents[0]
			}
			n.Inner, v = Difference, at(0)-at(1)
		}
	}
	if n.Outer != Bare {
		n.Outer, n.Const = Plus, int64(s.Between(1, 4))
		if k := int64(s.Between(2, 4)); s.Bool() && k*v <= maxValue {
			n.Outer, n.Const = Times, k
		}
		if n.Outer == Plus {
			v += n.Const
		} else {
			v *= n.Const
		}
	}
	n.Value = v
	return v <= maxValue
}

// leafConstant draws a lone constant as the authors do (docs/generator.md, "Limits"): 1..4 after one
// coin, 2..4 after the other.
func leafConstant(s *random.Stream) int64 {
	if s.Bool() {
		return int64(s.Between(1, 4))
	}
	return int64(s.Between(2, 4))
}

// lastSolvableLeaf returns the last leaf of the path whose value follows from
// that of the last node by one linear equation with a non-zero factor, or −1.
func (g *Graph) lastSolvableLeaf() int {
	for i := g.Path - 1; i >= 0; i-- {
		if g.Nodes[i].Inner == None && g.solvableFor(i) {
			return i
		}
	}
	return -1
}

// solvableFor reports whether the path is linear in leaf x and the last node depends on it.
func (g *Graph) solvableFor(x int) bool {
	var space [64]linear
	values := space[:0]
	for i := range g.Nodes[:g.Path] {
		v, ok := linear{a: 1}, true
		if i != x {
			v, ok = g.evalLinear(i, values)
		}
		if !ok {
			return false
		}
		values = append(values, v)
	}
	return values[g.Path-1].a != 0
}

// distract defines every quantity beside the path, in random order. Each looks
// like one of the path: it has as many edges as a random one of them, its value
// keeps the same bounds, and it may use whatever is defined, including totals of
// places all of whose parts are.
func (b *steeredBuilder) distract(g *Graph) {
	s := b.s
	for left := b.openN; left > 0; left-- {
		k := s.IntN(left)
		o := b.open[k]
		like := s.IntN(b.n)
		for b.slots[like].kind >= Total {
			like = s.IntN(b.n)
		}
		n := Node{Kind: o.kind, Place: o.place, Item: o.item}
		var space [maxParents]int
		chosen := space[:0]
		for want := drawShape(s, &n, b.slots[like].indegree, 0, g.Path); want > 0; want-- {
			chosen = append(chosen, b.pick(g, b.open[:left], chosen))
		}
		first := len(b.parents)
		b.parents = append(b.parents, chosen...)
		n.Parents = b.parents[first:len(b.parents):len(b.parents)]
		g.Nodes = append(g.Nodes, n)
		b.bound(g, len(g.Nodes)-1)

		b.open[k] = b.open[left-1]
	}
}

// bound quantifies a distractor; one that stays out of bounds becomes a leaf.
func (b *steeredBuilder) bound(g *Graph, i int) {
	for range 4 {
		if b.quantify(g, i) {
			return
		}
	}
	n := &g.Nodes[i]
	n.Inner, n.Outer, n.Parents = None, Bare, nil
	b.quantify(g, i)
}

// pick draws a parent of a distractor that is not among chosen: a node, or a
// total that does not exist yet and whose parts are all defined, which is then added.
func (b *steeredBuilder) pick(g *Graph, open []slot, chosen []int) int {
	var space [2 * maxWidth]Node
	totals := b.completeTotals(g, open, space[:0])
	for {
		k := b.s.IntN(len(g.Nodes) + len(totals))
		if k < len(g.Nodes) {
			if !contains(chosen, k) {
				return k
			}
			continue
		}
		n := totals[k-len(g.Nodes)]
		b.addTotal(g, n)
		return len(g.Nodes) - 1
	}
}

// completeTotals lists the totals that are no nodes yet and have no part in open.
func (b *steeredBuilder) completeTotals(g *Graph, open []slot, dst []Node) []Node {
	var missing, present [Total2 + 1][maxWidth]bool // by kind and place
	for _, o := range open {
		missing[o.kind][o.place] = true
	}
	for i := range g.Nodes {
		present[g.Nodes[i].Kind][g.Nodes[i].Place] = true
	}
	for p := range maxWidth {
		if !present[Instance][p] || missing[Instance][p] {
			continue
		}
		if !present[Total][p] {
			dst = append(dst, Node{Kind: Total, Place: p, Item: -1, Inner: Sum})
		}
		if g.Layers == 3 && !missing[Average][p] && !present[Total2][p] {
			dst = append(dst, Node{Kind: Total2, Place: p, Item: -1, Inner: SumProducts})
		}
	}
	return dst
}

// addTotal appends a total that only distractors use, with its parents and value.
func (b *steeredBuilder) addTotal(g *Graph, n Node) {
	first := len(b.parents)
	for i := range g.Nodes {
		item := &g.Nodes[i]
		if item.Kind != Instance || item.Place != n.Place {
			continue
		}
		b.parents = append(b.parents, i)
		if n.Kind == Total {
			n.Value += item.Value
			continue
		}
		for j := range g.Nodes {
			if a := &g.Nodes[j]; a.Kind == Average && a.Place == n.Place && a.Item == item.Item {
				b.parents = append(b.parents, j)
				n.Value += item.Value * a.Value
			}
		}
	}
	n.Parents = b.parents[first:len(b.parents):len(b.parents)]
	g.Nodes = append(g.Nodes, n)
}
