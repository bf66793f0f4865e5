// Package corpus writes and reads files of problems, as JSON lines or Parquet,
// each with a manifest. Files are streamed: memory does not grow with their
// length. A file appears whole or not at all.
package corpus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"interplay/kernelkit/gsm"
)

// Options of Write. The zero value writes nothing: Count is 0.
type Options struct {
	First, Count uint64 // problems First … First+Count−1 of the source
	Workers      int    // goroutines that draw and encode; 0: one a CPU. The bytes do not depend on it.
	Force        bool   // replace an existing file

	Progress func(done uint64) // told now and then how many problems are drawn, one call at a time; may be nil
}

// chunkSize is how many problems a worker takes at a time, and the length of a
// Parquet row group: it is part of the format, and bounds memory.
const chunkSize = 1024

// chunk is a run of problems on its way to the file.
type chunk struct {
	problems  []*gsm.Problem
	lines     []byte // the problems as JSON lines
	histogram histogram
	rows      *rowGroup // Parquet only
	err       error
}

// Write draws problems from a source and writes them to path, whose ending
// chooses the format: .jsonl or .parquet. It returns the manifest, which it has
// written beside the file. On any error, and when ctx ends, nothing is left behind.
func Write(ctx context.Context, path string, source *gsm.Source, o Options) (*Manifest, error) {
	format, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	out, err := createAtomic(path, o.Force)
	if err != nil {
		return nil, err
	}
	defer out.discard()

	m := &Manifest{Spec: source.Spec(), SpecDigest: source.Spec().Digest(), Split: source.Split(), Seed: source.Seed(), First: o.First}
	if err := stream(ctx, format(out.file), source, o, m); err != nil {
		return nil, out.explain(err)
	}
	if err := out.publish(m); err != nil {
		return nil, out.explain(err)
	}
	return m, nil
}

// formatOf chooses the encoder by the ending of a file name.
func formatOf(path string) (func(io.Writer) encoder, error) {
	switch filepath.Ext(path) {
	case ".jsonl":
		return func(w io.Writer) encoder { return jsonLines{w} }, nil
	case ".parquet":
		return func(w io.Writer) encoder { return newParquetWriter(w) }, nil
	}
	return nil, fmt.Errorf("%s: the name must end in .jsonl or .parquet, which chooses the format", path)
}

// encoder turns chunks into the bytes of a file. encode runs in the workers, on
// any chunk in any order; commit gets the chunks in order.
type encoder interface {
	encode(*chunk) error
	commit(*chunk) error
	close() error
}

type jsonLines struct{ w io.Writer }

func (jsonLines) encode(*chunk) error     { return nil }
func (j jsonLines) commit(c *chunk) error { _, err := j.w.Write(c.lines); return err }
func (jsonLines) close() error            { return nil }

// job is a run of problems to draw; done gets the chunk.
type job struct {
	first, count uint64
	done         chan *chunk
}

// stream runs the workers and commits their chunks in order. At most two chunks
// more than there are workers exist at a time, which bounds memory.
func stream(ctx context.Context, enc encoder, source *gsm.Source, o Options, m *Manifest) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs := make(chan job)
	queue := make(chan chan *chunk, o.Workers+1)
	free := make(chan *chunk, o.Workers+2)
	drawn := &counter{tell: o.Progress}
	for range o.Workers {
		workers.Go(func() {
			for j := range jobs {
				var c *chunk
				select {
				case c = <-free:
				default:
					c = &chunk{histogram: histogram{}}
				}
				if c.err = c.draw(ctx, source, j, drawn); c.err == nil {
					c.err = enc.encode(c)
				}
				j.done <- c
			}
		})
	}
	workers.Go(func() {
		defer close(queue)
		defer close(jobs)
		for at := uint64(0); at < o.Count; at += chunkSize {
			j := job{o.First + at, min(chunkSize, o.Count-at), make(chan *chunk, 1)}
			select {
			case queue <- j.done:
			case <-ctx.Done():
				return
			}
			select {
			case jobs <- j:
			case <-ctx.Done():
				j.done <- &chunk{err: ctx.Err()}
				return
			}
		}
	})
	return commitAll(ctx, enc, queue, free, m)
}

