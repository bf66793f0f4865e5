package evaluate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/strict"
)

// done is job.json: which job a folder is of, and the digests of its files that are finished.
// A file counts when it is the one that was written; what was altered since is sampled again.
type done struct {
	Format int               `json:"format"`
	Job    json.RawMessage   `json:"job"`    // Job.identity
	Files  map[string]string `json:"files"`  // SHA-256 by name
	Digest string            `json:"digest"` // SHA-256 of all of the above, as JSON

	dir    string
	damage string // what was found altered
}

const doneFormat = 2 // 1 had no digests

var errAltered = errors.New("is torn or altered")

func (d done) digest() string {
	d.Digest = ""
	text, err := json.Marshal(d)
	if err != nil {
		return "" // the job's JSON is not: no file has this digest
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// is says whether a file is the one that was written, to the letter.
func (d *done) is(file []byte) bool {
	text, err := json.Marshal(d)
	return err == nil && bytes.Equal(append(text, '\n'), file)
}

func (d *done) write() error {
	d.Digest = d.digest()
	text, err := json.Marshal(d)
	if err == nil {
		err = durable.WriteFile(filepath.Join(d.dir, jobFile), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	return nil
}

// readDone reads job.json of a folder; the error is errAltered when it is not what was written.
func readDone(dir string) (*done, error) {
	path := filepath.Join(dir, jobFile)
	text, err := strict.ReadFile(path, 64<<20)
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	d := &done{dir: dir}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("evaluate: %s %w (%v)", path, errAltered, strict.Plain(err))
	}
	switch {
	case d.Format == 1: // without digests: what it holds cannot be checked
		return nil, fmt.Errorf("evaluate: %s is of an earlier version (format 1, expected %d): give another folder, or remove this one", path, doneFormat)
	case d.Digest != d.digest() || !d.is(text):
		return nil, fmt.Errorf("evaluate: %s %w: its digest does not fit", path, errAltered)
	case d.Format != doneFormat:
		return nil, fmt.Errorf("evaluate: %s is of another version (format %d, expected %d): give another folder, or remove this one", path, d.Format, doneFormat)
	}
	return d, nil
}

// has says whether a file is finished.
func (d *done) has(path string) bool { return d.Files[filepath.Base(path)] != "" }

// add writes a file and notes that it is finished.
func (d *done) add(path string, write func(path string) error) error {
	if err := write(path); err != nil {
		return err
	}
	digest, err := strict.Digest(path)
	if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	if d.Files == nil {
		d.Files = map[string]string{}
	}
	d.Files[filepath.Base(path)] = digest
	return d.write()
}

// altered are the files that are not what was written. Parts that are missing beside the
// finished whole were removed on purpose.
func (d *done) altered() (names []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(d.Files)) {
		got, err := strict.Digest(filepath.Join(d.dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != SamplesFile && d.Files[SamplesFile] != "":
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("evaluate: %w", err)
		case got != d.Files[name]:
			names = append(names, name)
		}
	}
	return names, nil
}

// drop takes what was altered, or went with it, out of what is finished.
func (d *done) drop() error {
	names, err := d.altered()
	if err != nil || len(names) == 0 {
		return err
	}
	if slices.Contains(names, SamplesFile) { // its parts may be gone
		for name := range d.Files {
			if _, err := os.Stat(filepath.Join(d.dir, name)); err != nil {
				delete(d.Files, name)
			}
		}
	}
	for _, name := range names {
		delete(d.Files, name)
	}
	d.damage = fmt.Sprintf("%s in %s: %v; sampled again", strings.Join(names, ", "), d.dir, errAltered)
	return d.write()
}

// CheckFolder names the files of a job's folder that are not what was written. Going on with
// the job repairs them. A folder that is no job's has none.
func CheckFolder(dir string) ([]string, error) {
	d, err := readDone(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return d.altered()
}
