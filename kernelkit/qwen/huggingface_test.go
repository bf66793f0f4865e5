package qwen

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/x448/float16"
)

func save(t testing.TB, w *Weights) string {
	t.Helper()
	dir := t.TempDir()
	if err := Save(dir, w); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSavedWeightsLoadBitForBit(t *testing.T) {
	tied := testConfig
	tied.Tied = true
	for name, cfg := range map[string]Config{"untied": testConfig, "tied": tied, "look-up start": lookupConfig(NamePart{1, 3})} {
		w := randomWeights(t, cfg, 2)
		got, err := Load(save(t, w))
		if err != nil {
			t.Fatal(err)
		}
		if got.Digest() != w.Digest() || got.Config != w.Config {
			t.Errorf("%s: other weights or configuration come back: %+v", name, got.Config)
		}
	}
}

// An exported network has no scale of its own and computes the same logits.
func TestExportFoldsTheEmbeddingScale(t *testing.T) {
	for _, tied := range []bool{true, false} {
		cfg := testConfig
		cfg.Tied, cfg.EmbedScale = tied, 4
		w, dir := randomWeights(t, cfg, 2), t.TempDir()
		if err := Export(dir, w, Float32); err != nil {
			t.Fatal(err)
		}
		got, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got.Config.EmbedScale != 1 || got.Config.Tied {
			t.Fatalf("the exported configuration is %+v", got.Config)
		}
		tokens := draw(1, 9, cfg.VocabSize)
		a, b := reference(w, tokens), reference(got, tokens)
		for i := range a {
			for j := range a[i] {
				if math.Abs(a[i][j]-b[i][j]) > 1e-9 {
					t.Fatalf("tied %t: logit %d of token %d is %g, expected %g", tied, j, i, b[i][j], a[i][j])
				}
			}
		}
		if fields := readJSON(t, filepath.Join(dir, ConfigFile)); fields["model_type"] != "qwen2" {
			t.Errorf("the exported model_type is %v", fields["model_type"])
		}
		if fields := readJSON(t, filepath.Join(save(t, w), ConfigFile)); fields["model_type"] == "qwen2" {
			t.Error("a network that Qwen2 cannot express is saved as one")
		}
	}
}

func readJSON(t testing.TB, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]any{}
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func writeJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBothSpellingsOfTheRotaryBaseAreReadAndWritten(t *testing.T) {
	cfg := testConfig
	cfg.EmbedScale, cfg.RopeTheta = 1, 12345
	dir := save(t, randomWeights(t, cfg, 2))
	path := filepath.Join(dir, ConfigFile)
	for _, drop := range []string{"", "rope_theta", "rope_parameters"} {
		fields := readJSON(t, filepath.Join(dir, ConfigFile))
		delete(fields, drop)
		old, _ := os.ReadFile(path)
		writeJSON(t, path, fields)
		if got, err := LoadConfig(dir); err != nil || got.RopeTheta != 12345 {
			t.Errorf("without %q: %v, %v", drop, got.RopeTheta, err)
		}
		os.WriteFile(path, old, 0o644)
	}
}

// transformers 5 checks types: an integer is no float there.
func TestNumbersThatMayHaveAFractionAreWrittenWithAPoint(t *testing.T) {
	cfg := testConfig
	cfg.RopeTheta, cfg.InitStd, cfg.RMSEps = 1e6, 0, 1e-6
	data, err := os.ReadFile(filepath.Join(save(t, randomWeights(t, cfg, 2)), ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"rope_theta": 1e+06`, `"initializer_range": 0.0`, `"rms_norm_eps": 1e-06`, `"attention_dropout": 0.0`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("config.json lacks %s:\n%s", want, data)
		}
	}
}

func TestConfigurationsOfOtherNetworksAreRefused(t *testing.T) {
	dir := save(t, randomWeights(t, testConfig, 2))
	path := filepath.Join(dir, ConfigFile)
	for want, change := range map[string]func(map[string]any){
		"model_type":          func(f map[string]any) { f["model_type"] = "llama" },
		"hidden_act":          func(f map[string]any) { f["hidden_act"] = "gelu" },
		"use_sliding_window":  func(f map[string]any) { f["use_sliding_window"] = true },
		"rope_type":           func(f map[string]any) { f["rope_scaling"] = map[string]any{"type": "yarn"} },
		"head_dim":            func(f map[string]any) { f["head_dim"] = 64 },
		"num_attention_heads": func(f map[string]any) { f["num_attention_heads"] = 0 },
		"vocab_size: expected a whole number, found a text": func(f map[string]any) { f["vocab_size"] = "many" },
	} {
		fields := readJSON(t, path)
		old, _ := os.ReadFile(path)
		change(fields)
		writeJSON(t, path, fields)
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error is %v", want, err)
		}
		os.WriteFile(path, old, 0o644)
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), ConfigFile) {
		t.Errorf("an empty folder: the error is %v", err)
	}
}

// writeShard writes tensors in another dtype, as other programs do.
func writeShard(t testing.TB, path, dtype string, specs []TensorSpec, values []*tensors.Tensor) {
	t.Helper()
	header, data := map[string]any{}, []byte{}
	for i, s := range specs {
		from := len(data)
		for _, v := range tensors.MustCopyFlatData[float32](values[i]) {
			if dtype == "BF16" {
				data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(v)>>16))
			} else {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
			}
		}
		header[s.Name] = map[string]any{"dtype": dtype, "shape": s.Shape, "data_offsets": []int{from, len(data)}}
	}
	text, _ := json.Marshal(header)
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(path, append(file, data...), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestShardedAndBfloat16CheckpointsAreRead(t *testing.T) {
	cfg := testConfig
	cfg.EmbedScale = 1
	w := randomWeights(t, cfg, 2)
	for _, x := range w.Tensors { // values that bf16 holds exactly
		tensors.MustMutableFlatData(x, func(flat []float32) {
			for i := range flat {
				flat[i] = math.Float32frombits(math.Float32bits(flat[i]) &^ 0xffff)
			}
		})
	}
	dir, specs := save(t, w), cfg.Specs()
	os.Remove(filepath.Join(dir, WeightsFile))
	files := map[string]string{}
	for i, part := range [][2]int{{0, 5}, {5, 20}, {20, len(specs)}} {
		name := fmt.Sprintf("model-%05d-of-00003.safetensors", i+1)
		writeShard(t, filepath.Join(dir, name), []string{"F32", "BF16", "BF16"}[i], specs[part[0]:part[1]], w.Tensors[part[0]:part[1]])
		for _, s := range specs[part[0]:part[1]] {
			files[s.Name] = name
		}
	}
	writeJSON(t, filepath.Join(dir, indexFile), map[string]any{"weight_map": files})
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest() != w.Digest() {
		t.Error("other weights come back")
	}
	files[specs[7].Name] = "../elsewhere"
	writeJSON(t, filepath.Join(dir, indexFile), map[string]any{"weight_map": files})
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), specs[7].Name) {
		t.Errorf("an index that points elsewhere: the error is %v", err)
	}
}

func TestHalvesAreWidened(t *testing.T) {
	for half, want := range map[uint16]float32{0: 0, 0x3c00: 1, 0xc000: -2, 0x3555: 0.33325195, 0x7bff: 65504, 1: 5.9604645e-08, 0x0400: 6.1035156e-05} {
		if got := float16.Frombits(half).Float32(); got != want {
			t.Errorf("%#x gives %v, expected %v", half, got, want)
		}
	}
	if !math.IsInf(float64(float16.Frombits(0x7c00).Float32()), 1) || !math.IsNaN(float64(float16.Frombits(0x7e00).Float32())) {
		t.Error("infinity or NaN is lost")
	}
}

func TestDamagedWeightsAreNamed(t *testing.T) {
	w := randomWeights(t, testConfig, 2)
	whole := save(t, w)
	data, err := os.ReadFile(filepath.Join(whole, WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	header := 8 + int(binary.LittleEndian.Uint64(data))
	nan := append([]byte{}, data...)
	binary.LittleEndian.PutUint32(nan[header+40:], math.Float32bits(float32(math.NaN())))
	for name, bytes := range map[string][]byte{
		"emptied": {}, "header cut": data[:header/2], "values cut": data[:len(data)-100], "no header": make([]byte, 100),
		"huge header": append(binary.LittleEndian.AppendUint64(nil, 1<<60), data[8:]...), "not finite": nan,
	} {
		dir := t.TempDir()
		os.CopyFS(dir, os.DirFS(whole))
		if err := os.WriteFile(filepath.Join(dir, WeightsFile), bytes, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	other := testConfig
	other.FFN++
	if err := saveConfig(whole, other, labOrigin, Float32); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(whole); err == nil || !strings.Contains(err.Error(), "shape") {
		t.Errorf("another shape: the error is %v", err)
	}
}

func FuzzReadSafetensors(f *testing.F) {
	w := randomWeights(f, testConfig, 2)
	data, err := os.ReadFile(filepath.Join(save(f, w), WeightsFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:4000])
	f.Add([]byte("\x20\x00\x00\x00\x00\x00\x00\x00{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}1234"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if f, err := openSafetensors(path); err == nil { // must not panic, and what opens is filled
			sum := uint64(0)
			for _, h := range f.header {
				sum += h.Offsets[1] - h.Offsets[0]
			}
			if sum != uint64(len(data))-uint64(f.start) {
				t.Errorf("tensors of %d bytes fill %d", sum, uint64(len(data))-uint64(f.start))
			}
			f.Close()
		}
		ReadSafetensors(path, []TensorSpec{{"a", []int{1}}})
	})
}

// A configuration that is accepted is valid, and says the same when it is written.
func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"model_type":"qwen2","vocab_size":10,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":4,"max_position_embeddings":8}`))
	whole, err := os.ReadFile("../../testdata/qwen/config.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(bytes.Replace(whole, []byte(`"bos_token_id": null`), []byte(`"rope_scaling": {"rope_theta": 1e6, "type": "default"}, "bos_token_id": [3]`), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, rest, err := parseConfig(data)
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		fields, err := configFields(c, Origin{Config: rest}, Float32)
		if err != nil {
			t.Fatal(err)
		}
		if data, err = json.Marshal(fields); err != nil {
			t.Fatal(err)
		}
		if again, _, err := parseConfig(data); err != nil || again != c {
			t.Errorf("%+v comes back as %+v, %v", c, again, err)
		}
	})
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":4},"weight_map":{"a":"x.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../x.safetensors"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		where, err := parseIndex(data)
		if err != nil {
			return
		}
		for name, file := range where {
			if strings.ContainsRune(file, '/') || file == "" || file == ".." {
				t.Errorf("tensor %s is read from %q", name, file)
			}
		}
	})
}

func FuzzGenerationConfig(f *testing.F) {
	f.Add([]byte(`{"eos_token_id":[1,2],"temperature":0.7}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := testConfig
		if checkGeneration(data, c) != nil {
			return
		}
		var g struct {
			Ends any `json:"eos_token_id"`
		}
		if err := json.Unmarshal(data, &g); err != nil {
			t.Errorf("%q is accepted: %v", data, err)
		}
	})
}

func ExampleSize() {
	c, _ := Size("paper", 2200)
	fmt.Println(c.Layers, c.HiddenSize, c.Heads, c.KVHeads, c.Params())
	// Output: 12 768 12 2 103170816
}
