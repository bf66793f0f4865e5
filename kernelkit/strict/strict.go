// Package strict reads files that come from outside: regular files of a bounded size, and
// JSON that says one thing only. What encoding/json lets pass in silence (a key that is
// given twice, in another case or is not known, a second value behind the first, bytes that
// are no UTF-8) is an error here that names it.
package strict

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"
)

// Open opens a regular file for reading. Pipes, devices, sockets and folders, and links to
// them, are refused at once: opening a pipe waits for its other end.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file: expected one", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ReadFile reads a regular file of at most limit bytes.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is longer than %d bytes: expected a smaller file", path, limit)
	}
	return data, nil
}

// Digest is the SHA-256 of a regular file's bytes, in hexadecimal; see Open.
func Digest(path string) (string, error) {
	f, err := Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Check says whether data is one JSON value in UTF-8 in which no object has a key twice.
func Check(data []byte) error {
	if err := checkText(data); err != nil {
		return err
	}
	if loneSurrogate(data) {
		return errors.New(`it has half a surrogate pair (\ud800 to \udfff) in a string, which is no character`)
	}
	return oneValue(data)
}

func checkText(data []byte) error {
	switch {
	case bytes.HasPrefix(data, []byte("\ufeff")):
		return errors.New("it begins with a byte-order mark: save it as UTF-8 without one")
	case !utf8.Valid(data):
		return errors.New("it is no UTF-8: save it as UTF-8")
	}
	return nil
}

// oneValue says whether data is one JSON value in which no object has a key twice.
func oneValue(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var open []level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return errors.New("it is empty: expected a JSON value")
		} else if err != nil {
			return whole(err)
		}
		if open, err = next(open, token); err != nil {
			return err
		}
		if len(open) == 0 {
			break
		}
	}
	if rest := bytes.TrimLeft(data[d.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return fmt.Errorf("something follows the JSON value: %.20q", rest)
	}
	return nil
}

// level is an object or array that is being read.
type level struct {
	keys  map[string]struct{} // seen so far; nil in an array
	value bool                // the next token of the object is a value
}

// next takes a token into the stack of what is open.
func next(open []level, token json.Token) ([]level, error) {
	delim, isDelim := token.(json.Delim)
	if isDelim && (delim == '}' || delim == ']') {
		return open[:len(open)-1], nil
	}
	if n := len(open); n > 0 && open[n-1].keys != nil {
		top := &open[n-1]
		if !top.value {
			key := token.(string)
			if _, twice := top.keys[key]; twice {
				return nil, fmt.Errorf("the key %.80q is given twice in one object", key)
			}
			top.keys[key] = struct{}{}
		}
		top.value = !top.value
	}
	if isDelim {
		l := level{}
		if delim == '{' {
			l.keys = map[string]struct{}{}
		}
		if len(open) >= deepest {
			return nil, fmt.Errorf("it nests deeper than %d levels", deepest)
		}
		open = append(open, l)
	}
	return open, nil
}

// deepest is how far values may nest; no file of a model comes near.
const deepest = 1000

// whole says of an end in the middle that it is one.
func whole(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends in the middle: it is torn or no JSON")
	}
	return fmt.Errorf("it is no JSON: %w", err)
}

// loneSurrogate says whether a string escapes half a surrogate pair.
func loneSurrogate(data []byte) bool {
	for i := 0; i+1 < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		r, ok := escaped(data[i:])
		switch {
		case !ok:
			i++ // another escape, such as \\
		case r >= 0xd800 && r < 0xdc00:
			if low, ok := escaped(data[i+6:]); !ok || low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += 11
		case r >= 0xdc00 && r <= 0xdfff:
			return true
		}
	}
	return false
}

// escaped reads \uXXXX.
func escaped(data []byte) (rune, bool) {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	r := rune(0)
	for _, c := range data[2:6] {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}

// Object returns the values of a checked document's object by key, as they are written.
func Object(data []byte) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil || object == nil {
		return nil, fmt.Errorf("expected a JSON object, found %.40s", bytes.TrimSpace(data))
	}
	return object, nil
}

// Fields decodes the object of a checked document into the variables of its keys, pointers
// as json.Unmarshal takes them. A key that is absent or null leaves its variable as it is;
// one that is not listed is an error, whatever its case.
func Fields(data []byte, into map[string]any) error {
	object, err := Object(data)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		v, known := into[key]
		if !known {
			return fmt.Errorf("the key %.80q is not known: expected %s", key, strings.Join(slices.Sorted(maps.Keys(into)), ", "))
		}
		if string(object[key]) == "null" {
			continue
		}
		if err := json.Unmarshal(object[key], v); err != nil {
			return fmt.Errorf("%s: %w", key, Plain(err))
		}
	}
	return nil
}

// Decode decodes one JSON value into *v as json.Unmarshal does, where it says one thing only
// (Check) and has no field that v lacks. Errors are in plain words.
func Decode(data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return Plain(d.Decode(v))
}

// Plain says what json.Unmarshal says of a value of the wrong kind, or of a field that is not
// known, without the words of Go: the field, what was expected there and what was found.
// Other errors it returns as they are.
func Plain(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		text := fmt.Sprintf("expected %s, found %s", expectedKind(kind.Type), foundKind(kind.Value))
		if kind.Field != "" {
			text = kind.Field + ": " + text
		}
		return errors.New(text)
	}
	if err != nil {
		if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			return fmt.Errorf("the key %s is not known", name)
		}
	}
	return err
}

// expectedKind is what a value of a Go type is called in JSON.
func expectedKind(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number that is not negative"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text in quotes"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return "an object"
}

// foundKind is what json.UnmarshalTypeError calls the value: a kind, or a number with its digits.
func foundKind(value string) string {
	switch kind, digits, _ := strings.Cut(value, " "); {
	case digits != "":
		return digits
	case kind == "string":
		return "a text"
	case kind == "bool":
		return "true or false"
	case kind == "array":
		return "a list"
	case kind == "object":
		return "an object"
	default:
		return "a " + kind
	}
}
