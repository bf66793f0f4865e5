package rollout

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"interplay/kernelkit/vocab"
)

// A model that comes in ends its texts by its own tokens: those of its files, <|endoftext|>
// among them.
func TestAModelsOwnTokensEndItsCompletions(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		vocab.File: `{"added_tokens":[{"id":4,"content":"<|endoftext|>"},{"id":5,"content":"<|im_end|>"},{"id":6,"content":"</answer>"}],` +
			`"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"type":"BPE","vocab":{"a":0,"b":1,"c":2,"d":3},"merges":[]}}`,
		"config.json": `{"eos_token_id": 5}`, "generation_config.json": `{"eos_token_id": [5, 2]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := vocab.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := Stops(tok); !slices.Equal(got, []int32{4, 5, 2, 6}) {
		t.Errorf("completions end with %v", got)
	}
	for _, c := range []struct {
		ids  []int32
		text string
	}{{[]int32{0, 1, 5}, "ab"}, {[]int32{0, 4}, "a"}, {[]int32{0, 2}, "a"}, {[]int32{0, 6}, "a</answer>"}, {[]int32{5, 5}, "<|im_end|>"}, {nil, ""}} {
		if got := (&Completion{IDs: c.ids}).Text(tok); got != c.text {
			t.Errorf("%v says %q, expected %q", c.ids, got, c.text)
		}
	}
}

func TestTheLabsTextsEndAsBefore(t *testing.T) {
	tok, err := vocab.Words([]string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if got := Stops(tok); !slices.Equal(got, []int32{3, 9}) {
		t.Errorf("completions end with %v, expected [EOS] and </answer>", got)
	}
}
