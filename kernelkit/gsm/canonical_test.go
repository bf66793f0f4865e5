package gsm

import (
	"fmt"
	"slices"
	"testing"

	"interplay/kernelkit/random"
)

// disguise returns g in another form: places and items renamed, independent nodes
// in another order, sums and pairs listed in another order.
func disguise(g *Graph, s *random.Stream) *Graph {
	d := *g
	places, items := s.Perm(maxWidth), s.Perm(maxWidth)
	order, position := reorder(g, s)
	d.Nodes = make([]Node, len(g.Nodes))
	for to, from := range order {
		n := g.Nodes[from]
		n.Place = places[n.Place]
		if n.Item >= 0 {
			n.Item = items[n.Item]
		}
		n.Parents = slices.Clone(n.Parents)
		for k, p := range n.Parents {
			n.Parents[k] = position[p]
		}
		switch n.Inner {
		case Sum:
			s.Shuffle(len(n.Parents), func(i, j int) { n.Parents[i], n.Parents[j] = n.Parents[j], n.Parents[i] })
		case SumProducts:
			s.Shuffle(len(n.Parents)/2, func(i, j int) {
				for k := range 2 {
					a, b := 2*i+k, 2*j+k
					n.Parents[a], n.Parents[b] = n.Parents[b], n.Parents[a]
				}
			})
		}
		d.Nodes[to] = n
	}
	d.Question = position[g.Question]
	return &d
}

// reorder draws a topological order with the path first.
func reorder(g *Graph, s *random.Stream) (order, position []int) {
	position = make([]int, len(g.Nodes))
	placed := make([]bool, len(g.Nodes))
	for len(order) < len(g.Nodes) {
		i := s.IntN(len(g.Nodes))
		ready := !placed[i] && (i < g.Path || len(order) >= g.Path)
		for _, p := range g.Nodes[i].Parents {
			ready = ready && placed[p]
		}
		if ready {
			placed[i], position[i] = true, len(order)
			order = append(order, i)
		}
	}
	return order, position
}

func TestCanonicalIgnoresNamesAndOrder(t *testing.T) {
	for k := range uint64(600) {
		s := random.New(7, "canonical", k)
		m := samplers[k%2]
		g := m.drawUntil(s, s.Between(m.ops.Min, m.ops.Max), s.Between(2, 3), Mode(s.IntN(2)))
		for range 3 {
			d := disguise(g, s)
			if err := d.Validate(); err != nil {
				t.Fatalf("the disguise is broken: %v", err)
			}
			if d.Canonical() != g.Canonical() {
				t.Fatalf("%s: one problem has two hashes:\n%+v\n%+v", m.name, g, d)
			}
		}
	}
}

func TestCanonicalSeesEveryPartOfAProblem(t *testing.T) {
	changes := map[string]func(g *Graph, s *random.Stream) bool{
		"mode":     func(g *Graph, s *random.Stream) bool { g.Mode = 1 - g.Mode; return true },
		"layers":   func(g *Graph, s *random.Stream) bool { g.Layers = 5 - g.Layers; return true },
		"family":   func(g *Graph, s *random.Stream) bool { g.Family = Symbolic; return true },
		"modulus":  func(g *Graph, s *random.Stream) bool { g.Modulus = 10; return true },
		"path":     func(g *Graph, s *random.Stream) bool { g.Path--; return true },
		"question": func(g *Graph, s *random.Stream) bool { g.Question--; return g.Question >= 0 },
		"constant": func(g *Graph, s *random.Stream) bool {
			n := &g.Nodes[s.IntN(len(g.Nodes))]
			n.Const++
			return n.HasConst()
		},
		"sign of a pair": func(g *Graph, s *random.Stream) bool {
			n := &g.Nodes[s.IntN(len(g.Nodes))]
			old := n.Inner
			n.Inner = Difference
			return old == Sum && len(n.Parents) == 2 && n.Stated()
		},
		"plus or times": func(g *Graph, s *random.Stream) bool {
			n := &g.Nodes[s.IntN(len(g.Nodes))]
			old := n.Outer
			n.Outer = Times
			return old == Plus
		},
		"order of a difference": func(g *Graph, s *random.Stream) bool {
			n := &g.Nodes[s.IntN(len(g.Nodes))]
			if n.Inner != Difference || n.Parents[0] == n.Parents[1] {
				return false
			}
			a, b := g.Nodes[n.Parents[0]], g.Nodes[n.Parents[1]]
			n.Parents = []int{n.Parents[1], n.Parents[0]}
			return len(a.Parents) != len(b.Parents) // else they may be alike
		},
		"distractor": func(g *Graph, s *random.Stream) bool {
			last := len(g.Nodes) - 1
			g.Nodes = g.Nodes[:last]
			return last >= g.Path
		},
	}
	for what, change := range changes {
		made := 0
		for k := uint64(0); made < 60; k++ {
			s := random.New(8, "canonical "+what, k)
			g := samplers[0].drawUntil(s, s.Between(3, 20), 2, Mode(s.IntN(2)))
			before := g.Canonical()
			if !change(g, s) {
				continue
			}
			made++
			if g.Canonical() == before {
				t.Errorf("%s: the hash does not see the change in %+v", what, g)
			}
		}
	}
}

