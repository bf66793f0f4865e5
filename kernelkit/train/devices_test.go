package train

import (
	"context"
	"math"
	"os"
	"strings"
	"testing"
)

// Rows are shared by devices; what is computed must not depend on it.
// INTERPLAY_LONG=1 adds gradient accumulation.
func TestSeveralDevicesGiveTheLossesOfOne(t *testing.T) {
	e := open(t)
	if len(e.Devices) < 4 {
		t.Skipf("backend %s has %d devices, the test needs 4", e.Name, len(e.Devices))
	}
	for name, accumulate := range map[string]int{"one pass a step": 1, "two passes a step": 2} {
		if accumulate == 2 && os.Getenv("INTERPLAY_LONG") == "" {
			continue // compiling for several devices takes its time
		}
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Steps, cfg.Batch, cfg.Accumulate, cfg.Decay = 20, 8, accumulate, 0.1
			_, want := mustRun(t, e, cfg, t.TempDir())
			cfg.Devices = 4
			digest, got := mustRun(t, e, cfg, t.TempDir())
			for i := range want {
				if math.Abs(got[i].Loss-want[i].Loss) > 1e-5 || math.Abs(got[i].GradNorm-want[i].GradNorm) > 1e-4 {
					t.Errorf("step %d: loss %.7f and norm %.6f on four devices, %.7f and %.6f on one", i+1, got[i].Loss, got[i].GradNorm, want[i].Loss, want[i].GradNorm)
				}
			}
			dir := t.TempDir()
			stopAfter(t, e, cfg, dir, 9)
			if again, _ := mustRun(t, e, cfg, dir); again != digest {
				t.Error("stopped and resumed on four devices: other weights")
			}
		})
	}
}

func TestDevicesThatDoNotFitAreRefused(t *testing.T) {
	cfg := testConfig()
	cfg.Devices = 3
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "evenly") {
		t.Errorf("a batch of 4 on 3 devices: the error is %v", err)
	}
	cfg.Batch, cfg.Devices = 128, 64
	if _, err := Run(context.Background(), open(t), testWeights(t), testDocs(30), cfg, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "devices is 64") {
		t.Errorf("64 devices: the error is %v", err)
	}
}
