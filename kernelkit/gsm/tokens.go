package gsm

import "strings"

// TokenCount is the length of a problem's training text in words, [EOS]
// included: the unit of token shares and of manifests. It depends on no
// tokenizer, so that a corpus does not either.
//
// Symbolic texts are tokens separated by blanks. In realistic texts a token is a
// run of letters, a number, a punctuation mark or one of the six tags (docs/generator.md,
// "Texts").
func TokenCount(p *Problem) int {
	if p.Graph.Family == Symbolic {
		// [BOS], the last words of the three texts, which no blank follows, and [EOS]
		return 5 + strings.Count(p.Problem, " ") + strings.Count(p.Question, " ") + strings.Count(p.Solution, " ")
	}
	body, answer := p.Solution, p.Answer
	if i := strings.LastIndex(body, "Answer:"); i >= 0 {
		body = body[:i]
	}
	return 7 + countWords(p.Problem) + countWords(p.Question) + countWords(body) + countWords(answer)
}

// Classes of bytes. Bytes beyond ASCII are parts of accented letters.
const (
	blank = iota
	letter
	digit
	mark
)

var classOf = func() (class [256]uint8) {
	for c := range class {
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			class[c] = blank
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80:
			class[c] = letter
		case c >= '0' && c <= '9':
			class[c] = digit
		default:
			class[c] = mark
		}
	}
	return class
}()

// begins[last][now] is 1 where a byte of class now begins a token after one of class last.
var begins = [4][4]uint8{
	blank:  {0, 1, 1, 1},
	letter: {0, 0, 1, 1},
	digit:  {0, 1, 0, 1},
	mark:   {0, 1, 1, 1},
}

// countWords counts runs of letters, runs of digits and single other marks.
func countWords(text string) int {
	n := 0
	last := uint8(blank)
	for i := 0; i < len(text); i++ {
		now := classOf[text[i]]
		n += int(begins[last&3][now&3])
		last = now
	}
	return n
}
