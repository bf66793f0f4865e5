package rollout_test

import (
	"context"
	"fmt"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/vocab"
)

// Two samples of a prompt from an untrained network.
func ExampleSampler_Sample() {
	eng, err := engine.Open("")
	if err != nil {
		fmt.Println(err)
		return
	}
	tokenizer, _ := vocab.Words(gsm.DefaultSymbolic.Tokens())
	config, _ := qwen.Size("micro", tokenizer.Size())
	weights, _ := qwen.NewWeights(config, 1)
	prompt, _ := tokenizer.Encode("[BOS] a1 8 . a2 a1 + 1 . ? a2 :")

	sampler := rollout.New(eng, config)
	completions, err := sampler.Sample(context.Background(), weights, [][]int32{prompt},
		rollout.Options{Samples: 2, MaxTokens: 5, Stop: rollout.Stops(tokenizer), Seed: 7}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range completions[0] {
		fmt.Println(len(c.IDs) <= 5, len(c.LogProbs) == len(c.IDs), c.Finish)
	}
	// Output:
	// true true length
	// true true length
}
