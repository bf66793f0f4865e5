// Package graphs is lesson 1 of the course: problems as graphs.
package graphs

import (
	"fmt"
	"slices"
	"strings"

	"interplay/kernelkit"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/random"
)

/*md
# Lesson 1 · Problems are graphs

*How do you make a test of reasoning that nobody can have seen before, of any difficulty, with an answer that is certainly right?*

| | |
|---|---|
| **You need** | Python, or another language; school arithmetic. No Go, no machine learning |
| **Time** | an hour with the exercises; the notebook runs in a minute |
| **You write** | a generator of problems, their difficulty, two ways of telling them, a split that does not leak |

The idea of the whole laboratory: a problem is a **graph** first, and words later. Each box of the graph is a quantity; arrows say what it is computed from. A program draws the graph, so it knows every intermediate value, and no text of the internet contains the problem.

Run the cells from the top, one after the other (Shift+Enter). An exercise is a function that panics until you write it: replace the line with `panic`, run the cell, then run the check below it. What begins with ✗ says what differs and where to look. Hints unfold on a click.
*/

/*md
## 0 · Go for people who know Python

Enough to read and write this course.

| Python | Go |
|---|---|
| `x = 3` (new) and `x = 4` | `x := 3` and `x = 4` |
| `def f(a, b): return a + b` | `func f(a, b int) int { return a + b }` |
| `def f(): return 3, True` and `a, ok = f()` | `func f() (int, bool) { return 3, true }` and `a, ok := f()` |
| `[1, 2, 3]`, `a.append(4)`, `len(a)` | `[]int{1, 2, 3}`, `a = append(a, 4)`, `len(a)` |
| `[]`, `[False] * n`, `a[1:3]`, `a[-1]` | `var a []int`, `make([]bool, n)`, `a[1:3]`, `a[len(a)-1]` |
| `{"a": 1}`, `d.get("a")`, `"a" in d` | `map[string]int{"a": 1}`, `d["a"]` (0 where missing), `_, ok := d["a"]` |
| `d = {}`, `d["a"] = 1`, `for k, v in d.items():` | `d := map[string]int{}`, `d["a"] = 1`, `for k, v := range d {` |
| `for x in a:` / `for i in range(n):` | `for _, x := range a {` / `for i := range n {` |
| `for i, x in enumerate(a):` | `for i, x := range a {` |
| `while x > 0:` | `for x > 0 {` |
| `if a and not b:` … `elif` … `else` | `if a && !b {` … `} else if b {` … `} else {` |
| `True`, `None`, `7 // 2`, `7 / 2` | `true`, `nil`, `7 / 2`, `7.0 / 2` |
| `float(n)`, `int(x)`, `str(n)` | `float64(n)`, `int(x)`, `fmt.Sprint(n)` |
| `class P: x: int` and `P(x=1)` | `type P struct{ x int }` and `P{x: 1}` |
| `def m(self):` | `func (p P) m() {` |
| `print(x)`, `print(a, b)` | `fmt.Println(x)`, `fmt.Println(a, b)` |
| `f"{x} is {y:.2f}"` | `fmt.Sprintf("%v is %.2f", x, y)` |
| `" ".join(words)`, `s.split(" ")`, `s + t` | `strings.Join(words, " ")`, `strings.Split(s, " ")`, `s + t` |
| `lambda x: x + 1` | `func(x int) int { return x + 1 }` |
| `raise ValueError("…")` | `panic("…")` here; real programs return an `error` |

Types stand behind names. Blocks have braces; the editor indents. `:=` makes a new variable, `=` changes one. Nothing but `true` and `false` can stand behind `if`. Text stands in `"…"`; `'+'` is one character, which is a number (`byte`), and `%c` in `Sprintf` shows it as a character again. A cell with functions only *declares* them; lines below `%%` are what *runs*. Each cell runs as a program of its own: functions carry over to later cells, the values of variables do not.

Go looks at the whole cell before it runs it. What it says most often to who comes from Python:

| it says | do this |
|---|---|
| `declared and not used: x` | use x, or remove it (`for range n` needs no i): a variable that nobody reads is an error. In a block of its own: you meant `=`, not `:=` |
| `mismatched types int and float64` | numbers do not change their type by themselves: `float64(n)` |
| `cannot use x (variable of type float64) as int value` | the same: `int(x)` |
| `missing return` | some way through the function ends without a `return` |
| `non-boolean condition in if statement` | write the comparison: `x != 0`, `len(a) > 0` |
| `undefined: x` | a misspelt name, a cell above that was not run or ended in an error, or a word of Python's |
| `expected …, found …`, `syntax error` | often a missing `{`, or a `:` that belongs to Python |
| `illegal rune literal` | text stands in `"…"`, not in `'…'` |
| `index out of range` | as in Python; but no index may be negative |
| `assignment to entry in nil map` | `var d map[string]int` has no room yet: `d := map[string]int{}` |

To try something out, add a cell (the key B) such as

    %%
    fmt.Println(7 / 2, -7 % 10)

A check judges the last version of your function that Go accepted: where a cell ends in an error, mend that first. Of what a check prints, what begins with ✗, ✓ or ✎ is for you; `main_test.go:46` is a place in the check, and `exit status 1` says no more than that it failed.
*/

