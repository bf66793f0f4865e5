package score

import (
	"fmt"
	"math"
	"slices"

	"interplay/kernelkit/random"
)

// Topology is a graph without names, values or operators, as a histogram of the
// shapes around its nodes. It measures how much of the structure of one graph
// recurs in another, which the paper's figure 5 shows for generated and gold
// graphs without defining its measure (paper §4). Ours is the normalised
// Weisfeiler–Lehman subtree kernel: N. Shervashidze et al., Weisfeiler-Lehman
// Graph Kernels, JMLR 12 (2011), §3.2, with edge direction kept.
//
//   - Round 0 gives every node one colour. Rounds 1 to 3 recolour a node by its own
//     colour, the multiset of its parents' colours and that of its children's.
//   - The histogram counts the colours of all four rounds.
//   - Similarity is the cosine of two histograms: 1 for graphs that these rounds
//     cannot tell apart (isomorphic ones always), and above 0 for any two graphs,
//     since all nodes share the colour of round 0.
type Topology struct {
	colours []uint64 // ascending
	counts  []float64
	norm    float64
}

const wlRounds = 3

// NewTopology reads a graph as adjacency lists: parents[i] holds the indices of
// the nodes that node i depends on. A parent named twice counts once. It returns
// an error when an index is out of range, and ErrNoData for a graph without nodes.
func NewTopology(parents [][]int) (Topology, error) {
	n := len(parents)
	if n == 0 {
		return Topology{}, fmt.Errorf("%w: a topology needs at least one node", ErrNoData)
	}
	up := make([][]int, n)
	down := make([][]int, n)
	for i, ps := range parents {
		up[i] = slices.Compact(slices.Sorted(slices.Values(ps)))
		for _, p := range up[i] {
			if p < 0 || p >= n {
				return Topology{}, fmt.Errorf("score: node %d of %d has parent %d", i, n, p)
			}
			down[p] = append(down[p], i)
		}
	}
	colour, next := make([]uint64, n), make([]uint64, n)
	all := slices.Clone(colour)
	for range wlRounds {
		for i := range colour {
			next[i] = recolour(colour, i, up[i], down[i])
		}
		colour, next = next, colour
		all = append(all, colour...)
	}
	return histogram(all), nil
}

// recolour hashes a node's colour with the sorted colours of its neighbours. The
// length before each list keeps parents and children apart.
func recolour(colour []uint64, node int, up, down []int) uint64 {
	h := random.Mix(colour[node] + 1)
	for _, side := range [][]int{up, down} {
		h = random.Mix(h ^ random.Mix(uint64(len(side))+1))
		around := make([]uint64, len(side))
		for k, j := range side {
			around[k] = colour[j]
		}
		slices.Sort(around)
		for _, c := range around {
			h = random.Mix(h + random.Mix(c+2))
		}
	}
	return h
}

func histogram(colours []uint64) Topology {
	slices.Sort(colours)
	var t Topology
	for i, c := range colours {
		if i == 0 || c != colours[i-1] {
			t.colours = append(t.colours, c)
			t.counts = append(t.counts, 0)
		}
		t.counts[len(t.counts)-1]++
	}
	for _, c := range t.counts {
		t.norm += c * c
	}
	t.norm = math.Sqrt(t.norm)
	return t
}

// Similarity returns the cosine of two topologies, in (0, 1].
func (t Topology) Similarity(u Topology) float64 {
	dot := 0.0
	for i, j := 0, 0; i < len(t.colours) && j < len(u.colours); {
		switch {
		case t.colours[i] < u.colours[j]:
			i++
		case t.colours[i] > u.colours[j]:
			j++
		default:
			dot += t.counts[i] * u.counts[j]
			i++
			j++
		}
	}
	return math.Min(1, dot/(t.norm*u.norm))
}

// Nearest returns the largest similarity of t to a set of graphs and the place of
// the first that reaches it: "is this shape one that the model was shown?".
// It returns −1 as place when the set is empty.
func (t Topology) Nearest(set []Topology) (similarity float64, place int) {
	place = -1
	for i, u := range set {
		if s := t.Similarity(u); s > similarity {
			similarity, place = s, i
		}
	}
	return similarity, place
}
