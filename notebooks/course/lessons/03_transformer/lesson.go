// Package transformer is lesson 3 of the course: a transformer, written part by part.
package transformer

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/random"
	"interplay/kernelkit/rollout"
	laboratory "interplay/kernelkit/train"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
	"interplay/pipeline"
)

/*md
# Lesson 3 · A transformer

*What is inside a language model? Few parts, each of a few lines. You write them all, put them together, and train what you wrote until it solves problems.*

| | |
|---|---|
| **You need** | lessons 1 and 2: problems, their steps, a judge. What a matrix product is. No GoMLX |
| **Time** | two hours with the exercises; the notebook takes 250 to 280 seconds of processor time (measured on an Intel Xeon; less by the clock on two free cores), nearly all of it for three trainings, and 575 MB of memory |
| **You write** | tokens, RMSNorm, rotary positions, causal attention, SwiGLU, the loss, and a search for the head that finds a variable |

Each part is compared with the laboratory's: the same numbers in, and out must come the same numbers, to 1e-5. Where a check fails it says what differs and where to look. The parts are those of *Qwen2.5*, a family of models that many laboratories use; a model of seven billion parameters has the same parts, only more and larger.
*/

/*md
## 0 · GoMLX for people who know NumPy or PyTorch

A network here is a function of **nodes**. A node stands for a **tensor**: an array of numbers with a **shape**, such as `[batch, seq, hidden]`. Your function computes nothing itself. It writes down *what* is to be computed, a graph, which is then compiled as a whole and run. The graph of lesson 1 had numbers in its boxes; this one has tensors. That is also how gradients come about: the library walks the graph backwards.

| NumPy, PyTorch | here |
|---|---|
| `x + y`, `x * y`, `x / y` | `graph.Add(x, y)`, `graph.Mul(x, y)`, `graph.Div(x, y)` |
| `x - y`, `-x` | `graph.Sub(x, y)`, `graph.Neg(x)` |
| `x + 3`, `x * 3` | `graph.AddScalar(x, 3)`, `graph.MulScalar(x, 3)` |
| `x ** 2`, `sqrt(x)`, `exp(x)`, `sigmoid(x)` | `graph.Square(x)`, `graph.Sqrt(x)`, `graph.Exp(x)`, `graph.Sigmoid(x)` |
| `x.sum(-1, keepdim=True)`, `.mean(…)` | `graph.ReduceAndKeep(x, graph.ReduceSum, -1)`, `graph.ReduceAndKeep(x, graph.ReduceMean, -1)` |
| `x.sum()` | `graph.ReduceAllSum(x)` |
| `x[..., a:b]` | `graph.SliceAxis(x, -1, graph.AxisRange(a, b))` |
| `torch.cat([a, b], -1)` | `graph.Concatenate([]*graph.Node{a, b}, -1)` |
| `torch.einsum("ij,jk->ik", a, b)` | `graph.Einsum("ij,jk->ik", a, b)` |
| `torch.where(c, x, y)` | `graph.Where(c, x, y)`, all of one shape |
| `softmax(x, -1)`, `log_softmax(x, -1)` | `graph.Softmax(x, -1)`, `graph.LogSoftmax(x, -1)` |
| `x.shape[1]` | `x.Shape().Dim(1)` |

Tensors that are added or multiplied must have equally many axes; an axis of size 1 is spread over the other's. The type of a node is `*graph.Node`: the star says that it is a reference, and you need not think about it. `compute` below runs such a function on the same engine that the laboratory runs on. Try it: the middle line is yours to change.
*/

// must ends the cell where something went wrong.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// compute runs a function of nodes on tensors, and returns the numbers of its result, row after row.
func compute(f func(in []*graph.Node) *graph.Node, in ...any) []float32 {
	var cause any // of a panic in f, handed on here: the library waits for ever where it is no error
	out, err := graph.CallOnce(must(pipeline.Backend()).Backend, func(in []*graph.Node) *graph.Node {
		defer func() {
			if cause = recover(); cause != nil {
				cause = lesson.Locate(cause)
				panic(cause)
			}
		}()
		return f(in)
	}, in...)
	if cause != nil {
		panic(cause)
	}
	return tensors.MustCopyFlatData[float32](must(out, err))
}

// numbers are a tensor of a shape with numbers from −1 to 1 that look random, others for another seed.
func numbers(seed uint64, shape ...int) *tensors.Tensor {
	size := 1
	for _, n := range shape {
		size *= n
	}
	flat, s := make([]float32, size), random.New(1, "numbers of lesson 3", seed)
	for i := range flat {
		flat[i] = float32(2*s.Float64() - 1)
	}
	return tensors.FromFlatDataAndDimensions(flat, shape...)
}

//cell

func RunGoMLX() {
	x := [][]float32{{1, 2, 3}, {4, 5, 6}}
	sums := compute(func(in []*graph.Node) *graph.Node {
		return graph.ReduceAndKeep(graph.Square(in[0]), graph.ReduceSum, -1)
	}, x)
	fmt.Println("the sum of the squares of each row:", sums)
}

