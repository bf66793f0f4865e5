package vocab

import (
	"fmt"
	"maps"
	"path/filepath"

	"interplay/kernelkit/durable"
)

// Files beside tokenizer.json by which transformers opens it.
const (
	configFile = "tokenizer_config.json"
	moduleFile = "interplay_tokenizer.py"
)

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
		"auto_map":        map[string]any{"AutoTokenizer": []any{nil, "interplay_tokenizer.InterplayTokenizer"}},
	}
	maps.Copy(config, more)
	if err := durable.WriteFile(filepath.Join(dir, moduleFile), []byte(module)); err != nil {
		return fmt.Errorf("vocab: %w", err)
	}
	return writeJSON(filepath.Join(dir, configFile), config)
}
