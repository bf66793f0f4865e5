package rewards

import (
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/lesson"
)

func checkPayBoth(t lesson.T, pay func(verdict, float64) float64) {
	defer lesson.Done(t, "pays for answer and process, in the proportion that alpha says")
	onlyAnswer, onlySteps := verdict{answer: true, steps: 0}, verdict{steps: 1}
	lesson.Near(t, "the pay at alpha 0.2 of a right answer without a right step", pay(onlyAnswer, 0.2), 0.2, 1e-9,
		lesson.Mistake{Gives: 0.8, Say: "alpha is the weight of the answer, 1 − alpha that of the process"},
		lesson.Mistake{Gives: 1, Say: "alpha is not used: the answer is worth alpha, not 1"},
		lesson.Mistake{Gives: 0, Say: "a right answer without right steps earns nothing: add the parts, do not multiply them"})
	if t.Failed() {
		return
	}
	lesson.Near(t, "the pay at alpha 0.2 of one right step of two, and a wrong answer", pay(onlySteps, 0.2), 0.4, 1e-9,
		lesson.Mistake{Gives: 0.8, Say: "this is as much as for two steps: divide the steps by 2"},
		lesson.Mistake{Gives: 0, Say: "a wrong answer keeps the credit of its steps; and steps/2 of two integers is 0 for one step: write float64(v.steps) / 2"},
		lesson.Mistake{Gives: 0.1, Say: "alpha is the weight of the answer, 1 − alpha that of the process"})
	lesson.Near(t, "the pay at alpha 0.5 of a strictly right solution", pay(verdict{answer: true, steps: 2, right: 2, strict: true}, 0.5), 1, 1e-9)
	lesson.Near(t, "the pay at alpha 0.5 of one right step that is made three times", pay(verdict{steps: 1, right: 3}, 0.5), 0.25, 1e-9,
		lesson.Mistake{Gives: 0.75, Say: "each claim is paid as often as it is made: use v.steps, which counts a step once, not v.right"})
}

func TestPayBoth(t *testing.T) { checkPayBoth(t, payBoth) }

func checkLuckyShare(t lesson.T, share func([]verdict) float64) {
	defer lesson.Done(t, "of the right answers, those that were not earned")
	some := []verdict{{answer: true, strict: true, steps: 2}, {answer: true}, {answer: true, steps: 1}, {answer: true, strict: true, steps: 2}, {answer: true, strict: true, steps: 2}, {steps: 1}, {}, {}}
	lesson.Near(t, "the lucky share of 5 right answers, 3 of them strict, among 8 solutions", share(some), 0.4, 1e-9,
		lesson.Mistake{Gives: 0.25, Say: "this divides by all solutions: divide by the right answers"},
		lesson.Mistake{Gives: 0.6, Say: "this is the share that was earned: count the right answers that are not strict"},
		lesson.Mistake{Gives: 5.0 / 8, Say: "this counts every solution that is not strict: one whose answer is wrong is not lucky"},
		lesson.Mistake{Gives: 1, Say: "this counts wrong answers too, or divides the other way round"},
		lesson.Mistake{Gives: 0.2, Say: "an answer with one right step of two is lucky as well: ask for strict, not for steps"})
	if none := share([]verdict{{}, {steps: 1}}); none != 0 {
		t.Errorf("✗ where no answer is right the share is %v, expected 0: 0/0 is no number", none)
	}
}

func TestLuckyShare(t *testing.T) { checkLuckyShare(t, luckyShare) }

