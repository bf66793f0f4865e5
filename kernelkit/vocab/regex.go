package vocab

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Pre-tokenizers cut text with regular expressions in Oniguruma's syntax, which has a good
// deal that Go's lacks, and some that it reads in another way. newCutter translates what
// means the same in both, piece by piece, and refuses the rest by name.

// The reference's engine follows Unicode 16, Go 15. These are the characters of each
// category that Go does not know yet.
var newCharacters = map[string]string{
	"Lu": `\x{1c89}\x{a7cb}-\x{a7cc}\x{a7da}\x{a7dc}\x{10d50}-\x{10d65}`,
	"Ll": `\x{1c8a}\x{a7cd}\x{a7db}\x{10d70}-\x{10d85}`,
	"Lt": ``,
	"Lm": `\x{10d4e}\x{10d6f}\x{16d40}-\x{16d42}\x{16d6b}-\x{16d6c}`,
	"Lo": `\x{105c0}-\x{105f3}\x{10d4a}-\x{10d4d}\x{10d4f}\x{10ec2}-\x{10ec4}\x{11380}-\x{11389}\x{1138b}\x{1138e}\x{11390}-\x{113b5}\x{113b7}\x{113d1}\x{113d3}\x{11bc0}-\x{11be0}\x{13460}-\x{143fa}\x{16100}-\x{1611d}\x{16d43}-\x{16d6a}\x{18cff}\x{1e5d0}-\x{1e5ed}\x{1e5f0}\x{2ebf0}-\x{2ee5d}`,
	"M":  `\x{897}\x{10d69}-\x{10d6d}\x{10efc}\x{113b8}-\x{113c0}\x{113c2}\x{113c5}\x{113c7}-\x{113ca}\x{113cc}-\x{113d0}\x{113d2}\x{113e1}-\x{113e2}\x{11f5a}\x{1611e}-\x{1612f}\x{1e5ee}-\x{1e5ef}`,
	"N":  `\x{10d40}-\x{10d49}\x{116d0}-\x{116e3}\x{11bf0}-\x{11bf9}\x{16130}-\x{16139}\x{16d70}-\x{16d79}\x{1ccf0}-\x{1ccf9}\x{1e5f1}-\x{1e5fa}`,
	"P":  `\x{1b4e}-\x{1b4f}\x{1b7f}\x{10d6e}\x{113d4}-\x{113d5}\x{113d7}-\x{113d8}\x{11be1}\x{16d6d}-\x{16d6f}\x{1e5ff}`,
	"S":  `\x{2427}-\x{2429}\x{2ffc}-\x{2fff}\x{31e4}-\x{31e5}\x{31ef}\x{10d8e}-\x{10d8f}\x{1cc00}-\x{1ccef}\x{1cd00}-\x{1ceb3}\x{1f8b2}-\x{1f8bb}\x{1f8c0}-\x{1f8c1}\x{1fa89}\x{1fa8f}\x{1fabe}\x{1fac6}\x{1fadc}\x{1fadf}\x{1fae9}\x{1fbcb}-\x{1fbef}`,
	"Z":  ``,
}

func init() {
	newCharacters["L"] = newCharacters["Lu"] + newCharacters["Ll"] + newCharacters["Lm"] + newCharacters["Lo"]
	newCharacters["Nd"] = newCharacters["N"]
	newWord = regexp.MustCompile("^[" + newCharacters["L"] + newCharacters["M"] + newCharacters["Nd"] + "]")
}

var newWord *regexp.Regexp

// isNewWord says whether a character of Unicode 16 that Go does not know is one of a word.
func isNewWord(r rune) bool { return r > 0x800 && newWord.MatchString(string(r)) }

// anySpace is \s as the reference's engine means it, inside a class: Unicode's white space.
const anySpace = `\s\x0b\x{85}\p{Z}`

