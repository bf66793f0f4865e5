package verify

import (
	"strings"
	"sync"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// zooForward: bears 3 and deer 4 are given, wolves = 2 × (bears + deer) = 14,
// foxes = wolves − bears = 11 in Pine Ridge; crows = 4 in Cedar Valley is a distractor.
func zooForward() *gsm.Problem {
	return &gsm.Problem{Context: "crazy_zootopia",
		Names: []string{"adult bear in Pine Ridge", "adult deer in Cedar Valley", "adult wolf in Pine Ridge", "adult fox in Pine Ridge", "adult crow in Cedar Valley"},
		Graph: &gsm.Graph{Layers: 2, Path: 4, Question: 3, Nodes: []gsm.Node{
			{Const: 3, Value: 3},
			{Place: 1, Item: 1, Const: 4, Value: 4},
			{Item: 2, Inner: gsm.Sum, Outer: gsm.Times, Const: 2, Parents: []int{0, 1}, Value: 14},
			{Item: 3, Inner: gsm.Difference, Parents: []int{2, 0}, Value: 11},
			{Place: 1, Item: 4, Inner: gsm.Sum, Parents: []int{1}, Value: 4},
		}}}
}

const (
	bear = "Define adult bear in Pine Ridge as b; so b = 3. "
	deer = "Define adult deer in Cedar Valley as d; so d = 4. "
	wolf = "Define adult wolf in Pine Ridge as w; m = b + d = 3 + 4 = 7; so w = 2 * m = 2 * 7 = 14. "
	fox  = "Define adult fox in Pine Ridge as f; so f = w - b = 14 - 3 = 11. "
	end  = "</solution> <answer> 11 </answer>"
)

func TestEachFaultOfAForwardSolutionHasItsClass(t *testing.T) {
	wolves := func(body string) string {
		return bear + deer + "Define adult wolf in Pine Ridge as w; " + body + " " + fox + end
	}
	foxes := func(body string) string {
		return bear + deer + wolf + "Define adult fox in Pine Ridge as f; " + body + " " + end
	}
	for _, c := range []struct {
		name, text string
		class      ErrorClass
		wrong      int
	}{
		{"gold", bear + deer + wolf + fox + end, Right, -1},
		{"answer label", bear + deer + wolf + fox + "Answer: 11.", Right, -1},
		{"stop string cut off", bear + deer + wolf + fox + "</solution> <answer> 11 ", Right, -1},
		{"merged", wolves("so w = 2 * (b + d) = 2 * (3 + 4) = 14."), Right, -1},
		{"distributed", wolves("so w = 2 * b + 2 * d = 2 * 3 + 2 * 4 = 6 + 8 = 14."), Right, -1},
		{"distributed to intermediates", wolves("p = 2 * b = 6; q = 2d = 8; so w = p + q = 14."), Right, -1},
		{"commuted, halves", wolves("m = d + b = 4 + 3 = 7; so w = m * 4 / 2 = 7 * 4 / 2 = 28 / 2 = 14.0."), Right, -1},
		{"numbers in another order", wolves("m = b + d = 4 + 3 = 7; so w = 2 * m = 7 * 2 = 14."), Right, -1},
		{"value of no link shown", wolves("so w = 2 * (b + d)."), Right, -1},
		{"half put in", wolves("m = b + d = 3 + d = 7; so w = 2 * m = 14."), Right, -1},
		{"assigned twice alike", wolves("m = b + d; m = 7; so w = 2 * m; w = 14."), Right, -1},
		{"old intermediate used again", bear + deer + "Define adult crow in Cedar Valley as c; k = d = 4; so c = k = 4. Define adult wolf in Pine Ridge as w; so w = 2 * (b + k) = 14. " + fox + end, Right, -1},
		{"helper quantity", bear + deer + "Define sum of bears and deer as s; so s = b + d = 7. Define adult wolf in Pine Ridge as w; so w = 2 * s = 14. " + fox + end, Right, -1},
		{"variable taken over", bear + deer + wolf + "Define adult crow in Cedar Valley as m; so m = d = 4. " + fox + end, Right, -1},
		{"Let be, swapped, colon equals", "Let b be the number of adult bear in Pine Ridge. b := 3. " + deer + wolf + fox + end, Right, -1},
		{"equation in the header", "Define adult bear in Pine Ridge as b = 3. " + deer + wolf + fox + end, Right, -1},
		{"dash before", strings.Replace(bear, "; so", "; note - ", 1) + deer + wolf + fox + end, Right, -1},
		{"true remarks", bear + deer + wolf + "We see that w + 1 = 15 and (so 2 * b = 6), and b + d = m. " + fox + end, Right, -1},
		{"signs and full-width digits", foxes("so f = w − b = 14 − ３ = $11."), Right, -1},

		{"wrong leaf", "Define adult bear in Pine Ridge as b; so b = 4. " + deer + wolf + fox + end, WrongValue, 0},
		{"swapped subtraction", foxes("so f = b - w = 3 - 14 = 11."), WrongOperator, 3},
		{"swapped subtraction, consistent", foxes("so f = b - w = 3 - 14 = -11."), WrongOperator, 3},
		{"wrong arithmetic, right result", wolves("m = b + d = 3 + 9 = 7; so w = 2 * m = 2 * 7 = 14."), WrongSubstitution, 2},
		{"wrong numbers of equal total", wolves("m = b + d = 2 + 5 = 7; so w = 2 * m = 2 * 7 = 14."), WrongSubstitution, 2},
		{"wrong operator among the numbers", foxes("so f = w - b = 14 * 3 = 11."), WrongSubstitution, 3},
		{"wrong sum", wolves("m = b + d = 3 + 4 = 8; so w = 2 * m = 2 * 8 = 16."), WrongArithmetic, 2},
		{"errors that cancel", wolves("m = b + d = 3 + 4 = 8; so w = 2 * m = 2 * 7 = 14."), WrongArithmetic, 2},
		{"other constants, equal value", wolves("m = b + d = 3 + 4 = 7; so w = 7 + m = 7 + 7 = 14."), WrongOperator, 2},
		{"parent left out", wolves("so w = 2 * 7 = 14."), WrongParents, 2},
		{"value put in for a parent", wolves("so w = 2 * (b + 4) = 14."), WrongParents, 2},
		{"other parent of equal value", bear + deer + "Define adult crow in Cedar Valley as c; so c = d = 4. Define adult wolf in Pine Ridge as w; so w = 2 * (b + c) = 14. " + fox + end, WrongParents, 3},
		{"second formula is another", wolves("m = b + d = 7; so w = 2 * m = f = 14."), UndefinedVariable, 2},
		{"right formula, then another of equal value", foxes("so f = w - b = b + d + d = 11."), WrongParents, 3},
		{"parent's definition in its place", foxes("so f = 2 * (b + d) - b = 11."), WrongParents, 3},
		{"corrected later", "Define adult bear in Pine Ridge as b; so b = 2. " + bear + deer + wolf + fox + end, WrongValue, 0},
		{"corrected in the same step", foxes("so f = w - b = 14 - 3 = 12; so f = 11."), WrongArithmetic, 3},
		{"contradicted later", bear + deer + wolf + fox + "Define adult bear in Pine Ridge as q; so q = 2. " + end, Redefinition, 4},
		{"false remark", bear + deer + wolf + "We see that b = 4. " + fox + end, Redefinition, 2},
		{"false remark of expressions", bear + deer + wolf + "We see that b + d = 2 * d. " + fox + end, WrongArithmetic, 2},
		{"unknown variable", wolves("so w = 2 * (b + e) = 14."), UndefinedVariable, 2},
		{"used too early", deer + wolf + bear + fox + end, UndefinedVariable, 1},
		{"defined by itself", foxes("so f = f = 11."), UndefinedVariable, 3},
		{"no equation", foxes("it is 11."), Unparsable, 3},
		{"link left empty", foxes("so f = w - b = = 11."), Unparsable, 3},
		{"broken off", bear + deer + wolf + "Define adult fox in Pine Ridge as f; so f = w - ", Unparsable, 3},
		{"power", foxes("so f = w - b = 11**1."), Unparsable, 3},
		{"division by zero", foxes("so f = w - b = 11 / 0."), Unparsable, 3},
		{"runs on", foxes("so f = w - b = 11 3."), Unparsable, 3},
		{"huge number", foxes("so f = w - b = 99999999999999999999."), Unparsable, 3},
		{"skipped node", bear + wolf + fox + end, UndefinedVariable, 1},
		{"last node missing", bear + deer + wolf + end, LuckyAnswer, -1},
		{"last node missing, wrong answer", bear + deer + wolf + "Answer: 12.", MissingNode, -1},
		{"wrong answer", bear + deer + wolf + fox + "Answer: 12.", WrongAnswer, -1},
		{"another answer before", bear + deer + wolf + fox + "Answer: 12. " + end, WrongAnswer, 3},
		{"no answer", bear + deer + wolf + fox, NoAnswer, -1},
		{"answer in words", bear + deer + wolf + fox + "<answer> about 11 </answer>", WrongAnswer, -1},
	} {
		v := Judge(zooForward(), c.text)
		if v.Class != c.class || v.FirstWrong != c.wrong {
			t.Errorf("%s: %v at step %d, want %v at %d\n%s\n%+v", c.name, v.Class, v.FirstWrong, c.class, c.wrong, c.text, v)
		}
		checkVerdict(t, zooForward(), v)
	}
}

func TestExtraStepsAreCountedButHarmless(t *testing.T) {
	v := Judge(zooForward(), bear+deer+bear+"Define adult crow in Cedar Valley as c; so c = d = 4. Define twice the crows as t; so t = 2 * c = 8. "+wolf+fox+end)
	if !v.Strict || v.Extra != 3 || v.Steps != 7 {
		t.Errorf("%+v", v)
	}
}

// zooReverse: bears x are unknown, wolves = bears + 2 deer … = 2·(x + 4), and the
// total x + 2·(x + 4) is known to be 17, so x = 3.
func zooReverse() *gsm.Problem {
	return &gsm.Problem{Context: "crazy_zootopia", Mode: gsm.Reverse,
		Names: []string{"adult bear in Pine Ridge", "adult deer in Cedar Valley", "adult wolf in Pine Ridge", "total number of adult animals in Pine Ridge"},
		Graph: &gsm.Graph{Layers: 2, Mode: gsm.Reverse, Path: 4, Question: 0, Nodes: []gsm.Node{
			{Const: 3, Value: 3},
			{Place: 1, Item: 1, Const: 4, Value: 4},
			{Item: 2, Inner: gsm.Sum, Outer: gsm.Times, Const: 2, Parents: []int{0, 1}, Value: 14},
			{Kind: gsm.Total, Item: -1, Inner: gsm.Sum, Parents: []int{0, 2}, Value: 17},
		}}}
}

func TestEachFaultOfAReverseSolutionHasItsClass(t *testing.T) {
	const (
		unknown = "Define adult bear in Pine Ridge as x; we don't know its value yet but will find it out later. "
		wolf    = "Define adult wolf in Pine Ridge as w; m = x + d = x + 4; so w = 2 * m = (2) * (x + 4) = 2*x + 8. "
		total   = "Define total number of adult animals in Pine Ridge as t; so t = x + w = x + 2*x + 8 = 3*x + 8. "
		before  = unknown + deer + wolf + total
		given   = "We know t = 17, so we have 3*x + 8 = 17 and we solve it. "
		end     = "Solution: x = 3. Answer: 3."
	)
	for _, c := range []struct {
		name, text string
		class      ErrorClass
		wrong      int
	}{
		{"in full", before + given + "Move: 3*x - 9 = 0. Isolate: 3*x = 9. Divide both sides by 3: x = 9 / 3. " + end, Right, -1},
		{"solution at once", before + end, Right, -1},
		{"other side, other sign", before + "17 = t, so 17 = 8 + 3x, 9 = 3x, 0 = 9 - 3x, -9 = -3*x. " + end, Right, -1},
		{"same factor on both sides", before + given + "So 3x = 9, 6x = 18, x = 3. Answer: 3.", Right, -1},
		{"put in again", before + given + end + " Indeed w = 14 and t = 3 + 14 = 17, 2 * x = 6.", Right, -1},
		{"another letter for the unknown", strings.NewReplacer("as x;", "as u1;", "x", "u1", "we don't", "we don't").Replace(before + given + end), Right, -1},

		{"guessed", "Define adult bear in Pine Ridge as x; so x = 3. " + deer + wolf + total + end, LuckyAnswer, 0},
		{"guessed in between", unknown + deer + "Say x = 3. " + wolf + total + end, LuckyAnswer, 1},
		{"value for a exact.Polynomial", unknown + deer + "Define adult wolf in Pine Ridge as w; m = x + d = x + 4 = 7; so w = 2 * m = 2*x + 8. " + total + end, WrongArithmetic, 2},
		{"no equation", before + "Answer: 3.", LuckyAnswer, -1},
		{"wrong value in words", before + "We know t = 20, so 3*x + 8 = 20. " + end, WrongArithmetic, 4},
		{"wrong step of the closing", before + given + "Isolate: 3*x = 10. " + end, WrongArithmetic, 4},
		{"same root, other equation", before + "So 2*x + 11 = 17. " + end, WrongArithmetic, 4},
		{"wrong divisor in words", before + given + "Isolate: 3*x = 9. Divide both sides by 4: x = 9 / 3. " + end, WrongArithmetic, 4},
		{"wrong operator after a division", before + given + "Isolate: 3*x = 9. Divide both sides by 3: x = 9 - 6. " + end, WrongOperator, 4},
		{"wrong solution", before + given + "x = 4. Answer: 3.", WrongArithmetic, 4},
		{"wrong expression", unknown + deer + wolf + "Define total number of adult animals in Pine Ridge as t; so t = x + w = x + 2*x + 8 = 3*x + 9. " + given + end, WrongArithmetic, 3},
		{"the unknown under a helper of its own", unknown + deer + "Define number to find as c; so c = x = x. Define adult wolf in Pine Ridge as w; so w = 2 * (c + d) = 2*x + 8. " + total + given + end, Right, -1},
		{"unknown not defined", deer + wolf + total + given + end, UndefinedVariable, 1},
	} {
		v := Judge(zooReverse(), c.text)
		if v.Class != c.class || v.FirstWrong != c.wrong {
			t.Errorf("%s: %v at step %d, want %v at %d\n%s\n%+v", c.name, v.Class, v.FirstWrong, c.class, c.wrong, c.text, v)
		}
		checkVerdict(t, zooReverse(), v)
	}
}

// Random sentences from the words that solutions are made of reach deeper than random bytes.
func TestSoupIsJudgedSoundly(t *testing.T) {
	problems := []*gsm.Problem{zooForward(), zooReverse(), specProblem(t)}
	words := strings.Split("Define |Let | as | be | so |b|d|w|x|t|m|f|K1| = | = | = | + | - | * | / |(|)|1|2|3|4|7|14|2.5|;|. |, |: |\n|"+
		"Answer: |<answer> |</answer>|</solution> |divide both sides by |**|a1 |a2 |a11 | ans |adult bear in Pine Ridge|adult wolf in Pine Ridge|"+
		bear+"|"+deer+"|"+wolf+"|"+fox+"|3*x + 8|17", "|")
	for i := range 30000 {
		s := random.New(5, "soup", uint64(i))
		var b strings.Builder
		for range s.IntN(60) {
			b.WriteString(words[s.IntN(len(words))])
		}
		for _, p := range problems {
			checkVerdict(t, p, Judge(p, b.String()))
		}
	}
}

func TestJudgeMayBeCalledFromManyGoroutines(t *testing.T) {
	source := kinds(t)["reverse, d=2"]
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range uint64(50) {
				p := source.At(i)
				if v := Judge(p, p.Response()); !v.Strict {
					t.Errorf("worker %d: %s: %+v", worker, p.ID, v)
				}
			}
		})
	}
	all.Wait()
}
