package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/vocab"
)

// Phrases asks for short word problems: each name of a place or a thing is one token, and so
// is each frequent piece of the templates between names, numbers and letters, such as
// " equals the number of". The texts are those of the family, unchanged. Forward mode only.
type Phrases struct {
	Contexts []string `json:"contexts"` // whose names are tokens
	Numbers  int      `json:"numbers"`  // the largest number that is a token: a text with a larger one is an error
}

// Of what phrases are found in: so many problems of each context, of ops 2 to phraseOps. A
// piece of the templates that one problem in a hundred has is a token.
const (
	phraseProblems = 600
	phraseOps      = 8
)

// phraseTokenizers remembers tokenizers by what they were asked for.
var phraseTokenizers sync.Map

// tokenizer is that of the phrases.
func (ph Phrases) tokenizer() (*vocab.Tokenizer, error) {
	key := fmt.Sprint(ph)
	if known, ok := phraseTokenizers.Load(key); ok {
		return known.(*vocab.Tokenizer), nil
	}
	tokens, err := ph.tokens()
	if err != nil {
		return nil, fmt.Errorf("tokens of word problems: %w", err)
	}
	tok, err := vocab.Phrases(tokens)
	if err != nil {
		return nil, err
	}
	phraseTokenizers.Store(key, tok)
	return tok, nil
}

// tokens lists names, letters, numbers, frequent pieces of the templates, and the words of
// all pieces, for what is rare.
func (ph Phrases) tokens() ([]string, error) {
	if len(ph.Contexts) == 0 || ph.Numbers < 1 {
		return nil, fmt.Errorf("found %d contexts and numbers up to %d: expected at least one of each", len(ph.Contexts), ph.Numbers)
	}
	var tokens []string
	known := map[string]bool{}
	add := func(more ...string) {
		for _, token := range more {
			if !known[token] {
				known[token] = true
				tokens = append(tokens, token)
			}
		}
	}
	names, err := ph.names()
	if err != nil {
		return nil, err
	}
	add(names...)
	for c := 'a'; c <= 'z'; c++ {
		add(" "+string(c), " "+string(c-'a'+'A'))
	}
	for n := range ph.Numbers + 1 {
		add(" " + strconv.Itoa(n))
	}
	counts, problems, err := ph.templates(names)
	if err != nil {
		return nil, err
	}
	templates := slices.Sorted(maps.Keys(counts))
	for _, template := range templates {
		if counts[template]*100 >= problems {
			add(template)
		}
	}
	for _, template := range templates {
		add(vocab.SplitProse(template)...)
	}
	add(" ") // before a tag
	return tokens, nil
}

// names are the places and things of the contexts, each with the blank before it.
func (ph Phrases) names() ([]string, error) {
	var names []string
	for _, name := range ph.Contexts {
		c, err := gsm.ContextByName(name)
		if err != nil {
			return nil, err
		}
		for _, list := range append(slices.Clone(c.Places), c.Items...) {
			for _, name := range list {
				names = append(names, " "+name)
			}
		}
	}
	return names, nil
}

// templates counts the problems that have each piece of a text between its names, numbers,
// letters and tags.
func (ph Phrases) templates(names []string) (counts map[string]int, problems int, err error) {
	cut := cutter(names)
	counts = map[string]int{}
	for _, context := range ph.Contexts {
		source, err := gsm.NewSource(gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: phraseOps}, context), gsm.Train, 1)
		if err != nil {
			return nil, 0, err
		}
		for i := range uint64(phraseProblems) {
			seen := map[string]bool{}
			for _, piece := range cut(source.At(i).Training()) {
				if !seen[piece] {
					seen[piece] = true
					counts[piece]++
				}
			}
		}
		problems += phraseProblems
	}
	return counts, problems, nil
}

// cutter cuts a text at names, numbers, single letters and tags, and returns what lies between.
func cutter(names []string) func(text string) []string {
	var pairs []string
	for _, tag := range []string{vocab.QuestionOpen, vocab.QuestionClose, vocab.SolutionOpen, vocab.SolutionClose, vocab.AnswerOpen, vocab.AnswerClose} {
		pairs = append(pairs, tag, "\x00")
	}
	names = slices.Clone(names)
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	for _, name := range names {
		pairs = append(pairs, name, "\x00")
	}
	marks := strings.NewReplacer(pairs...)
	return func(text string) []string {
		var pieces []string
		for part := range strings.SplitSeq(marks.Replace(text), "\x00") {
			from, at := 0, 0
			for _, piece := range vocab.SplitProse(part) {
				if value(piece) {
					pieces = append(pieces, part[from:at])
					from = at + len(piece)
				}
				at += len(piece)
			}
			pieces = append(pieces, strings.TrimSuffix(part[from:], " "))
		}
		return slices.DeleteFunc(pieces, func(piece string) bool { return piece == "" })
	}
}

// value says whether a piece is a number or a letter.
func value(piece string) bool {
	word := strings.TrimPrefix(piece, " ")
	if word == "" {
		return false
	}
	c := word[0]
	return c >= '0' && c <= '9' || len(word) == 1 && (c|0x20 >= 'a' && c|0x20 <= 'z')
}
