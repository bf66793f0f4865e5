package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"interplay/kernelkit/durable"
)

func newCommand() *cobra.Command {
	dir := "."
	c := &cobra.Command{
		Use:   "new NAME [-dir FOLDER]",
		Short: "writes a notebook that runs, with a report and what to expect of it",
		Long: `Writes FOLDER/NAME.ipynb, a notebook that draws problems, judges solutions and reports
what it found, and FOLDER/expected/NAME.smoke.json, the results that it must give.
` + "`interplay notebooks -dir FOLDER`" + ` executes it and compares. Change it to ask your own
question; docs/notebooks.md says what it must keep to be compared.`,
		Args: arguments("a name"),
		RunE: func(_ *cobra.Command, args []string) error { return newNotebook(args[0], dir) },
	}
	c.Flags().StringVar(&dir, "dir", dir, "`folder` for the notebook")
	return c
}

// The templates are a notebook as text, cells between lines that name their kind, and the
// results that it gives. NAME stands for its name.
//
//go:embed template
var templates embed.FS

var notebookName = regexp.MustCompile(`^[\pL\pN][\pL\pN _.()-]{0,99}$`)

// newNotebook writes a notebook and its expectations, where neither is there.
func newNotebook(name, dir string) error {
	name = strings.TrimSuffix(name, ".ipynb")
	if !notebookName.MatchString(name) || strings.Contains(name, "..") {
		return usagef("the name %q: expected letters, digits, spaces and _ - . ( ), beginning with a letter or a digit", name)
	}
	notebook := filepath.Join(dir, name+".ipynb")
	expected := filepath.Join(dir, "expected", name+".smoke.json")
	for _, file := range []string{notebook, expected} {
		if _, err := os.Lstat(file); err == nil {
			return fmt.Errorf("%s exists: choose another name", file)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	cells, err := templates.ReadFile("template/notebook.txt")
	if err != nil {
		return err
	}
	numbers, err := templates.ReadFile("template/expected.json")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(expected), 0o755); err != nil {
		return err
	}
	named := func(text []byte) string { return strings.ReplaceAll(string(text), "NAME", name) }
	if err := durable.WriteFile(expected, []byte(named(numbers))); err != nil {
		return err
	}
	if err := writeNotebook(notebook, named(cells)); err != nil {
		return err
	}
	fmt.Printf("%s\n%s\nrun it:  interplay notebooks -dir %q -only %q\n", notebook, expected, dir, name)
	return nil
}

// notebookCell is a cell of an .ipynb file.
type notebookCell struct {
	Type     string         `json:"cell_type"`
	ID       string         `json:"id"`
	Metadata map[string]any `json:"metadata"`
	Source   []string       `json:"source"`
}

// MarshalJSON gives code cells the fields that they must have, though empty.
func (c notebookCell) MarshalJSON() ([]byte, error) {
	fields := map[string]any{"cell_type": c.Type, "id": c.ID, "metadata": c.Metadata, "source": c.Source}
	if c.Type == "code" {
		fields["execution_count"], fields["outputs"] = nil, []any{}
	}
	return json.Marshal(fields)
}

// writeNotebook makes a notebook of cells that lines "=== markdown" and "=== code" begin.
func writeNotebook(file, text string) error {
	cells := []notebookCell{}
	for i, part := range strings.Split("\n"+text, "\n=== ")[1:] {
		kind, source, _ := strings.Cut(part, "\n")
		cells = append(cells, notebookCell{Type: kind, ID: fmt.Sprintf("cell-%d", i), Metadata: map[string]any{},
			Source: strings.SplitAfter(strings.TrimSpace(source), "\n")})
	}
	return durable.Write(file, func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetIndent("", " ")
		out.SetEscapeHTML(false)
		return out.Encode(map[string]any{"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{
			"kernelspec":    map[string]any{"display_name": "Go (gonb)", "language": "go", "name": "gonb"},
			"language_info": map[string]any{"file_extension": ".go", "mimetype": "text/x-go", "name": "go"},
		}})
	})
}
