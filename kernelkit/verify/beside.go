package verify

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"interplay/kernelkit/verify/lex"
)

// An equation says what its sentence says, so the judge reads what stands beside it:
// 3², 3 % 2, 3 ≠ 3, 3 plus 4, 3 or 4, √T = 3 and "twice b = 3" are not what the
// equation alone would be. Beside an equation only words may stand that leave it as
// it is; a number, a mark that the judge does not know, or a word about quantities
// makes it unparsable. A sentence without an equation is prose and is not judged.

// runsOn reports whether what follows a chain at token k might be meant as part of it.
func (j *realisticJudge) runsOn(k int) bool {
	if k >= len(j.tokens) {
		return false
	}
	t := j.tokens[k]
	switch t.Kind {
	case lex.Numeral, lex.Other:
		return true
	case lex.Word:
		return j.keyword(k) == lex.NoKeyword && (t.Glued || j.lookup(k) >= 0 || !j.leavesAsItIs(k))
	case lex.Open:
		return j.isOperand(k + 1)
	case lex.Dot, lex.Comma:
		return j.joined(k)
	}
	return false
}

// joined reports whether a number belongs to the mark at token k rather than to what
// comes after it, as in 3,5 and 3..5 and 3 . 5.
func (j *realisticJudge) joined(k int) bool {
	if k+1 < len(j.tokens) && !j.tokens[k].Glued && j.tokens[k+1].Kind == lex.Numeral {
		return true
	}
	for k++; k < len(j.tokens) && j.tokens[k].Glued && j.tokens[k].Kind == lex.Dot; {
		k++
	}
	return k < len(j.tokens) && j.tokens[k].Kind == lex.Numeral && j.tokens[k].Glued
}

// isOperand reports whether token i is a number, or a variable that means something.
func (j *realisticJudge) isOperand(i int) bool {
	if i < 0 || i >= len(j.tokens) {
		return false
	}
	switch j.tokens[i].Kind {
	case lex.Numeral:
		return true
	case lex.Word:
		return j.keyword(i) == lex.NoKeyword && j.lookup(i) >= 0
	}
	return false
}

// runsInto reports whether what stands before a chain at token start might be meant
// as part of it: 2 b = 6, √b = 3, "twice b = 3".
func (j *realisticJudge) runsInto(start int) bool {
	i := start - 1
	if i < 0 {
		return false
	}
	switch j.tokens[i].Kind {
	case lex.Numeral:
		_, announced := j.dividedBy(start)
		return !announced
	case lex.Other:
		return j.tokens[start].Glued || j.isMathematical(i)
	case lex.Shut:
		return j.isOperand(i - 1)
	case lex.Open:
		return i > 0 && j.tokens[i].Glued && j.tokens[i-1].Kind == lex.Word
	case lex.Word:
		if j.isOperand(i) || j.tokens[start].Kind == lex.Open && j.tokens[start].Glued {
			return true
		}
	}
	for k := i; k >= 0 && k > i-4 && j.tokens[k].Kind == lex.Word; k-- {
		if j.isNumeric(k) {
			return true
		}
	}
	return false
}

// prose looks at the tokens lo..hi−1, a word or an expression without an equals sign:
// beside an equation it must leave the equation as it is.
func (j *realisticJudge) prose(lo, hi int) {
	if !j.beside {
		return
	}
	for i := lo; i < hi; i++ {
		switch t := j.tokens[i]; {
		case t.Kind == lex.Numeral && !j.ofBothSides(i),
			t.Kind == lex.Word && (j.isNumeric(i) || hi > lo+1 && j.isOperand(i)):
			j.refuse(Unparsable)
			return
		}
	}
}

