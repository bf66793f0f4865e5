package grpo_test

import (
	"context"
	"fmt"
	"os"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
)

// A step of GRPO: four samples for each of two problems, judged, rewarded and learned from.
// The folder holds the run: called again, Run goes on where it ended.
func ExampleRun() {
	eng, err := engine.Open("")
	if err != nil {
		fmt.Println(err)
		return
	}
	tokenizer, _ := vocab.Words(gsm.DefaultSymbolic.Tokens())
	source, _ := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A"), gsm.RL, 1)
	task := grpo.Task{
		Problems: grpo.Fixed(func(step int) ([]*gsm.Problem, error) {
			return []*gsm.Problem{source.At(uint64(2 * step)), source.At(uint64(2*step + 1))}, nil
		}),
		Tokenizer: tokenizer,
		Reward:    verify.Reward{Form: verify.StrictForm},
	}
	config, _ := qwen.Size("micro", tokenizer.Size())
	weights, _ := qwen.NewWeights(config, 1) // untrained: no sample is right, and a real run starts from a trained one

	recipe := grpo.Micro()
	recipe.Steps, recipe.GroupSize, recipe.MaxTokens = 1, 4, 8
	recipe.ClipLow, recipe.ClipHigh = 0.2, 0.28 // variants are settings: this is "clip higher" of DAPO
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	_, err = grpo.Run(context.Background(), eng, weights, task, recipe, dir, func(m grpo.Metrics) {
		fmt.Println(m.Prompts, "groups; mean reward", m.RewardMean)
		fmt.Println(m.Note)
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 2 groups; mean reward 0
	// no group varies: no update
}

// A group of six samples, two of them right.
func ExampleAdvantages() {
	rewards := []float64{1, 0, 0, 1, 0, 0}
	fmt.Printf("%.3f\n", grpo.Advantages(rewards, false))
	fmt.Printf("%.3f\n", grpo.Advantages(rewards, true)) // Dr. GRPO
	// Output:
	// [1.291 -0.645 -0.645 1.291 -0.645 -0.645]
	// [0.667 -0.333 -0.333 0.667 -0.333 -0.333]
}
