package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"interplay/kernelkit/engine"
)

// Outcomes says how stages came to their results.
type Outcomes struct {
	Stages, Reused, Resumed, Computed int
	Healed                            []string // what was damaged in the store, and is computed again
	Notes                             []string // what a stage says of its result
	Failed                            []error  // of stages that ran and failed
	Skipped                           []string
}

func (o Outcomes) String() string {
	text := fmt.Sprintf("%d stages: %d reused, %d resumed, %d computed", o.Stages, o.Reused, o.Resumed, o.Computed)
	if len(o.Healed) > 0 {
		text += fmt.Sprintf("; damaged and mended: %s", strings.Join(o.Healed, "; "))
	}
	for _, note := range o.Notes {
		text += "; " + note
	}
	if len(o.Failed) > 0 {
		text += fmt.Sprintf(", %d failed, %d not begun because of that", len(o.Failed), len(o.Skipped))
	}
	return text
}

// Err is the failures as one error, nil when there is none.
func (o Outcomes) Err() error { return errors.Join(o.Failed...) }

// SideBySide is how many stages run at once: one on a GPU, else one a
// core, and four at most, because each holds a model and its samples in memory.
func SideBySide() int {
	if strings.Contains(engine.Asked(""), "cuda") { // opening it would take longer than most plans
		return 1
	}
	return min(4, runtime.GOMAXPROCS(0))
}

// RunAll runs what is missing of stages that are listed inputs first, each once (see
// Stages); independent ones side by side. A stage that fails stops what depends on it
// and nothing else. The error is the context's when it was cancelled; failures of
// stages are in Outcomes.
func (st *Store) RunAll(ctx context.Context, stages []*Stage, sideBySide int, progress func(Progress)) (Outcomes, error) {
	r := runAll{store: st, stages: stages, slots: make(chan struct{}, max(1, sideBySide)), ended: map[string]chan struct{}{}, broken: map[string]bool{}}
	r.out.Stages = len(r.stages)
	for _, stage := range r.stages {
		r.ended[stage.Address()] = make(chan struct{})
	}
	var wait sync.WaitGroup
	for _, stage := range r.stages {
		wait.Go(func() { r.run(ctx, stage, progress) })
	}
	wait.Wait()
	r.out.Healed, r.out.Notes = st.takeHealed(), st.takeNotes()
	return r.out, ctx.Err()
}

// runAll is RunAll at work.
type runAll struct {
	store  *Store
	stages []*Stage
	slots  chan struct{}
	ended  map[string]chan struct{} // by address; closed when the stage has ended, well or not

	mu     sync.Mutex
	out    Outcomes
	broken map[string]bool // stages that failed or depend on one that did
	done   int
}

// run waits for the stage's inputs and a slot, then runs it.
func (r *runAll) run(ctx context.Context, s *Stage, progress func(Progress)) {
	defer close(r.ended[s.Address()])
	for _, in := range s.Inputs {
		<-r.ended[in.Address()]
	}
	if r.inputBroken(s) {
		return
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return
	}
	outcome, err := r.store.run(ctx, s, func(p Progress) {
		r.mu.Lock()
		p.Label = fmt.Sprintf("[%d of %d] %s", r.done+1, len(r.stages), s.Label)
		r.mu.Unlock()
		if progress != nil {
			progress(p)
		}
	}, func(ctx context.Context) { // while another process computes it, its slot is for other stages
		<-r.slots
		pause(ctx)
		r.slots <- struct{}{}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	switch {
	case ctx.Err() != nil && err != nil:
	case err != nil:
		r.broken[s.Address()] = true
		r.out.Failed = append(r.out.Failed, err)
	default:
		*[]*int{Reused: &r.out.Reused, Resumed: &r.out.Resumed, Computed: &r.out.Computed}[outcome]++
	}
}

func (r *runAll) inputBroken(s *Stage) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, in := range s.Inputs {
		if r.broken[in.Address()] {
			r.broken[s.Address()] = true
			r.out.Skipped = append(r.out.Skipped, s.Label)
			return true
		}
	}
	return false
}
