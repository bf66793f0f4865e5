package study

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

// numbers visits every number of a JSON value, with its path and a way to set it.
func numbers(path string, v any, visit func(path string, set func(any))) {
	switch v := v.(type) {
	case map[string]any:
		for key, field := range v {
			if _, ok := field.(float64); ok {
				visit(path+"."+key, func(x any) { v[key] = x })
			} else {
				numbers(path+"."+key, field, visit)
			}
		}
	case []any:
		for i, field := range v {
			if _, ok := field.(float64); ok {
				visit(fmt.Sprintf("%s[%d]", path, i), func(x any) { v[i] = x })
			} else {
				numbers(fmt.Sprintf("%s[%d]", path, i), field, visit)
			}
		}
	}
}

// Any number in a study's file ends in a plan or in one line that names the field: never in
// a panic, and never in memory or time.
func TestEveryNumberOfAStudyHasARange(t *testing.T) {
	if testing.Short() {
		t.Skip("reads some hundred studies")
	}
	s := studyOf(t, "split", "smoke")
	half := s.Arms[2]
	if len(half.Steps) != 3 {
		t.Fatalf("arm %s has %d steps", half.Name, len(half.Steps))
	}
	s.Arms, s.Claims, s.Likelihood = []Arm{half}, nil, true // training, mid-training, RL, evaluation, likelihoods
	distractors := gsm.Range{Min: 0, Max: 3}
	s.Evaluation.Data.Modulus, s.Evaluation.Data.Entities, s.Evaluation.Data.Distractors = 10, 20, &distractors
	text := mustJSON(t, s)
	tree := func() (v any) {
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	var paths []string
	numbers("", tree(), func(path string, _ func(any)) { paths = append(paths, path) })
	if len(paths) < 100 {
		t.Fatalf("only %d numbers were found", len(paths))
	}
	for _, path := range paths {
		for _, value := range []string{"-1", "0", "2147483648", "9223372036854775807", "1e300", "-1e300", "1e-300"} {
			v := tree()
			numbers("", v, func(p string, set func(any)) {
				if p == path {
					set(json.Number(value))
				}
			})
			read(t, path+" = "+value, v)
		}
	}
}

// read reads a changed study as a user would, and plans it when it is accepted.
func read(t *testing.T, what string, v any) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "s.json")
	text, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: panic: %v", what, r)
		}
	}()
	s, err := Read(file)
	if err != nil {
		field := strings.TrimLeft(regexp.MustCompile(`\.([a-z0-9_]+)(\[\d+\])? = `).FindString(what), ".")
		field, _, _ = strings.Cut(strings.TrimSuffix(field, " = "), "[")
		if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: one line that names the field: %v", what, err)
		}
		return
	}
	if _, err := s.Plan(mustOpen(t), 1); err != nil && (strings.Contains(err.Error(), "\n") || !regexp.MustCompile(`[:;] (expected|raise|lower|take|widen) `).MatchString(err.Error())) {
		t.Errorf("%s is accepted, and cannot be planned: %v", what, err)
	}
}
