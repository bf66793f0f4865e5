package authors

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
)

// PassKConformance aggregates the records of a file like passk.jsonl and
// compares with the expected summaries: every key that is expected must be found, equal.
func PassKConformance(file string) (passed, total int, differences []string, err error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, 0, nil, err
	}
	defer in.Close()
	lines := bufio.NewReaderSize(in, 1<<16)
	for line := 1; ; line++ {
		data, readErr := lines.ReadBytes('\n')
		if readErr != nil && readErr != io.EOF {
			return passed, total, differences, fmt.Errorf("%s: %w", file, readErr)
		}
		if len(bytes.TrimSpace(data)) > 0 {
			difference, err := checkPassK(data)
			if err != nil {
				return passed, total, differences, fmt.Errorf("%s line %d: %w", file, line, err)
			}
			total++
			if difference == "" {
				passed++
			} else {
				differences = append(differences, difference)
			}
		}
		if readErr == io.EOF {
			return passed, total, differences, nil
		}
	}
}

// checkPassK checks one line; the difference starts with the record's id.
func checkPassK(data []byte) (difference string, err error) {
	var r struct {
		ID       string          `json:"id"`
		PassAt   []int           `json:"pass_at"`
		Records  []Row           `json:"records"`
		Ks       []int           `json:"effective_ks"`
		Expected *map[string]any `json:"expected"`
	}
	if err := json.Unmarshal(data, &r); err != nil || r.Expected == nil || r.Records == nil {
		if err == nil {
			err = errors.New("a key is missing or null")
		}
		return "", fmt.Errorf(`expected a JSON object {"id", "pass_at", "records", "effective_ks", "expected"}: %w`, err)
	}
	var a PassK
	for _, row := range r.Records {
		a.Add(row)
	}
	ks := r.PassAt
	if ks == nil {
		ks = DefaultKs()
	}
	if found := a.EffectiveKs(ks); len(found) != len(r.Ks) || len(found) > 0 && !reflect.DeepEqual(found, r.Ks) {
		return fmt.Sprintf("%s: effective_ks: expected %v, found %v", r.ID, r.Ks, found), nil
	}
	summary, ok := a.Summary(ks)
	if !ok {
		if len(*r.Expected) != 0 {
			return r.ID + ": expected metrics, found no row with a rank", nil
		}
		return "", nil
	}
	data, err = json.Marshal(summary)
	if err != nil {
		return "", err
	}
	var found map[string]any
	if err := json.Unmarshal(data, &found); err != nil {
		return "", err
	}
	for _, key := range []string{"per_template", "total", "ks", "prompt_counts"} {
		if d := metricDifference(key, (*r.Expected)[key], found[key]); d != "" {
			return r.ID + ": " + d, nil
		}
	}
	return "", nil
}

// metricDifference names the first place where two JSON values differ; empty where they are equal.
func metricDifference(path string, expected, found any) string {
	e, isObject := expected.(map[string]any)
	f, alsoObject := found.(map[string]any)
	if isObject && alsoObject && len(e) == len(f) {
		for _, key := range slices.Sorted(maps.Keys(e)) {
			if d := metricDifference(path+"."+key, e[key], f[key]); d != "" {
				return d
			}
		}
		return ""
	}
	if reflect.DeepEqual(expected, found) {
		return ""
	}
	return fmt.Sprintf("%s: expected %s, found %s", path, short(expected), short(found))
}

func short(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%.120s", data)
}
