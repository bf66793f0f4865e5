package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func example() *Cluster {
	return &Cluster{Name: "lab", Workers: 4, Hours: 2, Cores: 2, Memory: 8}
}

func equal(n int, seconds, save float64) []Task {
	tasks := make([]Task, n)
	for i := range tasks {
		tasks[i] = Task{Label: fmt.Sprint(i), Seconds: seconds, Save: save}
	}
	return tasks
}

func play(t *testing.T, c *Cluster, tasks []Task) *Forecast {
	t.Helper()
	f, err := c.Play(tasks)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWithoutBadLuckAForecastIsArithmetic(t *testing.T) {
	for _, x := range []struct {
		name          string
		tasks         []Task
		side          float64
		seconds, jobs float64
	}{
		{"each worker has two", equal(8, 100, 0), 0, 200, 4},
		{"four share what two would do", equal(8, 100, 0), 2, 400, 4},
		{"one alone does not share", equal(1, 100, 0), 2, 100, 4},
		{"a chain", []Task{{Seconds: 10}, {Seconds: 20, Inputs: []int{0}}, {Seconds: 30, Inputs: []int{1}}}, 0, 60, 4},
		{"the longest way first", []Task{{Seconds: 50}, {Seconds: 50}, {Seconds: 50}, {Seconds: 10}, {Seconds: 10}, {Seconds: 100, Inputs: []int{3}}}, 0, 110, 4},
	} {
		c := example()
		c.Forecast.Side = x.side
		f := play(t, c, x.tasks)
		if math.Abs(f.Seconds.Median-x.seconds) > 1e-6 || f.Jobs.Median != x.jobs || f.Seconds.Median != f.Seconds.Ninth {
			t.Errorf("%s: %+v after %+v jobs, want %g s and %g jobs", x.name, f.Seconds, f.Jobs, x.seconds, x.jobs)
		}
	}
}

// A task longer than a job's limit goes on from its checkpoint in the next job; without
// checkpoints it never ends, and the forecast says so.
func TestLongTasksNeedCheckpoints(t *testing.T) {
	c := example()
	c.Workers, c.Hours, c.Forecast.QueueMinutes = 1, 1, 10
	f := play(t, c, equal(1, 3*3300, 600)) // a job has 3300 s before it saves
	if f.Jobs.Median != 3 || math.Abs(f.Seconds.Median-(3*3300+3*600)) > 1 {
		t.Errorf("%g jobs, %g s; want 3 jobs with a wait before each", f.Jobs.Median, f.Seconds.Median)
	}
	if _, err := c.Play(equal(1, 4000, 0)); err == nil || !strings.Contains(err.Error(), "save") {
		t.Errorf("a task that cannot end gave %v", err)
	}
}

func TestCrashesCostTimeSinceTheLastCheckpoint(t *testing.T) {
	c := example()
	calm := play(t, c, equal(20, 1000, 100))
	c.Forecast.Crashes = 86400 / 500. // one in 500 s
	often := play(t, c, equal(20, 1000, 100))
	seldom := play(t, c, equal(20, 1000, 1000))
	if !(calm.Lost.Median == 0 && often.Lost.Median > 0 && seldom.Lost.Median > 3*often.Lost.Median) {
		t.Errorf("lost without crashes %g s, with checkpoints %g s, without %g s", calm.Lost.Median, often.Lost.Median, seldom.Lost.Median)
	}
	if !(often.Seconds.Median > calm.Seconds.Median && often.Seconds.Ninth > often.Seconds.Median && often.Jobs.Median > 4) {
		t.Errorf("with crashes %+v after %+v jobs, without %+v", often.Seconds, often.Jobs, calm.Seconds)
	}
	again := play(t, c, equal(20, 1000, 1000))
	if again.Seconds != seldom.Seconds || again.Lost != seldom.Lost {
		t.Error("two forecasts of the same differ")
	}
}

func TestTheCriticalPathIsTheLongestChain(t *testing.T) {
	f := play(t, example(), []Task{{Label: "a", Seconds: 5}, {Label: "b", Seconds: 3}, {Label: "c", Seconds: 4, Inputs: []int{1}}, {Label: "d", Seconds: 1, Inputs: []int{0, 2}}})
	var names []string
	for _, x := range f.Critical {
		names = append(names, x.Label)
	}
	if strings.Join(names, "") != "bcd" || f.CriticalTime != 8 {
		t.Errorf("the critical path is %v, %g s", names, f.CriticalTime)
	}
}

func TestAClustersFileIsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{"name":"a","workers":0,"hours":1,"cores":1,"memory_gib":1}`:                                   "workers is 0",
		`{"name":"a","workers":1,"hours":1e9,"cores":1,"memory_gib":1}`:                                 "hours is 1e+09",
		`{"name":"a","workers":1,"hours":0.05,"cores":1,"memory_gib":1}`:                                "save_seconds is 300",
		`{"name":"a","workers":1,"hours":1,"cores":1,"memory_gib":1,"gpu":1}`:                           `the key "gpu" is not known`,
		`{"name":"a","workers":1,"hours":1,"cores":1,"memory_gib":1,"partition":"x\ny"}`:                "line break",
		`{"name":"a","workers":1,"hours":1,"cores":1,"memory_gib":1,"environment":{"A B":"1"}}`:         "environment",
		`{"name":"a","workers":1,"hours":1,"cores":1,"memory_gib":1,"forecast":{"rates":{"train":-1}}}`: "forecast.rates.train",
		`{"name":"a","workers":1,"hours":1,"cores":1,"memory_gib":1,"forecast":{"crashes_a_day":-1}}`:   "crashes_a_day",
		`{"name":"a","workers":1,"hours":1,"cores":1,"memory_gib":1,"forecast":{"side_by_side":0.001}}`: "side_by_side",
	} {
		name := filepath.Join(dir, "cluster.json")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestTheExampleIsRead(t *testing.T) {
	for _, name := range []string{"example.json", "local.json"} {
		if _, err := Read(filepath.Join("..", "..", "scripts", "cluster", name)); err != nil {
			t.Error(err)
		}
	}
}

func workers() Workers {
	return Workers{Name: "edge", Project: "/data/it's here/lab", Runs: "/data/it's here/runs", Logs: "/data/it's here/runs/jobs", Args: []string{"edge", "-profile", "smoke"}}
}

// What a job's shell runs is what was meant, whatever the names of folders are: the script is
// run with a worker that prints its arguments and settings.
func TestAJobsScriptRunsTheWorkerThatWasMeant(t *testing.T) {
	w, c := workers(), example()
	w.Project = filepath.Join(t.TempDir(), "it's $HOME")
	if err := os.MkdirAll(filepath.Join(w.Project, "scripts"), 0o755); err != nil {
		t.Fatal(err)
	}
	worker := "#!/bin/bash\nprintf '<%s>' \"$@\" \"$INTERPLAY_RUNS\" \"$SAY\"\nexit 75\n"
	if err := os.WriteFile(filepath.Join(w.Project, "scripts", "in-project.sh"), []byte(worker), 0o755); err != nil {
		t.Fatal(err)
	}
	c.Environment = map[string]string{"SAY": `a "b" 'c' $d`}
	const want = `<interplay><work><-tries><3><-patience><1m30s><edge><-profile><smoke></data/it's here/runs><a "b" 'c' $d>`
	cmd := exec.Command("bash", "-c", w.Slurm(c))
	cmd.Env = append(os.Environ(), "PATH="+t.TempDir()+":/usr/bin:/bin", "SLURM_JOB_ID=7")
	out, err := cmd.CombinedOutput()
	if !strings.HasPrefix(string(out), want) || !strings.Contains(string(out), "scontrol") {
		t.Errorf("the script printed %s (%v), want %s and a call of scontrol", out, err, want)
	}
	c.Image, c.Claim, c.Mount = "lab:1", "store", "/"
	text, err := w.Kubernetes(c)
	if err != nil {
		t.Fatal(err)
	}
	var job struct {
		Spec struct {
			Template struct {
				Spec struct{ Containers []struct{ Command []string } }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		t.Fatal(err)
	}
	command := job.Spec.Template.Spec.Containers[0].Command
	if out, _ = exec.Command("bash", "-c", command[2]).CombinedOutput(); string(out) != want {
		t.Errorf("the pod printed %s, want %s", out, want)
	}
}

// The worker is told of its limit by the script: USR1 reaches it, and its job goes back into
// the queue only when stages are left.
func TestTheScriptPassesSignalsOn(t *testing.T) {
	for _, status := range []int{0, 75} {
		w := workers()
		w.Project = t.TempDir()
		bin := t.TempDir()
		for name, text := range map[string]string{
			filepath.Join(w.Project, "scripts", "in-project.sh"): fmt.Sprintf("#!/bin/bash\ntrap 'echo saved; exit %d' USR1\necho ready\nfor i in $(seq 100); do sleep 0.1; done\n", status),
			filepath.Join(bin, "scontrol"):                       "#!/bin/bash\necho \"scontrol $*\"\n",
		} {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("bash", "-c", `bash -c "$1" & job=$!; sleep 0.7; kill -USR1 $job; wait $job`, "batch", w.Slurm(example()))
		cmd.Env = append(os.Environ(), "PATH="+bin+":/usr/bin:/bin", "SLURM_JOB_ID=7")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Run()
		if got := strings.Contains(out.String(), "scontrol requeue 7"); !strings.Contains(out.String(), "saved") || got != (status == 75) {
			t.Errorf("status %d: the job printed %q", status, out.String())
		}
	}
}

func TestKubernetesNeedsAVolume(t *testing.T) {
	c := example()
	c.Image = "lab:1"
	if _, err := workers().Kubernetes(c); err == nil || !strings.Contains(err.Error(), "claim") {
		t.Error(err)
	}
	c.Claim, c.Mount = "store", "/elsewhere"
	if _, err := workers().Kubernetes(c); err == nil || !strings.Contains(err.Error(), "/elsewhere") {
		t.Error(err)
	}
}
