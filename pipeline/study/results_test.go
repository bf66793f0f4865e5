package study

import (
	"bytes"
	"errors"
	"interplay/kernelkit/durable"
	"interplay/kernelkit/gsm"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/pipeline"
)

// A results folder whose records lost their rows is named, and never shown as a smaller study.
func TestRecordsWithoutRowsAreNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "edge")
	if err := os.CopyFS(dir, os.DirFS("../../notebooks/results/micro/edge")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, RecordsFile)
	if err := errors.Join(os.Remove(file), pipeline.WriteParquet(file, []Record{})); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), file+": 0 samples, and results.json counts") {
		t.Error(err)
	}
}

// A results folder is whole or names what is wrong with it: a file that is missing, and one of other results.
func TestFilesOfAResultsFolderBelongTogether(t *testing.T) {
	const edge, reward = "../../notebooks/results/micro/edge", "../../notebooks/results/micro/reward"
	copied := func() string {
		dir := filepath.Join(t.TempDir(), "edge")
		if err := os.CopyFS(dir, os.DirFS(edge)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for _, name := range []string{RecordsFile, MetricsFile, LikelihoodFile} {
		file := filepath.Join(copied(), name)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(filepath.Dir(file)); err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), file+" is missing") || !strings.Contains(err.Error(), "run the study again") {
			t.Errorf("without %s: %v", name, err)
		}
	}
	for _, digests := range []bool{true, false} { // results of before have none
		dir := copied()
		r, err := Load(dir)
		if err != nil || r.Files[MetricsFile] == "" {
			t.Fatal(err, r.Files)
		}
		if !digests {
			r.Files = nil
			if err := durable.WriteJSON(filepath.Join(dir, ResultsFile), r); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(dir); err != nil {
				t.Fatalf("results of before: %v", err)
			}
		}
		other, err := os.ReadFile(filepath.Join(reward, MetricsFile))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, MetricsFile)
		if err := os.WriteFile(file, other, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "take all files from one place") {
			t.Errorf("metrics of another study, digests %t: %v", digests, err)
		}
	}
	// The same arms, another recipe: only the digest tells.
	dir := copied()
	file := filepath.Join(dir, MetricsFile)
	lines, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(lines, []byte(`"loss":`), []byte(`"loss":1`), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), file+" is not the one that was saved with") {
		t.Errorf("another loss: %v", err)
	}
}

func TestSavedResultsCarryNoTextsOfTheResultsBefore(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../notebooks/results/lookup/edge")); err != nil {
		t.Fatal(err)
	}
	r, err := Load(dir)
	if err != nil || len(r.Texts) == 0 {
		t.Fatal(err, len(r.Texts))
	}
	r.Texts = nil
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	if again, err := Load(dir); err != nil || len(again.Texts) > 0 {
		t.Errorf("%v", err)
	}
}

// The base that several studies share makes no results of each other.
func TestResultsOfAnotherStudyAreNamed(t *testing.T) {
	r, err := Load("../../notebooks/results/micro/reward")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"edge", "split", "judges"} {
		s, err := ByName(name, "micro", 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Of(s); !errors.Is(err, ErrOtherStudy) || !strings.Contains(err.Error(), "they are of reward at profile micro") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMisspeltNamesAreWarnedOfWithASuggestion(t *testing.T) {
	s, err := Read("../../examples/group_size.json")
	if err != nil {
		t.Fatal(err)
	}
	if lines := s.Warnings(); len(lines) > 0 {
		t.Errorf("of the example as it is: %q", lines)
	}
	s.Claims[0].Effect[1].Arm, s.Claims[0].Effect[0].Range = "narow", "xxxxxx"
	s.Covariate = []Term{{1, "bsae", "trained", Pass1}}
	if err := s.Validate(); err != nil {
		t.Errorf("it may run: %v", err)
	}
	said := strings.Join(s.Warnings(), "\n")
	for _, want := range []string{"(wide-helps) will not be judged", `no arm "narow" (did you mean "narrow"?)`, `no range "xxxxxx" (it has trained, deeper)`, `the covariate: the study has no arm "bsae" (did you mean "base"?)`} {
		if !strings.Contains(said, want) {
			t.Errorf("expected %q in %s", want, said)
		}
	}
}

func TestStudiesAreJudgedOnProblemsThatTrainingHasNotShown(t *testing.T) {
	for _, of := range []string{"study", "arm"} {
		s, err := Read("../../examples/group_size.json")
		if err != nil {
			t.Fatal(err)
		}
		e := s.Evaluation
		e.Split = gsm.Train
		if of == "study" {
			s.Evaluation = e
		} else {
			s.Arms[1].Evaluation = &e
		}
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), `split "train": expected "test"`) {
			t.Errorf("of the %s: %v", of, err)
		}
	}
}

func TestAWarmUpIsNoLongerThanItsTraining(t *testing.T) {
	s, err := Read("../../examples/rejection.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []*Step{&s.Arms[0].Steps[0], &s.Arms[2].Steps[1]} {
		kept := *step
		if step.Train != nil {
			r := *step.Train
			r.Train.Warmup, step.Train = r.Train.Steps+1, &r
		} else {
			r := *step.Reject
			r.Train.Warmup, step.Reject = r.Train.Steps+1, &r
		}
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "warmup is") {
			t.Errorf("%s: %v", step.Name, err)
		}
		*step = kept
	}
}
