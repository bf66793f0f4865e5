package authors

import (
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

// The authors read the final answer in four ways: as a number for the comparison of
// graphs, as a string for the blended and strict rewards, as another string for the
// outcome reward and for gold solutions, and for the exact match of their evaluation.
// They disagree here as they do there.

// graphAnswer is the number that process comparison uses: the first
// "<answer>" (any case) that a number follows; if there is none, the first
// "Answer:" (this case) that a number follows. White space may stand between. Of
// "12abc", "4 animals", "1,234" only the leading number counts; "- 3" and ".5" are none.
func graphAnswer(text string) (float64, bool) {
	for at := 0; ; {
		_, end := findTag(text, at, "<answer>")
		if end < 0 {
			break
		}
		start := pySkipSpace(text, end)
		if stop := pyNumberAt(text, start); stop > start {
			return pyFloat(text[start:stop]), true
		}
		at = start
	}
	const label = "Answer:"
	for at := 0; ; {
		k := strings.Index(text[at:], label)
		if k < 0 {
			return 0, false
		}
		start := pySkipSpace(text, at+k+len(label))
		if stop := pyNumberAt(text, start); stop > start {
			return pyFloat(text[start:stop]), true
		}
		at = start
	}
}

// ExtractRewardAnswer is the string that rewards compare: the content of the first
// "<answer>…</answer>" (any case, may span lines), trimmed; else the text after the
// last "<answer>" up to the next "<" or line end, trimmed; else empty. The plain
// form "… Answer: 7." has none.
func ExtractRewardAnswer(text string) string {
	answer, _ := taggedAnswer(pyText(text))
	return answer
}

// ExtractFlexibleAnswer is the string that the outcome-only reward compares, and
// how the authors read gold answers: as ExtractRewardAnswer, but a text without
// any answer tag is searched for the first "Answer:" in any case, and the rest of that
// line up to a "<" counts. An empty pair of tags is an empty answer.
func ExtractFlexibleAnswer(text string) string {
	text = pyText(text)
	answer, tagged := taggedAnswer(text)
	if tagged {
		return answer
	}
	for at := 0; ; at++ {
		k := strings.IndexByte(text[at:], ':')
		if k < 0 {
			return ""
		}
		at += k
		if !labelBefore(text, at) {
			continue
		}
		line := text[pySkipSpace(text, at+1):]
		if end := strings.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		line = pyStrip(line)
		if end := strings.IndexByte(line, '<'); end >= 0 {
			line = pyStrip(line[:end])
		}
		return line
	}
}

// labelBefore reports whether "answer", case ignored, ends at s[:i].
func labelBefore(s string, i int) bool {
	for _, n := range [...]int{len("answer"), len("anſwer")} {
		if i >= n && pyFoldPrefix(s[i-n:i], "answer") == n {
			return true
		}
	}
	return false
}

// taggedAnswer is the answer by tags; false where the text has no opening tag.
func taggedAnswer(text string) (string, bool) {
	if _, open := findTag(text, 0, "<answer>"); open >= 0 {
		if end, _ := findTag(text, open, "</answer>"); end >= 0 {
			return pyStrip(text[open:end]), true
		}
	}
	open, shift := lastOpenTag(text)
	if open < 0 {
		return "", false
	}
	for ; shift > 0 && open < len(text); shift-- {
		_, n := utf8.DecodeRuneInString(text[open:])
		open += n
	}
	tail := text[open:]
	if end := strings.IndexAny(tail, "<\n"); end >= 0 {
		tail = tail[:end]
	}
	return pyStrip(tail), true
}

// lastOpenTag returns the end of the last "<answer>". The authors find it in the
// lower-cased text and cut the original at that position; lower-casing makes two
// characters of each İ, so that the cut lies shift characters too far right.
// In lower-cased text, unlike in findTag's, "ſ" is not an s.
func lastOpenTag(text string) (end, shift int) {
	const tag = "<answer>"
	for at := len(text); ; {
		at = strings.LastIndexByte(text[:at], '<')
		if at < 0 {
			return -1, 0
		}
		if len(text)-at >= len(tag) && pyFoldPrefix(text[at:at+len(tag)], tag) == len(tag) {
			return at + len(tag), strings.Count(text[:at], "İ")
		}
	}
}

// findTag returns start and end of the first tag at or after from, case ignored; −1 where there is none.
func findTag(s string, from int, tag string) (start, end int) {
	for {
		k := strings.IndexByte(s[from:], '<')
		if k < 0 {
			return -1, -1
		}
		from += k
		if n := pyFoldPrefix(s[from:], tag); n > 0 {
			return from, from + n
		}
		from++
	}
}

// EvalExactMatch is the exact match of the authors' evaluation script: the reward
// answer of the prediction against what stands behind the last "Answer: " of the
// gold solution. Two numbers (decimals with or without thousands commas, fractions of
// integers) agree within a relative 1e-8; anything else must be equal but for trailing dots.
// So "4.0", "04", "+4" and "8 / 2" match a 4 here and nowhere else. (This is the
// script's vLLM branch. The other reads its gold answer from a field that does not
// exist and never matches.)
func EvalExactMatch(prediction, goldSolution string) bool {
	gold := pyText(goldSolution)
	if k := strings.LastIndex(gold, "Answer: "); k >= 0 {
		gold = gold[k+len("Answer: "):]
	}
	gold = strings.TrimRight(pyStrip(gold), ".")
	if gold == "" {
		return false
	}
	answer := ExtractRewardAnswer(prediction)
	a, okA := numericAnswer(answer)
	b, okB := numericAnswer(gold)
	if okA && okB {
		return math.Abs(a-b) <= 1e-8*max(1, math.Abs(a), math.Abs(b))
	}
	return strings.TrimRight(answer, ".") == strings.TrimRight(gold, ".")
}

// numericAnswer reads a fraction of integers or a decimal with or without commas between digits.
func numericAnswer(s string) (float64, bool) {
	s = strings.TrimRight(pyStrip(s), ".")
	num := signedDigits(s, 0)
	if bar := pySkipSpace(s, num); num > 0 && bar < len(s) && s[bar] == '/' {
		den := pySkipSpace(s, bar+1)
		if den < len(s) && signedDigits(s, den) == len(s) {
			return fraction(s[:num], s[den:])
		}
	}
	if strings.IndexByte(s, ',') >= 0 {
		s = dropCommas(s)
	}
	i := 0
	if s != "" && (s[0] == '+' || s[0] == '-') {
		i = 1
	}
	whole := pyDigitsAt(s, i)
	end, digits := whole, whole > i
	if whole < len(s) && s[whole] == '.' {
		end = pyDigitsAt(s, whole+1)
		digits = digits || end > whole+1
	}
	if !digits || end != len(s) {
		return 0, false
	}
	return pyFloat(s), true
}

// signedDigits returns the end of an optional sign and digits at s[i:], or i.
func signedDigits(s string, i int) int {
	start := i
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	if end := pyDigitsAt(s, i); end > i {
		return end
	}
	return start
}

// dropCommas removes the commas that stand between two digits.
func dropCommas(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == ',' && pyDigitsBefore(s, i) < i && pyDigitsAt(s, i+1) > i+1 {
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

// fraction is float(Fraction(int(num), int(den))); false where Python raises: zero
// below, too many digits, overflow.
func fraction(num, den string) (float64, bool) {
	a, okA := pyInteger(num)
	b, okB := pyInteger(den)
	if !okA || !okB || b.Sign() == 0 {
		return 0, false
	}
	f, _ := new(big.Rat).SetFrac(a, b).Float64()
	return f, !math.IsInf(f, 0)
}

// pyInteger is int(s) for an optional sign and digits of any script.
func pyInteger(s string) (*big.Int, bool) {
	b := make([]byte, 0, len(s))
	digits := 0
	for _, r := range s {
		if v := pyDecimal(r); v >= 0 {
			r = rune('0' + v)
			digits++
		}
		b = append(b, byte(r))
	}
	if digits > maxLiteralDigits {
		return nil, false
	}
	return new(big.Int).SetString(string(b), 10)
}
