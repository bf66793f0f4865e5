// Package engine is the thin seam to the runtime: it opens a GoMLX backend
// (PJRT by default), finds the project's own PJRT plugin, and says in plain words
// what is wrong when it cannot.
//
// Everything that the rest of the project needs to know about backends, plugins
// and devices is here, because the library renames packages in minor versions.
package engine

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // the portable backend, "go"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Default is the backend that is opened when neither the caller nor
// GOMLX_BACKEND names one.
const Default = "xla:cpu"

// Engine is an open backend and what there is to say about it.
type Engine struct {
	Backend  compute.Backend
	Name     string   // as asked for: "xla:cpu", "xla:cuda", "go:ops_sequential"
	Platform string   // "cpu", "cuda", or "go" for the portable backend
	Plugin   string   // path of the PJRT plugin; empty for the portable backend
	API      string   // version of the PJRT API that the plugin speaks; empty for the portable backend
	Devices  []string // one description a device

	// KeepsPrograms says that the plugin looks for a compiled program among the kept ones.
	KeepsPrograms bool

	// KeepsBlocks says that the process keeps the plugin's large blocks of memory, in huge pages.
	KeepsBlocks bool

	mu       sync.Mutex
	programs map[string]*graph.Exec
}

// Program returns the program of a key, and builds it where there is none yet. A program
// is compiled once for each shape of its inputs, which takes seconds: whoever runs the same
// network again in one process finds it here. The key must name everything that shapes
// the graph but the inputs' shapes.
func (e *Engine) Program(key string, build func(compute.Backend) (*graph.Exec, error)) (*graph.Exec, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p, ok := e.programs[key]; ok {
		return p, nil
	}
	p, err := build(e.Backend)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	if e.programs == nil {
		e.programs = map[string]*graph.Exec{}
	}
	e.programs[key] = p.SetMaxCache(-1)
	return p, nil
}

// Open opens a backend: "xla:cpu", "xla:cuda" (with the library's options after a
// comma), the path of a plugin as "xla:/path/to/pjrt_c_api_NAME_plugin.so", or
// "go:ops_sequential". An empty name means $GOMLX_BACKEND, and where that is empty
// too, Default.
//
// A PJRT plugin is looked for in $PJRT_PLUGIN_LIBRARY_PATH, and where that is unset
// in .venv/pjrt of the project (the folder with module interplay's go.mod, above
// the working directory or above the executable). Nothing is ever downloaded.
func Open(name string) (*Engine, error) {
	name = Asked(name)
	kind, config, _ := strings.Cut(name, ":")
	switch kind {
	case "xla":
		return openXLA(name, config)
	case "go":
		b, err := compute.NewWithConfig(name)
		if err != nil {
			return nil, fmt.Errorf("engine: opening backend %q: %w", name, err)
		}
		return describe(&Engine{Backend: b, Name: name, Platform: "go"}), nil
	}
	return nil, fmt.Errorf("engine: unknown backend %q: expected %q, \"xla:cuda\" or \"go:ops_sequential\"; set GOMLX_BACKEND to one of these or unset it", name, Default)
}

// Asked is the name of the backend that Open would open.
func Asked(name string) string {
	return cmp.Or(name, os.Getenv(compute.ConfigEnvVar), Default)
}

func openXLA(name, config string) (*Engine, error) {
	xla.EnableAutoInstall(false)
	plugin, options, _ := strings.Cut(config, ",")
	if plugin == "" {
		plugin = "cpu"
	}
	path, err := findPlugin(plugin)
	if err != nil {
		return nil, err
	}
	if err := checkPlugin(path); err != nil {
		return nil, err
	}
	// The path and not the name: the library reads its search path when the process starts.
	full, err := plainPath(path)
	if err != nil {
		return nil, err
	}
	plugin = full
	if options != "" {
		full += "," + options
	}
	if platformOf(path) != "cpu" && !strings.Contains(options, "shared_buffers") {
		full += ",noshared_buffers" // the library shares them where the path holds "cpu"
	}
	switch platformOf(path) {
	case "cpu":
		keepMemory()
		batchThreads()
		if err := fixThreads(); err != nil {
			return nil, err
		}
	case "cuda":
		if err := withoutCommandBuffers(); err != nil {
			return nil, err
		}
	}
	b, err := xla.New(full)
	if err != nil {
		return nil, fmt.Errorf("engine: the plugin %s does not open as backend %q: %w", path, name, err)
	}
	e := &Engine{Backend: b, Name: name, Plugin: path, Platform: platformOf(path)}
	if e.Platform == "cpu" { // programs for CUDA could be kept as well; that was never tried
		e.KeepsPrograms = keepPrograms(plugin)
		e.KeepsBlocks = keepBlocks(plugin)
	}
	if p, err := pjrt.GetPlugin(plugin); err == nil {
		major, minor := p.Version()
		e.API = fmt.Sprintf("%d.%d", major, minor)
	}
	return describe(e), nil
}