// commitAll writes the chunks in order and sums up the manifest.
func commitAll(ctx context.Context, enc encoder, queue <-chan chan *chunk, free chan<- *chunk, m *Manifest) error {
	sum := sha256.New()
	cells := histogram{}
	for next := range queue {
		c := <-next
		if c.err != nil {
			return c.err
		}
		if err := enc.commit(c); err != nil {
			return err
		}
		sum.Write(c.lines)
		for cell, t := range c.histogram {
			cells.add(cell, t)
		}
		select {
		case free <- c:
		default:
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.Cells, m.Tally = cells.list()
	m.Digest = digest(sum)
	return enc.close()
}

func digest(sum hash.Hash) ContentDigest { return ContentDigest(hex.EncodeToString(sum.Sum(nil))) }

// draw fills the chunk with the problems of a job, reusing its memory. It stops
// when ctx ends: rare kinds of problems can take long to find.
func (c *chunk) draw(ctx context.Context, source *gsm.Source, j job, drawn *counter) error {
	c.problems, c.lines = c.problems[:0], c.lines[:0]
	clear(c.histogram)
	told := uint64(0)
	for i := range j.count {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := source.At(j.first + i)
		c.histogram.add(gsm.Cell{Op: p.Op, Context: p.Context, Mode: p.Mode}, tallyOf(p))
		c.problems = append(c.problems, p)
		c.lines = append(appendProblem(c.lines, p), '\n')
		if (i+1)%32 == 0 || i+1 == j.count {
			drawn.add(i + 1 - told)
			told = i + 1
		}
	}
	return nil
}

// counter counts over all workers.
type counter struct {
	mu    sync.Mutex
	count uint64
	tell  func(uint64)
}

func (c *counter) add(n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count += n
	if c.tell != nil {
		c.tell(c.count)
	}
}

// atomicFile is a temporary file beside its destination.
type atomicFile struct {
	path  string
	file  *os.File
	force bool
}

func createAtomic(path string, force bool) (*atomicFile, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder: name a file", path)
	} else if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file: a corpus has a manifest beside it, name a file", path)
	} else if err == nil && !force {
		return nil, fmt.Errorf("%s exists: choose another name, or force to replace it", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".part-*")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: the folder %s does not exist", path, filepath.Dir(path))
	} else if err != nil {
		return nil, fmt.Errorf("cannot write in the folder of %s: %w", path, err)
	}
	return &atomicFile{path, f, force}, nil
}

// discard removes what is left of the temporary file; after publish, nothing is.
func (a *atomicFile) discard() {
	a.file.Close()
	os.Remove(a.file.Name())
}

// publish makes the file and then its manifest visible.
func (a *atomicFile) publish(m *Manifest) error {
	if err := a.sync(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	manifest := ManifestPath(a.path)
	side, err := createAtomic(manifest, true)
	if err != nil {
		return err
	}
	defer side.discard()
	if _, err := side.file.Write(append(text, '\n')); err != nil {
		return err
	}
	if err := side.sync(); err != nil {
		return err
	}
	// An old manifest must not stand beside the new file, whatever happens in between.
	if err := os.Remove(manifest); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := a.rename(); err != nil {
		return err
	}
	if err := side.rename(); err != nil {
		os.Remove(a.path) // a file without its manifest counts as unfinished
		return err
	}
	return syncFolder(filepath.Dir(a.path))
}

func (a *atomicFile) sync() error {
	if err := a.file.Chmod(0o644); err != nil {
		return err
	}
	return errors.Join(a.file.Sync(), a.file.Close())
}

// rename moves the file to its name. Without force it never replaces a file that
// appeared meanwhile.
func (a *atomicFile) rename() error {
	if a.force {
		return os.Rename(a.file.Name(), a.path)
	}
	if err := os.Link(a.file.Name(), a.path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s appeared while it was being written: choose another name, or force to replace it", a.path)
	} else if err != nil { // a file system without hard links
		return os.Rename(a.file.Name(), a.path)
	}
	return nil
}

func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some file systems cannot
		return err
	}
	return nil
}

// explain says what a write error means for the user.
func (a *atomicFile) explain(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk that holds %s is full: free some space or write elsewhere; nothing was left behind (%w)", a.path, err)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted, %s was not written: %w", a.path, err)
	case strings.Contains(err.Error(), a.path):
		return err
	}
	return fmt.Errorf("%s: %w", a.path, err)
}
