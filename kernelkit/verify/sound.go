package verify

import "interplay/kernelkit/gsm"

// Judge is the Sound verifier: it judges prediction, the text that a model wrote
// after the problem's prompt, against the problem's true graph. It accepts any
// text, takes time linear in it, and never looks at the gold solution.
//
// The problem must be complete: Graph, Names, Context and Mode. Judge may be
// called from many goroutines at once.
func Judge(p *gsm.Problem, prediction string) Verdict {
	if p.Graph.Family == gsm.Symbolic {
		return judgeSymbolic(p, prediction, nil)
	}
	return judgeRealistic(p, prediction, nil)
}
