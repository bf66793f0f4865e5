package cluster

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// StatusLeft is the exit status of a worker that was told to end before its work was: a job
// that ends with it starts again.
const StatusLeft = 75

// Workers is what every job of a submission runs.
type Workers struct {
	Name    string   // of the jobs: edge
	Project string   // folder of the project, on every machine
	Runs    string   // the shared run folder
	Logs    string   // folder of the jobs' output, which must be there
	Args    []string // of interplay work: studies, their scale
}

// command is the shell command of one worker.
func (w Workers) command(c *Cluster) string {
	words := []string{filepath.Join(w.Project, "scripts", "in-project.sh"), "interplay", "work",
		"-tries", strconv.Itoa(c.tries()), "-patience", c.Patience().String()}
	words = append(words, w.Args...)
	for i, word := range words {
		words[i] = quote(word)
	}
	return strings.Join(words, " ")
}

// quote makes a word of a POSIX shell of any text.
func quote(s string) string {
	if s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=./:,@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// preparation are the lines of a shell before the worker: modules and environment.
func (w Workers) preparation(c *Cluster) []string {
	var lines []string
	if len(c.Modules) > 0 {
		words := []string{"module", "load"}
		for _, m := range c.Modules {
			words = append(words, quote(m))
		}
		lines = append(lines, strings.Join(words, " "))
	}
	lines = append(lines, "export INTERPLAY_RUNS="+quote(w.Runs))
	for _, e := range c.sortedEnvironment() {
		lines = append(lines, "export "+e[0]+"="+quote(e[1]))
	}
	return lines
}

// Slurm is a script for sbatch: an array of workers. Each is told by USR1 to save before its
// limit, ends with StatusLeft (75), and its job goes back into the queue. A job that is
// pre-empted or whose node fails is put back by Slurm (--requeue). There are no dependencies.
func (w Workers) Slurm(c *Cluster) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	option := func(name string, value any) { line("#SBATCH --%s=%v", name, value) }
	line("#!/bin/bash -l")
	option("job-name", "interplay-"+w.Name)
	option("array", fmt.Sprintf("0-%d", c.Workers-1))
	option("time", slurmTime(c.Hours))
	option("nodes", 1)
	option("ntasks", 1)
	option("cpus-per-task", c.Cores)
	option("mem", fmt.Sprintf("%dG", c.Memory))
	if c.GPUs > 0 {
		option("gres", fmt.Sprintf("gpu:%d", c.GPUs))
	}
	if c.Partition != "" {
		option("partition", c.Partition)
	}
	if c.Account != "" {
		option("account", c.Account)
	}
	for _, o := range c.Slurm {
		line("#SBATCH %s", o)
	}
	line("#SBATCH --requeue")
	option("signal", fmt.Sprintf("B:USR1@%d", c.saveSeconds()))
	option("open-mode", "append")
	option("output", slurmPath(filepath.Join(w.Logs, w.Name+"-%A_%a.txt")))
	line("")
	for _, l := range w.preparation(c) {
		line("%s", l)
	}
	out.WriteString(strings.ReplaceAll(slurmWorker, "WORKER", w.command(c)))
	return out.String()
}

// slurmWorker is the end of a job's script: it runs a worker, passes signals on to it, starts
// another one where it was killed (as for want of memory), and puts the job back into the
// queue where stages are left.
const slurmWorker = `told=
trap 'kill -USR1 $worker' USR1 # the limit is near
trap 'told=1; kill -TERM $worker' TERM # pre-empted, requeued or cancelled
for try in 1 2 3 4 5 6 7 8 9 10; do
	WORKER &
	worker=$!
	while kill -0 $worker 2>/dev/null; do wait $worker; done
	wait $worker
	status=$?
	[ $status -eq 137 ] && [ -z "$told" ] || break # 137: killed; the next one goes on from its checkpoint
done
[ $status -ne 75 ] || exec scontrol requeue "$SLURM_JOB_ID" # 75: it saved at the limit, and stages are left
exit $status
`

// slurmTime is a limit in Slurm's form, days-hours:minutes:seconds.
func slurmTime(hours float64) string {
	s := int(hours * 3600)
	return fmt.Sprintf("%d-%02d:%02d:%02d", s/86400, s/3600%24, s/60%60, s%60)
}

// slurmPath quotes a path for an #SBATCH line, where blanks end an option.
func slurmPath(path string) string {
	if strings.ContainsAny(path, " \t\"'") {
		return `"` + strings.ReplaceAll(path, `"`, `\"`) + `"`
	}
	return path
}

