package pipeline

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/strict"
)

// A lease says which process computes a stage, so that others do not. It is for thrift, not
// for truth: a stage that is computed twice gives the same bytes twice, and costs time.
//
// All of it is folders and renames, which every file system does as one step, shared ones
// (NFS, Lustre) too; no lock of the kernel's is taken. A stage named NAME that is not
// finished has the folder working/NAME in the store, with one folder inside:
//
//	working/NAME/TOKEN   a process holds the stage and works here; TOKEN is its own, random
//	working/NAME/free    nobody holds it; an interrupted or failed process left what it had
//
// Taking a stage up is a rename of that folder to the taker's token: of two that try, one
// finds it gone. Committing a result is a rename of working/NAME/TOKEN to NAME in the store.
// So a process that lost its lease cannot commit: what it would rename is not there.
//
// A holder rewrites its heartbeat file. Whoever wants the stage watches that file, and takes
// the stage when it has not changed for the holder's patience by the watcher's own clock:
// clocks of two machines are never compared. A holder on the same machine whose process is
// gone need not be watched.
const (
	workingDir    = "working"
	freeName      = "free"
	holderFile    = "holder.json" // all of them in WorkDir, which goes when the result is sealed
	heartbeatFile = "heartbeat"
	failuresFile  = "failures.jsonl"
	logFile       = "log.txt"
)

// DefaultPatience is how long a heartbeat may stand still before the stage is taken over. It
// is longer than NFS clients keep what they know of a file (60 s).
const DefaultPatience = 90 * time.Second

// errHeld says that another process computes the stage; errLost that this one did, was
// silent for too long, and another one took over.
var (
	errHeld = errors.New("another process computes it")
	errLost = errors.New("the lease was lost: another process took the stage over")
)

// Holder is who computes a stage.
type Holder struct {
	Token    string        `json:"token"`
	Host     string        `json:"host"`
	PID      int           `json:"pid"`
	Machine  string        `json:"machine,omitempty"` // of boot and process names; empty where there is no /proc
	Started  string        `json:"started,omitempty"` // of the process, in the machine's own count
	Job      string        `json:"job,omitempty"`     // the scheduler's name for it
	Since    time.Time     `json:"since"`             // by the holder's clock
	Patience time.Duration `json:"patience_ns"`       // how long its heartbeat may stand still
}

// Heartbeat is what a holder last said.
type Heartbeat struct {
	Count int     `json:"count"`
	First float64 `json:"first"` // Progress.Done when this holder first reported
	Progress
}

// Failure is one failed attempt at a stage.
type Failure struct {
	Time  time.Time `json:"time"`
	Host  string    `json:"host"`
	Error string    `json:"error"`
}

// lease is a stage's working folder, held.
type lease struct {
	store  *Store
	name   string
	dir    string // working/NAME/TOKEN
	holder Holder
	resume bool // somebody worked here before

	ctx    context.Context // ends when the lease is lost
	cancel context.CancelCauseFunc
	ended  chan struct{} // closed when the heart has stopped

	mu   sync.Mutex
	beat Heartbeat
}

// watch remembers what a process saw of other processes' heartbeats, by its own clock.
type watch struct {
	mu   sync.Mutex
	seen map[string]sighting // by stage name
}

type sighting struct {
	what  string // token and heartbeat
	since time.Time
}

// stale says whether what is seen of a stage has not changed for patience.
func (w *watch) stale(name, what string, patience time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string]sighting{}
	}
	last, ok := w.seen[name]
	if !ok || last.what != what {
		w.seen[name] = sighting{what, time.Now()}
		return false
	}
	return time.Since(last.since) > patience
}

// claim takes the stage's working folder: a new one, one that was left, or that of a holder
// that is gone. The error is errHeld when a living process has it.
func (st *Store) claim(ctx context.Context, name string) (*lease, error) {
	l := &lease{store: st, name: name, holder: newHolder(st.patience())}
	place := filepath.Join(st.Root, workingDir, name)
	l.dir = filepath.Join(place, l.holder.Token)
	entries, err := os.ReadDir(place)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(entries) == 0:
		err = l.fresh(place)
	case err == nil:
		err = l.takeUp(place, entries)
	}
	if err != nil {
		return nil, err
	}
	if err := l.begin(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// fresh makes the working folder of a stage that nobody has begun. It is made elsewhere and
// renamed, so that it is never empty while it is held: a rename onto a folder with something
// in it fails, which is how the second of two learns that it is the second.
func (l *lease) fresh(place string) error {
	made := filepath.Join(filepath.Dir(place), ".new-"+l.holder.Token)
	inner := filepath.Join(made, l.holder.Token, WorkDir)
	if err := os.MkdirAll(inner, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(made)
	// What a process of an earlier version left in the stage's final place is taken along.
	if final := filepath.Join(l.store.Root, l.name); !isDone(final) {
		if _, err := os.Stat(filepath.Join(final, "stage.json")); err == nil {
			if heldByEarlierVersion(final) {
				return errHeld
			}
			if err := os.RemoveAll(filepath.Dir(inner)); err != nil {
				return err
			}
			if err := heldIfGone(os.Rename(final, filepath.Dir(inner))); err != nil {
				return err
			}
			l.resume = true
			if err := os.MkdirAll(inner, 0o755); err != nil {
				return err
			}
		}
	}
	if err := l.writeHolder(inner); err != nil {
		return err
	}
	os.Remove(place) // only where it is empty
	err := os.Rename(made, place)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) { // another process has made it
		return errHeld
	}
	return err
}

// heldIfGone is what an error of renaming a folder means: where the folder is gone, another process has it. All else,
// such as a store that may not be written to, would be no better the next time.
func heldIfGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESTALE) { // ESTALE: NFS, of a folder that is gone
		return errHeld
	}
	return err
}

