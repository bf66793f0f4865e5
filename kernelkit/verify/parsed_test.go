package verify

import (
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

func TestAParsedAnswerTakesThePlaceOfTheTextsAnswer(t *testing.T) {
	for _, spec := range []gsm.Spec{
		gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 4}, "A"),
		gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 5}, "zoo"),
	} {
		source, err := gsm.NewSource(spec, gsm.Test, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint64(50) {
			p := source.At(i)
			gold, want := p.Response(), Judge(p, p.Response())
			if got := JudgeAnswer(p, gold, " "+p.Answer+" "); got != want {
				t.Fatalf("%s: the same answer gives %+v, Judge %+v", p.ID, got, want)
			}
			wrong := JudgeAnswer(p, gold, p.Answer+"1")
			none := JudgeAnswer(p, gold, "")
			if wrong.Strict || wrong.Answer || wrong.Class != WrongAnswer || wrong.Penalty != want.Penalty+1 || none.Class != NoAnswer {
				t.Fatalf("%s: another answer gives %+v, none %+v", p.ID, wrong, none)
			}
			if p.Graph.Family == gsm.Symbolic && wrong.Nodes > 0 {
				cut := gold[:strings.LastIndex(gold, "ans")]
				if got := JudgeAnswer(p, cut, p.Answer); !got.Strict || got != want {
					t.Fatalf("%s: the steps with a parsed answer give %+v", p.ID, got)
				}
			}
			if got := JudgeAnswer(p, "nothing at all", p.Answer); got.Strict || !got.Answer {
				t.Fatalf("%s: a right answer without steps gives %+v", p.ID, got)
			}
		}
	}
}
