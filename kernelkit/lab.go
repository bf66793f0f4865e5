// Package kernelkit is the one package that a notebook imports: open a lab, run a
// study, show a figure, a table or a progress line.
//
// The mental model: a notebook cell is a process of its own, so a cell keeps
// nothing in memory for the next one. What a cell asks for is found in the run
// store when it was computed before, resumed when it was interrupted, and
// computed otherwise. Every function here that computes ends the cell with one
// readable message when it fails.
package kernelkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/janpfeifer/gonb/gonbui"

	"interplay/kernelkit/engine"
	"interplay/pipeline"
)

// Lab is a notebook's view of the project: a profile, a seed and a run store.
type Lab struct {
	Name string // of the notebook
	Seed int64  // as Open took it; to work with another one, open the lab with it

	profile pipeline.Profile // scale of everything that the lab runs
	store   *pipeline.Store
	ctx     context.Context
}

// Open opens the lab of a notebook. Profile and seed are the notebook's defaults;
// the environment variables INTERPLAY_PROFILE and INTERPLAY_SEED override them,
// and INTERPLAY_RUNS names the run folder (default: runs in the project).
//
// Opening is cheap: every cell of a notebook does it again.
func Open(study, profile string, seed int64) *Lab {
	lab, err := open(study, profile, seed)
	if err != nil {
		fail(err)
	}
	return lab
}

func open(study, profile string, seed int64) (*Lab, error) {
	if p := os.Getenv("INTERPLAY_PROFILE"); p != "" {
		profile = p
	}
	if s := os.Getenv("INTERPLAY_SEED"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("INTERPLAY_SEED is %q: expected a whole number", s)
		}
		seed = n
	}
	p, err := pipeline.ProfileByName(profile, seed)
	switch {
	case errors.Is(err, pipeline.ErrProfile) && os.Getenv("INTERPLAY_PROFILE") != "":
		return nil, fmt.Errorf("INTERPLAY_PROFILE: %w", err)
	case err != nil:
		return nil, fmt.Errorf("the notebook's Open: %w", err)
	}
	root, err := pipeline.DefaultRoot()
	if err != nil {
		return nil, err
	}
	store, err := pipeline.Open(root)
	if err != nil {
		return nil, err
	}
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	return &Lab{Name: study, profile: p, Seed: seed, store: store, ctx: ctx}, nil
}

// run computes, resumes or reuses a stage behind a progress line, and leaves a
// last word on which of the three it was.
func (l *Lab) run(s *pipeline.Stage) *pipeline.Done {
	check(l.unchanged())
	line, live := newProgressLine(), newLiveCurve()
	l.store.Log = func(text string) { line.note(text) }
	outcome, err := l.store.Run(l.ctx, s, func(p pipeline.Progress) { line.update(p); live.update(p) })
	live.end()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = fmt.Errorf("%s was interrupted; what it had done is saved, run the cell again to go on", s.Label)
		}
		line.end(s.Label + ": stopped")
		fail(err)
	}
	done, err := l.store.Done(s)
	if err != nil {
		fail(err)
	}
	word := fmt.Sprintf("✓ %s: %s, %.0f s of work", s.Label, outcome, done.Seconds)
	if outcome == pipeline.Reused {
		word = fmt.Sprintf("✓ %s: reused, it was computed before in %.0f s", s.Label, done.Seconds)
	}
	line.end(word)
	if gonbui.IsNotebook {
		gonbui.Sync()
	}
	return done
}

// unchanged refuses a seed that a cell set: the next cell would not know of it, and what the profile holds does not.
func (l *Lab) unchanged() error {
	if opened := l.profile.Base.Seed; l.Seed != opened {
		return fmt.Errorf("lab.Seed is %d and the lab was opened with %d: name the seed in the first cell, kernelkit.Open(%q, %q, %d), or set INTERPLAY_SEED; a change of lab.Seed ends with its cell",
			l.Seed, opened, l.Name, l.profile.Name, l.Seed)
	}
	return nil
}

// About shows what the lab will do: profile, seed, backend and where runs are kept.
func (l *Lab) About() {
	t := Table{Columns: []string{"setting", "value", "how to change it"}}
	t.Add("profile", l.profile.Name+": "+l.profile.About, "INTERPLAY_PROFILE")
	t.Add("seed", fmt.Sprint(l.Seed), "INTERPLAY_SEED")
	t.Add("backend", engine.Asked(""), "GOMLX_BACKEND")
	root := l.store.Root
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, root); err == nil && len(rel) < len(root) {
			root = rel
		}
	}
	t.Add("run folder", root, "INTERPLAY_RUNS")
	t.Show()
}
