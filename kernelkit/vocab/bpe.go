package vocab

import (
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"interplay/kernelkit/strict"
)

// bpe is a byte-level BPE model (Radford et al. 2019): text is cut by regular
// expressions, the bytes of each piece are written as printable characters, and the pair of
// neighbours that was learned first is merged until none is left.
type bpe struct {
	cutters      []cutter // before the stage that turns bytes into characters,
	prefixSpace  bool     // which puts a blank before each piece that has none
	last         *cutter  // and cuts once more; nil where it does not
	bytes        [256]int32
	ids          map[string]int32 // of pieces, where those of whole words come before merges
	merges       map[[2]int32]merge
	ignoreMerges bool

	mu    sync.RWMutex
	cache map[string][]int32
}

type merge struct {
	rank int
	into int32
}

// cacheLimit bounds the words whose ids are remembered, and wordLimit their bytes.
const (
	cacheLimit = 1 << 16
	wordLimit  = 256
)

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

func newBPE(p *parts) (*bpe, error) {
	var dropout float64
	if p.dropout != nil && (json.Unmarshal(p.dropout, &dropout) != nil || dropout != 0) {
		return nil, fmt.Errorf("the BPE model drops merges at random (dropout %.20s): its ids are not a function of the text", p.dropout)
	}
	for _, f := range []struct {
		name  string
		raw   json.RawMessage
		plain string
	}{{"continuing_subword_prefix", p.prefix, `""`}, {"end_of_word_suffix", p.suffix, `""`}, {"byte_fallback", p.fallback, "false"}} {
		if f.raw != nil && string(f.raw) != f.plain {
			return nil, fmt.Errorf("the BPE model is not byte-level: %s is %.60s", f.name, f.raw)
		}
	}
	b := &bpe{ids: p.ids, ignoreMerges: p.ignoreMerges, cache: map[string][]int32{}}
	for c := range b.bytes {
		id, ok := p.ids[string(byteRune[c])]
		if b.bytes[c] = id; !ok {
			b.bytes[c] = -1
		}
	}
	if err := b.readStages(p.preTokenizer); err != nil {
		return nil, err
	}
	return b, b.readMerges(p.merges)
}

// gpt2Pattern is what the ByteLevel pre-tokenizer cuts with when use_regex is set.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

func (b *bpe) readStages(raw json.RawMessage) error {
	stages, err := readPreTokenizer(raw)
	if err != nil {
		return err
	}
	if n := len(stages); n == 0 || stages[n-1].kind != "ByteLevel" {
		return errors.New("the BPE model is not byte-level: its pre-tokenizer does not end with ByteLevel")
	}
	for i, s := range stages {
		pattern := s.regex
		if s.kind == "ByteLevel" {
			pattern = gpt2Pattern
		}
		c, err := newCutter(pattern)
		switch {
		case s.kind == "WhitespaceSplit", s.kind == "ByteLevel" && i < len(stages)-1:
			return fmt.Errorf("the pre-tokenizer has a part of type %s before others: not supported", s.kind)
		case err != nil:
			return err
		case s.kind == "Split":
			b.cutters = append(b.cutters, c)
		case s.useRegex:
			b.last = &c
		}
		b.prefixSpace = s.kind == "ByteLevel" && s.prefixSpace
	}
	return nil
}

// readMerges reads ["a b", …] or [["a","b"], …].
func (b *bpe) readMerges(raw json.RawMessage) error {
	if raw == nil {
		return errors.New("the BPE model has no merges")
	}
	var pairs [][]string
	if json.Unmarshal(raw, &pairs) != nil {
		var lines []string
		if err := json.Unmarshal(raw, &lines); err != nil {
			return fmt.Errorf("merges: %w", strict.Plain(err))
		}
		pairs = nil
		for _, line := range lines {
			if !strings.HasPrefix(line, "#version") {
				pairs = append(pairs, strings.Split(line, " "))
			}
		}
	}
	b.merges = make(map[[2]int32]merge, len(pairs))
	for rank, p := range pairs {
		if len(p) != 2 {
			return fmt.Errorf("merge %d is %.80q: expected two tokens", rank, p)
		}
		left, okL := b.ids[p[0]]
		right, okR := b.ids[p[1]]
		into, okI := b.ids[p[0]+p[1]]
		if !okL || !okR || !okI {
			return fmt.Errorf("merge %d, %.80q and %.80q, names tokens that the vocabulary lacks", rank, p[0], p[1])
		}
		b.merges[[2]int32{left, right}] = merge{rank, into}
	}
	return nil
}

