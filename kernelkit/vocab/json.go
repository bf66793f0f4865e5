package vocab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/strict"
)

// File is the name that Hugging Face gives a saved tokenizer.
const File = "tokenizer.json"

// fileLimit is the longest tokenizer.json in bytes that is read; the largest known ones have
// some thirty million.
const fileLimit = 256 << 20

// tokenizerFile is what Save writes for a tokenizer that was made here.
type tokenizerFile struct {
	Version      string       `json:"version"`
	Truncation   *struct{}    `json:"truncation"`
	Padding      *struct{}    `json:"padding"`
	Added        []addedToken `json:"added_tokens"`
	Normalizer   *struct{}    `json:"normalizer"`
	PreTokenizer *splitJSON   `json:"pre_tokenizer"`
	Post         *struct{}    `json:"post_processor"`
	Decoder      *splitJSON   `json:"decoder"`
	Model        wordLevel    `json:"model"`
}

type splitJSON struct {
	Type     string            `json:"type"`
	Pattern  map[string]string `json:"pattern,omitempty"`
	Behavior string            `json:"behavior,omitempty"`
	Invert   *bool             `json:"invert,omitempty"`
}

type wordLevel struct {
	Type  string       `json:"type"`
	Vocab orderedVocab `json:"vocab"`
	UNK   string       `json:"unk_token"`
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
// AutoTokenizer open the folder. A tokenizer that came from files goes out as it came.
func (t *Tokenizer) Save(dir string) error {
	if t.files != nil {
		return t.saveFiles(dir)
	}
	f := tokenizerFile{Version: "1.0", Model: wordLevel{"WordLevel", t.ids, UNK}}
	for i, token := range t.tokens {
		if t.isSpecial[int32(i)] {
			f.Added = append(f.Added, addedToken{ID: int32(i), Content: token, Special: true})
		}
	}
	if t.splitting == blanks {
		f.PreTokenizer = &splitJSON{Type: "WhitespaceSplit"}
	} else {
		no, pattern := false, prosePattern
		if t.splitting == phrases {
			pattern = phrasePattern(t.tokens, t.isSpecial)
		}
		f.PreTokenizer = &splitJSON{"Split", map[string]string{"Regex": pattern}, "Isolated", &no}
		f.Decoder = &splitJSON{Type: "Fuse"}
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

// saveFiles writes the files that the tokenizer was read from.
func (t *Tokenizer) saveFiles(dir string) error {
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		if err := durable.WriteFile(filepath.Join(dir, name), t.files[name]); err != nil {
			return fmt.Errorf("vocab: %w", err)
		}
	}
	if config, ok := t.files[configFile]; !ok {
		return saveConfig(dir, nil)
	} else if bytes.Contains(config, []byte(moduleName)) {
		return saveModule(dir)
	}
	return nil
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
// Word-level tokenizers as Save writes them and byte-level BPE are read, with the ids that
// Hugging Face's tokenizers gives; any feature that is not supported is an error that names
// it. Where the file has its usual name, the files beside it say which tokens end a text
// (see Ends), and those that belong to the tokenizer are kept for Save.
func Load(path string) (*Tokenizer, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, File)
	}
	data, err := strict.ReadFile(path, fileLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("vocab: there is no %s: expected a tokenizer.json as Hugging Face's tokenizers writes it", path)
	} else if err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	t, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("vocab: %s: %w", path, err)
	}
	if filepath.Base(path) == File {
		if err := t.readBeside(filepath.Dir(path)); err != nil {
			return nil, fmt.Errorf("vocab: %w", err)
		}
	}
	return t, nil
}

// parts are the members of a tokenizer.json.
type parts struct {
	version, kind                                           string
	truncation, padding, normalizer, preTokenizer, decoder  json.RawMessage
	post, model, fuseUNK, dropout, prefix, suffix, fallback json.RawMessage
	added                                                   []addedToken
	ids                                                     map[string]int32
	merges                                                  json.RawMessage
	unk                                                     *string
	ignoreMerges                                            bool
}

