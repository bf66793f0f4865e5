package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/strict"
	"interplay/kernelkit/train"
)

// Fault is something in a run store that is not as it was left, and what to do about it.
type Fault struct {
	Path string // inside the store
	What string
	Do   string
}

func (f Fault) String() string { return fmt.Sprintf("%s: %s: %s", f.Path, f.What, f.Do) }

// Check reads the whole store: every file of every finished stage against its seal, every
// address against its recipe, every checkpoint of an unfinished stage. It changes nothing.
// stages is how many finished ones there are.
func (st *Store) Check() (stages int, faults []Fault, err error) {
	entries, err := os.ReadDir(st.Root)
	if err != nil {
		return 0, nil, err
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == workingDir:
			more, err := st.checkWorking()
			if err != nil {
				return stages, faults, err
			}
			faults = append(faults, more...)
		case name == "store.json" || name == damagedDir || strings.HasPrefix(name, "."):
		case e.IsDir() && stageFolder.MatchString(name):
			stages++
			faults = append(faults, st.checkStage(name)...)
		default:
			faults = append(faults, Fault{name, "is none of the store's", "nothing reads it; delete it if you do not need it"})
		}
	}
	return stages, faults, nil
}

// checkStage checks a finished stage.
func (st *Store) checkStage(name string) []Fault {
	dir := filepath.Join(st.Root, name)
	again := "delete this folder; the next run that needs it computes it again"
	if err := CheckSealed(dir); err != nil {
		what := err.Error()
		if d := (*damaged)(nil); errors.As(err, &d) {
			what = d.what
		}
		return []Fault{{name, what, again}}
	}
	done, err := readSeal(dir)
	if err != nil {
		return []Fault{{name, err.Error(), again}}
	}
	var faults []Fault
	s, err := st.Find(name)
	switch {
	case errors.Is(err, fs.ErrNotExist): // an input was deleted, so that the address cannot be recomputed
	case err != nil:
		faults = append(faults, Fault{name, err.Error(), again})
	case s.Address() != done.Address:
		faults = append(faults, Fault{name, fmt.Sprintf("its recipe has the address %.12s", s.Address()), again})
	}
	files, logs, err := digestFiles(dir)
	if err != nil {
		return append(faults, Fault{name, err.Error(), "make it readable"})
	}
	for _, file := range append(sortedKeys(files), sortedKeys(logs)...) {
		if done.Files[file] == "" && done.Logs[file] == "" {
			faults = append(faults, Fault{filepath.Join(name, file), "was put there after the stage was finished", "nothing reads it; delete it if you do not need it"})
		}
	}
	return faults
}

// checkWorking checks the checkpoints of stages that are not finished.
func (st *Store) checkWorking() (faults []Fault, err error) {
	works, err := filepath.Glob(filepath.Join(escapeGlob(st.Root), workingDir, "*", "*", WorkDir))
	if err != nil {
		return nil, err
	}
	for _, work := range works {
		bad, err := train.CheckFolder(work)
		if err != nil {
			return nil, err
		}
		for _, folder := range sortedKeys(bad) {
			faults = append(faults, Fault{st.relative(folder), bad[folder].Error(), "nothing: the stage goes on from an earlier one"})
		}
		altered, err := evaluate.CheckFolder(work)
		if err != nil {
			faults = append(faults, Fault{st.relative(work), err.Error(), "nothing: the stage begins again"})
		}
		for _, file := range altered {
			faults = append(faults, Fault{st.relative(filepath.Join(work, file)), "was altered", "nothing: the stage samples this part again"})
		}
	}
	return faults, nil
}

// relative is a path as seen from the store's root.
func (st *Store) relative(path string) string {
	return strings.TrimPrefix(path, st.Root+string(filepath.Separator))
}

// escapeGlob makes a path a pattern that matches itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// Find reads back what a stage of the store is: by its folder's name or its beginning, or by
// the first letters of its address. The stage can be compared (Why), not run. The error is
// fs.ErrNotExist when there is none, also for one of its inputs.
func (st *Store) Find(name string) (*Stage, error) {
	folder, err := st.folder(name)
	if err != nil {
		return nil, err
	}
	text, err := strict.ReadFile(filepath.Join(folder, stageFile), 64<<20)
	if err != nil {
		return nil, err
	}
	var about struct {
		Kind     string
		Format   int
		Label    string
		Recipe   json.RawMessage
		Contents string
		Inputs   []string
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return nil, fmt.Errorf("%s is not readable: %w", filepath.Join(folder, stageFile), strict.Plain(err))
	}
	s := &Stage{Kind: about.Kind, Format: about.Format, Label: about.Label, Recipe: about.Recipe, Contents: about.Contents}
	s.Work = func(*Job) error {
		return fmt.Errorf("%s was read back from the store, and cannot be computed from that", folder)
	}
	for _, input := range about.Inputs {
		in, err := st.Find(input)
		if err != nil {
			return nil, fmt.Errorf("the input %s of %s: %w", input, name, err)
		}
		s.Inputs = append(s.Inputs, in)
	}
	return s, nil
}

// folder finds a stage's folder, finished or not, by its name or its beginning, or by the first letters of its address.
func (st *Store) folder(name string) (string, error) {
	var found []string
	for _, in := range []string{".", workingDir} {
		entries, err := os.ReadDir(filepath.Join(st.Root, in))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		for _, e := range entries {
			_, address, _ := strings.Cut(e.Name(), "-")
			begins := len(name) >= 4 && (strings.HasPrefix(address, name) || strings.Contains(name, "-") && strings.HasPrefix(e.Name(), name))
			if !stageFolder.MatchString(e.Name()) || e.Name() != name && !begins {
				continue
			}
			if !slices.Contains(found, e.Name()) {
				found = append(found, e.Name())
			}
		}
	}
	if len(found) > 1 {
		return "", fmt.Errorf("%q may be %s: give more of it", name, strings.Join(found, " or "))
	}
	if len(found) == 0 {
		return "", fmt.Errorf("there is no stage %q in %s: %w", name, st.Root, fs.ErrNotExist)
	}
	if dir := filepath.Join(st.Root, found[0]); exists(filepath.Join(dir, stageFile)) {
		return dir, nil
	}
	held, err := filepath.Glob(filepath.Join(escapeGlob(st.Root), workingDir, found[0], "*", stageFile))
	if err != nil || len(held) == 0 {
		return "", fmt.Errorf("the stage %s has not begun: %w", found[0], fs.ErrNotExist)
	}
	return filepath.Dir(held[0]), nil
}
