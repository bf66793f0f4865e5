package vocab

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// within fails when work takes more than 10 seconds of processor time or a gigabyte: what no
// file and no text of a megabyte may take.
func within(t *testing.T, name string, work func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := processorTime(t)
	work()
	spent := processorTime(t) - start
	runtime.ReadMemStats(&after)
	if spent > 10*time.Second {
		t.Errorf("%s takes %s", name, spent)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 1<<30 {
		t.Errorf("%s takes %d bytes", name, grown)
	}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// addedTokens are n added tokens from the first id that the base lacks.
func addedTokens(n int, content func(i int) string) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = object{"id": 460 + i, "content": content(i), "normalized": i%2 == 0}
	}
	return list
}

func TestNoTokenizerAndNoTextTakesLong(t *testing.T) {
	const mega = 1_000_000
	long := strings.Repeat("a", mega)
	for _, c := range []struct {
		name    string
		changes object
		text    string
	}{
		{"200,000 added tokens", object{"added_tokens": addedTokens(200_000, func(i int) string { return fmt.Sprintf("<t%d>", i) })}, strings.Repeat("<t7><t199999> ", mega/14)},
		{"tokens that begin alike", object{"added_tokens": addedTokens(1000, func(i int) string { return strings.Repeat("ω", i+1) })}, strings.Repeat("ω", mega/2)},
		{"a token half a megabyte long", object{"added_tokens": addedTokens(1, func(int) string { return strings.Repeat("a", mega/2) + "b" })}, long},
		{"a short and a long token", object{"added_tokens": addedTokens(2, func(i int) string { return []string{"ω", strings.Repeat("ω", mega/4) + "b"}[i] })}, strings.Repeat("ω", mega/2)},
		{"a token that takes blanks", object{"added_tokens": []any{object{"id": 460, "content": "ω", "lstrip": true, "rstrip": true}}}, strings.Repeat("ω"+strings.Repeat(" ", 99), mega/100)},
		{"one word", object{}, long},
		{"one word that merges", object{"model": object{"vocab": object{"a": 0, "aa": 1, "aaaa": 2, "Ġ": 3}, "merges": []string{"a a", "aa aa"}}, "added_tokens": nil}, long},
		{"blanks", object{}, strings.Repeat(" ", mega)},
		{"an expression that looks ahead to the end", object{"pre_tokenizer": split(`.*q|.`)}, long},
		{"a large program", object{"pre_tokenizer": split(`(?:(?:a|b|ab|aab){1,8}x|a)`)}, long},
		{"combining marks", object{"normalizer": object{"type": "NFC"}}, "e" + strings.Repeat("\u0301\u0327", mega/4)},
		{"an id far off", object{"added_tokens": nil, "model": object{"vocab": object{"a": 4_194_303}, "merges": []string{}}}, "a"},
		{"deep sequences", object{"normalizer": json.RawMessage(strings.Repeat(`{"type":"Sequence","normalizers":[`, 400) + strings.Repeat("]}", 400))}, "a"},
	} {
		data := changed(t, c.changes)
		within(t, c.name, func() {
			v, err := parse(data)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				return
			}
			ids, err := v.Encode(c.text)
			if err != nil {
				t.Logf("%s: %v", c.name, err) // a refusal will do
			}
			v.Decode(ids)
		})
	}
}

// What merges a pair at a time must not depend on how: here the pair is looked for anew.
func TestMergesAreThoseOfTheDefinition(t *testing.T) {
	v, err := Load(baseFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"the number of the adult wolves", "aaaaaaa", "equalsequalsequals", "日本語日本語", "themetherethenthe"} {
		ids := make([]int32, len(text))
		for i := range len(text) {
			ids[i] = v.bpe.bytes[text[i]]
		}
		want := slowMerge(v.bpe, append([]int32{}, ids...))
		if got := v.bpe.merge(ids); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q gives %v, expected %v", text, got, want)
		}
	}
}

func slowMerge(b *bpe, ids []int32) []int32 {
	for {
		at, best := -1, merge{rank: 1 << 30}
		for i := range len(ids) - 1 {
			if m, ok := b.merges[[2]int32{ids[i], ids[i+1]}]; ok && m.rank < best.rank {
				at, best = i, m
			}
		}
		if at < 0 {
			return ids
		}
		ids[at] = best.into
		ids = append(ids[:at+1], ids[at+2:]...)
	}
}

// A model may say that any of its tokens ends a text.
func TestEveryTokenMayEndAText(t *testing.T) {
	ids := make([]int32, 400_000)
	for i := range ids {
		ids[i] = int32(i % 350_000)
	}
	within(t, "many ends", func() {
		tok := &Tokenizer{}
		if err := tok.setEnds("", ids); err != nil || len(tok.Ends()) != 350_000 || tok.EOS() != 0 {
			t.Errorf("%d ends, %v", len(tok.Ends()), err)
		}
	})
}
