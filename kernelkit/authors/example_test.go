package authors_test

import (
	"fmt"

	"interplay/kernelkit/authors"
)

const solution = "Define adult fox in South Zoo as s; so s = 4. " +
	"Define total number of adult animals in South Zoo as C; so C = s = 4. Answer: 4."

func ExampleParse() {
	g := authors.Parse(solution)
	for i := range g.Steps {
		s := &g.Steps[i]
		fmt.Printf("%s = %v from %q\n", s.Name, s.Value.Number, g.Dependencies(s))
	}
	fmt.Println("answer", g.Answer.Number)
	// Output:
	// adult fox in South Zoo = 4 from []
	// total number of adult animals in South Zoo = 4 from ["adult fox in South Zoo"]
	// answer 4
}

// A response whose first step is wrong in the text and right in the end passes the
// authors' judge: only the last number counts.
func ExampleGold_Judge() {
	gold := authors.NewGold(solution, "4")
	v := gold.Judge("Define adult fox in South Zoo as q; so q = 1 + 1 = 4. " +
		"Define total number of adult animals in South Zoo as t; so t = q = 4. </solution> <answer> 4 </answer>")
	fmt.Println(v.Kind, v.ProcessAcc, v.Reward.Blend)
	// Output: perfect 1 1
}

func ExampleGold_Reward() {
	gold := authors.NewGold(solution, "4")
	response := "Define adult fox in South Zoo as q; so q = 4. </solution> <answer> 4 </answer>"
	fmt.Printf("%+v\n", gold.Reward(response, authors.Blend))
	fmt.Printf("%+v\n", gold.Reward(response, authors.Strict))
	// Output:
	// {Score:0.6000000000000001 Outcome:1 Process:0.5 HasGold:true Zeroed:false}
	// {Score:0 Outcome:1 Process:0.5 HasGold:true Zeroed:true}
}
