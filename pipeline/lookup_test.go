package pipeline

import (
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
)

func TestLookupsAreReadFromTheTexts(t *testing.T) {
	for _, c := range []struct {
		name   string
		recipe Pretraining
		want   qwen.Lookup
	}{
		{"terse: the value stands behind its name, and is asked for at the = behind two operands",
			Pretraining{Data: gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 4}, "A", "B")}, "1/3"},
		{"words: \" adult owl\" \" in\" \" Pine Ridge\" \" equals\" \" 3\", and \" as\" \" N\" \"; so\" \" N\" \" =\" \" 3\" behind the same",
			Pretraining{Data: gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 4}, "zoo"), Phrases: &Phrases{Contexts: []string{"zoo"}, Numbers: 128}}, "4/7 2/5"},
	} {
		got, err := lookups(c.recipe)
		if err != nil || got != c.want {
			t.Errorf("%s: %q (%v), expected %q", c.name, got, err, c.want)
		}
	}
	words := Pretraining{Data: gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 4}, "zoo", "school")}
	if got, err := lookups(words); err == nil || !strings.Contains(err.Error(), "phrases") {
		t.Errorf("names of several lengths: %q (%v), expected advice", got, err)
	}
	none := Pretraining{Data: gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 0}, "A")}
	if got, err := lookups(none); err == nil {
		t.Errorf("a corpus without look-ups gives %q", got)
	}
}
