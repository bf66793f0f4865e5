package train

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// A forward pass of NLL has nllRows rows of a multiple of nllStep positions, so that few
// programs are compiled, and fewer rows where texts are so long that the scores of their
// attention would pass nllScores numbers a layer.
const (
	nllRows   = 16
	nllStep   = 32
	nllScores = 1 << 26
)

// rowsOfNLL is the number of rows of a pass.
func rowsOfNLL(model qwen.Config, seq int) int {
	return min(max(nllScores/(model.Heads*seq*seq), 1), nllRows)
}

// nllIn is what the program of NLL takes.
type nllIn[T any] struct {
	weights []T
	pass    pass[T]
}

func (n *nllIn[T]) Each(visit func(*T)) {
	engine.EachOf(visit, n.weights)
	n.pass.Each(visit)
}

// NLL returns −log p of the targets of each document under the weights, in nats: for
// document i the tokens from max(LossFrom, 1) on, in order. One that is no finite number, as
// of weights so large that sums of them overflow, is an error.
func NLL(ctx context.Context, eng *engine.Engine, w *qwen.Weights, docs []Document) ([][]float32, error) {
	if err := w.Check(); err != nil {
		return nil, err
	}
	longest := 0
	for i, d := range docs {
		if len(d.IDs) < 2 {
			return nil, fmt.Errorf("train: document %d has %d tokens: expected at least 2", i, len(d.IDs))
		}
		if err := d.within(w.Config.VocabSize); err != nil {
			return nil, fmt.Errorf("train: document %d: %w", i, err)
		}
		if err := w.Config.CheckLength(len(d.IDs)); err != nil {
			return nil, fmt.Errorf("train: document %d: %w", i, err)
		}
		longest = max(longest, len(d.IDs)-1)
	}
	seq := (longest + nllStep - 1) / nllStep * nllStep
	cfg := Config{DocumentMask: true, Dtype: "float32"}
	exec, err := eng.Program("train NLL "+programKey(w.Config, cfg), func(b compute.Backend) (*Exec, error) {
		return NewExec(b, func(nodes []*Node) *Node {
			in := nllIn[*Node]{weights: make([]*Node, len(w.Tensors))}
			engine.Fill(&in, nodes)
			return Neg(targetLogProbs(w.Config, cfg, in.weights, in.pass))
		})
	})
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	out := make([][]float32, len(docs))
	for _, rows := range packIndices(docs, seq, rowsOfNLL(w.Config, seq)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := nllBatch(exec, w, docs, rows, seq, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// packIndices puts documents into rows in their order and rows into batches: the indices
// of the documents of each row. A batch has at most rows of them.
func packIndices(docs []Document, seq, rows int) [][][]int {
	var batches [][][]int
	room := 0
	for i, d := range docs {
		if need := len(d.IDs) - 1; need > room {
			if n := len(batches); n == 0 || len(batches[n-1]) == rows {
				batches = append(batches, nil)
			}
			last := &batches[len(batches)-1]
			*last = append(*last, nil)
			room = seq
		}
		last := batches[len(batches)-1]
		last[len(last)-1] = append(last[len(last)-1], i)
		room -= len(d.IDs) - 1
	}
	return batches
}

func nllBatch(exec *Exec, w *qwen.Weights, docs []Document, rows [][]int, seq int, out [][]float32) error {
	batch := rowsOfNLL(w.Config, seq)
	packed := make([][]Document, batch)
	for r, indices := range rows {
		for _, i := range indices {
			d := docs[i]
			d.LossFrom = max(d.LossFrom, 1)
			packed[r] = append(packed[r], d)
		}
	}
	in := nllIn[any]{engine.Arguments(w.Tensors), newBatch(packed, seq, true).part(0, 1, batch*seq)}
	result, err := exec.Call(engine.List(&in)...)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	values, err := tensors.CopyFlatData[float32](result[0])
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	engine.Free(result)
	for r, indices := range rows {
		at := r * seq
		for _, i := range indices {
			n := len(docs[i].IDs) - 1
			out[i] = values[at+max(docs[i].LossFrom, 1)-1 : at+n : at+n]
			at += n
			if bad := slices.IndexFunc(out[i], notFinite); bad >= 0 {
				return fmt.Errorf("train: document %d: token %d has −log p = %g: the model leaves what single precision holds; look for very large weights or rotary frequencies",
					i, max(docs[i].LossFrom, 1)+bad, out[i][bad])
			}
		}
	}
	return nil
}

func notFinite(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }
