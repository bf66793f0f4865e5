// Package vocab turns text into token ids and back, exactly: what a tokenizer does not know
// is an error with its position, never a silent [UNK], and Decode(Encode(s)) == s for every
// text that one made here accepts. One that was read from files may put a token before
// texts, normalise them, or take in blanks, as Hugging Face's tokenizers does with them.
//
// Three word-level tokenizers are made here: Words for texts that are tokens separated
// by single blanks (the symbolic problem family), Text for prose, where a token is
// a word, a number or a punctuation mark with the blank before it, and Phrases for prose
// with tokens of several of these. Load reads these, and
// byte-level BPE, from Hugging Face's tokenizer.json; Save writes what transformers'
// AutoTokenizer opens.
package vocab

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Special tokens have the ids 0 to 9 in every tokenizer made here, as in the paper's
// (docs/paper.md, "Model and tokenizer").
const (
	UNK = "[UNK]" // only there because Hugging Face's word-level model asks for it
	PAD = "[PAD]"
	BOS = "[BOS]"
	EOS = "[EOS]"

	QuestionOpen  = "<question>"
	QuestionClose = "</question>"
	SolutionOpen  = "<solution>"
	SolutionClose = "</solution>"
	AnswerOpen    = "<answer>"
	AnswerClose   = "</answer>"
)

var specials = []string{UNK, PAD, BOS, EOS, QuestionOpen, QuestionClose, SolutionOpen, SolutionClose, AnswerOpen, AnswerClose}

// splitting says how text between special tokens is cut.
type splitting int

const (
	blanks    splitting = iota // at single blanks, which are not part of a token
	prose                      // see SplitProse
	phrases                    // see Phrases
	byteLevel                  // byte-level BPE
)

// Tokenizer is a fixed vocabulary with the rule that cuts text. It is safe for
// concurrent use.
type Tokenizer struct {
	splitting splitting
	tokens    []string // by id; "" where an id is not used
	ids       map[string]int32
	isSpecial map[int32]bool
	raw       *finder // of the tokens that are cut out of the text as it comes,
	normal    *finder // and of those that are cut out of the normalised text
	nfc       bool
	prefix    []int32 // stands before every text
	pad       int32   // −1 where the tokenizer has none; likewise bos and eos
	bos, eos  int32
	ends      []int32 // who ends a text
	bpe       *bpe
	longest   int               // pieces of the longest token of phrases
	files     map[string][]byte // that it was read from; nil for one that was made here
}

// UnknownTextError is Encode's answer to text that the vocabulary does not hold.
type UnknownTextError struct {
	Offset int    // byte position
	Text   string // what stands there
}

func (e *UnknownTextError) Error() string {
	text := e.Text
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:60]) + "…"
	}
	return fmt.Sprintf("vocab: unknown text %q at byte %d: every token must be in the vocabulary", text, e.Offset)
}

// Words makes a tokenizer for texts of tokens separated by single blanks, such as
// "[BOS] a1 a2 * 8 . ? a1 :". The special tokens come first, then the given ones in
// their order. Tokens must be distinct, not empty and without blanks.
func Words(tokens []string) (*Tokenizer, error) { return words(tokens, blanks) }

// Text makes a tokenizer for prose: see SplitProse for what a token is. The special
// tokens come first, then the given ones in their order.
func Text(tokens []string) (*Tokenizer, error) { return words(tokens, prose) }

func words(tokens []string, how splitting) (*Tokenizer, error) {
	all := append(append([]string{}, specials...), tokens...)
	for _, token := range tokens {
		switch {
		case token == "":
			return nil, fmt.Errorf("vocab: a token is empty")
		case !utf8.ValidString(token):
			return nil, fmt.Errorf("vocab: token %q is not valid UTF-8", token)
		case how == blanks && strings.IndexFunc(token, unicode.IsSpace) >= 0:
			return nil, fmt.Errorf("vocab: token %q contains a blank: texts are cut at blanks", token)
		case how == phrases && checkPhrase(token) != nil:
			return nil, checkPhrase(token)
		case how == prose && len(SplitProse(token)) != 1:
			return nil, fmt.Errorf("vocab: %q is not one token: it is cut into %q", token, SplitProse(token))
		}
	}
	return assemble(all, specials, how)
}

// assemble builds the look-up tables.
func assemble(tokens, special []string, how splitting) (*Tokenizer, error) {
	t := &Tokenizer{splitting: how, tokens: tokens, ids: make(map[string]int32, len(tokens)), isSpecial: map[int32]bool{}}
	for i, token := range tokens {
		if token == "" {
			continue
		}
		if other, ok := t.ids[token]; ok {
			return nil, fmt.Errorf("vocab: token %q is given twice, as ids %d and %d", token, other, i)
		}
		t.ids[token] = int32(i)
	}
	added := make([]addedToken, len(special))
	for i, s := range special {
		t.isSpecial[t.ids[s]] = true
		added[i] = addedToken{ID: t.ids[s], Content: s, Special: true}
	}
	if how == phrases {
		t.longest = longestPhrase(tokens, t.isSpecial)
	}
	t.pad, t.bos = t.idOr(PAD), t.idOr(BOS)
	if err := t.setEnds("", nil); err != nil {
		return nil, err
	}
	return t, t.setFinders(added)
}