// Condor is a submit description for condor_submit: one cluster of workers. A worker that
// ends with StatusLeft, or by a signal, starts again; one that is evicted has the seconds to save.
func (w Workers) Condor(c *Cluster) string {
	var out strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&out, "%-24s = %v\n", name, value) }
	limit := fmt.Sprintf("%ds", int(c.Hours*3600)-c.saveSeconds())
	w.Args = append([]string{"-for", limit}, w.Args...)
	command := strings.Join(append(w.preparation(c), "exec "+w.command(c)), "; ")
	line("universe", "vanilla")
	line("executable", "/bin/bash")
	line("transfer_executable", "false")
	line("should_transfer_files", "NO")
	line("arguments", `"-lc `+condorWord(command)+`"`)
	line("environment", `"INTERPLAY_CONDOR_JOB=$(Cluster).$(Process)"`)
	line("initialdir", w.Project)
	line("request_cpus", c.Cores)
	line("request_memory", fmt.Sprintf("%dGB", c.Memory))
	if c.GPUs > 0 {
		line("request_gpus", c.GPUs)
	}
	if c.Account != "" {
		line("accounting_group", c.Account)
	}
	line("kill_sig", "SIGTERM")
	line("job_max_vacate_time", c.saveSeconds())
	line("on_exit_remove", fmt.Sprintf("(ExitBySignal == False) && (ExitCode != %d)", StatusLeft))
	line("output", filepath.Join(w.Logs, w.Name+"-$(Cluster)_$(Process).txt"))
	line("error", filepath.Join(w.Logs, w.Name+"-$(Cluster)_$(Process).txt"))
	line("log", filepath.Join(w.Logs, w.Name+"-$(Cluster).condor"))
	for _, o := range c.Condor {
		out.WriteString(o + "\n")
	}
	fmt.Fprintf(&out, "queue %d\n", c.Workers)
	return out.String()
}

// condorWord quotes an argument in HTCondor's newer syntax.
func condorWord(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "'", "''"), `"`, `""`) + "'"
}

// object is a JSON object of a Kubernetes manifest.
type object = map[string]any

// Kubernetes is a manifest for kubectl, in JSON: an indexed Job with a pod a worker. A pod
// that fails, or is evicted, starts again.
func (w Workers) Kubernetes(c *Cluster) (string, error) {
	switch {
	case c.Image == "":
		return "", fmt.Errorf("cluster %s names no image: Kubernetes needs the container image that workers run in", c.Name)
	case c.Claim == "" || c.Mount == "":
		return "", fmt.Errorf("cluster %s names no claim and mount: Kubernetes needs the volume with the project and the run folder, and where it is mounted", c.Name)
	}
	for _, folder := range []string{w.Project, w.Runs} {
		if rel, err := filepath.Rel(c.Mount, folder); err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			return "", fmt.Errorf("cluster %s mounts its volume at %s, which does not hold %s: set mount to a folder above it", c.Name, c.Mount, folder)
		}
	}
	resources := object{"cpu": strconv.Itoa(c.Cores), "memory": fmt.Sprintf("%dGi", c.Memory)}
	if c.GPUs > 0 {
		resources["nvidia.com/gpu"] = strconv.Itoa(c.GPUs)
	}
	lines := append(w.preparation(c), "exec "+w.command(c))
	container := object{
		"name": "worker", "image": c.Image,
		"command":      []string{"/bin/bash", "-lc", strings.Join(lines, "\n")},
		"env":          []object{{"name": "INTERPLAY_POD", "valueFrom": object{"fieldRef": object{"fieldPath": "metadata.name"}}}},
		"resources":    object{"requests": resources, "limits": resources},
		"volumeMounts": []object{{"name": "store", "mountPath": c.Mount}},
	}
	pod := object{
		"restartPolicy": "OnFailure", "terminationGracePeriodSeconds": c.saveSeconds(),
		"containers": []object{container},
		"volumes":    []object{{"name": "store", "persistentVolumeClaim": object{"claimName": c.Claim}}},
	}
	job := object{
		"apiVersion": "batch/v1", "kind": "Job",
		"metadata": object{"name": "interplay-" + dnsName(w.Name)},
		"spec": object{
			"completionMode": "Indexed", "completions": c.Workers, "parallelism": c.Workers,
			"backoffLimit": 1000, // workers note failures of stages themselves; what is left are pods that were taken away
			"template":     object{"spec": pod},
		},
	}
	text, err := json.MarshalIndent(job, "", "  ")
	return string(text) + "\n", err
}

// dnsName makes a name that Kubernetes takes: small letters, digits and -.
func dnsName(s string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	return strings.Trim(name[:min(len(name), 40)], "-")
}
