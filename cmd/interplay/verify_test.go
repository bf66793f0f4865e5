package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

// predictions is n generated problems with predictions, one a line.
func predictions(t testing.TB, family gsm.Family, contexts []string, n int, predict func(i int, p *gsm.Problem) string) []byte {
	t.Helper()
	spec := gsm.Uniform(family, gsm.Range{Min: 2, Max: 6}, contexts...)
	if family == gsm.Realistic {
		spec.Reverse = 0.5
	}
	source, err := gsm.NewSource(spec, gsm.Train, 1)
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for i := range n {
		p := source.At(uint64(i))
		line, err := json.Marshal(map[string]any{"problem": p, "prediction": predict(i, p)})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	return lines.Bytes()
}

func gold(_ int, p *gsm.Problem) string { return p.Response() }

// judged runs the verb's core and returns the lines it wrote.
func judged(t testing.TB, f verifyFlags, in []byte) ([]map[string]any, verifyTally) {
	t.Helper()
	if f.workers == 0 {
		f.workers = 3
	}
	var out bytes.Buffer
	var tally verifyTally
	if err := f.judgeAll(context.Background(), bytes.NewReader(in), &out, &tally); err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		rows = append(rows, row)
	}
	return rows, tally
}

func TestVerifyJudgesBothFamiliesByTheirGraphs(t *testing.T) {
	for family, contexts := range map[gsm.Family][]string{gsm.Realistic: {"zoo", "movie"}, gsm.Symbolic: {"A"}} {
		in := predictions(t, family, contexts, 200, func(i int, p *gsm.Problem) string {
			if i%4 == 0 {
				return "nothing of the kind"
			}
			return p.Response()
		})
		rows, tally := judged(t, verifyFlags{}, in)
		if len(rows) != 200 || tally.lines != 200 || tally.right != 150 || tally.answers != 150 {
			t.Fatalf("%s: %d rows, %+v", family, len(rows), tally)
		}
		for i, row := range rows {
			if row["line"] != float64(i+1) || row["strict"] != (i%4 != 0) || row["id"] == nil || row["context"] == nil {
				t.Fatalf("%s: line %d is %v", family, i+1, row)
			}
		}
	}
}

func TestVerifyReferenceGivesTheAuthorsVerdict(t *testing.T) {
	const solution = "Define cat as A; so A = 3. Define dog as B; so B = A + 1 = 4. Answer: 4."
	right := `"Define cat as x; x = 3. Define dog as y; y = x + 1 = 4. <answer> 4"`
	for _, line := range []string{
		`{"problem":{"id":"p1","op":3,"solution":"` + solution + `"},"prediction":` + right + `}`,
		`{"problem":{"id":"p1","op":3,"solution":"` + solution + `","answer":"4"},"gen_solution_answer":` + right + `}`,
		`{"id":"p1","op":3,"problem":"The number …","solution":"` + solution + `","template":"crazy_zootopia","mode":"normalforward","gen_solution_answer":` + right + `}`,
		`{"id":"p1","op":3,"problem":{"id":"other","op":3,"solution":"` + strings.Replace(solution, "Answer: 4.", "", 1) + `<answer></answer>","answer":4},"prediction":` + right + `}`,
	} {
		rows, tally := judged(t, verifyFlags{reference: true}, []byte(line))
		row := rows[0]
		steps, _ := row["steps"].([]any)
		if row["id"] != "p1" || row["op"] != 3.0 || tally.answers != 1 || len(steps) != 2 || row["reward"] == nil {
			t.Errorf("%s gave %v", line, row)
		}
		if want := !strings.Contains(line, "<answer></answer>"); want != (row["verdict"] == "perfect") { // the last gold has no answer in its text
			t.Errorf("%s gave %v", line, row["verdict"])
		}
	}
	rows, _ := judged(t, verifyFlags{reference: true}, []byte(`{"solution":"`+solution+`","prediction":null}`))
	if rows[0]["verdict"] != "missing_solution" {
		t.Errorf("a null prediction gave %v", rows[0])
	}
}

