package vocab

import (
	_ "embed"
	"sync"
)

// paperBPE is what data/make_bpe.py gives; the script says how and from what.
//
//go:embed data/bpe.json
var paperBPE []byte

// Paper is the byte-level BPE of the paper's kind and size (docs/paper.md,
// "Model and tokenizer"), trained on this project's own corpus of the realistic family: the authors'
// pre-tokeniser with its isolated "s", "p", "L" and "N", whole numbers as single tokens, ids 0 to
// 9 for the special tokens. It encodes any text. Its texts are about a quarter shorter than the
// authors': compare counts of tokens with theirs only with that in mind.
var Paper = sync.OnceValue(func() *Tokenizer {
	t, err := parse(paperBPE)
	if err != nil {
		panic(err) // the file is a part of the program
	}
	return t
})