/*md
## 1 · Tokens

A model reads and writes **tokens**, numbers from a list, the **vocabulary**. Here each word is a token: `a8` is one, `+` is one. The first three are no words: `[PAD]` fills up rows, `[BOS]` begins a text, `[EOS]` ends it. A token's number, its **id**, is its place in the list.
*/

/*md
The world of this lesson is smaller than the laboratory's, to spare you time: numbers modulo 5 instead of 10, ten names, at most two distractors. A **document** is what the model learns from: the problem, its question, its solution, `[EOS]`.
*/

// world is the tokenizer of this lesson.
func world() *vocab.Tokenizer {
	return must(vocab.Words(gsm.SymbolicConfig{Modulus: 5, Entities: 10}.Tokens("A")))
}

// problems is a source of problems of lo to hi operations.
func problems(split gsm.Split, lo, hi int) *gsm.Source {
	spec := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: lo, Max: hi}, "A")
	spec.Modulus, spec.Entities, spec.Distractors = 5, 10, &gsm.Range{Min: 0, Max: 2}
	return must(gsm.NewSource(spec, split, 1))
}

// document is a problem as tokens, and how many of them are its prompt: the problem and the question.
func document(p *gsm.Problem, tok *vocab.Tokenizer) (ids []int32, prompt int) {
	ids = append(must(tok.Encode(p.Training())), tok.EOS())
	return ids, len(must(tok.Encode(p.Prompt())))
}

/*md
**Exercise 3.1** Write `encode`: the ids of the words of a text, which are separated by blanks. A word that the vocabulary lacks must not become another one in silence: then return `nil`.

<details><summary>Hint</summary>`strings.Fields(text)` cuts at blanks. For each word go through the vocabulary until a token is *equal* to it; ids are of type `int32`: `int32(i)`.</details>
*/

// encode returns the ids of a text's words, nil where the vocabulary lacks one.
func encode(text string, vocabulary []string) []int32 {
	// BEGIN SOLUTION
	place := map[string]int32{}
	for i, token := range vocabulary {
		place[token] = int32(i)
	}
	var ids []int32
	for _, word := range strings.Fields(text) {
		id, known := place[word]
		if !known {
			return nil
		}
		ids = append(ids, id)
	}
	return ids
	// END SOLUTION
}

//check TestEncode checkEncode

func RunDocument() {
	tok := world()
	ids, prompt := document(problems(gsm.Train, 1, 1).At(1), tok)
	table := kernelkit.Table{Title: fmt.Sprintf("A document of %d tokens, %d of them its prompt", len(ids), prompt), Columns: []string{"", "tokens", "ids"}}
	for from := 0; from < len(ids); from += 12 {
		row := ids[from:min(len(ids), from+12)]
		var words []string
		for _, id := range row {
			words = append(words, tok.Token(id))
		}
		table.Add(from+1, strings.Join(words, " "), fmt.Sprint(row))
	}
	table.Show()
}

/*md
## 2 · RMSNorm

Inside the network each token is a **vector** of `hidden` numbers (here 64), to which every part adds something. Sums grow, and a part that gets large numbers one time and small ones the next cannot learn. So each part first brings its input to one size. **RMSNorm** divides by the root of the mean square, and multiplies by a learned `scale`:

$$y_i = \frac{x_i}{\sqrt{\frac 1n \sum_j x_j^2 + \varepsilon}}·s_i$$

The small $\varepsilon$ keeps a vector of zeros from being divided by 0.

**Exercise 3.2** Write `rmsNorm`. The sum goes over the last axis.

<details><summary>Hint</summary>`graph.ReduceAndKeep(…, graph.ReduceMean, -1)` gives the mean and keeps the axis, so that the division fits. `scale` has one axis: `graph.ExpandLeftToRank(scale, x.Rank())` gives it as many as `x` has.</details>
*/

// rmsNorm is x [..., hidden] divided by the root of its mean square, times scale [hidden].
func rmsNorm(x, scale *graph.Node, epsilon float64) *graph.Node {
	// BEGIN SOLUTION
	square := graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1)
	unit := graph.Div(x, graph.Sqrt(graph.AddScalar(square, epsilon)))
	return graph.Mul(unit, graph.ExpandLeftToRank(scale, x.Rank()))
	// END SOLUTION
}

//check TestRMSNorm checkRMSNorm

/*md
## 3 · Rotary positions

Attention, which comes next, compares vectors and does not know in which order the tokens stand. **Rotary positions** (RoPE) write the order into the vectors by *turning* them: a vector of `dim` numbers is taken as `dim/2` pairs, each pair is a point in a plane, and the token at position $t$ has its pair $i$ turned by the angle $t·\theta^{-2i/\text{dim}}$. Turning both vectors of a comparison by the same angle changes nothing. So what a comparison sees of positions is how far apart they are.

In Qwen's layout pair $i$ is the numbers $i$ and $i + \text{dim}/2$: `a` is the first half of the vector, `b` the second, and

$$a' = a\cos - b\sin, \qquad b' = b\cos + a\sin$$

`angles` gives the cosines and sines.
*/

