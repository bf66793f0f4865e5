package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

var testModel = qwen.Config{VocabSize: 30, HiddenSize: 16, Layers: 1, Heads: 2, KVHeads: 1, FFN: 24, Context: 32, RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 4}

// opened is shared by the tests, so that each program is compiled once.
var opened = sync.OnceValues(func() (*engine.Engine, error) { return engine.Open("") })

func open(t testing.TB) *engine.Engine {
	t.Helper()
	e, err := opened()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func testWeights(t testing.TB) *qwen.Weights {
	t.Helper()
	w, err := qwen.NewWeights(testModel, 11)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// mustRun trains in dir and returns the weights' digest and the metrics of the steps that were run.
func mustRun(t testing.TB, e *engine.Engine, cfg Config, dir string) (string, []Metrics) {
	t.Helper()
	var seen []Metrics
	w, err := Run(context.Background(), e, testWeights(t), testDocs(testModel.VocabSize), cfg, dir, func(m Metrics) { seen = append(seen, m) })
	if err != nil {
		t.Fatal(err)
	}
	return w.Digest(), seen
}

// stopAfter trains in dir until a step is done, then cancels.
func stopAfter(t testing.TB, e *engine.Engine, cfg Config, dir string, step int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := Run(ctx, e, testWeights(t), testDocs(testModel.VocabSize), cfg, dir, func(m Metrics) {
		if m.Step == step {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled run returns %v", err)
	}
}

func TestAResumedRunEndsWithTheSameBits(t *testing.T) {
	e := open(t)
	for name, c := range map[string]struct{ accumulate, perCall int }{"one pass a step": {1, 1}, "two passes a step": {2, 1}, "three steps a call": {1, 3}, "two passes a step and a call": {2, 2}} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Accumulate, cfg.PassesPerCall, cfg.Decay = c.accumulate, c.perCall, 0.1
			whole := t.TempDir()
			want, losses := mustRun(t, e, cfg, whole)
			for _, stop := range []int{1, 4, 7} {
				dir := t.TempDir()
				stopAfter(t, e, cfg, dir, stop)
				got, rest := mustRun(t, e, cfg, dir)
				if got != want {
					t.Errorf("stopped after step %d and resumed: other weights", stop)
				}
				if !strings.Contains(rest[0].Note, "resumed") {
					t.Errorf("the first step after resuming has the note %q", rest[0].Note)
				}
				if from := rest[0].Step - 1; from < stop || from >= stop+c.perCall || c.accumulate > 1 && from != stop {
					t.Errorf("stopped after %d and resumed at %d", stop, from)
				}
				for _, m := range rest {
					if want := losses[m.Step-1]; m.Loss != want.Loss || m.Tokens != want.Tokens {
						t.Errorf("stopped after %d: step %d has loss %v and %d tokens, expected %v and %d", stop, m.Step, m.Loss, m.Tokens, want.Loss, want.Tokens)
					}
				}
				if n := len(readMetrics(t, dir)); n != cfg.Steps {
					t.Errorf("the log has %d lines, expected %d", n, cfg.Steps)
				}
			}
			if again, ran := mustRun(t, e, cfg, whole); again != want || len(ran) != 0 {
				t.Errorf("a finished run trains %d more steps", len(ran))
			}
		})
	}
}

// Calls of several passes compute what calls of one do. They end where the run is saved, which
// does not matter to the bits.
func TestSeveralPassesACallAreThoseOfOne(t *testing.T) {
	e := open(t)
	for name, c := range map[string]struct{ accumulate, perCall int }{"of several steps": {1, 4}, "of a step": {3, 2}} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Accumulate, cfg.Decay = c.accumulate, 0.1
			_, want := mustRun(t, e, cfg, t.TempDir())
			cfg.PassesPerCall = c.perCall
			digest, got := mustRun(t, e, cfg, t.TempDir())
			if len(got) != len(want) {
				t.Fatalf("%d steps, expected %d", len(got), len(want))
			}
			for i, m := range want {
				g := got[i]
				if math.Abs(g.Loss-m.Loss) > 1e-5 || math.Abs(g.GradNorm-m.GradNorm) > 1e-4 || g.Tokens != m.Tokens || g.LR != m.LR {
					t.Errorf("step %d: %+v, expected %+v", m.Step, g, m)
				}
			}
			cfg.CheckpointEvery = 3
			if other, _ := mustRun(t, e, cfg, t.TempDir()); other != digest {
				t.Error("saved at other steps: other weights")
			}
			cfg.Devices = 2
			if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "passes_per_call is") {
				t.Errorf("on two devices: the error is %v", err)
			}
		})
	}
}

