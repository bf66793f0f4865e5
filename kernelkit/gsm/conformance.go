package gsm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"interplay/kernelkit/strict"
)

// Conformity is what the comparison of one record of the authors' generator with
// this package found.
type Conformity struct {
	ID string

	// Lost names the quantities whose statement the record's text lacks, a defect
	// of the authors' reverse mode that is predicted from the graph (docs/generator.md,
	// "Faults of the authors' generator that are not copied"). The record conforms when it is lost there as predicted.
	Lost []string

	// Missing names those of them without which the text does not give the answer,
	// in a record that is unsolvable for a reader.
	Missing []string

	Differences []string // empty: the record conforms
}

// Conformance checks a corpus of problems made by the authors' generator
// (problems_d2.jsonl, problems_d3.jsonl): total records, how many conform, and a
// line "id: difference" for each difference. err is an unreadable file or record.
//
// For each record it rebuilds the graph from the field gen and checks that
//   - the solution, written anew with the record's letters, is equal byte by byte;
//   - the sentences of the problem are equal as a multiset, but for statements lost
//     as predicted, and the record names those;
//   - op, values, answer, question, training text and hashes are equal;
//   - SolveText, which sees the text only, finds the answer where the record says
//     that it can be found; elsewhere the missing relation is named, and the answer
//     found once the lost statements are put back.
func Conformance(file string) (passed, total int, problems []string, err error) {
	records, err := ConformProblems(file)
	for _, r := range records {
		if len(r.Differences) == 0 {
			passed++
		}
		for _, d := range r.Differences {
			problems = append(problems, r.ID+": "+d)
		}
	}
	return passed, len(records), problems, err
}

// ConformProblems is Conformance record by record.
func ConformProblems(file string) ([]Conformity, error) {
	var found []Conformity
	err := readRecords(file, func(r *record) error {
		found = append(found, r.conform())
		return nil
	})
	return found, err
}

// record is a line of a problem corpus; see the corpora's README.
type record struct {
	ID       string `json:"id"`
	Op       int    `json:"op"`
	Template string `json:"template"`
	Mode     Mode   `json:"mode"`
	Layers   int    `json:"d"`

	Problem  string `json:"problem"`
	Question string `json:"question"`
	Solution string `json:"solution"`
	Answer   string `json:"answer"`

	SHA256     string `json:"sha256"`
	TextSHA256 string `json:"text_sha256"`

	Gen struct {
		Topo  []recordNode `json:"topo"`
		Noise []recordNode `json:"noise"`
	} `json:"gen"`

	TextSolvable   bool     `json:"text_solvable"`
	LostStatements []string `json:"lost_statements"`
}

