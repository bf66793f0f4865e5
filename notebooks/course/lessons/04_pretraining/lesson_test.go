package pretraining

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/lesson"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/random"
	"interplay/kernelkit/train"
	"interplay/pipeline"
)

func checkPack(t lesson.T, pack func(lengths []int, room int) [][]int) {
	defer lesson.Done(t, "first fit decreasing; every document once, no row too long")
	got := fmt.Sprint(pack([]int{2, 5, 2, 3, 1, 3, 2}, 8))
	told := map[string]string{
		"[[4 0 2 6] [3 5] [1]]":         "the shortest come first: longest first",
		"[[0 1 4] [2 3 5] [6]]":         "the documents come in their own order: sort them, longest first",
		"[[1 3] [5 0 2] [6 4]]":         "each goes into the row begun last: into the first row that has room",
		"[[1 0 4] [3 5] [2 6]]":         "a document that fits exactly goes into a new row: room for it is room >= length",
		"[[1 0] [3 5 4] [2 6]]":         "a document that fits exactly goes into a new row: room for it is room >= length",
		"[[5 3] [3 2 2 1] [2]]":         "these are lengths: rows list documents by their place in lengths",
		"[[1] [3] [5] [0] [2] [6] [4]]": "each has a row of its own: look for a row with room first",
	}
	if got != "[[1 3] [5 0 2 4] [6]]" {
		why := told[got]
		if why == "" {
			why = "the longest is document 1, in the first row; document 3 of length 3 just fits behind it"
		}
		t.Fatalf("✗ documents of lengths 2 5 2 3 1 3 2 in rows of 8 become %s, expected [[1 3] [5 0 2 4] [6]]: %s", got, why)
	}
	s, lengths := random.New(1, "lengths"), make([]int, 200)
	for i := range lengths {
		lengths[i] = 1 + s.IntN(50)
	}
	times := map[int]int{}
	for r, row := range pack(lengths, 64) {
		sum := 0
		for _, d := range row {
			times[d], sum = times[d]+1, sum+lengths[d]
		}
		if sum > 64 {
			t.Fatalf("✗ row %d of 64 holds %d tokens", r, sum)
		}
	}
	for d := range lengths {
		if times[d] != 1 {
			t.Fatalf("✗ of 200 documents, document %d is there %d times, expected once", d, times[d])
		}
	}
}

func TestPack(t *testing.T) { checkPack(t, pack) }

