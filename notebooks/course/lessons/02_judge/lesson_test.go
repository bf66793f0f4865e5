package judge

import (
	"fmt"
	"strings"
	"testing"

	"interplay/kernelkit/lesson"
	"interplay/kernelkit/random"
)

func checkFool(t lesson.T, fool func(guess int) string) {
	defer lesson.Done(t, "ten guesses fool a judge by patterns for every problem")
	for i := range uint64(50) {
		p, fooled := drawProblem(i), 0
		for guess := range 10 {
			text := fool(guess)
			if strings.Contains(text, "=") {
				t.Fatalf("✗ the text %q holds a step: no solving here, only guessing", text)
			}
			if patternJudge(p, text) {
				fooled++
			}
		}
		if fooled == 0 {
			t.Fatalf("✗ none of your ten texts is accepted for a problem whose answer is %d: your texts are %q, %q, …", p.variables[p.asked].value, fool(0), fool(1))
		}
	}
}

func TestFool(t *testing.T) { checkFool(t, fool) }

func checkParseStep(t lesson.T, parseStep func(text string) (step, bool)) {
	defer lesson.Done(t, "the form of a step, and nothing else")
	s, ok := parseStep("x2 = x0 * x1 = 3 * 9 = 7")
	want := step{name: "x2", left: "x0", right: "x1", op: '*', first: 3, second: 9, value: 7}
	if !ok {
		t.Fatalf("✗ the step x2 = x0 * x1 = 3 * 9 = 7 has the right form (and a right result), but ok is false")
	}
	if s != want {
		t.Fatalf("✗ the step x2 = x0 * x1 = 3 * 9 = 7 is read as %+v, expected %+v", s, want)
	}
	for _, c := range []struct{ text, why string }{
		{"", "it is empty"},
		{"x2 = x0 * x1 = 7", "the numbers are missing"},
		{"x2 = x0 * x1 = 3 * 9 = 7 = 7", "it goes on behind the result"},
		{"x2 = x0 * x1 = 3 + 9 = 2", "the operators differ"},
		{"x2 = x0 / x1 = 3 / 9 = 2", "there is no division here"},
		{"x2 = x0 *- x1 = 3 *- 9 = 2", "*- is not one operator"},
		{"x2 = x0 * x1 = 3 * 9 = -3", "−3 is not a number of digits only"},
		{"x2 = x0 * x1 = +3 * 9 = 7", "+3 is not a number of digits only"},
		{"x2 = x0 * x1 = 3 * 9 = 27", "numbers have one digit"},
		{"y2 = x0 * x1 = 3 * 9 = 7", "y2 is no name"},
		{"2 = x0 * x1 = 3 * 9 = 7", "2 is no name"},
		{"x2 = 3 * x1 = 3 * 9 = 7", "3 is no name"},
		{"x2 : x0 * x1 = 3 * 9 = 7", "a = is missing"},
		{"x2 = x0 * x1 = 3 * 9 : 7", "the last = is missing"},
		{"x2  = x0 * x1 = 3 * 9 = 7", "there are two blanks"},
	} {
		if _, ok := parseStep(c.text); ok {
			t.Errorf("✗ %q is accepted as a step, but %s", c.text, c.why)
		}
	}
}

func TestParseStep(t *testing.T) { checkParseStep(t, parseStep) }

func checkJudgeStep(t lesson.T, judgeStep func(p problem, s step, known map[string]int) bool) {
	defer lesson.Done(t, "right steps, and seven ways of being wrong")
	p := problem{variables: map[string]variable{"x0": {value: 3}, "x1": {value: 9}, "x2": {'-', "x0", "x1", 4}, "x3": {'+', "x2", "x0", 7}}, asked: "x3"}
	known := map[string]int{"x0": 3, "x1": 9}
	for _, c := range []struct {
		s    step
		want bool
		why  string
	}{
		{step{"x2", "x0", "x1", '-', 3, 9, 4}, true, "it is right: 3 − 9 is −6, modulo 10 that is 4"},
		{step{"x2", "x0", "x1", '-', 3, 9, 6}, false, "3 − 9 is 4 modulo 10: compute the result"},
		{step{"x2", "x1", "x0", '-', 9, 3, 6}, false, "the sides of a difference are exchanged"},
		{step{"x2", "x0", "x1", '+', 3, 9, 2}, false, "the problem says −: compare the operator with the definition"},
		{step{"x2", "x0", "x0", '-', 3, 3, 0}, false, "the problem says x0 − x1: compare the parents with the definition"},
		{step{"x2", "x0", "x1", '-', 5, 9, 6}, false, "x0 is 3, not 5: compare the numbers with what is known"},
		{step{"x2", "x0", "x1", '-', 3, 8, 5}, false, "x1 is 9, not 8: compare both numbers with what is known"},
		{step{"x3", "x2", "x0", '+', 4, 3, 7}, false, "x2 is not known yet, even though its value is right"},
		{step{"x3", "x2", "x0", '+', 0, 3, 3}, false, "x2 is not known yet: a map gives 0 for what it does not hold, ask with `_, ok`"},
		{step{"x7", "x0", "x1", '-', 3, 9, 4}, false, "there is no x7"},
		{step{"x0", "", "", 0, 0, 0, 0}, false, "x0 is given: it has no step"},
	} {
		if got := judgeStep(p, c.s, known); got != c.want {
			t.Errorf("✗ the step %s = %s %c %s = %d %c %d = %d is judged %t: %s", c.s.name, c.s.left, c.s.op, c.s.right, c.s.first, c.s.op, c.s.second, c.s.value, got, c.why)
			return
		}
	}
	known["x2"] = 4
	if !judgeStep(p, step{"x3", "x0", "x2", '+', 3, 4, 7}, known) {
		t.Errorf("✗ x3 = x0 + x2 is refused, where the problem says x2 + x0: for + and * the order means nothing")
	}
	if judgeStep(p, step{"x3", "x0", "x2", '+', 4, 3, 7}, known) {
		t.Errorf("✗ x3 = x0 + x2 = 4 + 3 is accepted: the numbers must be those of the parents as written, 3 + 4")
	}
}

