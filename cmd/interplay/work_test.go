package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"interplay/pipeline"
	"interplay/pipeline/cluster"
)

func TestADurationHasBounds(t *testing.T) {
	for text, good := range map[string]bool{"90s": true, "4h": true, "1s": false, "-5m": false, "5": false, "100000h": false} {
		s := span{0, 10 * time.Second, 365 * 24 * time.Hour}
		if err := s.Set(text); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func states() []stageOf {
	beat := pipeline.Heartbeat{Progress: pipeline.Progress{Done: 120, Total: 400, Unit: "steps", Note: "loss 0.61"}}
	return withStudies([]pipeline.StageState{
		{Folder: "train-1", Label: "pre-training", State: pipeline.Finished},
		{Folder: "rl-2", Label: "RL <a>", State: pipeline.Running, Holder: &pipeline.Holder{Host: "n3", PID: 7, Job: "slurm 5_1"}, Beat: &beat, Silent: 2, Left: 90},
		{Folder: "rl-3", Label: "RL b", State: pipeline.Failed, Failures: []pipeline.Failure{{Host: "n4", Error: "one\ntwo\nthree\nthe lamp is broken"}}},
		{Folder: "evaluate-4", Label: "evaluation", State: pipeline.Blocked},
	}, []string{"edge"}, nil)
}

func TestStatusSaysWhereHowFarAndWhy(t *testing.T) {
	text := statusText(states())
	for _, want := range []string{"4 stages: 1 done, 1 running, 1 failed, 1 blocked", "on n3, process 7, slurm 5_1", "120 of 400 steps, loss 0.61",
		"heard of 2 s ago, about 1m30s left", "failed 1 times, the last time on n4: two / three / the lamp is broken"} {
		if !strings.Contains(text, want) {
			t.Errorf("the status lacks %q:\n%s", want, text)
		}
	}
	if page := statusPage("a & b", states()); !strings.Contains(page, "RL &lt;a&gt;") || strings.Contains(page, "<a>") || !strings.Contains(page, "http-equiv=refresh") {
		t.Errorf("the page is %s", page)
	}
	if _, err := json.Marshal(states()); err != nil {
		t.Error(err)
	}
}

// What workers are told is what was asked for, wherever they run.
func TestWorkersAreToldTheSameStudies(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", "somewhere")
	file, err := filepath.Abs("../../examples/group_size.json")
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"edge -profile smoke -seed 3 -seeds 2": "edge -profile smoke -seed 3 -seeds 2",
		"edge":                                 "edge -profile smoke -seed 1", // the defaults of another machine may be others
		file:                                   file,                          // a file holds its scale and its seeds
		file + " -seed 3 -seeds 2":             file + " -seed 3 -seeds 2",
		"edge " + file:                         "edge " + file + " -profile smoke", // the scale of the one, and not of the other
		"edge -profile micro " + file:          "edge " + file + " -profile micro",
	} {
		var f submitFlags
		c := &cobra.Command{}
		f.declareStudies(c)
		if err := c.ParseFlags(twoDashes(c, strings.Fields(args))); err != nil {
			t.Fatal(err)
		}
		w, err := f.workers(c.Flags().Args())
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(w.Args, " "); got != want || !filepath.IsAbs(w.Runs) || !filepath.IsAbs(w.Project) {
			t.Errorf("%s: workers are told %q in %s with %s, want %q", args, got, w.Project, w.Runs, want)
		}
		var told studyFlags // a worker takes what it is told
		c = &cobra.Command{}
		told.declareStudies(c)
		if err := c.ParseFlags(twoDashes(c, w.Args)); err != nil {
			t.Fatal(err)
		}
		if _, err := told.stages(c.Flags().Args()); err != nil {
			t.Errorf("%s: a worker that is told %q says %v", args, w.Args, err)
		}
	}
	if err := verb("submit", []string{"edge", "-slurm"}); !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), "-cluster") {
		t.Errorf("without a cluster: %v", err)
	}
	for args, want := range map[string]string{"edge -cluster x": "found none", "edge -slurm -condor -cluster x": "found -slurm and -condor"} {
		if err := verb("submit", strings.Fields(args)); !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), "expected one batch system") || !strings.Contains(err.Error(), want) {
			t.Errorf("submit %s: %v", args, err)
		}
	}
}

