package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"interplay/kernelkit/durable"
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

// readLines decodes a JSONL file (or standard input, "-") and hands each value to
// each; an error names the line. Blank lines are passed over.
func readLines[T any](path string, each func(line int, v T) error) error {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	r := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		text, err := r.ReadBytes('\n')
		if len(bytes.TrimSpace(text)) > 0 {
			var v T
			if jsonErr := json.Unmarshal(text, &v); jsonErr != nil {
				return fmt.Errorf("%s, line %d: expected a JSON object (%w)", path, n, jsonErr)
			}
			if err := each(n, v); err != nil {
				return fmt.Errorf("%s, line %d: %w", path, n, err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
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
