package verify

import "encoding/json"

// ReferenceVerdict is everything the authors' code says about one prediction, in
// the layout of the conformance corpus scoring.jsonl.
type ReferenceVerdict struct {
	// Verdict is "perfect", "mismatch", "missing_solution" (a blank prediction) or
	// "missing_gold". The last two leave no result, so that the authors' pass@k never sees them.
	Verdict string `json:"verdict"`
	*ReferenceFindings
	Reward   ReferenceRewards  `json:"reward"`
	Flexible ReferenceFlexible `json:"flexible"`
	EvalEM   int               `json:"eval_em"` // 1 if EvalExactMatch
}

// ReferenceFindings are the steps of a prediction and how they differ from the gold.
type ReferenceFindings struct {
	Steps         []ReferenceStepRow  `json:"steps"`
	Answer        ReferenceValue      `json:"answer"`
	Missing       []string            `json:"missing"`
	Extra         []string            `json:"extra"`
	Values        []ReferenceValueRow `json:"value_mismatches"`
	Parents       []string            `json:"dependency_mismatches"`
	AnswerDiffers bool                `json:"answer_mismatch"`
	ProcessAcc    float64             `json:"process_acc"` // the paper's fraction, which the authors' code has not
}

// ReferenceStepRow is a step as the array [name, variable, value, dependencies].
type ReferenceStepRow struct {
	Name, Variable string
	Value          ReferenceValue
	Dependencies   []string
}

// MarshalJSON writes the array.
func (r ReferenceStepRow) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{r.Name, r.Variable, r.Value, r.Dependencies})
}

// ReferenceValueRow is a mismatch as the array [name, gold, predicted].
type ReferenceValueRow ReferenceValueMismatch

// MarshalJSON writes the array.
func (r ReferenceValueRow) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{r.Name, r.Gold, r.Predicted})
}

// ReferenceRewards are the rewards of one response under the settings of the corpus.
type ReferenceRewards struct {
	Extracted string  `json:"extracted"` // ExtractRewardAnswer
	Outcome   float64 `json:"outcome"`
	Process   float64 `json:"process"`
	Blend     float64 `json:"blend_0.2_0.8"`
	Strict    float64 `json:"strict_0.2_0.8"`
	Exact     float64 `json:"strict_1_0"`
}

// ReferenceFlexible is the outcome-only reward.
type ReferenceFlexible struct {
	Extracted string `json:"extracted"` // ExtractFlexibleAnswer
	Outcome   bool   `json:"outcome"`
}

// Judge gives all the authors' verdicts on one prediction.
func (g *ReferenceGold) Judge(prediction string) ReferenceVerdict {
	v := ReferenceVerdict{Verdict: "missing_gold"}
	var c *ReferenceComparison
	if g.graph != nil {
		predicted := ReferenceParse(prediction)
		compared := ReferenceCompare(g.graph, predicted)
		c = &compared
		v.Verdict = "mismatch"
		if c.Perfect() {
			v.Verdict = "perfect"
		}
		v.ReferenceFindings = findings(predicted, c)
	}
	if pyStrip(prediction) == "" {
		v.Verdict, v.ReferenceFindings = "missing_solution", nil
	}
	blend := g.reward(prediction, c, ReferenceBlend)
	strict := ReferenceBlend
	strict.Strict = true
	v.Reward = ReferenceRewards{
		Extracted: ExtractRewardAnswer(prediction),
		Outcome:   blend.Outcome, Process: blend.Process, Blend: blend.Score,
		Strict: g.reward(prediction, c, strict).Score,
		Exact:  g.reward(prediction, c, ReferenceStrict).Score,
	}
	v.Flexible = ReferenceFlexible{ExtractFlexibleAnswer(prediction), ReferenceOutcome(prediction, g.Answer)}
	if EvalExactMatch(prediction, g.Solution) {
		v.EvalEM = 1
	}
	return v
}

func findings(predicted *ReferenceGraph, c *ReferenceComparison) *ReferenceFindings {
	f := &ReferenceFindings{
		Steps: make([]ReferenceStepRow, len(predicted.Steps)), Answer: predicted.Answer,
		Missing: append([]string{}, c.Missing...), Extra: append([]string{}, c.Extra...),
		Values: make([]ReferenceValueRow, len(c.Values)), Parents: make([]string, len(c.Parents)),
		AnswerDiffers: c.Answer, ProcessAcc: c.ProcessAcc(),
	}
	for i := range predicted.Steps {
		s := &predicted.Steps[i]
		f.Steps[i] = ReferenceStepRow{s.Name, s.Variable, s.Value, predicted.Dependencies(s)}
	}
	for i, m := range c.Values {
		f.Values[i] = ReferenceValueRow(m)
	}
	for i, m := range c.Parents {
		f.Parents[i] = m.Name
	}
	return f
}
