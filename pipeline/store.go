// Package pipeline turns recipes into results: content-addressed stages in a run
// store, profiles of recipes, and the compute ledger. Package study, below it, compares
// recipes and judges claims.
//
// The mental model: a stage is a pure function of its recipe and of the stages
// that it reads. Its address is a digest of both, so that a result is found
// again by asking for it, from any process, and a changed recipe field reruns
// exactly the stages that depend on it.
package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"syscall"
	"time"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/strict"
)

// storeFormat is the version of the store's own layout. A folder of another
// version is refused, never read by guess.
const storeFormat = 2

// Store is a folder of finished and unfinished stages.
type Store struct {
	Root string
	// Log receives one line when a stage is reused, resumed, computed or awaited; nil is silent.
	Log func(line string)
	// Patience is how long the heartbeat of a process that computes a stage may stand still
	// before another one takes the stage over; 0 is DefaultPatience.
	Patience time.Duration

	watch watch

	mu     sync.Mutex
	healed []string // what was damaged and is computed again
	notes  []string // what stages say of their results
}

// DefaultRoot is the run store's place: INTERPLAY_RUNS, or runs in the project.
func DefaultRoot() (string, error) {
	if dir := os.Getenv("INTERPLAY_RUNS"); dir != "" {
		return dir, nil
	}
	root, err := engine.ProjectRoot()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "runs"), nil
}

// Open opens the run store at root, which is made when it is missing.
func Open(root string) (*Store, error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("the run folder %s cannot be made: %w; choose a folder you may write with INTERPLAY_RUNS=DIR", root, err)
	}
	name := filepath.Join(root, "store.json")
	var header struct {
		Format int `json:"format"`
	}
	text, err := strict.ReadFile(name, 1<<20)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		header.Format = storeFormat
		if err := durable.WriteJSON(name, header); err != nil {
			return nil, fmt.Errorf("the run folder %s cannot be written: %w; choose a folder you may write with INTERPLAY_RUNS=DIR", root, err)
		}
	case err != nil:
		return nil, fmt.Errorf("the run folder %s cannot be read: %w", root, err)
	default:
		if err := json.Unmarshal(text, &header); err != nil {
			return nil, fmt.Errorf("%s is not JSON (%w); expected {\"format\": %d}: move the folder away or set INTERPLAY_RUNS=DIR", name, err, storeFormat)
		}
		if header.Format != storeFormat {
			return nil, fmt.Errorf("the run folder %s was made by a version with store format %d, this one reads format %d: move it away, or set INTERPLAY_RUNS=DIR", root, header.Format, storeFormat)
		}
	}
	return &Store{Root: root}, nil
}

// Stage is one unit of work with a content address.
type Stage struct {
	Kind     string           // what it is: pretrain, rl, evaluate, …; the first half of its folder's name
	Format   int              // version of what Work writes; part of the address
	Recipe   any              // everything that determines the result, as JSON; part of the address
	Contents string           // digest of what the recipe names and does not hold, such as the words of contexts; part of the address
	Inputs   []*Stage         // stages that Work reads, in a fixed order; their addresses are part of the address
	Label    string           // how progress and plans call it; not part of the address
	Plan     Spent            // what it is expected to cost, for -plan; not part of the address
	Work     func(*Job) error `json:"-"`
}

// Dir is the stage's folder in the store.
func (st *Store) Dir(s *Stage) string {
	return filepath.Join(st.Root, s.Folder())
}

// Folder is the name of the stage's folder in any store.
func (s *Stage) Folder() string { return s.Kind + "-" + s.Address()[:12] }

// WorkDir is the folder, inside a stage's own, of what only an unfinished stage
// needs, such as checkpoints: it is not part of the result, and goes once that is sealed.
const WorkDir = "work"

// Outcome says how a stage came to its result.
type Outcome uint8

const (
	Reused   Outcome = iota // it was there
	Resumed                 // an interrupted run was taken up
	Computed                // it ran from the start
)

func (o Outcome) String() string { return [...]string{"reused", "resumed", "computed"}[o] }

// Job is a stage at work.
type Job struct {
	Context  context.Context
	Dir      string         // the stage's own folder: it may write here, and find here what an interrupted run left
	Input    []string       // folders of the inputs, in the order of Stage.Inputs
	Progress func(Progress) // never nil
	Spent    *Spent         // what was really spent; Work fills it
	Backend  *string        // name of the backend that computed, if one did

	// Note says what the user should know of the result, such as that there was nothing to
	// learn from; Mended, that something was found damaged and is computed again.
	Note, Mended func(format string, args ...any)
}

