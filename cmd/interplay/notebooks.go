package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/strict"
	"interplay/pipeline"
)

// This verb executes notebooks from scratch and compares the results that they
// write with the committed ones. Numbers are compared, never pixels or output.

// notebooksFlags are the settings of interplay notebooks.
type notebooksFlags struct {
	profile, only, dir, out, junit string
	seed                           int64
	update, inPlace                bool
	profileGiven                   bool // by -profile, and not by the environment
}

func notebooksCommand() *cobra.Command {
	var f notebooksFlags
	c := &cobra.Command{
		Use:   "notebooks [-profile smoke] [-only NAME] [-dir FOLDER] [-junit FILE] [-update]",
		Short: "executes notebooks and compares their results with the committed values",
		Long: `Executes notebooks from scratch and compares the numbers that they report with those
that are committed; never pixels, never text.

Without -dir these are the project's notebooks, and what is made from them goes to
build/notebooks. With -dir FOLDER they are yours: FOLDER/*.ipynb, and everything goes to
FOLDER/build (-out names another folder): the executed notebook, its HTML page, its
figures, its results.json. ` + "`interplay new NAME`" + ` writes such a notebook.

A notebook can be compared when it writes NAME/results.json, NAME being its own, into the
folder that the environment variable INTERPLAY_RESULTS names. Report of package kernelkit
does that. The file to compare with is FOLDER/expected/NAME.PROFILE.json; -update writes it
from the results that were found, each with its tolerance. docs/notebooks.md says more.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			seed := &f.seed
			if !c.Flags().Changed("seed") {
				seed = nil
			}
			f.profileGiven = c.Flags().Changed("profile")
			return f.run(c.Context(), seed)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.profile, "profile", envOr("INTERPLAY_PROFILE", "smoke"), "scale to run at: "+strings.Join(pipeline.Profiles(), ", "))
	seedFlagOr(flags, &f.seed, "seed", "$INTERPLAY_SEED, else 1", "seed of every random choice")
	flags.StringVar(&f.only, "only", "", "execute only the notebook of this `name`, without .ipynb")
	flags.StringVar(&f.dir, "dir", "", "`folder` of the notebooks (default: notebooks in the project)")
	flags.StringVar(&f.out, "out", "", "`folder` for what is made from them")
	flags.StringVar(&f.junit, "junit", "", "write what passed and what failed to this `file`, in JUnit's XML, which code hosts show")
	flags.BoolVar(&f.update, "update", false, "write what the notebooks give to the folder expected instead of comparing with it")
	flags.BoolVar(&f.inPlace, "in-place", false, "write the executed notebooks over the notebooks, as the committed ones are made: without times")
	complete(c, "profile", pipeline.Profiles()...)
	return c
}

func (f *notebooksFlags) run(ctx context.Context, seed *int64) error {
	root, err := engine.ProjectRoot()
	if err != nil {
		return fmt.Errorf("%w; run it in the project's folder", err)
	}
	run := notebookRun{root: root, update: f.update, inPlace: f.inPlace}
	if run.profile, run.seed, err = notebookSettings(f.profile, seed, os.Getenv("INTERPLAY_SEED")); err != nil {
		return asUsage(profileFrom(err, f.profileGiven))
	}
	if run.dir, run.build, err = notebookFolders(root, f.dir, f.out); err != nil {
		return err
	}
	names, err := notebookNames(run.dir, f.only)
	if err != nil {
		return err
	}
	if err := isSetUp(root); err != nil {
		return err
	}
	var done []notebookOutcome
	for _, name := range names {
		began := time.Now()
		err := run.notebook(ctx, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		o := notebookOutcome{name: name, file: filepath.Join(run.dir, name+".ipynb"), took: time.Since(began), err: err}
		o.report()
		done = append(done, o)
	}
	if f.junit != "" {
		if err := writeJUnit(f.junit, done); err != nil {
			return err
		}
	}
	if failed := failures(done); failed > 0 {
		return fmt.Errorf("%d of %d notebooks failed", failed, len(names))
	}
	return nil
}

// notebookFolders are where the notebooks are and where what is made from them goes: the
// build folder of the project for its own, one beside them for those of others, which may
// have the same names.
func notebookFolders(root, dir, out string) (notebooks, build string, err error) {
	notebooks, build = filepath.Join(root, "notebooks"), filepath.Join(root, "build", "notebooks")
	if dir != "" {
		if notebooks, err = filepath.Abs(dir); err != nil {
			return "", "", err
		}
	}
	info, err := os.Stat(notebooks)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", usagef("expected a folder of notebooks, found no folder %s; check -dir", notebooks)
	case err != nil:
		return "", "", err
	case !info.IsDir():
		return "", "", usagef("expected a folder of notebooks, found the file %s; check -dir", dir)
	case out != "":
		build, err = filepath.Abs(out)
		return notebooks, build, err
	}
	own, err := os.Stat(filepath.Join(root, "notebooks"))
	if err == nil && os.SameFile(info, own) {
		return notebooks, build, nil
	}
	if info.Mode().Perm()&0o200 == 0 { // read-only, also for those who may write anywhere
		sum := sha256.Sum256([]byte(notebooks))
		return notebooks, filepath.Join(root, "build", "elsewhere", fmt.Sprintf("%s-%x", filepath.Base(notebooks), sum[:4])), nil
	}
	return notebooks, filepath.Join(notebooks, "build"), nil
}

// notebookSettings checks the two parameters that notebooks take from the environment.
// A seed that the command line names comes before that of the environment.
func notebookSettings(profile string, seed *int64, environment string) (string, int64, error) {
	n := int64(1)
	switch {
	case seed != nil:
		n = *seed
	case environment != "":
		var err error
		if n, err = strconv.ParseInt(environment, 10, 64); err != nil || n < -maxSeed || n > maxSeed {
			return "", 0, fmt.Errorf("the seed %q is no whole number from %s to %s; set INTERPLAY_SEED or SEED to one, such as 1",
				environment, brief[int64](-maxSeed), brief[int64](maxSeed))
		}
	}
	_, err := pipeline.ProfileByName(profile, n)
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

// lock makes one call of the verb at a time execute a notebook; others may be executed meanwhile.
func (r notebookRun) lock(ctx context.Context, name string) (unlock func() error, err error) {
	if err := os.MkdirAll(r.build, 0o755); err != nil {
		return nil, fmt.Errorf("the folder of executed notebooks cannot be made: %w; make its folder writable, or name another with -out", err)
	}
	f, err := os.OpenFile(filepath.Join(r.build, "."+name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the folder of executed notebooks cannot be written: %w; make it writable", err)
	}
	for said := false; syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil; said = true {
		if !said {
			fmt.Printf("· another `interplay notebooks` executes %s in %s; waiting for it\n", name, r.build)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(200 * time.Millisecond):
		}
	}
	return f.Close, nil
}

// notebook executes one notebook, says where its parts are and compares its results.
func (r notebookRun) notebook(ctx context.Context, name string) error {
	unlock, err := r.lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
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
	executed, err := r.execute(ctx, name)
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
		return fmt.Errorf("it ran, but wrote no %s: end it with a Report of package kernelkit, opened with this name (docs/notebooks.md)", resultsFile)
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
// execution, so that the same outputs give the same file. What else its cells say of
// themselves, such as tags, stays.
func keepOutputs(executed, source string) error {
	text, err := strict.ReadFile(executed, 1<<30)
	if err != nil {
		return err
	}
	var notebook map[string]any
	if err := json.Unmarshal(text, &notebook); err != nil {
		return fmt.Errorf("%s: %w", executed, err)
	}
	cells, _ := notebook["cells"].([]any)
	for _, c := range cells {
		cell, _ := c.(map[string]any)
		if metadata, ok := cell["metadata"].(map[string]any); ok {
			delete(metadata, "execution")
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
		return fmt.Errorf("no values to compare with: %s is missing; look at the results, then write it with `%s`", file, r.updateCommand(name))
	} else if err != nil {
		return err
	}
	if expected.Seed != found.Seed {
		fmt.Printf("✓ %s: executed; the committed values are of seed %d, so nothing is compared\n", name, expected.Seed)
		return nil
	}
	if differences := compare(expected, found); len(differences) > 0 {
		return fmt.Errorf("its results differ from %s\n    %s\n    if you changed the notebook and its new results are right, write them with `%s`", file, strings.Join(differences, "\n    "), r.updateCommand(name))
	}
	fmt.Printf("✓ %s: all %d values within their tolerances\n", name, len(found.Numbers))
	return nil
}

// updateCommand is what commits the results of a notebook.
func (r notebookRun) updateCommand(name string) string {
	command := "interplay notebooks"
	if r.dir != filepath.Join(r.root, "notebooks") {
		command += fmt.Sprintf(" -dir %q", r.dir)
	}
	return fmt.Sprintf("%s -only %q -update", command, name)
}