func checkLayOut(t lesson.T, layOut func(docs []text, width int) row) {
	defer lesson.Done(t, "inputs, targets, positions and segments of two documents and padding")
	got := layOut([]text{{[]int32{1, 10, 11, 12, 2}, 3}, {[]int32{1, 20, 21, 2}, 2}}, 10)
	if len(got.inputs) != 10 || len(got.targets) != 10 || len(got.positions) != 10 || len(got.segments) != 10 {
		t.Fatalf("✗ a row of 10 has %d inputs, %d targets, %d positions and %d segments", len(got.inputs), len(got.targets), len(got.positions), len(got.segments))
	}
	compare := func(what string, got, want []int32, told map[string]string) {
		if slices.Equal(got, want) || t.Failed() {
			return
		}
		why := told[fmt.Sprint(got)]
		if why == "" {
			why = "the documents are 1 10 11 12 2, to be predicted from place 3, and 1 20 21 2, from place 2"
		}
		t.Errorf("✗ the %s are %v, expected %v: %s", what, got, want, why)
	}
	compare("inputs", got.inputs, []int32{1, 10, 11, 12, 1, 20, 21, 0, 0, 0}, map[string]string{
		"[1 10 11 12 2 1 20 21 2 0]": "the last token of a document is only ever a target: it takes no position",
		"[10 11 12 2 20 21 2 0 0 0]": "these are the tokens that come next: they are the targets",
	})
	compare("targets", got.targets, []int32{-1, -1, 12, 2, -1, 21, 2, -1, -1, -1}, map[string]string{
		"[10 11 12 2 20 21 2 -1 -1 -1]":   "the prompt is learned too: a target stands only where the next token's place is at least from",
		"[-1 -1 12 2 -1 21 2 0 0 0]":      "padding has the target 0, which is a token: −1",
		"[-1 -1 -1 2 -1 -1 2 -1 -1 -1]":   "the first token that is to be predicted is missing: its place is from, its target stands one before",
		"[-1 -1 -1 12 -1 20 21 -1 -1 -1]": "these are the tokens that stand there: a target is the next one",
		"[-1 -1 -1 12 -1 -1 21 -1 -1 -1]": "these are the tokens that stand there: a target is the next one",
		"[-1 -1 12 1 -1 21 0 -1 -1 -1]":   "the last target of a document is its own last token, not what stands behind it in the row",
		"[-1 -1 12 -1 -1 21 -1 -1 -1 -1]": "the last token of a document is a target: it is how the model learns to end",
	})
	compare("positions", got.positions, []int32{0, 1, 2, 3, 0, 1, 2, 0, 0, 0}, map[string]string{
		"[0 1 2 3 4 5 6 0 0 0]": "they run on: each document counts from 0 again",
		"[0 1 2 3 4 5 6 7 8 9]": "they run on: each document counts from 0 again",
		"[1 2 3 4 1 2 3 0 0 0]": "they count from 1: from 0",
	})
	compare("segments", got.segments, []int32{1, 1, 1, 1, 2, 2, 2, 0, 0, 0}, map[string]string{
		"[0 0 0 0 1 1 1 0 0 0]": "they count from 0, so that padding belongs to the first document: count from 1",
		"[1 1 1 1 1 1 1 0 0 0]": "both documents have the same segment: they would see each other",
	})
}

func TestLayOut(t *testing.T) { checkLayOut(t, layOut) }

func checkSees(t lesson.T, sees func(segments []int32, t, u int) bool) {
	defer lesson.Done(t, "itself and what stands before it in its document")
	segments := []int32{1, 1, 1, 2, 2, 0}
	for _, c := range []struct {
		from, to int
		want     bool
		why      string
	}{
		{2, 0, true, "it stands before it in the same document"},
		{2, 2, true, "a token sees itself"},
		{0, 1, false, "that is the future, which it is to predict"},
		{3, 2, false, "that belongs to the document before: segments differ"},
		{2, 3, false, "that is the future, and another document"},
		{4, 3, true, "it stands before it in the same document"},
	} {
		if got := sees(segments, c.from, c.to); got != c.want {
			t.Errorf("✗ segments %v: position %d sees position %d: %t, expected %t: %s", segments, c.from, c.to, got, c.want, c.why)
			return
		}
	}
}

func TestSees(t *testing.T) { checkSees(t, sees) }

func checkClip(t lesson.T, clip func(gradients [][]float64, most float64) float64) {
	defer lesson.Done(t, "the direction stays, short gradients stay")
	g := [][]float64{{3, 4}, {12}}
	norm := clip(g, 1)
	lesson.Near(t, "the norm of (3, 4) and (12)", norm, 13, 1e-9,
		lesson.Mistake{Gives: 169, Say: "this is the sum of the squares: take its root"},
		lesson.Mistake{Gives: 19, Say: "this is the sum of the numbers: square them first, and take the root of the sum"},
		lesson.Mistake{Gives: 17, Say: "these are the norms of the lists added up: one sum of squares over all lists, then one root"},
		lesson.Mistake{Gives: 12, Say: "this is the norm of the last list alone"},
		lesson.Mistake{Gives: 1, Say: "this is the norm after clipping: return what it was before"})
	if t.Failed() {
		return
	}
	lesson.Near(t, "the first number, clipped to a norm of 1", g[0][0], 3.0/13, 1e-9,
		lesson.Mistake{Gives: 0.6, Say: "each list is clipped alone, so that the direction changes: divide all by the one norm"},
		lesson.Mistake{Gives: 1, Say: "each number is clipped alone, so that the direction changes: divide all by the one norm"},
		lesson.Mistake{Gives: 3, Say: "nothing is clipped: change the numbers in the lists, g[i] *= …"},
		lesson.Mistake{Gives: 3.0 / 169, Say: "this is divided by the squared norm"})
	short := [][]float64{{0.3}, {0.4}}
	lesson.Near(t, "the norm of (0.3) and (0.4)", clip(short, 1), 0.5, 1e-9)
	lesson.Near(t, "the first number of a gradient that is short enough", short[0][0], 0.3, 1e-9,
		lesson.Mistake{Gives: 0.6, Say: "a short gradient is stretched to the bound: only what is longer is changed"})
	zero := [][]float64{{0, 0}}
	clip(zero, 1)
	lesson.Near(t, "a gradient of zeros, clipped,", zero[0][0], 0, 0)
}