func readMetrics(t testing.TB, dir string) (all []Metrics) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var m Metrics
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
		if m.Step != len(all) {
			t.Fatalf("line %d of the log is of step %d", len(all), m.Step)
		}
	}
	return all
}

// A checkpoint that is torn or altered is named, and the one before it is used; the run
// still ends with the same bits.
func TestADamagedCheckpointIsNamedAndTheOneBeforeItUsed(t *testing.T) {
	e, cfg := open(t), testConfig()
	want, _ := mustRun(t, e, cfg, t.TempDir())
	half := t.TempDir()
	cfg.CheckpointEvery = 4
	stopAfter(t, e, cfg, half, 9) // checkpoints at 8 and 9, as two are kept
	flip := func(path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data[len(data)/2] ^= 16
		return os.WriteFile(path, data, 0o644)
	}
	for name, damage := range map[string]func(path string) error{
		"truncated": func(path string) error { return os.Truncate(path, 100) },
		"flipped":   flip,
		"emptied":   func(path string) error { return os.Truncate(path, 0) },
		"missing":   os.Remove,
	} {
		for _, file := range []string{"config.json", "model.safetensors", "optimizer.safetensors", "state.json"} {
			t.Run(file+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(half)); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(CheckpointDir(dir, 9), file)
				if err := damage(path); err != nil {
					t.Fatal(err)
				}
				if file != "model.safetensors" { // loading is enough to see
					j := newJournal(cfg, dir, recipeOf(t, cfg))
					if _, err := j.Resume(testWeights(t)); err != nil {
						t.Fatal(err)
					}
					if j.At.Step != 8 || !strings.Contains(j.Note, path) {
						t.Errorf("taken up at step %d with the note %q", j.At.Step, j.Note)
					}
					return
				}
				got, rest := mustRun(t, e, cfg, dir)
				if got != want {
					t.Error("the run ends with other weights")
				}
				if rest[0].Step != 9 || !strings.Contains(rest[0].Note, path) {
					t.Errorf("taken up at step %d with the note %q", rest[0].Step, rest[0].Note)
				}
			})
		}
	}
	t.Run("all of them", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(half)); err != nil {
			t.Fatal(err)
		}
		for _, step := range []int{8, 9} {
			if err := flip(filepath.Join(CheckpointDir(dir, step), "model.safetensors")); err != nil {
				t.Fatal(err)
			}
		}
		got, rest := mustRun(t, e, cfg, dir)
		if got != want || rest[0].Step != 1 || !strings.Contains(rest[0].Note, "starts again") {
			t.Errorf("taken up at step %d with the note %q", rest[0].Step, rest[0].Note)
		}
	})
}

func recipeOf(t *testing.T, cfg Config) string {
	return recipeDigest(cfg, testWeights(t), newTestPacker(t, cfg, testDocs(testModel.VocabSize)).digest)
}

func TestAFolderOfAnotherRunIsRefused(t *testing.T) {
	e, cfg, dir := open(t), testConfig(), t.TempDir()
	stopAfter(t, e, cfg, dir, 5)
	other := cfg
	other.LR = 1e-3
	if _, err := Run(context.Background(), e, testWeights(t), testDocs(testModel.VocabSize), other, dir, nil); err == nil || !strings.Contains(err.Error(), "other settings") {
		t.Errorf("another learning rate: the error is %v", err)
	}
	moreDocs := func(i uint64) (Document, error) { return testDocs(testModel.VocabSize)(i + 1) }
	if _, err := Run(context.Background(), e, testWeights(t), moreDocs, cfg, dir, nil); err == nil || !strings.Contains(err.Error(), "documents") {
		t.Errorf("other documents: the error is %v", err)
	}
}

