package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"interplay/kernelkit/gsm"
)

// quiet sends what verbs print into nothing for the rest of the test.
func quiet(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	out, errs := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = null, null
	t.Cleanup(func() { os.Stdout, os.Stderr = out, errs; null.Close() })
}

// values are what every field of a problem is given.
var values = []any{-1, 0, 1, 1e6, 1 << 31, json.Number("9223372036854775807"), json.Number("-9223372036854775808"), 1.5, json.Number("1e300"), nil, "", "x", true,
	[]any{}, map[string]any{}, []any{-1}, []any{[]any{}}, make([]any, 1000)}

// visit calls each for every value within v, with a way to set it.
func visit(v any, each func(set func(any))) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			field := v[key]
			each(func(x any) { v[key] = x })
			visit(field, each)
		}
	case []any:
		for i, field := range v {
			each(func(x any) { v[i] = x })
			visit(field, each)
		}
	}
}

// A problem with any value in any of its fields is judged, or its line is refused.
func TestNoFieldOfAProblemEndsInAPanic(t *testing.T) {
	quiet(t)
	source := predictions(t, gsm.Realistic, []string{"crazy_zootopia"}, 4, gold)
	source = append(source, predictions(t, gsm.Symbolic, []string{"A"}, 4, gold)...)
	var changed bytes.Buffer
	lines := 0
	for line := range bytes.Lines(source) {
		fields := 0
		var tree any
		if err := json.Unmarshal(line, &tree); err != nil {
			t.Fatal(err)
		}
		visit(tree, func(func(any)) { fields++ })
		for field := range fields {
			for _, value := range values {
				d := json.NewDecoder(bytes.NewReader(line))
				d.UseNumber()
				var copied any
				if err := d.Decode(&copied); err != nil {
					t.Fatal(err)
				}
				at := 0
				visit(copied, func(set func(any)) {
					if at++; at == field+1 {
						set(value)
					}
				})
				if err := json.NewEncoder(&changed).Encode(copied); err != nil {
					t.Fatal(err)
				}
				lines++
			}
		}
	}
	if lines < 10_000 {
		t.Errorf("only %d changed problems: the test has lost its point", lines)
	}
	for _, args := range []string{"", "-reference"} {
		f := verifyFlags{workers: 1, keepGoing: true, reference: args != ""}
		var out bytes.Buffer
		var tally verifyTally
		if err := f.judgeAll(context.Background(), bytes.NewReader(changed.Bytes()), &out, &tally); err != nil || tally.lines+tally.malformed != lines {
			t.Errorf("%d of %d lines, %v", tally.lines+tally.malformed, lines, err)
		}
	}
}
