package verify

import (
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify/exact"
	"interplay/kernelkit/verify/lex"
)

// JudgeAnswer is Judge's verdict with an answer that the caller has read from the text, as an answer
// parser of a user does; "" where it found none. Steps are judged as ever. An answer is right when it is
// one number, and that number is the problem's.
func JudgeAnswer(p *gsm.Problem, prediction, answer string) Verdict {
	v := Judge(p, prediction)
	right := isNumber(answer, exact.Whole(p.Graph.Nodes[p.Graph.Question].Value))
	if v.FirstWrong < 0 && (v.Class == Right || v.Class == NoAnswer || v.Class == WrongAnswer) {
		switch {
		case right:
			v.Class = Right
		case answer == "":
			v.Class = NoAnswer
		default:
			v.Class = WrongAnswer
		}
	}
	if v.Answer != right {
		v.Penalty += 1 - 2*int(oneIf(right))
	}
	if v.Nodes == 0 {
		v.ProcessAcc = oneIf(right)
	}
	v.Answer, v.Strict = right, v.Class == Right
	return v
}

// isNumber reports whether a text is one number, and which.
func isNumber(text string, value exact.Number) bool {
	if len(text) > 64 {
		return false
	}
	tokens := lex.Tokens(nil, text)
	found, n := signedNumber(tokens)
	return n > 0 && n == len(tokens) && found == value
}
