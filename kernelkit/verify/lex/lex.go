// Package lex cuts the text of a realistic solution into words, numbers and marks,
// and drops what a reader does not see (Said). It knows how things are written and
// nothing of what they mean for a problem, which is package verify's part.
package lex

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"interplay/kernelkit/verify/exact"
)

// Token is a word, a number or a mark.
type Token struct {
	Kind   Kind
	Glued  bool         // nothing stands between it and the token before
	Key    Keyword      // of a word
	Lo, Hi int32        // its bytes in the text
	Number exact.Number // of a numeral; the zero value where it is too long
}

// Kind says what a token is. The order matters: what a formula can begin with comes
// first, the operators stand together, and so does what separates.
type Kind uint8

const (
	Word Kind = iota
	Numeral
	Plus
	Minus
	Times
	Divide
	Power // "**" and "^": no solution needs powers, so they are recognised and refused
	Equals
	Open
	Shut
	Semicolon
	Comma
	Dot
	Colon
	Other // anything else: a mark whose meaning is not known
)

// Keyword says what a word begins.
type Keyword uint8

const (
	NoKeyword   Keyword = iota
	Define              // "define" or "let"
	AnswerLabel         // "answer", before a colon
)

// KeywordOf is the keyword that a word of any letter case is.
func KeywordOf(name string) Keyword {
	switch {
	case len(name) == 6 && name[0]|0x20 == 'd' && strings.EqualFold(name, "define"):
		return Define
	case len(name) == 3 && name[0]|0x20 == 'l' && strings.EqualFold(name, "let"):
		return Define
	case len(name) == 6 && name[0]|0x20 == 'a' && strings.EqualFold(name, "answer"):
		return AnswerLabel
	}
	return NoKeyword
}

// Operator is what a mark of arithmetic looks like in a formula, 0 for other tokens.
func (k Kind) Operator() byte {
	if Plus <= k && k <= Power {
		return "+-*/^"[k-Plus]
	}
	return 0
}

// Tokens cuts text into tokens, appended to dst. It takes time linear in the text.
// Tags of the format and of plain HTML, dollar signs, quotes, back-ticks and bold
// marks are decoration: they yield no token. Operators, brackets and punctuation in
// other widths, operators of LaTeX and the digits of all scripts are read for what
// they mean. All else is a token of kind Other.
func Tokens(dst []Token, text string) []Token {
	end := -1 // where the last token ended
	for i := 0; i < len(text); {
		kind, size := scan(text, i)
		t := Token{Kind: kind, Glued: i == end, Lo: int32(i), Hi: int32(i + size)}
		i += size
		switch kind {
		case blank:
			continue
		case decoration:
			if t.Glued {
				end = i
			}
			continue
		case Numeral:
			t.Number = parseNumeral(text[t.Lo:t.Hi])
		case Word:
			t.Key = KeywordOf(text[t.Lo:t.Hi])
		}
		end = i
		dst = append(dst, t)
	}
	return dst
}

const (
	blank Kind = 100 + iota
	decoration
)

// scan returns the kind and the length of what begins at text[i].
func scan(text string, i int) (Kind, int) {
	c := text[i]
	switch {
	case isSpace(c):
		return blank, 1
	case c >= utf8.RuneSelf:
		return scanRune(text, i)
	case isLetter(c):
		return Word, wordLength(text, i)
	case isDigit(c):
		return Numeral, numeralLength(text, i)
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
			return Equals, 2
		}
	}
	return asciiMarks[c], 1
}

// marks are the characters of each kind.
var marks = map[Kind]string{
	decoration: "$\"'`‘’“”",
	Plus:       "+＋﹢",
	Minus:      "-−–—―‐‑‒﹣－",
	Times:      "×·⋅∗∙＊⨯✕✖",
	Divide:     "/÷⁄∕／➗",
	Power:      "^",
	Equals:     "=＝﹦≔",
	Open:       "(（",
	Shut:       ")）",
	Semicolon:  ";；",
	Comma:      ",，",
	Dot:        ".．。",
	Colon:      ":：",
}

