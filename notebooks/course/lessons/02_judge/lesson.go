// Package judge is lesson 2 of the course: a verifier of every step.
package judge

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"interplay/kernelkit"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/random"
)

/*md
# Lesson 2 · The judge

*A solution ends in the right number. Was it solved, or was it luck?*

| | |
|---|---|
| **You need** | lesson 1: problems as graphs |
| **Time** | an hour with the exercises; the notebook runs in a minute |
| **You write** | a parser of steps, their execution, the comparison with the graph, and the attack on all of it |

With numbers from 0 to 9 a guess is right one time in ten. Whoever pays for answers alone pays for luck, and a model that is trained that way learns to guess. So the judge of this laboratory reads *every step*: it parses it, computes it, and compares it with the graph that the problem was made from. A judge that says *right* of something wrong (a **false accept**) is the worst fault of all: reinforcement learning will find it, and use it.
*/

/*md
## 1 · A problem and its solution

Here is lesson 1 in short. A problem is a graph; each variable has a value, or an operation on two others, modulo 10. The solution computes what the question needs, one step a variable:

    x2 = x0 + x1 = 3 + 9 = 2 ; x3 = x2 * x0 = 2 * 3 = 6 ; answer 6

A **step** names its variable, repeats its definition, puts the numbers in, and gives the result.
*/

// variable is a quantity of a problem: a value that is given (op is 0), or an operation on two variables.
type variable struct {
	op          byte // 0, '+', '-' or '*'
	left, right string
	value       int // 0 to 9
}

// problem is a graph with names; asked is the name that the question asks for.
type problem struct {
	variables map[string]variable
	order     []string // parents first
	asked     string
}

func compute(op byte, a, b int) int {
	switch op {
	case '+':
		return (a + b) % 10
	case '-':
		return (a - b + 10) % 10
	}
	return a * b % 10
}

// drawProblem is problem number i: two to four given values, two to four operations, and one more
// operation that the question does not need.
func drawProblem(i uint64) problem {
	s := random.New(1, "lesson 2", i)
	p := problem{variables: map[string]variable{}}
	add := func(v variable) {
		name := fmt.Sprintf("x%d", len(p.order))
		p.variables[name], p.order = v, append(p.order, name)
	}
	for range s.Between(2, 4) {
		add(variable{value: s.IntN(10)})
	}
	for range s.Between(2, 4) {
		left, right := p.order[len(p.order)-1], p.order[s.IntN(len(p.order)-1)]
		op := "+-*"[s.IntN(3)]
		add(variable{op, left, right, compute(op, p.variables[left].value, p.variables[right].value)})
	}
	p.asked = p.order[len(p.order)-1]
	left, right := p.order[0], p.order[1]
	add(variable{'+', left, right, compute('+', p.variables[left].value, p.variables[right].value)})
	return p
}

// needed are the operations that the question needs, parents first.
func (p problem) needed() []string {
	marked := map[string]bool{p.asked: true}
	var names []string
	for i := len(p.order) - 1; i >= 0; i-- {
		name := p.order[i]
		if v := p.variables[name]; marked[name] && v.op != 0 {
			marked[v.left], marked[v.right] = true, true
			names = append([]string{name}, names...)
		}
	}
	return names
}

// solution is the problem's right solution.
func (p problem) solution() string {
	var steps []string
	for _, name := range p.needed() {
		v := p.variables[name]
		steps = append(steps, fmt.Sprintf("%s = %s %c %s = %d %c %d = %d", name, v.left, v.op, v.right,
			p.variables[v.left].value, v.op, p.variables[v.right].value, v.value))
	}
	return strings.Join(append(steps, fmt.Sprintf("answer %d", p.variables[p.asked].value)), " ; ")
}

//cell

func RunProblem() {
	p := drawProblem(3)
	var given []string
	for _, name := range p.order {
		if v := p.variables[name]; v.op == 0 {
			given = append(given, fmt.Sprintf("%s = %d", name, v.value))
		} else {
			given = append(given, fmt.Sprintf("%s = %s %c %s", name, v.left, v.op, v.right))
		}
	}
	kernelkit.Text("A problem", strings.Join(given, " ; ")+" ; ? "+p.asked)
	kernelkit.Text("Its solution", p.solution())
}

