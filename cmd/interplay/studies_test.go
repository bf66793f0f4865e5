package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"interplay/pipeline/study"
)

// A study of a megabyte is planned, or refused, within the bounds.
func TestNoStudyOfAMegabyteHurts(t *testing.T) {
	if testing.Short() {
		t.Skip("plans large studies")
	}
	quiet(t)
	base, err := study.ByName("edge", "smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(base)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(s map[string]any){
		"seeds": func(s map[string]any) { s["seeds"] = upTo(150_000) },
		"arms and seeds": func(s map[string]any) {
			s["seeds"], s["claims"], s["figures"] = upTo(1000), []any{}, []any{}
			s["arms"] = copies(s["arms"].([]any)[0], func(i int, arm map[string]any) { arm["name"] = fmt.Sprint("arm", i) })
		},
		"arms that differ": func(s map[string]any) {
			s["claims"], s["figures"] = []any{}, []any{}
			s["arms"] = copies(s["arms"].([]any)[0], func(i int, arm map[string]any) {
				arm["name"] = fmt.Sprint("arm", i)
				data := arm["steps"].([]any)[0].(map[string]any)["train"].(map[string]any)["data"].(map[string]any)
				data["mix"] = []any{map[string]any{"ops": fmt.Sprint("0-", i%4), "contexts": []any{"A"}, "share": 0.5 + float64(i)/1e5}, map[string]any{"ops": "0", "contexts": []any{"A"}, "share": 0.5 - float64(i)/1e5}}
			})
		},
		"blocks": func(s map[string]any) {
			first := s["arms"].([]any)[0].(map[string]any)["steps"].([]any)[0].(map[string]any)["train"].(map[string]any)["data"].(map[string]any)
			var mix []any
			for range 15_000 {
				mix = append(mix, map[string]any{"ops": "0-4", "contexts": []any{"A"}, "share": 1.0 / 15_000})
			}
			first["mix"] = mix
		},
		"claims": func(s map[string]any) {
			s["claims"] = copies(s["claims"].([]any)[0], func(i int, c map[string]any) { c["id"] = fmt.Sprint("c", i) })
		},
		"evaluation": func(s map[string]any) {
			e := s["evaluation"].(map[string]any)
			e["problems"], e["samples"] = 1<<20, 1<<20
		},
		"a long run": func(s map[string]any) {
			for _, a := range s["arms"].([]any) {
				for _, step := range a.(map[string]any)["steps"].([]any) {
					if train, ok := step.(map[string]any)["train"].(map[string]any); ok {
						train["train"].(map[string]any)["steps"], train["train"].(map[string]any)["batch"] = 1<<30, 1<<16
					}
				}
			}
		},
	} {
		var tree map[string]any
		if err := json.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		tree["name"] = "hostile"
		change(tree)
		changed, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		if len(changed) > mega {
			t.Fatalf("%s: the study has %d bytes", name, len(changed))
		}
		dir := t.TempDir()
		t.Setenv("INTERPLAY_RUNS", filepath.Join(dir, "runs"))
		file := writeAt(t, filepath.Join(dir, "study.json"), string(bytes.TrimSpace(changed)))
		for _, line := range []string{"run STUDY -plan", "results STUDY", "status STUDY", "submit STUDY -slurm -print -cluster ../../scripts/cluster/example.json"} {
			bounded(t, name, strings.Fields(strings.ReplaceAll(line, "STUDY", file))...)
		}
	}
}

func upTo(n int) (all []any) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// copies are as many changed copies of a JSON object as make most of a megabyte.
func copies(of any, change func(i int, c map[string]any)) (all []any) {
	text, err := json.Marshal(of)
	if err != nil {
		panic(err)
	}
	for i := range (mega - 100_000) / (len(text) + 120) {
		var c map[string]any
		if err := json.Unmarshal(text, &c); err != nil {
			panic(err)
		}
		change(i, c)
		all = append(all, c)
	}
	return all
}
