package qwen

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
)

// Seen is what a network computes of one text, for looking at.
type Seen struct {
	// LogProbs are the log-probabilities of the next token behind each position, in nats:
	// [position][token].
	LogProbs [][]float32
	// Attention are the weights of each query position over the key positions, which add up
	// to 1: [layer][head][query][key].
	Attention [][][][]float32
}

// inspectStep is what lengths are padded to, so that few programs are compiled.
const inspectStep = 32

// watched is a row whose attention weights are kept.
type watched struct {
	Rows
	weights []*Node // of each layer: [heads, seq, seq]
}

func (w *watched) attention(d *Decoder) attention {
	seq := w.Tokens.Shape().Dim(1)
	bias := causalBias(w.Tokens.Graph(), seq, nil)
	return attention{attend: func(_ int, q, k, v *Node) *Node {
		w.weights = append(w.weights, weightsOf(q, k, bias))
		mixed, _ := toKeys(q, k, v, bias)
		return mixed
	}}
}

// weightsOf are the attention weights of one row: q [1, seq, heads, headDim],
// k [1, seq, kvHeads, headDim] → [heads, seq, seq].
func weightsOf(q, k, bias *Node) *Node {
	seq, heads, dim, kvHeads := q.Shape().Dim(1), q.Shape().Dim(2), q.Shape().Dim(3), k.Shape().Dim(2)
	grouped := Reshape(MulScalar(q, 1/math.Sqrt(float64(dim))), seq, kvHeads, heads/kvHeads, dim)
	scores := Einsum("sngd,knd->ngsk", grouped, Reshape(k, seq, kvHeads, dim))
	scores = Add(Reshape(scores, heads, seq, seq), bias)
	weights := Exp(Sub(scores, ReduceAndKeep(scores, ReduceMax, -1)))
	return Div(weights, ReduceAndKeep(weights, ReduceSum, -1))
}

// Inspect runs a network on one text of token ids and returns what it computes on the way. It
// returns an error for a text without tokens, one longer than the model's context, and
// ids that the model does not have.
func Inspect(eng *engine.Engine, w *Weights, ids []int32) (*Seen, error) {
	if err := errors.Join(w.Check(), w.Config.checkText(ids)); err != nil {
		return nil, err
	}
	seq := min((len(ids)+inspectStep-1)/inspectStep*inspectStep, w.Config.Context)
	exec, err := eng.Program(fmt.Sprintf("inspect %+v %d", w.Config, seq), func(b compute.Backend) (*Exec, error) {
		return NewExec(b, func(in []*Node) []*Node { // weights, tokens, positions
			n := len(in) - 2
			d := Bind(w.Config, in[:n])
			row := &watched{Rows: Rows{Tokens: in[n], Positions: in[n+1]}}
			logits := Transpose(d.Logits(d.Hidden(row)), 0, 1) // [seq, vocab]
			shifted := Sub(logits, ReduceAndKeep(logits, ReduceMax, -1))
			return append([]*Node{Sub(shifted, Log(ReduceAndKeep(Exp(shifted), ReduceSum, -1)))}, row.weights...)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("qwen: %w", err)
	}
	tokens, positions := make([]int32, seq), make([]int32, seq)
	copy(tokens, ids)
	for i := range positions {
		positions[i] = int32(i)
	}
	args := append(engine.Arguments(w.Tensors), tensors.FromFlatDataAndDimensions(tokens, 1, seq), tensors.FromFlatDataAndDimensions(positions, 1, seq))
	out, err := exec.Call(args...)
	if err != nil {
		return nil, fmt.Errorf("qwen: %w", err)
	}
	defer engine.Free(out)
	return seenOf(w.Config, out, len(ids))
}

// checkText refuses what the model cannot read.
func (c Config) checkText(ids []int32) error {
	if len(ids) == 0 || len(ids) > c.Context {
		return fmt.Errorf("qwen: the text has %d tokens: expected 1 to %d, the model's context", len(ids), c.Context)
	}
	for i, id := range ids {
		if id < 0 || int(id) >= c.VocabSize {
			return fmt.Errorf("qwen: token %d of the text is %d: expected 0 to %d", i+1, id, c.VocabSize-1)
		}
	}
	return nil
}

// seenOf cuts the results of the program to the text's length.
func seenOf(c Config, out []*tensors.Tensor, length int) (*Seen, error) {
	var s Seen
	rows := func(flat []float32, width, keep int) (all [][]float32) {
		for i := range length {
			all = append(all, flat[i*width:i*width+keep])
		}
		return all
	}
	for i, t := range out {
		flat, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return nil, fmt.Errorf("qwen: %w", err)
		}
		if i == 0 {
			s.LogProbs = rows(flat, c.VocabSize, c.VocabSize)
			continue
		}
		seq := t.Shape().Dim(1)
		var heads [][][]float32
		for h := range c.Heads {
			heads = append(heads, rows(flat[h*seq*seq:], seq, length))
		}
		s.Attention = append(s.Attention, heads)
	}
	return &s, nil
}