/*md
## 2 · A judge that is easily fooled

Many programs look for the answer with a **regular expression**, a pattern for texts: *find "answer" and a number behind it*.
*/

var answerPattern = regexp.MustCompile(`answer (\d+)`)

// patternJudge says whether the first number behind the word answer is right.
func patternJudge(p problem, text string) bool {
	found := answerPattern.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	n, _ := strconv.Atoi(found[1])
	return n == p.variables[p.asked].value
}

/*md
**Exercise 2.1** Show how cheap it is to fool. Write `fool`: a text for each guess from 0 to 9, without a single step, so that for every problem one of the ten texts is accepted.

<details><summary>Hint</summary>What does the pattern look for? Nothing else needs to be there.</details>
*/

// fool is a text without a step that a judge by patterns accepts when the guess happens to be right.
func fool(guess int) string {
	// BEGIN SOLUTION
	return fmt.Sprintf("answer %d", guess)
	// END SOLUTION
}

//check TestFool checkFool

/*md
Ten tries without any thought solve every problem, says this judge. A model that is paid by it needs no more than that either.
*/

/*md
## 3 · Reading a step

Now a judge that reads. A **strict parser** knows the form of a step and accepts nothing else. What does not fit is an error, not something to skip: what a judge skips, a model can hide things in.

    x2 = x0 + x1 = 3 + 9 = 2

**Exercise 2.2** Write `parseStep`. It returns the parts, and `ok` is false for everything that has not exactly this form: names such as `x0`, one operator, twice the same one, numbers of digits only.

<details><summary>Hint</summary>`strings.Split(text, " ")` must give exactly 11 words, three of them `=`. `strconv.Atoi` turns a word into a number, but it also takes `+3` and `-3`, so ask `isNumber` first (it and `isName` are given below). Atoi returns two values, the second is an error: `n, _ := strconv.Atoi(w[6])`. `w[3][0]` is the first character of a word. Two `if` with long conditions are enough; `return s, false` says no, and at the end comes `return step{…}, true`.</details>
*/

// step is a step of a solution, as it was written.
type step struct {
	name, left, right    string
	op                   byte
	first, second, value int // the numbers that were put in, and the result
}

var namePattern, numberPattern = regexp.MustCompile(`^x[0-9]$`), regexp.MustCompile(`^[0-9]$`)

func isName(word string) bool   { return namePattern.MatchString(word) }
func isNumber(word string) bool { return numberPattern.MatchString(word) }

// parseStep reads a step.
func parseStep(text string) (s step, ok bool) {
	// BEGIN SOLUTION
	w := strings.Split(text, " ")
	if len(w) != 11 || w[1] != "=" || w[5] != "=" || w[9] != "=" || !isName(w[0]) || !isName(w[2]) || !isName(w[4]) {
		return s, false
	}
	if len(w[3]) != 1 || !strings.Contains("+-*", w[3]) || w[7] != w[3] || !isNumber(w[6]) || !isNumber(w[8]) || !isNumber(w[10]) {
		return s, false
	}
	digit := func(word string) int { return int(word[0] - '0') }
	return step{w[0], w[2], w[4], w[3][0], digit(w[6]), digit(w[8]), digit(w[10])}, true
	// END SOLUTION
}

//check TestParseStep checkParseStep

/*md
## 4 · Is the step right?

A step can be wrong in many ways: a false equation (`3 + 9 = 4`), numbers that are not those of its variables, another operator or other parents than the problem says, a variable that has no value yet.

**Exercise 2.3** Write `judgeStep`: is the step right, given the values that are `known` so far (the problem's given values, and the results of earlier right steps)?

<details><summary>Hint</summary>Five questions: is the variable one of the problem's operations? are operator and parents those of its definition? (For + and * the parents may stand the other way round.) do both parents have a known value? are the numbers these values, in the order of the parents as written? is the result what compute gives?</details>
*/

// judgeStep says whether a step is right.
func judgeStep(p problem, s step, known map[string]int) bool {
	// BEGIN SOLUTION
	v, defined := p.variables[s.name]
	sameWay := s.left == v.left && s.right == v.right
	otherWay := s.left == v.right && s.right == v.left && s.op != '-'
	if !defined || v.op == 0 || s.op != v.op || !sameWay && !otherWay {
		return false
	}
	first, knownFirst := known[s.left]
	second, knownSecond := known[s.right]
	return knownFirst && knownSecond && s.first == first && s.second == second && s.value == compute(s.op, first, second)
	// END SOLUTION
}

