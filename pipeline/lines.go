package pipeline

import (
	"bufio"
	"encoding/json"
	"fmt"

	"interplay/kernelkit/strict"
)

// ReadLines reads a JSONL file into a slice, one value a line.
func ReadLines[T any](name string) ([]T, error) {
	f, err := strict.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []T
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, strict.Plain(err))
		}
		out = append(out, v)
	}
	return out, lines.Err()
}

// lastLine reads the last value of a JSONL file.
func lastLine[T any](name string, v *T) error {
	all, err := ReadLines[T](name)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%s is empty", name)
	}
	*v = all[len(all)-1]
	return nil
}
