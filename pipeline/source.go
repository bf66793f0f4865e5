package pipeline

import (
	"errors"
	"fmt"
	"slices"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// problemSource gives the problems of a recipe by index: problem i needs no problem before it.
// They come from the laboratory's samplers or from one of the user's, and pass the user's filter.
type problemSource struct {
	at     func(i uint64) (*gsm.Problem, error) // of the split
	filter *OwnFilter
}

// problemsOf is the source of a recipe's problems in a split.
func problemsOf(data gsm.Spec, split gsm.Split, seed int64, sampler *OwnSampler, filter *OwnFilter) (problemSource, error) {
	if sampler != nil {
		drawn, err := newDrawn(sampler, data, split, seed)
		return problemSource{drawn.at, filter}, err
	}
	source, err := gsm.NewSource(data, split, seed)
	if err != nil {
		return problemSource{}, err
	}
	return problemSource{func(i uint64) (*gsm.Problem, error) { return source.At(i), nil }, filter}, nil
}

// filterTries is how many problems in a row an own filter or a split may refuse.
const filterTries = 100_000

// errRefused says that nothing passes.
var errRefused = errors.New("expected some problem to pass")

// At is problem i among those that pass the filter. Each index looks in a stretch of the source of
// its own, so that problem i needs no problem before it.
func (s problemSource) At(i uint64) (*gsm.Problem, error) {
	if s.filter == nil {
		return s.at(i)
	}
	for try := range uint64(filterTries) {
		p, err := s.at(i*filterTries + try)
		if err != nil {
			return nil, err
		}
		ok, err := call(s.filter, p)
		if err != nil {
			return nil, err
		}
		if ok {
			return p, nil
		}
	}
	return nil, fmt.Errorf("the filter %s refuses %d problems in a row: %w", s.filter.Name, filterTries, errRefused)
}

// drawn are the problems that a user's sampler draws. The sampler decides the graphs; the words are those of
// the contexts of the recipe's data, by their shares. A graph's split is decided by its shape, as everywhere, so that
// what is learned from and what is judged on have no problem in common.
type drawn struct {
	sampler  *OwnSampler
	contexts []string
	upTo     []float64 // contexts[k] is drawn below upTo[k] and not below upTo[k−1]
	names    int       // that a context offers
	split    gsm.Split
	seed     int64
	op       int // −1: any
}

// newDrawn checks that the sampler gives graphs, and for the same index the same graph.
func newDrawn(sampler *OwnSampler, data gsm.Spec, split gsm.Split, seed int64) (*drawn, error) {
	data = data.Complete()
	d := &drawn{sampler: sampler, split: split, seed: seed, names: data.Entities, op: -1}
	if data.Family != gsm.Symbolic {
		return nil, fmt.Errorf("the sampler %s gives terse problems: expected data of the symbolic family, found %s", sampler.Name, data.Family)
	}
	total := 0.0
	for _, b := range data.Mix {
		for _, context := range b.Contexts {
			total += b.Share / float64(len(b.Contexts))
			d.contexts, d.upTo = append(d.contexts, context), append(d.upTo, total)
		}
	}
	for i := range uint64(8) {
		first, err := d.graph(i)
		if err != nil {
			return nil, err
		}
		again, err := d.graph(i)
		if err != nil {
			return nil, err
		}
		if first.Canonical() != again.Canonical() {
			return nil, fmt.Errorf("the sampler %s gives another graph when it is asked for seed %d, index %d again: expected a graph that depends on seed and index only, such as by kernelkit.Rand(seed, i)", sampler.Name, seed, i)
		}
	}
	return d, nil
}

// graph is the graph at an index of the sampler; a panic is an error.
func (d *drawn) graph(i uint64) (g *gsm.Graph, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the sampler %s panics at seed %d, index %d: %v", d.sampler.Name, d.seed, i, cause)
		}
	}()
	if g, err = d.sampler.Call(d.seed, i); err != nil {
		return nil, fmt.Errorf("the sampler %s, seed %d, index %d: %w", d.sampler.Name, d.seed, i, err)
	}
	if len(g.Nodes) > d.names {
		return nil, fmt.Errorf("the sampler %s, seed %d, index %d: the graph has %d nodes and a context %d names: draw smaller graphs, or set Data.Entities", d.sampler.Name, d.seed, i, len(g.Nodes), d.names)
	}
	return g, nil
}

// at is problem i of the split and the op.
func (d *drawn) at(i uint64) (*gsm.Problem, error) {
	for try := range uint64(filterTries) {
		g, err := d.graph(i*filterTries + try)
		if err != nil {
			return nil, err
		}
		if gsm.SplitOf(g) != d.split || (d.op >= 0 && g.Op() != d.op) {
			continue
		}
		return d.render(g, i)
	}
	what := ""
	if d.op >= 0 {
		what = fmt.Sprintf(" of %d operations", d.op)
	}
	return nil, fmt.Errorf("the sampler %s gives no graph%s of the split %s in %d draws: half of all graphs are for training, a quarter for RL, an eighth each for validation and test, by their shape: draw more kinds of graphs", d.sampler.Name, what, d.split, filterTries)
}