//check TestJudgeStep checkJudgeStep

/*md
## 5 · The whole solution

A solution is **strictly** right when every step is right, every operation that the question needs has a step, and the answer is that of the asked variable. Nothing may stand behind the answer.

**Exercise 2.4** Write `judge`. Parts are separated by ` ; `, the last one is `answer` and a number.

<details><summary>Hint</summary>Begin with `known` holding the given values (`op == 0`). Go through all parts but the last with parseStep and judgeStep, and add each result to `known`. At the end every name of `p.needed()` must be known. This check uses your functions of exercises 2.2 and 2.3.</details>
*/

// judge says whether a solution is strictly right.
func judge(p problem, text string) bool {
	// BEGIN SOLUTION
	known := map[string]int{}
	for name, v := range p.variables {
		if v.op == 0 {
			known[name] = v.value
		}
	}
	parts := strings.Split(text, " ; ")
	for _, part := range parts[:len(parts)-1] {
		s, ok := parseStep(part)
		if !ok || !judgeStep(p, s, known) {
			return false
		}
		known[s.name] = s.value
	}
	for _, name := range p.needed() {
		if _, done := known[name]; !done {
			return false
		}
	}
	return parts[len(parts)-1] == fmt.Sprintf("answer %d", p.variables[p.asked].value)
	// END SOLUTION
}

//check TestJudge checkJudge

/*md
## 6 · Attack it

How do we know that a judge has no false accept? We break right solutions, in every way that we can think of, and look whether it notices. Such a changed solution is called a **mutant**. Below are the mutants of this lesson; each is wrong, whatever the problem.
*/

// mutant is a way to break a right solution. It returns the text unchanged where it does not apply.
type mutant struct {
	name string
	make func(p problem, text string, s *random.Stream) string
}

// stepAt changes one word of a random step.
func stepAt(text string, s *random.Stream, change func(words []string)) string {
	parts := strings.Split(text, " ; ")
	i := s.IntN(len(parts) - 1)
	words := strings.Split(parts[i], " ")
	change(words)
	parts[i] = strings.Join(words, " ")
	return strings.Join(parts, " ; ")
}

func otherDigit(word string, s *random.Stream) string {
	n, _ := strconv.Atoi(word)
	return strconv.Itoa((n + 1 + s.IntN(9)) % 10)
}

var mutants = []mutant{
	{"another result in a step", func(_ problem, text string, s *random.Stream) string {
		return stepAt(text, s, func(w []string) { w[10] = otherDigit(w[10], s) })
	}},
	{"another number put in", func(_ problem, text string, s *random.Stream) string {
		return stepAt(text, s, func(w []string) { w[6] = otherDigit(w[6], s) })
	}},
	{"another operator", func(_ problem, text string, s *random.Stream) string {
		return stepAt(text, s, func(w []string) {
			w[3] = map[string]string{"+": "-", "-": "*", "*": "+"}[w[3]]
			w[7] = w[3]
		})
	}},
	{"operators that differ", func(_ problem, text string, s *random.Stream) string {
		return stepAt(text, s, func(w []string) { w[7] = map[string]string{"+": "-", "-": "*", "*": "+"}[w[7]] })
	}},
	{"a step left out", func(_ problem, text string, s *random.Stream) string {
		parts := strings.Split(text, " ; ")
		i := s.IntN(len(parts) - 1)
		return strings.Join(append(parts[:i:i], parts[i+1:]...), " ; ")
	}},
	{"no step at all", func(_ problem, text string, _ *random.Stream) string { return text[strings.LastIndex(text, "answer"):] }},
	{"another answer", func(_ problem, text string, s *random.Stream) string {
		return text[:len(text)-1] + otherDigit(text[len(text)-1:], s)
	}},
	{"two answers", func(_ problem, text string, s *random.Stream) string {
		return text + " ; answer " + otherDigit(text[len(text)-1:], s)
	}},
	{"a second result", func(_ problem, text string, s *random.Stream) string {
		return stepAt(text, s, func(w []string) { w[10] += " = " + otherDigit(w[10], s) })
	}},
	{"a step upside down: the last one first", func(p problem, text string, _ *random.Stream) string {
		parts := strings.Split(text, " ; ")
		last := len(parts) - 2
		return strings.Join(append([]string{parts[last]}, append(parts[:last:last], parts[last+1:]...)...), " ; ")
	}},
	{"the sides of a difference exchanged", func(p problem, text string, _ *random.Stream) string {
		parts := strings.Split(text, " ; ")
		for i, part := range parts[:len(parts)-1] {
			w := strings.Split(part, " ")
			if w[3] == "-" && w[2] != w[4] {
				w[2], w[4], w[6], w[8] = w[4], w[2], w[8], w[6]
				parts[i] = strings.Join(w, " ")
				return strings.Join(parts, " ; ")
			}
		}
		return text
	}},
}