// setFinders sets the tokens that are cut out of texts.
func (t *Tokenizer) setFinders(added []addedToken) error {
	var raw, normal []addedToken
	seen := map[string]string{}
	for _, a := range added {
		if !a.Normalized {
			raw = append(raw, a)
			continue
		}
		whole := a.Content
		if t.nfc {
			a.Content = norm.NFC.String(a.Content)
		}
		if other, twice := seen[a.Content]; twice {
			return fmt.Errorf("added tokens %q and %q are one when normalised", other, whole)
		}
		seen[a.Content] = whole
		normal = append(normal, a)
	}
	t.raw, t.normal = newFinder(raw), newFinder(normal)
	return nil
}

func (t *Tokenizer) idOr(token string) int32 {
	if id, ok := t.ids[token]; ok {
		return id
	}
	return -1
}

// Size is the number of ids.
func (t *Tokenizer) Size() int { return len(t.tokens) }

// ID returns a token's id, and whether there is such a token.
func (t *Tokenizer) ID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// Token returns the token of an id, "" where there is none.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.tokens) {
		return ""
	}
	return t.tokens[id]
}

// PAD returns the id of [PAD], −1 where the tokenizer has none.
func (t *Tokenizer) PAD() int32 { return t.pad }

// BOS returns the id of [BOS], −1 where the tokenizer has none.
func (t *Tokenizer) BOS() int32 { return t.bos }

// EOS returns the id of the token that ends a text, [EOS] in tokenizers made here, −1 where
// the tokenizer has none. Ends lists all.
func (t *Tokenizer) EOS() int32 { return t.eos }

// Encode returns the ids of a text; before it stand those that the tokenizer's file puts
// before every text (a template with a first token), which tokenizers made here have not.
// Text that the vocabulary does not hold gives an *UnknownTextError.
func (t *Tokenizer) Encode(text string) ([]int32, error) {
	ids := append(make([]int32, 0, len(t.prefix)+len(text)/4+1), t.prefix...)
	if t.splitting == blanks {
		return t.encodeBlanks(ids, text)
	}
	var err error
	for _, p := range t.raw.find(text) {
		if p.token >= 0 {
			ids = append(ids, t.raw.tokens[p.token].ID)
		} else if ids, err = t.encodeNormal(ids, text[p.from:p.to], p.from); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// encodeNormal appends the ids of a text without tokens that are cut out before it is
// normalised.
func (t *Tokenizer) encodeNormal(ids []int32, text string, offset int) ([]int32, error) {
	if t.nfc {
		text = norm.NFC.String(text)
	}
	var err error
	for _, p := range t.normal.find(text) {
		if p.token >= 0 {
			ids = append(ids, t.normal.tokens[p.token].ID)
		} else if ids, err = t.encodePlain(ids, text[p.from:p.to], offset+p.from); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (t *Tokenizer) encodePlain(ids []int32, text string, offset int) ([]int32, error) {
	if t.splitting == byteLevel {
		return t.bpe.encode(ids, text, offset)
	}
	for at := 0; at < len(text); {
		n := 0
		if t.splitting == phrases {
			n = t.phraseToken(text[at:])
		}
		if n == 0 {
			n = proseToken(text[at:])
		}
		id, ok := t.ids[text[at:at+n]]
		if !ok {
			return nil, &UnknownTextError{Offset: offset + at, Text: text[at : at+n]}
		}
		ids = append(ids, id)
		at += n
	}
	return ids, nil
}

func (t *Tokenizer) encodeBlanks(ids []int32, text string) ([]int32, error) {
	if text == "" {
		return ids, nil
	}
	for at := 0; ; {
		end := len(text)
		if i := strings.IndexByte(text[at:], ' '); i >= 0 {
			end = at + i
		}
		id, ok := t.ids[text[at:end]]
		if !ok {
			return nil, &UnknownTextError{Offset: at, Text: text[at:end]}
		}
		ids = append(ids, id)
		if end == len(text) {
			return ids, nil
		}
		at = end + 1
	}
}

// Decode returns the text of ids. Special tokens are written out; ids that the
// vocabulary does not hold become U+FFFD, so that a broken sample can be looked at.
func (t *Tokenizer) Decode(ids []int32) string {
	if t.splitting == byteLevel {
		return t.bpe.decode(t, ids)
	}
	var b strings.Builder
	for i, id := range ids {
		if i > 0 && t.splitting == blanks {
			b.WriteByte(' ')
		}
		if token := t.Token(id); token != "" {
			b.WriteString(token)
		} else {
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}

// SplitProse cuts text as the Text tokenizer does: words (letters), numbers (digits)
// and single other characters, each with the one blank before it; any other white
// space is a token of its own. Joined, the pieces are the text again. It is the
// regular expression prosePattern.
func SplitProse(text string) []string {
	var pieces []string
	for len(text) > 0 {
		n := proseToken(text)
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	return pieces
}

// prosePattern is SplitProse for Hugging Face's pre-tokenizer.
const prosePattern = ` ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]|\s`

// proseToken is the length of the first token of a text that is not empty.
func proseToken(text string) int {
	at := 0
	if text[0] == ' ' && len(text) > 1 {
		at = 1
	}
	r, n := utf8.DecodeRuneInString(text[at:])
	switch {
	case unicode.IsSpace(r):
		_, first := utf8.DecodeRuneInString(text)
		return first
	case unicode.IsLetter(r):
		return at + run(text[at:], unicode.IsLetter)
	case unicode.IsNumber(r):
		return at + run(text[at:], unicode.IsNumber)
	}
	return at + n
}

// run is the length of the longest prefix whose characters all satisfy is.
func run(text string, is func(rune) bool) int {
	for i, r := range text {
		if !is(r) {
			return i
		}
	}
	return len(text)
}