// mark looks at the mark at token i that is of kind other. It may stand neither
// between two operands nor beside one in a sentence with an equation; a mark of
// formulas may not stand in such a sentence at all, nor touch a number anywhere.
func (j *realisticJudge) mark(i int) {
	next := i + 1
	if next < len(j.tokens) && (j.tokens[next].Kind == lex.Plus || j.tokens[next].Kind == lex.Minus) {
		next++
	}
	before, after := j.isOperand(i-1), j.isOperand(next)
	closes := i > 0 && j.tokens[i-1].Kind == lex.Shut && j.tokens[i].Glued
	opens := i+1 < len(j.tokens) && j.tokens[i+1].Kind == lex.Open
	touches := i > 0 && j.tokens[i-1].Kind == lex.Numeral && j.tokens[i].Glued ||
		i+1 < len(j.tokens) && j.tokens[i+1].Kind == lex.Numeral && j.tokens[i+1].Glued
	switch {
	case before && (after || opens), j.beside && (before || after || closes), (j.beside || touches) && j.isMathematical(i):
		j.refuse(Unparsable)
	}
}

// isMathematical reports whether the mark at token i belongs to formulas: an
// operator, a relation, a number that is no decimal one, a percent sign, a bracket,
// a command of LaTeX, a tag such as <sup>.
func (j *realisticJudge) isMathematical(i int) bool {
	r, _ := utf8.DecodeRuneInString(j.string(i))
	return unicode.In(r, unicode.Sm, unicode.No, unicode.Nl, unicode.Mn, unicode.Me, unicode.Ps, unicode.Pe, unicode.Cf) ||
		strings.ContainsRune(`\%‰&@_^`, r)
}

// ofBothSides reports whether the number at token i is that of "both sides by N".
func (j *realisticJudge) ofBothSides(i int) bool {
	if i > 0 && (j.tokens[i-1].Kind == lex.Minus || j.tokens[i-1].Kind == lex.Plus) {
		i--
	}
	return i >= 3 && j.is(i-1, "by") && j.is(i-2, "sides") && j.is(i-3, "both")
}

// equalsWord reports whether the word at token k says that a variable is a number, as
// in "b is 3", and reads it as an equals sign.
func (j *realisticJudge) equalsWord(k int) bool {
	if t := j.tokens[k]; t.Kind != lex.Word || t.Glued || !j.is(k, "is") && !j.is(k, "equals") || !j.isOperand(k-1) || j.tokens[k-1].Kind != lex.Word {
		return false
	}
	if _, n := signedNumber(j.tokens[k+1:]); n == 0 {
		return false
	}
	j.tokens[k].Kind = lex.Equals
	return true
}

// leavesAsItIs reports whether the word at token k may stand right behind an
// equation: one that goes on with the sentence, or a unit, which is a word of the
// problem's names.
func (j *realisticJudge) leavesAsItIs(k int) bool {
	if hasWord(connectives, j.string(k)) {
		return true
	}
	unit := strings.ToLower(j.string(k))
	for _, ending := range [...]string{"", "s", "es"} {
		singular, found := strings.CutSuffix(unit, ending)
		if !found || len(singular) < 3 {
			continue
		}
		for _, name := range j.p.Names {
			for word := range strings.FieldsSeq(name) {
				if strings.EqualFold(word, singular) {
					return true
				}
			}
		}
	}
	return false
}

// isNumeric reports whether the word at token k is about quantities or denies what
// stands beside it.
func (j *realisticJudge) isNumeric(k int) bool { return hasWord(numericWords, j.string(k)) }

// hasWord reports whether a word of any case is in a set of words of lower case.
func hasWord(set map[string]bool, word string) bool {
	var lower [12]byte
	if len(word) > len(lower) {
		return false
	}
	for i := range len(word) {
		lower[i] = word[i]
		if 'A' <= word[i] && word[i] <= 'Z' {
			lower[i] += 'a' - 'A'
		}
	}
	return set[string(lower[:len(word)])]
}

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

var (
	connectives = wordSet(`and so as but which where since because then when while we it this that these those hence thus
		therefore for from by in at on to is are was has have now also too again here there given with after before next
		finally indeed means gives like if using the our its be holds follows`)
	numericWords = wordSet(`plus minus times divided multiplied over squared cubed root mod modulo remainder percent zero two
		three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
		twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million billion dozen dozens
		half halves thirds quarter quarters fifths tenths once twice thrice double doubled triple tripled halved negative
		not or false wrong incorrect untrue never neither nor approximately roughly nearly almost least most`)
)
