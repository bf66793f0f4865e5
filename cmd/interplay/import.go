package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"interplay/kernelkit/qwen"
	"interplay/kernelkit/strict"
	"interplay/pipeline"
)

func importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import DIR",
		Short: "puts a Hugging Face model into the run store",
		Long: `Reads a Qwen2 checkpoint (safetensors, single or sharded, f32, bf16 or f16, tied or not)
with its tokenizer.json, and puts it into the run store. Prints the name by which
other verbs know it: a digest of all its files.`,
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
	made, err := os.MkdirTemp(store.Root, ".import-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(made)
	dir := filepath.Join(made, pipeline.ModelDir)
	if err := errors.Join(os.Chmod(made, 0o755), os.Mkdir(dir, 0o755)); err != nil {
		return err
	}
	if err := errors.Join(qwen.Save(dir, w), t.Save(dir)); err != nil {
		return err
	}
	digest, err := folderDigest(dir)
	if err != nil {
		return err
	}
	name := "import-" + digest[:12]
	final := filepath.Join(store.Root, name)
	if err := os.Rename(made, final); err != nil {
		if there, err := folderDigest(filepath.Join(final, pipeline.ModelDir)); err != nil || there != digest {
			return fmt.Errorf("%s is there and holds something else than its name says: delete that folder and import again", final)
		}
	}
	fmt.Println(name)
	return nil
}

// folderDigest is the SHA-256 of a folder's files, names and bytes: what an import is named
// by, so that models that differ in weights, settings or tokenizer have different names.
func folderDigest(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, e := range entries {
		f, err := strict.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%q %x\n", e.Name(), h.Sum(nil))
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
