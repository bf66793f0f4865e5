package transformer

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/qwen"
)

func checkEncode(t lesson.T, encode func(text string, vocabulary []string) []int32) {
	defer lesson.Done(t, "ids of words, a10 told from a1, unknown words refused")
	vocabulary := []string{"[PAD]", "[BOS]", "[EOS]", "+", ".", "0", "1", "8", "a1", "a10", "a8"}
	got := encode("a10 a8 + 1 .", vocabulary)
	switch {
	case got == nil:
		t.Fatalf("✗ all words of \"a10 a8 + 1 .\" are in the vocabulary, and your ids are nil")
	case len(got) == len("a10 a8 + 1 .") || len(got) == len("a10a8+1."):
		t.Fatalf("✗ there are %d ids for 5 words: cut the text at its blanks, not at each letter", len(got))
	case len(got) != 5:
		t.Fatalf("✗ there are %d ids for the 5 words of \"a10 a8 + 1 .\"", len(got))
	case got[0] == 8:
		t.Fatalf("✗ a10 becomes a1: a word is a token when it is equal to it, not when it begins with it")
	}
	for i, want := range []int32{9, 10, 3, 6, 4} {
		switch got[i] - want {
		case 0:
			continue
		case 1:
			t.Fatalf("✗ id %d is %d, expected %d: ids count from 0", i, got[i], want)
		case -3:
			t.Fatalf("✗ id %d is %d, expected %d: [PAD], [BOS] and [EOS] are tokens too, with the ids 0, 1 and 2", i, got[i], want)
		}
		t.Fatalf("✗ id %d is %d, expected %d", i, got[i], want)
	}
	if got := encode("a8 9", vocabulary); got != nil {
		t.Errorf("✗ the vocabulary has no 9, and \"a8 9\" becomes %v: expected nil, so that nothing else is learned in its place", got)
	}
	tok := world()
	var all []string
	for id := range tok.Size() {
		all = append(all, tok.Token(int32(id)))
	}
	text := problems(gsm.Train, 1, 1).At(1).Training()
	if want, err := tok.Encode(text); err != nil || !slices.Equal(encode(text, all), want) {
		t.Errorf("✗ the laboratory's tokenizer gives other ids for %q", text)
	}
}

func TestEncode(t *testing.T) { checkEncode(t, encode) }

func checkRMSNorm(t lesson.T, rmsNorm func(x, scale *graph.Node, epsilon float64) *graph.Node) {
	defer lesson.Done(t, "the laboratory's numbers to 1e-5, and zeros stay zeros")
	const epsilon = 1e-6
	c := qwen.Config{HiddenSize: 8, RMSEps: epsilon}
	x, scale := numbers(1, 2, 3, 8), numbers(2, 8)
	of := func(f func(x, scale *graph.Node) *graph.Node) []float32 {
		return compute(func(in []*graph.Node) *graph.Node { return f(in[0], in[1]) }, x, scale)
	}
	known := func(say string, f func(x, scale, square *graph.Node) *graph.Node) lesson.Variant {
		return lesson.Variant{Say: say, Gives: func() []float32 {
			return of(func(x, scale *graph.Node) *graph.Node {
				return f(x, graph.ExpandLeftToRank(scale, 3), graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1))
			})
		}}
	}
	if !lesson.Same(t, "rmsNorm of vectors of 8 numbers", of(func(x, scale *graph.Node) *graph.Node { return rmsNorm(x, scale, epsilon) }), of(c.RMSNorm), 1e-5,
		known("this is divided by the mean square: take its root", func(x, scale, square *graph.Node) *graph.Node {
			return graph.Mul(graph.Div(x, square), scale)
		}),
		known("the sum of the squares is not divided by their number: take the mean", func(x, scale, square *graph.Node) *graph.Node {
			return graph.Mul(graph.Div(x, graph.Sqrt(graph.MulScalar(square, 8))), scale)
		}),
		known("scale is missing", func(x, scale, square *graph.Node) *graph.Node { return graph.Div(x, graph.Sqrt(square)) }),
		known("the mean of the numbers is taken away first: that is LayerNorm; RMSNorm leaves it", func(x, scale, _ *graph.Node) *graph.Node {
			x = graph.Sub(x, graph.ReduceAndKeep(x, graph.ReduceMean, -1))
			return graph.Mul(graph.Div(x, graph.Sqrt(graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1))), scale)
		}),
		known("the mean goes over all numbers: it goes over the last axis, for each token alone", func(x, scale, _ *graph.Node) *graph.Node {
			return graph.Mul(graph.Div(x, graph.Sqrt(graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, 0, 1, 2))), scale)
		}),
	) {
		return
	}
	small := func(x, scale *graph.Node) *graph.Node { return rmsNorm(graph.MulScalar(x, 1e-3), scale, epsilon) }
	theirs := func(x, scale *graph.Node) *graph.Node { return c.RMSNorm(graph.MulScalar(x, 1e-3), scale) }
	lesson.Same(t, "rmsNorm of very small numbers", of(small), of(theirs), 1e-5,
		known("ε is added to the root: it belongs under it, to the mean square", func(x, scale, square *graph.Node) *graph.Node {
			return graph.Mul(graph.Div(graph.MulScalar(x, 1e-3), graph.AddScalar(graph.MulScalar(graph.Sqrt(square), 1e-3), epsilon)), scale)
		}),
		known("ε is missing: a vector of zeros would be divided by 0", func(x, scale, square *graph.Node) *graph.Node {
			return graph.Mul(graph.Div(x, graph.Sqrt(square)), scale)
		}))
}

