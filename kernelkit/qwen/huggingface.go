package qwen

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/durable"
)

// Names of Hugging Face's files.
const (
	ConfigFile  = "config.json"
	WeightsFile = "model.safetensors"
	indexFile   = "model.safetensors.index.json"
)

// ownType marks files of a network that Hugging Face's Qwen2 cannot express (a tied head
// and scaled embeddings), so that it is refused there and not run wrongly.
const ownType = "interplay_qwen2"

// Save writes config.json and model.safetensors, from which Load gives the same
// Weights back, bit for bit. Where EmbedScale is 1 transformers opens the folder too;
// Export makes it so for every network.
func Save(dir string, w *Weights) error {
	if err := w.Check(); err != nil {
		return err
	}
	if err := WriteSafetensors(filepath.Join(dir, WeightsFile), w.Config.Specs(), w.Tensors); err != nil {
		return err
	}
	return saveConfig(dir, w.Config)
}

// Export writes the network as a Qwen2ForCausalLM for other programs. Scaled embeddings
// are folded into the weights: a tied head is untied for it. The result computes the same
// function; where EmbedScale is a power of two, to the bit.
func Export(dir string, w *Weights) error {
	if err := w.Check(); err != nil {
		return err
	}
	if w.Config.EmbedScale != 1 {
		w = foldEmbedScale(w)
	}
	return Save(dir, w)
}

func foldEmbedScale(w *Weights) *Weights {
	c := w.Clone()
	if c.Config.Tied {
		c.Config.Tied = false
		c.Tensors = append(c.Tensors, w.Tensors[0])
	}
	tensors.MustMutableFlatData(c.Tensors[0], func(flat []float32) {
		for i := range flat {
			flat[i] *= float32(w.Config.EmbedScale)
		}
	})
	c.Config.EmbedScale = 1
	return c
}

// saveConfig writes config.json with both spellings of the rotary base: transformers 4
// reads rope_theta, version 5 reads rope_parameters.
func saveConfig(dir string, c Config) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("qwen: %w", err)
	}
	fields := map[string]any{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return fmt.Errorf("qwen: %w", err)
	}
	fields["architectures"], fields["model_type"] = []string{"Qwen2ForCausalLM"}, "qwen2"
	if c.EmbedScale == 1 {
		delete(fields, "embed_scale")
	} else {
		fields["architectures"], fields["model_type"] = []string{"Interplay"}, ownType
	}
	fields["rope_theta"], fields["rms_norm_eps"], fields["initializer_range"] = decimal(c.RopeTheta), decimal(c.RMSEps), decimal(c.InitStd)
	fields["rope_parameters"] = map[string]any{"rope_theta": decimal(c.RopeTheta), "rope_type": "default"}
	fields["hidden_act"], fields["use_sliding_window"], fields["attention_dropout"] = "silu", false, decimal(0)
	fields["torch_dtype"], fields["dtype"], fields["use_cache"] = "float32", "float32", true
	fields["bos_token_id"], fields["eos_token_id"], fields["pad_token_id"] = 2, 3, 1
	if err := durable.WriteJSON(filepath.Join(dir, ConfigFile), fields); err != nil {
		return fmt.Errorf("qwen: %w", err)
	}
	return nil
}

// decimal is a number that is written with a point: transformers 5 refuses an integer
// where it wants a float.
type decimal float64

func (d decimal) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(d), 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return []byte(text), nil
}

// LoadConfig reads config.json of a Qwen2 model, in the spelling of transformers 4 or 5.
// What this network does not do (sliding windows, rope scaling, other activations) is an
// error and not ignored.
func LoadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, ConfigFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("qwen: there is no %s: expected a folder with config.json and model.safetensors", path)
	} else if err != nil {
		return Config{}, fmt.Errorf("qwen: %w", err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("qwen: %s: %w", path, err)
	}
	return c, nil
}

