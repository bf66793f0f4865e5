package authors

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"interplay/kernelkit/strict"
)

// PassKConformance aggregates the records of a file like passk.jsonl and compares
// with the expected summaries: the same keys with equal values.
func PassKConformance(file string) (passed, total int, differences []string, err error) {
	err = strict.File(file, func(_ int, data []byte) error {
		difference, err := passKDifference(data)
		switch {
		case err != nil:
			return err
		case difference == "":
			passed++
		default:
			differences = append(differences, difference)
		}
		total++
		return nil
	})
	return passed, total, differences, err
}

// passKDifference checks one line; the difference begins with the record's id.
func passKDifference(data []byte) (difference string, err error) {
	var r struct {
		ID       string          `json:"id"`
		PassAt   []int           `json:"pass_at"`
		Records  []Row           `json:"records"`
		Ks       []int           `json:"effective_ks"`
		Expected *map[string]any `json:"expected"`
	}
	if err := json.Unmarshal(data, &r); err != nil || r.Expected == nil || r.Records == nil {
		return "", malformed(err, `{"id", "pass_at", "records", "effective_ks", "expected"}`)
	}
	var a PassK
	for _, row := range r.Records {
		a.Add(row)
	}
	ks := r.PassAt
	if ks == nil {
		ks = DefaultKs()
	}
	if found := a.EffectiveKs(ks); !slices.Equal(found, r.Ks) {
		return fmt.Sprintf("%s: effective_ks: expected %v, found %v", r.ID, r.Ks, found), nil
	}
	summary, ok := a.Summary(ks)
	if !ok {
		if len(*r.Expected) != 0 {
			return r.ID + ": expected metrics, found no row with a rank", nil
		}
		return "", nil
	}
	found, err := asJSON(summary)
	if err != nil {
		return "", err
	}
	keys := found.(map[string]any)
	for _, key := range []string{"per_template", "total", "ks", "prompt_counts"} {
		if e, f := (*r.Expected)[key], keys[key]; !reflect.DeepEqual(e, f) {
			d := valueDifference(key, e, f)
			if d == "" {
				d = fmt.Sprintf("%s: expected %s, found %s", key, shown(e), shown(f))
			}
			return r.ID + ": " + d, nil
		}
	}
	return "", nil
}
