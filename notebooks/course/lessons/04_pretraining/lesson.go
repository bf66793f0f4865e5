// Package pretraining is lesson 4 of the course: pre-training, and a loss curve read well.
package pretraining

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/random"
	"interplay/kernelkit/train"
	"interplay/kernelkit/vocab"
	"interplay/pipeline"
)

/*md
# Lesson 4 · Pre-training

*The network of lesson 3 is a form without content. What is put into it, how, and how do you see whether it goes well?*

| | |
|---|---|
| **You need** | lesson 3: tokens, attention, the loss, gradients |
| **Time** | an hour and a half with the exercises; the notebook takes 207 seconds of processor time (measured on an Intel Xeon; less by the clock on two free cores), nearly all of it for five trainings and a run that is killed, and 750 MB of memory |
| **You write** | the packing of documents into rows, the mask between them, clipping, AdamW, a learning rate with warm-up, a held-out loss, a file that survives a crash |

**Pre-training** is the longest part of a model's life: it reads documents and learns to predict their next token. Nothing is said about right and wrong yet. Each piece of it below is small, and each is a place where a mistake costs a little quality, for weeks, without any error message.
*/

/*md
## 1 · Packing

A device computes rows of one length side by side. Documents have many lengths. In lesson 3 each document had a row of its own, and the rest was padding: paid for and thrown away. **Packing** puts several documents into a row.

To fill rows best is a hard problem; a simple rule comes close. **First fit decreasing**: go through the documents from the longest to the shortest, and put each into the *first* row that still has room for it, or into a new row where none has.

**Exercise 4.1** Write `pack`. It returns the rows, each a list of documents by their place in `lengths`. Equal lengths keep their order.

<details><summary>Hint</summary>`order := []int{…}` are the places 0, 1, 2, …; `slices.SortStableFunc(order, func(a, b int) int { return lengths[b] - lengths[a] })` sorts them by length, longest first. Keep the room left of each row in a second list.</details>
*/

// pack puts documents of the given lengths into rows that have room for so many tokens.
func pack(lengths []int, room int) (rows [][]int) {
	// BEGIN SOLUTION
	order := make([]int, len(lengths))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return lengths[b] - lengths[a] })
	var left []int
	for _, d := range order {
		r := slices.IndexFunc(left, func(free int) bool { return free >= lengths[d] })
		if r < 0 {
			r, left, rows = len(left), append(left, room), append(rows, nil)
		}
		rows[r], left[r] = append(rows[r], d), left[r]-lengths[d]
	}
	return rows
	// END SOLUTION
}

//check TestPack checkPack

/*md
The corpus of this lesson is that of lesson 3, with problems of one to three operations: numbers modulo 5, ten names. How full are rows of 96 tokens?
*/

// world is the tokenizer of this lesson.
func world() *vocab.Tokenizer {
	return must(vocab.Words(gsm.SymbolicConfig{Modulus: 5, Entities: 10}.Tokens("A")))
}

// must ends the cell where something went wrong.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// problems is a source of problems: blocks say of which operations, and in which shares.
func problems(split gsm.Split, blocks ...gsm.Block) *gsm.Source {
	spec := gsm.Spec{Family: gsm.Symbolic, Unit: gsm.Samples, Mix: blocks, Modulus: 5, Entities: 10, Distractors: &gsm.Range{Min: 0, Max: 2}}
	return must(gsm.NewSource(spec, split, 1))
}

// ops is a part of a corpus: a share of problems of lo to hi operations.
func ops(lo, hi int, share float64) gsm.Block {
	return gsm.Block{Ops: gsm.Range{Min: lo, Max: hi}, Contexts: []string{"A"}, Share: share}
}

// documents are a source's problems as the laboratory trains on them: tokens, and the place of the first one that is a target.
func documents(source *gsm.Source) train.Documents {
	tok := world()
	return func(i uint64) (train.Document, error) {
		p := source.At(i)
		prompt, ids := must(tok.Encode(p.Prompt())), must(tok.Encode(p.Training()))
		return train.Document{IDs: append(ids, tok.EOS()), LossFrom: len(prompt)}, nil
	}
}

//cell

