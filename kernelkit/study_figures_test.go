package kernelkit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/pipeline"
	"interplay/pipeline/study"
)

// scored are results of arms with samples on ops 1 and 2: eight problems of each op in each of two seeds, four samples
// each. Every other problem is solved by all samples; in the second seed, none is.
func scored(arms ...study.Arm) *Results {
	s := &study.Study{Name: "scored", Profile: "smoke", Seeds: []int64{1, 2}, Arms: arms,
		Ranges:     []study.OpRange{{Name: "all", Title: "ops 1–2", Ops: gsm.Range{Min: 1, Max: 2}}},
		Evaluation: pipeline.Evaluation{Data: gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A"), Problems: 8, Samples: 4}}
	scores := study.Scores{}
	for _, a := range arms {
		scores[a.Name] = score.Seeds{}
		for _, seed := range s.Seeds {
			var prompts []score.Prompt
			for i := range 16 {
				p := score.Prompt{ID: fmt.Sprint(i), Op: 1 + i/8, Mode: "forward", Context: "A", N: 4}
				if seed == 1 && i%2 == 0 {
					p.Strict, p.Answer, p.Process = 4, 4, 1
				}
				prompts = append(prompts, p)
			}
			scores[a.Name][seed] = prompts
		}
	}
	return &Results{Results: &study.Results{Study: s, Scores: scores}}
}

// A grid has the figure's groups and no others, and says what the differences are from.
func TestAGridSaysWhatItComparesWith(t *testing.T) {
	r := scored(study.Arm{Name: "a", Group: "one", Value: 0.1}, study.Arm{Name: "b", Group: "one", Value: 0.5},
		study.Arm{Name: "c", Group: "two", Value: 0.1}, study.Arm{Name: "d", Group: "three", Value: 0})
	for want, f := range map[string]study.Figure{
		"share of mistakes = 0.1": {XLabel: "share of mistakes", Groups: []string{"one", "two"}, Ranges: []string{"all"}},
		"β = 0":                   {XLabel: "RL's share, β (%)", Groups: []string{"three"}, Ranges: []string{"all"}},
		"the least β":             {XLabel: "RL's share, β (%)", Ranges: []string{"all"}},
	} {
		data := r.gridData(f)
		if data.Reference != want {
			t.Errorf("differences from %q, want %q", data.Reference, want)
		}
		if len(f.Groups) > 0 && !slices.Equal(data.Rows, f.Groups) {
			t.Errorf("the rows are %v, want %v", data.Rows, f.Groups)
		}
	}
}

// Where an arm has no value a table shows a dash, not a zero.
func TestTablesShowNoValueThatIsNone(t *testing.T) {
	r := scored(study.Arm{Name: "a", Label: "a"})
	r.Study.Evaluation.Samples = 8 // the arm has four
	for what, row := range map[string][]string{"Table": r.Table().Rows[0], "PerOp": r.PerOp("a").Rows[0]} {
		if text := strings.Join(row, " "); !strings.Contains(text, "0.250") || !strings.Contains(text, "–") || strings.Contains(text, "0.000–0.000") || slices.Contains(row, "0.000") {
			t.Errorf("%s: %q", what, row)
		}
	}
}
