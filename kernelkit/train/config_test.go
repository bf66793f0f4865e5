package train

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestTheLearningRateRisesFallsAndEndsAtTheFloor(t *testing.T) {
	c := Default()
	c.Steps, c.Warmup, c.LR, c.MinLR = 1000, 50, 4e-3, 4e-4
	for _, p := range []struct {
		step int
		want float64
	}{{0, 8e-5}, {24, 2e-3}, {49, 4e-3}, {50, 4e-3}, {525, 2.2e-3}, {1000, 4e-4}, {2000, 4e-4}} {
		if got := c.LearningRate(p.step); math.Abs(got-p.want) > 1e-12 {
			t.Errorf("step %d: rate %g, expected %g", p.step, got, p.want)
		}
	}
	for step := 51; step < c.Steps; step++ {
		if c.LearningRate(step) >= c.LearningRate(step-1) {
			t.Fatalf("the rate does not fall at step %d", step)
		}
	}
	c.MinLR, c.Warmup = c.LR, 0
	for step := range c.Steps {
		if c.LearningRate(step) != c.LR {
			t.Fatalf("a floor at the peak gives %g at step %d", c.LearningRate(step), step)
		}
	}
}

func TestValidateNamesTheFirstWrongField(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"steps": func(c *Config) { c.Steps = 0 }, "batch": func(c *Config) { c.Batch = -1 }, "seq": func(c *Config) { c.Seq = 0 },
		"accumulate": func(c *Config) { c.Accumulate = 0 }, "keep": func(c *Config) { c.Keep = 1 }, "lr": func(c *Config) { c.LR = math.NaN() },
		"min_lr": func(c *Config) { c.MinLR = 1 }, "dtype": func(c *Config) { c.Dtype = "fp8" }, "milestone_every": func(c *Config) { c.MilestoneEvery = 700 },
		"eval_every": func(c *Config) { c.EvalEvery = -1 }, "eval_documents": func(c *Config) { c.EvalEvery = 10 }, "devices": func(c *Config) { c.Devices = 3 },
		"shift_positions": func(c *Config) { c.ShiftPositions, c.DocumentMask = 5, false },
		"beta1":           func(c *Config) { c.Beta1 = 1 }, "beta2": func(c *Config) { c.Beta2 = -1 }, "eps": func(c *Config) { c.Eps = 0 },
		"weight_decay": func(c *Config) { c.Decay = math.NaN() }, "clip": func(c *Config) { c.Clip = -1 },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

// A stage's address is made of its configuration as JSON: what a later version adds must not
// show where it is not used.
func TestAConfigWithoutNewerFieldsKeepsItsJSON(t *testing.T) {
	text, err := json.Marshal(Default())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"steps":1000,"batch":16,"seq":160,"accumulate":1,"lr":0.004,"min_lr":0.0004,"warmup":50,"beta1":0.9,"beta2":0.98,"eps":1e-8,` +
		`"weight_decay":0,"decay_embeddings":false,"clip":1,"document_mask":true,"dtype":"float32","seed":0,"checkpoint_every":500,"keep":2}`
	if string(text) != want {
		t.Errorf("the JSON is\n%s\nexpected\n%s", text, want)
	}
}
