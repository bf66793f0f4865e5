package verify_test

import (
	"fmt"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

// zoo is a problem with one leaf and two steps: the bears are 3, the wolves twice
// the bears, and the question is the total.
func zoo() *gsm.Problem {
	return &gsm.Problem{
		Context: "crazy_zootopia",
		Names:   []string{"adult bear in Pine Ridge", "adult wolf in Pine Ridge", "total number of adult animals in Pine Ridge"},
		Graph: &gsm.Graph{Layers: 2, Path: 3, Question: 2, Nodes: []gsm.Node{
			{Const: 3, Value: 3},
			{Item: 1, Inner: gsm.Sum, Parents: []int{0}, Outer: gsm.Times, Const: 2, Value: 6},
			{Item: -1, Kind: gsm.Total, Inner: gsm.Sum, Parents: []int{0, 1}, Value: 9},
		}},
	}
}

func ExampleJudge() {
	const start = "Define adult bear in Pine Ridge as b; so b = 3. "
	for _, solution := range []string{
		start + "Define adult wolf in Pine Ridge as w; so w = 2 * b = 2 * 3 = 6. Define total number of adult animals in Pine Ridge as t; so t = w + b = 6 + 3 = 9. </solution> <answer> 9 </answer>",
		start + "Define adult wolf in Pine Ridge as w; so w = 3 + b = 3 + 3 = 6. Define total number of adult animals in Pine Ridge as t; so t = w + b = 6 + 3 = 9. Answer: 9.",
		start + "Answer: 9.",
	} {
		v := verify.Judge(zoo(), solution)
		fmt.Printf("strict %v, answer %v, %d of %d nodes right, first wrong step %d: %v\n",
			v.Strict, v.Answer, v.Correct, v.Nodes, v.FirstWrong, v.Class)
	}
	// Output:
	// strict true, answer true, 3 of 3 nodes right, first wrong step -1: right
	// strict false, answer true, 2 of 3 nodes right, first wrong step 1: wrong operator
	// strict false, answer true, 1 of 3 nodes right, first wrong step -1: lucky answer
}

func ExampleReward_Score() {
	v := verify.Judge(zoo(), "Define adult bear in Pine Ridge as b; so b = 3. Answer: 9.")
	for _, name := range []string{"outcome", "strict", "process", "mix:0.2", "gated:0.2"} {
		r, err := verify.ParseReward(name)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%-9s %.3f\n", r, r.Score(v))
	}
	// Output:
	// outcome   1.000
	// strict    0.000
	// process   0.333
	// mix:0.2   0.467
	// gated:0.2 0.467
}

// A reward of one's own is a function of an attempt: here strictness with a price of
// length, and some credit for the steps before the first wrong one.
func ExampleAttempt() {
	reward := func(a verify.Attempt) float64 {
		if a.Verdict.Strict {
			return 1 - 0.001*float64(a.Tokens)
		}
		right := 0
		for _, s := range a.Explain().Steps {
			if s.Class != verify.Right {
				break
			}
			right++
		}
		return 0.1 * float64(right) / float64(a.Verdict.Nodes)
	}
	text := "Define adult bear in Pine Ridge as b; so b = 3. Define adult wolf in Pine Ridge as w; so w = 2 * b = 2 * 3 = 7. Answer: 10."
	a := verify.Attempt{Problem: zoo(), Text: text, Tokens: 58, Verdict: verify.Judge(zoo(), text)}
	fmt.Printf("%v at step %d, reward %.3f\n", a.Verdict.Class, a.Verdict.FirstWrong, reward(a))
	for _, s := range a.Explain().Steps {
		fmt.Printf("%v: %s\n", s.Class, s.Text)
	}
	fmt.Println(a.Explain().Nodes)
	// Output:
	// wrong arithmetic at step 1, reward 0.033
	// right: Define adult bear in Pine Ridge as b; so b = 3.
	// wrong arithmetic: Define adult wolf in Pine Ridge as w; so w = 2 * b = 2 * 3 = 7.
	// [right wrong missing]
}
