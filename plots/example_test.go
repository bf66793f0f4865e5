package plots_test

import (
	"fmt"
	"net/http"

	"interplay/kernelkit/score"
	"interplay/plots"
)

func ExamplePassAtKByOp() {
	ops := []float64{1, 2}
	png, err := plots.PassAtKByOp(plots.PassAtKByOpData{
		Title: "Before and after RL",
		Panels: []plots.SharePanel{{Title: "pass@1", Basis: plots.Basis{Seeds: 1, Problems: 64, Samples: 1}, Series: []plots.ShareSeries{
			{Name: "base", X: ops, Baseline: true, Values: []score.Interval{{Value: 0.9, Low: 0.8, High: 0.95, N: 64}, {Value: 0.4, Low: 0.3, High: 0.5, N: 64}}},
			{Name: "after GRPO", X: ops, Values: []score.Interval{{Value: 0.92, Low: 0.83, High: 0.97, N: 64}, {Value: 0.6, Low: 0.5, High: 0.7, N: 64}}},
		}}},
		Spans: []plots.OpSpan{{Name: "RL", Low: 2, High: 2}},
	})
	fmt.Println(http.DetectContentType(png), err)
	// Output: image/png <nil>
}

func ExampleDAG() {
	png, err := plots.DAG(plots.DAGData{
		Nodes: []plots.DAGNode{{Label: "a2", Detail: "= 2"}, {Label: "a11", Detail: "a2 + 1 = 3", Role: plots.Question}},
		Edges: []plots.DAGEdge{{From: 0, To: 1}},
	})
	fmt.Println(http.DetectContentType(png), err)

	_, err = plots.DAG(plots.DAGData{Nodes: make([]plots.DAGNode, 2), Edges: []plots.DAGEdge{{From: 0, To: 1}, {From: 1, To: 0}}})
	fmt.Println(err)
	// Output:
	// image/png <nil>
	// plots: the 2 edges of the graph form a cycle; a problem graph has none
}
