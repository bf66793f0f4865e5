package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Every fuzz target searches for FUZZTIME, from its committed inputs and from what earlier
// searches reached (build/fuzz/reached). An input on which a target fails goes to build/fuzz,
// so that a check leaves the committed inputs as they are.

// fuzzTime is how long each target searches where FUZZTIME does not say.
const fuzzTime = 2 * time.Second

// fuzzTargets are the names of the fuzz targets below a folder by the folder of their package.
func fuzzTargets(root string) (map[string][]string, error) {
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "build"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
				found[filepath.Dir(path)] = append(found[filepath.Dir(path)], f.Name.Name)
			}
		}
		return nil
	})
	return found, err
}

// fuzzPlan says what is to be searched and for how long, or what is wrong with what was asked
// for: packages, ./folder each, none for all, and a time, as FUZZTIME has it.
func fuzzPlan(packages []string, said string) (targets map[string][]string, span time.Duration, err error) {
	span = fuzzTime
	if said != "" {
		if span, err = time.ParseDuration(said); err != nil || span <= 0 {
			return nil, 0, fmt.Errorf("FUZZTIME: expected a positive time such as 30s, found %q", said)
		}
	}
	all, err := fuzzTargets(".")
	if err != nil || len(packages) == 0 && len(all) > 0 {
		return all, span, err
	}
	if len(all) == 0 {
		return nil, 0, fmt.Errorf("there is no fuzz target")
	}
	targets = map[string][]string{}
	for _, p := range packages {
		folder := filepath.Clean(p)
		if len(all[folder]) == 0 {
			return nil, 0, fmt.Errorf("expected packages with fuzz targets, found %s; they are ./%s", p, strings.Join(slices.Sorted(maps.Keys(all)), ", ./"))
		}
		targets[folder] = all[folder]
	}
	return targets, span, nil
}

// fuzz lets every fuzz target of some packages search; without one, of all.
func (t *tally) fuzz(packages ...string) {
	targets, span, err := fuzzPlan(packages, os.Getenv("FUZZTIME"))
	work, made := os.MkdirTemp("", "interplay-fuzz")
	if err == nil {
		err = made
	}
	if err != nil {
		t.check("fuzz targets", time.Now(), err)
		return
	}
	defer os.RemoveAll(work)
	for _, folder := range slices.Sorted(maps.Keys(targets)) {
		began := time.Now()
		binary := filepath.Join(work, strings.ReplaceAll(folder, string(filepath.Separator), "_")+".test")
		// Only the module's own packages count what they reach: counting in all that they
		// import would compile that again, for minutes.
		out, err := exec.Command("go", "test", "-c", "-vet=off", "-gcflags=interplay/...=-d=libfuzzer", "-o", binary, "./"+folder).CombinedOutput()
		if err != nil {
			t.check("fuzz targets of "+folder, began, fmt.Errorf("%w\n%s", err, indent(string(out))))
			continue
		}
		for _, name := range targets[folder] {
			t.fuzzOne(folder, name, binary, span)
		}
	}
}

// fuzzOne runs one target; an input on which it fails is shown and moved to build/fuzz.
func (t *tally) fuzzOne(folder, name, binary string, span time.Duration) {
	began := time.Now()
	reached, err := filepath.Abs(filepath.Join("build", "fuzz", "reached", folder))
	if err != nil {
		t.check("fuzz "+name, began, err)
		return
	}
	corpus := filepath.Join(folder, "testdata", "fuzz", name)
	before := inFolder(corpus)
	cmd := exec.Command(binary, "-test.run=^$", "-test.fuzz=^"+name+"$", "-test.fuzztime="+span.String(),
		"-test.fuzzminimizetime=1s", "-test.timeout="+(span+2*time.Minute).String(), "-test.fuzzcachedir="+reached)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if outOfTime(string(out)) {
		err = nil
	}
	for _, input := range inFolder(corpus) {
		if slices.Contains(before, input) {
			continue
		}
		kept := filepath.Join("build", "fuzz", folder, name, input)
		text, moved := moveFile(filepath.Join(corpus, input), kept)
		if moved != nil {
			out = fmt.Appendf(out, "\n%v", moved)
		}
		out = fmt.Appendf(out, "\nthe input, now in %s (in %s, go test runs it again):\n%.2000s", kept, corpus, text)
	}
	_ = os.Remove(corpus) // where it was made for that input alone
	_ = os.Remove(filepath.Dir(corpus))
	_ = os.Remove(filepath.Dir(filepath.Dir(corpus)))
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, indent(string(out)))
	}
	t.check(fmt.Sprintf("fuzz %s %s: %s", folder, name, executions(string(out))), began, err)
}

// outOfTime says whether a search that failed only ran out of its time: where that ends just
// while a worker is being asked, go's fuzzing fails with the error of its own context, of no
// input (golang/go issue 75804). A fault that was found names its input, its line or its panic.
func outOfTime(said string) bool {
	_, failed, found := strings.Cut(said, "--- FAIL: Fuzz")
	_, failed, _ = strings.Cut(failed, "\n")
	return found && strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(failed), "FAIL")) == "context deadline exceeded"
}

// executions is the last count that go's fuzzing printed.
func executions(said string) string {
	counts := regexp.MustCompile(`execs: \d+`).FindAllString(said, -1)
	if len(counts) == 0 {
		return "no input tried"
	}
	return strings.TrimPrefix(counts[len(counts)-1], "execs: ") + " inputs"
}

// inFolder are the names of the files in a folder, none where it does not exist.
func inFolder(folder string) (names []string) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// moveFile moves a file and gives its text.
func moveFile(from, to string) ([]byte, error) {
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.Rename(from, to)
	}
	return text, err
}
