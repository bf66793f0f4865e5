package grpo

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

// Devices share rollouts and updates; what is sampled and learned does not depend on it. With
// five prompts of a row each, and two rows a device, one of four devices has nothing in a pass.
func TestSeveralDevicesGiveTheSamplesAndLossesOfOne(t *testing.T) {
	if len(eng.Devices) < 4 {
		t.Skipf("backend %s has %d devices, the test needs 4", eng.Name, len(eng.Devices))
	}
	task, start, cfg := lesson(t)
	cfg.Steps, cfg.KL, cfg.Seq, cfg.DropZeroVariance = 20, 0.01, 64, false
	source, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 1}, "A"), gsm.RL, 1)
	if err != nil {
		t.Fatal(err)
	}
	task.Problems = Fixed(func(step int) (all []*gsm.Problem, err error) {
		for i := range 5 {
			all = append(all, source.At(uint64(5*step+i)))
		}
		return all, nil
	})
	judge := task.Judge
	run := func(ctx context.Context, devices int, dir string, progress func(Metrics)) (m []Metrics, texts map[string][]string, digest string) {
		var lock sync.Mutex
		texts = map[string][]string{}
		task.Judge = func(p *gsm.Problem, text string) verify.Verdict {
			lock.Lock()
			defer lock.Unlock()
			texts[p.ID] = append(texts[p.ID], text)
			return judge(p, text)
		}
		cfg.Devices = devices
		w, err := Run(ctx, eng, start, task, cfg, dir, func(x Metrics) {
			m = append(m, x)
			if progress != nil {
				progress(x)
			}
		})
		if err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
		if err == nil {
			digest = w.Digest()
		}
		return m, texts, digest
	}
	want, wantTexts, _ := run(context.Background(), 1, t.TempDir(), nil)
	got, texts, digest := run(context.Background(), 4, t.TempDir(), nil)
	updates := 0
	for i, w := range want {
		g := got[i]
		updates = w.Updates
		if math.Abs(g.Loss-w.Loss) > 1e-5 || math.Abs(g.KL-w.KL) > 1e-5 || math.Abs(g.GradNorm-w.GradNorm) > 1e-4 {
			t.Errorf("step %d: loss %.7f, KL %.7f and norm %.6f on four devices, %.7f, %.7f and %.6f on one", i+1, g.Loss, g.KL, g.GradNorm, w.Loss, w.KL, w.GradNorm)
		}
		if g.TokensTrained != w.TokensTrained || g.LogProbGapMax > 1e-4 {
			t.Errorf("step %d: %d tokens trained on four devices, %d on one; sampler and learner differ by %g", i+1, g.TokensTrained, w.TokensTrained, g.LogProbGapMax)
		}
	}
	if updates != 20 || len(wantTexts) != 20*5 {
		t.Errorf("%d updates on %d problems, want 20 on 100", updates, len(wantTexts))
	}
	for id, w := range wantTexts {
		if !slices.Equal(texts[id], w) {
			t.Errorf("problem %s: %q on four devices, %q on one", id, texts[id], w)
		}
	}

	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	run(ctx, 4, dir, func(m Metrics) {
		if m.Step == 9 {
			stop()
		}
	})
	if _, _, again := run(context.Background(), 4, dir, nil); again != digest {
		t.Error("stopped and resumed on four devices: other weights")
	}
}

func TestDevicesThatDoNotFitAreRefused(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.Devices = 3
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "evenly") {
		t.Errorf("8 rows on 3 devices: the error is %v", err)
	}
	cfg.Rows, cfg.Devices = 128, 64
	if _, err := Run(context.Background(), eng, start, task, cfg, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "devices is 64") {
		t.Errorf("64 devices: the error is %v", err)
	}
}
