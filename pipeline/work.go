package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"syscall"
	"time"

	"interplay/kernelkit/random"
)

// A worker takes any stage that is ready, computes it and takes the next. Any number of them
// share a store, on any number of machines; nobody assigns stages, and the store is all that
// they have in common.

// DefaultTries is how often a stage is tried before it counts as failed.
const DefaultTries = 3

// Work computes what is missing of stages that are listed inputs first, each once (see
// Stages), together with all other processes that do so, and returns when nothing is left
// that it could do. A stage that fails is tried again, by whichever worker comes by, until it
// has failed as often as tries says; it then blocks only what needs it. Outcomes count what
// this worker did; stages that have failed are named by the last error of each. When ctx is
// cancelled, the stage at work saves what it can and is left for others.
func (st *Store) Work(ctx context.Context, stages []*Stage, tries int, progress func(Progress)) (Outcomes, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	v, err := st.view(stages)
	if err != nil {
		return Outcomes{}, err
	}
	w := worker{store: st, view: v, tries: max(1, tries), progress: progress, own: map[int]error{}}
	luck := random.New(time.Now().UnixNano(), "worker", uint64(os.Getpid())) // of no result: of who comes first
	w.order = v.byLongestWay(luck)
	w.out.Stages = len(stages)
	wait := shortestWait
	for ctx.Err() == nil {
		left, did, err := w.round(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			return w.out, err
		case left == 0:
			return w.out, nil
		case did:
			wait = shortestWait
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(float64(wait) * (0.75 + luck.Float64()/2))):
			wait = min(2*wait, longestWait)
		}
	}
	return w.out, ctx.Err()
}

// A worker with nothing to do looks again after this long; more patiently each time.
const (
	shortestWait = 100 * time.Millisecond
	longestWait  = 3 * time.Second
)

type worker struct {
	store    *Store
	view     *view
	order    []int // in which stages are tried
	tries    int
	progress func(Progress)
	own      map[int]error // errors that could not be noted in the store
	out      Outcomes
}

// round looks at the store once and computes the first ready stage that it gets. left counts
// stages that are not finished and may still be.
func (w *worker) round(ctx context.Context) (left int, did bool, err error) {
	states, err := w.view.look(w.tries)
	if err != nil {
		return 0, false, err
	}
	w.out.Failed, w.out.Skipped = nil, nil
	for i := range states {
		switch x := &states[i]; {
		case x.State == Failed:
			w.out.Failed = append(w.out.Failed, fmt.Errorf("failed %d times, the last time on %s: %s", len(x.Failures), x.last().Host, x.last().Error))
		case w.own[i] != nil && x.State != Finished:
			w.out.Failed = append(w.out.Failed, w.own[i])
		case x.State == Blocked:
			w.out.Skipped = append(w.out.Skipped, x.Label)
		case x.State != Finished:
			left++
		}
	}
	for _, i := range w.order {
		if state := states[i].State; state != Ready && state != Running || w.own[i] != nil {
			continue
		}
		did, err := w.try(ctx, i)
		if did || err != nil || ctx.Err() != nil {
			return left, did, err
		}
	}
	return left, false, nil
}

// try computes a stage, if no other process does.
func (w *worker) try(ctx context.Context, i int) (did bool, err error) {
	s := w.view.stages[i]
	noted := len(w.store.failures(w.view.folders[i]))
	outcome, err := w.store.attempt(ctx, s, w.progress)
	switch {
	case errors.Is(err, errHeld):
		return false, nil
	case errors.Is(err, errLost):
		w.store.log("%s: %v", s.Label, err)
		return true, nil
	case ctx.Err() != nil:
		return false, nil
	case errors.Is(err, syscall.ENOSPC):
		w.store.log("%v; waiting for space", err)
		select {
		case <-ctx.Done():
		case <-time.After(longestWait):
		}
		return true, nil
	case err != nil:
		w.store.log("%v", err)
		if len(w.store.failures(w.view.folders[i])) <= noted {
			w.own[i] = err // it failed before it had a working folder
		}
		return true, nil
	case outcome == Reused:
		return true, nil
	}
	*map[Outcome]*int{Resumed: &w.out.Resumed, Computed: &w.out.Computed}[outcome]++
	return true, nil
}

// byLongestWay orders stages by how much is left to compute after they began, the longest
// way first, so that the end does not wait for what could have begun early. Stages with equal
// ways come in any order, another one for each worker.
func (v *view) byLongestWay(luck *random.Stream) []int {
	way, order := make([]float64, len(v.stages)), make([]int, len(v.stages))
	for i := len(v.stages) - 1; i >= 0; i-- { // what needs a stage comes after it
		order[i] = i
		way[i] += v.stages[i].Plan.FLOPs
		for _, in := range v.inputs[i] {
			way[in] = max(way[in], way[i])
		}
	}
	luck.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	sort.SliceStable(order, func(i, j int) bool { return way[order[i]] > way[order[j]] })
	return order
}

// Forget removes the notes of failed attempts at stages, so that workers try them again.
func (st *Store) Forget(stages []*Stage) error {
	for _, s := range stages {
		name := filepath.Join(st.Root, workingDir, s.Folder(), freeName, WorkDir, failuresFile)
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
