package pipeline

import (
	"testing"

	"interplay/kernelkit/gsm"
)

func TestTheRealisticTokenizerHoldsEveryTextOfTheFamily(t *testing.T) {
	tok, err := realisticTokenizer(gsm.ContextNames(gsm.Realistic))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tokens", tok.Size())
	n := 300
	if testing.Short() {
		n = 60
	}
	for _, sampler := range []gsm.Sampler{gsm.Steered, gsm.Reference} {
		spec := gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 20}, "zoo", "school", "movie")
		spec.Reverse, spec.Sampler = 0.5, sampler
		source, err := gsm.NewSource(spec, gsm.Test, 7)
		if err != nil {
			t.Fatal(err)
		}
		failed := 0
		for i := range uint64(n) {
			p := source.At(i)
			ids, err := tok.Encode(p.Training())
			if err != nil {
				failed++
				t.Logf("%s (%v, op %d): %v", p.ID, sampler, p.Op, err)
			} else if got := tok.Decode(ids); got != p.Training() {
				t.Fatalf("%s does not come back from its tokens", p.ID)
			}
		}
		if failed > 0 {
			t.Errorf("%v: %d of %d problems cannot be encoded", sampler, failed, n)
		}
	}
}
