package study

import (
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/pipeline"
)

// twins draws sums whose two parents are the same leaf, a shape that the laboratory's samplers never draw.
func twins(seed int64, i uint64) (*gsm.Graph, error) {
	v := int64(i % 10)
	g := &gsm.Graph{Family: gsm.Symbolic, Layers: 1, Modulus: 10, Path: 2, Question: 1, Nodes: []gsm.Node{
		{Item: 1, Const: v, Value: v}, {Item: 2, Parents: []int{0, 0}, Inner: gsm.Sum, Value: 2 * v % 10}}}
	return g, g.Validate()
}

// The graphs that similarity is measured to are those that the arm was trained on: of its own sampler, which pass its own filter.
func TestSimilarityIsToTheGraphsOfAnOwnSampler(t *testing.T) {
	r := pipeline.Pretraining{Data: gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 3}, "A"), Split: gsm.Train, Seed: 1}
	twin, err := twins(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	shape, err := pathTopology(twin)
	if err != nil {
		t.Fatal(err)
	}
	near := func() float64 {
		shown, err := shownGraphs(r, "A", 20)
		if err != nil {
			t.Fatal(err)
		}
		least := 1.0
		for _, g := range shown {
			least = min(least, shape.Similarity(g))
		}
		return least
	}
	if s := near(); s > 0.99 {
		t.Errorf("all graphs of the laboratory's sampler are %g similar to one that it never draws", s)
	}
	asked := 0
	r.Filter = &pipeline.OwnFilter{Name: "any", Code: "1", Call: func(*gsm.Problem) bool { asked++; return true }}
	r.Sampler = &pipeline.OwnSampler{Name: "twins", Code: "1", Call: twins}
	if s := near(); s < 0.99 || asked != 20 {
		t.Errorf("the graphs of the own sampler are %g similar to each other, and %d of 20 were shown to the filter", s, asked)
	}
	r.Sampler = &pipeline.OwnSampler{Name: "twins", Code: "1"}
	if _, err := shownGraphs(r, "A", 1); err == nil || !strings.Contains(err.Error(), "the sampler twins is a function of the program that wrote this recipe") {
		t.Errorf("a sampler without its function: %v", err)
	}
}