// asciiMarks and wideMarks are marks by character.
var asciiMarks, wideMarks = func() (ascii [utf8.RuneSelf]Kind, wide map[rune]Kind) {
	for i := range ascii {
		ascii[i] = Other
	}
	wide = map[rune]Kind{}
	for kind, characters := range marks {
		for _, r := range characters {
			if r < utf8.RuneSelf {
				ascii[r] = kind
			} else {
				wide[r] = kind
			}
		}
	}
	return ascii, wide
}()

// scanStar tells bold marks (**word**) from powers (9**9, 9 ** 9) and from a single star.
func scanStar(text string, i int) (Kind, int) {
	if !strings.HasPrefix(text[i:], "**") {
		return Times, 1
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
	return Power, 2
}

// scanTag reads a tag. Those that mark up a text or its parts are decoration; any
// other may change what stands beside it, as in 3<sup>2</sup>.
func scanTag(text string, i int) (Kind, int) {
	name, n := Tag(text[i:])
	switch {
	case n == 0:
		return Other, 1
	case decorations[strings.ToLower(strings.TrimPrefix(name, "/"))]:
		return decoration, n
	}
	return Other, n
}

var decorations = map[string]bool{"answer": true, "solution": true, "question": true, "problem": true, "think": true, "thinking": true,
	"reasoning": true, "step": true, "final": true, "b": true, "i": true, "em": true, "strong": true, "u": true, "p": true,
	"br": true, "span": true, "div": true, "code": true, "pre": true, "ul": true, "ol": true, "li": true}

// scanCommand reads a command of LaTeX: operators for what they mean, brackets
// around a formula and blanks as decoration.
func scanCommand(text string, i int) (Kind, int) {
	n := 1
	for i+n < len(text) && isLetter(text[i+n]) {
		n++
	}
	switch text[i : i+n] {
	case `\times`, `\cdot`, `\ast`:
		return Times, n
	case `\div`:
		return Divide, n
	case `\left`, `\right`:
		return decoration, n
	case `\`:
		if i+1 < len(text) && strings.IndexByte("()[],;! ", text[i+1]) >= 0 {
			return decoration, 2
		}
	}
	return Other, n
}

// scanRune is scan for what is not ASCII.
func scanRune(text string, i int) (Kind, int) {
	r, size := utf8.DecodeRuneInString(text[i:])
	if kind, known := wideMarks[r]; known {
		return kind, size
	}
	switch {
	case unicode.IsDigit(r):
		return Numeral, numeralLength(text, i)
	case unicode.IsSpace(r):
		return blank, size
	case unicode.IsLetter(r):
		return Word, wordLength(text, i)
	}
	return Other, size
}

func isSpace(c byte) bool    { return c == ' ' || '\t' <= c && c <= '\r' }
func isLetter(c byte) bool   { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }

// IsDigit reports whether r is a decimal digit of any script.
func IsDigit(r rune) bool { return '0' <= r && r <= '9' || r >= utf8.RuneSelf && unicode.IsDigit(r) }

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
		if !IsDigit(r) {
			break
		}
		n += size
	}
	return n - i
}

// parseNumeral is the value of a numeral; no number when it has more than 18 digits.
func parseNumeral(text string) exact.Number {
	n, d := int64(0), int64(1)
	fraction := false
	count := 0
	for _, r := range text {
		switch r {
		case '.':
			fraction = true
			continue
		case ',':
			continue
		}
		if count++; count > 18 {
			return exact.Number{}
		}
		n = 10*n + digitValue(r)
		if fraction {
			d *= 10
		}
	}
	if fraction {
		return exact.Ratio(n, d)
	}
	return exact.Whole(n)
}

// Tag is the name of the tag at the start of text (<b>, <br/>, </solution>), with the
// stroke of a closing tag, and the tag's length: 0 where there is none.
func Tag(text string) (name string, length int) {
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
