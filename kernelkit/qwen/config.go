// Package qwen is the Qwen2.5 decoder on GoMLX: configuration, weights, the
// network as a pure function of its weights, and Hugging Face files out and in.
//
// Weights are an ordered list of named tensors that go into every compiled program
// as inputs. There is no store of variables: what is trained, sampled from, averaged,
// digested and exported is the same list.
//
// The network (docs/paper.md, "Model and tokenizer"): pre-norm blocks with RMSNorm, rotary positions in the
// split-half layout, grouped-query attention with biases on q, k and v only, a SwiGLU
// MLP, and an unembedding that may be tied to the embedding.
package qwen

import (
	"fmt"
	"math"
)

// Config says which network it is. The zero value is not valid; Size gives the
// project's sizes.
type Config struct {
	VocabSize  int `json:"vocab_size"`              // tokens
	HiddenSize int `json:"hidden_size"`             // width of the residual stream
	Layers     int `json:"num_hidden_layers"`       // blocks
	Heads      int `json:"num_attention_heads"`     // query heads
	KVHeads    int `json:"num_key_value_heads"`     // key and value heads, a divisor of Heads
	FFN        int `json:"intermediate_size"`       // width of the MLP
	Context    int `json:"max_position_embeddings"` // positions that the model is meant for

	RopeTheta float64 `json:"rope_theta"`          // base of the rotary frequencies
	RMSEps    float64 `json:"rms_norm_eps"`        // added to the mean square
	Tied      bool    `json:"tie_word_embeddings"` // unembedding = embedding transposed

	// EmbedScale multiplies the embeddings at the input; 1 is Qwen2. √HiddenSize helps
	// small tied models: it gives the residual stream unit variance while the
	// unembedding keeps small logits. Other programs do not know it: Export folds it
	// into the weights.
	EmbedScale float64 `json:"embed_scale,omitempty"`

	// InitStd is the standard deviation of the initial matrices; 0 means 1/√fan-in.
	InitStd float64 `json:"initializer_range"`

	// OffsetInit makes heads 0, 1 and 2 of the first layer look 1, 2 and 3 tokens back
	// at the start, by biases on q and k. An inductive bias that shortens the wait for
	// variable look-up in very small models: report it with the results.
	OffsetInit bool `json:"offset_init,omitempty"`

	// LookupInit makes the first two layers look values up by their names at the start: see
	// Lookup. An inductive bias too; it needs 2 layers, 2 heads for each part of a name, and
	// as many key and value heads as query heads.
	LookupInit Lookup `json:"lookup_init,omitempty"`
}

// Size returns the configuration of one of the project's sizes for a vocabulary:
// "micro" (two CPU cores, minutes), "10m" and "25m" (one GPU), "paper" (the paper's
// 100M; docs/paper.md, "Model and tokenizer").
func Size(name string, vocab int) (Config, error) {
	c := Config{VocabSize: vocab, Context: 2048, RopeTheta: 1e6, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.02}
	switch name {
	case "micro":
		c.HiddenSize, c.Layers, c.Heads, c.KVHeads, c.FFN, c.Context = 64, 3, 4, 4, 192, 512
		c.RopeTheta, c.EmbedScale, c.InitStd, c.OffsetInit = 1e4, 8, 0, true
	case "10m":
		c.HiddenSize, c.Layers, c.Heads, c.KVHeads, c.FFN = 320, 6, 5, 1, 1280
	case "25m":
		c.HiddenSize, c.Layers, c.Heads, c.KVHeads, c.FFN = 512, 6, 8, 2, 2048
	case "paper":
		c.HiddenSize, c.Layers, c.Heads, c.KVHeads, c.FFN = 768, 12, 12, 2, 3072
	default:
		return Config{}, fmt.Errorf("qwen: unknown size %q: expected micro, 10m, 25m or paper", name)
	}
	return c, c.Validate()
}

// mostScores is how many attention scores a text may have in a layer: 2 GiB in f32.
const mostScores = 1 << 29

// CheckLength says whether attention over a text of so many tokens can be held. On a CPU each
// layer holds heads × tokens² scores.
func (c Config) CheckLength(tokens int) error {
	if most := int(math.Sqrt(mostScores / float64(c.Heads))); tokens > most {
		return fmt.Errorf("a text of %d tokens is too long to attend to at once: with %d heads its scores would take %.0f GiB; cut it to %d tokens or fewer",
			tokens, c.Heads, 4*float64(c.Heads)*float64(tokens)*float64(tokens)/(1<<30), most)
	}
	return nil
}

// HeadDim is the width of one attention head.
func (c Config) HeadDim() int { return c.HiddenSize / c.Heads }

// A layer is compiled for itself: .12 s for a likelihood and .23 s for sampling on two cores
// of an Intel Xeon, at width 2. So depth is bounded where a file of a megabyte could ask
// for minutes: more than thinLayers need leastDeep weights each, half a megabyte in 16 bits.
const (
	thinLayers = 32
	leastDeep  = 1 << 14
)

