package study_test

import (
	"context"
	"fmt"
	"os"

	"interplay/kernelkit/gsm"
	"interplay/pipeline"
	"interplay/pipeline/study"
)

// A study of one's own: a base that trained for two steps, one step of RL on top of it, and
// a claim with the rule that judges it. Far too little to learn anything.
func Example() {
	small, _ := pipeline.ProfileByName("smoke", 1)
	base, rl, evaluation := small.Base, small.RL, small.Evaluation
	base.Train.Steps, base.Train.Warmup = 2, 1
	rl.Prompts, rl.GRPO.Steps, rl.GRPO.GroupSize, rl.GRPO.MaxTokens = 2, 1, 2, 8
	evaluation.Data, evaluation.Problems = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 1}, "A"), 4
	evaluation.Samples, evaluation.MaxTokens = 2, 8

	pretraining := study.Step{Name: "pre-training", Train: &base}
	s := &study.Study{
		Name: "tiny", Profile: "smoke", Exploratory: true, Question: "Does one step of RL help?", Seeds: []int64{1},
		Arms: []study.Arm{
			{Name: "base", Label: "base", Steps: []study.Step{pretraining}},
			{Name: "rl", Label: "after RL", Steps: []study.Step{pretraining, {Name: "RL", RL: &rl}}},
		},
		Ranges:     []study.OpRange{{Name: "all", Title: "op 1", Ops: gsm.Range{Min: 1, Max: 1}}},
		Evaluation: evaluation,
		Claims: []study.Claim{{
			ID: "helps", Says: "one step of RL raises pass@1", Source: "this example",
			Effect: []study.Term{{Weight: 1, Arm: "rl", Range: "all", Measure: study.Pass1}, {Weight: -1, Arm: "base", Range: "all", Measure: study.Pass1}},
			Rule:   study.Rule{Direction: study.Above, Threshold: 0},
		}},
	}

	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	store, err := pipeline.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 { // the second time everything is there
		outcomes, err := s.Compute(context.Background(), store, 1, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(outcomes)
	}
	results, err := s.Collect(store)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range results.Verdicts {
		fmt.Printf("%s: %s\n", c.Says, c.Verdict)
	}
	// Output:
	// 4 stages: 0 reused, 0 resumed, 4 computed
	// 4 stages: 4 reused, 0 resumed, 0 computed
	// one step of RL raises pass@1: not resolved at this scale
}
