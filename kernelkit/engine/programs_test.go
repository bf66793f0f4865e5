package engine

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// product runs a small program of its own name on a backend and returns the bytes of what it gives.
func product(t *testing.T, e *Engine) []byte {
	t.Helper()
	p, err := graph.NewExec(e.Backend, func(x *graph.Node) *graph.Node {
		return graph.ReduceSum(graph.Exp(graph.Mul(graph.MatMul(x, x), graph.Scalar(x.Graph(), dtypes.Float32, 1e-3))), 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Finalize()
	in := make([][]float32, 64)
	for i := range in {
		in[i] = make([]float32, 64)
		for j := range in[i] {
			in[i][j] = float32(i*31+j*17%13) / 97
		}
	}
	outs, err := p.Call(in)
	if err != nil {
		t.Fatal(err)
	}
	if !outs[0].Shape().Equal(shapes.Make(dtypes.Float32, 64)) {
		t.Fatalf("shape %s", outs[0].Shape())
	}
	var b bytes.Buffer
	if err := outs[0].ConstBytes(func(data []byte) { b.Write(data) }); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAProgramIsCompiledOnceAndDamageIsNotRun(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("programs are kept on Linux only")
	}
	dir := filepath.Join(t.TempDir(), "programs")
	t.Setenv(ProgramsEnv, dir)
	e, err := Open("xla:cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	first := product(t, e)
	kept, err := KeptPrograms()
	if err != nil || kept.Folder != dir || kept.N == 0 || kept.Bytes == 0 {
		t.Fatalf("nothing was kept: %+v, %v", kept, err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	old := time.Unix(1e9, 0)
	for _, f := range files {
		if err := os.Chtimes(f, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if again := product(t, e); !bytes.Equal(first, again) {
		t.Error("a loaded program gives other bits than the compiled one")
	}
	if now, err := KeptPrograms(); err != nil || now != kept {
		t.Errorf("the same program was kept twice: %+v, then %+v, %v", kept, now, err)
	}
	used := 0
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && info.ModTime().After(old) {
			used++
		}
	}
	if used == 0 {
		t.Error("no kept program was used")
	}

	// One bit of each file, then half of each: the program is compiled again and kept anew.
	for _, harm := range []func([]byte) []byte{
		func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		func(b []byte) []byte { return b[:len(b)/2] },
		func([]byte) []byte { return nil },
	} {
		whole := map[string][]byte{}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			whole[f] = bytes.Clone(b)
			if err := os.WriteFile(f, harm(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if again := product(t, e); !bytes.Equal(first, again) {
			t.Error("after damage to the kept programs the result differs")
		}
		healed := 0
		for f, want := range whole {
			if b, err := os.ReadFile(f); err == nil && bytes.Equal(b[:len(programsMagic)], want[:len(programsMagic)]) {
				healed++
			}
			if err := os.WriteFile(f, want, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if healed == 0 {
			t.Error("a damaged program was not kept anew")
		}
	}
}

func TestOneProcessCompilesWhileOthersWait(t *testing.T) {
	t.Setenv(ProgramsEnv, t.TempDir())
	key := strings.Repeat("ab", 32)
	if _, ok := findProgram(key); ok {
		t.Fatal("an empty folder holds a program")
	}
	type found struct {
		program []byte
		ok      bool
	}
	others := make(chan found)
	for range 3 {
		go func() {
			p, ok := findProgram(key) // an open file of its own, as in another process
			others <- found{p, ok}
		}()
	}
	select {
	case f := <-others:
		t.Fatalf("one did not wait: %+v", f)
	case <-time.After(200 * time.Millisecond):
	}
	writeProgram(key, []byte("machine code"))
	compiling.done(key)
	for range 3 {
		if f := <-others; !f.ok || string(f.program) != "machine code" {
			t.Errorf("after the wait: %+v", f)
		}
	}
	if locks, _ := filepath.Glob(filepath.Join(os.Getenv(ProgramsEnv), "*.lock")); len(locks) > 0 {
		t.Errorf("locks are left: %v", locks)
	}

	// A compilation that fails leaves the next one free to try.
	other := strings.Repeat("cd", 32)
	for range 2 {
		if _, ok := findProgram(other); ok {
			t.Fatal("found what was never written")
		}
		compiling.done(other)
	}
}

func TestProgramsAreNotTakenFromAFolderThatOthersWrite(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(ProgramsEnv, dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := programsFolder(); err == nil || !strings.Contains(err.Error(), "chmod go-w "+dir) {
		t.Errorf("got %v", err)
	}
	t.Setenv(ProgramsEnv, "off")
	if kept, err := KeptPrograms(); err == nil {
		t.Errorf("off keeps programs: %+v", kept)
	}
}

func TestAProgramsKeyNamesWhatShapesIt(t *testing.T) {
	plugin := filepath.Join(t.TempDir(), "plugin.so")
	if err := os.WriteFile(plugin, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	add := func(what, code, options string) {
		key, err := programKey(plugin, []byte(code), []byte(options))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[key]; ok {
			t.Errorf("%s has the key of %s", what, other)
		}
		seen[key] = what
	}
	add("a program", "ab", "c")
	add("another cut of text and options", "a", "bc")
	add("another text", "abc", "c")
	t.Setenv("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
	add("other flags", "ab", "c")
	t.Setenv(threadsEnv, "7")
	add("another number of threads", "ab", "c")
	if err := os.WriteFile(plugin, []byte("three"), 0o600); err != nil {
		t.Fatal(err)
	}
	add("another plugin", "ab", "c")
}

func TestTheOldestProgramsGoFirst(t *testing.T) {
	dir := t.TempDir()
	name := func(i int) string { return filepath.Join(dir, strings.Repeat(strconv.Itoa(i), 64)) }
	for i := range 4 {
		if err := os.WriteFile(name(i), make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
		used := time.Unix(int64(1e9+10*((i+2)%4)), 0) // 2, 3, 0, 1: the order of use
		if err := os.Chtimes(name(i), used, used); err != nil {
			t.Fatal(err)
		}
	}
	mine := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(mine, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	dropPrograms(dir, 200)
	for i, want := range []bool{true, true, false, false} {
		if _, err := os.Stat(name(i)); (err == nil) != want {
			t.Errorf("program %d: there is %v, want %v", i, err == nil, want)
		}
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error("a file that is no program was removed")
	}
}

// TestThePlacesOfTheAPI counts the calls in the header that comes with go-xla.
func TestThePlacesOfTheAPI(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gomlx/go-xla").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	header, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "pjrt", "pjrt_c_api.h"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile("programs_linux.h")
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]int{}
	for i, field := range regexp.MustCompile(`(?m)^ +_PJRT_API_STRUCT_FIELD\((\w+)\)`).FindAllSubmatch(header, -1) {
		places[string(field[1])] = i
	}
	named := regexp.MustCompile(`(PJRT_\w+) = (\d+)`).FindAllSubmatch(ours, -1)
	if len(named) < 6 {
		t.Fatalf("found %d places in programs_linux.h", len(named))
	}
	for _, n := range named {
		if want, ok := places[string(n[1])]; !ok || strconv.Itoa(want) != string(n[2]) {
			t.Errorf("%s stands at place %d of go-xla's header, programs_linux.h says %s", n[1], want, n[2])
		}
	}
}