func parse(data []byte) (*Tokenizer, error) {
	if err := strict.Check(data); err != nil {
		return nil, err
	}
	p, err := readParts(data)
	if err != nil {
		return nil, err
	}
	tokens, special, err := p.table()
	if err != nil {
		return nil, err
	}
	how := byteLevel
	if p.kind == "WordLevel" {
		if how, err = p.wordSplitting(tokens); err != nil {
			return nil, err
		}
	}
	t, err := assemble(tokens, special, how)
	if err != nil {
		return nil, err
	}
	t.files = map[string][]byte{File: data}
	if err := p.complete(t); err != nil {
		return nil, err
	}
	return t, nil
}

// complete gives a tokenizer what its file says besides the vocabulary.
func (p *parts) complete(t *Tokenizer) (err error) {
	if t.nfc, err = normalizer(p.normalizer); err != nil {
		return err
	}
	if t.splitting == blanks && t.nfc {
		return errors.New("the word-level model has a normalizer: not supported where texts are cut at blanks")
	}
	if t.splitting == byteLevel {
		if t.bpe, err = newBPE(p); err != nil {
			return err
		}
	}
	if err := checkDecoder(p.decoder, t.splitting); err != nil {
		return err
	}
	if t.prefix, err = template(p.post); err != nil {
		return err
	}
	for _, id := range t.prefix {
		if t.Token(id) == "" {
			return fmt.Errorf("the post-processor adds the id %d, which is no token's", id)
		}
	}
	return t.setFinders(p.added)
}

func readParts(data []byte) (*parts, error) {
	p := &parts{}
	var added []json.RawMessage
	err := strict.Fields(data, map[string]any{
		"version": &p.version, "truncation": &p.truncation, "padding": &p.padding, "added_tokens": &added, "normalizer": &p.normalizer,
		"pre_tokenizer": &p.preTokenizer, "post_processor": &p.post, "decoder": &p.decoder, "model": &p.model,
	})
	if err != nil {
		return nil, err
	}
	switch {
	case p.version != "" && p.version != "1.0":
		return nil, fmt.Errorf("version is %.80q: expected 1.0", p.version)
	case p.truncation != nil:
		return nil, errors.New("truncation is set: texts would be cut; say null")
	case p.padding != nil:
		return nil, errors.New("padding is set: texts would be filled up; say null")
	case p.model == nil:
		return nil, errors.New("there is no model")
	}
	for i, raw := range added {
		a := addedToken{ID: -1}
		err := strict.Fields(raw, map[string]any{"id": &a.ID, "content": &a.Content, "single_word": &a.SingleWord,
			"lstrip": &a.LStrip, "rstrip": &a.RStrip, "normalized": &a.Normalized, "special": &a.Special})
		if err != nil {
			return nil, fmt.Errorf("added token %d: %w", i, err)
		}
		p.added = append(p.added, a)
	}
	return p, p.readModel()
}

func (p *parts) readModel() error {
	err := strict.Fields(p.model, map[string]any{
		"type": &p.kind, "vocab": &p.ids, "unk_token": &p.unk, "merges": &p.merges, "dropout": &p.dropout,
		"continuing_subword_prefix": &p.prefix, "end_of_word_suffix": &p.suffix, "fuse_unk": &p.fuseUNK, "byte_fallback": &p.fallback,
		"ignore_merges": &p.ignoreMerges,
	})
	if err != nil {
		var kind string // a model of another type has keys of its own
		object, _ := strict.Object(p.model)
		if json.Unmarshal(object["type"], &kind) != nil || kind == "BPE" || kind == "WordLevel" {
			return fmt.Errorf("model: %w", err)
		}
		p.kind = kind
	}
	switch {
	case p.kind != "" && p.kind != "BPE" && p.kind != "WordLevel":
		return fmt.Errorf("the model is of type %.80q: expected WordLevel or byte-level BPE", p.kind)
	case p.ids == nil:
		return errors.New("the model has no vocab")
	case p.kind == "WordLevel" && p.merges != nil:
		return errors.New("the word-level model has merges")
	}
	return nil
}

