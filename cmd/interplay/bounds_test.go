package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"interplay/kernelkit/gsm"
)

// extremes are what every flag that takes a value is given.
var extremes = []string{"-1", "0", "2147483648", "9223372036854775807", "-9223372036854775808", "1e-40", "NaN", "Inf", ""}

// small is, for every verb with flags, a command line that does little. IN is a file of
// prompts, PROBLEMS one of predictions, MODEL a model, DIR an empty folder.
var small = map[string]string{
	"generate":    "-family symbolic -context A -op 2-3 -count 3 -out DIR/g.jsonl -force",
	"verify":      "-in PROBLEMS -out /dev/null",
	"sample":      "MODEL -in IN -out /dev/null -max-tokens 2",
	"nll":         "MODEL -in IN -out /dev/null",
	"evaluate":    "MODEL -op 1 -context A -problems 1 -n 1 -max-tokens 2 -out DIR/e",
	"run":         "edge -print",
	"results":     "edge -profile smoke -out DIR",
	"conformance": "DIR",
	"bench":       "generate -seconds NaN", // an extreme that is in range would measure for as long
	"notebooks":   "-dir DIR",
	"new":         "",
	"check-store": "",
	"why":         "a b",
	"diagnose":    "nosuch",
	"work":        "nosuch",
	"status":      "nosuch",
	"logs":        "nosuch",
	"submit":      "nosuch -slurm -print -cluster DIR/c.json",
	"doctor":      "",
	"export":      "",
	"import":      "",
	"completion":  "",
	"help":        "",
}

func TestNoValueOfAnyFlagEndsInAPanicOrTakesMuchMemoryOrTime(t *testing.T) {
	t.Chdir(t.TempDir()) // what a flag may name as a file is made here
	in, problems, model := filepath.Join(t.TempDir(), "in.jsonl"), filepath.Join(t.TempDir(), "p.jsonl"), ignorant(t)
	if err := os.WriteFile(in, []byte(`{"ids":[1,2,3]}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(problems, predictions(t, gsm.Symbolic, []string{"A"}, 2, gold), 0o644); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, c := range laboratory().Commands() {
		line, known := small[c.Name()]
		if !known {
			t.Errorf("%s has no line in small: how is it called so that it does little?", c.Name())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				return
			}
			for _, value := range worthTrying(f) {
				dir := t.TempDir()
				t.Setenv("INTERPLAY_RUNS", filepath.Join(dir, "runs"))
				args := strings.Fields(strings.NewReplacer("IN", in, "PROBLEMS", problems, "MODEL", model, "DIR", dir).Replace(line))
				withinBounds(t, append(append([]string{c.Name()}, args...), "-"+f.Name, value))
				tried++
			}
		})
	}
	if tried < 200 {
		t.Errorf("only %d values were tried", tried)
	}
}

// worthTrying are the values that a flag refuses, and of those that it takes, for which the
// verb does its work, the last. What names a file is tried elsewhere.
func worthTrying(f *pflag.Flag) (values []string) {
	if f.Name == "in" || f.Name == "out" {
		return nil
	}
	taken := ""
	for _, value := range extremes {
		if f.Value.Set(value) == nil {
			taken = value
		} else {
			values = append(values, value)
		}
	}
	return append(values, taken)
}

// withinBounds runs a command line, whatever comes of it.
func withinBounds(t *testing.T, args []string) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%q panics: %v", args, p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // a hang, on the slowest machine
	defer cancel()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := execute(ctx, args)
	runtime.ReadMemStats(&after)
	if ctx.Err() != nil {
		t.Errorf("%q takes more than a minute", args)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<30 {
		t.Errorf("%q allocates %d MiB", args, taken>>20)
	}
	if err != nil && strings.Count(strings.TrimSpace(err.Error()), "\n") > 0 {
		t.Errorf("%q: the error has several lines: %v", args, err)
	}
}

func TestZeroIsNotTakenForLeftOut(t *testing.T) {
	for args, want := range map[string]string{
		"sample m -in - -out - -n 0":                                    "-n 0: expected a whole number, 1 to 65536",
		"sample m -in - -out - -top-p 0":                                "-top-p 0: expected a number, 0.0001 to 1",
		"sample m -in - -out - -batch 0":                                "-batch 0: expected",
		"sample m -in - -out - -temperature NaN":                        "-temperature NaN: expected a number, 0 or 0.001 to 1000",
		"sample m -in - -out - -temperature 1e-9":                       "-temperature 1e-9: expected",
		"generate -count 3 -out x -modulus 0":                           "-modulus 0: expected a whole number, 3 to 10000",
		"generate -count 3 -out x -entities 0":                          "-entities 0: expected",
		"generate -count 3 -out x -workers 0":                           "-workers 0: expected",
		"generate -count 3 -out x -op 2:NaN":                            "the shares sum to NaN",
		"run edge -seeds 0":                                             "-seeds 0: expected",
		"run edge -side-by-side 0":                                      "-side-by-side 0: expected",
		"generate -count 3 -out x -context A -distractors 0-1000000000": "-distractors 0-1000000000: expected at most 100",
	} {
		if err := execute(context.Background(), strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", args, err, want)
		}
	}
}
