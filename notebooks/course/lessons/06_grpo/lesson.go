// Package grpo is lesson 6 of the course: GRPO from scratch.
package grpo

import (
	"fmt"
	"math"
	"slices"

	"interplay/kernelkit"
	laboratory "interplay/kernelkit/grpo"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/random"
)

/*md
# Lesson 6 · GRPO from scratch

*A model writes a few solutions, a judge says which are right. How does it learn from that?*

| | |
|---|---|
| **You need** | lesson 5: sampling, log-probabilities, pass@k |
| **Time** | an hour and a half with the exercises; the notebook runs in about four minutes |
| **You write** | advantages, the clipped loss, its gradient, the KL term, the mask |

**GRPO** (group relative policy optimisation, arXiv 2402.03300) has four parts: a **group** of samples for each problem; an **advantage** for each sample, which says how much better it did than its group; a **loss** that makes good samples likelier, but not by too much at once; and a step of gradient descent. You write each part by hand, without a library, for a policy so small that every number can be looked at. At the end the laboratory does the same with a transformer.
*/

/*md
## 1 · A small world

Numbers are modulo 5. A problem is two numbers, $a$ and $b$. A solution is two steps and an end: first $s = a + b$, then $s · a$, then *end*. As tokens: `0` to `4`, and `5` for the end.

The **policy** is a table: for each state (the problem, the position, the token before) a row of six logits, and for each position one more row that all problems share. The sum of both is what a transformer would compute. What is learned in the shared row helps every problem, or harms it. The base policy leans to the right token, a little for most problems and hardly at all for every third, as a model does that pre-training has taught half of its task.
*/

const (
	numbers = 5
	tokens  = numbers + 1 // the last one ends a solution
	length  = 3           // of a solution
	group   = 8           // samples a problem
)

// policy is a row of logits for each state, and one for each position.
type policy struct{ own, shared [][]float64 }

// state is the row of a problem (a, b) at a position behind a token.
func state(problem, position, before int) int { return (problem*length+position)*tokens + before }

// right is the token that a right solution has at a position.
func right(problem, position int) int {
	a, b := problem/numbers, problem%numbers
	return []int{(a + b) % numbers, (a + b) * a % numbers, numbers}[position]
}

// basePolicy leans to the right token where the solution so far is right.
func basePolicy() policy {
	p := policy{rows(numbers * numbers * length * tokens), rows(length)}
	for problem := range numbers * numbers {
		before, lean := 0, 1.3
		if problem%3 == 0 {
			lean = 0.3
		}
		for position := range length {
			token := right(problem, position)
			p.own[state(problem, position, before)][token] = lean
			before = token
		}
	}
	return p
}

func rows(n int) [][]float64 {
	all := make([][]float64, n)
	for i := range all {
		all[i] = make([]float64, tokens)
	}
	return all
}

// logits is the sum of a state's row and the shared one of its position.
func (p policy) logits(state int) []float64 {
	out := append([]float64(nil), p.own[state]...)
	for i, z := range p.shared[state/tokens%length] {
		out[i] += z
	}
	return out
}

