package authors

import "encoding/json"

// Verdict is everything the authors' code says about one prediction, in
// the layout of the conformance corpus scoring.jsonl.
type Verdict struct {
	// Verdict is "perfect", "mismatch", "missing_solution" (a blank prediction) or
	// "missing_gold". The last two leave no result, so that the authors' pass@k never sees them.
	Kind string `json:"verdict"`
	*Findings
	Reward   Rewards  `json:"reward"`
	Flexible Flexible `json:"flexible"`
	EvalEM   int      `json:"eval_em"` // 1 if EvalExactMatch
}

// Findings are the steps of a prediction and how they differ from the gold.
type Findings struct {
	Steps         []StepRow  `json:"steps"`
	Answer        Value      `json:"answer"`
	Missing       []string   `json:"missing"`
	Extra         []string   `json:"extra"`
	Values        []ValueRow `json:"value_mismatches"`
	Parents       []string   `json:"dependency_mismatches"`
	AnswerDiffers bool       `json:"answer_mismatch"`
	ProcessAcc    float64    `json:"process_acc"` // the paper's fraction, which the authors' code has not
}

// StepRow is a step as the array [name, variable, value, dependencies].
type StepRow struct {
	Name, Variable string
	Value          Value
	Dependencies   []string
}

// MarshalJSON writes the array.
func (r StepRow) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{r.Name, r.Variable, r.Value, r.Dependencies})
}

// ValueRow is a mismatch as the array [name, gold, predicted].
type ValueRow ValueMismatch

// MarshalJSON writes the array.
func (r ValueRow) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{r.Name, r.Gold, r.Predicted})
}

// Rewards are the rewards of one response under the settings of the corpus.
type Rewards struct {
	Extracted string  `json:"extracted"` // ExtractRewardAnswer
	Outcome   float64 `json:"outcome"`
	Process   float64 `json:"process"`
	Blend     float64 `json:"blend_0.2_0.8"`
	Strict    float64 `json:"strict_0.2_0.8"`
	Exact     float64 `json:"strict_1_0"`
}

// Flexible is the outcome-only reward.
type Flexible struct {
	Extracted string `json:"extracted"` // ExtractFlexibleAnswer
	Outcome   bool   `json:"outcome"`
}

// Judge gives all the authors' verdicts on one prediction.
func (g *Gold) Judge(prediction string) Verdict {
	v := Verdict{Kind: "missing_gold"}
	var c *Comparison
	if g.graph != nil {
		predicted := Parse(prediction)
		compared := Compare(g.graph, predicted)
		c = &compared
		v.Kind = "mismatch"
		if c.Perfect() {
			v.Kind = "perfect"
		}
		v.Findings = findings(predicted, c)
	}
	if pyStrip(prediction) == "" {
		v.Kind, v.Findings = "missing_solution", nil
	}
	blend := g.reward(prediction, c, Blend)
	strict := Blend
	strict.Strict = true
	v.Reward = Rewards{
		Extracted: ExtractRewardAnswer(prediction),
		Outcome:   blend.Outcome, Process: blend.Process, Blend: blend.Score,
		Strict: g.reward(prediction, c, strict).Score,
		Exact:  g.reward(prediction, c, Strict).Score,
	}
	v.Flexible = Flexible{ExtractFlexibleAnswer(prediction), Outcome(prediction, g.Answer)}
	if EvalExactMatch(prediction, g.Solution) {
		v.EvalEM = 1
	}
	return v
}

func findings(predicted *Graph, c *Comparison) *Findings {
	f := &Findings{
		Steps: make([]StepRow, len(predicted.Steps)), Answer: predicted.Answer,
		Missing: append([]string{}, c.Missing...), Extra: append([]string{}, c.Extra...),
		Values: make([]ValueRow, len(c.Values)), Parents: make([]string, len(c.Parents)),
		AnswerDiffers: c.Answer, ProcessAcc: c.ProcessAcc(),
	}
	for i := range predicted.Steps {
		s := &predicted.Steps[i]
		f.Steps[i] = StepRow{s.Name, s.Variable, s.Value, predicted.Dependencies(s)}
	}
	for i, m := range c.Values {
		f.Values[i] = ValueRow(m)
	}
	for i, m := range c.Parents {
		f.Parents[i] = m.Name
	}
	return f
}