/*md
Two kinds are missing: something that stands behind the answer, and a variable whose name does not exist.

**Exercise 2.5** Write both: `wordsBehind` puts some words behind the answer, `strangeName` changes the name that a step defines to one that the problem does not have. Then the attack below runs with them.

<details><summary>Hint</summary>The problem has at most ten variables, x0 to x9; a name such as "x99" does not exist. `stepAt(text, s, func(w []string) { … })` changes the words of a step; w[0] is its name.</details>
*/

// wordsBehind puts words behind the answer.
func wordsBehind(p problem, text string, s *random.Stream) string {
	// BEGIN SOLUTION
	return text + " , or so"
	// END SOLUTION
}

// strangeName changes the name that a step defines to one that does not exist.
func strangeName(p problem, text string, s *random.Stream) string {
	// BEGIN SOLUTION
	return stepAt(text, s, func(w []string) { w[0] = "x99" })
	// END SOLUTION
}

//check TestOwnMutants checkOwnMutants

// attack counts, for each mutant, how many of 2,000 a judge accepts. It is done when all are 0.
func attack(judge func(p problem, text string) bool) (names []string, made, accepted []int) {
	all := append(mutants[:len(mutants):len(mutants)], mutant{"words behind the answer, yours", wordsBehind}, mutant{"a name that does not exist, yours", strangeName})
	for _, m := range all {
		tried, wrong := 0, 0
		for i := range uint64(2000) {
			p := drawProblem(i)
			text := m.make(p, p.solution(), random.New(2, m.name, i))
			if text == p.solution() {
				continue
			}
			tried++
			if judge(p, text) {
				wrong++
			}
		}
		names, made, accepted = append(names, m.name), append(made, tried), append(accepted, wrong)
	}
	return names, made, accepted
}

func RunAttack() {
	defer lesson.Unfinished()
	table := kernelkit.Table{Title: "False accepts", Columns: []string{"mutant", "made", "by patterns", "your judge"}}
	names, made, byPattern := attack(patternJudge)
	_, _, byJudge := attack(judge)
	for i := range names {
		table.Add(names[i], made[i], byPattern[i], byJudge[i])
	}
	table.Show()
}

/*md
The judge by patterns accepts nearly everything that leaves the last number alone. Yours should accept nothing.

A judge can also be too strict: it refuses what is right (a **false reject**), and a model is punished for a good solution. `a + b` for `b + a` is right; so are steps in another possible order. The last check looks for that. (This check uses your functions of exercises 2.2, 2.3 and 2.4.)
*/

//check TestNoFalseReject checkNoFalseReject

/*md
## 7 · The laboratory's judge

It reads the paper's word problems, in many wordings, and has been attacked with hundreds of thousands of mutants. Here are a right solution, the same in other words, and three broken ones.
*/

func RunLaboratory() {
	lab := kernelkit.Open("02_judge", "smoke", 1)
	p := lab.Problem("zoo", 6, 8)
	p.Judge(p.Gold(), p.Varied(3), p.Corrupted(kernelkit.LuckyAnswer), p.Corrupted(kernelkit.BrokenStep), p.Corrupted(kernelkit.BrokenOff))
}

/*md
## What you have now

A judge that reads every step, and a way to trust it. Lesson 3 builds what writes the solutions.

**Words of this lesson.** *Step*: a part of a solution that computes one variable. *Strict parser*: a reader that knows one form and refuses everything else. *Strict*: every step right, nothing missing, and the right answer. *False accept*: a judge says right of something wrong. *False reject*: a judge says wrong of something right. *Mutant*: a right solution that was broken on purpose. *Regular expression*: a pattern for texts.
*/
