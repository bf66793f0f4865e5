package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// withOutputs puts the outputs of an executed notebook into a new one: those of code cells whose
// source is the same. executed may be empty.
func withOutputs(text, executed []byte) ([]byte, error) {
	if len(executed) == 0 {
		return text, nil
	}
	var old, now notebook
	if err := json.Unmarshal(executed, &old); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &now); err != nil {
		return nil, err
	}
	outputs := map[string]json.RawMessage{}
	for _, raw := range old.Cells {
		c, err := fields(raw)
		if err != nil {
			return nil, err
		}
		if out, ok := c["outputs"]; ok {
			source, err := sourceOf(c)
			if err != nil {
				return nil, err
			}
			outputs[source] = out
		}
	}
	for i, raw := range now.Cells {
		c, err := fields(raw)
		if err != nil {
			return nil, err
		}
		source, err := sourceOf(c)
		if err != nil {
			return nil, err
		}
		if out, ok := outputs[source]; ok && c["outputs"] != nil {
			c["outputs"] = out
			if now.Cells[i], err = ordered(c); err != nil {
				return nil, err
			}
		}
	}
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetIndent("", " ")
	out.SetEscapeHTML(false)
	err := out.Encode(now)
	return b.Bytes(), err
}

func fields(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var c map[string]json.RawMessage
	err := json.Unmarshal(raw, &c)
	return c, err
}

// sourceOf is a cell's source as one text: Jupyter stores it as that, or as lines.
func sourceOf(c map[string]json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(c["source"], &text) == nil {
		return text, nil
	}
	var all []string
	err := json.Unmarshal(c["source"], &all)
	return strings.Join(all, ""), err
}

// ordered writes a cell with its fields in Jupyter's usual order.
func ordered(c map[string]json.RawMessage) (json.RawMessage, error) {
	var keys []string
	for k := range c {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(k)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(c[k])
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
