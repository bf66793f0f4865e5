package grpo

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/random"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
)

// lesson is a task that a tiny model learns in seconds: begin with "ans". The verdict
// has nothing to do with the problem, but everything else is the real path.
func lesson(t testing.TB) (Task, *qwen.Weights, Config) {
	source, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 3}, "A"), gsm.RL, 1)
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := vocab.Words(gsm.DefaultSymbolic.Tokens())
	if err != nil {
		t.Fatal(err)
	}
	task := Task{
		Problems: Fixed(func(step int) ([]*gsm.Problem, error) {
			var all []*gsm.Problem
			for i := range 8 {
				all = append(all, source.At(uint64(8*step+i)))
			}
			return all, nil
		}),
		Tokenizer: tokenizer,
		Reward:    verify.Reward{Form: verify.StrictForm},
		Judge: func(p *gsm.Problem, text string) verify.Verdict {
			v := verify.Judge(p, text)
			v.Answer = strings.HasPrefix(text, "ans")
			v.Strict = v.Answer
			return v
		},
	}
	model := qwen.Config{VocabSize: tokenizer.Size(), HiddenSize: 32, Layers: 1, Heads: 2, KVHeads: 1, FFN: 32, Context: 128,
		RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.1}
	w, err := qwen.NewWeights(model, 3)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Micro()
	cfg.Steps, cfg.MaxTokens, cfg.LR, cfg.Rows, cfg.Seq, cfg.CheckpointEvery = 6, 6, 3e-3, 8, 128, 2
	return task, w, cfg
}

func mustRun(t testing.TB, task Task, start *qwen.Weights, cfg Config, dir string) (*qwen.Weights, []Metrics) {
	var all []Metrics
	w, err := Run(context.Background(), eng, start, task, cfg, dir, func(m Metrics) { all = append(all, m) })
	if err != nil {
		t.Fatal(err)
	}
	return w, all
}

func TestRewardRises(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.Steps, cfg.LR = 40, 1e-2
	var m []Metrics
	if _, err := Run(context.Background(), eng, start, task, cfg, t.TempDir(), func(x Metrics) { m = append(m, x) }); err != nil {
		t.Fatal(err)
	}
	first, last := m[0].RewardMean, m[len(m)-1].RewardMean
	if first > 0.2 || last < 0.8 {
		t.Errorf("mean reward went from %.2f to %.2f, want from under 0.2 to over 0.8", first, last)
	}
	for _, m := range m {
		if m.LogProbGapMax > 1e-4 {
			t.Errorf("step %d: sampler and learner differ by %g in log-prob, want at most 1e-4", m.Step, m.LogProbGapMax)
		}
	}
}

