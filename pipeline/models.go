package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"interplay/kernelkit/qwen"
)

// FindModel is the folder of a model's Hugging Face files, from what a user calls it: that folder,
// a run's folder, or the name of a run in the store at root, such as rl-1f3a9c28e1b0. An
// empty root is no store. The error lists the models of the store.
func FindModel(root, name string) (string, error) {
	candidates := []string{name, filepath.Join(name, ModelDir)}
	if root != "" {
		candidates = append(candidates, filepath.Join(root, name, ModelDir))
	}
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, qwen.ConfigFile)); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s is no model: expected a folder with %s, a run's folder, or the name of a run in %s%s",
		name, qwen.ConfigFile, root, knownModels(root))
}

// Models lists the runs of the store at root that hold a model, by name.
func Models(root string) []string {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(root, e.Name(), ModelDir, qwen.ConfigFile)); err == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// knownModels lists them for a message.
func knownModels(root string) string {
	names := Models(root)
	if len(names) == 0 {
		return " (there is none yet: run make demo, or interplay run)"
	}
	return " (there: " + strings.Join(names, ", ") + ")"
}