// Progress is one report of a running stage.
type Progress struct {
	Label       string  // the stage's label
	Done, Total float64 // in Unit
	Unit        string  // steps, prompts, …
	Rate        float64 // units a second, of the work's own choosing; 0 when unknown
	RateUnit    string  // what Rate counts, when it is not Unit: tokens
	Note        string  // loss 0.61, reward 0.12, …
	Measured    string  // what Value is, for a curve: loss, reward; empty for nothing
	Value       float64
}

// Run returns when the stage's result is on disk: at once when it was there,
// else after resuming or computing it, its inputs first. A second process that wants the
// same stage waits for the first, on any machine that shares the store (see lease.go).
func (st *Store) Run(ctx context.Context, s *Stage, progress func(Progress)) (Outcome, error) {
	return st.run(ctx, s, progress, pause)
}

// pause waits until it is time to look again whether another process has ended.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(200 * time.Millisecond):
	}
}

// run is Run, with a pause of the caller's own.
func (st *Store) run(ctx context.Context, s *Stage, progress func(Progress), pause func(context.Context)) (Outcome, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	dir := st.Dir(s)
	if _, err := st.Done(s); err == nil {
		st.log("%s: reused (%s)", s.Label, filepath.Base(dir))
		return Reused, nil
	} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrDamaged) {
		return 0, err
	}
	if err := CheckAhead(Stages(s)); err != nil {
		return 0, err
	}
	for _, in := range s.Inputs {
		if _, err := st.run(ctx, in, progress, pause); err != nil {
			return 0, err
		}
	}
	for waited := false; ; waited = true {
		outcome, err := st.attempt(ctx, s, progress)
		switch {
		case errors.Is(err, errLost):
			st.log("%s: %v; waiting for it", s.Label, err)
		case !errors.Is(err, errHeld):
			return outcome, err
		case !waited:
			st.log("%s: another process is computing it; waiting", s.Label)
		}
		if pause(ctx); ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

// begin makes the stage's folder and writes what it is, for people who look there.
func (st *Store) begin(s *Stage, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("%s: its folder cannot be made: %w; set INTERPLAY_RUNS to a folder you may write", s.Label, err)
	}
	about := struct {
		Kind     string   `json:"kind"`
		Format   int      `json:"format"`
		Label    string   `json:"label"`
		Address  string   `json:"address"`
		Recipe   any      `json:"recipe"`
		Contents string   `json:"contents,omitempty"`
		Inputs   []string `json:"inputs,omitempty"`
	}{s.Kind, s.Format, s.Label, s.Address(), s.Recipe, s.Contents, nil}
	for _, in := range s.Inputs {
		about.Inputs = append(about.Inputs, filepath.Base(st.Dir(in)))
	}
	return explainWrite(s.Label, dir, durable.WriteJSON(filepath.Join(dir, stageFile), about))
}