// recordNode is a parameter of the authors' graph.
type recordNode struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`    // instance, abstract, alias
	Parents  []string `json:"parents"` // "RNG", or I:, A:, S: and a name
	Value    *int64   `json:"value"`
	Variable string   `json:"variable"`
	PairOp   string   `json:"pair_op"`
	RNGConst int64    `json:"rng_const"`
	RNGOp    string   `json:"rng_op"`
	Expr     string   `json:"expr"`
}

// readRecords calls use for each line of a JSONL file.
func readRecords(file string, use func(*record) error) error {
	return strict.File(file, func(_ int, line []byte) error {
		r := new(record)
		if err := json.Unmarshal(line, r); err != nil {
			return fmt.Errorf("no record of a problem corpus: %w", strict.Plain(err))
		}
		if len(r.Gen.Topo) == 0 {
			return fmt.Errorf("%s: the field gen.topo is missing: expected the generator's own graph", r.ID)
		}
		return use(r)
	})
}

// conform compares a record with what this package makes of its graph.
func (r *record) conform() Conformity {
	c := Conformity{ID: r.ID}
	differ := func(format string, args ...any) {
		c.Differences = append(c.Differences, fmt.Sprintf(format, args...))
	}
	g, names, err := r.graph()
	if err != nil {
		differ("the field gen: %v", err)
		return c
	}
	if got := g.Op(); got != r.Op {
		differ("op is %d, recorded %d", got, r.Op)
	}
	for _, d := range r.compareValues(g, names) {
		differ("%s", d)
	}
	if got := strconv.FormatInt(g.Nodes[g.Question].Value, 10); got != r.Answer {
		differ("the answer is %s, recorded %q", got, r.Answer)
	}
	if got := questionFor(names[g.Question]); got != r.Question {
		differ("the question is %q, recorded %q", got, r.Question)
	}
	if got, err := r.solution(g, names); err != nil {
		differ("the solution: %v", err)
	} else if got != r.Solution {
		differ("the solution differs: %s", firstDifference(got, r.Solution))
	}
	list := wordsOf(names)
	expected, lost := r.statements(g, list)
	c.Lost = lost
	for _, d := range compareMultisets(expected, sentences(r.Problem)) {
		differ("sentence %s", d)
	}
	// The records list quantities without any sentence; the last node keeps its value's.
	silent := slices.DeleteFunc(slices.Clone(lost), func(name string) bool { return name == names[g.Path-1] })
	for _, d := range compareMultisets(silent, r.LostStatements) {
		differ("lost statement %s", d)
	}
	for _, d := range r.compareHashes(g) {
		differ("%s", d)
	}
	missing, difference := r.compareSolver(g, list, lost)
	if c.Missing = missing; difference != "" {
		differ("%s", difference)
	}
	return c
}

// graph rebuilds the graph of a record. Distractors of the authors may be
// circular and have no values, so it holds for the path only; totals that only
// distractors use are bare names.
func (r *record) graph() (*Graph, []string, error) {
	b := recordGraph{index: map[string]int{}}
	b.g = &Graph{Family: Realistic, Mode: r.Mode, Layers: r.Layers}
	var nodes []recordNode
	for _, n := range r.Gen.Topo {
		if n.Kind != "alias" {
			nodes = append(nodes, n)
		}
	}
	if b.g.Path = len(nodes); b.g.Path == 0 {
		return nil, nil, fmt.Errorf("the path has no node")
	}
	for _, n := range r.Gen.Noise {
		if n.Kind == "instance" {
			nodes = append(nodes, n)
		}
	}
	for i, n := range nodes {
		if b.add(n.Name) != i {
			return nil, nil, fmt.Errorf("the record has two nodes of the name %.80q", n.Name)
		}
	}
	for i, n := range nodes {
		if err := b.define(i, n); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	for i := range b.g.Path {
		for _, p := range b.g.Nodes[i].Parents {
			if p >= i {
				return nil, nil, fmt.Errorf("%s stands before its parent %s", b.names[i], b.names[p])
			}
		}
		if !b.g.evalNode(i) {
			return nil, nil, fmt.Errorf("the value of %s overflows", b.names[i])
		}
	}
	b.g.Question = b.g.Path - 1
	if r.Mode == Reverse {
		for b.g.Nodes[b.g.Question].Inner != None {
			if b.g.Question--; b.g.Question < 0 {
				return nil, nil, fmt.Errorf("there is no leaf to be the unknown")
			}
		}
	}
	return b.g, b.names, nil
}

type recordGraph struct {
	g     *Graph
	names []string
	index map[string]int // of a name
}

// add appends a node without definition and returns its index.
func (b *recordGraph) add(name string) int {
	if i, found := b.index[name]; found {
		return i
	}
	n := Node{}
	switch {
	case isAverage(name):
		n.Kind = Average
	case isTotal(name):
		n.Kind, n.Item = Total, -1
	}
	i := len(b.names)
	b.index[name] = i
	b.names = append(b.names, name)
	b.g.Nodes = append(b.g.Nodes, n)
	return i
}

// define fills node i from its record.
func (b *recordGraph) define(i int, r recordNode) error {
	n := Node{Kind: b.g.Nodes[i].Kind, Item: b.g.Nodes[i].Item}
	withConst := false
	products := false
	for _, p := range r.Parents {
		kind, name, found := strings.Cut(p, ":")
		switch {
		case p == "RNG":
			withConst = true
			continue
		case !found || !strings.Contains("IAS", kind):
			return fmt.Errorf("parent %q: expected RNG, I:, A: or S: and a name", p)
		}
		products = products || kind == "S"
		n.Parents = append(n.Parents, b.add(name))
	}
	switch {
	case n.Kind == Total && products:
		n.Kind, n.Inner = Total2, SumProducts
		if err := b.pair(&n); err != nil {
			return err
		}
	case len(n.Parents) == 0:
		if r.Value == nil {
			return fmt.Errorf("a constant has no value")
		}
		n.Const = *r.Value
	case len(n.Parents) == 2 && r.PairOp == "-":
		n.Inner = Difference
	default:
		n.Inner = Sum
	}
	if withConst && len(n.Parents) > 0 {
		n.Const, n.Outer = r.RNGConst, Plus
		if r.RNGOp == "*" {
			n.Outer = Times
		}
	}
	b.g.Nodes[i] = n
	return nil
}

// pair puts the parents of a layer-2 total in the order item, average, item, …
// in which its solution names them.
func (b *recordGraph) pair(n *Node) error {
	var paired []int
	for _, p := range n.Parents {
		if b.g.Nodes[p].Kind != Instance {
			continue
		}
		paired = append(paired, p)
		for _, a := range n.Parents {
			if strings.HasSuffix(b.names[a], " per "+b.names[p]) {
				paired = append(paired, a)
			}
		}
	}
	if len(paired) != len(n.Parents) || len(paired)%2 == 1 {
		return fmt.Errorf("its parents are no pairs of an item and its average")
	}
	n.Parents = paired
	return nil
}

// compareValues compares values and, in reverse mode, expressions of the path.
func (r *record) compareValues(g *Graph, names []string) (differences []string) {
	values := make([]linear, 0, g.Path)
	i := 0
	for _, n := range r.Gen.Topo {
		if n.Kind == "alias" {
			continue
		}
		if n.Value == nil || *n.Value != g.Nodes[i].Value {
			differences = append(differences, fmt.Sprintf("the value of %s is %d, recorded otherwise", names[i], g.Nodes[i].Value))
		}
		v, ok := linear{a: 1}, true
		if g.Mode == Forward || i != g.Question {
			v, ok = g.evalLinear(i, values)
		}
		if expr := string(appendLinear(nil, v)); n.Expr != "" && (!ok || expr != n.Expr) {
			differences = append(differences, fmt.Sprintf("%s is %s, recorded %q", names[i], expr, n.Expr))
		}
		values = append(values, v)
		i++
	}
	return differences
}

// solution writes the solution anew, in the letters of the record.
func (r *record) solution(g *Graph, names []string) (string, error) {
	letters, err := lettersOf(g, names, r.Solution)
	if err != nil {
		return "", err
	}
	w := solutionWriter{g: g, steps: pathSteps(nil, g), names: names, letters: letters, bareTotals: true}
	if err := w.write(); err != nil {
		return "", err
	}
	return string(w.text), nil
}

// lettersOf reads the letters of a solution in the order of drawing: those of a
// step's intermediates, then its own.
func lettersOf(g *Graph, names []string, solution string) ([]byte, error) {
	var letters []byte
	for i := range g.Nodes[:g.Path] {
		header := "Define " + names[i] + " as "
		at := strings.Index(solution, header)
		if at < 0 {
			return nil, fmt.Errorf("there is no step %q", header)
		}
		step := solution[at+len(header):]
		if g.Mode == Reverse && i == g.Question {
			continue
		}
		step, _, _ = strings.Cut(step, ". ")
		parts := strings.Split(step, "; ")
		if len(parts) != g.Nodes[i].links()+1 {
			return nil, fmt.Errorf("the step of %s has %d equations, expected %d", names[i], len(parts)-1, g.Nodes[i].links())
		}
		for _, link := range parts[1:] {
			link = strings.TrimPrefix(link, "so ")
			if len(link) == 0 {
				return nil, fmt.Errorf("the step of %s has an empty equation", names[i])
			}
			letters = append(letters, link[0])
		}
	}
	return letters, nil
}

// wordsOf forms how statements refer to names.
func wordsOf(names []string) []*words {
	list := make([]*words, len(names))
	for i, name := range names {
		ref := "the number of " + name
		if isAverage(name) || isTotal(name) {
			ref = "the " + name
		}
		list[i] = &words{name: name, ref: ref}
	}
	return list
}

// statements writes every sentence that the text of a record must have. A
// statement of three or more parents whose last but one is the unknown itself is
// lost: the authors' code writes the unknown's sentence again instead.
func (r *record) statements(g *Graph, list []*words) (expected, lost []string) {
	parents := map[string][]string{}
	for _, n := range slices.Concat(r.Gen.Topo, r.Gen.Noise) {
		if n.Kind == "instance" {
			parents[n.Name] = slices.DeleteFunc(slices.Clone(n.Parents), func(p string) bool { return p == "RNG" })
		}
	}
	for i := range g.Nodes {
		if !g.Nodes[i].Stated() {
			continue
		}
		write := i
		if p := parents[list[i].name]; g.Mode == Reverse && len(p) > 2 && p[len(p)-2] == "I:"+list[g.Question].name {
			lost = append(lost, list[i].name)
			write = g.Question
		}
		expected = append(expected, string(appendStatement(nil, g, list, write)))
	}
	if g.Mode == Reverse {
		expected = append(expected, string(appendGivenValue(nil, g, list)))
	}
	return expected, lost
}

// questionFor writes the question about a name (docs/generator.md, "Sentences").
func questionFor(name string) string {
	if isAverage(name) || isTotal(name) {
		return "What is the " + name + "?"
	}
	item, place, _ := cutLast(name, " in ")
	return "How many " + item + " does " + place + " have?"
}

// compareHashes checks the hashes of the record: the authors' duplicate key
// and the training text without [EOS] (docs/generator.md, "Texts").
func (r *record) compareHashes(g *Graph) (differences []string) {
	p := Problem{Problem: r.Problem, Question: r.Question, Solution: r.Solution, Answer: r.Answer, Graph: g}
	const field = "\n--FIELD--\n"
	for _, h := range []struct{ what, text, recorded string }{
		{"sha256", r.Problem + field + r.Question + field + r.Solution, r.SHA256},
		{"text_sha256", p.Training(), r.TextSHA256},
	} {
		sum := sha256.Sum256([]byte(h.text))
		if h.recorded != "" && hex.EncodeToString(sum[:]) != h.recorded {
			differences = append(differences, h.what+" differs")
		}
	}
	return differences
}

// compareSolver lets SolveText answer the record. Where the record says that the
// text does not give the answer, it names the missing relations: those that
// SolveText asked for, and those lost from the path that a reader cannot even ask
// for, because the text no longer mentions the quantity (a total then sums too few
// items) or gives its value (the last node). With the lost statements put back the
// text must give the answer.
func (r *record) compareSolver(g *Graph, list []*words, lost []string) (missing []string, difference string) {
	answer, missing, err := SolveText(r.Problem, r.Question)
	right := err == nil && strconv.FormatInt(answer, 10) == r.Answer
	switch {
	case r.TextSolvable && err != nil:
		return nil, fmt.Sprintf("the text is recorded as solvable: %v", err)
	case r.TextSolvable && !right:
		return nil, fmt.Sprintf("the text gives the answer %d, recorded %q", answer, r.Answer)
	case r.TextSolvable:
		return nil, ""
	case right:
		return nil, "the text is recorded as unsolvable, but gives the answer"
	}
	restored := r.Problem
	for i, w := range list {
		if !slices.Contains(lost, w.name) {
			continue
		}
		restored += string(appendStatement(nil, g, list, i)) + ". "
		silent := !strings.Contains(r.Problem, w.ref) || i == g.Path-1
		if i < g.Path && silent && !slices.Contains(missing, w.name) {
			missing = append(missing, w.name)
		}
	}
	if len(missing) == 0 {
		return nil, fmt.Sprintf("no missing relation was found, but the text does not give the answer (%v)", err)
	}
	for _, name := range missing {
		if !slices.Contains(lost, name) {
			return missing, fmt.Sprintf("%s is missing, but its statement was not lost", name)
		}
	}
	if answer, _, err := SolveText(restored, r.Question); err != nil || strconv.FormatInt(answer, 10) != r.Answer {
		return missing, fmt.Sprintf("with the lost statements put back the text gives %d (%v), recorded %q", answer, err, r.Answer)
	}
	return missing, ""
}

// compareMultisets describes what is in one list only.
func compareMultisets(expected, found []string) (differences []string) {
	count := map[string]int{}
	for _, s := range expected {
		count[s]++
	}
	for _, s := range found {
		count[s]--
	}
	for s, n := range count {
		if n > 0 {
			differences = append(differences, fmt.Sprintf("expected but not recorded (%d): %q", n, s))
		} else if n < 0 {
			differences = append(differences, fmt.Sprintf("recorded but not expected (%d): %q", -n, s))
		}
	}
	slices.Sort(differences)
	return differences
}

// firstDifference shows where two texts part.
func firstDifference(got, recorded string) string {
	i := 0
	for i < len(got) && i < len(recorded) && got[i] == recorded[i] {
		i++
	}
	from := max(0, i-20)
	return fmt.Sprintf("at byte %d %q, recorded %q", i, got[from:min(len(got), i+30)], recorded[from:min(len(recorded), i+30)])
}
