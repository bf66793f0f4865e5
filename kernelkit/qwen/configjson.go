package qwen

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"interplay/kernelkit/strict"
	"interplay/kernelkit/vocab"
)

// A key of config.json is one of four kinds. It says which network it is and goes into
// Config; or only some of its values are this network (only); or it changes nothing that the
// network computes, and goes out again as it came (carried); or it is an error by its name.
// The lists follow Qwen2Config of transformers 4.57 and 5.24, and keys that Qwen2
// checkpoints of other programs hold.

// only lists the values that a key may have, as JSON decodes them.
var only = map[string][]any{
	"hidden_act":            {"silu", "swish"}, // two names of one function
	"use_sliding_window":    {false},
	"attention_bias":        {true}, // q, k and v have biases,
	"qkv_bias":              {true},
	"o_proj_bias":           {false}, // and nothing else has
	"mlp_bias":              {false},
	"lm_head_bias":          {false},
	"use_qk_norm":           {false},
	"qk_norm":               {false},
	"is_causal":             {true},
	"attention_dropout":     {0.0},
	"attn_pdrop":            {0.0},
	"hidden_dropout":        {0.0},
	"resid_pdrop":           {0.0},
	"embd_pdrop":            {0.0},
	"is_encoder_decoder":    {false},
	"tie_encoder_decoder":   {false},
	"add_cross_attention":   {false},
	"partial_rotary_factor": {1.0},
	"rotary_pct":            {1.0},
	"use_mrope":             {false},
	"use_dynamic_ntk":       {false},
	"use_logn_attn":         {false},
	"pretraining_tp":        {1.0},
	"pruned_heads":          {map[string]any{}},
	"quantization_config":   {},
	"compression_config":    {},
	"auto_map":              {map[string]any{}}, // code of the model's own
	"dtype":                 {"float32", "bfloat16", "float16", "float64", "auto"},
	"torch_dtype":           {"float32", "bfloat16", "float16", "float64", "auto"},
}

// carried are keys of other programs, or about how a model is handled rather than what it
// computes.
var carried = keySet(`
	transformers_version _name_or_path name_or_path _commit_hash _attn_implementation _attn_implementation_autoset
	attn_implementation use_flash_attention use_flash_attn unsloth_version unsloth_fixed use_cache gradient_checkpointing
	bos_token_id eos_token_id pad_token_id sep_token_id unk_token_id cls_token_id mask_token_id decoder_start_token_id
	tokenizer_class prefix model_max_length tokenizer_model_max_length
	sliding_window max_window_layers layer_types
	return_dict output_hidden_states output_attentions output_scores return_dict_in_generate torchscript use_bfloat16
	tf_legacy_loss chunk_size_feed_forward is_decoder cross_attention_hidden_size ignore_keys_at_rope_validation
	num_labels id2label label2id problem_type finetuning_task task_specific_params
	max_length min_length max_new_tokens do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature top_k
	top_p typical_p repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids
	num_return_sequences forced_bos_token_id forced_eos_token_id remove_invalid_values exponential_decay_length_penalty
	suppress_tokens begin_suppress_tokens`)

func keySet(names string) map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		set[name] = true
	}
	return set
}

// ropeKeys say how positions turn; see rotaryBase.
var ropeKeys = []string{"rope_theta", "rope_parameters", "rope_scaling"}

