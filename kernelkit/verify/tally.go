package verify

import "interplay/kernelkit/gsm"

// nodeState is what a solution has said of a node so far.
type nodeState struct {
	shown        bool // a step is about it
	known        bool // it has a value that later steps may use
	wrong        bool // some step about it is wrong
	wrongParents bool
	wrongValue   bool
}

// fail records a wrong step.
func (v *Verdict) fail(step int, c ErrorClass) {
	if v.FirstWrong < 0 || step < v.FirstWrong {
		v.FirstWrong, v.Class = step, c
	}
}

// settle counts the nodes and completes the verdict. derived: some right step
// yields the answer; answered: the text states one.
func (v *Verdict) settle(g *gsm.Graph, nodes []nodeState, derived, answered bool) {
	for i := range g.Nodes[:g.Path] {
		if !g.HasStep(i) {
			continue
		}
		v.Nodes++
		switch n := nodes[i]; {
		case !n.shown:
			v.Missing++
			v.Penalty++
		case !n.wrong:
			v.Correct++
		default:
			v.WrongParents += b2i(n.wrongParents)
			v.WrongValues += b2i(n.wrongValue)
			v.Penalty += max(1, b2i(n.wrongParents)+b2i(n.wrongValue))
		}
	}
	v.Penalty += min(v.Extra, v.Nodes) + b2i(!v.Answer)
	switch {
	case v.Nodes > 0:
		v.ProcessAcc = float64(v.Correct) / float64(v.Nodes)
	case v.Answer:
		v.ProcessAcc = 1
	}
	v.Strict = v.FirstWrong < 0 && v.Correct == v.Nodes && v.Answer && derived
	switch {
	case v.FirstWrong >= 0 || v.Strict:
	case v.Answer && !derived:
		v.Class = LuckyAnswer
	case v.Missing > 0:
		v.Class = MissingNode
	case !answered:
		v.Class = NoAnswer
	default:
		v.Class = WrongAnswer
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