/*md
## 1 · A graph

A **node** is a quantity. A **leaf** has a number. Another node is computed from two earlier ones, its **parents**, by `+`, `-` or `*`. To keep numbers small all arithmetic is modulo 10: only the last digit counts, and −3 counts as 7.
*/

// node is a quantity: a leaf (op is 0) or the result of an operation.
type node struct {
	op    byte // 0, '+', '-' or '*'
	left  int  // the parents, as positions in the graph; they come before the node
	right int
	value int // 0 to 9
}

// graph is a list of nodes, parents first. The last one is what is asked for.
type graph []node

// compute is the result of an operation, modulo 10.
func compute(op byte, a, b int) int {
	switch op {
	case '+':
		return (a + b) % 10
	case '-':
		return (a - b + 10) % 10
	}
	return a * b % 10
}

/*md
**Exercise 1.1** Write `draw`: a graph with a given number of leaves and, behind them, of operations. `stream.IntN(n)` gives a random number from 0 to n − 1. A leaf gets a value from 0 to 9. An operation gets a random operator, and two *different* parents among the nodes before it. So that the last node needs a long way, the left parent of every operation is the node just before it. To look at one graph of yours, add a cell with `%%` and `fmt.Println(draw(random.New(1, "mine"), 2, 2))`.

<details><summary>Hint</summary>`g = append(g, node{value: stream.IntN(10)})` adds a leaf. For the operator: `"+-*"[stream.IntN(3)]`, one character of a text. For a right parent that differs from the left one, draw among the nodes before the left one: `stream.IntN(len(g) - 1)`.</details>
*/

// draw makes a random graph.
func draw(stream *random.Stream, leaves, operations int) graph {
	// BEGIN SOLUTION
	var g graph
	for range leaves {
		g = append(g, node{value: stream.IntN(10)})
	}
	for range operations {
		n := node{op: "+-*"[stream.IntN(3)], left: len(g) - 1, right: stream.IntN(len(g) - 1)}
		n.value = compute(n.op, g[n.left].value, g[n.right].value)
		g = append(g, n)
	}
	return g
	// END SOLUTION
}

//check TestDraw checkDraw

/*md
## 2 · How hard is it?

The difficulty of a problem is the number of **operations** that lead to what is asked, its **op**. Not every node counts: what the answer does not need is a **distractor**, there to be ignored.

**Exercise 1.2** Write `countOps`: the number of operations that node `asked` needs, itself included. A node that is needed twice is computed once.

<details><summary>Hint</summary>Mark what is needed, in a list `make([]bool, len(g))`: first `asked`; then go through the nodes from the last to the first, and mark the parents of each marked operation. Parents come before their children, so one pass is enough.</details>
*/

