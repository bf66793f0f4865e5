package kernelkit

import (
	"fmt"
	"slices"
	"strings"

	"interplay/kernelkit/score"
	"interplay/pipeline/study"
	"interplay/plots"
)

// Figures that a study asks for as data (study.Figure): its file says their form, title,
// groups and ranges, and they are drawn here without knowing the study.

// Figure draws the study's figure of a name, such as "grid" of the compute split.
func (r *Results) Figure(name string) Figure {
	f := r.asked(name)
	if err := r.Study.ValidateFigure(f); err != nil {
		fail(fmt.Errorf("the figure %q cannot be drawn: %w", name, err))
	}
	switch f.Form {
	case study.GridForm:
		return r.grid(f)
	case study.ExposureForm:
		return r.exposure(f)
	case study.SimilarityForm:
		return r.similarity(f)
	case study.PaperForm:
		return paperLines(f)
	}
	fail(fmt.Errorf("the figure %q has the form %q: expected %s, %s, %s or %s", name, f.Form, study.GridForm, study.ExposureForm, study.SimilarityForm, study.PaperForm))
	return Figure{}
}

// asked is the study's figure of a name; a name that it lacks ends the cell.
func (r *Results) asked(name string) study.Figure {
	f, ok := r.Study.Figure(name)
	if !ok {
		var names []string
		for _, f := range r.Study.Figures {
			names = append(names, f.Name)
		}
		fail(fmt.Errorf("the study has no figure %q of its own: expected one of %s", name, strings.Join(names, ", ")))
	}
	return f
}

// paperLines draws the paper's own lines over its own ops.
func paperLines(f study.Figure) Figure {
	panel := plots.SharePanel{Title: f.Title}
	for _, line := range f.Lines {
		s := plots.ShareSeries{Name: line.Label}
		for i, v := range line.Values {
			s.X, s.Values = append(s.X, float64(line.Ops[i])), append(s.Values, score.Interval{Value: v / 100, Low: v / 100, High: v / 100})
		}
		panel.Series = append(panel.Series, s)
	}
	png, err := plots.PassAtKByOp(plots.PassAtKByOpData{Title: "For comparison", YLabel: "strict pass@128 (%)", Panels: []plots.SharePanel{panel}})
	return figure(png, err, "the paper's strict pass@128 per op")
}

// grid draws strict pass@1 and pass@k on the figure's ranges over the arms' values: one
// row a group, and below each the differences from the arm with the least value.
func (r *Results) grid(f study.Figure) Figure {
	data := r.gridData(f)
	png, err := plots.LineGrid(data)
	return figure(png, err, "strict pass@k over "+f.XLabel+"; below, the differences from "+data.Reference)
}

// gridData is what grid draws: the figure's groups, or all of the study where it names none.
func (r *Results) gridData(f study.Figure) plots.LineGridData {
	groups := f.Groups
	if len(groups) == 0 {
		groups = r.groups()
	}
	data := plots.LineGridData{Title: f.Title, XLabel: f.XLabel, Reference: r.reference(f.XLabel, groups), Intervals: r.intervals()}
	type column struct {
		ops study.OpRange
		k   int
	}
	var columns []column
	for _, k := range slices.Compact([]int{1, r.Study.Evaluation.Samples}) {
		for _, name := range f.Ranges {
			columns = append(columns, column{r.opRange(name), k})
			data.Columns = append(data.Columns, fmt.Sprintf("%s, pass@%d", name, k))
		}
	}
	for _, group := range groups {
		data.Rows = append(data.Rows, strings.Replace(group, " tokens", "", 1)) // a row is not high enough for more
		row := make([]plots.GridCell, len(columns))
		for i, c := range columns {
			arms := r.inGroup(group)
			row[i].Basis = r.basis(arms[0].Name, c.ops)
			for _, a := range arms {
				if v, ok := r.Value(a.Name, c.ops, pass(c.k)); ok {
					row[i].X, row[i].Values = append(row[i].X, a.Value), append(row[i].Values, v)
					row[i].Gains = append(row[i].Gains, r.gain(a.Name, arms[0].Name, c.ops, c.k))
				}
			}
		}
		data.Cells = append(data.Cells, row)
	}
	return data
}

