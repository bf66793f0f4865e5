package grpo

import (
	"math"
	"strings"
	"testing"

	"interplay/kernelkit/lesson"
)

func checkAdvantages(t lesson.T, advantages func([]float64) []float64) {
	defer lesson.Done(t, "advantages within a group, 0 where all are equal")
	got := advantages([]float64{1, 0, 0, 0})
	if len(got) != 4 {
		t.Fatalf("✗ there are %d advantages for 4 rewards", len(got))
	}
	lesson.Near(t, "the advantage of the one right sample of four", got[0], 1.499997, 1e-4,
		lesson.Mistake{Gives: 1.732047, Say: "the sum of squares is divided by n: divide by n − 1"},
		lesson.Mistake{Gives: 0.75, Say: "this is R − mean: divide by the standard deviation"},
		lesson.Mistake{Gives: 2.999988, Say: "this is divided by the variance: take its square root"},
		lesson.Mistake{Gives: 1.999996, Say: "the mean is not taken from the rewards"})
	lesson.Near(t, "the advantage of a wrong sample of four, one of them right", got[1], -0.499999, 1e-4)
	for _, r := range []float64{0, 1} {
		for _, a := range advantages([]float64{r, r, r}) {
			if a != 0 {
				t.Fatalf("✗ a group whose rewards are all %g has the advantage %g: expected 0; add ε to the standard deviation", r, a)
			}
		}
	}
}

func TestAdvantages(t *testing.T) { checkAdvantages(t, advantages) }

func checkTokenLoss(t lesson.T, tokenLoss func(logProb, old, advantage, clip float64) float64) {
	defer lesson.Done(t, "the clipped loss, for good and bad tokens, near and far")
	at := func(ratio, advantage float64) float64 {
		return tokenLoss(math.Log(0.2*ratio), math.Log(0.2), advantage, 0.2)
	}
	lesson.Near(t, "the loss of a good token (A = 1) at ratio 1.1", at(1.1, 1), -1.1, 1e-6,
		lesson.Mistake{Gives: 1.1, Say: "the sign: a loss is minimised, so it is minus what we want large"},
		lesson.Mistake{Gives: -1 / 1.1, Say: "the ratio is upside down: new over old"},
		lesson.Mistake{Gives: -math.Log(1.1), Say: "the difference of log-probabilities is not the ratio yet: take exp"},
		lesson.Mistake{Gives: -1, Say: "the ratio is always 1 here: is it new over old, and not new over new?"})
	if t.Failed() {
		return
	}
	lesson.Near(t, "the loss of a good token (A = 1) at ratio 2, which is beyond the clip", at(2, 1), -1.2, 1e-6,
		lesson.Mistake{Gives: -2, Say: "nothing is clipped: a good token gains nothing beyond 1 + c; of both forms the smaller r·A counts"})
	lesson.Near(t, "the loss of a bad token (A = −1) at ratio 2, which went the wrong way", at(2, -1), 2, 1e-6,
		lesson.Mistake{Gives: 1.2, Say: "the clip holds back what went the wrong way: take the minimum of r·A and clip(r)·A, not clip(r)·A alone"})
	lesson.Near(t, "the loss of a bad token (A = −1) at ratio 0.5", at(0.5, -1), 0.8, 1e-6,
		lesson.Mistake{Gives: 0.5, Say: "a bad token gains nothing below 1 − c"})
	lesson.Near(t, "the loss of a good token (A = 1) at ratio 0.5, which went the wrong way", at(0.5, 1), -0.5, 1e-6,
		lesson.Mistake{Gives: -0.8, Say: "the clip holds back what went the wrong way: take the minimum of r·A and clip(r)·A, not clip(r)·A alone"})
}

func TestTokenLoss(t *testing.T) { checkTokenLoss(t, tokenLoss) }

func checkLogitGradient(t lesson.T, gradient func(p []float64, token int, old, advantage, clip float64) []float64) {
	defer lesson.Done(t, "the gradient in each logit, and 0 where the clip holds")
	p := []float64{0.5, 0.3, 0.2}
	got := gradient(p, 1, math.Log(0.3), 2, 0.2)
	if len(got) != 3 {
		t.Fatalf("✗ there are %d slopes for 3 logits", len(got))
	}
	lesson.Near(t, "the slope of the drawn token's logit (p = 0.3, A = 2, ratio 1)", got[1], -1.4, 1e-6,
		lesson.Mistake{Gives: 1.4, Say: "the sign: this is the slope of what we want large, the loss is minus that"},
		lesson.Mistake{Gives: -2, Say: "the drawn token is pushed down by its own chance too: −A·r·(1 − p)"},
		lesson.Mistake{Gives: 0.6, Say: "the drawn token is not pushed up: its part is 1 − p, not −p"})
	lesson.Near(t, "the slope of a logit that was not drawn (p = 0.5)", got[0], 1, 1e-6,
		lesson.Mistake{Gives: 0, Say: "the other tokens are pushed down by their chances"},
		lesson.Mistake{Gives: -1, Say: "the sign: a good sample pushes the other tokens down, so the loss rises with their logits"})
	if t.Failed() {
		return
	}
	lesson.Near(t, "the slope at ratio 1.1", gradient(p, 1, math.Log(0.3/1.1), 2, 0.2)[1], -1.54, 1e-6,
		lesson.Mistake{Gives: -1.4, Say: "the slope of the ratio is the ratio itself: multiply by r"})
	if g := gradient(p, 1, math.Log(0.1), 2, 0.2); g[1] != 0 || g[0] != 0 {
		t.Errorf("✗ a good token whose ratio is 3 has the gradient %.3f: the clip holds it, expected zeros", g)
	}
	if g := gradient(p, 1, math.Log(0.1), -2, 0.2); g[1] == 0 {
		t.Errorf("✗ a bad token whose ratio is 3 has no gradient: it went the wrong way, and must be brought back")
	}
	numeric := func(i int) float64 { // the slope of tokenLoss, by a small change of logit i
		const h = 1e-6
		loss := func(change float64) float64 {
			z := []float64{math.Log(0.5), math.Log(0.3), math.Log(0.2)}
			z[i] += change
			logProb := math.Log(chances(z)[1])
			r := math.Exp(logProb - math.Log(0.28))
			return -min(2*r, 2*min(max(r, 0.8), 1.2))
		}
		return (loss(h) - loss(-h)) / (2 * h)
	}
	for i, g := range gradient(p, 1, math.Log(0.28), 2, 0.2) {
		if math.Abs(g-numeric(i)) > 1e-5 {
			t.Errorf("✗ the slope of logit %d is %.5f, a small change of it gives %.5f", i, g, numeric(i))
		}
	}
}

func TestLogitGradient(t *testing.T) { checkLogitGradient(t, logitGradient) }

func checkK3(t lesson.T, k3 func(logProb, reference float64) (value, slope float64)) {
	defer lesson.Done(t, "never negative, 0 where both agree, and its slope")
	value, slope := k3(math.Log(0.4), math.Log(0.2))
	lesson.Near(t, "k3 of a token with chance 0.4, in the reference 0.2", value, 0.193147, 1e-5,
		lesson.Mistake{Gives: 0.306853, Say: "the order in d: reference minus policy"},
		lesson.Mistake{Gives: 0.693147, Say: "this is ℓ − ℓ_ref, the estimate called k1, which can be negative"},
		lesson.Mistake{Gives: -0.806853, Say: "this is e^d − 1 + …: k3 is e^d − d − 1"},
		lesson.Mistake{Gives: 0.240227, Say: "this is d²/2, the estimate called k2"})
	lesson.Near(t, "its slope", slope, 0.5, 1e-6,
		lesson.Mistake{Gives: -0.5, Say: "the sign: d falls when the log-probability rises"},
		lesson.Mistake{Gives: 1.5, Say: "the slope of e^d in ℓ is −e^d, and that of −d is +1"})
	value, slope = k3(-1, -1)
	lesson.Near(t, "k3 where both agree", value, 0, 1e-12)
	lesson.Near(t, "its slope where both agree", slope, 0, 1e-12)
}

func TestK3(t *testing.T) { checkK3(t, k3) }

