package evaluate_test

import (
	"context"
	"fmt"
	"os"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/score"
	"interplay/kernelkit/vocab"
)

// Two held-out problems, four samples each, judged: pass@k of a network that knows nothing.
func ExampleRun() {
	eng, err := engine.Open("")
	if err != nil {
		fmt.Println(err)
		return
	}
	tokenizer, _ := vocab.Words(gsm.DefaultSymbolic.Tokens())
	config, _ := qwen.Size("micro", tokenizer.Size())
	weights, _ := qwen.NewWeights(config, 1)
	source, _ := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A"), gsm.Test, 1)
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)

	file, err := evaluate.Run(context.Background(), eng, evaluate.Job{
		Weights: weights, Tokenizer: tokenizer,
		Problems: []*gsm.Problem{source.At(0), source.At(1)},
		Sampling: rollout.Options{Samples: 4, MaxTokens: 5, Temperature: 1, Seed: 7},
	}, dir, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	records, _ := evaluate.Read(file)
	prompts, _ := score.Summarise(evaluate.Samples(records))
	fmt.Println(len(records), "samples of", len(prompts), "problems")
	passes, _ := score.MeanPassAtK(prompts, []int{1, 4}, score.Strict, score.Unbiased, score.DefaultBootstrap())
	for i, k := range []int{1, 4} {
		fmt.Printf("pass@%d: %.2f\n", k, passes[i].Value)
	}
	// Output:
	// 8 samples of 2 problems
	// pass@1: 0.00
	// pass@4: 0.00
}
