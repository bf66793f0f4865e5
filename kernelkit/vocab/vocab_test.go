package vocab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/random"
)

var symbolic = []string{"a1", "a2", "b1", "0", "1", "42", "+", "*", ".", "?", ":", "=", "ans"}

func mustWords(t testing.TB) *Tokenizer {
	t.Helper()
	v, err := Words(symbolic)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func proseTexts(n int) (texts, tokens []string) {
	words := []string{"The", "number", "of", "each", "adult", "wolf", "equals", "42", "7", "1296", "x", "Zürich", "so", "it's"}
	marks := []string{".", ",", "=", "+", "-", "\n", "  ", " ?", "(", ")", "<answer>", "</answer>", "'"}
	seen := map[string]bool{}
	for i := range n {
		s := random.New(3, "prose", uint64(i))
		var b strings.Builder
		for range s.Between(1, 30) {
			if s.Float64() < 0.6 {
				b.WriteString(words[s.IntN(len(words))])
			} else {
				b.WriteString(marks[s.IntN(len(marks))])
			}
			if s.Bool() {
				b.WriteByte(' ')
			}
		}
		texts = append(texts, b.String())
		plain := strings.NewReplacer("<answer>", "\x00", "</answer>", "\x00").Replace(b.String())
		for part := range strings.SplitSeq(plain, "\x00") {
			for _, token := range SplitProse(part) {
				if !seen[token] {
					seen[token] = true
					tokens = append(tokens, token)
				}
			}
		}
	}
	return texts, tokens
}

func TestSpecialTokensHaveThePapersIDs(t *testing.T) {
	v := mustWords(t)
	for id, token := range []string{UNK, PAD, BOS, EOS, QuestionOpen, QuestionClose, SolutionOpen, SolutionClose, AnswerOpen, AnswerClose} {
		if got, ok := v.ID(token); !ok || int(got) != id {
			t.Errorf("%s has id %d, expected %d", token, got, id)
		}
	}
	if v.PAD() != 1 || v.BOS() != 2 || v.EOS() != 3 || v.Size() != 10+len(symbolic) {
		t.Errorf("PAD %d, BOS %d, EOS %d, size %d", v.PAD(), v.BOS(), v.EOS(), v.Size())
	}
}

func TestDecodingGivesTheTextBack(t *testing.T) {
	words := mustWords(t)
	for _, text := range []string{"", "a1", "[BOS] a1 a2 * 42 . ? a1 :", "ans 42 [EOS]"} {
		roundTrip(t, words, text)
	}
	texts, tokens := proseTexts(200)
	prose, err := Text(tokens)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		roundTrip(t, prose, text)
	}
}

func roundTrip(t *testing.T, v *Tokenizer, text string) {
	t.Helper()
	ids, err := v.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Decode(ids); got != text {
		t.Errorf("%q comes back as %q", text, got)
	}
}

func TestUnknownTextIsAnErrorWithItsPosition(t *testing.T) {
	prose, err := Text([]string{"a", " wolf"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		v      *Tokenizer
		text   string
		offset int
		found  string
	}{
		{mustWords(t), "a1 a3 a2", 3, "a3"}, {mustWords(t), "a1  a2", 3, ""}, {mustWords(t), " a1", 0, ""}, {mustWords(t), "a1 ", 3, ""},
		{mustWords(t), "a1\na2", 0, "a1\na2"}, {prose, "a wolf bear", 6, " bear"}, {prose, "<answer>a wolf9", 14, "9"}, {prose, "\xff", 0, "\xff"},
	} {
		_, err := c.v.Encode(c.text)
		var unknown *UnknownTextError
		if !errors.As(err, &unknown) || unknown.Offset != c.offset || unknown.Text != c.found {
			t.Errorf("%q: the error is %v, expected %q at byte %d", c.text, err, c.found, c.offset)
		}
	}
}

func TestIDsOutsideTheVocabularyAreShown(t *testing.T) {
	if got := mustWords(t).Decode([]int32{10, -1, 99}); got != "a1 \ufffd \ufffd" {
		t.Errorf("%q", got)
	}
}

func TestBadVocabulariesAreRefused(t *testing.T) {
	for want, tokens := range map[string][]string{"empty": {""}, "twice": {"a", "a"}, "[EOS]": {EOS}, "blank": {"a b"}, "UTF-8": {"\xff"}} {
		if _, err := Words(tokens); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v", tokens, err)
		}
	}
	if _, err := Text([]string{"two words"}); err == nil {
		t.Error("a text token that is two tokens is accepted")
	}
}

func TestASavedTokenizerLoadsAsItWas(t *testing.T) {
	texts, tokens := proseTexts(20)
	prose, err := Text(tokens)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []*Tokenizer{mustWords(t), prose} {
		dir, again := t.TempDir(), t.TempDir()
		if err := v.Save(dir); err != nil {
			t.Fatal(err)
		}
		got, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.tokens, v.tokens) || !slices.Equal(got.Ends(), v.Ends()) || got.PAD() != v.PAD() || got.BOS() != v.BOS() || got.EOS() != v.EOS() {
			t.Error("it loads as another tokenizer")
		}
		for _, text := range append(texts, "a1 a2 * 42 . ? a1 : [EOS]") {
			a, errA := v.Encode(text)
			b, errB := got.Encode(text)
			if !slices.Equal(a, b) || fmt.Sprint(errA) != fmt.Sprint(errB) {
				t.Errorf("%q gives %v, %v, and before %v, %v", text, b, errB, a, errA)
			}
		}
		if err := got.Save(again); err != nil {
			t.Fatal(err)
		}
		sameFiles(t, dir, again)
	}
}

