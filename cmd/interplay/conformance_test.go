package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var fixtures = filepath.Join("..", "..", "testdata", "conformance")

// copyFixtures copies the fixtures with one change: the first old in a file becomes new.
func copyFixtures(t *testing.T, file, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join(fixtures, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(f) == file {
			changed := bytes.Replace(data, []byte(old), []byte(new), 1)
			if bytes.Equal(changed, data) {
				t.Fatalf("%s does not contain %q", file, old)
			}
			data = changed
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// conformance returns what a check of dir counted as wrong, by file.
func conformance(t *testing.T, dir string) (wrong map[string]int, all int) {
	t.Helper()
	folder, err := openCorpora(dir)
	if err != nil {
		t.Fatal(err)
	}
	wrong = map[string]int{}
	err = folder.check(func(name string, passed, total int, differences []string) {
		all += total
		if passed != total {
			wrong[name] = total - passed
			if len(differences) == 0 {
				t.Errorf("%s: %d/%d without a difference", name, passed, total)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return wrong, all
}

func TestFixturesConform(t *testing.T) {
	if wrong, all := conformance(t, fixtures); len(wrong) > 0 || all < 300 {
		t.Errorf("of %d records differ %v", all, wrong)
	}
	if err := verb("conformance", []string{fixtures}); err != nil {
		t.Error(err)
	}
}

func TestConformanceFindsAnyChangedResult(t *testing.T) {
	for _, c := range []struct{ file, old, new, name string }{
		{"scoring.jsonl", `"verdict": "perfect"`, `"verdict": "mismatch"`, "scoring"},
		{"scoring.jsonl", `"eval_em": 1`, `"eval_em": 0`, "scoring"},
		{"scoring.jsonl", `"process": 1.0`, `"process": 0.9`, "scoring"},
		{"scoring.jsonl", `"problem_id": "pub-`, `"problem_id": "sub-`, "scoring"},
		{"parser_cases.jsonl", `"variable": "A"`, `"variable": "B"`, "parser_cases"},
		{"passk.jsonl", `"effective_ks": [`, `"effective_ks": [77, `, "passk"},
		{"passk.jsonl", `"total_pass_at_k": {"pass@1": `, `"total_pass_at_k": {"pass@1": 1`, "passk"},
		{"problems_d2.jsonl", `"topological_order": ["`, `"topological_order": ["x", "`, "gold graphs (problems_d2.jsonl)"},
		{"problems_d2.jsonl", `"answer": "`, `"answer": "9`, "problems_d2"},
	} {
		if wrong, _ := conformance(t, copyFixtures(t, c.file, c.old, c.new)); wrong[c.name] != 1 {
			t.Errorf("%s with %s: differences %v", c.file, c.new, wrong)
		}
	}
	if err := verb("conformance", []string{copyFixtures(t, "passk.jsonl", `"effective_ks": [`, `"effective_ks": [77, `)}); err == nil {
		t.Error("a difference is no error")
	}
}

func TestConformanceSaysWhatIsWrongWithTheFolder(t *testing.T) {
	empty, other := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "notes.jsonl"), []byte(`{"a":1}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":                     "expected a folder",
		"a b":                  `unexpected argument "b"`,
		empty + "/no":          "is not a folder",
		empty:                  "holds no .jsonl file",
		other:                  "is no corpus",
		other + "/notes.jsonl": "is not a folder",
		copyFixtures(t, "scoring.jsonl", "\n", "\n{\n"):           "scoring.jsonl, line 2: expected a JSON object",
		copyFixtures(t, "passk.jsonl", "{", "\n["):                "passk.jsonl, line 2: expected a JSON object",
		copyFixtures(t, "problems_d3.jsonl", "\n", "\n{\"id\"\n"): "line 2",
	} {
		err := verb("conformance", strings.Fields(args))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}