// angles are cosine and sine of the rotary angles of positions 0 to seq − 1: [1, seq, 1, dim/2].
func angles(g *graph.Graph, seq, dim int, theta float64) (cos, sin *graph.Node) {
	var c, s []float32
	for t := range seq {
		for i := range dim / 2 {
			angle := float64(float32(t) * float32(math.Pow(theta, -2*float64(i)/float64(dim)))) // in f32, as other programs have it
			c, s = append(c, float32(math.Cos(angle))), append(s, float32(math.Sin(angle)))
		}
	}
	shaped := func(flat []float32) *graph.Node {
		return graph.Const(g, tensors.FromFlatDataAndDimensions(flat, 1, seq, 1, dim/2))
	}
	return shaped(c), shaped(s)
}

/*md
**Exercise 3.3** Write `rotate`.

<details><summary>Hint</summary>`dim := x.Shape().Dim(-1)`; cut x into two halves of its last axis with `graph.SliceAxis`, compute the two new halves, and join them with `graph.Concatenate`.</details>
*/

// rotate turns x [batch, seq, heads, dim] by angles whose cos and sin are [1, seq, 1, dim/2].
func rotate(x, cos, sin *graph.Node) *graph.Node {
	// BEGIN SOLUTION
	dim := x.Shape().Dim(-1)
	a := graph.SliceAxis(x, -1, graph.AxisRange(0, dim/2))
	b := graph.SliceAxis(x, -1, graph.AxisRange(dim/2, dim))
	return graph.Concatenate([]*graph.Node{
		graph.Sub(graph.Mul(a, cos), graph.Mul(b, sin)),
		graph.Add(graph.Mul(b, cos), graph.Mul(a, sin)),
	}, -1)
	// END SOLUTION
}

//check TestRotate checkRotate

/*md
See that only the distance counts: one vector, turned as if it stood at position $t$, compared with another one at position $u$.
*/

func RunDistances() {
	defer lesson.Unfinished()
	const dim, seq = 16, 12
	scores := compute(func(in []*graph.Node) *graph.Node {
		cos, sin := angles(in[0].Graph(), seq, dim, 100)
		everywhere := func(x *graph.Node) *graph.Node { // the same vector at each position
			return rotate(graph.BroadcastToDims(graph.Reshape(x, 1, 1, 1, dim), 1, seq, 1, dim), cos, sin)
		}
		return graph.Einsum("bthd,buhd->tu", everywhere(in[0]), everywhere(in[1]))
	}, numbers(1, dim), numbers(2, dim))
	table := kernelkit.Table{Title: "How well a vector at position t fits another one at position u", Columns: []string{"distance", "t = 3", "t = 7", "t = 11"}}
	for distance := range 4 {
		row := []any{distance}
		for _, t := range []int{3, 7, 11} {
			row = append(row, float64(scores[t*seq+t-distance]))
		}
		table.Add(row...)
	}
	table.Show()
}

/*md
## 4 · Causal attention

**Attention** is the only part that moves something from one token to another. Each token makes three vectors: a **query** (what do I look for?), a **key** (what am I?), and a **value** (what do I give?). The token at position $t$ compares its query with the keys of the tokens before it and of itself, and gets the mean of their values, weighted by how well the keys fit:

$$w_{tu} = \operatorname{softmax}_u\Big(\frac{q_t·k_u}{\sqrt{\text{dim}}}\Big) \text{ over } u \le t, \qquad y_t = \sum_u w_{tu} v_u$$

**Causal** means $u \le t$: who is to predict the next token must not see it. Scores of the future get −1e9 before the softmax, which makes their weights 0. $\sqrt{\text{dim}}$ keeps scores at one size whatever the width. A layer has several **heads**, which do this side by side, each in `dim` numbers of its own.

**Exercise 3.4** Write `attention`.

<details><summary>Hint</summary>`graph.Einsum("bthd,buhd->bhtu", q, k)` compares each query with each key; `"bhtu,buhd->bthd"` mixes values. `graph.LowerTriangular(q.Graph(), seq)` is true where u ≤ t; with `graph.BroadcastToDims(graph.Reshape(allowed, 1, 1, seq, seq), …)` it gets the shape of the scores [batch, heads, seq, seq]. For −1e9 everywhere: `graph.AddScalar(graph.ZerosLike(scores), -1e9)`.</details>
*/

// attention is causal attention: q, k and v are [batch, seq, heads, dim], and so is what comes out.
func attention(q, k, v *graph.Node) *graph.Node {
	// BEGIN SOLUTION
	batch, seq, heads, dim := q.Shape().Dim(0), q.Shape().Dim(1), q.Shape().Dim(2), q.Shape().Dim(3)
	scores := graph.MulScalar(graph.Einsum("bthd,buhd->bhtu", q, k), 1/math.Sqrt(float64(dim)))
	allowed := graph.Reshape(graph.LowerTriangular(q.Graph(), seq), 1, 1, seq, seq)
	future := graph.AddScalar(graph.ZerosLike(scores), -1e9)
	scores = graph.Where(graph.BroadcastToDims(allowed, batch, heads, seq, seq), scores, future)
	return graph.Einsum("bhtu,buhd->bthd", graph.Softmax(scores, -1), v)
	// END SOLUTION
}