// Validate returns the first thing that is wrong with the configuration.
func (c Config) Validate() error {
	for _, f := range []struct {
		name        string
		value, most int
	}{ // far beyond what fits a machine, and small enough that no product of them overflows
		{"vocab_size", c.VocabSize, 1 << 22}, {"hidden_size", c.HiddenSize, 1 << 16}, {"num_hidden_layers", c.Layers, 1 << 7},
		{"num_attention_heads", c.Heads, 1 << 10}, {"num_key_value_heads", c.KVHeads, 1 << 10}, {"intermediate_size", c.FFN, 1 << 18},
		{"max_position_embeddings", c.Context, 1 << 24},
	} {
		if f.value < 1 || f.value > f.most {
			return fmt.Errorf("qwen: %s is %d: expected 1 to %d", f.name, f.value, f.most)
		}
	}
	switch {
	case c.Layers > thinLayers && c.layerParams() < leastDeep:
		return fmt.Errorf("qwen: num_hidden_layers is %d, of %d weights each: expected at most %d layers of fewer than %d weights. Each layer takes a CPU a tenth of a second to compile, however narrow: take fewer, or wider ones (hidden_size, intermediate_size)",
			c.Layers, c.layerParams(), thinLayers, leastDeep)
	case c.HiddenSize%c.Heads != 0:
		return fmt.Errorf("qwen: hidden_size %d is no multiple of num_attention_heads %d", c.HiddenSize, c.Heads)
	case c.HeadDim()%2 != 0:
		return fmt.Errorf("qwen: the head width %d (hidden_size/num_attention_heads) is odd: rotary positions need pairs", c.HeadDim())
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("qwen: num_attention_heads %d is no multiple of num_key_value_heads %d", c.Heads, c.KVHeads)
	case !positive(c.RopeTheta):
		return fmt.Errorf("qwen: rope_theta is %g: expected a positive number", c.RopeTheta)
	case !positive(c.RMSEps):
		return fmt.Errorf("qwen: rms_norm_eps is %g: expected a positive number", c.RMSEps)
	case !positive(c.EmbedScale):
		return fmt.Errorf("qwen: embed_scale is %g: expected a positive number (1 for Qwen2)", c.EmbedScale)
	case c.InitStd != 0 && !positive(c.InitStd):
		return fmt.Errorf("qwen: initializer_range is %g: expected a positive number, or 0 for 1/√fan-in", c.InitStd)
	case c.OffsetInit && c.HeadDim() < 2*offsetPairs:
		return fmt.Errorf("qwen: offset_init needs heads of at least %d, found %d", 2*offsetPairs, c.HeadDim())
	}
	return c.validateLookup()
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

// TensorSpec names one weight as Hugging Face does. Matrices are [out, in].
type TensorSpec struct {
	Name  string
	Shape []int
}

// Size is the number of values.
func (s TensorSpec) Size() int {
	n := 1
	for _, d := range s.Shape {
		n *= d
	}
	return n
}

// Tensors of a layer, in the order of Specs.
const (
	inputNorm = iota
	qWeight
	qBias
	kWeight
	kBias
	vWeight
	vBias
	oWeight
	postNorm
	gateWeight
	upWeight
	downWeight
	perLayer
)

// Specs lists the weights in the canonical order: embedding, layers, final norm,
// and the unembedding where it is not tied.
func (c Config) Specs() []TensorSpec {
	d, q, kv := c.HiddenSize, c.Heads*c.HeadDim(), c.KVHeads*c.HeadDim()
	specs := []TensorSpec{{"model.embed_tokens.weight", []int{c.VocabSize, d}}}
	for l := range c.Layers {
		p := fmt.Sprintf("model.layers.%d.", l)
		specs = append(specs,
			TensorSpec{p + "input_layernorm.weight", []int{d}},
			TensorSpec{p + "self_attn.q_proj.weight", []int{q, d}},
			TensorSpec{p + "self_attn.q_proj.bias", []int{q}},
			TensorSpec{p + "self_attn.k_proj.weight", []int{kv, d}},
			TensorSpec{p + "self_attn.k_proj.bias", []int{kv}},
			TensorSpec{p + "self_attn.v_proj.weight", []int{kv, d}},
			TensorSpec{p + "self_attn.v_proj.bias", []int{kv}},
			TensorSpec{p + "self_attn.o_proj.weight", []int{d, q}},
			TensorSpec{p + "post_attention_layernorm.weight", []int{d}},
			TensorSpec{p + "mlp.gate_proj.weight", []int{c.FFN, d}},
			TensorSpec{p + "mlp.up_proj.weight", []int{c.FFN, d}},
			TensorSpec{p + "mlp.down_proj.weight", []int{d, c.FFN}})
	}
	specs = append(specs, TensorSpec{"model.norm.weight", []int{d}})
	if !c.Tied {
		specs = append(specs, TensorSpec{"lm_head.weight", []int{c.VocabSize, d}})
	}
	return specs
}

// layerParams is the number of parameters of one layer.
func (c Config) layerParams() int {
	one, none := c, c
	one.Layers, none.Layers = 1, 0
	return one.Params() - none.Params()
}

// Params is the number of parameters; a tied unembedding counts once.
func (c Config) Params() int {
	n := 0
	for _, s := range c.Specs() {
		n += s.Size()
	}
	return n
}

// FLOPs is the number of floating-point operations of a forward pass over one
// sequence of the given length (a multiply and an add count two): matrices, and
// attention over the causal half. Training costs three times as much.
func (c Config) FLOPs(seq int) float64 {
	matrices := float64(c.Params() - c.VocabSize*c.HiddenSize)
	if c.Tied {
		matrices += float64(c.VocabSize * c.HiddenSize)
	}
	attention := float64(c.Layers) * 2 * float64(seq) / 2 * float64(c.Heads*c.HeadDim())
	return 2 * float64(seq) * (matrices + attention)
}

// TrainingFLOPs is what a trained token of sequences of the given length costs: a backward
// pass costs two forward passes.
func (c Config) TrainingFLOPs(seq int) float64 { return 3 * c.FLOPs(seq) / float64(seq) }
