package vocab

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"interplay/kernelkit/durable"
)

// bpe is a byte-level BPE model (Radford et al. 2019): text is cut by a regular
// expression, the bytes of each piece are written as printable characters, and the pair of
// neighbours that was learned first is merged until none is left.
type bpe struct {
	raw          []byte // the tokenizer.json that it was read from
	nfc          bool
	prefixSpace  bool
	cutters      []cutter
	ids          map[string]int32
	merges       map[[2]int32]merge
	ignoreMerges bool
	special      map[int32]bool

	mu    sync.RWMutex
	cache map[string][]int32
}

type merge struct {
	rank int
	into int32
}

// cacheLimit bounds the words whose ids are remembered.
const cacheLimit = 1 << 16

// byteRune is the printable character that stands for each byte, and runeByte the way back.
var byteRune, runeByte = byteCharacters()

func byteCharacters() (forth [256]rune, back map[rune]byte) {
	back = map[rune]byte{}
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if printable := b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae; !printable {
			r = next
			next++
		}
		forth[b], back[r] = r, byte(b)
	}
	return forth, back
}

func parseBPE(f *tokenizerJSON, data []byte) (*Tokenizer, error) {
	o := f.Model.Extra
	switch {
	case o.Dropout != nil && *o.Dropout != 0:
		return nil, errors.New("the BPE model drops merges at random: its ids are not a function of the text")
	case o.ContinuingSubwordPrefix != nil && *o.ContinuingSubwordPrefix != "", o.EndOfWordSuffix != nil && *o.EndOfWordSuffix != "", o.ByteFallback:
		return nil, errors.New("the BPE model is not byte-level: it has a subword prefix, a word suffix or byte fallback")
	}
	b := &bpe{raw: data, ids: f.Model.Vocab, ignoreMerges: o.IgnoreMerges, cache: map[string][]int32{}, special: map[int32]bool{}}
	if err := b.normalizer(f.Normalizer); err != nil {
		return nil, err
	}
	if err := b.preTokenizer(f.PreTokenizer); err != nil {
		return nil, err
	}
	if err := b.readMerges(f.Model.Merge); err != nil {
		return nil, err
	}
	for _, a := range f.Added {
		if a.LStrip || a.RStrip || a.SingleWord {
			return nil, fmt.Errorf("added token %q strips blanks or wants whole words: not supported", a.Content)
		}
		b.special[a.ID] = true
	}
	tokens, special, err := f.table()
	if err != nil {
		return nil, err
	}
	t, err := assemble(tokens, special, byteLevel)
	if err != nil {
		return nil, err
	}
	t.bpe = b
	if t.eos < 0 {
		t.eos = t.idOr("<|endoftext|>") // Qwen's own tokenizers
	}
	return t, nil
}

func (b *bpe) normalizer(raw json.RawMessage) error {
	var n struct {
		Type string `json:"type"`
	}
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, &n); err != nil || n.Type != "NFC" {
		return fmt.Errorf("the normalizer is %s: expected none or NFC", raw)
	}
	b.nfc = true
	return nil
}

// gpt2Pattern is what the ByteLevel pre-tokenizer cuts with when use_regex is set.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

func (b *bpe) preTokenizer(p *component) error {
	parts := []component{}
	if p != nil && p.Type == "Sequence" {
		parts = p.Pretokenizers
	} else if p != nil {
		parts = append(parts, *p)
	}
	bytes := false
	for _, part := range parts {
		pattern := ""
		switch {
		case part.Type == "ByteLevel":
			bytes = true
			b.prefixSpace = part.AddPrefixSpace == nil || *part.AddPrefixSpace
			if part.UseRegex == nil || *part.UseRegex {
				pattern = gpt2Pattern
			}
		case part.Type == "Split" && part.Pattern != nil && part.Pattern.Regex != nil && part.Behavior == "Isolated" && (part.Invert == nil || !*part.Invert):
			pattern = *part.Pattern.Regex
		default:
			return fmt.Errorf("the pre-tokenizer has a part of type %q: expected Split (a regular expression, isolated) and ByteLevel", part.Type)
		}
		if pattern == "" {
			continue
		}
		c, err := newCutter(pattern)
		if err != nil {
			return err
		}
		b.cutters = append(b.cutters, c)
	}
	if !bytes {
		return errors.New("the BPE model is not byte-level: its pre-tokenizer has no part ByteLevel")
	}
	return nil
}

// readMerges reads ["a b", …] or [["a","b"], …].
func (b *bpe) readMerges(raw json.RawMessage) error {
	var pairs [][2]string
	if json.Unmarshal(raw, &pairs) != nil {
		var lines []string
		if err := json.Unmarshal(raw, &lines); err != nil {
			return fmt.Errorf("merges: %w", err)
		}
		pairs = nil
		for i, line := range lines {
			left, right, ok := strings.Cut(line, " ")
			if !ok {
				return fmt.Errorf("merge %d is %q: expected two tokens with a blank between", i, line)
			}
			pairs = append(pairs, [2]string{left, right})
		}
	}
	b.merges = make(map[[2]int32]merge, len(pairs))
	for rank, p := range pairs {
		left, okL := b.ids[p[0]]
		right, okR := b.ids[p[1]]
		into, okI := b.ids[p[0]+p[1]]
		if !okL || !okR || !okI {
			return fmt.Errorf("merge %d, %q and %q, names tokens that the vocabulary lacks", rank, p[0], p[1])
		}
		b.merges[[2]int32{left, right}] = merge{rank, into}
	}
	return nil
}

