package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"interplay/kernelkit/strict"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// State is where a stage stands.
type State string

const (
	Finished State = "done"
	Running  State = "running" // a process holds it
	Ready    State = "ready"   // its inputs are done and nobody holds it
	Waiting  State = "waiting" // for its inputs
	Failed   State = "failed"  // as often as it is tried
	Blocked  State = "blocked" // an input failed
)

// StageState is where a stage stands, and what its holder last said.
type StageState struct {
	Stage    *Stage     `json:"-"`
	Folder   string     `json:"stage"`
	Label    string     `json:"label"`
	State    State      `json:"state"`
	Holder   *Holder    `json:"holder,omitempty"`
	Beat     *Heartbeat `json:"heartbeat,omitempty"`
	Silent   float64    `json:"silent_seconds,omitempty"` // since the heartbeat, by the clock of the store's disk
	Left     float64    `json:"seconds_left,omitempty"`   // of a running stage, at its rate so far; 0 when unknown
	Failures []Failure  `json:"failures,omitempty"`
}

func (s *StageState) last() Failure { return s.Failures[len(s.Failures)-1] }

// States says where stages stand that are listed inputs first. It reads what holders wrote
// and runs nothing.
func (st *Store) States(stages []*Stage, tries int) ([]StageState, error) {
	v, err := st.view(stages)
	if err != nil {
		return nil, err
	}
	states, err := v.look(tries)
	if err != nil {
		return nil, err
	}
	now := st.diskTime()
	for i := range states {
		if states[i].State == Running {
			st.describeHolder(&states[i], now)
		}
	}
	return states, nil
}

// view is a list of stages, inputs first, whose addresses are computed once, and that
// remembers which of them it has seen finished.
type view struct {
	store    *Store
	stages   []*Stage
	folders  []string
	inputs   [][]int
	finished []bool
}

func (st *Store) view(stages []*Stage) (*view, error) {
	v := &view{store: st, stages: stages, finished: make([]bool, len(stages))}
	at := map[string]int{}
	for i, s := range stages {
		var inputs []int
		for _, in := range s.Inputs {
			k, ok := at[in.Folder()]
			if !ok {
				return nil, fmt.Errorf("pipeline: %s is listed before its input %s", s.Label, in.Label)
			}
			inputs = append(inputs, k)
		}
		v.folders, v.inputs = append(v.folders, s.Folder()), append(v.inputs, inputs)
		at[v.folders[i]] = i
	}
	return v, nil
}

// look says where the stages stand, in two listings of folders and a few small files.
func (v *view) look(tries int) ([]StageState, error) {
	there, err := names(v.store.Root)
	if err != nil {
		return nil, err
	}
	working, err := names(filepath.Join(v.store.Root, workingDir))
	if err != nil {
		return nil, err
	}
	out := make([]StageState, len(v.stages))
	for i, s := range v.stages {
		x := &out[i]
		*x = StageState{Stage: s, Folder: v.folders[i], Label: s.Label, State: Ready}
		if there[x.Folder] && (v.finished[i] || isDone(filepath.Join(v.store.Root, x.Folder))) { // a damaged one is set aside
			x.State, v.finished[i] = Finished, true
			continue
		}
		for _, in := range v.inputs[i] {
			switch of := out[in].State; {
			case of == Failed || of == Blocked:
				x.State = Blocked
			case of != Finished && x.State != Blocked:
				x.State = Waiting
			}
		}
		if !working[x.Folder] {
			continue
		}
		if x.Failures = v.store.failures(x.Folder); len(x.Failures) >= tries {
			x.State = Failed
		} else if x.State == Ready && v.store.held(x.Folder) != "" {
			x.State = Running
		}
	}
	return out, nil
}

// names lists a folder; one that is missing is empty.
func names(dir string) (map[string]bool, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the run folder cannot be read: %w", err)
	}
	set := make(map[string]bool, len(entries))
	for _, e := range entries {
		set[e.Name()] = true
	}
	return set, nil
}

// held is the folder of the process that holds a stage, empty when none does.
func (st *Store) held(name string) string {
	entries, _ := os.ReadDir(filepath.Join(st.Root, workingDir, name))
	for _, e := range entries {
		if e.Name() != freeName {
			return filepath.Join(st.Root, workingDir, name, e.Name())
		}
	}
	return ""
}

// failures reads the notes of failed attempts at a stage.
func (st *Store) failures(name string) []Failure {
	var out []Failure
	entries, _ := os.ReadDir(filepath.Join(st.Root, workingDir, name))
	for _, e := range entries {
		text, _ := strict.ReadFile(filepath.Join(st.Root, workingDir, name, e.Name(), WorkDir, failuresFile), 64<<20)
		for line := range bytes.Lines(text) {
			var f Failure
			if json.Unmarshal(line, &f) == nil { // the last line may be torn
				out = append(out, f)
			}
		}
	}
	return out
}

func (st *Store) describeHolder(x *StageState, now time.Time) {
	dir := st.held(x.Folder)
	holder, text := readHolder(dir)
	if dir == "" || holder.Token == "" {
		return // it ended, or began, this moment
	}
	x.Holder = &holder
	var beat Heartbeat
	if json.Unmarshal([]byte(text), &beat) == nil {
		x.Beat = &beat
	}
	info, err := os.Stat(filepath.Join(dir, WorkDir, heartbeatFile))
	if err != nil {
		return
	}
	x.Silent = max(0, now.Sub(info.ModTime()).Seconds())
	if began, err := os.Stat(filepath.Join(dir, WorkDir, holderFile)); err == nil && beat.Done > beat.First && beat.Total > 0 {
		x.Left = info.ModTime().Sub(began.ModTime()).Seconds() / (beat.Done - beat.First) * (beat.Total - beat.Done)
	}
}

// diskTime is the time by the clock that stamps the store's files, which on a shared disk is
// another machine's than this one's.
func (st *Store) diskTime() time.Time {
	f, err := os.CreateTemp(st.Root, ".time-*")
	if err != nil {
		return time.Now() // a store that may only be read
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		return info.ModTime()
	}
	return time.Now()
}

// StageLog is what is written down of a stage that is not finished, as text: its log, its
// failures, the last lines of its metrics. For a finished one it is its account.
func (st *Store) StageLog(folder string) (string, error) {
	if text, err := strict.ReadFile(filepath.Join(st.Root, folder, doneFile), 64<<20); err == nil {
		return string(text), nil
	}
	entries, _ := os.ReadDir(filepath.Join(st.Root, workingDir, folder))
	if len(entries) == 0 {
		return "", fmt.Errorf("%s is no stage that was begun in %s: `interplay status STUDY` lists them", folder, st.Root)
	}
	var out bytes.Buffer
	for _, e := range entries {
		work := filepath.Join(st.Root, workingDir, folder, e.Name(), WorkDir)
		text, _ := strict.ReadFile(filepath.Join(work, logFile), 1<<30)
		out.Write(text)
		text, _ = strict.ReadFile(filepath.Join(work, MetricsLog), 1<<30)
		out.Write(lastLines(text, 5))
	}
	return out.String(), nil
}

// lastLines returns the last n lines of a text.
func lastLines(text []byte, n int) []byte {
	at := len(bytes.TrimRight(text, "\n"))
	for range n {
		at = bytes.LastIndexByte(text[:at], '\n')
		if at < 0 {
			return text
		}
	}
	return text[at+1:]
}
