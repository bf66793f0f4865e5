package kernelkit

import (
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
	dir, err := pipeline.FindModel(l.store.Root, name)
	if root, none := engine.ProjectRoot(); err != nil && none == nil { // one that comes with the project
		if committed, none := pipeline.FindModel("", filepath.Join(root, "notebooks", name)); none == nil {
			dir, err = committed, nil
		}
	}
	if err != nil {
		fail(err)
	}
	s := must(pipeline.Import("import of "+filepath.Base(name), dir))
	m := l.model(filepath.Base(name), s)
	m.imported = true
	return m
}

// config is the model's network.
func (m *Model) config() qwen.Config { return must(qwen.LoadConfig(m.Dir())) }
