package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
)

// files are the input and the output of a verb that reads JSON lines and writes them.
type files struct {
	in, out string
	force   bool
}

func (f *files) declare(flags *pflag.FlagSet, in, out string) {
	flags.StringVar(&f.in, "in", "", in+"; - for standard input")
	flags.StringVar(&f.out, "out", "", out+"; - for standard output")
	flags.BoolVar(&f.force, "force", false, "replace an existing file")
}

// check refuses a command line that does not name both, or the same file for both: an
// output that replaces its own input destroys it.
func (f *files) check() error {
	if f.in == "" || f.out == "" {
		return usagef("-in FILE and -out FILE are needed; - is standard input or output")
	}
	in, err := f.stat(f.in, os.Stdin)
	if err != nil {
		return nil // opening it says what is wrong
	}
	out, err := f.stat(f.out, os.Stdout)
	if err == nil && in.Mode().IsRegular() && os.SameFile(in, out) {
		return usagef("-in %s and -out %s are the same file: write to another one", f.in, f.out)
	}
	return nil
}

func (f *files) stat(name string, standard *os.File) (os.FileInfo, error) {
	if name == "-" {
		return standard.Stat()
	}
	return os.Stat(name)
}

// filesNamed lists the files of a folder whose names end in suffix, in order. Paths are
// compared as they are: a folder's name may hold the marks of a pattern.
func filesNamed(dir, suffix string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, suffix) && !strings.HasPrefix(name, ".") {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths, nil
}
