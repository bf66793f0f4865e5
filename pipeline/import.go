package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/vocab"
)

// Imported is the recipe of a model that was computed elsewhere: the SHA-256 of its files,
// so that models that differ in anything, be it the tokenizer, have other addresses.
type Imported struct {
	Files map[string]string `json:"files"`
}

// Import puts a model into the store as a sealed stage of its own, which other stages can
// start from, and returns the stage.
func (st *Store) Import(ctx context.Context, w *qwen.Weights, tok *vocab.Tokenizer) (*Stage, error) {
	from, err := os.MkdirTemp(st.Root, ".import-")
	if err != nil {
		return nil, explainWrite("import", st.Root, err)
	}
	defer os.RemoveAll(from)
	if err := errors.Join(qwen.Save(from, w), tok.Save(from)); err != nil {
		return nil, explainWrite("import", st.Root, err)
	}
	files, _, err := digestFiles(from)
	if err != nil {
		return nil, err
	}
	s := &Stage{Kind: "import", Format: 1, Recipe: Imported{files}, Label: "import"}
	s.Work = func(j *Job) error {
		dir := filepath.Join(j.Dir, ModelDir)
		for _, name := range sortedKeys(files) {
			to := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := durable.Copy(to, filepath.Join(from, name)); err != nil {
				return err
			}
		}
		return nil
	}
	if _, err := st.Run(ctx, s, nil); err != nil {
		return nil, err
	}
	s.Work = func(*Job) error {
		return fmt.Errorf("%s was imported, and cannot be computed again: import it again", s.Folder())
	}
	return s, nil
}