func TestRMSNorm(t *testing.T) { checkRMSNorm(t, rmsNorm) }

func checkRotate(t lesson.T, rotate func(x, cos, sin *graph.Node) *graph.Node) {
	defer lesson.Done(t, "the laboratory's numbers to 1e-5")
	c := qwen.Config{HiddenSize: 16, Heads: 2, KVHeads: 2, Context: 8, RopeTheta: 100}
	x := numbers(3, 1, 5, 2, 8)
	of := func(f func(x, cos, sin *graph.Node) *graph.Node) []float32 {
		return compute(func(in []*graph.Node) *graph.Node {
			cos, sin := angles(in[0].Graph(), 5, 8, c.RopeTheta)
			return f(in[0], cos, sin)
		}, x)
	}
	known := func(say string, f func(a, b, cos, sin *graph.Node) *graph.Node) lesson.Variant {
		return lesson.Variant{Say: say, Gives: func() []float32 {
			return of(func(x, cos, sin *graph.Node) *graph.Node {
				return f(graph.SliceAxis(x, -1, graph.AxisRange(0, 4)), graph.SliceAxis(x, -1, graph.AxisRange(4, 8)), cos, sin)
			})
		}}
	}
	join := func(all ...*graph.Node) *graph.Node { return graph.Concatenate(all, -1) }
	theirs := of(func(x, _, _ *graph.Node) *graph.Node {
		positions := graph.Reshape(graph.Const(x.Graph(), []int32{0, 1, 2, 3, 4}), 1, 5)
		return c.Turned(x, positions)
	})
	lesson.Same(t, "rotate of 5 positions of 2 heads of 8 numbers", of(rotate), theirs, 1e-5,
		known("this turns the other way: a' = a·cos − b·sin and b' = b·cos + a·sin, mind the signs", func(a, b, cos, sin *graph.Node) *graph.Node {
			return join(graph.Add(graph.Mul(a, cos), graph.Mul(b, sin)), graph.Sub(graph.Mul(b, cos), graph.Mul(a, sin)))
		}),
		known("both signs are plus: the first half is a·cos − b·sin", func(a, b, cos, sin *graph.Node) *graph.Node {
			return join(graph.Add(graph.Mul(a, cos), graph.Mul(b, sin)), graph.Add(graph.Mul(b, cos), graph.Mul(a, sin)))
		}),
		known("the two halves of the result are exchanged", func(a, b, cos, sin *graph.Node) *graph.Node {
			return join(graph.Add(graph.Mul(b, cos), graph.Mul(a, sin)), graph.Sub(graph.Mul(a, cos), graph.Mul(b, sin)))
		}),
		known("only the first half is turned", func(a, b, cos, sin *graph.Node) *graph.Node {
			return join(graph.Sub(graph.Mul(a, cos), graph.Mul(b, sin)), b)
		}),
		known("the second half uses the new first half: it needs the old one", func(a, b, cos, sin *graph.Node) *graph.Node {
			a = graph.Sub(graph.Mul(a, cos), graph.Mul(b, sin))
			return join(a, graph.Add(graph.Mul(b, cos), graph.Mul(a, sin)))
		}),
		lesson.Variant{Say: "the pairs are neighbours here, (0, 1), (2, 3), …: in Qwen's layout number i goes with number i + dim/2", Gives: func() []float32 {
			return of(func(x, cos, sin *graph.Node) *graph.Node {
				apart := graph.Reshape(x, 1, 5, 2, 4, 2)
				a := graph.Reshape(graph.SliceAxis(apart, -1, graph.AxisRange(0, 1)), 1, 5, 2, 4)
				b := graph.Reshape(graph.SliceAxis(apart, -1, graph.AxisRange(1, 2)), 1, 5, 2, 4)
				one := graph.Reshape(graph.Sub(graph.Mul(a, cos), graph.Mul(b, sin)), 1, 5, 2, 4, 1)
				two := graph.Reshape(graph.Add(graph.Mul(b, cos), graph.Mul(a, sin)), 1, 5, 2, 4, 1)
				return graph.Reshape(join(one, two), 1, 5, 2, 8)
			})
		}})
}

