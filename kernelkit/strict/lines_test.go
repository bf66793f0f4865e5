package strict

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"
)

func collect(t *testing.T, text string) (lines []string, numbers []int) {
	t.Helper()
	err := Lines(strings.NewReader(text), func(n int, line []byte) error {
		lines, numbers = append(lines, string(line)), append(numbers, n)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, numbers
}

func TestLinesHaveNoEndsNoBlanksAndNoByteOrderMark(t *testing.T) {
	lines, numbers := collect(t, "\ufeff{\"a\":1}\r\n\n  \n{\"b\":2}")
	if strings.Join(lines, "|") != `{"a":1}|{"b":2}` || numbers[0] != 1 || numbers[1] != 4 {
		t.Errorf("%q, numbered %v", lines, numbers)
	}
}

func TestLinesThatAreTooLongOrInAnotherEncodingAreRefused(t *testing.T) {
	never := func(int, []byte) error { return nil }
	long := io.MultiReader(strings.NewReader("{}\n"), io.LimitReader(letters{}, MaxLine+1))
	if err := Lines(long, never); err == nil || !strings.Contains(err.Error(), "line 2 is longer than 64 MiB") {
		t.Errorf("a long line: %v", err)
	}
	if err := Lines(bytes.NewReader([]byte("\xff\xfe{\x00")), never); err == nil || !strings.Contains(err.Error(), "UTF-16") {
		t.Errorf("UTF-16: %v", err)
	}
}

// letters never ends.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestRecordsThatSaySomethingElseAreNamed(t *testing.T) {
	type inner struct {
		ID string `json:"id"`
	}
	type row struct {
		inner
		Prompt string `json:"prompt"`
		Plain  int
	}
	var r row
	if err := Record([]byte(`{"id":"1","prompt":"x","Plain":2,"other":{"prompt":1}}`), &r); err != nil || r.ID != "1" || r.Prompt != "x" || r.Plain != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := Record([]byte(`{"prompt":"half a pair: \ud83d"}`), &r); err != nil {
		t.Errorf("what a model wrote: %v", err)
	}
	for text, want := range map[string]string{
		`{"Prompt":"x"}`:             `the key "Prompt" is not known: did you mean "prompt"?`,
		`{"prompt":"x","ID":"1"}`:    `did you mean "id"?`,
		`{"prompt":"x","prompt":""}`: "twice",
		`{"prompt":"x"} {}`:          "follows",
		`{"prompt":"x"`:              "middle",
		`[]`:                         "expected a JSON object, found []",
		`null`:                       "expected a JSON object, found null",
		"{\"prompt\":\"\xe9\"}":      "UTF-8",
		`{"prompt":1}`:               "prompt",
	} {
		if err := Record([]byte(text), &r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", text, err, want)
		}
	}
	var empty struct{}
	if err := Record([]byte(`{}`), &empty); err != nil {
		t.Error(err)
	}
}

// What Record takes, Check takes too, but for half pairs; nothing makes it panic.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\\\""}],"c":{}}`, `{"a":1,"a":2}`, `{"a":{"b":1,"\u0062":2}}`, `[]`, `{"a`, `{}{}`, `"\"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v struct{}
		err := Record(data, &v)
		if want := Check(data); !loneSurrogate(data) && err == nil && want != nil {
			t.Errorf("%q is taken, though %v", data, want)
		}
	})
}

func TestAnObjectOfVeryManyKeysIsReadInTheTimeOfItsLength(t *testing.T) {
	var b strings.Builder
	for i := range 200_000 { // compared with each other they would take minutes
		b.WriteString(`,"` + strings.Repeat("k", i%7) + strconv.Itoa(i) + `":0`)
	}
	var v struct{}
	if err := Record([]byte("{"+b.String()[1:]+"}"), &v); err != nil {
		t.Error(err)
	}
	if err := Record([]byte("{"+b.String()[1:]+b.String()+"}"), &v); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("keys given twice: %v", err)
	}
}
