package verify

import (
	"strings"

	"interplay/kernelkit/verify/exact"
	"interplay/kernelkit/verify/lex"
)

// cutAnswer splits a prediction of the realistic family into the body of the
// solution and the content of its answer tag. Models write
// "… </solution> <answer> N </answer>", of which the last tag is missing where it
// was the stop string; without tags, "… Answer: N." is part of the body. What
// comes before <solution> (a repeated prompt), after </answer> or after [EOS] is
// not part of the solution.
//
// A text may name the tags before it uses them ("the number goes between <answer>
// and </answer>"). A solution tag is used when an equation stands behind it, an
// answer tag when a digit does.
func cutAnswer(text string) (body, answer string, tagged, closed bool) {
	for _, end := range [...]string{"[EOS]", "[PAD]"} {
		text, _, _ = strings.Cut(text, end)
	}
	start := -1
	for i := nextTag(text, 0); i < len(text); i = nextTag(text, i+1) {
		name, n := lex.Tag(text[i:])
		switch inside := text[i+n:]; {
		case start < 0 && strings.EqualFold(name, "solution"):
			if strings.Contains(inside[:nextNamed(inside, "solution", "/solution")], "=") {
				start = i + n
			}
		case strings.EqualFold(name, "answer") && isUsed(inside):
			answer, closed = cutHalfTag(inside), false
			if end := nextNamed(inside, "/answer"); end < len(inside) {
				answer, closed = inside[:end], true
			}
			return text[max(start, 0):i], answer, true, closed
		}
	}
	return text[max(start, 0):], "", false, false
}

// cutHalfTag leaves out a closing answer tag of which the text has the beginning only.
func cutHalfTag(text string) string {
	at := strings.LastIndexByte(text, '<')
	if half := len(text) - at; at >= 0 && half <= len("</answer>") && strings.EqualFold(text[at:], "</answer>"[:half]) {
		return text[:at]
	}
	return text
}

// isUsed reports whether an answer tag with text behind it holds an answer: a digit
// comes before the next sentence, definition or tag of the format.
func isUsed(text string) bool {
	text = text[:nextNamed(text, "answer", "/answer", "solution", "/solution", "think", "/think")]
	begin := 0 // of the word at hand
	for i, r := range text {
		switch {
		case lex.IsDigit(r):
			return true
		case 'a' <= r|0x20 && r|0x20 <= 'z':
			continue
		case lex.KeywordOf(text[begin:i]) == lex.Define, r == '.' && i+1 < len(text) && isSpace(text[i+1]):
			return false
		}
		begin = i + 1
	}
	return false
}

// nextTag is the place of the next tag in text from i on, or its length.
func nextTag(text string, i int) int {
	for i < len(text) {
		at := strings.IndexByte(text[i:], '<')
		if at < 0 {
			break
		}
		i += at
		if _, n := lex.Tag(text[i:]); n > 0 {
			return i
		}
		i++
	}
	return len(text)
}

// nextNamed is the place of the first tag in text with one of the names, or its length.
func nextNamed(text string, names ...string) int {
	i := nextTag(text, 0)
	for ; i < len(text); i = nextTag(text, i+1) {
		name, _ := lex.Tag(text[i:])
		for _, n := range names {
			if strings.EqualFold(name, n) {
				return i
			}
		}
	}
	return i
}

// isAnswer reports whether the content of an answer tag is one number and that
// number is the answer. Where the tag is not closed, the number is the first line,
// and only words may follow.
func (j *realisticJudge) isAnswer(text string, closed bool) bool {
	rest := ""
	if !closed {
		text, rest, _ = strings.Cut(strings.TrimSpace(text), "\n")
	}
	var space [4]lex.Token
	tokens := space[:0]
	if len(text) <= 64 {
		tokens = lex.Tokens(tokens, text)
	}
	value, n := signedNumber(tokens)
	for n > 0 && n < len(tokens) && tokens[n].Kind == lex.Dot {
		n++
	}
	if n == 0 || n < len(tokens) || value != j.trueAnswer() {
		return false
	}
	for _, t := range lex.Tokens(nil, rest) {
		if t.Kind != lex.Word && (t.Kind < lex.Semicolon || t.Kind == lex.Other) {
			return false
		}
	}
	return true
}

// label reads the answer that "Answer: N" at token i gives and returns the token to
// go on with. A label without any number, as in "write Answer: and the number", only
// names it.
func (j *realisticJudge) label(i int) int {
	at := i + 2
	if j.is(i+1, "is") && at < len(j.tokens) && j.tokens[at].Kind == lex.Colon {
		at++
	}
	value, n := signedNumber(j.tokens[min(at, len(j.tokens)):])
	next := at + n
	j.explanation.answer(j.text[j.tokens[i].Lo:])
	if n == 0 && !j.holdsNumber(at) {
		return next
	}
	right := n > 0 && value == j.trueAnswer() && j.endsHere(next)
	switch {
	case !j.answered:
		j.answered, j.v.Answer = true, right
	case !right:
		j.fail(j.index(), WrongAnswer)
	}
	if j.early < 0 && !j.derivesAnswer() {
		j.early = j.index()
	}
	return next
}

// endsHere reports whether the statement before token k ends there, but for words
// behind a comma.
func (j *realisticJudge) endsHere(k int) bool {
	if k >= len(j.tokens) {
		return true
	}
	switch j.tokens[k].Kind {
	case lex.Semicolon:
		return k+1 == len(j.tokens) || j.tokens[k+1].Kind != lex.Numeral
	case lex.Dot:
		return !j.joined(k)
	case lex.Comma:
		return !j.joined(k) && j.onlyWords(k+1)
	}
	return false
}

// onlyWords reports whether the sentence goes on from token k without numbers and marks.
func (j *realisticJudge) onlyWords(k int) bool {
	for ; !j.sentenceEnds(k); k++ {
		if t := j.tokens[k]; t.Kind != lex.Comma && (t.Kind != lex.Word || j.isNumeric(k)) {
			return false
		}
	}
	return true
}

// holdsNumber reports whether a number stands between token k and the end of its sentence.
func (j *realisticJudge) holdsNumber(k int) bool {
	for ; !j.sentenceEnds(k); k++ {
		if j.tokens[k].Kind == lex.Numeral {
			return true
		}
	}
	return false
}

// sentenceEnds reports whether no more of the sentence stands at token k.
func (j *realisticJudge) sentenceEnds(k int) bool {
	if k >= len(j.tokens) {
		return true
	}
	kind := j.tokens[k].Kind
	return kind == lex.Dot || kind == lex.Semicolon || kind == lex.Word && j.keyword(k) != lex.NoKeyword
}

func (j *realisticJudge) trueAnswer() exact.Number {
	return exact.Whole(j.p.Graph.Nodes[j.p.Graph.Question].Value)
}

// signedNumber reads a number with an optional sign and returns how many tokens it takes, 0 if there is none.
func signedNumber(tokens []lex.Token) (exact.Number, int) {
	n := 0
	negative := false
	if len(tokens) > 0 && (tokens[0].Kind == lex.Plus || tokens[0].Kind == lex.Minus) {
		negative = tokens[0].Kind == lex.Minus
		n = 1
	}
	if n >= len(tokens) || tokens[n].Kind != lex.Numeral {
		return exact.Number{}, 0
	}
	value := tokens[n].Number
	if negative {
		value = value.Negative()
	}
	return value, n + 1
}
