package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/strict"
)

// A finished stage is sealed: done.json has the SHA-256 of every file beside it, the
// stage's address, and a digest of itself. Whoever reads a result checks the seal first,
// so that a changed bit, a lost file or a folder in another's place is named and never
// used.
const (
	doneFile  = "done.json"
	stageFile = "stage.json"
)

// ErrDamaged says that a finished stage is not what it was sealed as.
var ErrDamaged = errors.New("damaged")

// Done is what a finished stage leaves in done.json.
type Done struct {
	Address  string            `json:"address"`
	Finished time.Time         `json:"finished"`
	Seconds  float64           `json:"seconds"` // wall time of all its runs, interrupted ones included
	Spent    Spent             `json:"spent"`
	Backend  string            `json:"backend,omitempty"`
	Files    map[string]string `json:"files"` // SHA-256 of each file of the result
	Logs     map[string]string `json:"logs"`  // and of those beside it that differ between equal runs: times, names
	Seal     string            `json:"seal"`  // SHA-256 of this file without this field
}

// text is the file, with the seal put in.
func (d Done) text() ([]byte, error) {
	d.Seal = ""
	bare, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bare)
	d.Seal = hex.EncodeToString(sum[:])
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

// seal writes done.json over the files of a stage's folder.
func seal(dir string, d Done) error {
	if err := os.Remove(filepath.Join(dir, "seconds.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var err error
	if d.Files, d.Logs, err = digestFiles(dir); err != nil {
		return err
	}
	text, err := d.text()
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, doneFile), text)
}

// readSeal reads done.json of a folder and checks it against itself, not the files that
// it names. The error is fs.ErrNotExist when there is none, else it wraps ErrDamaged.
func readSeal(dir string) (*Done, error) {
	text, err := strict.ReadFile(filepath.Join(dir, doneFile), 64<<20)
	if err != nil {
		return nil, err
	}
	var d Done
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, damage(dir, "%s is not readable (%v)", doneFile, strict.Plain(err))
	}
	if want, err := d.text(); err != nil || !bytes.Equal(want, text) {
		return nil, damage(dir, "%s was altered after the stage was finished, or is of an earlier version", doneFile)
	}
	return &d, nil
}

// damaged names what is wrong with a folder. It is ErrDamaged.
type damaged struct{ dir, what string }

func (d *damaged) Error() string   { return d.dir + " is damaged: " + d.what }
func (d *damaged) Is(e error) bool { return e == ErrDamaged }

func damage(dir, format string, args ...any) error {
	return &damaged{dir, fmt.Sprintf(format, args...)}
}

// checkFiles compares a sealed folder with its seal.
func (d *Done) checkFiles(dir string) error {
	for _, files := range []map[string]string{d.Files, d.Logs} {
		for _, name := range sortedKeys(files) {
			if !filepath.IsLocal(name) {
				return damage(dir, "%s names the file %q outside the folder", doneFile, name)
			}
			got, err := strict.Digest(filepath.Join(dir, name))
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return damage(dir, "it lacks the file %s that it was finished with", name)
			case err != nil:
				return fmt.Errorf("%s cannot be read: %w", filepath.Join(dir, name), err)
			case got != files[name]:
				return damage(dir, "%s was altered after the stage was finished (SHA-256 %.12s…, expected %.12s…)", name, got, files[name])
			}
		}
	}
	return nil
}

// Done reads the seal of a finished stage and checks every file against it. The error is
// fs.ErrNotExist when the stage is not finished; it wraps ErrDamaged, and names the file,
// when the result is not what it was sealed as.
func (st *Store) Done(s *Stage) (*Done, error) {
	dir := st.Dir(s)
	done, err := readSeal(dir)
	if err == nil && done.Address != s.Address() {
		err = damage(dir, "%s is of another stage (%.12s…)", doneFile, done.Address)
	}
	if err == nil {
		err = done.checkFiles(dir)
	}
	if errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%s: %w: run it again to compute it again, or delete that folder", s.Label, err)
	}
	if err != nil {
		return nil, err
	}
	return done, nil
}

