package grpo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

func TestBudgetsEndARunWithTheStepThatReachesThem(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.DropZeroVariance = false // so that every step trains on all of its tokens
	_, all := mustRun(t, task, start, cfg, t.TempDir())
	if len(all) != cfg.Steps {
		t.Fatalf("%d steps without a budget, want %d", len(all), cfg.Steps)
	}
	trained := all[0].TokensTrained + all[1].TokensTrained
	for name, change := range map[string]func(*Config, int){
		"tokens":  func(c *Config, less int) { c.TokenBudget = trained - less },
		"compute": func(c *Config, less int) { c.ComputeBudget = c.Compute(all[:2]) - float64(less) },
	} {
		for less, want := range map[int]int{0: 2, 1: 2, -1: 3} {
			c := cfg
			change(&c, less)
			if _, m := mustRun(t, task, start, c, t.TempDir()); len(m) != want || m[1].TokensTrained != all[1].TokensTrained {
				t.Errorf("a budget of %s, %d less than two steps take: %d steps, want %d", name, less, len(m), want)
			}
		}
	}
	withReference := cfg
	withReference.KL = 0.1
	m := all[0]
	if got, want := withReference.Compute(all[:1]), float64(m.PromptTokens+m.TokensGenerated+4*m.TokensForward); got != want {
		t.Errorf("with a reference model a step costs %g, want %g", got, want)
	}
}

// Groups whose rewards are equal are replaced, by problems and noise that no other step has.
func TestDynamicSamplingFillsTheBatch(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.Steps, cfg.MiniBatch = 3, 4
	reward := func(p *gsm.Problem, text string) verify.Verdict { // half of the problems never pay
		right := len(p.Problem)%2 == 0 && len(strings.Fields(text)) > 0 && strings.Fields(text)[0] < "a3"
		return verify.Verdict{Answer: right, Strict: right, FirstWrong: -1}
	}
	task.Judge = reward
	_, plain := mustRun(t, task, start, cfg, t.TempDir())
	cfg.DynamicSampling = 10
	dir := t.TempDir()
	_, full := mustRun(t, task, start, cfg, dir)
	if !slices.Equal(plain[0].Problems, full[0].Problems[:8]) {
		t.Error("the first round has other problems than a step without dynamic sampling")
	}
	seen := map[string]bool{}
	for i, m := range full {
		groups := len(m.Problems)
		varied := float64(groups) * (1 - m.FracRewardZeroStd)
		if groups%8 != 0 || groups <= 8 || varied < 7.5 || m.Prompts != groups {
			t.Errorf("step %d: %d problems, %.0f groups vary, want at least 8 of more than one round of 8", i+1, groups, varied)
		}
		if m.Updates != 2*(i+1) {
			t.Errorf("step %d: %d updates, want two a step: 8 groups in mini-batches of 4", i+1, m.Updates)
		}
		for _, id := range m.Problems {
			if seen[id] {
				t.Errorf("step %d: problem %s is drawn twice", i+1, id)
			}
			seen[id] = true
		}
	}
	task.Judge = func(*gsm.Problem, string) verify.Verdict { return verify.Verdict{FirstWrong: -1} }
	cfg.DynamicSampling, cfg.Steps = 3, 1
	w, m := mustRun(t, task, start, cfg, t.TempDir())
	if w.Digest() != start.Digest() || len(m[0].Problems) != 24 || m[0].Note == "" {
		t.Errorf("without any reward: %d problems, note %q, want three rounds of 8 and weights as they were", len(m[0].Problems), m[0].Note)
	}
}

func TestDynamicSamplingAndBudgetsResumeBitIdentical(t *testing.T) {
	task, start, cfg := lesson(t)
	cfg.DynamicSampling, cfg.ComputeBudget = 3, 1e9
	want, metrics := mustRun(t, task, start, cfg, t.TempDir())
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := Run(ctx, eng, start, task, cfg, dir, func(m Metrics) {
		if m.Step == 3 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled run returned %v", err)
	}
	got, rest := mustRun(t, task, start, cfg, dir)
	if got.Digest() != want.Digest() || len(rest) == 0 || rest[len(rest)-1].RewardMean != metrics[len(metrics)-1].RewardMean {
		t.Error("a resumed run ends in other bits")
	}
}

func TestOneGroupOfEachStepIsKeptWithItsTexts(t *testing.T) {
	task, start, cfg := lesson(t)
	_, all := mustRun(t, task, start, cfg, t.TempDir())
	_, again := mustRun(t, task, start, cfg, t.TempDir())
	kept := map[string]bool{}
	for i, m := range all {
		if len(m.Problems) != 8 || len(m.Sampled) != cfg.GroupSize || !slices.Equal(m.Sampled, again[i].Sampled) {
			t.Fatalf("step %d: %d problems, %d completions kept, want 8 and the same %d each time", m.Step, len(m.Problems), len(m.Sampled), cfg.GroupSize)
		}
		for k, s := range m.Sampled {
			if s.Sample != k || !slices.Contains(m.Problems, s.Problem) || s.Tokens < 1 || s.Entropy <= 0 || s.LogProb >= 0 {
				t.Errorf("step %d: kept %+v", m.Step, s)
			}
			if s.Strict != strings.HasPrefix(s.Text, "ans") || s.Reward != map[bool]float64{true: 1}[s.Strict] {
				t.Errorf("step %d: %q is kept as strict %t with reward %g", m.Step, s.Text, s.Strict, s.Reward)
			}
		}
		kept[m.Sampled[0].Problem] = true
		paid := 0.0
		for _, c := range m.ByOp {
			paid += c.Reward * float64(c.Samples) / float64(8*cfg.GroupSize)
		}
		if d := paid - m.RewardMean; d > 1e-9 || d < -1e-9 {
			t.Errorf("step %d: rewards by op have the mean %g, all together %g", m.Step, paid, m.RewardMean)
		}
	}
	if len(kept) < 2 {
		t.Errorf("all kept groups are of one problem: %v", kept)
	}
}
