package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/vocab"
	"interplay/pipeline"
)

// A MODEL on the command line is a folder of Hugging Face files, a run's folder,
// or the name of a run in the run store, such as rl-1f3a9c.

// openStore opens the run store: INTERPLAY_RUNS, or runs in the project.
func openStore() (*pipeline.Store, error) {
	root, err := pipeline.DefaultRoot()
	if err != nil {
		return nil, err
	}
	return pipeline.Open(root)
}

// modelDir finds the folder of a model's Hugging Face files.
func modelDir(name string) (string, error) {
	root, err := pipeline.DefaultRoot()
	if err != nil {
		root = ""
	}
	return pipeline.FindModel(root, name)
}

// completeModel offers the models of the run store, and folders.
func completeModel(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	root, err := pipeline.DefaultRoot()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return pipeline.Models(root), cobra.ShellCompDirectiveDefault
}

// loadModel reads a model's weights and tokenizer.
func loadModel(name string) (*qwen.Weights, *vocab.Tokenizer, error) {
	dir, err := modelDir(name)
	if err != nil {
		return nil, nil, err
	}
	if err := pipeline.CheckModel(dir); err != nil {
		return nil, nil, err
	}
	w, err := qwen.Load(dir)
	if err != nil {
		return nil, nil, err
	}
	t, err := vocab.Load(filepath.Join(dir, vocab.File))
	if err != nil {
		return nil, nil, err
	}
	if t.Size() > w.Config.VocabSize {
		// The authors' tokenizer has one unused entry more than their models (docs/paper.md, "Model and tokenizer").
		fmt.Fprintf(os.Stderr, "note: the tokenizer has %d entries, the model %d; ids from %d on cannot be used\n", t.Size(), w.Config.VocabSize, w.Config.VocabSize)
	}
	return w, t, nil
}

// openEngine opens the backend that GOMLX_BACKEND names.
func openEngine() (*engine.Engine, error) { return engine.Open("") }