func TestTheNewestCheckpointsAndMilestonesAreKept(t *testing.T) {
	e, cfg, dir := open(t), testConfig(), t.TempDir()
	cfg.CheckpointEvery, cfg.MilestoneEvery = 1, 5
	mustRun(t, e, cfg, dir)
	_, steps, err := Checkpoints(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{5, 10, 11, 12}; len(steps) != 4 || steps[0] != want[0] || steps[1] != want[1] || steps[2] != want[2] || steps[3] != want[3] {
		t.Errorf("checkpoints of steps %v are kept, expected %v", steps, want)
	}
}

func TestAccumulatingGivesTheLossesOfOneLargeBatch(t *testing.T) {
	e := open(t)
	large, small := testConfig(), testConfig()
	large.Batch, small.Batch, small.Accumulate = 8, 2, 4
	_, want := mustRun(t, e, large, t.TempDir())
	_, got := mustRun(t, e, small, t.TempDir())
	for i := range want {
		if math.Abs(got[i].Loss-want[i].Loss) > 1e-5 || math.Abs(got[i].GradNorm-want[i].GradNorm) > 1e-4 {
			t.Errorf("step %d: loss %.7f and norm %.6f, expected %.7f and %.6f", i+1, got[i].Loss, got[i].GradNorm, want[i].Loss, want[i].GradNorm)
		}
	}
}

func TestRecomputingGivesTheSameLosses(t *testing.T) {
	e := open(t)
	cfg := testConfig()
	_, want := mustRun(t, e, cfg, t.TempDir())
	cfg.Recompute = true
	_, got := mustRun(t, e, cfg, t.TempDir())
	for i := range want {
		if math.Abs(got[i].Loss-want[i].Loss) > 1e-5 {
			t.Errorf("step %d: loss %.7f, expected %.7f", i+1, got[i].Loss, want[i].Loss)
		}
	}
}

func TestBfloat16StaysNearFloat32(t *testing.T) {
	e := open(t)
	cfg := testConfig()
	_, want := mustRun(t, e, cfg, t.TempDir())
	cfg.Dtype = "bfloat16"
	_, got := mustRun(t, e, cfg, t.TempDir())
	for i := range want {
		if math.Abs(got[i].Loss-want[i].Loss) > 0.05 {
			t.Errorf("step %d: loss %.4f, expected %.4f", i+1, got[i].Loss, want[i].Loss)
		}
	}
}

func TestTheLossFallsOnDocumentsThatRepeat(t *testing.T) {
	e := open(t)
	cfg := testConfig()
	cfg.Steps, cfg.LR, cfg.MinLR = 60, 1e-2, 1e-3
	docs := func(i uint64) (Document, error) { return testDocs(testModel.VocabSize)(i % 3) }
	var last Metrics
	if _, err := Run(context.Background(), e, testWeights(t), docs, cfg, t.TempDir(), func(m Metrics) { last = m }); err != nil {
		t.Fatal(err)
	}
	if last.Loss > 0.7 {
		t.Errorf("the loss is %.2f after 60 steps on 3 documents", last.Loss)
	}
}

func TestTheFirstStepSaysWhetherFlashAttentionIsInUse(t *testing.T) {
	cfg := testConfig()
	cfg.Steps = 2
	_, seen := mustRun(t, open(t), cfg, t.TempDir())
	if !strings.Contains(seen[0].Note, "flash attention is not in use: the backend has no") || seen[1].Note != "" {
		t.Errorf("the notes are %q and %q", seen[0].Note, seen[1].Note)
	}
	cfg.Devices = 2
	if ok, why := FlashAttention(open(t), testModel, cfg); ok || !strings.Contains(why, "several devices") {
		t.Errorf("on two devices: %t, %q", ok, why)
	}
}

func TestErrorsOfTheDocumentsEndTheRunWithItsStateSaved(t *testing.T) {
	e, cfg, dir := open(t), testConfig(), t.TempDir()
	broken := errors.New("the corpus ends here")
	cfg.Steps = 80
	docs := func(i uint64) (Document, error) {
		if i > 500 {
			return Document{}, broken
		}
		return testDocs(testModel.VocabSize)(i)
	}
	_, err := Run(context.Background(), e, testWeights(t), docs, cfg, dir, nil)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "document 501") {
		t.Errorf("the error is %v", err)
	}
	if _, steps, _ := Checkpoints(dir); len(steps) == 0 {
		t.Error("nothing is saved")
	}
}