// parseConfig reads config.json: the network, and the keys that go out as they came.
func parseConfig(data []byte) (Config, map[string]json.RawMessage, error) {
	fail := func(err error) (Config, map[string]json.RawMessage, error) { return Config{}, nil, err }
	if err := strict.Check(data); err != nil {
		return fail(err)
	}
	keys, err := strict.Object(data)
	if err != nil {
		return fail(err)
	}
	unset := map[string]json.RawMessage{} // null: as if the key were not there
	for key, value := range keys {
		if string(value) == "null" {
			unset[key] = value
			delete(keys, key)
		}
	}
	c := Config{RMSEps: 1e-6, RopeTheta: 10000, EmbedScale: 1, InitStd: 0.02} // the defaults of Qwen2Config
	headDim := 0
	network := networkKeys(&c)
	network["head_dim"] = &headDim
	for _, key := range slices.Sorted(maps.Keys(network)) {
		if v, ok := keys[key]; ok {
			if err := json.Unmarshal(v, network[key]); err != nil {
				return fail(fmt.Errorf("%s: %w", key, strict.Plain(err)))
			}
		}
	}
	if _, ok := keys["num_key_value_heads"]; !ok {
		c.KVHeads = c.Heads
	}
	if err := checkKind(keys); err != nil {
		return fail(err)
	}
	if c.RopeTheta, err = rotaryBase(keys, c.RopeTheta); err != nil {
		return fail(err)
	}
	if err := c.Validate(); err != nil {
		return fail(errors.New(strings.TrimPrefix(err.Error(), "qwen: ")))
	}
	if _, ok := keys["head_dim"]; ok && headDim != c.HeadDim() {
		return fail(fmt.Errorf("head_dim is %d: expected hidden_size/num_attention_heads = %d", headDim, c.HeadDim()))
	}
	rest, err := sortKeys(keys, network, c)
	if err != nil {
		return fail(err)
	}
	for key, value := range unset {
		if carried[key] {
			rest[key] = value
		}
	}
	return c, rest, nil
}

// networkKeys are the keys of config.json that are fields of Config, but for the rotary base.
func networkKeys(c *Config) map[string]any {
	keys := map[string]any{}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); name != "rope_theta" {
			keys[name] = v.Field(i).Addr().Interface()
		}
	}
	return keys
}

// checkKind says whether the configuration is of a Qwen2 decoder, as it is or with this
// project's embed_scale.
func checkKind(keys map[string]json.RawMessage) error {
	var kind string
	var classes []string
	if err := strict.Fields(pick(keys, "model_type", "architectures"), map[string]any{"model_type": &kind, "architectures": &classes}); err != nil {
		return err
	}
	class := "Qwen2ForCausalLM"
	switch _, scaled := keys["embed_scale"]; {
	case kind == ownType && !scaled:
		return errors.New("there is no embed_scale: model_type " + ownType + " needs it")
	case kind == ownType:
		class = ownClass
	case kind != "qwen2":
		return fmt.Errorf("model_type is %.60q: expected qwen2", kind)
	case scaled:
		return errors.New("embed_scale is no key of model_type qwen2: other programs would compute without it")
	}
	if len(classes) > 1 || len(classes) == 1 && classes[0] != class {
		return fmt.Errorf("architectures is %.100s: expected %s", fmt.Sprint(classes), class)
	}
	return nil
}

// pick writes some keys of an object as an object.
func pick(keys map[string]json.RawMessage, names ...string) []byte {
	some := map[string]json.RawMessage{}
	for _, name := range names {
		if v, ok := keys[name]; ok {
			some[name] = v
		}
	}
	data, err := json.Marshal(some)
	if err != nil {
		panic(err) // the values were read from JSON
	}
	return data
}

// sortKeys returns the keys that are carried, and names the first that is not understood.
func sortKeys(keys map[string]json.RawMessage, network map[string]any, c Config) (map[string]json.RawMessage, error) {
	rest := map[string]json.RawMessage{}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		value := keys[key]
		allowed, limited := only[key]
		_, used := network[key]
		switch {
		case limited:
			var v any
			if err := json.Unmarshal(value, &v); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			if !slices.ContainsFunc(allowed, func(a any) bool { return reflect.DeepEqual(a, v) }) {
				return nil, fmt.Errorf("%s is %.60s: this network is Qwen2 with %s, and does nothing else", key, value, valueList(key, allowed))
			}
		case carried[key]:
			rest[key] = value
		case !used && key != "model_type" && key != "architectures" && !slices.Contains(ropeKeys, key):
			return nil, fmt.Errorf("the key %.80q is not known: if it changes nothing that the network computes, take it out of config.json", key)
		}
	}
	return rest, checkCarried(rest, c)
}

