package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func numbers(values ...result) *results {
	return &results{Name: "s", Profile: "smoke", Seed: 1, Numbers: values}
}

func TestEqualResultsDoNotDiffer(t *testing.T) {
	a := numbers(result{ID: "x", Value: 0.3, Tolerance: 0.1, Unit: "share"}, result{ID: "y", Value: -2})
	b := numbers(result{ID: "y", Value: -2}, result{ID: "x", Value: 0.2, Unit: "share"}) // at the very edge, other order
	if got := compare(a, b); len(got) != 0 {
		t.Errorf("differences: %q", got)
	}
}

func TestEveryKindOfDifferenceIsNamed(t *testing.T) {
	base := result{ID: "accuracy", Value: 0.6, Tolerance: 0.05, Unit: "share"}
	for _, c := range []struct {
		name  string
		found *results
		want  []string
	}{
		{"too low", numbers(result{ID: "accuracy", Value: 0.54, Unit: "share"}), []string{"accuracy", "0.6 within 0.05", "found 0.54", "off by 0.06"}},
		{"too high", numbers(result{ID: "accuracy", Value: 0.66, Unit: "share"}), []string{"found 0.66"}},
		{"wider tolerance of its own", numbers(result{ID: "accuracy", Value: 0.9, Tolerance: 1, Unit: "share"}), []string{"found 0.9"}},
		{"missing", numbers(result{ID: "other", Value: 0.6}), []string{"accuracy: expected 0.6, found no such result", "other: expected no such result, found 0.6"}},
		{"extra", numbers(base, result{ID: "new", Value: 1}), []string{"new: expected no such result"}},
		{"other unit", numbers(result{ID: "accuracy", Value: 0.6, Unit: "percent"}), []string{`"share"`, `"percent"`}},
		{"other study", &results{Name: "t", Profile: "smoke", Numbers: []result{base}}, []string{"study"}},
		{"other profile", &results{Name: "s", Profile: "micro", Numbers: []result{base}}, []string{"profile"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(compare(numbers(base), c.found), "\n")
			if got == "" {
				t.Fatal("no difference was found")
			}
			for _, w := range c.want {
				if !strings.Contains(got, w) {
					t.Errorf("the differences lack %q:\n%s", w, got)
				}
			}
		})
	}
}

func TestResultFilesThatCannotBeComparedAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":           `{"study": `,
		"a text for a value": `{"results": [{"id": "a", "value": "0.5"}]}`,
		"no results":         `{"study": "s", "results": []}`,
		"no id":              `{"results": [{"value": 1}]}`,
		"an id twice":        `{"results": [{"id": "a"}, {"id": "a"}]}`,
		"negative tolerance": `{"results": [{"id": "a", "tolerance": -1}]}`,
	} {
		file := filepath.Join(t.TempDir(), "results.json")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readResults(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestUpdatedResultsAreWhatTheNextComparisonReads(t *testing.T) {
	r := notebookRun{dir: t.TempDir(), profile: "smoke", seed: 1}
	found := numbers(result{ID: "x", Value: 0.25, Low: 0.2, High: 0.3, Unit: "share", Tolerance: 0.01, Claim: "c"})
	if err := r.judge("n", found); err == nil || !strings.Contains(err.Error(), "-update") {
		t.Errorf("without committed values the error is %v", err)
	}
	r.update = true
	if err := r.judge("n", found); err != nil {
		t.Fatal(err)
	}
	r.update = false
	if err := r.judge("n", found); err != nil {
		t.Error(err)
	}
	found.Numbers[0].Value = 0.5
	if err := r.judge("n", found); err == nil || !strings.Contains(err.Error(), "x: expected 0.25 within 0.01, found 0.5") {
		t.Errorf("the error is %v", err)
	}
	found.Seed = 2
	if err := r.judge("n", found); err != nil {
		t.Errorf("another seed is no difference, but: %v", err)
	}
}

func TestFiguresAreExtractedAsTheyAre(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 5, 3))); err != nil {
		t.Fatal(err)
	}
	one := base64.StdEncoding.EncodeToString(picture.Bytes())
	cell := func(data ...any) map[string]any {
		outputs := []any{map[string]any{"output_type": "stream", "text": "x"}}
		for _, d := range data {
			outputs = append(outputs, map[string]any{"output_type": "display_data", "data": map[string]any{"image/png": d, "text/plain": "alt"}})
		}
		return map[string]any{"cell_type": "code", "outputs": outputs}
	}
	nb := map[string]any{"cells": []any{
		map[string]any{"cell_type": "markdown"},
		cell(),
		cell(one, []string{one[:10] + "\n", one[10:] + "\n"}),
	}}
	text, err := json.Marshal(nb)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "n.ipynb")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	n, err := extractFigures(file, filepath.Join(dir, "n_files"))
	if err != nil || n != 2 {
		t.Fatalf("%d figures, error %v", n, err)
	}
	for _, name := range []string{"cell02_1.png", "cell02_2.png"} {
		got, err := os.ReadFile(filepath.Join(dir, "n_files", name))
		if err != nil || !bytes.Equal(got, picture.Bytes()) {
			t.Errorf("%s: %d bytes, error %v", name, len(got), err)
		}
	}
}

func TestAnErrorOutputIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "n.ipynb")
	text := `{"cells": [{"cell_type": "code", "outputs": [{"output_type": "error", "ename": "ERROR", "evalue": "exit status 1"}]}]}`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := extractFigures(file, t.TempDir()); err == nil || !strings.Contains(err.Error(), "code cell 1") {
		t.Errorf("the error is %v", err)
	}
}

func TestACellsErrorIsShownWithoutPythonsCalls(t *testing.T) {
	said := "Traceback (most recent call last):\n  File \"x.py\"\nnbclient.exceptions.CellExecutionError: An error occurred\n\x1b[31mpanic: index\x1b[0m out of range\n"
	if got := cellError(said); got != "a cell failed. An error occurred\npanic: index out of range" {
		t.Errorf("%q", got)
	}
	if got := cellError("something else"); !strings.Contains(got, "something else") {
		t.Errorf("%q", got)
	}
}

func TestNotebookSettings(t *testing.T) {
	zero := int64(0)
	for _, c := range []struct {
		given       *int64
		environment string
		want        int64
	}{{nil, "", 1}, {nil, "7", 7}, {&zero, "7", 0}} {
		if p, s, err := notebookSettings("smoke", c.given, c.environment); p != "smoke" || s != c.want || err != nil {
			t.Errorf("%v: %s %d %v", c, p, s, err)
		}
	}
	if _, _, err := notebookSettings("smokey", nil, ""); err == nil || !strings.Contains(err.Error(), `"smokey"`) || !strings.Contains(err.Error(), "micro") {
		t.Errorf("unknown profile: %v", err)
	}
	for _, bad := range []string{"one", "9223372036854775807"} {
		if _, _, err := notebookSettings("smoke", nil, bad); err == nil || !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), "2^53") {
			t.Errorf("bad seed: %v", err)
		}
	}
}