func TestRotate(t *testing.T) { checkRotate(t, rotate) }

func checkAttention(t lesson.T, attention func(q, k, v *graph.Node) *graph.Node) {
	defer lesson.Done(t, "the laboratory's numbers to 1e-5; no position sees the future")
	q, k, v := numbers(4, 2, 5, 3, 4), numbers(5, 2, 5, 3, 4), numbers(6, 2, 5, 3, 4)
	of := func(f func(q, k, v *graph.Node) *graph.Node) []float32 {
		return compute(func(in []*graph.Node) *graph.Node { return f(in[0], in[1], in[2]) }, q, k, v)
	}
	// known is attention with other scores: scale, mask (true = seen), what masked scores get, axis of the softmax.
	known := func(say string, scale float64, mask func(g *graph.Graph, n int) *graph.Node, blocked float64, axis int) lesson.Variant {
		return lesson.Variant{Say: say, Gives: func() []float32 {
			return of(func(q, k, v *graph.Node) *graph.Node {
				scores := graph.MulScalar(graph.Einsum("bthd,buhd->bhtu", q, k), scale)
				seen := graph.BroadcastToDims(graph.Reshape(mask(q.Graph(), 5), 1, 1, 5, 5), 2, 3, 5, 5)
				scores = graph.Where(seen, scores, graph.AddScalar(graph.ZerosLike(scores), blocked))
				return graph.Einsum("bhtu,buhd->bthd", graph.Softmax(scores, axis), v)
			})
		}}
	}
	all := func(g *graph.Graph, n int) *graph.Node {
		return graph.LogicalOr(graph.LowerTriangular(g, n), graph.UpperTriangular(g, n))
	}
	before := func(g *graph.Graph, n int) *graph.Node { return graph.LogicalNot(graph.UpperTriangular(g, n)) }
	lesson.Same(t, "attention of 5 positions with 3 heads of 4 numbers", of(attention), of(qwen.Attend), 1e-5,
		known("every position sees the future: it may see itself and what stands before it", 0.5, all, -1e9, -1),
		known("scores are not divided by √dim", 1, graph.LowerTriangular, -1e9, -1),
		known("scores are divided by dim: divide by its root", 0.25, graph.LowerTriangular, -1e9, -1),
		known("the mask is the wrong way round: what is seen is the future", 0.5, graph.UpperTriangular, -1e9, -1),
		known("a position does not see itself: u ≤ t, not u < t", 0.5, before, -1e9, -1),
		known("the softmax goes over the queries: over the keys, the last axis, weights add up to 1", 0.5, graph.LowerTriangular, -1e9, 2),
		known("masked scores are 0, which is a score like another one: give them −1e9", 0.5, graph.LowerTriangular, 0, -1),
		lesson.Variant{Say: "the mask comes after the softmax, so that the weights that are left do not add up to 1: mask the scores", Gives: func() []float32 {
			return of(func(q, k, v *graph.Node) *graph.Node {
				weights := graph.Softmax(graph.MulScalar(graph.Einsum("bthd,buhd->bhtu", q, k), 0.5), -1)
				seen := graph.BroadcastToDims(graph.Reshape(graph.LowerTriangular(q.Graph(), 5), 1, 1, 5, 5), 2, 3, 5, 5)
				return graph.Einsum("bhtu,buhd->bthd", graph.Where(seen, weights, graph.ZerosLike(weights)), v)
			})
		}})
}