func RunPacking() {
	defer lesson.Unfinished()
	const n, room = 2000, 96
	docs := documents(problems(gsm.Train, ops(1, 3, 1)))
	var lengths []int
	total := 0
	for i := range uint64(n) {
		d := must(docs(i))
		lengths, total = append(lengths, len(d.IDs)-1), total+len(d.IDs)-1 // the last token is only ever a target
	}
	share := func(rows int) string { return fmt.Sprintf("%.1f %%", 100*float64(total)/float64(rows*room)) }
	next, free := 0, 0 // each into the row that was begun last, or into a new one
	for _, l := range lengths {
		if l > free {
			next, free = next+1, room
		}
		free -= l
	}
	table := kernelkit.Table{Title: "2,000 documents in rows of 96 tokens", Columns: []string{"rule", "rows", "filled"}}
	table.Add("a row for each document", n, share(n))
	table.Add("as they come, into the row begun last", next, share(next))
	packed := len(pack(lengths, room))
	table.Add("first fit decreasing", packed, share(packed))
	table.Show()
}

/*md
## 2 · What a packed row looks like

For each position of a row the network gets four numbers.

* The **input**: the token that stands there.
* The **target**: the token that comes next *in the same document*, or −1 where nothing is asked: in the prompt, behind the end, in padding.
* The **position**, for the rotary angles. Each document counts from 0 again.
* The **segment**: 1 for the first document of the row, 2 for the second, …, and 0 for padding.

A document of $n$ tokens takes $n - 1$ positions: its last token is a target and never an input.

**Exercise 4.2** Write `layOut`. A document has `tokens`, and `from`, the place of its first token that is to be predicted.

<details><summary>Hint</summary>Begin with rows full of padding: input 0, target −1, position 0, segment 0. Then for each document, for each `j` from 0 to `len(tokens) − 2`: input `tokens[j]`, position `j`, and target `tokens[j+1]` where `j + 1 >= from`.</details>
*/

// text is a document: its tokens, and the place of the first one that is a target.
type text struct {
	tokens []int32
	from   int
}

// row is what the network gets of a row.
type row struct{ inputs, targets, positions, segments []int32 }

// layOut puts documents into a row of the given width.
func layOut(docs []text, width int) row {
	// BEGIN SOLUTION
	r := row{make([]int32, width), make([]int32, width), make([]int32, width), make([]int32, width)}
	for i := range r.targets {
		r.targets[i] = -1
	}
	at := 0
	for k, d := range docs {
		for j, token := range d.tokens[:len(d.tokens)-1] {
			r.inputs[at], r.positions[at], r.segments[at] = token, int32(j), int32(k+1)
			if j+1 >= d.from {
				r.targets[at] = d.tokens[j+1]
			}
			at++
		}
	}
	return r
	// END SOLUTION
}

//check TestLayOut checkLayOut

/*md
**Exercise 4.3** Who may see whom? Write `sees`: whether the token at position $t$ may attend to that at position $u$. It must not see the future, and with a **document mask** it sees its own document alone.

<details><summary>Hint</summary>Two conditions, joined by `&&`.</details>
*/

// sees tells whether position t attends to position u.
func sees(segments []int32, t, u int) bool {
	// BEGIN SOLUTION
	return u <= t && segments[t] == segments[u]
	// END SOLUTION
}

//check TestSees checkSees

/*md
Does the mask matter? One document, with the chance that an untrained network gives its tokens: alone, behind another document with the mask, and behind it without.
*/

// shape is the network of this lesson: that of lesson 3 with two layers.
func shape() qwen.Config {
	c := must(qwen.Size("micro", world().Size()))
	c.Layers = 2
	return c
}

// chances are the log-probabilities of a document's targets, where it stands last among documents of one row.
func chances(w *qwen.Weights, docs []text, mask bool) []float32 {
	r := layOut(docs, 96)
	if !mask { // positions run on, and all is one segment
		for i := range r.segments {
			r.positions[i], r.segments[i] = int32(i), 1
		}
	}
	last := docs[len(docs)-1]
	before := 0
	for _, d := range docs[:len(docs)-1] {
		before += len(d.tokens) - 1
	}
	in := engine.Arguments(w.Tensors)
	for _, list := range [][]int32{r.inputs, r.positions, r.segments, r.targets} {
		in = append(in, [][]int32{list})
	}
	out := graph.MustExecOnce(must(pipeline.Backend()).Backend, func(in []*graph.Node) *graph.Node {
		n := len(w.Tensors)
		d := qwen.Bind(w.Config, in[:n])
		logits := d.Logits(d.Hidden(qwen.Rows{Tokens: in[n], Positions: in[n+1], Segments: in[n+2]}))
		return qwen.TargetLogProbs(logits, in[n+3])
	}, in...)
	return tensors.MustCopyFlatData[float32](out)[before+last.from-1 : before+len(last.tokens)-1]
}

