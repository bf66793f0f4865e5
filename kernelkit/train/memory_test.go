package train

import (
	"os"
	"reflect"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"interplay/kernelkit/qwen"
)

// compiledMemory is what XLA reserves for a step: bytes of inputs, of outputs that are in no
// input's place, and of temporaries. The library keeps the figures in a private field.
func compiledMemory(t *testing.T, model qwen.Config, cfg Config) (inputs, extra, temporary int64) {
	t.Helper()
	e := open(t)
	s, err := newStepper(e, model, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var in []shapes.Shape
	for range 3 {
		for _, spec := range model.Specs() {
			in = append(in, shapes.Make(dtypes.Float32, spec.Shape...))
		}
	}
	in = append(in, shapes.Make(dtypes.Int32, 4, cfg.Batch, cfg.Seq), shapes.Make(dtypes.Float32, 3), shapes.Make(dtypes.Float32, 1))
	g, err := s.whole.Compile(in...)
	if err != nil {
		t.Fatal(err)
	}
	stats := reflect.ValueOf(g.Executable()).Elem().FieldByName("exec").Elem().FieldByName("OnDeviceMemoryUsageStats")
	of := func(name string) int64 { return stats.FieldByName(name).Int() }
	return of("Inputs"), of("Outputs") - of("Aliases"), of("Temporary")
}

// The estimate must be near what XLA reserves; INTERPLAY_LONG=1 compares more sizes.
func TestTheMemoryEstimateIsNearWhatXLAReserves(t *testing.T) {
	base := qwen.Config{VocabSize: 500, HiddenSize: 128, Layers: 2, Heads: 4, KVHeads: 2, FFN: 512, Context: 512, RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.02}
	for i, c := range []struct {
		layers, batch, seq, ffn, vocab, d, kv int
		recompute                             bool
	}{
		{2, 8, 256, 512, 500, 128, 2, false},
		{2, 8, 256, 512, 500, 128, 2, true}, // from here on only where there is time
		{4, 8, 256, 512, 2200, 128, 2, false},
		{4, 8, 256, 1024, 500, 128, 2, false},
		{4, 4, 512, 512, 500, 128, 2, false},
		{4, 8, 256, 512, 500, 256, 2, false},
		{4, 8, 256, 512, 500, 128, 4, false},
		{12, 4, 256, 768, 2200, 192, 2, false},
		{4, 8, 256, 1024, 500, 128, 2, true},
		{4, 4, 512, 512, 500, 128, 2, true},
		{4, 8, 256, 512, 2200, 128, 2, true},
		{4, 8, 256, 512, 500, 256, 2, true},
		{12, 4, 256, 768, 2200, 192, 2, true},
	} {
		if i == 1 && os.Getenv("INTERPLAY_LONG") == "" {
			break
		}
		m, cfg := base, testConfig()
		m.Layers, m.FFN, m.VocabSize, m.HiddenSize, m.KVHeads = c.layers, c.ffn, c.vocab, c.d, c.kv
		cfg.Batch, cfg.Seq, cfg.Recompute = c.batch, c.seq, c.recompute
		inputs, extra, temporary := compiledMemory(t, m, cfg)
		got, want := EstimateMemory(m, cfg, false), float64(inputs+extra+temporary)
		off := float64(got.Total())/want - 1
		t.Logf("%+v: estimated %d, reserved %.0f: %+.1f %%", c, got.Total(), want, 100*off)
		if off < -0.1 || off > 0.1 {
			t.Errorf("%+v: the estimate is %.0f %% off: %v", c, 100*off, got)
		}
		if state := got.Weights + got.Optimizer; state > inputs || inputs > state+1<<17 {
			t.Errorf("%+v: weights and means are %d bytes, the inputs %d", c, state, inputs)
		}
	}
}

func TestRecomputingAndFlashAttentionNeedLessMemory(t *testing.T) {
	model, err := qwen.Size("paper", 2200)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Batch, cfg.Seq, cfg.Dtype = 16, 2048, "bfloat16"
	plain, flash := EstimateMemory(model, cfg, false), EstimateMemory(model, cfg, true)
	cfg.Recompute = true
	again := EstimateMemory(model, cfg, true)
	cfg.Recompute, cfg.Devices = false, 4
	quarter := EstimateMemory(model, cfg, true)
	if !(again.Total() < flash.Total() && flash.Total() < plain.Total()) || again.Block >= flash.Block {
		t.Errorf("plain %v\nflash %v\nrecomputed %v", plain, flash, again)
	}
	if quarter.Activations > flash.Activations/4+1 || quarter.Weights != flash.Weights {
		t.Errorf("on one device %v\non each of four %v", flash, quarter)
	}
}