func TestJudgeStep(t *testing.T) { checkJudgeStep(t, judgeStep) }

func checkJudge(t lesson.T, judge func(p problem, text string) bool) {
	defer lesson.Done(t, "right solutions, and those with a step, the answer or the end wrong")
	for i := range uint64(100) {
		p := drawProblem(i)
		text := p.solution()
		parts := strings.Split(text, " ; ")
		last := strings.Join(parts[:len(parts)-1], " ; ")
		answer := p.variables[p.asked].value
		for _, c := range []struct {
			text string
			want bool
			why  string
		}{
			{text, true, "it is the right solution"},
			{"", false, "it is empty"},
			{last, false, "the answer is missing"},
			{parts[len(parts)-1], false, "there is no step: every needed variable must have one"},
			{last + fmt.Sprintf(" ; answer %d", (answer+1)%10), false, "the answer is another one"},
			{text + " ; answer 3", false, "it goes on behind the answer"},
			{text + " ", false, "there is a blank behind the answer"},
			{strings.Join(parts[1:], " ; "), false, "the first step is missing"},
		} {
			if got := judge(p, c.text); got != c.want {
				t.Fatalf("✗ judged %t, but %s: %q", got, c.why, c.text)
			}
		}
	}
}

func TestJudge(t *testing.T) { checkJudge(t, judge) }

func checkOwnMutants(t lesson.T, wordsBehind, strangeName func(p problem, text string, s *random.Stream) string) {
	defer lesson.Done(t, "two kinds of mutants, each of them wrong")
	for i := range uint64(50) {
		p := drawProblem(i)
		text := p.solution()
		if got := wordsBehind(p, text, random.New(1, "", i)); !strings.HasPrefix(got, text) || len(got) <= len(text) {
			t.Fatalf("✗ wordsBehind gives %q: expected the solution and something behind it", got)
		}
		got := strings.Split(strangeName(p, text, random.New(1, "", i)), " ; ")
		want := strings.Split(text, " ; ")
		if len(got) != len(want) {
			t.Fatalf("✗ strangeName gives %d parts, expected %d", len(got), len(want))
		}
		changed := 0
		for k := range got {
			if got[k] == want[k] {
				continue
			}
			changed++
			name, rest, _ := strings.Cut(got[k], " ")
			if _, exists := p.variables[name]; exists {
				t.Fatalf("✗ strangeName defines %s, which the problem has", name)
			}
			if _, same, _ := strings.Cut(want[k], " "); rest != same {
				t.Fatalf("✗ strangeName makes %q of %q: change the first word only", got[k], want[k])
			}
		}
		if changed != 1 {
			t.Fatalf("✗ strangeName changes %d steps, expected one", changed)
		}
	}
}

func TestOwnMutants(t *testing.T) { checkOwnMutants(t, wordsBehind, strangeName) }

func checkNoFalseReject(t lesson.T, judge func(p problem, text string) bool) {
	defer lesson.Done(t, "nothing right is refused: sides of + and * exchanged, and a step that was not asked for")
	for i := range uint64(300) {
		p := drawProblem(i)
		parts := strings.Split(p.solution(), " ; ")
		exchanged := append([]string(nil), parts...)
		for k, part := range parts[:len(parts)-1] {
			w := strings.Split(part, " ")
			if w[3] != "-" {
				w[2], w[4], w[6], w[8] = w[4], w[2], w[8], w[6]
				exchanged[k] = strings.Join(w, " ")
			}
		}
		if text := strings.Join(exchanged, " ; "); !judge(p, text) {
			t.Fatalf("✗ refused, but only the sides of + and * are exchanged, with their numbers: %q", text)
		}
		extra := p.order[len(p.order)-1]
		v := p.variables[extra]
		text := fmt.Sprintf("%s = %s %c %s = %d %c %d = %d ; %s", extra, v.left, v.op, v.right, p.variables[v.left].value, v.op, p.variables[v.right].value, v.value, p.solution())
		if !judge(p, text) {
			t.Fatalf("✗ refused, but all that it has too much is a right step of a variable that was not asked for: %q", text)
		}
	}
}

