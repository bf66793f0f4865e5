package qwen

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// What a folder of Hugging Face files says is used, goes out as it came, or is an error that
// names it.

// plainConfig is Qwen2 as other programs know it.
func plainConfig(tied bool) Config {
	c := testConfig
	c.EmbedScale, c.OffsetInit, c.Tied = 1, false, tied
	return c
}

// edit changes a folder's config.json and returns what it was.
func edit(t testing.TB, dir string, change map[string]any) {
	t.Helper()
	path := filepath.Join(dir, ConfigFile)
	fields := readJSON(t, path)
	for key, value := range change {
		if fields[key] = value; value == "—" {
			delete(fields, key)
		}
	}
	writeJSON(t, path, fields)
}

func TestAModelGoesOutAsItCame(t *testing.T) {
	cfg := plainConfig(false)
	first := save(t, randomWeights(t, cfg, 2))
	edit(t, first, map[string]any{"bos_token_id": nil, "eos_token_id": []int{4, 0}, "pad_token_id": "—", "transformers_version": "5.24.0",
		"sliding_window": nil, "max_window_layers": 28, "repetition_penalty": 1.1, "id2label": map[string]any{"0": "<&>"}})
	generation := []byte("{\n \"eos_token_id\": [1, 2], \"temperature\": 0.7}")
	if err := os.WriteFile(filepath.Join(first, GenerationFile), generation, 0o644); err != nil {
		t.Fatal(err)
	}
	want := readJSON(t, filepath.Join(first, ConfigFile))
	for range 2 { // in and out, and once more
		w, err := Load(first)
		if err != nil {
			t.Fatal(err)
		}
		second := t.TempDir()
		if err := Export(second, w.Clone(), Float32); err != nil {
			t.Fatal(err)
		}
		if got := readJSON(t, filepath.Join(second, ConfigFile)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("config.json came as\n%v\nand went out as\n%v", want, got)
		}
		if got, err := os.ReadFile(filepath.Join(second, GenerationFile)); err != nil || string(got) != string(generation) {
			t.Errorf("generation_config.json went out as %q, %v", got, err)
		}
		first = second
	}
}

func TestAModelMadeHereSaysWhichTokensAreSpecial(t *testing.T) {
	dir := save(t, randomWeights(t, testConfig, 2))
	if _, err := os.Stat(filepath.Join(dir, GenerationFile)); err == nil {
		t.Error("there is a generation_config.json")
	}
	fields := readJSON(t, filepath.Join(dir, ConfigFile))
	if fields["bos_token_id"] != 2.0 || fields["eos_token_id"] != 3.0 || fields["pad_token_id"] != 1.0 {
		t.Errorf("bos, eos and pad are %v, %v, %v", fields["bos_token_id"], fields["eos_token_id"], fields["pad_token_id"])
	}
	before, _ := os.ReadFile(filepath.Join(dir, ConfigFile))
	w, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(filepath.Join(save(t, w), ConfigFile)); string(after) != string(before) {
		t.Errorf("it goes out as\n%s\nand came as\n%s", after, before)
	}
}

