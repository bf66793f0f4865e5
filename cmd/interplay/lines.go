package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/strict"
)

// outputFile writes JSON lines.
type outputFile struct{ io.Writer }

func (f *outputFile) writeLine(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	return err
}

// readLines decodes a file of JSON lines (or standard input, "-") and hands each value to
// each; an error names file and line. Blank lines are passed over.
func readLines[T any](path string, each func(line int, v T) error) error {
	in, err := openInput(path)
	if err != nil {
		return err
	}
	defer in.Close()
	err = strict.Lines(in, func(n int, line []byte) error {
		var v T
		if err := strict.Record(line, &v); err != nil {
			return err
		}
		return each(n, v)
	})
	if err != nil {
		return fmt.Errorf("%s, %w", path, err)
	}
	return nil
}

// openInput opens a file to read once, or standard input for "-". A pipe will do too:
// <(command) is one.
func openInput(path string) (*os.File, error) {
	if path == "-" {
		return os.Stdin, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usagef("expected a file of JSON lines, found no file %s; check the path, or give - for standard input", path)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, usagef("expected a file of JSON lines, found the folder %s; name a file", path)
	}
	return os.Open(path)
}

// writeOutput gives fill the output: a file that appears whole or not at all, or
// standard output for "-". An existing file is only replaced with force.
func writeOutput(path string, force bool, fill func(f *outputFile) error) error {
	if path == "-" {
		return fill(&outputFile{os.Stdout})
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder: name a file", path)
	case !info.Mode().IsRegular(): // a device or a pipe is written to as it is
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(fill(&outputFile{f}), f.Close())
	case !force:
		return fmt.Errorf("%s exists: choose another name, or -force to replace it", path)
	}
	return durable.Write(path, func(w io.Writer) error { return fill(&outputFile{w}) })
}
