// Command readme writes the parts of README.md that are numbers of the studies: the table
// of results, the captions of its figures, and the badges in docs/badges. They come from the
// committed results (notebooks/results); `make readme` writes them, and a test holds
// README to them.
//
// What stands in README in other places and has a number in it needs a source: see
// sources_test.go.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/engine"
	"interplay/pipeline/study"
)

// shown are the profiles at which README shows the studies: that of the edge where pre-training
// never showed the edge, and all others.
var shown = []string{"micro", "lookup"}

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "✗ "+err.Error())
		os.Exit(1)
	}
}

// write brings README.md and the badges up to date.
func write() error {
	root, err := engine.ProjectRoot()
	if err != nil {
		return err
	}
	made, err := composed(root)
	if err != nil {
		return err
	}
	for name, text := range made {
		if err := durable.WriteFile(filepath.Join(root, name), []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// composed is what every file that this program writes should hold, by its name in the project.
func composed(root string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		return nil, err
	}
	var all []results
	best := results{} // of a study with results at both, those at the later one
	for _, profile := range shown {
		r, err := committed(root, profile)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
		maps.Copy(best, r)
	}
	readme := string(text)
	for name, of := range map[string]func(results) (string, error){"results": table, "edge-caption": edgeCaption, "exposure-caption": exposureCaption} {
		block, err := of(best)
		if err != nil {
			return nil, fmt.Errorf("the part %s of README.md: %w", name, err)
		}
		if readme, err = replaced(readme, name, block); err != nil {
			return nil, err
		}
	}
	words, err := committed(root, "words")
	if err != nil {
		return nil, err
	}
	block, err := languages(best, words)
	if err != nil {
		return nil, fmt.Errorf("the part languages of README.md: %w", err)
	}
	if readme, err = replaced(readme, "languages", block); err != nil {
		return nil, err
	}
	out, err := badges(root, append(all, words)...)
	if err != nil {
		return nil, err
	}
	out["README.md"] = readme
	return out, nil
}

// results are the committed results of the studies, by their names, judged by the rules as
// they stand in the code.
type results map[string]*study.Results

// committed reads the committed results of every study that has some at a profile.
func committed(root, profile string) (results, error) {
	files, err := filepath.Glob(filepath.Join(root, "notebooks", "results", profile, "*", study.ResultsFile))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("notebooks/results/%s has %d results, %v", profile, len(files), err)
	}
	out := results{}
	for _, f := range files {
		dir := filepath.Dir(f)
		s, err := study.ByName(filepath.Base(dir), profile, 1)
		if err != nil {
			return nil, err
		}
		held, err := study.Load(dir)
		if err != nil {
			return nil, err
		}
		if out[s.Name], err = held.Of(s); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
	}
	return out, nil
}

// claim is a study's claim as it is judged.
func (r results) claim(of, id string) (study.Judgement, error) {
	d, there := r[of]
	if !there {
		return study.Judgement{}, fmt.Errorf("the study %s has no committed results", of)
	}
	for _, j := range d.Verdicts {
		if j.ID == id && j.Note != "" {
			return j, fmt.Errorf("claim %s of %s has no value: %s", id, of, j.Note)
		}
		if j.ID == id {
			return j, nil
		}
	}
	return study.Judgement{}, fmt.Errorf("the study %s has no claim %q any more: mend the list in scripts/readme/rows.go", of, id)
}

// mark is a comment that begins or ends a part of README.md.
func mark(name, end string) string { return "<!-- " + end + name + ", by make readme -->" }

// replaced puts a part between its marks.
func replaced(text, name, block string) (string, error) {
	before, rest, ok := strings.Cut(text, mark(name, ""))
	_, after, ok2 := strings.Cut(rest, mark(name, "end of "))
	if !ok || !ok2 {
		return "", fmt.Errorf("README.md has no part between %s and %s", mark(name, ""), mark(name, "end of "))
	}
	return before + mark(name, "") + "\n" + block + mark(name, "end of ") + after, nil
}
