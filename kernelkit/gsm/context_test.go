package gsm

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestContextsAreFoundByNameAndAlias(t *testing.T) {
	want := map[string]string{"crazy_zootopia": "zoo", "teachers_in_school": "school", "movie_festival_awards": "movie"}
	for name, alias := range want {
		byName, err := ContextByName(name)
		if err != nil {
			t.Fatal(err)
		}
		byAlias, err := ContextByName(alias)
		if err != nil {
			t.Fatal(err)
		}
		if byName != byAlias || byName.Name != name {
			t.Errorf("%s and %s are %s and %s", name, alias, byName.Name, byAlias.Name)
		}
	}
	if _, err := ContextByName("desert"); err == nil || !strings.Contains(err.Error(), "crazy_zootopia (zoo)") {
		t.Errorf("an unknown context gives %v: want an error that lists the contexts", err)
	}
}

// Every quantity of the authors' problems has its name in our table of its context.
func TestContextsNameWhatTheAuthorsName(t *testing.T) {
	folder, _ := corpora(t)
	known := map[string]map[string]bool{}
	for _, c := range Contexts() {
		names := map[string]bool{}
		for _, table := range c.tables {
			for p := range table.instance {
				names[table.total[p].name], names[table.total2[p].name] = true, true
				for i := range table.instance[p] {
					names[table.instance[p][i].name], names[table.average[p][i].name] = true, true
				}
			}
		}
		known[c.Name] = names
	}
	for _, file := range problemFiles {
		err := readRecords(filepath.Join(folder, file), func(r *record) error {
			for _, n := range slices.Concat(r.Gen.Topo, r.Gen.Noise) {
				if !known[r.Template][n.Name] {
					t.Errorf("%s: %s has no name %q", r.ID, r.Template, n.Name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestContextErrorsSayWhatIsWrong(t *testing.T) {
	changes := []struct {
		change func(c *Context)
		want   string
	}{
		{func(c *Context) { c.Name = "" }, "name and alias"},
		{func(c *Context) { c.Avg = "mean number of x" }, `average is "mean number of x"`},
		{func(c *Context) { c.Total = "sum of x" }, `total is "sum of x"`},
		{func(c *Context) { c.Total2 = c.Total }, "both"},
		{func(c *Context) { c.Places = nil }, "places: there is no list"},
		{func(c *Context) { c.Items[0] = c.Items[0][:4] }, "has 4 names: it needs at least 5"},
		{func(c *Context) { c.Places[0][1] = "St. John" }, `contains "."`},
		{func(c *Context) { c.Places[0][1] = "House in Town" }, `contains " in "`},
		{func(c *Context) { c.Items[0][2] = c.Items[0][1] }, "occurs twice"},
	}
	for _, change := range changes {
		var c Context
		data, err := contextFiles.ReadFile("contexts/crazy_zootopia.json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatal(err)
		}
		change.change(&c)
		if data, err = json.Marshal(c); err != nil {
			t.Fatal(err)
		}
		if _, err := parseContext(data); err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("error %v, want one with %q", err, change.want)
		}
	}
	if _, err := parseContext([]byte("{")); err == nil {
		t.Error("broken JSON is no error")
	}
}

func TestEnumerationsAreWordsInJSON(t *testing.T) {
	type all struct {
		F Family
		M Mode
		K Kind
		I Inner
		O Outer
	}
	in := all{Symbolic, Reverse, Total2, SumProducts, Minus}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"F":"symbolic","M":"reverse","K":"total2","I":"sum_products","O":"minus"}`; string(data) != want {
		t.Errorf("%s, want %s", data, want)
	}
	var out all
	if err := json.Unmarshal(data, &out); err != nil || out != in {
		t.Errorf("read back as %+v (%v)", out, err)
	}
	var m Mode
	for name, want := range map[string]Mode{"normalforward": Forward, "forwardreverse": Reverse} {
		if err := m.UnmarshalText([]byte(name)); err != nil || m != want {
			t.Errorf("%s is read as %s (%v)", name, m, err)
		}
	}
	if err := m.UnmarshalText([]byte("sideways")); err == nil || !strings.Contains(err.Error(), `"forward"`) {
		t.Errorf("an unknown mode gives %v: want an error that lists the modes", err)
	}
	if _, err := json.Marshal(all{K: 17}); err == nil {
		t.Error("a kind that does not exist is written")
	}
}

func TestAnAddedContextChangesNoOther(t *testing.T) {
	before := slices.Clone(Contexts())
	spec := Uniform(Realistic, Range{4, 4}, "zoo")
	first := func() string {
		s, err := NewSource(spec, Test, 1)
		if err != nil {
			t.Fatal(err)
		}
		return s.At(0).Training()
	}
	was := first()
	bakery, err := json.Marshal(Context{Name: "market_street", Alias: "market",
		Places: [][]string{{"Harbour Bakery", "Mill Bakery", "Station Bakery", "Garden Bakery", "Castle Bakery"}},
		Items:  [][]string{{"rye loaf", "seed loaf", "butter roll", "plum cake", "cheese tart"}},
		Avg:    "average number of slices", Total: "total number of baked goods", Total2: "total number of slices from all goods"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { added.Store(nil) })
	c, err := AddContext(bakery)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := AddContext(bakery); err != nil || again != c || len(Contexts()) != len(before)+1 {
		t.Errorf("added twice: %v, %d contexts", err, len(Contexts()))
	}
	if !slices.Equal(Contexts()[:len(before)], before) || first() != was {
		t.Error("the laboratory's contexts changed")
	}
	source, err := NewSource(Uniform(Realistic, Range{4, 4}, "market"), Test, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p := source.At(0); !strings.Contains(p.Training(), "Bakery") || p.Context != "market_street" {
		t.Errorf("a problem of it: %s, %s", p.Context, p.Training())
	}
	for says, change := range map[string][2]string{
		"already":               {"rye loaf", "dark loaf"},
		`"total3" is not known`: {`"total2"`, `"total3"`},
		"small letters":         {"market_street", "../street"},
	} {
		if _, err := AddContext([]byte(strings.Replace(string(bakery), change[0], change[1], 1))); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("expected an error that says %q, got %v", says, err)
		}
	}
}
