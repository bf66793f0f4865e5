package gsm

import (
	"regexp"
	"testing"

	"interplay/kernelkit/random"
)

// The definition of a token, written as a regular expression over the whole text.
func TestTokenCountIsTheNumberOfWordsOfTheTrainingText(t *testing.T) {
	word := regexp.MustCompile(`</?[a-z]+>|[\p{L}]+|[0-9]+|[^\s\p{L}0-9]`)
	token := regexp.MustCompile(`\S+`)
	for i := range uint64(200) {
		p := symbolicAt(t, int(i%12), i)
		if got, want := TokenCount(p), 1+len(token.FindAllString(p.Training(), -1)); got != want {
			t.Fatalf("%d tokens, want %d: %s", got, want, p.Training())
		}
		s := random.New(2, "tokens", i)
		for _, mode := range []Mode{Forward, Reverse} {
			g, ok := sampleSteered(s, 2+int(i%19), 2+int(i%2), mode)
			if !ok {
				continue
			}
			p, err := Render(g, ContextNames(Realistic)[i%3], s)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := TokenCount(p), 1+len(word.FindAllString(p.Training(), -1)); got != want {
				t.Fatalf("%d tokens, want %d: %s", got, want, p.Training())
			}
		}
	}
}