// A worker whose time is over ends with the status that puts its job back into the queue.
func TestAWorkerThatIsToldToEndSaysThatStagesAreLeft(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f := workFlags{studyFlags: studyFlags{profile: "smoke", seed: 1}, tries: 1, patience: span{time: time.Minute}}
	var left exitError
	if err := f.work(ctx, []string{"edge"}); !errors.As(err, &left) || left.status != cluster.StatusLeft {
		t.Errorf("the error is %v", err)
	}
	if entries, _ := os.ReadDir(filepath.Join(os.Getenv("INTERPLAY_RUNS"), "working")); len(entries) > 0 {
		t.Errorf("%v is left in the working folder", entries)
	}
}

func TestTheBeginningOfAStagesNameIsEnough(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"train-0a", "working/rl-77", "working/rl-78"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string]string{"train": "train-0a", "rl-77": "rl-77", "rl-7": "", "nothing": "nothing"} {
		if got, err := stageByPrefix(root, prefix); got != want || (err != nil) != (want == "") {
			t.Errorf("%s is %q (%v), want %q", prefix, got, err, want)
		}
	}
}

// A job of several studies is not named after the first one alone.
func TestAJobIsNamedAfterAllItsStudies(t *testing.T) {
	for want, studies := range map[string]string{
		"edge": "edge", "edge-mine": "edge some/where/mine.json", "exposure-and-4-more": "exposure edge split reward algorithms",
		"a-name-that-is-longer-than-thirty-letters": "a-name-that-is-longer-than-thirty-letters.json",
	} {
		if got := jobName(strings.Fields(studies)); got != want {
			t.Errorf("%s: %s, want %s", studies, got, want)
		}
	}
}

// Where several studies are asked for, each stage has the names of those that it is of.
func TestStatusSaysWhichStudyAStageIsOf(t *testing.T) {
	f := studyFlags{profile: "smoke", seed: 1}
	names := []string{"edge", "reward"}
	stages, of, err := f.stagesOf(names)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	var states []pipeline.StageState
	for _, s := range stages {
		count[strings.Join(of[s.Folder()], " ")]++
		states = append(states, pipeline.StageState{Folder: s.Folder(), Label: s.Label, State: pipeline.Ready})
	}
	if len(count) != 3 || count["edge"] == 0 || count["reward"] == 0 || count["edge reward"] == 0 { // they share the base
		t.Errorf("stages by study: %v", count)
	}
	if text := statusText(withStudies(states, names, of)); !strings.Contains(text, " (edge)\n") || !strings.Contains(text, " (edge, reward)\n") {
		t.Errorf("the status of two studies is\n%s", text)
	}
	if text := statusText(withStudies(states, names[:1], of)); strings.Contains(text, "(edge") {
		t.Errorf("the status of one study is\n%s", text)
	}
	text, err := json.Marshal(withStudies(states[:1], names, of))
	if err != nil || !strings.Contains(string(text), `"studies":["edge"`) || !strings.Contains(string(text), `"label":`) {
		t.Errorf("%s, %v", text, err)
	}
}

// A command that is named as a remedy means the same stages as the one that was typed.
func TestARemedyMeansTheSameStudies(t *testing.T) {
	for args, want := range map[string]string{
		"edge -profile micro -seed 5 -seeds 2":        "edge -profile micro -seed 5 -seeds 2",
		"edge split -profile micro":                   "edge split -profile micro -seed 1",
		"../../examples/group_size.json":              "../../examples/group_size.json",
		"../../examples/group_size.json -seed 7":      "../../examples/group_size.json -seed 7",
		"edge mine.json -profile micro -seeds 3":      "edge mine.json -profile micro -seeds 3",
		"reward -profile lookup -seed 2 -out results": "reward -profile lookup -seed 2",
	} {
		var f studyFlags
		c := &cobra.Command{}
		f.declareStudies(c)
		if err := c.ParseFlags(twoDashes(c, strings.Fields(args))); err != nil {
			t.Fatal(err)
		}
		if got := typed(f.line(c.Flags().Args())); got != want {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
	if got := typed([]string{"my study.json", "it's"}); got != `'my study.json' 'it'\''s'` {
		t.Errorf("found %s", got)
	}
	t.Setenv("INTERPLAY_RUNS", filepath.Join(t.TempDir(), "runs"))
	if err := verb("results", strings.Fields("edge -profile smoke -seed 5 -seeds 2")); err == nil || !strings.Contains(err.Error(), "`interplay run edge -profile smoke -seed 5 -seeds 2`") {
		t.Errorf("no results: the error is %v", err)
	}
}
