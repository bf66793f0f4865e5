package authors

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"

	"interplay/kernelkit/strict"
)

// ConformanceProblem is what the conformance checks need of a problem record.
type ConformanceProblem struct {
	ID       string      `json:"id"`
	Solution string      `json:"solution"`
	Answer   string      `json:"answer"`
	Graph    *GraphTable `json:"graph"`
}

// GraphTable is a gold graph as the authors' builder stores it. A name that
// occurs twice in the solution stands twice, both times as its last step.
type GraphTable struct {
	Nodes  []GraphTableNode `json:"nodes"`
	Answer Value            `json:"answer"`
	Order  []string         `json:"topological_order"` // null where the graph has a cycle
}

// GraphTableNode is one row of a GraphTable.
type GraphTableNode struct {
	Name         string   `json:"name"`
	Variable     string   `json:"variable"`
	Value        Value    `json:"value"`
	Dependencies []string `json:"dependencies"` // sorted
}

// Table returns the graph as the authors' builder stores gold graphs.
func (g *Graph) Table() GraphTable {
	t := GraphTable{Nodes: make([]GraphTableNode, len(g.Steps)), Answer: g.Answer.whole()}
	for i := range g.Steps {
		s := &g.Steps[g.nodes[g.Steps[i].node]]
		t.Nodes[i] = GraphTableNode{s.Name, s.Variable, s.Value.whole(), g.Dependencies(s)}
	}
	if order, ok := g.TopologicalOrder(); ok {
		t.Order = order
	}
	return t
}

// GraphConformance parses the gold solutions of a problem file of the corpora and
// compares with the stored gold graphs. Topological orders need only be valid:
// the authors' choice among free nodes is arbitrary.
func GraphConformance(problems []ConformanceProblem) (passed, total int, differences []string) {
	for _, p := range problems {
		if p.Graph == nil {
			continue
		}
		total++
		expected, found := *p.Graph, Parse(p.Solution).Table()
		if ordered(expected) && (expected.Order == nil) == (found.Order == nil) {
			found.Order = expected.Order
		}
		if d := jsonDifference(expected, found); d != "" {
			differences = append(differences, fmt.Sprintf("%s: graph%s", p.ID, d))
			continue
		}
		passed++
	}
	return passed, total, differences
}

// ordered reports whether the table's order, if it has one, names every node once, after its dependencies.
func ordered(t GraphTable) bool {
	place := make(map[string]int, len(t.Order))
	for i, name := range t.Order {
		place[name] = i
	}
	if t.Order == nil {
		return true
	}
	names := make(map[string]bool, len(t.Nodes))
	for _, n := range t.Nodes {
		names[n.Name] = true
		at, ok := place[n.Name]
		for _, d := range n.Dependencies {
			if before, known := place[d]; known && before >= at {
				return false
			}
		}
		if !ok {
			return false
		}
	}
	return len(place) == len(t.Order) && len(names) == len(place)
}

// ScoringConformance judges the predictions of a file like scoring.jsonl against
// the gold solutions of problems, by problem_id, and compares with the expected verdicts.
func ScoringConformance(file string, problems []ConformanceProblem) (passed, total int, differences []string, err error) {
	index := make(map[string]int, len(problems))
	for i := range problems {
		index[problems[i].ID] = i
	}
	golds := make([]*Gold, len(problems))
	err = strict.File(file, func(line int, data []byte) error {
		var r struct {
			ID         string          `json:"id"`
			Problem    string          `json:"problem_id"`
			Kind       string          `json:"kind"`
			Prediction *string         `json:"prediction"`
			Expected   json.RawMessage `json:"expected"`
		}
		if err := json.Unmarshal(data, &r); err != nil || r.Expected == nil || r.Problem == "" {
			return malformed(err, `{"id", "problem_id", "kind", "prediction", "expected"}`)
		}
		total++
		i, ok := index[r.Problem]
		if !ok {
			differences = append(differences, fmt.Sprintf("%s: its problem %q is in no problems_*.jsonl of the folder", r.ID, r.Problem))
			return nil
		}
		if golds[i] == nil {
			golds[i] = NewGold(problems[i].Solution, problems[i].Answer)
		}
		prediction := ""
		if r.Prediction != nil {
			prediction = *r.Prediction
		}
		if d := jsonDifference(r.Expected, golds[i].Judge(prediction)); d != "" {
			differences = append(differences, fmt.Sprintf("%s (%s): %s", r.ID, r.Kind, d))
			return nil
		}
		passed++
		return nil
	})
	return passed, total, differences, err
}