func TestClip(t *testing.T) { checkClip(t, clip) }

func checkStep(t lesson.T, step func(w *weight, g float64, t int, rate float64, a train.AdamW)) {
	defer lesson.Done(t, "two steps of AdamW, and one without a gradient")
	a := train.AdamW{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Decay: 0.1}
	w := weight{value: 1}
	step(&w, 0.4, 1, 0.01, a)
	lesson.Near(t, "a weight of 1 after a gradient of 0.4 at rate 0.01", w.value, 0.989, 1e-6,
		lesson.Mistake{Gives: 0.991929, Say: "m and v are not corrected: divide them by 1 − β^t for this step"},
		lesson.Mistake{Gives: 0.99, Say: "the weight does not decay, or its decay was put into the gradient, where √v divides it: λ·w stands beside m/√v"},
		lesson.Mistake{Gives: 0.89, Say: "the decay is not multiplied by the learning rate"},
		lesson.Mistake{Gives: 0.992675, Say: "v is the mean of the squares of the gradients, not of the gradients"},
		lesson.Mistake{Gives: 0.974, Say: "divide by the root of v"},
		lesson.Mistake{Gives: 1.011, Say: "the sign: against the gradient"},
		lesson.Mistake{Gives: 0.995, Say: "this moves by the gradient itself: by m/√v"},
		lesson.Mistake{Gives: 1, Say: "the weight does not move: change w.value"})
	if t.Failed() {
		return
	}
	lesson.Near(t, "the mean m after it", w.m, 0.04, 1e-9,
		lesson.Mistake{Gives: 0.4, Say: "the corrected mean is kept: keep the one without hat"},
		lesson.Mistake{Gives: 0, Say: "m is not kept in w.m"})
	lesson.Near(t, "the mean v after it", w.v, 0.0032, 1e-9,
		lesson.Mistake{Gives: 0.16, Say: "the corrected mean is kept: keep the one without hat"},
		lesson.Mistake{Gives: 0, Say: "v is not kept in w.v"})
	step(&w, -0.2, 2, 0.01, a)
	lesson.Near(t, "the weight after a second gradient of −0.2", w.value, 0.98533992, 1e-6)
	still := weight{value: 1}
	step(&still, 0, 1, 0.01, a)
	if math.IsNaN(still.value) {
		t.Errorf("✗ a weight whose gradient is 0 becomes no number: ε is added to √v, and keeps 0/0 from happening")
		return
	}
	lesson.Near(t, "a weight of 1 whose gradient is 0", still.value, 0.999, 1e-6)
}

func TestStep(t *testing.T) { checkStep(t, (*weight).step) }

