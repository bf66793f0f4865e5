// Package sampling is lesson 5 of the course: sampling, and what pass@k says.
package sampling

import (
	"fmt"
	"math"

	"interplay/kernelkit"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/random"
	"interplay/kernelkit/score"
)

/*md
# Lesson 5 · Sampling and pass@k

*A model gives a chance to every next token. What can it do, if we let it try once, or a hundred times?*

| | |
|---|---|
| **You need** | lessons 1–4, or their ideas: tokens, logits, attention |
| **Time** | an hour with the exercises; the notebook runs in a minute |
| **You write** | a sampler, a cache, the estimator of pass@k, an interval |

An exercise is a function that panics until you write it. Replace the `panic`, run the cell, then run the check below it. A check that begins with ✗ says what differs and where to look.
*/

/*md
## 1 · From logits to chances

A model ends in one number for each token of its vocabulary, its **logit**. Divided by the **temperature** $T$ and put through the **softmax** they are chances:

$$p_i = \frac{e^{z_i/T}}{\sum_j e^{z_j/T}}$$

At $T = 1$ they are the model's own. A lower temperature sharpens them, a higher one flattens them. Logits may be large: $e^{1000}$ is infinite in floating point. The chances do not change when the same number is taken from all logits, so take the largest.

**Exercise 5.1** Write `chances`.

<details><summary>Hint</summary>Find the largest of the scaled logits first. Then every exponent is at most 0, and one of them is 0.</details>
*/

