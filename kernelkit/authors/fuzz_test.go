package authors

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

// FuzzParse holds what must be true of any text: no panic, the same
// result again, a graph that is perfect against itself, names that are normal,
// dependencies only on names of earlier steps.
func FuzzParse(f *testing.F) {
	f.Add(goldSolution)
	f.Add("The question. Define a cat as x; we don't know. Define  dog a\u3000B; L = 2*(x - 1); so B = L // 3 = 4*x + 8. <answer> -4.5 </answer>")
	f.Add("x <b> Defıne  as ſ; A = 2**-1 = (3\n+4)*A 9**9**9; Answer: \uFFFD. Define Define as K")
	f.Fuzz(func(t *testing.T, text string) {
		g := Parse(text)
		if again := Parse(text); !reflect.DeepEqual(nanless(g), nanless(again)) {
			t.Fatalf("two parses differ: %+v, %+v", g, again)
		}
		if c := Compare(g, g); !c.Perfect() || len(c.Extra) > 0 || c.ProcessAcc() != 1 {
			t.Fatalf("not perfect against itself: %+v", c)
		}
		first := map[string]int{}
		for i := range g.Steps {
			s := &g.Steps[i]
			if s.Name != strings.Trim(s.Name, " .;") || strings.Contains(s.Name, "\uFFFD") || variableIndex(s.Variable) == noLetter {
				t.Fatalf("step %q as %q", s.Name, s.Variable)
			}
			for _, d := range g.Dependencies(s) {
				if at, ok := first[d]; !ok || at >= i {
					t.Fatalf("step %d depends on %q, which no earlier step defines", i, d)
				}
			}
			if _, ok := first[s.Name]; !ok {
				first[s.Name] = i
			}
		}
		if len(g.nodes) != len(first) {
			t.Fatalf("%d nodes for %d names", len(g.nodes), len(first))
		}
	})
}

// nanless replaces NaN, which is not equal to itself.
func nanless(g *Graph) *Graph {
	for i := range g.Steps {
		if v := &g.Steps[i].Value; math.IsNaN(v.Number) {
			v.Number = -math.MaxFloat64
		}
	}
	return g
}

// FuzzAnswers holds how the four answer extractions relate.
func FuzzAnswers(f *testing.F) {
	f.Add("so K = 3. </solution> <answer> 3 </answer>", "Answer: 3.")
	f.Add("İ<ANSWER>\u3000４\n5<answer>", "answer: 8 / 2 <x>")
	f.Add("<anſwer>1,234.5</anſwer> Answer:\n\n-7.", "<answer></answer> Answer: 4")
	f.Fuzz(func(t *testing.T, text, solution string) {
		reward, flexible := ExtractRewardAnswer(text), ExtractFlexibleAnswer(text)
		if reward != "" && flexible != reward {
			t.Fatalf("tagged answer %q, flexible %q", reward, flexible)
		}
		if reward != pyStrip(reward) || flexible != pyStrip(flexible) {
			t.Fatalf("not trimmed: %q, %q", reward, flexible)
		}
		if g := Parse(text); !g.Answer.Known != !isGraphAnswer(text) {
			t.Fatalf("answer of the graph %v", g.Answer)
		}
		if gold := NewGold(solution, flexible); normalAnswer(reward) == normalAnswer(flexible) && flexible != "" {
			if r := gold.Reward(text, Blend); r.Outcome != 1 {
				t.Fatalf("the answer %q is not its own gold: %+v", flexible, r)
			}
		}
		if !Outcome(text, flexible) {
			t.Fatalf("the answer %q is not its own gold", flexible)
		}
		EvalExactMatch(text, solution)
	})
}

func isGraphAnswer(text string) bool {
	_, ok := graphAnswer(pyText(text))
	return ok
}

// FuzzExpression evaluates any expression and, as an oracle, any sum of
// small integers with blanks put in, which must not change it.
func FuzzExpression(f *testing.F) {
	f.Add("2**-A*(7//2)-B", int16(3), int16(-4))
	f.Add("9**9**9**9", int16(0), int16(1))
	f.Add("((1.5)) / 0", int16(5), int16(1))
	f.Fuzz(func(t *testing.T, text string, a, b int16) {
		var letters letterValues
		letters.set(letterIndex['A'], float64(a))
		letters.set(letterIndex['B'], float64(b)/8)
		v, ok := pyEval(text, &letters)
		if w, again := pyEval(text, &letters); again != ok || w != v && !math.IsNaN(v) {
			t.Fatalf("%v %v, then %v %v", v, ok, w, again)
		}
		if ok && len(text) < 1000 && !allDigits(text) && !strings.ContainsAny(text, "\r\n") {
			if w, inParens := pyEval("("+text+")", &letters); !inParens || w != v && !math.IsNaN(v) {
				t.Fatalf("%q is %v, in parentheses %v %v", text, v, w, inParens)
			}
		}
		if w, _ := pyEval(" A +\t(B)*8 ", &letters); w != float64(a)+float64(b) {
			t.Fatalf("%d + %d = %v", a, b, w)
		}
	})
}

// FuzzJSON feeds any line to the readers of corpora and of values.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"id":"a","text":"Define a as K; K = 1","expected":{"answer":null}}`))
	f.Add([]byte(`{"value":"-inf","x":[1e400,"\ud800",{"y":null}]}`))
	f.Add([]byte(`"nan"`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v Value
		if v.UnmarshalJSON(data) == nil {
			out, err := json.Marshal(v)
			var back Value
			if err == nil {
				err = json.Unmarshal(out, &back)
			}
			if err != nil || back != v && !math.IsNaN(v.Number) {
				t.Fatalf("%s → %v → %s → %v (%v)", data, v, out, back, err)
			}
		}
		var record map[string]any
		if json.Unmarshal(data, &record) == nil && len(record) > 0 {
			if d := jsonDifference(record, record); d != "" {
				t.Fatalf("%s differs from itself: %s", data, d)
			}
		}
	})
}