func TestAttention(t *testing.T) { checkAttention(t, attention) }

func checkSwiGLU(t lesson.T, swiGLU func(gate, up *graph.Node) *graph.Node) {
	defer lesson.Done(t, "the laboratory's numbers to 1e-5")
	gate, up := numbers(7, 2, 6), numbers(8, 2, 6)
	of := func(f func(gate, up *graph.Node) *graph.Node) []float32 {
		return compute(func(in []*graph.Node) *graph.Node { return f(graph.MulScalar(in[0], 3), in[1]) }, gate, up)
	}
	known := func(say string, f func(gate, up *graph.Node) *graph.Node) lesson.Variant {
		return lesson.Variant{Say: say, Gives: func() []float32 { return of(f) }}
	}
	silu := func(x *graph.Node) *graph.Node { return graph.Mul(x, graph.Sigmoid(x)) }
	lesson.Same(t, "swiGLU of 12 numbers", of(swiGLU), of(qwen.SwiGLU), 1e-5,
		known("this is σ(gate)·up, called GLU: the gate itself is a factor too", func(gate, up *graph.Node) *graph.Node { return graph.Mul(graph.Sigmoid(gate), up) }),
		known("gate and up are exchanged", func(gate, up *graph.Node) *graph.Node { return graph.Mul(silu(up), gate) }),
		known("up is missing: this is SiLU alone", func(gate, up *graph.Node) *graph.Node { return silu(gate) }),
		known("this is ReLU of the gate, which has a corner: SiLU is g·σ(g)", func(gate, up *graph.Node) *graph.Node {
			return graph.Mul(graph.MaxScalar(gate, 0), up)
		}),
		known("the sigmoid is of up: it is of the gate", func(gate, up *graph.Node) *graph.Node { return graph.Mul(graph.Mul(gate, graph.Sigmoid(up)), up) }))
}

func TestSwiGLU(t *testing.T) { checkSwiGLU(t, swiGLU) }

func checkLoss(t lesson.T, loss func(logits, targets *graph.Node) *graph.Node) {
	defer lesson.Done(t, "the laboratory's number to 1e-5; what is no target does not count")
	logits := numbers(9, 2, 4, 5)
	targets := [][]int32{{-1, 3, 0, -1}, {-1, -1, 4, -1}}
	of := func(f func(logits, targets *graph.Node) *graph.Node) []float32 {
		return compute(func(in []*graph.Node) *graph.Node { return f(graph.MulScalar(in[0], 2), in[1]) }, logits, targets)
	}
	ofTargets := func(logits, targets *graph.Node) *graph.Node { // their summed log-probs, by the laboratory
		return graph.ReduceAllSum(qwen.TargetLogProbs(graph.Transpose(graph.Reshape(logits, -1, 5), 0, 1), graph.Reshape(targets, -1)))
	}
	known := func(say string, f func(logits, targets *graph.Node) *graph.Node) lesson.Variant {
		return lesson.Variant{Say: say, Gives: func() []float32 { return of(f) }}
	}
	lesson.Same(t, "the loss of 8 positions, 3 of them with a target", of(loss), of(func(logits, targets *graph.Node) *graph.Node {
		return graph.MulScalar(ofTargets(logits, targets), -1.0/3)
	}), 1e-5,
		known("the sign: the loss is minus the mean log-probability", func(logits, targets *graph.Node) *graph.Node {
			return graph.MulScalar(ofTargets(logits, targets), 1.0/3)
		}),
		known("this is the sum over the targets: divide by their number", func(logits, targets *graph.Node) *graph.Node {
			return graph.Neg(ofTargets(logits, targets))
		}),
		known("this is divided by all 8 positions: only 3 have a target", func(logits, targets *graph.Node) *graph.Node {
			return graph.MulScalar(ofTargets(logits, targets), -1.0/8)
		}),
		known("this is the mean over all numbers of the one-hot tensor, zeros too: sum, and divide by the number of targets", func(logits, targets *graph.Node) *graph.Node {
			return graph.MulScalar(ofTargets(logits, targets), -1.0/40)
		}),
		known("this is the logarithm of a mean chance: take the logarithm of each chance first, then the mean", func(logits, targets *graph.Node) *graph.Node {
			chances := graph.Mul(graph.Softmax(logits, -1), graph.OneHot(targets, 5, logits.DType()))
			return graph.Neg(graph.Log(graph.MulScalar(graph.ReduceAllSum(chances), 1.0/3)))
		}),
		known("positions without a target count as if token 0 were theirs", func(logits, targets *graph.Node) *graph.Node {
			return graph.MulScalar(ofTargets(logits, graph.MaxScalar(targets, 0)), -1.0/8)
		}),
		known("these are the logits of the targets: chances come from them by the softmax, take graph.LogSoftmax", func(logits, targets *graph.Node) *graph.Node {
			return graph.MulScalar(graph.ReduceAllSum(graph.Mul(logits, graph.OneHot(targets, 5, logits.DType()))), -1.0/3)
		}),
		known("these are chances without the logarithm", func(logits, targets *graph.Node) *graph.Node {
			return graph.MulScalar(graph.ReduceAllSum(graph.Mul(graph.Softmax(logits, -1), graph.OneHot(targets, 5, logits.DType()))), -1.0/3)
		}))
}