func TestMetricsAddUp(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.Steps, cfg.DropZeroVariance, cfg.KL = 3, false, 0.1
	dir := t.TempDir()
	_, all := mustRun(t, task, start, cfg, dir)
	m := all[2] // no group varies in the first step, so the second one samples from the start model too
	samples := 8 * cfg.GroupSize
	confusion := m.Confusion.RightRight + m.Confusion.RightWrong + m.Confusion.WrongRight + m.Confusion.WrongWrong
	classes, byOp := 0, 0
	for _, n := range m.FirstWrong {
		classes += n
	}
	for _, c := range m.ByOp {
		byOp += c.Samples
	}
	if confusion != samples || classes != samples || byOp != samples {
		t.Errorf("%d samples, but %d in the confusion, %d by class, %d by op", samples, confusion, classes, byOp)
	}
	if m.TokensGenerated != m.TokensTrained || m.CompletionLength != float64(m.TokensGenerated)/float64(samples) {
		t.Errorf("%d tokens generated, %d trained, mean length %g", m.TokensGenerated, m.TokensTrained, m.CompletionLength)
	}
	if m.TokensForward <= m.TokensTrained || m.Updates != 3 || m.GradNorm <= 0 || m.Entropy <= 0 || !(m.KL > 0) || all[0].KL > 1e-6 {
		t.Errorf("forward %d, updates %d, norm %g, entropy %g, KL %g then %g", m.TokensForward, m.Updates, m.GradNorm, m.Entropy, all[0].KL, m.KL)
	}
	data, err := os.ReadFile(filepath.Join(dir, train.MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	var logged Metrics
	if err := json.Unmarshal([]byte(lines[2]), &logged); err != nil || len(lines) != 3 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if logged.RewardMean != m.RewardMean || logged.ByOp[2] != m.ByOp[2] {
		t.Errorf("the log says %+v, progress said %+v", logged, m)
	}
}

func TestZeroRewardLeavesWeightsUnchanged(t *testing.T) {
	task, start, cfg := lesson(t)
	task.Judge = func(*gsm.Problem, string) verify.Verdict { return verify.Verdict{FirstWrong: -1} }
	cfg.Steps = 2
	for _, drop := range []bool{true, false} {
		cfg.DropZeroVariance = drop
		w, m := mustRun(t, task, start, cfg, t.TempDir())
		if w.Digest() != start.Digest() {
			t.Errorf("dropping groups %t: the weights changed without reward, KL and decay", drop)
		}
		if m[1].FracRewardZeroStd != 1 || (m[1].Note != "") != drop {
			t.Errorf("dropping groups %t: zero-std share %g, note %q", drop, m[1].FracRewardZeroStd, m[1].Note)
		}
	}
	cfg.Decay, cfg.DecayEmbeddings = 0.1, true
	w, _ := mustRun(t, task, start, cfg, t.TempDir())
	before, after := tensors.MustCopyFlatData[float32](start.Tensors[0]), tensors.MustCopyFlatData[float32](w.Tensors[0])
	shrink := math.Pow(1-cfg.LR*cfg.Decay, 2)
	for i := range before {
		if math.Abs(float64(after[i])-shrink*float64(before[i])) > 1e-7 {
			t.Fatalf("weight %d went from %g to %g, decay alone gives %g", i, before[i], after[i], shrink*float64(before[i]))
		}
	}
}

func TestResumeIsBitIdentical(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.MiniBatch, cfg.Epochs, cfg.KL = 4, 2, 0.1
	whole := t.TempDir()
	want, metrics := mustRun(t, task, start, cfg, whole)

	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Run(ctx, eng, start, task, cfg, dir, func(m Metrics) {
		if m.Step == 3 { // between two checkpoints
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled run returned %v", err)
	}
	// A killed process leaves a log that is ahead of the checkpoint, and a torn line.
	f, err := os.OpenFile(filepath.Join(dir, train.MetricsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"step":4,"steps":6}` + "\n" + `{"step":5,"st`)
	f.Close()
	got, rest := mustRun(t, task, start, cfg, dir)
	if got.Digest() != want.Digest() {
		t.Error("the resumed run ended with other weights")
	}
	if rest[0].Step != 4 || !strings.Contains(rest[0].Note, "resumed at step 3") || rest[2].RewardMean != metrics[5].RewardMean || rest[2].Updates != metrics[5].Updates {
		t.Errorf("resumed at %d with note %q; last step %+v, undisturbed %+v", rest[0].Step, rest[0].Note, rest[2], metrics[5])
	}
	if again, m := mustRun(t, task, start, cfg, dir); again.Digest() != want.Digest() || len(m) != 0 {
		t.Error("a finished run is not returned as it is")
	}
	cfg.LR *= 2
	if _, err := Run(context.Background(), eng, start, task, cfg, dir, nil); err == nil || !strings.Contains(err.Error(), "other settings") {
		t.Errorf("another recipe in the same folder gives %v", err)
	}
}

func TestNaNStopsWithTheStepSaved(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.CheckpointEvery = 1
	cfg.Steps = 1
	dir := t.TempDir()
	good, _ := mustRun(t, task, start, cfg, dir)
	broken := good.Clone()
	tensors.MustMutableFlatData(broken.Tensors[len(broken.Tensors)-1], func(flat []float32) { flat[0] = float32(math.NaN()) })
	cfg.DropZeroVariance = false
	dir = t.TempDir()
	_, err := Run(context.Background(), eng, broken, task, cfg, dir, nil)
	if err == nil || !strings.Contains(err.Error(), "step 1") || !strings.Contains(err.Error(), "NaN") || !strings.Contains(err.Error(), "failed-step-1.jsonl") {
		t.Fatalf("NaN weights give %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "failed-step-1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(data), "\n"); lines != 8*cfg.GroupSize {
		t.Errorf("%d records, want %d", lines, 8*cfg.GroupSize)
	}
}

func TestEmptyBatchesAreErrors(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.OverlongFilter, cfg.DropZeroVariance = true, false
	cfg.MaxTokens = 1 // every completion is cut, but for a chance [EOS]
	task.Tokenizer, _ = vocab.Words(gsm.DefaultSymbolic.Tokens())
	dir := t.TempDir()
	problems := task.Problems
	task.Problems = func(step int, past []Metrics) ([]*gsm.Problem, error) {
		all, err := problems(step, past)
		return all[:1], err
	}
	cfg.GroupSize = 2
	if _, err := Run(context.Background(), eng, start, task, cfg, dir, nil); err == nil || !strings.Contains(err.Error(), "batch is empty") {
		t.Errorf("a batch that the overlong filter emptied gives %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "failed-step-1.jsonl")); err != nil {
		t.Error(err)
	}
	task.Problems = Fixed(func(int) ([]*gsm.Problem, error) { return nil, nil })
	if _, err := Run(context.Background(), eng, start, task, cfg, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "no problems") {
		t.Errorf("a step without problems gives %v", err)
	}
}

// What a pass holds, read back token by token, are the sequences that went in.
func TestPackingKeepsEveryToken(t *testing.T) {
	s := random.New(1, "sequences")
	draw := func() (ids []int32) {
		for range s.Between(1, 20) {
			ids = append(ids, int32(s.IntN(100)))
		}
		return ids
	}
	var all []sequence
	for group := range 12 {
		prompt := draw()
		for range s.Between(1, 8) {
			q := sequence{group: group, prompt: prompt, ids: draw(), advantage: float64(len(all)), weight: s.Float64()}
			for range q.ids {
				q.old = append(q.old, float32(s.Norm()))
			}
			all = append(all, q)
		}
	}
	for _, rows := range []int{1, 4, 16, 100} {
		batches, err := pack(all, rows, 40)
		if err != nil {
			t.Fatal(err)
		}
		learned, seen := 0, map[int]bool{}
		for _, b := range batches {
			learned += b.learned
			n := b.rows * b.seq
			tokens, targets, positions, segments := b.tokens, b.targets, b.positions, b.segments
			for at := 0; at < n; {
				if segments[at] == 0 {
					if targets[at] >= 0 {
						t.Fatalf("%d rows: padding at %d has a target", rows, at)
					}
					at++
					continue
				}
				owner := int(b.owner[at/b.seq])
				prompt := b.prompt[owner*b.length : (owner+1)*b.length]
				if end := slices.Index(prompt, -1); end >= 0 {
					prompt = prompt[:end]
				}
				q := &all[int(b.advantages[at])]
				if seen[int(q.advantage)] {
					t.Fatalf("%d rows: sequence %g is in twice", rows, q.advantage)
				}
				seen[int(q.advantage)] = true
				if whole := append(slices.Clone(prompt), tokens[at]); !slices.Equal(whole, q.prompt) {
					t.Fatalf("%d rows: the prompt of sequence %g is %v, want %v", rows, q.advantage, whole, q.prompt)
				}
				for j, id := range q.ids {
					if targets[at] != id || j > 0 && tokens[at] != q.ids[j-1] || int(positions[at]) != len(prompt)+j || segments[at] != segments[at-j] ||
						b.old[at] != q.old[j] || b.weights[at] != float32(q.weight) {
						t.Fatalf("%d rows: token %d of sequence %g is not what went in", rows, j, q.advantage)
					}
					at++
				}
			}
		}
		want := 0
		for _, q := range all {
			want += len(q.ids)
		}
		if len(seen) != len(all) || learned != want {
			t.Errorf("%d rows: %d sequences and %d targets, want %d and %d", rows, len(seen), learned, len(all), want)
		}
	}
	if _, err := pack(all, 4, 10); err == nil || !strings.Contains(err.Error(), "raise seq") {
		t.Errorf("rows of 10 positions for completions of 20 tokens give %v", err)
	}
}

// The gradient of a step does not depend on how its sequences are cut into passes.
func TestUpdateDoesNotDependOnRows(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.Steps, cfg.Aggregation = 1, SequenceMean
	a, _ := mustRun(t, task, start, cfg, t.TempDir())
	cfg.Rows = 3
	b, _ := mustRun(t, task, start, cfg, t.TempDir())
	for i := range a.Tensors {
		x, y := tensors.MustCopyFlatData[float32](a.Tensors[i]), tensors.MustCopyFlatData[float32](b.Tensors[i])
		from := tensors.MustCopyFlatData[float32](start.Tensors[i])
		for j := range x {
			// Adam's first step has the size of lr whatever the gradient: only its sign tells.
			if math.Abs(float64(x[j]-y[j])) > 1e-4 && math.Abs(float64(x[j]-from[j])) > 0.9*cfg.LR && math.Abs(float64(y[j]-from[j])) > 0.9*cfg.LR {
				t.Fatalf("tensor %d value %d: %g and %g", i, j, x[j], y[j])
			}
		}
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"group_size is 1":     func(c *Config) { c.GroupSize = 1 },
		"steps is 0":          func(c *Config) { c.Steps = 0 },
		"clip_low is 2":       func(c *Config) { c.ClipLow = 2 },
		"dual_clip is 0.5":    func(c *Config) { c.DualClip = 0.5 },
		"kl is -1":            func(c *Config) { c.KL = -1 },
		`aggregation is "no"`: func(c *Config) { c.Aggregation = "no" },
		"temperature is 0":    func(c *Config) { c.Temperature = 0 },
		"beta1 is 2":          func(c *Config) { c.Beta1 = 2 },
	} {
		c := Default()
		if change(&c); c.Validate() == nil || !strings.Contains(c.Validate().Error(), want) {
			t.Errorf("%v, want an error with %q", c.Validate(), want)
		}
	}
	for _, c := range []Config{Default(), Micro()} {
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// A whole step of the micro recipe: 32 prompts × 8 samples of 112 tokens each (the
// network is untrained and seldom stops), all of them learned from.
func BenchmarkMicroStep(b *testing.B) {
	task, _, _ := lesson(b)
	source, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 5, Max: 6}, "A"), gsm.RL, 1)
	if err != nil {
		b.Fatal(err)
	}
	task.Problems = Fixed(func(step int) ([]*gsm.Problem, error) {
		var all []*gsm.Problem
		for i := range 32 {
			all = append(all, source.At(uint64(32*step+i)))
		}
		return all, nil
	})
	task.Judge = func(p *gsm.Problem, text string) verify.Verdict {
		v := verify.Judge(p, text)
		v.Strict = len(text)%2 == 0 // so that groups vary
		return v
	}
	model, err := qwen.Size("micro", task.Tokenizer.Size())
	if err != nil {
		b.Fatal(err)
	}
	start, err := qwen.NewWeights(model, 1)
	if err != nil {
		b.Fatal(err)
	}
	cfg := Micro()
	cfg.Steps, cfg.LR, cfg.DropZeroVariance, cfg.CheckpointEvery = b.N+1, 1e-6, false, 0
	var sum Metrics
	_, err = Run(context.Background(), eng, start, task, cfg, b.TempDir(), func(m Metrics) {
		if m.Step == 1 { // compiles
			b.ResetTimer()
			return
		}
		sum.TokensGenerated += m.TokensGenerated
		sum.TokensForward += m.TokensForward
		sum.SecondsRollout += m.SecondsRollout
		sum.SecondsVerify += m.SecondsVerify
		sum.SecondsUpdate += m.SecondsUpdate
	})
	if err != nil {
		b.Fatal(err)
	}
	total := sum.SecondsRollout + sum.SecondsVerify + sum.SecondsUpdate
	b.ReportMetric(float64(sum.TokensGenerated)/sum.SecondsRollout, "sampled-tok/s")
	b.ReportMetric(float64(sum.TokensForward)/sum.SecondsUpdate, "learned-tok/s")
	b.ReportMetric(100*sum.SecondsRollout/total, "%rollout")
	b.ReportMetric(100*sum.SecondsVerify/total, "%verify")
}

// What a step has to say about itself stands apart from what was said before it.
func TestNotesOfAStepStandApart(t *testing.T) {
	for before, want := range map[string]string{"": "no group varies: no update", "resumed at step 3": "resumed at step 3; no group varies: no update"} {
		m := Metrics{Note: before}
		if _, err := (&run{cfg: Config{DropZeroVariance: true}}).learn(nil, &m); err != nil || m.Note != want {
			t.Errorf("the note is %q, want %q; %v", m.Note, want, err)
		}
	}
}
