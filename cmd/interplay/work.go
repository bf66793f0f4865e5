package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"interplay/pipeline"
	"interplay/pipeline/cluster"
	"interplay/pipeline/study"
)

// workFlags are the settings of interplay work.
type workFlags struct {
	studyFlags
	tries              int
	patience, duration span
	again              bool
}

func workCommand() *cobra.Command {
	f := workFlags{tries: pipeline.DefaultTries, patience: span{pipeline.DefaultPatience, time.Second, 10 * time.Hour}, duration: span{0, 10 * time.Second, 365 * 24 * time.Hour}}
	c := &cobra.Command{
		Use:   "work STUDY|FILE… [-profile P] [-seed S] [-seeds N] [-for 4h] [-tries N]",
		Short: "computes stages of studies, together with other workers on any machine",
		Long: `Takes any stage that is ready, computes it and takes the next, until nothing is left.
Any number of workers share one run folder (INTERPLAY_RUNS), on any number of
machines; they need nothing else. A worker that dies, or falls silent for the
patience, is replaced: its stage goes on from its last checkpoint.

SIGUSR1, or the end of -for, tells it to save and end with exit status 75, which
says that stages are left; SIGTERM tells it to save and end. A stage that fails is
tried again, by any worker, and named at the end. When all is done, interplay run
STUDY writes the results from the stages that are there.`,
		RunE: func(c *cobra.Command, args []string) error { return f.work(c.Context(), args) },
	}
	f.declareStudies(c)
	whole(c.Flags(), &f.tries, "tries", 1, 100, "attempts at a stage, of all workers together, before it counts as failed")
	c.Flags().Var(&f.patience, "patience", "how long this worker's heartbeat may stand still before others take its stage ("+f.patience.expected()+"; default "+f.patience.String()+")")
	c.Flags().Var(&f.duration, "for", "save and end after this time ("+f.duration.expected()+"; default: work until nothing is left)")
	c.Flags().BoolVar(&f.again, "again", false, "forget earlier failures of these studies, and try their stages again")
	c.Flags().Lookup("patience").DefValue, c.Flags().Lookup("for").DefValue = "", ""
	return c
}

// declareStudies declares flags of a verb that takes several studies.
func (f *studyFlags) declareStudies(c *cobra.Command) {
	f.declare(c)
	c.Flags().Lookup("out").Hidden = true
	c.Flags().Lookup("profile").Usage = "scale of the studies that are named, a FILE has its own: " + strings.Join(pipeline.Profiles(), ", ")
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("expected studies (%s, or JSON files), found none; see %s -h", strings.Join(study.Names(), ", "), c.CommandPath())
		}
		return nil
	}
}

// stages are those of all studies, each once, inputs first. Beside files, -profile is the
// scale of the studies of the list.
func (f *studyFlags) stages(names []string) ([]*pipeline.Stage, error) {
	stages, _, err := f.stagesOf(names)
	return stages, err
}

// stagesOf is stages, with the studies that each is of, by its folder, in the order given.
func (f *studyFlags) stagesOf(names []string) (stages []*pipeline.Stage, of map[string][]string, err error) {
	f.listed = !allFiles(names)
	of = map[string][]string{}
	var roots []*pipeline.Stage
	for _, name := range names {
		s, err := f.study(name)
		if err != nil {
			return nil, nil, err
		}
		if err := s.Validate(); err != nil {
			return nil, nil, err
		}
		own := pipeline.Stages(s.Stages()...)
		for _, x := range own {
			if folder := x.Folder(); !slices.Contains(of[folder], name) {
				of[folder] = append(of[folder], name)
			}
		}
		roots = append(roots, own...)
	}
	return pipeline.Stages(roots...), of, nil
}

func (f *workFlags) work(ctx context.Context, names []string) error {
	stages, err := f.stages(names)
	if err == nil {
		err = pipeline.CheckAhead(stages)
	}
	if err != nil {
		return err
	}
	store, err := openStore()
	if err != nil {
		return err
	}
	if f.again {
		if err := store.Forget(stages); err != nil {
			return err
		}
	}
	store.Patience = f.patience.time
	store.Log = func(line string) { fmt.Println(time.Now().Format(time.TimeOnly) + "  " + line) }
	graceful.Store(int64(time.Hour)) // whoever sends the signal says how long saving may take
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGUSR1)
	defer stop()
	outer := ctx
	if f.duration.time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration.time)
		defer cancel()
	}
	out, err := store.Work(ctx, stages, f.tries, sometimes(30*time.Second))
	switch {
	case errors.Is(err, context.DeadlineExceeded) && outer.Err() == nil, errors.Is(err, context.Canceled):
		return exitError{fmt.Errorf("stopped, stages are left: what was at work is saved for the next worker (%w)", err), cluster.StatusLeft}
	case err != nil:
		return err
	}
	fmt.Printf("nothing is left to do; this worker computed %d stages and resumed %d\n", out.Computed, out.Resumed)
	if len(out.Failed) > 0 {
		return fmt.Errorf("%d stages failed, %d were not begun because of that:\n%w\nmend the cause, then `interplay work %s -again`",
			len(out.Failed), len(out.Skipped), out.Err(), typed(f.line(names)))
	}
	return nil
}

// sometimes prints progress, a line at most every so often.
func sometimes(every time.Duration) func(pipeline.Progress) {
	var mu sync.Mutex
	last := time.Now()
	return func(p pipeline.Progress) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) < every {
			return
		}
		last = time.Now()
		fmt.Println(last.Format(time.TimeOnly) + "  " + p.Label + ": " + progressWords(p))
	}
}

// progressWords is a report in words: 120 of 400 steps, loss 0.61.
func progressWords(p pipeline.Progress) string {
	text := fmt.Sprintf("%.0f of %.0f %s", p.Done, p.Total, p.Unit)
	if p.Note != "" {
		text += ", " + p.Note
	}
	return text
}

// span is a flag that is a duration within bounds.
type span struct{ time, low, high time.Duration }

func (s *span) expected() string { return s.low.String() + " to " + s.high.String() }
func (s *span) Type() string     { return "span" }

func (s *span) String() string {
	if s.time == 0 {
		return ""
	}
	return s.time.String()
}

// Set takes the duration from the command line.
func (s *span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < s.low || d > s.high {
		return fmt.Errorf("expected a duration such as 90s or 1h30m, %s", s.expected())
	}
	s.time = d
	return nil
}
