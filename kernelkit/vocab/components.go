package vocab

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"interplay/kernelkit/strict"
)

// The components of a tokenizer.json besides its model. What is not listed here is an error
// that names the component's type or key.

// kindOf reads the type of a component, "" where there is none.
func kindOf(what string, raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	object, err := strict.Object(raw)
	if err != nil {
		return "", fmt.Errorf("the %s: %w", what, err)
	}
	var kind string
	if err := json.Unmarshal(object["type"], &kind); err != nil || kind == "" {
		return "", fmt.Errorf("the %s has no type: %.60s", what, raw)
	}
	return kind, nil
}

// sequence returns the members of a component of type Sequence, or the component itself;
// none where there is none. Sequences nest.
func sequence(what, members string, raw json.RawMessage) ([]json.RawMessage, error) {
	kind, err := kindOf(what, raw)
	if err != nil || kind == "" {
		return nil, err
	}
	if kind != "Sequence" {
		return []json.RawMessage{raw}, nil
	}
	var list, out []json.RawMessage
	if err := strict.Fields(raw, map[string]any{"type": &kind, members: &list}); err != nil {
		return nil, fmt.Errorf("the %s: %w", what, err)
	}
	for _, m := range list {
		inner, err := sequence(what, members, m)
		if err != nil {
			return nil, err
		}
		out = append(out, inner...)
	}
	return out, nil
}

// normalizer says whether texts are normalised to NFC.
func normalizer(raw json.RawMessage) (nfc bool, err error) {
	list, err := sequence("normalizer", "normalizers", raw)
	if err != nil {
		return false, err
	}
	for _, m := range list {
		kind, err := kindOf("normalizer", m)
		if err != nil {
			return false, err
		}
		if kind != "NFC" {
			return false, fmt.Errorf("the normalizer is of type %s: expected none or NFC", kind)
		}
		if err := strict.Fields(m, map[string]any{"type": &kind}); err != nil {
			return false, fmt.Errorf("the normalizer NFC: %w", err)
		}
		nfc = true
	}
	return nfc, nil
}

// preTokenizer is a stage of a pre-tokenizer: WhitespaceSplit, Split (a regular expression,
// isolated) or ByteLevel.
type preTokenizer struct {
	kind        string
	regex       string // of Split
	prefixSpace bool   // of ByteLevel; likewise useRegex
	useRegex    bool
}

