package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"interplay/kernelkit/gsm"
	"interplay/pipeline/study"
)

// mega is the size of the largest input that must not hurt, in bytes.
const mega = 1_000_000

// fill repeats a text up to a megabyte, less some room for what stands around it.
func fill(text string) string { return strings.Repeat(text, (mega-20_000)/len(text)) }

// quoted is a JSON string.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// shapes are inputs that are hostile to whatever reads JSON, or lines of it.
func shapes() map[string]string {
	return map[string]string{
		"nothing":         "",
		"empty lines":     fill("\n"),
		"deep lists":      fill("["),
		"deep objects":    fill(`{"a":`),
		"many values":     fill("{}\n"),
		"many keys":       "{" + fill(`"a":1,`) + `"a":1}`,
		"one string":      `"` + fill("a") + `"`,
		"one number":      fill("9"),
		"a large power":   `{"ids":[1e999999999]}`,
		"zeros":           fill("\x00"),
		"no UTF-8":        `{"text":"` + fill("\xff\xfe") + `"}`,
		"escapes":         `{"text":"` + fill(`\ud800`) + `"}`,
		"a text":          `{"text":"` + fill("a3 ") + `","prompt":"` + "" + `"}`,
		"a word":          `{"text":"` + fill("x") + `"}`,
		"ids":             `{"ids":[` + fill("1,") + `1]}`,
		"nulls":           `{"ids":null,"text":null,"prompt":null,"problem":null,"prediction":null}`,
		"many short":      fill(`{"ids":[1,2]}` + "\n"),
		"many refused":    fill(`{"ids":[]}` + "\n"),
		"many ids":        fill(`{"id":"a","prompt":"[BOS] ? a3 :"}` + "\n"),
		"a prompt":        `{"prompt":` + quoted(fill("a3 + ")) + `}`,
		"Parquet's frame": "PAR1" + fill("\x15\x00") + "PAR1",
	}
}

// answers are what a hostile model may write after a problem.
func answers() map[string]string {
	return map[string]string{
		"a product":      "Define a as x; so x = " + fill("9 * ") + "9 = 3. Answer: 3.",
		"a power":        "Define a as x; so x = " + fill("9 ^ ") + "9. Answer: 9.",
		"a fraction":     "so x = " + fill("7 / 3 / ") + "2.",
		"brackets":       "so x = " + fill("(") + "1" + fill(")")[:9] + ".",
		"a long number":  "so x = " + fill("9") + ".",
		"equal signs":    "so x " + fill("= 3 "),
		"definitions":    fill("Define a as x; so x = 3. "),
		"half a line":    fill("Define a "),
		"tags":           fill("<answer>"),
		"closed tags":    fill("<answer> 3 </answer> "),
		"unknown powers": "so x = " + fill("x * x + ") + "1 = 0.",
		"two unknowns":   "so x = " + fill("x * y - y * x * ") + "1 = 0.",
		"blanks":         fill(" "),
		"combining":      "3" + fill("\u0301"),
		"symbolic steps": fill("a3 a4 * 2 = a5 2 . "),
		"every letter":   fill("so A = B + C = 3; so C = A. "),
	}
}

// bounded runs a command line and fails when it panics, or takes more than a gigabyte or ten
// seconds of processor time. It returns the command's error.
func bounded(t *testing.T, name string, args ...string) (err error) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: interplay %.200q panics: %v", name, args, p)
		}
	}()
	before := resident(t)
	start := processorTime(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // a hang, on the slowest machine
	defer cancel()
	err = execute(ctx, args)
	spent := processorTime(t) - start
	if spent > 10*time.Second {
		t.Errorf("%s: interplay %.200q takes %s of processor time", name, args, spent)
	}
	if grown := peak(t) - before; grown > 1<<30 {
		t.Errorf("%s: interplay %.200q takes %d MiB", name, args, grown>>20)
	}
	if ctx.Err() != nil {
		t.Errorf("%s: interplay %.200q does not end", name, args)
	}
	if err != nil && len(abridged(err)) > 2*longestMessage {
		t.Errorf("%s: interplay %.200q: the error has %d bytes: %.300q", name, args, len(abridged(err)), err)
	}
	return err
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the memory of the process in bytes; its peak counts from here.
func resident(t *testing.T) int64 {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skipf("the peak of memory cannot be reset here: %v", err)
	}
	return status(t, "VmRSS")
}

func peak(t *testing.T) int64 { return status(t, "VmHWM") }

func status(t *testing.T, field string) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == field+":" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatalf("/proc/self/status has no %s", field)
	return 0
}

