package gsm

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"interplay/kernelkit/random"
)

// Cell is a kind of problem: what a mixture gives shares to.
type Cell struct {
	Op      int    `json:"op"`
	Context string `json:"context"`
	Mode    Mode   `json:"mode"`
}

func (c Cell) String() string { return fmt.Sprintf("op %d %s %s", c.Op, c.Context, c.Mode) }

// Source gives the problems of a spec and a split by index. It has no state that
// changes: At may be called from any number of goroutines, in any order.
type Source struct {
	spec  Spec
	split Split
	seed  int64

	cells   []Cell
	upTo    []uint64 // cells[k] is drawn when 53 random bits fall below upTo[k] and not below upTo[k−1]
	address string   // purpose of the streams; tells fixed sources from mixtures
	prefix  string   // of the problems' IDs
}

// measured is how many problems of a cell tell its mean length in tokens. With
// lengths that vary by a quarter of their mean, the mean is known to about 2 %.
const measured = 128

// maxAttempts bounds the search for a first problem of a cell in a split. A
// cell that fails it holds too few different problems to be split.
const maxAttempts = 20000

// NewSource returns the source of a spec's problems in a split. It draws a
// problem of each cell to see that all can be met; shares of tokens are turned
// into shares of samples by the mean lengths of the first 128 problems of each
// cell (over all splits, whatever the seed), share/length, normalised.
func NewSource(spec Spec, split Split, seed int64) (*Source, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if int(split) >= len(splitNames) {
		return nil, fmt.Errorf("gsm: split %d does not exist: there are %s", split, strings.Join(splitNames, ", "))
	}
	s := &Source{spec: spec.Complete(), split: split, seed: seed, address: "corpus/" + split.String()}
	s.prefix = fmt.Sprintf("%s-%d-", split, seed)
	cells, shares := s.spec.cells()
	for k, c := range cells {
		if err := s.probe(c); err != nil {
			return nil, err
		}
		if s.spec.Unit == Tokens && len(cells) > 1 {
			shares[k] /= s.meanTokens(c)
		}
	}
	s.cells, s.upTo = cells, thresholds(shares)
	return s, nil
}

// Fixed returns the source of one cell's problems, such as an evaluation set.
// The context is not part of the address: problem i of an op and mode is the
// same graph in every context, so fixed sources of two contexts give counterpart pairs.
func (s *Source) Fixed(c Cell) (*Source, error) {
	spec := s.spec
	spec.Reverse = float64(c.Mode)
	spec.Mix = []Block{{Ops: Range{c.Op, c.Op}, Contexts: []string{c.Context}, Share: 1}}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	fixed := &Source{spec: spec.Complete(), split: s.split, seed: s.seed,
		address: fmt.Sprintf("fixed/%s/%d/%s", s.split, c.Op, c.Mode)}
	fixed.prefix = fmt.Sprintf("%s-%d-op%d-%s-%s-", s.split, s.seed, c.Op, fixed.spec.Mix[0].Contexts[0], c.Mode)
	fixed.cells, fixed.upTo = []Cell{{c.Op, fixed.spec.Mix[0].Contexts[0], c.Mode}}, []uint64{1 << 53}
	return fixed, fixed.probe(fixed.cells[0])
}

// Spec returns the completed spec.
func (s *Source) Spec() Spec { return s.spec }

// Split returns the split that all problems of the source are in.
func (s *Source) Split() Split { return s.split }

// Seed returns the seed of the source.
func (s *Source) Seed() int64 { return s.seed }

// Cells returns the cells that the source draws from and the probability of each.
func (s *Source) Cells() ([]Cell, []float64) {
	p := make([]float64, len(s.cells))
	below := uint64(0)
	for k, upTo := range s.upTo {
		p[k] = float64(upTo-below) / (1 << 53)
		below = upTo
	}
	return slices.Clone(s.cells), p
}

// At returns problem i: a pure function of the spec, the split, the seed and i.
func (s *Source) At(i uint64) *Problem {
	stream := random.New(s.seed, s.address, i)
	cell := s.cells[0]
	if len(s.cells) > 1 {
		bits := stream.Uint64() >> 11
		k, _ := slices.BinarySearchFunc(s.upTo, bits, func(upTo, bits uint64) int {
			if upTo <= bits {
				return -1
			}
			return 1
		})
		cell = s.cells[k]
	}
	p := s.draw(cell, stream)
	for p == nil {
		p = s.draw(cell, stream)
	}
	p.ID = s.prefix + strconv.FormatUint(i, 10)
	return p
}