// withoutCommandBuffers tells XLA, where the user does not, to launch kernels one by one. It
// would record them in a CUDA graph, which it has to bring up to date when a buffer has moved:
// at each training step, because results never take the place of inputs here. LAB.md has what that costs.
func withoutCommandBuffers() error {
	const name, flag = "XLA_FLAGS", "--xla_gpu_enable_command_buffer"
	flags := os.Getenv(name)
	if strings.Contains(flags, flag) {
		return nil
	}
	if err := os.Setenv(name, strings.TrimSpace(flags+" "+flag+"=")); err != nil {
		return fmt.Errorf("engine: %s: %w", name, err)
	}
	return nil
}

func describe(e *Engine) *Engine {
	for i := range e.Backend.NumDevices() {
		e.Devices = append(e.Devices, e.Backend.DeviceDescription(compute.DeviceNum(i)))
	}
	return e
}

// Close frees the backend and every buffer on it.
func (e *Engine) Close() { e.Backend.Finalize() }

// CUDA says whether the backend runs on an NVIDIA GPU.
func (e *Engine) CUDA() bool { return e.Platform == "cuda" }

// peaks are the dense bfloat16 rates of cards, operations a second, by what their names
// hold, from NVIDIA's datasheets. The first that fits counts.
var peaks = []struct {
	card string
	rate float64
}{
	{"B200", 2.25e15}, {"H100 PCIe", 7.56e14}, {"H100 NVL", 8.35e14}, {"H100", 9.89e14}, {"H200", 9.89e14}, {"H800", 9.89e14},
	{"A100", 3.12e14}, {"A800", 3.12e14}, {"L40S", 3.62e14}, {"L4", 1.21e14}, {"RTX 4090", 1.65e14}, {"RTX 3090", 7.1e13},
}

// PeakBF16 is the rate of the first card's bfloat16 products by its datasheet, operations a
// second, by which a model's FLOPs utilisation is counted (Chowdhery et al., PaLM, 2022,
// Appendix B). ok is false for a CPU, for a card that is not in the list, and where
// nvidia-smi does not say its name, which PJRT does not tell.
func (e *Engine) PeakBF16() (rate float64, ok bool) {
	if !e.CUDA() {
		return 0, false
	}
	names, err := exec.Command("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").Output()
	if err != nil {
		return 0, false
	}
	card, _, _ := strings.Cut(string(names), "\n")
	return peakOf(card)
}

func peakOf(card string) (rate float64, ok bool) {
	for _, p := range peaks {
		if strings.Contains(card, p.card) {
			return p.rate, true
		}
	}
	return 0, false
}

// Donate hands t's buffer on a device, counted from 0, to the next execution, which may write
// its results there; t is invalid afterwards. It stops a training loop from holding two
// copies of the weights.
func (e *Engine) Donate(t *tensors.Tensor, device int) (any, error) {
	return graph.DonateTensorBuffer(t, e.Backend, compute.DeviceNum(device))
}

// plain holds the links that plainPath has made in this process, by plugin: the library
// knows a loaded plugin by its path, and must not be given one plugin under two.
var plain = struct {
	sync.Mutex
	links map[string]string
}{links: map[string]string{}}