// encode appends the ids of normalised text that holds no added token; offset is where it
// starts.
func (b *bpe) encode(ids []int32, text string, offset int) ([]int32, error) {
	if text == "" {
		return ids, nil
	}
	pieces, err := []string{text}, error(nil)
	for i := range b.cutters {
		if pieces, err = b.cutters[i].cutAll(pieces); err != nil {
			return nil, err
		}
	}
	if b.prefixSpace {
		for i, p := range pieces {
			if p[0] != ' ' {
				pieces[i] = " " + p
			}
		}
	}
	if b.last != nil {
		if pieces, err = b.last.cutAll(pieces); err != nil {
			return nil, err
		}
	}
	for _, p := range pieces {
		if ids, err = b.word(ids, p, offset); err != nil {
			return nil, err
		}
		offset += len(p)
	}
	return ids, nil
}

// cutAll cuts every piece.
func (c *cutter) cutAll(pieces []string) (finer []string, err error) {
	for _, p := range pieces {
		if finer, err = c.cut(finer, p); err != nil {
			return nil, err
		}
	}
	return finer, nil
}

// word appends the ids of one piece.
func (b *bpe) word(ids []int32, piece string, offset int) ([]int32, error) {
	b.mu.RLock()
	known, ok := b.cache[piece]
	b.mu.RUnlock()
	if ok {
		return append(ids, known...), nil
	}
	word, whole := []int32(nil), false
	if b.ignoreMerges {
		var printed strings.Builder
		for i := range len(piece) {
			printed.WriteRune(byteRune[piece[i]])
		}
		var id int32
		if id, whole = b.ids[printed.String()]; whole {
			word = []int32{id}
		}
	}
	if !whole {
		word = make([]int32, len(piece))
		for i := range len(piece) {
			if word[i] = b.bytes[piece[i]]; word[i] < 0 {
				return nil, &UnknownTextError{Offset: offset + i, Text: piece[i : i+1]}
			}
		}
		word = b.merge(word)
	}
	if len(piece) <= wordLimit {
		b.mu.Lock()
		if len(b.cache) < cacheLimit {
			b.cache[strings.Clone(piece)] = slices.Clone(word)
		}
		b.mu.Unlock()
	}
	return append(ids, word...), nil
}

// join is a pair of neighbours that can be merged.
type join struct {
	merge
	left   int32    // where the pair's first token starts
	tokens [2]int32 // what the pair was when it was found
}

// joins are a heap (container/heap): the pair that was learned first, the leftmost of equal
// ones.
type joins []join

func (h *joins) Len() int      { return len(*h) }
func (h *joins) Swap(i, j int) { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }
func (h *joins) Push(x any)    { *h = append(*h, x.(join)) }
func (h *joins) Less(i, j int) bool {
	a, b := (*h)[i], (*h)[j]
	return a.rank < b.rank || a.rank == b.rank && a.left < b.left
}

func (h *joins) Pop() any {
	n := len(*h) - 1
	x := (*h)[n]
	*h = (*h)[:n]
	return x
}

// merge joins the neighbours with the lowest rank, the leftmost first, until none can be
// joined, in place. It takes time n·log n.
func (b *bpe) merge(ids []int32) []int32 {
	n := int32(len(ids))
	next, before := make([]int32, n), make([]int32, n) // neighbours that are left; n and −1 at the ends
	var queue joins
	look := func(left, right int32) {
		if left < 0 || right >= n {
			return
		}
		pair := [2]int32{ids[left], ids[right]}
		if m, ok := b.merges[pair]; ok {
			heap.Push(&queue, join{m, left, pair})
		}
	}
	for i := range n {
		next[i], before[i] = i+1, i-1
		look(i-1, i)
	}
	for len(queue) > 0 {
		j := heap.Pop(&queue).(join)
		right := next[j.left]
		if ids[j.left] != j.tokens[0] || right >= n || ids[right] != j.tokens[1] {
			continue // one of the two was merged with another since
		}
		ids[j.left], ids[right] = j.into, -1
		if next[j.left] = next[right]; next[right] < n {
			before[next[right]] = j.left
		}
		look(before[j.left], j.left)
		look(j.left, next[j.left])
	}
	return slices.DeleteFunc(ids, func(id int32) bool { return id < 0 })
}

// decode writes the bytes that the tokens stand for, special tokens as they are.
func (b *bpe) decode(t *Tokenizer, ids []int32) string {
	var out []byte
	for _, id := range ids {
		token := t.Token(id)
		switch {
		case token == "":
			out = utf8.AppendRune(out, utf8.RuneError)
		case t.isSpecial[id]:
			out = append(out, token...)
		default:
			out = appendBytes(out, token)
		}
	}
	return string(out)
}

// appendBytes appends the bytes that a token's characters stand for, or the token itself
// where one of them stands for none.
func appendBytes(out []byte, token string) []byte {
	start := len(out)
	for _, r := range token {
		c, ok := runeByte[r]
		if !ok {
			return append(out[:start], token...)
		}
		out = append(out, c)
	}
	return out
}
