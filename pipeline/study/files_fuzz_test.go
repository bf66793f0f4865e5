package study

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A study that is read is valid, lists its stages, and says the same when it is written.
func FuzzRead(f *testing.F) {
	s, err := ByName(Names()[0], "smoke", 1)
	if err != nil {
		f.Fatal(err)
	}
	whole, err := json.Marshal(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"name":"mine","seeds":[1],"arms":[]}`))
	f.Add([]byte(`{"name":"mine"} {}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "study.json")
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Read(name)
		if err != nil {
			return
		}
		if len(s.Seeds)*len(s.Arms) < 1000 { // a plan of more takes its time
			s.Stages()
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, again, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(name); err != nil {
			t.Errorf("%s is written as %s: %v", data, again, err)
		}
	})
}

func FuzzLoadResults(f *testing.F) {
	s, err := ByName(Names()[0], "smoke", 1)
	if err != nil {
		f.Fatal(err)
	}
	whole, err := json.Marshal(Results{Format: resultsFormat, Study: s})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"format":1}`))
	empty := f.TempDir()
	if err := (&Results{Format: resultsFormat, Study: s}).Save(empty); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(empty)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ResultsFile), data, 0o644); err != nil {
			t.Fatal(err)
		}
		if r, err := Load(dir); err == nil && r.Study.Validate() == nil {
			_ = r.Check() // must not panic
		}
	})
}
