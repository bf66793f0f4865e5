package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/vocab"
)

// tokenizer returns the tokenizer that a recipe trains a fresh model with: of the family,
// or of word problems the phrases that it asks for.
func tokenizer(r Pretraining) (*vocab.Tokenizer, error) {
	switch {
	case r.Data.Family == gsm.Symbolic && r.Phrases != nil:
		return nil, errors.New("phrases are for word problems: leave them out in the symbolic family")
	case r.Data.Family == gsm.Symbolic:
		return symbolicTokenizer(), nil
	case r.Phrases != nil:
		return r.Phrases.tokenizer()
	}
	return realisticTokenizer()
}

// symbolicTokenizer is the word-level tokenizer of the symbolic family, all contexts.
var symbolicTokenizer = sync.OnceValue(func() *vocab.Tokenizer {
	tokens, err := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 8}, "A", "B").Tokens()
	if err != nil {
		panic(err) // the spec is this function's own
	}
	t, err := vocab.Words(tokens)
	if err != nil {
		panic(err)
	}
	return t
})

// highestNumber is the largest whole number that is a token of the realistic
// family, as in the paper's tokenizer. 3,000 problems of op 2 to 20 held none beyond it.
const highestNumber = 1296

// realisticTokenizer is the word-level tokenizer of the realistic family: every
// piece of its templates and contexts, letters, signs and numbers, each with and
// without the blank before it. The list is fixed by the family, not by a corpus.
var realisticTokenizer = sync.OnceValues(func() (*vocab.Tokenizer, error) {
	seen := map[string]bool{}
	var tokens []string
	add := func(pieces ...string) {
		for _, p := range pieces {
			for _, form := range []string{p, " " + p} {
				if p != "" && !seen[form] && len(vocab.SplitProse(form)) == 1 {
					seen[form] = true
					tokens = append(tokens, form)
				}
			}
		}
	}
	words, err := realisticWords()
	if err != nil {
		return nil, err
	}
	add(" ") // before a tag
	add(words...)
	for c := 'a'; c <= 'z'; c++ {
		add(string(c), string(c-'a'+'A'))
	}
	for n := range highestNumber + 1 {
		add(strconv.Itoa(n))
	}
	return vocab.Text(tokens)
})

// realisticWords lists the pieces of the family's texts without their blanks, in
// order: names of the contexts, and the words of the templates as they occur in
// problems of every op, context and mode.
func realisticWords() ([]string, error) {
	seen := map[string]bool{"\n": true}
	take := func(text string) {
		for _, piece := range vocab.SplitProse(text) {
			if len(piece) > 1 && piece[0] == ' ' {
				piece = piece[1:]
			}
			seen[piece] = true
		}
	}
	for _, c := range gsm.Contexts() {
		for _, list := range append(slices.Clone(c.Places), c.Items...) {
			for _, name := range list {
				take(name)
			}
		}
		take(c.Avg + " " + c.Total + " " + c.Total2)
	}
	for _, context := range gsm.ContextNames(gsm.Realistic) {
		spec := gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 12}, context)
		spec.Reverse = 0.5
		source, err := gsm.NewSource(spec, gsm.Train, 1)
		if err != nil {
			return nil, fmt.Errorf("tokenizer of the realistic family: %w", err)
		}
		for i := range uint64(400) {
			take(source.At(i).Training())
		}
	}
	for piece := range seen {
		if piece[0] >= '0' && piece[0] <= '9' {
			delete(seen, piece)
		}
	}
	return sortedKeys(seen), nil
}
