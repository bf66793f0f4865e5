package train

import (
	"context"
	"math"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/vocab"
)

func TestEvaluatingChangesNothingButTheMetrics(t *testing.T) {
	e, cfg := open(t), testConfig()
	want, plain := mustRun(t, e, cfg, t.TempDir())
	cfg.EvalEvery, cfg.EvalDocuments = 5, 30
	cfg.Held = func(i uint64) (Document, error) { return testDocs(testModel.VocabSize)(1<<32 + i) }
	dir := t.TempDir()
	got, seen := mustRun(t, e, cfg, dir)
	if got != want {
		t.Error("the evaluated run ends with other weights")
	}
	for i, m := range seen {
		if m.Loss != plain[i].Loss {
			t.Errorf("step %d: loss %v, expected %v", m.Step, m.Loss, plain[i].Loss)
		}
		if measured := m.Step == 5 || m.Step == 10 || m.Step == cfg.Steps; (m.EvalLoss != 0) != measured {
			t.Errorf("step %d: the evaluation loss is %v", m.Step, m.EvalLoss)
		}
	}
	w, err := Run(context.Background(), e, testWeights(t), testDocs(testModel.VocabSize), cfg, dir, nil) // done: gives the weights
	if err != nil {
		t.Fatal(err)
	}
	docs, err := heldOut(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sum, count := 0.0, 0
	for _, d := range docs { // one by one, where the run packs them
		losses, err := NLL(context.Background(), e, w, []Document{d})
		if err != nil {
			t.Fatal(err)
		}
		s, n := total(losses[0])
		sum, count = sum+s, count+n
	}
	if last := seen[len(seen)-1].EvalLoss; math.Abs(last-sum/float64(count)) > 1e-5 {
		t.Errorf("the last evaluation loss is %v, the documents one by one give %v", last, sum/float64(count))
	}

	// A run that is stopped and resumed measures what the undisturbed one does.
	dir = t.TempDir()
	stopAfter(t, e, cfg, dir, 7)
	mustRun(t, e, cfg, dir)
	for i, m := range readMetrics(t, dir) {
		if m.EvalLoss != seen[i].EvalLoss {
			t.Errorf("resumed: step %d has evaluation loss %v, expected %v", m.Step, m.EvalLoss, seen[i].EvalLoss)
		}
	}
}

func TestAnEvaluationWithoutDocumentsIsRefused(t *testing.T) {
	cfg := testConfig()
	cfg.EvalEvery, cfg.EvalDocuments = 5, 3
	if _, err := Run(context.Background(), open(t), testWeights(t), testDocs(30), cfg, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "Held") {
		t.Errorf("no documents: the error is %v", err)
	}
	cfg.Held = func(uint64) (Document, error) { return Document{IDs: []int32{1, 2}, LossFrom: 2}, nil }
	if _, err := Run(context.Background(), open(t), testWeights(t), testDocs(30), cfg, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "nothing to predict") {
		t.Errorf("a document without targets: the error is %v", err)
	}
}

// A problem's losses are those of its response, [EOS] included, given its prompt.
func TestProblemLossesAreOfTheResponse(t *testing.T) {
	spec := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 3}, "A")
	tokens, err := spec.Tokens("A")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := vocab.Words(tokens)
	if err != nil {
		t.Fatal(err)
	}
	source, err := gsm.NewSource(spec, gsm.Test, 3)
	if err != nil {
		t.Fatal(err)
	}
	var problems []*gsm.Problem
	for i := range uint64(24) {
		problems = append(problems, source.At(i))
	}
	model := testModel
	model.VocabSize = tok.Size()
	w, err := qwen.NewWeights(model, 1)
	if err != nil {
		t.Fatal(err)
	}
	losses, err := ProblemLosses(context.Background(), open(t), w, tok, problems)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range losses {
		prompt, err := tok.Encode(problems[i].Prompt())
		if err != nil {
			t.Fatal(err)
		}
		text, err := tok.Encode(problems[i].Training())
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, tok.EOS())
		if l.Op != problems[i].Op || l.Prompt != problems[i].Prompt() || l.Tokens != len(text)-len(prompt) {
			t.Errorf("problem %d: op %d with %d tokens, expected op %d with %d", i, l.Op, l.Tokens, problems[i].Op, len(text)-len(prompt))
		}
		whole, err := NLL(context.Background(), open(t), w, []Document{{IDs: text, LossFrom: 1}})
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, x := range whole[0][len(prompt)-1:] {
			sum += float64(x)
		}
		if math.Abs(l.NLL-sum) > 1e-4*sum {
			t.Errorf("problem %d: %g nats, expected %g of the response of the whole text", i, l.NLL, sum)
		}
	}
	small := *w
	small.Config.VocabSize--
	if _, err := ProblemLosses(context.Background(), open(t), &small, tok, problems); err == nil || !strings.Contains(err.Error(), "tokenizer") {
		t.Errorf("another tokenizer: the error is %v", err)
	}
}
