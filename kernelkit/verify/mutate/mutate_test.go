package mutate

import (
	"fmt"
	"regexp"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// sources are problems of every family, mode and number of layers.
func sources(t *testing.T) map[string]*gsm.Source {
	t.Helper()
	all := map[string]*gsm.Source{}
	for layers := 1; layers <= 3; layers++ {
		for _, mode := range []gsm.Mode{gsm.Forward, gsm.Reverse} {
			spec := gsm.Spec{Layers: layers, Reverse: float64(mode), Unit: gsm.Samples,
				Mix: []gsm.Block{{Ops: gsm.Range{Min: 4, Max: 20}, Share: 1}}}
			if layers == 1 {
				spec.Family, spec.Layers, spec.Reverse, spec.Mix[0].Ops = gsm.Symbolic, 0, 0, gsm.Range{Min: 0, Max: 12}
			}
			spec.Mix[0].Contexts = gsm.ContextNames(spec.Family)
			s, err := gsm.NewSource(spec, gsm.Train, 1)
			if err != nil {
				t.Fatal(err)
			}
			all[fmt.Sprintf("%d layers, mode %d", layers, mode)] = s
		}
	}
	return all
}

// A draft without any change is the gold solution up to the choice of letters, so
// the suite starts from what models are trained on.
func TestDraftsAreGoldSolutions(t *testing.T) {
	for name, source := range sources(t) {
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
	seen := map[string]int{}
	return words.ReplaceAllStringFunc(text, func(name string) string {
		if len(name) > 1 || name[0] <= '9' {
			return name
		}
		if _, ok := seen[name]; !ok {
			seen[name] = len(seen)
		}
		return fmt.Sprintf("#%d", seen[name])
	})
}

var words = regexp.MustCompile(`[\pL\pM\pN_']+`)
