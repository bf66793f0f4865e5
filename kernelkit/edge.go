package kernelkit

import (
	"fmt"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/pipeline/study"
	"interplay/plots"
)

// Edge answers the practical question of the paper for a model and a source of
// problems: which ops should RL be given? Those that one sample mostly fails and some of
// many solve.
type Edge struct {
	Model string
	Ops   []evaluate.OpBand

	study     []plots.OpSpan // what the study calls its edge
	seeds     int            // of a study's arm; 0 of one model
	intervals string         // what they are over, in words; of a study's arm
}

// FindEdge places each op of judged samples: solved, edge or beyond.
func FindEdge(model string, samples []score.Sample) (*Edge, error) {
	ops, err := evaluate.Bands(samples, 0, evaluate.DefaultBorders, score.DefaultBootstrap())
	return &Edge{Model: model, Ops: ops}, err
}

// Edge places each op for the model.
func (e *Evaluation) Edge() *Edge { return must(FindEdge(e.Model.Label, evaluate.Samples(e.records))) }

// Edge places each op for an arm, by what it scored over all seeds and problems.
func (r *Results) Edge(arm string) *Edge {
	a := r.arm(arm)
	edge := &Edge{Model: a.Label, intervals: r.intervals()}
	k := r.Study.Samples(a)
	for _, op := range r.ops() {
		at := study.OpRange{Ops: gsm.Range{Min: op, Max: op}}
		one, ok := r.Value(arm, at, pass(1))
		many, both := r.Value(arm, at, pass(k))
		if !ok || !both {
			continue
		}
		o := evaluate.OpBand{Op: op, Prompts: one.N, K: k, Pass1: one, PassK: many}
		o.Band, o.Sure = evaluate.DefaultBorders.Place(one, many)
		edge.Ops = append(edge.Ops, o)
	}
	if len(edge.Ops) == 0 {
		fail(fmt.Errorf("the arm %s has no samples in these results: run the study again", arm))
	}
	edge.seeds = len(r.Scores[arm])
	if ops, ok := r.Study.Range("edge"); ok {
		edge.study = []plots.OpSpan{{Name: "the study's edge", Low: ops.Ops.Min, High: ops.Ops.Max}}
	}
	return edge
}

// Table lists the bands with the numbers that decided.
func (e *Edge) Table() *Table {
	b := evaluate.DefaultBorders
	t := &Table{Title: "Where is the edge of the model " + e.Model + "?", Columns: []string{"op", "problems", "pass@1", "95 % interval", "pass@k", "95 % interval", "band"}}
	for _, o := range e.Ops {
		t.Columns[4] = fmt.Sprintf("pass@%d", o.K)
		band := string(o.Band)
		if !o.Sure {
			band += "?"
		}
		t.Add(o.Op, o.Prompts, fmt.Sprintf("%.3f", o.Pass1.Value), bounds(o.Pass1), fmt.Sprintf("%.3f", o.PassK.Value), bounds(o.PassK), band)
	}
	t.Note = fmt.Sprintf("Solved: pass@1 of %g or more. Edge: less, but pass@k of %g or more. Beyond: neither. A question mark: an interval lies across the border.", b.Solved, b.Reachable)
	if e.intervals != "" {
		t.Note += " " + e.intervals + "."
	}
	return t
}

// Figure draws pass@1 and pass@k per op; the edge is shaded, beside the range that the
// study calls so.
func (e *Edge) Figure() Figure {
	one, many := plots.ShareSeries{Name: "pass@1"}, plots.ShareSeries{}
	basis := plots.Basis{}
	data := plots.PassAtKByOpData{Title: "Where is the edge of the model " + e.Model + "?", YLabel: "strict (%)", Intervals: e.intervals}
	for _, o := range e.Ops {
		many.Name = fmt.Sprintf("pass@%d", o.K)
		one.X, one.Values = append(one.X, float64(o.Op)), append(one.Values, o.Pass1)
		many.X, many.Values = append(many.X, float64(o.Op)), append(many.Values, o.PassK)
		basis = plots.Basis{Seeds: e.seeds, Problems: o.Prompts, Samples: o.K}
		if o.Band != evaluate.Edge {
			continue
		}
		if n := len(data.Spans); n > 0 && data.Spans[n-1].High == o.Op-1 {
			data.Spans[n-1].High = o.Op
		} else {
			data.Spans = append(data.Spans, plots.OpSpan{Name: "edge found", Low: o.Op, High: o.Op})
		}
	}
	data.Spans = append(data.Spans, e.study...)
	data.Panels = []plots.SharePanel{{Basis: basis, Series: []plots.ShareSeries{one, many}}}
	png, err := plots.PassAtKByOp(data)
	return figure(png, err, "strict pass@1 and pass@k per op, the edge shaded")
}

// Show shows figure and table.
func (e *Edge) Show() {
	e.Figure().Show()
	e.Table().Show()
}
