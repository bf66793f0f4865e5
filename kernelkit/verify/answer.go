package verify

import "strings"

// cutAnswer splits a prediction of the realistic family into the body of the
// solution and the content of its answer tag. Models write
// "… </solution> <answer> N </answer>", of which the last tag is missing where it
// was the stop string; without tags, "… Answer: N." is part of the body. What
// comes before <solution> (a repeated prompt), after </answer> or after [EOS] is
// not part of the solution.
func cutAnswer(text string) (body, answer string, tagged bool) {
	text, _, _ = strings.Cut(text, "[EOS]")
	at := indexFold(text, "<answer>")
	if at < 0 {
		return solution(text), "", false
	}
	answer, _, closed := strings.Cut(text[at+len("<answer>"):], "<")
	if !closed {
		answer, _, _ = strings.Cut(strings.TrimSpace(answer), "\n")
	}
	return solution(text[:at]), answer, true
}

func solution(text string) string {
	if at := indexFold(text, "<solution>"); at >= 0 {
		return text[at+len("<solution>"):]
	}
	return text
}

// indexFold is strings.Index for a tag whose letters may be of either case.
func indexFold(text, tag string) int {
	for i := 0; ; i++ {
		at := strings.IndexByte(text[i:], '<')
		if at < 0 {
			return -1
		}
		i += at
		if len(text)-i >= len(tag) && strings.EqualFold(text[i:i+len(tag)], tag) {
			return i
		}
	}
}

// isAnswer reports whether text is one number and that number is the answer.
func (j *realisticJudge) isAnswer(text string) bool {
	var space [4]token
	tokens := space[:0]
	if len(text) <= 64 {
		tokens = lex(tokens, text)
	}
	value, n := signedNumber(tokens)
	for n > 0 && n < len(tokens) && tokens[n].kind == dot {
		n++
	}
	return n > 0 && n == len(tokens) && value == j.trueAnswer()
}

// label reads "Answer: N" at token i and returns the token to go on with.
func (j *realisticJudge) label(i int) (right bool, next int) {
	value, n := signedNumber(j.tokens[i+2:])
	next = i + 2 + n
	if n == 0 {
		return false, next
	}
	alone := next == len(j.tokens) || j.tokens[next].kind >= semicolon
	return alone && value == j.trueAnswer(), next
}

func (j *realisticJudge) trueAnswer() rational {
	return whole(j.p.Graph.Nodes[j.p.Graph.Question].Value)
}

// signedNumber reads a number with an optional sign and returns how many tokens it takes, 0 if there is none.
func signedNumber(tokens []token) (rational, int) {
	n := 0
	negative := false
	if len(tokens) > 0 && (tokens[0].kind == plus || tokens[0].kind == minus) {
		negative = tokens[0].kind == minus
		n = 1
	}
	if n == len(tokens) || tokens[n].kind != numeral {
		return rational{}, 0
	}
	value := tokens[n].number
	if negative {
		value = value.negative()
	}
	return value, n + 1
}
