package authors

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// corpora returns the conformance folder: the full one beside the repository, or
// the subset that comes with it. Under CI the full one must be there.
func corpora(t testing.TB) string {
	full := filepath.Join("..", "..", "..", "shared", "conformance")
	if _, err := os.Stat(filepath.Join(full, "scoring.jsonl")); err == nil {
		return full
	} else if os.Getenv("CI") != "" {
		t.Fatalf("CI is set and the conformance corpora are not at ../shared/conformance beside the repository: %v", err)
	}
	return filepath.Join("..", "..", "testdata", "conformance")
}

func corpusProblems(t testing.TB, dir string) []ConformanceProblem {
	files, err := filepath.Glob(filepath.Join(dir, "problems_*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no problems_*.jsonl in %s (%v)", dir, err)
	}
	var all []ConformanceProblem
	for _, f := range files {
		p, err := ReadConformanceProblems(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p...)
	}
	return all
}

func checkConformance(t *testing.T, what string, passed, total int, differences []string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s %d/%d", what, passed, total)
	if total == 0 || passed != total {
		t.Errorf("%s %d/%d", what, passed, total)
	}
	for i, d := range differences {
		if i == 10 {
			break
		}
		t.Error(d)
	}
}

func TestScoringCorpusIsJudgedAsByTheAuthors(t *testing.T) {
	dir := corpora(t)
	passed, total, diff, err := ScoringConformance(filepath.Join(dir, "scoring.jsonl"), corpusProblems(t, dir))
	checkConformance(t, "scoring", passed, total, diff, err)
}

func TestParserCasesAreParsedAsByTheAuthors(t *testing.T) {
	passed, total, diff, err := ParserConformance(filepath.Join(corpora(t), "parser_cases.jsonl"))
	checkConformance(t, "parser_cases", passed, total, diff, err)
}

func TestGoldGraphsEqualTheAuthors(t *testing.T) {
	passed, total, diff := GraphConformance(corpusProblems(t, corpora(t)))
	checkConformance(t, "graphs", passed, total, diff, nil)
}

// cases.jsonl holds texts at the edges of each rule, and what the
// authors' parser makes of them; cases.py beside it made it.
func TestEveryQuirkIsKept(t *testing.T) {
	passed, total, diff, err := ParserConformance(filepath.Join("testdata", "cases.jsonl"))
	checkConformance(t, "cases", passed, total, diff, err)
}

func TestParsesDoNotShareState(t *testing.T) {
	problems := corpusProblems(t, corpora(t))
	problems = problems[:min(len(problems), 200)]
	tables := make([]GraphTable, len(problems))
	for i, p := range problems {
		tables[i] = Parse(p.Solution).Table()
	}
	done := make(chan int)
	for range 4 {
		go func() {
			different := 0
			for i := len(problems) - 1; i >= 0; i-- {
				if !reflect.DeepEqual(Parse(problems[i].Solution).Table(), tables[i]) {
					different++
				}
			}
			done <- different
		}()
	}
	for range 4 {
		if n := <-done; n > 0 {
			t.Errorf("%d of %d parses differ when they run at once", n, len(problems))
		}
	}
}

const goldSolution = "Define cat as A; so A = 3. Define dog as B; so B = A + 1 = 4. Define cow as C; so C = A + B = 3 + 4 = 7. Answer: 7."

func TestComparisonCountsEachKindOfDifference(t *testing.T) {
	gold := Parse(goldSolution)
	for _, c := range []struct {
		name, text string
		perfect    bool
		penalty    int
		process    float64
	}{
		{"copy", goldSolution, true, 0, 1},
		{"letters and order do not count", "Define cat as x; x = 3. Define dog as y; y = 1 + x. Define cow as z; z = y + x. <answer>7", true, 0, 1},
		{"extra node", goldSolution[:len(goldSolution)-10] + "Define fox as F; so F = 1. Answer: 7.", true, 1, 1},
		{"extra nodes count up to the gold's", goldSolution[:len(goldSolution)-10] + extraSteps(5) + "Answer: 7.", true, 3, 1},
		{"missing node and the parent it was", "Define cat as A; so A = 3. Define cow as C; so C = A + B = 7. Answer: 7.", false, 2, 1.0 / 3},
		{"wrong value", "Define cat as A; so A = 3. Define dog as B; so B = A + 1 = 5. Define cow as C; so C = A + B = 7. Answer: 7.", false, 1, 2.0 / 3},
		{"wrong value and parents of one node cost two", "Define cat as A; so A = 3. Define dog as B; so B = 1 = 5. Define cow as C; so C = A + B = 7. Answer: 7.", false, 2, 2.0 / 3},
		{"wrong answer", goldSolution[:len(goldSolution)-10] + "Answer: 8.", false, 1, 1},
		{"no answer", goldSolution[:len(goldSolution)-10], false, 1, 1},
		{"nothing", "", false, 4, 0},
		{"within the tolerance", "Define cat as A; so A = 30000005/10000000. Define dog as B; so B = A + 1 = 4. Define cow as C; so C = A + B = 7. Answer: 7.0000009", true, 0, 1},
	} {
		got := Compare(gold, Parse(c.text))
		if got.Perfect() != c.perfect || got.Penalty() != c.penalty || math.Abs(got.ProcessAcc()-c.process) > 1e-12 {
			t.Errorf("%s: perfect %v, penalty %d, process accuracy %v; want %v, %d, %v (%+v)",
				c.name, got.Perfect(), got.Penalty(), got.ProcessAcc(), c.perfect, c.penalty, c.process, got)
		}
	}
}