//check TestAttention checkAttention

/*md
## 5 · SwiGLU

After attention has brought together what belongs together, each token works on it alone: two matrices widen its vector (here to 192 numbers), one decides how much of the other goes through, a third matrix brings the result back. This is the **MLP**, and its middle is **SwiGLU**:

$$\text{SwiGLU}(g, u) = g·\sigma(g)·u, \qquad \sigma(g) = \frac 1{1 + e^{-g}}$$

$g·\sigma(g)$ is called **SiLU**, or swish: about 0 for negative numbers, about $g$ for large ones, and smooth between.

**Exercise 3.5** Write `swiGLU`.

<details><summary>Hint</summary>Three factors, two products.</details>
*/

// swiGLU is silu(gate) times up, number by number.
func swiGLU(gate, up *graph.Node) *graph.Node {
	// BEGIN SOLUTION
	return graph.Mul(graph.Mul(gate, graph.Sigmoid(gate)), up)
	// END SOLUTION
}

//check TestSwiGLU checkSwiGLU

/*md
## 6 · The loss

The network ends in a **logit** for each token of the vocabulary, at each position; the softmax makes chances of them. It is good where the token that really comes next has a high chance. The **loss** is how surprised it is, on average: the mean of $-\log p$ of the right tokens, in **nats**. Who knows nothing and spreads the chances over all of $n$ tokens has a loss of $\log n$; who is sure and right has 0.

Which tokens count is said by `targets`: the id of the right next token at each position, or −1 where nothing is asked, which is so for the prompt (problems are given, not written) and for padding.

**Exercise 3.6** Write `loss`.

<details><summary>Hint</summary>`graph.LogSoftmax(logits, -1)` are all log-probabilities. `graph.OneHot(targets, vocabulary, logits.DType())` is 1 at the target and 0 elsewhere, and all 0 for −1: multiply and sum. The sum of the one-hot numbers is how many targets there are.</details>
*/

// loss is the mean of −log p of the targets: logits [batch, seq, vocabulary], targets [batch, seq], −1 for none.
func loss(logits, targets *graph.Node) *graph.Node {
	// BEGIN SOLUTION
	chosen := graph.OneHot(targets, logits.Shape().Dim(-1), logits.DType())
	logProbs := graph.ReduceAllSum(graph.Mul(graph.LogSoftmax(logits, -1), chosen))
	return graph.Neg(graph.Div(logProbs, graph.ReduceAllSum(chosen)))
	// END SOLUTION
}

//check TestLoss checkLoss

/*md
## 7 · All together

Your parts make the whole network. A **layer** is attention, then the MLP; each takes the norm of the token's vector, and *adds* its result to it. The vector that all layers add to is called the **residual stream**. At the end the same matrix that turned ids into vectors turns vectors into logits. Read it from top to bottom: this is all there is to a model of today.
*/

// network is the decoder of your parts: weights in the laboratory's order, tokens [batch, seq] → logits
// [batch, seq, vocabulary]. Matrices are [out, in].
func network(c qwen.Config, weights []*graph.Node, tokens *graph.Node) *graph.Node {
	next := func() *graph.Node {
		w := weights[0]
		weights = weights[1:]
		return w
	}
	times := func(x, matrix *graph.Node) *graph.Node { return graph.Einsum("bti,oi->bto", x, matrix) }
	plus := func(x, bias *graph.Node) *graph.Node { return graph.Add(x, graph.ExpandLeftToRank(bias, 3)) }
	batch, seq := tokens.Shape().Dim(0), tokens.Shape().Dim(1)
	heads := func(x *graph.Node) *graph.Node { return graph.Reshape(x, batch, seq, c.Heads, c.HeadDim()) }
	cos, sin := angles(tokens.Graph(), seq, c.HeadDim(), c.RopeTheta)

	embedding := next()
	x := graph.MulScalar(graph.Gather(embedding, graph.InsertAxes(tokens, -1)), c.EmbedScale)
	for range c.Layers {
		h := rmsNorm(x, next(), c.RMSEps)
		q := rotate(heads(plus(times(h, next()), next())), cos, sin)
		k := rotate(heads(plus(times(h, next()), next())), cos, sin)
		v := heads(plus(times(h, next()), next()))
		x = graph.Add(x, times(graph.Reshape(attention(q, k, v), batch, seq, -1), next()))

		h = rmsNorm(x, next(), c.RMSEps)
		gate, up := times(h, next()), times(h, next())
		x = graph.Add(x, times(swiGLU(gate, up), next()))
	}
	return times(rmsNorm(x, next(), c.RMSEps), embedding)
}

// shape is a network of this lesson: 64 numbers a token, 4 heads of 16, an MLP of 192.
func shape(layers int) qwen.Config {
	c := must(qwen.Size("micro", world().Size()))
	c.Layers = layers
	return c
}

/*md
**The whole against the laboratory's.** Same weights, same tokens: the largest difference of any logit. The laboratory's program has its gradients written by hand and its products laid out for speed, and it is the one that the sampler and GRPO run. If yours gives the same numbers, your weights can go to all of them.
 */