func parseConfig(data []byte) (Config, error) {
	type rope struct {
		Theta *float64 `json:"rope_theta"`
		Type  string   `json:"rope_type"`
		Old   string   `json:"type"`
	}
	var f struct {
		Config
		Type       string  `json:"model_type"`
		Activation *string `json:"hidden_act"`
		Sliding    bool    `json:"use_sliding_window"`
		HeadDim    *int    `json:"head_dim"`
		Parameters *rope   `json:"rope_parameters"`
		Scaling    *rope   `json:"rope_scaling"`
	}
	f.RMSEps, f.EmbedScale, f.InitStd = 1e-6, 1, 0.02
	if err := json.Unmarshal(data, &f); err != nil {
		return Config{}, err
	}
	if f.Parameters != nil && f.Parameters.Theta != nil {
		f.RopeTheta = *f.Parameters.Theta
	}
	if f.RopeTheta == 0 {
		f.RopeTheta = 10000 // the default of Qwen2Config
	}
	if f.KVHeads == 0 {
		f.KVHeads = f.Heads
	}
	switch {
	case f.Type != "qwen2" && f.Type != ownType:
		return Config{}, fmt.Errorf("model_type is %q: expected qwen2", f.Type)
	case f.Activation != nil && *f.Activation != "silu":
		return Config{}, fmt.Errorf("hidden_act is %q: expected silu", *f.Activation)
	case f.Sliding:
		return Config{}, errors.New("use_sliding_window is true: windows are not supported")
	case f.Parameters != nil && !plainRope(f.Parameters.Type), f.Scaling != nil && !plainRope(f.Scaling.Type+f.Scaling.Old):
		return Config{}, errors.New("the rotary positions are scaled: only rope_type default is supported")
	}
	if err := f.Validate(); err != nil {
		return Config{}, errors.New(strings.TrimPrefix(err.Error(), "qwen: "))
	}
	if f.HeadDim != nil && *f.HeadDim != f.Config.HeadDim() {
		return Config{}, fmt.Errorf("head_dim is %d: expected hidden_size/num_attention_heads = %d", *f.HeadDim, f.Config.HeadDim())
	}
	return f.Config, nil
}

func plainRope(kind string) bool { return kind == "" || kind == "default" }

// Load reads a Qwen2 checkpoint: config.json, and model.safetensors or its shards; f32,
// bf16 or f16; tied or not. Norms, matrices and biases that are missing, of another shape or
// not finite are errors that name the file.
func Load(dir string) (*Weights, error) {
	cfg, err := LoadConfig(dir)
	if err != nil {
		return nil, err
	}
	w := &Weights{Config: cfg}
	if w.Tensors, err = loadTensors(dir, cfg.Specs()); err != nil {
		return nil, err
	}
	for i, s := range cfg.Specs() {
		if !finite(w.Tensors[i]) {
			return nil, fmt.Errorf("qwen: %s: tensor %s holds values that are not finite", dir, s.Name)
		}
	}
	return w, nil
}

func loadTensors(dir string, specs []TensorSpec) ([]*tensors.Tensor, error) {
	single := filepath.Join(dir, WeightsFile)
	if _, err := os.Stat(single); err == nil {
		return ReadSafetensors(single, specs)
	}
	data, err := os.ReadFile(filepath.Join(dir, indexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("qwen: there is no %s and no %s", single, indexFile)
	} else if err != nil {
		return nil, fmt.Errorf("qwen: %w", err)
	}
	var index struct {
		Files map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("qwen: %s: %w", filepath.Join(dir, indexFile), err)
	}
	out := make([]*tensors.Tensor, len(specs))
	for i, s := range specs {
		file := index.Files[s.Name]
		if file == "" || file != filepath.Base(file) {
			return nil, fmt.Errorf("qwen: %s names no file for tensor %s (found %q)", filepath.Join(dir, indexFile), s.Name, file)
		}
		one, err := ReadSafetensors(filepath.Join(dir, file), []TensorSpec{s})
		if err != nil {
			return nil, err
		}
		out[i] = one[0]
	}
	return out, nil
}

func finite(t *tensors.Tensor) bool {
	ok := true
	tensors.MustConstFlatData(t, func(flat []float32) {
		for _, v := range flat {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				ok = false
				return
			}
		}
	})
	return ok
}