func TestVerifyOutputDoesNotDependOnTheWorkers(t *testing.T) {
	in := predictions(t, gsm.Realistic, []string{"school"}, 300, gold)
	var first string
	for _, workers := range []int{1, 2, 7} {
		var out bytes.Buffer
		var tally verifyTally
		f := verifyFlags{workers: workers}
		if err := f.judgeAll(context.Background(), bytes.NewReader(in), &out, &tally); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = out.String()
		}
		if out.String() != first {
			t.Errorf("%d workers wrote something else than 1", workers)
		}
	}
}

// malformed are lines that verify must name, and what it must say of them, without and with -reference.
var malformed = map[string][2]string{
	`{"problem"`:                             {"expected a JSON object", "expected a JSON object"},
	`[]`:                                     {"expected a JSON object", "expected a JSON object"},
	`{"problem":{"id":[},"prediction":"x"}`:  {"expected a JSON object", "expected a JSON object"},
	`{"problem":{}}`:                         {`field "prediction" is missing`, `field "prediction" is missing`},
	`{"problem":{},"prediction":5}`:          {`field "prediction": expected a string, found 5`, `field "prediction": expected a string, found 5`},
	`{"problem":{"mode":3},"prediction":""}`: {`field "problem"`, `field "problem"`},
	`{"problem":{},"prediction":"x"}`:        {`no field "graph"`, `field "solution" is missing`},
	`{"solution":" ","prediction":"x"}`:      {`no field "graph"`, `field "solution" is missing or empty`},
}

func TestVerifyNamesMalformedLines(t *testing.T) {
	good := predictions(t, gsm.Realistic, []string{"zoo"}, 70, gold)
	for bad, want := range malformed {
		in := append(bytes.Clone(good), "\n"+bad+"\n"...)
		in = append(in, good...)
		for i, reference := range []bool{false, true} {
			f := verifyFlags{workers: 2, reference: reference}
			err := f.judgeAll(context.Background(), bytes.NewReader(in), &bytes.Buffer{}, &verifyTally{})
			if err == nil || !strings.Contains(err.Error(), "line 72: ") || !strings.Contains(err.Error(), want[i]) {
				t.Errorf("%s: got %v, want line 72 and %q", bad, err, want[i])
			}
			f.keepGoing = true
			if rows, tally := judged(t, f, in); len(rows) != 140 || tally.malformed != 1 || tally.answers != 140 {
				t.Errorf("%s, going on: %d rows, %+v", bad, len(rows), tally)
			}
		}
	}
}

