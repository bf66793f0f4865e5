package qwen

import (
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Rows that share a prompt give the logits of whole sequences, and the gradients too: by
// hand and as the library derives them.
func TestSharedPromptsEqualWholeSequences(t *testing.T) {
	const length, seq = 9, 12 // of the padded prompts, of the rows
	e := open(t, "")
	w := randomWeights(t, testConfig, 4)
	n := len(w.Tensors)
	prompts := [][]int32{draw(1, 10, testConfig.VocabSize), draw(2, 5, testConfig.VocabSize), draw(3, 1, testConfig.VocabSize)}
	// By row: prompt, and the completions in it.
	rows := []struct {
		prompt      int
		completions [][]int32
	}{
		{0, [][]int32{draw(4, 12, testConfig.VocabSize)}},
		{0, [][]int32{draw(5, 4, testConfig.VocabSize), draw(6, 6, testConfig.VocabSize)}},
		{1, [][]int32{draw(7, 7, testConfig.VocabSize)}},
		{2, [][]int32{draw(8, 3, testConfig.VocabSize), draw(9, 8, testConfig.VocabSize)}},
		{1, [][]int32{draw(10, 11, testConfig.VocabSize)}},
	}

	// As shared rows; weight marks the positions that count, its value which is which.
	flat := slices.Repeat([]int32{-1}, len(prompts)*length)
	for i, p := range prompts {
		copy(flat[i*length:], p[:len(p)-1])
	}
	var owner, tokens, positions, segments []int32
	var weight []float32
	// As whole sequences, one a row.
	const whole = length + 1 + seq
	var wholeTokens, wholePositions, wholeSegments []int32
	var wholeWeight []float32
	count := 0
	for _, r := range rows {
		owner = append(owner, int32(r.prompt))
		prompt := prompts[r.prompt]
		for k, c := range r.completions {
			text := append([]int32{prompt[len(prompt)-1]}, c...)
			one := append(slices.Clone(prompt[:len(prompt)-1]), text...)
			oneWeight := make([]float32, whole)
			for j := range c {
				count++
				tokens, positions, segments = append(tokens, text[j]), append(positions, int32(len(prompt)-1+j)), append(segments, int32(k+1))
				weight = append(weight, float32(count))
				oneWeight[len(prompt)-1+j] = float32(count)
			}
			for j := range whole {
				token, segment := int32(0), int32(0)
				if j < len(one)-1 {
					token, segment = one[j], 1
				}
				wholeTokens, wholePositions, wholeSegments = append(wholeTokens, token), append(wholePositions, int32(j)), append(wholeSegments, segment)
			}
			wholeWeight = append(wholeWeight, oneWeight...)
		}
		for len(tokens)%seq != 0 {
			tokens, positions, segments, weight = append(tokens, 3), append(positions, 0), append(segments, 0), append(weight, 0)
		}
	}

	type result struct {
		logits    map[float32][]float32 // by weight
		gradients [][]float32
	}
	run := func(forward func(weights, in []*graph.Node) *graph.Node, weight []float32, inputs ...any) result {
		exec, err := graph.NewExec(e.Backend, func(in []*graph.Node) []*graph.Node {
			logits := forward(in[:n], in[n:])
			of := graph.Reshape(in[len(in)-1], logits.Shape().Dim(0), logits.Shape().Dim(1), 1)
			loss := graph.ReduceAllSum(graph.Mul(of, graph.Sin(logits)))
			return append(graph.Gradient(loss, in[:n]...), logits)
		})
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(weight, len(weight)))
		out, err := exec.Call(args(w, inputs...)...)
		if err != nil {
			t.Fatal(err)
		}
		r := result{logits: map[float32][]float32{}}
		logits := tensors.MustCopyFlatData[float32](out[n])
		for i, x := range weight {
			if x > 0 {
				r.logits[x] = logits[i*testConfig.VocabSize : (i+1)*testConfig.VocabSize]
			}
		}
		for _, g := range out[:n] {
			r.gradients = append(r.gradients, tensors.MustCopyFlatData[float32](g))
		}
		return r
	}
	as := func(x []int32, dims ...int) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(x, dims...) }
	sequences := len(wholeTokens) / whole
	want := run(func(weights, in []*graph.Node) *graph.Node {
		return Bind(testConfig, weights).Forward(Rows{Tokens: in[0], Positions: in[1], Segments: in[2]})
	}, wholeWeight,
		as(wholeTokens, sequences, whole), as(wholePositions, sequences, whole), as(wholeSegments, sequences, whole))
	for _, c := range []struct{ joined, transposed, derived bool }{{false, false, false}, {true, false, false}, {true, false, true}, {false, true, true}} {
		got := run(func(weights, in []*graph.Node) *graph.Node {
			b := Bind(testConfig, weights)
			if c.joined {
				b = b.Joined()
			}
			if c.transposed {
				b = BindTransposed(testConfig, TransposeWeights(testConfig, weights))
			}
			b.derived = c.derived
			return rowLogits(b, b.Hidden(Continuations{Prompts: in[0], Owner: in[1], Tokens: in[2], Positions: in[3], Segments: in[4]}))
		}, weight,
			as(flat, len(prompts), length), as(owner, len(rows)), as(tokens, len(rows), seq), as(positions, len(rows), seq), as(segments, len(rows), seq))
		if len(got.logits) != count || len(want.logits) != count {
			t.Fatalf("%d and %d positions, want %d", len(got.logits), len(want.logits), count)
		}
		for x, logits := range want.logits {
			if d := relative(got.logits[x], logits); d > 1e-5 {
				t.Errorf("%+v: the logits of position %g differ by %.2g of their norm", c, x, d)
			}
		}
		for i, s := range testConfig.Specs() {
			if d := relative(got.gradients[i], want.gradients[i]); d > 2e-5 {
				t.Errorf("%+v: the gradients of %s differ by %.2g of their norm", c, s.Name, d)
			}
		}
	}
}