//cell

func RunMask() {
	defer lesson.Unfinished()
	docs := documents(problems(gsm.Train, ops(1, 1, 1)))
	var texts []text
	for i := range uint64(2) {
		d := must(docs(i))
		texts = append(texts, text{d.IDs, d.LossFrom})
	}
	w := must(qwen.NewWeights(shape(), 1))
	alone := chances(w, texts[1:], true)
	table := kernelkit.Table{Title: "The same document: by how much its log-probabilities differ from those that it has alone", Columns: []string{"in a row", "largest difference (nats)"}}
	for _, mask := range []bool{true, false} {
		worst := 0.0
		for i, l := range chances(w, texts, mask) {
			worst = max(worst, math.Abs(float64(l-alone[i])))
		}
		table.Add(map[bool]string{true: "behind another document, with the mask", false: "behind another document, without"}[mask], fmt.Sprintf("%.1e", worst))
	}
	table.Show()
}

/*md
## 3 · Clipping

One odd batch can have a gradient a hundred times as large as the others and throw the weights far away. **Clipping by the global norm** bounds that: take all numbers of all gradients as *one* long vector, and where it is longer than `most`, shrink all of it to that length. Its direction stays.

**Exercise 4.4** Write `clip`. It changes the gradients in place and returns the norm as it was before.

<details><summary>Hint</summary>The norm is the root of the sum of all squares, over all lists together. A gradient that is short enough stays as it is: it must not be stretched.</details>
*/

// clip bounds the norm of all gradients together, and returns what it was.
func clip(gradients [][]float64, most float64) (norm float64) {
	// BEGIN SOLUTION
	for _, g := range gradients {
		for _, x := range g {
			norm += x * x
		}
	}
	norm = math.Sqrt(norm)
	if norm > most {
		for _, g := range gradients {
			for i := range g {
				g[i] *= most / norm
			}
		}
	}
	return norm
	// END SOLUTION
}

//check TestClip checkClip

/*md
## 4 · AdamW

Plain descent takes the same share of every gradient. But some weights have gradients a thousand times as large as others. **Adam** gives each weight a pace of its own: it keeps a running mean $m$ of the gradients and $v$ of their squares, and moves by $m/\sqrt v$, which is about 1 where gradients agree and small where they contradict each other:

$$m ← β_1 m + (1-β_1)\,g, \qquad v ← β_2 v + (1-β_2)\,g^2$$
$$\hat m = \frac{m}{1-β_1^{\,t}}, \qquad \hat v = \frac{v}{1-β_2^{\,t}}, \qquad w ← w - η\Big(\frac{\hat m}{\sqrt{\hat v} + ε} + λw\Big)$$

with the step $t = 1, 2, …$ and the learning rate $η$. The means begin at 0, so the first ones are too small; the hats correct that. **AdamW** is Adam with the last term, **weight decay**: each step takes a little of the weight itself away. It stands *beside* the gradient. Put into it, as older programs did, it would be divided by $\sqrt v$ too, and hardly decay the weights that need it most.

**Exercise 4.5** Write `step`: it moves one weight by one gradient.

<details><summary>Hint</summary>`math.Pow(a.Beta1, float64(t))` is $β_1^t$. Keep m and v without hats in `w`: the hats are only for this step. ε is added to the root.</details>
*/

// weight is a weight with its running means.
type weight struct{ value, m, v float64 }

// step is step t = 1, 2, … of AdamW for one weight: a has Beta1, Beta2, Eps and Decay (λ).
func (w *weight) step(g float64, t int, rate float64, a train.AdamW) {
	// BEGIN SOLUTION
	w.m = a.Beta1*w.m + (1-a.Beta1)*g
	w.v = a.Beta2*w.v + (1-a.Beta2)*g*g
	m := w.m / (1 - math.Pow(a.Beta1, float64(t)))
	v := w.v / (1 - math.Pow(a.Beta2, float64(t)))
	w.value -= rate * (m/(math.Sqrt(v)+a.Eps) + a.Decay*w.value)
	// END SOLUTION
}