func TestVerifyRefusesProblemsThatContradictThemselves(t *testing.T) {
	in := predictions(t, gsm.Realistic, []string{"zoo"}, 1, gold)
	for old, want := range map[string]string{
		`"names":[`:   "names for",
		`"path":`:     "graph",
		`"value":`:    "graph",
		`"context":"`: `field "context"`,
	} {
		changed := bytes.Replace(in, []byte(old), []byte(strings.Replace(old, `"`, `"x`, 1)), 1)
		f := verifyFlags{workers: 1}
		err := f.judgeAll(context.Background(), bytes.NewReader(changed), &bytes.Buffer{}, &verifyTally{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: got %v, want %q", old, err, want)
		}
	}
}

func TestVerifyLeavesFilesWholeOrAlone(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out.jsonl")
	lines := predictions(t, gsm.Realistic, []string{"zoo"}, 3, gold)
	if err := os.WriteFile(in, append(lines, "{"...), 0o644); err != nil {
		t.Fatal(err)
	}
	verify := func(args ...string) error { return verb("verify", append([]string{"-in", in, "-out", out}, args...)) }
	if err := verify(); err == nil || !strings.Contains(err.Error(), "line 4") {
		t.Errorf("a malformed line: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("after a failure the folder holds %v", entries)
	}
	if err := verify("-keep-going"); err != nil {
		t.Error(err)
	}
	written, _ := os.ReadFile(out)
	if bytes.Count(written, []byte("\n")) != 3 {
		t.Errorf("wrote %q", written)
	}
	if err := verify("-keep-going"); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("an existing output: %v", err)
	}
	if err := verify("-force"); err == nil {
		t.Error("a malformed line was accepted")
	}
	if again, _ := os.ReadFile(out); !bytes.Equal(again, written) {
		t.Error("a failed run changed the old file")
	}
	if err := verify("-keep-going", "-force"); err != nil {
		t.Error(err)
	}
}

func TestVerifyRefusesBadFlags(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.jsonl")
	if err := os.WriteFile(in, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":                                     "-in FILE and -out FILE are needed",
		"-in " + in:                            "-in FILE and -out FILE are needed",
		"-in " + in + " -out x y":              `unexpected argument "y"`,
		"-in " + in + " -out x -workers 0":     "expected a whole number, 1 to",
		"-in " + dir + "/no -out -":            "found no file",
		"-in " + in + " -out " + dir:           "is a folder",
		"-in " + in + " -out " + dir + "/no/x": "does not exist",
	} {
		if err := verb("verify", strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}

func TestVerifyWritesToDevicesWithoutReplacingThem(t *testing.T) {
	in := filepath.Join(t.TempDir(), "in.jsonl")
	if err := os.WriteFile(in, predictions(t, gsm.Realistic, []string{"zoo"}, 1, gold), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := verb("verify", []string{"-in", in, "-out", os.DevNull}); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(os.DevNull)
	if err != nil || info.Mode().IsRegular() {
		t.Fatalf("%s is now a file (%v)", os.DevNull, err)
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		if err := verb("verify", []string{"-in", in, "-out", "/dev/full"}); err == nil || !strings.Contains(err.Error(), "full: free some space") {
			t.Errorf("a full disk: %v", err)
		}
	}
}

func TestVerifyEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f := verifyFlags{workers: 1, files: files{out: "x"}}
	in := predictions(t, gsm.Symbolic, []string{"A"}, 1000, gold)
	err := f.judgeAll(ctx, bytes.NewReader(in), &bytes.Buffer{}, &verifyTally{})
	if err != nil && !strings.Contains(err.Error(), "interrupted") {
		t.Error(err)
	}
}

type failingWriter struct{}

var errFull = errors.New("full")

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

func TestVerifyReportsWriteErrors(t *testing.T) {
	f := verifyFlags{workers: 2}
	in := bytes.NewReader(bytes.Repeat(predictions(t, gsm.Realistic, []string{"zoo"}, 50, gold), 200))
	if err := f.judgeAll(context.Background(), in, failingWriter{}, &verifyTally{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

// FuzzVerifyLine judges any line both ways: an error or a verdict that is a JSON object, no panic.
func FuzzVerifyLine(f *testing.F) {
	for _, lines := range [][]byte{
		predictions(f, gsm.Realistic, []string{"zoo"}, 2, gold), predictions(f, gsm.Symbolic, []string{"A"}, 1, gold),
	} {
		for _, line := range bytes.Split(bytes.TrimSpace(lines), []byte("\n")) {
			f.Add(line)
		}
	}
	for line := range malformed {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"id":3,"op":"2","problem":"text","solution":"Define a as K; so K = 1. Answer: 1.","gen_solution_answer":null}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, reference := range []bool{false, true} {
			row, verdict, err := verifyLine(line, reference)
			if err != nil {
				if fmt.Sprint(err) == "" {
					t.Fatal("an error that says nothing")
				}
				continue
			}
			if row.process < 0 || row.process > 1 {
				t.Fatalf("process accuracy %v", row.process)
			}
			if out, err := json.Marshal(verdict); err != nil || out[0] != '{' {
				t.Fatalf("%s, %v", out, err)
			}
		}
	})
}
