package qwen

import (
	"cmp"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/random"
)

func open(t testing.TB, backend string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(backend)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// testConfig is small and uses every feature: grouped heads, an untied head, scaled embeddings.
var testConfig = Config{VocabSize: 23, HiddenSize: 24, Layers: 2, Heads: 6, KVHeads: 2, FFN: 20, Context: 64, RopeTheta: 1e4, RMSEps: 1e-6, EmbedScale: 3}

// randomWeights are weights in which biases and norms have random values too.
func randomWeights(t testing.TB, cfg Config, seed int64) *Weights {
	t.Helper()
	w, err := NewWeights(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range w.Tensors {
		if x.Rank() == 1 {
			s := random.New(seed, "test vectors", uint64(i))
			tensors.MustMutableFlatData(x, func(flat []float32) {
				for j := range flat {
					flat[j] += float32(0.3 * s.Norm())
				}
			})
		}
	}
	return w
}

func args(w *Weights, more ...any) []any {
	var a []any
	for _, x := range w.Tensors {
		a = append(a, x)
	}
	return append(a, more...)
}

func forward(t testing.TB, e *engine.Engine, w *Weights, tokens, positions, segments [][]int32) [][][]float32 {
	t.Helper()
	exec, err := graph.NewExec(e.Backend, func(in []*graph.Node) *graph.Node {
		n := len(w.Tensors)
		var seg *graph.Node
		if segments != nil {
			seg = in[n+2]
		}
		return Bind(w.Config, in[:n]).Forward(Rows{Tokens: in[n], Positions: in[n+1], Segments: seg})
	})
	if err != nil {
		t.Fatal(err)
	}
	more := []any{tokens, positions}
	if segments != nil {
		more = append(more, segments)
	}
	out, err := exec.Call(args(w, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Value().([][][]float32)
}

// reference is the decoder written out in plain loops of float64, for one sequence.
func reference(w *Weights, tokens []int32) [][]float64 {
	c := w.Config
	named := map[string][]float32{}
	for i, s := range c.Specs() {
		named[s.Name] = tensors.MustCopyFlatData[float32](w.Tensors[i])
	}
	product := func(x []float64, name string, out int) []float64 {
		m, y := named[name+".weight"], make([]float64, out)
		for o := range y {
			for i, v := range x {
				y[o] += v * float64(m[o*len(x)+i])
			}
			if b := named[name+".bias"]; b != nil {
				y[o] += float64(b[o])
			}
		}
		return y
	}
	norm := func(x []float64, name string) []float64 {
		sum := 0.0
		for _, v := range x {
			sum += v * v
		}
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = v / math.Sqrt(sum/float64(len(x))+c.RMSEps) * float64(named[name+".weight"][i])
		}
		return y
	}
	rotate := func(x []float64, position int) {
		half := c.HeadDim() / 2
		for h := 0; h < len(x); h += c.HeadDim() {
			for i := range half {
				angle := float64(position) * math.Pow(c.RopeTheta, -float64(2*i)/float64(c.HeadDim()))
				a, b := x[h+i], x[h+half+i]
				x[h+i], x[h+half+i] = a*math.Cos(angle)-b*math.Sin(angle), b*math.Cos(angle)+a*math.Sin(angle)
			}
		}
	}
	d := c.HiddenSize
	stream := make([][]float64, len(tokens))
	for t, id := range tokens {
		stream[t] = make([]float64, d)
		for i := range d {
			stream[t][i] = c.EmbedScale * float64(named["model.embed_tokens.weight"][int(id)*d+i])
		}
	}
	for l := range c.Layers {
		p := c.Specs()[1+l*perLayer].Name
		p = p[:len(p)-len("input_layernorm.weight")]
		var keys, values [][]float64
		for t, x := range stream {
			y := norm(x, p+"input_layernorm")
			q := product(y, p+"self_attn.q_proj", d)
			k := product(y, p+"self_attn.k_proj", c.KVHeads*c.HeadDim())
			rotate(q, t)
			rotate(k, t)
			keys, values = append(keys, k), append(values, product(y, p+"self_attn.v_proj", c.KVHeads*c.HeadDim()))
			mixed := make([]float64, d)
			for h := range c.Heads {
				from, kv := h*c.HeadDim(), h/(c.Heads/c.KVHeads)*c.HeadDim()
				e, sum := make([]float64, t+1), 0.0
				for s := range e {
					dot := 0.0
					for i := range c.HeadDim() {
						dot += q[from+i] * keys[s][kv+i]
					}
					e[s] = math.Exp(dot / math.Sqrt(float64(c.HeadDim())))
					sum += e[s]
				}
				for s := range e {
					for i := range c.HeadDim() {
						mixed[from+i] += e[s] / sum * values[s][kv+i]
					}
				}
			}
			for i, v := range product(mixed, p+"self_attn.o_proj", d) {
				stream[t][i] += v
			}
		}
		for t, x := range stream {
			y := norm(x, p+"post_attention_layernorm")
			g, u := product(y, p+"mlp.gate_proj", c.FFN), product(y, p+"mlp.up_proj", c.FFN)
			for i := range g {
				g[i] = g[i] / (1 + math.Exp(-g[i])) * u[i]
			}
			for i, v := range product(g, p+"mlp.down_proj", d) {
				stream[t][i] += v
			}
		}
	}
	head := "lm_head"
	if c.Tied {
		head = "model.embed_tokens"
	}
	logits := make([][]float64, len(tokens))
	for t, x := range stream {
		logits[t] = product(norm(x, "model.norm"), head, c.VocabSize)
	}
	return logits
}

func draw(seed int64, n, vocab int) []int32 {
	s, ids := random.New(seed, "test tokens"), make([]int32, n)
	for i := range ids {
		ids[i] = int32(s.IntN(vocab))
	}
	return ids
}

func count(from, n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(from + i)
	}
	return p
}

func maxDifference(got [][]float32, want [][]float64) (worst float64) {
	for t := range want {
		for i := range want[t] {
			worst = max(worst, math.Abs(float64(got[t][i])-want[t][i]))
		}
	}
	return worst
}

func TestForwardEqualsTheDecoderWrittenOutInLoops(t *testing.T) {
	tied := testConfig
	tied.Tied, tied.EmbedScale, tied.KVHeads = true, 1, 6
	for name, cfg := range map[string]Config{"grouped, untied": testConfig, "full, tied": tied} {
		for _, backend := range []string{"", "go:ops_sequential"} { // the one in use, and the portable one
			t.Run(name+" on "+cmp.Or(backend, "the default"), func(t *testing.T) {
				w := randomWeights(t, cfg, 3)
				tokens := draw(4, 11, cfg.VocabSize)
				got := forward(t, open(t, backend), w, [][]int32{tokens}, [][]int32{count(0, 11)}, nil)
				if d := maxDifference(got[0], reference(w, tokens)); d > 2e-5 {
					t.Errorf("logits differ by up to %.2g", d)
				}
			})
		}
	}
}

func TestPackedDocumentsDoNotSeeEachOther(t *testing.T) {
	w := randomWeights(t, testConfig, 5)
	a, b := draw(6, 7, testConfig.VocabSize), draw(7, 5, testConfig.VocabSize)
	tokens := append(append(append([]int32{}, a...), b...), 0, 0)
	positions := append(append(append([]int32{}, count(0, 7)...), count(0, 5)...), 0, 0)
	segments := []int32{1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0, 0}
	got := forward(t, open(t, ""), w, [][]int32{tokens}, [][]int32{positions}, [][]int32{segments})[0]
	if d := maxDifference(got[:7], reference(w, a)); d > 2e-5 {
		t.Errorf("the first document's logits differ by up to %.2g", d)
	}
	if d := maxDifference(got[7:12], reference(w, b)); d > 2e-5 {
		t.Errorf("the second document's logits differ by up to %.2g", d)
	}
	for _, v := range got[13] {
		if math.IsNaN(float64(v)) {
			t.Fatal("padding gives NaN")
		}
	}
}

func TestSizesHaveTheParametersThatTheySay(t *testing.T) {
	for name, want := range map[string][2]int{"paper": {103_170_816, 103_170_816}, "10m": {9_000_000, 11_000_000}, "25m": {22_000_000, 28_000_000}} {
		c, err := Size(name, 2200)
		if err != nil {
			t.Fatal(err)
		}
		if p := c.Params(); p < want[0] || p > want[1] {
			t.Errorf("%s has %d parameters, expected %d", name, p, want)
		}
	}
	if c, err := Size("micro", 65); err != nil || c.Params() < 160_000 || c.Params() > 170_000 {
		t.Errorf("micro has %d parameters (%v), expected about 165,000", c.Params(), err)
	}
	if _, err := Size("huge", 65); err == nil {
		t.Error("an unknown size is accepted")
	}
}

func TestValidateNamesTheFirstWrongField(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"vocab_size": func(c *Config) { c.VocabSize = 0 }, "no multiple of num_attention_heads": func(c *Config) { c.HiddenSize = 25 },
		"num_key_value_heads": func(c *Config) { c.KVHeads = 4 }, "odd": func(c *Config) { c.HiddenSize = 18 },
		"rope_theta": func(c *Config) { c.RopeTheta = math.Inf(1) }, "rms_norm_eps": func(c *Config) { c.RMSEps = 0 },
		"embed_scale": func(c *Config) { c.EmbedScale = math.NaN() }, "offset_init": func(c *Config) { c.OffsetInit = true },
	} {
		c := testConfig
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestWeightsAreAFunctionOfTheSeed(t *testing.T) {
	a, b, c := randomWeights(t, testConfig, 1), randomWeights(t, testConfig, 1), randomWeights(t, testConfig, 2)
	if a.Digest() != b.Digest() {
		t.Error("one seed gives two sets of weights")
	}
	if a.Digest() == c.Digest() {
		t.Error("two seeds give one set of weights")
	}
	if d := a.Clone().Digest(); d != a.Digest() {
		t.Error("a clone has another digest")
	}
}

// The score of the biases alone, q·k after rotation, must be largest at the head's offset.
func TestOffsetHeadsLookBack(t *testing.T) {
	cfg, err := Size("micro", 65)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWeights(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	q, k := tensors.MustCopyFlatData[float32](w.Tensors[1+qBias]), tensors.MustCopyFlatData[float32](w.Tensors[1+kBias])
	half := cfg.HeadDim() / 2
	for head := range 3 {
		score := func(distance int) (sum float64) {
			for i := range half {
				a := float64(distance) * cfg.frequencies()[i]
				q0, q1 := float64(q[head*16+i]), float64(q[head*16+half+i])
				k0, k1 := float64(k[head*16+i]), float64(k[head*16+half+i])
				sum += (q0*math.Cos(a)-q1*math.Sin(a))*k0 + (q1*math.Cos(a)+q0*math.Sin(a))*k1
			}
			return sum
		}
		best := 0
		for distance := range 160 {
			if score(distance) > score(best) {
				best = distance
			}
		}
		if best != head+1 {
			t.Errorf("head %d looks %d tokens back, expected %d", head, best, head+1)
		}
	}
}

// A context that is too long for a table of its angles computes them; the network is the same.
func TestAnglesOfALongContextAreComputed(t *testing.T) {
	e := open(t, "")
	tokens, positions := [][]int32{{1, 7, 3, 22, 5}}, [][]int32{{0, 1, 2, 3, 60}}
	short := testConfig
	long := short
	long.Context = 1 << 24 // a table of 2^25 numbers
	want := forward(t, e, randomWeights(t, short, 3), tokens, positions, nil)
	got := forward(t, e, randomWeights(t, long, 3), tokens, positions, nil)
	for i, row := range got[0] {
		for j, v := range row {
			if math.Abs(float64(v-want[0][i][j])) > 1e-4 {
				t.Errorf("logit %d of position %d is %g, from a table %g", j, i, v, want[0][i][j])
			}
		}
	}
}
