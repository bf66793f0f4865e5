package qwen

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/random"
)

// A solution needs the values that its prompt states, each by its name: an attention from
// where a value is asked for to where that name's value stands. Small decoders learn it late
// or never from random weights. Lookup gives it to them at the start; nothing but the start
// changes, and all weights train freely.
//
// For each part of a name, two heads of layer 0 look back at fixed offsets (as OffsetInit has
// them): one from a value to its name, one from an asking position to the name that is asked
// for. Both write the same random code of what they see, into two subspaces of the residual
// stream. Layer 1 compares the codes in its slow rotary pairs, where distance hardly counts,
// and copies what it finds.

// NamePart says where a part of a name stands: one token, such as the place or the item of
// "eagle in Beverly Forest".
type NamePart struct {
	Key   int // tokens from the part to the value behind it
	Query int // tokens from the part to the position that predicts its value
}

// Lookup lists the parts of a name, in text as "key/query" with blanks between them: "1/3",
// or "4/7 2/5". The empty Lookup is off. It is text so that configurations compare with ==.
type Lookup string

// NewLookup is the Lookup of the given parts.
func NewLookup(parts ...NamePart) Lookup {
	var texts []string
	for _, p := range parts {
		texts = append(texts, fmt.Sprintf("%d/%d", p.Key, p.Query))
	}
	return Lookup(strings.Join(texts, " "))
}