func TestLoss(t *testing.T) { checkLoss(t, loss) }

func checkBestHead(t lesson.T, bestHead func(weights [][][][]float32, pairs []pair) (layer, head int, mean float64)) {
	defer lesson.Done(t, "the head with the largest mean weight on all pairs")
	zero := func() [][]float32 { return [][]float32{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}} }
	weights := [][][][]float32{{zero(), zero()}, {zero(), zero()}}
	set := func(layer, head int, first, second float32) {
		weights[layer][head][1][0], weights[layer][head][2][1] = first, second
	}
	set(0, 0, 0.9, 0)                       // one pair very well
	set(0, 1, 0.6, 0.5)                     // both: the right one
	set(1, 1, 0.2, 0.3)                     // the last one
	weights[1][0][0] = []float32{0, 0.9, 0} // from and to exchanged
	weights[1][0][1] = []float32{0, 0, 0.9}
	layer, head, mean := bestHead(weights, []pair{{1, 0}, {2, 1}})
	switch [2]int{layer, head} {
	case [2]int{0, 1}:
	case [2]int{0, 0}:
		t.Fatalf("✗ layer 0, head 0 looks at one of the two pairs only: take the mean over all pairs, not the largest weight")
	case [2]int{1, 0}:
		t.Fatalf("✗ layer 1, head 0 looks from each to to its from: the weights are [query][key], from first")
	case [2]int{1, 1}:
		t.Fatalf("✗ layer 1, head 1 is the last one that was looked at: keep the largest")
	case [2]int{1, 2}:
		t.Fatalf("✗ layers and heads count from 0")
	default:
		t.Fatalf("✗ the head is layer %d, head %d, expected layer 0, head 1", layer, head)
	}
	lesson.Near(t, "its mean weight", mean, 0.55, 1e-6, lesson.Mistake{Gives: 1.1, Say: "this is the sum: divide by the number of pairs"})
}

func TestBestHead(t *testing.T) { checkBestHead(t, bestHead) }

// What follows is not in the notebooks: the cells run and show what their texts say, and plausible
// mistakes are told what is wrong.

func TestCellsRun(t *testing.T) {
	for _, cell := range []func(){RunGoMLX, RunDocument, RunDistances, RunAgainstTheLaboratory} {
		cell()
	}
}

func TestTheNetworkIsTheLaboratorys(t *testing.T) {
	var rows [][]int32
	for i := range uint64(3) {
		ids, _ := document(problems(gsm.Train, 1, 3).At(i), world())
		row := make([]int32, 80)
		copy(row, ids)
		rows = append(rows, row)
	}
	for layers := 1; layers <= 3; layers++ {
		if worst := farthest(shape(layers), rows); worst > 1e-5 {
			t.Errorf("with %d layers a logit differs by %g", layers, worst)
		}
	}
}

