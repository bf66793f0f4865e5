package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestAFailedWriteLeavesTheOldFileAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	if err := WriteFile(name, []byte("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the power went")
	err := Write(name, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half of the ne"); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want the writer's own", err)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "old" {
		t.Errorf("the file holds %q (%v), want what was there before", text, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d entries in the folder (%v), want the file alone", len(entries), err)
	}
}

func TestWriteReplacesAWholeFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "value.json")
	for _, v := range []int{1, 22} {
		if err := WriteJSON(name, v); err != nil {
			t.Fatal(err)
		}
	}
	copied := name + ".copy"
	if err := Copy(copied, name); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(copied); err != nil || string(text) != "22\n" {
		t.Errorf("found %q (%v), want the last value", text, err)
	}
}

func TestDevicesAndFoldersAreRefused(t *testing.T) {
	for _, name := range []string{"/dev/null", t.TempDir()} {
		if err := WriteFile(name, []byte("x")); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatal("/dev/null is no device any more")
	}
}