func writeAt(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// What a verb reads of less than a megabyte takes no verb over a gigabyte or ten seconds.
func TestNoInputOfAMegabyteHurtsAnyVerb(t *testing.T) {
	if testing.Short() {
		t.Skip("reads some hundred megabytes")
	}
	quiet(t)
	model, study, sampled := ignorant(t), ownStudy(t), map[string]bool{}
	for name, text := range shapes() {
		dir := t.TempDir()
		t.Setenv("INTERPLAY_RUNS", filepath.Join(dir, "runs"))
		in := writeAt(t, filepath.Join(dir, "in.jsonl"), text)
		file := writeAt(t, filepath.Join(dir, "study.json"), text)
		for _, line := range []string{
			"verify -in IN -out /dev/null", "verify -in IN -out /dev/null -reference -keep-going", "verify -in IN -out /dev/null -keep-going",
			"nll MODEL -in IN -out /dev/null", "sample MODEL -in IN -out /dev/null -max-tokens 1",
			"run STUDY -plan", "run STUDY -print", "results STUDY", "status STUDY", "work STUDY", "run edge -plan -cluster STUDY",
			"submit edge -slurm -print -cluster STUDY", "generate -spec STUDY -count 2 -out DIR/g.jsonl", "generate -check IN",
		} {
			bounded(t, name, strings.Fields(strings.NewReplacer("IN", in, "MODEL", model, "STUDY", file, "DIR", dir).Replace(line))...)
		}
		modelFolders(t, name, dir, model, text, sampled)
		if slices.Contains([]string{"nothing", "deep objects", "many keys", "one number", "zeros", "Parquet's frame"}, name) {
			resultsFolders(t, name, dir, text)
			stores(t, name, dir, text, study)
		}
	}
}

// ownStudy is the file of a study that has no committed results, which plans would read.
func ownStudy(t *testing.T) string {
	t.Helper()
	s, err := study.ByName("reward", "smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	s.Name = "own"
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return writeAt(t, filepath.Join(t.TempDir(), "own.json"), string(text))
}

// modelFolders gives a hostile text to the verbs that read a model, as each of its files.
// sampled are the files of which a text was accepted, so that the model was sampled from: what
// is accepted once more would do the same.
func modelFolders(t *testing.T, name, dir, model, text string, sampled map[string]bool) {
	for _, file := range []string{"config.json", "tokenizer.json", "generation_config.json", "model.safetensors", "model.safetensors.index.json", "tokenizer_config.json"} {
		folder := filepath.Join(dir, "model-"+file)
		if err := os.CopyFS(folder, os.DirFS(model)); err != nil {
			t.Fatal(err)
		}
		writeAt(t, filepath.Join(folder, file), text)
		bounded(t, name+" as "+file, "import", folder)
		bounded(t, name+" as "+file, "export", folder, filepath.Join(dir, "exported-"+file))
		if sampled[file] {
			continue
		}
		err := bounded(t, name+" as "+file, "evaluate", folder, "-op", "1", "-context", "A", "-problems", "1", "-n", "1", "-max-tokens", "1", "-out", filepath.Join(dir, "e-"+file))
		sampled[file] = err == nil
	}
}

// resultsFolders does so with the files of a corpus and of a study's results.
func resultsFolders(t *testing.T, name, dir, text string) {
	for _, file := range []string{"problems_d2.jsonl", "scoring.jsonl", "parser_cases.jsonl", "passk.jsonl"} {
		writeAt(t, filepath.Join(dir, "corpus", file), text)
	}
	bounded(t, name, "conformance", filepath.Join(dir, "corpus"))
	for _, file := range []string{"results.json", "records.parquet", "likelihood.parquet", "metrics.jsonl"} {
		if filepath.Ext(file) == ".parquet" && slices.Contains([]string{"deep objects", "many keys", "one number"}, name) {
			continue // no Parquet from the first byte on, as the zeros
		}
		folder := filepath.Join(dir, "results-"+file)
		if err := os.CopyFS(folder, os.DirFS("../../notebooks/results/micro/reward")); err != nil {
			t.Fatal(err)
		}
		writeAt(t, filepath.Join(folder, file), text)
		bounded(t, name+" as "+file, "results", "reward", "-profile", "micro", "-out", folder)
	}
}

// stores does so with the files of a run store.
func stores(t *testing.T, name, dir, text, study string) {
	stage := "train-0123456789ab"
	for _, file := range []string{"store.json", stage + "/done.json", stage + "/stage.json", "working/" + stage + "/t/work/heartbeat", "working/" + stage + "/t/work/metrics.jsonl", "working/" + stage + "/t/stage.json"} {
		runs := filepath.Join(dir, "runs-"+strings.ReplaceAll(file, "/", "-"))
		t.Setenv("INTERPLAY_RUNS", runs)
		writeAt(t, filepath.Join(runs, file), text)
		bounded(t, name+" as "+file, "check-store")
		bounded(t, name+" as "+file, "why", stage, stage)
		bounded(t, name+" as "+file, "logs", stage)
		bounded(t, name+" as "+file, "status", study)
	}
	bounded(t, name+" in the store", "run", study, "-plan")
}

// Whatever a model writes, judging it takes no verb over a gigabyte or ten seconds.
func TestNoAnswerOfAMegabyteHurts(t *testing.T) {
	if testing.Short() {
		t.Skip("judges some ten megabytes")
	}
	quiet(t)
	for name, text := range answers() {
		for _, c := range []struct {
			family   gsm.Family
			contexts []string
		}{{gsm.Realistic, []string{"crazy_zootopia"}}, {gsm.Symbolic, []string{"A"}}} {
			in := writeAt(t, filepath.Join(t.TempDir(), "in.jsonl"), string(predictions(t, c.family, c.contexts, 1, func(int, *gsm.Problem) string { return text })))
			bounded(t, name, "verify", "-in", in, "-out", "/dev/null")
			bounded(t, name, "verify", "-in", in, "-out", "/dev/null", "-reference")
		}
	}
}
