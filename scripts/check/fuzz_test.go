package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOnlyASearchWithoutAFindingIsOutOfTime(t *testing.T) {
	search := "fuzz: elapsed: 3s, execs: 495 (167/sec), new interesting: 5 (total: 7)\n"
	for said, want := range map[string]bool{
		search + "--- FAIL: FuzzRead (3.05s)\n    context deadline exceeded\nFAIL\n":                                                                                                               true,
		search + "--- FAIL: FuzzRead (3.05s)\n    --- FAIL: FuzzRead (0.00s)\n        read_test.go:12: context deadline exceeded\n\n    Failing input written to testdata/fuzz/FuzzRead/1\nFAIL\n": false,
		search + "--- FAIL: FuzzRead (3.05s)\n    fuzzing process hung or terminated unexpectedly: exit status 2\nFAIL\n":                                                                          false,
		search + "--- FAIL: FuzzRead (3.05s)\n    --- FAIL: FuzzRead (0.00s)\n        panic: context deadline exceeded\nFAIL\n":                                                                    false,
		search + "PASS\n": false,
		"":                false,
	} {
		if got := outOfTime(said); got != want {
			t.Errorf("out of time: %v, expected %v, of\n%s", got, want, said)
		}
	}
}

func TestTargetsAndCountsAreFound(t *testing.T) {
	targets, err := fuzzTargets("../..")
	if err != nil || len(targets) < 10 {
		t.Fatalf("expected the fuzz targets of ten packages and more, found %d: %v", len(targets), err)
	}
	if here := targets["../../scripts/check"]; len(here) > 0 {
		t.Errorf("what only stands in a text of this test counts as targets: %v", here)
	}
	if got := executions("execs: 0 (0/sec)\nexecs: 495 (167/sec)"); got != "495 inputs" {
		t.Errorf("expected the last count, found %q", got)
	}
}

// What was asked for is looked at before anything is built, and the packages that there are
// can be given as they are shown.
func TestAWrongRequestIsSaidWithWhatWouldDo(t *testing.T) {
	t.Chdir("../..")
	for _, said := range []string{"-1s", "0s", "30", "soon"} {
		if _, _, err := fuzzPlan(nil, said); err == nil || !strings.Contains(err.Error(), "expected a positive time") || !strings.Contains(err.Error(), said) {
			t.Errorf("FUZZTIME=%s: %v", said, err)
		}
	}
	_, _, err := fuzzPlan([]string{"./nothere"}, "")
	if err == nil || !strings.Contains(err.Error(), "found ./nothere") {
		t.Fatalf("a package that is not there: %v", err)
	}
	_, list, _ := strings.Cut(err.Error(), "they are ")
	packages := strings.Split(list, ", ")
	targets, span, err := fuzzPlan(packages, "1s")
	if err != nil || len(targets) != len(packages) || len(targets) < 10 || span != time.Second {
		t.Errorf("the packages that are shown: %d of %d, %v, %v", len(targets), len(packages), span, err)
	}
	if all, span, err := fuzzPlan(nil, ""); err != nil || len(all) != len(targets) || span != fuzzTime {
		t.Errorf("without a package: %d targets for %v, %v", len(all), span, err)
	}
}

// A target that fails on what is longer than a byte: the step counts it as failed and keeps
// its input out of the committed ones.
func TestAFindingFailsTheStepAndIsKeptAside(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"go.mod": "module found\n\ngo 1.26\n",
		"p/p_test.go": `package p

import "testing"

func FuzzLong(f *testing.F) {
	f.Add([]byte("a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1 {
			t.Fatal("longer than a byte")
		}
	})
}

func FuzzAll(f *testing.F) {
	f.Add([]byte("a"))
	f.Fuzz(func(t *testing.T, b []byte) {})
}
`,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "test", "-c", "-o", "p.test", "./p").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	binary, err := filepath.Abs("p.test")
	if err != nil {
		t.Fatal(err)
	}
	var found tally
	found.fuzzOne("p", "FuzzAll", binary, 100*time.Millisecond)
	if found.failed != 0 || found.passed != 1 {
		t.Errorf("a target that never fails: expected one check passed, found %+v", found)
	}
	found.fuzzOne("p", "FuzzLong", binary, 20*time.Second)
	if found.failed != 1 {
		t.Errorf("a target that fails: expected one check failed, found %+v", found)
	}
	kept := inFolder(filepath.Join("build", "fuzz", "p", "FuzzLong"))
	if len(kept) != 1 || len(inFolder(filepath.Join("p", "testdata"))) != 0 {
		t.Errorf("expected the input in build/fuzz alone, found %q there and %q beside the package", kept, inFolder("p/testdata"))
	}
	text, err := os.ReadFile(filepath.Join("build", "fuzz", "p", "FuzzLong", strings.Join(kept, "")))
	if err != nil || !strings.HasPrefix(string(text), "go test fuzz v1") {
		t.Errorf("expected an input that go test runs again, found %q: %v", text, err)
	}
}
