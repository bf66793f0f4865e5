package authors

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The authors' parser is built from Python regular expressions, whose classes
// follow Unicode 14 (Python 3.11). This file states those rules for byte
// scanners, since Go's regexp has other classes and is too slow here:
//
//   - white space is what str.isspace accepts, which has four control
//     characters more than unicode.IsSpace;
//   - \d is any decimal digit, and float() reads it;
//   - with IGNORECASE the range [A-Za-z] has four members outside ASCII;
//   - a word character is a letter, a number or "_".
//
// Texts are valid UTF-8 (see pyText), so a lead byte tells the rune apart.

// noLetter marks bytes that are not ASCII letters in letterIndex.
const noLetter = 0xFF

// letterIndex numbers the ASCII letters, A–Z as 0–25 and a–z as 26–51, so that
// a set of letters is one word of 64 bits.
var letterIndex = func() (t [256]uint8) {
	for i := range t {
		t[i] = noLetter
	}
	for i := range 26 {
		t['A'+i], t['a'+i] = uint8(i), uint8(26+i)
	}
	return t
}()

// foldedLetters are the runes outside ASCII that a case-insensitive [A-Za-z]
// accepts: dotted and dotless i, long s and the Kelvin sign. A header's variable
// may be one of them; they are numbered on from the ASCII letters.
var foldedLetters = [...]string{"İ", "ı", "ſ", "\u212A"}

// letterCount is the number of possible variables of a header.
const letterCount = 52 + len(foldedLetters)

// pyText returns text with each invalid UTF-8 sequence read as U+FFFD, which
// is what a decoder with replacement hands to the authors' code.
func pyText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// pySpaceAt returns the length in bytes of the white space character at s[i:], or 0.
func pySpaceAt(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	switch c := s[i]; {
	case c == ' ' || c >= '\t' && c <= '\r' || c >= 0x1C && c <= 0x1F:
		return 1
	case c < 0x80:
		return 0
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	if pyWideSpace(r) {
		return n
	}
	return 0
}

// pySpaceBefore returns the length of the white space character that ends at s[:i], or 0.
func pySpaceBefore(s string, i int) int {
	if i <= 0 {
		return 0
	}
	if s[i-1] < 0x80 {
		return pySpaceAt(s, i-1)
	}
	r, n := utf8.DecodeLastRuneInString(s[:i])
	if pyWideSpace(r) {
		return n
	}
	return 0
}

func pyWideSpace(r rune) bool {
	switch {
	case r == 0x85, r == 0xA0, r == 0x1680, r >= 0x2000 && r <= 0x200A,
		r == 0x2028, r == 0x2029, r == 0x202F, r == 0x205F, r == 0x3000:
		return true
	}
	return false
}

// pySkipSpace returns the end of the white space run that starts at i.
func pySkipSpace(s string, i int) int {
	for n := pySpaceAt(s, i); n > 0; n = pySpaceAt(s, i) {
		i += n
	}
	return i
}

// pySkipSpaceBack returns the start of the white space run that ends at i.
func pySkipSpaceBack(s string, i int) int {
	for n := pySpaceBefore(s, i); n > 0; n = pySpaceBefore(s, i) {
		i -= n
	}
	return i
}

// pyStrip is str.strip().
func pyStrip(s string) string {
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	for s != "" && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	if s == "" || plainByte(s[0]) && plainByte(s[len(s)-1]) {
		return s
	}
	end := pySkipSpaceBack(s, len(s))
	if end == 0 {
		return ""
	}
	return s[pySkipSpace(s, 0):end]
}

// plainByte reports whether c is neither white space nor part of a rune that may be.
func plainByte(c byte) bool { return c > ' ' && c < 0x80 }

// pyLetterBefore returns the length of the letter, in the case-insensitive
// sense, that ends at s[:i], or 0.
func pyLetterBefore(s string, i int) int {
	if i <= 0 {
		return 0
	}
	if letterIndex[s[i-1]] != noLetter {
		return 1
	}
	if s[i-1] >= 0x80 {
		for _, l := range foldedLetters {
			if strings.HasSuffix(s[:i], l) {
				return len(l)
			}
		}
	}
	return 0
}

// pyLetterAt returns the length of the letter, in the case-insensitive sense, at s[i:], or 0.
func pyLetterAt(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	if letterIndex[s[i]] != noLetter {
		return 1
	}
	if s[i] >= 0x80 {
		for _, l := range foldedLetters {
			if strings.HasPrefix(s[i:], l) {
				return len(l)
			}
		}
	}
	return 0
}

// variableIndex numbers a header's variable, one letter in the case-insensitive sense.
func variableIndex(v string) uint8 {
	if len(v) == 1 {
		return letterIndex[v[0]]
	}
	for i, l := range foldedLetters {
		if v == l {
			return uint8(52 + i)
		}
	}
	return noLetter
}

// pyFoldPrefix returns the length of the prefix of s that equals the lower-case
// ASCII word w in the case-insensitive sense, or 0. i and s have forms outside ASCII.
func pyFoldPrefix(s, w string) int {
	i := 0
	for k := 0; k < len(w); k++ {
		switch {
		case i >= len(s):
			return 0
		case s[i] == w[k] || s[i]|0x20 == w[k] && letterIndex[s[i]] != noLetter:
			i++
		case w[k] == 'i' && (strings.HasPrefix(s[i:], "İ") || strings.HasPrefix(s[i:], "ı")),
			w[k] == 's' && strings.HasPrefix(s[i:], "ſ"):
			i += 2
		default:
			return 0
		}
	}
	return i
}

// pyWordBefore reports whether a word character ends at s[:i]. Letters assigned
// after Unicode 14 count as such here and do not in Python 3.11; that only shows
// for such a letter directly before "Define" inside a name.
func pyWordBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
}

