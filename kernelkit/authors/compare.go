package authors

import (
	"slices"
	"strings"
)

// Comparison says how a predicted graph differs from the gold graph
// by their code. Letters and the order of steps play no part. Names are sorted.
type Comparison struct {
	Missing    []string // gold names that the prediction lacks
	Extra      []string // predicted names that the gold lacks
	Values     []ValueMismatch
	Parents    []ParentMismatch
	Answer     bool // the answers differ
	GoldNodes  int
	wrongNodes int // shared names with a mismatch of value, parents or both
}

// ValueMismatch is a shared name with different values: exactly one side
// has none, or they are more than 1e-6 apart.
type ValueMismatch struct {
	Name            string
	Gold, Predicted Value
}

// ParentMismatch is a shared name with different sets of dependencies.
type ParentMismatch struct {
	Name            string
	Gold, Predicted []string
}

// Perfect reports what the authors count as a correct solution: nothing missing,
// no mismatch. Extra nodes are tolerated.
func (c *Comparison) Perfect() bool {
	return len(c.Missing) == 0 && len(c.Values) == 0 && len(c.Parents) == 0 && !c.Answer
}

// Penalty is what the process reward subtracts, in nodes: a node wrong in value
// and parents counts twice, extra nodes at most as often as there are gold nodes,
// a wrong answer once.
func (c *Comparison) Penalty() int {
	p := len(c.Values) + len(c.Parents) + len(c.Missing) + min(len(c.Extra), max(c.GoldNodes, 1))
	if c.Answer {
		p++
	}
	return p
}

// ProcessAcc is the paper's ProcessAcc, the share of gold nodes that are present
// with equal value and equal parents. The authors' code never computes it. A gold
// graph without nodes has 1.
func (c *Comparison) ProcessAcc() float64 {
	if c.GoldNodes == 0 {
		return 1
	}
	return 1 - float64(len(c.Missing)+c.wrongNodes)/float64(c.GoldNodes)
}