// chances is the softmax of logits at a temperature above 0.
func chances(logits []float64, temperature float64) []float64 {
	// BEGIN SOLUTION
	largest := math.Inf(-1)
	for _, z := range logits {
		largest = max(largest, z/temperature)
	}
	p := make([]float64, len(logits))
	total := 0.0
	for i, z := range logits {
		p[i] = math.Exp(z/temperature - largest)
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
	return p
	// END SOLUTION
}

//check TestChances checkChances

func RunTemperature() {
	defer lesson.Unfinished()
	table := kernelkit.Table{Title: "Chances of four tokens with logits 2, 1, 0, −1", Columns: []string{"temperature", "first", "second", "third", "fourth"}}
	for _, t := range []float64{0.3, 0.7, 1, 2} {
		p := chances([]float64{2, 1, 0, -1}, t)
		table.Add(fmt.Sprint(t), p[0], p[1], p[2], p[3])
	}
	table.Show()
}

/*md
## 2 · Drawing a token, the same one on every machine

Programs usually draw from one stream of random numbers. Then the 5th sample depends on how many numbers the first four took, and another batch size gives another text. The laboratory **addresses** its noise instead: the number for token $i$ at position $t$ of sample $s$ is a function of the seed and of $(s, t, i)$. Nothing is consumed, so nothing can shift.

The **Gumbel trick** turns such numbers into a draw. With $u_i$ uniform in (0, 1), the token with the largest

$$z_i/T - \log(-\log u_i)$$

is distributed exactly as the softmax says. No sum over the vocabulary, no search.

**Exercise 5.2** Write `draw`. `uniform(i)` is the number $u_i$ of token $i$.

<details><summary>Hint</summary>Keep the best token and its value while you go through the logits. Only the logit is divided by the temperature, the noise is not.</details>
*/

// draw returns the token that the Gumbel trick chooses.
func draw(logits []float64, temperature float64, uniform func(token int) float64) int {
	// BEGIN SOLUTION
	best, value := 0, math.Inf(-1)
	for i, z := range logits {
		if v := z/temperature - math.Log(-math.Log(uniform(i))); v > value {
			best, value = i, v
		}
	}
	return best
	// END SOLUTION
}

//check TestDraw checkDraw

func RunFrequencies() {
	defer lesson.Unfinished()
	logits, counts := []float64{2, 1, 0, -1}, make([]float64, 4)
	const draws = 20000
	for s := range uint64(draws) {
		counts[draw(logits, 0.7, func(i int) float64 { return random.New(1, "lesson", s, uint64(i)).Float64() })] += 1.0 / draws
	}
	table := kernelkit.Table{Title: "20,000 draws at temperature 0.7", Columns: []string{"token", "chance", "share of the draws"}}
	for i, p := range chances(logits, 0.7) {
		table.Add(i+1, p, counts[i])
	}
	table.Show()
}

/*md
## 3 · A cache that changes nothing

To write token $t$ a model attends to all tokens before it. Computed anew for each token, that is most of the work done over and over: the keys and values of old tokens never change. So a sampler keeps them, the **KV cache**, and computes one query a step.

One head of attention, without matrices: the token at position $t$ has a query $q_t$, a key $k_t$ and a value $v_t$. Its output is the mean of $v_0 … v_t$, weighted by the softmax of $q_t·k_j / \sqrt d$.

Below is the full form: all positions, everything anew.
*/

// head is what one head of attention has of a text: a row a token.
type head struct{ q, k, v [][]float64 }

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// mix is what one query gets from keys and values: their mean, weighted by how well the keys fit.
func mix(q []float64, keys, values [][]float64) []float64 {
	out, total := make([]float64, len(values[0])), 0.0
	for j, k := range keys {
		weight := math.Exp(dot(q, k) / math.Sqrt(float64(len(q))))
		total += weight
		for i, v := range values[j] {
			out[i] += weight * v
		}
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// attend is causal attention of all positions: row t sees the rows 0 to t.
func (h head) attend() [][]float64 {
	var out [][]float64
	for t, q := range h.q {
		out = append(out, mix(q, h.k[:t+1], h.v[:t+1]))
	}
	return out
}

/*md
**Exercise 5.3** Write `step`: it gets the query, key and value of *one* new token, and returns the same output as the last row of the full form.

<details><summary>Hint</summary>The new token sees itself: its key and value join the cache before the scores are computed.</details>
*/

// cache are the keys and values of the tokens so far.
type cache struct{ k, v [][]float64 }

// step adds a token to the cache and returns its output.
func (c *cache) step(q, k, v []float64) []float64 {
	// BEGIN SOLUTION
	c.k, c.v = append(c.k, k), append(c.v, v)
	return mix(q, c.k, c.v)
	// END SOLUTION
}

//check TestCache checkCache near randomHead

/*md
## 4 · pass@k

Let a model try a problem $n$ times, and let $c$ of the tries be right. **pass@k** is the chance that at least one of $k$ tries is right. It tells two things apart: what a model usually does (pass@1), and what it can do at all (pass@k for large k).

The obvious estimate takes $c/n$ for the chance of one try and computes $1 - (1 - c/n)^k$. It is **biased**: from few tries it is too low on average. The unbiased one counts: of all ways to choose $k$ of the $n$ tries, how many hold a right one?

$$\text{pass@}k = 1 - \binom{n-c}{k} \Big/ \binom{n}{k} = 1 - \prod_{i=0}^{k-1} \frac{n-c-i}{n-i}$$

**Exercise 5.4** Write `passAtK`. With $n = 1024$ the binomials overflow, the product does not.

<details><summary>Hint</summary>If fewer than k tries are wrong, every choice holds a right one. The product is then not needed.</details>
*/

// passAtK is the unbiased estimate of pass@k from c right tries of n.
func passAtK(n, c, k int) float64 {
	// BEGIN SOLUTION
	if n-c < k {
		return 1
	}
	missed := 1.0
	for i := range k {
		missed *= float64(n-c-i) / float64(n-i)
	}
	return 1 - missed
	// END SOLUTION
}

//check TestPassAtK checkPassAtK

func RunBias() {
	defer lesson.Unfinished()
	const p, n, repeats = 0.1, 8, 20000
	table := kernelkit.Table{Title: "A problem that one try solves with chance 0.1: estimates from 8 tries, mean of 20,000 repetitions", Columns: []string{"k", "truth", "unbiased", "naive"}}
	for _, k := range []int{1, 2, 4, 8} {
		unbiased, naive := 0.0, 0.0
		for r := range uint64(repeats) {
			s, c := random.New(1, "bias", r), 0
			for range n {
				if s.Float64() < p {
					c++
				}
			}
			unbiased += passAtK(n, c, k) / repeats
			naive += (1 - math.Pow(1-float64(c)/n, float64(k))) / repeats
		}
		table.Add(k, 1-math.Pow(1-p, float64(k)), unbiased, naive)
	}
	table.Show()
}

/*md
## 5 · How sure is that number?

A benchmark has a few hundred problems, and pass@k of a model is the mean over them. Other problems would have given another mean. Its **standard error** says how far it would move:

$$\text{se} = \frac{s}{\sqrt m}, \qquad s^2 = \frac{1}{m-1}\sum_i (x_i - \bar x)^2$$

for $m$ problems with values $x_i$. The mean ± 1.96 se is an interval that holds the truth in about 95 of 100 repetitions, when $m$ is not small. The tries of one problem are no independent evidence: what is counted is problems.

**Exercise 5.5** Write `interval`.

<details><summary>Hint</summary>The sum of squares is divided by m − 1: the mean was computed from the same values, and lies closer to them than the truth does.</details>
*/

// interval is the mean of values over problems and its 95 % interval.
func interval(values []float64) (mean, low, high float64) {
	// BEGIN SOLUTION
	m := float64(len(values))
	for _, x := range values {
		mean += x / m
	}
	squares := 0.0
	for _, x := range values {
		squares += (x - mean) * (x - mean)
	}
	se := math.Sqrt(squares/(m-1)) / math.Sqrt(m)
	return mean, mean - 1.96*se, mean + 1.96*se
	// END SOLUTION
}

//check TestInterval checkInterval

/*md
## 6 · How curves seem to cross

A claim that is often made: RL makes a model better at pass@1 and *worse* at pass@k for large k, so their curves *cross*. Here are two models on 64 problems. The first solves half of the problems for sure, and the others never. The second solves every problem with chance 0.3. Their curves cross, and the crossing is real.

Now take the *same* model twice, with 16 tries each. The two curves cross here and there too, by luck alone. How often?
*/

func RunCrossings() {
	defer lesson.Unfinished()
	ks := []int{1, 2, 4, 8, 16}
	curve := func(model, repeat uint64) []float64 {
		pass := make([]float64, len(ks))
		for problem := range uint64(64) {
			chance := random.New(1, "difficulty", problem).Float64() // of this problem, for both
			s, c := random.New(1, "tries", model, repeat, problem), 0
			for range 16 {
				if s.Float64() < chance*chance {
					c++
				}
			}
			for i, k := range ks {
				pass[i] += passAtK(16, c, k) / 64
			}
		}
		return pass
	}
	crossed := 0
	const repeats = 500
	for r := range uint64(repeats) {
		a, b := curve(1, r), curve(2, r)
		if (a[0] > b[0]) != (a[len(ks)-1] > b[len(ks)-1]) {
			crossed++
		}
	}
	kernelkit.Text("Two runs of one and the same model", fmt.Sprintf("their curves of pass@1 to pass@16 cross in %.0f of 100 comparisons", 100*float64(crossed)/repeats))
}

/*md
So a crossing needs an interval as much as any number does. The studies of this laboratory give one: over problems *and* over seeds, because another seed trains another model.

**Exercise 5.6** Problems differ, and both models try the same ones. Then the difference of two models is measured best problem by problem: **paired**. Write `pairedInterval`: the interval of the mean difference $b_i - a_i$.

<details><summary>Hint</summary>The differences are values over problems. You have written what computes their interval; this check does not wait for it, so write the sum again or call yours.</details>
*/

// pairedInterval is the mean of b − a over the same problems and its 95 % interval.
func pairedInterval(a, b []float64) (mean, low, high float64) {
	// BEGIN SOLUTION
	m := float64(len(a))
	for i := range a {
		mean += (b[i] - a[i]) / m
	}
	squares := 0.0
	for i := range a {
		d := b[i] - a[i] - mean
		squares += d * d
	}
	se := math.Sqrt(squares / (m - 1) / m)
	return mean, mean - 1.96*se, mean + 1.96*se
	// END SOLUTION
}

//check TestPairedInterval checkPairedInterval

/*md
The laboratory's own estimator gives the same numbers as yours; the comparison below runs over all $c$ and $k$ for $n = 32$.
*/

func RunAgainstTheLaboratory() {
	defer lesson.Unfinished()
	worst := 0.0
	for c := range 33 {
		for k := 1; k <= 32; k++ {
			theirs, err := score.PassAtK(32, c, k)
			if err != nil {
				panic(err)
			}
			worst = max(worst, math.Abs(theirs-passAtK(32, c, k)))
		}
	}
	kernelkit.Text("Largest difference from the laboratory's pass@k", fmt.Sprintf("%.1e", worst))
}

/*md
## What you have now

A sampler whose texts do not depend on the batch, a cache that is only a shortcut, and numbers that say how sure they are. Lesson 6 makes the model learn from its own samples.

**Words of this lesson.** *Logit*: what a model gives a token before the softmax. *Softmax*: what turns logits into chances that add up to 1. *Temperature*: what logits are divided by. *Gumbel trick*: a draw from a softmax as the largest of logits with noise. *Biased*: wrong on average, however often it is repeated. *Addressed noise*: random numbers that are a function of where they are used. *KV cache*: keys and values of the tokens so far. *pass@k*: the chance that one of k tries is right. *Standard error*: how far a mean would move with other problems. *Paired*: compared problem by problem.
*/