func checkMask(t lesson.T, mask func(row, prompt, written int) []bool) {
	defer lesson.Done(t, "the outputs whose next token is the model's own")
	got := mask(8, 3, 6)
	if len(got) != 8 {
		t.Fatalf("✗ the mask has %d positions for a row of 8", len(got))
	}
	marked := ""
	for _, learned := range got {
		marked += map[bool]string{true: "x", false: "."}[learned]
	}
	told := map[string]string{
		"...xxx..": "this marks the solution's own positions: the output at t gives token t + 1, so all moves one to the left",
		"..xxxx..": "the last token of the solution predicts padding: it is not learned from",
		"..xxxxxx": "what stands behind the end is padding: it is not learned from",
		"xxxxx...": "the prompt is not the model's own: do not learn from its tokens",
		"...xx...": "the first token of the solution is left out: position prompt − 1 predicts it",
	}
	if marked != "..xxx..." {
		why := told[marked]
		if why == "" {
			why = "x marks what is learned from"
		}
		t.Errorf("✗ a row of 8 with a prompt of 3 and a solution of 3 tokens has the mask %s, expected ..xxx...: %s", marked, why)
	}
	for _, learned := range mask(4, 4, 4) {
		if learned {
			t.Errorf("✗ a row that is all prompt has something to learn from")
			return
		}
	}
}

func TestMask(t *testing.T) { checkMask(t, mask) }

// What follows is not in the notebooks: the cells run and show what their texts say, and plausible
// mistakes are told what is wrong.

func TestCellsRun(t *testing.T) {
	for _, cell := range []func(){RunBase, RunLearn, RunBrokenEpsilon, RunBrokenMask, RunBrokenRatio, RunAgainstTheLaboratory} {
		cell()
	}
}

// after trains a copy of the base and returns it with the metrics of the last step.
func after(s setting) (policy, metrics) {
	base, p, m := basePolicy(), basePolicy(), metrics{}
	for n := range uint64(60) {
		m = p.step(n, base, s)
	}
	return p, m
}

func TestTheTextsSayWhatTheMetricsShow(t *testing.T) {
	base := basePolicy()
	if b := base.passAtK(1); b < 0.02 || b > 0.09 {
		t.Errorf("the base solves %.3f at the first try: the text says one in twenty", b)
	}
	good, m := after(setting{rate: 0.2, clip: 0.2, updates: 2})
	if good.passAtK(1) < 0.8 || m.reward < 0.8 {
		t.Errorf("GRPO ends at pass@1 %.2f", good.passAtK(1))
	}
	noEpsilon, broken := after(setting{rate: 0.2, clip: 0.2, updates: 2, brokenEpsilon: true})
	if noEpsilon.passAtK(1) > good.passAtK(1) || broken.pushed < 0.999 || m.pushed > 0.3 {
		t.Errorf("without ε it ends at pass@1 %.2f, pushed %.2f; right at %.2f, %.2f", noEpsilon.passAtK(1), broken.pushed, good.passAtK(1), m.pushed)
	}
	masked, m := after(setting{rate: 0.2, clip: 0.2, updates: 2, brokenMask: true})
	if masked.passAtK(1) > 0.2 || m.drift < 0.05 {
		t.Errorf("with the mask off by one it ends at pass@1 %.2f, drift %.2f", masked.passAtK(1), m.drift)
	}
	clipped, unclipped := 0.0, 0.0
	for noise := range uint64(6) {
		clipped, unclipped = clipped+ends(noise+1, false)/6, unclipped+ends(noise+1, true)/6
	}
	if unclipped > clipped-0.1 {
		t.Errorf("twenty updates end at pass@8 %.2f with the clip and %.2f without", clipped, unclipped)
	}
	t.Logf("twenty updates end at pass@8 %.2f with the clip and %.2f without", clipped, unclipped)
}