func TestEveryDocumentHasThePlacesThatTheLessonNames(t *testing.T) {
	tok := world()
	for i := range uint64(200) {
		ids, prompt := document(problems(gsm.Test, 1, 1).At(i), tok)
		if len(ids) > width+1 || len(ids)-prompt != 15 {
			t.Fatalf("document %d has %d tokens, %d of them its prompt: the lesson takes it for one of 15 behind the prompt", i, len(ids), prompt)
		}
		text := words(ids, tok)
		for _, p := range lookUps(text, prompt) {
			if text[p.to] != text[p.from+1] {
				t.Errorf("document %d, %s: %q is written, and %q is looked up", i, strings.Join(text, " "), text[p.from+1], text[p.to])
			}
		}
		if text[prompt+10] != problems(gsm.Test, 1, 1).At(i).Answer {
			t.Errorf("document %d: the result is not where the lesson looks", i)
		}
	}
}

func TestTrainingLearns(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	w, losses := learn(shape(2), 1, 1, 30)
	if first, last := losses[0], losses[len(losses)-1]; last > 0.7*first {
		t.Errorf("30 steps take the loss from %.2f to %.2f", first, last)
	}
	keep("a model", w)
	if recall("a model").Digest() != w.Digest() {
		t.Error("a model is another one when it is read again")
	}
	weights := meanWeights(w, 5)
	if layer, head, mean := bestHead(weights, []pair{{0, 0}}); mean <= 0 || mean > 1 || weights[layer][head][0][0] != float32(mean) {
		t.Errorf("layer %d, head %d has a mean weight of %g", layer, head, mean)
	}
	off := without(w, 1, 2)
	if off.Digest() == w.Digest() || without(off, 1, 2).Digest() != off.Digest() {
		t.Error("switching a head off changes nothing, or changes more the second time")
	}
	if shares := rightByKind(w, 5); slices.Max(shares) > 1 || shares[3] == 0 {
		t.Errorf("after 30 steps the shares of right tokens are %v: the marks come first", shares)
	}
}

// The texts of the lesson say what full training shows; that takes minutes: INTERPLAY_LONG=1.
func TestTheTextsSayWhatTrainingShows(t *testing.T) {
	if os.Getenv("INTERPLAY_LONG") == "" {
		t.Skip("minutes: set INTERPLAY_LONG=1")
	}
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	for _, cell := range []func(){RunTrain, RunSolved, RunFinder, RunSwitchedOff, RunLayers} {
		cell()
	}
	two := recall("two layers")
	if s := solved(two, 1, 100); s < 0.8 {
		t.Errorf("two layers solve %.2f of the problems", s)
	}
	if layer, _, mean := bestHead(meanWeights(two, 50), []pair{{0, 0}}); layer != 1 || mean < 0.5 {
		t.Errorf("the head that looks values up is in layer %d, with %.2f of its weight there", layer+1, mean)
	}
	if s := rightByKind(recall("one layer"), 100); s[0] > 0.6 || s[1] > 0.6 {
		t.Errorf("one layer copies %.2f of the formulas and looks up %.2f of the values", s[0], s[1])
	}
}

