package grpo

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Loss is the clipped surrogate with its variants. A new one takes its setting here, its
// formula in Terms, and a case in testdata/grpo/make_fixtures.py or in the tests.
type Loss struct {
	ClipLow  float64 `json:"clip_low"`  // the ratio is clipped below 1 − this; 0.2
	ClipHigh float64 `json:"clip_high"` // and above 1 + this; 0.2. Larger than ClipLow: "clip higher" of DAPO (arXiv 2503.14476, §3.1: 0.2 and 0.28)
	DualClip float64 `json:"dual_clip"` // bound of ratio·|advantage| where the advantage is negative, as a factor (Ye et al., arXiv 1912.09729, Equation 5); 3; 0 = off

	// KL is the coefficient of the k3 estimate of KL(policy ‖ start model), added to the
	// loss (Schulman, Approximating KL divergence, 2020; arXiv 2402.03300, Equation 4);
	// paper: 1e-3. 0 = off: the start model is not even evaluated (DAPO, Dr. GRPO).
	KL float64 `json:"kl"`

	// SequenceRatio replaces the ratio of each token by the geometric mean of the ratios
	// of its completion (GSPO, arXiv 2507.18071, Equation 7). Its clips are much narrower:
	// 3e-4 and 4e-4 there.
	SequenceRatio bool `json:"sequence_ratio"`
}

// validate returns the first thing that is wrong with the settings.
func (l Loss) validate() error {
	switch {
	case !(l.ClipLow > 0 && l.ClipLow <= 1):
		return fmt.Errorf("grpo: clip_low is %g: expected a number in (0, 1]", l.ClipLow)
	case !positive(l.ClipHigh):
		return fmt.Errorf("grpo: clip_high is %g: expected a positive number", l.ClipHigh)
	case l.DualClip != 0 && !(l.DualClip > 1):
		return fmt.Errorf("grpo: dual_clip is %g: expected a number above 1, or 0 for off", l.DualClip)
	case !(l.KL >= 0) || math.IsInf(l.KL, 1):
		return fmt.Errorf("grpo: kl is %g: expected at least 0", l.KL)
	}
	return nil
}

// Tokens are the inputs of the loss, all [rows, positions] f32.
type Tokens struct {
	LogProb   *Node // of the policy that learns: the only one with a gradient
	Old       *Node // of the policy that sampled
	Reference *Node // of the reference model; nil where KL is 0
	Advantage *Node // of the completion that the token belongs to
	Weight    *Node // in the sum; 0 where there is no token to learn from

	// Segments (int32) names the completion of a position, for SequenceRatio: a row may
	// hold several. Nil where a row holds one.
	Segments *Node
}

// Terms are what the loss gives: sums over tokens, so that the parts of a mini-batch add up.
type Terms struct {
	Loss    *Node // [] the sum of weight · token loss: what is minimised
	Clipped *Node // [] tokens whose clipped term is the larger one, and so have no gradient from the surrogate
	KL      *Node // [] the sum of k3 over tokens; 0 where KL is off
	Gap     *Node // [] the sum of |LogProb − Old|
	MaxGap  *Node // [] the largest |LogProb − Old|
}

// Ranges outside of which log-ratios give no more difference: e²⁰ is finite in f32,
// and so are its products. Values as in verl's core_algos.
const (
	largestLogRatio = 20
	largestKL       = 10
)

// Terms computes the loss.
//
// With r = exp(LogProb − Old), A the advantage and c = DualClip,
//
//	surrogate = max(−A·r, −A·clip(r, 1 − ClipLow, 1 + ClipHigh))
//	            where A < 0 and c > 0: min of that and −A·c
//	loss      = Σ weight · (surrogate + KL·k3),  k3 = e^(ref − lp) − (ref − lp) − 1
//
// (arXiv 2402.03300, Equations 3 and 4; dual clip arXiv 1912.09729, Equation 5; k3
// is held within ±10 as in verl.)
func (l Loss) Terms(t Tokens) Terms {
	g := t.LogProb.Graph()
	zero := ZerosLike(t.Weight)
	learned := NotEqual(t.Weight, zero)
	only := func(x *Node) *Node { return Where(learned, x, zero) }

	difference := only(Sub(t.LogProb, t.Old))
	logRatio := difference
	if l.SequenceRatio {
		logRatio = sequenceMean(difference, learned, t.Segments)
	}
	ratio := Exp(within(logRatio, -largestLogRatio, largestLogRatio))
	free := Neg(Mul(t.Advantage, ratio))
	held := Neg(Mul(t.Advantage, within(ratio, 1-l.ClipLow, 1+l.ClipHigh)))
	loss := Max(free, held)
	if l.DualClip > 0 {
		bound := MulScalar(Neg(t.Advantage), l.DualClip)
		loss = Where(LessThan(t.Advantage, zero), Min(loss, bound), loss)
	}
	terms := Terms{KL: ScalarZero(g, dtypes.Float32)}
	if l.KL > 0 {
		above := within(only(Sub(t.Reference, t.LogProb)), -largestLogRatio, largestLogRatio)
		k3 := within(AddScalar(Sub(Exp(above), above), -1), -largestKL, largestKL)
		loss = Add(loss, MulScalar(k3, l.KL))
		terms.KL = StopGradient(ReduceAllSum(only(k3)))
	}
	terms.Loss = ReduceAllSum(only(Mul(loss, t.Weight)))
	terms.Clipped = StopGradient(ReduceAllSum(only(ConvertDType(GreaterThan(held, free), dtypes.Float32))))
	gap := StopGradient(Abs(difference))
	terms.Gap, terms.MaxGap = ReduceAllSum(gap), ReduceAllMax(gap)
	return terms
}

// within clips x by minimum and maximum: the library's clamp has no gradient.
func within(x *Node, low, high float64) *Node { return MinScalar(MaxScalar(x, low), high) }

// sequenceMean gives every position the mean of x [rows, positions] over the learned
// positions of its completion.
func sequenceMean(x, learned, segments *Node) *Node {
	one := ConvertDType(learned, x.DType())
	if segments == nil {
		return Mul(Div(ReduceAndKeep(x, ReduceSum, -1), MaxScalar(ReduceAndKeep(one, ReduceSum, -1), 1)), OnesLike(x))
	}
	rows, n := x.Shape().Dim(0), x.Shape().Dim(1)
	same := Equal(BroadcastToDims(InsertAxes(segments, -1), rows, n, n), BroadcastToDims(InsertAxes(segments, 1), rows, n, n))
	member := ConvertDType(same, x.DType()) // [rows, n, n]
	sum, count := Einsum("rij,rj->ri", member, x), Einsum("rij,rj->ri", member, one)
	return Div(sum, MaxScalar(count, 1))
}