func checkHack(t lesson.T, hack func(problem int) []int) {
	defer lesson.Done(t, "earns more than a right solution, and answers nothing")
	for problem := range problems {
		solution := hack(problem)
		v := judge(problem, solution)
		earned := payPerStep(v)
		switch {
		case len(solution) > longest:
			t.Fatalf("✗ the solution of problem %d has %d tokens, at most %d are read", problem, len(solution), longest)
		case slices.ContainsFunc(solution, func(token int) bool { return token < 0 || token >= tokens }):
			t.Fatalf("✗ the solution of problem %d is %v: tokens go from 0 to %d", problem, solution, end)
		case v.answer:
			t.Fatalf("✗ problem %d: %q answers rightly, so nobody is cheated: leave the answer out", problem, written(solution))
		case earned <= 1 && v.wrong > 0:
			t.Fatalf("✗ problem %d: %q earns %.1f: %d of its claims are wrong; which claim is right whenever it is made?", problem, written(solution), earned, v.wrong)
		case earned <= 1:
			t.Fatalf("✗ problem %d: %q earns %.1f, a right solution earns 1: make the right claim more often", problem, written(solution), earned)
		}
	}
}

func TestHack(t *testing.T) { checkHack(t, hack) }

func checkPayMended(t lesson.T, pay func(verdict) float64) {
	defer lesson.Done(t, "pays most for what is wanted, something on the way there, and nothing for repetition")
	const problem = 7
	s, a := sum(problem), numbers+answer(problem)
	wrong := numbers + (answer(problem)+1)%numbers
	earns := func(solution ...int) float64 { return pay(judge(problem, solution)) }
	lesson.Near(t, "the pay of a strictly right solution", earns(s, a, end), 1, 1e-9)
	switch {
	case t.Failed():
		return
	case earns(s, s, s, s, s, s) > earns(s)+1e-9:
		t.Fatalf("✗ %q earns %.2f and %q %.2f: the same claim is paid again; v.steps counts each step once", written([]int{s, s, s, s, s, s}), earns(s, s, s, s, s, s), written([]int{s}), earns(s))
	case earns(a, end) >= 1:
		t.Fatalf("✗ %q earns %.2f: an answer that nothing led to is lucky, not right", written([]int{a, end}), earns(a, end))
	case earns(s) <= earns():
		t.Fatalf("✗ one right step earns %.2f, no step %.2f: pay something for it, or there is nothing to climb", earns(s), earns())
	case earns(s, a) >= 1:
		t.Fatalf("✗ %q earns %.2f without its end: keep part of the reward for v.strict", written([]int{s, a}), earns(s, a))
	case earns(s, wrong, a, end) >= 1:
		t.Fatalf("✗ %q earns %.2f, and holds a wrong claim: only v.strict says that nothing is wrong", written([]int{s, wrong, a, end}), earns(s, wrong, a, end))
	}
	everySolution(4, func(solution []int) bool {
		v := judge(problem, solution)
		if earned := pay(v); !v.strict && earned >= 1 || earned < 0 || earned > 1+1e-9 {
			t.Errorf("✗ %q earns %.2f: expected between 0 and 1, and less than 1 unless it is strictly right", written(solution), earned)
			return false
		}
		return true
	})
}

// everySolution visits all solutions of up to a number of tokens, until visit is false.
func everySolution(length int, visit func(solution []int) bool) {
	var grow func(solution []int) bool
	grow = func(solution []int) bool {
		if !visit(solution) {
			return false
		}
		if len(solution) == length || len(solution) > 0 && solution[len(solution)-1] == end {
			return true
		}
		for token := range tokens {
			if !grow(append(solution[:len(solution):len(solution)], token)) {
				return false
			}
		}
		return true
	}
	grow(nil)
}

func TestPayMended(t *testing.T) { checkPayMended(t, payMended) }

