package kernelkit_test

import (
	"strings"
	"testing"

	"interplay/kernelkit"
)

func TestWordsGraphsAndAnswersOfOnesOwn(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	lab := kernelkit.Open("own", "smoke", 1)
	chains := lab.Sampler("chains", func(seed int64, i uint64) []kernelkit.Node {
		r := kernelkit.Rand(seed, i)
		nodes := []kernelkit.Node{{Value: int64(r.IntN(10))}}
		for range 1 + r.IntN(3) {
			n := len(nodes)
			nodes = append(nodes, kernelkit.Node{Value: int64(r.IntN(10))}, kernelkit.Node{Op: '+', Left: n - 1, Right: n})
		}
		return nodes
	})
	p := lab.Drawn(chains, "A", 0)
	if again := lab.Drawn(chains, "A", 0); again.Training() != p.Training() || !p.Verdict(p.Gold().Text).Strict || lab.Drawn(chains, "A", 1).Training() == p.Training() {
		t.Errorf("%s", p.Training())
	}
	last := lab.Parser("last", func(text string) string {
		words := strings.Fields(text)
		return words[len(words)-1]
	})
	text := strings.Replace(p.Gold().Text, "ans", "so", 1)
	if a, b := p.Verdict(text), p.VerdictBy(last, text); a.Answer || !b.Answer || b.Strict {
		t.Errorf("the judge %+v, with the parser %+v", a, b)
	}
	rl := lab.RLRecipe()
	rl.Sampler, rl.Parser, rl.Data = chains, last, kernelkit.Problems(kernelkit.Ops{Min: 1, Max: 3}, "A")
	rl.Filter = lab.Filter("short", func(p kernelkit.Problem) bool { return p.Op < 3 })
	rl.Prompt = lab.Prompt("as it is", func(p kernelkit.Problem) string { return p.Prompt() })
	if err := rl.Validate(); err != nil {
		t.Error(err)
	}
	rejection := lab.RejectionRecipe()
	rejection.Data, rejection.Sampler, rejection.Parser, rejection.Filter, rejection.Prompt = rl.Data, chains, last, rl.Filter, rl.Prompt
	rejection.PayBy(lab.Reward("right", func(a kernelkit.Attempt) float64 { return map[bool]float64{true: 1}[a.Verdict.Answer] }))
	study := lab.NewStudy("chains", "Do own solutions teach as much as RL?")
	study.AddBase("base", lab.TrainRecipe())
	study.Branch("own", "on its own right solutions", rejection)
	if err := study.Validate(); err != nil {
		t.Error(err)
	}
	name := lab.Context(`{"name": "harbour_fish", "alias": "harbour", "places": [["North Pier", "South Pier", "East Pier", "West Pier", "Old Pier"]],
		"items": [["herring", "cod", "plaice", "tuna", "squid"]], "average": "average number of crates", "total": "total number of fish", "total2": "total number of crates of all fish"}`)
	word := lab.Problem(name, 4, 0)
	if !word.Verdict(word.Gold().Text).Strict || !strings.Contains(word.Prompt(), "Pier") {
		t.Errorf("a problem of an own context: %s", word.Training())
	}
	if m := kernelkit.Problems(kernelkit.Ops{Min: 2, Max: 4}, name, "zoo"); m.Family != kernelkit.WordProblems || m.Validate() != nil {
		t.Errorf("%+v: %v", m, m.Validate())
	}
}

// The recipe that a notebook begins with is right as it comes, at every profile.
func TestRecipesAreRightAsTheyCome(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	for _, profile := range []string{"smoke", "micro", "lookup", "words"} {
		lab := kernelkit.Open("own", profile, 1)
		train, rl, rejection, evaluation := lab.TrainRecipe(), lab.RLRecipe(), lab.RejectionRecipe(), lab.EvaluationRecipe()
		for what, err := range map[string]error{"training": train.Validate(), "RL": rl.Validate(), "rejection fine-tuning": rejection.Validate(), "evaluation": evaluation.Validate()} {
			if err != nil {
				t.Errorf("%s at %s: %v", what, profile, err)
			}
		}
	}
}
