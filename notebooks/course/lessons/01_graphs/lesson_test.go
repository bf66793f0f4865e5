package graphs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/lesson"
	"interplay/kernelkit/random"
)

func checkDraw(t lesson.T, draw func(stream *random.Stream, leaves, operations int) graph) {
	defer lesson.Done(t, "200 graphs: sizes, parents before children, values, another graph for another stream")
	seen := map[string]bool{}
	for i := range uint64(200) {
		leaves, operations := 2+int(i%4), 1+int(i%5)
		g := draw(random.New(1, "check", i), leaves, operations)
		if len(g) != leaves+operations {
			t.Fatalf("✗ a graph of %d leaves and %d operations has %d nodes", leaves, operations, len(g))
		}
		for k, n := range g {
			switch {
			case k < leaves && n.op != 0:
				t.Fatalf("✗ node %d is an operation, expected %d leaves first", k, leaves)
			case n.value < 0 || n.value > 9:
				t.Fatalf("✗ node %d has the value %d, expected 0 to 9", k, n.value)
			case k < leaves:
			case n.op != '+' && n.op != '-' && n.op != '*':
				t.Fatalf("✗ node %d has the operator %q, expected +, - or *", k, n.op)
			case n.left != k-1:
				t.Fatalf("✗ the left parent of node %d is %d, expected the node just before it", k, n.left)
			case n.right == n.left:
				t.Fatalf("✗ both parents of node %d are node %d: expected two different ones", k, n.left)
			case n.right < 0 || n.right >= k:
				t.Fatalf("✗ the right parent of node %d is %d: expected a node before it", k, n.right)
			case n.value != compute(n.op, g[n.left].value, g[n.right].value):
				t.Fatalf("✗ node %d is %d %c %d, but its value is %d: have you called compute?", k, g[n.left].value, n.op, g[n.right].value, n.value)
			}
		}
		seen[fmt.Sprint(g)] = true
	}
	if len(seen) < 190 {
		t.Errorf("✗ 200 streams give only %d different graphs: take every random number from the stream", len(seen))
	}
}

func TestDraw(t *testing.T) { checkDraw(t, draw) }

func checkCountOps(t lesson.T, countOps func(g graph, asked int) int) {
	defer lesson.Done(t, "leaves, chains, shared nodes, distractors")
	// 0, 1, 2 are leaves; 3 = 0+1; 4 = 3*2; 5 = 4-3; 6 = 0+2, which 5 does not need
	g := graph{{value: 1}, {value: 2}, {value: 3}, {op: '+', left: 0, right: 1, value: 3}, {op: '*', left: 3, right: 2, value: 9},
		{op: '-', left: 4, right: 3, value: 6}, {op: '+', left: 0, right: 2, value: 4}}
	for _, c := range []struct {
		asked, want int
		why         string
	}{
		{0, 0, "a leaf needs no operation"},
		{3, 1, "it is one operation on two leaves"},
		{4, 2, "itself and node 3"},
		{5, 3, "nodes 5, 4 and 3; node 3 is needed twice and computed once"},
		{6, 1, "nodes 3, 4 and 5 stand before it and are distractors"},
	} {
		if got := countOps(g, c.asked); got != c.want {
			t.Errorf("✗ node %d has op %d, expected %d: %s", c.asked, got, c.want, c.why)
			return
		}
	}
}

func TestCountOps(t *testing.T) { checkCountOps(t, countOps) }

func checkTell(t lesson.T, tell func(g graph, c context, order []int) string) {
	defer lesson.Done(t, "both contexts, all operators, the order asked for")
	g := graph{{value: 4}, {value: 7}, {op: '+', left: 1, right: 0, value: 1}, {op: '-', left: 2, right: 0, value: 7}, {op: '*', left: 3, right: 1, value: 9}}
	want := "a2 = a1 + a0 ; a0 = 4 ; a4 = a3 * a1 ; a1 = 7 ; a3 = a2 - a0 ; ? a4"
	got := tell(g, terse, []int{2, 0, 4, 1, 3})
	switch {
	case got == want:
	case strings.Contains(got, "%!"):
		t.Errorf("✗ a form was filled with too few or too many texts: %s", got)
	case !strings.HasSuffix(got, "? a4"):
		t.Errorf("✗ the text ends in %q: expected the question about the last node, ? a4", got[max(0, len(got)-6):])
	default:
		t.Errorf("✗ the text is\n    %s\n  expected\n    %s", got, want)
	}
	want = "The number of tigers is 7. The number of lions is 4. The number of bears is tigers plus lions. How many bears are there?"
	if got := tell(g[:3], zoo, []int{1, 0, 2}); got != want && !t.Failed() {
		t.Errorf("✗ the text is\n    %s\n  expected\n    %s", got, want)
	}
}

