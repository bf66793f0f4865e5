// Package experiment is lesson 8 of the course: an experiment of your own.
package experiment

import (
	"fmt"
	"math"

	"interplay/kernelkit"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/random"
)

/*md
# Lesson 8 · Your own experiment

*You changed something, and the number went up. Did what you changed do that?*

| | |
|---|---|
| **You need** | lesson 5: intervals, paired differences; lesson 6: GRPO |
| **Time** | an hour with the exercises; the notebook runs in about three minutes on two idle cores, and takes 1.1 GB of memory the first time, 0.9 GB afterwards |
| **You write** | a rule and its verdict, an interval over seeds, the power of an experiment, the number of seeds |

Train the same model twice with another seed, and it scores otherwise, often by as much as the improvements that papers report. So an experiment begins before anything runs: with a question, a **claim**, a **rule** that says what the numbers must do for the claim to hold, and a number of **seeds** that can decide it. Then it runs, once. Then there is a **verdict**, whatever it is.
*/

/*md
## 1 · A claim and its rule

A claim is about an **effect**: a difference between two **arms** of the experiment, such as *pass@1 with the new reward minus pass@1 with the old one*. What is measured is an interval of the effect, `low` to `high`. The rule looks at the whole interval:

* *above x*: the claim **agrees** with the data when the interval lies above x, and is **contradicted** when it lies below;
* *below x*: the other way round;
* *within x*: it agrees when the interval lies between −x and x, and is contradicted when it lies outside of that altogether;
* in all other cases it is **undecided**. That is an answer too: these data cannot tell.

**Exercise 8.1** Write `verdict`.

<details><summary>Hint</summary>Ask for "agrees" first, then for "contradicted", and return "undecided" at the end. An interval that reaches over the threshold decides nothing, wherever its middle is.</details>
*/

// rule says what the interval of an effect must do.
type rule struct {
	direction string // "above", "below" or "within"
	x         float64
}

// verdict is "agrees", "contradicted" or "undecided".
func verdict(low, high float64, r rule) string {
	// BEGIN SOLUTION
	obeys := map[string]bool{"above": low > r.x, "below": high < r.x, "within": low > -r.x && high < r.x}
	breaks := map[string]bool{"above": high < r.x, "below": low > r.x, "within": low > r.x || high < -r.x}
	switch {
	case obeys[r.direction]:
		return "agrees"
	case breaks[r.direction]:
		return "contradicted"
	}
	return "undecided"
	// END SOLUTION
}

//check TestVerdict checkVerdict

/*md
## 2 · An interval over seeds

Run both arms with the seeds 1, 2, 3 …: the same seed gives both the same start, so the difference of each seed is **paired** (lesson 5). With $n$ differences, their mean $\bar d$ and their standard deviation $s$ (divided by $n - 1$), the interval is

$$\bar d \pm t_{n-1} \frac{s}{\sqrt n}$$

With many values the factor is 1.96, as in lesson 5. With few, $s$ itself is uncertain, and the factor of **Student's t** is larger: 12.7 for two seeds, 4.3 for three, 2.8 for five.

**Exercise 8.2** Write `seedInterval`. The factors are given: `student[n]` for n seeds.

<details><summary>Hint</summary>As the interval of lesson 5, with student[n] where 1.96 stood.</details>
*/

// student are the factors of a 95 % interval from n values, for n from 2 to 12.
var student = map[int]float64{2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262, 11: 2.228, 12: 2.201}

// seedInterval is the mean of the seeds' differences and its 95 % interval.
func seedInterval(differences []float64) (mean, low, high float64) {
	// BEGIN SOLUTION
	n := float64(len(differences))
	for _, d := range differences {
		mean += d / n
	}
	squares := 0.0
	for _, d := range differences {
		squares += (d - mean) * (d - mean)
	}
	half := student[len(differences)] * math.Sqrt(squares/(n-1)/n)
	return mean, mean - half, mean + half
	// END SOLUTION
}

//check TestSeedInterval checkSeedInterval

