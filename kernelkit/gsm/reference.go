package gsm

import (
	"math"

	"interplay/kernelkit/random"
)

// referenceOpMax is the authors' table: the op_max with which problems of an op
// are sought (docs/generator.md, "Driver table"). It ends at op 20; deeper problems, up to op
// 30, can be drawn with its last row, but are rare.
func referenceOpMax(op int) int {
	switch {
	case op <= 3:
		return 3
	case op <= 4:
		return 4
	case op <= 6:
		return 6
	case op <= 9:
		return 10
	case op <= 11:
		return 15
	case op <= 15:
		return 20
	case op <= 18:
		return 25
	}
	return 30
}

// sampleReference makes one attempt at a problem of op operations the way the
// authors' generator does (docs/generator.md, "The reference sampler, step by step"), 2 ≤ op ≤ 20;
// for deeper ones see referenceOpMax. ok=false is a rejection: the caller draws
// again from the same stream. One in four to one in a hundred attempts succeeds,
// as there.
//
// Kept, because problems stay sound: the op_max table with its jumps, the planned
// budget that the drawn graph overshoots, the wrong pool element of step 8, the
// same quantity listed twice by a three-layer distractor, distractors whose
// values are negative or large.
//
// Fixed: a reverse problem loses no statement; a distractor does not use a total
// of which it is itself a part (about one problem in twenty had such a circle;
// the total is simply not offered); zero is allowed for averages and totals only,
// not for names that contain "all" (the graph has no names); an unknown must be
// linear in every step, not only in the last.
func sampleReference(s *random.Stream, op, layers int, mode Mode) (*Graph, bool) {
	opMax := referenceOpMax(op)
	b := referenceBuilder{s: s, layers: layers, mode: mode, budget: (opMax + 1) / 2}
	n := max(s.Between(1, b.budget), s.Between(1, b.budget))
	m := s.Between(n, b.budget)
	if !b.drawStructure() {
		return nil, false
	}
	b.drawNecessary(n, m)
	if !b.drawOrder() || !b.fillUp() {
		return nil, false
	}
	b.removeDuplicates()
	if b.countOp() != op {
		return nil, false
	}
	g := &Graph{Family: Realistic, Mode: mode, Layers: layers}
	for _, id := range b.topo.all() {
		if id.kind() != aliasID && !b.emit(g, id) {
			return nil, false
		}
	}
	g.Path = len(g.Nodes)
	if !g.ask() {
		return nil, false
	}
	return g, b.drawDistractors(g)
}

// ask sets the question: the last node, or the unknown. It reports false when
// the unknown's equation is not linear (docs/generator.md, "Solutions").
func (g *Graph) ask() bool {
	g.Question = g.Path - 1
	if g.Mode == Forward {
		return true
	}
	for g.Nodes[g.Question].Inner != None {
		g.Question-- // node 0 is a leaf
	}
	return g.solvableFor(g.Question)
}

// refID names a parameter of the authors' graphs: kind × 25 + place × 5 + item.
// An alias is their abstract twin of an average: it costs nothing and prints
// nothing, but it is drawn, ordered and used like a total.
type refID uint8

const (
	itemID = iota
	averageID
	aliasID
	totalID
	total2ID
	rngID

	cellIDs = maxWidth * maxWidth
	allIDs  = rngID*cellIDs + 1
	rng     = refID(rngID * cellIDs)
)

func makeID(kind, place, item int) refID {
	return refID(kind*cellIDs + place*maxWidth + item)
}
func (id refID) kind() int      { return int(id) / cellIDs }
func (id refID) place() int     { return int(id) % cellIDs / maxWidth }
func (id refID) item() int      { return int(id) % maxWidth }
func (id refID) instance() bool { return id < aliasID*cellIDs }
func (id refID) twin(kind int) refID {
	return refID(kind*cellIDs + int(id)%cellIDs)
}

// idList is a list of parameters without a heap.
type idList struct {
	n  int
	id [80]refID // at most 40 instances, 20 aliases, 10 totals
}

func (l *idList) add(id refID) { l.id[l.n] = id; l.n++ }
func (l *idList) all() []refID { return l.id[:l.n] }
func (l *idList) remove(k int) { l.n--; l.id[k] = l.id[l.n] }

// take removes and returns a uniform element.
func (l *idList) take(s *random.Stream) refID {
	k := s.IntN(l.n)
	id := l.id[k]
	l.remove(k)
	return id
}

// idSet is a set of parameters.
type idSet [2]uint64