func TestNoFalseReject(t *testing.T) { checkNoFalseReject(t, judge) }

// What follows is not in the notebooks.

func TestCellsRun(t *testing.T) {
	RunProblem()
	RunAttack()
}

func TestTheJudgeHasNoFalseAccept(t *testing.T) {
	names, made, accepted := attack(judge)
	for i := range names {
		if accepted[i] > 0 || made[i] < 300 {
			t.Errorf("%s: %d of %d accepted", names[i], accepted[i], made[i])
		}
	}
}

func TestPlausibleMistakesAreTold(t *testing.T) {
	lenient := func(change func(string) string) func(string) (step, bool) {
		return func(text string) (step, bool) { return parseStep(change(text)) }
	}
	for _, wrong := range []struct {
		name, told string
		check      func(lesson.T)
	}{
		{"solves instead of guessing", "no solving here", func(t lesson.T) { checkFool(t, func(int) string { return "x2 = 3 answer 3" }) }},
		{"always the same guess", "none of your ten texts", func(t lesson.T) { checkFool(t, func(int) string { return "answer 3" }) }},
		{"blanks are skipped", "two blanks", func(t lesson.T) {
			checkParseStep(t, lenient(func(s string) string { return strings.Join(strings.Fields(s), " ") }))
		}},
		{"what follows is skipped", "goes on behind", func(t lesson.T) {
			checkParseStep(t, lenient(func(s string) string {
				w := strings.Split(s, " ")
				return strings.Join(w[:min(len(w), 11)], " ")
			}))
		}},
		{"signs are taken", "digits only", func(t lesson.T) {
			checkParseStep(t, lenient(func(s string) string { return strings.NewReplacer("-3", "3", "+3", "3").Replace(s) }))
		}},
		{"unknown counts as 0", "not known yet", func(t lesson.T) {
			checkJudgeStep(t, func(p problem, s step, known map[string]int) bool {
				all := map[string]int{"x2": 0}
				for k, v := range known {
					all[k] = v
				}
				return judgeStep(p, s, all)
			})
		}},
		{"arithmetic only", "compare", func(t lesson.T) {
			checkJudgeStep(t, func(p problem, s step, known map[string]int) bool {
				return s.value == compute(s.op, s.first, s.second) && !(s.left == "x1" && s.op == '-')
			})
		}},
		{"differences either way", "exchanged", func(t lesson.T) {
			checkJudgeStep(t, func(p problem, s step, known map[string]int) bool {
				if s.op == '-' && s.left == "x1" {
					return true
				}
				return judgeStep(p, s, known)
			})
		}},
		{"order of a sum fixed", "the order means nothing", func(t lesson.T) {
			checkJudgeStep(t, func(p problem, s step, known map[string]int) bool {
				return s.left == p.variables[s.name].left && judgeStep(p, s, known)
			})
		}},
		{"answer only", "there is no step", func(t lesson.T) {
			checkJudge(t, func(p problem, text string) bool {
				return strings.HasSuffix(text, fmt.Sprintf("answer %d", p.variables[p.asked].value))
			})
		}},
		{"first answer counts", "goes on behind the answer", func(t lesson.T) {
			checkJudge(t, func(p problem, text string) bool {
				head, tail, _ := strings.Cut(text, "answer ")
				return len(tail) > 0 && judge(p, head+"answer "+tail[:1])
			})
		}},
		{"nothing behind", "something behind", func(t lesson.T) {
			checkOwnMutants(t, func(_ problem, text string, _ *random.Stream) string { return text }, strangeName)
		}},
		{"a name that exists", "which the problem has", func(t lesson.T) {
			checkOwnMutants(t, wordsBehind, func(_ problem, text string, s *random.Stream) string {
				return stepAt(text, s, func(w []string) { w[0] = "x0" })
			})
		}},
		{"too strict", "exchanged, with their numbers", func(t lesson.T) {
			checkNoFalseReject(t, func(p problem, text string) bool { return text == p.solution() })
		}},
	} {
		passed, said := lesson.Run(wrong.check)
		if passed || !strings.Contains(said, wrong.told) {
			t.Errorf("%s: passed %t, expected to be told %q, was told:\n%s", wrong.name, passed, wrong.told, said)
		}
	}
}
