package vocab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folder is a folder with the base tokenizer, changed, and files beside it.
func folder(t testing.TB, changes object, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files = mapsWith(files, File, string(changed(t, changes)))
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mapsWith(m map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func TestTheFilesOfAModelSayWhoEndsAText(t *testing.T) {
	qwen := object{"added_tokens": []any{object{"id": 460, "content": "<|endoftext|>", "special": true}, object{"id": 461, "content": "<|im_end|>", "special": true}}}
	bare := object{"added_tokens": []any{}, "model": object{"vocab": object{"a": 0, "b": 1}, "merges": []any{}}}
	for _, c := range []struct {
		changes object
		files   map[string]string
		ends    []int32
	}{
		{nil, nil, []int32{3}}, // [EOS]
		{qwen, nil, []int32{3, 460}},
		{qwen, map[string]string{"config.json": `{"eos_token_id": 461}`}, []int32{3, 460, 461}},
		{qwen, map[string]string{"config.json": `{"eos_token_id": [461, 5]}`, "generation_config.json": `{"eos_token_id": [461, 460, 7]}`}, []int32{3, 460, 461, 5, 7}},
		{qwen, map[string]string{"tokenizer_config.json": `{"eos_token": "<|im_end|>"}`, "config.json": `{}`}, []int32{461, 3, 460}},
		{qwen, map[string]string{"tokenizer_config.json": `{"eos_token": {"content": "<|im_end|>"}, "add_bos_token": false}`}, []int32{461, 3, 460}},
		{bare, map[string]string{"config.json": `{"eos_token_id": null}`, "tokenizer_config.json": `{"eos_token": null}`}, nil},
		{bare, map[string]string{"generation_config.json": `{"eos_token_id": 1}`}, []int32{1}},
	} {
		v, err := Load(folder(t, c.changes, c.files))
		if err != nil || !slices.Equal(v.Ends(), c.ends) {
			t.Errorf("%v: %v, %v; expected %v", c.files, v.Ends(), err, c.ends)
			continue
		}
		if want := append(slices.Clone(c.ends), -1)[0]; v.EOS() != want {
			t.Errorf("%v: EOS is %d, expected %d", c.files, v.EOS(), want)
		}
	}
}

func TestFilesBesideATokenizerThatContradictItAreNamed(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"eos_token_id": {"config.json": `{"eos_token_id": "x"}`}, "generation_config.json": {"generation_config.json": `{"eos_token_id": [1, -2]}`},
		"twice": {"generation_config.json": `{"a": 1, "a": 2}`}, "no such token": {"tokenizer_config.json": `{"eos_token": "</s>"}`}, "expected a token": {"tokenizer_config.json": `{"eos_token": 3}`},
		"add_bos_token": {"tokenizer_config.json": `{"add_bos_token": true}`}, "add_eos_token": {"tokenizer_config.json": `{"add_eos_token": true}`},
		"split_special_tokens": {"tokenizer_config.json": `{"split_special_tokens": true}`}, "gives the id 3": {"tokenizer_config.json": `{"added_tokens_decoder": {"3": {"content": "<new>"}}}`},
		"tokens by their ids": {"tokenizer_config.json": `{"added_tokens_decoder": [1]}`}, "add_prefix_space is true": {"tokenizer_config.json": `{"add_prefix_space": true}`},
		"auto_map": {"tokenizer_config.json": `{"auto_map": {"AutoTokenizer": ["x.Y", null]}}`}, "object": {"tokenizer_config.json": `[]`},
	} {
		if _, err := Load(folder(t, nil, files)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", want, err)
		}
	}
}

// Save gives back every file of a tokenizer, byte for byte.
func TestATokenizersFilesGoOutAsTheyCame(t *testing.T) {
	files := map[string]string{"tokenizer_config.json": `{"eos_token":   "[EOS]", "chat_template": "x"}`, "special_tokens_map.json": "{ }", "merges.txt": "a b", "chat_template.jinja": "{{ x }}"}
	dir, again := folder(t, nil, files), t.TempDir()
	v, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Save(again); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, dir, again)
}

func TestEndIDsTakesOneIdOrSeveral(t *testing.T) {
	for text, want := range map[string][]int32{"3": {3}, "[3, 4]": {3, 4}, "[]": {}, "null": nil, "": nil} {
		if got, err := EndIDs(json.RawMessage(text)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"-1", "3.5", `"3"`, "[null]", "[[1]]", "{}", "4294967296", "true"} {
		if got, err := EndIDs(json.RawMessage(text)); err == nil {
			t.Errorf("%s gives %v", text, got)
		}
	}
}