func TestNotebookNamesListsWhatThereIs(t *testing.T) {
	dir := t.TempDir()
	if _, err := notebookNames(dir, ""); err == nil {
		t.Error("an empty folder is no error")
	}
	for _, n := range []string{"01_b.ipynb", "00_a.ipynb"} {
		if err := os.WriteFile(filepath.Join(dir, n), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := notebookNames(dir, ""); err != nil || strings.Join(names, " ") != "00_a 01_b" {
		t.Errorf("%q %v", names, err)
	}
	if _, err := notebookNames(dir, "02_c"); err == nil || !strings.Contains(err.Error(), "00_a, 01_b") {
		t.Errorf("an unknown notebook: %v", err)
	}
}

func TestKeptNotebooksHoldOutputsAndNoTimes(t *testing.T) {
	dir := t.TempDir()
	executed, source := filepath.Join(dir, "executed.ipynb"), filepath.Join(dir, "n.ipynb")
	text := `{"cells":[{"cell_type":"code","id":"a","metadata":{"execution":{"iopub.execute_input":"2026-11-25T10:00:00Z"},"tags":["remove-input"],"nbgrader":{"grade":true}},"execution_count":1,
		"outputs":[{"output_type":"display_data","data":{"text/plain":"a < b & c"},"metadata":{}}],"source":["x := 1"]}],
		"metadata":{"kernelspec":{"name":"gonb"}},"nbformat":4,"nbformat_minor":5}`
	if err := os.WriteFile(executed, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := keepOutputs(executed, source); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for want, is := range map[string]bool{"a < b & c": true, `"x := 1"`: true, `"execution_count": 1`: true, `"gonb"`: true, "2026": false} {
		if strings.Contains(string(kept), want) != is {
			t.Errorf("%q in the kept notebook: %t\n%s", want, !is, kept)
		}
	}
	if err := keepOutputs(source, executed); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(executed); err != nil || !bytes.Equal(again, kept) {
		t.Error("keeping what was kept changes it")
	}
}

func TestOutputsOfOthersNotebooksLieBesideThem(t *testing.T) {
	root, theirs, sealed := t.TempDir(), t.TempDir(), t.TempDir()
	own := filepath.Join(root, "notebooks")
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(sealed, 0o555); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ dir, out, want string }{
		{"", "", filepath.Join(root, "build", "notebooks")},
		{own, "", filepath.Join(root, "build", "notebooks")},
		{theirs, "", filepath.Join(theirs, "build")},
		{theirs, filepath.Join(root, "x"), filepath.Join(root, "x")},
	} {
		if _, build, err := notebookFolders(root, c.dir, c.out); err != nil || build != c.want {
			t.Errorf("-dir %q -out %q: outputs go to %s (%v), want %s", c.dir, c.out, build, err, c.want)
		}
	}
	if _, build, err := notebookFolders(root, sealed, ""); err != nil || filepath.Dir(build) != filepath.Join(root, "build", "elsewhere") {
		t.Errorf("a folder that cannot be written: outputs go to %s (%v)", build, err)
	}
	if _, _, err := notebookFolders(root, filepath.Join(root, "no"), ""); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

func TestPathsAreWrittenForNbconvertAsThemselves(t *testing.T) {
	if got := notPattern("/a [v2]/b*?.ipynb"); got != "/a [[]v2]/b[*][?].ipynb" {
		t.Error(got)
	}
}

func TestWhatFailedIsShownInTheFormsOfCodeHosts(t *testing.T) {
	outcomes := []notebookOutcome{
		{name: "good", file: "/w/nb/good.ipynb", took: 1500 * time.Millisecond},
		{name: "bad, very: bad", file: "/w/nb/bad, very: bad.ipynb", took: time.Second, err: errors.New("100% wrong <here>\nand there")},
	}
	if got := annotation(outcomes[1], "/w"); got != "::error file=nb/bad%2C very%3A bad.ipynb,title=notebook bad%2C very%3A bad::100%25 wrong <here>%0Aand there" {
		t.Error(got)
	}
	file := filepath.Join(t.TempDir(), "junit.xml")
	if err := writeJUnit(file, outcomes); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal(text, &suite); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if suite.Tests != 2 || suite.Failures != 1 || suite.Time != "2.500" || suite.Cases[0].Failure != nil {
		t.Errorf("%+v", suite)
	}
	if f := suite.Cases[1].Failure; f == nil || f.Message != "100% wrong <here>" || f.Text != "100% wrong <here>\nand there" {
		t.Errorf("%+v", suite.Cases[1])
	}
}

func TestPagesOfNotebooksAreGoWithDescribedPictures(t *testing.T) {
	root, out := filepath.Join("..", ".."), t.TempDir()
	said, err := exec.Command("bash", filepath.Join(root, "scripts", "in-project.sh"), filepath.Join(".venv", "bin", "python"), "-m", "nbconvert", "--log-level=ERROR",
		"--to", "html", "--config", filepath.Join("scripts", "nbconvert_config.py"), "--output-dir", out, filepath.Join("notebooks", "00_walkthrough.ipynb")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	page, err := os.ReadFile(filepath.Join(out, "00_walkthrough.html"))
	if err != nil {
		t.Fatal(err)
	}
	pictures := regexp.MustCompile(`<img [^>]*>`).FindAllString(string(page), -1)
	if len(pictures) == 0 {
		t.Error("the page has no picture")
	}
	for _, picture := range pictures {
		if alt := regexp.MustCompile(`alt="([^"]*)"`).FindStringSubmatch(picture); alt == nil || strings.Contains(alt[1], "escription") || len(alt[1]) < 10 {
			t.Errorf("a picture is described as %q", alt)
		}
	}
	if n := strings.Count(string(page), `<div aria-label="strict pass@1 and pass@8 per op" class="panels" role="img"`); n != 2 {
		t.Errorf("%d figures have pieces for narrow windows, expected the two of pass@k per op", n)
	}
	if comment := `<span class="c1">// The notebook's name`; !strings.Contains(strings.ReplaceAll(string(page), "&#39;", "'"), comment) {
		t.Errorf("the page does not colour code as Go: %s… is not in it", comment)
	}
}
