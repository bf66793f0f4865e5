package verify

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word, a number or a mark of a realistic solution.
type token struct {
	kind   tokenKind
	glued  bool    // nothing stands between it and the token before
	key    keyword // of a word
	lo, hi int32   // its bytes in the text
	number rational
}

type tokenKind uint8

const (
	word tokenKind = iota
	numeral
	plus
	minus
	times
	divide
	power // "**" and "^": no solution needs powers, so they are recognised and refused
	equals
	open
	shut
	semicolon
	comma
	dot
	colon
	other // anything else: a mark that belongs to no formula
)

// keyword says what a word begins.
type keyword uint8

const (
	noKeyword   keyword = iota
	define              // "define" or "let"
	answerLabel         // "answer", before a colon
)

func keywordOf(name string) keyword {
	switch {
	case len(name) == 6 && name[0]|0x20 == 'd' && strings.EqualFold(name, "define"):
		return define
	case len(name) == 3 && name[0]|0x20 == 'l' && strings.EqualFold(name, "let"):
		return define
	case len(name) == 6 && name[0]|0x20 == 'a' && strings.EqualFold(name, "answer"):
		return answerLabel
	}
	return noKeyword
}

// operator is what a mark of arithmetic looks like in a formula, 0 for other tokens.
func (k tokenKind) operator() byte {
	if plus <= k && k <= power {
		return "+-*/^"[k-plus]
	}
	return 0
}

// lex cuts text into tokens, appended to dst. It takes time linear in the text.
// Tags of the format and of plain HTML, dollar signs, quotes, back-ticks and bold
// marks are decoration: they yield no token. Operators, brackets and punctuation in
// other widths, operators of LaTeX and the digits of all scripts are read for what
// they mean. All else is a token of kind other, which nothing beside an equation may
// be (beside.go).
func lex(dst []token, text string) []token {
	end := -1 // where the last token ended
	for i := 0; i < len(text); {
		kind, size := scan(text, i)
		t := token{kind: kind, glued: i == end, lo: int32(i), hi: int32(i + size)}
		i += size
		switch kind {
		case blank:
			continue
		case decoration:
			if t.glued {
				end = i
			}
			continue
		case numeral:
			t.number = parseNumeral(text[t.lo:t.hi])
		case word:
			t.key = keywordOf(text[t.lo:t.hi])
		}
		end = i
		dst = append(dst, t)
	}
	return dst
}

const (
	blank tokenKind = 100 + iota
	decoration
)

// scan returns the kind and the length of what begins at text[i].
func scan(text string, i int) (tokenKind, int) {
	c := text[i]
	switch {
	case isSpace(c):
		return blank, 1
	case c >= utf8.RuneSelf:
		return scanRune(text, i)
	case isLetter(c):
		return word, wordLength(text, i)
	case isDigit(c):
		return numeral, numeralLength(text, i)
	}
	switch c {
	case '*':
		return scanStar(text, i)
	case '<':
		return scanTag(text, i)
	case '\\':
		return scanCommand(text, i)
	case ':':
		if strings.HasPrefix(text[i:], ":=") {
			return equals, 2
		}
	}
	return asciiMarks[c], 1
}

// asciiMarks are the marks of one byte.
var asciiMarks = func() (kinds [utf8.RuneSelf]tokenKind) {
	for i := range kinds {
		kinds[i] = other
	}
	for kind, marks := range map[tokenKind]string{decoration: "$\"'`", plus: "+", minus: "-", divide: "/", power: "^", equals: "=",
		open: "(", shut: ")", semicolon: ";", comma: ",", dot: ".", colon: ":"} {
		for _, c := range marks {
			kinds[c] = kind
		}
	}
	return kinds
}()

// wideMarks are the marks beyond ASCII that mean the same as one of ASCII.
var wideMarks = func() map[rune]tokenKind {
	kinds := map[rune]tokenKind{}
	for kind, marks := range map[tokenKind]string{
		decoration: "‘’“”",
		plus:       "＋﹢",
		minus:      "−–—―‐‑‒﹣－",
		times:      "×·⋅∗∙＊⨯✕✖",
		divide:     "÷⁄∕／➗",
		equals:     "＝﹦≔",
		open:       "（",
		shut:       "）",
		semicolon:  "；",
		comma:      "，",
		dot:        "．。",
		colon:      "：",
	} {
		for _, r := range marks {
			kinds[r] = kind
		}
	}
	return kinds
}()

// scanStar tells bold marks (**word**) from powers (9**9, 9 ** 9) and from a single star.
func scanStar(text string, i int) (tokenKind, int) {
	if !strings.HasPrefix(text[i:], "**") {
		return times, 1
	}
	spaceBefore := i == 0 || isSpace(text[i-1])
	after := byte(' ')
	if i+2 < len(text) {
		after = text[i+2]
	}
	if opens := spaceBefore && !isSpace(after); opens {
		return decoration, 2
	}
	if closes := !spaceBefore && !isLetter(after) && !isDigit(after) && after != '('; closes {
		return decoration, 2
	}
	return power, 2
}

