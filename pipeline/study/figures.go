package study

import (
	"fmt"
	"slices"
)

// Figure is, as data, a figure that a study needs beside those that every study has. Who
// draws it knows the form, and no study.
type Figure struct {
	Name   string     `json:"name"` // by which a notebook asks for it
	Form   FigureForm `json:"form"`
	Title  string     `json:"title"`
	XLabel string     `json:"x_label,omitempty"`

	Groups  []string    `json:"groups,omitempty"`  // of arms
	Ranges  []string    `json:"ranges,omitempty"`  // of ops
	Context string      `json:"context,omitempty"` // exposure: of which tokens are counted; similarity: whose training graphs are compared with
	Lines   []PaperLine `json:"lines,omitempty"`   // paper lines: what is drawn
}

// FigureForm says how a figure is drawn.
type FigureForm string

const (
	GridForm       FigureForm = "grid"        // strict pass@1 and pass@k over the arms' values: a row a group, a column a range
	ExposureForm   FigureForm = "exposure"    // strict pass@k over the tokens of a context in pre-training: one line a group, differences from the first
	SimilarityForm FigureForm = "similarity"  // how similar solved graphs are to training graphs of a context: a panel an arm of the group
	PaperForm      FigureForm = "paper lines" // the paper's own lines over its own ops
)

// PaperLine is a line of a figure of the paper over its own ops: pass@128 in per cent.
type PaperLine struct {
	Label  string    `json:"label"`
	Source string    `json:"source"`
	Ops    []int     `json:"ops"`
	Values []float64 `json:"values"`
}

// PaperCurve is the paper's strict pass@k in per cent of an arm on a range, by k, of its
// 100M model. Curves are read off the authors' figure with an error of about 0.7 points;
// numbers of figure 7 are printed there.
type PaperCurve struct {
	Arm    string    `json:"arm"`
	Range  string    `json:"range"`
	Source string    `json:"source"`
	Ks     []int     `json:"ks"`
	Values []float64 `json:"values"`
}

// Figure returns the study's figure of a name.
func (s *Study) Figure(name string) (Figure, bool) {
	for _, f := range s.Figures {
		if f.Name == name {
			return f, true
		}
	}
	return Figure{}, false
}

// ValidateFigure names what the figure asks for and the study does not have.
func (s *Study) ValidateFigure(f Figure) error {
	needs := map[FigureForm]struct{ groups, ranges, lines int }{GridForm: {0, 1, 0}, ExposureForm: {1, 1, 0}, SimilarityForm: {1, 1, 0}, PaperForm: {0, 0, 1}}
	need, ok := needs[f.Form]
	if !ok {
		return fmt.Errorf("unknown form %q: expected %s, %s, %s or %s", f.Form, GridForm, ExposureForm, SimilarityForm, PaperForm)
	}
	if len(f.Groups) < need.groups || len(f.Ranges) < need.ranges || len(f.Lines) < need.lines {
		return fmt.Errorf("a figure of the form %s needs %d groups, %d ranges, %d lines; found %d, %d, %d", f.Form, need.groups, need.ranges, need.lines, len(f.Groups), len(f.Ranges), len(f.Lines))
	}
	for _, name := range f.Ranges {
		if _, ok := s.Range(name); !ok {
			return fmt.Errorf("there is no range %q", name)
		}
	}
	arms := -1
	for _, group := range f.Groups {
		n := 0
		for _, a := range s.Arms {
			if a.Group == group || slices.Contains(a.AlsoIn, group) {
				n++
			}
		}
		if n == 0 || arms >= 0 && n != arms {
			return fmt.Errorf("the group %q has %d arms: expected at least one, and as many in each group", group, n)
		}
		arms = n
	}
	for _, l := range f.Lines {
		if len(l.Ops) != len(l.Values) {
			return fmt.Errorf("the line %q has %d ops and %d values", l.Label, len(l.Ops), len(l.Values))
		}
	}
	return nil
}
