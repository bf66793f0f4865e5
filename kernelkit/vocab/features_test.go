package vocab

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const baseFile = "../../testdata/vocab/bpe_gpt2.json"

// changed is the base tokenizer with other members; those of the model are added to its own.
func changed(t testing.TB, changes map[string]any) []byte {
	t.Helper()
	data, err := os.ReadFile(baseFile)
	if err != nil {
		t.Fatal(err)
	}
	base := map[string]any{}
	if err := json.Unmarshal(data, &base); err != nil {
		t.Fatal(err)
	}
	for key, value := range changes {
		if members, ok := value.(map[string]any); ok && key == "model" {
			maps.Copy(base["model"].(map[string]any), members)
		} else {
			base[key] = value
		}
	}
	if data, err = json.Marshal(base); err != nil {
		t.Fatal(err)
	}
	return data
}

// testdata/vocab/make_features.py says what was made with which version.
func TestEveryFeatureGivesHuggingFacesIDs(t *testing.T) {
	data, err := os.ReadFile("../../testdata/vocab/features.json")
	if err != nil {
		t.Fatal(err)
	}
	var fixture struct {
		Texts []string `json:"texts"`
		Cases []struct {
			Name    string         `json:"name"`
			Changes map[string]any `json:"changes"`
			LeftOut []int          `json:"left_out"`
			First   [][]int32      `json:"first_ids"`
			SHA256  string         `json:"ids_sha256"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(data, &fixture); err != nil {
		t.Fatal(err)
	}
	if len(fixture.Cases) < 70 || len(fixture.Texts) < 150 {
		t.Fatalf("the fixture has %d tokenizers and %d texts", len(fixture.Cases), len(fixture.Texts))
	}
	for _, c := range fixture.Cases {
		v, err := parse(changed(t, c.Changes))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		digest := sha256.New()
		for i, text := range fixture.Texts {
			got, err := v.Encode(text)
			if err != nil {
				t.Errorf("%s: %q: %v", c.Name, text, err)
			}
			if slices.Contains(c.LeftOut, i) {
				continue
			}
			if i < len(c.First) && !slices.Equal(got, c.First[i]) {
				t.Errorf("%s: %q gives %v, expected %v", c.Name, text, got, c.First[i])
			}
			fmt.Fprintf(digest, "%d %s\n", i, strings.Trim(fmt.Sprint(got), "[]"))
		}
		if hex.EncodeToString(digest.Sum(nil)) != c.SHA256 {
			t.Errorf("%s: the ids of some text differ", c.Name)
		}
	}
}

type object = map[string]any

func split(regex string) object {
	return object{"type": "Sequence", "pretokenizers": []any{
		object{"type": "Split", "pattern": object{"Regex": regex}, "behavior": "Isolated", "invert": false}, object{"type": "ByteLevel"}}}
}

func TestFeaturesThatAreNotSupportedAreNamed(t *testing.T) {
	token := func(content string, id int) object { return object{"content": content, "id": id} }
	tail := object{"type": "TemplateProcessing", "single": []any{object{"Sequence": object{"id": "A"}}, object{"SpecialToken": object{"id": "x"}}},
		"special_tokens": object{"x": object{"ids": []int{1}}}}
	head := object{"type": "TemplateProcessing", "single": []any{object{"SpecialToken": object{"id": "x"}}, object{"Sequence": object{"id": "A"}}},
		"special_tokens": object{"x": object{"ids": []int{1}}}}
	far := object{"type": "TemplateProcessing", "single": head["single"], "special_tokens": object{"x": object{"ids": []int{100000}}}}
	for _, c := range []struct {
		want    string
		changes object
	}{
		{"version", object{"version": "2.0"}},
		{"truncation", object{"truncation": object{"max_length": 3}}},
		{"padding", object{"padding": object{"strategy": "BatchLongest"}}},
		{`"Normalizer"`, object{"Normalizer": nil}},
		{"NFKC", object{"normalizer": object{"type": "NFKC"}}},
		{"Lowercase", object{"normalizer": object{"type": "Sequence", "normalizers": []any{object{"type": "NFC"}, object{"type": "Lowercase"}}}}},
		{"Metaspace", object{"pre_tokenizer": object{"type": "Metaspace"}}},
		{"ByteLevel before", object{"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []any{object{"type": "ByteLevel"}, object{"type": "ByteLevel"}}}}},
		{"Removed", object{"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []any{
			object{"type": "Split", "pattern": object{"Regex": "a"}, "behavior": "Removed"}, object{"type": "ByteLevel"}}}}},
		{"invert", object{"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []any{
			object{"type": "Split", "pattern": object{"Regex": "a"}, "behavior": "Isolated", "invert": true}, object{"type": "ByteLevel"}}}}},
		{"String", object{"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []any{
			object{"type": "Split", "pattern": object{"String": "a"}, "behavior": "Isolated"}, object{"type": "ByteLevel"}}}}},
		{"(?<=", object{"pre_tokenizer": split(`(?<=a)b`)}},
		{"(?!", object{"pre_tokenizer": split(`a(?!b)|c`)}},
		{"ends of lines", object{"pre_tokenizer": split(`^a`)}},
		{"&&", object{"pre_tokenizer": split(`[a-z&&b]`)}},
		{"Han", object{"pre_tokenizer": split(`\p{Han}`)}},
		{"quantifier", object{"pre_tokenizer": split(`a++`)}},
		{"match nothing", object{"pre_tokenizer": split(`(a?|b)*c`)}},
		{"empty text", object{"pre_tokenizer": split(`a*`)}},
		{"instructions", object{"pre_tokenizer": split(`(a{1,30}b){1,30}`)}},
		{"4096", object{"pre_tokenizer": split(strings.Repeat("a", 5000))}},
		{"BertProcessing", object{"post_processor": object{"type": "BertProcessing"}}},
		{"ends texts with x", object{"post_processor": tail}},
		{"two templates", object{"post_processor": object{"type": "Sequence", "processors": []any{head, head}}}},
		{"100000", object{"post_processor": far}},
		{"WordPiece", object{"decoder": object{"type": "WordPiece"}}},
		{"Unigram", object{"model": object{"type": "Unigram"}}},
		{"dropout", object{"model": object{"dropout": 0.1}}},
		{"byte_fallback", object{"model": object{"byte_fallback": true}}},
		{"end_of_word_suffix", object{"model": object{"end_of_word_suffix": "</w>"}}},
		{`"max_word"`, object{"model": object{"max_word": 3}}},
		{"no merges", object{"model": object{"merges": nil}}},
		{"two tokens", object{"model": object{"merges": []string{"a b c"}}}},
		{"would give it 460", object{"added_tokens": []any{token("new", 470)}}},
		{"in the vocabulary", object{"added_tokens": []any{token("[EOS]", 460)}}},
		{"given twice", object{"added_tokens": []any{token("new", 460), token("new", 460)}}},
		{"empty", object{"added_tokens": []any{token("", 460)}}},
		{`"lstripe"`, object{"added_tokens": []any{object{"content": "new", "id": 460, "lstripe": true}}}},
		{"one when normalised", object{"normalizer": object{"type": "NFC"}, "added_tokens": []any{
			object{"content": "\u00e9!", "id": 460, "normalized": true}, object{"content": "e\u0301!", "id": 461, "normalized": true}}}},
	} {
		if _, err := parse(changed(t, c.changes)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v", c.want, err)
		}
	}
}

// A word-level tokenizer that is cut at blanks looks whole pieces up: no token may be one that
// Hugging Face's tokenizers would cut.
func TestWordLevelTokensThatWouldBeCutAreNamed(t *testing.T) {
	for want, text := range map[string]string{
		"contains a blank":        `"added_tokens":[],"model":{"type":"WordLevel","vocab":{"a\u00a0b":0},"unk_token":"a"}`,
		"contains an added token": `"added_tokens":[{"id":1,"content":"b"}],"model":{"type":"WordLevel","vocab":{"abc":0,"b":1},"unk_token":"b"}`,
		"normalizer":              `"normalizer":{"type":"NFC"},"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}`,
		"decoder":                 `"decoder":{"type":"Fuse"},"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}`,
	} {
		if _, err := parse([]byte(`{"pre_tokenizer":{"type":"WhitespaceSplit"},` + text + `}`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", want, err)
		}
	}
}

// The tables of newCharacters belong to Go's version of Unicode.
func TestTheCharactersThatGoLacksAreThoseOfItsVersion(t *testing.T) {
	if unicode.Version != "15.0.0" {
		t.Errorf("Go's Unicode is %s: compare \\p{…} with tokenizers' anew and mend newCharacters", unicode.Version)
	}
}