// draw makes one attempt at a problem of a cell in the split; nil when it fails.
// The split is decided before anything is written. Rendering can fail for graphs
// that need more letters than there are, in every context alike.
func (s *Source) draw(cell Cell, stream *random.Stream) *Problem {
	g, ok := s.spec.attempt(cell, stream)
	if !ok || SplitOf(g) != s.split {
		return nil
	}
	p, err := s.render(g, cell.Context, stream)
	if err != nil {
		return nil
	}
	return p
}

// render writes a graph as the spec wants it told.
func (s *Source) render(g *Graph, context string, stream *random.Stream) (*Problem, error) {
	p, err := Render(g, context, stream)
	if err == nil && s.spec.Detours > 0 && g.Mode == Forward {
		err = takeDetours(p, s.spec.Detours, stream)
	}
	return p, err
}

// Counterpart writes the graph of p in the words of another context of its
// family, with statement order and letters of its own.
func Counterpart(p *Problem, context string) (*Problem, error) {
	twin, err := Render(p.Graph, fullContextName(p.Graph.Family, context), random.New(0, "counterpart/"+context+"/"+p.ID))
	if err != nil {
		return nil, err
	}
	twin.ID = p.ID + "/" + twin.Context
	return twin, nil
}

// SplitOf is the split that the canonical form of a graph belongs to.
func SplitOf(g *Graph) Split {
	code := g.Canonical()
	switch code[0] >> 5 { // eighths
	case 0, 1, 2, 3:
		return Train
	case 4, 5:
		return RL
	case 6:
		return Validation
	}
	return Test
}

// cells spreads the mix over ops, contexts and modes. Cells of share 0 are left out.
func (s *Spec) cells() ([]Cell, []float64) {
	var cells []Cell
	var shares []float64
	for _, b := range s.Mix {
		each := b.Share / float64((b.Ops.Max-b.Ops.Min+1)*len(b.Contexts))
		for op := b.Ops.Min; op <= b.Ops.Max; op++ {
			for _, context := range b.Contexts {
				for _, mode := range []Mode{Forward, Reverse} {
					share := float64(each * (1 - s.Reverse))
					if mode == Reverse {
						share = float64(each * s.Reverse)
					}
					if share == 0 {
						continue
					}
					cell := Cell{op, context, mode}
					k := slices.Index(cells, cell)
					if k < 0 {
						k = len(cells)
						cells, shares = append(cells, cell), append(shares, 0)
					}
					shares[k] += share
				}
			}
		}
	}
	return cells, shares
}

// thresholds turns shares into cumulative bounds on 53 bits. Explicit
// conversions keep compilers from fusing operations, so that every machine gets
// the same bounds.
func thresholds(shares []float64) []uint64 {
	total := 0.0
	for _, share := range shares {
		total += share
	}
	upTo := make([]uint64, len(shares))
	sum := 0.0
	for k, share := range shares {
		sum += share
		upTo[k] = uint64(math.Round(float64(float64(sum/total) * (1 << 53))))
	}
	upTo[len(upTo)-1] = 1 << 53
	return upTo
}

// attempt samples a graph of a cell; false when the sampler rejects its draw.
func (s *Spec) attempt(c Cell, stream *random.Stream) (*Graph, bool) {
	switch {
	case s.Family == Symbolic:
		return sampleSymbolic(stream, c.Op, s.symbolic()), true
	case s.Sampler == Reference:
		return sampleReference(stream, c.Op, s.Layers, c.Mode)
	}
	return sampleSteered(stream, c.Op, s.Layers, c.Mode)
}

// probe sees that a cell has problems, in this split.
func (s *Source) probe(c Cell) error {
	stream := random.New(0, "probe/"+c.String())
	for range maxAttempts {
		if s.draw(c, stream) != nil {
			return nil
		}
	}
	for range maxAttempts {
		if _, ok := s.spec.attempt(c, stream); ok {
			return fmt.Errorf("gsm: %s has too few different problems to fill the split %q: widen the spec (more distractors, more ops)", c, s.split)
		}
	}
	return fmt.Errorf("gsm: the %s sampler found no problem of %s in %d layers in %d attempts: leave it out of the mix", s.spec.Sampler, c, s.spec.Layers, maxAttempts)
}

// meanTokens measures the length of a cell's training texts. It needs a cell
// that probe has seen.
func (s *Source) meanTokens(c Cell) float64 {
	tokens := 0
	for i := range uint64(measured) {
		stream := random.New(0, "measure/"+c.String(), i)
		for {
			if g, ok := s.spec.attempt(c, stream); ok {
				if p, err := s.render(g, c.Context, stream); err == nil {
					tokens += TokenCount(p)
					break
				}
			}
		}
	}
	return float64(tokens) / measured
}
