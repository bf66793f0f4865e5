package vocab

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Phrases makes a tokenizer for prose whose tokens may be several of SplitProse's pieces,
// such as " equals the number of": a text is cut into the longest tokens, from left to right,
// and a token begins and ends where a piece does. The special tokens come first, then the
// given ones in their order.
func Phrases(tokens []string) (*Tokenizer, error) { return words(tokens, phrases) }

// checkPhrase says why a token cannot be one of Phrases.
func checkPhrase(token string) error {
	if last, _ := utf8.DecodeLastRuneInString(token); len(SplitProse(token)) > 1 && unicode.IsSpace(last) {
		return fmt.Errorf("vocab: token %q ends with a blank, which belongs to the piece behind it", token)
	}
	return nil
}

// longestPhrase is the largest number of pieces in a token that is not special.
func longestPhrase(tokens []string, special map[int32]bool) int {
	longest := 1
	for id, token := range tokens {
		if !special[int32(id)] {
			longest = max(longest, len(SplitProse(token)))
		}
	}
	return longest
}

// phraseToken is the length of the longest token at the start of a text that is not empty,
// 0 where there is none.
func (t *Tokenizer) phraseToken(text string) int {
	best, end := 0, 0
	for pieces := 0; pieces < t.longest && end < len(text); pieces++ {
		end += proseToken(text[end:])
		if _, ok := t.ids[text[:end]]; ok {
			best = end
		}
	}
	return best
}

// phrasePattern cuts a text as Phrases does, as a pattern for Hugging Face's pre-tokenizer:
// the tokens of several pieces, longest first, each up to the end of its last piece, and
// otherwise a piece.
func phrasePattern(tokens []string, special map[int32]bool) string {
	var several []string
	for id, token := range tokens {
		if !special[int32(id)] && len(SplitProse(token)) > 1 {
			several = append(several, token)
		}
	}
	slices.SortFunc(several, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	var b strings.Builder
	for _, token := range several {
		b.WriteString(regexp.QuoteMeta(token))
		switch last, _ := utf8.DecodeLastRuneInString(token); {
		case unicode.IsLetter(last):
			b.WriteString(`(?!\p{L})`)
		case unicode.IsNumber(last):
			b.WriteString(`(?!\p{N})`)
		}
		b.WriteByte('|')
	}
	return b.String() + prosePattern
}
