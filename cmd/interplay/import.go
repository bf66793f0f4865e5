package main

import (
	"context"
	"fmt"
	"path/filepath"

	"interplay/pipeline"

	"github.com/spf13/cobra"
)

func importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import DIR",
		Short: "puts a Hugging Face model into the run store",
		Long: `Reads a Qwen2 checkpoint (safetensors, single or sharded, f32, bf16 or f16, tied or not)
with its tokenizer.json, and puts it into the run store. Prints the name by which
other verbs know it: a digest of all its files.`,
		Args: arguments("a folder"),
		RunE: func(c *cobra.Command, args []string) error { return importModel(c.Context(), args[0]) },
	}
}

// importModel copies a Hugging Face folder into the run store, checked and in one f32 file.
func importModel(ctx context.Context, from string) error {
	store, err := openStore()
	if err != nil {
		return err
	}
	dir, err := modelDir(from)
	if err != nil {
		return err
	}
	s, err := pipeline.Import("import of "+filepath.Base(from), dir)
	if err != nil {
		return err
	}
	if _, err := store.Run(ctx, s, nil); err != nil {
		return err
	}
	fmt.Println(s.Folder())
	return nil
}
