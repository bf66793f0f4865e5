package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
	candidates := []string{name, filepath.Join(name, pipeline.ModelDir)}
	root, err := pipeline.DefaultRoot()
	if err == nil {
		candidates = append(candidates, filepath.Join(root, name, pipeline.ModelDir))
	}
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, qwen.ConfigFile)); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s is no model: expected a folder with %s, a run's folder, or the name of a run in %s%s",
		name, qwen.ConfigFile, root, knownModels(root))
}

// knownModels lists the runs that hold a model, for a message.
func knownModels(root string) string {
	found, err := filepath.Glob(filepath.Join(root, "*", pipeline.ModelDir, qwen.ConfigFile))
	if err != nil || len(found) == 0 {
		return " (there is none yet: run make demo, or interplay run)"
	}
	var names []string
	for _, f := range found {
		names = append(names, filepath.Base(filepath.Dir(filepath.Dir(f))))
	}
	return " (there: " + strings.Join(names, ", ") + ")"
}

// loadModel reads a model's weights and tokenizer.
func loadModel(name string) (*qwen.Weights, *vocab.Tokenizer, error) {
	dir, err := modelDir(name)
	if err != nil {
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
		// The authors' tokenizer has one unused entry more than their models (paper.md §6.15).
		fmt.Fprintf(os.Stderr, "note: the tokenizer has %d entries, the model %d; ids from %d on cannot be used\n", t.Size(), w.Config.VocabSize, w.Config.VocabSize)
	}
	return w, t, nil
}

// runExport writes a model as Hugging Face files that transformers opens.
func runExport(args []string) error {
	flags := flag.NewFlagSet("export", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "usage: interplay export MODEL DIR\n\nWrites config.json, model.safetensors and tokenizer.json into the new folder DIR,\nwhich AutoModelForCausalLM and AutoTokenizer of transformers open.\n")
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return fmt.Errorf("expected a model and a folder, found %d arguments; see interplay export -h", flags.NArg())
	}
	w, t, err := loadModel(flags.Arg(0))
	if err != nil {
		return err
	}
	dir := flags.Arg(1)
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("the folder %s is not empty: give a new one", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := errors.Join(qwen.Export(dir, w), t.Save(dir)); err != nil {
		return err
	}
	fmt.Printf("%s: %d parameters, %d tokens\n", dir, w.Config.Params(), t.Size())
	return nil
}

// runImport copies a Hugging Face folder into the run store, checked and in one f32 file.
func runImport(args []string) error {
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "usage: interplay import DIR\n\nReads a Qwen2 checkpoint (safetensors, single or sharded, f32, bf16 or f16, tied or not)\nwith its tokenizer.json, and puts it into the run store. Prints the name by which\nother verbs know it.\n")
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("expected one folder, found %d arguments; see interplay import -h", flags.NArg())
	}
	store, err := openStore()
	if err != nil {
		return err
	}
	w, t, err := loadModel(flags.Arg(0))
	if err != nil {
		return err
	}
	name := "import-" + w.Digest()[:12]
	dir := filepath.Join(store.Root, name, pipeline.ModelDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := errors.Join(qwen.Save(dir, w), t.Save(dir)); err != nil {
		return err
	}
	fmt.Println(name)
	return nil
}

// openEngine opens the backend that GOMLX_BACKEND names.
func openEngine() (*engine.Engine, error) { return engine.Open("") }