func checkCorrected(t lesson.T, corrected func(said, falseAccept, falseReject float64) float64) {
	defer lesson.Done(t, "the share behind what an erring judge says")
	lesson.Near(t, "the share behind 0.34, with 10 % false accepts and 20 % false rejects", corrected(0.34, 0.1, 0.2), 0.342857, 1e-5,
		lesson.Mistake{Gives: 0.24, Say: "the false accepts are taken off, but right ones count too few as well: divide by 1 − r − f"},
		lesson.Mistake{Gives: 0.266667, Say: "divided by 1 − f alone: the judge also refuses right ones, 1 − r − f"},
		lesson.Mistake{Gives: 0.3, Say: "divided by 1 − r alone: the false accepts stand in x (1 − r − f) too"},
		lesson.Mistake{Gives: 0.2, Say: "f and r are exchanged: what is taken off are the false accepts"},
		lesson.Mistake{Gives: 0.338, Say: "this is what the judge would say if 0.34 were right: turn the equation round"})
	if t.Failed() {
		return
	}
	lesson.Near(t, "the share behind 0.05, with 10 % false accepts and no false rejects", corrected(0.05, 0.1, 0), 0, 1e-9,
		lesson.Mistake{Gives: -0.05 / 0.9, Say: "a share is not below 0: hold it inside of 0 to 1"})
	lesson.Near(t, "the share behind 0.95, with no false accepts and 20 % false rejects", corrected(0.95, 0, 0.2), 1, 1e-9,
		lesson.Mistake{Gives: 1.1875, Say: "a share is not above 1: hold it inside of 0 to 1"})
}

func TestCorrected(t *testing.T) { checkCorrected(t, corrected) }

// What follows is not in the notebooks: the cells run, what the text says of them holds, and plausible
// mistakes are told what is wrong.

func TestCellsRun(t *testing.T) {
	for _, cell := range []func(){RunRewards, RunHack, RunMended, RunErring, RunStudy} {
		cell()
	}
}

func TestTheTextSaysWhatComesOut(t *testing.T) {
	answer := func(v verdict) float64 { return payBoth(v, 1) }
	byAnswer, byStrict := train(100, paid(answer)), train(100, paid(payStrict))
	strictA, rightA, _, ofA := measured(byAnswer)
	strictS, _, _, ofS := measured(byStrict)
	if luckyShare(ofA) < 2*luckyShare(ofS) || luckyShare(ofA) < 0.1 {
		t.Errorf("paid for answers %.2f of the right ones are lucky, paid for everything %.2f: the text says that much of the first is luck", luckyShare(ofA), luckyShare(ofS))
	}
	if rightA < strictA+0.05 || strictS < strictA {
		t.Errorf("paid for answers: %.2f strict, %.2f right; paid for everything: %.2f strict", strictA, rightA, strictS)
	}
	strictH, rightH, length, _ := measured(train(300, paid(payPerStep)))
	if rightH > 0.05 || strictH > 0.05 || length < 5.8 {
		t.Errorf("paid for each claim: %.2f strict, %.2f right, %.1f tokens: the text says that no text ends in an answer", strictH, rightH, length)
	}
	strictM, _, _, _ := measured(train(300, paid(payMended)))
	strictN, _, _, _ := measured(train(300, atRandom(0.1, 0.1)))
	hole := train(300, withHole)
	strictO, _, _, _ := measured(hole)
	if strictM < 0.8 || strictN < 0.6 {
		t.Errorf("mended %.2f strict, with random errors %.2f: the text says that both learn", strictM, strictN)
	}
	if strictO > 0.7 || said(hole, withHole) < 0.9 || accepted(basePolicy(), withHole) > 0.25 {
		t.Errorf("with a hole %.2f strict, and the judge says %.2f; it accepts %.2f of the base's wrong ones", strictO, said(hole, withHole), accepted(basePolicy(), withHole))
	}
}

