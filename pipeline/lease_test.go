package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"interplay/kernelkit/durable"
)

// hold claims a stage's folder in the name of this process, whose heart beats.
func hold(t *testing.T, st *Store, name string) *lease {
	t.Helper()
	l, err := st.claim(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.release)
	return l
}

// fallSilent is what a lease is while its process is stopped: alive, without a heartbeat.
func fallSilent(l *lease) { l.stop() }

// waitFor claims a folder that others hold, again and again.
func waitFor(t *testing.T, st *Store, name string) *lease {
	t.Helper()
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
		l, err := st.claim(context.Background(), name)
		if err == nil {
			t.Cleanup(l.release)
			return l
		}
		if !errors.Is(err, errHeld) {
			t.Fatal(err)
		}
	}
	t.Fatal("the silent holder was not replaced in 20 s")
	return nil
}

// another opens the same store as another process would: it has seen no heartbeat yet.
func another(t *testing.T, st *Store) *Store {
	t.Helper()
	other, err := Open(st.Root)
	if err != nil {
		t.Fatal(err)
	}
	other.Patience = st.Patience
	return other
}

func TestOneOfManyGetsAStage(t *testing.T) {
	for _, left := range []bool{false, true} { // a new stage, and one that was left
		st := mustOpen(t)
		if left {
			hold(t, st, "count-1").release()
		}
		var got atomic.Int64
		var wait sync.WaitGroup
		for range 32 {
			wait.Go(func() {
				l, err := another(t, st).claim(context.Background(), "count-1")
				if err == nil {
					got.Add(1)
					t.Cleanup(l.release)
				} else if !errors.Is(err, errHeld) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if got.Load() != 1 {
			t.Errorf("left %v: %d of 32 hold the stage", left, got.Load())
		}
	}
}

func TestALivingHolderKeepsItsStage(t *testing.T) {
	st := mustOpen(t)
	st.Patience = 40 * time.Millisecond
	hold(t, st, "count-1")
	other := another(t, st)
	for began := time.Now(); time.Since(began) < 10*st.Patience; time.Sleep(2 * time.Millisecond) {
		if _, err := other.claim(context.Background(), "count-1"); !errors.Is(err, errHeld) {
			t.Fatalf("the claim gave %v while the holder's heart beats", err)
		}
	}
}

// What a holder that lost its lease does afterwards changes nothing: neither through names,
// nor through files that it had open, nor by its commit.
func TestALostLeaseCommitsNothing(t *testing.T) {
	st := mustOpen(t)
	st.Patience = 40 * time.Millisecond
	old := hold(t, st, "count-1")
	open, err := os.Create(filepath.Join(old.dir, "count"))
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	fmt.Fprint(open, "..")
	fallSilent(old)

	taken := waitFor(t, another(t, st), "count-1")
	if !taken.resume {
		t.Error("the taker does not know that somebody worked here")
	}
	fmt.Fprint(open, "late") // the old holder wakes
	sealed := false
	if err := old.commit(func() error { sealed = true; return nil }); !errors.Is(err, errLost) || sealed {
		t.Errorf("the old holder's commit gave %v, sealed %v", err, sealed)
	}
	if err := os.MkdirAll(filepath.Join(old.dir, WorkDir, "checkpoints"), 0o755); err != nil { // as saving does
		t.Fatal(err)
	}
	if err := old.commit(func() error { return nil }); !errors.Is(err, errLost) {
		t.Errorf("a folder that the old holder made after its loss was committed: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(taken.dir, "count")); err != nil || string(text) != ".." {
		t.Errorf("the taker reads %q (%v), want what was there when it took over", text, err)
	}
	if err := taken.commit(func() error {
		return durable.WriteFile(filepath.Join(taken.dir, "done.json"), []byte("{}"))
	}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(st.Root, "count-1", "count")); err != nil || string(text) != ".." {
		t.Errorf("the result is %q (%v)", text, err)
	}
	if exists(filepath.Join(st.Root, workingDir, "count-1")) {
		t.Error("the working folder is still there after the commit")
	}
}

// A heartbeat file from another time, as of a machine whose clock is an hour off, is judged
// by whether it changes and by nothing else.
func TestClocksAreNotCompared(t *testing.T) {
	for _, off := range []time.Duration{-time.Hour, time.Hour} {
		st := mustOpen(t)
		st.Patience = 100 * time.Millisecond
		l := hold(t, st, "count-1")
		fallSilent(l)
		name := filepath.Join(l.dir, WorkDir, heartbeatFile)
		if err := os.Chtimes(name, time.Now().Add(off), time.Now().Add(off)); err != nil {
			t.Fatal(err)
		}
		other, began := another(t, st), time.Now()
		waitFor(t, other, "count-1")
		if waited := time.Since(began); waited < st.Patience {
			t.Errorf("a clock %v off: taken over after %v, before the holder's patience of %v", off, waited, st.Patience)
		}
	}
}

// Two processes that both compute a stage, because each believes that it holds it, leave one
// result, and it is the result of either.
func TestAStageThatIsDoneTwiceIsWhole(t *testing.T) {
	st, runs := mustOpen(t), new(atomic.Int64)
	st.Patience = 40 * time.Millisecond
	began, goOn := make(chan struct{}), make(chan struct{})
	s := counter(5, runs, 0)
	count := s.Work
	s.Work = func(j *Job) error {
		if runs.Load() == 0 {
			defer func() { close(began); <-goOn }()
		}
		return count(j)
	}
	slow := another(t, st)
	ended := make(chan error, 1)
	go func() {
		outcome, err := slow.Run(context.Background(), s, nil)
		if err == nil && outcome != Reused {
			err = fmt.Errorf("the first process %v the stage, want that it finds the second's result", outcome)
		}
		ended <- err
	}()
	<-began
	entries, err := filepath.Glob(filepath.Join(st.Root, workingDir, "*", "*", WorkDir, heartbeatFile))
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	// The first process is done with its work but for the commit; its heartbeat is hidden, as by a network that fails.
	if err := os.Rename(entries[0], entries[0]+"-hidden"); err != nil {
		t.Fatal(err)
	}
	mustRun(t, st, counter(5, runs, 0), Resumed)
	close(goOn)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if runs.Load() != 2 {
		t.Errorf("the work ran %d times, want 2", runs.Load())
	}
	done, err := st.Done(s)
	if err != nil || len(done.Files) != 1 {
		t.Errorf("the result is %v (%v)", done, err)
	}
}

// slowStage takes about two seconds, and says where it is.
func slowStage() *Stage {
	return &Stage{Kind: "slow", Recipe: 1, Label: "slow", Work: func(j *Job) error {
		name := filepath.Join(j.Dir, "count")
		text, _ := os.ReadFile(name)
		for len(text) < 200 && j.Context.Err() == nil {
			text = append(text, '.')
			if err := os.WriteFile(name, text, 0o644); err != nil {
				return err
			}
			j.Progress(Progress{Done: float64(len(text)), Total: 200})
			time.Sleep(10 * time.Millisecond)
		}
		return j.Context.Err()
	}}
}

const slowPatience = 300 * time.Millisecond

// runSlowly is a process that computes slowStage and says how it came to the result.
func runSlowly(root string) int {
	st, err := Open(root)
	if err != nil {
		panic(err)
	}
	st.Patience = slowPatience
	outcome, err := st.Run(context.Background(), slowStage(), func(Progress) {})
	fmt.Println(outcome, err)
	return 0
}

// A process that is stopped (SIGSTOP) beyond its lease and wakes finds the lease gone,
// commits nothing, and ends with the other's result.
func TestAPausedProcessCommitsNothing(t *testing.T) {
	st := mustOpen(t)
	st.Patience = slowPatience
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "INTERPLAY_TEST_STORE="+st.Root, "INTERPLAY_TEST_SLOW=1")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	at := func() int {
		files, _ := filepath.Glob(filepath.Join(st.Root, workingDir, "slow-*", "*", "count"))
		if len(files) == 0 {
			return 0
		}
		text, _ := os.ReadFile(files[0])
		return len(text)
	}
	for began := time.Now(); at() < 20; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("the process did not begin: " + said.String())
		}
	}
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	mustRun(t, st, slowStage(), Resumed)
	before, err := os.ReadFile(filepath.Join(st.Dir(slowStage()), "done.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || said.String() != "reused <nil>\n" {
		t.Errorf("the paused process ended with %v and said %q, want reused", err, said.String())
	}
	after, err := os.ReadFile(filepath.Join(st.Dir(slowStage()), "done.json"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the seal changed after the paused process woke (%v)", err)
	}
	if left, _ := os.ReadDir(filepath.Join(st.Root, workingDir)); len(left) > 0 {
		t.Errorf("%v was left in the working folder", left)
	}
}
