// Package rewards is lesson 7 of the course: what a reward really pays for.
package rewards

import (
	"fmt"
	"math"

	"interplay/kernelkit"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/random"
)

/*md
# Lesson 7 · Rewards and hacking

*A model does what it is paid for. What is it paid for?*

| | |
|---|---|
| **You need** | lesson 2: a judge of steps; lesson 6: GRPO |
| **Time** | an hour with the exercises; the notebook runs in two minutes |
| **You write** | rewards, the share of lucky answers, a hack and its mend, a correction for a judge that errs |

A reward is a number; what we want is something else, such as *solved by right steps*. Where the two part, training follows the number. That is **reward hacking**: more and more reward for less and less of what was wanted. In this lesson you pay a small policy in several ways, watch what it becomes, break a reward, and mend it.
*/

/*md
## 1 · A small world

Numbers are modulo 5. A problem is two numbers, $a$ and $b$. A solution claims two things: first $s = a + b$, then $p = s · a$, which is the answer; then it ends. As tokens: `0` to `4` claim a value of $s$, `5` to `9` a value of $p$, and `10` ends. At most six tokens are written.

The judge below reads it as lesson 2 does. A claim of $p$ is right only when a right claim of $s$ stands before it: else it was not computed from anything.
*/

const (
	numbers  = 5
	end      = 2 * numbers // ends a solution
	tokens   = end + 1
	longest  = 6 // tokens of a solution
	problems = numbers * numbers
)

// verdict is what the judge says of a solution.
type verdict struct {
	answer bool // it ends, and its last claim of p is right
	steps  int  // of the two steps that are needed, those that are right: 0 to 2
	right  int  // right claims, each time that they are made
	wrong  int  // wrong claims
	strict bool // it ends, both steps are right, and nothing is wrong
}

func sum(problem int) int    { return (problem/numbers + problem%numbers) % numbers }
func answer(problem int) int { return sum(problem) * (problem / numbers) % numbers }

// judge reads a solution.
func judge(problem int, solution []int) (v verdict) {
	haveSum, haveAnswer, last, ended := false, false, -1, false
	for _, token := range solution {
		switch {
		case token == end:
			ended = true
		case token < numbers && token == sum(problem):
			haveSum = true
			v.right++
		case token >= numbers && token-numbers == answer(problem) && haveSum:
			haveAnswer = true
			v.right++
		default:
			v.wrong++
		}
		if token >= numbers && token < end {
			last = token - numbers
		}
	}
	for _, have := range []bool{haveSum, haveAnswer} {
		if have {
			v.steps++
		}
	}
	v.answer = ended && last == answer(problem)
	v.strict = ended && haveSum && haveAnswer && v.wrong == 0
	return v
}

// written is a solution in words.
func written(solution []int) (text string) {
	for i, token := range solution {
		if i > 0 {
			text += " ; "
		}
		switch {
		case token == end:
			text += "end"
		case token < numbers:
			text += fmt.Sprintf("s = %d", token)
		default:
			text += fmt.Sprintf("p = %d", token-numbers)
		}
	}
	return text
}

/*md
## 2 · Three rewards

**Pay for the answer** (an *outcome* reward): 1 when the answer is right. **Pay for the process**: the share of the needed steps that are right, whatever the answer. **Pay for both**, with a weight $\alpha$ for the answer:

$$R = \alpha · \text{answer} + (1 - \alpha) · \frac{\text{steps}}{2}$$

With $\alpha = 1$ it is the first, with $\alpha = 0$ the second. The paper (section 6) mixes them so.

**Exercise 7.1** Write `payBoth`.

<details><summary>Hint</summary>Two parts, each between 0 and 1. Go has no number for a bool: begin with reward := (1 − alpha) times the steps, and add alpha in an if. Mind that steps/2 of two integers is an integer: use float64(v.steps) / 2.</details>
*/

// payBoth pays alpha for a right answer, and the rest for the share of needed steps that are right.
func payBoth(v verdict, alpha float64) float64 {
	// BEGIN SOLUTION
	reward := (1 - alpha) * float64(v.steps) / 2
	if v.answer {
		reward += alpha
	}
	return reward
	// END SOLUTION
}

//check TestPayBoth checkPayBoth

/*md
And the strictest of all: 1 when everything is right, else 0.
*/

func payStrict(v verdict) float64 {
	if v.strict {
		return 1
	}
	return 0
}