// countOps is the number of operations on the way to a node.
func countOps(g graph, asked int) int {
	// BEGIN SOLUTION
	needed := make([]bool, len(g))
	needed[asked] = true
	count := 0
	for i := asked; i >= 0; i-- {
		if needed[i] && g[i].op != 0 {
			needed[g[i].left], needed[g[i].right] = true, true
			count++
		}
	}
	return count
	// END SOLUTION
}

//check TestCountOps checkCountOps

/*md
## 3 · Words are a coat of paint

The same graph can be told in many ways. A **context** gives each node a name and each operation its words; the structure stays. Here are two.
*/

// context is a way of telling a graph.
type context struct {
	names           []string // of the nodes, in order
	is, plus, minus string
	times           string
	ask             string // with %s for the name
}

var zoo = context{
	names: []string{"lions", "tigers", "bears", "owls", "frogs", "snakes", "camels", "seals", "wolves", "apes"},
	is:    "The number of %s is %s.", plus: "%s plus %s", minus: "%s minus %s", times: "%s times %s", ask: "How many %s are there?",
}

var terse = context{
	names: []string{"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"},
	is:    "%s = %s ;", plus: "%s + %s", minus: "%s - %s", times: "%s * %s", ask: "? %s",
}

/*md
**Exercise 1.3** Write `tell`: one sentence a node (a leaf *is* its value, another node *is* its formula in the names of its parents), in the order given by `order`, joined by blanks, and the question about the last node at the end.

<details><summary>Hint</summary>`fmt.Sprintf(c.is, name, what)` fills the two `%s` of a sentence. `what` is `fmt.Sprint(value)` for a leaf, and for an operation one of `c.plus`, `c.minus`, `c.times` filled with the names of the parents.</details>
*/

// tell is the text of a graph in a context. order lists the nodes as the sentences come.
func tell(g graph, c context, order []int) string {
	// BEGIN SOLUTION
	var sentences []string
	for _, i := range order {
		n := g[i]
		what := fmt.Sprint(n.value)
		if n.op != 0 {
			form := map[byte]string{'+': c.plus, '-': c.minus, '*': c.times}[n.op]
			what = fmt.Sprintf(form, c.names[n.left], c.names[n.right])
		}
		sentences = append(sentences, fmt.Sprintf(c.is, c.names[i], what))
	}
	return strings.Join(append(sentences, fmt.Sprintf(c.ask, c.names[len(g)-1])), " ")
	// END SOLUTION
}

//check TestTell checkTell

func RunTell() {
	defer lesson.Unfinished()
	g := draw(random.New(1, "lesson 1", 4), 3, 3)
	order := random.New(1, "order").Perm(len(g))
	kernelkit.Text("A graph of 3 operations, as a zoo", tell(g, zoo, order))
	kernelkit.Text("The same graph, tersely", tell(g, terse, order))
}

/*md
## 4 · A split that does not leak

A model is tested on problems that it was not trained on. If a test problem was in the training data, the model may remember it, and the test says nothing: it **leaks**.

The careless way: draw many texts, shuffle them, keep a tenth for the test. But two *texts* may be one *problem*: other names, other order of sentences, `a + b` for `b + a`. What must differ is the graph.

So give each graph a **fingerprint** that all its tellings share, and let the fingerprint decide. No list of what was drawn is needed, and shard 7 of a corpus can be made on another machine.

**Exercise 1.4** Write `fingerprint`: a text that describes the node `asked` by what it is computed from, all the way down. A leaf is its value, `7`. An operation is its operator and both sides in brackets, `+(3,7)`. For `+` and `*` the order of the sides means nothing: put the smaller text first. For `-` it means a lot.

<details><summary>Hint</summary>Let the function call itself for both parents. Texts compare with `<`. `fmt.Sprintf("%c(%s,%s)", …)` writes an operator and two texts.</details>
*/

// fingerprint describes what a node is computed from, whatever the nodes are called and in
// whatever order they stand.
func fingerprint(g graph, asked int) string {
	// BEGIN SOLUTION
	n := g[asked]
	if n.op == 0 {
		return fmt.Sprint(n.value)
	}
	first, second := fingerprint(g, n.left), fingerprint(g, n.right)
	if n.op != '-' && second < first {
		first, second = second, first
	}
	return fmt.Sprintf("%c(%s,%s)", n.op, first, second)
	// END SOLUTION
}