// heldByEarlierVersion says whether a process of a version that locked stages with flock
// computes in this folder now.
func heldByEarlierVersion(dir string) bool {
	f, err := os.Open(dir + ".lock")
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// takeUp takes over one of the folders in place, unless a living process holds one of them.
func (l *lease) takeUp(place string, entries []fs.DirEntry) error {
	from, dead := "", true
	for _, e := range entries {
		dir := filepath.Join(place, e.Name())
		if e.Name() != freeName {
			holder, beat := readHolder(dir)
			gone := holder.Token == e.Name() && holder.gone()
			if !gone && !l.store.watch.stale(l.name+"/"+e.Name(), holder.Token+beat, holder.patience()) {
				return errHeld
			}
			dead = dead && gone
		}
		if _, err := os.Stat(filepath.Join(dir, WorkDir)); from == "" || err == nil {
			from = dir
		}
	}
	if err := heldIfGone(os.Rename(from, l.dir)); err != nil {
		return err // held: another process was faster, or the holder committed just now
	}
	l.resume = true
	work := filepath.Join(l.dir, WorkDir)
	if !dead {
		// Its holder may wake and write to files that it has open: they shall not be ours.
		if err := renewFiles(l.dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	return l.writeHolder(work)
}

// renewFiles replaces every file of a folder by a copy of itself.
func renewFiles(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if strings.Contains(d.Name(), ".tmp") {
			return os.Remove(path)
		}
		return durable.Copy(path, path)
	})
}

func (l *lease) writeHolder(work string) error {
	text, err := json.Marshal(l.holder)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(work, heartbeatFile), encodeBeat(Heartbeat{}), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(work, holderFile), append(text, '\n'), 0o644)
}

// begin starts the heart.
func (l *lease) begin(ctx context.Context) error {
	if !l.holds() {
		return errHeld
	}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.ended = make(chan struct{})
	go l.heart()
	return nil
}

// heart rewrites the heartbeat four times a patience until the lease ends, and ends the
// lease's context when the heartbeat file is gone, or cannot be written for the patience.
func (l *lease) heart() {
	defer close(l.ended)
	tick := time.NewTicker(l.holder.Patience / 4)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
		err := l.writeBeat()
		switch {
		case err == nil:
			last = time.Now()
		case errors.Is(err, fs.ErrNotExist) || time.Since(last) > l.holder.Patience:
			l.cancel(errLost)
			return
		}
	}
}

