package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/vocab"
)

// tokenizer is the tokenizer of a model that is trained from fresh weights: of a fixed
// list in the symbolic family; of word problems the phrases that the recipe asks for, or
// the words of its contexts. Later stages take the one that lies beside the model.
func tokenizer(r Pretraining) (*vocab.Tokenizer, error) {
	switch {
	case r.Data.Family == gsm.Symbolic && r.Phrases != nil:
		return nil, errors.New("phrases are for word problems: leave them out in the symbolic family")
	case r.Data.Family == gsm.Symbolic:
		return symbolicTokenizer(r.Data.Modulus)
	case r.Phrases != nil:
		return r.Phrases.tokenizer()
	}
	return realisticTokenizer(r.Contexts())
}

// Contexts are the full names of the contexts whose words the tokenizer knows, in order.
func (r Pretraining) Contexts() []string {
	names := contextsOf(r.Data)
	if r.Phrases != nil {
		names = contextsOf(gsm.Spec{Family: r.Data.Family, Mix: []gsm.Block{{Contexts: r.Phrases.Contexts}}})
	} else if len(r.Vocabulary) > 0 {
		names = contextsOf(gsm.Spec{Family: r.Data.Family, Mix: []gsm.Block{{Contexts: r.Vocabulary}}})
	}
	return names
}

// contextsOf are the full names of a spec's contexts, in order.
func contextsOf(spec gsm.Spec) (names []string) {
	for _, b := range spec.Complete().Mix {
		names = append(names, b.Contexts...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// contents is a digest of the words of contexts, which recipes name and do not hold; ""
// for the symbolic family, which has none.
func contents(family gsm.Family, contexts []string) string {
	if family == gsm.Symbolic {
		return ""
	}
	h := sha256.New()
	for _, name := range contexts {
		c, err := gsm.ContextByName(name)
		if err != nil {
			continue // the recipe's Validate names it
		}
		text, err := json.Marshal(c)
		if err != nil {
			panic(fmt.Sprintf("pipeline: a context is not JSON: %v", err))
		}
		h.Write(append(text, '\n'))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// symbolicTokenizers remembers the tokenizers of the symbolic family by modulus.
var symbolicTokenizers sync.Map

// symbolicTokenizer is the word-level tokenizer of the symbolic family at a modulus, all
// contexts; 0 is the family's own modulus.
func symbolicTokenizer(modulus int64) (*vocab.Tokenizer, error) {
	if known, ok := symbolicTokenizers.Load(modulus); ok {
		return known.(*vocab.Tokenizer), nil
	}
	spec := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 8}, "A", "B")
	spec.Modulus = modulus
	if err := spec.Validate(); err != nil { // before a list of tokens of its length is made
		return nil, err
	}
	tokens, err := spec.Tokens()
	if err != nil {
		return nil, err
	}
	t, err := vocab.Words(tokens)
	if err == nil {
		symbolicTokenizers.Store(modulus, t)
	}
	return t, err
}

// highestNumber is the largest whole number that is a token of the realistic
// family, as in the paper's tokenizer. 3,000 problems of op 2 to 20 held none beyond it.
const highestNumber = 1296

// realisticTokenizers remembers the tokenizers of the realistic family by contexts.
var realisticTokenizers sync.Map

// realisticTokenizer is the word-level tokenizer of contexts of the realistic family:
// every piece of its templates and of the contexts, letters, signs and numbers, each
// with and without the blank before it. The list does not depend on a corpus.
func realisticTokenizer(contexts []string) (*vocab.Tokenizer, error) {
	key := strings.Join(contexts, " ")
	if known, ok := realisticTokenizers.Load(key); ok {
		return known.(*vocab.Tokenizer), nil
	}
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
	words, err := realisticWords(contexts)
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
	tok, err := vocab.Text(tokens)
	if err == nil {
		realisticTokenizers.Store(key, tok)
	}
	return tok, err
}

// realisticWords lists the pieces of the contexts' texts without their blanks, in
// order: names, and the words of the templates as they occur in problems of every op
// and mode.
func realisticWords(contexts []string) ([]string, error) {
	seen := map[string]bool{"\n": true}
	take := func(text string) {
		for _, piece := range vocab.SplitProse(text) {
			if len(piece) > 1 && piece[0] == ' ' {
				piece = piece[1:]
			}
			seen[piece] = true
		}
	}
	for _, name := range contexts {
		c, err := gsm.ContextByName(name)
		if err != nil {
			return nil, err
		}
		for _, list := range append(slices.Clone(c.Places), c.Items...) {
			for _, name := range list {
				take(name)
			}
		}
		take(c.Avg + " " + c.Total + " " + c.Total2)
	}
	for _, context := range contexts {
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
