package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/gomlx/core/graph"
)

func TestTheDefaultBackendAddsNumbers(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "")
	e, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	if e.Name != Default || e.Platform != "cpu" || e.API == "" || len(e.Devices) == 0 {
		t.Errorf("the engine describes itself as %+v", e)
	}
	exec, err := graph.NewExec(e.Backend, func(a, b *graph.Node) *graph.Node { return graph.Add(a, b) })
	if err != nil {
		t.Fatal(err)
	}
	sum, err := exec.Call(float32(2), float32(3))
	if err != nil {
		t.Fatal(err)
	}
	if got := sum[0].Value(); got != float32(5) {
		t.Errorf("2 + 3 gives %v", got)
	}
}

func TestWhatCannotBeOpenedIsNamedWithItsRemedy(t *testing.T) {
	dir := t.TempDir()
	plugin := filepath.Join(dir, "pjrt_c_api_cpu_plugin.so")
	whole, err := findPlugin("cpu")
	if err != nil {
		t.Fatal(err)
	}
	write := func(bytes []byte) func() {
		return func() {
			if err := os.WriteFile(plugin, bytes, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	head := make([]byte, 1<<20)
	f, err := os.Open(whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(head, 0); err != nil {
		t.Fatal(err)
	}
	f.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, backend string
		prepare       func()
		want          []string
	}{
		{"unknown backend", "tpu9", func() {}, []string{`"tpu9"`, "xla:cpu", "GOMLX_BACKEND"}},
		{"missing", "xla:cpu", func() { os.Remove(plugin) }, []string{"pjrt_c_api_cpu_plugin.so", dir, "make setup"}},
		{"dangling link", "xla:cpu", func() { os.Remove(plugin); os.Symlink(filepath.Join(dir, "gone"), plugin) }, []string{"link to nothing", "make setup"}},
		{"empty", "xla:cpu", func() { os.Remove(plugin); write(nil)() }, []string{plugin, "0 bytes", "make setup"}},
		{"text", "xla:cpu", write([]byte("not a library, but long enough to hold a header of one, and then some more")), []string{plugin, "make setup"}},
		{"truncated", "xla:cpu", write(head), []string{plugin, "make setup"}},
		{"other library", "xla:cpu", func() { os.Remove(plugin); os.Symlink(self, plugin) }, []string{plugin, "PJRT plugin", "make setup"}},
		{"no cuda", "xla:cuda", func() {}, []string{"pjrt_c_api_cuda_plugin.so", "make setup-cuda"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", dir)
			c.prepare()
			_, err := Open(c.backend)
			if err == nil {
				t.Fatal("it opens")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the message lacks %q: %v", w, err)
				}
			}
		})
	}
}

// The library looks for these words in a plugin's whole path.
func TestAProjectInAFolderNamedAfterCUDAOpensItsCPUPlugin(t *testing.T) {
	whole, err := findPlugin("cpu")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cuda-course", "NVIDIA"} {
		dir := filepath.Join(t.TempDir(), name, "nvidia") // the folder beside which CUDA's libraries would be sought
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(whole, filepath.Join(dir, filepath.Base(whole))); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", dir)
		t.Setenv("XLA_FLAGS", "")
		for range 2 { // the second time the plugin is already loaded
			e, err := Open("xla:cpu")
			if err != nil {
				t.Fatal(err)
			}
			if b := e.Backend.(*xla.Backend); b.IsCUDA() || !b.IsCPU() || e.CUDA() {
				t.Errorf("%s: the CPU plugin is taken for a CUDA one", e.Plugin)
			}
			if !strings.HasPrefix(e.Plugin, dir) || e.API == "" {
				t.Errorf("the engine describes itself as %+v", e)
			}
		}
		if flags := os.Getenv("XLA_FLAGS"); flags != "" {
			t.Errorf("XLA_FLAGS became %q", flags)
		}
	}
}

func TestOnlyAMisleadingFolderIsGoneAround(t *testing.T) {
	for path, want := range map[string]string{
		"/home/me/.venv/pjrt/pjrt_c_api_cpu_plugin.so":    "/home/me/.venv/pjrt/pjrt_c_api_cpu_plugin.so",
		"/home/me/.venv/pjrt/pjrt_c_api_cuda_plugin.so":   "/home/me/.venv/pjrt/pjrt_c_api_cuda_plugin.so", // its libraries lie beside it
		"/home/cuda/.venv/pjrt/pjrt_c_api_cuda_plugin.so": "/home/cuda/.venv/pjrt/pjrt_c_api_cuda_plugin.so",
	} {
		if got, err := plainPath(path); err != nil || got != want {
			t.Errorf("%s is opened as %q (%v), expected %q", path, got, err, want)
		}
	}
	missing := filepath.Join(t.TempDir(), "cuda", "pjrt_c_api_cpu_plugin.so")
	if _, err := plainPath(missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("the error is %v", err)
	}
}

// XLA's flags of the user stay, and what they say of command buffers holds.
func TestCommandBuffersAreOffUnlessTheUserSaysOtherwise(t *testing.T) {
	for given, want := range map[string]string{
		"":                                       "--xla_gpu_enable_command_buffer=",
		"--xla_gpu_deterministic_ops=true":       "--xla_gpu_deterministic_ops=true --xla_gpu_enable_command_buffer=",
		"--xla_gpu_enable_command_buffer=FUSION": "--xla_gpu_enable_command_buffer=FUSION",
	} {
		t.Setenv("XLA_FLAGS", given)
		if err := withoutCommandBuffers(); err != nil {
			t.Fatal(err)
		}
		if got := os.Getenv("XLA_FLAGS"); got != want {
			t.Errorf("%q becomes %q, want %q", given, got, want)
		}
	}
}

func TestPeaksAreThoseOfTheCard(t *testing.T) {
	for card, want := range map[string]float64{
		"NVIDIA H100 80GB HBM3": 9.89e14, "NVIDIA H100 PCIe": 7.56e14, "NVIDIA H200": 9.89e14, "NVIDIA A100-SXM4-80GB": 3.12e14,
		"NVIDIA L40S": 3.62e14, "NVIDIA L4": 1.21e14, "Tesla T4": 0,
	} {
		if got, ok := peakOf(card); got != want || ok != (want > 0) {
			t.Errorf("%s: %g, %t, want %g", card, got, ok, want)
		}
	}
}

// A cell of a notebook outside the project lies under no go.mod of it: its kernel says where the project is.
func TestTheProjectIsFoundFromANotebookElsewhere(t *testing.T) {
	root, err := ProjectRoot()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.MkdirAll(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(elsewhere)
	t.Setenv("INTERPLAY_ROOT", "")
	if found, err := ProjectRoot(); err == nil {
		t.Skipf("the test's own program lies in a project, %s", found)
	}
	t.Setenv("INTERPLAY_ROOT", root)
	if found, err := ProjectRoot(); err != nil || found != root {
		t.Errorf("ProjectRoot is %q, %v; want %q", found, err, root)
	}
}
