package authors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// PassK aggregates scored generations as the authors do offline
// (the aggregate script of Interplay-LM-Reasoning at c6676bcc).
// Their pass@k is the share of prompts with a perfect solution among the first k
// samples, in the order of the file. That is not the unbiased estimate over all
// samples, which score.MeanPassAtK gives; for figures beside the paper's only.
//
// The zero value is empty and ready for Add.
type PassK struct {
	prompts map[prompt]*ranks
	maxRank int
	ranked  bool // some row had a rank
}

// prompt tells prompts apart: the same index under another op or template is another prompt.
type prompt struct{ template, op, key string }

// ranks is what is kept of a prompt: the rank of its first perfect sample.
type ranks struct {
	first   int
	perfect bool
}

// Row is one result row of the authors' scorer, one sample of a prompt.
// Its JSON form is theirs, with the looseness of their reader: an op or template of
// any type counts by its text, a key value 1 is the same prompt as 1.0 and true, and
// what is not a rank leaves the sample without one.
type Row struct {
	Op       string
	HasOp    bool   // rows without an op are ignored
	Template string // "default" where the row has none
	Key      string // type and value of the prompt's key
	Rank     int    // of the sample among those of its prompt, from 0
	HasRank  bool   // a row without a rank makes its prompt known and never solves it
	Perfect  bool
}

// DefaultKs are the k that the authors report.
func DefaultKs() []int { return []int{1, 2, 4, 8, 16, 32, 64, 128} }

// Add takes one row.
func (a *PassK) Add(r Row) {
	if !r.HasOp {
		return
	}
	if a.prompts == nil {
		a.prompts = map[prompt]*ranks{}
	}
	id := prompt{r.Template, r.Op, r.Key}
	p := a.prompts[id]
	if p == nil {
		p = &ranks{}
		a.prompts[id] = p
	}
	if !r.HasRank {
		return
	}
	if r.Rank >= 0 {
		a.maxRank, a.ranked = max(a.maxRank, r.Rank), true
	}
	if r.Perfect && (!p.perfect || r.Rank < p.first) {
		p.first, p.perfect = r.Rank, true
	}
}

// EffectiveKs returns the ks that a summary has: the positive ones of ks without
// repetition, in order, up to the number of samples n = largest rank + 1; and n
// itself where the largest that remains is smaller, or none remains.
func (a *PassK) EffectiveKs(ks []int) []int {
	if !a.ranked {
		return nil
	}
	n := a.maxRank + 1
	var kept []int
	for _, k := range ks {
		if k > 0 && k <= n {
			kept = append(kept, k)
		}
	}
	slices.Sort(kept)
	kept = slices.Compact(kept)
	if len(kept) == 0 || kept[len(kept)-1] < n {
		kept = append(kept, n)
	}
	return kept
}

// Summary holds the rates of all groups. Its JSON form is the authors'.
type Summary struct {
	PerTemplate Table[Group] `json:"per_template"`
	Total       Group        `json:"total"`
	Ks          []int        `json:"ks"`
	Prompts     PromptCounts `json:"prompt_counts"`
}

// Group holds the rates of one template or of all: per op, the same by
// columns of k, and over all ops.
type Group struct {
	PerOp   Table[Table[float64]] `json:"per_op_pass_at_k"`
	Columns Table[Table[float64]] `json:"per_op_pass_at_columns"`
	All     Table[float64]        `json:"total_pass_at_k"`
}

// PromptCounts counts the prompts of each group.
type PromptCounts struct {
	PerTemplate Table[OpCounts] `json:"per_template"`
	Total       OpCounts        `json:"total"`
}

// OpCounts counts the prompts of a template or of all.
type OpCounts struct {
	PerOp Table[int] `json:"per_op"`
	All   int        `json:"total"`
}

// Table is an ordered JSON object: ops by number, templates by name, "pass@k" by k.
type Table[V any] []Entry[V]

// Entry is one key of a Table.
type Entry[V any] struct {
	Key   string
	Value V
}