// reference names the arms of a grid that the others of their row are compared with, those of the least value: "β = 0",
// or "the least β" where that is another one in another row.
func (r *Results) reference(label string, groups []string) string {
	symbol := label
	if _, last, ok := strings.Cut(label, ", "); ok {
		symbol, _, _ = strings.Cut(last, " (")
	}
	var least []float64
	for _, group := range groups {
		least = append(least, r.inGroup(group)[0].Value)
	}
	if least = slices.Compact(least); len(least) == 1 {
		return fmt.Sprintf("%s = %g", symbol, least[0])
	}
	return "the least " + symbol
}

// exposure draws strict pass@1 and pass@k on the figure's range over the tokens of a
// context that pre-training showed: one line a group, and the differences from the first.
func (r *Results) exposure(f study.Figure) Figure {
	ops := r.opRange(f.Ranges[0])
	first := r.armsOf(f.Groups[0])
	data := plots.ExposureData{Title: f.Title, XLabel: f.XLabel, Intervals: r.intervals()}
	for _, k := range slices.Compact([]int{1, r.Study.Evaluation.Samples}) {
		panel := plots.SharePanel{Title: fmt.Sprintf("pass@%d", k), Basis: r.basis(first[0], ops)}
		for g, group := range f.Groups {
			s := plots.ShareSeries{Name: group, Baseline: g == 0}
			for i, name := range r.armsOf(group) {
				tokens, _ := r.arm(first[i]).Steps[0].Train.Exposure(f.Context)
				r.point(&s, tokens, name, first[i], ops, k)
			}
			panel.Series = append(panel.Series, s)
		}
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.Exposure(data)
	return figure(png, err, "strict pass@k, "+ops.Title+", over "+f.XLabel+", one line a group of arms; below, the differences from "+f.Groups[0])
}

// Exposure lists, for the study's figure of a name, how much of a context each arm's
// pre-training showed, and what became of it: strict pass@1 and pass@k, a column a group.
func (r *Results) Exposure(name string) *Table {
	f := r.asked(name)
	if f.Form != study.ExposureForm {
		fail(fmt.Errorf("the figure %q is no figure of exposure, it has the form %q", name, f.Form))
	}
	ops := r.opRange(f.Ranges[0])
	t := &Table{Title: f.Title, Columns: []string{"share", "problems", "tokens"}}
	ks := slices.Compact([]int{1, r.Study.Evaluation.Samples})
	for _, k := range ks {
		for _, group := range f.Groups {
			t.Columns = append(t.Columns, fmt.Sprintf("pass@%d %s", k, group))
			if k > 1 {
				t.Columns = append(t.Columns, "interval")
			}
		}
	}
	for i, first := range r.armsOf(f.Groups[0]) {
		tokens, problems := r.arm(first).Steps[0].Train.Exposure(f.Context)
		row := []any{fmt.Sprintf("%g%%", 100*r.arm(first).Value), thousands(problems), thousands(tokens)}
		for _, k := range ks {
			for _, group := range f.Groups {
				value, interval := r.shown(r.armsOf(group)[i], ops, pass(k))
				row = append(row, value)
				if k > 1 {
					row = append(row, interval)
				}
			}
		}
		t.Add(row...)
	}
	t.Note = ops.Title + ". " + r.intervals() + "."
	return t
}

// similarity draws how similar the graphs solved on the figure's ranges are to the nearest
// training graph of a context, one panel an arm of its group (paper figure 5).
func (r *Results) similarity(f study.Figure) Figure {
	const shown = 1000
	data := plots.HistogramData{Title: f.Title, XLabel: f.XLabel, Low: 0.2, High: 1, Bins: 16}
	for _, name := range r.armsOf(f.Groups[0]) {
		panel := plots.HistogramPanel{Title: r.arm(name).Label}
		for _, on := range f.Ranges {
			ops := r.opRange(on)
			values, problems, err := r.Similarities(name, ops, f.Context, shown)
			if err != nil {
				fail(err)
			}
			panel.Groups = append(panel.Groups, plots.HistogramGroup{Name: ops.Title, Values: values, Problems: problems})
		}
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.Histogram(data)
	return figure(png, err, "distribution of the similarity of solved graphs to training graphs of another context")
}