// farthest is the largest difference of a logit between your network and the laboratory's.
func farthest(c qwen.Config, tokens [][]int32) float64 {
	w := must(qwen.NewWeights(c, 1))
	args := append(engine.Arguments(w.Tensors), tokens)
	yours := compute(func(in []*graph.Node) *graph.Node {
		n := len(in) - 1
		return network(c, in[:n], in[n])
	}, args...)
	theirs := compute(func(in []*graph.Node) *graph.Node {
		n := len(in) - 1
		positions := graph.Iota(in[n].Graph(), in[n].Shape(), 1)
		return qwen.Bind(c, in[:n]).Forward(qwen.Rows{Tokens: in[n], Positions: positions})
	}, args...)
	worst := 0.0
	for i := range yours {
		worst = max(worst, math.Abs(float64(yours[i]-theirs[i])))
	}
	return worst
}

//cell

func RunAgainstTheLaboratory() {
	defer lesson.Unfinished()
	c := shape(2)
	ids, _ := document(problems(gsm.Train, 1, 1).At(1), world())
	kernelkit.Text(fmt.Sprintf("A network of %d parameters: largest difference of a logit", c.Params()), fmt.Sprintf("%.1e", farthest(c, [][]int32{ids})))
}

/*md
## 8 · Training

Weights begin at random. **Training** repeats: take a few documents, compute the loss, compute its **gradient** (in which direction does each weight raise the loss?), and move each weight a little the other way. GoMLX derives the gradient from your graph; how far to move is decided by **AdamW**, which lesson 4 takes apart. Each row holds one document, filled up with `[PAD]` behind. Being causal, no token of the document sees the padding.

One thing is not random at the start. In the first layer, three of the four heads begin with biases that make them look one, two and three tokens back. A large model finds that by itself; a small one can wait for it for a very long time (`docs/scales.md` has what was tried).
*/

// rows and width are how many documents a step learns from, and how many tokens a row has.
const rows, width = 24, 40

// batch is the tokens and targets of a step: rows documents, those too long left out.
func batch(source *gsm.Source, tok *vocab.Tokenizer, step int) (tokens, targets [][]int32) {
	for i := uint64(step) * 2 * rows; len(tokens) < rows; i++ {
		ids, prompt := document(source.At(i), tok)
		if len(ids) > width+1 {
			continue
		}
		row, target := make([]int32, width), make([]int32, width)
		for t := range target {
			target[t] = -1
			if t+1 < len(ids) {
				row[t] = ids[t]
			}
			if t+1 >= prompt && t+1 < len(ids) {
				target[t] = ids[t+1]
			}
		}
		tokens, targets = append(tokens, row), append(targets, target)
	}
	return tokens, targets
}

// learn trains your network on problems of lo to hi operations, from random weights, and returns the weights and the loss of each step.
func learn(c qwen.Config, lo, hi, steps int) (*qwen.Weights, []float64) {
	recipe := laboratory.Default()
	recipe.Steps, recipe.Warmup = steps, steps/20
	eng, tok, source := must(pipeline.Backend()), world(), problems(gsm.Train, lo, hi)
	n := len(c.Specs())
	step := must(graph.NewExec(eng.Backend, func(in []*graph.Node) []*graph.Node {
		state := laboratory.State[*graph.Node]{Weights: in[:n], First: in[n : 2*n], Second: in[2*n : 3*n]}
		tokens, targets, scalars := in[3*n], in[3*n+1], in[3*n+2]
		l := loss(network(c, state.Weights, tokens), targets)
		state, _ = recipe.Update(c.Specs(), state, graph.Gradient(l, state.Weights...), scalars)
		return append(engine.List(&state), l)
	}))
	start := must(qwen.NewWeights(c, 1))
	first := laboratory.StartState(start)
	state := engine.List(&first)
	var losses []float64
	for s := range steps {
		tokens, targets := batch(source, tok, s)
		out, err := step.Call(append(engine.Arguments(state), tokens, targets, recipe.Scalars(s, recipe.LearningRate(s)))...)
		if err != nil {
			panic(err)
		}
		engine.Free(state)
		losses = append(losses, float64(out[3*n].Value().(float32)))
		state = out[:3*n]
		if (s+1)%max(1, steps/6) == 0 {
			fmt.Printf("step %d of %d: loss %.3f\n", s+1, steps, losses[s])
		}
	}
	return (&qwen.Weights{Config: c, Tensors: state[:n]}).Clone(), losses
}

//cell

// keep writes a model to the run folder, recall reads it: values do not live longer than a cell, files do.
func keep(name string, w *qwen.Weights) {
	dir := folder(name)
	for _, err := range []error{os.MkdirAll(dir, 0o755), qwen.Save(dir, w), world().Save(dir)} {
		if err != nil {
			panic(err)
		}
	}
}

func recall(name string) *qwen.Weights {
	if _, err := os.Stat(folder(name)); err != nil {
		panic(lesson.Unwritten) // nothing was trained yet
	}
	return must(qwen.Load(folder(name)))
}