// cutter cuts text into the matches of a regular expression and what lies between them.
type cutter struct {
	re *regexp.Regexp
	// An expression may end with an alternative that looks ahead, which Go's syntax lacks: a
	// run of something, but for its last character when follows matches what is behind it.
	// run is the group of that alternative, 0 where there is none.
	run     int
	follows func(rest string) bool
	least   int // bytes of a run that gives nothing back

	// patient expressions are known to read little more than they match. For others the
	// characters read are counted, so that no expression takes time without bound.
	patient bool
}

// aheads are the endings with a look-ahead: the expression, the run for Go's syntax, and
// when the run gives its last character back. The alternative behind it matches what the one
// with the look-ahead leaves.
var aheads = []struct {
	ending, run string
	follows     func(rest string) bool
	least       int
}{
	{`\s+(?!\S)|\s+`, `[` + anySpace + `]+`, func(rest string) bool { return rest != "" }, 1},
	// A doubly escaped expression, as in the paper's tokenizer: a backslash, then the letter s.
	{`\\s+(?!\\S)|\\s+`, `\\s+`, func(rest string) bool { return strings.HasPrefix(rest, `\S`) }, 2},
}

// knownPatterns are read by the string matcher, which is the faster one.
var knownPatterns = []string{
	gpt2Pattern, prosePattern,
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,      // Qwen2
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, // Llama 3
	`[-_^(){}]|[^sp{L}N\\]+|[sp{L}N\\]`, // Paper
}

// largestProgram is how many instructions a compiled expression may have: the time for a
// character grows with them. longestPattern is the longest expression in bytes.
const (
	largestProgram = 500
	longestPattern = 4096
)

