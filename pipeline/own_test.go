package pipeline

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

// ownChain is tinyChain with an own reward of the given code.
func ownChain(code string, pay func(verify.Attempt) float64) *Stage {
	chain := tinyChain()
	rl := chain.Inputs[0].Recipe.(Reinforcement)
	rl.PayBy(&OwnReward{Name: "short", Code: code, Call: pay})
	return Evaluate("evaluation", chain.Recipe.(Evaluation), Reinforce("RL", rl, chain.Inputs[0].Inputs[0]))
}

func shortPays(a verify.Attempt) float64 { return -float64(a.Tokens) }

func TestAChangedRewardRunsRLAndWhatFollowsAgainAndNothingElse(t *testing.T) {
	st, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	run := func(s *Stage) Outcome {
		o, err := st.Run(context.Background(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	first, changed := ownChain("one", shortPays), ownChain("two", shortPays)
	if o := run(first); o != Computed {
		t.Fatal(o)
	}
	for _, c := range []struct {
		what  string
		stage *Stage
		want  Outcome
	}{
		{"the same reward", ownChain("one", shortPays), Reused},
		{"the base", changed.Inputs[0].Inputs[0], Reused},
		{"RL by the changed reward", changed.Inputs[0], Computed},
		{"its evaluation", changed, Computed},
	} {
		if o := run(c.stage); o != c.want {
			t.Errorf("%s is %s, expected %s", c.what, o, c.want)
		}
	}
	if why := Why(first.Inputs[0], changed.Inputs[0]); len(why) != 1 || !strings.Contains(why[0].String(), "code") {
		t.Errorf("why the addresses differ: %q", why)
	}
}

func TestARewardThatFailsEndsTheRunWithItsSamplesSaved(t *testing.T) {
	st, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		says string
		pay  func(verify.Attempt) float64
	}{
		{"panics: no", func(verify.Attempt) float64 { panic("no") }},
		{"gives NaN", func(verify.Attempt) float64 { return math.NaN() }},
		{"gives -Inf", func(verify.Attempt) float64 { return math.Inf(-1) }},
	} {
		rl := ownChain(c.says, c.pay).Inputs[0]
		_, err := st.Run(context.Background(), rl, nil)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "problem ") {
			t.Errorf("expected an error that says %q and the problem, got %v", c.says, err)
			continue
		}
		_, where, _ := strings.Cut(err.Error(), "samples are in ")
		where, _, _ = strings.Cut(where, ",")
		if saved, err := os.ReadFile(where); err != nil || len(saved) == 0 {
			t.Errorf("%s: the samples are not there: %v", c.says, err)
		}
	}
}

func TestARecipeFromAFileDoesNotClaimToHaveItsFunction(t *testing.T) {
	rl := ownChain("one", shortPays).Inputs[0].Recipe.(Reinforcement)
	text, err := json.Marshal(rl)
	if err != nil {
		t.Fatal(err)
	}
	var read Reinforcement
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if err := read.Validate(); err == nil || !strings.Contains(err.Error(), "run it there") {
		t.Errorf("expected an error that says where the function is, got %v", err)
	}
	if a, b := ownChain("one", shortPays).Inputs[0], Reinforce("RL", read, ownChain("one", shortPays).Inputs[0].Inputs[0]); a.Address() != b.Address() {
		t.Error("the recipe that was read has another address, so that its results are not found")
	}
	read.Reward = verify.Reward{Form: verify.StrictForm}
	if err := read.Validate(); err == nil || !strings.Contains(err.Error(), "two rewards") {
		t.Errorf("two rewards: %v", err)
	}
}

func TestAFilterChoosesProblemsByTheirIndexAlone(t *testing.T) {
	even := &OwnFilter{Name: "even", Code: "1", Call: func(p *gsm.Problem) bool { return p.Op%2 == 0 }}
	source, err := problemsOf(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 4}, "A"), gsm.RL, 1, nil, even)
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(20) {
		p, err := source.At(19 - i)
		q, err2 := source.At(19 - i)
		if err != nil || err2 != nil || p.Op%2 != 0 || p.ID != q.ID {
			t.Fatalf("problem %d: op %d, %v", 19-i, p.Op, err)
		}
	}
	source.filter = &OwnFilter{Name: "none", Code: "1", Call: func(*gsm.Problem) bool { return false }}
	if _, err := source.At(0); err == nil || !strings.Contains(err.Error(), "none refuses") {
		t.Errorf("a filter that lets nothing through: %v", err)
	}
}

func TestAnImportedModelIsCopiedAndFoundByItsContents(t *testing.T) {
	st, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	base := tinyChain().Inputs[0].Inputs[0]
	if _, err := st.Run(context.Background(), base, nil); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(st.Dir(base), ModelDir)
	imported, err := Import("import", folder)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(elsewhere, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	again, err := Import("import", elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if imported.Address() != again.Address() {
		t.Error("the same files in another folder have another address")
	}
	recipe := tinyChain().Recipe.(Evaluation)
	if _, err := st.Run(context.Background(), Evaluate("evaluation of the import", recipe, imported), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Run(context.Background(), Evaluate("evaluation of the base", recipe, base), nil); err != nil {
		t.Fatal(err)
	}
	a, err1 := os.ReadFile(filepath.Join(st.Dir(Evaluate("", recipe, imported)), RecordsFile))
	b, err2 := os.ReadFile(filepath.Join(st.Dir(Evaluate("", recipe, base)), RecordsFile))
	if err1 != nil || err2 != nil || string(a) != string(b) {
		t.Errorf("the import's samples differ from the model's (%v, %v)", err1, err2)
	}
}
