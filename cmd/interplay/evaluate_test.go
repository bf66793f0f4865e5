package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/vocab"
)

// ignorant writes a model that knows nothing, with the symbolic family's tokenizer.
func ignorant(t *testing.T) string {
	t.Helper()
	tok, err := vocab.Words(gsm.DefaultSymbolic.Tokens())
	if err != nil {
		t.Fatal(err)
	}
	w, err := qwen.NewWeights(qwen.Config{VocabSize: tok.Size(), HiddenSize: 16, Layers: 1, Heads: 2, KVHeads: 1, FFN: 16,
		Context: 256, RopeTheta: 1e4, RMSEps: 1e-6, Tied: true, EmbedScale: 1, InitStd: 0.2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := errors.Join(qwen.Save(dir, w), tok.Save(dir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEvaluateKeepsEverySampleAndRefusesAnotherJobsFolder(t *testing.T) {
	model, out := ignorant(t), filepath.Join(t.TempDir(), "e")
	args := []string{model, "-op", "1-3", "-context", "A,B", "-problems", "2", "-n", "3", "-max-tokens", "8", "-out", out}
	if err := verb("evaluate", args); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(out, evaluate.SamplesFile)
	records, err := evaluate.Read(path)
	if err != nil || len(records) != 3*2*2*3 {
		t.Fatalf("%d records, want 3 ops × 2 contexts × 2 problems × 3 samples; %v", len(records), err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := verb("evaluate", args); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || after.ModTime() != before.ModTime() {
		t.Errorf("a finished evaluation was done again (%v)", err)
	}
	if err := verb("evaluate", append(args, "-seed", "2")); err == nil || !strings.Contains(err.Error(), "another job") {
		t.Errorf("another seed in the same folder gives %v", err)
	}
}

func TestEvaluateSaysWhatIsWrong(t *testing.T) {
	for want, args := range map[string][]string{
		"expected a model":    {"-op", "1"},
		"-op RANGE and -out":  {"m", "-op", "1"},
		"range":               {"m", "-op", "one", "-out", "x"},
		"unknown split":       {"m", "-op", "1", "-out", "x", "-split", "exam"},
		"-n 0: expected":      {"m", "-op", "1", "-out", "x", "-n", "0"},
		"is no model":         {"m", "-op", "1", "-out", "x"},
		"forward mode only":   {"m", "-op", "1", "-out", "x", "-reverse"},
		"unknown context":     {"m", "-op", "1", "-out", "x", "-context", "moon"},
		"unexpected argument": {"m", "-op", "1", "-out", "x", "n"},
	} {
		if err := verb("evaluate", args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", args, err, want)
		}
	}
}