// pyDecimalZeros are the zeros of Unicode 14's runs of ten decimal digits outside ASCII.
var pyDecimalZeros = [...]rune{
	0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
	0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
	0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
	0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730,
	0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50,
	0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
}

// pyDecimal returns the value of a decimal digit, or −1.
func pyDecimal(r rune) int {
	if r < 0x80 {
		if r >= '0' && r <= '9' {
			return int(r - '0')
		}
		return -1
	}
	lo, hi := 0, len(pyDecimalZeros)
	for lo < hi {
		mid := (lo + hi) / 2
		if pyDecimalZeros[mid] <= r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo > 0 && r-pyDecimalZeros[lo-1] < 10 {
		return int(r - pyDecimalZeros[lo-1])
	}
	return -1
}

// pyDigitsAt returns the end of the run of decimal digits that starts at i.
func pyDigitsAt(s string, i int) int {
	for i < len(s) {
		if s[i] < 0x80 {
			if s[i] < '0' || s[i] > '9' {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if pyDecimal(r) < 0 {
			return i
		}
		i += n
	}
	return i
}

// pyDigitsBefore returns the start of the run of decimal digits that ends at i.
func pyDigitsBefore(s string, i int) int {
	for i > 0 {
		if c := s[i-1]; c < 0x80 {
			if c < '0' || c > '9' {
				return i
			}
			i--
			continue
		}
		r, n := utf8.DecodeLastRuneInString(s[:i])
		if pyDecimal(r) < 0 {
			return i
		}
		i -= n
	}
	return i
}

// pyNumberAt returns the end of the number at s[i:], or i where there is none: an
// optional sign, digits, and a fraction where a dot and digits follow.
func pyNumberAt(s string, i int) int {
	start := i
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	end := pyDigitsAt(s, i)
	if end == i {
		return start
	}
	if end < len(s) && s[end] == '.' {
		if frac := pyDigitsAt(s, end+1); frac > end+1 {
			return frac
		}
	}
	return end
}

// pyLastNumber returns the last number in s, as the last of all matches taken
// from left to right: in "1.2.3" these are 1.2 and 3. It scans from the end, so
// that its cost is the distance to that number.
func pyLastNumber(s string) (float64, bool) {
	end := len(s)
	for end > 0 {
		if c := s[end-1]; c < 0x80 {
			if c >= '0' && c <= '9' {
				break
			}
			end--
			continue
		}
		r, n := utf8.DecodeLastRuneInString(s[:end])
		if pyDecimal(r) >= 0 {
			break
		}
		end -= n
	}
	if end == 0 {
		return 0, false
	}
	last := pyDigitsBefore(s, end)
	start, runs, first := last, 1, last
	for first > 1 && s[first-1] == '.' {
		b := pyDigitsBefore(s, first-1)
		if b == first-1 {
			break
		}
		if runs == 1 {
			start = b
		}
		runs, first = runs+1, b
	}
	if runs%2 == 1 { // the run before it belongs to the match before it
		start = last
	}
	if start > 0 && (s[start-1] == '+' || s[start-1] == '-') {
		start--
	}
	return pyFloat(s[start:end]), true
}

// pyFloat is float(s) for a number in the sense of pyNumberAt: decimal digits of
// any script, correctly rounded, infinite where it overflows.
func pyFloat(s string) float64 {
	if len(s) <= 15 {
		if v, ok := pySmallInteger(s); ok {
			return v
		}
	}
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			ascii = false
			break
		}
	}
	if !ascii {
		b := make([]byte, 0, len(s))
		for _, r := range s {
			if v := pyDecimal(r); v >= 0 {
				r = rune('0' + v)
			}
			b = utf8.AppendRune(b, r)
		}
		s = string(b)
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) {
		return math.NaN() // unreachable: s has the form of a number
	}
	return v
}

// pySmallInteger reads an optional sign and up to 15 ASCII digits, which are exact.
func pySmallInteger(s string) (float64, bool) {
	i, n := 0, int64(0)
	if s != "" && (s[0] == '-' || s[0] == '+') {
		i = 1
	}
	if i == len(s) || len(s) > 15 {
		return 0, false
	}
	for k := i; k < len(s); k++ {
		d := s[k] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int64(d)
	}
	v := float64(n)
	if s[0] == '-' {
		v = -v // of zero too: float("-0") is negative zero
	}
	return v, true
}

// pyRemoveTags deletes every "<…>" with at least one character between the
// brackets. A text without a complete tag is returned as it is.
func pyRemoveTags(s string) string {
	var out []byte
	kept := 0
	for i := 0; ; {
		open := strings.IndexByte(s[i:], '<')
		if open < 0 {
			break
		}
		open += i
		if open+1 < len(s) && s[open+1] == '>' { // "<>" is no tag, and neither can hold the other's end
			i = open + 2
			continue
		}
		end := strings.IndexByte(s[open:], '>')
		if end < 0 {
			break
		}
		end += open + 1
		if out == nil {
			out = make([]byte, 0, len(s)-(end-open))
		}
		out = append(out, s[kept:open]...)
		kept, i = end, end
	}
	if out == nil {
		return s
	}
	return string(append(out, s[kept:]...))
}
