package kernelkit

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write notebooks/models/words/samples.json anew")

// storedProblem is a problem with what the committed model wrote, in samples.json.
type storedProblem struct {
	Op        int              `json:"op"`
	Number    uint64           `json:"number"` // lab.Problem("zoo", Op, Number)
	Prompt    string           `json:"prompt"`
	Solutions []storedSolution `json:"solutions"`
}

type storedSolution struct {
	Text    string  `json:"text"`
	Verdict string  `json:"verdict"`
	NLL     float64 `json:"nll"` // nats a token
}

// The model that comes with the project writes the solutions that are stored beside it, letter
// by letter, and the verifier says of them what it said then.
func TestTheCommittedModelWritesItsStoredSolutions(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	t.Setenv("INTERPLAY_PROFILE", "smoke")
	t.Setenv("INTERPLAY_SEED", "1")
	lab := Open("words", "smoke", 1)
	model := lab.Load("models/words")
	var got []storedProblem
	right := 0
	for op := 2; op <= 6; op++ {
		for i := range uint64(4) {
			p := lab.Problem("zoo", op, i)
			stored := storedProblem{Op: op, Number: i, Prompt: p.Prompt()}
			for _, r := range model.Solve(p, 4) {
				stored.Solutions = append(stored.Solutions, storedSolution{r.Text, r.Verdict.Class.String(), r.NLL()})
				if r.Verdict.Strict {
					right++
				}
			}
			got = append(got, stored)
		}
	}
	t.Logf("%d of %d solutions are right", right, 80)
	file := filepath.Join(root, "notebooks", "models", "words", "samples.json")
	if *update {
		text, err := json.MarshalIndent(got, "", " ")
		if err == nil {
			err = os.WriteFile(file, append(text, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want []storedProblem
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(got) {
		t.Fatalf("%d problems are stored, expected %d", len(want), len(got))
	}
	for i, g := range got {
		w := want[i]
		if g.Prompt != w.Prompt || len(g.Solutions) != len(w.Solutions) {
			t.Errorf("op %d, problem %d: the problem is\n%s\nstored is\n%s", g.Op, g.Number, g.Prompt, w.Prompt)
			continue
		}
		for k, s := range g.Solutions {
			if v := w.Solutions[k]; s.Text != v.Text || s.Verdict != v.Verdict || math.Abs(s.NLL-v.NLL) > 1e-4 {
				t.Errorf("op %d, problem %d, solution %d: got %+v, stored is %+v", g.Op, g.Number, k, s, v)
			}
		}
	}
}