func checkRate(t lesson.T, rate func(s, steps, warmup int, peak, end float64) float64) {
	defer lesson.Done(t, "the laboratory's learning rates")
	lesson.Near(t, "the rate of step 4 of 100, warm-up 10, peak 1, end 0.1,", rate(4, 100, 10, 1, 0.1), 0.5, 1e-9,
		lesson.Mistake{Gives: 0.4, Say: "the first step would have the rate 0 and learn nothing: (s + 1)/w"},
		lesson.Mistake{Gives: 0, Say: "whole numbers divide to whole numbers: make them float64 first"},
		lesson.Mistake{Gives: 0.55, Say: "warm-up begins at 0, not at the end's rate"},
		lesson.Mistake{Gives: 1, Say: "there is no warm-up"})
	if t.Failed() {
		return
	}
	lesson.Near(t, "the rate of step 32", rate(32, 100, 10, 1, 0.1), 0.8737029, 1e-6,
		lesson.Mistake{Gives: 0.791122, Say: "progress counts from the end of the warm-up: (s − w)/(n − w)"},
		lesson.Mistake{Gives: 0.78, Say: "this falls along a line: along half a cosine"},
		lesson.Mistake{Gives: 0.859670, Say: "this falls to 0: it ends at e"},
		lesson.Mistake{Gives: 0.565705, Say: "this is a whole cosine, up and down: π·progress, not 2π"},
		lesson.Mistake{Gives: 0.1, Say: "it is at its end already: do whole numbers divide to whole numbers?"},
		lesson.Mistake{Gives: 1, Say: "the rate stays at its peak: do whole numbers divide to whole numbers?"})
	lesson.Near(t, "the rate of step 0 without warm-up", rate(0, 100, 0, 1, 0.1), 1, 1e-9)
	for _, s := range []int{0, 9, 10, 11, 60, 99} {
		c := train.Config{Steps: 100, Warmup: 10, LR: 0.004, MinLR: 0.0004}
		lesson.Near(t, fmt.Sprintf("the rate of step %d, by the laboratory,", s), rate(s, 100, 10, 0.004, 0.0004), c.LearningRate(s), 1e-12)
	}
}

func TestRate(t *testing.T) { checkRate(t, rate) }

func checkHeldOut(t lesson.T, heldOut func(losses [][]float32) float64) {
	defer lesson.Done(t, "the mean over tokens")
	lesson.Near(t, "the loss of a document with four tokens of 1 nat and one with one of 3", heldOut([][]float32{{1, 1, 1, 1}, {3}}), 1.4, 1e-6,
		lesson.Mistake{Gives: 2, Say: "this is the mean of the documents' means: a token of the short one counts four times as much"},
		lesson.Mistake{Gives: 7, Say: "this is the sum: divide by the number of tokens"},
		lesson.Mistake{Gives: 3.5, Say: "this is divided by the number of documents: by that of tokens"},
		lesson.Mistake{Gives: 1, Say: "whole numbers, or the first document alone?"},
		lesson.Mistake{Gives: 3, Say: "this is the last document alone"})
	lesson.Near(t, "the loss where a document has no target", heldOut([][]float32{{2}, {}, {4}}), 3, 1e-6)
}

func TestHeldOut(t *testing.T) { checkHeldOut(t, heldOut) }

func checkSave(t lesson.T, save func(d *disk, name, content string)) {
	defer lesson.Done(t, "old or new and whole, whenever the machine stops")
	// after is what the file holds when the machine stops after some acts, and whether save had returned.
	after := func(acts int) (content string, there, returned bool) {
		d := &disk{files: map[string]string{"model": "old content"}, synced: map[string]bool{"model": true}, crash: acts}
		func() {
			defer func() {
				if cause := recover(); cause != nil && cause != "crash" {
					panic(cause)
				}
			}()
			save(d, "model", "new content")
			returned = true
		}()
		content, there = d.files["model"]
		if !d.synced["model"] {
			content = content[:len(content)/2]
		}
		return content, there, returned
	}
	for acts := 0; acts < 100; acts++ {
		content, there, returned := after(acts)
		when := fmt.Sprintf("✗ the machine stops after %d acts, and", acts)
		if returned {
			when = "✗ save has returned, the machine stops, and"
		}
		switch {
		case !there:
			t.Fatalf("%s there is no file: a rename takes the place of the old file in one act, do not remove it before", when)
		case content != "old content" && content != "new content" && acts == 1:
			t.Fatalf("%s the file holds %q: what is there was overwritten; write under another name first", when, content)
		case content != "old content" && content != "new content":
			t.Fatalf("%s the file holds %q: the new content was not on the disk yet when it got the name; sync before the rename", when, content)
		case returned && content != "new content":
			t.Fatalf("✗ save has returned, and the file holds the old content")
		case returned:
			return
		}
	}
	t.Fatalf("✗ save does not end")
}

