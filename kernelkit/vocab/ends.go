package vocab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"interplay/kernelkit/strict"
)

// Who ends a text is said in up to three files beside tokenizer.json: eos_token_id of
// config.json and generation_config.json (one id or several), and eos_token of
// tokenizer_config.json. Files without these leave it to the names [EOS] and <|endoftext|>.

// Files of a model's folder that say which tokens end a text.
const (
	modelFile      = "config.json"
	generationFile = "generation_config.json"
)

// endNames end a text wherever a vocabulary has them.
var endNames = []string{EOS, "<|endoftext|>"}

// sideLimit is the longest file in bytes that is read beside tokenizer.json.
const sideLimit = 16 << 20

// Ends returns the ids of the tokens that end a text, the one that EOS returns first.
func (t *Tokenizer) Ends() []int32 { return slices.Clone(t.ends) }

// EndIDs reads the value of eos_token_id: an id, a list of ids, or null for none.
func EndIDs(raw json.RawMessage) ([]int32, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var ids []int32
	if raw[0] != '[' {
		ids = make([]int32, 1)
		if json.Unmarshal(raw, &ids[0]) != nil {
			ids = nil
		}
	} else if bytes.Contains(raw, []byte("null")) || json.Unmarshal(raw, &ids) != nil {
		ids = nil
	}
	if ids == nil || slices.ContainsFunc(ids, func(id int32) bool { return id < 0 }) {
		return nil, fmt.Errorf("eos_token_id is %.60s: expected a token's id, a list of ids, or null", raw)
	}
	return ids, nil
}

// setEnds collects the ids that end a text: what the files beside the tokenizer's say, then
// the names that always do. eos is the token of the tokenizer's own settings, "" where they
// name none.
func (t *Tokenizer) setEnds(eos string, ids []int32) error {
	t.ends = nil
	seen := map[int32]bool{} // a file may list as many as it likes
	add := func(id int32) {
		if !seen[id] {
			seen[id] = true
			t.ends = append(t.ends, id)
		}
	}
	if eos != "" {
		id, ok := t.ids[eos]
		if !ok {
			return fmt.Errorf("eos_token is %.80q: the vocabulary has no such token", eos)
		}
		add(id)
	}
	for _, name := range endNames {
		if id, ok := t.ids[name]; ok {
			add(id)
		}
	}
	for _, id := range ids {
		add(id)
	}
	if t.eos = -1; len(t.ends) > 0 {
		t.eos = t.ends[0]
	}
	return nil
}

// folderEnds reads eos_token_id of the model's files in a folder, where they are there.
func folderEnds(dir string) ([]int32, error) {
	var all []int32
	for _, name := range []string{modelFile, generationFile} {
		path := filepath.Join(dir, name)
		data, err := strict.ReadFile(path, sideLimit)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		ids, err := endsOf(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, ids...)
	}
	return all, nil
}

func endsOf(data []byte) ([]int32, error) {
	if err := strict.Check(data); err != nil {
		return nil, err
	}
	object, err := strict.Object(data)
	if err != nil {
		return nil, err
	}
	return EndIDs(object["eos_token_id"])
}