//check TestFingerprint checkFingerprint

/*md
**Exercise 1.5** Write `isTest`: whether a problem belongs to the test. About one in ten should, it depends on the fingerprint alone, and it is the same on every machine. `random.Key(1, text)` turns a text into a number (`uint64`) that looks random and never changes.

<details><summary>Hint</summary>The remainder `key % 10` is 0 for one in ten.</details>
*/

// isTest tells whether a problem with this fingerprint belongs to the test.
func isTest(print string) bool {
	// BEGIN SOLUTION
	return random.Key(1, print)%10 == 0
	// END SOLUTION
}

//check TestIsTest checkIsTest

/*md
How much does the careless way leak? Draw 5,000 problems of two leaves and two operations, split them both ways, and count the test problems whose graph is also in the training data.
*/

func RunLeak() {
	defer lesson.Unfinished()
	type drawn struct{ text, print string }
	var all []drawn
	for i := range uint64(5000) {
		s := random.New(1, "leak", i)
		g := draw(s, 2, 2)
		all = append(all, drawn{tell(g, terse, s.Perm(len(g))), fingerprint(g, len(g)-1)})
	}
	leaks := func(test func(i int, d drawn) bool) float64 {
		trained, tests, leaked := map[string]bool{}, 0, 0
		for i, d := range all {
			if !test(i, d) {
				trained[d.print] = true
			}
		}
		for i, d := range all {
			if test(i, d) {
				tests++
				if trained[d.print] {
					leaked++
				}
			}
		}
		return float64(leaked) / float64(tests)
	}
	seen := map[string]bool{}
	var first []bool // the first time that a text comes
	for _, d := range all {
		first = append(first, !seen[d.text])
		seen[d.text] = true
	}
	table := kernelkit.Table{Title: "Test problems whose graph was trained on", Columns: []string{"split", "share"}}
	table.Add("every tenth text", leaks(func(i int, _ drawn) bool { return i%10 == 0 }))
	table.Add("every tenth text, equal texts taken out", leaks(func(i int, _ drawn) bool { return i%10 == 0 && first[i] }))
	table.Add("by fingerprint", leaks(func(_ int, d drawn) bool { return isTest(d.print) }))
	table.Show()
}

/*md
Taking equal texts out helps little: the leak is in the graphs.

## 5 · The laboratory's problems

The laboratory does the same with larger graphs, and in the paper's words. Here is one of its problems: the picture first, then the text.

Its op is counted as in the paper, not as in exercise 1.2: a quantity counts as much as it is computed from. A number or a copy is 1, a sum or a difference of two is 2.
*/

func RunLaboratory() {
	lab := kernelkit.Open("01_graphs", "smoke", 1)
	problem := lab.Problem("zoo", 6, 0)
	problem.Picture().Show()
	problem.Show()
}

/*md
And its split goes by the hash of the graph too: none of 2,000 test graphs is a training graph.
*/

func RunSplits() {
	spec := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 4}, "A")
	var wrong []uint64
	source, err := gsm.NewSource(spec, gsm.Test, 1)
	if err != nil {
		panic(err)
	}
	for i := range uint64(2000) {
		if gsm.SplitOf(source.At(i).Graph) != gsm.Test {
			wrong = append(wrong, i)
		}
	}
	slices.Sort(wrong)
	kernelkit.Text("Test problems whose graph belongs to another split", fmt.Sprintf("%d of 2,000", len(wrong)))
}

/*md
## What you have now

A source of problems of any difficulty, with known answers, told in any words, and split so that nothing leaks. Lesson 2 reads solutions, and says for each step whether it is right.

**Words of this lesson.** *Graph*: quantities, and what each is computed from. *Node*: one quantity of a graph. *Leaf*: a quantity that is given. *Parent*: what a quantity is computed from. *op*: the number of operations that lead to the answer. *Distractor*: a quantity that the answer does not need. *Context*: the words in which a graph is told. *Fingerprint*: what all tellings of a problem share. *Leak*: a test problem that was trained on.
*/