//check TestStep checkStep

/*md
Yours and the laboratory's, which moves whole tensors on the device, over 50 random gradients. The laboratory computes in 32 bits.
*/

// laboratorySteps is where the laboratory's AdamW moves a weight.
func laboratorySteps(a train.AdamW, start float64, gradients []float64, rate float64) float64 {
	specs := []qwen.TensorSpec{{Name: "a matrix", Shape: []int{1, 1}}}
	one := func(x float64) *tensors.Tensor { return tensors.FromFlatDataAndDimensions([]float32{float32(x)}, 1, 1) }
	state := []any{one(start), one(0), one(0)}
	program := must(graph.NewExec(must(pipeline.Backend()).Backend, func(in []*graph.Node) []*graph.Node {
		s := train.State[*graph.Node]{Weights: in[:1], First: in[1:2], Second: in[2:3]}
		next, _ := a.Update(specs, s, in[3:4], in[4])
		return engine.List(&next)
	}))
	for t, g := range gradients {
		out, err := program.Call(append(slices.Clone(state), one(g), a.Scalars(t, rate))...)
		if err != nil {
			panic(err)
		}
		state = engine.Arguments(out)
	}
	return float64(tensors.MustCopyFlatData[float32](state[0].(*tensors.Tensor))[0])
}

//cell

func RunAgainstTheLaboratory() {
	defer lesson.Unfinished()
	a := train.AdamW{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Decay: 0.1}
	s, w := random.New(1, "gradients"), weight{value: 1}
	var gradients []float64
	for t := range 50 {
		gradients = append(gradients, s.Norm())
		w.step(gradients[t], t+1, 0.01, a)
	}
	theirs := laboratorySteps(a, 1, gradients, 0.01)
	kernelkit.Text("A weight after 50 steps", fmt.Sprintf("yours %.6f, the laboratory's %.6f", w.value, theirs))
}

/*md
## 5 · Warm-up

The first steps are the most dangerous: the weights are random, gradients are large, and AdamW's means know nothing. So the **learning rate** rises from nearly 0 to its peak over some steps, the **warm-up**, and then falls slowly, here along half a cosine, to a tenth of the peak: large steps to get there, small ones to settle.

For step $s = 0, 1, …$ of $n$, with warm-up $w$, peak $p$ and end $e$:

$$η_s = p\,\frac{s+1}{w} \text{ for } s < w, \qquad η_s = e + \frac{p-e}{2}\Big(1 + \cos\Big(π\,\frac{s-w}{n-w}\Big)\Big) \text{ after it}$$

**Exercise 4.6** Write `rate`.

<details><summary>Hint</summary>Whole numbers divide to whole numbers in Go: `float64(s+1) / float64(warmup)`.</details>
*/

// rate is the learning rate of step s (from 0) of a run.
func rate(s, steps, warmup int, peak, end float64) float64 {
	// BEGIN SOLUTION
	if s < warmup {
		return peak * float64(s+1) / float64(warmup)
	}
	progress := float64(s-warmup) / float64(steps-warmup)
	return end + (peak-end)/2*(1+math.Cos(math.Pi*progress))
	// END SOLUTION
}

//check TestRate checkRate

func RunRate() {
	defer lesson.Unfinished()
	s := kernelkit.Series{Name: "rate"}
	for step := range 250 {
		s.X, s.Y = append(s.X, float64(step+1)), append(s.Y, 1000*rate(step, 250, 25, 0.004, 0.0004))
	}
	kernelkit.Draw(kernelkit.Chart{Title: "Warm-up, then half a cosine", XLabel: "step", YLabel: "learning rate (thousandths)", Series: []kernelkit.Series{s}}).Show()
}

/*md
## 6 · Held-out loss

The loss of training says how well the model predicts what it is just learning from. Whether it learned the *rule* or the *documents* is told by documents that it never learns from: the **held-out loss**.

It is a mean over *tokens*. A mean of the documents' means would count a short document's tokens more than a long one's, and two laboratories that cut documents differently could not compare.

**Exercise 4.7** Write `heldOut`: the mean over all tokens of all documents.

<details><summary>Hint</summary>One sum and one count, over all documents.</details>
*/

