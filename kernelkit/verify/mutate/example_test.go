package mutate_test

import (
	"fmt"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/verify/mutate"
)

func ExampleCorrupt() {
	p := &gsm.Problem{ // the bears are 3, the wolves twice the bears, and the question is the total
		Context: "crazy_zootopia",
		Names:   []string{"adult bear in Pine Ridge", "adult wolf in Pine Ridge", "total number of adult animals in Pine Ridge"},
		Graph: &gsm.Graph{Layers: 2, Path: 3, Question: 2, Nodes: []gsm.Node{
			{Const: 3, Value: 3},
			{Item: 1, Inner: gsm.Sum, Parents: []int{0}, Outer: gsm.Times, Const: 2, Value: 6},
			{Item: -1, Kind: gsm.Total, Inner: gsm.Sum, Parents: []int{0, 1}, Value: 9},
		}},
	}
	text, ok := mutate.CorruptWith(p, random.New(1, "example"), mutate.TwoErrors)
	v := verify.Judge(p, text)
	fmt.Println(ok, v.Strict, v.Answer, v.Class)
	// Output:
	// true false true wrong substitution
}