func TestPlausibleMistakesAreTold(t *testing.T) {
	type node = *graph.Node
	mean := func(x node) node { return graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1) }
	norm := func(f func(x, scale node, epsilon float64) node) func(lesson.T) {
		return func(t lesson.T) { checkRMSNorm(t, f) }
	}
	turn := func(f func(a, b, cos, sin node) node) func(lesson.T) {
		return func(t lesson.T) {
			checkRotate(t, func(x, cos, sin node) node {
				dim := x.Shape().Dim(-1)
				return f(graph.SliceAxis(x, -1, graph.AxisRange(0, dim/2)), graph.SliceAxis(x, -1, graph.AxisRange(dim/2, dim)), cos, sin)
			})
		}
	}
	look := func(f func(scores node) node) func(lesson.T) {
		return func(t lesson.T) {
			checkAttention(t, func(q, k, v node) node {
				scores := graph.MulScalar(graph.Einsum("bthd,buhd->bhtu", q, k), 1/math.Sqrt(float64(q.Shape().Dim(-1))))
				return graph.Einsum("bhtu,buhd->bthd", f(scores), v)
			})
		}
	}
	masked := func(scores node) node {
		seen := graph.LowerTriangular(scores.Graph(), scores.Shape().Dim(-1))
		return graph.Where(graph.BroadcastToDims(graph.InsertAxes(seen, 0, 0), scores.Shape().Dimensions...), scores, graph.AddScalar(graph.ZerosLike(scores), -1e9))
	}
	for _, wrong := range []struct {
		name, told string
		check      func(lesson.T)
	}{
		{"letters", "at its blanks", func(t lesson.T) {
			checkEncode(t, func(text string, vocabulary []string) []int32 { return make([]int32, len(text)) })
		}},
		{"prefix", "equal to it", func(t lesson.T) {
			checkEncode(t, func(text string, vocabulary []string) (ids []int32) {
				for _, word := range strings.Fields(text) {
					ids = append(ids, int32(slices.IndexFunc(vocabulary, func(token string) bool { return strings.HasPrefix(word, token) })))
				}
				return ids
			})
		}},
		{"unknown word", "expected nil", func(t lesson.T) {
			checkEncode(t, func(text string, vocabulary []string) (ids []int32) {
				for _, word := range strings.Fields(text) {
					ids = append(ids, max(0, int32(slices.Index(vocabulary, word))))
				}
				return ids
			})
		}},
		{"ids from 1", "count from 0", func(t lesson.T) {
			checkEncode(t, func(text string, vocabulary []string) (ids []int32) {
				for _, word := range strings.Fields(text) {
					ids = append(ids, int32(slices.Index(vocabulary, word)+1))
				}
				return ids
			})
		}},
		{"no root", "take its root", norm(func(x, scale node, _ float64) node {
			return graph.Mul(graph.Div(x, mean(x)), graph.ExpandLeftToRank(scale, x.Rank()))
		})},
		{"no scale", "scale is missing", norm(func(x, scale node, e float64) node { return graph.Div(x, graph.Sqrt(graph.AddScalar(mean(x), e))) })},
		{"sum of squares", "take the mean", norm(func(x, scale node, e float64) node {
			sum := graph.ReduceAndKeep(graph.Square(x), graph.ReduceSum, -1)
			return graph.Mul(graph.Div(x, graph.Sqrt(graph.AddScalar(sum, e))), graph.ExpandLeftToRank(scale, x.Rank()))
		})},
		{"LayerNorm", "that is LayerNorm", norm(func(x, scale node, e float64) node {
			return rmsNorm(graph.Sub(x, graph.ReduceAndKeep(x, graph.ReduceMean, -1)), scale, e)
		})},
		{"ε outside", "belongs under it", norm(func(x, scale node, e float64) node {
			return graph.Mul(graph.Div(x, graph.AddScalar(graph.Sqrt(mean(x)), e)), graph.ExpandLeftToRank(scale, x.Rank()))
		})},
		{"no ε", "ε is missing", norm(func(x, scale node, _ float64) node { return rmsNorm(x, scale, 0) })},
		{"turned back", "turns the other way", func(t lesson.T) {
			checkRotate(t, func(x, cos, sin node) node { return rotate(x, cos, graph.Neg(sin)) })
		}},
		{"two plus signs", "a·cos − b·sin", turn(func(a, b, cos, sin node) node {
			return graph.Concatenate([]node{graph.Add(graph.Mul(a, cos), graph.Mul(b, sin)), graph.Add(graph.Mul(b, cos), graph.Mul(a, sin))}, -1)
		})},
		{"half", "only the first half", turn(func(a, b, cos, sin node) node {
			return graph.Concatenate([]node{graph.Sub(graph.Mul(a, cos), graph.Mul(b, sin)), b}, -1)
		})},
		{"neighbours", "in Qwen's layout", func(t lesson.T) {
			checkRotate(t, func(x, cos, sin node) node { // the same turn with neighbours as pairs
				dims, dim := x.Shape().Dimensions, x.Shape().Dim(-1)
				y := graph.Transpose(graph.Reshape(x, dims[0], dims[1], dims[2], dim/2, 2), 3, 4)
				y = graph.Reshape(rotate(graph.Reshape(y, dims...), cos, sin), dims[0], dims[1], dims[2], 2, dim/2)
				return graph.Reshape(graph.Transpose(y, 3, 4), dims...)
			})
		}},
		{"not causal", "sees the future", look(func(scores node) node { return graph.Softmax(scores, -1) })},
		{"not scaled", "√dim", look(func(scores node) node { return graph.Softmax(masked(graph.MulScalar(scores, 2)), -1) })},
		{"over queries", "over the keys", look(func(scores node) node { return graph.Softmax(masked(scores), 2) })},
		{"masked with 0", "give them −1e9", look(func(scores node) node {
			seen := graph.BroadcastToDims(graph.InsertAxes(graph.LowerTriangular(scores.Graph(), scores.Shape().Dim(-1)), 0, 0), scores.Shape().Dimensions...)
			return graph.Softmax(graph.Where(seen, scores, graph.ZerosLike(scores)), -1)
		})},
		{"GLU", "called GLU", func(t lesson.T) {
			checkSwiGLU(t, func(gate, up node) node { return graph.Mul(graph.Sigmoid(gate), up) })
		}},
		{"exchanged", "exchanged", func(t lesson.T) { checkSwiGLU(t, func(gate, up node) node { return swiGLU(up, gate) }) }},
		{"ReLU", "has a corner", func(t lesson.T) {
			checkSwiGLU(t, func(gate, up node) node { return graph.Mul(graph.MaxScalar(gate, 0), up) })
		}},
		{"a sum for a loss", "divide by their number", func(t lesson.T) {
			checkLoss(t, func(logits, targets node) node {
				return graph.Neg(graph.ReduceAllSum(graph.Mul(graph.LogSoftmax(logits, -1), graph.OneHot(targets, 5, logits.DType()))))
			})
		}},
		{"all positions", "only 3 have a target", func(t lesson.T) {
			checkLoss(t, func(logits, targets node) node { return graph.MulScalar(loss(logits, targets), 3.0/8) })
		}},
		{"the mean over the one-hot tensor", "zeros too", func(t lesson.T) {
			checkLoss(t, func(logits, targets node) node {
				return graph.Neg(graph.ReduceAllMean(graph.Mul(graph.LogSoftmax(logits, -1), graph.OneHot(targets, 5, logits.DType()))))
			})
		}},
		{"the logarithm at the end", "the logarithm of each chance first", func(t lesson.T) {
			checkLoss(t, func(logits, targets node) node {
				chances := graph.Mul(graph.Softmax(logits, -1), graph.OneHot(targets, 5, logits.DType()))
				return graph.Neg(graph.Log(graph.Div(graph.ReduceAllSum(chances), graph.Const(logits.Graph(), float32(3)))))
			})
		}},
		{"no root, ε there", "take its root", func(t lesson.T) {
			checkRMSNorm(t, func(x, scale node, epsilon float64) node {
				square := graph.AddScalar(graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1), epsilon)
				return graph.Mul(graph.Div(x, square), graph.ExpandLeftToRank(scale, x.Rank()))
			})
		}},
		{"logits", "take graph.LogSoftmax", func(t lesson.T) {
			checkLoss(t, func(logits, targets node) node {
				chosen := graph.OneHot(targets, 5, logits.DType())
				return graph.Neg(graph.Div(graph.ReduceAllSum(graph.Mul(logits, chosen)), graph.ReduceAllSum(chosen)))
			})
		}},
		{"sign", "the sign", func(t lesson.T) {
			checkLoss(t, func(logits, targets node) node { return graph.Neg(loss(logits, targets)) })
		}},
		{"largest weight", "mean over all pairs", func(t lesson.T) {
			checkBestHead(t, func([][][][]float32, []pair) (int, int, float64) { return 0, 0, 0.9 })
		}},
		{"key first", "from first", func(t lesson.T) {
			checkBestHead(t, func(weights [][][][]float32, pairs []pair) (int, int, float64) {
				var other []pair
				for _, p := range pairs {
					other = append(other, pair{p.to, p.from})
				}
				return bestHead(weights, other)
			})
		}},
		{"sum of weights", "divide by the number", func(t lesson.T) {
			checkBestHead(t, func(weights [][][][]float32, pairs []pair) (int, int, float64) {
				l, h, mean := bestHead(weights, pairs)
				return l, h, mean * float64(len(pairs))
			})
		}},
		{"counted from 1", "count from 0", func(t lesson.T) {
			checkBestHead(t, func(weights [][][][]float32, pairs []pair) (int, int, float64) {
				l, h, mean := bestHead(weights, pairs)
				return l + 1, h + 1, mean
			})
		}},
	} {
		passed, said := lesson.Run(wrong.check)
		if passed || !strings.Contains(said, wrong.told) {
			t.Errorf("%s: passed %t, expected to be told %q, was told:\n%s", wrong.name, passed, wrong.told, said)
		}
	}
}
