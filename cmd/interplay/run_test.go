package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"interplay/pipeline/study"

	"github.com/spf13/cobra"
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

// stderr is what verbs say beside their output.
func stderr(t *testing.T, do func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	kept := os.Stderr
	os.Stderr = file
	do()
	os.Stderr = kept
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFlagsHoldForAStudyOfAFileOrAreRefused(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", filepath.Join(t.TempDir(), "runs"))
	const file = "../../examples/group_size.json"
	for args, want := range map[string]string{"": "[1]", "-seeds 3": "[1 2 3]", "-seed 7": "[7]", "-seed 7 -seeds 2": "[7 8]"} {
		var f studyFlags
		c := &cobra.Command{}
		f.declare(c)
		if err := c.ParseFlags(twoDashes(c, strings.Fields(args))); err != nil {
			t.Fatal(err)
		}
		s, err := f.study(file)
		if err != nil || fmt.Sprint(s.Seeds) != want {
			t.Errorf("%s: seeds %v, %v; expected %s", args, s.Seeds, err, want)
		}
	}
	for _, name := range []string{"run", "results", "status"} {
		if err := verb(name, []string{file, "-profile", "micro"}); err == nil || !strings.Contains(err.Error(), "holds its scale itself") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMisspeltArmOfAFileIsSaidAtOnce(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", filepath.Join(t.TempDir(), "runs"))
	text, err := os.ReadFile("../../examples/group_size.json")
	if err != nil {
		t.Fatal(err)
	}
	file := writeAt(t, filepath.Join(t.TempDir(), "mine.json"), strings.Replace(string(text), `"arm": "narrow"`, `"arm": "narow"`, 1))
	quiet(t)
	said := stderr(t, func() { err = verb("run", []string{file, "-plan"}) })
	if err != nil || !strings.Contains(said, "warning: ") || !strings.Contains(said, `did you mean "narrow"?`) {
		t.Errorf("%v, said %q", err, said)
	}
}

// Results of another study do not pass for those that were asked for, and say where others may be.
func TestResultsOfAnotherStudyDoNotPass(t *testing.T) {
	quiet(t)
	t.Setenv("INTERPLAY_RUNS", filepath.Join(t.TempDir(), "runs"))
	reward := "../../notebooks/results/micro/reward"
	for _, args := range []string{"edge -profile micro -check -out " + reward, "edge -profile micro -out " + reward, "../../examples/group_size.json -check -out " + reward} {
		if err := verb("results", strings.Fields(args)); err == nil || !strings.Contains(err.Error(), "they are of reward at profile micro") {
			t.Errorf("results %s: %v", args, err)
		}
	}
	if err := verb("results", strings.Fields("reward -profile micro -check -out "+reward)); err != nil {
		t.Error(err)
	}
	if err := verb("results", strings.Fields("reward -out "+reward)); err != nil {
		t.Errorf("without -profile the folder's own: %v", err)
	}
	stale := filepath.Join(os.Getenv("INTERPLAY_RUNS"), "..", "build", "results", "micro", "edge") // of a study that has changed since
	if err := os.CopyFS(stale, os.DirFS(reward)); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"edge -profile micro", "edge"} {
		if err := verb("results", strings.Fields(args)); err != nil {
			t.Errorf("results %s: the committed ones are not shown: %v", args, err)
		}
	}
	if err := verb("results", []string{"../../examples/group_size.json"}); err == nil || !strings.Contains(err.Error(), "name it with -out") || !strings.Contains(err.Error(), "`interplay run ../../examples/group_size.json`") {
		t.Errorf("nothing there: %v", err)
	}
}

func TestGenerateThatOnlyReadsTakesNoFlagsOfDrawing(t *testing.T) {
	for args, want := range map[string]string{
		"-check FILE -op 3":                 "-check and -op contradict each other",
		"-check FILE -keep-going -seed 2":   "-check and -seed contradict each other",
		"-presets -count 2":                 "-presets and -count contradict each other",
		"-keep-going -count 1 -out x.jsonl": "-keep-going goes with -check",
	} {
		if err := verb("generate", strings.Fields(strings.ReplaceAll(args, "FILE", filepath.Join(t.TempDir(), "a.jsonl")))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// A file that is not there is said before anything else, as an error of the command line, with
// what to do.
func TestAMissingFileIsSaidFirst(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", filepath.Join(t.TempDir(), "runs"))
	for line, want := range map[string]string{
		"run nothere.json -plan":                      "a study's JSON file",
		"status nothere.json -profile micro":          "a study's JSON file",
		"work edge edge/nothere.json":                 "a study's JSON file",
		"results nothere.json":                        "a study's JSON file",
		"run edge -plan -cluster nothere.json":        "a cluster's JSON file",
		"submit edge -slurm -cluster nothere.json":    "a cluster's JSON file",
		"generate -spec nothere.json -count 1 -out x": "a spec's JSON file",
		"verify -in nothere.json -out x":              "a file of JSON lines",
		"notebooks -dir nothere.json":                 "a folder of notebooks",
	} {
		args := strings.Fields(line)
		err := verb(args[0], args[1:])
		if !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), "expected "+want) || !strings.Contains(err.Error(), "nothere.json; ") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// An unknown profile is said with the place that its name is from.
func TestAnUnknownProfileIsSaidWithItsPlace(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", filepath.Join(t.TempDir(), "runs"))
	for _, line := range []string{"run edge -plan", "status edge", "results edge", "notebooks"} {
		args := strings.Fields(line)
		for place, name := range map[string]string{"-profile": "huge", "INTERPLAY_PROFILE": ""} {
			t.Setenv("INTERPLAY_PROFILE", "vast")
			want := place + `: unknown profile "vast"`
			given := args
			if name != "" {
				given, want = append(slices.Clone(args), "-profile", name), place+`: unknown profile "huge"`
			}
			if err := verb(given[0], given[1:]); !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "expected one of smoke") {
				t.Errorf("%s: %v, want %q", strings.Join(given, " "), err, want)
			}
		}
	}
}