// plainPath is a path of the plugin by which the library takes it for what it is.
//
// The library calls a plugin CUDA's when "cuda" or "nvidia" occurs anywhere in its path, so
// that the CPU plugin of a project in /home/me/cuda-course would get options that it
// refuses. Such a plugin is opened through a link of its own name in a temporary folder.
func plainPath(path string) (string, error) {
	if !pjrt.IsCUDAName(path) || pjrt.IsCUDAName(filepath.Base(path)) {
		return path, nil
	}
	plain.Lock()
	defer plain.Unlock()
	if link, ok := plain.links[path]; ok {
		return link, nil
	}
	for _, dir := range []string{os.TempDir(), "/tmp", "/dev/shm"} {
		if pjrt.IsCUDAName(dir) || !filepath.IsAbs(dir) {
			continue
		}
		folder, err := os.MkdirTemp(dir, "interplay-pjrt-*")
		if err != nil {
			continue
		}
		defer os.RemoveAll(folder) // once it is loaded the library does not look again
		link := filepath.Join(folder, filepath.Base(path))
		if err := os.Symlink(path, link); err != nil {
			continue
		}
		if _, err := pjrt.GetPlugin(link); err != nil {
			return "", fmt.Errorf("engine: the plugin %s does not load: %w", path, err)
		}
		plain.links[path] = link
		return link, nil
	}
	return "", fmt.Errorf("engine: the path of the plugin %s contains \"cuda\" or \"nvidia\", by which the runtime takes it for another plugin, and no link to it can be made in %s: set TMPDIR to a folder that can be written to and has neither word in its path, or move the project", path, os.TempDir())
}

func platformOf(path string) string {
	base := filepath.Base(path)
	base = strings.TrimPrefix(strings.TrimSuffix(base, filepath.Ext(base)), "pjrt_c_api_")
	return strings.TrimSuffix(base, "_plugin")
}

// findPlugin returns the path of the plugin called name ("cpu"), or name itself
// when it is a path.
func findPlugin(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	file := "pjrt_c_api_" + name + "_plugin.so"
	dirs := filepath.SplitList(os.Getenv(pjrt.PJRTPluginPathsEnv))
	if len(dirs) == 0 {
		root, err := ProjectRoot()
		if err != nil {
			return "", fmt.Errorf("engine: no PJRT plugin for %q: %s is unset and %w", name, pjrt.PJRTPluginPathsEnv, err)
		}
		dirs = []string{filepath.Join(root, ".venv", "pjrt")}
	}
	for _, d := range dirs {
		path, err := filepath.Abs(filepath.Join(d, file))
		if err != nil {
			continue
		}
		if _, err := os.Lstat(path); err == nil {
			return path, nil
		}
	}
	remedy := "run `make setup` in the project's folder"
	if name == "cuda" {
		remedy = "run `make setup-cuda` in the project's folder"
	} else if name != "cpu" {
		remedy = "the plugins that set-up installs are cpu and cuda"
	}
	return "", fmt.Errorf("engine: no PJRT plugin for %q: expected the file %s in %s; %s", name, file, strings.Join(dirs, " or "), remedy)
}

// checkPlugin tells a whole shared library from a missing, truncated or foreign
// file. The library itself would crash the process on some of these.
func checkPlugin(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("engine: the PJRT plugin %s is missing (or a link to nothing); run `make setup`", path)
	} else if err != nil {
		return fmt.Errorf("engine: the PJRT plugin cannot be read: %w", err)
	}
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("engine: the PJRT plugin %s (%d bytes) is not a whole shared library: %w; run `make setup` to fetch it again", path, info.Size(), err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if end := p.Off + p.Filesz; end > uint64(info.Size()) {
			return fmt.Errorf("engine: the PJRT plugin %s is truncated: expected at least %d bytes, found %d; run `make setup` to fetch it again", path, end, info.Size())
		}
	}
	if symbols, err := f.DynamicSymbols(); err == nil &&
		!slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == pjrt.GetPJRTApiFunctionName }) {
		return fmt.Errorf("engine: %s is a shared library but no PJRT plugin: it lacks the function %s; run `make setup`", path, pjrt.GetPJRTApiFunctionName)
	}
	return nil
}

// ProjectRoot is the folder that holds module interplay's go.mod: the nearest one above the working directory, else above
// the program, else the one that INTERPLAY_ROOT names, which a notebook's kernel sets.
func ProjectRoot() (string, error) {
	var starts []string
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	if root := os.Getenv("INTERPLAY_ROOT"); root != "" { // of a notebook's kernel: a cell of a notebook elsewhere lies under no project
		starts = append(starts, root)
	}
	for _, dir := range starts {
		for {
			if mod, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil &&
				(strings.HasPrefix(string(mod), "module interplay\n") || strings.Contains(string(mod), "\nmodule interplay\n")) {
				return dir, nil
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	return "", fmt.Errorf("no folder with the go.mod of module interplay lies above %s", strings.Join(starts, " or "))
}