// attempt computes the stage in a working folder of its own, and puts it in its place. The
// error is errHeld when another process computes the stage, errLost when one took it over.
func (st *Store) attempt(ctx context.Context, s *Stage, progress func(Progress)) (Outcome, error) {
	name := s.Folder()
	if _, err := st.Done(s); err == nil { // another process finished it while we waited
		st.log("%s: reused (%s)", s.Label, name)
		return Reused, nil
	}
	l, err := st.claim(ctx, name)
	if err != nil {
		return 0, explainWrite(s.Label, st.Root, err)
	}
	defer l.release()
	outcome := Computed
	switch _, err := st.Done(s); {
	case err == nil: // and this was its last moment to
		l.abandon()
		st.log("%s: reused (%s)", s.Label, name)
		return Reused, nil
	case errors.Is(err, ErrDamaged):
		if err := st.setAside(name, err); err != nil {
			return 0, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return 0, err
	}
	if l.resume {
		outcome = Resumed
	}
	if isDone(l.dir) { // its process ended between the seal and the commit
		return outcome, l.commit(func() error { return nil })
	}
	inputs := make([]string, len(s.Inputs))
	for i, in := range s.Inputs {
		_, err := st.Done(in)
		if errors.Is(err, ErrDamaged) { // another worker, or this one, computes it again
			if err := st.healInput(ctx, in); err != nil {
				return 0, err
			}
			return 0, errHeld
		}
		if err != nil {
			return 0, l.broken(s, 0, fmt.Errorf("its input cannot be used: %w", err))
		}
		inputs[i] = st.Dir(in)
	}
	if err := st.begin(s, l.dir); err != nil {
		return 0, err
	}
	doing := map[Outcome]string{Computed: "computing", Resumed: "resuming"}[outcome]
	st.log("%s: %s (%s)", s.Label, doing, name)
	l.note("%s on %s, process %d %s", doing, l.holder.Host, l.holder.PID, l.holder.Job)
	return outcome, st.work(l, s, inputs, progress)
}

// work runs the stage, seals its result with done.json and commits it.
func (st *Store) work(l *lease, s *Stage, inputs []string, progress func(Progress)) error {
	spentBefore := readSeconds(l.dir)
	start := time.Now()
	var spent Spent
	var backend string
	err := s.Work(&Job{Context: l.ctx, Dir: l.dir, Input: inputs, Spent: &spent, Backend: &backend, Note: l.tell(s, &l.store.notes), Mended: l.tell(s, &l.store.healed), Progress: func(p Progress) {
		if p.Label == "" {
			p.Label = s.Label
		}
		l.report(p)
		progress(p)
	}})
	seconds := spentBefore + time.Since(start).Seconds()
	if err != nil {
		return l.broken(s, seconds, err)
	}
	spent.Seconds = seconds
	err = l.commit(func() error {
		err := seal(l.dir, Done{Address: s.Address(), Finished: time.Now().UTC(), Seconds: seconds, Spent: spent, Backend: backend})
		if err != nil {
			err = fmt.Errorf("%s: its result cannot be sealed: %w", s.Label, err)
		}
		return err
	})
	return explainWrite(s.Label, l.dir, err)
}

// tell says something to the user, writes it into the stage's log, and keeps it in a list
// of the store's for the end of the run.
func (l *lease) tell(s *Stage, kept *[]string) func(string, ...any) {
	return func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		l.note("%s", text)
		l.store.log("%s: %s", s.Label, text)
		l.store.mu.Lock()
		*kept = append(*kept, s.Label+": "+text)
		l.store.mu.Unlock()
	}
}

// broken is what becomes of a stage whose work returned an error.
func (l *lease) broken(s *Stage, seconds float64, err error) error {
	if !l.holds() {
		l.abandon()
		return errLost
	}
	if errors.Is(context.Cause(l.ctx), errLost) { // the store did not answer for long, and nobody took the stage
		return errLost
	}
	_ = durable.WriteJSON(filepath.Join(l.dir, "seconds.json"), seconds)
	if l.ctx.Err() != nil {
		l.note("interrupted after %.0f s; what it had is kept", seconds)
		return fmt.Errorf("%s: %w", s.Label, err)
	}
	err = l.left(explainWrite(s.Label, l.dir, fmt.Errorf("%s: %w", s.Label, err)))
	l.note("failed: %v", err)
	if !errors.Is(err, syscall.ENOSPC) { // a full disk says nothing about the stage
		l.fail(err)
	}
	return err
}

func (st *Store) log(format string, args ...any) {
	if st.Log != nil {
		st.Log(fmt.Sprintf(format, args...))
	}
}

// explainWrite adds what to do to the two write errors that users meet.
func explainWrite(label, dir string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s: the disk of %s is full (%w): free some space and run again, it resumes from its last checkpoint; or set INTERPLAY_RUNS to another disk", label, dir, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s: %s cannot be written (%w): set INTERPLAY_RUNS to a folder you may write", label, dir, err)
	}
	return err
}

func readSeconds(dir string) (seconds float64) {
	if text, err := strict.ReadFile(filepath.Join(dir, "seconds.json"), 1<<20); err == nil {
		_ = json.Unmarshal(bytes.TrimSpace(text), &seconds) // a torn note of an interrupted run counts as none
	}
	return seconds
}

// Stages lists a stage and all that it depends on, each once, inputs first.
func Stages(roots ...*Stage) []*Stage {
	var out []*Stage
	seen := map[string]bool{}
	var visit func(*Stage)
	visit = func(s *Stage) {
		if seen[s.Address()] {
			return
		}
		seen[s.Address()] = true
		for _, in := range s.Inputs {
			visit(in)
		}
		out = append(out, s)
	}
	for _, s := range roots {
		visit(s)
	}
	return out
}

// sortedKeys returns a map's keys in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