// heldOut is the mean loss of the tokens of documents, in nats a token.
func heldOut(losses [][]float32) float64 {
	// BEGIN SOLUTION
	sum, count := 0.0, 0
	for _, document := range losses {
		for _, l := range document {
			sum, count = sum+float64(l), count+1
		}
	}
	return sum / float64(count)
	// END SOLUTION
}

//check TestHeldOut checkHeldOut

/*md
## 7 · A loss curve, read well

Three runs of 250 steps on problems of one to three operations. The first is as it should be. The second has no warm-up and a rate twenty times as high. The third sees the same 64 documents again and again. Guess first what each curve looks like.
*/

// recipe is how the models of this lesson are trained.
func recipe(steps int) train.Config {
	r := train.Default()
	r.Steps, r.Batch, r.Seq, r.Warmup, r.CheckpointEvery, r.SkipLong = steps, 12, 96, steps/10, 0, true
	return r
}

// run trains a model from random weights in a folder that is removed afterwards, and returns it with what each step measured.
func run(docs train.Documents, r train.Config) (*qwen.Weights, []train.Metrics) {
	dir := must(os.MkdirTemp("", "lesson"))
	defer os.RemoveAll(dir)
	var log []train.Metrics
	w := must(train.Run(context.Background(), must(pipeline.Backend()), must(qwen.NewWeights(shape(), 1)), docs, r, dir, func(m train.Metrics) {
		log = append(log, m)
		if m.Step%max(1, m.Steps/3) == 0 {
			fmt.Printf("step %d of %d: loss %.3f\n", m.Step, m.Steps, m.Loss)
		}
	}))
	return w, log
}

// curve is a series of what steps measured; steps that did not measure it give 0 and are left out.
func curve(name string, log []train.Metrics, of func(train.Metrics) float64) kernelkit.Series {
	s := kernelkit.Series{Name: name}
	for _, m := range log {
		if y := of(m); y != 0 {
			s.X, s.Y = append(s.X, float64(m.Step)), append(s.Y, y)
		}
	}
	if len(s.X) > 100 {
		s.Mark = kernelkit.Smooth
	}
	return s
}

func loss(m train.Metrics) float64 { return m.Loss }
func held(m train.Metrics) float64 { return m.EvalLoss }

//cell

func RunCurves() {
	source := documents(problems(gsm.Train, ops(1, 3, 1)))
	good := recipe(250)
	good.EvalEvery, good.EvalDocuments, good.Held = 25, 64, documents(problems(gsm.Test, ops(1, 3, 1)))
	hot := good
	hot.LR, hot.MinLR, hot.Warmup = 20*good.LR, 20*good.MinLR, 0
	few := func(i uint64) (train.Document, error) { return source(i % 64) }

	_, goodLog := run(source, good)
	_, hotLog := run(source, hot)
	_, fewLog := run(few, good)
	kernelkit.Draw(kernelkit.Chart{Title: "Loss of training", XLabel: "step", YLabel: "loss (nats a token)",
		Series: []kernelkit.Series{curve("good", goodLog, loss), curve("too hot", hotLog, loss), curve("64 documents", fewLog, loss)}}).Show()
	kernelkit.Draw(kernelkit.Chart{Title: "Loss of held-out documents", XLabel: "step", YLabel: "loss (nats a token)",
		Series: []kernelkit.Series{curve("good", goodLog, held), curve("too hot", hotLog, held), curve("64 documents", fewLog, held)}}).Show()
	table := kernelkit.Table{Title: "At the end", Columns: []string{"run", "training loss", "held-out loss", "largest gradient norm after step 50"}}
	for i, log := range [][]train.Metrics{goodLog, hotLog, fewLog} {
		norm := 0.0
		for _, m := range log[50:] {
			norm = max(norm, m.GradNorm)
		}
		last := log[len(log)-1]
		table.Add([]string{"good", "too hot", "64 documents"}[i], last.Loss, last.EvalLoss, norm)
	}
	table.Note = fmt.Sprintf("A uniform guess over %d tokens has a loss of %.2f.", shape().VocabSize, math.Log(float64(shape().VocabSize)))
	table.Show()
}

