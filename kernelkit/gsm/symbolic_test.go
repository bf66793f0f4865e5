package gsm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"interplay/kernelkit/random"
)

// symbolicAt draws the i-th test problem of an op, over both contexts.
func symbolicAt(t testing.TB, op int, i uint64) *Problem {
	t.Helper()
	cfg := DefaultSymbolic
	cfg.Entities = cfg.EntitiesFor(op)
	s := random.New(1, "symbolic test", uint64(op), i)
	p, err := RenderSymbolic(sampleSymbolic(s, op, cfg), symbolicContexts[i%2].Name, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// solveSymbolic is an independent reader: it knows the text alone, and looks
// the question up through the statements. It returns the answer and the set of
// variables that it needed, leaves included.
func solveSymbolic(p *Problem) (answer int, needed map[string]bool, err error) {
	stop, ask := ".", "?"
	if p.Context == "B" {
		stop, ask = ",", "find"
	}
	says := map[string][]string{}
	for _, sentence := range strings.Split(strings.TrimSuffix(p.Problem, " "+stop), " "+stop+" ") {
		words := strings.Split(sentence, " ")
		if _, twice := says[words[0]]; twice {
			return 0, nil, fmt.Errorf("%s is stated twice", words[0])
		}
		says[words[0]] = words[1:]
	}
	q := strings.Split(p.Question, " ")
	if len(q) != 3 || q[0] != ask || q[2] != ":" {
		return 0, nil, fmt.Errorf("question %q", p.Question)
	}
	needed = map[string]bool{}
	var value func(word string, depth int) int
	value = func(word string, depth int) int {
		if n, e := strconv.Atoi(word); e == nil {
			return n
		}
		words := says[word]
		if depth > 100 || (len(words) != 1 && len(words) != 3) {
			err = fmt.Errorf("cannot look up %s", word)
			return 0
		}
		needed[word] = true
		left := value(words[0], depth+1)
		if len(words) == 1 {
			return left
		}
		right := value(words[2], depth+1)
		switch words[1] {
		case "+":
			return (left + right) % 10
		case "-":
			return (left - right + 10) % 10
		case "*":
			return left * right % 10
		}
		err = fmt.Errorf("operator %s", words[1])
		return 0
	}
	answer = value(q[1], 0)
	return answer, needed, err
}

func TestSymbolicProblemsAreSolvableFromTheirTextAndNeedEveryPathNode(t *testing.T) {
	for op := 0; op <= MaxSymbolicOp; op++ {
		for i := range uint64(300) {
			p := symbolicAt(t, op, i)
			answer, needed, err := solveSymbolic(p)
			if err != nil {
				t.Fatalf("op %d item %d: %v\n%s %s", op, i, err, p.Problem, p.Question)
			}
			if strconv.Itoa(answer) != p.Answer {
				t.Fatalf("op %d item %d: the text says %d, the record %s\n%s %s", op, i, answer, p.Answer, p.Problem, p.Question)
			}
			if p.Op != op || p.Graph.Op() != op {
				t.Fatalf("op %d item %d: counted %d", op, i, p.Graph.Op())
			}
			if len(needed) != p.Graph.Path {
				t.Fatalf("op %d item %d: %d variables are needed, the path has %d\n%s %s", op, i, len(needed), p.Graph.Path, p.Problem, p.Question)
			}
			for _, name := range p.Names[:p.Graph.Path] {
				if !needed[name] {
					t.Fatalf("op %d item %d: path node %s is not needed", op, i, name)
				}
			}
		}
	}
}

// Every step of the gold solution repeats its statement, puts in values that are
// known by then, computes rightly, and restates its variable; leaves have no step.
func TestSymbolicSolutionsAreValidDerivations(t *testing.T) {
	for op := 0; op <= MaxSymbolicOp; op++ {
		for i := range uint64(100) {
			p := symbolicAt(t, op, i)
			w, _ := SymbolicContext(p.Context)
			known := map[string]string{}
			for _, sentence := range strings.Split(p.Problem+" ", " "+w.Stop+" ") {
				if words := strings.Split(sentence, " "); len(words) == 2 {
					known[words[0]] = words[1]
				}
			}
			steps := strings.Split(p.Solution, " ; ")
			if len(steps) != op+1 {
				t.Fatalf("op %d: %d steps in %q", op, len(steps)-1, p.Solution)
			}
			for _, step := range steps[:op] {
				if !strings.Contains(" "+p.Problem, " "+strings.SplitN(step, " "+w.Equals, 2)[0]+" "+w.Stop) {
					t.Fatalf("op %d: step %q does not repeat its statement in %q", op, step, p.Problem)
				}
				if err := followStep(step, w.Equals, known); err != nil {
					t.Fatalf("op %d: step %q: %v in %q", op, step, err, p.Solution)
				}
			}
			if asked := strings.Split(p.Question, " ")[1]; steps[op] != "ans "+known[asked] || known[asked] != p.Answer {
				t.Fatalf("op %d: %q ends with %q, derived %q, recorded %q", op, p.Solution, steps[op], known[asked], p.Answer)
			}
		}
	}
}

// followStep checks "x l + r = 3 + 4 = x 7" and adds x to the known values.
func followStep(step, equals string, known map[string]string) error {
	w := strings.Split(step, " ")
	if len(w) != 11 || w[4] != equals || w[8] != equals || w[9] != w[0] || w[6] != w[2] {
		return errors.New("malformed")
	}
	for k, at := range []int{1, 3} {
		value, isVariable := known[w[at]]
		if _, err := strconv.Atoi(w[at]); err == nil {
			value, isVariable = w[at], true
		}
		if !isVariable || value != w[5+2*k] {
			return fmt.Errorf("%s has the value %q", w[at], value)
		}
	}
	l, _ := strconv.Atoi(w[5])
	r, _ := strconv.Atoi(w[7])
	result := map[string]int{"+": l + r, "-": l - r + 10, "*": l * r}[w[6]] % 10
	if strconv.Itoa(result) != w[10] {
		return fmt.Errorf("the result is %d", result)
	}
	if _, twice := known[w[0]]; twice {
		return fmt.Errorf("%s is defined twice", w[0])
	}
	known[w[0]] = w[10]
	return nil
}

func TestSymbolicTokensCoverEveryTextAndNothingIsIdle(t *testing.T) {
	tokens := DefaultSymbolic.Tokens()
	if len(tokens) != 62 {
		t.Errorf("%d tokens, want 62 (65 with [PAD], [BOS], [EOS])", len(tokens))
	}
	used := map[string]int{}
	for _, tok := range tokens {
		used[tok] = 0
	}
	if len(used) != len(tokens) {
		t.Fatal("a token is listed twice")
	}
	for op := range 11 {
		for i := range uint64(200) {
			p := symbolicAt(t, op, i)
			for _, word := range strings.Split(p.Training(), " ")[1:] {
				if _, ok := used[word]; !ok {
					t.Fatalf("token %q of op %d is not in the list", word, op)
				}
				used[word]++
			}
		}
	}
	for tok, n := range used {
		if n == 0 {
			t.Errorf("token %q never occurs", tok)
		}
	}
	wide := DefaultSymbolic
	wide.Entities = 60
	if got := wide.Tokens()[:len(tokens)]; strings.Join(got, " ") != strings.Join(tokens, " ") {
		t.Error("the default vocabulary is not the beginning of the wide one")
	}
}

func TestContextsOfTheSymbolicFamilyShareNoContextWord(t *testing.T) {
	a, b := map[string]bool{}, 0
	for _, tok := range DefaultSymbolic.Tokens("A") {
		a[tok] = true
	}
	for _, tok := range DefaultSymbolic.Tokens("B") {
		if a[tok] {
			b++
		}
	}
	if b != 16 { // operators, digits, ":", ";" and "ans"
		t.Errorf("%d common tokens, want 16", b)
	}
}

func TestSymbolicConfigErrorsSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		cfg  SymbolicConfig
		op   int
		want string
	}{
		{SymbolicConfig{Modulus: 2, Entities: 20}, 3, "modulus 2"},
		{SymbolicConfig{Modulus: 10, Entities: 20, MinDistractors: 2, MaxDistractors: 1}, 3, "distractors 2–1"},
		{SymbolicConfig{Modulus: 10, Entities: 20}, 30, "needs at least 31 names, a context has 20"},
		{SymbolicConfig{Modulus: 10, Entities: 80}, 31, "op 31: must be 0 to 30"},
		{DefaultSymbolic, 19, ""},
	} {
		err := c.cfg.Validate(c.op)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v op %d: got %v, want %q", c.cfg, c.op, err, c.want)
		}
	}
}

func BenchmarkSampleSymbolic(b *testing.B) {
	for _, op := range []int{2, 10} {
		b.Run(fmt.Sprintf("op=%d", op), func(b *testing.B) {
			for i := range b.N {
				sampleSymbolic(random.New(1, "bench", uint64(i)), op, DefaultSymbolic)
			}
		})
	}
}

func BenchmarkRenderSymbolic(b *testing.B) {
	g := sampleSymbolic(random.New(1, "bench"), 10, DefaultSymbolic)
	for range b.N {
		if _, err := RenderSymbolic(g, "A", random.New(1, "bench")); err != nil {
			b.Fatal(err)
		}
	}
}
