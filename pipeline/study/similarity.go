package study

import (
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/pipeline"
)

// Similarities tells, for each strictly right sample of an arm on a range, how
// similar the solved graph is to the nearest of n graphs of the arm's first
// training stage in the same family's context `known` (paper figure 5). A strictly
// right sample has derived exactly the problem's solution path, so the path is the
// sample's graph. It returns also to how many problems the samples belong.
func (d *Results) Similarities(arm string, r OpRange, known string, n int) (similarities []float64, problems int, err error) {
	a, ok := d.Study.Arm(arm)
	if !ok {
		return nil, 0, nil
	}
	shown, err := shownGraphs(*a.Steps[0].Train, known, n)
	if err != nil {
		return nil, 0, err
	}
	if err := d.Study.Evaluation.Validate(); err != nil {
		return nil, 0, err
	}
	set, err := d.Study.Evaluation.Set()
	if err != nil {
		return nil, 0, err
	}
	byID := map[string]*gsm.Problem{}
	for _, p := range set {
		byID[p.ID] = p
	}
	nearest := map[string]float64{}
	for _, x := range d.Records {
		if x.Arm != arm || !x.Strict || x.Op < r.Ops.Min || x.Op > r.Ops.Max || x.Context != r.Context {
			continue
		}
		if _, known := nearest[x.Prompt]; !known {
			t, err := pathTopology(byID[x.Prompt].Graph)
			if err != nil {
				return nil, 0, err
			}
			nearest[x.Prompt], _ = t.Nearest(shown)
		}
		similarities = append(similarities, nearest[x.Prompt])
	}
	return similarities, len(nearest), nil
}

// shownGraphs are the shapes of the first n training problems in a context.
func shownGraphs(r pipeline.Pretraining, context string, n int) ([]score.Topology, error) {
	at, err := r.ProblemsIn(context)
	if err != nil {
		return nil, err
	}
	shown := make([]score.Topology, n)
	for i := range shown {
		p, err := at(uint64(i))
		if err != nil {
			return nil, err
		}
		if shown[i], err = pathTopology(p.Graph); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

// pathTopology is the shape of the solution path, distractors left out.
func pathTopology(g *gsm.Graph) (score.Topology, error) {
	parents := make([][]int, g.Path)
	for i := range parents {
		parents[i] = g.Nodes[i].Parents
	}
	return score.NewTopology(parents)
}