func folder(name string) string {
	return filepath.Join(must(pipeline.DefaultRoot()), "course", "03_transformer", name)
}

// minutes is a time as text.
func minutes(since time.Time) string { return time.Since(since).Round(time.Second).String() }

/*md
Two layers, problems of one operation. The first 60 steps, in which the loss falls from above that of a guess to below 1, are left out of the picture. Watch where the curve stands still and goes on: who knows all of a solution but the result of its operation, one of five numbers in 15 tokens, has a loss of $\log(5)/15 ≈ 0.11$.
*/

// steps is for how long the models of this lesson are trained.
const steps = 1200

func RunTrain() {
	defer lesson.Unfinished()
	began := time.Now()
	w, losses := learn(shape(2), 1, 1, steps)
	keep("two layers", w)
	curve := kernelkit.Series{Name: "loss", Mark: kernelkit.Smooth}
	for s, l := range losses {
		if s >= 60 {
			curve.X, curve.Y = append(curve.X, float64(s+1)), append(curve.Y, l)
		}
	}
	kernelkit.Draw(kernelkit.Chart{Title: "Your transformer learns: after the first 60 steps", XLabel: "step", YLabel: "loss (nats a token)", Series: []kernelkit.Series{curve}}).Show()
	fmt.Printf("%d steps in %s, from %.2f to %.2f nats a token; who guesses has %.2f\n", steps, minutes(began), losses[0], losses[steps-1], math.Log(float64(world().Size())))
}

/*md
## 9 · Does it solve problems?

Each token of the solution is written by choosing the likeliest one, and the judge of lesson 2 reads it: every step must be right. The laboratory's sampler runs *your* weights here, since the networks are the same. These problems are held out: no graph of theirs was trained on.
*/

// samplers keep what was compiled, one for each shape of network.
var samplers = map[qwen.Config]*rollout.Sampler{}

// solved is the share of n held-out problems of op operations that a model solves, every step right.
func solved(w *qwen.Weights, op, n int) float64 {
	tok, source := world(), problems(gsm.Test, op, op)
	var prompts [][]int32
	for i := range uint64(n) {
		prompts = append(prompts, must(tok.Encode(source.At(i).Prompt())))
	}
	sampler := samplers[w.Config]
	if sampler == nil {
		sampler = rollout.New(must(pipeline.Backend()), w.Config)
		samplers[w.Config] = sampler
	}
	written := must(sampler.Sample(context.Background(), w, prompts, rollout.Options{MaxTokens: 40, Greedy: true, Stop: rollout.Stops(tok)}, nil))
	right := 0.0
	for i, w := range written {
		if verify.Judge(source.At(uint64(i)), w[0].Text(tok)).Strict {
			right++
		}
	}
	return right / float64(n)
}

//cell

func RunSolved() {
	defer lesson.Unfinished()
	w := recall("two layers")
	kernelkit.Text("Held-out problems of one operation", fmt.Sprintf("%.0f of 100 solved, every step right", 100*solved(w, 1, 100)))
}

/*md
## 10 · The head that finds a variable

`a4 a8 * a6 = 6 * 0 = a4 0` — where does the 6 come from? When the model has written `a4 a8 * a6 =` it must find the value of `a8`, which stands somewhere in the problem: `a8 6 .` So one head must look from the `=` to that `6`. Attention weights say where a head looks: `weights[layer][head][query][key]`, and over the keys they add up to 1.

**Exercise 3.7** Write `bestHead`: the layer and head (from 0) that look most from each `from` to its `to`, on the mean over all pairs.

<details><summary>Hint</summary>For each layer and head sum `weights[layer][head][p.from][p.to]` over the pairs, and keep the largest.</details>
*/

// pair is a place that something is written at, and the place that it comes from.
type pair struct{ from, to int }

// bestHead is the head whose mean weight from each pair's from to its to is largest.
func bestHead(weights [][][][]float32, pairs []pair) (layer, head int, mean float64) {
	// BEGIN SOLUTION
	mean = -1
	for l, heads := range weights {
		for h, rows := range heads {
			sum := 0.0
			for _, p := range pairs {
				sum += float64(rows[p.from][p.to])
			}
			if sum/float64(len(pairs)) > mean {
				layer, head, mean = l, h, sum/float64(len(pairs))
			}
		}
	}
	return layer, head, mean
	// END SOLUTION
}

//check TestBestHead checkBestHead

/*md
The places come from the text: in a solution `a4 a8 * a6 = 6 * 0 = a4 0` the output at the first `=` writes the value of `a8`, and the output at the second operator that of `a6`.
*/

// lookUps are the pairs of a document's first step: where the values of its operands are written, and where
// they stand in the problem. Operands that are numbers need no look-up.
func lookUps(words []string, prompt int) (pairs []pair) {
	for operand, at := range []int{prompt + 4, prompt + 6} { // the outputs that write the values
		name := words[prompt+1+2*operand]
		for i := 1; i+2 < prompt; i++ {
			begins := i == 1 || words[i-1] == "." // a statement
			if begins && words[i] == name && words[i+2] == "." {
				pairs = append(pairs, pair{at, i + 1})
			}
		}
	}
	return pairs
}