// scanTag reads a tag. Those that mark up a text or its parts are decoration; any
// other may change what stands beside it, as in 3<sup>2</sup>.
func scanTag(text string, i int) (tokenKind, int) {
	name, n := tagName(text[i:])
	switch {
	case n == 0:
		return other, 1
	case decorations[strings.ToLower(strings.TrimPrefix(name, "/"))]:
		return decoration, n
	}
	return other, n
}

var decorations = map[string]bool{"answer": true, "solution": true, "question": true, "problem": true, "think": true, "thinking": true,
	"reasoning": true, "step": true, "final": true, "b": true, "i": true, "em": true, "strong": true, "u": true, "p": true,
	"br": true, "span": true, "div": true, "code": true, "pre": true, "ul": true, "ol": true, "li": true}

// scanCommand reads a command of LaTeX: operators for what they mean, brackets
// around a formula and blanks as decoration.
func scanCommand(text string, i int) (tokenKind, int) {
	n := 1
	for i+n < len(text) && isLetter(text[i+n]) {
		n++
	}
	switch text[i : i+n] {
	case `\times`, `\cdot`, `\ast`:
		return times, n
	case `\div`:
		return divide, n
	case `\left`, `\right`:
		return decoration, n
	case `\`:
		if i+1 < len(text) && strings.IndexByte("()[],;! ", text[i+1]) >= 0 {
			return decoration, 2
		}
	}
	return other, n
}

// scanRune is scan for what is not ASCII.
func scanRune(text string, i int) (tokenKind, int) {
	r, size := utf8.DecodeRuneInString(text[i:])
	if kind, known := wideMarks[r]; known {
		return kind, size
	}
	switch {
	case unicode.IsDigit(r):
		return numeral, numeralLength(text, i)
	case unicode.IsSpace(r):
		return blank, size
	case unicode.IsLetter(r):
		return word, wordLength(text, i)
	}
	return other, size
}

func isLetter(c byte) bool   { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }

// isAnyDigit reports whether r is a decimal digit of any script.
func isAnyDigit(r rune) bool { return '0' <= r && r <= '9' || r >= utf8.RuneSelf && unicode.IsDigit(r) }

// digitValue is the value of a decimal digit of any script: Unicode has them in runs
// of ten, from 0 to 9, that begin where a range of the table does.
func digitValue(r rune) int64 {
	if r < utf8.RuneSelf {
		return int64(r - '0')
	}
	for _, digits := range unicode.Nd.R16 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return int64(r-rune(digits.Lo)) % 10
		}
	}
	for _, digits := range unicode.Nd.R32 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return int64(r-rune(digits.Lo)) % 10
		}
	}
	return 0
}

// wordLength counts letters, digits, underscores and combining marks from i on.
func wordLength(text string, i int) int {
	n := i
	for n < len(text) {
		if text[n] < utf8.RuneSelf {
			if !isWordByte(text[n]) {
				break
			}
			n++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[n:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
			break
		}
		n += size
	}
	return n - i
}

// numeralLength counts digits, commas between groups of three of them, and a decimal
// fraction. Groups do not begin with 0: 0,003 is no way to write 3.
func numeralLength(text string, i int) int {
	n := i + digits(text, i)
	for grouped := n-i <= 3 && text[i] != '0'; grouped && n < len(text) && text[n] == ',' && digits(text, n+1) == 3; {
		n += 4
	}
	if n < len(text) && text[n] == '.' {
		if d := digits(text, n+1); d > 0 {
			n += 1 + d
		}
	}
	return n - i
}

// digits is the length of the run of digits at text[i:].
func digits(text string, i int) int {
	n := i
	for n < len(text) {
		if isDigit(text[n]) {
			n++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[n:])
		if !isAnyDigit(r) {
			break
		}
		n += size
	}
	return n - i
}

// parseNumeral is the value of a numeral, or rational{} when it has more than 18 digits.
func parseNumeral(text string) rational {
	value := whole(0)
	fraction := false
	count := 0
	for _, r := range text {
		switch {
		case r == '.':
			fraction = true
			continue
		case r == ',':
			continue
		}
		if count++; count > 18 {
			return rational{}
		}
		value.n = 10*value.n + digitValue(r)
		if fraction {
			value.d *= 10
		}
	}
	if fraction {
		return reduced(value.n, value.d)
	}
	return value
}

// tagLength is the length of a tag such as <b>, <br/> or </solution> at the start of text, or 0.
func tagLength(text string) int {
	_, n := tagName(text)
	return n
}

// tagName is the name of the tag at the start of text, with the stroke of a closing
// tag, and the tag's length: 0 where there is none.
func tagName(text string) (name string, length int) {
	n := 1
	if n < len(text) && text[n] == '/' {
		n++
	}
	begin := n
	for n < len(text) && n-begin < 16 && (isWordByte(text[n]) || text[n] == '-') {
		n++
	}
	if name = text[min(1, len(text)):n]; n == begin || n == len(text) {
		return "", 0
	}
	if text[n] == '/' && n+1 < len(text) {
		n++
	}
	if text[n] != '>' {
		return "", 0
	}
	return name, n + 1
}