// ParserConformance parses the texts of a file like parser_cases.jsonl and
// compares with the expected steps and answers.
func ParserConformance(file string) (passed, total int, differences []string, err error) {
	err = strict.File(file, func(line int, data []byte) error {
		var r struct {
			ID       string          `json:"id"`
			Text     *string         `json:"text"`
			Expected json.RawMessage `json:"expected"`
		}
		if err := json.Unmarshal(data, &r); err != nil || r.Text == nil || r.Expected == nil {
			return malformed(err, `{"id", "text", "expected"}`)
		}
		total++
		if d := jsonDifference(r.Expected, parserCase(*r.Text)); d != "" {
			differences = append(differences, r.ID+": "+d)
			return nil
		}
		passed++
		return nil
	})
	return passed, total, differences, err
}

// parserCaseRecord is the layout of parser_cases.jsonl.
type parserCaseRecord struct {
	Preamble  string           `json:"preamble"`
	Steps     []GraphTableNode `json:"steps"`
	Answer    Value            `json:"answer"`
	HasOrder  bool             `json:"topological_order_exists"`
	Extracted string           `json:"extract_answer"`
	Flexible  string           `json:"extract_answer_flexible"`
}

func parserCase(text string) parserCaseRecord {
	g := Parse(text)
	_, acyclic := g.TopologicalOrder()
	c := parserCaseRecord{
		Preamble: g.Preamble, Steps: make([]GraphTableNode, len(g.Steps)), Answer: g.Answer, HasOrder: acyclic,
		Extracted: ExtractRewardAnswer(text), Flexible: ExtractFlexibleAnswer(text),
	}
	for i := range g.Steps {
		s := &g.Steps[i]
		c.Steps[i] = GraphTableNode{s.Name, s.Variable, s.Value, g.Dependencies(s)}
	}
	return c
}

// ReadConformanceProblems reads the records of a problem file that the checks of this package need.
func ReadConformanceProblems(file string) ([]ConformanceProblem, error) {
	var problems []ConformanceProblem
	err := strict.File(file, func(line int, data []byte) error {
		var p ConformanceProblem
		if err := json.Unmarshal(data, &p); err != nil || p.ID == "" || p.Solution == "" {
			return malformed(err, `a problem with "id", "solution", "answer" and "graph"`)
		}
		problems = append(problems, p)
		return nil
	})
	return problems, err
}

func malformed(err error, expected string) error {
	if err == nil {
		err = errors.New("a key is missing or null")
	}
	return fmt.Errorf("expected a JSON object %s: %w", expected, err)
}

// jsonDifference compares two values as JSON and says where they first differ;
// empty where everything that is expected is found. Keys that are not expected
// do not count. Numbers must be equal, or equal once rounded to the 12 decimals
// that the corpora keep of rewards.
func jsonDifference(expected, found any) string {
	e, errE := asJSON(expected)
	f, errF := asJSON(found)
	if err := errors.Join(errE, errF); err != nil {
		return ": " + err.Error()
	}
	if m, ok := e.(map[string]any); !ok || len(m) == 0 {
		return fmt.Sprintf("expected: found %s where an object with the expected results should be", shown(e))
	}
	return valueDifference("", e, f)
}

func asJSON(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out any
	err = json.Unmarshal(data, &out)
	return out, err
}

func valueDifference(path string, e, f any) string {
	switch e := e.(type) {
	case map[string]any:
		f, ok := f.(map[string]any)
		if !ok {
			break
		}
		for _, key := range slices.Sorted(maps.Keys(e)) {
			found, ok := f[key]
			if !ok {
				return fmt.Sprintf("%s.%s: expected %s, found nothing", path, key, shown(e[key]))
			}
			if d := valueDifference(path+"."+key, e[key], found); d != "" {
				return d
			}
		}
		return ""
	case []any:
		f, ok := f.([]any)
		if !ok || len(e) != len(f) {
			break
		}
		for i := range e {
			if d := valueDifference(fmt.Sprintf("%s[%d]", path, i), e[i], f[i]); d != "" {
				return d
			}
		}
		return ""
	case float64:
		if f, ok := f.(float64); ok && (e == f || e == rounded(f)) {
			return ""
		}
	default:
		if reflect.DeepEqual(e, f) {
			return ""
		}
	}
	return fmt.Sprintf("%s: expected %s, found %s", path, shown(e), shown(f))
}

// rounded is Python's round(v, 12).
func rounded(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 12, 64), 64)
	return r
}

func shown(v any) string {
	data, _ := json.Marshal(v)
	if len(data) > 120 {
		return string(data[:120]) + "…"
	}
	return string(data)
}

// whole is the value as gold graphs store it: within 1e-9 of an integer, that integer.
func (v Value) whole() Value {
	if r := math.RoundToEven(v.Number); v.Known && math.Abs(v.Number-r) < 1e-9 {
		v.Number = r
	}
	return v
}