func TestTell(t *testing.T) { checkTell(t, tell) }

func checkFingerprint(t lesson.T, fingerprint func(g graph, asked int) string) {
	defer lesson.Done(t, "the same for all tellings of a problem, another one for another problem")
	leaf := func(v int) node { return node{value: v} }
	op := func(o byte, l, r int) node { return node{op: o, left: l, right: r} }
	if got := fingerprint(graph{leaf(7), leaf(3), op('+', 0, 1)}, 2); got == "43(3,7)" || got == "43(7,3)" {
		t.Errorf("✗ 7 + 3 has the fingerprint %q: the operator came out as its number, %s in Sprintf shows it as a character", got, "%c")
		return
	} else if got != "+(3,7)" {
		t.Errorf("✗ 7 + 3 has the fingerprint %q, expected %q: sides of + in order of their texts", got, "+(3,7)")
		return
	}
	same := []graph{
		{leaf(7), leaf(3), leaf(5), op('+', 0, 1), op('*', 3, 2)},
		{leaf(5), leaf(3), leaf(7), op('+', 1, 2), op('*', 0, 3)},
		{leaf(9), leaf(7), leaf(5), leaf(3), op('+', 1, 3), op('*', 4, 2)}, // with a distractor
	}
	for _, g := range same[1:] {
		if a, b := fingerprint(same[0], 4), fingerprint(g, len(g)-1); a != b {
			t.Errorf("✗ two tellings of (7 + 3) · 5 have the fingerprints %s and %s", a, b)
		}
	}
	sum := func(l, r int) graph { return graph{leaf(3), leaf(1), leaf(2), {'+', 1, 2, 3}, {'+', l, r, 6}} }
	if a, b := fingerprint(sum(3, 0), 4), fingerprint(sum(0, 3), 4); a != b {
		t.Errorf("✗ two tellings of 3 + (1 + 2) have the fingerprints %s and %s: the smaller text comes first, not the smaller value", a, b)
	}
	if a, b := fingerprint(graph{leaf(7), leaf(3), op('-', 0, 1)}, 2), fingerprint(graph{leaf(7), leaf(3), op('-', 1, 0)}, 2); a == b {
		t.Errorf("✗ 7 − 3 and 3 − 7 have the same fingerprint %s: the order matters for -", a)
	}
	if a, b := fingerprint(graph{leaf(2), leaf(4), op('+', 0, 1)}, 2), fingerprint(graph{leaf(3), leaf(3), op('+', 0, 1)}, 2); a == b {
		t.Errorf("✗ 2 + 4 and 3 + 3 have the same fingerprint %s: equal values are not equal problems", a)
	}
}

func TestFingerprint(t *testing.T) { checkFingerprint(t, fingerprint) }

func checkIsTest(t lesson.T, isTest func(print string) bool) {
	defer lesson.Done(t, "one in ten, and always the same")
	tests := 0
	for i := range 5000 {
		print := fmt.Sprintf("+(%d,%d)", i, i*i)
		if first, second := isTest(print), isTest(print); first != second {
			t.Fatalf("✗ the same fingerprint is once a test and once not: use random.Key, not a stream or the time")
		}
		if isTest(print) {
			tests++
		}
	}
	if share := float64(tests) / 5000; share < 0.08 || share > 0.12 {
		t.Errorf("✗ %.1f %% of the problems are tests, expected about 10 %%", 100*share)
	}
}

func TestIsTest(t *testing.T) { checkIsTest(t, isTest) }

// What follows is not in the notebooks.

func TestCellsRun(t *testing.T) {
	for _, cell := range []func(){RunTell, RunLeak, RunSplits} {
		cell()
	}
}

func drawTooFar(s *random.Stream, leaves, operations int) graph {
	g := draw(s, leaves, operations)
	g[leaves+operations].left = 0
	return g
}

