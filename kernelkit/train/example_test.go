package train_test

import (
	"context"
	"fmt"
	"os"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
	"interplay/kernelkit/vocab"
)

// A network learns from problems with their solutions, of which only the solutions count. The
// folder holds the run: called again, Run goes on where it ended.
func ExampleRun() {
	eng, err := engine.Open("")
	if err != nil {
		fmt.Println(err)
		return
	}
	tokenizer, _ := vocab.Words(gsm.DefaultSymbolic.Tokens())
	source, _ := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 2}, "A"), gsm.Train, 1)
	documents := func(i uint64) (train.Document, error) {
		problem := source.At(i)
		prompt, err := tokenizer.Encode(problem.Prompt())
		if err != nil {
			return train.Document{}, err
		}
		ids, err := tokenizer.Encode(problem.Training())
		return train.Document{IDs: append(ids, tokenizer.EOS()), LossFrom: len(prompt)}, err
	}
	config, _ := qwen.Size("micro", tokenizer.Size())
	weights, _ := qwen.NewWeights(config, 1)

	recipe := train.Default()
	recipe.Steps, recipe.Batch, recipe.Seq, recipe.Warmup = 10, 4, 64, 2
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	var losses []float64
	trained, err := train.Run(context.Background(), eng, weights, documents, recipe, dir, func(m train.Metrics) {
		losses = append(losses, m.Loss)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(losses), "steps; the loss falls:", losses[9] < losses[0])
	fmt.Println("other weights:", trained.Digest() != weights.Digest())
	// Output:
	// 10 steps; the loss falls: true
	// other weights: true
}
