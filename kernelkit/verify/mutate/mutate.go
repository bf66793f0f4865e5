// Package mutate writes solutions that are wrong, or right, in known ways: what a
// judge of solutions is judged by.
//
// Corrupt gives a solution that looks right and is wrong in one named way; Vary
// gives one that differs from the gold solution and is right all the same. Both
// take any problem of package gsm and any number of draws. The package knows the
// generator's graph and nothing of the judge (package verify), so that an error of
// the judge cannot hide in what tests it.
//
//	draft.go                     a realistic solution before it is text, which can be altered and written
//	realistic.go, symbolic.go    the alterations of each family
package mutate

import (
	"fmt"
	"strconv"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// Corruption names one way in which a solution is wrong although it looks right.
type Corruption uint8

const (
	WrongResult        Corruption = iota // 3 + 4 = 8, and later steps go on with 8 or with 7
	WrongNumbers                         // a + b = 2 + 9 = 7: the numbers are not those of a and b, the result is right
	WrongNumbersEqual                    // a + b = 2 + 5 = 7 where a = 3 and b = 4
	SwappedSubtraction                   // b − a for a − b
	EqualOperator                        // another operator (and constant) that happens to give the right value
	OtherOperator                        // another operator, then consistent arithmetic
	OtherConstant                        // another constant, then consistent arithmetic
	ExchangedParent                      // another quantity in a parent's place, of equal value where there is one
	DroppedParent                        // a sum without one of its terms
	AddedParent                          // a sum with one term too many
	FormulaLeftOut                       // only the value
	SkippedNode                          // a step left out, later steps use its variable
	InlinedValue                         // a step left out, later steps use its value
	CorrectedLater                       // a wrong definition, then the right one
	ContradictedLater                    // a right definition, then a wrong one
	TwoErrors                            // a wrong intermediate whose error the next line takes back
	UsedTooEarly                         // a step before the step that defines one of its parents
	ExchangedNames                       // two steps under each other's names
	ReusedVariable                       // a variable defined anew, then used in its old meaning
	WrongExtra                           // all needed steps right, a distractor's wrong
	FalseRemark                          // a false equation beside right steps
	OnlyAnswer                           // the right answer by luck, no steps
	LastStepsLeftOut                     // the right answer by luck, the last steps missing
	OtherAnswer                          // all steps right, another answer
	NoAnswerGiven                        // all steps right, no answer
	BrokenOff                            // the text ends in the middle
	GuessedUnknown                       // reverse mode: the unknown is given its value where it is defined
	WrongEquation                        // reverse mode: a false line in the closing
	NoEquation                           // reverse mode: the answer without the equation that gives it
	MarkBehind                           // 3², 3 % 2, 3 plus 4: more stands behind a right number
	MarkBefore                           // √T = 3, twice b = 3: more stands before a right equation
	OtherRelation                        // 3 ≠ 3, or such a remark
	TwoAnswers                           // the right answer and another number
	AnsweredFirst                        // the right answer before all steps
	corruptions
)

var corruptionNames = [corruptions]string{
	"wrong result", "wrong numbers, right result", "wrong numbers of equal total", "swapped subtraction",
	"other operator of equal value", "other operator", "other constant", "exchanged parent", "dropped parent",
	"added parent", "formula left out", "skipped node", "skipped node, value used", "corrected later",
	"contradicted later", "two errors that cancel", "used before it is defined", "exchanged names",
	"variable reused", "wrong extra step", "false remark", "only the answer", "last steps left out",
	"other answer", "no answer", "broken off", "guessed unknown", "wrong equation", "equation left out",
	"mark behind a number", "mark before an equation", "other relation", "two answers", "answer before the steps",
}

func (c Corruption) String() string {
	if c < corruptions {
		return corruptionNames[c]
	}
	return fmt.Sprintf("Corruption(%d)", uint8(c))
}

// Variation is a set of harmless ways in which a solution differs from the gold one.
type Variation uint32

const (
	Renamed        Variation = 1 << iota // other variables, of several letters or with digits
	Reordered                            // another order in which every step still follows its parents
	Commuted                             // operands of sums and products exchanged
	Reassociated                         // terms of a sum joined in another order
	Merged                               // intermediates written into the formula that uses them
	ExtraSteps                           // right steps for distractors, quantities of its own, repeated steps
	TrueRemarks                          // true equations between the steps
	OtherSpacing                         // white space
	OtherWording                         // Let, no "so", bold marks, articles, letter case
	OtherBrackets                        // needless parentheses
	OtherAnswerTag                       // "Answer: N.", or the closing tag missing
	OtherClosing                         // reverse mode: fewer or other lines that lead to the answer
	SkippedNumbers                       // a formula's value at once, without the numbers put in (realistic family)
	OtherSigns                           // ×, −, ＝ and \times for their like, digits of other scripts (realistic family)
	TagsNamed                            // the tags of solution and answer named before they are used (realistic family)
	OtherBlanks                          // blanks that do not break, carriage returns
	InvisibleMarks                       // characters that show nothing, such as a zero-width blank behind a number
)

// Wordings are the variations of what stands in a solution; the others are those of
// its characters, which are less pleasant to look at.
const Wordings = OtherSigns - 1

var variationNames = []string{"renamed", "reordered", "commuted", "reassociated", "merged", "extra steps", "remarks",
	"spacing", "wording", "brackets", "answer tag", "closing", "skipped numbers", "signs", "tags named before",
	"blanks", "invisible characters"}

func (v Variation) String() string {
	var names []string
	for i, name := range variationNames {
		if v>>i&1 == 1 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Corrupt writes a solution of p that is wrong in one way and says in which. All
// draws come from s. The text is what a model would write after the prompt. No
// sound judge accepts it, and many a careless one does.
func Corrupt(p *gsm.Problem, s *random.Stream) (text string, label Corruption) {
	for _, k := range s.Perm(int(corruptions)) { // not every corruption fits every problem, nor every place in it
		for range 4 {
			if text, ok := CorruptWith(p, s, Corruption(k)); ok {
				return text, Corruption(k)
			}
		}
	}
	panic("mutate: a problem that cannot be answered wrongly") // OtherAnswer fits them all
}

// CorruptWith is Corrupt for a corruption of choice; it reports false where the
// problem has no place for it, such as a swapped subtraction without a difference.
func CorruptWith(p *gsm.Problem, s *random.Stream, label Corruption) (text string, ok bool) {
	if p.Graph.Family == gsm.Symbolic {
		return corruptSymbolic(p, s, label)
	}
	return corruptRealistic(p, s, label)
}

// Vary writes a solution of p that is right and differs from the gold one in
// harmless ways, and says in which. No sound judge refuses it.
func Vary(p *gsm.Problem, s *random.Stream) (text string, label Variation) {
	return VaryWith(p, s, ^Variation(0))
}

// VaryWith is Vary with no other variations than those of Wordings and of among.
func VaryWith(p *gsm.Problem, s *random.Stream, among Variation) (text string, label Variation) {
	if p.Graph.Family == gsm.Symbolic {
		text, label = varySymbolic(p, s)
	} else {
		text, label = varyRealistic(p, s)
	}
	text, marks := varyMarks(p, text, s, among)
	return text, label | marks
}

func trueAnswer(p *gsm.Problem) string {
	return strconv.FormatInt(p.Graph.Nodes[p.Graph.Question].Value, 10)
}
