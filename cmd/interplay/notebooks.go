package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/engine"
	"interplay/pipeline"
)

// This verb executes notebooks from scratch and compares the results that they
// write with the committed ones. Numbers are compared, never pixels or output.

// notebooksFlags are the settings of interplay notebooks.
type notebooksFlags struct {
	profile, seed, only, dir string
	update, inPlace          bool
}

func notebooksCommand() *cobra.Command {
	var f notebooksFlags
	c := &cobra.Command{
		Use:   "notebooks [-profile smoke] [-only NAME] [-update]",
		Short: "executes the notebooks and compares results.json with the committed values",
		Long: `Executes notebooks from scratch and compares the results that they write with the
committed ones. Numbers are compared, never pixels or output.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return f.run() },
	}
	flags := c.Flags()
	flags.StringVar(&f.profile, "profile", os.Getenv("INTERPLAY_PROFILE"), "scale to run at (default: $INTERPLAY_PROFILE, else smoke)")
	flags.StringVar(&f.seed, "seed", os.Getenv("INTERPLAY_SEED"), "seed of every random choice (default: $INTERPLAY_SEED, else 1)")
	flags.StringVar(&f.only, "only", "", "execute only the notebook of this `name`, without .ipynb")
	flags.BoolVar(&f.update, "update", false, "write what the notebooks give to notebooks/expected instead of comparing with it")
	flags.BoolVar(&f.inPlace, "in-place", false, "write the executed notebooks over the notebooks, as the committed ones are made: without times")
	flags.StringVar(&f.dir, "dir", "", "folder of the notebooks (default: notebooks in the project)")
	complete(c, "profile", pipeline.Profiles()...)
	return c
}

func (f *notebooksFlags) run() error {
	root, err := engine.ProjectRoot()
	if err != nil {
		return fmt.Errorf("%w; run it in the project's folder", err)
	}
	run := notebookRun{root: root, dir: f.dir, build: filepath.Join(root, "build", "notebooks"), update: f.update, inPlace: f.inPlace}
	if run.dir == "" {
		run.dir = filepath.Join(root, "notebooks")
	}
	if run.profile, run.seed, err = notebookSettings(f.profile, f.seed); err != nil {
		return err
	}
	if err := isSetUp(root); err != nil {
		return err
	}
	names, err := notebookNames(run.dir, f.only)
	if err != nil {
		return err
	}
	unlock, err := run.lock()
	if err != nil {
		return err
	}
	defer unlock()
	failed := 0
	for _, name := range names {
		if err := run.notebook(name); err != nil {
			fmt.Printf("✗ %s: %v\n", name, err)
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d notebooks failed", failed, len(names))
	}
	return nil
}

// notebookSettings checks the two parameters that notebooks take from the environment.
func notebookSettings(profile, seed string) (string, int64, error) {
	if profile == "" {
		profile = "smoke"
	}
	if seed == "" {
		seed = "1"
	}
	n, err := strconv.ParseInt(seed, 10, 64)
	if err != nil {
		return "", 0, fmt.Errorf("the seed %q is no whole number; set INTERPLAY_SEED or SEED to one, such as 1", seed)
	}
	_, err = pipeline.ProfileByName(profile, n)
	return profile, n, err
}

// isSetUp says what to do where set-up has not run.
func isSetUp(root string) error {
	for _, name := range []string{".venv/.stamp", ".venv/share/jupyter/kernels/gonb/kernel.json", ".bin/gonb"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			return fmt.Errorf("the environment of %s is not set up: %s is missing; run `make setup` there", root, name)
		}
	}
	return nil
}

func notebookNames(dir, only string) ([]string, error) {
	files, err := filesNamed(dir, ".ipynb")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".ipynb"))
	}
	if only == "" && len(names) > 0 {
		return names, nil
	}
	if slices.Contains(names, only) {
		return []string{only}, nil
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no notebook NAME.ipynb in %s", dir)
	}
	return nil, fmt.Errorf("no notebook %q in %s; there are: %s", only, dir, strings.Join(names, ", "))
}

// notebookRun is one call of the verb.
type notebookRun struct {
	root, dir, build string // project, folder of the notebooks, folder of what is made from them
	profile          string
	seed             int64
	update, inPlace  bool
}

// lock makes one call of the verb at a time write to the build folder.
func (r notebookRun) lock() (unlock func() error, err error) {
	if err := os.MkdirAll(r.build, 0o755); err != nil {
		return nil, fmt.Errorf("the folder of executed notebooks cannot be made: %w; make the project's folder writable", err)
	}
	f, err := os.OpenFile(filepath.Join(r.build, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the folder of executed notebooks cannot be written: %w; make it writable", err)
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		return f.Close, nil
	}
	fmt.Println("· another `interplay notebooks` is at work in this project; waiting for it")
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("waiting for another `interplay notebooks`: %w; run it again", err)
	}
	return f.Close, nil
}

// notebook executes one notebook, says where its parts are and compares its results.
func (r notebookRun) notebook(name string) error {
	fmt.Printf("· %s (profile %s, seed %d)\n", name, r.profile, r.seed)
	began := time.Now()
	// What an earlier execution left would pass for the result of this one.
	for _, old := range []string{name, name + "_files", name + ".ipynb", name + ".html"} {
		if err := os.RemoveAll(filepath.Join(r.build, old)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(r.build, name), 0o755); err != nil {
		return err
	}
	executed, err := r.execute(name)
	if err != nil {
		return errors.Join(err, os.RemoveAll(filepath.Join(r.build, name)))
	}
	figures, err := extractFigures(executed, filepath.Join(r.build, name+"_files"))
	if err != nil {
		return err
	}
	resultsFile := filepath.Join(r.build, name, "results.json")
	found, err := readResults(resultsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("it ran, but wrote no %s", resultsFile)
	} else if err != nil {
		return err
	}
	fmt.Printf("  executed in %s\n", time.Since(began).Round(time.Second))
	fmt.Printf("  notebook  %s\n  page      %s\n", executed, filepath.Join(r.build, name+".html"))
	fmt.Printf("  figures   %s (%d PNG)\n  results   %s (%d values)\n", filepath.Join(r.build, name+"_files"), figures, resultsFile, len(found.Numbers))
	if r.inPlace {
		if err := keepOutputs(executed, filepath.Join(r.dir, name+".ipynb")); err != nil {
			return err
		}
	}
	return r.judge(name, found)
}

// keepOutputs writes an executed notebook over its source, without the times of its
// execution, so that the same outputs give the same file.
func keepOutputs(executed, source string) error {
	text, err := os.ReadFile(executed)
	if err != nil {
		return err
	}
	var notebook map[string]any
	if err := json.Unmarshal(text, &notebook); err != nil {
		return fmt.Errorf("%s: %w", executed, err)
	}
	cells, _ := notebook["cells"].([]any)
	for _, c := range cells {
		if cell, ok := c.(map[string]any); ok {
			cell["metadata"] = map[string]any{}
		}
	}
	return durable.Write(source, func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetIndent("", " ")
		out.SetEscapeHTML(false)
		return out.Encode(notebook)
	})
}

// judge compares the results with the committed ones, or commits them.
func (r notebookRun) judge(name string, found *results) error {
	file := filepath.Join(r.dir, "expected", name+"."+r.profile+".json")
	if r.update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := durable.WriteJSON(file, found); err != nil {
			return err
		}
		fmt.Printf("✓ %s: %d values written to %s\n", name, len(found.Numbers), file)
		return nil
	}
	expected, err := readResults(file)
	if errors.Is(err, fs.ErrNotExist) && r.profile != "smoke" {
		fmt.Printf("✓ %s: executed; no values are committed for profile %s, so nothing is compared\n", name, r.profile)
		return nil
	} else if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no values to compare with: %s is missing; look at the results, then write it with `interplay notebooks -only %s -update`", file, name)
	} else if err != nil {
		return err
	}
	if expected.Seed != found.Seed {
		fmt.Printf("✓ %s: executed; the committed values are of seed %d, so nothing is compared\n", name, expected.Seed)
		return nil
	}
	if differences := compare(expected, found); len(differences) > 0 {
		return fmt.Errorf("its results differ from %s\n    %s", file, strings.Join(differences, "\n    "))
	}
	fmt.Printf("✓ %s: all %d values within their tolerances\n", name, len(found.Numbers))
	return nil
}

// execute runs the notebook with nbconvert and returns where the executed one is.
// It and its page appear under their names only when every cell succeeded.
func (r notebookRun) execute(name string) (string, error) {
	tmp := filepath.Join(r.build, "."+name+".executing")
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := r.nbconvert("--to", "notebook", "--execute", "--config", filepath.Join(r.root, "scripts", "nbconvert_config.py"),
		"--output-dir", tmp, filepath.Join(r.dir, name+".ipynb")); err != nil {
		return "", err
	}
	if err := r.nbconvert("--to", "html", "--output-dir", tmp, filepath.Join(tmp, name+".ipynb")); err != nil {
		return "", err
	}
	for _, suffix := range []string{".html", ".ipynb"} {
		if err := os.Rename(filepath.Join(tmp, name+suffix), filepath.Join(r.build, name+suffix)); err != nil {
			return "", err
		}
	}
	return filepath.Join(r.build, name+".ipynb"), nil
}

func (r notebookRun) nbconvert(args ...string) error {
	args = append([]string{filepath.Join(r.root, "scripts", "in-project.sh"), filepath.Join(r.root, ".venv", "bin", "python"),
		"-m", "nbconvert", "--log-level=WARN"}, args...)
	cmd := exec.Command("bash", args...)
	cmd.Env = append(os.Environ(),
		"INTERPLAY_PROFILE="+r.profile,
		"INTERPLAY_SEED="+strconv.FormatInt(r.seed, 10),
		"INTERPLAY_RESULTS="+r.build)
	cmd.Stdout = os.Stdout
	// nbconvert ends with this process, even when that is killed, and its kernel ends
	// with it (scripts/kernel.sh). The signal is tied to the thread that starts it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var said strings.Builder
	cmd.Stderr = &said
	err := cmd.Run()
	if err == nil {
		return nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return fmt.Errorf("nbconvert was ended by a signal (%w); run it again, finished stages are reused", err)
	}
	return errors.New(cellError(said.String()))
}