func (s *idSet) add(id refID)      { s[id>>6] |= 1 << (id & 63) }
func (s *idSet) has(id refID) bool { return s[id>>6]>>(id&63)&1 == 1 }
func (s *idSet) addAll(t idSet)    { s[0] |= t[0]; s[1] |= t[1] }

// parentList holds the parents of a parameter in the order of their edges: at
// most four for an instance, ten for a layer-2 total.
type parentList struct {
	set idSet
	n   uint8
	id  [2 * maxWidth]refID
}

func (l *parentList) all() []refID { return l.id[:l.n] }

// add appends an edge unless it exists.
func (l *parentList) add(id refID) {
	if !l.set.has(id) {
		l.set.add(id)
		l.id[l.n] = id
		l.n++
	}
}

type referenceBuilder struct {
	s      *random.Stream
	layers int
	mode   Mode
	budget int // the authors' s: the op that the plan aims at

	places, items int
	linked        [maxWidth][maxWidth]bool // the structure: which items a place has

	structure idList    // all instances
	untried   [2]idList // totals not drawn yet: level 1 with the aliases, level 2
	members   idList    // the graph so far
	inside    idSet
	parents   [allIDs]parentList
	topo      idList

	backing []int         // of the parent lists of the nodes
	index   [allIDs]int16 // 1 + index in Graph.Nodes
}

// drawStructure draws which place has which items (steps 2–4) and lists the
// parameters that follow from it.
func (b *referenceBuilder) drawStructure() bool {
	s := b.s
	w0, w1 := b.drawWidth(), b.drawWidth()
	if w0 > w1 {
		w0, w1 = w1, w0
	}
	least := (b.layers - 1) * w0
	edges := min(s.Between(least, 20), s.Between(least, 20), w1*w1+(b.layers-2)*w1)

	b.places, b.items = w0, w0
	p := s.Float64()
	for b.places < w1 || b.items < w1 {
		if b.places*b.items >= edges && (b.items == edges || s.Float64() >= p) {
			break
		}
		if b.items == w1 || b.places < w1 && s.Bool() {
			b.places++
		} else {
			b.items++
		}
	}
	if !b.link(edges) {
		return false
	}
	b.list()
	return true
}

// drawWidth draws a size 1..5 from the softmax of step 2 and applies the bounds
// of small problems.
func (b *referenceBuilder) drawWidth() int {
	rel := float64(b.budget-1) / 19
	var weight [maxWidth]float64
	sum := 0.0
	for k := range weight {
		d := rel - (0.1 + 0.2*float64(k))
		weight[k] = math.Exp(-d * d)
		sum += weight[k]
	}
	w, u := 1, b.s.Float64()*sum
	for ; w < maxWidth && u >= weight[w-1]; w++ {
		u -= weight[w-1]
	}
	if b.budget <= 5 {
		if b.mode == Reverse {
			w = min(w, 3)
		} else if b.layers == 2 {
			w = max(w, 2)
		}
	}
	return w
}

// link joins each item to a place, then adds edges up to the wanted number; it
// fails after ten tries an edge, or when a place stays empty.
func (b *referenceBuilder) link(edges int) bool {
	s := b.s
	var degree [maxWidth]int
	for i := range b.items {
		p := s.IntN(b.places)
		b.linked[p][i] = true
		degree[p]++
	}
	tries := 0
	for have := b.items; have < edges; {
		if tries++; tries > 10*edges {
			return false
		}
		p := b.drawPlace(&degree)
		if i := s.IntN(b.items); !b.linked[p][i] {
			b.linked[p][i] = true
			degree[p]++
			have++
		}
	}
	for _, d := range degree[:b.places] {
		if d == 0 {
			return false
		}
	}
	return true
}

// drawPlace returns a uniform place among those without items, else among all.
func (b *referenceBuilder) drawPlace(degree *[maxWidth]int) int {
	empty := 0
	for _, d := range degree[:b.places] {
		if d == 0 {
			empty++
		}
	}
	if empty == 0 {
		return b.s.IntN(b.places)
	}
	k := b.s.IntN(empty)
	for p := range b.places {
		if degree[p] == 0 {
			if k == 0 {
				return p
			}
			k--
		}
	}
	panic("unreachable")
}