func TestTheRotaryBaseIsReadInEverySpelling(t *testing.T) {
	dir := save(t, randomWeights(t, plainConfig(true), 2))
	type object = map[string]any
	plain := object{"rope_theta": 5e5, "rope_type": "default"}
	for _, c := range []struct {
		top, parameters, scaling any
		base                     float64
		want                     string // of the error
	}{
		{5e5, "—", "—", 5e5, ""}, {"—", plain, "—", 5e5, ""}, {"—", "—", plain, 5e5, ""}, {"—", "—", "—", 1e4, ""}, {nil, nil, nil, 1e4, ""},
		{5e5, plain, plain, 5e5, ""}, {5e5, "—", object{}, 5e5, ""},
		{5e5, "—", object{"type": "default"}, 5e5, ""}, {5e5, "—", object{"type": "default", "rope_type": "default", "factor": nil}, 5e5, ""},
		{"—", object{"full_attention": plain}, "—", 5e5, ""},
		{1e4, plain, "—", 0, "expected one base"}, {"—", object{"full_attention": plain, "rope_theta": 7.0}, "—", 0, "expected one base"},
		{"—", object{"full_attention": plain, "sliding_attention": plain}, "—", 0, "sliding_attention"},
		{0, "—", "—", 0, "rope_theta is 0"}, {-1, "—", "—", 0, "rope_theta is -1"}, {"—", object{"rope_theta": 0}, "—", 0, "rope_theta is 0"}, {"1e6", "—", "—", 0, "rope_theta"},
		{5e5, "—", object{"type": "default", "rope_type": "yarn"}, 0, "rope_type"}, {5e5, "—", object{"type": "linear", "factor": 2}, 0, "factor"},
		{5e5, "—", object{"rope_type": ""}, 0, "rope_type"}, {5e5, "—", object{"mrope_section": []int{1}}, 0, "mrope_section"},
		{5e5, object{"partial_rotary_factor": 0.5}, "—", 0, "partial_rotary_factor"}, {5e5, "—", "default", 0, "rope_scaling"},
	} {
		edit(t, dir, object{"rope_theta": c.top, "rope_parameters": c.parameters, "rope_scaling": c.scaling})
		got, err := LoadConfig(dir)
		if c.want == "" && (err != nil || got.RopeTheta != c.base) {
			t.Errorf("%v: base %g, %v", c, got.RopeTheta, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: the error is %v", c, err)
		}
	}
}

func TestKeysThatWouldChangeTheNetworkAreNamed(t *testing.T) {
	whole := save(t, randomWeights(t, plainConfig(true), 2))
	layers := make([]string, testConfig.Layers)
	for i := range layers {
		layers[i] = "full_attention"
	}
	harmless := map[string]any{"hidden_act": "swish", "attention_bias": true, "mlp_bias": false, "layer_types": layers, "head_dim": testConfig.HeadDim(),
		"dtype": "bfloat16", "torch_dtype": nil, "quantization_config": nil, "use_mrope": false, "sliding_window": 4096, "auto_map": map[string]any{}}
	edit(t, whole, harmless)
	if _, err := LoadConfig(whole); err != nil {
		t.Errorf("harmless keys: %v", err)
	}
	sliding := slices.Clone(layers)
	sliding[0] = "sliding_attention"
	for key, values := range map[string][]any{
		"hidden_act": {"gelu", "SiLU", 3}, "attention_bias": {false}, "qkv_bias": {false}, "mlp_bias": {true}, "use_sliding_window": {true, "true"},
		"layer_types": {sliding, layers[1:], "full_attention"}, "attention_dropout": {0.1}, "is_causal": {false}, "quantization_config": {map[string]any{"bits": 4}},
		"torch_dtype": {"float8_e4m3fn", 3}, "auto_map": {map[string]any{"AutoModel": "x.Y"}}, "head_dim": {64, 0}, "partial_rotary_factor": {0.5},
		"architectures": {[]string{"Qwen2ForSequenceClassification"}, []string{"Qwen2ForCausalLM", "X"}, "Qwen2ForCausalLM"}, "model_type": {"qwen3", nil, 1},
		"embed_scale": {8, 1}, "logit_scale": {0.1}, "final_logit_softcapping": {30}, "Hidden_Size": {8}, "num_experts": {4}, "use_logn_attn": {true},
		"eos_token_id": {1000, -1, "3", []any{1, nil}, 3.5, 1 << 40}, "pad_token_id": {"1"}, "rms_norm_eps": {0, "x"}, "num_key_value_heads": {0, 4},
		"num_hidden_layers": {1 << 40, 0, -1, 2.5, nil}, "vocab_size": {1 << 31}, "hidden_size": {1 << 62}, "tie_word_embeddings": {"yes"}, "pruned_heads": {map[string]any{"0": []int{1}}},
		"max_position_embeddings": {1 << 30}, "initializer_range": {-1},
	} {
		for _, value := range values {
			dir := t.TempDir()
			os.CopyFS(dir, os.DirFS(whole))
			edit(t, dir, map[string]any{key: value})
			if _, err := LoadConfig(dir); err == nil || !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s %v: the error is %v", key, value, err)
			}
		}
	}
	path := filepath.Join(whole, ConfigFile)
	data, _ := os.ReadFile(path)
	for want, text := range map[string]string{"twice": `{"vocab_size":3,` + string(data[1:]), "follows": string(data) + "{}", "middle": string(data[:40]), "byte-order": "\ufeff" + string(data), "object": "[]"} {
		os.WriteFile(path, []byte(text), 0o644)
		if _, err := LoadConfig(whole); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", want, err)
		}
	}
}

// What a key means must be said once.
func TestNoKeyIsOfTwoKinds(t *testing.T) {
	var c Config
	for key := range networkKeys(&c) {
		if carried[key] || only[key] != nil {
			t.Errorf("%s is a field of Config and something else", key)
		}
	}
	for key := range only {
		if carried[key] || slices.Contains(ropeKeys, key) {
			t.Errorf("%s is limited and something else", key)
		}
	}
}

