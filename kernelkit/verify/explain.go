package verify

import (
	"strings"

	"interplay/kernelkit/gsm"
)

// Attempt is a solution of a problem and what is known of it: all that a reward may
// look at.
type Attempt struct {
	Problem *gsm.Problem
	Text    string // what was written after the problem's prompt
	Tokens  int    // its length in tokens, the end token included; 0 where it was not made by a model
	Verdict Verdict

	// Sample is which of its problem's samples it is, and Group all of these, itself among
	// them and without groups of their own. RL and rejection fine-tuning fill them in; nil is an attempt that is judged alone.
	Sample int
	Group  []Attempt
}

// Explain judges the text again, step by step. It costs about as much as Judge, so a
// reward that needs the verdict only should not ask for it.
func (a Attempt) Explain() Explanation { return Explain(a.Problem, a.Text) }

// Explanation is a verdict with what it rests on.
type Explanation struct {
	Verdict Verdict

	// Steps are the steps of the text in order. Verdict.FirstWrong is the index of the
	// first one whose Class is not Right. What is wrong before the first step counts
	// as step 0.
	Steps []Step

	// Nodes says of each node of the problem's graph, by its index, what the text shows of it.
	Nodes []NodeStatus

	after string // what stands behind the last step
}

// Step is one step of a solution.
type Step struct {
	// Text is the step as it stands in the solution, without characters that show nothing.
	Text string
	// Node is the index of the node in Graph.Nodes that the step is about, or −1: a
	// quantity that the problem does not name, or the closing of a reverse solution.
	Node int
	// Class is what is wrong with the step first, or Right.
	Class ErrorClass
	// Extra: the step is right, and the solution path does not need it.
	Extra bool
}

// NodeStatus says what a solution shows of a node.
type NodeStatus uint8

const (
	Unneeded  NodeStatus = iota // no step is about it, and none has to be
	Missing                     // no step is about it although the solution path needs one
	Wrong                       // some step about it is wrong
	Confirmed                   // it is shown, and every step about it is right
)

// String is the status in a word.
func (s NodeStatus) String() string {
	return [...]string{"unneeded", "missing", "wrong", "right"}[s]
}

// Explain judges a solution as Judge does and says what its verdict rests on.
func Explain(p *gsm.Problem, prediction string) Explanation {
	e := Explanation{Nodes: make([]NodeStatus, len(p.Graph.Nodes))}
	if p.Graph.Family == gsm.Symbolic {
		e.Verdict = judgeSymbolic(p, prediction, &e)
	} else {
		e.Verdict = judgeRealistic(p, prediction, &e)
	}
	return e
}

// The judges report to an explanation as they read; to a nil one most of the time,
// which keeps nothing.

// begin notes that step i begins, a step about a node or −1: rest is the text from there on.
func (e *Explanation) begin(i, node int, rest string) {
	if e != nil {
		s := e.step(i)
		s.Node, s.Text, e.after = node, rest, ""
	}
}

// answer notes that the answer begins, which is part of no step.
func (e *Explanation) answer(rest string) {
	if e != nil {
		e.after = rest
	}
}

// fail notes that step i is wrong; what is wrong with it first counts.
func (e *Explanation) fail(i int, c ErrorClass) {
	if e != nil && e.step(i).Class == Right {
		e.step(i).Class = c
	}
}

// extra notes that step i is right and not needed.
func (e *Explanation) extra(i int) {
	if e != nil {
		e.step(i).Extra = true
	}
}

// step is step i, which begins to exist when it is first asked for.
func (e *Explanation) step(i int) *Step {
	for len(e.Steps) <= i {
		e.Steps = append(e.Steps, Step{Node: -1})
	}
	return &e.Steps[i]
}

// settle cuts the text of each step, which goes on to the end of the solution, where
// the next step or the answer begins, and notes the status of the nodes.
func (e *Explanation) settle(g *gsm.Graph, nodes []nodeState) {
	if e == nil {
		return
	}
	for i := range e.Steps {
		s := &e.Steps[i]
		next := e.after
		if i+1 < len(e.Steps) {
			next = e.Steps[i+1].Text
		}
		s.Text = strings.TrimRight(strings.TrimSpace(s.Text[:max(0, len(s.Text)-len(next))]), " ;")
	}
	for i := range g.Nodes {
		switch n := nodes[i]; {
		case n.wrong:
			e.Nodes[i] = Wrong
		case n.shown:
			e.Nodes[i] = Confirmed
		case g.HasStep(i):
			e.Nodes[i] = Missing
		}
	}
}
