package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"interplay/kernelkit/qwen"
	"interplay/pipeline"
)

func importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import DIR",
		Short: "puts a Hugging Face model into the run store",
		Long: `Reads a Qwen2 checkpoint (safetensors, single or sharded, f32, bf16 or f16, tied or not)
with its tokenizer.json, and puts it into the run store. Prints the name by which
other verbs know it.`,
		Args: arguments("a folder"),
		RunE: func(_ *cobra.Command, args []string) error { return importModel(args[0]) },
	}
}

// importModel copies a Hugging Face folder into the run store, checked and in one f32 file.
func importModel(from string) error {
	store, err := openStore()
	if err != nil {
		return err
	}
	w, t, err := loadModel(from)
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
