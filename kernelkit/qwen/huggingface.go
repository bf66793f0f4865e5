package qwen

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/strict"
)

// Names of Hugging Face's files.
const (
	ConfigFile     = "config.json"
	GenerationFile = "generation_config.json"
	WeightsFile    = "model.safetensors"
	indexFile      = "model.safetensors.index.json"
	adapterFile    = "adapter_config.json"
)

// ownType marks files of a network that Hugging Face's Qwen2 cannot express (a tied head
// and scaled embeddings), so that it is refused there and not run wrongly.
const (
	ownType  = "interplay_qwen2"
	ownClass = "Interplay"
)

// Origin is what came with weights and says nothing about what they compute. Save writes it
// out as it came.
type Origin struct {
	Config     map[string]json.RawMessage // keys of config.json: special tokens, settings of other programs
	Generation []byte                     // generation_config.json; nil where there was none
}

// labOrigin goes with weights that were made here: their tokenizers have these ids (see
// package vocab).
var labOrigin = Origin{Config: map[string]json.RawMessage{
	"bos_token_id": json.RawMessage("2"), "eos_token_id": json.RawMessage("3"), "pad_token_id": json.RawMessage("1"), "use_cache": json.RawMessage("true"),
}}

// Save writes config.json and model.safetensors, from which Load gives the same
// Weights back, bit for bit, and what came with them (see Origin). Where EmbedScale is 1 transformers opens the folder too;
// Export makes it so for every network.
func Save(dir string, w *Weights) error { return saveAs(dir, w, Float32) }

func saveAs(dir string, w *Weights, as Dtype) error {
	if err := w.Check(); err != nil {
		return err
	}
	if err := writeSafetensors(filepath.Join(dir, WeightsFile), w.Config.Specs(), w.Tensors, as); err != nil {
		return err
	}
	origin := labOrigin
	if w.Origin != nil {
		origin = *w.Origin
	}
	if origin.Generation != nil {
		if err := durable.WriteFile(filepath.Join(dir, GenerationFile), origin.Generation); err != nil {
			return fmt.Errorf("qwen: %w", err)
		}
	}
	return saveConfig(dir, w.Config, origin, as)
}

// Export writes the network as a Qwen2ForCausalLM for other programs, its weights as values
// of the given type. Scaled embeddings are folded into the weights: a tied head is untied for
// it. The result computes the same function; in float32 and where EmbedScale is a power of
// two, to the bit.
func Export(dir string, w *Weights, as Dtype) error {
	if err := w.Check(); err != nil {
		return err
	}
	if w.Config.EmbedScale != 1 {
		w = foldEmbedScale(w)
	}
	return saveAs(dir, w, as)
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
func saveConfig(dir string, c Config, origin Origin, as Dtype) error {
	fields, err := configFields(c, origin, as)
	if err == nil {
		err = durable.WriteJSON(filepath.Join(dir, ConfigFile), fields)
	}
	if err != nil {
		return fmt.Errorf("qwen: %w", err)
	}
	return nil
}

func configFields(c Config, origin Origin, as Dtype) (map[string]any, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	for key, value := range origin.Config {
		fields[key] = value
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	fields["architectures"], fields["model_type"] = []string{"Qwen2ForCausalLM"}, "qwen2"
	if c.EmbedScale == 1 {
		delete(fields, "embed_scale")
	} else {
		fields["architectures"], fields["model_type"] = []string{ownClass}, ownType
	}
	fields["rope_theta"], fields["rms_norm_eps"], fields["initializer_range"] = decimal(c.RopeTheta), decimal(c.RMSEps), decimal(c.InitStd)
	fields["rope_parameters"] = map[string]any{"rope_theta": decimal(c.RopeTheta), "rope_type": "default"}
	fields["hidden_act"], fields["use_sliding_window"], fields["attention_dropout"] = "silu", false, decimal(0)
	fields["torch_dtype"], fields["dtype"] = as, as
	return fields, nil
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

// LoadConfig reads config.json of a Qwen2 model, in the spelling of transformers 4 or 5. A
// key that is not understood, or asks for what this network does not do, is an error that
// names it.
func LoadConfig(dir string) (Config, error) {
	c, _, err := loadConfig(dir)
	return c, err
}

// sideLimit is the longest JSON file in bytes that is read beside the weights.
const sideLimit = 16 << 20

func loadConfig(dir string) (Config, map[string]json.RawMessage, error) {
	path := filepath.Join(dir, ConfigFile)
	data, err := strict.ReadFile(path, sideLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, nil, fmt.Errorf("qwen: there is no %s: expected a folder with config.json and model.safetensors", path)
	} else if err != nil {
		return Config{}, nil, fmt.Errorf("qwen: %w", err)
	}
	c, rest, err := parseConfig(data)
	if err != nil {
		return Config{}, nil, fmt.Errorf("qwen: %s: %w", path, err)
	}
	return c, rest, nil
}

// Load reads a Qwen2 checkpoint: config.json, generation_config.json where it is there, and
// model.safetensors or its shards; f32, bf16 or f16; tied or not. Everything in these files is
// used, goes out again with Save, or is an error that names it: a tensor that is missing,
// of another shape, not finite or without a place in the network, and a head that differs
// from the embedding that it is tied to.
func Load(dir string) (*Weights, error) {
	cfg, rest, err := loadConfig(dir)
	if err != nil {
		return nil, err
	}
	w := &Weights{Config: cfg, Origin: &Origin{Config: rest}}
	if w.Origin.Generation, err = loadGeneration(dir, cfg); err != nil {
		return nil, err
	}
	adapter := filepath.Join(dir, adapterFile)
	if _, err := os.Lstat(adapter); err == nil {
		return nil, fmt.Errorf("qwen: there is %s: adapters are not supported; merge it into the weights first", adapter)
	}
	if w.Tensors, err = loadTensors(dir, cfg); err != nil {
		return nil, err
	}
	return w, nil
}

// loadGeneration reads generation_config.json, nil where there is none: settings of another
// program's sampler, of which only eos_token_id has a meaning here (see vocab.Ends).
func loadGeneration(dir string, c Config) ([]byte, error) {
	path := filepath.Join(dir, GenerationFile)
	data, err := strict.ReadFile(path, sideLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("qwen: %w", err)
	}
	if err := checkGeneration(data, c); err != nil {
		return nil, fmt.Errorf("qwen: %s: %w", path, err)
	}
	return data, nil
}

func checkGeneration(data []byte, c Config) error {
	if err := strict.Check(data); err != nil {
		return err
	}
	keys, err := strict.Object(data)
	if err != nil {
		return err
	}
	return checkEnds(keys, c)
}