// sameFiles compares two folders byte for byte.
func sameFiles(t *testing.T, a, b string) {
	t.Helper()
	left, errA := os.ReadDir(a)
	right, errB := os.ReadDir(b)
	if errA != nil || errB != nil || len(left) != len(right) {
		t.Fatalf("%d files and %d (%v, %v)", len(left), len(right), errA, errB)
	}
	for _, f := range left {
		x, errA := os.ReadFile(filepath.Join(a, f.Name()))
		y, errB := os.ReadFile(filepath.Join(b, f.Name()))
		if errA != nil || errB != nil || string(x) != string(y) {
			t.Errorf("%s differs (%v, %v)", f.Name(), errA, errB)
		}
	}
}

func TestBytePairIDsEqualHuggingFaces(t *testing.T) {
	data, err := os.ReadFile("../../testdata/vocab/bpe_ids.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Texts []string             `json:"texts"`
		IDs   map[string][][]int32 `json:"ids"`
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.IDs) != 4 || len(want.Texts) < 200 {
		t.Fatalf("the fixture has %d tokenizers and %d texts", len(want.IDs), len(want.Texts))
	}
	for name, ids := range want.IDs {
		v, err := Load("../../testdata/vocab/bpe_" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range want.Texts {
			got, err := v.Encode(text)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(ids[i]) {
				t.Fatalf("%s: %q gives %v, expected %v", name, text, got, ids[i])
			}
			if back := v.Decode(got); back != text && name != "qwen" { // the Qwen kind normalises
				t.Errorf("%s: %q comes back as %q", name, text, back)
			}
		}
	}
}

func TestASavedBytePairTokenizerLoadsAsItWas(t *testing.T) {
	const path = "../../testdata/vocab/bpe_gpt2.json"
	v, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := v.Save(dir); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(filepath.Join(dir, File))
	want, _ := os.ReadFile(path)
	if string(got) != string(want) {
		t.Error("the file differs")
	}
}

func TestFilesThatAreNoTokenizerAreNamed(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), File) {
		t.Errorf("missing: the error is %v", err)
	}
	for name, text := range map[string]string{
		"truncated": `{"model":{"type":"WordLevel","vocab":{"a":0`, "Unigram": `{"model":{"type":"Unigram","vocab":{}}}`,
		"pre-tokenizer": `{"pre_tokenizer":{"type":"Whitespace"},"model":{"type":"WordLevel","vocab":{"a":0}}}`,
		"two tokens":    `{"pre_tokenizer":{"type":"WhitespaceSplit"},"model":{"type":"WordLevel","vocab":{"a":0,"b":0}}}`,
		"ByteLevel":     `{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}`,
	} {
		path := filepath.Join(dir, File)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// Whatever bytes come in, prose pieces join to the text again, and loading never panics.
func FuzzSplitProse(f *testing.F) {
	f.Add("The number, of 42 wolves.\n  x=3")
	f.Add(" \xff \u00a0é")
	f.Fuzz(func(t *testing.T, text string) {
		if got := strings.Join(SplitProse(text), ""); got != text {
			t.Errorf("%q joins to %q", text, got)
		}
	})
}

func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		`{"pre_tokenizer":{"type":"WhitespaceSplit"},"model":{"type":"WordLevel","vocab":{"a":0,"b":1}}}`,
		`{"pre_tokenizer":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}`,
		`{"added_tokens":[{"id":2,"content":"ab","lstrip":true,"normalized":true}],"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"}]},` +
			`"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{L}+|[^a]|\\s+(?!\\S)|\\s+"},"behavior":"Isolated"},{"type":"ByteLevel","add_prefix_space":false}]},` +
			`"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"x":{"ids":[1]}}},` +
			`"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[["a","b"]],"ignore_merges":true}}`,
	} {
		f.Add([]byte(text), "ab a")
	}
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		v, err := parse(data)
		if err != nil {
			return
		}
		ids, err := v.Encode(text)
		if err != nil {
			return
		}
		v.Decode(ids)
		for _, id := range ids {
			if v.Token(id) == "" {
				t.Errorf("%q gives the id %d, which is no token's", text, id)
			}
		}
	})
}

func ExampleWords() {
	v, _ := Words([]string{"a1", "a2", "*", "8", ".", "?", ":"})
	ids, _ := v.Encode("[BOS] a1 a2 * 8 . ? a1 :")
	fmt.Println(ids)
	fmt.Println(v.Decode(ids[1:4]))
	// Output:
	// [2 10 11 12 13 14 15 10 16]
	// a1 a2 *
}

// AutoTokenizer of transformers takes the class that the configuration names; the class
// must be in the module beside it. That it then gives our ids is checked by `make peers`.
func TestTheConfigurationNamesAClassThatIsThere(t *testing.T) {
	tok, err := Words([]string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		AutoMap map[string][]*string `json:"auto_map"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	classes := config.AutoMap["AutoTokenizer"]
	if len(classes) != 2 || classes[0] != nil || classes[1] == nil {
		t.Fatalf("auto_map names %v, want no slow class and a fast one", classes)
	}
	file, class, _ := strings.Cut(*classes[1], ".")
	code, err := os.ReadFile(filepath.Join(dir, file+".py"))
	if err != nil || !strings.Contains(string(code), "class "+class+"(") {
		t.Errorf("%s.py has no class %s (%v)", file, class, err)
	}
}
