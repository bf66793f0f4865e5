package kernelkit

import (
	"fmt"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/score"
	"interplay/plots"
)

// Edge answers the practical question of the paper for a model and a source of
// problems: which ops should RL be given? Those that one sample mostly fails and some of
// many solve.
type Edge struct {
	Model string
	Ops   []evaluate.OpBand

	study []plots.OpSpan // what the study calls its edge
}

// FindEdge places each op of judged samples: solved, edge or beyond.
func FindEdge(model string, samples []score.Sample) (*Edge, error) {
	ops, err := evaluate.Bands(samples, 0, evaluate.DefaultBorders, score.DefaultBootstrap())
	return &Edge{Model: model, Ops: ops}, err
}

// Edge places each op for the model.
func (e *Evaluation) Edge() *Edge { return must(FindEdge(e.Model.Label, evaluate.Samples(e.records))) }

// Edge places each op for an arm; the problems of several seeds count as different ones.
func (r *Results) Edge(arm string) *Edge {
	var samples []score.Sample
	for _, x := range r.Records {
		if x.Arm == arm {
			s := x.Sample()
			s.Prompt = fmt.Sprintf("seed %d: %s", x.Seed, s.Prompt)
			samples = append(samples, s)
		}
	}
	edge := must(FindEdge(r.arm(arm).Label, samples))
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
	return t
}

// Figure draws pass@1 and pass@k per op; the edge is shaded, beside the range that the
// study calls so.
func (e *Edge) Figure() Figure {
	one, many := plots.ShareSeries{Name: "pass@1"}, plots.ShareSeries{}
	basis := plots.Basis{}
	data := plots.PassAtKByOpData{Title: "Where is the edge of the model " + e.Model + "?", YLabel: "strict (%)"}
	for _, o := range e.Ops {
		many.Name = fmt.Sprintf("pass@%d", o.K)
		one.X, one.Values = append(one.X, float64(o.Op)), append(one.Values, o.Pass1)
		many.X, many.Values = append(many.X, float64(o.Op)), append(many.Values, o.PassK)
		basis = plots.Basis{Problems: o.Prompts, Samples: o.K}
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