// namedForm writes each node with its own and its parents' names, sorted.
func namedForm(g *Graph, places, items []int) string {
	name := func(i int) string {
		n := &g.Nodes[i]
		item := -1
		if n.Item >= 0 {
			item = items[n.Item]
		}
		return fmt.Sprint(n.Kind, places[n.Place], item)
	}
	var lines []string
	for i := range g.Nodes {
		n := &g.Nodes[i]
		var parents []string
		for _, p := range n.Parents {
			parents = append(parents, name(p))
		}
		if n.Inner == Sum {
			slices.Sort(parents)
		}
		c := int64(0)
		if n.HasConst() {
			c = n.Const
		}
		lines = append(lines, fmt.Sprint(name(i), i < g.Path, i == g.Question, n.Inner, n.Outer, c, parents))
	}
	slices.Sort(lines)
	return fmt.Sprint(g.Mode, lines)
}

func permute(n int, use func([]int)) {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	var rec func(k int)
	rec = func(k int) {
		if k == n {
			use(p)
			return
		}
		for i := k; i < n; i++ {
			p[k], p[i] = p[i], p[k]
			rec(k + 1)
			p[k], p[i] = p[i], p[k]
		}
	}
	rec(0)
}

// Refinement may in theory merge different graphs. On small ones, where an exact
// form can be had, it never does, and many graphs are drawn again in disguise.
func TestCanonicalHashIsTheIsomorphismClassOfSmallProblems(t *testing.T) {
	forms := map[[16]byte]string{}
	again := 0
	for k := range uint64(1200) {
		s := random.New(9, "small", k)
		g, ok := sampleSteered(s, s.Between(2, 3), 2, Forward)
		if !ok || len(g.Nodes) > 4 {
			continue
		}
		compact(g)
		h := g.Canonical()
		if form, found := forms[h]; found {
			again++
			if other := smallForm(g); other != form {
				t.Fatalf("two problems share a hash:\n%s\n%s", form, other)
			}
			continue
		}
		forms[h] = smallForm(g)
	}
	if again < 50 {
		t.Errorf("only %d problems were drawn twice: too few to show anything", again)
	}
	seen := map[string]bool{}
	for _, form := range forms {
		if seen[form] {
			t.Fatalf("one problem has two hashes: %s", form)
		}
		seen[form] = true
	}
}

// smallForm is the least text of a compact graph over all names of its places and
// items: two graphs have the same exactly when they are isomorphic.
func smallForm(g *Graph) string {
	places, items := 0, 0
	for i := range g.Nodes {
		places, items = max(places, g.Nodes[i].Place+1), max(items, g.Nodes[i].Item+1)
	}
	least := ""
	permute(places, func(p []int) {
		permute(items, func(q []int) {
			if text := namedForm(g, p, q); least == "" || text < least {
				least = text
			}
		})
	})
	return least
}

// compact renumbers places and items without gaps.
func compact(g *Graph) {
	places, items := map[int]int{}, map[int]int{-1: -1}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if _, found := places[n.Place]; !found {
			places[n.Place] = len(places)
		}
		if _, found := items[n.Item]; !found {
			items[n.Item] = len(items) - 1
		}
		n.Place, n.Item = places[n.Place], items[n.Item]
	}
}

func BenchmarkCanonical(b *testing.B) {
	for _, op := range []int{2, 10, 20} {
		b.Run(fmt.Sprintf("op=%d", op), func(b *testing.B) {
			g := samplers[0].drawUntil(random.New(1, "bench"), op, 2, Forward)
			for b.Loop() {
				g.Canonical()
			}
		})
	}
}
