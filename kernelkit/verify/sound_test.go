package verify

import (
	"fmt"
	"testing"

	"interplay/kernelkit/gsm"
)

// source returns problems of a family, mode and number of layers over all ops and contexts.
func source(t testing.TB, family gsm.Family, mode gsm.Mode, layers int, ops gsm.Range) *gsm.Source {
	t.Helper()
	spec := gsm.Spec{Family: family, Reverse: float64(mode), Mix: []gsm.Block{{Ops: ops, Share: 1}}, Unit: gsm.Samples}
	if family == gsm.Realistic {
		spec.Layers = layers
	}
	spec.Mix[0].Contexts = gsm.ContextNames(family)
	s, err := gsm.NewSource(spec, gsm.Train, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// kinds are the sources that the properties of the judge are tested on.
func kinds(t testing.TB) map[string]*gsm.Source {
	t.Helper()
	return map[string]*gsm.Source{
		"symbolic":     source(t, gsm.Symbolic, gsm.Forward, 0, gsm.Range{Min: 0, Max: 12}),
		"forward, d=2": source(t, gsm.Realistic, gsm.Forward, 2, gsm.Range{Min: 2, Max: 20}),
		"reverse, d=2": source(t, gsm.Realistic, gsm.Reverse, 2, gsm.Range{Min: 2, Max: 20}),
		"forward, d=3": source(t, gsm.Realistic, gsm.Forward, 3, gsm.Range{Min: 4, Max: 20}),
		"reverse, d=3": source(t, gsm.Realistic, gsm.Reverse, 3, gsm.Range{Min: 4, Max: 20}),
	}
}

func TestGoldSolutionsAreStrict(t *testing.T) {
	for name, s := range kinds(t) {
		for i := range uint64(2000) {
			p := s.At(i)
			for _, text := range []string{p.Response(), p.Solution} {
				v := Judge(p, text)
				if !v.Strict || v.Class != Right || v.FirstWrong != -1 || v.ProcessAcc != 1 || v.Extra != 0 {
					t.Fatalf("%s, %s: %+v\n%s", name, p.ID, v, text)
				}
			}
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	for _, op := range []int{2, 10, 20} {
		for _, mode := range []gsm.Mode{gsm.Forward, gsm.Reverse} {
			s := source(b, gsm.Realistic, mode, 2, gsm.Range{Min: op, Max: op})
			var problems []*gsm.Problem
			var texts []string
			for i := range uint64(64) {
				problems = append(problems, s.At(i))
				texts = append(texts, problems[i].Response())
			}
			b.Run(fmt.Sprintf("%v/op%d", mode, op), func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					Judge(problems[i%64], texts[i%64])
					i++
				}
			})
		}
	}
}