func readPreTokenizer(raw json.RawMessage) ([]preTokenizer, error) {
	list, err := sequence("pre-tokenizer", "pretokenizers", raw)
	if err != nil {
		return nil, err
	}
	var out []preTokenizer
	for _, m := range list {
		p := preTokenizer{prefixSpace: true, useRegex: true}
		if p.kind, err = kindOf("pre-tokenizer", m); err != nil {
			return nil, err
		}
		switch p.kind {
		case "WhitespaceSplit":
			err = strict.Fields(m, map[string]any{"type": &p.kind})
		case "ByteLevel":
			var trim bool // of offsets, which nothing here has
			err = strict.Fields(m, map[string]any{"type": &p.kind, "add_prefix_space": &p.prefixSpace, "trim_offsets": &trim, "use_regex": &p.useRegex})
		case "Split":
			err = readSplit(m, &p)
		default:
			err = errors.New("expected Split (a regular expression, isolated) and ByteLevel")
		}
		if err != nil {
			return nil, fmt.Errorf("the pre-tokenizer has a part of type %s: %w", p.kind, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func readSplit(raw json.RawMessage, p *preTokenizer) error {
	var behavior string
	var invert bool
	var pattern struct{ regex, text *string }
	var inner json.RawMessage
	if err := strict.Fields(raw, map[string]any{"type": &p.kind, "pattern": &inner, "behavior": &behavior, "invert": &invert}); err != nil {
		return err
	}
	if err := strict.Fields(inner, map[string]any{"Regex": &pattern.regex, "String": &pattern.text}); err != nil {
		return fmt.Errorf("pattern: %w", err)
	}
	switch {
	case behavior != "Isolated":
		return fmt.Errorf("behavior is %.80q: expected Isolated", behavior)
	case invert:
		return errors.New("invert is true: not supported")
	case pattern.regex == nil || pattern.text != nil:
		return errors.New("the pattern is a String: expected a Regex")
	}
	p.regex = *pattern.regex
	return nil
}

// checkDecoder says whether a tokenizer's decoder is the one that undoes its splitting.
func checkDecoder(raw json.RawMessage, how splitting) error {
	list, err := sequence("decoder", "decoders", raw)
	if err != nil {
		return err
	}
	want := map[splitting]string{byteLevel: "ByteLevel", prose: "Fuse", phrases: "Fuse"}[how]
	for _, m := range list {
		kind, err := kindOf("decoder", m)
		if err != nil {
			return err
		}
		if kind == want && len(list) > 1 {
			return fmt.Errorf("the decoder has %d parts: expected %s alone", len(list), want)
		}
		if kind != want {
			return fmt.Errorf("the decoder is of type %s: expected %s", kind, map[splitting]string{byteLevel: "ByteLevel", prose: "Fuse", phrases: "Fuse", blanks: "none"}[how])
		}
		var flag bool // what these say goes for encoding only
		if err := strict.Fields(m, map[string]any{"type": &kind, "add_prefix_space": &flag, "trim_offsets": &flag, "use_regex": &flag}); err != nil {
			return fmt.Errorf("the decoder %s: %w", kind, err)
		}
	}
	return nil
}

// template returns the ids that a post-processor puts before a text. One that adds tokens
// behind a text is an error: a prompt would have an end, and could not be gone on with.
func template(raw json.RawMessage) ([]int32, error) {
	list, err := sequence("post-processor", "processors", raw)
	if err != nil {
		return nil, err
	}
	var prefix []int32
	templates := 0
	for _, m := range list {
		kind, err := kindOf("post-processor", m)
		if err != nil {
			return nil, err
		}
		switch kind {
		case "ByteLevel":
			var flag bool // about offsets
			err = strict.Fields(m, map[string]any{"type": &kind, "add_prefix_space": &flag, "trim_offsets": &flag, "use_regex": &flag})
		case "TemplateProcessing":
			if templates++; templates > 1 {
				return nil, errors.New("the post-processor has two templates: expected one")
			}
			prefix, err = templatePrefix(m)
		default:
			err = errors.New("expected ByteLevel or TemplateProcessing")
		}
		if err != nil {
			return nil, fmt.Errorf("the post-processor of type %s: %w", kind, err)
		}
	}
	return prefix, nil
}

func templatePrefix(raw json.RawMessage) ([]int32, error) {
	type part struct {
		ID string `json:"id"`
	}
	type special struct {
		IDs []int32 `json:"ids"`
	}
	var kind string
	var single []map[string]part
	var pair json.RawMessage // of two texts, which nothing here encodes
	tokens := map[string]special{}
	if err := strict.Fields(raw, map[string]any{"type": &kind, "single": &single, "pair": &pair, "special_tokens": &tokens}); err != nil {
		return nil, err
	}
	var prefix []int32
	texts := 0
	for _, step := range single {
		token, isToken := step["SpecialToken"]
		text, isText := step["Sequence"]
		switch {
		case len(step) != 1 || !isToken && !isText, isText && text.ID != "A":
			return nil, fmt.Errorf("single has a step that is not understood: %v", step)
		case isText:
			texts++
		case texts > 0:
			return nil, fmt.Errorf("it ends texts with %s: not supported, prompts could not be continued", token.ID)
		default:
			ids := tokens[token.ID].IDs
			if len(ids) == 0 || slices.Min(ids) < 0 {
				return nil, fmt.Errorf("special_tokens gives no ids for %.80q", token.ID)
			}
			prefix = append(prefix, ids...)
		}
	}
	if texts != 1 {
		return nil, fmt.Errorf("single holds the text %d times: expected once", texts)
	}
	return prefix, nil
}
