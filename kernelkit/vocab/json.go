package vocab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"interplay/kernelkit/durable"
)

// File is the name that Hugging Face gives a saved tokenizer.
const File = "tokenizer.json"

type tokenizerJSON struct {
	Version      string          `json:"version"`
	Truncation   json.RawMessage `json:"truncation"`
	Padding      json.RawMessage `json:"padding"`
	Added        []addedToken    `json:"added_tokens"`
	Normalizer   json.RawMessage `json:"normalizer"`
	PreTokenizer *component      `json:"pre_tokenizer"`
	Post         json.RawMessage `json:"post_processor"`
	Decoder      *component      `json:"decoder"`
	Model        modelJSON       `json:"model"`
}

type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// component is a pre-tokenizer or decoder.
type component struct {
	Type           string      `json:"type"`
	Pattern        *pattern    `json:"pattern,omitempty"`
	Behavior       string      `json:"behavior,omitempty"`
	Invert         *bool       `json:"invert,omitempty"`
	AddPrefixSpace *bool       `json:"add_prefix_space,omitempty"`
	TrimOffsets    *bool       `json:"trim_offsets,omitempty"`
	UseRegex       *bool       `json:"use_regex,omitempty"`
	Pretokenizers  []component `json:"pretokenizers,omitempty"`
}

type pattern struct {
	Regex  *string `json:"Regex,omitempty"`
	String *string `json:"String,omitempty"`
}

type modelJSON struct {
	Type  string          `json:"type"`
	Vocab orderedVocab    `json:"vocab"`
	UNK   *string         `json:"unk_token,omitempty"`
	Merge json.RawMessage `json:"merges,omitempty"`
	Extra bpeOptions      `json:"-"`
}

// bpeOptions are the settings of a BPE model that change its ids.
type bpeOptions struct {
	Dropout                 *float64 `json:"dropout"`
	ContinuingSubwordPrefix *string  `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string  `json:"end_of_word_suffix"`
	FuseUNK                 bool     `json:"fuse_unk"`
	ByteFallback            bool     `json:"byte_fallback"`
	IgnoreMerges            bool     `json:"ignore_merges"`
}

func (m *modelJSON) UnmarshalJSON(data []byte) error {
	type plain modelJSON
	if err := json.Unmarshal(data, (*plain)(m)); err != nil {
		return err
	}
	return json.Unmarshal(data, &m.Extra)
}

// orderedVocab writes its entries in the order of their ids.
type orderedVocab map[string]int32

func (v orderedVocab) MarshalJSON() ([]byte, error) {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return int(v[a]) - int(v[b]) })
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(k)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%d", name, v[k])
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Save writes tokenizer.json and the small files that make transformers'
// AutoTokenizer open the folder.
func (t *Tokenizer) Save(dir string) error {
	if t.splitting == byteLevel {
		return t.bpe.save(dir)
	}
	f := tokenizerJSON{Version: "1.0", Model: modelJSON{Type: "WordLevel", Vocab: t.ids}}
	unk := UNK
	f.Model.UNK = &unk
	for i, token := range t.tokens {
		if t.isSpecial[int32(i)] {
			f.Added = append(f.Added, addedToken{ID: int32(i), Content: token, Special: true})
		}
	}
	if t.splitting == blanks {
		f.PreTokenizer = &component{Type: "WhitespaceSplit"}
	} else {
		p, no := prosePattern, false
		if t.splitting == phrases {
			p = phrasePattern(t.tokens, t.special)
		}
		f.PreTokenizer = &component{Type: "Split", Pattern: &pattern{Regex: &p}, Behavior: "Isolated", Invert: &no}
		f.Decoder = &component{Type: "Fuse"}
	}
	if err := writeJSON(filepath.Join(dir, File), f); err != nil {
		return err
	}
	return saveConfig(dir, map[string]any{
		"clean_up_tokenization_spaces": false,
		"unk_token":                    UNK, "pad_token": PAD, "bos_token": BOS, "eos_token": EOS,
		"model_input_names": []string{"input_ids", "attention_mask"},
	})
}

// writeJSON replaces a file in one step; unlike the standard encoder's default it leaves
// tags as they are.
func writeJSON(path string, v any) error {
	err := durable.Write(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	})
	if err != nil {
		return fmt.Errorf("vocab: %w", err)
	}
	return nil
}

// Load reads a tokenizer from a folder with a tokenizer.json, or from such a file.
// Word-level tokenizers as Save writes them and byte-level BPE are read; anything else
// is an error that names what was found.
func Load(path string) (*Tokenizer, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, File)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("vocab: there is no %s: expected a tokenizer.json as Hugging Face's tokenizers writes it", path)
	} else if err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	t, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("vocab: %s: %w", path, err)
	}
	return t, nil
}

func parse(data []byte) (*Tokenizer, error) {
	var f tokenizerJSON
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("not a whole tokenizer.json: %w", err)
	}
	switch f.Model.Type {
	case "WordLevel":
		tokens, special, err := f.table()
		if err != nil {
			return nil, err
		}
		how, err := wordSplitting(f.PreTokenizer, tokens, special)
		if err != nil {
			return nil, err
		}
		return assemble(tokens, special, how)
	case "BPE", "":
		return parseBPE(&f, data)
	}
	return nil, fmt.Errorf("the model is of type %q: expected WordLevel or byte-level BPE", f.Model.Type)
}

func wordSplitting(p *component, tokens, special []string) (splitting, error) {
	switch {
	case p != nil && p.Type == "WhitespaceSplit":
		return blanks, nil
	case p != nil && p.Type == "Split" && p.Pattern != nil && p.Pattern.Regex != nil && *p.Pattern.Regex == prosePattern:
		return prose, nil
	case p != nil && p.Type == "Split" && p.Pattern != nil && p.Pattern.Regex != nil && *p.Pattern.Regex == phrasePattern(tokens, special):
		return phrases, nil
	}
	return 0, errors.New("the word-level model has another pre-tokenizer than WhitespaceSplit or this project's patterns")
}

// table lists the tokens by id and the tokens that are cut out of text first.
func (f *tokenizerJSON) table() (tokens, special []string, err error) {
	const most = 1 << 22
	put := func(token string, id int32) error {
		if id < 0 || id >= most {
			return fmt.Errorf("token %q has id %d: expected 0 to %d", token, id, most-1)
		}
		for int(id) >= len(tokens) {
			tokens = append(tokens, "")
		}
		if tokens[id] != "" && tokens[id] != token {
			return fmt.Errorf("id %d is given to two tokens, %q and %q", id, tokens[id], token)
		}
		tokens[id] = token
		return nil
	}
	for token, id := range f.Model.Vocab {
		if token == "" {
			return nil, nil, errors.New("a token of the vocabulary is empty")
		}
		if err := put(token, id); err != nil {
			return nil, nil, err
		}
	}
	for _, a := range f.Added {
		if a.Content == "" {
			return nil, nil, errors.New("an added token is empty")
		}
		if err := put(a.Content, a.ID); err != nil {
			return nil, nil, err
		}
		if !slices.Contains(special, a.Content) {
			special = append(special, a.Content)
		}
	}
	return tokens, special, nil
}

func sortLongestFirst(s []string) {
	slices.SortStableFunc(s, func(a, b string) int { return len(b) - len(a) })
}