/*md
## 3 · Could it have been found?

Suppose that the effect is really there, say 4 points, and that seeds spread by 3 points. Will three seeds show it? The **power** of an experiment is the chance that it finds what is there: here, that the interval lies above 0. An experiment of low power is a waste, and worse: the few times that it finds something, what it finds is mostly luck.

Power can be computed by a formula, or simply tried: pretend the experiment a thousand times.

**Exercise 8.3** Write `power`: the share of 1,000 pretended experiments whose interval lies above 0. `pretend` gives the differences of one of them; number them from 0.

<details><summary>Hint</summary>A loop over number, pretend, seedInterval, and a count of low > 0. This check uses your function of exercise 8.2.</details>
*/

// pretend are the differences of an experiment whose true effect and spread over seeds are known.
func pretend(seeds int, effect, spread float64, number uint64) []float64 {
	all := make([]float64, seeds)
	for i := range all {
		s := random.New(1, "pretended experiment", number, uint64(i))
		all[i] = effect + spread*s.Norm()
	}
	return all
}

// power is the chance that so many seeds find an effect above 0.
func power(seeds int, effect, spread float64) float64 {
	// BEGIN SOLUTION
	found := 0.0
	for number := range uint64(1000) {
		if _, low, _ := seedInterval(pretend(seeds, effect, spread, number)); low > 0 {
			found++
		}
	}
	return found / 1000
	// END SOLUTION
}

//check TestPower checkPower

func RunPowerTable() {
	defer lesson.Unfinished()
	table := kernelkit.Table{Title: "Power: the chance to find an effect, when seeds spread by 3 points", Columns: []string{"seeds", "no effect", "2 points", "4 points", "6 points", "10 points"}}
	for _, seeds := range []int{2, 3, 4, 5, 6, 8, 10, 12} {
		row := []any{seeds}
		for _, effect := range []float64{0, 2, 4, 6, 10} {
			row = append(row, power(seeds, effect, 3))
		}
		table.Add(row...)
	}
	table.Show()
}

/*md
Read a column from the top: how many seeds until the chance is 0.8, which is what one usually asks for? Two seeds find next to nothing, whatever is there. And where nothing is there, one experiment in forty claims to have found something: that is what 95 % means, half of the misses on each side.

**Exercise 8.4** Write `seedsFor`: the smallest number of seeds, from 2 to 12, whose power is at least `wanted`. Where even 12 are too few, return 0: the honest answer is that this experiment cannot be afforded.

<details><summary>Hint</summary>Try 2, 3, 4 … and return the first that does. This check uses your functions of exercises 8.2 and 8.3.</details>
*/

// seedsFor is how many seeds it takes to find an effect with a power.
func seedsFor(effect, spread, wanted float64) int {
	// BEGIN SOLUTION
	for seeds := 2; seeds <= 12; seeds++ {
		if power(seeds, effect, spread) >= wanted {
			return seeds
		}
	}
	return 0
	// END SOLUTION
}

//check TestSeedsFor checkSeedsFor

/*md
## 4 · Why the number of seeds is fixed before

A tempting shortcut: run three seeds, look; if it is undecided, run one more, look again, until it is decided. Here *nothing* is there, and we look after each seed from the third to the twelfth.
*/

func RunPeeking() {
	defer lesson.Unfinished()
	table := kernelkit.Table{Title: "1,000 experiments in which nothing is there: how many find something", Columns: []string{"looked after", "found, of 1,000"}}
	for _, last := range []int{3, 5, 8, 12} {
		once, ever := 0, 0
		for number := range uint64(1000) {
			all := pretend(last, 0, 3, number)
			excludes := func(n int) bool {
				_, low, high := seedInterval(all[:n])
				return low > 0 || high < 0
			}
			if excludes(last) {
				once++
			}
			for n := 3; n <= last; n++ {
				if excludes(n) {
					ever++
					break
				}
			}
		}
		table.Add(fmt.Sprintf("seed %d only", last), once)
		if last > 3 {
			table.Add(fmt.Sprintf("each seed from 3 to %d", last), ever)
		}
	}
	table.Show()
}

