package verify

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// -mutations N judges N corruptions and N variations of each kind of problem; the
// bar of the lab is 200000.
var mutations = flag.Int("mutations", 1500, "corruptions and variations of each kind of problem")

func TestCorruptionsAreRefused(t *testing.T) {
	for name, source := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			var count [corruptions]int
			bad := 0
			for i := range *mutations {
				p := source.At(uint64(i))
				text, label := Corrupt(p, random.New(1, "corrupt", uint64(i)))
				count[label]++
				v := Judge(p, text)
				if v.Strict || v.Class == Right {
					if bad++; bad > 5 {
						t.FailNow()
					}
					t.Errorf("%s accepted: %s\n%s\ngold: %s", label, p.ID, text, p.Solution)
				}
			}
			for label, n := range count {
				t.Logf("%-32s %d", Corruption(label), n)
			}
		})
	}
}

func TestVariationsAreAccepted(t *testing.T) {
	for name, source := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			bad := 0
			for i := range *mutations {
				p := source.At(uint64(i))
				text, label := Vary(p, random.New(1, "vary", uint64(i)))
				if v := Judge(p, text); !v.Strict || v.ProcessAcc != 1 || v.Class != Right || v.FirstWrong != -1 {
					if bad++; bad > 5 {
						t.FailNow()
					}
					t.Errorf("%s refused: %s, %+v\n%s\ngold: %s", label, p.ID, v, text, p.Solution)
				}
			}
		})
	}
}

// A draft without any change is the gold solution up to the choice of letters, so
// the suite starts from what models are trained on.
func TestDraftsAreGoldSolutions(t *testing.T) {
	for name, source := range kinds(t) {
		for i := range uint64(300) {
			p := source.At(i)
			if p.Graph.Family == gsm.Symbolic {
				if got := newSymbolicDraft(p).String(); got != p.Response() {
					t.Fatalf("%s: draft %q, gold %q", name, got, p.Response())
				}
				continue
			}
			d := newDraft(p, random.New(1, "draft"))
			d.name(false)
			got, ok := d.write()
			if !ok || anonymous(got) != anonymous(p.Response()) {
				t.Fatalf("%s: draft\n%s\ngold\n%s", name, got, p.Response())
			}
		}
	}
}

// anonymous replaces each one-letter variable by the place of its first use.
func anonymous(text string) string {
	var b strings.Builder
	seen := map[string]int{}
	from := 0
	for _, t := range lex(nil, text) {
		name := text[t.lo:t.hi]
		if t.kind != word || len(name) != 1 || t.glued && text[t.lo-1] == '\'' {
			continue
		}
		if _, ok := seen[name]; !ok {
			seen[name] = len(seen)
		}
		fmt.Fprintf(&b, "%s#%d", text[from:t.lo], seen[name])
		from = int(t.hi)
	}
	return b.String() + text[from:]
}