// list fills structure and untried, and gives the totals and aliases their parents.
func (b *referenceBuilder) list() {
	three := b.layers == 3
	for p := range b.places {
		t1, t2 := makeID(totalID, p, 0), makeID(total2ID, p, 0)
		b.untried[0].add(t1)
		if three {
			b.untried[1].add(t2)
		}
		for i := range b.items {
			if !b.linked[p][i] {
				continue
			}
			item := makeID(itemID, p, i)
			b.structure.add(item)
			b.parents[t1].add(item)
			if three {
				average, alias := item.twin(averageID), item.twin(aliasID)
				b.structure.add(average)
				b.untried[0].add(alias)
				b.parents[alias].add(average)
				b.parents[t2].add(item)
				b.parents[t2].add(alias)
			}
		}
	}
}

// join adds a parameter and everything that its definition so far needs.
func (b *referenceBuilder) join(id refID) {
	if b.inside.has(id) {
		return
	}
	b.inside.add(id)
	b.members.add(id)
	for _, p := range b.parents[id].all() {
		b.join(p)
	}
}

// cost is the number of edges that join would add; only totals have edges at that time.
func (b *referenceBuilder) cost(id refID) int {
	if b.inside.has(id) {
		return 0
	}
	c := int(b.parents[id].n)
	for _, p := range b.parents[id].all() {
		c += b.cost(p)
	}
	return c
}

// drawNecessary draws what the path is made of (step 5): totals while they fit in
// n edges, then single instances up to m.
func (b *referenceBuilder) drawNecessary(n, m int) {
	op := 0
	for grown := true; grown; {
		grown = false
		for level := b.layers - 2; level >= 0 && !grown; level-- {
			if b.untried[level].n == 0 {
				continue
			}
			total := b.untried[level].take(b.s)
			if c := b.cost(total); op+c <= n {
				b.join(total)
				op += c
				grown = true
			}
		}
	}
	var rest idList
	for _, id := range b.structure.all() {
		if !b.inside.has(id) {
			rest.add(id)
		}
	}
	for k := 1; k < m-op && rest.n > 0; k++ {
		b.join(rest.take(b.s))
	}
}

// drawOrder puts the members in solution order, from the last to the first, and
// draws the first chain of edges (step 6).
func (b *referenceBuilder) drawOrder() bool {
	s := b.s
	var placed idSet
	var order idList // last first
	free := b.free(placed)
	if free.n == 0 {
		return false
	}
	for {
		var c refID
		if order.n == 0 {
			c = b.drawLast(&free)
		} else {
			ready := free.both()
			c = ready.take(s)
		}
		placed.add(c)
		order.add(c)
		if order.n == b.members.n {
			break
		}
		free = b.free(placed)
		var parent refID
		if ready := free.both(); ready.n == 0 {
			if !c.instance() {
				return false
			}
			parent = b.drawBiased(&free.idList, free.used)
		} else if c.instance() && s.Float64() < s.Float64() {
			rest := b.rest(placed)
			parent = b.drawBiased(&rest, free.used)
		} else {
			continue
		}
		b.parents[c].add(parent)
		free.used.add(parent)
	}
	for k := order.n - 1; k >= 0; k-- {
		b.topo.add(order.id[k])
	}
	return true
}

// candidates are unplaced members; used has those that something placed needs.
type candidates struct {
	idList
	used idSet
}

// both returns the candidates that are used.
func (c *candidates) both() idList {
	var l idList
	for _, id := range c.all() {
		if c.used.has(id) {
			l.add(id)
		}
	}
	return l
}

// free lists the unplaced members that no unplaced member needs.
func (b *referenceBuilder) free(placed idSet) candidates {
	var c candidates
	var needed idSet
	for _, u := range b.members.all() {
		if placed.has(u) {
			c.used.addAll(b.parents[u].set)
		} else {
			needed.addAll(b.parents[u].set)
		}
	}
	for _, id := range b.members.all() {
		if !placed.has(id) && !needed.has(id) {
			c.add(id)
		}
	}
	return c
}

// rest lists all unplaced members.
func (b *referenceBuilder) rest(placed idSet) idList {
	var l idList
	for _, id := range b.members.all() {
		if !placed.has(id) {
			l.add(id)
		}
	}
	return l
}

// drawLast draws the last node of the solution: any in forward mode, in reverse
// mode the first layer-2 total, else the first total, else any.
func (b *referenceBuilder) drawLast(free *candidates) refID {
	if b.mode == Reverse {
		for _, kind := range [...]int{total2ID, totalID} {
			for _, id := range free.all() {
				if id.kind() == kind {
					return id
				}
			}
		}
	}
	return free.take(b.s)
}

