package grpo

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/random"
)

var eng *engine.Engine

func TestMain(m *testing.M) {
	var err error
	if eng, err = engine.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// tokensOf are fixed inputs of the loss: rows of positions.
type tokensOf struct {
	logProb, old, reference, advantage, weight [][]float32
	segments                                   [][]int32
}

// fixture draws inputs: two completions a row, apart by their segments, with prompts
// and padding (weight 0) before, between and after them. Ratios reach beyond the clips.
func fixture(seed int64) tokensOf {
	const rows, n = 3, 12
	s := random.New(seed, "loss fixture")
	var f tokensOf
	for range rows {
		lp, old, ref, adv, w := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
		seg := make([]int32, n)
		advantages := []float32{0, float32(s.Norm()), float32(s.Norm())}
		for i := range n {
			seg[i] = int32([]int{1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0, 0}[i])
			lp[i] = float32(-2 * s.Float64())
			old[i] = lp[i] + float32(0.6*s.Norm())
			ref[i] = lp[i] + float32(0.8*s.Norm())
			if i >= 2 && i < 5 || i >= 7 && i < 10 {
				adv[i], w[i] = advantages[seg[i]], float32(0.05+0.1*s.Float64())
			}
		}
		f.logProb, f.old, f.reference = append(f.logProb, lp), append(f.old, old), append(f.reference, ref)
		f.advantage, f.weight, f.segments = append(f.advantage, adv), append(f.weight, w), append(f.segments, seg)
	}
	return f
}

// plain is the loss token by token, in f64: the loss, clipped tokens and summed k3.
func plain(l Loss, f tokensOf) (loss, clipped, kl float64) {
	for r := range f.logProb {
		for i := range f.logProb[r] {
			w := float64(f.weight[r][i])
			if w == 0 {
				continue
			}
			lp, a := float64(f.logProb[r][i]), float64(f.advantage[r][i])
			logRatio := lp - float64(f.old[r][i])
			if l.SequenceRatio {
				sum, count := 0.0, 0.0
				for j := range f.logProb[r] {
					if f.segments[r][j] == f.segments[r][i] && f.weight[r][j] != 0 {
						sum += float64(f.logProb[r][j]) - float64(f.old[r][j])
						count++
					}
				}
				logRatio = sum / count
			}
			ratio := math.Exp(logRatio)
			free, held := -a*ratio, -a*math.Max(1-l.ClipLow, math.Min(1+l.ClipHigh, ratio))
			term := math.Max(free, held)
			if held > free {
				clipped++
			}
			if l.DualClip > 0 && a < 0 {
				term = math.Min(term, -a*l.DualClip)
			}
			if l.KL > 0 {
				d := float64(f.reference[r][i]) - lp
				k3 := math.Min(10, math.Exp(d)-d-1)
				term += l.KL * k3
				kl += k3
			}
			loss += w * term
		}
	}
	return loss, clipped, kl
}

var losses = map[Loss]*Exec{} // compiled once

// terms runs the graph: loss, clipped tokens, summed k3, and the gradient by LogProb.
func terms(l Loss, f tokensOf) (loss, clipped, kl float64, gradient [][]float32) {
	exec := losses[l]
	if exec == nil {
		exec = MustNewExec(eng.Backend, func(in []*Node) []*Node {
			t := l.Terms(Tokens{LogProb: in[0], Old: in[1], Reference: in[2], Advantage: in[3], Weight: in[4], Segments: in[5]})
			return []*Node{t.Loss, t.Clipped, t.KL, Gradient(t.Loss, in[0])[0]}
		})
		losses[l] = exec
	}
	out := exec.MustCall(f.logProb, f.old, f.reference, f.advantage, f.weight, f.segments)
	scalar := func(i int) float64 { return float64(out[i].Value().(float32)) }
	return scalar(0), scalar(1), scalar(2), out[3].Value().([][]float32)
}

// variants are the losses of the field; the sources are at Config.
var variants = map[string]Loss{
	"grpo, the paper's":           {ClipLow: 0.2, ClipHigh: 0.2, DualClip: 3, KL: 1e-3},
	"strong KL":                   {ClipLow: 0.2, ClipHigh: 0.2, KL: 0.5},
	"DAPO: clip higher, no KL":    {ClipLow: 0.2, ClipHigh: 0.28},
	"tight dual clip":             {ClipLow: 0.2, ClipHigh: 0.2, DualClip: 1.1},
	"GSPO: ratio of the sequence": {ClipLow: 0.05, ClipHigh: 0.1, SequenceRatio: true},
	"GSPO with dual clip and KL":  {ClipLow: 0.05, ClipHigh: 0.1, SequenceRatio: true, DualClip: 1.2, KL: 0.1},
}

func TestLossEqualsPlainImplementation(t *testing.T) {
	for name, l := range variants {
		for seed := range int64(4) {
			f := fixture(seed)
			loss, clipped, kl := plain(l, f)
			gotLoss, gotClipped, gotKL, _ := terms(l, f)
			if math.Abs(loss-gotLoss) > 1e-5*(1+math.Abs(loss)) || clipped != gotClipped || math.Abs(kl-gotKL) > 1e-5*(1+kl) {
				t.Errorf("%s, seed %d: loss %.7f, %g clipped, KL %.6f; want %.7f, %g, %.6f", name, seed, gotLoss, gotClipped, gotKL, loss, clipped, kl)
			}
		}
	}
}

func TestGradientEqualsFiniteDifferences(t *testing.T) {
	const h = 1e-3
	for name, l := range variants {
		f := fixture(9)
		_, _, _, gradient := terms(l, f)
		for r := range f.logProb {
			for i, at := range f.logProb[r] {
				f.logProb[r][i] = at + h
				up, upClipped, _ := plain(l, f)
				f.logProb[r][i] = at - h
				down, downClipped, _ := plain(l, f)
				width := float64(at+h) - float64(at-h)
				f.logProb[r][i] = at
				if upClipped != downClipped {
					continue // across a corner
				}
				if want := (up - down) / width; math.Abs(want-float64(gradient[r][i])) > 1e-4 {
					t.Errorf("%s: gradient at row %d position %d is %.6f, finite differences give %.6f", name, r, i, gradient[r][i], want)
				}
			}
		}
	}
}

// One token each, worked out by hand: ratio e^0.5 = 1.64872, e^−0.5 = 0.60653.
func TestLossOfHandComputedTokens(t *testing.T) {
	usual := Loss{ClipLow: 0.2, ClipHigh: 0.2, DualClip: 3}
	for _, c := range []struct {
		what                   string
		loss                   Loss
		logRatio, advantage    float32
		want, gradient, capped float64
	}{
		{"on policy", usual, 0, 2, -2, -2, 0},
		{"good token already likelier: clipped, no gradient", usual, 0.5, 1, -1.2, 0, 1},
		{"good token become unlikelier: not clipped", usual, -0.5, 1, -0.60653, -0.60653, 0},
		{"bad token already unlikelier: clipped, no gradient", usual, -0.5, -1, 0.8, 0, 1},
		{"bad token become likelier: not clipped", usual, 0.5, -1, 1.64872, 1.64872, 0},
		{"bad token much likelier: dual clip", usual, 2, -1, 3, 0, 0},
		{"bad token much likelier, no dual clip", Loss{ClipLow: 0.2, ClipHigh: 0.2}, 2, -1, 7.38906, 7.38906, 0},
		{"clip higher lets 1.25 pass", Loss{ClipLow: 0.2, ClipHigh: 0.28}, 0.22314, 1, -1.25, -1.25, 0},
		{"k3 of a reference at half the log-prob's odds", Loss{ClipLow: 0.2, ClipHigh: 0.2, KL: 1}, 0, 0, math.Exp(-0.7) + 0.7 - 1, 1 - math.Exp(-0.7), 0},
	} {
		f := tokensOf{logProb: [][]float32{{-1}}, old: [][]float32{{-1 - c.logRatio}}, reference: [][]float32{{-1.7}},
			advantage: [][]float32{{c.advantage}}, weight: [][]float32{{1}}, segments: [][]int32{{1}}}
		loss, clipped, _, gradient := terms(c.loss, f)
		if math.Abs(loss-c.want) > 2e-5 || math.Abs(float64(gradient[0][0])-c.gradient) > 2e-5 || clipped != c.capped {
			t.Errorf("%s: loss %.5f gradient %.5f clipped %g, want %.5f %.5f %g", c.what, loss, gradient[0][0], clipped, c.want, c.gradient, c.capped)
		}
	}
}

func TestLossIgnoresPositionsWithoutWeight(t *testing.T) {
	l := variants["GSPO with dual clip and KL"]
	f := fixture(3)
	want, _, _, _ := terms(l, f)
	for r := range f.weight {
		for i, w := range f.weight[r] {
			if w == 0 {
				f.logProb[r][i], f.old[r][i], f.reference[r][i] = -80, 70, float32(math.Inf(1))
			}
		}
	}
	got, _, _, gradient := terms(l, f)
	if math.Abs(got-want) > 1e-6 {
		t.Errorf("loss %g, want %g", got, want)
	}
	for r := range gradient {
		for i, g := range gradient[r] {
			if f.weight[r][i] == 0 && g != 0 {
				t.Errorf("gradient %g at row %d position %d, which has no weight", g, r, i)
			}
		}
	}
}

func TestAdvantagesOfHandComputedGroups(t *testing.T) {
	third := 1 / math.Sqrt(3)
	for _, c := range []struct {
		rewards, want []float64
		noStd         bool
	}{
		{[]float64{1, 0}, []float64{0.5 / (math.Sqrt(0.5) + 1e-6), -0.5 / (math.Sqrt(0.5) + 1e-6)}, false},
		{[]float64{1, 0, 0, 1}, []float64{0.5 / (third + 1e-6), -0.5 / (third + 1e-6), -0.5 / (third + 1e-6), 0.5 / (third + 1e-6)}, false},
		{[]float64{1, 0, 0, 1}, []float64{0.5, -0.5, -0.5, 0.5}, true},
		{[]float64{0.3, 0.3, 0.3}, []float64{0, 0, 0}, false},
		{[]float64{0, 0}, []float64{0, 0}, true},
		{[]float64{7}, []float64{0}, false},
	} {
		got := Advantages(c.rewards, c.noStd)
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 1e-12 {
				t.Errorf("%v without std %t: %v, want %v", c.rewards, c.noStd, got, c.want)
				break
			}
		}
	}
}

func TestTokenWeightsOfEachAggregation(t *testing.T) {
	lengths := []int{2, 0, 6} // the second was filtered out
	for how, want := range map[Aggregation][]float64{
		TokenMean:    {1.0 / 8, 0, 1.0 / 8},
		SequenceMean: {1.0 / 6, 0, 1.0 / 18},
		Constant:     {1.0 / 30, 0, 1.0 / 30},
	} {
		if got := tokenWeights(lengths, how, 10); !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-15 }) {
			t.Errorf("%s: %v, want %v", how, got, want)
		}
	}
}
