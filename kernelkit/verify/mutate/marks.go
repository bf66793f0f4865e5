package mutate

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// What follows are the marks beside numbers: those that change what a solution says,
// and those that a reader passes over. A careless judge reads the number that it
// knows and stops there.

// marksBehind, put behind a number or an expression, make it another one, or none.
var marksBehind = []string{
	"²", "³", "½", "¾", "₂", "٤", "४", "𝟒", "４", "４", // powers, fractions, digits of other scripts
	" % 2", "%", "‰", "°", "!", "#", " & 2", "@", // marks that belong to no formula
	"⁄4", " ∕ 4", "／4", " — 4", " ‒ 4", "‐4", " ＋ 4", "﹢4", // operators in other clothes
	` \times 4`, ` \cdot 4`, ` \div 4`, `\%`, `^{2}`, "^2", "**2", // LaTeX, powers
	" ≠ 3", " ≈ 4", " < 2", " ≥ 99", " ≡ 4", " ∈ 4", " → 4", " ± 1", // relations
	"\u200b4", "\u00ad4", "\u20604", "\u200d4", "\u202e4", "\u20624", "\u0338", "\ufe0f\u20e3", // unseen and combining characters
	"<sup>2</sup>", "<b>4</b>", " <del>4</del>", "<sub>2</sub>", " <!-- 4 -->", // tags
	" plus 4", " or 4", " to 5", " times four", " and a half", " squared", " hundred", " dozen", " percent", " halves", // words
	" 4", ",5", ".5.5", " . 4", "...5", ";4", ":4", " : 4", "e1", "E+1", "x4", "k", "°C", "四", "ª", "_4", "'4", "|4", "(4)", " (mod 4)", "[4]", "{4}",
}

// marksBefore, put before an equation, make it another one.
var marksBefore = []string{"√", "√ ", "∛", "¬", "~", "½", "½ ", "2 ", "(2)", "|", "#", "%", `\sqrt `, "∂", "∑ ", "twice ", "half of ", "not ",
	"the square root of ", "2 times ", "minus "}

// falseRelations say of two equal values what is not so.
var falseRelations = []string{"≠", "<", ">", "≉", "≢", "≪", "!=", "≨", "∤", "%", `\neq`, `\lt`}

// secondAnswers, put behind the answer, say another one as well, which is not 4.
var secondAnswers = []string{" 4", " or 4", ", 4", "; 4", " <b>4</b>", "<sup>2</sup>", " <answer> 4", "/4", " = 4", " ± 1", "\n4", " 4 ", "–4", " (4)", "٤"}

// secondAnswer is one of secondAnswers with a number in it that is not the answer.
func secondAnswer(p *gsm.Problem, s *random.Stream) string {
	other := strconv.FormatInt(p.Graph.Nodes[p.Graph.Question].Value+1+int64(s.IntN(9)), 10)
	return strings.ReplaceAll(secondAnswers[s.IntN(len(secondAnswers))], "4", other)
}

// corruptMarks makes a realistic draft wrong by a mark.
func (d *draft) corruptMarks(label Corruption) bool {
	s := d.s
	d.wording.brackets = s.IntN(4) == 0
	switch label {
	case TwoAnswers:
		d.answer += secondAnswer(d.p, s)
		return true
	case AnsweredFirst:
		d.wording.answerFirst = true
		return true
	case MarkBehind:
		if s.IntN(4) == 0 {
			d.answer += marksBehind[s.IntN(len(marksBehind))]
			return true
		}
	}
	step := d.steps[s.IntN(len(d.steps))]
	if step.unknown {
		return false
	}
	l := step.lines[s.IntN(len(step.lines))]
	switch label {
	case MarkBehind:
		l.behind = marksBehind[s.IntN(len(marksBehind))]
		v, ok := d.valueOf(step, l)
		return ok && v != linear{} // 0 times four is 0
	case MarkBefore:
		l.before = marksBefore[s.IntN(len(marksBefore))]
	case OtherRelation:
		relation := " " + falseRelations[s.IntN(len(falseRelations))] + " "
		if s.Bool() {
			l.relation = relation
		} else {
			step.relation = relation
		}
	}
	return true
}

