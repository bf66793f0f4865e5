// Package cluster starts workers on many machines, and says beforehand what they will do: it
// writes their jobs in the languages of Slurm, HTCondor and Kubernetes, and simulates them.
//
// All jobs of a cluster are the same: a worker (see pipeline.Store.Work) with a limit of time,
// that takes any stage that is ready. Nothing is passed to it but the names of the studies,
// and no job depends on another one: the shared run folder is all that they have in common.
// A job that ends, however, starts again with nothing to remember.
package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"interplay/kernelkit/strict"
	"interplay/pipeline"
)

// Cluster describes jobs, the batch system that starts them, and what is known of both. It is
// one JSON file; -plan and submit read the same one.
type Cluster struct {
	Name    string  `json:"name"`
	Workers int     `json:"workers"` // jobs at once
	Hours   float64 `json:"hours"`   // limit of one job
	Cores   int     `json:"cores"`   // of one job
	Memory  int     `json:"memory_gib"`
	GPUs    int     `json:"gpus,omitempty"`
	// SaveSeconds before its limit a job is told to save and end; 0 means 300.
	SaveSeconds int `json:"save_seconds,omitempty"`
	Tries       int `json:"tries,omitempty"` // at a stage before it counts as failed; 0 means 3
	// PatienceSeconds is how long a worker's heartbeat may stand still before others take its
	// stage; 0 means 90. It must exceed what the shared disk keeps from readers.
	PatienceSeconds float64 `json:"patience_seconds,omitempty"`

	Partition   string            `json:"partition,omitempty"`
	Account     string            `json:"account,omitempty"`
	Modules     []string          `json:"modules,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
	Slurm       []string          `json:"slurm,omitempty"`  // further options of sbatch: --constraint=h100
	Condor      []string          `json:"condor,omitempty"` // further lines of the submit description
	Image       string            `json:"image,omitempty"`  // Kubernetes: container image with what set-up needs
	Claim       string            `json:"claim,omitempty"`  // Kubernetes: claim of the volume with the project and the run folder
	Mount       string            `json:"mount,omitempty"`  // Kubernetes: where that volume is mounted

	Forecast Assumptions `json:"forecast"`
}

// Assumptions are what a forecast needs to know of a cluster.
type Assumptions struct {
	// Rates are floating-point operations a second of one worker, by kind of stage. A kind
	// that is not named has the rate that was measured in the run folder, else the study's.
	Rates map[string]float64 `json:"rates,omitempty"`
	// Side is how many workers run at these rates at the same time; more of them share what
	// that many would do, as those of one machine share its cores. 0: each has its own.
	Side         float64 `json:"side_by_side,omitempty"`
	QueueMinutes float64 `json:"queue_minutes,omitempty"` // before a job starts, again each time
	StartSeconds float64 `json:"start_seconds,omitempty"` // of a job, before it takes a stage
	Crashes      float64 `json:"crashes_a_day,omitempty"` // of one running job, without warning
	Preemptions  float64 `json:"preemptions_a_day,omitempty"`
	PriceAnHour  float64 `json:"price_an_hour,omitempty"` // of one running job
	Currency     string  `json:"currency,omitempty"`
}

// Read reads a cluster's file. An unknown field is an error.
func Read(name string) (*Cluster, error) {
	text, err := strict.ReadFile(name, 64<<20)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("expected a cluster's JSON file, found no file %s; check the path, or begin with a copy of scripts/cluster/example.json", name)
	case err != nil:
		return nil, fmt.Errorf("the cluster's file cannot be read: %w", err)
	}
	var c Cluster
	if err := strict.Decode(text, &c); err != nil {
		return nil, fmt.Errorf("%s is not a cluster's file: %w; scripts/cluster/example.json shows one", name, err)
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &c, nil
}

// Validate returns the first thing that is wrong.
func (c *Cluster) Validate() error {
	f := c.Forecast
	for _, x := range []struct {
		name         string
		value        float64
		least, most  float64
		zeroIsUnsaid bool
	}{
		{"workers", float64(c.Workers), 1, 10_000, false},
		{"hours", c.Hours, 0.01, 24 * 365, false},
		{"cores", float64(c.Cores), 1, 1024, false},
		{"memory_gib", float64(c.Memory), 1, 16384, false},
		{"gpus", float64(c.GPUs), 0, 64, true},
		{"save_seconds", float64(c.SaveSeconds), 5, 36000, true},
		{"tries", float64(c.Tries), 1, 100, true},
		{"patience_seconds", c.PatienceSeconds, 1, 36000, true},
		{"forecast.side_by_side", f.Side, 0.1, 10_000, true},
		{"forecast.queue_minutes", f.QueueMinutes, 0, 1e6, true},
		{"forecast.start_seconds", f.StartSeconds, 0, 1e5, true},
		{"forecast.crashes_a_day", f.Crashes, 0, 1e4, true},
		{"forecast.preemptions_a_day", f.Preemptions, 0, 1e4, true},
		{"forecast.price_an_hour", f.PriceAnHour, 0, 1e9, true},
	} {
		if x.zeroIsUnsaid && x.value == 0 {
			continue
		}
		if !(x.value >= x.least && x.value <= x.most) {
			return fmt.Errorf("%s is %g: expected %g to %g", x.name, x.value, x.least, x.most)
		}
	}
	if float64(c.saveSeconds()) >= c.Hours*3600 {
		return fmt.Errorf("save_seconds is %d, and a job has %.0f s: a job must have time before it saves", c.saveSeconds(), c.Hours*3600)
	}
	for kind, rate := range f.Rates {
		if !(rate > 0 && rate < 1e18) {
			return fmt.Errorf("forecast.rates.%s is %g: expected floating-point operations a second", kind, rate)
		}
	}
	return c.validateText()
}

// validateText refuses what would break out of a line of a job's script.
func (c *Cluster) validateText() error {
	for _, line := range slices.Concat([]string{c.Name, c.Partition, c.Account, c.Image, c.Claim, c.Mount}, c.Modules, c.Slurm, c.Condor) {
		if strings.ContainsAny(line, "\n\r\x00") {
			return fmt.Errorf("%q has a line break: expected one line", line)
		}
	}
	for name, value := range c.Environment {
		if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" || strings.ContainsAny(value, "\n\r\x00") {
			return fmt.Errorf("environment: %q=%q cannot be set: expected a name of letters, digits and _ and a value of one line", name, value)
		}
	}
	if c.Name == "" {
		return errors.New("expected a name")
	}
	return nil
}

func (c *Cluster) saveSeconds() int {
	if c.SaveSeconds > 0 {
		return c.SaveSeconds
	}
	return 300
}

// Patience is how long a worker's heartbeat may stand still.
func (c *Cluster) Patience() time.Duration {
	if c.PatienceSeconds > 0 {
		return time.Duration(c.PatienceSeconds * float64(time.Second))
	}
	return pipeline.DefaultPatience
}

func (c *Cluster) tries() int {
	if c.Tries > 0 {
		return c.Tries
	}
	return pipeline.DefaultTries
}

// sortedEnvironment lists NAME, value pairs in order.
func (c *Cluster) sortedEnvironment() [][2]string {
	var out [][2]string
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		out = append(out, [2]string{name, c.Environment[name]})
	}
	return out
}
