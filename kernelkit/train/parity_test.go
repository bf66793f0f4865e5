package train

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/qwen"
)

// parityDir holds what transformers and PyTorch computed; make_fixtures.py there says
// what is what.
const parityDir = "../../testdata/qwen"

func parityFixture(t *testing.T, name string, shape ...int) []float32 {
	t.Helper()
	out, err := qwen.ReadSafetensors(filepath.Join(parityDir, "fixtures.safetensors"), []qwen.TensorSpec{{Name: name, Shape: shape}})
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](out[0])
}

func parityWeights(t *testing.T) *qwen.Weights {
	t.Helper()
	w, err := qwen.Load(parityDir)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// rowsOf makes a batch with one document a row from whole numbers [rows, tokens]:
// every token but the first is a target.
func rowsOf(flat []float32, tokens int) *Batch {
	var rows [][]Document
	for at := 0; at < len(flat); at += tokens {
		d := Document{LossFrom: 1}
		for _, v := range flat[at : at+tokens] {
			d.IDs = append(d.IDs, int32(v))
		}
		rows = append(rows, []Document{d})
	}
	return newBatch(rows, tokens-1, true)
}

func TestGradientsOfEveryWeightEqualThoseOfPyTorch(t *testing.T) {
	const rows, tokens = 2, 136
	w := parityWeights(t)
	batch := rowsOf(parityFixture(t, "tokens", rows, tokens), tokens)
	cfg := Config{DocumentMask: true, Dtype: "float32"}
	n := len(w.Tensors)
	exec, err := NewExec(open(t).Backend, func(in []*Node) []*Node {
		loss := MulScalar(Neg(ReduceAllSum(targetLogProbs(w.Config, cfg, in[:n], pass[*Node]{rows: in[n]}))), 1/float64(batch.Count))
		return Gradient(loss, in[:n]...)
	})
	if err != nil {
		t.Fatal(err)
	}
	var args []any
	for _, x := range w.Tensors {
		args = append(args, x)
	}
	out, err := exec.Call(append(args, batch.part(0, 1, rows*(tokens-1)).rows)...)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, s := range w.Config.Specs() {
		want := parityFixture(t, "gradient."+s.Name, s.Shape...)
		var difference, size float64
		for j, g := range tensors.MustCopyFlatData[float32](out[i]) {
			difference += math.Pow(float64(g-want[j]), 2)
			size += math.Pow(float64(want[j]), 2)
		}
		relative := math.Sqrt(difference / size)
		worst = math.Max(worst, relative)
		if !(relative <= 1e-4) {
			t.Errorf("%s: the gradient differs by %.2g of its norm %.2g: expected at most 1e-4", s.Name, relative, math.Sqrt(size))
		}
	}
	t.Logf("largest relative difference %.2g over %d tensors", worst, n)
}

func TestFiftyStepsHaveTheLossesOfPyTorch(t *testing.T) {
	for name, perCall := range map[string]int{"a step a call": 1, "eight steps a call": 8} {
		t.Run(name, func(t *testing.T) { fiftySteps(t, perCall) })
	}
}

func fiftySteps(t *testing.T, perCall int) {
	const batches, rows, tokens = 5, 4, 33
	cfg := Config{Batch: rows, Seq: tokens - 1, Accumulate: 1, PassesPerCall: perCall, DocumentMask: true, Dtype: "float32", Keep: 2}
	data, err := os.ReadFile(filepath.Join(parityDir, "training.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cfg); err != nil {
		t.Fatal(err)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	flat := parityFixture(t, "steps.tokens", batches, rows, tokens)
	losses, norms := parityFixture(t, "steps.losses", cfg.Steps), parityFixture(t, "steps.norms", cfg.Steps)
	w := parityWeights(t)
	s, err := newStepper(open(t), w.Config, cfg, rows*(tokens-1))
	if err != nil {
		t.Fatal(err)
	}
	st := &state{State: StartState(w)}
	var outcomes []outcome
	for len(outcomes) < cfg.Steps {
		var each [][]*Batch
		for step := len(outcomes); step < min(len(outcomes)+s.atOnce, cfg.Steps); step++ {
			each = append(each, []*Batch{rowsOf(flat[step%batches*rows*tokens:][:rows*tokens], tokens)})
		}
		some, err := s.steps(st, each, len(outcomes))
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, some...)
	}
	worst, clipped := 0.0, 0
	for step, o := range outcomes {
		loss, norm := o.loss, o.norm
		d := math.Abs(loss - float64(losses[step]))
		worst = math.Max(worst, d)
		if !(d <= 1e-4) {
			t.Errorf("step %d: the loss is %.6f, PyTorch's %.6f: expected a difference of at most 1e-4", step, loss, losses[step])
		}
		if d := math.Abs(norm/float64(norms[step]) - 1); !(d <= 1e-3) {
			t.Errorf("step %d: the gradient's norm is %.6f, PyTorch's %.6f", step, norm, norms[step])
		}
		if norm > cfg.Clip {
			clipped++
		}
	}
	t.Logf("largest difference of a loss %.2g; losses %.4f to %.4f; %d steps clipped", worst, losses[0], losses[cfg.Steps-1], clipped)
	if clipped == 0 || clipped == cfg.Steps || losses[cfg.Steps-1] > 0.9*losses[0] {
		t.Errorf("%d of %d steps are clipped and the loss goes from %g to %g: the fixture tells too little", clipped, cfg.Steps, losses[0], losses[cfg.Steps-1])
	}
}

// The network ends at the positions with targets where a run's batches leave room to save, and
// at all of them for a batch with more: the losses are the same.
func TestEndingAtTheTargetsGivesTheLossesOfAllPositions(t *testing.T) {
	cfg := testConfig()
	docs := func(i uint64) (Document, error) { // a quarter of each is a solution, in one batch all
		d, err := testDocs(testModel.VocabSize)(i)
		if d.LossFrom = len(d.IDs) * 3 / 4; i > 1000 {
			d.LossFrom = 1
		}
		return d, err
	}
	p := newTestPacker(t, cfg, docs)
	all := cfg.Batch * cfg.Seq
	room, err := p.room()
	if err != nil {
		t.Fatal(err)
	}
	late := 1000/p.span*p.steps + 2*p.steps // a step whose documents are all solution
	batches, err := p.batches(late)
	if err != nil {
		t.Fatal(err)
	}
	if room > all*3/4 || batches[0].Count <= room {
		t.Fatalf("room for %d of %d positions, and a batch with %d targets: the test tells nothing", room, all, batches[0].Count)
	}
	losses := func(room int) (values []outcome) {
		s, err := newStepper(open(t), testModel, cfg, room)
		if err != nil {
			t.Fatal(err)
		}
		st := &state{State: StartState(testWeights(t))}
		for i, step := range []int{0, 1, late, 2} {
			batches, err := p.batches(step)
			if err != nil {
				t.Fatal(err)
			}
			o, err := s.steps(st, [][]*Batch{batches}, i)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, o...)
		}
		return values
	}
	want := losses(all)
	for i, got := range losses(room) {
		if math.Abs(got.loss-want[i].loss) > 1e-5 || math.Abs(got.norm/want[i].norm-1) > 1e-4 {
			t.Errorf("step %d: loss %.7f and norm %.6f, at all positions %.7f and %.6f", i+1, got.loss, got.norm, want[i].loss, want[i].norm)
		}
	}
}
