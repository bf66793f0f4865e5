// Command check runs every check that CI runs (make test): formatting, vet,
// staticcheck, all Go tests, a few seconds of each fuzz target, the notebooks with their
// committed results, the commands of the documents, and workers on a local Slurm. It goes on
// after a failure, shows what failed and what took longest, and ends with a line "N passed,
// N failed". With names of packages (check kernelkit/verify) it checks these alone, in
// seconds; check documents and check fuzz do that step alone; check fuzz -look only says
// what is wrong with what was asked for. It uses the standard library only, so that it runs
// whatever state the module is in.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// tally counts checks and tests, and keeps what each part took.
type tally struct {
	passed, failed, skipped int
	parts                   []part
}

// part is a check, or the tests of a package, with its time.
type part struct {
	name string
	took time.Duration
}

func main() {
	var t tally
	began := time.Now()
	switch args := os.Args[1:]; {
	case len(args) == 0:
		t.all()
	case len(args) == 1 && args[0] == "documents":
		t.documented()
	case len(args) > 1 && args[0] == "fuzz" && args[1] == "-look":
		if _, _, err := fuzzPlan(args[2:], os.Getenv("FUZZTIME")); err != nil {
			fmt.Fprintln(os.Stderr, "✗", err)
			os.Exit(1)
		}
		return
	case len(args) > 0 && args[0] == "fuzz":
		t.fuzz(args[1:]...)
	default:
		t.some(args)
	}
	t.slowest(8)
	fmt.Printf("\nall checks took %s\n", time.Since(began).Round(time.Second))
	if t.skipped > 0 {
		fmt.Printf("%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	} else {
		fmt.Printf("%d passed, %d failed\n", t.passed, t.failed)
	}
	if t.failed > 0 {
		os.Exit(1)
	}
}

// all runs every check.
func (t *tally) all() {
	t.command("gofmt", "files that gofmt would change (run gofmt -w on them)", "sh", "-c",
		`out=$(gofmt -l $(find . -name '*.go' -not -path './.*')) && printf '%s\n' "$out" && test -z "$out"`)
	t.command("go vet", "", "go", "vet", "./...")
	t.command("staticcheck", "", filepath.Join(".bin", "staticcheck"), "./...")
	t.tests("./...")
	t.fuzz()
	t.conformance()
	t.notebooks()
	t.documented()
	t.command("nothing is left of notebooks that fail or are interrupted", "", filepath.Join("scripts", "test_kernel.sh"))
	t.slurm()
}

// some checks packages, named by their folders, and the rules of the module.
func (t *tally) some(folders []string) {
	var packages []string
	for _, f := range folders {
		packages = append(packages, "./"+strings.Trim(strings.TrimPrefix(f, "./"), "/"))
	}
	t.command("gofmt", "files that gofmt would change (run gofmt -w on them)", "sh", append([]string{"-c",
		`out=$(gofmt -l "$@") && printf '%s\n' "$out" && test -z "$out"`, "sh"}, packages...)...)
	t.command("go vet", "", "go", append([]string{"vet"}, packages...)...)
	t.command("staticcheck", "", filepath.Join(".bin", "staticcheck"), packages...)
	t.tests(append(packages, "./tools/rules")...)
}

// slowest says which parts took longest.
func (t *tally) slowest(n int) {
	slices.SortFunc(t.parts, func(a, b part) int { return cmp.Compare(b.took, a.took) })
	fmt.Println("\nwhat took longest (tests of packages run side by side)")
	for _, p := range t.parts[:min(n, len(t.parts))] {
		fmt.Printf("%8s  %s\n", p.took.Round(100*time.Millisecond), p.name)
	}
}

// command runs one check; what it printed is shown when it fails.
func (t *tally) command(name, hint, program string, args ...string) {
	began := time.Now()
	out, err := exec.Command(program, args...).CombinedOutput()
	t.check(name, began, err)
	if err != nil {
		if hint != "" {
			fmt.Println("  " + hint)
		}
		fmt.Printf("%s\n", indent(string(out)))
	}
}

func (t *tally) check(name string, began time.Time, err error) {
	t.parts = append(t.parts, part{name, time.Since(began)})
	if err != nil {
		t.failed++
		fmt.Printf("✗ %s: %v\n", name, err)
		return
	}
	t.passed++
	fmt.Printf("✓ %s (%s)\n", name, time.Since(began).Round(100*time.Millisecond))
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ")
}

// event is one line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// tests runs the Go tests of packages and counts each; a package that does not build, or
// that fails outside its tests, counts as one failure.
func (t *tally) tests(packages ...string) {
	cmd := exec.Command("go", append([]string{"test", "-json", "-vet=off", "-timeout=15m"}, packages...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.check("go test", time.Now(), err)
		return
	}
	said := map[string]*strings.Builder{} // what a test, or a package outside its tests, printed
	testsFailed := map[string]bool{}      // packages whose failure is already counted
	failedBefore := t.failed
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		key := e.Package + e.ImportPath + "\n" + e.Test
		switch e.Action {
		case "output", "build-output":
			if said[key] == nil {
				said[key] = &strings.Builder{}
			}
			said[key].WriteString(e.Output)
		case "pass", "skip", "fail", "build-fail":
			t.count(e, said[key], testsFailed)
			delete(said, key)
		}
	}
	if err := lines.Err(); err != nil {
		t.check("go test", time.Now(), fmt.Errorf("its output cannot be read: %w", err))
	}
	if err := cmd.Wait(); err != nil && t.failed == failedBefore {
		t.check("go test", time.Now(), err)
	}
}

// count takes one verdict of go test -json.
func (t *tally) count(e event, said *strings.Builder, testsFailed map[string]bool) {
	output := ""
	if said != nil {
		output = indent(said.String())
	}
	switch {
	case e.Test != "" && e.Action == "pass":
		t.passed++
	case e.Test != "" && e.Action == "skip":
		t.skipped++
		fmt.Printf("- %s %s skipped\n%s\n", e.Package, e.Test, output)
	case e.Test != "":
		t.failed++
		testsFailed[e.Package] = true
		fmt.Printf("✗ %s %s\n%s\n", e.Package, e.Test, output)
	case e.Action == "build-fail":
		fmt.Printf("✗ %s does not build\n%s\n", e.ImportPath, output)
	case e.Action == "fail":
		if !testsFailed[e.Package] {
			t.failed++
		}
		fmt.Printf("✗ %s (%.1fs)\n%s\n", e.Package, e.Elapsed, output)
	case e.Action == "pass":
		t.parts = append(t.parts, part{"tests of " + e.Package, time.Duration(e.Elapsed * float64(time.Second))})
		fmt.Printf("✓ %s (%.1fs)\n", e.Package, e.Elapsed)
	}
}

// conformance checks against the corpus folder beside the project, where there is one.
func (t *tally) conformance() {
	corpus := filepath.Join("..", "shared", "conformance")
	if _, err := os.Stat(corpus); err != nil {
		fmt.Printf("- conformance: no corpus in %s\n", corpus)
		return
	}
	t.command("conformance", "", filepath.Join(".bin", "interplay"), "conformance", corpus)
}

// notebooks executes each notebook and compares its results, as one check each.
func (t *tally) notebooks() {
	files, err := filepath.Glob("notebooks/*.ipynb")
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there is no notebook in the folder notebooks")
	}
	if err != nil {
		t.check("notebooks", time.Now(), err)
		return
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".ipynb")
		began := time.Now()
		cmd := exec.Command(filepath.Join(".bin", "interplay"), "notebooks", "-profile", "smoke", "-seed", "1", "-only", name)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
		t.check("notebook "+name, began, cmd.Run())
	}
}

// slurm runs workers on a local Slurm and disturbs them, where Slurm's packages can be had;
// elsewhere it says why not.
func (t *tally) slurm() {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join("scripts", "cluster", "check.sh"))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it stops its daemons
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	said := strings.TrimSpace(string(out))
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 3 {
		t.skipped++
		fmt.Printf("- workers on a local Slurm %s\n", said[strings.LastIndex(said, "\n")+1:])
		return
	}
	t.check("workers on a local Slurm", began, err)
	if err != nil {
		fmt.Println(indent(said))
	}
}
