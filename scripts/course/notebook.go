package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// edition is for whom a notebook is made.
type edition int

const (
	student edition = iota // solutions are missing
	teacher                // solutions stand there
)

// notebookCell and notebook are Jupyter's format, version 4.5.
type notebookCell struct {
	Type     string         `json:"cell_type"`
	ID       string         `json:"id"`
	Metadata map[string]any `json:"metadata"`
	Source   []string       `json:"source"`
}

type notebook struct {
	Cells    []json.RawMessage `json:"cells"`
	Metadata map[string]any    `json:"metadata"`
	Format   int               `json:"nbformat"`
	Minor    int               `json:"nbformat_minor"`
}

// notebook is the lesson as a notebook without outputs.
func (l *source) notebook(e edition) ([]byte, error) {
	n := notebook{Format: 4, Minor: 5, Metadata: map[string]any{
		"kernelspec":    map[string]any{"display_name": "Go (gonb)", "language": "go", "name": "gonb"},
		"language_info": map[string]any{"name": "go", "file_extension": ".go", "mimetype": "text/x-go", "pygments_lexer": "go", "codemirror_mode": "go"},
	}}
	all, err := l.editioned(e)
	if err != nil {
		return nil, err
	}
	for i, c := range all {
		text, err := c.json(i)
		if err != nil {
			return nil, err
		}
		n.Cells = append(n.Cells, text)
	}
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetIndent("", " ")
	out.SetEscapeHTML(false)
	err = out.Encode(n)
	return b.Bytes(), err
}

// editioned are the cells as an edition has them, with the cell of imports behind the first text.
func (l *source) editioned(e edition) ([]cell, error) {
	imports := cell{kind: code, text: "%noautoget\nimport (\n\t" + strings.Join(l.imports, "\n\t") + "\n)"}
	var all []cell
	for i, c := range l.cells {
		if c.kind == exercise {
			if e == student {
				var err error
				if c.text, _, err = cutSolutions(c.text); err != nil {
					return nil, fmt.Errorf("%s: %s: %w", l.folder, c.name, err)
				}
			}
		}
		all = append(all, c)
		if i == 0 {
			all = append(all, imports)
		}
	}
	return all, nil
}

// json is a cell in Jupyter's format. Its identity comes from its place and kind, so that the same
// lesson gives the same file.
func (c cell) json(place int) ([]byte, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", place, c.kind, c.name))
	out := notebookCell{Type: "code", ID: hex.EncodeToString(sum[:4]), Metadata: c.metadata(), Source: lines(c.text)}
	if c.kind == markdown {
		out.Type = "markdown"
		return encoded(out)
	}
	// The fields in Jupyter's order, so that a notebook made anew is the same file.
	return encoded(struct {
		Type      string         `json:"cell_type"`
		Execution *int           `json:"execution_count"`
		ID        string         `json:"id"`
		Metadata  map[string]any `json:"metadata"`
		Outputs   []any          `json:"outputs"`
		Source    []string       `json:"source"`
	}{out.Type, nil, out.ID, out.Metadata, []any{}, out.Source})
}

func encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(v)
	return b.Bytes(), err
}

// metadata marks exercises and checks for nbgrader; a check may fail and the notebook goes on.
func (c cell) metadata() map[string]any {
	grading := func(id string, isCheck bool) map[string]any {
		m := map[string]any{"schema_version": 3, "grade_id": id, "cell_type": "code", "task": false,
			"solution": !isCheck, "grade": isCheck, "locked": isCheck}
		if isCheck {
			m["points"] = 1
		}
		return m
	}
	switch c.kind {
	case exercise:
		return map[string]any{"nbgrader": grading("write-"+c.name, false)}
	case check:
		return map[string]any{"nbgrader": grading("check-"+c.name, true), "tags": []string{"raises-exception"}}
	}
	return map[string]any{}
}

// lines cuts a text after each line break, as Jupyter stores it.
func lines(text string) []string {
	out := strings.SplitAfter(text, "\n")
	if out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}
