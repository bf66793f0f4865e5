package evaluate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/score"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
)

var (
	eng     *engine.Engine
	sampler *rollout.Sampler // of the tests' model, so that each shape compiles once
)

func TestMain(m *testing.M) {
	var err error
	if eng, err = engine.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// job is three parts of problems for a network that knows nothing; the verdict is
// made up from the text, so that both outcomes occur.
func job(t testing.TB) Job {
	source, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 3}, "A", "B"), gsm.Test, 1)
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := vocab.Words(gsm.DefaultSymbolic.Tokens())
	if err != nil {
		t.Fatal(err)
	}
	w, err := qwen.NewWeights(qwen.Config{VocabSize: tokenizer.Size(), HiddenSize: 16, Layers: 1, Heads: 2, KVHeads: 1, FFN: 16,
		Context: 128, RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.2}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if sampler == nil {
		sampler = rollout.New(eng, w.Config)
	}
	j := Job{Weights: w, Tokenizer: tokenizer, KeepText: true,
		Sampling: rollout.Options{Samples: 1200, MaxTokens: 4, Temperature: 0.7, Seed: 5, Rows: 512},
		Judge: func(p *gsm.Problem, text string) (verify.Verdict, error) {
			v := verify.Judge(p, text)
			if len(text)%2 == 0 {
				v.Strict, v.Answer, v.ProcessAcc, v.Class = true, true, 1, verify.Right
			}
			return v, nil
		}}
	for i := range uint64(15) {
		j.Problems = append(j.Problems, source.At(i))
	}
	return j
}