func valueList(key string, allowed []any) string {
	if len(allowed) == 0 {
		return "no " + key
	}
	var texts []string
	for _, a := range allowed {
		text, _ := json.Marshal(a)
		texts = append(texts, string(text))
	}
	return key + " " + strings.Join(texts, " or ")
}

// checkCarried checks what has a meaning here among the keys that are carried.
func checkCarried(rest map[string]json.RawMessage, c Config) error {
	if raw, ok := rest["layer_types"]; ok {
		var layers []string
		if err := json.Unmarshal(raw, &layers); err != nil {
			return fmt.Errorf("layer_types: %w", strict.Plain(err))
		}
		if len(layers) != c.Layers {
			return fmt.Errorf("layer_types lists %d layers: num_hidden_layers is %d", len(layers), c.Layers)
		}
		for i, kind := range layers {
			if kind != "full_attention" {
				return fmt.Errorf("layer_types: layer %d is %.60q: expected full_attention", i, kind)
			}
		}
	}
	for _, key := range []string{"bos_token_id", "pad_token_id"} {
		var id int64
		if raw, ok := rest[key]; ok && json.Unmarshal(raw, &id) != nil {
			return fmt.Errorf("%s is %.60s: expected a token's id or null", key, raw)
		}
	}
	return checkEnds(rest, c)
}

// checkEnds says whether the ends that a file gives are tokens of the model.
func checkEnds(keys map[string]json.RawMessage, c Config) error {
	ends, err := vocab.EndIDs(keys["eos_token_id"])
	if err != nil {
		return err
	}
	for _, id := range ends {
		if int(id) >= c.VocabSize {
			return fmt.Errorf("eos_token_id is %d: the model has the tokens 0 to %d", id, c.VocabSize-1)
		}
	}
	return nil
}

// rotaryBase finds the base of the rotary frequencies in all its spellings: rope_theta at
// the top (transformers 4), inside rope_parameters (5) or rope_scaling, or there by layer
// type. Two that differ are an error, as is any rotation but the plain one.
func rotaryBase(keys map[string]json.RawMessage, byDefault float64) (float64, error) {
	found := map[string]float64{}
	for _, key := range ropeKeys {
		raw, ok := keys[key]
		if !ok {
			continue
		}
		if err := readRope(key, raw, found); err != nil {
			return 0, err
		}
	}
	base, first := byDefault, ""
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if first != "" && found[name] != base {
			return 0, fmt.Errorf("%s is %g and %s is %g: expected one base", first, base, name, found[name])
		}
		base, first = found[name], name
	}
	return base, nil
}

// readRope adds the bases that a value gives, under their names.
func readRope(name string, raw json.RawMessage, found map[string]float64) error {
	if strings.HasSuffix(name, "rope_theta") {
		var base float64
		if err := json.Unmarshal(raw, &base); err != nil {
			return fmt.Errorf("%s: %w", name, strict.Plain(err))
		}
		if found[name] = base; !positive(base) {
			return fmt.Errorf("%s is %g: expected a positive number", name, base)
		}
		return nil
	}
	object, err := strict.Object(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value, inner := object[key], name+"."+key
		if string(value) == "null" {
			continue
		}
		switch key {
		case "rope_theta":
			err = readRope(inner, value, found)
		case "full_attention":
			if strings.Contains(name, ".") {
				return fmt.Errorf("%s: layer types nest only once", inner)
			}
			err = readRope(inner, value, found)
		case "rope_type", "type":
			if string(value) != `"default"` {
				err = fmt.Errorf("%s is %.60s: the rotary positions are scaled, and only rope_type default is supported", inner, value)
			}
		case "partial_rotary_factor", "factor", "attention_factor":
			var v float64
			if json.Unmarshal(value, &v) != nil || v != 1 {
				err = fmt.Errorf("%s is %.60s: only 1 is supported", inner, value)
			}
		default:
			err = fmt.Errorf("%.100s is not known: expected rope_theta and rope_type default", inner)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
