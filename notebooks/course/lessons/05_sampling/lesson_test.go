package sampling

import (
	"math"
	"strings"
	"testing"

	"interplay/kernelkit/lesson"
	"interplay/kernelkit/random"
)

func checkChances(t lesson.T, chances func([]float64, float64) []float64) {
	defer lesson.Done(t, "chances of a softmax, at any temperature and for large logits")
	got := chances([]float64{2, 1, 0}, 0.5)
	want := []float64{0.866814, 0.117310, 0.015876}
	if len(got) != 3 {
		t.Fatalf("✗ there are %d chances for 3 logits", len(got))
	}
	lesson.Near(t, "the chance of the largest of the logits 2, 1, 0 at temperature 0.5", got[0], want[0], 1e-5,
		lesson.Mistake{Gives: 0.506480, Say: "this is temperature 2: divide the logits by the temperature, do not multiply"},
		lesson.Mistake{Gives: 0.665241, Say: "this is temperature 1: the temperature is not used"},
		lesson.Mistake{Gives: 7.389056 * 7.389056, Say: "the chances do not add up to 1: divide by their sum"})
	if t.Failed() {
		return
	}
	lesson.NearAll(t, "the chances of the logits 2, 1, 0 at temperature 0.5", got, want, 1e-5)
	large := chances([]float64{1000, 999}, 1)
	if math.IsNaN(large[0]) || math.IsInf(large[0], 0) {
		t.Errorf("✗ the logits 1000 and 999 give %v: exp overflows; take the largest logit from all of them first", large)
		return
	}
	lesson.NearAll(t, "the chances of the logits 1000 and 999", large, []float64{0.731059, 0.268941}, 1e-5)
}

func TestChances(t *testing.T) { checkChances(t, chances) }

func checkDraw(t lesson.T, draw func([]float64, float64, func(int) float64) int) {
	defer lesson.Done(t, "draws as often as the softmax says, and again the same with the same noise")
	logits, counts := []float64{2, 1, 0}, [3]float64{}
	const draws = 20000
	for s := range uint64(draws) {
		token := draw(logits, 0.5, func(i int) float64 { return random.New(1, "check", s, uint64(i)).Float64() })
		if token < 0 || token > 2 {
			t.Fatalf("✗ the token is %d: expected 0, 1 or 2", token)
		}
		counts[token] += 1.0 / draws
	}
	lesson.Near(t, "the share of the first token of the logits 2, 1, 0 at temperature 0.5", counts[0], 0.8668, 0.012,
		lesson.Mistake{Gives: 1, Say: "the largest logit always wins: where is the noise?"},
		lesson.Mistake{Gives: 0.6652, Say: "as at temperature 1: divide the logit by the temperature, and not the noise with it"},
		lesson.Mistake{Gives: 0.5065, Say: "as at temperature 2: divide by the temperature, do not multiply"},
		lesson.Mistake{Gives: 0.3333, Say: "all tokens come equally often: the logits are not used"})
	if math.Abs(counts[0]-0.8668) > 0.012 && !t.Failed() {
		t.Errorf("✗ tokens come with shares %.3f", counts)
	}
}

func TestDraw(t *testing.T) { checkDraw(t, draw) }

// randomHead is a head of n tokens with queries and keys of two numbers and values of three.
func randomHead(n int) (h head) {
	s := random.New(1, "head")
	row := func(size int) []float64 {
		r := make([]float64, size)
		for i := range r {
			r[i] = 4*s.Float64() - 2
		}
		return r
	}
	for range n {
		h.q, h.k, h.v = append(h.q, row(2)), append(h.k, row(2)), append(h.v, row(3))
	}
	return h
}

