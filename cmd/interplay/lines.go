package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
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