/*md
*How to read them.*

* *The start.* A guess over all tokens has the loss in the note. Random weights begin above it, because they are sure of something wrong; the first steps only unlearn that.
* *Stretches.* The loss does not fall evenly. It falls fast while the form of a solution is learned, and slowly while looking things up is; in lesson 3 it stood still before the model could compute. A flat stretch is no end.
* *Noise.* A step's loss is that of its batch. Two runs that differ by less than the curve trembles do not differ.
* *Too hot.* Steps that are too large learn the form and no more, and the gradient stays large: each step undoes the one before. Compare the good run at the same step: what it has learned there is missing.
* *By heart.* Sixty-four documents give the best training loss of all and the worst held-out loss. The held-out loss falls at first; where it turns and rises, learning by heart begins. The first figure alone would make this run the winner.

## 8 · What a corpus's tail does

A corpus is mostly easy, and has a **tail**: a few harder documents. Do they matter? Two corpora: one has problems of one operation alone, the other replaces one document in twenty by problems of two and three. Both models are then asked how likely the *right* solutions of harder held-out problems are to them.
*/

// nats is the held-out loss of the right solutions of n problems of op operations.
func nats(w *qwen.Weights, op, n int) float64 {
	docs := documents(problems(gsm.Test, ops(op, op, 1)))
	var all []train.Document
	for i := range uint64(n) {
		all = append(all, must(docs(i)))
	}
	return heldOut(must(train.NLL(context.Background(), must(pipeline.Backend()), w, all)))
}

//cell

func RunTail() {
	defer lesson.Unfinished()
	heldOut([][]float32{{1}}) // it is needed after training: better now than then
	without, _ := run(documents(problems(gsm.Train, ops(1, 1, 1))), recipe(250))
	with, _ := run(documents(problems(gsm.Train, ops(1, 1, 0.95), ops(2, 3, 0.05))), recipe(250))
	table := kernelkit.Table{Title: "Held-out loss of right solutions (nats a token)", Columns: []string{"problems of", "corpus without a tail", "one in twenty is harder"}}
	for op := 1; op <= 3; op++ {
		table.Add(fmt.Sprintf("%d operations", op), nats(without, op, 64), nats(with, op, 64))
	}
	table.Show()
}

/*md
*What to see.* For problems of one operation both are alike. Behind the first step of a longer solution the model without a tail is certain that the answer comes now, because it always did; to be told otherwise is a great surprise. One document in twenty is enough to know that it may go on. So a corpus decides not only what a model does, but what it holds *possible*, and RL can only make likelier what is possible. The studies of this laboratory ask how much of it is enough.

## 9 · Killed, and gone on with

Pre-training takes days; machines stop. A run must go on from its last **checkpoint** — the weights and AdamW's two means, with the step — and end with the *same bits* as one that nothing disturbed. Three things make that possible. The batch of a step is a function of the step's number, so nothing needs to be remembered about what was read. All randomness is addressed, as you will see in lesson 5. And a checkpoint is on the disk *whole or not at all*.

That last part is harder than it sounds. Below is a disk as it really is. Data that was written but not yet **synced** may be lost in a crash: of the file only the first half is there. A rename is one act: after a crash it has happened or it has not. `crash` says after how many acts the machine stops.
*/

// disk is a disk that stops after some acts.
type disk struct {
	files  map[string]string
	synced map[string]bool
	crash  int // acts that are left; negative: it never stops
}

// act counts, and stops the machine.
func (d *disk) act() {
	if d.crash == 0 {
		panic("crash")
	}
	d.crash--
}

// write gives a file a content; until it is synced a crash leaves half of it.
func (d *disk) write(name, content string) {
	d.act()
	d.files[name], d.synced[name] = content, false
}

// sync waits until a file's content is on the disk.
func (d *disk) sync(name string) {
	d.act()
	d.synced[name] = true
}

// rename gives a file another name, in place of what had that name.
func (d *disk) rename(from, to string) {
	d.act()
	d.files[to], d.synced[to] = d.files[from], d.synced[from]
	delete(d.files, from)
}

// remove removes a file.
func (d *disk) remove(name string) {
	d.act()
	delete(d.files, name)
}

/*md
**Exercise 4.8** Write `save`: it gives a file a new content so that, whenever the machine stops, the file holds the whole old content or the whole new one. After it has returned it must be the new one.

<details><summary>Hint</summary>Write under another name, such as `name + ".new"`. When is it safe to rename it?</details>
*/

// save replaces a file's content; a crash leaves the old one or the new one, whole.
func save(d *disk, name, content string) {
	// BEGIN SOLUTION
	d.write(name+".new", content)
	d.sync(name + ".new")
	d.rename(name+".new", name)
	// END SOLUTION
}

