package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"interplay/kernelkit/random"
)

// Document is a token sequence to learn from. The tokens at positions ≥ LossFrom are
// targets (0 and 1 mean all but the first, which nothing predicts; the prompt's length
// means the response only).
type Document struct {
	IDs      []int32
	LossFrom int
}

// Documents gives document i, the same one each time it is asked, to several callers at
// once. There is no end: whoever has a finite corpus says what comes after it, or returns
// an error.
type Documents func(i uint64) (Document, error)

// within are the documents, checked for tokens that a model with a vocabulary of the given
// size does not have: it would learn something else in their place. nil stays nil.
func (docs Documents) within(vocabulary int) Documents {
	if docs == nil {
		return nil
	}
	return func(i uint64) (Document, error) {
		d, err := docs(i)
		if err == nil {
			err = d.within(vocabulary)
		}
		return d, err
	}
}

// within says whether all tokens are ones of a vocabulary of the given size.
func (d Document) within(vocabulary int) error {
	for at, id := range d.IDs {
		if id < 0 || int(id) >= vocabulary {
			return fmt.Errorf("the token at position %d has id %d: the model has the tokens 0 to %d", at, id, vocabulary-1)
		}
	}
	return nil
}

// Batch is the input of one forward pass, row after row: Rows·Seq values in each slice.
type Batch struct {
	Rows, Seq int
	Inputs    []int32 // tokens
	Targets   []int32 // the token to predict at a position, −1 where there is none
	Positions []int32 // rotary positions
	Segments  []int32 // which document of the row, from 1; 0 is padding
	Tokens    int     // tokens of the documents
	Count     int     // targets
}

// packer lays documents into rows. Step s takes its rows from a window of a few steps,
// and the window takes its documents from an address range of its own, so that the batch
// of a step is a function of (documents, configuration, step) alone. In a window,
// documents are packed first-fit-decreasing, the longest prefix of the range that fits is
// used, and rows are shuffled. The documents behind the prefix are left out: they keep the
// windows independent at the price of a few per cent of the addresses.
type packer struct {
	docs   Documents
	cfg    Config
	steps  int    // steps of a window
	span   int    // addresses of a window
	digest string // of the documents that were looked at to choose span
	window int    // the one in rows, −1 at first
	rows   [][]Document
}

// windowRows is the least number of rows packed together: enough for a good fit.
const windowRows = 128

// probe is how many documents tell the mean length.
const probe = 256

func newPacker(docs Documents, cfg Config) (*packer, error) {
	p := &packer{docs: docs, cfg: cfg, window: -1}
	perStep := cfg.Batch * cfg.Accumulate
	p.steps = (windowRows + perStep - 1) / perStep
	hash, total, kept := sha256.New(), 0, 0
	for i := range uint64(probe) {
		d, ok, err := p.document(i)
		if err != nil {
			return nil, err
		}
		binary.Write(hash, binary.LittleEndian, int64(d.LossFrom))
		binary.Write(hash, binary.LittleEndian, int64(len(d.IDs)))
		binary.Write(hash, binary.LittleEndian, d.IDs)
		if ok {
			total += len(d.IDs) - 1
			kept++
		}
	}
	if kept == 0 {
		return nil, fmt.Errorf("train: all of the first %d documents have more than %d tokens, the most that seq %d takes: raise seq", probe, cfg.Seq+1, cfg.Seq)
	}
	p.digest = hex.EncodeToString(hash.Sum(nil))
	mean := float64(total) / probe // of a skipped document: 0
	p.span = int(math.Ceil(1.05*float64(p.steps*perStep*cfg.Seq)/mean)) + 1
	return p, nil
}

// TokensPerPosition is how many tokens of documents a run has for each position of its
// rows, measured on the first rows that it packs together. Long documents in short rows
// leave much room; a document's last token takes none.
func TokensPerPosition(docs Documents, cfg Config) (float64, error) {
	if err := cfg.Validate(); err != nil {
		return 0, err
	}
	p, err := newPacker(docs, cfg)
	if err != nil {
		return 0, err
	}
	tokens, positions := 0, 0
	for step := range p.steps {
		batches, err := p.batches(step)
		if err != nil {
			return 0, err
		}
		for _, b := range batches {
			tokens += b.Tokens
			positions += b.Rows * b.Seq
		}
	}
	return float64(tokens) / float64(positions), nil
}

// document returns document i and whether it is used.
func (p *packer) document(i uint64) (Document, bool, error) {
	d, err := p.docs(i)
	if err != nil {
		return d, false, fmt.Errorf("train: document %d: %w", i, err)
	}
	d.LossFrom = max(d.LossFrom, 1)
	switch {
	case len(d.IDs) < 2 || d.LossFrom >= len(d.IDs):
		return d, false, fmt.Errorf("train: document %d has %d tokens and targets from position %d: nothing to learn", i, len(d.IDs), d.LossFrom)
	case len(d.IDs)-1 > p.cfg.Seq && p.cfg.SkipLong:
		return d, false, nil
	case len(d.IDs)-1 > p.cfg.Seq:
		return d, false, fmt.Errorf("train: document %d has %d tokens, seq %d takes documents of up to %d: raise seq to %d or more, or set skip_long", i, len(d.IDs), p.cfg.Seq, p.cfg.Seq+1, len(d.IDs)-1)
	}
	return d, true, nil
}

