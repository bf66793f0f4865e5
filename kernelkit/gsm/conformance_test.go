package gsm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// problemFiles are the corpora of problems in a folder.
var problemFiles = []string{"problems_d2.jsonl", "problems_d3.jsonl"}

func TestProblemsConform(t *testing.T) {
	folder, whole := corpora(t)
	bars := map[string]int{"problems_d2.jsonl": 1140, "problems_d3.jsonl": 204}
	for _, name := range problemFiles {
		passed, total, problems, err := Conformance(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d of %d", name, passed, total)
		if passed != total || total == 0 || whole && total != bars[name] {
			t.Errorf("%s: %d of %d records conform, want all of %d; first differences:\n%s", name, passed, total, bars[name], strings.Join(problems[:min(5, len(problems))], "\n"))
		}
	}
}

func TestLostStatementsAreNamed(t *testing.T) {
	folder, _ := corpora(t)
	lost, unsolvable := 0, 0
	for _, name := range problemFiles {
		records, err := ConformProblems(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if len(r.Lost) > 0 {
				lost++
			}
			if len(r.Missing) > 0 {
				unsolvable++
				for _, m := range r.Missing {
					if !slices.Contains(r.Lost, m) {
						t.Errorf("%s: %s is missing but not lost", r.ID, m)
					}
				}
			}
		}
	}
	t.Logf("%d records lost a statement, %d are unsolvable", lost, unsolvable)
	if lost == 0 || unsolvable == 0 {
		t.Error("the corpora should hold records with lost statements")
	}
}

// A check that accepts anything checks nothing.
func TestChangedRecordsDoNotConform(t *testing.T) {
	lines := committedLines(t, "problems_d2.jsonl")
	changes := map[string]func(r map[string]any){
		"letter in the solution": func(r map[string]any) {
			r["solution"] = strings.Replace(r["solution"].(string), "; so ", "; so so ", 1)
		},
		"value in the solution": func(r map[string]any) {
			s := r["solution"].(string)
			r["solution"] = strings.Replace(s, "Answer: ", "Answer: 1", 1)
		},
		"op":       func(r map[string]any) { r["op"] = r["op"].(float64) + 1 },
		"answer":   func(r map[string]any) { r["answer"] = "0" },
		"question": func(r map[string]any) { r["question"] = "What is the total number of schools in Nowhere?" },
		"sentence left out": func(r map[string]any) {
			_, rest, _ := strings.Cut(r["problem"].(string), ". ")
			r["problem"] = rest
		},
		"sentence twice": func(r map[string]any) {
			p := r["problem"].(string)
			first, _, _ := strings.Cut(p, ". ")
			r["problem"] = p + first + ". "
		},
		"hash":            func(r map[string]any) { r["text_sha256"] = strings.Repeat("0", 64) },
		"solvable":        func(r map[string]any) { r["text_solvable"] = !r["text_solvable"].(bool) },
		"lost statements": func(r map[string]any) { r["lost_statements"] = append(r["lost_statements"].([]any), "adult crow in X") },
		"parent": func(r map[string]any) {
			topo := r["gen"].(map[string]any)["topo"].([]any)
			last := topo[len(topo)-1].(map[string]any)
			last["parents"] = append(last["parents"].([]any), "I:"+topo[0].(map[string]any)["name"].(string))
		},
	}
	for what, change := range changes {
		var r map[string]any
		for i, line := range lines {
			if i%7 != 0 {
				continue
			}
			r = nil
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			change(r)
			data, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var rec record
			if err := json.Unmarshal(data, &rec); err != nil {
				t.Fatal(err)
			}
			if c := rec.conform(); len(c.Differences) == 0 {
				t.Errorf("%s: a record with a changed %s conforms", rec.ID, what)
			}
		}
	}
}

func TestConformanceReportsUnreadableFiles(t *testing.T) {
	if _, _, _, err := Conformance(filepath.Join(t.TempDir(), "absent.jsonl")); err == nil {
		t.Error("an absent file gives no error")
	}
	good := string(committedLines(t, "problems_d2.jsonl")[0])
	for name, c := range map[string]struct{ text, want string }{
		"broken":  {good + "\n{\"id\": 3", "line 2: no record"},
		"foreign": {good + "\n\n{\"id\":\"a\"}\n", "line 3: a: the field gen.topo is missing"},
	} {
		file := filepath.Join(t.TempDir(), name+".jsonl")
		if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		passed, total, _, err := Conformance(file)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		if passed != 1 || total != 1 {
			t.Errorf("%s: %d of %d records before the error, want 1 of 1", name, passed, total)
		}
	}
}

func committedLines(t testing.TB, name string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(ownCorpora, name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(data), []byte("\n"))
}

// The committed part of the corpora is made from the whole by this test with
// -update, and stays what it is made from.
func TestCommittedPartIsOfTheCorpora(t *testing.T) {
	if _, whole := corpora(t); !whole {
		t.Skip("the whole corpora are not beside the repository")
	}
	files := map[string][]byte{statisticsFile: statisticsCSV(t)}
	for _, name := range problemFiles {
		files[name] = part(t, name)
	}
	for name, want := range files {
		file := filepath.Join(ownCorpora, name)
		if *update {
			if err := os.MkdirAll(ownCorpora, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not the part of ../shared/conformance that -update writes (%v)", file, err)
		}
	}
}

// part picks one record an op and context (two layers) or an op (three), the modes
// in turn, one with a lost statement where there is one.
func part(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(sharedCorpora, name))
	if err != nil {
		t.Fatal(err)
	}
	templates := []string{"crazy_zootopia", "teachers_in_school", "movie_festival_awards"}
	picked := map[string][]byte{}
	var order []string
	hasLost := map[string]bool{}
	for line := range bytes.Lines(data) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		k := slices.Index(templates, r.Template)
		if int(r.Mode) != (r.Op+k)%2 || r.Layers == 3 && k != r.Op%3 {
			continue
		}
		key := fmt.Sprint(r.Op, r.Template)
		lost := len(r.LostStatements) > 0
		if picked[key] == nil {
			order = append(order, key)
		}
		if picked[key] == nil || lost && !hasLost[key] {
			picked[key], hasLost[key] = line, lost
		}
	}
	var out bytes.Buffer
	for _, key := range order {
		out.Write(picked[key])
	}
	return out.Bytes()
}

// statisticsCSV writes what TestReferenceHasTheAuthorsDistribution compares with.
func statisticsCSV(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	fmt.Fprintf(&out, "layers,op,mode,%s\n", strings.Join(measures, ","))
	all := authorsStatistics(t)
	for layers := 2; layers <= 3; layers++ {
		for op := 2; op <= maxReferenceOp; op++ {
			for _, mode := range []Mode{Forward, Reverse} {
				for _, m := range all[cell{layers, op, mode}] {
					fmt.Fprintf(&out, "%d,%d,%s,%d,%d,%d,%d,%d\n", layers, op, mode, m[0], m[1], m[2], m[3], m[4])
				}
			}
		}
	}
	return out.Bytes()
}