// newCutter translates an expression from the syntax of the reference's engine.
func newCutter(pattern string) (cutter, error) {
	if len(pattern) > longestPattern {
		return cutter{}, fmt.Errorf("the pre-tokenizer's expression has %d bytes: expected at most %d", len(pattern), longestPattern)
	}
	c := cutter{patient: slices.Contains(knownPatterns, pattern)}
	source, run := pattern, ""
	for _, a := range aheads {
		before, ok := strings.CutSuffix(pattern, a.ending)
		if ok && (before == "" || strings.HasSuffix(before, "|") && !strings.HasSuffix(before, `\|`)) && !strings.HasSuffix(before, `\`) {
			source, run, c.follows, c.least = strings.TrimSuffix(before, "|"), a.run, a.follows, a.least
		}
	}
	text := ""
	if source != "" || run == "" {
		p := patternReader{source: source}
		if err := p.read(); err != nil {
			return c, fmt.Errorf("the pre-tokenizer's expression %.200q: %w", pattern, err)
		}
		text = p.out.String()
	}
	if run != "" {
		if text != "" {
			text += "|"
		}
		text += "(?P<run>" + run + ")"
	}
	if err := c.compile(text); err != nil {
		return c, fmt.Errorf("the pre-tokenizer's expression %.200q: %w", pattern, err)
	}
	return c, nil
}

func (c *cutter) compile(text string) error {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return err
	}
	if n := len(program.Inst); n > largestProgram {
		return fmt.Errorf("it compiles to %d instructions: expected at most %d", n, largestProgram)
	}
	if c.re, err = regexp.Compile(text); err != nil {
		return err
	}
	if c.re.MatchString("") {
		return errors.New("it matches the empty text, which cuts nowhere")
	}
	c.run = max(0, c.re.SubexpIndex("run"))
	return nil
}

// cut appends the pieces of text, which joined are the text again.
func (c *cutter) cut(pieces []string, text string) ([]string, error) {
	budget := 8*len(text) + 4096 // characters
	for at := 0; at < len(text); {
		var m []int
		if c.patient {
			m = c.re.FindStringSubmatchIndex(text[at:])
		} else {
			r := countingReader{text: text[at:]}
			m = c.re.FindReaderSubmatchIndex(&r)
			if budget -= r.count; budget < 0 {
				return nil, errors.New("vocab: the pre-tokenizer's expression reads this text over and over: it would take too long")
			}
		}
		if m == nil || m[1] == m[0] {
			return append(pieces, text[at:]), nil
		}
		from, to := at+m[0], at+m[1]
		if c.run > 0 && m[2*c.run] >= 0 && c.follows(text[to:]) {
			if _, last := utf8.DecodeLastRuneInString(text[from:to]); to-last >= from+c.least {
				to -= last
			}
		}
		if from > at {
			pieces = append(pieces, text[at:from])
		}
		pieces = append(pieces, text[from:to])
		at = to
	}
	return pieces, nil
}

// countingReader gives a text's characters and counts them.
type countingReader struct {
	text  string
	at    int
	count int
}

func (r *countingReader) ReadRune() (rune, int, error) {
	if r.at == len(r.text) {
		return 0, 0, io.EOF
	}
	c, n := utf8.DecodeRuneInString(r.text[r.at:])
	r.at += n
	r.count++
	return c, n, nil
}

// patternReader writes an expression of Oniguruma's in Go's syntax.
type patternReader struct {
	source string
	at     int
	out    strings.Builder
	open   []int // where in out the groups begin that have no end yet
	group  int   // where the group begins that has just ended; −1 where none has
}

// contractions is the one group without regard to case that is known to mean the same in
// both engines: others may match letters of several characters.
const contractions = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`

func (p *patternReader) read() error {
	for p.at < len(p.source) {
		rest := p.source[p.at:]
		p.group = -1
		switch c := rest[0]; {
		case strings.HasPrefix(rest, contractions):
			p.copy(len(contractions))
		case strings.HasPrefix(rest, "(?:"):
			p.open = append(p.open, p.out.Len())
			p.copy(3)
			continue // no quantifier behind it
		case c == '(' && strings.HasPrefix(rest, "(?"):
			return fmt.Errorf("the group %.12q is not supported: expected (?:…), %s, or a look-ahead as the last but one alternative, %s", rest, contractions, aheads[0].ending)
		case c == '(':
			p.open = append(p.open, p.out.Len())
			p.at++
			p.out.WriteString("(?:")
			continue
		case c == ')' && len(p.open) > 0:
			p.group = p.open[len(p.open)-1]
			p.open = p.open[:len(p.open)-1]
			p.copy(1)
		case c == '|':
			p.copy(1)
			continue
		case c == '^' || c == '$':
			return fmt.Errorf("%c at byte %d means the ends of lines to one engine and of the text to another", c, p.at)
		case c == '[':
			if err := p.class(); err != nil {
				return err
			}
		case c == '\\':
			text, err := p.escape(false)
			if err != nil {
				return err
			}
			p.out.WriteString(text)
		case c == '{' || c == '}' || c == ']':
			p.out.WriteString(`\` + string(c))
			p.at++
		case c == '*' || c == '+' || c == '?':
			return fmt.Errorf("nothing stands before the %c at byte %d", c, p.at)
		default:
			_, n := utf8.DecodeRuneInString(rest)
			p.copy(n)
		}
		if err := p.quantifier(); err != nil {
			return err
		}
	}
	return nil
}

func (p *patternReader) copy(n int) {
	p.out.WriteString(p.source[p.at : p.at+n])
	p.at += n
}

// quantifier reads *, +, ?, {n}, {n,} or {n,m} and whether it is lazy. Two in a row mean
// different things to the engines.
func (p *patternReader) quantifier() error {
	rest := p.source[p.at:]
	if rest == "" {
		return nil
	}
	n := 0
	switch {
	case strings.ContainsRune("*+?", rune(rest[0])):
		n = 1
		if strings.HasPrefix(rest[1:], "?") {
			n = 2
		}
	case rest[0] == '{':
		end := strings.IndexByte(rest, '}')
		if end < 0 || !isInterval(rest[1:end]) {
			if strings.HasPrefix(rest, "{,") {
				return fmt.Errorf("%.8q at byte %d is not supported: write {0,n}", rest, p.at)
			}
			return nil // a brace like any character
		}
		n = end + 1
	default:
		return nil
	}
	if p.group >= 0 {
		body, err := regexp.Compile("^" + p.out.String()[p.group:] + "$")
		if err != nil {
			return err
		}
		if body.MatchString("") {
			return fmt.Errorf("%.4q at byte %d repeats a group that can match nothing: not supported", rest, p.at)
		}
	}
	p.copy(n)
	if next := p.source[p.at:]; next != "" && (strings.ContainsRune("*+?", rune(next[0])) || isBraced(next)) {
		return fmt.Errorf("the quantifier %.4q at byte %d stands behind another one: not supported", next, p.at)
	}
	return nil
}

func isBraced(text string) bool {
	end := strings.IndexByte(text, '}')
	return text[0] == '{' && end > 0 && (isInterval(text[1:end]) || text[1] == ',')
}

// isInterval says whether text is n, n, or n,m with numbers up to 1000.
func isInterval(text string) bool {
	low, high, two := strings.Cut(text, ",")
	a, err := strconv.ParseUint(low, 10, 16)
	if err != nil || a > 1000 {
		return false
	}
	if !two || high == "" {
		return true
	}
	b, err := strconv.ParseUint(high, 10, 16)
	return err == nil && b >= a && b <= 1000
}

// class copies a class of characters.
func (p *patternReader) class() error {
	start := p.at
	p.copy(1)
	if strings.HasPrefix(p.source[p.at:], "^") {
		p.copy(1)
	}
	for first := true; ; first = false {
		rest := p.source[p.at:]
		switch {
		case rest == "":
			return fmt.Errorf("the class at byte %d has no end", start)
		case rest[0] == ']' && first:
			return fmt.Errorf("the class at byte %d begins with ]: write \\]", start)
		case rest[0] == ']':
			p.copy(1)
			return nil
		case rest[0] == '[' || strings.HasPrefix(rest, "&&"):
			return fmt.Errorf("%.4q at byte %d inside a class is not supported", rest, p.at)
		case rest[0] == '\\':
			text, err := p.escape(true)
			if err != nil {
				return err
			}
			p.out.WriteString(text)
			if next := p.source[p.at:]; len(text) > 3 && len(next) > 1 && next[0] == '-' && next[1] != ']' {
				return fmt.Errorf("%.4q at byte %d is a range from a class: not supported", next, p.at)
			}
		default:
			_, n := utf8.DecodeRuneInString(rest)
			p.copy(n)
		}
	}
}

// escape translates what begins with a backslash.
func (p *patternReader) escape(inClass bool) (string, error) {
	rest := p.source[p.at:]
	if len(rest) < 2 {
		return "", errors.New("it ends with a backslash")
	}
	wrap := func(not, set string) string {
		if inClass && not == "" {
			return set
		}
		return "[" + not + set + "]"
	}
	c := rest[1]
	p.at += 2
	switch {
	case strings.IndexByte("SDPW", c) >= 0 && inClass:
		return "", fmt.Errorf("\\%c inside a class is not supported", c)
	case c == 's':
		return wrap("", anySpace), nil
	case c == 'S':
		return wrap("^", anySpace), nil
	case c == 'd':
		return wrap("", `\p{Nd}`+newCharacters["Nd"]), nil
	case c == 'D':
		return wrap("^", `\p{Nd}`+newCharacters["Nd"]), nil
	case c == 'p' || c == 'P':
		end := strings.IndexByte(rest, '}')
		if len(rest) < 4 || rest[2] != '{' || end < 0 {
			return "", fmt.Errorf("%.4q is not supported: expected \\%c{L} or another category", rest, c)
		}
		name := rest[3:end]
		more, known := newCharacters[name]
		if !known {
			return "", fmt.Errorf("%s is not supported: expected one of L, Lu, Ll, Lt, Lm, Lo, M, N, Nd, P, S, Z", rest[:end+1])
		}
		p.at += end - 1
		return wrap(map[byte]string{'p': "", 'P': "^"}[c], `\p{`+name+`}`+more), nil
	case strings.IndexByte("nrtfv", c) >= 0, c < utf8.RuneSelf && !isAlphanumeric(c):
		return rest[:2], nil
	}
	return "", fmt.Errorf("%.4q is not supported", rest)
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
