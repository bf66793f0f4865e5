package kernelkit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"interplay/kernelkit/qwen"
	"interplay/pipeline"
)

// Load returns a model from a folder of Hugging Face files (Qwen2: config.json, model.safetensors,
// tokenizer.json), or from a run of the store by its name, such as rl-1f3a9c28e1b0. It is what training
// returns, but for the log: it can be evaluated, looked into, and trained further.
func (l *Lab) Load(name string) *Model {
	dir, err := l.find(name)
	if err != nil {
		fail(err)
	}
	s := must(pipeline.Import("import of "+filepath.Base(name), dir))
	m := l.model(filepath.Base(name), s)
	m.imported = true
	return m
}

// find is the folder of a model's files.
func (l *Lab) find(name string) (string, error) {
	for _, dir := range []string{name, filepath.Join(name, pipeline.ModelDir), filepath.Join(l.store.Root, name, pipeline.ModelDir)} {
		if _, err := os.Stat(filepath.Join(dir, qwen.ConfigFile)); err == nil {
			return dir, nil
		}
	}
	if _, err := os.Stat(name); err == nil {
		return "", fmt.Errorf("the folder %s holds no model: expected %s, model.safetensors and tokenizer.json in it", name, qwen.ConfigFile)
	}
	return "", fmt.Errorf("there is no model %q: expected a folder of Hugging Face files, or a run of the store%s", name, l.known())
}

// known lists the store's models for a message.
func (l *Lab) known() string {
	entries, err := os.ReadDir(l.store.Root)
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(l.store.Root, e.Name(), pipeline.ModelDir, qwen.ConfigFile)); err == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return ", which is empty so far"
	}
	return " (there: " + strings.Join(names, ", ") + ")"
}

// config is the model's network.
func (m *Model) config() qwen.Config { return must(qwen.LoadConfig(m.Dir())) }

// trained ends the cell where a model has no log of its training.
func (m *Model) trained(what string) {
	if m.imported {
		fail(errors.New("the model " + m.Label + " was loaded from its files, which hold no log of its training: there is no " + what))
	}
}
