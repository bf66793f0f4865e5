package vocab

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/random"
)

// fewPhrases has phrases that are prefixes of others, that share pieces, and that end in a
// letter, a number and a mark.
func fewPhrases(t *testing.T) *Tokenizer {
	t.Helper()
	_, tokens := proseTexts(200)
	v, err := Phrases(append(tokens, "The number of", "The number", " number of each", " wolf equals 42", " so 7", ". The number of", " = x", " equals ("))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPhrasesAreTheLongestTokensBetweenPieces(t *testing.T) {
	v := fewPhrases(t)
	for text, want := range map[string][]string{
		"The number of each":      {"The number of", " each"},
		"The numbers":             nil, // "numbers" is no token, and "number" no part of one
		"The number so 7 so 1296": {"The number", " so 7", " so", " 1296"},
		"x. The number of":        {"x", ". The number of"},
		" wolf equals 42":         {" wolf equals 42"},
		" wolf equals 1296":       {" wolf", " equals", " 1296"},
	} {
		ids, err := v.Encode(text)
		var got []string
		for _, id := range ids {
			got = append(got, v.Token(id))
		}
		var unknown *UnknownTextError
		if !slices.Equal(got, want) || (want == nil) != errors.As(err, &unknown) {
			t.Errorf("%q is cut into %q (%v), expected %q", text, got, err, want)
		}
	}
}

func TestTextsOfPhrasesComeBackAndTakeFewerTokens(t *testing.T) {
	v := fewPhrases(t)
	texts, tokens := proseTexts(200)
	prose, err := Text(tokens)
	if err != nil {
		t.Fatal(err)
	}
	shorter := 0
	for _, text := range texts {
		roundTrip(t, v, text)
		a, _ := v.Encode(text)
		b, err := prose.Encode(text)
		if err != nil || len(a) > len(b) {
			t.Errorf("%q takes %d tokens with phrases, %d without (%v)", text, len(a), len(b), err)
		}
		shorter += len(b) - len(a)
	}
	if shorter == 0 {
		t.Error("no phrase occurs")
	}
}

// The pattern is written for a library with look-ahead, which Go's has not: here each
// look-ahead is checked by hand.
func TestThePatternOfPhrasesCutsAsEncodeDoes(t *testing.T) {
	v := fewPhrases(t)
	alternatives := strings.Split(strings.TrimSuffix(phrasePattern(v.tokens, v.isSpecial), "|"+prosePattern), "|")
	texts, _ := proseTexts(200)
	for i := range 200 { // texts in which phrases meet and overlap
		s := random.New(5, "phrases", uint64(i))
		var b strings.Builder
		for range 12 {
			b.WriteString([]string{"The", " number", " of", " each", " wolf", " equals", " 42", " so", " 7", ".", " The", " = ", "x", "42"}[s.IntN(14)])
		}
		texts = append(texts, b.String())
	}
	match := func(text string) int {
		for _, a := range alternatives {
			a, not, ahead := strings.Cut(a, "(?!")
			n := len(regexp.MustCompile("^(?:" + a + ")").FindString(text))
			if n > 0 && !(ahead && regexp.MustCompile("^"+strings.TrimSuffix(not, ")")).MatchString(text[n:])) {
				return n
			}
		}
		return proseToken(text)
	}
	for _, text := range texts {
		for at := 0; at < len(text); {
			n := v.phraseToken(text[at:])
			if n == 0 {
				n = proseToken(text[at:])
			}
			if strings.HasPrefix(text[at:], "<") || strings.HasPrefix(text[at:], " <") {
				break // special tokens are cut out first
			}
			if got := match(text[at:]); got != n {
				t.Fatalf("%q at byte %d: the pattern takes %q, Encode %q", text, at, text[at:at+got], text[at:at+n])
			}
			at += n
		}
	}
}

func TestASavedTokenizerOfPhrasesLoadsAsItWas(t *testing.T) {
	v, dir, again := fewPhrases(t), t.TempDir(), t.TempDir()
	if err := v.Save(dir); err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.tokens, v.tokens) || got.longest != v.longest || got.splitting != phrases {
		t.Error("it loads as another tokenizer")
	}
	texts, _ := proseTexts(200)
	for _, text := range texts {
		a, errA := v.Encode(text)
		b, errB := got.Encode(text)
		if !slices.Equal(a, b) || errA != nil || errB != nil {
			t.Errorf("%q gives %v, %v, and before %v, %v", text, b, errB, a, errA)
		}
	}
	if err := got.Save(again); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, dir, again)
	if _, err := Phrases([]string{"a", "so "}); err == nil || !strings.Contains(err.Error(), "blank") {
		t.Errorf("a phrase that ends with a blank: the error is %v", err)
	}
}