func TestSave(t *testing.T) { checkSave(t, save) }

// What follows is not in the notebooks: what the learner writes is what the laboratory does, the cells run and
// show what their texts say, and plausible mistakes are told what is wrong.

// laboratoryRows are the rows of some batches of the laboratory, and the documents of each.
func laboratoryRows(t *testing.T) (rows []row, docs [][]text) {
	t.Helper()
	source, r := documents(problems(gsm.Train, ops(1, 3, 1))), recipe(100)
	byIDs := map[string]text{}
	for i := range uint64(2000) {
		d, err := source(i)
		if err != nil {
			t.Fatal(err)
		}
		byIDs[fmt.Sprint(d.IDs[:len(d.IDs)-1])] = text{d.IDs, d.LossFrom}
	}
	for step := range (128 + r.Batch - 1) / r.Batch { // the steps that are packed together
		batches, err := train.Batches(source, r, step)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range batches {
			for from := 0; from < len(b.Inputs); from += b.Seq {
				cut := func(list []int32) []int32 { return list[from : from+b.Seq] }
				one := row{cut(b.Inputs), cut(b.Targets), cut(b.Positions), cut(b.Segments)}
				var in []text
				for k := int32(1); slices.Contains(one.segments, k); k++ {
					var ids []int32
					for at, s := range one.segments {
						if s == k {
							ids = append(ids, one.inputs[at])
						}
					}
					d, known := byIDs[fmt.Sprint(ids)]
					if !known {
						t.Fatalf("step %d has a document that is none of the first 2000", step)
					}
					in = append(in, d)
				}
				rows, docs = append(rows, one), append(docs, in)
			}
		}
	}
	return rows, docs
}

func TestRowsAreTheLaboratorys(t *testing.T) {
	rows, docs := laboratoryRows(t)
	var lengths []int
	asLengths := func(list []int) string { slices.Sort(list); return fmt.Sprint(list) }
	theirs, ours := map[string]int{}, map[string]int{}
	for i, r := range rows {
		if got := layOut(docs[i], len(r.inputs)); !slices.Equal(got.inputs, r.inputs) || !slices.Equal(got.positions, r.positions) || !slices.Equal(got.segments, r.segments) {
			t.Fatalf("row %d is laid out in another way", i)
		} else if got := layOut(docs[i], len(r.inputs)); fmt.Sprint(got.targets) != fmt.Sprint(r.targets) {
			t.Fatalf("row %d has the targets %v, the laboratory's %v", i, got.targets, r.targets)
		}
		var inRow []int
		for _, d := range docs[i] {
			inRow = append(inRow, len(d.tokens)-1)
		}
		lengths = append(lengths, inRow...)
		if len(inRow) > 0 {
			theirs[asLengths(inRow)]++
		}
	}
	for _, places := range pack(lengths, 96) {
		var inRow []int
		for _, p := range places {
			inRow = append(inRow, lengths[p])
		}
		ours[asLengths(inRow)]++
	}
	if !maps.Equal(ours, theirs) {
		t.Errorf("%d documents are packed in another way: %v, the laboratory's %v", len(lengths), ours, theirs)
	}
}

