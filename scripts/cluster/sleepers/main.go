// Command sleepers measures what the store itself costs workers: many processes share many
// stages that only sleep. It prints one JSON line.
//
//	go run ./scripts/cluster/sleepers [-stages 1000] [-workers 64] [-sleep 2s]
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"interplay/pipeline"
)

func main() {
	stages := flag.Int("stages", 1000, "stages, a tenth of which need another one")
	workers := flag.Int("workers", 64, "processes")
	sleep := flag.Duration("sleep", 2*time.Second, "of a stage")
	worker := flag.String("worker", "", "be a worker of this run folder")
	flag.Parse()
	err := error(nil)
	if *worker != "" {
		err = work(*worker, sleepers(*stages, *sleep))
	} else {
		err = measure(*stages, *workers, *sleep)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sleepers:", err)
		os.Exit(1)
	}
}

// sleepers are stages that sleep; every tenth needs the one before.
func sleepers(n int, sleep time.Duration) []*pipeline.Stage {
	all := make([]*pipeline.Stage, n)
	for i := range all {
		all[i] = &pipeline.Stage{Kind: "sleep", Recipe: i, Label: fmt.Sprint("sleeper ", i), Work: func(*pipeline.Job) error {
			time.Sleep(sleep)
			return nil
		}}
		if i%10 == 9 {
			all[i].Inputs = []*pipeline.Stage{all[i-1]}
		}
	}
	return all
}

// account is what a worker says of itself.
type account struct {
	Stages int     `json:"stages"`
	Wall   float64 `json:"wall"` // seconds from its beginning to the end of its last stage
	CPU    float64 `json:"cpu"`
}

func work(root string, stages []*pipeline.Stage) error {
	st, err := pipeline.Open(root)
	if err != nil {
		return err
	}
	began, last := time.Now(), time.Now()
	for _, s := range stages {
		sleeps := s.Work
		s.Work = func(j *pipeline.Job) error {
			defer func() { last = time.Now() }()
			return sleeps(j)
		}
	}
	out, err := st.Work(context.Background(), stages, 1, nil)
	if err != nil {
		return err
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	return json.NewEncoder(os.Stdout).Encode(account{out.Computed, last.Sub(began).Seconds(), cpu.Seconds()})
}

func measure(stages, workers int, sleep time.Duration) error {
	root, err := os.MkdirTemp("", "sleepers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	var wait sync.WaitGroup
	accounts, errs := make([]account, workers), make([]error, workers)
	began := time.Now()
	for i := range workers {
		wait.Go(func() {
			cmd := exec.Command(os.Args[0], "-worker", filepath.Join(root, "runs"), "-stages", fmt.Sprint(stages), "-sleep", sleep.String())
			cmd.Stderr = os.Stderr
			text, err := cmd.Output()
			if err == nil {
				err = json.Unmarshal(text, &accounts[i])
			}
			errs[i] = err
		})
	}
	time.Sleep(time.Duration(stages/workers/2) * sleep)
	status, err := statusTime(filepath.Join(root, "runs"), sleepers(stages, sleep))
	wait.Wait()
	seconds := time.Since(began).Seconds()
	for _, e := range append(errs, err) {
		if e != nil {
			return e
		}
	}
	var sum account
	for _, a := range accounts {
		sum.Stages, sum.Wall, sum.CPU = sum.Stages+a.Stages, sum.Wall+a.Wall, sum.CPU+a.CPU
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"stages": stages, "workers": workers, "sleep_seconds": sleep.Seconds(), "computed": sum.Stages, "seconds": seconds,
		"cost":                     1 - float64(sum.Stages)*sleep.Seconds()/sum.Wall, // share of the workers' time that was not sleep
		"cost_cpu":                 sum.CPU / sum.Wall,                               // processors' time over the workers' time
		"milliseconds_cpu_a_stage": 1000 * sum.CPU / float64(sum.Stages), "status_seconds": status,
	})
}

// statusTime is how long a status takes while the workers work.
func statusTime(root string, stages []*pipeline.Stage) (float64, error) {
	st, err := pipeline.Open(root)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	states, err := st.States(stages, 1)
	if err == nil && len(states) != len(stages) {
		err = fmt.Errorf("%d states of %d stages", len(states), len(stages))
	}
	return time.Since(began).Seconds(), err
}