// chances is the softmax of a row.
func chances(logits []float64) []float64 {
	out, total := make([]float64, len(logits)), 0.0
	for i, z := range logits {
		out[i] = math.Exp(z - slices.Max(logits))
		total += out[i]
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

//cell

// sample is one attempt at a problem.
type sample struct {
	problem int
	tokens  [length]int
	states  [length]int
	logProb [length]float64 // of each token, when it was drawn
	reward  float64         // 1 when every step is right
}

// try draws a solution. Its noise is addressed by number, as in lesson 5.
func (p policy) try(problem int, number ...uint64) sample {
	s, before := sample{problem: problem, reward: 1}, 0
	for position := range length {
		row := state(problem, position, before)
		all := chances(p.logits(row))
		u := random.New(1, "grpo lesson", append(number, uint64(problem), uint64(position))...).Float64()
		token := 0
		for ; token < tokens-1 && u >= all[token]; token++ {
			u -= all[token]
		}
		s.tokens[position], s.states[position], s.logProb[position] = token, row, math.Log(all[token])
		if token != right(problem, position) {
			s.reward = 0
		}
		before = token
	}
	return s
}

// passAtK is the mean over all problems of the chance that one of k samples is right, from 32 samples each.
func (p policy) passAtK(k int) (mean float64) {
	for problem := range numbers * numbers {
		missed, wrong := 1.0, 0
		for i := range uint64(32) {
			if p.try(problem, 999, i).reward == 0 {
				wrong++
			}
		}
		for i := range k {
			missed *= max(0, float64(wrong-i)) / float64(32-i)
		}
		mean += (1 - missed) / (numbers * numbers)
	}
	return mean
}

//cell

func RunBase() {
	p := basePolicy()
	kernelkit.Text("The base policy", fmt.Sprintf("pass@1 %.2f, pass@8 %.2f: it can, but seldom does", p.passAtK(1), p.passAtK(8)))
}

/*md
## 2 · Advantages

For each problem the policy writes a group of samples, each with a reward $R$. A sample's **advantage** compares it with its group:

$$A_i = \frac{R_i - \text{mean}(R)}{\text{std}(R) + \varepsilon}, \qquad \varepsilon = 10^{-6}$$

with the sample standard deviation (divided by $n-1$). No other network has to guess how hard the problem is: the group says it. Where all samples did equally well there is nothing to learn, and every advantage is 0.

**Exercise 6.1** Write `advantages`.

<details><summary>Hint</summary>ε is added to the standard deviation, not to the variance. With equal rewards the numerator is 0, and ε keeps 0/0 from happening.</details>
*/

// advantages compares each reward of a group with the others.
func advantages(rewards []float64) []float64 {
	// BEGIN SOLUTION
	n, mean, squares := float64(len(rewards)), 0.0, 0.0
	for _, r := range rewards {
		mean += r / n
	}
	for _, r := range rewards {
		squares += (r - mean) * (r - mean)
	}
	out := make([]float64, len(rewards))
	for i, r := range rewards {
		out[i] = (r - mean) / (math.Sqrt(squares/(n-1)) + 1e-6)
	}
	return out
	// END SOLUTION
}

//check TestAdvantages checkAdvantages

/*md
## 3 · The clipped loss

A sample was drawn by the policy as it was, the *old* one. The **ratio** says how much likelier the policy makes a token now:

$$r = \frac{\pi(\text{token})}{\pi_\text{old}(\text{token})} = e^{\ell - \ell_\text{old}}$$

with $\ell$ the log-probabilities. We want $r·A$ large. But the samples say little about policies far away from the old one, so the ratio is **clipped** to $[1-c, 1+c]$, and of both forms the worse one counts:

$$\text{loss} = -\min\big(r·A,\ \text{clip}(r, 1-c, 1+c)·A\big)$$

A good token ($A > 0$) gains nothing beyond $r = 1 + c$; a bad one gains nothing below $1 - c$. What has gone the *wrong* way is never clipped: there the gradient must bring it back.

**Exercise 6.2** Write `tokenLoss`.

<details><summary>Hint</summary>Think of A = −1 and r = 2: a bad token that became likelier. The loss must be 2, not 1.2.</details>
*/

// tokenLoss is the clipped loss of one token, from its log-probability now and when it was drawn.
func tokenLoss(logProb, old, advantage, clip float64) float64 {
	// BEGIN SOLUTION
	r := math.Exp(logProb - old)
	held := min(max(r, 1-clip), 1+clip)
	return -min(r*advantage, held*advantage)
	// END SOLUTION
}

//check TestTokenLoss checkTokenLoss

/*md
## 4 · The gradient

Gradient descent needs the slope of the loss in each logit of the token's row. It is a product of two slopes.

*The loss in the log-probability.* Where the clipped form counts and is flat, it is 0. Elsewhere the loss is $-r·A$ and its slope in $\ell$ is $-r·A$ again, since $r = e^{\ell-\ell_\text{old}}$.

*The log-probability in the logits.* With $p$ the chances of the row and $y$ the token that was drawn, the slope of $\ell$ in logit $i$ is $1 - p_i$ for $i = y$, and $-p_i$ for the others. In words: push the drawn token up, and all tokens down by their chances.

**Exercise 6.3** Write `logitGradient`: the slope of the loss in each logit of the row.

<details><summary>Hint</summary>First decide whether the token is clipped: A > 0 and r > 1 + c, or A < 0 and r < 1 − c. Then the gradient is all zeros.</details>
*/

// logitGradient is the gradient of tokenLoss in the logits of the token's row, whose chances are p.
func logitGradient(p []float64, token int, old, advantage, clip float64) []float64 {
	// BEGIN SOLUTION
	out := make([]float64, len(p))
	r := math.Exp(math.Log(p[token]) - old)
	if advantage > 0 && r > 1+clip || advantage < 0 && r < 1-clip {
		return out
	}
	for i := range out {
		out[i] = r * advantage * p[i]
	}
	out[token] -= r * advantage
	return out
	// END SOLUTION
}

//check TestLogitGradient checkLogitGradient

/*md
## 5 · Staying near the start

RL can wander: what earns no reward is free to change. A **KL** term pulls the policy back to a reference, usually the base. It is estimated from the drawn token alone, by an expression that is never negative and 0 only where both agree (called *k3*):

$$k_3 = e^{d} - d - 1, \qquad d = \ell_\text{ref} - \ell$$

Its slope in $\ell$ is $1 - e^{d}$.

**Exercise 6.4** Write `k3`, the estimate and its slope in the log-probability.

<details><summary>Hint</summary>Mind the order in d: reference minus policy. The slope of d in ℓ is −1.</details>
*/

// k3 is the estimate of KL(policy ‖ reference) from one token, and its slope in logProb.
func k3(logProb, reference float64) (value, slope float64) {
	// BEGIN SOLUTION
	d := reference - logProb
	return math.Exp(d) - d - 1, 1 - math.Exp(d)
	// END SOLUTION
}

//check TestK3 checkK3

/*md
## 6 · Which tokens count

A transformer sees prompt and solution in one row: $n$ tokens, the first `prompt` of them not its own. The output at position $t$ gives the chances of token $t + 1$. So the outputs that RL learns from are those whose *next* token is one of the solution, and what stands behind the end token is padding. Rows are padded to equal length; `written` is the number of tokens of prompt and solution together.

**Exercise 6.5** Write `mask`: for each of the `row` positions, whether its output is learned from.

<details><summary>Hint</summary>Position prompt − 1 predicts the first token of the solution. The last token of the solution predicts nothing that was drawn.</details>
*/

// mask tells the positions of a row whose next token belongs to the solution.
func mask(row, prompt, written int) []bool {
	// BEGIN SOLUTION
	learned := make([]bool, row)
	for t := range learned {
		learned[t] = t+1 >= prompt && t+1 < written
	}
	return learned
	// END SOLUTION
}

//check TestMask checkMask

/*md
## 7 · One step

Everything together. Read it from top to bottom: this is all there is to GRPO.
*/

// metrics are what one watches during RL.
type metrics struct {
	reward  float64 // mean of all samples
	equal   float64 // share of groups whose samples did equally well, and teach nothing
	pushed  float64 // share of tokens with an advantage other than 0
	clipped float64 // share of tokens whose gradient is 0 because of the clip
	entropy float64 // of the tokens that were drawn: how undecided the policy is, in nats
	drift   float64 // mean of k3 against the base, in nats a token
}

// setting are the knobs of a step. The zero value of a broken… is the right way.
type setting struct {
	rate, clip, kl float64 // the shared rows move a quarter as fast as the own ones
	updates        int     // passes over the same samples

	brokenEpsilon bool // std of a group without ε, and rewards that differ by rounding only
	brokenMask    bool // each token learns from its neighbour's place
	brokenRatio   bool // the old log-probabilities are taken anew before each update, nothing is ever clipped
}

// watch adds one of many tokens, with this share of all, to the metrics.
func (m *metrics) watch(p, advantage, slope, drift, share float64) {
	if advantage != 0 {
		m.pushed += share
		if slope == 0 {
			m.clipped += share
		}
	}
	m.drift += drift * share
	m.entropy -= math.Log(p) * share
}

// withoutEpsilon is what advantages are without ε when rewards are sums of parts: equal ones differ
// in a late digit, and the division makes that as large as a success. Multiplied by a billion
// billions, rewards are so large that ε no longer counts.
func withoutEpsilon(rewards []float64, number uint64) []float64 {
	large := make([]float64, len(rewards))
	for i, r := range rewards {
		large[i] = 1e18 * (r + 1e-12*random.New(2, "rounding", number, uint64(i)).Float64())
	}
	return advantages(large)
}

//cell

// step is one step of GRPO: samples, rewards, advantages, updates.
func (p policy) step(number uint64, base policy, s setting) (m metrics) {
	var all []sample
	var advantage []float64
	for problem := range numbers * numbers {
		rewards := make([]float64, group)
		for i := range rewards {
			drawn := p.try(problem, number, uint64(i))
			all, rewards[i] = append(all, drawn), drawn.reward
			m.reward += drawn.reward / (group * numbers * numbers)
		}
		if slices.Max(rewards) == slices.Min(rewards) {
			m.equal += 1.0 / (numbers * numbers)
		}
		if s.brokenEpsilon {
			advantage = append(advantage, withoutEpsilon(rewards, number*numbers*numbers+uint64(problem))...)
		} else {
			advantage = append(advantage, advantages(rewards)...)
		}
	}
	count := float64(len(all) * length)
	for range s.updates {
		for i, x := range all {
			for t, token := range x.tokens {
				row, old := x.states[t], x.logProb[t]
				if s.brokenMask {
					row = x.states[(t+1)%length]
				}
				now := chances(p.logits(row))
				if s.brokenRatio {
					old = math.Log(now[token])
				}
				gradient := logitGradient(now, token, old, advantage[i], s.clip)
				value, slope := k3(math.Log(now[token]), math.Log(chances(base.logits(row))[token]))
				m.watch(now[token], advantage[i], gradient[token], value, 1/count/float64(s.updates))
				for j := range gradient {
					known := -now[j]
					if j == token {
						known++
					}
					move := s.rate * (gradient[j] + s.kl*slope*known)
					p.own[row][j] -= move
					p.shared[row/tokens%length][j] -= move / 4
				}
			}
		}
	}
	return m
}

//cell

// run trains a copy of the base for some steps and shows the metrics on the way.
func run(title string, steps int, s setting) policy {
	base, p := basePolicy(), basePolicy()
	table := kernelkit.Table{Title: title, Columns: []string{"step", "reward", "groups of equals", "pushed", "clipped", "entropy", "drift"}}
	for n := range steps {
		m := p.step(uint64(n), base, s)
		if n%(steps/6) == 0 || n == steps-1 {
			table.Add(n+1, m.reward, m.equal, m.pushed, m.clipped, m.entropy, m.drift)
		}
	}
	table.Note = fmt.Sprintf("After it: pass@1 %.2f, pass@8 %.2f. Before it: %.2f, %.2f.", p.passAtK(1), p.passAtK(8), base.passAtK(1), base.passAtK(8))
	table.Show()
	return p
}

/*md
## 8 · Watch it learn

The base solves one problem in twenty at the first try. After 60 steps?
*/

func RunLearn() {
	defer lesson.Unfinished()
	run("GRPO, two updates a step", 60, setting{rate: 0.2, clip: 0.2, updates: 2})
}

/*md
What to read in such a table. The **reward** rises first slowly, then fast, then flattens. **Groups of equals** are many at the start (all wrong) and many at the end (all right): in between there is most to learn. **Entropy** falls: the policy makes up its mind. **Drift** grows: it leaves the base.

## 9 · Break it

Each of these mistakes has cost somebody a week. Run them and look at the metrics.

**A group of equals without ε.** Rewards are often sums of parts, and equal ones differ in a late digit. Without ε that digit becomes an advantage as large as a success.
*/

func RunBrokenEpsilon() {
	defer lesson.Unfinished()
	run("broken: no ε", 60, setting{rate: 0.2, clip: 0.2, updates: 2, brokenEpsilon: true})
}

/*md
*What it looks like*: **pushed** is 1 in every step. Even when nearly all groups are groups of equals, all tokens are pushed, and those groups push at random. The reward lags behind for most of the run.

**The mask is off by one.** Each token's advantage goes to its neighbour's place.
 */

func RunBrokenMask() {
	defer lesson.Unfinished()
	run("broken: mask off by one", 60, setting{rate: 0.2, clip: 0.2, updates: 2, brokenMask: true})
}

/*md
*What it looks like*: the reward falls to nothing while drift rises. The policy moves, but not where the reward is. Then all groups are equal, all wrong, and nothing moves any more.

**A stale policy, and nobody noticing.** The same samples are used for twenty updates, and the old log-probabilities are taken anew before each: the ratio is always 1, and the clip never bites.
 */

// ends is where twenty updates a step lead, with or without a ratio that means something.
func ends(noise uint64, brokenRatio bool) float64 {
	base, p := basePolicy(), basePolicy()
	for n := range uint64(30) {
		p.step(1000*noise+n, base, setting{rate: 0.2, clip: 0.2, updates: 20, brokenRatio: brokenRatio})
	}
	return p.passAtK(8)
}

func RunBrokenRatio() {
	defer lesson.Unfinished()
	run("right: twenty updates with the clip", 60, setting{rate: 0.2, clip: 0.2, updates: 20})
	run("broken: twenty updates, ratio always 1", 60, setting{rate: 0.2, clip: 0.2, updates: 20, brokenRatio: true})
	table := kernelkit.Table{Title: "pass@8 after 30 steps, with other noise", Columns: []string{"noise", "with the clip", "ratio always 1"}}
	for noise := range uint64(6) {
		table.Add(noise+1, ends(noise+1, false), ends(noise+1, true))
	}
	table.Show()
}

/*md
*What it looks like*: clipped is 0 in every step, drift is enormous from the first on, and pass@8 stops at about a half where the clip brings it to 1: what the first lucky samples did is nearly all that is left, since the shared rows carry it to every problem. Where exactly it ends is luck; the last table shows how much.

## 10 · The laboratory's own

The laboratory computes advantages by the same formula. It leaves a group of equals at exactly 0, as yours does.
*/

func RunAgainstTheLaboratory() {
	defer lesson.Unfinished()
	worst := 0.0
	for n := range uint64(1000) {
		s := random.New(3, "groups", n)
		rewards := make([]float64, 2+s.IntN(14))
		for i := range rewards {
			rewards[i] = float64(s.IntN(3)) / 2
		}
		theirs := laboratory.Advantages(rewards, false)
		for i, a := range advantages(rewards) {
			worst = max(worst, math.Abs(a-theirs[i]))
		}
	}
	kernelkit.Text("Largest difference from the laboratory's advantages in 1,000 groups", fmt.Sprintf("%.1e", worst))
}

/*md
And the same algorithm with a transformer instead of a table: the decoder of the walkthrough, trained from scratch and then by GRPO. It takes about three minutes the first time, and nothing the second.
*/

func RunTransformer() {
	lab := kernelkit.Open("06_grpo", "smoke", 1)
	lab.Reinforce(lab.Pretrain()).RewardCurve().Show()
}

/*md
## What you have now

All parts of GRPO, and an eye for three ways in which it breaks. Lesson 7 asks what the reward really pays for.

**Words of this lesson.** *GRPO*: reinforcement learning whose samples are compared with others of the same problem. *Reward*: the number that a sample is paid. *Loss*: the number that training makes small. *Group of equals*: samples that did equally well, and teach nothing. *Drift*: how far training has moved from the base. *Pushed*: the share of tokens that an advantage moves. *Policy*: the model, seen as what chooses tokens. *Group*: the samples of one problem. *Advantage*: how much better a sample did than its group. *Ratio*: how much likelier the policy makes a token than when it was drawn. *Clip*: the bound beyond which a ratio earns no more. *KL*: how far a policy is from a reference. *Entropy*: how undecided a policy is.
*/
