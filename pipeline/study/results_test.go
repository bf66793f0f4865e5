package study

import (
	"errors"
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
