package strict

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// MaxLine is the longest line of a file of JSON lines, in bytes.
const MaxLine = 64 << 20

// Lines hands each line of r to each, without its end, numbered from 1; blank lines are
// passed over, and a byte-order mark before the first one is too. line is valid during the
// call only. The reading ends with the first error, which names the line.
func Lines(r io.Reader, each func(n int, line []byte) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 1<<16), MaxLine)
	n := 0
	for in.Scan() {
		n++
		line := in.Bytes()
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
			if bytes.HasPrefix(line, []byte("\xff\xfe")) || bytes.HasPrefix(line, []byte("\xfe\xff")) {
				return errors.New("line 1 begins with a byte-order mark of UTF-16: save the file as UTF-8")
			}
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := each(n, line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than %d MiB: expected one JSON object a line", n+1, MaxLine>>20)
	} else if err != nil {
		return fmt.Errorf("after line %d: %w", n, err)
	}
	return nil
}

// File is Lines of the regular file of that name; errors begin with the name.
func File(name string, each func(n int, line []byte) error) error {
	f, err := Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := Lines(f, each); err != nil {
		return fmt.Errorf("%s, %w", name, err)
	}
	return nil
}

// Record decodes a JSON object into *v, a struct, as json.Unmarshal does, where data says
// one thing only: one object in UTF-8, no key twice, and no key that differs from one of
// v's in its case alone. Keys that v does not have are left out.
func Record(data []byte, v any) error {
	if err := checkText(data); err != nil {
		return err
	}
	unmarshal := json.Unmarshal(data, v)
	if syntax := new(json.SyntaxError); errors.As(unmarshal, &syntax) {
		return cmp.Or(oneValue(data), unmarshal) // in other words where there are such
	}
	keys, err := objectKeys(data)
	if err != nil {
		return err
	}
	known := fields(reflect.TypeOf(v).Elem())
	for key := range keys {
		if _, exact := known[key]; exact {
			continue
		}
		for want := range known {
			if strings.EqualFold(key, want) {
				return fmt.Errorf("the key %q is not known: did you mean %q?", key, want)
			}
		}
	}
	return Plain(unmarshal)
}

// objectKeys are the keys of the object that data is, which must be valid JSON. A key that
// stands twice in it, or in an object within, is an error. Records are many, so this passes
// over the bytes once.
func objectKeys(data []byte) (keys map[string]struct{}, err error) {
	var open []*object // objects that are open; nil where an array is
	key := false       // the next string is a key
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{':
			open, key = append(open, &object{}), true
		case '[':
			open, key = append(open, nil), false
		case ',':
			key = len(open) > 0 && open[len(open)-1] != nil
		case '}', ']':
			if len(open) == 1 && open[0] != nil {
				keys = open[0].keys()
			}
			open, key = open[:len(open)-1], false
		case '"':
			end := stringEnd(data, i)
			if key {
				name := data[i+1 : end-1]
				if bytes.IndexByte(name, '\\') >= 0 {
					var plain string
					if err := json.Unmarshal(data[i:end], &plain); err != nil {
						return nil, err
					}
					name = []byte(plain)
				}
				if !open[len(open)-1].add(name) {
					return nil, fmt.Errorf("the key %q is given twice in one object", name)
				}
				key = false
			}
			i = end - 1
		}
	}
	if keys == nil {
		return nil, fmt.Errorf("expected a JSON object, found %.40s", data)
	}
	return keys, nil
}

// object is the keys of an object so far: a few in a row, many in a set.
type object struct {
	few  [][]byte
	many map[string]struct{}
}

// add says whether the key is new.
func (o *object) add(key []byte) bool {
	if o.many == nil && len(o.few) == 16 {
		o.many = o.keys()
	}
	if o.many != nil {
		_, twice := o.many[string(key)]
		o.many[string(key)] = struct{}{}
		return !twice
	}
	if slices.ContainsFunc(o.few, func(k []byte) bool { return bytes.Equal(k, key) }) {
		return false
	}
	o.few = append(o.few, key)
	return true
}

func (o *object) keys() map[string]struct{} {
	if o.many != nil {
		return o.many
	}
	all := make(map[string]struct{}, len(o.few))
	for _, k := range o.few {
		all[string(k)] = struct{}{}
	}
	return all
}

// stringEnd is the index behind the JSON string that begins at i.
func stringEnd(data []byte, i int) int {
	for i++; data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// fields are the keys of a struct.
func fields(t reflect.Type) map[string]struct{} {
	keys := map[string]struct{}{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			for inner := range fields(f.Type) {
				keys[inner] = struct{}{}
			}
		case f.IsExported() && name == "":
			keys[f.Name] = struct{}{}
		case f.IsExported() && name != "-":
			keys[name] = struct{}{}
		}
	}
	return keys
}
