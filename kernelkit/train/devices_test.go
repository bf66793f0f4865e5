package train

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// Rows are shared by devices, and the optimiser's means are cut; what is computed must not
// depend on it. INTERPLAY_LONG=1 adds the combinations with accumulation and without cuts.
func TestSeveralDevicesGiveTheLossesOfOne(t *testing.T) {
	e := open(t)
	if len(e.Devices) < 4 {
		t.Skipf("backend %s has %d devices, the test needs 4", e.Name, len(e.Devices))
	}
	for _, c := range []struct {
		name       string
		accumulate int
		shard      bool
	}{{"one pass a step", 1, false}, {"one pass a step, optimiser sharded", 1, true}, {"two passes a step", 2, false}, {"two passes a step, optimiser sharded", 2, true}} {
		if c.accumulate == 2 && os.Getenv("INTERPLAY_LONG") == "" {
			continue // compiling for several devices takes its time
		}
		t.Run(c.name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Steps, cfg.Batch, cfg.Accumulate, cfg.Decay = 20, 8, c.accumulate, 0.1
			one := t.TempDir()
			_, want := mustRun(t, e, cfg, one)
			cfg.Devices, cfg.ShardOptimizer = 4, c.shard
			four := t.TempDir()
			digest, got := mustRun(t, e, cfg, four)
			for i := range want {
				if math.Abs(got[i].Loss-want[i].Loss) > 1e-5 || math.Abs(got[i].GradNorm-want[i].GradNorm) > 1e-4 {
					t.Errorf("step %d: loss %.7f and norm %.6f on four devices, %.7f and %.6f on one", i+1, got[i].Loss, got[i].GradNorm, want[i].Loss, want[i].GradNorm)
				}
			}
			compareCheckpoints(t, CheckpointDir(one, 20), CheckpointDir(four, 20))
			dir := t.TempDir()
			stopAfter(t, e, cfg, dir, 9)
			if again, _ := mustRun(t, e, cfg, dir); again != digest {
				t.Error("stopped and resumed on four devices: other weights")
			}
		})
	}
}

// compareCheckpoints expects the same means of the optimiser, up to rounding, whichever devices held them.
func compareCheckpoints(t *testing.T, one, four string) {
	_, _, first, second, err := LoadCheckpoint(one)
	if err != nil {
		t.Fatal(err)
	}
	_, _, first4, second4, err := LoadCheckpoint(four)
	if err != nil {
		t.Fatal(err)
	}
	means, means4 := slices.Concat(first, second), slices.Concat(first4, second4)
	for i, m := range means {
		want, got := tensors.MustCopyFlatData[float32](m), tensors.MustCopyFlatData[float32](means4[i])
		largest, off := 0.0, 0.0
		for j := range want {
			largest, off = max(largest, math.Abs(float64(want[j]))), max(off, math.Abs(float64(got[j]-want[j])))
		}
		if !m.Shape().Equal(means4[i].Shape()) || off > 1e-3*largest || largest == 0 {
			t.Errorf("mean %d of the optimiser, %s and %s, differs by %g of at most %g", i, means4[i].Shape(), m.Shape(), off, largest)
		}
	}
}

// Each device holds its part of the means, before and after a step, and no more.
func TestAShardedOptimizerTakesLessMemory(t *testing.T) {
	e := open(t)
	if len(e.Devices) < 4 {
		t.Skipf("backend %s has %d devices, the test needs 4", e.Name, len(e.Devices))
	}
	model, cfg := testWeights(t).Config, testConfig()
	cfg.Batch, cfg.Devices = 8, 4
	whole, err := CompiledMemory(e, model, cfg)
	if err != nil {
		t.Fatal(err)
	}
	estimate := EstimateMemory(model, cfg, false)
	cfg.ShardOptimizer = true
	cut, err := CompiledMemory(e, model, cfg)
	if err != nil {
		t.Fatal(err)
	}
	saved := estimate.Optimizer - EstimateMemory(model, cfg, false).Optimizer
	t.Logf("whole %+v, cut %+v, saved by the estimate %d of %d", whole, cut, saved, estimate.Optimizer)
	if saved < estimate.Optimizer*7/10 {
		t.Errorf("the estimate saves %d of %d bytes of means, want about three quarters", saved, estimate.Optimizer)
	}
	if whole.Inputs-cut.Inputs != saved || whole.Outputs-cut.Outputs < saved*9/10 {
		t.Errorf("of inputs %d bytes are saved and of outputs %d, want %d each", whole.Inputs-cut.Inputs, whole.Outputs-cut.Outputs, saved)
	}
}

func TestDevicesThatDoNotFitAreRefused(t *testing.T) {
	cfg := testConfig()
	cfg.Devices = 3
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "evenly") {
		t.Errorf("a batch of 4 on 3 devices: the error is %v", err)
	}
	cfg.Batch, cfg.Devices, cfg.ShardOptimizer = 8, 1, true
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "shard_optimizer") {
		t.Errorf("an optimiser sharded over one device: the error is %v", err)
	}
	cfg.Batch, cfg.Devices, cfg.ShardOptimizer = 128, 64, false
	if _, err := Run(context.Background(), open(t), testWeights(t), testDocs(30), cfg, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "devices is 64") {
		t.Errorf("64 devices: the error is %v", err)
	}
}