func TestPlausibleMistakesAreTold(t *testing.T) {
	luck := func(counts func(v verdict) (part, whole bool)) func([]verdict) float64 {
		return func(all []verdict) float64 {
			part, whole := 0.0, 0.0
			for _, v := range all {
				p, w := counts(v)
				if p {
					part++
				}
				if w {
					whole++
				}
			}
			return part / whole
		}
	}
	for _, wrong := range []struct {
		name, told string
		check      func(lesson.T)
	}{
		{"weights exchanged", "alpha is the weight of the answer", func(t lesson.T) {
			checkPayBoth(t, func(v verdict, alpha float64) float64 { return payBoth(v, 1-alpha) })
		}},
		{"integer division", "of two integers", func(t lesson.T) {
			checkPayBoth(t, func(v verdict, alpha float64) float64 {
				r := (1 - alpha) * float64(v.steps/2)
				if v.answer {
					r += alpha
				}
				return r
			})
		}},
		{"claims instead of steps", "counts a step once", func(t lesson.T) {
			checkPayBoth(t, func(v verdict, alpha float64) float64 {
				v.steps = v.right
				return payBoth(v, alpha)
			})
		}},
		{"answers multiply", "do not multiply", func(t lesson.T) {
			checkPayBoth(t, func(v verdict, alpha float64) float64 { return payBoth(v, alpha) * float64(v.steps) / 2 })
		}},
		{"divided by all", "divide by the right answers", func(t lesson.T) {
			checkLuckyShare(t, luck(func(v verdict) (bool, bool) { return v.answer && !v.strict, true }))
		}},
		{"share that was earned", "the share that was earned", func(t lesson.T) {
			checkLuckyShare(t, luck(func(v verdict) (bool, bool) { return v.strict, v.answer }))
		}},
		{"wrong answers are lucky", "is not lucky", func(t lesson.T) {
			checkLuckyShare(t, luck(func(v verdict) (bool, bool) { return !v.strict, true }))
		}},
		{"no guard", "0/0", func(t lesson.T) {
			checkLuckyShare(t, luck(func(v verdict) (bool, bool) { return v.answer && !v.strict, v.answer }))
		}},
		{"hack that answers", "leave the answer out", func(t lesson.T) {
			checkHack(t, func(p int) []int { return []int{sum(p), sum(p), numbers + answer(p), end} })
		}},
		{"hack that earns too little", "more often", func(t lesson.T) { checkHack(t, func(p int) []int { return []int{sum(p), sum(p)} }) }},
		{"hack of wrong claims", "whenever it is made", func(t lesson.T) {
			checkHack(t, func(p int) []int { a := numbers + answer(p); return []int{a, a, a, a, a, a} })
		}},
		{"hack too long", "at most 6", func(t lesson.T) { checkHack(t, func(p int) []int { return make([]int, 9) }) }},
		{"still pays repetition", "paid again", func(t lesson.T) { checkPayMended(t, func(v verdict) float64 { return min(1, payPerStep(v)) }) }},
		{"nothing to climb", "nothing to climb", func(t lesson.T) { checkPayMended(t, payStrict) }},
		{"pays luck", "is lucky, not right", func(t lesson.T) {
			checkPayMended(t, func(v verdict) float64 {
				if v.answer {
					return 1
				}
				return 0.25 * float64(v.steps)
			})
		}},
		{"pays without an end", "without its end", func(t lesson.T) { checkPayMended(t, func(v verdict) float64 { return 0.5 * float64(v.steps) }) }},
		{"only subtracted", "divide by 1 − r − f", func(t lesson.T) { checkCorrected(t, func(y, f, r float64) float64 { return y - f }) }},
		{"false rejects forgotten", "also refuses right ones", func(t lesson.T) { checkCorrected(t, func(y, f, r float64) float64 { return (y - f) / (1 - f) }) }},
		{"rates exchanged", "are exchanged", func(t lesson.T) { checkCorrected(t, func(y, f, r float64) float64 { return corrected(y, r, f) }) }},
		{"not held inside", "not below 0", func(t lesson.T) { checkCorrected(t, func(y, f, r float64) float64 { return (y - f) / (1 - f - r) }) }},
		{"not turned round", "turn the equation round", func(t lesson.T) { checkCorrected(t, func(y, f, r float64) float64 { return y*(1-r) + (1-y)*f }) }},
	} {
		passed, told := lesson.Run(wrong.check)
		if passed || !strings.Contains(told, wrong.told) {
			t.Errorf("%s: passed %t, expected to be told %q, was told:\n%s", wrong.name, passed, wrong.told, told)
		}
	}
}
