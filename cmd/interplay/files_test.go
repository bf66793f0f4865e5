package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"interplay/kernelkit/gsm"
	"interplay/pipeline"
)

// write makes a file of a test.
func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "in.jsonl")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAnOutputIsNeverItsOwnInput(t *testing.T) {
	in := write(t, string(predictions(t, gsm.Symbolic, []string{"A"}, 2, gold)))
	before, err := os.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	link, hard := filepath.Join(t.TempDir(), "link"), in+".hard"
	if err := os.Symlink(in, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(in, hard); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{in, link, hard, filepath.Dir(in) + "/./in.jsonl"} {
		for name, args := range map[string][]string{"verify": {}, "nll": {"m"}, "sample": {"m"}} {
			err := verb(name, append(args, "-in", in, "-out", out, "-force"))
			if err == nil || !strings.Contains(err.Error(), "are the same file") {
				t.Errorf("%s to %s: %v", name, out, err)
			}
		}
	}
	if after, err := os.ReadFile(in); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the input has changed (%v)", err)
	}
}

func TestEveryReaderOfJSONLinesReadsAndRefusesTheSame(t *testing.T) {
	model := ignorant(t)
	prediction := strings.TrimSpace(string(predictions(t, gsm.Symbolic, []string{"A"}, 1, gold)))
	good := map[string]string{"verify": prediction, "sample": `{"ids":[1,2]}`, "nll": `{"ids":[1,2]}`}
	key := map[string]string{"verify": "prediction", "sample": "ids", "nll": "ids"}
	for name, line := range good {
		call := func(text string) error {
			args := []string{"-in", write(t, text), "-out", os.DevNull}
			switch name {
			case "sample":
				args = append(args, model, "-max-tokens", "1")
			case "nll":
				args = append(args, model)
			}
			return verb(name, args)
		}
		if err := call("\ufeff" + line + "\r\n\n"); err != nil {
			t.Errorf("%s refuses a byte-order mark, or the ends of lines of Windows: %v", name, err)
		}
		upper := strings.ToUpper(key[name][:1]) + key[name][1:]
		for text, want := range map[string]string{
			line + line: "follows the JSON value",
			strings.Replace(line, "{", `{"`+key[name]+`":null,`, 1): "is given twice",
			strings.Replace(line, `"`+key[name], `"`+upper, 1):      fmt.Sprintf("the key %q is not known: did you mean %q?", upper, key[name]),
			line[:len(line)-1]: "ends in the middle",
			"[1]":              "expected a JSON object",
			"\xff\xfe{\x00":    "UTF-16",
			`{"id":"` + "\xe9": "UTF-8",
		} {
			if err := call("\n" + text); strings.HasPrefix(text, "\xff") {
				if err := call(text); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s of %.60q: %v, want %q", name, text, err, want)
				}
			} else if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "line 2") {
				t.Errorf("%s of %.60q: %v, want line 2 and %q", name, text, err, want)
			}
		}
	}
}

func TestIdentifiersComeOutAsTheyWentIn(t *testing.T) {
	model := ignorant(t)
	const id = "9007199254740993123456789"
	for name, args := range map[string][]string{"sample": {model, "-max-tokens", "1"}, "nll": {model}} {
		out := filepath.Join(t.TempDir(), "out.jsonl")
		if err := verb(name, append(args, "-in", write(t, `{"id":`+id+`,"ids":[1,2]}`), "-out", out)); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(out); err != nil || !strings.HasPrefix(string(text), `{"id":`+id+",") {
			t.Errorf("%s wrote %s (%v)", name, text, err)
		}
	}
}

func TestTokensThatTheModelCannotTakeAreNamed(t *testing.T) {
	model := ignorant(t) // 256 positions
	long := `{"ids":[` + strings.Repeat("1,", 300) + `1]}`
	for _, c := range []struct{ verb, line, want string }{
		{"nll", `{"ids":[1,-100,2]}`, "line 1: token 1 has the id -100: expected 0 to "},
		{"nll", `{"ids":[1,5000]}`, "token 1 has the id 5000"},
		{"nll", long, "the text has 301 tokens, the model 256 positions"},
		{"nll", `{"ids":[1]}`, "expected at least 2"},
		{"nll", ``, "is empty"},
		{"sample", `{"ids":[-1]}`, "token 0 has the id -1"},
		{"sample", long, "the prompt has 301 tokens and -max-tokens is 256"},
		{"sample", `{"ids":[1,2]}`, "the prompt has 2 tokens and -max-tokens is 256: together more than the model's 256 positions"},
		{"sample", `{}`, `expected "prompt" or "ids", found neither`},
	} {
		err := verb(c.verb, []string{model, "-in", write(t, c.line), "-out", os.DevNull})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %.40s: %v, want %q", c.verb, c.line, err, c.want)
		}
	}
}

func TestInputMayComeThroughAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		if err := os.WriteFile(pipe, predictions(t, gsm.Symbolic, []string{"A"}, 2, gold), 0); err != nil {
			t.Error(err)
		}
	}()
	out := filepath.Join(t.TempDir(), "out.jsonl")
	if err := verb("verify", []string{"-in", pipe, "-out", out}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(out); err != nil || bytes.Count(text, []byte("\n")) != 2 {
		t.Errorf("%q, %v", text, err)
	}
}

func TestPathsAreNotPatterns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab [v2]*?")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b[1].ipynb", "a.ipynb", "*.ipynb", ".hidden.ipynb", "c.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	names, err := notebookNames(dir, "")
	if err != nil || strings.Join(names, "|") != "*|a|b[1]" {
		t.Errorf("%q, %v", names, err)
	}
	t.Setenv("INTERPLAY_RUNS", dir)
	if err := os.MkdirAll(filepath.Join(dir, "train-[1]"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(ignorant(t), filepath.Join(dir, "train-[1]", "model")); err != nil {
		t.Fatal(err)
	}
	if found := pipeline.Models(dir); len(found) != 1 || found[0] != "train-[1]" {
		t.Errorf("models in the store: %q", found)
	}
}

// What is read more than once, or by another program, must be a regular file: a pipe would be
// waited for without end.
func TestPipesAreRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("INTERPLAY_RUNS", filepath.Join(dir, "runs"))
	for name, args := range map[string]string{
		"spec.json": "generate -count 2 -out DIR/g.jsonl -spec FILE", "study.json": "run FILE -plan", "cluster.json": "submit edge -slurm -print -cluster FILE",
		"g.jsonl.manifest.json": "generate -check DIR/g.jsonl", "results.json": "results edge -out DIR", "passk.jsonl": "conformance DIR",
		"config.json": "import DIR", "n.ipynb": "notebooks -dir DIR",
	} {
		folder := filepath.Join(dir, name+"-folder")
		file := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(folder, 0o755), syscall.Mkfifo(file, 0o644)); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			ended <- execute(context.Background(), strings.Fields(strings.NewReplacer("FILE", file, "DIR", folder).Replace(args)))
		}()
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), "regular file") && !strings.Contains(err.Error(), "1 of 1 notebooks failed") {
				t.Errorf("%q: the error is %v", args, err)
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("%q waits for the pipe", args)
		}
	}
}
