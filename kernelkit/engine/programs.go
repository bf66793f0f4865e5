package engine

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"interplay/kernelkit/durable"
)

// ProgramsEnv names the variable that says where compiled programs are kept: a folder, or
// "off". Where it is unset they are kept in interplay/programs of the user's cache folder.
const ProgramsEnv = "INTERPLAY_PROGRAMS"

// programsLimit is the size that kept programs may reach together, bytes. The least recently
// used ones go first.
const programsLimit = 1 << 30

// programsMagic begins each kept program; its digest follows, then the program.
const programsMagic = "interplay program 1\n"

// Programs are the compiled programs that are kept on this machine.
//
// XLA takes 1 to 7 s of one core to compile a program of training, sampling or GRPO, for each
// shape of its inputs; to load it again takes 0.1 s (LAB.md, 2026-11-29). So each process
// keeps what it compiles, for itself and for others. A program's name is the digest of its
// text, its options, the plugin and the processor, so that another of any of these finds
// nothing; what is loaded is the same machine code, and computes the same bits.
type Programs struct {
	Folder string
	N      int
	Bytes  int64
}

// KeptPrograms looks which compiled programs are kept. The error says why none are.
func KeptPrograms() (Programs, error) {
	folder, err := programsFolder()
	if err != nil {
		return Programs{}, err
	}
	files, err := listPrograms(folder)
	if err != nil {
		return Programs{}, err
	}
	kept := Programs{Folder: folder, N: len(files)}
	for _, f := range files {
		kept.Bytes += f.Size()
	}
	return kept, nil
}

// listPrograms lists the kept programs of a folder, the one that was used longest ago first.
func listPrograms(folder string) ([]os.FileInfo, error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	var kept []os.FileInfo
	for _, f := range files {
		if info, err := f.Info(); err == nil && isProgram(f.Name()) {
			kept = append(kept, info)
		}
	}
	slices.SortFunc(kept, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	return kept, nil
}

// programsFolder is the folder in which programs are kept. Programs are code: a folder in
// which others can write is refused.
func programsFolder() (string, error) {
	folder := os.Getenv(ProgramsEnv)
	switch folder {
	case "off":
		return "", fmt.Errorf("engine: %s is off", ProgramsEnv)
	case "":
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("engine: no folder for compiled programs: %w", err)
		}
		folder = filepath.Join(cache, "interplay", "programs")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("engine: %w", err)
	}
	info, err := os.Stat(folder)
	if err != nil {
		return "", fmt.Errorf("engine: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("engine: others can write into %s, so no compiled program is taken from it; run `chmod go-w %s`", folder, folder)
	}
	return folder, nil
}

// isProgram says whether a file's name is a kept program's: a digest in hexadecimal.
func isProgram(name string) bool {
	_, err := hex.DecodeString(name)
	return err == nil && len(name) == 2*sha256.Size
}

// programKey is the name under which a program is kept: the digest of its text, the compiler's
// options, and all else that shapes the machine code. The variables are read at each call, as
// the plugin does.
func programKey(plugin string, code, options []byte) (string, error) {
	made, err := pluginIdentity(plugin)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, part := range [][]byte{[]byte(made), []byte(processor()), []byte(os.Getenv("XLA_FLAGS")), []byte(os.Getenv(threadsEnv)), options, code} {
		fmt.Fprintf(h, "%d\n", len(part))
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// pluginIdentity tells one build of a plugin from another without reading its 200 MB.
func pluginIdentity(plugin string) (string, error) {
	file, err := filepath.EvalSymlinks(plugin)
	if err != nil {
		return "", fmt.Errorf("engine: %w", err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("engine: %w", err)
	}
	return fmt.Sprintf("%s %d %d", filepath.Base(file), info.Size(), info.ModTime().UnixNano()), nil
}

// processor is the model of the processor and its instruction sets, by which XLA chooses
// instructions.
var processor = sync.OnceValue(func() string {
	info, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer info.Close()
	var says []string
	for lines := bufio.NewScanner(info); lines.Scan(); {
		name, _, _ := strings.Cut(lines.Text(), ":")
		switch strings.TrimSpace(name) {
		case "model name", "flags", "Features", "CPU part":
			if !slices.Contains(says, lines.Text()) {
				says = append(says, lines.Text())
			}
		}
	}
	return strings.Join(says, "\n")
})

// compileWait is how long a process waits for another one that compiles the same program. It
// is longer than any compilation here; one that is paused or hangs delays others once.
const compileWait = time.Minute

// compiling holds the locks of the programs that this process compiles just now, by key. A
// lock is an open file, so that it goes with its process.
var compiling = locks{held: map[string]*os.File{}}

type locks struct {
	sync.Mutex
	held map[string]*os.File
}

// take waits for the lock of a key, for as long as compileWait. ok is false where another
// still has it, and where the disk knows no locks.
func (l *locks) take(folder, key string) (ok bool) {
	f, err := os.OpenFile(filepath.Join(folder, key+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	for until := time.Now().Add(compileWait); ; time.Sleep(20 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			l.Lock()
			defer l.Unlock()
			l.held[key] = f
			return true
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(until) {
			f.Close()
			return false
		}
	}
}

// done gives a lock back, where this process has it.
func (l *locks) done(key string) {
	l.Lock()
	defer l.Unlock()
	if f, ok := l.held[key]; ok {
		_ = os.Remove(f.Name())
		f.Close()
		delete(l.held, key)
	}
}

// findProgram is the program that is kept under a key. Where there is none and another process
// compiles it, it waits for that one; otherwise it is for the caller to compile it, and to
// call compiling.done.
func findProgram(key string) (program []byte, ok bool) {
	folder, err := programsFolder()
	if err != nil {
		return nil, false
	}
	if program, ok = readProgram(folder, key); ok {
		return program, true
	}
	if !compiling.take(folder, key) {
		return readProgram(folder, key)
	}
	if program, ok = readProgram(folder, key); ok {
		compiling.done(key)
	}
	return program, ok
}

// readProgram is the program that is kept under a key. A damaged file is removed and counts
// as none: nothing may reach the plugin that it has not written itself.
func readProgram(folder, key string) (program []byte, ok bool) {
	path := filepath.Join(folder, key)
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	rest, ok := bytes.CutPrefix(file, []byte(programsMagic))
	if ok && len(rest) > sha256.Size {
		digest := sha256.Sum256(rest[sha256.Size:])
		if bytes.Equal(digest[:], rest[:sha256.Size]) {
			now := time.Now()
			_ = os.Chtimes(path, now, now) // used last: goes last
			return rest[sha256.Size:], true
		}
	}
	_ = os.Remove(path)
	return nil, false
}

// writeProgram keeps a program under a key. That it could not is no fault of a run: it is
// compiled again next time.
func writeProgram(key string, program []byte) {
	folder, err := programsFolder()
	if err != nil {
		return
	}
	digest := sha256.Sum256(program)
	err = durable.Write(filepath.Join(folder, key), func(w io.Writer) error {
		_, err := w.Write(slices.Concat([]byte(programsMagic), digest[:], program))
		return err
	})
	if err == nil {
		dropPrograms(folder, programsLimit)
	}
}

// dropPrograms removes the programs that were used longest ago until the rest fits into a
// limit, bytes.
func dropPrograms(folder string, limit int64) {
	kept, err := listPrograms(folder)
	if err != nil {
		return
	}
	var size int64
	for _, f := range kept {
		size += f.Size()
	}
	for _, f := range kept {
		if size <= limit {
			return
		}
		if os.Remove(filepath.Join(folder, f.Name())) == nil {
			size -= f.Size()
		}
	}
}
