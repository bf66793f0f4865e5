package main

import (
	"context"
	"errors"
	"fmt"
	"interplay/kernelkit/strict"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// execute runs the notebook with nbconvert and returns where the executed one is.
// It and its page appear under their names only when every cell succeeded.
func (r notebookRun) execute(ctx context.Context, name string) (string, error) {
	source, err := strict.Open(filepath.Join(r.dir, name+".ipynb")) // nbconvert would wait for a pipe's other end
	if err != nil {
		return "", err
	}
	source.Close()
	tmp := filepath.Join(r.build, "."+name+".executing")
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	config := filepath.Join(r.root, "scripts", "nbconvert_config.py")
	if err := r.nbconvert(ctx, "--to", "notebook", "--execute", "--config", config, "--output-dir", tmp, notPattern(filepath.Join(r.dir, name+".ipynb"))); err != nil {
		return "", err
	}
	if err := r.nbconvert(ctx, "--to", "html", "--config", config, "--output-dir", tmp, notPattern(filepath.Join(tmp, name+".ipynb"))); err != nil {
		return "", err
	}
	for _, suffix := range []string{".html", ".ipynb"} {
		if err := os.Rename(filepath.Join(tmp, name+suffix), filepath.Join(r.build, name+suffix)); err != nil {
			return "", err
		}
	}
	return filepath.Join(r.build, name+".ipynb"), nil
}

// notPattern writes a path so that nbconvert, which takes patterns, means this path.
func notPattern(path string) string {
	return strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace(path)
}

// nbconvert runs nbconvert, and leaves nothing of it or of its kernel when it ends.
func (r notebookRun) nbconvert(ctx context.Context, args ...string) error {
	tmp, err := os.MkdirTemp("", "interplay-notebooks.")
	if err != nil {
		return err
	}
	defer func() {
		kernelsEnded(tmp)
		os.RemoveAll(tmp)
	}()
	args = append([]string{filepath.Join(r.root, "scripts", "in-project.sh"), filepath.Join(r.root, ".venv", "bin", "python"),
		"-m", "nbconvert", "--log-level=WARN"}, args...)
	cmd := exec.CommandContext(ctx, "bash", args...)
	cmd.Env = append(os.Environ(),
		"TMPDIR="+tmp,
		"INTERPLAY_PROFILE="+r.profile,
		"INTERPLAY_SEED="+strconv.FormatInt(r.seed, 10),
		"INTERPLAY_RESULTS="+r.build)
	cmd.Stdout = os.Stdout
	// nbconvert ends with this process, even when that is killed, and its kernel ends
	// with it (scripts/kernel.sh). The signal is tied to the thread that starts it. Its own
	// process group keeps the terminal's signals from it: asked politely, it would wait for
	// a kernel that is busy.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Second
	var said strings.Builder
	cmd.Stderr = &said
	err = cmd.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return fmt.Errorf("nbconvert was ended by a signal (%w); run it again, finished stages are reused", err)
	}
	return errors.New(cellError(said.String()))
}

// kernelsEnded waits until every kernel has taken its folder from tmp, three seconds at most.
func kernelsEnded(tmp string) {
	for range 30 {
		kernels, err := os.ReadDir(tmp)
		isKernel := func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "interplay-kernel.") }
		if err != nil || !slices.ContainsFunc(kernels, isKernel) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}
