package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	for _, c := range []struct {
		version, minimum string
		want             bool
	}{
		{"1.26.5", "1.26.5", true},
		{"1.26.10", "1.26.5", true},
		{"1.27rc1", "1.26.5", true},
		{"2.0", "1.26.5", true},
		{"1.26", "1.26.5", false},
		{"1.9.9", "1.26.5", false},
		{"3.9.18", "3.11", false},
		{"3.11.0", "3.11", true},
	} {
		if got := atLeast(c.version, c.minimum); got != c.want {
			t.Errorf("atLeast(%s, %s) is %v", c.version, c.minimum, got)
		}
	}
}

func TestARunFolderThatCannotBeWrittenIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("INTERPLAY_RUNS", file)
	if _, err := checkRunFolder(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("a file for a folder: the error is %v", err)
	}
	// proc accepts no files, whoever asks.
	t.Setenv("INTERPLAY_RUNS", "/proc/interplay")
	if _, err := checkRunFolder(t.TempDir()); err == nil || !strings.Contains(err.Error(), "/proc/interplay") || !strings.Contains(err.Error(), "INTERPLAY_RUNS") {
		t.Errorf("the error is %v", err)
	}
}

func TestAWritableRunFolderIsLeftAsItWas(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("INTERPLAY_RUNS", dir)
	if _, err := checkRunFolder(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("it holds %v (%v)", left, err)
	}
}

func TestAMissingEnvironmentIsNamedWithItsRemedy(t *testing.T) {
	root := t.TempDir()
	for name, run := range map[string]func(string) (string, error){"python": checkPython, "kernel": checkKernel} {
		if _, err := run(root); err == nil || !strings.Contains(err.Error(), "make setup") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if err := isSetUp(root); err == nil || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("the error is %v", err)
	}
}
