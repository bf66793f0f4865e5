package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestANewNotebookHasItsReportAndItsExpectations(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mine [1]")
	if err := verb("new", []string{"a question", "-dir", dir}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "a question.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	var notebook struct {
		Cells []struct {
			Type    string `json:"cell_type"`
			Source  []string
			Outputs *[]any
		}
		Format   int `json:"nbformat"`
		Metadata struct{ Kernelspec struct{ Name string } }
	}
	if err := json.Unmarshal(text, &notebook); err != nil {
		t.Fatal(err)
	}
	code := ""
	for _, c := range notebook.Cells {
		if c.Type == "code" {
			code += strings.Join(c.Source, "") + "\n"
		}
		if (c.Type == "code") != (c.Outputs != nil) || c.Type != "code" && c.Type != "markdown" {
			t.Errorf("a cell of kind %q with outputs: %t", c.Type, c.Outputs != nil)
		}
	}
	if notebook.Format != 4 || notebook.Metadata.Kernelspec.Name != "gonb" || !strings.Contains(code, `kernelkit.Open("a question", "smoke", 1)`) {
		t.Errorf("the notebook is %s", text)
	}
	expected, err := readResults(filepath.Join(dir, "expected", "a question.smoke.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range expected.Numbers {
		if !strings.Contains(code, `"`+n.ID+`", "`+n.Claim+`", "`+n.Unit+`"`) {
			t.Errorf("the notebook does not report %s as it is expected", n.ID)
		}
	}
	if names, err := notebookNames(dir, ""); err != nil || len(names) != 1 || expected.Name != names[0] {
		t.Errorf("%q, %v", names, err)
	}
	before := string(text)
	if err := verb("new", []string{"a question.ipynb", "-dir", dir}); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("a second one of the same name: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "a question.ipynb")); err != nil || string(text) != before {
		t.Errorf("the first one has changed (%v)", err)
	}
}

func TestNamesThatAreNoFileNamesAreRefused(t *testing.T) {
	for _, name := range []string{"", "../x", "a/b", ".hidden", "a\"b", "-x", "a\nb", "a..b", strings.Repeat("a", 200)} {
		dir := t.TempDir()
		if err := newNotebook(name, dir); err == nil || !strings.Contains(err.Error(), "expected letters") {
			t.Errorf("%q: %v", name, err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%q left %v", name, entries)
		}
	}
}
