package train

import (
	"context"
	"fmt"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/vocab"
)

// heldOut reads the documents that a run is evaluated on; nil where it is not evaluated.
func heldOut(cfg Config) ([]Document, error) {
	if cfg.EvalEvery == 0 {
		return nil, nil
	}
	if cfg.Held == nil {
		return nil, fmt.Errorf("train: eval_every is %d and there are no held-out documents: set Held, or eval_every to 0", cfg.EvalEvery)
	}
	docs := make([]Document, cfg.EvalDocuments)
	for i := range docs {
		d, err := cfg.Held(uint64(i))
		if err != nil {
			return nil, fmt.Errorf("train: held-out document %d: %w", i, err)
		}
		if d.LossFrom = max(d.LossFrom, 1); d.LossFrom >= len(d.IDs) {
			return nil, fmt.Errorf("train: held-out document %d has %d tokens and targets from position %d: nothing to predict", i, len(d.IDs), d.LossFrom)
		}
		docs[i] = d
	}
	return docs, nil
}

// evaluates says whether the run is evaluated after a step, counted from 1.
func (r *run) evaluates(step int) bool {
	return len(r.held) > 0 && (step%r.cfg.EvalEvery == 0 || step == r.cfg.Steps)
}

// evaluate puts the mean NLL of the held-out targets into m where a step asks for it:
// every EvalEvery steps and after the last. It is in f32 and document by document, however
// the run computes and packs, so that runs compare. It changes nothing in the run. A
// context that is cancelled does not cut it short: the step's line in the log would lack it.
func (r *run) evaluate(ctx context.Context, eng *engine.Engine, m *Metrics) error {
	if !r.evaluates(m.Step) {
		return nil
	}
	losses, err := NLL(context.WithoutCancel(ctx), eng, r.journal.Weights(r.state.State), r.held)
	if err != nil {
		return fmt.Errorf("train: evaluating after step %d: %w", m.Step, err)
	}
	sum, count := 0.0, 0
	for _, document := range losses {
		s, n := total(document)
		sum, count = sum+s, count+n
	}
	m.EvalLoss = sum / float64(count)
	return nil
}

// total is the sum of a document's losses and their number.
func total(losses []float32) (sum float64, count int) {
	for _, v := range losses {
		sum += float64(v)
	}
	return sum, len(losses)
}

// ProblemLoss is the negative log-likelihood of a problem's gold response under a model. It
// has the fields of score.TextNLL, into which it converts: package score makes means of it,
// with intervals over seeds and problems.
type ProblemLoss struct {
	Prompt string
	Op     int
	NLL    float64 // nats, summed over the response and [EOS]
	Tokens int     // of the response, [EOS] included
}

// ProblemLosses scores the gold response of each problem given its prompt, in the order of
// the problems. The tokenizer must be the model's.
func ProblemLosses(ctx context.Context, eng *engine.Engine, w *qwen.Weights, tok *vocab.Tokenizer, problems []*gsm.Problem) ([]ProblemLoss, error) {
	if tok.EOS() < 0 || tok.Size() > w.Config.VocabSize {
		return nil, fmt.Errorf("train: the tokenizer has %d tokens and [EOS] %d, the model %d tokens: expected the tokenizer that the model was trained with", tok.Size(), tok.EOS(), w.Config.VocabSize)
	}
	docs := make([]Document, len(problems))
	for i, p := range problems {
		prompt, err := tok.Encode(p.Prompt())
		if err != nil {
			return nil, fmt.Errorf("train: problem %s: %w", p.ID, err)
		}
		text, err := tok.Encode(p.Training())
		if err != nil {
			return nil, fmt.Errorf("train: problem %s: %w", p.ID, err)
		}
		docs[i] = Document{IDs: append(text, tok.EOS()), LossFrom: len(prompt)}
	}
	losses, err := NLL(ctx, eng, w, docs)
	if err != nil {
		return nil, err
	}
	out := make([]ProblemLoss, len(problems))
	for i, p := range problems {
		out[i] = ProblemLoss{Prompt: p.Prompt(), Op: p.Op}
		out[i].NLL, out[i].Tokens = total(losses[i])
	}
	return out, nil
}