func checkCache(t lesson.T, step func(c *cache, q, k, v []float64) []float64) {
	defer lesson.Done(t, "token by token the same outputs as the full form")
	h, c := randomHead(6), &cache{}
	want := h.attend()
	for at := range h.q {
		got := step(c, h.q[at], h.k[at], h.v[at])
		switch {
		case at == 0 && len(c.k) == 0:
			t.Fatalf("✗ the cache is empty after the first token: append its key and value")
		case len(c.k) != at+1 || len(c.v) != at+1:
			t.Fatalf("✗ the cache holds %d keys and %d values after %d tokens", len(c.k), len(c.v), at+1)
		case len(got) != len(want[at]):
			t.Fatalf("✗ the output of token %d has %d numbers, expected %d", at, len(got), len(want[at]))
		}
		if near(got, want[at]) {
			continue
		}
		why := "which keys and values does it mix?"
		switch {
		case at == 0 || near(got, mix(h.q[at], h.k[:at], h.v[:at])):
			why = "a token sees itself, so its key and value join the cache before its query is answered"
		case near(got, h.v[at]):
			why = "this is the token's own value: mix the values of all tokens so far"
		}
		t.Fatalf("✗ the output of token %d is %.4f, the full form gives %.4f: %s", at, got, want[at], why)
	}
}

func near(a, b []float64) bool {
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-9 {
			return false
		}
	}
	return len(a) == len(b)
}

func TestCache(t *testing.T) { checkCache(t, (*cache).step) }

func checkPassAtK(t lesson.T, passAtK func(n, c, k int) float64) {
	defer lesson.Done(t, "the unbiased pass@k, from no success to all, and without overflow")
	ok := lesson.Near(t, "pass@4 from 2 right tries of 10", passAtK(10, 2, 4), 0.666667, 1e-5,
		lesson.Mistake{Gives: 0.5904, Say: "this is the naive estimate 1 − (1 − c/n)^k, which is too low on average: count the choices instead"},
		lesson.Mistake{Gives: 0.333333, Say: "this is the chance that all k tries are wrong: it is missing the 1 −"},
		lesson.Mistake{Gives: 0.2, Say: "this is c/n, which is pass@1: k is not used"},
		lesson.Mistake{Gives: 0.8, Say: "this is k·c/n: the tries of a choice overlap, so chances do not add"})
	if !ok {
		return
	}
	lesson.Near(t, "pass@1 from 3 right tries of 12", passAtK(12, 3, 1), 0.25, 1e-9)
	lesson.Near(t, "pass@5 where none of 8 tries is right", passAtK(8, 0, 5), 0, 1e-9)
	lesson.Near(t, "pass@8 from 1 right try of 8", passAtK(8, 1, 8), 1, 1e-9)
	lesson.Near(t, "pass@4 where 7 of 8 tries are right", passAtK(8, 7, 4), 1, 1e-9)
	big := passAtK(1024, 1, 512)
	if math.IsNaN(big) || math.IsInf(big, 0) {
		t.Errorf("✗ pass@512 from 1 right try of 1024 is %v: the binomials overflow; multiply the k ratios instead", big)
		return
	}
	lesson.Near(t, "pass@512 from 1 right try of 1024", big, 0.5, 1e-9)
}

func TestPassAtK(t *testing.T) { checkPassAtK(t, passAtK) }

func checkInterval(t lesson.T, interval func([]float64) (mean, low, high float64)) {
	defer lesson.Done(t, "mean and 95 % interval over problems")
	mean, low, high := interval([]float64{0, 0.25, 0.5, 1})
	lesson.Near(t, "the mean of 0, 0.25, 0.5, 1", mean, 0.4375, 1e-9)
	if lesson.Near(t, "half the width of the interval of 0, 0.25, 0.5, 1", (high-low)/2, 0.418417, 1e-5,
		lesson.Mistake{Gives: 0.362360, Say: "the sum of squares is divided by m: divide by m − 1"},
		lesson.Mistake{Gives: 0.836834, Say: "this is 1.96 s: the standard error of a mean is s/√m"},
		lesson.Mistake{Gives: 0.724720, Say: "this is 1.96 times the spread with m instead of m − 1, and not divided by √m"},
		lesson.Mistake{Gives: 0.213478, Say: "this is one standard error: the 95 % interval takes 1.96 of them"},
		lesson.Mistake{Gives: 0.178646, Say: "this uses the variance where the standard deviation belongs: take the square root before dividing by √m"}) {
		lesson.Near(t, "the lower end", low, 0.4375-0.418417, 1e-5)
	}
}