/*md
## 3 · Lucky answers

An answer is **lucky** when it is right and its process is not. How much of what a model gets right is luck? The **lucky share**: of all right answers, those that are not strictly right.

**Exercise 7.2** Write `luckyShare`. Where no answer is right, it is 0.

<details><summary>Hint</summary>Count the right answers, and among them the ones that are not strict. Divide the second by the first, not by the number of solutions.</details>
*/

// luckyShare is the share of right answers whose process is wrong.
func luckyShare(all []verdict) float64 {
	// BEGIN SOLUTION
	right, lucky := 0.0, 0.0
	for _, v := range all {
		if v.answer {
			right++
			if !v.strict {
				lucky++
			}
		}
	}
	if right == 0 {
		return 0
	}
	return lucky / right
	// END SOLUTION
}

//check TestLuckyShare checkLuckyShare

/*md
## 4 · Train by each

The policy is a table as in lesson 6: a row of logits for each problem, position and token before. The base leans to the right step, hardly at all in every third problem, and it likes to end once it has named a $p$. Training is GRPO with the laboratory's advantages, one update a step.
*/

// policy is a row of logits for each problem, position and token before.
type policy [][]float64

func row(problem, position, before int) int {
	return (problem*longest+position)*(tokens+1) + before
}

// basePolicy leans to the right next step.
func basePolicy() policy {
	p := make(policy, problems*longest*(tokens+1))
	for i := range p {
		p[i] = make([]float64, tokens)
	}
	for problem := range problems {
		lean := 2.2
		if problem%3 == 0 {
			lean = 0.7
		}
		s, a := sum(problem), numbers+answer(problem)
		for position := range longest {
			for value := range numbers {
				p[row(problem, position, numbers+value)][end] = 3
			}
			p[row(problem, position, s)][a] = lean
		}
		p[row(problem, 0, tokens)][s] = lean // nothing stands before
	}
	return p
}

// attempt is one solution with what it was drawn from.
type attempt struct {
	solution []int
	rows     []int
	verdict  verdict
}

// try draws a solution, with noise that is addressed by number.
func (p policy) try(problem int, number ...uint64) (a attempt) {
	before := tokens
	for position := range longest {
		at := row(problem, position, before)
		chances, token := softmax(p[at]), 0
		u := random.New(1, "rewards lesson", append(number, uint64(problem), uint64(position))...).Float64()
		for ; token < tokens-1 && u >= chances[token]; token++ {
			u -= chances[token]
		}
		a.solution, a.rows = append(a.solution, token), append(a.rows, at)
		if before = token; token == end {
			break
		}
	}
	a.verdict = judge(problem, a.solution)
	return a
}

