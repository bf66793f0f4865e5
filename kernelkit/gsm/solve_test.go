package gsm

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSolveTextNamesWhatIsMissing(t *testing.T) {
	problem := "The number of a in P equals the sum of the number of b in P and the number of c in Q. The number of c in Q equals 2 times the number of d in Q. "
	_, missing, err := SolveText(problem, "How many a does P have?")
	if want := []string{"b in P", "d in Q"}; !slices.Equal(missing, want) || !errors.Is(err, ErrUnsolvable) {
		t.Errorf("missing %q (%v), want %q", missing, err, want)
	}
}

func TestSolveTextKnowsTheClosedWorldRule(t *testing.T) {
	zoo := func(s string) string {
		return strings.NewReplacer("AVG", "average number of newborn children", "T1", "total number of adult animals", "T2", "total number of newborn animal children").Replace(s)
	}
	for _, c := range []struct {
		problem, question string
		want              int64
	}{
		// Items count when they are mentioned anywhere, defined before or after.
		{"The number of a in P equals 2. The number of b in P equals 3. The number of c in Q equals the number of b in P. ", "What is the T1 in P?", 5},
		{"The number of a in P equals 2. The AVG per a in P equals 4. The number of b in P equals 3. The AVG per b in P equals the number of a in P. ", "What is the T2 in P?", 14},
		{"The number of c in Q equals 3 times the difference between the T1 in P and the number of a in P. The number of a in P equals 2. The number of b in P equals 3. ", "How many c does Q have?", 9},
		// Reverse: x + (x + 1) = 7.
		{"The number of a in P exists, and its number is greater than 0. The number of b in P equals 1 plus the number of a in P. The T1 in P equals 7. ", "How many a does P have?", 3},
		// The last node has a definition and a value.
		{"The AVG per a in P is greater than 0. The number of a in P equals 4 times the AVG per a in P. The number of a in P equals 8. ", "What is the AVG per a in P?", 2},
		{"The number of a in P equals 8. The AVG per a in P is greater than 0. The number of a in P equals 4 times the AVG per a in P. ", "What is the AVG per a in P?", 2},
	} {
		got, missing, err := SolveText(zoo(c.problem), zoo(c.question))
		if err != nil || len(missing) > 0 || got != c.want {
			t.Errorf("%s%s\n%d, missing %v (%v), want %d", c.problem, c.question, got, missing, err, c.want)
		}
	}
}

func TestSolveTextErrorsSayWhatIsWrong(t *testing.T) {
	ask := "How many a does P have?"
	for _, c := range []struct {
		problem, question, want string
		unsolvable              bool
	}{
		{"The number of a in P is nice. ", ask, "is no statement", false},
		{"Number of a in P equals 2. ", ask, "names no quantity", false},
		{"The a in P equals 2. ", ask, "names no quantity", false},
		{"The number of a equals 2. ", ask, "names no quantity", false},
		{"The number of a in P equals 2. The number of a in P equals 3. ", ask, "defined twice", false},
		{"The number of a in P equals the difference between the number of b in P. ", ask, "two terms", false},
		{"The number of a in P equals 99999999999999999999 plus the number of b in P. ", ask, "constant", false},
		{"The total number of schools in P equals the number of a in P. ", ask, "sums of what the text mentions", false},
		{"The number of a in P equals 2. ", "Why?", "is no question", false},
		{"The number of a in P exists, and its number is greater than 0. The number of b in P exists, and its number is greater than 0. ", ask, "two unknowns", false},
		{"The number of b in P exists, and its number is greater than 0. The number of a in P equals 1. ", ask, "but the unknown is", false},
		{"The number of a in P equals the number of b in P. The number of b in P equals the number of a in P. ", ask, "defined by itself", false},
		{"The number of a in P exists, and its number is greater than 0. The number of b in P equals 2. ", ask, "no given value depends on", true},
		{"The number of a in P exists, and its number is greater than 0. The number of b in P equals 2 times the number of a in P. The number of b in P equals 3. ", ask, "2*x = 3", true},
		{"The number of a in P exists, and its number is greater than 0. The number of b in P equals 2 plus the number of a in P. The number of b in P equals 2. ", ask, "no whole positive", true},
		{"The number of a in P equals 2. ", "What is the total number of schools in Q?", "mentions nothing in Q", true},
		{"The average w per a in P equals 2. ", "What is the total number of moons in P?", "no known context", false},
	} {
		_, _, err := SolveText(c.problem, c.question)
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrUnsolvable) != c.unsolvable {
			t.Errorf("%s\nerror %v, want one with %q", c.problem, err, c.want)
		}
	}
}

func ExampleSolveText() {
	problem := "The number of adult fox in Mayer Aquarium equals the total number of adult animals in Bundle Ranch. " +
		"The number of adult racoon in Bundle Ranch equals 3. The number of adult deer in Bundle Ranch equals 4. "
	answer, _, err := SolveText(problem, "How many adult fox does Mayer Aquarium have?")
	fmt.Println(answer, err)

	_, missing, _ := SolveText("The number of adult fox in South Zoo equals 2 plus the number of adult deer in South Zoo. ", "How many adult fox does South Zoo have?")
	fmt.Println("missing:", missing)
	// Output:
	// 7 <nil>
	// missing: [adult deer in South Zoo]
}

func FuzzSolveText(f *testing.F) {
	for _, file := range problemFiles {
		for i, line := range committedLines(f, file) {
			var r record
			if err := json.Unmarshal(line, &r); err != nil {
				f.Fatal(err)
			}
			if i%8 == 0 {
				f.Add(r.Problem, r.Question)
			}
		}
	}
	f.Fuzz(func(t *testing.T, problem, question string) {
		_, missing, err := SolveText(problem, question)
		if err == nil && len(missing) > 0 {
			t.Error("an answer and missing relations")
		}
	})
}

// FuzzConform gives the comparison records that nothing has checked.
func FuzzConform(f *testing.F) {
	const nodes = `[{"name":"a in P","kind":"instance","parents":["RNG"],"value":2,"variable":"A"},{"name":"total c in P","kind":"abstract","parents":["I:a in P"],"value":2,"variable":"B"}]`
	f.Add([]byte(`{"op":2,"mode":"forwardreverse","d":2,"problem":"The number of a in P exists, and its number is greater than 0. The total c in P equals 2. ","question":"How many a does P have?","solution":"Define a in P as x; we","answer":"2","gen":{"topo":` + nodes + `,"noise":[{"name":"b in P","kind":"instance","parents":["RNG","I:a in P"],"rng_const":2,"rng_op":"*"}]}}`))
	f.Add([]byte(`{"op":2,"mode":"normalforward","d":2,"problem":"The number of a in P equals 2. ","question":"What is the total c in P?","solution":"Define a in P as A; so A = 2. Define total c in P as B; so B = A = 2. Answer: 2.","answer":"2","gen":{"topo":` + nodes + `}}`))
	f.Add([]byte(`{"gen":{"topo":[{"kind":"alias"}]}}`))
	f.Add([]byte(`{"gen":{"topo":[{"value":0},{}]}}`)) // two nodes of one name
	f.Add([]byte(`{"mode":"forwardreverse","gen":{"topo":[{"name":"a in P","kind":"instance","parents":["RNG","I:a in P"]}]}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var r record
		if json.Unmarshal(line, &r) == nil {
			r.conform()
		}
	})
}
