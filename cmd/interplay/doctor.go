package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"interplay/kernelkit/engine"
	"interplay/pipeline"
)

// Doctor checks that the laboratory can run here: one line a check, ✓ or ✗ with
// the cause and what to do. It changes nothing, but for a probe file that it
// writes to the run folder and removes.

// check is one line of the doctor's report. run returns what was found, or an
// error that names the cause and the remedy.
type check struct {
	name string
	run  func(root string) (string, error)
}

var checks = []check{
	{"Machine", checkMachine},
	{"Network", checkNetwork},
	{"Go", checkGo},
	{"Python", checkPython},
	{"Backend", checkBackend},
	{"Kernel", checkKernel},
	{"Settings", checkSettings},
	{"Run folder", checkRunFolder},
	{"Disk", checkDisk},
}

func doctorCommand() *cobra.Command {
	probe := false
	c := &cobra.Command{
		Use:   "doctor",
		Short: "checks backend, plugin, kernel, disk; says what to do about each problem",
		Long: `Checks that the laboratory can run here: one line a check, with the cause and what to
do where something is wrong. It changes nothing.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			if probe {
				return probeBackend()
			}
			return doctor()
		},
	}
	c.Flags().BoolVar(&probe, "probe", false, "only open the backend and print what it is, as JSON (doctor runs itself so: a broken plugin can end a process)")
	return c
}

func doctor() error {
	root, err := engine.ProjectRoot()
	if err != nil {
		return fmt.Errorf("%w; run it in the project's folder", err)
	}
	failed := 0
	for _, c := range checks {
		says, err := c.run(root)
		mark := "✓"
		if err != nil {
			mark, says = "✗", oneLine(err.Error())
			failed++
		}
		fmt.Printf("%s %-11s %s\n", mark, c.name, says)
	}
	if failed > 0 {
		fmt.Printf("%d of %d checks failed: put right what is marked ✗, then run `interplay doctor` again\n", failed, len(checks))
		return errSilent
	}
	return nil
}

// oneLine joins the lines of a message, so that a check stays one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// checkGo: cells of a notebook are built where they run, so Go and the C compiler must stay.
func checkGo(root string) (string, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(mod), "\ngo ")
	want := strings.Fields(rest)[0]
	// In the project's environment, as set-up and the kernel see it.
	out, err := output(root, "bash", filepath.Join("scripts", "in-project.sh"), "go", "env", "GOVERSION", "CC")
	if err != nil {
		return "", fmt.Errorf("no working go on PATH (%w); install Go %s or newer", err, want)
	}
	found := strings.Split(out, "\n")
	version, cc := strings.TrimPrefix(found[0], "go"), strings.Fields(found[1])[0]
	if !atLeast(version, want) {
		return "", fmt.Errorf("the go on PATH is %s, which is too old; install Go %s or newer and put its bin folder first on PATH", version, want)
	}
	if _, err := exec.LookPath(cc); err != nil {
		return "", fmt.Errorf("go %s is there but its C compiler %s is not; install one (Debian, Ubuntu: apt install gcc libc6-dev)", version, cc)
	}
	return fmt.Sprintf("%s (needed: %s or newer), C compiler %s", version, want, cc), nil
}

// atLeast compares dotted versions number by number; a suffix such as rc1 is not looked at.
func atLeast(version, minimum string) bool {
	numbers := func(s string) (out []int) {
		for _, part := range strings.Split(s, ".") {
			end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
			if end >= 0 {
				part = part[:end]
			}
			n, _ := strconv.Atoi(part)
			out = append(out, n)
		}
		return out
	}
	return slices.Compare(numbers(version), numbers(minimum)) >= 0
}

func checkPython(root string) (string, error) {
	if _, err := os.Stat(filepath.Join(root, ".venv", ".stamp")); err != nil {
		return "", errors.New("the environment .venv is missing or unfinished; run `make setup` in the project's folder")
	}
	out, err := output(root, filepath.Join(root, ".venv", "bin", "python"), "-c",
		"import platform, importlib.metadata as m; print(platform.python_version(), m.version('jupyterlab'), m.version('nbconvert'), m.version('xla-cpu-pjrt'))")
	if err != nil {
		return "", fmt.Errorf("the Python of .venv does not work (%w); remove .venv and run `make setup`", err)
	}
	found := strings.Fields(out)
	if !atLeast(found[0], "3.11") {
		return "", fmt.Errorf("the Python of .venv is %s, needed is 3.11 or newer; remove .venv, install a newer Python and run `make setup`", found[0])
	}
	return fmt.Sprintf("%s in .venv, with JupyterLab %s, nbconvert %s, xla-cpu-pjrt %s", found[0], found[1], found[2], found[3]), nil
}

// backend is what the probe prints.
type backend struct {
	Name, Plugin, API string
	Devices           []string
	KeepsPrograms     bool
}

func probeBackend() error {
	e, err := engine.Open("")
	if err != nil {
		return err
	}
	defer e.Close()
	return json.NewEncoder(os.Stdout).Encode(backend{e.Name, e.Plugin, e.API, e.Devices, e.KeepsPrograms})
}

// checkBackend opens the backend in a process of its own.
func checkBackend(root string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	out, err := output(root, self, "doctor", "-probe")
	if err != nil {
		name := os.Getenv("GOMLX_BACKEND")
		if name == "" {
			name = engine.Default
		}
		if strings.Contains(err.Error(), "signal:") {
			return "", fmt.Errorf("opening %s ends the process (%w): its plugin is damaged or built for another machine; run `make setup`", name, err)
		}
		says := strings.TrimPrefix(err.Error(), "interplay doctor: engine: ")
		if strings.HasPrefix(name, "xla:cuda") && !strings.Contains(says, "make setup-cuda") {
			says += "; see that nvidia-smi shows a GPU and a driver of 580 or newer, or use GOMLX_BACKEND=" + engine.Default
		}
		return "", fmt.Errorf("%s does not open: %s", name, says)
	}
	var b backend
	if err := json.Unmarshal([]byte(out), &b); err != nil {
		return "", fmt.Errorf("the probe printed %q: %w", out, err)
	}
	says := fmt.Sprintf("%s, %d devices (%s)", b.Name, len(b.Devices), deviceNames(b.Devices))
	if b.Plugin != "" {
		says += fmt.Sprintf(", PJRT API %s, plugin %s", b.API, b.Plugin)
	}
	if b.KeepsPrograms {
		says += "; " + programs()
	}
	if b.Name == engine.Default {
		if _, err := os.Stat(filepath.Join(root, ".venv", "pjrt", "pjrt_c_api_cuda_plugin.so")); err == nil {
			says += "; the CUDA plugin is installed too: GOMLX_BACKEND=xla:cuda uses it"
		}
	}
	return says, nil
}

// programs says where compiled programs are kept, or why none are: that costs seconds and is no fault.
func programs() string {
	kept, err := engine.KeptPrograms()
	if err != nil {
		return "compiled programs are not kept: " + strings.TrimPrefix(err.Error(), "engine: ")
	}
	return fmt.Sprintf("%d compiled programs kept, %d MB, in %s", kept.N, kept.Bytes>>20, kept.Folder)
}

// deviceNames names the first and the last device.
func deviceNames(devices []string) string {
	if len(devices) < 3 {
		return strings.Join(devices, ", ")
	}
	return devices[0] + " … " + devices[len(devices)-1]
}

func checkKernel(root string) (string, error) {
	name := filepath.Join(root, ".venv", "share", "jupyter", "kernels", "gonb", "kernel.json")
	text, err := os.ReadFile(name)
	if err != nil {
		return "", errors.New("the notebook kernel gonb is not installed in .venv; run `make setup`")
	}
	var spec struct{ Argv []string }
	script := filepath.Join(root, "scripts", "kernel.sh")
	if err := json.Unmarshal(text, &spec); err != nil || !slices.Contains(spec.Argv, script) {
		return "", fmt.Errorf("%s does not start %s (was the project moved?); run `make setup`", name, script)
	}
	for _, tool := range []string{"goimports", "gopls"} {
		if info, err := os.Stat(filepath.Join(root, ".bin", tool)); err != nil || info.Mode()&0o111 == 0 {
			return "", fmt.Errorf(".bin/%s, which the kernel needs, is missing; run `make setup`", tool)
		}
	}
	// What gonb says of its own version lags behind; the build information does not.
	gonb, err := buildinfo.ReadFile(filepath.Join(root, ".bin", "gonb"))
	if err != nil {
		return "", fmt.Errorf(".bin/gonb is damaged (%w); remove .bin and run `make setup`", err)
	}
	return "gonb " + gonb.Main.Version + ", goimports, gopls", nil
}

func checkSettings(string) (string, error) {
	profile, seed, err := notebookSettings(envOr("INTERPLAY_PROFILE", "smoke"), nil, os.Getenv("INTERPLAY_SEED"))
	if err != nil {
		return "", profileFrom(err, false)
	}
	return fmt.Sprintf("profile %s, seed %d", profile, seed), nil
}

// runFolder is where the stages of all runs are kept.
func runFolder(root string) (string, error) {
	dir := os.Getenv("INTERPLAY_RUNS")
	if dir == "" {
		dir = filepath.Join(root, "runs")
	}
	return filepath.Abs(dir)
}

// checkRunFolder writes where runs are kept: permission bits do not tell about
// read-only mounts, full disks, or what root may do.
func checkRunFolder(root string) (string, error) {
	dir, err := runFolder(root)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return "", fmt.Errorf("%s is a file, a folder is expected; set INTERPLAY_RUNS to a folder you may write", dir)
	}
	if err := probeFile(existingParent(dir)); err != nil {
		remedy := "make it writable, or set INTERPLAY_RUNS to a folder you may write"
		if errors.Is(err, syscall.ENOSPC) {
			remedy = "free some space there, or set INTERPLAY_RUNS to a folder on another disk"
		}
		return "", fmt.Errorf("%s cannot be written: %w; %s", dir, err, remedy)
	}
	if _, err := os.Stat(filepath.Join(dir, "store.json")); err == nil {
		if _, err := pipeline.Open(dir); err != nil {
			return "", err
		}
	}
	return dir + " is writable", nil
}

// probeFile writes and removes a file of 1 MB in dir.
func probeFile(dir string) error {
	f, err := os.CreateTemp(dir, ".interplay-probe*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(make([]byte, 1<<20))
	return errors.Join(err, f.Sync(), f.Close())
}

// existingParent is dir, or the nearest folder above it that exists.
func existingParent(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return dir
		}
		dir = up
	}
}

// minFree is the free space that a walkthrough needs in each place: checkpoints
// in the run folder, executed notebooks in the project, built cells in the
// temporary folder.
const minFree = 500 << 20

func checkDisk(root string) (string, error) {
	runs, err := runFolder(root)
	if err != nil {
		return "", err
	}
	least, where := int64(1)<<62, ""
	for _, dir := range []string{root, runs, os.TempDir()} {
		var stat syscall.Statfs_t
		if err := syscall.Statfs(existingParent(dir), &stat); err != nil {
			return "", fmt.Errorf("the free space of %s cannot be asked for: %w", dir, err)
		}
		if free := int64(stat.Bavail) * stat.Bsize; free < least {
			least, where = free, dir
		}
	}
	if least < minFree {
		return "", fmt.Errorf("disk full: %d MB are free in %s, needed are %d MB; free some space there, or point INTERPLAY_RUNS (runs) or TMPDIR (temporary files) to another disk", least>>20, where, minFree>>20)
	}
	return fmt.Sprintf("at least %d MB free in the project, the run folder and %s", least>>20, os.TempDir()), nil
}

// output runs a command in dir and returns what it printed; the error carries
// what it said on standard error.
func output(dir, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if said := strings.TrimSpace(stderr.String()); said != "" && !strings.Contains(err.Error(), "signal:") {
			err = errors.New(said)
		} else if ctx.Err() != nil {
			err = errors.New("no answer within a minute")
		}
		return "", err
	}
	return strings.TrimSpace(string(out)), nil
}
