package verify

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"interplay/kernelkit/verify/lex"
)

// definition reads "Define {name} as {variable};" or "Let …" at token i and opens
// its step. It returns the token to go on with. Text that only looks like one is
// prose, except after "Define", which announces a definition.
func (j *realisticJudge) definition(i int) int {
	separator, end := j.header(i)
	if separator < 0 {
		if j.is(i, "define") && (end >= len(j.tokens) || j.tokens[end].Kind != lex.Equals) {
			j.beginStep(i, -1, -1)
			j.step.class = Unparsable
		}
		return i + 1
	}
	variable := end - 1
	node := j.named(i+1, separator)
	if node < 0 && separator == i+2 && j.is(separator, "be") { // "Let K be {name};"
		if other := j.named(separator+1, end); other >= 0 {
			node, variable = other, i+1
		}
	}
	b := binding{node: node, named: true, step: j.v.Steps}
	j.beginStep(i, node, j.bind(variable, b))
	if node >= 0 && j.unknown(node) {
		j.nodes[node].known = true
		j.values[node], _ = j.symbol(node)
	}
	if j.marksVariable(end) {
		j.step.class = Unparsable
	}
	if end < len(j.tokens) && j.tokens[end].Kind == lex.Equals {
		return variable // "Define {name} as K = 3": the chain begins with the variable
	}
	return end
}

// marksVariable reports whether token k, behind the variable of a definition, makes it
// something else: "as b²", "as b / 2".
func (j *realisticJudge) marksVariable(k int) bool {
	if k >= len(j.tokens) {
		return false
	}
	switch t := j.tokens[k]; t.Kind {
	case lex.Numeral, lex.Plus, lex.Minus, lex.Times, lex.Divide, lex.Power, lex.Shut:
		return true
	case lex.Other:
		return t.Glued || j.isMathematical(k)
	case lex.Open:
		return j.isOperand(k + 1)
	}
	return false
}

// beginStep opens the step that begins at token i.
func (j *realisticJudge) beginStep(i, node, variable int) {
	j.endStep()
	j.step = step{open: true, index: j.v.Steps, node: node, variable: variable}
	j.explanation.begin(j.v.Steps, node, j.text[j.tokens[i].Lo:])
	j.v.Steps++
}

// header finds the separator ("as"; "be" after Let; a slip of the pen, "a") and
// the end of the definition at token i. The separator is −1 when there is none.
func (j *realisticJudge) header(i int) (separator, end int) {
	separator = -1
	k := i + 1
	for ; k < len(j.tokens); k++ {
		t := j.tokens[k]
		stop := t.Kind == lex.Dot || t.Kind == lex.Comma
		if t.Kind == lex.Word {
			if k > i+1 && (j.is(k, "as") || j.is(k, "be") && j.is(i, "let")) {
				separator = k
				break
			}
			stop = j.keyword(k) != lex.NoKeyword
		}
		if t.Kind == lex.Semicolon || t.Kind == lex.Equals || stop && !j.is(k+1, "as") {
			break
		}
	}
	if separator < 0 {
		if k-2 > i+1 && k < len(j.tokens) && j.tokens[k].Kind == lex.Semicolon && j.is(k-2, "a") {
			return k - 2, k
		}
		return -1, k
	}
	for k = separator + 1; k < len(j.tokens); k++ {
		if j.tokens[k].Kind != lex.Word || j.is(k, "so") || j.keyword(k) != lex.NoKeyword {
			break
		}
	}
	if k == separator+1 {
		return -1, k
	}
	return separator, k
}

// named is the node whose name stands at tokens from..to−1, or −1. The exact name
// is tried first; then letter case, accents, white space, articles and "number
// of" make no difference, since no two names differ only in these.
func (j *realisticJudge) named(from, to int) int {
	if from >= to {
		return -1
	}
	text := j.text[j.tokens[from].Lo:j.tokens[to-1].Hi]
	if i := find(j.p.Names, text); i >= 0 {
		return i
	}
	if len(text) > 256 {
		return -1
	}
	if len(j.folded) == 0 {
		for _, name := range j.p.Names {
			j.folded = append(j.folded, fold(name))
		}
	}
	return find(j.folded, fold(text))
}

// fold writes a name so that names that differ only in harmless ways are equal.
func fold(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range name {
		switch {
		case unicode.IsSpace(r):
			gap = b.Len() > 0
			continue
		case r == utf8.RuneError, r == '*', r == '"', r == '\'', r == '`', r == '$', unicode.Is(unicode.Mn, r):
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(plain(unicode.ToLower(r)))
	}
	s := strings.Trim(b.String(), " .;,:")
	s = strings.TrimPrefix(s, "the ")
	return strings.TrimPrefix(s, "number of ")
}

// plain drops the accent of a lower-case Latin letter.
func plain(r rune) rune {
	const from, to = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿ", "aaaaaaceeeeiiiinooooouuuuyy"
	if r < 'à' || r > 'ÿ' {
		return r
	}
	i := 0
	for _, accented := range from {
		if r == accented {
			return rune(to[i])
		}
		i++
	}
	return r
}
