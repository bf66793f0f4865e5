package strict

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDocumentsThatSayOneThingPass(t *testing.T) {
	for _, text := range []string{`{}`, ` [1, "a", null, {"a": {"a": 1}, "A": 2}] `, `"\ud83d\ude00 \\ud800"`, "3\n", `{"a": [{"b": 1}, {"b": 2}]}`} {
		if err := Check([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestDocumentsThatSaySomethingElseAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"": "empty", " \n": "empty", `{"a": 1`: "middle", `{"a": 1,}`: "no JSON", `{"a": 1} {"b": 2}`: "follows", `{} x`: "follows",
		`{"a": 1, "b": 2, "a": 3}`: `"a" is given twice`, `[{"x": {"\u0061": 1, "a": 2}}]`: "twice", "\ufeff{}": "byte-order", "\"\xff\"": "UTF-8",
		`"\ud800"`: "surrogate", `"\ud800\u0041"`: "surrogate", `"\udc00"`: "surrogate", strings.Repeat("[", 2000): "nests", "NaN": "no JSON",
	} {
		if err := Check([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: the error is %v, expected one with %q", text, err, want)
		}
	}
}

func TestKeysThatAreNotListedAreNamed(t *testing.T) {
	a, b := 1, "x"
	into := map[string]any{"a": &a, "b": &b}
	if err := Fields([]byte(`{"a": 5, "b": null}`), into); err != nil || a != 5 || b != "x" {
		t.Errorf("a is %d, b is %q, the error is %v", a, b, err)
	}
	for text, want := range map[string]string{`{"A": 1}`: `"A"`, `{"a": "one"}`: "a: ", `{"c": null}`: `"c"`, `[]`: "object", `null`: "object"} {
		if err := Fields([]byte(text), into); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, expected one with %q", text, err, want)
		}
	}
}

func TestWhatIsNoRegularFileIsRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	pipe, link, long := filepath.Join(dir, "pipe"), filepath.Join(dir, "link"), filepath.Join(dir, "long")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(long, make([]byte, 11), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{pipe: "regular", link: "regular", dir: "regular", long: "longer than 10"} {
		done := make(chan error, 1)
		go func() {
			_, err := ReadFile(path, 10)
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: the error is %v", path, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s is waited for", path)
		}
	}
	if data, err := ReadFile(long, 11); err != nil || len(data) != 11 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

// What passes is what the standard library reads, and nothing makes it panic.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{`{"a": [1, {"b": "\ud83d\ude00"}]}`, `{"a":1,"a":2}`, `[[[`, `"\u`, `{"a"`, `1 2`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if Check(data) == nil && !json.Valid(data) {
			t.Errorf("%q passes and is no JSON", data)
		}
	})
}

// The digest is that of sha256sum; what is no regular file has none.
func TestDigestIsSHA256OfTheBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "abc")
	if err := os.WriteFile(path, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, appendix B.1
	if got, err := Digest(path); got != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := Digest(t.TempDir()); got != "" || err == nil {
		t.Errorf("a folder has the digest %q", got)
	}
}

func TestErrorsOfKindNameFieldExpectedAndFoundWithoutGo(t *testing.T) {
	type part struct {
		Steps int     `json:"steps"`
		Rate  float64 `json:"rate"`
	}
	type whole struct {
		Name  string   `json:"name"`
		On    bool     `json:"on"`
		Count uint     `json:"count"`
		Parts []part   `json:"parts"`
		Own   *part    `json:"own"`
		Names []string `json:"names"`
	}
	for text, want := range map[string]string{
		`{"name":3}`:                  "name: expected a text in quotes, found a number",
		`{"on":"yes"}`:                "on: expected true or false, found a text",
		`{"count":-1}`:                "count: expected a whole number that is not negative, found -1",
		`{"parts":[{"steps":"ten"}]}`: "parts.steps: expected a whole number, found a text",
		`{"parts":[{"steps":1.5}]}`:   "parts.steps: expected a whole number, found 1.5",
		`{"parts":{"steps":1}}`:       "parts: expected a list, found an object",
		`{"own":[]}`:                  "own: expected an object, found a list",
		`{"own":{"rate":true}}`:       "own.rate: expected a number, found true or false",
		`[]`:                          "expected an object, found a list",
		`{"nmae":"x"}`:                `the key "nmae" is not known`,
	} {
		var v whole
		if err := Decode([]byte(text), &v); err == nil || err.Error() != want {
			t.Errorf("%s: %v, expected %s", text, err, want)
		}
	}
	var v whole
	if err := Decode([]byte(`{"name":"x","own":null,"parts":[{"rate":1}]}`), &v); err != nil || v.Name != "x" || v.Own != nil {
		t.Errorf("%v, %+v", err, v)
	}
}