// words are the tokens of a document as text.
func words(ids []int32, tok *vocab.Tokenizer) (all []string) {
	for _, id := range ids {
		all = append(all, tok.Token(id))
	}
	return all
}

// meanWeights is the mean weight of each head on the look-ups of n held-out problems: as bestHead takes it, with
// one pair (0, 0).
func meanWeights(w *qwen.Weights, n int) (weights [][][][]float32) {
	tok, source, count := world(), problems(gsm.Test, 1, 1), float32(0)
	for range w.Config.Layers {
		layer := make([][][]float32, w.Config.Heads)
		for h := range layer {
			layer[h] = [][]float32{{0}}
		}
		weights = append(weights, layer)
	}
	for i := range uint64(n) {
		ids, prompt := document(source.At(i), tok)
		pairs := lookUps(words(ids, tok), prompt)
		seen := must(qwen.Inspect(must(pipeline.Backend()), w, ids))
		count += float32(len(pairs))
		for l, heads := range seen.Attention {
			for h, rows := range heads {
				for _, p := range pairs {
					weights[l][h][0][0] += rows[p.from][p.to]
				}
			}
		}
	}
	for _, heads := range weights {
		for _, rows := range heads {
			rows[0][0] /= count
		}
	}
	return weights
}

//cell

func RunFinder() {
	defer lesson.Unfinished()
	w := recall("two layers")
	weights := meanWeights(w, 50)
	table := kernelkit.Table{Title: "Mean weight on the value that is looked up, 50 held-out problems", Columns: []string{"layer", "head 1", "head 2", "head 3", "head 4"}}
	for l, heads := range weights {
		row := []any{l + 1}
		for _, rows := range heads {
			row = append(row, float64(rows[0][0]))
		}
		table.Add(row...)
	}
	table.Show()
	layer, head, mean := bestHead(weights, []pair{{0, 0}})
	fmt.Printf("layer %d, head %d looks there with %.2f of its weight\n", layer+1, head+1, mean)
	problem := kernelkit.Problem{Problem: problems(gsm.Test, 1, 1).At(3)}
	kernelkit.Open("03_transformer", "smoke", 1).Load(folder("two layers")).Read(problem, problem.Gold().Text).Attention(layer+1, head+1).Show()
}

/*md
Read a row of the picture: at the token on the left, where does this head look? A picture is a hint and no proof: a head may look somewhere and what it brings be ignored. So *switch it off*: set the part of the output matrix that reads this head to 0, and see what the model still solves.
*/

// without is the model with one head switched off: the columns of its layer's output matrix that read it are 0.
func without(w *qwen.Weights, layer, head int) *qwen.Weights {
	w = w.Clone()
	for i, spec := range w.Config.Specs() {
		if spec.Name != fmt.Sprintf("model.layers.%d.self_attn.o_proj.weight", layer) {
			continue
		}
		tensors.MustMutableFlatData(w.Tensors[i], func(flat []float32) { // [hidden, heads·dim]
			for at := range flat {
				if at%spec.Shape[1]/w.Config.HeadDim() == head {
					flat[at] = 0
				}
			}
		})
	}
	return w
}

//cell

func RunSwitchedOff() {
	defer lesson.Unfinished()
	w := recall("two layers")
	table := kernelkit.Table{Title: "Held-out problems solved, of 100, with one head switched off", Columns: []string{"layer", "head 1", "head 2", "head 3", "head 4"}}
	for l := range w.Config.Layers {
		row := []any{l + 1}
		for h := range w.Config.Heads {
			row = append(row, fmt.Sprintf("%.0f", 100*solved(without(w, l, h), 1, 100)))
		}
		table.Add(row...)
	}
	table.Note = fmt.Sprintf("With all heads: %.0f.", 100*solved(w, 1, 100))
	table.Show()
}

/*md
*What to see.* Without the heads of layer 1 that look one, two and three tokens back hardly anything is solved. In layer 2 no single head is indispensable: several look at the value, and where one is off, the others carry part of it. That a head looks somewhere does not mean that it alone does the work.

## 11 · How many layers does an operation need?

Before you run the next cell, think. To copy the formula of `a4` the model must find the statement that *begins* with `a4`, and read what stands *behind* the name. A head compares its query with keys; the key of the `6` in `a8 6 .` must say "I stand behind an `a8`". Who told it? A head of an earlier layer that looked one token back. So finding takes two layers: one to say what stands before, one to look for it. This pair is called an **induction head**.

If that is right, a model of one layer cannot look anything up however long it is trained, and can only guess among the names and numbers in sight; one of two layers can; and a third one is a comfort. The table says which tokens of a held-out solution are right when everything before them is given: the *formula* that is copied, the *values* of variables, the *result* that is computed, and all others.
*/

// kinds are the kinds of tokens of a solution of one operation, such as a4 a8 * a6 = 6 * 0 = a4 0 ; ans 0 [EOS].
var kinds = []string{"formula", "values", "result", "all others"}