// writeBeat overwrites the heartbeat in its place; it never makes the file.
func (l *lease) writeBeat() error {
	l.mu.Lock()
	l.beat.Count++
	text := encodeBeat(l.beat)
	l.mu.Unlock()
	f, err := os.OpenFile(filepath.Join(l.dir, WorkDir, heartbeatFile), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// report keeps what the next heartbeat will say.
func (l *lease) report(p Progress) {
	l.mu.Lock()
	if l.beat.Total == 0 {
		l.beat.First = p.Done
	}
	l.beat.Progress = p
	l.mu.Unlock()
}

// holds says whether the working folder is still this process's. Work makes folders where
// they are missing, so that its own presence proves nothing; the holder's file does.
func (l *lease) holds() bool {
	holder, _ := readHolder(l.dir)
	return holder.Token == l.holder.Token
}

// stop stops the heart.
func (l *lease) stop() {
	l.cancel(nil)
	<-l.ended
}

// abandon removes what a process that lost its lease made after that.
func (l *lease) abandon() {
	l.stop()
	os.RemoveAll(l.dir)
	os.Remove(filepath.Dir(l.dir)) // only where nobody else is
}

// release leaves the working folder to whoever comes next.
func (l *lease) release() {
	l.stop()
	if l.holds() {
		os.Rename(l.dir, l.free())
	}
}

// free is where the working folder lies once nobody holds it.
func (l *lease) free() string { return filepath.Join(filepath.Dir(l.dir), freeName) }

// left is an error of the stage's work that names files where they will lie: the working folder is
// released before anybody reads the error.
func (l *lease) left(err error) error {
	return leftError{err, strings.ReplaceAll(err.Error(), l.dir, l.free())}
}

type leftError struct {
	cause error
	text  string
}

func (e leftError) Error() string { return e.text }
func (e leftError) Unwrap() error { return e.cause }

// commit puts the working folder, sealed, in the stage's place. It returns errLost when the
// folder was taken, and then nothing has changed.
func (l *lease) commit(seal func() error) error {
	if !l.holds() {
		l.abandon()
		return errLost
	}
	l.stop() // from here on this process makes no folder that is missing
	err := seal()
	if err == nil {
		err = os.RemoveAll(filepath.Join(l.dir, WorkDir))
	}
	final := filepath.Join(l.store.Root, l.name)
	if err == nil {
		err = os.Rename(l.dir, final)
	}
	if err != nil && !exists(l.dir) { // taken, or its rename was done although an error came back
		if isDone(final) {
			return nil
		}
		return errLost
	}
	if err != nil && isDone(final) { // another process did the same work: the bytes are equal
		err = os.RemoveAll(l.dir)
	}
	if err != nil {
		return err
	}
	os.RemoveAll(filepath.Dir(l.dir))
	return nil
}

// note adds a line to the stage's log.
func (l *lease) note(format string, args ...any) {
	line := time.Now().UTC().Format(time.DateTime) + "  " + strings.TrimSpace(fmt.Sprintf(format, args...))
	appendLine(filepath.Join(l.dir, WorkDir, logFile), line)
}

// fail notes a failed attempt beside what it left.
func (l *lease) fail(cause error) {
	line, err := json.Marshal(Failure{time.Now().UTC(), l.holder.Host, cause.Error()})
	if err == nil {
		appendLine(filepath.Join(l.dir, WorkDir, failuresFile), string(line))
	}
}

func (st *Store) patience() time.Duration {
	if st.Patience > 0 {
		return st.Patience
	}
	return DefaultPatience
}

func newHolder(patience time.Duration) Holder {
	var token [8]byte
	rand.Read(token[:])
	host, _ := os.Hostname()
	h := Holder{Token: hex.EncodeToString(token[:]), Host: host, PID: os.Getpid(), Job: schedulerJob(),
		Since: time.Now().UTC(), Patience: patience, Machine: machineName()}
	h.Started, _ = processStart(h.PID)
	return h
}

func (h Holder) patience() time.Duration {
	if h.Patience > 0 {
		return h.Patience
	}
	return DefaultPatience // its file is missing or torn
}

// gone says whether the holder is known to be dead: it was a process of this machine, since
// its last boot, and there is no such process now.
func (h Holder) gone() bool {
	if h.Machine == "" || h.Machine != machineName() {
		return false
	}
	started, alive := processStart(h.PID)
	return !alive || started != h.Started
}

// machineName tells machines, boots and containers apart; it is empty where there is no /proc.
var machineName = sync.OnceValue(func() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	processes, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + processes
})

// processStart is when a process started, in the kernel's ticks; a dead one, or one that only
// waits to be buried, is not alive.
func processStart(pid int) (started string, alive bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", !errors.Is(err, fs.ErrNotExist) || machineName() == ""
	}
	_, after, _ := strings.Cut(string(text), ") ") // the name before it may hold blanks
	fields := strings.Fields(after)
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", false
	}
	return fields[19], true
}

// schedulerJob is what the scheduler that started this process calls it.
func schedulerJob() string {
	if id := os.Getenv("SLURM_ARRAY_JOB_ID"); id != "" {
		return "slurm " + id + "_" + os.Getenv("SLURM_ARRAY_TASK_ID")
	}
	for prefix, name := range map[string]string{"slurm ": "SLURM_JOB_ID", "condor ": "INTERPLAY_CONDOR_JOB", "kubernetes ": "INTERPLAY_POD"} {
		if id := os.Getenv(name); id != "" {
			return prefix + id
		}
	}
	return ""
}

// readHolder reads who holds a working folder, and its heartbeat as it stands.
func readHolder(dir string) (h Holder, beat string) {
	if text, err := strict.ReadFile(filepath.Join(dir, WorkDir, holderFile), 1<<20); err == nil {
		_ = json.Unmarshal(text, &h) // torn while it is written: the token does not fit then
	}
	text, _ := strict.ReadFile(filepath.Join(dir, WorkDir, heartbeatFile), 1<<20)
	return h, string(text)
}

const beatBytes = 512

// encodeBeat has always the same length, so that a heartbeat is overwritten in one write and
// needs no space on a full disk.
func encodeBeat(b Heartbeat) []byte {
	text, err := json.Marshal(b)
	if err != nil || len(text) >= beatBytes {
		text, _ = json.Marshal(Heartbeat{Count: b.Count, Progress: Progress{Done: b.Done, Total: b.Total}})
	}
	return append(append(text, strings.Repeat(" ", beatBytes-1-len(text))...), '\n')
}

// appendLine adds a line to a file in one write; it makes the file, but no folder.
func appendLine(name, line string) {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer f.Close()
	f.WriteString(line + "\n")
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isDone says whether a folder holds a finished stage; it does not look at its files.
func isDone(dir string) bool { return exists(filepath.Join(dir, doneFile)) }
