package qwen

import (
	"math"
	"strings"
	"testing"

	"interplay/kernelkit/engine"
)

func TestWhatIsSeenIsWhatTheNetworkComputes(t *testing.T) {
	cfg := Config{VocabSize: 23, HiddenSize: 24, Layers: 2, Heads: 4, KVHeads: 2, FFN: 32, Context: 64,
		RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.3}
	w, err := NewWeights(cfg, 5)
	if err != nil {
		t.Fatal(err)
	}
	eng, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	ids := []int32{3, 1, 4, 1, 5, 9, 2, 6, 5, 3}
	s, err := Inspect(eng, w, ids)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.LogProbs) != len(ids) || len(s.Attention) != 2 || len(s.Attention[0]) != 4 || len(s.Attention[0][0]) != len(ids) || len(s.Attention[0][0][0]) != len(ids) {
		t.Fatalf("shapes: %d log-probs, attention %d×%d×%d×%d", len(s.LogProbs), len(s.Attention), len(s.Attention[0]), len(s.Attention[0][0]), len(s.Attention[0][0][0]))
	}
	for at, row := range s.LogProbs {
		sum := 0.0
		for _, l := range row {
			sum += math.Exp(float64(l))
		}
		if math.Abs(sum-1) > 1e-4 {
			t.Errorf("the chances behind position %d add up to %g", at, sum)
		}
	}
	for layer, heads := range s.Attention {
		for head, queries := range heads {
			for at, weights := range queries {
				sum := 0.0
				for key, v := range weights {
					sum += float64(v)
					if key > at && v > 1e-6 {
						t.Fatalf("layer %d, head %d: position %d attends to position %d behind it", layer, head, at, key)
					}
				}
				if math.Abs(sum-1) > 1e-4 {
					t.Fatalf("layer %d, head %d: the weights of position %d add up to %g", layer, head, at, sum)
				}
			}
		}
	}
	// A prefix is seen as it is in the whole text.
	prefix, err := Inspect(eng, w, ids[:4])
	if err != nil {
		t.Fatal(err)
	}
	for v, l := range prefix.LogProbs[3] {
		if math.Abs(float64(l-s.LogProbs[3][v])) > 1e-4 {
			t.Fatalf("token %d has log-prob %g behind the prefix and %g in the whole text", v, l, s.LogProbs[3][v])
		}
	}
	for text, says := range map[string][]int32{"0 tokens": {}, "65 tokens": make([]int32, 65), "is 23": {1, 23}, "is -1": {-1}} {
		if _, err := Inspect(eng, w, says); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: %v", says, err)
		}
	}
}
