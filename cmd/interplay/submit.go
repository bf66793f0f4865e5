package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"interplay/kernelkit"
	"interplay/kernelkit/engine"
	"interplay/pipeline"
	"interplay/pipeline/cluster"
)

// submitFlags are the settings of interplay submit.
type submitFlags struct {
	studyFlags
	cluster                          string
	slurm, condor, kubernetes, print bool
}

func submitCommand() *cobra.Command {
	var f submitFlags
	c := &cobra.Command{
		Use:   "submit STUDY|FILE… -slurm|-condor|-kubernetes -cluster FILE [-profile P] [-print]",
		Short: "gives workers for studies to a batch system",
		Long: `Writes a job of a batch system that starts workers (interplay work) and submits it;
with -print it shows the job and submits nothing. All workers are equal, and no job
depends on another: each takes what is ready in the shared run folder. -cluster
names a JSON file with what your cluster wants: workers, hours, cores, memory,
GPUs, partition, account, modules, environment. scripts/cluster/example.json is one.`,
		RunE: func(_ *cobra.Command, args []string) error { return f.submit(args) },
	}
	f.declareStudies(c)
	flags := c.Flags()
	flags.StringVar(&f.cluster, "cluster", "", "JSON file that describes the cluster")
	flags.BoolVar(&f.slurm, "slurm", false, "an array of jobs for sbatch")
	flags.BoolVar(&f.condor, "condor", false, "a submit description for condor_submit")
	flags.BoolVar(&f.kubernetes, "kubernetes", false, "an indexed Job for kubectl")
	flags.BoolVar(&f.print, "print", false, "print the job; submit nothing")
	return c
}

func (f *submitFlags) submit(names []string) error {
	if err := f.oneSystem(); err != nil {
		return err
	}
	if f.cluster == "" {
		return usagef("expected -cluster FILE, which says how many workers, hours, cores; scripts/cluster/example.json is one")
	}
	c, err := cluster.Read(f.cluster)
	if err != nil {
		return asUsage(err)
	}
	stages, err := f.stages(names)
	if err == nil {
		err = pipeline.CheckAhead(stages)
	}
	if err != nil { // jobs that fail for a typing error are no use
		return err
	}
	w, err := f.workers(names)
	if err != nil {
		return err
	}
	job, command, err := f.job(w, c)
	if err != nil || f.print {
		fmt.Print(job)
		return err
	}
	if err := os.MkdirAll(w.Logs, 0o755); err != nil {
		return fmt.Errorf("the folder of the jobs' output cannot be made: %w", err)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(job), os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s did not take the job: %w; -print shows it, and another machine can submit what it shows", command[0], err)
	}
	fmt.Printf("output of the workers goes to %s; interplay status %s says how far they are\n", w.Logs, typed(f.line(names)))
	return nil
}

// oneSystem refuses a command line that names no batch system, or several.
func (f *submitFlags) oneSystem() error {
	var found []string
	for _, x := range []struct {
		flag string
		on   bool
	}{{"-slurm", f.slurm}, {"-condor", f.condor}, {"-kubernetes", f.kubernetes}} {
		if x.on {
			found = append(found, x.flag)
		}
	}
	const expected = "expected one batch system, -slurm, -condor or -kubernetes"
	switch len(found) {
	case 0:
		return usagef(expected + ", found none: name the one that takes your jobs")
	case 1:
		return nil
	}
	return usagef(expected+", found %s: name the one that takes your jobs", strings.Join(found, " and "))
}

// job is the job, and the command that takes it from standard input.
func (f *submitFlags) job(w cluster.Workers, c *cluster.Cluster) (job string, command []string, err error) {
	switch {
	case f.slurm:
		return w.Slurm(c), []string{"sbatch"}, nil
	case f.condor:
		return w.Condor(c), []string{"condor_submit", "-"}, nil
	}
	job, err = w.Kubernetes(c)
	return job, []string{"kubectl", "create", "-f", "-"}, err
}

// workers are what the jobs run: this project, this run folder, these studies.
func (f *submitFlags) workers(names []string) (w cluster.Workers, err error) {
	if w.Project, err = engine.ProjectRoot(); err != nil {
		return w, err
	}
	if w.Runs, err = pipeline.DefaultRoot(); err == nil {
		w.Runs, err = filepath.Abs(w.Runs)
	}
	if err != nil {
		return w, err
	}
	w.Logs = filepath.Join(w.Runs, "jobs")
	w.Name = jobName(names)
	places := slices.Clone(names)
	for i, name := range names {
		if isFile(name) {
			if places[i], err = filepath.Abs(name); err != nil {
				return w, err
			}
		}
	}
	w.Args = f.line(places)
	return w, nil
}

// longestName is how long a job's name may get, in bytes: queues show some thirty.
const longestName = 30

// jobName names the job of all studies: edge, edge-split, or edge-and-4-more where that gets long.
func jobName(studies []string) string {
	var all []string
	for _, name := range studies {
		all = append(all, strings.TrimSuffix(filepath.Base(name), ".json"))
	}
	if name := strings.Join(all, "-"); len(name) <= longestName || len(all) == 1 {
		return name
	}
	return fmt.Sprintf("%s-and-%d-more", all[0], len(all)-1)
}

// forecastTable says what a cluster will do with a plan.
func forecastTable(c *cluster.Cluster, plan *pipeline.Plan, afresh bool) (*kernelkit.Table, error) {
	tasks, err := c.Tasks(plan, afresh)
	if err != nil {
		return nil, err
	}
	f, err := c.Play(tasks)
	if err != nil {
		return nil, err
	}
	t := &kernelkit.Table{Title: fmt.Sprintf("Forecast for cluster %s: %d stages on %d workers", c.Name, f.Tasks, c.Workers),
		Columns: []string{"", "median", "one time in ten more than"}}
	t.Add("last stage ends after", hours(f.Seconds.Median), hours(f.Seconds.Ninth))
	t.Add("jobs started", fmt.Sprintf("%.0f", f.Jobs.Median), fmt.Sprintf("%.0f", f.Jobs.Ninth))
	t.Add("job hours", fmt.Sprintf("%.1f", f.JobHours.Median), fmt.Sprintf("%.1f", f.JobHours.Ninth))
	if c.Forecast.PriceAnHour > 0 {
		cost := f.Cost(c)
		t.Add("cost "+c.Forecast.Currency, fmt.Sprintf("%.0f", cost.Median), fmt.Sprintf("%.0f", cost.Ninth))
	}
	t.Add("work done twice", hours(f.Lost.Median), hours(f.Lost.Ninth))
	var path []string
	for _, x := range f.Critical {
		path = append(path, fmt.Sprintf("%s (%s)", x.Label, hours(x.Seconds)))
	}
	t.Note = fmt.Sprintf("All stages together take one worker %s. Critical path, %s: %s. ", hours(f.Work), hours(f.CriticalTime), strings.Join(path, " → "))
	t.Note += fmt.Sprintf("Simulated 100 times with %g crashes and %g pre-emptions a job's day, %g minutes in the queue.", c.Forecast.Crashes, c.Forecast.Preemptions, c.Forecast.QueueMinutes)
	return t, nil
}

// hours writes seconds as a person would.
func hours(seconds float64) string {
	switch {
	case seconds < 600:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 7200:
		return fmt.Sprintf("%.0f min", seconds/60)
	case seconds < 7*86400:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
	return fmt.Sprintf("%.1f days", seconds/86400)
}
