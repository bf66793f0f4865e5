package verify

import (
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// specProblem is the worked example of the symbolic family: a11 = a1 + 1, a1 = a2 × 8, a2 = 2, modulo 10.
func specProblem(t testing.TB) *gsm.Problem {
	t.Helper()
	g := &gsm.Graph{Family: gsm.Symbolic, Layers: 1, Modulus: 10, Path: 3, Question: 2, Nodes: []gsm.Node{
		{Item: 2, Const: 2, Value: 2},
		{Item: 1, Inner: gsm.Sum, Outer: gsm.Times, Const: 8, Parents: []int{0}, Value: 6},
		{Item: 11, Inner: gsm.Sum, Outer: gsm.Plus, Const: 1, Parents: []int{1}, Value: 7},
		{Item: 6, Inner: gsm.Difference, Parents: []int{1, 0}, Value: 4},
		{Item: 4, Const: 2, Value: 2},
	}}
	p, err := gsm.RenderSymbolic(g, "A", random.New(1, "spec"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEachFaultOfASymbolicSolutionHasItsClass(t *testing.T) {
	p := specProblem(t)
	const first, second = "a1 a2 * 8 = 2 * 8 = a1 6", "a11 a1 + 1 = 6 + 1 = a11 7"
	for _, c := range []struct {
		name, text   string
		class        ErrorClass
		answer       bool
		wrong        int // FirstWrong
		right, extra int
	}{
		{"gold", p.Solution, Right, true, -1, 2, 0},
		{"gold as the model writes it", " " + p.Solution + " [EOS]", Right, true, -1, 2, 0},
		{"commuted", "a1 8 * a2 = 8 * 2 = a1 6 ; a11 1 + a1 = 6 + 1 = a11 7 ; ans 7", Right, true, -1, 2, 0},
		{"white space", "\n a1 a2  *\t8 = 2 * 8 = a1 6;a11 a1 + 1 = 6 + 1 = a11 7 ; ; ans 7\n", Right, true, -1, 2, 0},
		{"distractor, leaf and repeat shown", "a2 2 ; " + first + " ; a6 a1 - a2 = 6 - 2 = a6 4 ; " + first + " ; " + second + " ; ans 7", Right, true, -1, 2, 3},
		{"wrong distractor", first + " ; a6 a2 - a1 = 2 - 6 = a6 6 ; " + second + " ; ans 7", WrongOperator, true, 1, 2, 0},
		{"wrong leaf", "a2 3 ; " + first + " ; " + second + " ; ans 7", WrongValue, true, 0, 1, 0},
		{"wrong operator", "a1 a2 + 8 = 2 + 8 = a1 0 ; " + second + " ; ans 7", WrongOperator, true, 0, 0, 0},
		{"wrong operator of equal value", first + " ; a11 a1 - 9 = 6 - 9 = a11 7 ; ans 7", WrongOperator, true, 1, 1, 0},
		{"wrong constant of equal value", "a1 a2 * 3 = 2 * 3 = a1 6 ; " + second + " ; ans 7", WrongOperator, true, 0, 1, 0},
		{"exchanged parent of equal value", "a1 a4 * 8 = 2 * 8 = a1 6 ; " + second + " ; ans 7", WrongParents, true, 0, 1, 0},
		{"formula left out", "a1 6 ; " + second + " ; ans 7", WrongParents, true, 0, 1, 0},
		{"substitution left out", "a1 a2 * 8 = a1 6 ; " + second + " ; ans 7", Unparsable, true, 0, 0, 0},
		{"wrong substitution of equal value", "a1 a2 * 8 = 4 * 4 = a1 6 ; " + second + " ; ans 7", WrongSubstitution, true, 0, 1, 0},
		{"wrong operator in the numbers", "a1 a2 * 8 = 2 + 8 = a1 6 ; " + second + " ; ans 7", WrongSubstitution, true, 0, 1, 0},
		{"wrong arithmetic", "a1 a2 * 8 = 2 * 8 = a1 5 ; " + second + " ; ans 7", WrongArithmetic, true, 0, 0, 0},
		{"value not reduced", "a1 a2 * 8 = 2 * 8 = a1 16 ; " + second + " ; ans 7", WrongArithmetic, true, 0, 0, 0},
		{"carried error", "a1 a2 * 8 = 2 * 8 = a1 5 ; a11 a1 + 1 = 5 + 1 = a11 6 ; ans 6", WrongArithmetic, false, 0, 0, 0},
		{"corrected later", "a1 a2 * 8 = 2 * 8 = a1 5 ; " + first + " ; " + second + " ; ans 7", WrongArithmetic, true, 0, 1, 0},
		{"contradicted later", first + " ; " + second + " ; a1 a2 * 8 = 2 * 8 = a1 5 ; ans 7", Redefinition, true, 2, 1, 0},
		{"another variable restated", "a1 a2 * 8 = 2 * 8 = a2 6 ; " + second + " ; ans 7", Unparsable, true, 0, 0, 0},
		{"used before it is derived", second + " ; " + first + " ; ans 7", UndefinedVariable, true, 0, 1, 0},
		{"unknown variable", first + " ; a11 a19 + 1 = 6 + 1 = a11 7 ; ans 7", UndefinedVariable, true, 1, 1, 0},
		{"unknown name", first + " ; " + second + " ; a19 2 ; ans 7", UnknownName, true, 2, 2, 0},
		{"skipped node", second + " ; ans 7", UndefinedVariable, true, 0, 0, 0},
		{"last step left out", first + " ; ans 7", LuckyAnswer, true, -1, 1, 0},
		{"last step left out, wrong answer", first + " ; ans 6", MissingNode, false, -1, 1, 0},
		{"only the answer", "ans 7", LuckyAnswer, true, -1, 0, 0},
		{"wrong answer", first + " ; " + second + " ; ans 6", WrongAnswer, false, -1, 2, 0},
		{"no answer", first + " ; " + second, NoAnswer, false, -1, 2, 0},
		{"empty answer", first + " ; " + second + " ; ans", Unparsable, false, 2, 2, 0},
		{"two answers", first + " ; " + second + " ; ans 7 ; ans 7", Unparsable, true, 2, 2, 0},
		{"text after the answer", first + " ; " + second + " ; ans 7 ; a2", Unparsable, true, 2, 2, 0},
		{"truncated", first + " ; a11 a1 + 1 = 6", Unparsable, false, 1, 1, 0},
		{"empty", "", MissingNode, false, -1, 0, 0},
		{"garbage", "= = ; a1 a1 a1 ans [UNK] \xff", UnknownName, false, 0, 0, 0},
	} {
		v := Judge(p, c.text)
		if v.Class != c.class || v.Answer != c.answer || v.FirstWrong != c.wrong || v.Correct != c.right || v.Extra != c.extra {
			t.Errorf("%s: %+v\nwant class %v, answer %v, first wrong %d, correct %d, extra %d", c.name, v, c.class, c.answer, c.wrong, c.right, c.extra)
		}
		if v.Strict != (c.class == Right) || v.Nodes != 2 {
			t.Errorf("%s: strict %v, nodes %d", c.name, v.Strict, v.Nodes)
		}
	}
}

func TestSymbolicContextBUsesItsOwnWords(t *testing.T) {
	p, err := gsm.RenderSymbolic(specProblem(t).Graph, "B", random.New(1, "spec"))
	if err != nil {
		t.Fatal(err)
	}
	if v := Judge(p, p.Solution); !v.Strict {
		t.Errorf("%q: %+v", p.Solution, v)
	}
	if v := Judge(p, specProblem(t).Solution); v.Strict || v.ProcessAcc != 0 {
		t.Errorf("a solution in the words of A is accepted: %+v", v)
	}
}

func TestPathWithoutOperationsNeedsOnlyTheAnswer(t *testing.T) {
	g := &gsm.Graph{Family: gsm.Symbolic, Layers: 1, Modulus: 10, Path: 1, Nodes: []gsm.Node{{Item: 3, Const: 4, Value: 4}}}
	p, err := gsm.RenderSymbolic(g, "A", random.New(1, "op0"))
	if err != nil {
		t.Fatal(err)
	}
	if v := Judge(p, "ans 4"); !v.Strict || v.ProcessAcc != 1 || v.Nodes != 0 {
		t.Errorf("%+v", v)
	}
	if v := Judge(p, "ans 5"); v.Strict || v.ProcessAcc != 0 || v.Class != WrongAnswer {
		t.Errorf("%+v", v)
	}
}

func BenchmarkJudgeSymbolic(b *testing.B) {
	p := specProblem(b)
	b.ReportAllocs()
	for b.Loop() {
		Judge(p, p.Solution)
	}
}