// Parts reads the text back.
func (l Lookup) Parts() ([]NamePart, error) {
	var parts []NamePart
	for _, text := range strings.Fields(string(l)) {
		var p NamePart
		if n, err := fmt.Sscanf(text, "%d/%d", &p.Key, &p.Query); n != 2 || err != nil || p.Key < 1 || p.Query < 1 || NewLookup(p) != Lookup(text) {
			return nil, fmt.Errorf("qwen: lookup_init has the part %q: expected two distances in tokens, such as 1/3", text)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// lookupReach is how many tokens a slow rotary pair may turn less than a radian in: prompts
// are of about this length.
const lookupReach = 60

// slowPairs is the first of the rotary pairs that hardly turn over a prompt.
func (c Config) slowPairs() int {
	frequencies := c.frequencies()
	first := slices.IndexFunc(frequencies, func(f float64) bool { return f*lookupReach < 1 })
	if first < 0 {
		return len(frequencies)
	}
	return first
}

// validateLookup says why LookupInit does not fit the network.
func (c Config) validateLookup() error {
	parts, err := c.LookupInit.Parts()
	switch {
	case err != nil:
		return err
	case len(parts) == 0:
		return nil
	case c.OffsetInit:
		return fmt.Errorf("qwen: offset_init and lookup_init are both set: they give the same heads different starts")
	case c.Layers < 2:
		return fmt.Errorf("qwen: lookup_init needs 2 layers, found %d", c.Layers)
	case c.Heads < 2*len(parts):
		return fmt.Errorf("qwen: lookup_init needs %d heads, 2 for each of %d parts of a name, found %d", 2*len(parts), len(parts), c.Heads)
	case c.KVHeads != c.Heads:
		return fmt.Errorf("qwen: lookup_init needs num_key_value_heads equal to num_attention_heads, found %d and %d", c.KVHeads, c.Heads)
	case c.HeadDim() < 2*offsetPairs:
		return fmt.Errorf("qwen: lookup_init needs heads of at least %d, found %d", 2*offsetPairs, c.HeadDim())
	case 4*(c.HeadDim()/2-c.slowPairs()) < c.HeadDim():
		return fmt.Errorf("qwen: lookup_init needs half of the rotary pairs to turn less than a radian in %d tokens, found %d of %d: raise rope_theta",
			lookupReach, c.HeadDim()/2-c.slowPairs(), c.HeadDim()/2)
	}
	return nil
}

// lookupStrength is the factor of the codes in queries and keys; the random weights of the
// heads that compare and look back are made a tenth.
const (
	lookupStrength = 2
	lookupRest     = 0.1
)

// setLookup changes freshly drawn weights of a validated configuration.
func (w *Weights) setLookup(seed int64) {
	c := w.Config
	parts, err := c.LookupInit.Parts()
	if err != nil {
		panic(err) // the configuration is valid
	}
	for l := range c.Layers {
		for _, name := range []int{oWeight, downWeight} {
			w.layer(l, name).scale(0, c.HiddenSize, 1/math.Sqrt(float64(2*c.Layers)))
		}
	}
	codes := orthonormal(2*len(parts)*c.HeadDim(), c.HiddenSize, random.New(seed, "qwen lookup codes"))
	for j, p := range parts {
		project := unitRows(c.HeadDim(), c.HiddenSize, random.New(seed, "qwen lookup projection", uint64(j)))
		for i, back := range []int{p.Key, p.Query} {
			w.lookBack(2*j+i, back, project, codes[(2*j+i)*c.HeadDim():][:c.HeadDim()])
		}
	}
	w.compareCodes(codes, len(parts), seed)
	w.copyFound(orthonormal(c.HiddenSize, c.HiddenSize, random.New(seed, "qwen lookup copies")))
}

// lookBack makes a head of layer 0 look at one token before it, and write its projection
// [headDim, hidden] along the rows of code [headDim, hidden].
func (w *Weights) lookBack(head, back int, project, code [][]float64) {
	c := w.Config
	from := head * c.HeadDim()
	for _, name := range []int{qWeight, kWeight} {
		w.layer(0, name).scale(from, from+c.HeadDim(), lookupRest)
	}
	w.setOffsetHead(head, back)
	w.layer(0, vWeight).set(from, project)
	w.layer(0, oWeight).setColumns(from, code)
}

// compareCodes makes the heads of layer 1 score a position by the likeness of the name behind
// which it stands and the name that is asked for: codes holds, for each part, headDim rows of
// keys and as many of queries.
func (w *Weights) compareCodes(codes [][]float64, parts int, seed int64) {
	c := w.Config
	half, slow := c.HeadDim()/2, c.slowPairs()
	keys, queries := w.layer(1, kWeight), w.layer(1, qWeight)
	keys.scale(0, c.HiddenSize, lookupRest)
	queries.scale(0, c.HiddenSize, lookupRest)
	for head := range c.Heads {
		for j := range parts {
			s := random.New(seed, "qwen lookup comparison", uint64(head), uint64(j))
			std := lookupStrength / math.Sqrt(float64(2*(half-slow)))
			for i := range c.HeadDim() {
				if i%half < slow {
					continue
				}
				row := head*c.HeadDim() + i
				for n := range c.HeadDim() {
					r := std * s.Norm()
					keys.add(row, codes[2*j*c.HeadDim()+n], r)
					queries.add(row, codes[(2*j+1)*c.HeadDim()+n], r)
				}
			}
		}
	}
}

// copyFound makes layer 1 add what stands at the positions that its heads look at: values by
// an orthonormal matrix, outputs by its transpose.
func (w *Weights) copyFound(basis [][]float64) {
	w.layer(1, vWeight).set(0, basis)
	w.layer(1, oWeight).setColumns(0, basis)
}

// matrix is a weight [rows, width].
type matrix struct {
	values *tensors.Tensor
	width  int
}

// layer is a matrix of a layer, by its place in Specs.
func (w *Weights) layer(l, name int) matrix {
	t := w.Tensors[1+l*perLayer+name]
	return matrix{t, t.Shape().Dim(1)}
}

func (m matrix) change(f func(flat []float32)) { tensors.MustMutableFlatData(m.values, f) }

func (m matrix) scale(from, to int, by float64) {
	m.change(func(flat []float32) {
		for i := from * m.width; i < to*m.width; i++ {
			flat[i] = float32(float64(flat[i]) * by)
		}
	})
}

func (m matrix) set(from int, rows [][]float64) {
	m.change(func(flat []float32) {
		for r, row := range rows {
			for i, v := range row {
				flat[(from+r)*m.width+i] = float32(v)
			}
		}
	})
}

func (m matrix) setColumns(from int, columns [][]float64) {
	m.change(func(flat []float32) {
		for n, column := range columns {
			for i, v := range column {
				flat[i*m.width+from+n] = float32(v)
			}
		}
	})
}

func (m matrix) add(row int, vector []float64, times float64) {
	m.change(func(flat []float32) {
		for i, v := range vector {
			flat[row*m.width+i] += float32(times * v)
		}
	})
}

// unitRows are random rows of length 1.
func unitRows(n, width int, s *random.Stream) [][]float64 {
	rows := make([][]float64, n)
	for r := range rows {
		rows[r] = make([]float64, width)
		for i := range rows[r] {
			rows[r][i] = s.Norm()
		}
		normalise(rows[r])
	}
	return rows
}

// orthonormal are n ≤ width random rows of length 1 at right angles (Gram and Schmidt, twice
// for the digits).
func orthonormal(n, width int, s *random.Stream) [][]float64 {
	rows := unitRows(n, width, s)
	for r, row := range rows {
		for range 2 {
			for _, before := range rows[:r] {
				overlap := 0.0
				for i, v := range before {
					overlap += v * row[i]
				}
				for i, v := range before {
					row[i] -= overlap * v
				}
			}
			normalise(row)
		}
	}
	return rows
}

func normalise(row []float64) {
	sum := 0.0
	for _, v := range row {
		sum += v * v
	}
	for i := range row {
		row[i] /= math.Sqrt(sum)
	}
}
