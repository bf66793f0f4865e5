package pipeline

import (
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

func TestTheLookUpProfilesFitTheirTexts(t *testing.T) {
	for name, want := range map[string]string{"lookup": "1/3", "words": "4/7 2/5"} {
		p, err := ProfileByName(name, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Base.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if string(p.Base.Model.LookupInit) != want {
			t.Errorf("%s: the look-up start has the distances %q, expected %q", name, p.Base.Model.LookupInit, want)
		}
		tok, err := tokenizer(p.Base)
		if err != nil {
			t.Fatal(err)
		}
		if tok.Size() != p.Base.Model.VocabSize {
			t.Errorf("%s: %d tokens, the model has %d", name, tok.Size(), p.Base.Model.VocabSize)
		}
		docs, err := documents(p.Base, gsm.Train, tok)
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint64(1000) {
			d, err := docs(i)
			if err != nil || len(d.IDs)-1 > p.Base.Train.Seq {
				t.Fatalf("%s: document %d has %d tokens, a row %d (%v)", name, i, len(d.IDs), p.Base.Train.Seq, err)
			}
		}
		for _, ops := range []gsm.Range{p.Edge, {Min: 2 * p.Edge.Max, Max: 2*p.Edge.Max + 1}} { // RL at the edge and beyond
			data := p.RL.Data
			data.Mix = gsm.Uniform(data.Family, ops, data.Mix[0].Contexts...).Mix
			source, err := gsm.NewSource(data, gsm.RL, 1)
			if err != nil {
				t.Fatal(err)
			}
			for i := range uint64(200) {
				if _, err := tok.Encode(source.At(i).Prompt()); err != nil {
					t.Fatalf("%s: a prompt of ops %v: %v", name, ops, err)
				}
			}
		}
	}
}

func TestAnUnknownProfileIsAnErrorThatListsThem(t *testing.T) {
	if _, err := ProfileByName("macro", 1); err == nil || !strings.Contains(err.Error(), strings.Join(Profiles(), ", ")) {
		t.Errorf("the error is %v", err)
	}
}

// A model's stage, and the stages behind it, read what the one before has written: its network,
// with the distances of its start, and its tokens.
func TestAModelOfTheLookUpProfilesIsReadBack(t *testing.T) {
	store, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lookup", "words"} {
		p, err := ProfileByName(name, 1)
		if err != nil {
			t.Fatal(err)
		}
		p.Base.Model.Layers = 2
		r := &p.Base.Train
		r.Steps, r.Batch, r.Warmup, r.CheckpointEvery, r.MilestoneEvery, r.EvalEvery = 1, 2, 0, 0, 0, 0
		p.Evaluation.Problems, p.Evaluation.Samples, p.Evaluation.MaxTokens = 1, 2, 4
		p.Evaluation.Data.Mix[0].Ops = gsm.Range{Min: 2, Max: 2}
		s := Evaluate(name, p.Evaluation, Pretrain(name, p.Base, nil))
		if _, err := store.Run(t.Context(), s, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
