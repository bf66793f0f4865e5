package grpo_test

import (
	"fmt"

	"interplay/kernelkit/grpo"
)

// A group of six samples, two of them right.
func ExampleAdvantages() {
	rewards := []float64{1, 0, 0, 1, 0, 0}
	fmt.Printf("%.3f\n", grpo.Advantages(rewards, false))
	fmt.Printf("%.3f\n", grpo.Advantages(rewards, true)) // Dr. GRPO
	// Output:
	// [1.291 -0.645 -0.645 1.291 -0.645 -0.645]
	// [0.667 -0.333 -0.333 0.667 -0.333 -0.333]
}