//check TestSave checkSave

/*md
Now for real. The next cell trains a small model once undisturbed. Then it starts the same training as a process of its own and kills it twice, with the signal that no program can catch (`kill −9`), at some moment between two checkpoints. Then it compares all weights.
*/

// killed is the environment variable that tells a process that it is the one to be killed.
const killed = "LESSON_TRAINS_IN"

// trainIn trains 40 steps in a folder, or what is left of them there; a checkpoint every 5 steps.
func trainIn(dir string) {
	r := recipe(40)
	r.CheckpointEvery = 5
	must(train.Run(context.Background(), must(pipeline.Backend()), must(qwen.NewWeights(shape(), 1)), documents(problems(gsm.Train, ops(1, 1, 1))), r, dir, nil))
}

// process runs trainIn in a process of its own, and kills it when its log has the given step; a step of 0 lets it end.
func process(dir string, step int) {
	c := exec.Command(must(os.Executable()), os.Args[1:]...)
	c.Env = append(os.Environ(), killed+"="+dir)
	if err := c.Start(); err != nil {
		panic(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case <-ended:
			return
		case <-time.After(2 * time.Millisecond):
		}
		if log, _ := os.ReadFile(filepath.Join(dir, train.MetricsFile)); step > 0 && bytes.Count(log, []byte("\n")) >= step {
			c.Process.Kill() // SIGKILL
			<-ended
			return
		}
	}
}

// weightsIn are the digest of the newest checkpoint's weights in a folder, and its step.
func weightsIn(dir string) (digest string, step int) {
	folders, steps, err := train.Checkpoints(dir)
	if err != nil || len(steps) == 0 {
		return "none", 0
	}
	step = steps[len(steps)-1]
	c, _, _, _, err := train.LoadCheckpoint(folders[step])
	if err != nil {
		panic(err)
	}
	return c.Weights, step
}

// survives trains once undisturbed, and once killed at the given steps; same tells whether both have the same weights in the end.
func survives(kills ...int) (table *kernelkit.Table, same bool) {
	whole, broken := must(os.MkdirTemp("", "whole")), must(os.MkdirTemp("", "broken"))
	defer os.RemoveAll(whole)
	defer os.RemoveAll(broken)
	trainIn(whole)
	want, _ := weightsIn(whole)
	table = &kernelkit.Table{Title: "40 steps, a checkpoint every 5", Columns: []string{"", "newest checkpoint at step", "digest of its weights"}}
	table.Add("undisturbed", 40, want[:16])
	for _, step := range kills {
		process(broken, step)
		digest, at := weightsIn(broken)
		table.Add(fmt.Sprintf("killed when step %d was done", step), at, digest[:min(16, len(digest))])
	}
	process(broken, 0)
	got, at := weightsIn(broken)
	table.Add("started again, to its end", at, got[:min(16, len(got))])
	return table, got == want
}

//cell

func RunKilled() {
	if dir := os.Getenv(killed); dir != "" { // this process is the one that is killed
		trainIn(dir)
		return
	}
	table, same := survives(13, 28)
	table.Note = map[bool]string{true: "The same bits.", false: "OTHER WEIGHTS: that would be a fault of the laboratory."}[same]
	table.Show()
}

/*md
The digest is a SHA-256 over every weight: equal digests, equal bits.

## What you have now

Rows without waste in which no document sees another, an optimiser of your own, curves that you can read, and a run that survives its machine. Lesson 5 lets the model write.

**Words of this lesson.** *Pre-training*: learning to predict the next token of documents. *Packing*: several documents in a row. *First fit decreasing*: the longest first, each into the first row with room. *Input*: the token that stands at a position. *Target*: the token that is to be predicted there. *Position*: how far into its document a token stands. *Segment*: which document of a row a token belongs to. *Document mask*: a token sees its own document alone. *Clipping*: a gradient that is too long is shortened, in the same direction. *Adam*: descent with a pace for each weight. *AdamW*: Adam with weight decay beside the gradient. *Weight decay*: a little of each weight is taken away each step. *Learning rate*: how far a step moves the weights. *Warm-up*: the learning rate rises first. *Held-out loss*: the loss of documents that are not learned from. *Tail*: the few harder documents of a corpus. *Checkpoint*: all that a run needs to go on. *Sync*: to wait until data is on the disk.
*/