func TestPlausibleMistakesAreTold(t *testing.T) {
	scaled := func(by func(n, squares float64) float64) func([]float64) []float64 {
		return func(rewards []float64) []float64 {
			n, mean, squares := float64(len(rewards)), 0.0, 0.0
			for _, r := range rewards {
				mean += r / n
			}
			for _, r := range rewards {
				squares += (r - mean) * (r - mean)
			}
			out := make([]float64, len(rewards))
			for i, r := range rewards {
				out[i] = (r - mean) / by(n, squares)
			}
			return out
		}
	}
	ratio := func(l, old float64) float64 { return math.Exp(l - old) }
	held := func(r, clip float64) float64 { return min(max(r, 1-clip), 1+clip) }
	row := func(learned func(t int) bool) func(row, prompt, written int) []bool {
		return func(n, _, _ int) []bool {
			out := make([]bool, n)
			for i := range out {
				out[i] = learned(i)
			}
			return out
		}
	}
	for _, wrong := range []struct {
		name, told string
		check      func(lesson.T)
	}{
		{"advantage by n", "divide by n − 1", func(t lesson.T) {
			checkAdvantages(t, scaled(func(n, q float64) float64 { return math.Sqrt(q/n) + 1e-6 }))
		}},
		{"advantage without std", "divide by the standard deviation", func(t lesson.T) {
			checkAdvantages(t, scaled(func(float64, float64) float64 { return 1 }))
		}},
		{"advantage by the variance", "take its square root", func(t lesson.T) {
			checkAdvantages(t, scaled(func(n, q float64) float64 { return q/(n-1) + 1e-6 }))
		}},
		{"advantage without ε", "add ε", func(t lesson.T) {
			checkAdvantages(t, scaled(func(n, q float64) float64 { return math.Sqrt(q / (n - 1)) }))
		}},
		{"loss with the wrong sign", "minus what we want large", func(t lesson.T) {
			checkTokenLoss(t, func(l, old, a, c float64) float64 { return -tokenLoss(l, old, a, c) })
		}},
		{"ratio upside down", "new over old", func(t lesson.T) {
			checkTokenLoss(t, func(l, old, a, c float64) float64 { return tokenLoss(old, l, a, c) })
		}},
		{"no exp", "take exp", func(t lesson.T) {
			checkTokenLoss(t, func(l, old, a, c float64) float64 { return -(l - old) * a })
		}},
		{"clip always", "wrong way", func(t lesson.T) {
			checkTokenLoss(t, func(l, old, a, c float64) float64 { return -held(ratio(l, old), c) * a })
		}},
		{"no clip", "nothing is clipped", func(t lesson.T) {
			checkTokenLoss(t, func(l, old, a, c float64) float64 { return -ratio(l, old) * a })
		}},
		{"gradient with the wrong sign", "the loss is minus that", func(t lesson.T) {
			checkLogitGradient(t, func(p []float64, token int, old, a, c float64) []float64 {
				return logitGradient(p, token, old, -a, c)
			})
		}},
		{"only the drawn token", "pushed down by their chances", func(t lesson.T) {
			checkLogitGradient(t, func(p []float64, token int, old, a, c float64) []float64 {
				g := make([]float64, len(p))
				g[token] = logitGradient(p, token, old, a, c)[token]
				return g
			})
		}},
		{"clip forgotten in the gradient", "the clip holds it", func(t lesson.T) {
			checkLogitGradient(t, func(p []float64, token int, old, a, _ float64) []float64 {
				return logitGradient(p, token, old, a, 1e9)
			})
		}},
		{"KL the wrong way round", "reference minus policy", func(t lesson.T) {
			checkK3(t, func(l, ref float64) (float64, float64) { return k3(ref, l) })
		}},
		{"k1", "called k1", func(t lesson.T) { checkK3(t, func(l, ref float64) (float64, float64) { return l - ref, 1 }) }},
		{"k2", "called k2", func(t lesson.T) {
			checkK3(t, func(l, ref float64) (float64, float64) { return (l - ref) * (l - ref) / 2, l - ref })
		}},
		{"mask not moved", "one to the left", func(t lesson.T) { checkMask(t, row(func(i int) bool { return i >= 3 && i < 6 })) }},
		{"mask with the last token", "predicts padding", func(t lesson.T) { checkMask(t, row(func(i int) bool { return i >= 2 && i < 6 })) }},
		{"mask with padding", "is padding", func(t lesson.T) { checkMask(t, row(func(i int) bool { return i >= 2 })) }},
		{"mask with the prompt", "not the model's own", func(t lesson.T) { checkMask(t, row(func(i int) bool { return i < 5 })) }},
	} {
		passed, said := lesson.Run(wrong.check)
		if passed || !strings.Contains(said, wrong.told) {
			t.Errorf("%s: passed %t, expected to be told %q, was told:\n%s", wrong.name, passed, wrong.told, said)
		}
	}
}
