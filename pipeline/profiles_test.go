package pipeline

import (
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

func TestProfilesAreCompleteAndInOrderOfSize(t *testing.T) {
	if names := Profiles(); !slices.IsSorted([]int{slices.Index(names, "smoke"), slices.Index(names, "micro"), slices.Index(names, "gpu"), slices.Index(names, "paper")}) {
		t.Errorf("%q are not in order of size", names)
	}
	for _, name := range Profiles() {
		p, err := ProfileByName(name, 7)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.About == "" || p.Base.Seed != 7 || p.RL.GRPO.Seed != 7 || p.Studies.RL.Seed != 7 || p.Base.Model.VocabSize == 0 || p.Studies.Seeds == 0 {
			t.Errorf("%s is not complete: %+v", name, p)
		}
		a, _ := ProfileByName(name, 7)
		a.Base.Data.Mix[0].Share, a.Studies.Evaluation.Data.Mix[0].Contexts[0] = -1, "?"
		if b, _ := ProfileByName(name, 7); b.Base.Data.Mix[0].Share == -1 || b.Evaluation.Data.Mix[0].Contexts[0] == "?" {
			t.Errorf("%s: who asks for the profile can change it for others", name)
		}
	}
}

func TestAMisspeltFieldOfAProfileIsNamed(t *testing.T) {
	text, err := profileFiles.ReadFile("profiles/smoke.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseProfile([]byte(strings.Replace(string(text), `"prompts"`, `"promts"`, 1))); err == nil || !strings.Contains(err.Error(), "promts") {
		t.Errorf("error %v", err)
	}
}

// What a model can read, and its address, depend on its own contexts and on no others.
func TestATokenizerKnowsTheContextsOfItsRecipe(t *testing.T) {
	recipe := func(contexts ...string) Pretraining {
		return Pretraining{Data: gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 4}, contexts...)}
	}
	school := "The number of public highschool in Glenfield City"
	for _, c := range []struct {
		r    Pretraining
		ours bool
	}{
		{recipe("zoo"), false},
		{recipe("zoo", "school"), true},
		{Pretraining{Data: recipe("zoo").Data, Vocabulary: []string{"zoo", "school"}}, true},
	} {
		tok, err := tokenizer(c.r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tok.Encode(school); (err == nil) != c.ours {
			t.Errorf("contexts %q: a text of the school gives %v", c.r.Contexts(), err)
		}
	}
	address := func(contexts ...string) string { return Pretrain("", recipe(contexts...), nil).Contents }
	if address("zoo") == address("zoo", "school") || address("zoo") != address("crazy_zootopia") || address("zoo") == "" {
		t.Error("the words of the contexts are not what the address says")
	}
}

func TestAProfileNamesTheArmsAndStudiesThatItAsksFor(t *testing.T) {
	text, err := profileFiles.ReadFile("profiles/smoke.json")
	if err != nil {
		t.Fatal(err)
	}
	more := `"studies": {
		"edge": {"controls": true, "paper_settings": true},
		"reward": {"token_budget": 400000, "modulus": 23},
		"hard": {"seeds": 3, "ops": "3", "shares": [0.01, 0.5]},
		"share": {"seeds": 3, "rare": 0.002, "shallow": 0.02, "shares": [0, 1]},
		"gain": {"seeds": 3, "sizes": [{"hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 96}]},
		"judges": {"seeds": 3, "false_accept": [0.1], "false_reject": [0.2]},
		`
	p, err := parseProfile([]byte(strings.NewReplacer(`"studies": {`, more, `"algorithms": {"compute": 70000}`, `"algorithms": {"seeds": 3, "compute": 1e6}`,
		`"seen": "0-2",`, `"seen": "0-2", "deep": "3-4", "amounts": {"shares": [0.01, 0.03], "steps": [40, 120]},`).Replace(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	s := p.Studies
	if !s.EdgeArms.Controls || !s.EdgeArms.PaperSettings || s.Reward.TokenBudget != 400_000 || s.Reward.Modulus != 23 || s.Hard.Ops.Max != 3 || len(s.Hard.Shares) != 2 ||
		s.Share.Rare != 0.002 || len(s.Share.Shares) != 2 || s.Gain.Sizes[0].Layers != 2 || s.Judges.FalseReject[0] != 0.2 || s.Algorithms.Compute != 1e6 ||
		s.Exposure.Deep.Min != 3 || s.Exposure.Amounts.Steps[1] != 120 {
		t.Errorf("the profile is read as %+v", s)
	}
	if _, err := parseProfile([]byte(strings.Replace(string(text), `"studies": {`, `"studies": {"edge": {"control": true},`, 1))); err == nil || !strings.Contains(err.Error(), "control") {
		t.Errorf("a misspelt arm gives %v", err)
	}
}
