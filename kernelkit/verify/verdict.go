package verify

import "fmt"

// ErrorClass names what is wrong with a solution: the class of its first wrong
// step or, when no step is wrong, what it lacks.
type ErrorClass uint8

const (
	Right             ErrorClass = iota // nothing is wrong
	Unparsable                          // a step is not a statement of the family's format (a truncated one included)
	UnknownName                         // a step defines a quantity that the problem does not have
	UndefinedVariable                   // a step uses a variable that nothing before it defines
	WrongParents                        // a step computes its node from other nodes than the graph does
	WrongOperator                       // right parents, other formula: operator, order of a subtraction, constant
	WrongSubstitution                   // the numbers put in for the variables are not their values
	WrongArithmetic                     // an equality of a chain is false
	WrongValue                          // every equality holds but the node's value is not the true one
	Redefinition                        // a name or variable is given a second, different value
	MissingNode                         // every step is right but a node of the path is not shown
	NoAnswer                            // every node is right but no answer is given
	WrongAnswer                         // every node is right but the answer differs
	LuckyAnswer                         // no step is wrong, the answer is right, but no step derives it
	errorClasses
)

var classNames = [errorClasses]string{
	"right", "unparsable", "unknown name", "undefined variable", "wrong parents", "wrong operator",
	"wrong substitution", "wrong arithmetic", "wrong value", "redefinition", "missing node",
	"no answer", "wrong answer", "lucky answer",
}

// String is the class in words, as tables and JSON show it.
func (c ErrorClass) String() string {
	if c < errorClasses {
		return classNames[c]
	}
	return fmt.Sprintf("ErrorClass(%d)", uint8(c))
}

// MarshalText writes the class in words.
func (c ErrorClass) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (c *ErrorClass) UnmarshalText(text []byte) error {
	for i, name := range classNames {
		if name == string(text) {
			*c = ErrorClass(i)
			return nil
		}
	}
	return fmt.Errorf("verify: %q is not an error class; expected one of %q", text, classNames)
}

// Verdict is the judgement of one solution against the true graph. Verdicts of the
// same text are equal as values; Explain gives the steps and nodes behind one.
type Verdict struct {
	// Strict: every node of the path is shown and right, no step at all is wrong,
	// and the answer is right. The paper's VerifiedCorrect (§A.4), with the arithmetic executed.
	Strict bool `json:"strict"`
	// Answer: the final answer is right, whatever came before it.
	Answer bool `json:"answer"`
	// ProcessAcc is Correct/Nodes, in [0, 1] (paper §A.4). A path without nodes to show
	// (op 0 of the symbolic family) has 1 when the answer is right, else 0.
	ProcessAcc float64 `json:"process_acc"`

	Nodes        int `json:"nodes"`         // path nodes that a solution must show
	Correct      int `json:"correct"`       // of these, shown and right
	Missing      int `json:"missing"`       // of these, not shown
	WrongParents int `json:"wrong_parents"` // of these, shown with other parents (Figure 8's dependency mismatch)
	WrongValues  int `json:"wrong_values"`  // of these, shown with another value
	Steps        int `json:"steps"`         // steps in the text
	Extra        int `json:"extra"`         // right steps that the path does not need: distractors, repeats, helper quantities

	// Penalty counts as the authors' reward does: a wrong node costs 1, or 2 when both its
	// value and its parents are wrong; a missing node 1; extra steps 1 each up to Nodes; a
	// wrong answer 1.
	Penalty int `json:"penalty"`

	// FirstWrong is the index of the first wrong step, from 0, or −1: no step is wrong.
	FirstWrong int `json:"first_wrong"`
	// Class is what is wrong with that step or, where no step is wrong, what the
	// solution lacks; Right for a strict one.
	Class ErrorClass `json:"class"`
}

// Lucky reports a right answer by a wrong or incomplete process: the reward
// hacking of the paper's §6.
func (v Verdict) Lucky() bool { return v.Answer && !v.Strict }
