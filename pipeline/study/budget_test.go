package study

import (
	"math"
	"testing"

	"interplay/pipeline"
)

// Table 3 of the paper, to the digit.
func TestPaperBudgetReproducesTable3(t *testing.T) {
	rows := []struct {
		mid, rl                               int
		kiloSamples                           float64
		mid80, rl20, mid50, rl50, mid20, rl80 int
		tokens                                float64
	}{
		{2000, 50, 51.2, 1600, 10, 1000, 25, 400, 40, 2000 * paperTrainBatch},
		{4000, 100, 102.4, 3200, 20, 2000, 50, 800, 80, 4000 * paperTrainBatch},
		{8000, 200, 204.8, 6400, 40, 4000, 100, 1600, 160, 8000 * paperTrainBatch},
		{16000, 400, 409.6, 12800, 80, 8000, 200, 3200, 320, 16000 * paperTrainBatch},
		{24000, 600, 614.4, 19200, 120, 12000, 300, 4800, 480, 24000 * paperTrainBatch},
		{32000, 800, 819.2, 25600, 160, 16000, 400, 6400, 640, 32000 * paperTrainBatch},
		{38147, 954, 976.6, 30517, 191, 19073, 477, 7629, 763, 20e9},
	}
	for _, r := range rows {
		check := func(what string, got, want int) {
			if got != want {
				t.Errorf("%.2fB tokens, %s: %d, the paper's table has %d", r.tokens/1e9, what, got, want)
			}
		}
		check("mid only", PaperBudget(r.tokens, 0).Mid, r.mid)
		check("RL only", PaperBudget(r.tokens, 1).RL, r.rl)
		check("80/20 mid", PaperBudget(r.tokens, 0.2).Mid, r.mid80)
		check("80/20 RL", PaperBudget(r.tokens, 0.2).RL, r.rl20)
		check("50/50 mid", PaperBudget(r.tokens, 0.5).Mid, r.mid50)
		check("50/50 RL", PaperBudget(r.tokens, 0.5).RL, r.rl50)
		check("20/80 mid", PaperBudget(r.tokens, 0.8).Mid, r.mid20)
		check("20/80 RL", PaperBudget(r.tokens, 0.8).RL, r.rl80)
		if got := math.Round(PaperBudget(r.tokens, 1).Prompts/100) / 10; got != r.kiloSamples {
			t.Errorf("%.2fB tokens: %.1fk RL samples, the paper's table has %.1fk", r.tokens/1e9, got, r.kiloSamples)
		}
	}
}

func TestOneRLStepCostsFortyMidTrainingSteps(t *testing.T) {
	if got := pipeline.RLTokenEquivalent(paperRLPrompts*paperGroup*paperLength, 1) / paperTrainBatch; got != 40 {
		t.Errorf("an RL step costs %v mid-training steps, the paper's equation gives 40", got)
	}
}
