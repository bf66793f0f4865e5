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
// Tags such as <b>, dollar signs, quotes, back-ticks, bold marks and U+FFFD are
// decoration: they yield no token. A minus sign, multiplication or division sign
// of any kind and full-width digits are read for what they mean.
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
		if n := tagLength(text[i:]); n > 0 {
			return decoration, n
		}
		return other, 1
	case ':':
		if strings.HasPrefix(text[i:], ":=") {
			return equals, 2
		}
		return colon, 1
	case '$', '"', '\'', '`':
		return decoration, 1
	case '+':
		return plus, 1
	case '-':
		return minus, 1
	case '/':
		return divide, 1
	case '^':
		return power, 1
	case '=':
		return equals, 1
	case '(':
		return open, 1
	case ')':
		return shut, 1
	case ';':
		return semicolon, 1
	case ',':
		return comma, 1
	case '.':
		return dot, 1
	}
	return other, 1
}

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

// scanRune is scan for what is not ASCII.
func scanRune(text string, i int) (tokenKind, int) {
	r, size := utf8.DecodeRuneInString(text[i:])
	switch {
	case r == utf8.RuneError:
		return decoration, size
	case r == '−' || r == '–' || r == '﹣' || r == '－':
		return minus, size
	case r == '×' || r == '·' || r == '⋅' || r == '∗':
		return times, size
	case r == '÷':
		return divide, size
	case r == '＋':
		return plus, size
	case r == '＝':
		return equals, size
	case isWideDigit(r):
		return numeral, numeralLength(text, i)
	case unicode.IsSpace(r):
		return blank, size
	case unicode.IsLetter(r):
		return word, wordLength(text, i)
	}
	return other, size
}

func isLetter(c byte) bool    { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isWideDigit(r rune) bool { return '０' <= r && r <= '９' }
func isWordByte(c byte) bool  { return isLetter(c) || isDigit(c) || c == '_' }

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

// numeralLength counts digits, commas between groups of three of them, and a decimal fraction.
func numeralLength(text string, i int) int {
	n := i + digits(text, i)
	for grouped := n-i <= 3; grouped && n < len(text) && text[n] == ',' && digits(text, n+1) == 3; {
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
		if !isWideDigit(r) {
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
		case isWideDigit(r):
			r += '0' - '０'
		}
		if count++; count > 18 {
			return rational{}
		}
		value.n = 10*value.n + int64(r-'0')
		if fraction {
			value.d *= 10
		}
	}
	if fraction {
		return reduced(value.n, value.d)
	}
	return value
}

// tagLength is the length of a tag such as <b> or </solution> at the start of text, or 0.
func tagLength(text string) int {
	n := 1
	if n < len(text) && text[n] == '/' {
		n++
	}
	name := n
	for n < len(text) && n-name < 16 && (isWordByte(text[n]) || text[n] == '-') {
		n++
	}
	if n == name || n == len(text) || text[n] != '>' {
		return 0
	}
	return n + 1
}
