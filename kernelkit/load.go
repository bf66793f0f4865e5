package kernelkit

import (
	"errors"
	"os"
	"path/filepath"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
	"interplay/pipeline"
)

// Load returns a model from a folder of Hugging Face files (Qwen2: config.json, model.safetensors,
// tokenizer.json), or from a run of the store by its name, such as rl-1f3a9c28e1b0. "models/words" is the
// small model of word problems that comes with the project, in notebooks/. What Load returns is what training
// returns, but for the log: it can be evaluated, looked into, and trained further.
func (l *Lab) Load(name string) *Model {
	if root, err := engine.ProjectRoot(); err == nil && !filepath.IsAbs(name) {
		if committed := filepath.Join(root, "notebooks", name); isModel(committed) && !isModel(name) {
			name = committed
		}
	}
	dir := must(pipeline.FindModel(l.store.Root, name))
	s := must(pipeline.Import("import of "+filepath.Base(name), dir))
	m := l.model(filepath.Base(name), s)
	m.imported = true
	return m
}

// isModel tells whether a folder holds a model's files.
func isModel(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, qwen.ConfigFile))
	return err == nil
}

// config is the model's network.
func (m *Model) config() qwen.Config { return must(qwen.LoadConfig(m.Dir())) }

// trained ends the cell where a model has no log of its training.
func (m *Model) trained(what string) {
	if m.imported {
		fail(errors.New("the model " + m.Label + " was loaded from its files, which hold no log of its training: there is no " + what))
	}
}