/*md
Looking again and again multiplies the false findings. So does trying ten measures and reporting the one that came out, or choosing the range of problems afterwards. The remedy is cheap: write the claim, its rule and the seeds down *before* the run. In this laboratory they are part of a study, and committed before its results; a study that was not is marked **exploratory**, as yours will be.

## 5 · How much do seeds spread here?

A power table needs a spread, and that comes from earlier runs. The study `04_reward_types` trained five seeds of each arm at profile `micro`; its committed results are read, nothing is trained. Look at how far the effect of one and the same change lies apart from seed to seed.
*/

func RunSpread() {
	kernelkit.Open("08_experiment", "micro", 1).Study("reward").Run().BySeed().Show()
}

/*md
## 6 · Your experiment

Everything is in one cell: the question, the arms, the claims with their rules, the seeds. This one asks whether RL learns more from many samples of few problems or from few samples of many. Both arms draw as many samples a step.

Rules first: *twice the problems with half the samples each is better at the edge, pass@1, by more than 0*. From section 5 take a spread of some 3 points; your table then says that an effect of 4 points needs about seven seeds. Here there are *two*, at a scale that runs in minutes, so expect *undecided*, and do not be surprised by it: you know it before.
*/

// study is the experiment: change it, and everything that depends on the change is computed anew.
func study() *kernelkit.Study {
	lab := kernelkit.Open("08_experiment", "smoke", 1)
	base := lab.TrainRecipe()
	base.Train.Steps /= 2
	few, many := lab.RLRecipe(), lab.RLRecipe()
	few.GRPO.Steps, many.GRPO.Steps = 10, 10
	many.GRPO.GroupSize, many.Prompts = few.GRPO.GroupSize/2, 2*few.Prompts

	s := lab.NewStudy("groups", "Many samples of few problems, or few samples of many?")
	s.AddBase("base", base)
	s.Branch("few", "few problems, groups as in the profile", few)
	s.Branch("many", "twice the problems, half the samples each", many)
	s.Expect("twice the problems give more pass@1 at the edge", kernelkit.Gain("many", "few", "edge", kernelkit.Pass1), kernelkit.Above(0))
	s.Expect("neither is worth more than 5 points over all problems", kernelkit.Gain("many", "few", "all", kernelkit.Pass1), kernelkit.Within(0.05))
	s.Seeds = []int64{1, 2}
	return s
}

/*md
First the plan: what will be computed, what is there already, what it costs.
*/

func RunPlan() {
	study().Plan().Show()
}

/*md
Then the run, once. It takes some minutes the first time and nothing the second.
*/

func RunStudy() {
	results := study().Run()
	results.BySeed().Show()
	results.Claims().Show()
}

/*md
Whatever the last column says is the result. If it is undecided, the next step is not another measure. It is a larger effect, or more seeds: `s.Seeds = []int64{1, 2, 3, 4, 5, 6, 7}`, as many as your table says, decided now and not while looking.

**Now yours.** Change the cell above: another reward (`05_your_own` shows how to write one), another length of pre-training, other problems. Write the claim and the rule before you run it. `interplay new NAME` begins a notebook of its own for it.

## What you have now

A way to ask a question so that the answer counts, and the whole path of this course: problems, a judge, a model, its training, its samples, its reinforcement, its rewards, and an experiment about all of them. The studies `01_edge_of_competence` to `04_reward_types` are such experiments; read their claims first, then their verdicts.

**Words of this lesson.** *Claim*: what is said about an effect, before the run. *Rule*: what the interval of an effect must do for a claim to hold. *Effect*: a difference between arms. *Arm*: one way of training in an experiment. *Seed*: the number from which all randomness of a run comes; another seed is another run of the same recipe. *Verdict*: what a rule says of the results: agrees, contradicted, undecided. *Agrees*: the whole interval obeys the rule. *Contradicted*: the whole interval breaks it. *Undecided*: the interval lies on both sides. *Student's t*: why intervals from few values are wider. *Power*: the chance that an experiment finds what is there. *Exploratory*: without rules that were committed before.
*/