func TestPlausibleMistakesAreTold(t *testing.T) {
	withParents := func(parents func(k int) (l, r int)) func(*random.Stream, int, int) graph {
		return func(s *random.Stream, leaves, operations int) graph {
			g := draw(s, leaves, operations)
			for k := leaves; k < len(g); k++ {
				g[k].left, g[k].right = parents(k)
			}
			return g
		}
	}
	sorted := func(g graph, asked int) string {
		text := strings.Split(fingerprint(g, asked), "")
		slices.Sort(text)
		return strings.Join(text, "")
	}
	for _, wrong := range []struct {
		name, told string
		check      func(lesson.T)
	}{
		{"both parents the same", "two different ones", func(t lesson.T) { checkDraw(t, withParents(func(k int) (int, int) { return k - 1, k - 1 })) }},
		{"a parent behind its child", "a node before it", func(t lesson.T) { checkDraw(t, withParents(func(k int) (int, int) { return k - 1, k })) }},
		{"no value", "have you called compute", func(t lesson.T) {
			checkDraw(t, func(s *random.Stream, leaves, operations int) graph {
				g := draw(s, leaves, operations)
				for k := leaves; k < len(g); k++ {
					g[k].value = 0
				}
				return g
			})
		}},
		{"the same graph each time", "different graphs", func(t lesson.T) {
			checkDraw(t, func(_ *random.Stream, leaves, operations int) graph {
				return draw(random.New(1, ""), leaves, operations)
			})
		}},
		{"all operations counted", "distractors", func(t lesson.T) {
			checkCountOps(t, func(g graph, asked int) (n int) {
				for _, x := range g[:asked+1] {
					if x.op != 0 {
						n++
					}
				}
				return n
			})
		}},
		{"counted as often as needed", "computed once", func(t lesson.T) {
			var count func(g graph, asked int) int
			count = func(g graph, asked int) int {
				if g[asked].op == 0 {
					return 0
				}
				return 1 + count(g, g[asked].left) + count(g, g[asked].right)
			}
			checkCountOps(t, count)
		}},
		{"order ignored", "expected", func(t lesson.T) {
			checkTell(t, func(g graph, c context, order []int) string {
				order = slices.Clone(order)
				slices.Sort(order)
				return tell(g, c, order)
			})
		}},
		{"question forgotten", "the question about the last node", func(t lesson.T) {
			checkTell(t, func(g graph, c context, order []int) string {
				text, _, _ := strings.Cut(tell(g, c, order), "?")
				return text
			})
		}},
		{"sides not sorted", "sides of +", func(t lesson.T) {
			checkFingerprint(t, func(g graph, asked int) string {
				return strings.Replace(fingerprint(g, asked), "+(3,7)", "+(7,3)", 1)
			})
		}},
		{"operator as a number", "as a character", func(t lesson.T) {
			checkFingerprint(t, func(g graph, asked int) string {
				return strings.NewReplacer("+", "43", "-", "45", "*", "42").Replace(fingerprint(g, asked))
			})
		}},
		{"sides sorted by value", "the smaller text comes first", func(t lesson.T) {
			var byValue func(g graph, asked int) string
			byValue = func(g graph, asked int) string {
				n := g[asked]
				if n.op == 0 {
					return fmt.Sprint(n.value)
				}
				if n.op != '-' && g[n.right].value < g[n.left].value {
					n.left, n.right = n.right, n.left
				}
				return fmt.Sprintf("%c(%s,%s)", n.op, byValue(g, n.left), byValue(g, n.right))
			}
			checkFingerprint(t, byValue)
		}},
		{"a position too far", "in drawTooFar, in the line: g[leaves+operations].left = 0", func(t lesson.T) { checkDraw(t, drawTooFar) }},
		{"by value", "expected", func(t lesson.T) {
			checkFingerprint(t, func(g graph, asked int) string { return fmt.Sprint(g[asked].value) })
		}},
		{"a bag of signs", "expected", func(t lesson.T) { checkFingerprint(t, sorted) }},
		{"half of all", "about 10 %", func(t lesson.T) { checkIsTest(t, func(p string) bool { return random.Key(1, p)%2 == 0 }) }},
	} {
		passed, said := lesson.Run(wrong.check)
		if passed || !strings.Contains(said, wrong.told) {
			t.Errorf("%s: passed %t, expected to be told %q, was told:\n%s", wrong.name, passed, wrong.told, said)
		}
	}
}
