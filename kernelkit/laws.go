package kernelkit

import (
	"fmt"
	"strings"

	"interplay/kernelkit/score"
	"interplay/pipeline/study"
)

// Laws lists the study's laws as they were fitted.
func (r *Results) Laws() *Table { return LawsTable(r.Results) }

// LawsTable lists the laws of a study: the coefficient that each is about, its interval, how
// much the law explains, and the verdict.
func LawsTable(d *study.Results) *Table {
	t := &Table{Title: fmt.Sprintf("Laws, profile %s", d.Profile), Columns: []string{"law", "coefficient of", "here", "95 % interval", "holds when", "explained", "of a new seed", "verdict"}}
	terms := ""
	for _, f := range d.Fits {
		if f.Note != "" {
			t.Add(f.Says, string(f.Of), "–", "–", f.Rule.String(), "–", "–", string(f.Verdict)+" ("+f.Note+")")
			continue
		}
		c := f.Coefficient()
		t.Add(f.Says, string(f.Of), fmt.Sprintf("%+.2f", c.Value), signed(c), f.Rule.String(), fmt.Sprintf("%.0f %%", 100*f.Explained), fmt.Sprintf("%.0f %%", 100*f.Predicted), verdictWords(study.Claim{}, f.Verdict))
		if terms == "" {
			parts := []string{fmt.Sprintf("%+.3f", f.Constant.Value)}
			for i, m := range f.On {
				parts = append(parts, fmt.Sprintf("%+.2f·%s", f.Coefficients[i].Value, m))
			}
			terms = fmt.Sprintf(" Gain in pass@1 = %s, fitted to %d points of each of %d seeds.", strings.Join(parts, " "), f.Points, len(f.Seeds))
		}
	}
	t.Note = "Points gained for each point of the base's. Headroom: pass@k − pass@1. A law is fitted for each seed alone, intervals are Student's t over seeds; of a new seed: R² of each seed by the law of the others." + terms + noted(d)
	return t
}

func signed(v score.Interval) string { return fmt.Sprintf("%+.2f to %+.2f", v.Low, v.High) }
