package qwen

import (
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/random"
)

// lookupConfig is a small network for names of the given parts.
func lookupConfig(parts ...NamePart) Config {
	return Config{VocabSize: 64, HiddenSize: 128, Layers: 2, Heads: 4, KVHeads: 4, FFN: 64, Context: 128, RopeTheta: 1e6, RMSEps: 1e-6,
		Tied: true, EmbedScale: 8, LookupInit: NewLookup(parts...)}
}

// statedValues is a prompt of pairs of a name and its value, and then a name and as many
// tokens between as the asking position stands behind it. Names are of one token (20 of them)
// or of two (6 × 6), values are tokens 50 to 59.
func statedValues(parts []NamePart, s *random.Stream) (tokens []int32, value int32) {
	type name [2]int32
	draw := func() name {
		if len(parts) == 1 {
			return name{int32(s.IntN(20))}
		}
		return name{int32(s.IntN(6)), int32(20 + s.IntN(6))}
	}
	write := func(n name) {
		for i, token := range n[:len(parts)] {
			if i > 0 {
				tokens = append(tokens, 45) // "in"
			}
			tokens = append(tokens, token)
		}
	}
	values := map[name]int32{}
	var names []name
	for len(names) < 7 {
		n := draw()
		if _, stated := values[n]; stated {
			continue
		}
		values[n] = int32(50 + s.IntN(10))
		names = append(names, n)
		write(n)
		for range parts[len(parts)-1].Key - 1 {
			tokens = append(tokens, 46) // "equals"
		}
		tokens = append(tokens, values[n], 47)
	}
	asked := names[s.IntN(len(names))]
	write(asked)
	for i := range parts[len(parts)-1].Query {
		tokens = append(tokens, int32(40+i%5))
	}
	return tokens, values[asked]
}

// found is the share of prompts whose most likely value is the one of the asked name.
func found(w *Weights, parts []NamePart) float64 {
	const prompts = 20
	right := 0
	for i := range uint64(prompts) {
		tokens, value := statedValues(parts, random.New(7, "stated values", i))
		logits := reference(w, tokens)
		last := logits[len(logits)-1][50:60]
		if last[value-50] == slices.Max(last) {
			right++
		}
	}
	return float64(right) / prompts
}

func TestALookupStartFindsValuesByTheirNames(t *testing.T) {
	for _, parts := range [][]NamePart{{{Key: 1, Query: 3}}, {{Key: 4, Query: 7}, {Key: 2, Query: 5}}} {
		with, without := 0.0, 0.0
		for seed := range int64(2) {
			cfg := lookupConfig(parts...)
			w, err := NewWeights(cfg, seed)
			if err != nil {
				t.Fatal(err)
			}
			with += found(w, parts) / 2
			cfg.LookupInit = ""
			if w, err = NewWeights(cfg, seed); err != nil {
				t.Fatal(err)
			}
			without += found(w, parts) / 2
		}
		t.Logf("%v: %.2f of the values are found, %.2f without the look-up start", parts, with, without)
		if with < 0.3 || without > 0.2 {
			t.Errorf("%v: %.2f of the values are found, expected at least .30; %.2f without the look-up start, expected about chance", parts, with, without)
		}
	}
}

func TestALookupStartIsAFunctionOfItsSeed(t *testing.T) {
	digest := func(cfg Config, seed int64) string {
		w, err := NewWeights(cfg, seed)
		if err != nil {
			t.Fatal(err)
		}
		return w.Digest()
	}
	cfg := lookupConfig(NamePart{1, 3})
	one, again := digest(cfg, 1), digest(cfg, 1)
	if one != again || one == digest(cfg, 2) || one == digest(lookupConfig(NamePart{2, 3}), 1) {
		t.Error("equal seeds and distances must give equal weights, others other ones")
	}
}

func TestALookupStartThatDoesNotFitIsRefused(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"2 layers": func(c *Config) { c.Layers = 1 },
		"6 heads":  func(c *Config) { c.LookupInit = "1/3 2/4 3/5" },
		"equal to": func(c *Config) { c.KVHeads = 2 },
		"both set": func(c *Config) { c.OffsetInit = true },
		"raise":    func(c *Config) { c.RopeTheta = 100 },
		"at least": func(c *Config) { c.Heads, c.KVHeads = 32, 32 },
		`"0/3"`:    func(c *Config) { c.LookupInit = "0/3" },
		`"3"`:      func(c *Config) { c.LookupInit = "1/3 3" },
		`"1/3x"`:   func(c *Config) { c.LookupInit = "1/3x" },
	} {
		cfg := lookupConfig(NamePart{1, 3})
		change(&cfg)
		if _, err := NewWeights(cfg, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", want, err)
		}
	}
}