// render writes a graph in the words of a context, with names drawn from all that it offers.
func (d *drawn) render(g *gsm.Graph, i uint64) (*gsm.Problem, error) {
	stream := random.New(d.seed, "drawn/"+d.split.String(), i)
	context := d.contexts[0]
	if len(d.contexts) > 1 {
		x := stream.Float64() * d.upTo[len(d.upTo)-1]
		k, _ := slices.BinarySearch(d.upTo, x)
		context = d.contexts[min(k, len(d.contexts)-1)]
	}
	names := stream.Perm(d.names)
	named := *g
	named.Nodes = slices.Clone(g.Nodes)
	for k := range named.Nodes {
		named.Nodes[k].Item = names[k] + 1
	}
	p, err := gsm.Render(&named, context, stream)
	if err != nil {
		return nil, fmt.Errorf("the sampler %s, index %d: %w", d.sampler.Name, i, err)
	}
	p.ID = fmt.Sprintf("%s-%d-%s-op%d-%d", d.split, d.seed, d.sampler.Name, p.Op, i)
	return p, nil
}

// only is the same sampler with graphs of one op in one context.
func (d *drawn) only(c gsm.Cell) *drawn {
	return &drawn{sampler: d.sampler, contexts: []string{c.Context}, upTo: []float64{1}, names: d.names, split: d.split, seed: d.seed, op: c.Op}
}

// ProblemsIn gives the recipe's training problems by index, of those blocks of its data alone that have a context.
func (r Pretraining) ProblemsIn(context string) (func(i uint64) (*gsm.Problem, error), error) {
	if err := (ownParts{sampler: r.Sampler, filter: r.Filter}).validate(r.Data.Family); err != nil {
		return nil, err
	}
	r.Data.Mix = slices.DeleteFunc(slices.Clone(r.Data.Complete().Mix), func(b gsm.Block) bool { return !slices.Contains(b.Contexts, context) })
	total := 0.0
	for _, b := range r.Data.Mix {
		total += b.Share
	}
	for i := range r.Data.Mix {
		r.Data.Mix[i].Share /= total
	}
	source, err := problemsOf(r.Data, r.Split, r.Seed, r.Sampler, r.Filter)
	return source.At, err
}

// DrawnProblem is problem i of a user's sampler in a context, of the test split, to look at.
func DrawnProblem(sampler *OwnSampler, context string, seed int64, i uint64) (*gsm.Problem, error) {
	d, err := newDrawn(sampler, gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 0}, context), gsm.Test, seed)
	if err != nil {
		return nil, err
	}
	return d.at(i)
}

// Set gives each op, context and mode of the recipe its problems, which do not depend
// on the model or on the other cells.
func (r Evaluation) Set() ([]*gsm.Problem, error) {
	cells, of, err := r.cells()
	if err != nil {
		return nil, err
	}
	var problems []*gsm.Problem
	for _, c := range cells {
		fixed, err := of(c)
		if err != nil {
			return nil, err
		}
		for i := range r.Problems {
			p, err := fixed.At(uint64(i))
			if err != nil {
				return nil, err
			}
			p.ID += "/" + p.Context
			problems = append(problems, p)
		}
	}
	return problems, nil
}

// cells are the kinds of problems of an evaluation, and the source of each.
func (r Evaluation) cells() ([]gsm.Cell, func(gsm.Cell) (problemSource, error), error) {
	if r.Sampler != nil {
		d, err := newDrawn(r.Sampler, r.Data, r.Split, r.Seed)
		if err != nil {
			return nil, nil, err
		}
		var cells []gsm.Cell
		for _, b := range r.Data.Complete().Mix {
			for op := b.Ops.Min; op <= b.Ops.Max; op++ {
				for _, context := range b.Contexts {
					if c := (gsm.Cell{Op: op, Context: context}); !slices.Contains(cells, c) {
						cells = append(cells, c)
					}
				}
			}
		}
		return cells, func(c gsm.Cell) (problemSource, error) { return problemSource{d.only(c).at, r.Filter}, nil }, nil
	}
	source, err := gsm.NewSource(r.Data, r.Split, r.Seed)
	if err != nil {
		return nil, nil, err
	}
	cells, _ := source.Cells()
	return cells, func(c gsm.Cell) (problemSource, error) {
		fixed, err := source.Fixed(c)
		if err != nil {
			return problemSource{}, err
		}
		return problemSource{func(i uint64) (*gsm.Problem, error) { return fixed.At(i), nil }, r.Filter}, nil
	}, nil
}