// A token that a position sees changes what the network computes there; one that it does not see changes nothing.
func TestSeesIsWhatTheLaboratoryMasks(t *testing.T) {
	const n = 8
	segments := []int32{1, 1, 1, 2, 2, 2, 2, 0}
	positions := []int32{0, 1, 2, 0, 1, 2, 3, 0}
	var tokens, allPositions, allSegments [][]int32
	for changed := -1; changed < n; changed++ {
		row := []int32{5, 6, 7, 8, 9, 10, 11, 12}
		if changed >= 0 {
			row[changed] += 10
		}
		tokens, allPositions, allSegments = append(tokens, row), append(allPositions, positions), append(allSegments, segments)
	}
	w := must(qwen.NewWeights(shape(), 1))
	out := graph.MustExecOnce(must(pipeline.Backend()).Backend, func(in []*graph.Node) *graph.Node {
		k := len(w.Tensors)
		return qwen.Bind(w.Config, in[:k]).Hidden(qwen.Rows{Tokens: in[k], Positions: in[k+1], Segments: in[k+2]})
	}, append(engine.Arguments(w.Tensors), tokens, allPositions, allSegments)...).Value().([][][]float32)
	for at := range n {
		for changed := range n {
			if got := !slices.Equal(out[0][at], out[changed+1][at]); got != sees(segments, at, changed) {
				t.Errorf("a change of token %d changes position %d: %t, and sees says %t", changed, at, got, !got)
			}
		}
	}
}

func TestStepIsTheLaboratorys(t *testing.T) {
	for _, decay := range []float64{0, 0.1} {
		a, s, w := train.AdamW{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Decay: decay}, random.New(2, "gradients"), weight{value: 1}
		var gradients []float64
		for i := range 50 {
			gradients = append(gradients, s.Norm())
			w.step(gradients[i], i+1, 0.01, a)
		}
		if theirs := laboratorySteps(a, 1, gradients, 0.01); math.Abs(theirs-w.value) > 1e-5 {
			t.Errorf("decay %g: %.7f after 50 steps, the laboratory's %.7f", decay, w.value, theirs)
		}
	}
}

func TestCellsRun(t *testing.T) {
	for _, cell := range []func(){RunPacking, RunMask, RunAgainstTheLaboratory, RunRate} {
		cell()
	}
}

func TestAKilledRunGoesOn(t *testing.T) {
	if dir := os.Getenv(killed); dir != "" {
		trainIn(dir)
		return
	}
	was := os.Args
	os.Args = []string{was[0], "-test.run=^" + t.Name() + "$"} // of the process that is killed
	defer func() { os.Args = was }()
	if table, same := survives(17); !same || len(table.Rows) != 3 || !slices.Contains([]string{"10", "15", "20"}, table.Rows[1][1]) {
		t.Errorf("a run that is killed ends with the same weights: %t\n%s", same, table)
	}
}

// The texts of the lesson say what training shows; that takes minutes: INTERPLAY_LONG=1.
func TestTheTextsSayWhatTrainingShows(t *testing.T) {
	if os.Getenv("INTERPLAY_LONG") == "" {
		t.Skip("minutes: set INTERPLAY_LONG=1")
	}
	RunCurves()
	RunTail()
	without, _ := run(documents(problems(gsm.Train, ops(1, 1, 1))), recipe(250))
	with, _ := run(documents(problems(gsm.Train, ops(1, 1, 0.95), ops(2, 3, 0.05))), recipe(250))
	if a, b := nats(without, 3, 64), nats(with, 3, 64); b > a/2 {
		t.Errorf("three operations: %.2f nats a token without a tail, %.2f with one", a, b)
	}
}