// candidate is a document as packer.document returns it.
type candidate struct {
	Document
	used bool
	err  error
}

// candidates reads the documents of a window on all processors: a GPU learns faster than
// one of them writes problems.
func (p *packer) candidates(first uint64) []candidate {
	all := make([]candidate, p.span)
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i := range all {
		work.Go(func() error {
			d := &all[i]
			d.Document, d.used, d.err = p.document(first + uint64(i))
			return nil
		})
	}
	_ = work.Wait() // none fails
	return all
}

// batches returns the forward passes of a step.
func (p *packer) batches(step int) ([]*Batch, error) {
	if window := step / p.steps; window != p.window {
		rows, err := p.pack(window)
		if err != nil {
			return nil, err
		}
		p.window, p.rows = window, rows
	}
	perStep := p.cfg.Batch * p.cfg.Accumulate
	rows := p.rows[step%p.steps*perStep:][:perStep]
	var out []*Batch
	for len(rows) > 0 {
		b := newBatch(rows[:p.cfg.Batch], p.cfg.Seq, p.cfg.DocumentMask)
		if p.cfg.ShiftPositions > 0 {
			b.shift(p.cfg.ShiftPositions, random.New(p.cfg.Seed, "position shifts", uint64(step), uint64(len(out))))
		}
		out = append(out, b)
		rows = rows[p.cfg.Batch:]
	}
	return out, nil
}

// shift moves the positions of each document by a random number from 0 to most.
func (b *Batch) shift(most int, s *random.Stream) {
	by := int32(0)
	for i, segment := range b.Segments {
		if i%b.Seq == 0 || segment != b.Segments[i-1] {
			by = int32(s.Between(0, most))
		}
		if segment != 0 {
			b.Positions[i] += by
		}
	}
}

// pack returns the rows of a window.
func (p *packer) pack(window int) ([][]Document, error) {
	rows := p.steps * p.cfg.Batch * p.cfg.Accumulate
	var docs []Document
	first := uint64(window) * uint64(p.span)
	room := rows * p.cfg.Seq
	for _, d := range p.candidates(first) {
		if room <= 0 {
			break
		}
		if d.err != nil {
			return nil, d.err
		}
		if d.used {
			docs = append(docs, d.Document)
			room -= len(d.IDs) - 1
		}
	}
	for n := len(docs); n > 0; n-- {
		packed, ok := firstFitDecreasing(docs[:n], rows, p.cfg.Seq)
		if !ok {
			continue
		}
		order := random.New(p.cfg.Seed, "train rows", uint64(window)).Perm(rows)
		shuffled := make([][]Document, rows)
		for i, r := range order {
			shuffled[i] = packed[r]
		}
		return shuffled, nil
	}
	return nil, fmt.Errorf("train: documents %d to %d are all longer than a row of %d", first, first+uint64(p.span)-1, p.cfg.Seq)
}

// firstFitDecreasing puts documents, longest first, each into the first row with room
// for it, and says whether all found one. A document takes a position less than it has
// tokens: the last token is only ever a target.
func firstFitDecreasing(docs []Document, rows, seq int) ([][]Document, bool) {
	order := slices.Clone(docs)
	slices.SortStableFunc(order, func(a, b Document) int { return len(b.IDs) - len(a.IDs) })
	packed, room := make([][]Document, rows), make([]int, rows)
	for i := range room {
		room[i] = seq
	}
	for _, d := range order {
		r := slices.IndexFunc(room, func(free int) bool { return free >= len(d.IDs)-1 })
		if r < 0 {
			return nil, false
		}
		packed[r] = append(packed[r], d)
		room[r] -= len(d.IDs) - 1
	}
	return packed, true
}

func newBatch(rows [][]Document, seq int, mask bool) *Batch {
	n := len(rows) * seq
	b := &Batch{Rows: len(rows), Seq: seq, Inputs: make([]int32, n), Targets: make([]int32, n), Positions: make([]int32, n), Segments: make([]int32, n)}
	for i := range b.Targets {
		b.Targets[i] = -1
	}
	for r, docs := range rows {
		at := r * seq
		for k, d := range docs {
			b.Tokens += len(d.IDs)
			for j, id := range d.IDs[:len(d.IDs)-1] {
				b.Inputs[at], b.Segments[at], b.Positions[at] = id, int32(k+1), int32(at-r*seq)
				if mask {
					b.Positions[at] = int32(j)
				}
				if j+1 >= d.LossFrom {
					b.Targets[at] = d.IDs[j+1]
					b.Count++
				}
				at++
			}
		}
	}
	return b
}
