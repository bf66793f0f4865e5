// Command sleepers measures what the store itself costs workers, and how near a forecast
// comes: many processes share many stages that only sleep, so that other work on the machine
// matters little. It prints one JSON line.
//
//	go run ./scripts/cluster/sleepers [-stages 1000] [-workers 64] [-sleep 2s] [-kill 5s]
//
// With -kill a worker is killed (-9) every so often, and another one started at once.
package main

import (
	"bytes"
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
	"interplay/pipeline/cluster"
)

func main() {
	stages := flag.Int("stages", 1000, "stages, a tenth of which need another one")
	workers := flag.Int("workers", 64, "processes")
	sleep := flag.Duration("sleep", 2*time.Second, "of a stage")
	kill := flag.Duration("kill", 0, "between two kills of a worker; 0: none")
	worker := flag.String("worker", "", "be a worker of this run folder")
	flag.Parse()
	err := error(nil)
	if *worker != "" {
		err = work(*worker, sleepers(*stages, *sleep))
	} else {
		err = measure(*stages, *workers, *sleep, *kill)
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

// crew are the workers' processes.
type crew struct {
	mu      sync.Mutex
	running []*exec.Cmd
	kills   int
}

// run runs one worker to its end, and another one where it was killed.
func (c *crew) run(i int, args []string) (a account, err error) {
	for {
		cmd := exec.Command(os.Args[0], args...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, os.Stderr
		if err := cmd.Start(); err != nil {
			return a, err
		}
		c.mu.Lock()
		c.running[i] = cmd
		c.mu.Unlock()
		err := cmd.Wait()
		c.mu.Lock()
		c.running[i] = nil
		c.mu.Unlock()
		if err == nil {
			return a, json.Unmarshal(out.Bytes(), &a)
		}
		if cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			return a, err
		}
	}
}

// killSome kills one worker after the other, until done is closed.
func (c *crew) killSome(every time.Duration, done <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		case <-time.After(every):
		}
		c.mu.Lock()
		if cmd := c.running[i%len(c.running)]; cmd != nil {
			cmd.Process.Kill()
			c.kills++
		}
		c.mu.Unlock()
	}
}

func measure(stages, workers int, sleep, kill time.Duration) error {
	root, err := os.MkdirTemp("", "sleepers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	args := []string{"-worker", filepath.Join(root, "runs"), "-stages", fmt.Sprint(stages), "-sleep", sleep.String()}
	var wait sync.WaitGroup
	c := crew{running: make([]*exec.Cmd, workers)}
	accounts, errs := make([]account, workers), make([]error, workers)
	began, done := time.Now(), make(chan struct{})
	for i := range workers {
		wait.Go(func() { accounts[i], errs[i] = c.run(i, args) })
	}
	if kill > 0 {
		go c.killSome(kill, done)
	}
	time.Sleep(time.Duration(stages/workers/2) * sleep)
	status, err := statusTime(filepath.Join(root, "runs"), sleepers(stages, sleep))
	wait.Wait()
	close(done)
	seconds := time.Since(began).Seconds()
	for _, e := range append(errs, err) {
		if e != nil {
			return e
		}
	}
	forecast, err := forecast(stages, workers, sleep, kill)
	if err != nil {
		return err
	}
	figures := map[string]any{"stages": stages, "workers": workers, "sleep_seconds": sleep.Seconds(), "seconds": seconds,
		"forecast_seconds": forecast, "kills": c.kills, "status_seconds": status}
	if kill == 0 {
		var sum account
		for _, a := range accounts {
			sum.Stages, sum.Wall, sum.CPU = sum.Stages+a.Stages, sum.Wall+a.Wall, sum.CPU+a.CPU
		}
		figures["computed"] = sum.Stages
		figures["cost"] = 1 - float64(sum.Stages)*sleep.Seconds()/sum.Wall // share of the workers' time that was not sleep
		figures["cost_cpu"] = sum.CPU / sum.Wall                           // processors' time over the workers' time
		figures["milliseconds_cpu_a_stage"] = 1000 * sum.CPU / float64(sum.Stages)
	}
	return json.NewEncoder(os.Stdout).Encode(figures)
}

// forecast is how long the workers should take: the median of package cluster's plays.
func forecast(stages, workers int, sleep, kill time.Duration) (float64, error) {
	tasks := make([]cluster.Task, stages)
	for i := range tasks {
		tasks[i].Seconds = sleep.Seconds()
		if i%10 == 9 {
			tasks[i].Inputs = []int{i - 1}
		}
	}
	c := cluster.Cluster{Workers: workers, Hours: 1000, PatienceSeconds: 0.001} // one machine sees at once that a process is gone
	if kill > 0 {
		c.Forecast.Crashes = 24 * 3600 / kill.Seconds() / float64(workers)
	}
	f, err := c.Play(tasks)
	if err != nil {
		return 0, err
	}
	return f.Seconds.Median, nil
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
