package train

import (
	"slices"
	"testing"
	"time"
)

// Tests of this package count checkpoints, so that none may come by the clock, but where a
// test asks for it.
func init() { leastGap = time.Hour }

func TestARunIsSavedByTheClockToo(t *testing.T) {
	e, cfg := open(t), testConfig()
	cfg.CheckpointEvery = cfg.Steps
	want, _ := mustRun(t, e, cfg, t.TempDir())

	j := newJournal(cfg, t.TempDir(), "")
	leastGap = time.Second
	defer func() { leastGap = time.Hour }()
	for _, c := range []struct {
		every     int
		ago, took time.Duration
		due       bool
	}{
		{10, 0, 0, false}, // before the first step
		{10, time.Minute, time.Second, true},
		{10, time.Minute, 2 * time.Second, false},
		{10, time.Second / 2, 0, false},
		{0, time.Minute, 0, false}, // saved only at its end
	} {
		j.Every, j.took, j.saved = c.every, c.took, time.Time{}
		if c.ago > 0 {
			j.saved = time.Now().Add(-c.ago)
		}
		if j.Overdue() != c.due {
			t.Errorf("every %d steps, saved %s ago in %s: due %t, expected %t", c.every, c.ago, c.took, !c.due, c.due)
		}
	}

	leastGap, costOfSaving = 0, 0
	defer func() { costOfSaving = 50 }()
	dir := t.TempDir()
	got, _ := mustRun(t, e, cfg, dir)
	if _, steps, err := Checkpoints(dir); err != nil || !slices.Equal(steps, []int{cfg.Steps - 1, cfg.Steps}) {
		t.Errorf("checkpoints of steps %v (%v), expected those of the last two", steps, err)
	}
	if got != want {
		t.Error("a run that is saved by the clock ends with other weights")
	}
}
