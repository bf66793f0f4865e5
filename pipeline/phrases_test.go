package pipeline

import (
	"testing"

	"interplay/kernelkit/gsm"
)

func TestPhrasesHoldTheTextsOfTheirContextsInFewTokens(t *testing.T) {
	ph := Phrases{Contexts: []string{"zoo", "school"}, Numbers: 512}
	tok, err := ph.tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	words, err := realisticTokenizer(gsm.ContextNames(gsm.Realistic))
	if err != nil {
		t.Fatal(err)
	}
	source, err := gsm.NewSource(gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 8}, ph.Contexts...), gsm.Test, 7)
	if err != nil {
		t.Fatal(err)
	}
	few, many := 0, 0
	for i := range uint64(400) {
		p := source.At(i)
		ids, err := tok.Encode(p.Training())
		if err != nil {
			t.Fatalf("%s: %v", p.ID, err)
		}
		if got := tok.Decode(ids); got != p.Training() {
			t.Fatalf("%s comes back from its tokens as %q", p.ID, got)
		}
		long, err := words.Encode(p.Training())
		if err != nil {
			t.Fatal(err)
		}
		few, many = few+len(ids), many+len(long)
	}
	t.Logf("%d ids; %.1f tokens a problem, %.1f in words", tok.Size(), float64(few)/400, float64(many)/400)
	if 10*few > 6*many {
		t.Errorf("phrases take %d tokens, words %d: expected at most six tenths", few, many)
	}
	for _, name := range []string{" Beverly Forest", " adult blue jay", " elementary school"} {
		if ids, err := tok.Encode(name); err != nil || len(ids) != 1 {
			t.Errorf("%q is cut into %d tokens (%v), expected one", name, len(ids), err)
		}
	}
	again, err := ph.tokens()
	if err != nil {
		t.Fatal(err)
	}
	for i, token := range again {
		if tok.Token(int32(tok.Size()-len(again)+i)) != token {
			t.Fatalf("token %d is %q at first and %q then", i, tok.Token(int32(tok.Size()-len(again)+i)), token)
		}
	}
	if _, err := (Phrases{Contexts: []string{"moon"}, Numbers: 5}).tokenizer(); err == nil {
		t.Error("an unknown context is accepted")
	}
}
