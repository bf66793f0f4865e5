package corpus

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sort"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/strict"
)

// Manifest says what is in a corpus file. It lies beside it as FILE.manifest.json
// and is written after it: where there is a manifest, the file is complete. It
// holds no dates or paths, so that equal corpora have equal manifests.
type Manifest struct {
	Spec       gsm.Spec  `json:"spec"`
	SpecDigest string    `json:"spec_digest"` // gsm.Spec.Digest
	Split      gsm.Split `json:"split"`
	Seed       int64     `json:"seed"`
	First      uint64    `json:"first"` // index of the first problem; the others follow without gap

	Tally                // of the whole file
	Cells  []CellTally   `json:"cells"`          // by op, context, mode; empty cells are not listed
	Digest ContentDigest `json:"content_sha256"` // of the problems as JSON lines, whatever the file's format
}

// ContentDigest is the SHA-256 of the corpus as JSON lines, in hexadecimal: what
// sha256sum prints for a .jsonl file, and the same for a .parquet file of the
// same problems.
type ContentDigest string

// Tally counts problems and what they hold.
type Tally struct {
	Count    uint64 `json:"count"`          // problems
	Tokens   uint64 `json:"tokens"`         // words of the training texts, [EOS] included: gsm.TokenCount
	Explicit uint64 `json:"explicit_edges"` // edges of solution paths that the text states
	Implicit uint64 `json:"implicit_edges"` // edges of solution paths that the reader must infer
}

// CellTally is the tally of one kind of problem.
type CellTally struct {
	gsm.Cell
	Tally
}

// ManifestPath is where the manifest of a corpus file lies.
func ManifestPath(file string) string { return file + ".manifest.json" }

// ReadManifest reads the manifest of a corpus file.
func ReadManifest(file string) (*Manifest, error) {
	data, err := strict.ReadFile(ManifestPath(file), 64<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no manifest: expected %s; was the file written by interplay generate, and to its end?", file, ManifestPath(file))
	} else if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestPath(file), strict.Plain(err))
	}
	return m, nil
}

func (t *Tally) add(u Tally) {
	t.Count += u.Count
	t.Tokens += u.Tokens
	t.Explicit += u.Explicit
	t.Implicit += u.Implicit
}

func tallyOf(p *gsm.Problem) Tally {
	explicit, implicit := p.Graph.Edges()
	return Tally{Count: 1, Tokens: uint64(gsm.TokenCount(p)), Explicit: uint64(explicit), Implicit: uint64(implicit)}
}

// histogram counts by cell.
type histogram map[gsm.Cell]Tally

func (h histogram) add(c gsm.Cell, t Tally) {
	sum := h[c]
	sum.add(t)
	h[c] = sum
}

// list sorts the cells and sums them up.
func (h histogram) list() (cells []CellTally, total Tally) {
	for c, t := range h {
		cells = append(cells, CellTally{c, t})
		total.add(t)
	}
	sort.Slice(cells, func(i, j int) bool {
		a, b := cells[i].Cell, cells[j].Cell
		if a.Op != b.Op {
			return a.Op < b.Op
		}
		if a.Context != b.Context {
			return a.Context < b.Context
		}
		return a.Mode < b.Mode
	})
	return cells, total
}
