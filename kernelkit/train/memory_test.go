package train

import (
	"os"
	"testing"

	"interplay/kernelkit/qwen"
)

// The estimate must be near what XLA reserves; INTERPLAY_LONG=1 compares more sizes.
func TestTheMemoryEstimateIsNearWhatXLAReserves(t *testing.T) {
	base := qwen.Config{VocabSize: 500, HiddenSize: 128, Layers: 2, Heads: 4, KVHeads: 2, FFN: 512, Context: 512, RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.02}
	for i, c := range []struct {
		layers, batch, seq, ffn, vocab, d, kv int
		recompute                             bool
		perCall, accumulate                   int
	}{
		{2, 8, 256, 512, 500, 128, 2, false, 1, 1},
		{2, 8, 256, 512, 500, 128, 2, false, 8, 1},
		{2, 8, 256, 512, 500, 128, 2, true, 1, 1}, // from here on only where there is time
		{8, 8, 128, 512, 500, 128, 2, false, 1, 4},
		{8, 8, 128, 512, 500, 128, 2, false, 4, 4},
		{8, 8, 128, 512, 500, 128, 2, true, 1, 4},
		{8, 8, 128, 512, 500, 128, 2, true, 4, 4},
		{8, 8, 128, 512, 500, 128, 2, false, 8, 1},
		{8, 8, 128, 512, 500, 128, 2, true, 8, 1},
		{4, 8, 256, 512, 2200, 128, 2, false, 1, 1},
		{4, 8, 256, 1024, 500, 128, 2, false, 1, 1},
		{4, 4, 512, 512, 500, 128, 2, false, 1, 1},
		{4, 8, 256, 512, 500, 256, 2, false, 1, 1},
		{4, 8, 256, 512, 500, 128, 4, false, 1, 1},
		{12, 4, 256, 768, 2200, 192, 2, false, 1, 1},
		{4, 8, 256, 1024, 500, 128, 2, true, 1, 1},
		{4, 4, 512, 512, 500, 128, 2, true, 1, 1},
		{4, 8, 256, 512, 2200, 128, 2, true, 1, 1},
		{4, 8, 256, 512, 500, 256, 2, true, 1, 1},
		{12, 4, 256, 768, 2200, 192, 2, true, 1, 1},
	} {
		if i == 2 && os.Getenv("INTERPLAY_LONG") == "" {
			break
		}
		m, cfg := base, testConfig()
		m.Layers, m.FFN, m.VocabSize, m.HiddenSize, m.KVHeads = c.layers, c.ffn, c.vocab, c.d, c.kv
		cfg.Batch, cfg.Seq, cfg.Recompute, cfg.PassesPerCall, cfg.Accumulate = c.batch, c.seq, c.recompute, c.perCall, c.accumulate
		reserved, err := CompiledMemory(open(t), m, cfg)
		if err != nil {
			t.Fatal(err)
		}
		got, want, inputs := EstimateMemory(m, cfg, false), float64(reserved.Total()), reserved.Inputs
		off := float64(got.Total())/want - 1
		t.Logf("%+v: estimated %d, reserved %.0f: %+.1f %%", c, got.Total(), want, 100*off)
		if off < -0.1 || off > 0.1 {
			t.Errorf("%+v: the estimate is %.0f %% off: %v", c, 100*off, got)
		}
		state := got.Weights + got.Optimizer
		if c.accumulate > 1 {
			state += got.Weights // the sums of gradients
		}
		if state > inputs || inputs > state+int64(c.perCall)<<17 {
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

// What XLA reserved on an H200, in GiB (interplay bench memory; LAB.md).
func TestTheMemoryEstimateIsNearWhatAGPUReserved(t *testing.T) {
	for _, c := range []struct {
		size              string
		vocab, accumulate int
		recompute         bool
		reserved          float64
	}{
		{"10m", 3062, 4, false, 3.139}, {"10m", 3062, 4, true, 1.011},
		{"paper", 2200, 16, false, 14.086}, {"paper", 2200, 16, true, 3.946},
	} {
		model, err := qwen.Size(c.size, c.vocab)
		if err != nil {
			t.Fatal(err)
		}
		cfg := Default()
		cfg.Batch, cfg.Seq, cfg.Dtype, cfg.Accumulate, cfg.Recompute = 16, 2048, "bfloat16", c.accumulate, c.recompute
		got := EstimateMemory(model, cfg, true)
		off := float64(got.Total())/(1<<30)/c.reserved - 1
		t.Logf("%s, recompute %t: %+.1f %%", c.size, c.recompute, 100*off)
		if off < -0.1 || off > 0.1 {
			t.Errorf("%s, recompute %t: the estimate is %.0f %% off: %v", c.size, c.recompute, 100*off, got)
		}
	}
}