func TestPlausibleMistakesAreTold(t *testing.T) {
	first := func(order func(a, b int) int, fits func(free, length int) bool, onlyLast bool) func([]int, int) [][]int {
		return func(lengths []int, room int) (rows [][]int) {
			var places, left []int
			for i := range lengths {
				places = append(places, i)
			}
			slices.SortStableFunc(places, func(a, b int) int { return order(lengths[a], lengths[b]) })
			for _, d := range places {
				r := slices.IndexFunc(left, func(free int) bool { return fits(free, lengths[d]) })
				if onlyLast && r >= 0 && r < len(left)-1 {
					if r = len(left) - 1; !fits(left[r], lengths[d]) {
						r = -1
					}
				}
				if r < 0 {
					r, left, rows = len(left), append(left, room), append(rows, nil)
				}
				rows[r], left[r] = append(rows[r], d), left[r]-lengths[d]
			}
			return rows
		}
	}
	longest, shortest := func(a, b int) int { return b - a }, func(a, b int) int { return a - b }
	enough := func(free, length int) bool { return free >= length }
	laid := func(change func(r *row)) func(lesson.T) {
		return func(t lesson.T) {
			checkLayOut(t, func(docs []text, width int) row {
				r := layOut(docs, width)
				change(&r)
				return r
			})
		}
	}
	seen := func(f func(s []int32, t, u int) bool) func(lesson.T) {
		return func(t lesson.T) { checkSees(t, f) }
	}
	norm := func(g []float64) (sum float64) {
		for _, x := range g {
			sum += x * x
		}
		return math.Sqrt(sum)
	}
	adam := func(f func(w *weight, g float64, t int, rate float64, a train.AdamW)) func(lesson.T) {
		return func(t lesson.T) { checkStep(t, f) }
	}
	for _, wrong := range []struct {
		name, told string
		check      func(lesson.T)
	}{
		{"shortest first", "longest first", func(t lesson.T) { checkPack(t, first(shortest, enough, false)) }},
		{"unsorted", "sort them", func(t lesson.T) { checkPack(t, first(func(int, int) int { return 0 }, enough, false)) }},
		{"next fit", "first row that has room", func(t lesson.T) { checkPack(t, first(longest, enough, true)) }},
		{"room > length", "fits exactly", func(t lesson.T) {
			checkPack(t, first(longest, func(free, length int) bool { return free > length }, false))
		}},
		{"positions run on", "from 0 again", laid(func(r *row) {
			for i := range r.positions {
				r.positions[i] = int32(i)
			}
		})},
		{"prompt learned", "the prompt is learned", laid(func(r *row) { copy(r.targets, []int32{10, 11, 12, 2, 20, 21, 2}) })},
		{"into the next document", "its own last token", laid(func(r *row) { r.targets[3], r.targets[6] = 1, 0 })},
		{"no end", "learns to end", laid(func(r *row) { r.targets[3], r.targets[6] = -1, -1 })},
		{"padding has a target", "which is a token", laid(func(r *row) { copy(r.targets[7:], []int32{0, 0, 0}) })},
		{"segments from 0", "count from 1", laid(func(r *row) { r.segments = []int32{0, 0, 0, 0, 1, 1, 1, 0, 0, 0} })},
		{"one segment", "see each other", laid(func(r *row) { r.segments = []int32{1, 1, 1, 1, 1, 1, 1, 0, 0, 0} })},
		{"not causal", "the future", seen(func(s []int32, t, u int) bool { return s[t] == s[u] })},
		{"all documents", "segments differ", seen(func(_ []int32, t, u int) bool { return u <= t })},
		{"not itself", "sees itself", seen(func(s []int32, t, u int) bool { return u < t && s[t] == s[u] })},
		{"list by list", "each list is clipped alone", func(t lesson.T) {
			checkClip(t, func(g [][]float64, most float64) float64 {
				all := norm(slices.Concat(g...))
				for _, list := range g {
					clip([][]float64{list}, most)
				}
				return all
			})
		}},
		{"number by number", "each number is clipped alone", func(t lesson.T) {
			checkClip(t, func(g [][]float64, most float64) float64 {
				all := norm(slices.Concat(g...))
				for _, list := range g {
					for i := range list {
						list[i] = min(list[i], most)
					}
				}
				return all
			})
		}},
		{"stretched", "only what is longer", func(t lesson.T) {
			checkClip(t, func(g [][]float64, most float64) float64 {
				all := norm(slices.Concat(g...))
				for _, list := range g {
					for i := range list {
						list[i] *= most / max(all, 1e-9)
					}
				}
				return all
			})
		}},
		{"norms added", "one sum of squares", func(t lesson.T) {
			checkClip(t, func(g [][]float64, most float64) float64 { return norm(g[0]) + norm(g[len(g)-1]) })
		}},
		{"no correction", "not corrected", adam(func(w *weight, g float64, _ int, rate float64, a train.AdamW) { w.step(g, 1e6, rate, a) })},
		{"decay in the gradient", "beside m/√v", adam(func(w *weight, g float64, t int, rate float64, a train.AdamW) {
			g, a.Decay = g+a.Decay*w.value, 0
			w.step(g, t, rate, a)
		})},
		{"decay without the rate", "multiplied by the learning rate", adam(func(w *weight, g float64, t int, rate float64, a train.AdamW) {
			before := w.value
			a.Decay = 0
			w.step(g, t, rate, a)
			w.value -= 0.1 * before
		})},
		{"hats kept", "the one without hat", adam(func(w *weight, g float64, t int, rate float64, a train.AdamW) {
			w.step(g, t, rate, a)
			w.m /= 1 - math.Pow(a.Beta1, float64(t))
		})},
		{"ε missing", "keeps 0/0", adam(func(w *weight, g float64, t int, rate float64, a train.AdamW) {
			a.Eps = 0
			w.step(g, t, rate, a)
		})},
		{"s/w", "(s + 1)/w", func(t lesson.T) {
			checkRate(t, func(s, steps, warmup int, peak, end float64) float64 {
				if s < warmup {
					return peak * float64(s) / float64(warmup)
				}
				return rate(s, steps, warmup, peak, end)
			})
		}},
		{"whole numbers", "whole numbers", func(t lesson.T) {
			checkRate(t, func(s, steps, warmup int, peak, end float64) float64 { return peak * float64((s+1)/warmup) })
		}},
		{"from the first step", "(s − w)/(n − w)", func(t lesson.T) {
			checkRate(t, func(s, steps, warmup int, peak, end float64) float64 {
				if s < warmup {
					return rate(s, steps, warmup, peak, end)
				}
				return end + (peak-end)/2*(1+math.Cos(math.Pi*float64(s)/float64(steps)))
			})
		}},
		{"a line", "along half a cosine", func(t lesson.T) {
			checkRate(t, func(s, steps, warmup int, peak, end float64) float64 {
				if s < warmup {
					return rate(s, steps, warmup, peak, end)
				}
				return peak - (peak-end)*float64(s-warmup)/float64(steps-warmup)
			})
		}},
		{"mean of means", "documents' means", func(t lesson.T) {
			checkHeldOut(t, func(losses [][]float32) (mean float64) {
				for _, l := range losses {
					mean += heldOut([][]float32{l}) / float64(len(losses))
				}
				return mean
			})
		}},
		{"a sum", "divide by the number of tokens", func(t lesson.T) {
			checkHeldOut(t, func(losses [][]float32) float64 { return heldOut(losses) * float64(len(slices.Concat(losses...))) })
		}},
		{"by documents", "by that of tokens", func(t lesson.T) {
			checkHeldOut(t, func(losses [][]float32) float64 {
				return heldOut(losses) * float64(len(slices.Concat(losses...))) / float64(len(losses))
			})
		}},
		{"overwritten", "under another name", func(t lesson.T) {
			checkSave(t, func(d *disk, name, content string) { d.write(name, content); d.sync(name) })
		}},
		{"not synced", "sync before the rename", func(t lesson.T) {
			checkSave(t, func(d *disk, name, content string) { d.write("x", content); d.rename("x", name) })
		}},
		{"synced too late", "sync before the rename", func(t lesson.T) {
			checkSave(t, func(d *disk, name, content string) { d.write("x", content); d.rename("x", name); d.sync(name) })
		}},
		{"removed first", "do not remove it before", func(t lesson.T) {
			checkSave(t, func(d *disk, name, content string) {
				d.write("x", content)
				d.sync("x")
				d.remove(name)
				d.rename("x", name)
			})
		}},
		{"nothing saved", "the old content", func(t lesson.T) { checkSave(t, func(d *disk, _, content string) { d.write("x", content) }) }},
	} {
		passed, said := lesson.Run(wrong.check)
		if passed || !strings.Contains(said, wrong.told) {
			t.Errorf("%s: passed %t, expected to be told %q, was told:\n%s", wrong.name, passed, wrong.told, said)
		}
	}
}