// stageFolder is the form of a stage's folder in a store.
var stageFolder = regexp.MustCompile(`^[a-z]+-[0-9a-f]{12}$`)

// CheckSealed checks the finished stage in a folder, wherever it came from; nil where the
// folder is no stage's. A folder of a store that has no seal is an error: its stage is
// not finished.
func CheckSealed(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	name := filepath.Base(dir)
	_, inStore := os.Stat(filepath.Join(filepath.Dir(dir), "store.json"))
	done, err := readSeal(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && inStore == nil && stageFolder.MatchString(name):
		return fmt.Errorf("%s has no %s: its stage is not finished, or was imported by an earlier version; run or import it again", dir, doneFile)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return whatToDo(err)
	}
	if stageFolder.MatchString(name) && !strings.HasSuffix(name, "-"+fmt.Sprintf("%.12s", done.Address)) {
		return whatToDo(damage(dir, "%s is of another stage (%.12s…)", doneFile, done.Address))
	}
	return whatToDo(done.checkFiles(dir))
}

// CheckModel checks the stage that a folder of a model's files belongs to, if it is one's.
func CheckModel(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if name := filepath.Base(dir); name != ModelDir && !strings.HasPrefix(name, ModelDir+"-") {
		return nil
	}
	return CheckSealed(filepath.Dir(dir))
}

func whatToDo(err error) error {
	if errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w: delete that folder, then run or import it again", err)
	}
	return err
}

// damagedDir is where a store keeps damaged folders, for who wants to look.
const damagedDir = "damaged"

// setAside moves a damaged folder out of the way, so that its stage is computed again. The
// caller holds the stage's lease.
func (st *Store) setAside(name string, cause error) error {
	kept := filepath.Join(damagedDir, fmt.Sprintf("%s-%s", name, time.Now().UTC().Format("20060102T150405.000000")))
	if err := os.MkdirAll(filepath.Join(st.Root, damagedDir), 0o755); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(st.Root, name), filepath.Join(st.Root, kept)); err != nil {
		return fmt.Errorf("%w; it cannot be moved out of the way: %v", cause, err)
	}
	what := cause.Error()
	if d := (*damaged)(nil); errors.As(cause, &d) {
		what = d.what
	}
	st.mu.Lock()
	st.healed = append(st.healed, fmt.Sprintf("%s, %s", name, what))
	st.mu.Unlock()
	st.log("%s is damaged: %s; it is kept as %s and computed again", name, what, kept)
	return nil
}

// takeHealed returns what was damaged and is computed again since it was last asked.
func (st *Store) takeHealed() []string { return st.take(&st.healed) }

// takeNotes returns what stages said of their results since it was last asked.
func (st *Store) takeNotes() []string { return st.take(&st.notes) }

// take empties a list of the store's.
func (st *Store) take(list *[]string) []string {
	st.mu.Lock()
	defer st.mu.Unlock()
	taken := *list
	*list = nil
	return taken
}

// healInput sets a damaged input aside, unless another process computes it already.
func (st *Store) healInput(ctx context.Context, in *Stage) error {
	l, err := st.claim(ctx, in.Folder())
	if errors.Is(err, errHeld) {
		return nil
	} else if err != nil {
		return explainWrite(in.Label, st.Root, err)
	}
	defer l.abandon()
	if _, err := st.Done(in); errors.Is(err, ErrDamaged) {
		return st.setAside(in.Folder(), err)
	}
	return nil
}

// varies says that a file differs between equal runs.
func varies(name string) bool {
	return name == stageFile || strings.HasSuffix(name, "metrics.jsonl") || strings.Contains(name, "tfevents")
}

// digestFiles are the SHA-256 of a stage's files: of its result, and of what differs
// between equal runs.
func digestFiles(dir string) (files, logs map[string]string, err error) {
	files, logs = map[string]string{}, map[string]string{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == WorkDir {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == doneFile || strings.Contains(name, ".tmp") {
			return err
		}
		digest, err := strict.Digest(path)
		if varies(name) {
			logs[name] = digest
		} else {
			files[name] = digest
		}
		return err
	})
	return files, logs, err
}