// encode appends the ids of text that holds no special token; offset is where it starts.
func (b *bpe) encode(ids []int32, text string, offset int) ([]int32, error) {
	if text == "" {
		return ids, nil
	}
	if b.nfc {
		text = norm.NFC.String(text)
	}
	if b.prefixSpace && text[0] != ' ' {
		text = " " + text
	}
	pieces := []string{text}
	for _, c := range b.cutters {
		var finer []string
		for _, p := range pieces {
			finer = c.cut(finer, p)
		}
		pieces = finer
	}
	for _, p := range pieces {
		word, err := b.word(p, offset)
		if err != nil {
			return nil, err
		}
		ids = append(ids, word...)
		offset += len(p)
	}
	return ids, nil
}

// word returns the ids of one piece.
func (b *bpe) word(piece string, offset int) ([]int32, error) {
	b.mu.RLock()
	known, ok := b.cache[piece]
	b.mu.RUnlock()
	if ok {
		return known, nil
	}
	var printed strings.Builder
	for i := range len(piece) {
		printed.WriteRune(byteRune[piece[i]])
	}
	var ids []int32
	if id, ok := b.ids[printed.String()]; ok && b.ignoreMerges {
		ids = []int32{id}
	} else {
		for i := range len(piece) {
			id, ok := b.ids[string(byteRune[piece[i]])]
			if !ok {
				return nil, &UnknownTextError{Offset: offset + i, Text: piece[i : i+1]}
			}
			ids = append(ids, id)
		}
		ids = b.merge(ids)
	}
	b.mu.Lock()
	if len(b.cache) < cacheLimit {
		b.cache[strings.Clone(piece)] = ids
	}
	b.mu.Unlock()
	return ids, nil
}

// merge joins the neighbours with the lowest rank, the leftmost first, until none can be joined.
func (b *bpe) merge(ids []int32) []int32 {
	for {
		best, at := merge{rank: math.MaxInt}, -1
		for i := range len(ids) - 1 {
			if m, ok := b.merges[[2]int32{ids[i], ids[i+1]}]; ok && m.rank < best.rank {
				best, at = m, i
			}
		}
		if at < 0 {
			return ids
		}
		ids[at] = best.into
		ids = append(ids[:at+1], ids[at+2:]...)
	}
}

// decode writes the bytes that the tokens stand for, special tokens as they are.
func (b *bpe) decode(t *Tokenizer, ids []int32) string {
	var out []byte
	for _, id := range ids {
		token := t.Token(id)
		switch {
		case token == "":
			out = utf8.AppendRune(out, utf8.RuneError)
		case b.special[id]:
			out = append(out, token...)
		default:
			for _, r := range token {
				if c, ok := runeByte[r]; ok {
					out = append(out, c)
				} else {
					out = utf8.AppendRune(out, r)
				}
			}
		}
	}
	return string(out)
}

// save writes the tokenizer.json that it was read from.
func (b *bpe) save(dir string) error {
	if err := durable.WriteFile(filepath.Join(dir, File), b.raw); err != nil {
		return fmt.Errorf("vocab: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, configFile)); err == nil {
		return nil
	}
	return saveConfig(dir, nil)
}

// cutter cuts text into the matches of a regular expression and what lies between them.
type cutter struct {
	re *regexp.Regexp
	// Group of the alternative \s+(?!\S), which Go's syntax lacks: its match gives the last
	// blank back when something else follows. 0 where the expression has none.
	blanks int
}

// anySpace is \s as the reference's engine means it: Unicode's white space.
const anySpace = `\s\x0b\x{85}\p{Z}`

// newCutter translates an expression from the syntax of the reference's engine.
func newCutter(pattern string) (cutter, error) {
	const trailing = `\s+(?!\S)`
	before, after, found := strings.Cut(pattern, trailing)
	source := pattern
	if found {
		source = before + `(?P<blanks>\s+)` + after
	}
	var b strings.Builder
	for i, class := 0, false; i < len(source); i++ {
		switch c := source[i]; {
		case c == '\\' && i+1 < len(source):
			i++
			switch next := source[i]; {
			case next == 's' && class:
				b.WriteString(anySpace)
			case next == 's':
				b.WriteString("[" + anySpace + "]")
			case next == 'S' && !class:
				b.WriteString("[^" + anySpace + "]")
			default:
				b.WriteString(source[i-1 : i+1])
			}
			continue
		case c == '[':
			class = true
		case c == ']':
			class = false
		}
		b.WriteByte(source[i])
	}
	// A doubly escaped expression looks ahead for a literal backslash and S; the alternative
	// after it is the same without the look-ahead, so only text with backslashes could differ.
	text := strings.ReplaceAll(b.String(), `(?!\\S)`, "")
	re, err := regexp.Compile(text)
	if err != nil {
		return cutter{}, fmt.Errorf("the pre-tokenizer's expression %q is not understood: %w", pattern, err)
	}
	c := cutter{re: re}
	if found {
		c.blanks = re.SubexpIndex("blanks")
	}
	return c, nil
}

// cut appends the pieces of text, which joined are the text again.
func (c cutter) cut(pieces []string, text string) []string {
	for at := 0; at < len(text); {
		m := c.re.FindStringSubmatchIndex(text[at:])
		if m == nil || m[1] == m[0] {
			return append(pieces, text[at:])
		}
		from, to := at+m[0], at+m[1]
		if c.blanks > 0 && m[2*c.blanks] >= 0 && to < len(text) {
			if _, last := utf8.DecodeLastRuneInString(text[from:to]); to-last > from {
				to -= last
			}
		}
		if from > at {
			pieces = append(pieces, text[at:from])
		}
		pieces = append(pieces, text[from:to])
		at = to
	}
	return pieces
}