func TestInterval(t *testing.T) { checkInterval(t, interval) }

func checkPairedInterval(t lesson.T, paired func(a, b []float64) (mean, low, high float64)) {
	defer lesson.Done(t, "the interval of a paired difference")
	mean, low, high := paired([]float64{0.1, 0.4, 0.6, 0.9}, []float64{0.2, 0.6, 0.7, 1.0})
	lesson.Near(t, "the mean difference", mean, 0.125, 1e-9,
		lesson.Mistake{Gives: -0.125, Say: "this is a − b: the gain of b over a is b − a"})
	lesson.Near(t, "half the width of its interval", (high-low)/2, 0.049, 1e-4,
		lesson.Mistake{Gives: 0.462265, Say: "this treats a and b as different problems (√(se_a² + se_b²)): take the differences first"},
		lesson.Mistake{Gives: 0.042435, Say: "the sum of squares is divided by m: divide by m − 1"},
		lesson.Mistake{Gives: 0.098, Say: "this is 1.96 s: divide by √m"})
}

func TestPairedInterval(t *testing.T) { checkPairedInterval(t, pairedInterval) }

// What follows is not in the notebooks: the cells run, and plausible mistakes are told what is wrong.

func TestCellsRun(t *testing.T) {
	for _, cell := range []func(){RunTemperature, RunFrequencies, RunBias, RunCrossings, RunAgainstTheLaboratory} {
		cell()
	}
}

// softmaxOf is a softmax of scaled logits, without a guard against overflow.
func softmaxOf(scale func(z float64) float64) func([]float64, float64) []float64 {
	return func(z []float64, _ float64) []float64 {
		p, total := make([]float64, len(z)), 0.0
		for i := range z {
			p[i] = math.Exp(scale(z[i]))
			total += p[i]
		}
		for i := range p {
			p[i] /= total
		}
		return p
	}
}

