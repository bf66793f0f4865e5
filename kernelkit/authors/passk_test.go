package authors

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestPassKEqualsTheAuthorsAggregation(t *testing.T) {
	file := filepath.Join("..", "..", "..", "shared", "conformance", "passk.jsonl")
	if _, err := os.Stat(file); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI is set and the conformance corpora are not at ../shared/conformance beside the repository: %v", err)
		}
		file = filepath.Join("..", "..", "testdata", "conformance", "passk.jsonl")
	}
	passed, total, differences, err := PassKConformance(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("passk %d/%d", passed, total)
	if total == 0 || passed != total {
		t.Errorf("passk %d/%d: %q", passed, total, differences)
	}
}

func rows(t *testing.T, lines ...string) *PassK {
	t.Helper()
	var a PassK
	for _, line := range lines {
		var r Row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		a.Add(r)
	}
	return &a
}

func TestEffectiveKsEndWithTheNumberOfSamples(t *testing.T) {
	a := rows(t, `{"op":2,"sample_rank":4}`)
	for _, c := range []struct{ ks, want []int }{
		{[]int{1, 2, 4, 8, 16}, []int{1, 2, 4, 5}},
		{[]int{5, 1, 5}, []int{1, 5}},
		{[]int{64}, []int{5}},
		{[]int{-1, 0}, []int{5}},
		{nil, []int{5}},
	} {
		if got := a.EffectiveKs(c.ks); !reflect.DeepEqual(got, c.want) {
			t.Errorf("EffectiveKs(%v) = %v, want %v", c.ks, got, c.want)
		}
	}
}

func TestRowsWithoutOpOrRankCountAsTheAuthorsCountThem(t *testing.T) {
	a := rows(t,
		`{"op":null,"sample_rank":7,"perfect":true}`,                        // ignored altogether
		`{"op":3,"prompt_key_value":0,"sample_rank":null,"perfect":true}`,   // a prompt that never succeeds
		`{"op":3,"prompt_key_value":1,"sample_rank":1,"perfect":true}`,      // from k = 2 on
		`{"op":3,"prompt_key_value":1.0,"sample_rank":"0","perfect":false}`, // the same prompt
		`{"op":3,"prompt_key_value":"1","sample_rank":0,"perfect":1}`,       // another one, key is text
		`{"op":"3","template":"","prompt_key_value":true,"sample_rank":0}`,  // the second prompt again
		`{"op":"3","template":"zoo","prompt_key_value":1,"sample_rank":0,"perfect":false}`,
	)
	s, ok := a.Summary([]int{1, 2})
	if !ok {
		t.Fatal("no summary")
	}
	got, err := json.Marshal(s.Total)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"per_op_pass_at_k":{"3":{"pass@1":0.25,"pass@2":0.5}},"per_op_pass_at_columns":{"pass@1":{"3":0.25},"pass@2":{"3":0.5}},"total_pass_at_k":{"pass@1":0.25,"pass@2":0.5}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if d := s.Prompts.PerTemplate[0]; d.Key != "default" || d.Value.All != 3 {
		t.Errorf("default template has %d prompts, want 3", d.Value.All)
	}
}

func TestNoRankedRowMeansNoSummary(t *testing.T) {
	if s, ok := rows(t, `{"op":3,"perfect":true}`, `{"op":3,"sample_rank":-1,"perfect":true}`).Summary(nil); ok {
		t.Errorf("got %v", s)
	}
}

func TestOpsSortByNumberThenByLeadingNumberThenAsText(t *testing.T) {
	a := rows(t, `{"op":"x","sample_rank":0}`, `{"op":"10","sample_rank":0}`, `{"op":"9a","sample_rank":0}`,
		`{"op":2,"sample_rank":0}`, `{"op":"010","sample_rank":0}`, `{"op":1.5,"sample_rank":0}`)
	s, _ := a.Summary(nil)
	var ops []string
	for _, e := range s.Total.PerOp {
		ops = append(ops, e.Key)
	}
	if want := []string{"2", "010", "10", "1.5", "9a", "x"}; !reflect.DeepEqual(ops, want) {
		t.Errorf("got %q, want %q", ops, want)
	}
}

// The authors' pass@k looks at the first k samples only: a prompt solved at the
// third sample counts from k = 3 on.
func ExamplePassK() {
	var a PassK
	for rank, perfect := range []bool{false, false, true, false} {
		a.Add(Row{Op: "5", HasOp: true, Template: "crazy_zootopia", Key: "0", Rank: rank, HasRank: true, Perfect: perfect})
	}
	s, _ := a.Summary([]int{1, 2, 4})
	for _, rate := range s.Total.All {
		fmt.Println(rate.Key, rate.Value)
	}
	// Output:
	// pass@1 0
	// pass@2 0
	// pass@4 1
}

// FuzzRow reads any text as a row: no panic, and what is read aggregates
// to rates between 0 and 1 that do not fall with k.
func FuzzRow(f *testing.F) {
	f.Add([]byte(`{"op": "8", "id": null, "template": "zoo", "prompt_key_type": "idx", "prompt_key_value": 0, "sample_rank": 2, "perfect": true}`))
	f.Add([]byte(`{"op":1e400,"prompt_key_value":[{}],"sample_rank":"1_0","perfect":"no"}`))
	f.Add([]byte(`{"op":-0,"template":true,"sample_rank":-9e99,"prompt_key_value":1.50}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Row
		if json.Unmarshal(data, &r) != nil {
			return
		}
		var a PassK
		a.Add(r)
		a.Add(Row{Op: "2", HasOp: true, Template: "default", Key: "idx", Rank: 1, HasRank: true})
		s, ok := a.Summary([]int{1, 2, 4})
		if !ok {
			t.Fatal("no summary of a ranked row")
		}
		if _, err := json.Marshal(s); err != nil {
			t.Fatal(err)
		}
		last := 0.0
		for _, rate := range s.Total.All {
			if rate.Value < last || rate.Value > 1 {
				t.Fatalf("%s is %v after %v", rate.Key, rate.Value, last)
			}
			last = rate.Value
		}
	})
}
