package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Address is the stage's identity: the SHA-256 of its kind, format, recipe and of its
// inputs' addresses, and of what the recipe names (Contents). Fields of the recipe that are zero count as absent, so that a field
// that is added later changes no address where it is not used.
func (s *Stage) Address() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n%s\n%s", s.Kind, s.Format, canonical(s.Recipe), s.Contents)
	for _, in := range s.Inputs {
		fmt.Fprintln(h, in.Address())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// RecipeDigest is what the stage computes, whichever version of the project does: the
// SHA-256 of its kind and recipe and of its inputs' digests, without their formats and
// without what a recipe only says about how to compute, such as rows of a pass and
// checkpoints. Stages of one digest and of other formats are the same experiment; their
// bits differ, and their numbers as those of another seed may.
func (s *Stage) RecipeDigest() string {
	recipe := s.Recipe
	if r, ok := recipe.(interface{ essence() any }); ok {
		recipe = r.essence()
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s", s.Kind, canonical(recipe), s.Contents)
	for _, in := range s.Inputs {
		fmt.Fprintln(h, in.RecipeDigest())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// essence leaves out what changes the order of sums, the memory or the log of training,
// and nothing that is learned from.
func (r Pretraining) essence() any {
	t := &r.Train
	t.Devices, t.ShardOptimizer, t.PassesPerCall, t.Recompute = 0, false, 0, false
	t.EvalEvery, t.EvalDocuments, t.CheckpointEvery, t.Keep = 0, 0, 0, 0
	return r
}

// essence leaves out what changes the order of sums or the memory of RL.
func (r Reinforcement) essence() any {
	g := &r.GRPO
	g.Rows, g.Seq, g.RolloutRows, g.Devices, g.CheckpointEvery, g.Keep = 0, 0, 0, 0, 0, 0
	return r
}

// canonical writes a recipe as JSON with sorted keys and without zero fields.
func canonical(recipe any) []byte {
	text, err := json.Marshal(withoutZeros(generic(recipe)))
	if err != nil {
		panic(fmt.Sprintf("pipeline: a recipe is not JSON: %v", err))
	}
	return text
}

// generic is a recipe as maps, lists, texts and numbers.
func generic(recipe any) (v any) {
	text, err := json.Marshal(recipe)
	if err != nil {
		panic(fmt.Sprintf("pipeline: a recipe is not JSON: %v", err))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(fmt.Sprintf("pipeline: a recipe is not JSON: %v", err))
	}
	return v
}

func withoutZeros(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, field := range v {
			if field = withoutZeros(field); isZero(field) {
				delete(v, key)
			} else {
				v[key] = field
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutZeros(v[i])
		}
	}
	return v
}

func isZero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		return v == "0"
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// Difference is one thing that makes two addresses differ.
type Difference struct {
	Stage string // kind of the stage, with the way from the stage asked for: evaluate ← rl ← train
	Field string // recipe field, as grpo.lr or data.mix[0].share; kind or format
	A, B  string // its values, as JSON; – where absent
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %s is %s and %s", d.Stage, d.Field, d.A, d.B)
}

// Why lists what makes the addresses of two stages differ, the stages themselves first,
// then their inputs. It is empty when the addresses are equal.
func Why(a, b *Stage) []Difference { return why("", a, b) }

func why(way string, a, b *Stage) (all []Difference) {
	way += a.Kind
	if a.Address() == b.Address() {
		return nil
	}
	if a.Kind != b.Kind {
		return []Difference{{way, "kind", a.Kind, b.Kind}}
	}
	if a.Format != b.Format {
		all = append(all, Difference{way, "format", fmt.Sprint(a.Format), fmt.Sprint(b.Format)})
	}
	for _, d := range fields("", withoutZeros(generic(a.Recipe)), withoutZeros(generic(b.Recipe))) {
		d.Stage = way
		all = append(all, d)
	}
	if a.Contents != b.Contents {
		all = append(all, Difference{way, "contents of what the recipe names", short(a.Contents), short(b.Contents)})
	}
	for i := range max(len(a.Inputs), len(b.Inputs)) {
		switch {
		case i >= len(a.Inputs):
			all = append(all, Difference{way, "input", absent, b.Inputs[i].Kind})
		case i >= len(b.Inputs):
			all = append(all, Difference{way, "input", a.Inputs[i].Kind, absent})
		default:
			all = append(all, why(way+" ← ", a.Inputs[i], b.Inputs[i])...)
		}
	}
	return all
}

// short is the beginning of a digest.
func short(digest string) string { return fmt.Sprintf("%.12s", digest) }

const absent = "–"

// fields compares two recipes field by field.
func fields(path string, a, b any) (all []Difference) {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			break
		}
		keys := append(sortedKeys(x), sortedKeys(y)...)
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			all = append(all, fields(strings.TrimPrefix(path+"."+key, "."), x[key], y[key])...)
		}
		return all
	case []any:
		y, ok := b.([]any)
		if !ok {
			break
		}
		for i := range max(len(x), len(y)) {
			var p, q any
			if i < len(x) {
				p = x[i]
			}
			if i < len(y) {
				q = y[i]
			}
			all = append(all, fields(fmt.Sprintf("%s[%d]", path, i), p, q)...)
		}
		return all
	}
	p, q := shown(a), shown(b)
	if p != q {
		all = append(all, Difference{Field: path, A: p, B: q})
	}
	return all
}

func shown(v any) string {
	if v == nil {
		return absent
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
