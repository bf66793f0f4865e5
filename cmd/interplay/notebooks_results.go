package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"interplay/kernelkit/strict"
	"interplay/pipeline"
)

// results is what a notebook writes to $INTERPLAY_RESULTS/NAME/results.json, and
// result is one of its numbers.
type (
	results = pipeline.Report
	result  = pipeline.Number
)

// readResults reads a results file and returns the first thing that is wrong with it.
func readResults(file string) (*results, error) {
	text, err := strict.ReadFile(file, 1<<30)
	if err != nil {
		return nil, err
	}
	var r results
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s is not a results file: %w", file, strict.Plain(err))
	}
	if len(r.Numbers) == 0 {
		return nil, fmt.Errorf("%s holds no results", file)
	}
	seen := map[string]bool{}
	for _, v := range r.Numbers {
		switch {
		case v.ID == "":
			return nil, fmt.Errorf("%s: a result has no id", file)
		case seen[v.ID]:
			return nil, fmt.Errorf("%s: two results have the id %q", file, v.ID)
		case v.Tolerance < 0:
			return nil, fmt.Errorf("%s: %s has the tolerance %g; expected 0 or more", file, v.ID, v.Tolerance)
		}
		seen[v.ID] = true
	}
	return &r, nil
}

// compare names every difference between the committed results and those found:
// another study or profile, ids that are missing or new, other units, and values
// further apart than the committed tolerance.
func compare(expected, found *results) (differences []string) {
	differ := func(format string, args ...any) { differences = append(differences, fmt.Sprintf(format, args...)) }
	if expected.Name != found.Name {
		differ("study: expected %q, found %q", expected.Name, found.Name)
	}
	if expected.Profile != found.Profile {
		differ("profile: expected %q, found %q", expected.Profile, found.Profile)
	}
	byID := map[string]result{}
	for _, f := range found.Numbers {
		byID[f.ID] = f
	}
	for _, e := range expected.Numbers {
		f, ok := byID[e.ID]
		delete(byID, e.ID)
		switch off := math.Abs(f.Value - e.Value); {
		case !ok:
			differ("%s: expected %g, found no such result", e.ID, e.Value)
		case e.Unit != f.Unit:
			differ("%s: expected the unit %q, found %q", e.ID, e.Unit, f.Unit)
		// The slack is for decimal tolerances: 0.3 − 0.2 is a little more than 0.1 in binary.
		case off > e.Tolerance+1e-9*math.Max(1, math.Abs(e.Value)):
			differ("%s: expected %g within %g, found %g, off by %.4g", e.ID, e.Value, e.Tolerance, f.Value, off)
		}
	}
	for _, f := range found.Numbers {
		if _, extra := byID[f.ID]; extra {
			differ("%s: expected no such result, found %g", f.ID, f.Value)
		}
	}
	return differences
}

// executedNotebook is the part of an .ipynb file that is looked at here.
type executedNotebook struct {
	Cells []struct {
		Type    string `json:"cell_type"`
		Outputs []struct {
			Type  string                     `json:"output_type"`
			Name  string                     `json:"ename"`
			Value string                     `json:"evalue"`
			Data  map[string]json.RawMessage `json:"data"`
		}
	}
}

// extractFigures writes the PNG outputs of an executed notebook as
// cell07_1.png (first figure of the seventh code cell) and returns how many there
// are. An error output is an error: nbconvert should have stopped at it.
func extractFigures(file, dir string) (int, error) {
	text, err := strict.ReadFile(file, 1<<30)
	if err != nil {
		return 0, err
	}
	var nb executedNotebook
	if err := json.Unmarshal(text, &nb); err != nil {
		return 0, fmt.Errorf("%s is not a notebook: %w", file, strict.Plain(err))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	figures, code := 0, 0
	for _, cell := range nb.Cells {
		if cell.Type == "code" {
			code++
		}
		inCell := 0
		for _, out := range cell.Outputs {
			if out.Type == "error" {
				return figures, fmt.Errorf("code cell %d holds an error: %s %s", code, out.Name, out.Value)
			}
			encoded, ok := out.Data["image/png"]
			if !ok {
				continue
			}
			png, err := decodePNG(encoded)
			if err != nil {
				return figures, fmt.Errorf("code cell %d: its figure cannot be read: %w", code, err)
			}
			inCell++
			name := fmt.Sprintf("cell%02d_%d.png", code, inCell)
			if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
				return figures, err
			}
			figures++
		}
	}
	return figures, nil
}

// decodePNG reads a MIME entry: base64 in one string, or in lines.
func decodePNG(encoded json.RawMessage) ([]byte, error) {
	var one string
	if err := json.Unmarshal(encoded, &one); err != nil {
		var lines []string
		if err := json.Unmarshal(encoded, &lines); err != nil {
			return nil, errors.New("expected text or a list of lines")
		}
		one = strings.Join(lines, "")
	}
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(one), ""))
}

var ansiColour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// cellError is the readable part of what nbconvert said: the cell and its own
// error, without the Python calls that led there.
func cellError(said string) string {
	said = strings.TrimSpace(ansiColour.ReplaceAllString(said, ""))
	for start, what := range map[string]string{
		"nbclient.exceptions.CellExecutionError: ": "a cell failed",
		"nbclient.exceptions.DeadKernelError: ":    "the kernel ended",
	} {
		if _, after, ok := strings.Cut(said, start); ok {
			return what + ". " + strings.TrimSpace(after)
		}
	}
	lines := strings.Split(said, "\n")
	return "nbconvert failed:\n" + strings.Join(lines[max(0, len(lines)-25):], "\n")
}