func TestPlausibleMistakesAreTold(t *testing.T) {
	naive := func(n, c, k int) float64 { return 1 - math.Pow(1-float64(c)/float64(n), float64(k)) }
	factorial := func(n int) float64 { return math.Gamma(float64(n + 1)) }
	binomial := func(n, k int) float64 { return factorial(n) / factorial(k) / factorial(n-k) }
	moments := func(x []float64, divisor func(m float64) float64, width float64) (mean, low, high float64) {
		m, squares := float64(len(x)), 0.0
		for _, v := range x {
			mean += v / m
		}
		for _, v := range x {
			squares += (v - mean) * (v - mean)
		}
		half := width * math.Sqrt(squares/divisor(m))
		return mean, mean - half, mean + half
	}
	less1 := func(m float64) float64 { return m - 1 }
	paired := func(interval func([]float64) (mean, low, high float64)) func(a, b []float64) (mean, low, high float64) {
		return func(a, b []float64) (float64, float64, float64) {
			d := make([]float64, len(a))
			for i := range a {
				d[i] = b[i] - a[i]
			}
			return interval(d)
		}
	}
	for _, wrong := range []struct {
		name, told string
		check      func(lesson.T)
	}{
		{"temperature multiplies", "do not multiply", func(t lesson.T) {
			checkChances(t, softmaxOf(func(z float64) float64 { return z * 0.5 }))
		}},
		{"temperature unused", "the temperature is not used", func(t lesson.T) { checkChances(t, softmaxOf(func(z float64) float64 { return z })) }},
		{"softmax overflows", "take the largest", func(t lesson.T) {
			checkChances(t, func(z []float64, temperature float64) []float64 {
				return softmaxOf(func(x float64) float64 { return x / temperature })(z, temperature)
			})
		}},
		{"noise divided too", "not the noise with it", func(t lesson.T) {
			checkDraw(t, func(z []float64, temperature float64, u func(int) float64) int { return draw(z, 1, u) })
		}},
		{"no noise", "where is the noise", func(t lesson.T) {
			checkDraw(t, func([]float64, float64, func(int) float64) int { return 0 })
		}},
		{"logits unused", "the logits are not used", func(t lesson.T) {
			checkDraw(t, func(z []float64, temperature float64, u func(int) float64) int {
				return draw(make([]float64, len(z)), 1, u)
			})
		}},
		{"cache never grows", "the cache is empty", func(t lesson.T) {
			checkCache(t, func(_ *cache, _, _, v []float64) []float64 { return v })
		}},
		{"token does not see itself", "a token sees itself", func(t lesson.T) {
			checkCache(t, func(c *cache, q, k, v []float64) []float64 {
				out := make([]float64, len(v))
				if len(c.k) > 0 {
					out = mix(q, c.k, c.v)
				}
				c.k, c.v = append(c.k, k), append(c.v, v)
				return out
			})
		}},
		{"only its own value", "the values of all tokens", func(t lesson.T) {
			checkCache(t, func(c *cache, _, k, v []float64) []float64 {
				c.k, c.v = append(c.k, k), append(c.v, v)
				return v
			})
		}},
		{"naive pass@k", "naive estimate", func(t lesson.T) { checkPassAtK(t, naive) }},
		{"complement forgotten", "missing the 1 −", func(t lesson.T) {
			checkPassAtK(t, func(n, c, k int) float64 { return 1 - passAtK(n, c, k) })
		}},
		{"k unused", "k is not used", func(t lesson.T) { checkPassAtK(t, func(n, c, _ int) float64 { return float64(c) / float64(n) }) }},
		{"binomials overflow", "overflow", func(t lesson.T) {
			checkPassAtK(t, func(n, c, k int) float64 {
				if n-c < k {
					return 1
				}
				return 1 - binomial(n-c, k)/binomial(n, k)
			})
		}},
		{"divided by m", "divide by m − 1", func(t lesson.T) {
			checkInterval(t, func(x []float64) (float64, float64, float64) {
				return moments(x, func(m float64) float64 { return m }, 1.96/2)
			})
		}},
		{"deviation instead of error", "s/√m", func(t lesson.T) {
			checkInterval(t, func(x []float64) (float64, float64, float64) { return moments(x, less1, 1.96) })
		}},
		{"one standard error", "1.96 of them", func(t lesson.T) {
			checkInterval(t, func(x []float64) (float64, float64, float64) { return moments(x, less1, 0.5) })
		}},
		{"unpaired", "take the differences first", func(t lesson.T) {
			checkPairedInterval(t, func(a, b []float64) (float64, float64, float64) {
				ma, la, _ := moments(a, less1, 1.96/2)
				mb, lb, _ := moments(b, less1, 1.96/2)
				half := math.Hypot(ma-la, mb-lb)
				return mb - ma, mb - ma - half, mb - ma + half
			})
		}},
		{"wrong way round", "b − a", func(t lesson.T) {
			checkPairedInterval(t, func(a, b []float64) (float64, float64, float64) { return pairedInterval(b, a) })
		}},
		{"pairs divided by m", "divide by m − 1", func(t lesson.T) {
			checkPairedInterval(t, paired(func(d []float64) (float64, float64, float64) {
				return moments(d, func(m float64) float64 { return m * m }, 1.96)
			}))
		}},
		{"deviation of the pairs", "divide by √m", func(t lesson.T) {
			checkPairedInterval(t, paired(func(d []float64) (float64, float64, float64) { return moments(d, less1, 1.96) }))
		}},
	} {
		passed, said := lesson.Run(wrong.check)
		if passed || !strings.Contains(said, wrong.told) {
			t.Errorf("%s: passed %t, expected to be told %q, was told:\n%s", wrong.name, passed, wrong.told, said)
		}
	}
}