// Devices share the prompts of a job; its records do not depend on how many there are.
func TestSeveralDevicesGiveTheRecordsOfOne(t *testing.T) {
	if len(eng.Devices) < 4 {
		t.Skipf("backend %s has %d devices, the test needs 4", eng.Name, len(eng.Devices))
	}
	j := job(t)
	j.Sampling.Samples, j.Sampling.Rows = 8, 32
	var paths []string
	for _, devices := range []int{1, 4} {
		j.Sampling.Devices = devices
		path, err := j.run(context.Background(), sampler, t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	if !sameButLogProbs(t, paths[1], paths[0]) {
		t.Error("four devices have other samples than one")
	}
}

func TestInterruptedJobEndsWithTheSameBytes(t *testing.T) {
	j := job(t)
	whole, dir := t.TempDir(), t.TempDir()
	var last Progress
	path, err := j.run(context.Background(), sampler, whole, func(p Progress) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	if last.Done != 18000 || last.Total != 18000 || last.Tokens == 0 {
		t.Errorf("progress ends at %+v", last)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	if _, err := j.run(ctx, sampler, dir, func(Progress) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled job returned %v", err)
	}
	if exists(filepath.Join(dir, SamplesFile)) || !exists(filepath.Join(dir, "part-000000.parquet")) {
		t.Fatal("after the first part there should be that part and no result")
	}
	j.Sampling.Rows = 96 // no result depends on it
	first := true
	if path, err = j.run(context.Background(), sampler, dir, func(p Progress) {
		if first && p.Done != 14400 {
			t.Errorf("the resumed job stands at %d after its first part, want 14400", p.Done)
		}
		first = false
	}); err != nil {
		t.Fatal(err)
	}
	if !sameButLogProbs(t, path, filepath.Join(whole, SamplesFile)) {
		t.Error("the resumed job has other samples")
	}
	if exists(filepath.Join(dir, "part-000000.parquet")) {
		t.Error("parts are left")
	}
	// With the same rows, the same bytes.
	again := t.TempDir()
	j.Sampling.Rows = 512
	ctx, cancel = context.WithCancel(context.Background())
	j.run(ctx, sampler, again, func(Progress) { cancel() })
	if path, err = j.run(context.Background(), sampler, again, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the resumed job's file has %d bytes that differ from the undisturbed one's %d (%v)", len(got), len(want), err)
	}
	j.Sampling.Seed++
	if _, err := j.run(context.Background(), sampler, again, nil); err == nil || !strings.Contains(err.Error(), "another job") {
		t.Errorf("another job in the same folder gives %v", err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Whatever bit of an unfinished job's folder, or of a finished one's, is flipped: it is said,
// what it spoiled is sampled again, and the job ends with the same bytes.
func TestAFlippedBitOfAJobsFolderHeals(t *testing.T) {
	j, whole, half := job(t), t.TempDir(), t.TempDir()
	path, err := j.run(context.Background(), sampler, whole, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	j.run(ctx, sampler, half, func(Progress) { cancel() })
	for _, c := range []struct{ folder, file string }{{half, "part-000000.parquet"}, {half, jobFile}, {whole, SamplesFile}, {whole, jobFile}} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(c.folder)); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, c.file))
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(filepath.Join(dir, c.file), data, 0o644); err != nil {
			t.Fatal(err)
		}
		if names, err := CheckFolder(dir); err == nil && len(names) != 1 {
			t.Errorf("%s: the check names %q", c.file, names)
		}
		told := ""
		path, err := j.run(context.Background(), sampler, dir, func(p Progress) { told += p.Damage })
		if err != nil {
			t.Fatalf("%s: %v", c.file, err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) || !strings.Contains(told, c.file) || !strings.Contains(told, "altered") {
			t.Errorf("%s: told %q; the same bytes %t, %v", c.file, told, bytes.Equal(got, want), err)
		}
		if names, err := CheckFolder(dir); err != nil || len(names) > 0 {
			t.Errorf("%s: afterwards the check names %q, %v", c.file, names, err)
		}
	}
}

func TestAJobsFolderOfAnEarlierVersionIsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, jobFile), []byte(`{"format": 1, "samples": 18000, "weights": "x"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := job(t).run(context.Background(), sampler, dir, nil); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "earlier version") {
		t.Errorf("error %v", err)
	}
}

// sameButLogProbs compares files up to the rounding of log-probs, which depends on the
// number of rows in flight.
func sameButLogProbs(t *testing.T, a, b string) bool {
	x, err := Read(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if d := x[i].LogProb - y[i].LogProb; d > 1e-4 || d < -1e-4 {
			return false
		}
		if x[i].LogProb = y[i].LogProb; x[i] != y[i] {
			return false
		}
	}
	return true
}

// Problems that the model cannot write, or has no room for, are found before the job
// begins, wherever they stand: the folder is left as it was.
func TestAJobThatCannotEndDoesNotBegin(t *testing.T) {
	deep, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 19, Max: 19}, "A"), gsm.Test, 1)
	if err != nil {
		t.Fatal(err)
	}
	unknown, long := job(t), job(t)
	unknown.Problems = append(unknown.Problems, deep.At(20))
	long.Sampling.MaxTokens = 127
	for name, c := range map[string]struct {
		job  Job
		says string
	}{
		"a name of a larger vocabulary": {unknown, "cannot write problem " + deep.At(20).ID},
		"no room in the context":        {long, "more than the model's context"},
	} {
		dir := t.TempDir()
		_, err := c.job.run(context.Background(), sampler, dir, nil)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: the folder holds %v", name, left)
		}
	}
}

func TestRecordsHoldEverySampleInOrder(t *testing.T) {
	j := job(t)
	j.Problems = j.Problems[:3]
	j.Sampling.Samples = 6
	path, err := Run(context.Background(), eng, j, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	records, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 18 {
		t.Fatalf("%d records, want 18", len(records))
	}
	for i, r := range records {
		p := j.Problems[i/6]
		if r.Prompt != p.ID || r.Rank != i%6 || r.Op != p.Op || r.Context != p.Context || r.Mode != "forward" {
			t.Errorf("record %d is of %s rank %d, want %s rank %d", i, r.Prompt, r.Rank, p.ID, i%6)
		}
		if v, err := j.Judge(p, r.Text); err != nil || v.Strict != r.Strict || v.Answer != r.Answer || v.Class.String() != r.Class {
			t.Errorf("record %d: %+v, its text is judged %+v", i, r, v)
		}
		if !(r.LogProb < 0) || r.Tokens < 1 || r.Tokens > 4 || (r.Finish == "length") != (r.Tokens == 4 && !strings.HasSuffix(r.Text, "</answer>") && len(strings.Fields(r.Text)) == 4) {
			t.Errorf("record %d: %d tokens %q ended by %s, log-prob %g", i, r.Tokens, r.Text, r.Finish, r.LogProb)
		}
	}
	if _, err := score.Summarise(Samples(records)); err != nil {
		t.Error(err)
	}
	j.Problems[1] = j.Problems[0]
	if _, err := j.run(context.Background(), sampler, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "two problems have the ID") {
		t.Errorf("a repeated problem gives %v", err)
	}
}

// samplesOf makes 16 samples of 40 prompts an op, of which c in a prompt are right.
func samplesOf(op int, right func(prompt int) int) []score.Sample {
	var all []score.Sample
	for p := range 40 {
		for rank := range 16 {
			ok := rank < right(p)
			s := score.Sample{Prompt: fmt.Sprintf("%d-%d", op, p), Op: op, Mode: "forward", Context: "A", Rank: rank, Strict: ok, Answer: ok}
			if ok {
				s.Process = 1
			}
			all = append(all, s)
		}
	}
	return all
}

func TestEdgeIsWhereOneSampleFailsAndManySucceed(t *testing.T) {
	var all []score.Sample
	all = append(all, samplesOf(2, func(int) int { return 14 })...)
	all = append(all, samplesOf(5, func(p int) int { return p % 4 })...)  // pass@1 .09, pass@16 .75
	all = append(all, samplesOf(7, func(p int) int { return p / 37 })...) // 3 prompts of 40
	all = append(all, samplesOf(9, func(int) int { return 0 })...)
	all = append(all, samplesOf(4, func(p int) int { return 16 * (p % 2) })...) // pass@1 .5: at the border
	edges, err := Bands(all, 0, DefaultBorders, score.DefaultBootstrap())
	if err != nil {
		t.Fatal(err)
	}
	want := []OpBand{{Op: 2, Band: Solved, Sure: true}, {Op: 4, Band: Solved, Sure: false}, {Op: 5, Band: Edge, Sure: true}, {Op: 7, Band: Beyond, Sure: true}, {Op: 9, Band: Beyond, Sure: true}}
	if len(edges) != len(want) {
		t.Fatalf("%d ops, want %d", len(edges), len(want))
	}
	for i, e := range edges {
		if e.Op != want[i].Op || e.Band != want[i].Band || e.Sure != want[i].Sure || e.K != 16 || e.Prompts != 40 {
			t.Errorf("%+v, want %+v", e, want[i])
		}
	}
	if _, err := Bands(all, 17, DefaultBorders, score.DefaultBootstrap()); err == nil {
		t.Error("pass@17 of 16 samples is no error")
	}
	if _, err := Bands(all, 8, Borders{}, score.DefaultBootstrap()); err == nil {
		t.Error("borders at 0 are no error")
	}
}
