package pipeline

import (
	"fmt"
	"slices"
	"sync"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/vocab"
)

// CheckAhead returns the first thing that would stop one of the stages after hours of work,
// or a stage behind it: problems that the model's tokens cannot write, documents longer than
// a row, prompts that leave no room for a completion. It draws problems of every op, context
// and mode, however rare they are in the mixture, and computes nothing else.
func CheckAhead(stages []*Stage) error {
	for _, s := range stages {
		base := baseOf(s)
		if base.Model.VocabSize == 0 {
			continue // an imported model or a stage of another package: its tokens are not known here
		}
		tok, err := tokenizer(base)
		if err == nil && tok.Size() > base.Model.VocabSize {
			err = fmt.Errorf("vocab_size is %d, the tokenizer of these problems has %d tokens: expected as many or more", base.Model.VocabSize, tok.Size())
		}
		if err == nil {
			err = checkLengths(s.Recipe, base, tok)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.Label, err)
		}
	}
	return nil
}

// checkLengths compares a recipe's longest problems with the room that it gives them.
func checkLengths(recipe any, base Pretraining, tok *vocab.Tokenizer) error {
	switch r := recipe.(type) {
	case Pretraining:
		if r.Sampler != nil || r.Filter != nil || r.Prompt != nil || r.Problems > 0 {
			return nil // functions of the user's say which problems, and how they read; or all are met in the first steps
		}
		room := r.Train.Seq + 1 // the last token of a document is only predicted
		all, err := lengthsOf(r.Data, r.Split, base, tok)
		if err != nil || r.Train.SkipLong {
			return err
		}
		if x := slices.MaxFunc(all, func(a, b longest) int { return a.document - b.document }); x.document > room {
			return fmt.Errorf("a problem of %s has %d tokens with its solution, seq %d takes documents of up to %d: raise seq to %d or more, leave this op out of the mix, or set skip_long to leave out the problems that are too long",
				x.cell, x.document, r.Train.Seq, room, x.document-1)
		}
	case Reinforcement:
		if r.Sampler != nil || r.Filter != nil || r.Prompt != nil || r.MaxPrompt > 0 && r.MaxPrompt+r.GRPO.MaxTokens <= base.Model.Context {
			return nil
		}
		return checkPrompts(r.Data, gsm.RL, r.GRPO.MaxTokens, base, tok)
	case Rejection:
		if r.Sampler != nil || r.Filter != nil || r.Prompt != nil {
			return nil
		}
		return checkPrompts(r.Data, gsm.RL, r.MaxTokens, base, tok)
	case Evaluation:
		if r.Sampler != nil || r.Filter != nil || r.Prompt != nil {
			return nil
		}
		return checkPrompts(r.Data, r.Split, r.MaxTokens, base, tok)
	}
	return nil
}

// checkPrompts sees that the longest prompts and the longest completions fit the model.
func checkPrompts(spec gsm.Spec, split gsm.Split, maxTokens int, base Pretraining, tok *vocab.Tokenizer) error {
	all, err := lengthsOf(spec, split, base, tok)
	if err != nil {
		return err
	}
	x := slices.MaxFunc(all, func(a, b longest) int { return a.prompt - b.prompt })
	if room := base.Model.Context; x.prompt+maxTokens > room {
		return fmt.Errorf("a prompt of %s has %d tokens and max_tokens is %d, together more than the model's context of %d: lower max_tokens, raise max_position_embeddings, or leave this op out",
			x.cell, x.prompt, maxTokens, room)
	}
	return nil
}

// longest is the longest that was drawn of a cell, in a model's tokens.
type longest struct {
	cell             gsm.Cell
	prompt, document int // a document is prompt, solution and [EOS]
}

// fewDraws problems of each cell are drawn, and manyDraws of those cells whose longest is at
// least closeBy of the longest of all: there the longest of many may still be longer. Lengths
// within a cell differ little: of 500 problems of each op of the micro base, which is symbolic,
// the longest was among the first 113.
const (
	fewDraws  = 32
	manyDraws = 400
	closeBy   = 0.85
)

var knownLengths sync.Map // from what lengthsOf depends on to []longest

// lengthsOf draws problems of every cell of a spec and measures them.
func lengthsOf(spec gsm.Spec, split gsm.Split, base Pretraining, tok *vocab.Tokenizer) ([]longest, error) {
	spec.Unit = gsm.Samples // shares of tokens need a longer look at the corpus
	key := fmt.Sprintf("%s %s %+v %q", spec.Digest(), split, base.Phrases, base.Contexts())
	if known, ok := knownLengths.Load(key); ok {
		return known.([]longest), nil
	}
	source, err := gsm.NewSource(spec, split, 1)
	if err != nil {
		return nil, err
	}
	cells, _ := source.Cells()
	all, most := make([]longest, len(cells)), 0
	for i, cell := range cells {
		all[i].cell = cell
		if err := all[i].draw(source, tok, 0, fewDraws); err != nil {
			return nil, err
		}
		most = max(most, all[i].document)
	}
	for i := range all {
		if float64(all[i].document) < closeBy*float64(most) {
			continue
		}
		if err := all[i].draw(source, tok, fewDraws, manyDraws); err != nil {
			return nil, err
		}
	}
	knownLengths.Store(key, all)
	return all, nil
}

// draw measures problems from to to−1 of the cell.
func (x *longest) draw(source *gsm.Source, tok *vocab.Tokenizer, from, to int) error {
	fixed, err := source.Fixed(x.cell)
	if err != nil {
		return err
	}
	for i := from; i < to; i++ {
		d, err := document(fixed.At(uint64(i)), nil, tok, SolutionOnly)
		if err != nil {
			return fmt.Errorf("the model's tokens cannot write a problem of %s: %w; take contexts, ops and entities that the model was made for", x.cell, err)
		}
		x.prompt, x.document = max(x.prompt, d.LossFrom), max(x.document, len(d.IDs))
	}
	return nil
}