// NLL must give for packed documents what the loss gives, and be log vocab for a model that knows nothing.
func TestNLLIsTheLossOfTheTargets(t *testing.T) {
	e, w := open(t), testWeights(t)
	var docs []Document
	for i := range uint64(70) {
		d, _ := testDocs(testModel.VocabSize)(i)
		docs = append(docs, d)
	}
	got, err := NLL(context.Background(), e, w, docs)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := NLL(context.Background(), e, w, docs[40:41])
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range docs {
		if len(got[i]) != len(d.IDs)-max(d.LossFrom, 1) {
			t.Fatalf("document %d: %d values for %d targets", i, len(got[i]), len(d.IDs)-max(d.LossFrom, 1))
		}
	}
	for j, v := range alone[0] {
		if math.Abs(float64(v-got[40][j])) > 1e-5 {
			t.Errorf("target %d: %v packed, %v alone", j, got[40][j], v)
		}
	}
	for _, x := range w.Tensors {
		tensors.MustMutableFlatData(x, func(flat []float32) { clear(flat) })
	}
	flat, err := NLL(context.Background(), e, w, docs[:3])
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range flat[0] {
		if math.Abs(float64(v)-math.Log(30)) > 1e-5 {
			t.Errorf("a model of zeros has NLL %v, expected log 30", v)
		}
	}
	tensors.MustMutableFlatData(w.Tensors[len(w.Tensors)-1], func(flat []float32) { flat[0] = math.MaxFloat32 })
	tensors.MustMutableFlatData(w.Tensors[0], func(flat []float32) {
		for i := range flat {
			flat[i] = math.MaxFloat32
		}
	})
	if values, err := NLL(context.Background(), e, w, docs[:1]); err == nil || !strings.Contains(err.Error(), "leaves what single precision holds") {
		t.Errorf("weights that overflow give %v, error %v", values, err)
	}
}

// The update must be AdamW as its paper states it, here written out for one number.
func TestAdamWIsThePublishedFormula(t *testing.T) {
	e := open(t)
	a := AdamW{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Decay: 0.1, Clip: 1}
	specs := []qwen.TensorSpec{{Name: "matrix", Shape: []int{1, 1}}, {Name: "bias", Shape: []int{1}}}
	exec, err := graph.NewExec(e.Backend, func(in []*graph.Node) []*graph.Node {
		next, norm := a.Update(specs, State[*graph.Node]{Weights: in[0:2], First: in[4:6], Second: in[6:8]}, in[2:4], in[8])
		return append(engine.List(&next), norm)
	})
	if err != nil {
		t.Fatal(err)
	}
	w, m, v := [2]float64{0.5, -0.3}, [2]float64{}, [2]float64{}
	matrix := func(x float64) *tensors.Tensor { return tensors.FromValue([][]float32{{float32(x)}}) }
	vector := func(x float64) *tensors.Tensor { return tensors.FromValue([]float32{float32(x)}) }
	for step, g := range [][2]float64{{3, 4}, {0.1, -0.2}, {-2, 0.01}} {
		lr := 0.01 * float64(step+1)
		out, err := exec.Call(matrix(w[0]), vector(w[1]), matrix(g[0]), vector(g[1]), matrix(m[0]), vector(m[1]), matrix(v[0]), vector(v[1]), a.Scalars(step, lr))
		if err != nil {
			t.Fatal(err)
		}
		norm := math.Hypot(g[0], g[1])
		for i := range w {
			clipped := g[i] * math.Min(1, 1/(norm+1e-6))
			m[i] = 0.9*m[i] + 0.1*clipped
			v[i] = 0.98*v[i] + 0.02*clipped*clipped
			decay := []float64{0.1, 0}[i]
			w[i] -= lr * (m[i]/(1-math.Pow(0.9, float64(step+1)))/(math.Sqrt(v[i]/(1-math.Pow(0.98, float64(step+1))))+1e-8) + decay*w[i])
			if got := tensors.MustCopyFlatData[float32](out[i])[0]; math.Abs(float64(got)-w[i]) > 1e-6 {
				t.Errorf("step %d, weight %d: %v, expected %v", step, i, got, w[i])
			}
		}
		if got := tensors.ToScalar[float32](out[6]); math.Abs(float64(got)-norm) > 1e-5 {
			t.Errorf("step %d: norm %v, expected %v", step, got, norm)
		}
	}
}

// Long texts go through the network in fewer rows, and come out as before.
func TestNLLTakesFewerRowsOfLongTexts(t *testing.T) {
	for seq, want := range map[int]int{32: nllRows, 1024: nllRows, 4096: 2, 1 << 16: 1} {
		if got := rowsOfNLL(qwen.Config{Heads: 2}, seq); got != want {
			t.Errorf("%d positions: %d rows, expected %d", seq, got, want)
		}
	}
	docs := make([]Document, 5)
	for i := range docs {
		docs[i].IDs = make([]int32, 9)
	}
	if got := packIndices(docs, 8, 2); len(got) != 3 || len(got[2]) != 1 || got[2][0][0] != 4 {
		t.Errorf("five documents, two a batch: %v", got)
	}
}
