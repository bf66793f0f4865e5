package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"interplay/kernelkit/qwen"
	"interplay/kernelkit/vocab"
)

// Imported is the recipe of a stage that is a model from elsewhere: the digest of its
// weights, and of its tokenizer's file.
type Imported struct {
	Weights   string `json:"weights"`
	Tokenizer string `json:"tokenizer"`
}

// Import is the stage of a model in a folder of Hugging Face files. Its result is a copy in the
// store, so that what is computed from it does not depend on the folder. The address depends on what the
// files hold, not on where they are.
func Import(label, dir string) (*Stage, error) {
	w, err := qwen.Load(dir)
	if err != nil {
		return nil, err
	}
	tok, err := vocab.Load(filepath.Join(dir, vocab.File))
	if err != nil {
		return nil, err
	}
	if tok.Size() > w.Config.VocabSize {
		return nil, fmt.Errorf("the tokenizer of %s has %d tokens, the model only %d: expected at most as many", dir, tok.Size(), w.Config.VocabSize)
	}
	tokens, err := digestFile(filepath.Join(dir, vocab.File))
	if err != nil {
		return nil, err
	}
	s := &Stage{Kind: "import", Format: 1, Recipe: Imported{w.Digest(), tokens}, Label: label}
	s.Work = func(j *Job) error {
		to := filepath.Join(j.Dir, ModelDir)
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		return errors.Join(qwen.Save(to, w), tok.Save(to))
	}
	return s, nil
}