// corruptMarks makes a line of a symbolic draft, or its answer, wrong by a mark.
func (d *symbolicDraft) corruptMarks(s *random.Stream, label Corruption) bool {
	if label == TwoAnswers || label == MarkBehind && (len(d.lines) == 0 || s.IntN(4) == 0) {
		switch {
		case label == MarkBehind:
			d.answer += marksBehind[s.IntN(len(marksBehind))]
		case s.IntN(4) == 0:
			d.answer += " ; ans " + d.answer
		default:
			d.answer += secondAnswer(d.p, s)
		}
		return true
	}
	if len(d.lines) == 0 {
		return false
	}
	l := &d.lines[s.IntN(len(d.lines))]
	switch label {
	case AnsweredFirst:
		d.answerFirst = true
	case MarkBehind:
		l.behind = marksBehind[s.IntN(len(marksBehind))]
	case MarkBefore:
		l.before = marksBefore[s.IntN(len(marksBefore))]
	case OtherRelation:
		l.relation = falseRelations[s.IntN(len(falseRelations))]
	}
	return true
}

// varyMarks changes the characters of a right solution in ways that a reader passes
// over, and says in which.
func varyMarks(p *gsm.Problem, text string, s *random.Stream, among Variation) (string, Variation) {
	var label Variation
	for _, v := range []Variation{OtherSigns, TagsNamed, OtherBlanks, InvisibleMarks} {
		if among&v == 0 || s.IntN(3) > 0 {
			continue
		}
		if v&(OtherSigns|TagsNamed) != 0 && p.Graph.Family == gsm.Symbolic {
			continue // its tokens are fixed
		}
		label |= v
		switch v {
		case OtherSigns:
			text = otherSigns(text, s)
		case TagsNamed:
			text = nameTags(text, s)
		case OtherBlanks:
			text = scatter(text, s, " ", "\u00a0", "\r\n", "\u2009", "\u3000", " \u202f", "\u2028")
		case InvisibleMarks:
			text = insertInvisible(text, s)
		}
	}
	return text, label
}

// otherSigns writes operators, equals signs and digits as other characters that mean the same.
func otherSigns(text string, s *random.Stream) string {
	text = scatter(text, s, " * ", " × ", ` \times `, " ⋅ ", "∙", ` \cdot `, "＊")
	text = scatter(text, s, " - ", " − ", " – ", " － ", " — ", "‐")
	text = scatter(text, s, " + ", " ＋ ", "﹢")
	text = scatter(text, s, " = ", " ＝ ", "﹦", " := ")
	zero := [...]rune{'0', '０', '٠', '०', '𝟎'}[s.IntN(5)]
	return strings.Map(digitsFrom(zero), text)
}

// digitsFrom replaces the digits of numbers, but not those of names, by those of a
// script whose 0 is zero.
func digitsFrom(zero rune) func(r rune) rune {
	inName := false
	return func(r rune) rune {
		digit := '0' <= r && r <= '9'
		if digit && !inName {
			return zero + r - '0'
		}
		inName = digit || r == '_' || 'a' <= r|0x20 && r|0x20 <= 'z'
		return r
	}
}

// nameTags puts words before a solution that name its tags.
func nameTags(text string, s *random.Stream) string {
	return [...]string{
		"The number goes between <answer> and </answer>. ",
		"<think> the result goes into <answer> tags </think> ",
		"I write the steps between <solution> and </solution> and the number between <answer> and </answer>. ",
		"First the steps, then `<answer>` and the number. ",
		"The answer goes behind Answer: as a number. ",
	}[s.IntN(5)] + [...]string{"", "<solution> ", "<SOLUTION>\n"}[s.IntN(3)] + text
}

// insertInvisible puts characters that show nothing at some places of a text.
func insertInvisible(text string, s *random.Stream) string {
	for range 1 + s.IntN(6) {
		i := s.IntN(len(text) + 1)
		for i < len(text) && !utf8.RuneStart(text[i]) {
			i++
		}
		text = text[:i] + [...]string{"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u200f", "\ufe0f", "\u2068", "\u2069", "\u061c"}[s.IntN(12)] + text[i:]
	}
	return text
}

// scatter replaces some occurrences of old by one of others.
func scatter(text string, s *random.Stream, old string, others ...string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, old)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if s.IntN(4) == 0 {
			b.WriteString(others[s.IntN(len(others))])
		} else {
			b.WriteString(old)
		}
		text = after
	}
}