func extraSteps(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Define hen %d as F; so F = 1. ", i)
	}
	return b.String()
}

func TestRewardsFollowTheAuthorsFormula(t *testing.T) {
	right := strings.Replace(goldSolution, "Answer: 7.", "</solution> <answer> 7. </answer>", 1)
	extra := strings.Replace(right, "</solution>", "Define fox as F; so F = 1. </solution>", 1)
	wrong := strings.Replace(right, "7. </answer>", "8 </answer>", 1)
	gold := NewGold(goldSolution, "7")
	strict := Blend
	strict.Strict = true
	for _, c := range []struct {
		name, response string
		gold           *Gold
		weights        Weights
		want           Reward
	}{
		{"right", right, gold, Blend, Reward{1, 1, 1, true, false}},
		{"an extra node costs a third", extra, gold, Weights{0.25, 0.75, false}, Reward{0.75, 1, 2.0 / 3, true, false}},
		{"an extra node is a mismatch to strict", extra, gold, strict, Reward{0, 1, 2.0 / 3, true, true}},
		{"strict 1/0", extra, gold, Strict, Reward{0, 1, 2.0 / 3, true, true}},
		{"a wrong answer has no process credit", wrong, gold, Blend, Reward{0, 0, 2.0 / 3, true, false}},
		{"a wrong answer is not zeroed by strict", wrong, gold, strict, Reward{0, 0, 2.0 / 3, true, false}},
		{"the plain answer form is none", goldSolution, gold, Blend, Reward{0, 0, 1, true, false}},
		{"weights that sum to nothing are halves", extra, gold, Weights{0, 0, false}, Reward{0.5 + 0.5*2.0/3, 1, 2.0 / 3, true, false}},
		{"negative weights are clipped", extra, gold, Weights{4, -3, false}, Reward{1, 1, 2.0 / 3, true, false}},
		{"without gold solution the process is the outcome", right, NewGold(" \n", "7"), strict, Reward{1, 1, 1, false, false}},
		{"without gold answer there is no outcome", right, NewGold(goldSolution, ""), Blend, Reward{0, 0, 1, true, false}},
		{"text that defines nothing", "", gold, Blend, Reward{0, 0, 0, true, false}},
	} {
		got := c.gold.Reward(c.response, c.weights)
		near := math.Abs(got.Score-c.want.Score) < 1e-12 && math.Abs(got.Process-c.want.Process) < 1e-12
		if !near || got.Outcome != c.want.Outcome || got.HasGold != c.want.HasGold || got.Zeroed != c.want.Zeroed {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestOutcomeComparesStrings(t *testing.T) {
	for _, c := range []struct {
		response string
		want     bool
	}{
		{"<answer> 4 </answer>", true}, {"<answer>4..</answer>", true}, {"Answer: 4.", true}, {"answer: 4 <x> 5", true},
		{"<answer>4.0</answer>", false}, {"<answer>04</answer>", false}, {"<answer>+4</answer>", false},
		{"<answer></answer> Answer: 4", false}, {"4", false},
	} {
		if got := Outcome(c.response, " 4. "); got != c.want {
			t.Errorf("%q: %v, want %v", c.response, got, c.want)
		}
	}
}

func TestEvalExactMatchComparesNumbers(t *testing.T) {
	const solution = "Define a as K; so K = 4. Answer: 3. Answer: 4."
	for _, c := range []struct {
		prediction, solution string
		want                 bool
	}{
		{"<answer> 4 </answer>", solution, true}, {"<answer>4.0", solution, true}, {"<answer>04</answer>", solution, true},
		{"<answer>+4</answer>", solution, true}, {"<answer>8 / 2</answer>", solution, true}, {"<answer>-8/-2.</answer>", solution, true},
		{"<answer>４</answer>", solution, true}, {"<answer>4.</answer>", solution, true}, {"<answer>4.00000001</answer>", solution, true},
		{"<answer>4.0000001</answer>", solution, false}, {"<answer>8 / 0</answer>", solution, false}, {"<answer>8.0 / 2</answer>", solution, false},
		{"<answer>- 4</answer>", solution, false}, {"<answer>4 .</answer>", solution, false}, {"Answer: 4.", solution, false}, {"", solution, false},
		{"<answer>1,234</answer>", "Answer: 1234.", true}, {"<answer>1,2,3,4</answer>", "Answer: 1,234", true}, {"<answer>1,,234</answer>", "Answer: 1234", false},
		{"<answer>.5</answer>", "Answer: 1/2", true}, {"<answer>four</answer>", "Answer: four.", true}, {"<answer>four..</answer>", "Answer: four", true},
		{"<answer>x</answer>", "x", true}, {"<answer></answer>", "Answer: ", false}, {"<answer>4</answer>", "Answer:4", false},
		{"<answer>" + strings.Repeat("9", 4301) + "/1</answer>", "Answer: 1", false}, {"<answer>" + strings.Repeat("9", 400) + "</answer>", "Answer: 1", true}, // infinite, and so is the relative tolerance
	} {
		if got := EvalExactMatch(c.prediction, c.solution); got != c.want {
			t.Errorf("%.60q against %q: %v, want %v", c.prediction, c.solution, got, c.want)
		}
	}
}

func TestValuesSurviveJSON(t *testing.T) {
	for _, v := range []Value{{}, {0, true}, {-3.5, true}, {1e22, true}, {math.Inf(1), true}, {math.Inf(-1), true}} {
		data, err := json.Marshal(v)
		var back Value
		if err == nil {
			err = json.Unmarshal(data, &back)
		}
		if err != nil || back != v {
			t.Errorf("%v → %s → %v (%v)", v, data, back, err)
		}
	}
	var v Value
	if err := json.Unmarshal([]byte(`"x"`), &v); err == nil {
		t.Error(`"x" was read as a value`)
	}
	if data, err := json.Marshal(Value{math.NaN(), true}); err != nil || string(data) != `"nan"` {
		t.Errorf("NaN is written as %s (%v)", data, err)
	}
}

// The conformance checks must be able to fail: every kind of change to an
// expected result shows.
func TestConformanceNamesTheFirstDifference(t *testing.T) {
	const record = `{"id":"r1","text":"Define cat as K; so K = 3. Answer: 3.","expected":` +
		`{"preamble":"","steps":[{"name":"cat","variable":"K","value":3,"dependencies":[]}],"answer":3,"topological_order_exists":true,"extract_answer":"","extract_answer_flexible":"3."}}`
	for _, c := range []struct{ old, new, want string }{
		{`"value":3`, `"value":4`, ".steps[0].value: expected 4, found 3"},
		{`"name":"cat"`, `"name":"dog"`, `.steps[0].name: expected "dog", found "cat"`},
		{`"dependencies":[]`, `"dependencies":["x"]`, `.steps[0].dependencies: expected ["x"], found []`},
		{`"answer":3`, `"answer":null`, `.answer: expected null, found 3`},
		{`"preamble":""`, `"prelude":""`, `.prelude: expected "", found nothing`},
		{`true`, `false`, `.topological_order_exists: expected false, found true`},
	} {
		file := filepath.Join(t.TempDir(), "cases.jsonl")
		if err := os.WriteFile(file, []byte(record+"\n\n"+strings.Replace(record, c.old, c.new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		passed, total, differences, err := ParserConformance(file)
		if err != nil || passed != 1 || total != 2 || len(differences) != 1 || differences[0] != "r1: "+c.want {
			t.Errorf("%s: %d/%d %q %v; want %q", c.new, passed, total, differences, err, c.want)
		}
	}
}

func TestMalformedCorpusLinesAreNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cases.jsonl")
	if err := os.WriteFile(file, []byte("\n{\"id\":\"x\",\"text\":\"\"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, _, parserErr := ParserConformance(file)
	_, _, _, scoringErr := ScoringConformance(file, nil)
	_, problemErr := ReadConformanceProblems(file)
	for _, err := range []error{parserErr, scoringErr, problemErr} {
		if err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%v", err)
		}
	}
}