// wordSplitting says how a word-level model cuts texts. Where it is at blanks, a text that
// encodes must have the ids that Hugging Face's tokenizers gives: no token may be one that it
// would cut.
func (p *parts) wordSplitting(tokens []string) (splitting, error) {
	pre, err := readPreTokenizer(p.preTokenizer)
	if err != nil {
		return 0, err
	}
	switch {
	case len(pre) == 1 && pre[0].kind == "Split" && pre[0].regex == prosePattern:
		return prose, nil
	case len(pre) == 1 && pre[0].kind == "Split" && pre[0].regex == phrasePattern(tokens, p.isAdded()):
		return phrases, nil
	case len(pre) != 1 || pre[0].kind != "WhitespaceSplit":
		return 0, errors.New("the word-level model has another pre-tokenizer than WhitespaceSplit or this project's patterns")
	}
	contents := make([]addedToken, 0, len(p.added))
	for _, a := range p.added {
		a.SingleWord, a.LStrip, a.RStrip = false, false, false
		contents = append(contents, a)
	}
	find := newFinder(contents)
	for _, token := range tokens {
		if strings.IndexFunc(token, unicode.IsSpace) >= 0 {
			return 0, fmt.Errorf("token %.80q contains a blank: texts are cut at blanks", token)
		}
		if cut := find.find(token); len(cut) > 1 {
			return 0, fmt.Errorf("token %.80q contains an added token: it would be cut", token)
		}
	}
	return blanks, nil
}

// isAdded says which ids are cut out of text first.
func (p *parts) isAdded() map[int32]bool {
	added := map[int32]bool{}
	for _, a := range p.added {
		added[a.ID] = true
	}
	return added
}

// table lists the tokens by id and the tokens that are cut out of text first.
func (p *parts) table() (tokens, special []string, err error) {
	const most = 1 << 22
	put := func(token string, id int32) error {
		if id < 0 || id >= most {
			return fmt.Errorf("token %.80q has id %d: expected 0 to %d", token, id, most-1)
		}
		if int(id) >= len(tokens) {
			tokens = append(tokens, make([]string, int(id)+1-len(tokens))...)
		}
		if tokens[id] != "" && tokens[id] != token {
			return fmt.Errorf("id %d is given to two tokens, %.80q and %.80q", id, tokens[id], token)
		}
		tokens[id] = token
		return nil
	}
	for _, token := range slices.Sorted(maps.Keys(p.ids)) {
		if token == "" {
			return nil, nil, errors.New("a token of the vocabulary is empty")
		}
		if err := put(token, p.ids[token]); err != nil {
			return nil, nil, err
		}
	}
	seen := map[string]bool{}
	next := int32(len(p.ids)) // what tokenizers gives to the next token that the model lacks
	for _, a := range p.added {
		switch want, known := p.ids[a.Content]; {
		case a.Content == "":
			return nil, nil, errors.New("an added token is empty")
		case seen[a.Content]:
			return nil, nil, fmt.Errorf("added token %.80q is given twice", a.Content)
		case known && want != a.ID:
			return nil, nil, fmt.Errorf("added token %.80q has id %d, and %d in the vocabulary", a.Content, a.ID, want)
		case !known && next != a.ID:
			return nil, nil, fmt.Errorf("added token %.80q has id %d: tokenizers, which counts on from the vocabulary, would give it %d", a.Content, a.ID, next)
		}
		seen[a.Content] = true
		next = max(next, a.ID+1)
		if err := put(a.Content, a.ID); err != nil {
			return nil, nil, err
		}
		special = append(special, a.Content)
	}
	return tokens, special, nil
}

// readBeside reads the files of a tokenizer's folder.
func (t *Tokenizer) readBeside(dir string) error {
	for _, name := range besideFiles {
		data, err := strict.ReadFile(filepath.Join(dir, name), fileLimit)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		t.files[name] = data
	}
	eos := ""
	if data, ok := t.files[configFile]; ok {
		var err error
		if eos, err = t.checkConfig(data); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(dir, configFile), err)
		}
	}
	ids, err := folderEnds(dir)
	if err != nil {
		return err
	}
	if err := t.setEnds(eos, ids); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, configFile), err)
	}
	return nil
}
