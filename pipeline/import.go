package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"interplay/kernelkit/qwen"
	"interplay/kernelkit/strict"
	"interplay/kernelkit/vocab"
)

// Imported is the recipe of a stage that is a model from elsewhere: the digest of its
// weights, and of each of its other files, so that models that differ in anything, be it
// the tokenizer, have other addresses.
type Imported struct {
	Weights string            `json:"weights"`
	Files   map[string]string `json:"files"` // SHA-256 of config.json, tokenizer.json and the other JSON files
}

// Import is the stage of a model in a folder of Hugging Face files. Its result is a copy in the
// store, so that what is computed from it does not depend on the folder. The address depends on what the
// files hold, not on where they are. A damaged stage's model is refused.
func Import(label, dir string) (*Stage, error) {
	if err := CheckModel(dir); err != nil {
		return nil, err
	}
	w, err := qwen.Load(dir)
	if err != nil {
		return nil, err
	}
	tok, err := vocab.Load(filepath.Join(dir, vocab.File))
	if err != nil {
		return nil, err
	}
	// The authors' tokenizer has one unused entry more than their models (docs/paper.md, "Model and tokenizer").
	if tok.Size() > w.Config.VocabSize+1 {
		return nil, fmt.Errorf("the tokenizer of %s has %d tokens, the model only %d: expected at most as many", dir, tok.Size(), w.Config.VocabSize)
	}
	recipe := Imported{w.Digest(), map[string]string{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".json" || strings.HasSuffix(e.Name(), ".index.json") { // the index is of shards of weights
			continue
		}
		if recipe.Files[e.Name()], err = strict.Digest(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	s := &Stage{Kind: "import", Format: 2, Recipe: recipe, Label: label}
	s.Work = func(j *Job) error {
		to := filepath.Join(j.Dir, ModelDir)
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		return errors.Join(qwen.Save(to, w), tok.Save(to))
	}
	return s, nil
}