// drawBiased prefers totals and what is used already.
func (b *referenceBuilder) drawBiased(c *idList, used idSet) refID {
	var weight [80]float64
	sum := 0.0
	for k, id := range c.all() {
		bias := 0.0
		if !id.instance() {
			bias++
		}
		if used.has(id) {
			bias++
		}
		weight[k] = math.Exp(bias * math.Abs(b.s.Norm()))
		sum += weight[k]
	}
	u := b.s.Float64() * sum
	for k, id := range c.all() {
		if u < weight[k] {
			return id
		}
		u -= weight[k]
	}
	return c.id[c.n-1]
}

// fillUp adds the edges that are missing to the budget (steps 7 and 8).
func (b *referenceBuilder) fillUp() bool {
	s := b.s
	if b.topo.n == 2 && s.Bool() {
		b.addOne()
	}
	var rank [allIDs]int
	for k, id := range b.topo.all() {
		rank[id] = k
	}
	var current [allIDs]int
	sum := 0
	var growing idList
	for _, id := range b.members.all() {
		current[id] = int(b.parents[id].n)
		sum += current[id]
		if id.instance() && current[id] < edgeCap(rank[id]) {
			growing.add(id)
		}
	}
	for ; sum < b.budget; sum++ {
		if growing.n == 0 {
			return false
		}
		k := s.IntN(growing.n)
		id := growing.id[k]
		if current[id]++; current[id] == edgeCap(rank[id]) {
			growing.remove(k)
		}
	}
	for _, id := range b.members.all() {
		if id.instance() {
			b.connect(id, rank[id], current[id])
		}
	}
	return true
}

// edgeCap is how many edges the plan may give to the instance at a rank.
func edgeCap(rank int) int { return min(3, max(1, rank)) }

// addOne lengthens a path of two nodes by an instance at either end (step 7).
func (b *referenceBuilder) addOne() {
	for _, id := range b.structure.all() {
		if b.inside.has(id) {
			continue
		}
		first, second := b.topo.id[0], b.topo.id[1]
		b.join(id)
		if b.s.Bool() {
			b.parents[first].add(id)
			b.topo.id[0], b.topo.id[1] = id, first
			b.topo.add(second)
		} else {
			b.parents[id].add(second)
			b.topo.add(id)
		}
		return
	}
}

// connect draws the remaining parents of an instance from what stands before it.
//
// Where it has a parent already, the authors mean to take that one out of the
// pool and take out the last element instead; the spec calls it a defect, and it
// shapes the distribution, so it stays.
func (b *referenceBuilder) connect(id refID, rank, current int) {
	s := b.s
	var pool idList
	pool.add(rng)
	for _, p := range b.topo.id[:rank] {
		pool.add(p)
	}
	want := current + 1
	if current == 1 {
		want = 1 + b2i(s.Bool())
	}
	want = min(want, pool.n)
	own := &b.parents[id]
	if own.n > 0 {
		pool.n--
		want--
	}
	if want == pool.n {
		for _, p := range pool.all() {
			own.add(p)
		}
		return
	}
	if s.Bool() {
		own.add(rng)
		want--
	}
	pool.remove(0)
	for ; want > 0; want-- {
		own.add(pool.take(s))
	}
}

// removeDuplicates takes an average out where its alias is a parent too (step 9).
func (b *referenceBuilder) removeDuplicates() {
	for _, id := range b.topo.all() {
		if !id.instance() {
			continue
		}
		old := b.parents[id]
		kept := parentList{}
		for _, p := range old.all() {
			if p.kind() != averageID || !old.set.has(p.twin(aliasID)) {
				kept.add(p)
			}
		}
		b.parents[id] = kept
	}
}

func (b *referenceBuilder) countOp() int {
	op := 0
	for _, id := range b.topo.all() {
		if id.kind() != aliasID {
			op += int(b.parents[id].n)
		}
	}
	return op
}

// emit appends the node of a parameter, drawing its numbers and signs.
// On the path it reports whether the value is within the limits (docs/generator.md, "Limits").
func (b *referenceBuilder) emit(g *Graph, id refID) bool {
	s := b.s
	n := Node{Place: id.place(), Item: id.item()}
	withConst := false
	first := len(b.backing)
	for _, p := range b.parents[id].all() {
		if p == rng {
			withConst = true
			continue
		}
		if p.kind() == aliasID {
			p = p.twin(averageID)
		}
		b.backing = append(b.backing, int(b.index[p])-1)
	}
	n.Parents = b.backing[first:len(b.backing):len(b.backing)]
	switch id.kind() {
	case averageID:
		n.Kind = Average
	case totalID:
		n.Kind, n.Item, n.Inner = Total, -1, Sum
	case total2ID:
		n.Kind, n.Item, n.Inner = Total2, -1, SumProducts
	}
	if n.Stated() {
		b.drawNumbers(s, &n, withConst)
	}
	g.Nodes = append(g.Nodes, n)
	i := len(g.Nodes) - 1
	b.index[id] = int16(i + 1)
	return g.evalNode(i) && (i >= g.Path && g.Path > 0 || valueAllowed(&g.Nodes[i]))
}