// MarshalJSON writes an object in the table's order.
func (t Table[V]) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, e := range t {
		key, err := json.Marshal(e.Key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(e.Value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

// Summary computes the rates for EffectiveKs(ks); false where no row had a rank.
func (a *PassK) Summary(ks []int) (Summary, bool) {
	ks = a.EffectiveKs(ks)
	if len(ks) == 0 {
		return Summary{}, false
	}
	all := map[string]*tally{}                  // by op
	templates := map[string]map[string]*tally{} // by template and op
	for id, ranks := range a.prompts {
		if templates[id.template] == nil {
			templates[id.template] = map[string]*tally{}
		}
		for _, ops := range []map[string]*tally{all, templates[id.template]} {
			if ops[id.op] == nil {
				ops[id.op] = &tally{solved: make([]int, len(ks))}
			}
			ops[id.op].add(ranks, ks)
		}
	}
	s := Summary{Ks: ks}
	s.Total, s.Prompts.Total = groupRates(all, ks)
	for _, template := range slices.Sorted(maps.Keys(templates)) {
		group, counts := groupRates(templates[template], ks)
		s.PerTemplate = append(s.PerTemplate, Entry[Group]{template, group})
		s.Prompts.PerTemplate = append(s.Prompts.PerTemplate, Entry[OpCounts]{template, counts})
	}
	return s, true
}

// tally counts the prompts of a group, and how many are solved within ks[i] samples.
type tally struct {
	prompts int
	solved  []int
}

func (t *tally) add(p *ranks, ks []int) {
	t.prompts++
	for i, k := range ks {
		if p.perfect && p.first < k {
			t.solved[i]++
		}
	}
}

func (t *tally) rates(ks []int) Table[float64] {
	rates := make(Table[float64], len(ks))
	for i, k := range ks {
		rates[i] = Entry[float64]{passAt(k), float64(t.solved[i]) / float64(t.prompts)}
	}
	return rates
}

func passAt(k int) string { return "pass@" + strconv.Itoa(k) }

func groupRates(ops map[string]*tally, ks []int) (g Group, counts OpCounts) {
	sum := tally{solved: make([]int, len(ks))}
	g.Columns = make(Table[Table[float64]], len(ks))
	for _, op := range slices.SortedFunc(maps.Keys(ops), compareOps) {
		rates := ops[op].rates(ks)
		g.PerOp = append(g.PerOp, Entry[Table[float64]]{op, rates})
		for i, rate := range rates {
			g.Columns[i].Key = rate.Key
			g.Columns[i].Value = append(g.Columns[i].Value, Entry[float64]{op, rate.Value})
			sum.solved[i] += ops[op].solved[i]
		}
		sum.prompts += ops[op].prompts
		counts.PerOp = append(counts.PerOp, Entry[int]{op, ops[op].prompts})
	}
	g.All, counts.All = sum.rates(ks), sum.prompts
	return g, counts
}

// compareOps orders ops that are numbers by value, then those that begin with a number, then the rest.
func compareOps(a, b string) int {
	classA, digitsA := opNumber(a)
	classB, digitsB := opNumber(b)
	return cmp.Or(cmp.Compare(classA, classB), cmp.Compare(len(digitsA), len(digitsB)),
		cmp.Compare(digitsA, digitsB), cmp.Compare(a, b))
}

func opNumber(op string) (class int, digits string) {
	n := len(op) - len(strings.TrimLeft(op, "0123456789"))
	switch n {
	case 0:
		return 2, ""
	case len(op):
		return 0, strings.TrimLeft(op, "0")
	}
	return 1, strings.TrimLeft(op[:n], "0")
}

// UnmarshalJSON reads a row of the authors' scorer.
func (r *Row) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var keys map[string]any
	if err := d.Decode(&keys); err != nil || keys == nil {
		return fmt.Errorf("expected a result row, an object with \"op\", \"template\", \"prompt_key_type\", "+
			"\"prompt_key_value\", \"sample_rank\" and \"perfect\"; found %.80s", data)
	}
	*r = Row{Template: "default", Key: "idx"}
	if op := keys["op"]; op != nil {
		r.Op, r.HasOp = pythonText(op), true
	}
	if t := keys["template"]; t != nil && t != "" {
		r.Template = pythonText(t)
	}
	if kind, ok := keys["prompt_key_type"]; ok {
		r.Key = pythonText(kind)
	}
	r.Key += "\x00" + pythonKey(keys["prompt_key_value"])
	r.Rank, r.HasRank = pythonInt(keys["sample_rank"])
	r.Perfect = pythonTruth(keys["perfect"])
	return nil
}

// pythonText is str(v) of a JSON value. Lists and objects, which have no business
// here, are written as JSON.
func pythonText(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return v
	case json.Number:
		return pythonNumber(v)
	}
	data, _ := json.Marshal(v)
	return string(data)
}

// pythonNumber writes an int as it stands, and a float with the fewest digits
// that give it back and an exponent from 1e16 and below 1e-4.
func pythonNumber(n json.Number) string {
	if !strings.ContainsAny(string(n), ".eE") {
		if n == "-0" {
			return "0"
		}
		return string(n)
	}
	f, _ := n.Float64()
	a := math.Abs(f)
	switch {
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), "+")
	case f != 0 && (a < 1e-4 || a >= 1e16):
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// pythonKey is a text that is equal for values that are equal as keys of a dictionary.
func pythonKey(v any) string {
	switch t := v.(type) {
	case nil:
		return "none"
	case bool:
		if t {
			return "number 1"
		}
		return "number 0"
	case json.Number:
		text := pythonNumber(t)
		if f, err := t.Float64(); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			text = strconv.FormatInt(int64(f), 10)
		}
		return "number " + text
	}
	return "text " + pythonText(v)
}

// pythonInt is int(v); false where Python raises a TypeError or ValueError. Beyond
// 63 bits it saturates.
func pythonInt(v any) (int, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 0); err == nil {
			return int(n), true
		}
		f, _ := v.Float64()
		return int(max(math.MinInt64/2, min(math.MaxInt64/2, f))), true
	case string:
		text := strings.TrimSpace(v)
		if strings.HasPrefix(text, "_") || strings.HasSuffix(text, "_") || strings.Contains(text, "__") {
			return 0, false
		}
		n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 0)
		return int(n), err == nil
	}
	return 0, false
}

// pythonTruth is bool(v).
func pythonTruth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		f, err := v.Float64()
		return err != nil || f != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return false
}