// kindOf is the kind of the token at a place of the solution; looked tells whether it is the value of a variable.
func kindOf(at int, looked bool) int {
	switch {
	case at >= 1 && at <= 3:
		return 0 // a8 * a6: copied from the problem
	case looked:
		return 1 // 6 and 0
	case at == 10:
		return 2 // 0: computed
	}
	return 3
}

// rightByKind is the share of tokens that a model gets right on n held-out problems, by kind.
func rightByKind(w *qwen.Weights, n int) []float64 {
	tok, source := world(), problems(gsm.Test, 1, 1)
	right, all := make([]float64, len(kinds)), make([]float64, len(kinds))
	for i := range uint64(n) {
		ids, prompt := document(source.At(i), tok)
		seen := must(qwen.Inspect(must(pipeline.Backend()), w, ids))
		pairs := lookUps(words(ids, tok), prompt)
		for at, id := range ids[prompt:] {
			k := kindOf(at, slices.ContainsFunc(pairs, func(p pair) bool { return p.from == prompt+at-1 }))
			all[k]++
			if likeliest(seen.LogProbs[prompt+at-1]) == id {
				right[k]++
			}
		}
	}
	for k := range right {
		right[k] /= all[k]
	}
	return right
}

func likeliest(logProbs []float32) (best int32) {
	for id, l := range logProbs {
		if l > logProbs[best] {
			best = int32(id)
		}
	}
	return best
}

//cell

func RunLayers() {
	defer lesson.Unfinished()
	one, _ := learn(shape(1), 1, 1, steps)
	keep("one layer", one)
	three, _ := learn(shape(3), 1, 1, steps)
	keep("three layers", three)
	table := kernelkit.Table{Title: fmt.Sprintf("After %d steps: share of tokens right, and of problems solved", steps), Columns: append(append([]string{"model"}, kinds...), "solved")}
	for _, name := range []string{"one layer", "two layers", "three layers"} {
		w := recall(name)
		row := []any{name}
		for _, share := range rightByKind(w, 100) {
			row = append(row, share)
		}
		table.Add(append(row, solved(w, 1, 100))...)
	}
	table.Show()
}

/*md
How often would a guess be right? One that takes any of the values that the problem states, whatever it is the value of:
*/

// guessed is how often a value that is to be looked up is right where one of the stated values is taken at random.
func guessed(n int) float64 {
	tok, source, sum, count := world(), problems(gsm.Test, 1, 1), 0.0, 0.0
	for i := range uint64(n) {
		ids, prompt := document(source.At(i), tok)
		text := words(ids, tok)
		var stated []string
		for at := 1; at+2 < prompt; at++ {
			if (at == 1 || text[at-1] == ".") && text[at+2] == "." {
				stated = append(stated, text[at+1])
			}
		}
		for _, p := range lookUps(text, prompt) {
			for _, value := range stated {
				if value == text[p.to] {
					sum += 1 / float64(len(stated))
				}
			}
			count++
		}
	}
	return sum / count
}

//cell

func RunGuessed() {
	kernelkit.Text("A guess among the stated values", fmt.Sprintf("right in %.2f of all look-ups", guessed(100)))
}

/*md
*What to see.* All three write the form of a solution without a fault. One layer finds values as often as a guess does, and its results are those of a die with five sides. Two layers look things up and compute. A third one brings no more in so short a training; another seed would move these numbers by some points.

And longer problems? They need no more layers, because the model *writes* the result of a step, and the next step looks it up like any other value. The laboratory's smallest model has three layers and solves problems of four operations. A model that had to say the answer at once would need layers for every step. This is why reasoning in steps works, and why a model is asked to show its work.

## What you have now

A transformer, every part written by you, equal to the laboratory's to 1e-5, that solves problems it never saw; and a head of which you know what it is for. Lesson 4 trains properly: how documents share a row, what AdamW does, and what a loss curve says.

**Words of this lesson.** *Node*: a box of a graph; here, a tensor that is to be computed. *Tensor*: an array of numbers with a shape. *Shape*: how many numbers a tensor has along each axis. *Token*: a word, or a part of one, as a model reads and writes it. *Vocabulary*: the list of all tokens. *Id*: a token's place in the vocabulary. *Document*: a text that a model learns from. *Vector*: a list of numbers that stands for a token. *RMSNorm*: a vector brought to one size. *Rotary positions*: vectors turned by where they stand. *Attention*: the part that moves something from one token to another. *Query*: what a token looks for. *Key*: what a token is found by. *Value*: what a token gives to those that find it. *Causal*: what sees only what stands before. *Head*: one attention of several side by side. *MLP*: what a token computes alone. *SwiGLU*: the middle of the MLP, one half deciding how much of the other goes through. *SiLU*: x·σ(x), a smooth corner. *Layer*: attention, then an MLP. *Residual stream*: the vector that all layers add to. *Logit*: what a model gives a token before the softmax. *Loss*: the mean surprise at the right tokens. *Nat*: the unit of surprise by the natural logarithm. *Training*: moving the weights so that the loss falls. *Gradient*: in which direction each weight raises the loss. *AdamW*: descent with a pace for each weight, and decay beside it. *Induction head*: a head that finds what stood behind the same word before.
*/
