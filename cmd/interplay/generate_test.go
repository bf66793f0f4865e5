package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/gsm/corpus"
)

func TestGenerateRefusesWhatCannotBeMet(t *testing.T) {
	dir := t.TempDir()
	exists := filepath.Join(dir, "exists.jsonl")
	if err := os.WriteFile(exists, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	wrongSpec := filepath.Join(dir, "spec.json")
	if err := os.WriteFile(wrongSpec, []byte(`{"family":"symbolic","reverse":0.5,"mix":[{"ops":"1-2","contexts":["A"],"share":1}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.jsonl")
	for args, want := range map[string]string{
		"-count 5":                                              "-out FILE and -count N are needed",
		"-out " + out:                                           "-out FILE and -count N are needed",
		"-count 5 -out " + exists:                               "exists: choose another name",
		"-count 5 -out x.csv":                                   "must end in .jsonl or .parquet",
		"-count 5 -context farm -out " + out:                    `unknown context "farm": the realistic family has`,
		"-count 5 -context A,zoo -out " + out:                   `unknown context "zoo": the symbolic family has A, B`,
		"-count 5 -context zoo,zoo -out " + out:                 "named twice",
		"-count 5 -op 2-40 -out " + out:                         "realistic problems have op 2 to 30",
		"-count 5 -op 9-2 -out " + out:                          `range "9-2": expected`,
		"-count 5 -op 2-5,4 -out " + out:                        "2-5 and 4 overlap",
		"-count 5 -op 2-4:0.2,5:0.3 -out " + out:                "the shares sum to 0.5, they must sum to 1",
		"-count 5 -op 2-4:0.2,5 -out " + out:                    "a share to every part or to none",
		"-count 5 -op 2:x,3:0.5 -out " + out:                    "is no number",
		"-count 5 -context A -op 1-25 -entities 20 -out " + out: "needs at least 26 names",
		"-count 5 -context A -op 1-2 -mode reverse -out " + out: "forward mode only",
		"-count 5 -mode sideways -out " + out:                   `unknown mode "sideways"`,
		"-count 5 -mode both -reverse 0.1 -out " + out:          "contradict each other",
		"-count 5 -preset nothing -out " + out:                  `unknown preset "nothing"`,
		"-count 5 -preset micro/pretrain -op 2 -out " + out:     "contradict each other",
		"-count 5 -spec " + wrongSpec + " -out " + out:          "forward mode only",
		"-count 5 -spec " + wrongSpec + " -d 2 -out " + out:     "contradict each other",
		"-count 5 -split dev -out " + out:                       `unknown split "dev"`,
		"-count 5 -d 5 -out " + out:                             "expected a whole number, 2 to 3",
		"-count 5 -distractors 3-1 -context A -out " + out:      `range "3-1"`,
		"-count 5 rest -out " + out:                             `unexpected argument "rest"`,
		"-first 18446744073709551615 -count 5 -out " + out:      "expected a whole number, 0 to",
		"-check " + exists:                                      "has no manifest",
	} {
		err := verb("generate", strings.Fields(args))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", args, err, want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 {
		t.Errorf("refused commands left %v", entries)
	}
}

func TestGenerateWritesTheMixtureOfItsFlags(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.parquet")
	args := "-op 2-3:0.5,6:0.5 -context zoo:0.9,school:0.1 -reverse 0.25 -unit tokens -split rl -count 8000 -seed 3 -out " + out
	if err := verb("generate", strings.Fields(args)); err != nil {
		t.Fatal(err)
	}
	m, err := corpus.Check(out, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Split != gsm.RL || m.Seed != 3 || m.Count != 8000 || m.Spec.Unit != gsm.Tokens {
		t.Errorf("manifest %+v", m)
	}
	deep, school, reverse := 0.0, 0.0, 0.0
	for _, c := range m.Cells {
		tokens := float64(c.Tokens) / float64(m.Tokens)
		if c.Op == 6 {
			deep += tokens
		}
		if c.Context == "teachers_in_school" {
			school += tokens
		}
		if c.Mode == gsm.Reverse {
			reverse += tokens
		}
	}
	for _, s := range []struct {
		name      string
		got, want float64
	}{{"op 6", deep, 0.5}, {"school", school, 0.1}, {"reverse", reverse, 0.25}} {
		if s.got < s.want-0.03 || s.got > s.want+0.03 {
			t.Errorf("%s has %.3f of the tokens, want %.3f", s.name, s.got, s.want)
		}
	}
	if err := verb("generate", []string{"-check", out}); err != nil {
		t.Error(err)
	}
}