func (b *referenceBuilder) drawNumbers(s *random.Stream, n *Node, withConst bool) {
	switch {
	case withConst && s.Bool():
		n.Outer, n.Const = Plus, int64(s.Between(1, 4))
	case withConst:
		n.Outer, n.Const = Times, int64(s.Between(2, 4))
	case len(n.Parents) == 0: // a distractor that a total brought in
		n.Const = int64(s.Between(1, 4))
	}
	switch {
	case len(n.Parents) == 0:
		n.Outer = Bare
	case len(n.Parents) == 2 && s.Bool():
		n.Inner = Difference
	default:
		n.Inner = Sum
	}
}

// evalNode sets the value of node i from those of its parents.
func (g *Graph) evalNode(i int) bool {
	var space [96]int64
	values := space[:0]
	for k := range g.Nodes[:i] {
		values = append(values, g.Nodes[k].Value)
	}
	v, err := g.Eval(i, values)
	g.Nodes[i].Value = v
	return err == nil
}

// valueAllowed is the check on values of the path: 0 < v ≤ 1000, and 0 for
// averages and totals.
func valueAllowed(n *Node) bool {
	return n.Value <= maxValue && (n.Value > 0 || n.Value == 0 && n.Kind != Instance)
}

// drawDistractors defines the instances that are not on the path (step 10).
func (b *referenceBuilder) drawDistractors(g *Graph) bool {
	s := b.s
	var open, independent idList
	for _, id := range b.structure.all() {
		if !b.inside.has(id) {
			open.add(id)
		}
	}
	for open.n > 0 {
		var space [160]refID
		k := s.IntN(open.n)
		id := open.id[k]
		pool := space[:0]
		if s.Bool() {
			pool = append(pool, independent.all()...)
			independent.add(id)
		} else {
			pool = b.appendUsable(pool, id)
		}
		b.inside.add(id)
		open.remove(k)
		b.drawSelection(id, pool)
		if !b.bringIn(g, id) {
			return false
		}
		b.members.add(id)
		kept := idList{}
		for _, o := range open.all() {
			if !b.inside.has(o) {
				kept.add(o)
			}
		}
		open = kept
	}
	return true
}

// appendUsable lists what a distractor may use: the graph so far and the totals
// never tried on the path of which some part is in it. A total used before is
// listed twice, as in the authors' code. Totals that id is a part of are left out.
func (b *referenceBuilder) appendUsable(pool []refID, id refID) []refID {
	pool = append(pool, b.members.all()...)
	for level := range b.untried {
		for _, t := range b.untried[level].all() {
			for _, p := range b.parents[t].all() {
				if b.inside.has(p) {
					if !b.partOf(id, t) {
						pool = append(pool, t)
					}
					break
				}
			}
		}
	}
	return pool
}

// partOf reports whether total t is computed from instance id.
func (b *referenceBuilder) partOf(id, t refID) bool {
	return b.parents[t].set.has(id) || id.kind() == averageID && b.parents[t].set.has(id.twin(aliasID))
}

// drawSelection draws the parents of a distractor from pool and RNG.
func (b *referenceBuilder) drawSelection(id refID, pool []refID) {
	s := b.s
	own := &b.parents[id]
	want := 1
	for want < min(4, len(pool)+1) && s.Bool() {
		want++
	}
	if want == len(pool)+1 {
		for _, p := range pool {
			own.add(p)
		}
		own.add(rng)
		return
	}
	if s.Bool() {
		own.add(rng)
		want--
	}
	for ; want > 0; want-- {
		k := s.IntN(len(pool))
		own.add(pool[k])
		pool[k] = pool[len(pool)-1]
		pool = pool[:len(pool)-1]
	}
}

// bringIn emits a distractor after the totals that it uses and their parts; parts
// without a definition become constants.
func (b *referenceBuilder) bringIn(g *Graph, id refID) bool {
	for _, p := range b.parents[id].all() {
		if p == rng || b.index[p] > 0 {
			continue
		}
		if !b.inside.has(p) {
			b.inside.add(p)
			b.members.add(p)
		}
		if !b.bringIn(g, p) {
			return false
		}
	}
	return id.kind() == aliasID || b.emit(g, id)
}
