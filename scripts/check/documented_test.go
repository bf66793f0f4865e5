package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCommandsAreFoundInBlocksAndProse(t *testing.T) {
	got := commandsOf("Text with `make demo`, `a.go` and `interplay VERB -h`.\n\n    interplay run edge -plan   # what it costs\n    x := 1\n\n```\nexport PATH=$PWD/.bin:$PATH\nMODEL=$(ls runs)\n```\n`make([]bool, n)` is Go.\n")
	want := []string{"make demo", "interplay VERB -h", "interplay run edge -plan", "export PATH=$PWD/.bin:$PATH", "MODEL=$(ls runs)"}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestFormsHaveAPlaceholder(t *testing.T) {
	for command, want := range map[string]bool{
		"interplay import": true, "interplay VERB -h": true, "interplay run STUDY -profile P": true, "interplay evaluate MODEL -op 1-8": true,
		"interplay evaluate $MODEL -op 1-8 -context A,B": false,
		"interplay run edge -profile micro":              false, "SEED=2 make demo": false,
		"interplay sample $MODEL -in examples/prompts.jsonl -out build/c.jsonl": false,
		`interplay new "My Question" -dir build/mine`:                           false,
	} {
		if got := isForm(command); got != want {
			t.Errorf("%q is a form: %v, want %v", command, got, want)
		}
	}
}

// Every command of README is known to this check, and none is hidden by a reason that
// matches too much.
func TestREADMEsCommandsRunButForAFew(t *testing.T) {
	t.Chdir("../..")
	all, err := documentedCommands()
	if err != nil {
		t.Fatal(err)
	}
	run := 0
	for _, c := range all {
		if c.file == "README.md" && reason(c.text) == "" && !isForm(c.text) {
			run++
		}
	}
	if run < 18 {
		t.Errorf("%d commands of README are run, expected 18 or more", run)
	}
}

// A study at any scale but the smallest takes hours.
func TestEveryScaleButSmokeIsPlannedOnly(t *testing.T) {
	files, err := filepath.Glob("../../pipeline/profiles/*.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("found %d profiles, %v", len(files), err)
	}
	for _, f := range files {
		profile := strings.TrimSuffix(filepath.Base(f), ".json")
		if got := planned.MatchString("interplay run edge -profile " + profile + " -seeds 6"); got == (profile == "smoke") {
			t.Errorf("a study at %s is only planned: %t", profile, got)
		}
	}
}
