package vocab

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

//go:embed data/bpe_ids.json
var paperIDs []byte

// The ids of 1,000 held-out problems must be those that Hugging Face's tokenizers gives
// with the same file, and give the texts back.
func TestThePapersBPEGivesHuggingFacesIDsAndTheTextBack(t *testing.T) {
	var want struct {
		Spec       json.RawMessage `json:"spec"`
		Seed       int64           `json:"seed"`
		Texts      uint64          `json:"texts"`
		Tokens     int             `json:"tokens"`
		TextSHA256 string          `json:"text_sha256"`
		IDsSHA256  string          `json:"ids_sha256"`
		FirstIDs   []int32         `json:"first_ids"`
	}
	if err := json.Unmarshal(paperIDs, &want); err != nil {
		t.Fatal(err)
	}
	spec, err := gsm.ParseSpec(want.Spec)
	if err != nil {
		t.Fatal(err)
	}
	source, err := gsm.NewSource(spec, gsm.Test, want.Seed)
	if err != nil {
		t.Fatal(err)
	}
	texts, ids, tokens := sha256.New(), sha256.New(), 0
	for i := range want.Texts {
		text := source.At(i).Training()
		got, err := Paper().Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if back := Paper().Decode(got); back != text {
			t.Fatalf("%q comes back as %q", text, back)
		}
		if i == 0 && !slices.Equal(got, want.FirstIDs) {
			t.Errorf("the first text has the ids %v, expected %v", got, want.FirstIDs)
		}
		fmt.Fprintln(texts, text)
		fmt.Fprintln(ids, strings.Trim(fmt.Sprint(got), "[]"))
		tokens += len(got)
	}
	if got := hex.EncodeToString(texts.Sum(nil)); got != want.TextSHA256 {
		t.Fatal("the problems are other ones than when the fixture was made: run data/make_bpe.py again, with -write and with -ids")
	}
	if got := hex.EncodeToString(ids.Sum(nil)); got != want.IDsSHA256 || tokens != want.Tokens {
		t.Errorf("the ids of some text differ (%d tokens, expected %d)", tokens, want.Tokens)
	}
}

// The pre-tokeniser's quirk: no token holds an s or a p beside another letter.
func TestThePapersBPEIsolatesSAndP(t *testing.T) {
	v := Paper()
	if v.Size() > 2200 || v.Size() < 1500 {
		t.Errorf("the vocabulary has %d tokens; the paper's model has 2200", v.Size())
	}
	for i, name := range specials {
		if id, ok := v.ID(name); !ok || id != int32(i) {
			t.Errorf("%s has id %d, expected %d", name, id, i)
		}
	}
	for id := int32(len(specials)); int(id) < v.Size(); id++ {
		if token := v.Token(id); len(token) > 1 && strings.ContainsAny(token, "spLN{}\\") {
			t.Errorf("token %d is %q", id, token)
		}
	}
	ids, err := v.Encode(" parrot 12 as 345")
	if err != nil {
		t.Fatal(err)
	}
	var pieces []string
	for _, id := range ids {
		pieces = append(pieces, v.Decode([]int32{id}))
	}
	if got := strings.Join(pieces, "|"); !strings.HasPrefix(got, " |p|arrot| 12| a|s") {
		t.Errorf("the text is cut into %s", got)
	}
}

// What no problem holds is encoded too, byte by byte where need be.
func FuzzPaperBPERoundTrip(f *testing.F) {
	f.Add("The number of adult wolf in Oakridge Riverside equals 7.")
	f.Add("s p L N {x}_^-() \\ \t naïve 日本語 \xff")
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := Paper().Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if back := Paper().Decode(ids); back != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	})
}