// entry is a tensor of a file made by hand.
type entry struct {
	name, dtype string
	shape       []int
	from, to    int
}

// handmade writes a safetensors file with the given entries, in order, and so many bytes.
func handmade(t testing.TB, path string, size int, entries ...entry) {
	t.Helper()
	var parts []string
	for _, e := range entries {
		name, _ := json.Marshal(e.name)
		shape, _ := json.Marshal(e.shape)
		parts = append(parts, fmt.Sprintf(`%s:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, e.dtype, shape, e.from, e.to))
	}
	text := "{" + strings.Join(parts, ",") + "}"
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(path, append(file, make([]byte, size)...), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTensorsMustFillTheirFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	a := entry{"a", "F32", []int{2}, 0, 8}
	read := func(size int, entries ...entry) error {
		handmade(t, path, size, entries...)
		_, err := ReadSafetensors(path, []TensorSpec{{"a", []int{2}}})
		return err
	}
	for _, good := range [][]entry{{a}, {a, {"b", "BF16", []int{3, 1}, 8, 14}}, {{"b", "U8", []int{0}, 0, 0}, a}, {a, {"c", "I64", []int{}, 8, 16}}} {
		if err := read(good[len(good)-1].to, good...); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, c := range []struct {
		want    string
		size    int
		entries []entry
	}{
		{"overlap", 12, []entry{a, {"b", "F32", []int{2}, 4, 12}}}, {"overlap", 8, []entry{a, {"b", "F32", []int{2}, 0, 8}}},
		{"belong to no tensor", 20, []entry{a, {"b", "F32", []int{2}, 12, 20}}}, {"belong to no tensor", 12, []entry{{"a", "F32", []int{2}, 4, 12}}},
		{"the last 3 bytes", 11, []entry{a}}, {"truncated", 7, []entry{a}}, {"twice", 16, []entry{a, {"a", "F32", []int{2}, 8, 16}}},
		{"takes 8", 12, []entry{{"a", "F32", []int{2}, 0, 12}}}, {"dtype", 8, []entry{{"a", "F33", []int{2}, 0, 8}}}, {"F64", 16, []entry{{"a", "F64", []int{2}, 0, 16}}},
		{"too large", 8, []entry{{"a", "F32", []int{1 << 31, 1 << 31, 1 << 31}, 0, 8}}}, {"shape", 8, []entry{{"a", "F32", []int{-2}, 0, 8}}}, {"there is no tensor a", 8, []entry{{"b", "F32", []int{2}, 0, 8}}},
		{"data_offsets", 8, []entry{{"a", "F32", []int{2}, 8, 0}}},
	} {
		if err := read(c.size, c.entries...); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s, %v: the error is %v", c.want, c.entries, err)
		}
	}
	for want, header := range map[string]string{"begin with {": ` {}`, "expected texts": `{"__metadata__":{"a":1}}`, `"size"`: `{"a":{"dtype":"F32","shape":[2],"size":8,"data_offsets":[0,8]}}`, "no shape": `{"a":{"dtype":"F32","data_offsets":[0,8]}}`} {
		os.WriteFile(path, append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+"12345678"...), 0o644)
		if _, err := ReadSafetensors(path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", header, err)
		}
	}
}

// rewritten saves a tied model's tensors with others besides.
func rewritten(t testing.TB, w *Weights, more map[string][]float32) string {
	t.Helper()
	dir := save(t, w)
	specs, values := w.Config.Specs(), slices.Clone(w.Tensors)
	for _, name := range slices.Sorted(maps.Keys(more)) {
		shape := []int{len(more[name])}
		if name == headName {
			shape = []int{w.Config.VocabSize, w.Config.HiddenSize}
		}
		specs, values = append(specs, TensorSpec{name, shape}), append(values, tensors.FromFlatDataAndDimensions(more[name], shape...))
	}
	if err := WriteSafetensors(filepath.Join(dir, WeightsFile), specs, values); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTensorsWithoutAPlaceAreNamed(t *testing.T) {
	w := randomWeights(t, plainConfig(true), 2)
	frequencies := func(c Config) (out []float32) {
		for _, f := range c.frequencies() {
			out = append(out, float32(f))
		}
		return out
	}
	other := w.Config
	other.RopeTheta *= 2
	embedding := tensors.MustCopyFlatData[float32](w.Tensors[0])
	head := slices.Clone(embedding)
	head[3]++
	notNumbers := slices.Clone(embedding)
	notNumbers[5] = float32(math.NaN())
	for _, c := range []struct {
		want string
		more map[string][]float32
	}{
		{"", map[string][]float32{headName: embedding}},
		{"", map[string][]float32{"model.rotary_emb.inv_freq": frequencies(w.Config), "model.layers.0.self_attn.rotary_emb.inv_freq": frequencies(w.Config)}},
		{"tie_word_embeddings", map[string][]float32{headName: head}},
		{"rope_theta", map[string][]float32{"model.rotary_emb.inv_freq": frequencies(other)}},
		{"not finite", map[string][]float32{headName: notNumbers}},
		{"shape", map[string][]float32{"model.rotary_emb.inv_freq": {1, 2, 3}}},
		{"model.layers.0.self_attn.q_norm.weight", map[string][]float32{"model.layers.0.self_attn.q_norm.weight": {1}}},
		{"model.layers.0.self_attn.o_proj.bias", map[string][]float32{"model.layers.0.self_attn.o_proj.bias": {1}}},
		{"and 2 more", map[string][]float32{"a": {1}, "b": {1}, "c": {1}, "d": {1}, "e": {1}}},
		{"inv_freq", map[string][]float32{"model.layers.99.self_attn.rotary_emb.inv_freq": frequencies(w.Config)}},
	} {
		dir := rewritten(t, w, c.more)
		got, err := Load(dir)
		if c.want == "" && (err != nil || got.Digest() != w.Digest()) {
			t.Errorf("%v: %v", slices.Collect(maps.Keys(c.more)), err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir)) {
			t.Errorf("%s: the error is %v", c.want, err)
		}
	}
	deep := save(t, w)
	edit(t, deep, map[string]any{"num_hidden_layers": testConfig.Layers - 1})
	if _, err := Load(deep); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("model.layers.%d.", testConfig.Layers-1)) {
		t.Errorf("more layers than config.json says: the error is %v", err)
	}
}

func TestShardsMustHoldWhatTheIndexSays(t *testing.T) {
	w := randomWeights(t, plainConfig(true), 2)
	specs := w.Config.Specs()
	half := len(specs) / 2
	for want, change := range map[string]func(dir string, index map[string]any, files map[string]any){
		"": func(string, map[string]any, map[string]any) {},
		"there are both": func(dir string, _, _ map[string]any) {
			writeShard(t, filepath.Join(dir, WeightsFile), "F32", specs, w.Tensors)
		},
		"names \"\"": func(_ string, _, files map[string]any) { delete(files, specs[0].Name) },
		"which is not there": func(_ string, _, files map[string]any) {
			files["extra.weight"] = "a.safetensors"
		},
		"b.safetensors holds tensor": func(dir string, _, _ map[string]any) {
			writeShard(t, filepath.Join(dir, "b.safetensors"), "F32", specs[half-1:], w.Tensors[half-1:])
		},
		"no place for": func(dir string, _, files map[string]any) {
			files["extra.weight"] = "c.safetensors"
			handmade(t, filepath.Join(dir, "c.safetensors"), 4, entry{"extra.weight", "F32", []int{1}, 0, 4})
		},
		"expected the name of a safetensors file": func(_ string, _, files map[string]any) { files[specs[0].Name] = "../a.safetensors" },
		`names "gone.safetensors"`:                func(_ string, _, files map[string]any) { files[specs[0].Name] = "gone.safetensors" },
		`"weights"`:                               func(_ string, index, _ map[string]any) { index["weights"] = 1 },
		"no weight_map":                           func(_ string, index, _ map[string]any) { delete(index, "weight_map") },
		"weight_map":                              func(_ string, index, _ map[string]any) { index["weight_map"] = []int{1} },
		adapterFile:                               func(dir string, _, _ map[string]any) { writeJSON(t, filepath.Join(dir, adapterFile), 1) },
	} {
		dir := save(t, w)
		os.Remove(filepath.Join(dir, WeightsFile))
		files := map[string]any{}
		for i, s := range specs {
			files[s.Name] = []string{"a.safetensors", "b.safetensors"}[i/half%2]
			if i >= half {
				files[s.Name] = "b.safetensors"
			}
		}
		writeShard(t, filepath.Join(dir, "a.safetensors"), "F32", specs[:half], w.Tensors[:half])
		writeShard(t, filepath.Join(dir, "b.safetensors"), "F32", specs[half:], w.Tensors[half:])
		index := map[string]any{"metadata": map[string]any{"total_size": 1}, "weight_map": files}
		change(dir, index, files)
		writeJSON(t, filepath.Join(dir, indexFile), index)
		got, err := Load(dir)
		if want == "" && (err != nil || got.Digest() != w.Digest()) {
			t.Error(err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: the error is %v", want, err)
		}
	}
}
