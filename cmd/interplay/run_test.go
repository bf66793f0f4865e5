package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/pipeline/study"
)

func TestAStudyWithTheNameOfAnotherNeedsAPlaceOfItsOwn(t *testing.T) {
	s, err := study.ByName("edge", "smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	s.Claims = nil
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "edge.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("INTERPLAY_RUNS", filepath.Join(t.TempDir(), "runs"))
	for _, name := range []string{"run", "results"} {
		if err := verb(name, []string{file}); err == nil || !strings.Contains(err.Error(), `not the project's study "edge"`) || !strings.Contains(err.Error(), "-out") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := verb("run", []string{file, "-plan"}); err != nil {
		t.Errorf("a plan, which writes nothing: %v", err)
	}
	if err := verb("results", []string{file, "-out", t.TempDir()}); err == nil || !strings.Contains(err.Error(), "there are no results") {
		t.Errorf("in a folder of its own: %v", err)
	}
}