func softmax(logits []float64) []float64 {
	out, total := make([]float64, len(logits)), 0.0
	for i, z := range logits {
		out[i] = math.Exp(z)
		total += out[i]
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// reward is what a sample is paid; number tells samples apart, for a judge that errs at random.
type reward func(problem int, a attempt, number uint64) float64

// paid is a reward that looks at the verdict alone.
func paid(pay func(verdict) float64) reward {
	return func(_ int, a attempt, _ uint64) float64 { return pay(a.verdict) }
}

// train is GRPO from the base: 8 samples a problem and step, pushed by their advantages.
func train(steps int, pay reward) policy {
	p := basePolicy()
	for step := range uint64(steps) {
		for problem := range problems {
			group, rewards := make([]attempt, 8), make([]float64, 8)
			for i := range group {
				group[i] = p.try(problem, step, uint64(i))
				rewards[i] = pay(problem, group[i], step*8+uint64(i))
			}
			for i, advantage := range grpo.Advantages(rewards, false) {
				for t, token := range group[i].solution {
					logits := p[group[i].rows[t]]
					for j, chance := range softmax(logits) {
						logits[j] -= 0.15 * advantage * chance
					}
					logits[token] += 0.15 * advantage
				}
			}
		}
	}
	return p
}

// measured are 40 new solutions of each problem: strictly right, right answers, their verdicts, mean length.
func measured(p policy) (strict, right, length float64, all []verdict) {
	const each = 40
	for problem := range problems {
		for i := range uint64(each) {
			a := p.try(problem, 1e6, i)
			all, length = append(all, a.verdict), length+float64(len(a.solution))/(each*problems)
			if a.verdict.strict {
				strict += 1.0 / (each * problems)
			}
			if a.verdict.answer {
				right += 1.0 / (each * problems)
			}
		}
	}
	return strict, right, length, all
}

// compare trains by each reward and shows what came of it.
func compare(title string, steps int, names []string, rewards []reward) {
	table := kernelkit.Table{Title: title, Columns: []string{"paid for", "strictly right", "answer right", "lucky, of right answers", "tokens", "problem 7, the first sample"}}
	add := func(name string, p policy) {
		strict, right, length, all := measured(p)
		table.Add(name, strict, right, luckyShare(all), fmt.Sprintf("%.1f", length), written(p.try(7, 1e6, 0).solution))
	}
	add("(the base)", basePolicy())
	for i, pay := range rewards {
		add(names[i], train(steps, pay))
	}
	table.Show()
}

//cell

func RunRewards() {
	defer lesson.Unfinished()
	mix := func(alpha float64) reward { return paid(func(v verdict) float64 { return payBoth(v, alpha) }) }
	compare("Four rewards, 100 steps of GRPO each", 100, []string{"the answer", "the process", "half and half", "everything right"},
		[]reward{mix(1), mix(0), mix(0.5), paid(payStrict)})
}

/*md
Read the columns against each other. Paid for the *answer*, the policy is right most often by that measure, and much of it is luck: a right number that no right step led to earns as much as a solution. Paid for the *process*, it makes the steps but need not end, since the end is paid by nobody. *Half and half* joins them: the steps lead to the answer, the answer asks for the end. *Everything right* pays for exactly what is wanted, and does best here, where the base gets each problem right now and then. On a problem that it never gets right this reward is 0 for all samples, and teaches nothing: it is a **sparse reward**.

## 5 · Write a reward, find its hack

It is tempting to be generous: *half a point for each right step*. A right solution earns 1, a half-right one 0.5.
*/

// payPerStep pays half a point for each right claim.
func payPerStep(v verdict) float64 { return 0.5 * float64(v.right) }

/*md
**Exercise 7.3** Find its **hack** before the policy does: a solution that earns more than the right one, and whose answer is *not* right. Write `hack`: such a solution for each problem, of at most six tokens.

<details><summary>Hint</summary>Which claim is right whenever it is made? sum(problem) is its token. How often may it be made?</details>
*/

// hack is a solution that payPerStep pays more than a right one, without an answer.
func hack(problem int) []int {
	// BEGIN SOLUTION
	s := sum(problem)
	return []int{s, s, s, s, s, s}
	// END SOLUTION
}

//check TestHack checkHack

func RunHack() {
	defer lesson.Unfinished()
	compare("Half a point for each right claim", 300, []string{"each right claim, 300 steps"}, []reward{paid(payPerStep)})
}

/*md
The policy finds what you found. Its reward is three times that of a right solution, and not one of its texts ends in an answer. Nobody told it to; the number did.

**Exercise 7.4** Mend it. Write `payMended`, a reward between 0 and 1, so that

* a strictly right solution earns 1, and nothing else does;
* one right step earns more than none: there is something to climb;
* making the same claim again earns nothing.

The check tries *all* solutions of up to four tokens, and your hack.

<details><summary>Hint</summary>v.steps counts each needed step once. Keep part of the reward for v.strict.</details>
*/

// payMended pays for steps and for being right as a whole.
func payMended(v verdict) float64 {
	// BEGIN SOLUTION
	if v.strict {
		return 1
	}
	return 0.25 * float64(v.steps)
	// END SOLUTION
}

//check TestPayMended checkPayMended everySolution

func RunMended() {
	defer lesson.Unfinished()
	_ = payMended(verdict{})
	compare("The mended reward", 300, []string{"each right claim", "mended", "everything right"}, []reward{paid(payPerStep), paid(payMended), paid(payStrict)})
}

/*md
## 6 · A judge that errs

No judge of real texts is perfect. Let it accept a wrong solution with chance $f$ (a *false accept*) and refuse a right one with chance $r$ (a *false reject*). If a share $x$ of the solutions is right, the judge says *right* of a share

$$y = x (1 - r) + (1 - x) f$$

**Exercise 7.5** Turn it round. Write `corrected`: the share that is really right, from what the judge says and its error rates. (In epidemiology this is the Rogan–Gladen estimator: a test for a disease is a judge.)

<details><summary>Hint</summary>Collect the terms with x: y − f = x (1 − r − f). The result is a share: noise can push it out of 0 to 1, so hold it inside.</details>
*/

// corrected is the share of right solutions behind what a judge with these error rates says.
func corrected(said, falseAccept, falseReject float64) float64 {
	// BEGIN SOLUTION
	x := (said - falseAccept) / (1 - falseReject - falseAccept)
	return min(max(x, 0), 1)
	// END SOLUTION
}

//check TestCorrected checkCorrected

/*md
So errors at random can be counted out. Do they harm *training*? And what of an error that is not random: a judge that finds nothing wrong in a text without steps, so that a lone claim of $p$ passes, whatever it says? Below is how often each errs on the base, and what 300 steps make of it.
*/

// atRandom is strict reward by a judge that errs with these chances.
func atRandom(falseAccept, falseReject float64) reward {
	return func(problem int, a attempt, number uint64) float64 {
		u := random.New(1, "judge that errs", number, uint64(problem)).Float64()
		if a.verdict.strict && u >= falseReject || !a.verdict.strict && u < falseAccept {
			return 1
		}
		return 0
	}
}

// withHole is strict reward by a judge that does not read what has no steps: a lone claim of p passes.
func withHole(_ int, a attempt, _ uint64) float64 {
	if len(a.solution) == 2 && a.solution[0] >= numbers && a.solution[0] < end && a.solution[1] == end {
		return 1
	}
	return payStrict(a.verdict)
}

// accepted is the share of a policy's wrong solutions that a judge accepts.
func accepted(p policy, pay reward) float64 {
	wrong, taken := 0.0, 0.0
	for problem := range problems {
		for i := range uint64(40) {
			if a := p.try(problem, 1e6, i); !a.verdict.strict {
				wrong++
				taken += pay(problem, a, 1e6+i)
			}
		}
	}
	return taken / max(1, wrong)
}

// said is the share of a policy's solutions of which a judge says that they are right.
func said(p policy, pay reward) (share float64) {
	for problem := range problems {
		for i := range uint64(40) {
			share += pay(problem, p.try(problem, 1e6, i), 1e6+i) / (40 * problems)
		}
	}
	return share
}

//cell

func RunErring() {
	defer lesson.Unfinished()
	luckyShare(nil)
	table := kernelkit.Table{Title: "Judges that err, 300 steps of GRPO each", Columns: []string{"judge", "wrong ones of the base that it accepts", "strictly right before", "strictly right after", "the judge says"}}
	before, _, _, _ := measured(basePolicy())
	for _, judge := range []struct {
		name string
		pay  reward
	}{{"without error", atRandom(0, 0)}, {"errs in 10 of 100, at random", atRandom(0.1, 0.1)}, {"errs in 30 of 100, at random", atRandom(0.3, 0.3)}, {"has a hole", withHole}} {
		p := train(300, judge.pay)
		after, _, _, _ := measured(p)
		table.Add(judge.name, accepted(basePolicy(), judge.pay), before, after, said(p, judge.pay))
	}
	table.Show()
}

/*md
Errors at random make learning slower, not wrong: they hit right and wrong solutions of a group alike, and over many groups they cancel. The judge with the hole lets fewer wrong solutions of the base through than the one that errs in 30 of 100, and yet it ruins the training: its error is the same for every sample, so the policy can *learn* it. At the end that judge is content with everything, and about half of it is wrong. That is why lesson 2 looked for false accepts one by one, and why this laboratory's judge is attacked before anything is trained by it.

## 7 · The laboratory's own

The study `04_reward_types` asks the same of a transformer that was trained from scratch, at profile `micro`, four rewards, several seeds. Its committed results are read here, nothing is trained. *Lucky* is your `luckyShare`.
*/

func RunStudy() {
	results := kernelkit.Open("07_rewards", "micro", 1).Study("reward").Run()
	results.Hacking().Show()
	results.Claims().Show()
}

/*md
## What you have now

An eye for the gap between a reward and what is wanted, and three habits: measure what you want beside what you pay, look for the hack before training does, and know how your judge errs. Lesson 8 is an experiment of your own.

**Words of this lesson.** *Reward hacking*: more reward for less of what was wanted. *Hack*: a solution that earns more than it deserves. *Pay for the answer*: an outcome reward, 1 for a right answer however it came about. *Pay for the process*: a reward for right steps, whatever the answer. *Pay for both*: a weighted sum of the two. *Lucky*: a right answer whose process is wrong. *Lucky share*: of all right answers, those that are lucky. *Sparse reward*: one that is 0 for nearly everything, and so seldom teaches.
*/
