package verify

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/authors"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
	"interplay/kernelkit/verify/mutate"
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
		for i := range uint64(500) {
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

// The authors' sampler is one more source of gold solutions.
func TestGoldSolutionsOfTheReferenceSamplerAreStrict(t *testing.T) {
	for _, mode := range []gsm.Mode{gsm.Forward, gsm.Reverse} {
		for layers := 2; layers <= 3; layers++ {
			spec := gsm.Spec{Family: gsm.Realistic, Sampler: gsm.Reference, Layers: layers, Reverse: float64(mode), Unit: gsm.Samples,
				Mix: []gsm.Block{{Ops: gsm.Range{Min: 4, Max: 12}, Contexts: gsm.ContextNames(gsm.Realistic), Share: 1}}}
			s, err := gsm.NewSource(spec, gsm.Test, 2)
			if err != nil {
				t.Fatal(err)
			}
			for i := range uint64(100) {
				p := s.At(i)
				if v := Judge(p, p.Response()); !v.Strict {
					t.Fatalf("%s: %+v\n%s", p.ID, v, p.Solution)
				}
			}
		}
	}
}

func TestJudgeAndTheAuthorsAgreeOnForwardGoldSolutions(t *testing.T) {
	problems := []*gsm.Problem{}
	for name, s := range kinds(t) {
		if strings.HasPrefix(name, "forward") {
			for i := range uint64(300) {
				problems = append(problems, s.At(i))
			}
		}
	}
	for _, p := range problems {
		graph := authors.Parse(p.Solution)
		for i := range graph.Steps {
			step := &graph.Steps[i]
			node := find(p.Names, step.Name)
			if node < 0 || !step.Value.Known || step.Value.Number != float64(p.Graph.Nodes[node].Value) {
				t.Fatalf("%s: the reference parser reads %+v", p.ID, step)
			}
			var parents []string
			for _, parent := range p.Graph.Nodes[node].Parents {
				parents = append(parents, p.Names[parent])
			}
			slices.Sort(parents)
			if got := graph.Dependencies(step); !slices.Equal(got, parents) {
				t.Fatalf("%s: the reference parser reads parents %q of %q, the graph has %q", p.ID, got, step.Name, parents)
			}
		}
		comparison := authors.Compare(graph, authors.Parse(p.Response()))
		if v := Judge(p, p.Response()); !v.Strict || !comparison.Perfect() || len(graph.Steps) != p.Graph.Path {
			t.Fatalf("%s: sound %+v, reference %+v", p.ID, v, comparison)
		}
	}
}

// hostile are texts that make careless judges slow, by their size n.
func hostile(n int) map[string]string {
	return map[string]string{
		"headers":       strings.Repeat("Define a ", n),
		"headers as":    strings.Repeat("Define as ", n),
		"definitions":   strings.Repeat("Define a as b; ", n),
		"let":           strings.Repeat("let x as ", n),
		"powers":        "Define a as b; so b = " + strings.Repeat("9**", n) + "9",
		"carets":        "b = " + strings.Repeat("9^", n) + "9",
		"parentheses":   "b = " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"open":          strings.Repeat("(", n) + "a = 1",
		"equals":        strings.Repeat("a = ", n),
		"signs":         "a = " + strings.Repeat("-", n) + "1",
		"sum":           "a = 1" + strings.Repeat(" + a", n),
		"squares":       "a = 2; " + strings.Repeat("a = a * a; b = a; a = b; ", n),
		"doubling":      "Define q as a; so a = 1. " + strings.Repeat("Define q as b; so b = a + a. Define r as a; so a = b + b. ", n),
		"digits":        "a = " + strings.Repeat("1", n),
		"thousands":     "a = 1" + strings.Repeat(",111", n),
		"fractions":     "a = 1" + strings.Repeat(".1", n),
		"tags":          strings.Repeat("<b>", n) + strings.Repeat("<", n),
		"answers":       strings.Repeat("Answer: 1 ", n),
		"answer tags":   strings.Repeat("<answer", n),
		"dashes":        strings.Repeat("a - ", n) + "b = 1",
		"division":      "a = 1" + strings.Repeat(" / 3", n),
		"long word":     "Define " + strings.Repeat("a", n) + " as b;",
		"not UTF-8":     strings.Repeat("\xff\xe2\x82", n),
		"semicolons":    strings.Repeat("; ", n),
		"steps":         strings.Repeat("a1 a2 * 8 = 2 * 8 = a1 6 ; ", n),
		"remarks":       strings.Repeat("1 + 1 = 2. ", n),
		"new variables": strings.Repeat("ab = 1; ", n),
	}
}

func TestHostileTextsAreRefused(t *testing.T) {
	for kind, s := range kinds(t) {
		p := s.At(0)
		for name, text := range hostile(2000) {
			if v := Judge(p, text); v.Strict {
				t.Errorf("%s: %q is accepted", kind, name)
			}
			if v := Judge(p, text+p.Response()); v.Correct > v.Nodes {
				t.Errorf("%s: %q before a solution: %+v", kind, name, v)
			}
		}
	}
}

// The judge is used again from a pool: what it has read before must not matter.
func TestVerdictsDoNotDependOnWhatWasJudgedBefore(t *testing.T) {
	for kind, s := range kinds(t) {
		p, other := s.At(1), s.At(2)
		wrong, _ := mutate.Corrupt(p, random.New(1, "before"))
		first := Judge(p, wrong)
		for _, text := range []string{p.Response(), other.Response(), "", "Define a as b; so b = 1."} {
			Judge(other, text)
			if again := Judge(p, wrong); again != first {
				t.Fatalf("%s: %+v, then %+v", kind, first, again)
			}
		}
	}
}

// BenchmarkHostile shows that the time is linear in the text: "headers" is the
// text on which the authors' parser needs minutes.
func BenchmarkHostile(b *testing.B) {
	p := source(b, gsm.Realistic, gsm.Reverse, 2, gsm.Range{Min: 10, Max: 10}).At(0)
	for name, text := range hostile(100_000) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Judge(p, text)
			}
		})
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