// Compare compares a predicted graph with the gold graph, which the
// authors get from the gold solution by the same parser. It takes linear time.
func Compare(gold, predicted *Graph) Comparison {
	c := Comparison{GoldNodes: len(gold.nodes), Answer: gold.Answer.differs(predicted.Answer)}
	var space [2 * linearNames]int32
	toGold := matchNodes(gold, predicted, space[:0])
	shared := 0
	for n, s := range predicted.nodes {
		step := &predicted.Steps[s]
		if toGold[n] < 0 {
			c.Extra = append(c.Extra, step.Name)
			continue
		}
		shared++
		c.node(gold, predicted, &gold.Steps[gold.nodes[toGold[n]]], step, toGold)
	}
	if shared < len(gold.nodes) {
		c.Missing = unmatched(gold, toGold)
	}
	slices.Sort(c.Missing)
	slices.Sort(c.Extra)
	slices.SortFunc(c.Values, func(a, b ValueMismatch) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Parents, func(a, b ParentMismatch) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// node compares two nodes of one name.
func (c *Comparison) node(gold, predicted *Graph, g, p *Step, toGold []int32) {
	wrong := false
	if g.Value.differs(p.Value) {
		c.Values = append(c.Values, ValueMismatch{g.Name, g.Value, p.Value})
		wrong = true
	}
	if !sameParents(g.dependencies, p.dependencies, toGold) {
		c.Parents = append(c.Parents, ParentMismatch{g.Name, gold.Dependencies(g), predicted.Dependencies(p)})
		wrong = true
	}
	if wrong {
		c.wrongNodes++
	}
}

// matchNodes appends, for each predicted node, the gold node of the same name or −1.
// Predictions mostly keep the gold's order, so the node after the last match is tried first.
func matchNodes(gold, predicted *Graph, toGold []int32) []int32 {
	var index map[string]int32
	if len(gold.nodes) > linearNames {
		index = make(map[string]int32, len(gold.nodes))
		for n := range gold.nodes {
			index[gold.name(int32(n))] = int32(n)
		}
	}
	next := 0
	for n := range predicted.nodes {
		name := predicted.name(int32(n))
		at := int32(-1)
		switch {
		case next < len(gold.nodes) && gold.name(int32(next)) == name:
			at = int32(next)
		case index != nil:
			if m, ok := index[name]; ok {
				at = m
			}
		default:
			for m := range gold.nodes {
				if gold.name(int32(m)) == name {
					at = int32(m)
					break
				}
			}
		}
		if at >= 0 {
			next = int(at) + 1
		}
		toGold = append(toGold, at)
	}
	return toGold
}

// sameParents compares two sets of at most 52 nodes, the predicted ones by what they match.
func sameParents(gold, predicted, toGold []int32) bool {
	if len(gold) != len(predicted) {
		return false
	}
next:
	for _, p := range predicted {
		for _, g := range gold {
			if g == toGold[p] {
				continue next
			}
		}
		return false
	}
	return true
}

func unmatched(gold *Graph, toGold []int32) []string {
	found := make([]bool, len(gold.nodes))
	for _, g := range toGold {
		if g >= 0 {
			found[g] = true
		}
	}
	var names []string
	for n, ok := range found {
		if !ok {
			names = append(names, gold.name(int32(n)))
		}
	}
	return names
}

// Weights are the settings of the authors' blended reward.
type Weights struct {
	Answer, Process float64 // relative weights; 0.5 each where they do not sum to more than 0
	Strict          bool    // any penalty makes the score 0
}

// The settings that the authors trained with, besides the
// outcome-only reward, which is Outcome.
var (
	Blend  = Weights{Answer: 0.2, Process: 0.8}
	Strict = Weights{Answer: 1, Process: 0, Strict: true}
)

// Reward is the authors' reward of one response, under their keys.
type Reward struct {
	Score   float64 `json:"score"`
	Outcome float64 `json:"outcome_reward"` // 1 if ExtractRewardAnswer gives the gold answer, else 0
	Process float64 `json:"process_reward"` // max(0, 1 − Penalty/gold nodes)
	HasGold bool    `json:"process_reward_has_gold"`
	Zeroed  bool    `json:"process_zeroed_due_to_mismatch"`
}

// Gold is what predictions for one problem are judged against. It is
// read-only and safe for concurrent use.
type Gold struct {
	Solution string // the gold solution text
	Answer   string // the gold answer

	graph *Graph // nil where there is no gold solution
}

// NewGold parses a gold solution once for many predictions. A blank
// solution means that there is no process to compare with.
func NewGold(solution, answer string) *Gold {
	g := &Gold{Solution: solution, Answer: answer}
	if pyStrip(solution) != "" {
		g.graph = Parse(solution)
	}
	return g
}

// Reward computes the blended or strict reward of a response.
//
//	o = 1 if the answers agree as strings, else 0
//	p = max(0, 1 − penalty/N) with N gold nodes; o where there is no gold solution
//	score = (w_a·o + w_p·p)/(w_a + w_p), in [0, 1], and 0 whenever o < 1
//
// The last clause is not in the paper's text: process credit never rescues a
// wrong answer (code of the authors' reward functions).
func (g *Gold) Reward(response string, w Weights) Reward {
	var c *Comparison
	if g.graph != nil {
		compared := Compare(g.graph, Parse(response))
		c = &compared
	}
	return g.reward(response, c, w)
}

// reward computes the reward from a comparison; nil where there is no gold graph.
func (g *Gold) reward(response string, c *Comparison, w Weights) Reward {
	r := Reward{HasGold: c != nil}
	if g.Answer != "" && normalAnswer(ExtractRewardAnswer(response)) == normalAnswer(g.Answer) {
		r.Outcome = 1
	}
	r.Process = r.Outcome
	penalty := 0
	if c != nil {
		penalty = c.Penalty()
		r.Process = max(0, 1-float64(penalty)/float64(max(c.GoldNodes, 1)))
	}
	total := w.Answer + w.Process
	if total <= 0 {
		w.Answer, w.Process, total = 0.5, 0.5, 1
	}
	answerPart := float64(w.Answer/total) * r.Outcome
	processPart := float64(w.Process/total) * r.Process
	r.Score = max(0, min(1, float64(answerPart)+float64(processPart)))
	if r.Outcome < 1 {
		r.Score = 0
	}
	if w.Strict && r.Outcome >= 1 && penalty > 0 {
		r.Score, r.Zeroed = 0, true
	}
	return r
}

// normalAnswer is how rewards compare answers: trimmed, then without trailing dots.
func normalAnswer(s string) string { return strings.TrimRight(pyStrip(s), ".") }

// Outcome is the authors' outcome-only reward: whether
// ExtractFlexibleAnswer of the response is the gold answer as a string, but for
// surrounding white space and trailing dots.
func Outcome(response, goldAnswer string) bool {
	return normalAnswer(ExtractFlexibleAnswer(response)) == normalAnswer(pyText(goldAnswer))
}
