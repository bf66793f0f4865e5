package vocab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/strict"
)

// Files beside tokenizer.json by which transformers opens it.
const (
	configFile = "tokenizer_config.json"
	moduleName = "interplay_tokenizer"
	moduleFile = moduleName + ".py"
)

// besideFiles belong to a tokenizer and go out as they came. tokenizer.json alone says which
// ids a text has.
var besideFiles = []string{configFile, "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json"}

// module is the class that auto_map names. AutoTokenizer of transformers 5 opens a model of
// type qwen2 with Qwen's own pre-tokeniser, whatever tokenizer.json says, unless the
// configuration names a class of its own. It does not load that class unless the user
// trusts the folder's code: without this it reads tokenizer.json as it stands, and so does
// the class. Checked with transformers 5.23 and 4.57.
const module = `from transformers import PreTrainedTokenizerFast


class InterplayTokenizer(PreTrainedTokenizerFast):
    """Reads tokenizer.json as it stands."""
`

// saveConfig writes the configuration, with more than its class where more is given.
func saveConfig(dir string, more map[string]any) error {
	config := map[string]any{
		"tokenizer_class": "PreTrainedTokenizerFast",
		"auto_map":        map[string]any{"AutoTokenizer": []any{nil, moduleName + ".InterplayTokenizer"}},
	}
	maps.Copy(config, more)
	if err := saveModule(dir); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, configFile), config)
}

func saveModule(dir string) error {
	if err := durable.WriteFile(filepath.Join(dir, moduleFile), []byte(module)); err != nil {
		return fmt.Errorf("vocab: %w", err)
	}
	return nil
}

// checkConfig reads what tokenizer_config.json says about ids: the token that ends a text,
// which it returns, "" where there is none. Settings by which transformers would give other
// ids than tokenizer.json does are errors.
func (t *Tokenizer) checkConfig(data []byte) (eos string, err error) {
	if err := strict.Check(data); err != nil {
		return "", err
	}
	keys, err := strict.Object(data)
	if err != nil {
		return "", err
	}
	for _, key := range []string{"add_bos_token", "add_eos_token"} {
		if string(keys[key]) == "true" && (key == "add_eos_token" || len(t.prefix) == 0) {
			return "", fmt.Errorf("%s is true, but the post-processor of %s adds no such token", key, File)
		}
	}
	if code := keys["auto_map"]; len(code) > 0 && string(code) != "null" && !bytes.Contains(code, []byte(moduleName+".InterplayTokenizer")) {
		return "", fmt.Errorf("auto_map is %.60s: tokenizers with code of their own are not supported", code)
	}
	if err := t.checkSettings(keys); err != nil {
		return "", err
	}
	raw := keys["eos_token"]
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var token struct{ Content string }
	if json.Unmarshal(raw, &token.Content) != nil && json.Unmarshal(raw, &token) != nil || token.Content == "" {
		return "", fmt.Errorf("eos_token is %.60s: expected a token", raw)
	}
	return token.Content, nil
}

// checkSettings checks what tokenizer_config.json says once more of what tokenizer.json says:
// there transformers would cut other texts out, or put blanks elsewhere.
func (t *Tokenizer) checkSettings(keys map[string]json.RawMessage) error {
	if string(keys["split_special_tokens"]) == "true" {
		return fmt.Errorf("split_special_tokens is true: %s cuts special tokens out of texts", File)
	}
	if said := string(keys["add_prefix_space"]); t.bpe != nil && (said == "true" || said == "false") && (said == "true") != t.bpe.prefixSpace {
		return fmt.Errorf("add_prefix_space is %s, but the pre-tokenizer of %s says otherwise", said, File)
	}
	var added map[string]struct{ Content string }
	if raw := keys["added_tokens_decoder"]; len(raw) > 0 && json.Unmarshal(raw, &added) != nil {
		return fmt.Errorf("added_tokens_decoder is %.60s: expected tokens by their ids", raw)
	}
	for _, number := range slices.Sorted(maps.Keys(added)) {
		token := added[number].Content
		if id, ok := t.ids[token]; !ok || strconv.Itoa(int(id)) != number {
			return fmt.Errorf("added_tokens_decoder gives the id %.20s to %.80q, but %s does not", number, token, File)
		}
	}
	return nil
}
