package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"interplay/kernelkit/qwen"
)

func exportCommand() *cobra.Command {
	var dtype string
	c := &cobra.Command{
		Use:   "export MODEL DIR",
		Short: "writes a model as Hugging Face files",
		Long: `Writes config.json, model.safetensors and tokenizer.json into the new folder DIR,
which AutoModelForCausalLM and AutoTokenizer of transformers open.`,
		Args:              arguments("a model", "a folder"),
		ValidArgsFunction: completeModel,
		RunE:              func(_ *cobra.Command, args []string) error { return export(args[0], args[1], dtype) },
	}
	c.Flags().StringVar(&dtype, "dtype", string(qwen.Float32), "type of the weights in the file: float32, float16, bfloat16")
	return c
}

// export writes a model as Hugging Face files that transformers opens.
func export(model, dir, dtype string) error {
	as, err := qwen.ParseDtype(dtype)
	if err != nil {
		return fmt.Errorf("-dtype: %w", err)
	}
	w, t, err := loadModel(model)
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("the folder %s is not empty: give a new one", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := errors.Join(qwen.Export(dir, w, as), t.Save(dir)); err != nil {
		return err
	}
	fmt.Printf("%s: %d parameters, %d tokens\n", dir, w.Config.Params(), t.Size())
	return nil
}
