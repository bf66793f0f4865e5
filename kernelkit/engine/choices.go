package engine

import (
	"cmp"
	"os"
	"regexp"
	"strings"
)

// Choice is a setting that decides how fast programs run on this machine.
type Choice struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	Why     string `json:"why"`
}

// vectorFlag finds the width of vectors that the user asks XLA for, in bits.
var vectorFlag = regexp.MustCompile(`--xla_cpu_prefer_vector_width=(\d+)`)

// Choices says what was chosen for this processor and why: none for a GPU or the portable backend.
func (e *Engine) Choices() []Choice {
	if e.Platform != "cpu" {
		return nil
	}
	threads := Choice{"threads", cmp.Or(os.Getenv(threadsEnv), "as the plugin likes"), "fixed, because sums round by their number; " + threadsEnv + " chooses others"}
	width := Choice{"vector width, bits", "256", "XLA's own choice, with which all results were computed; wider ones round otherwise (XLA_FLAGS=--xla_cpu_prefer_vector_width=512)"}
	if asked := vectorFlag.FindStringSubmatch(os.Getenv("XLA_FLAGS")); asked != nil {
		width.Value, width.Why = asked[1], "XLA_FLAGS asks for it; results round by it"
	}
	memory := Choice{"memory", "the C library's", "the plugin's calls of the C library could not be replaced: each execution may begin with a page fault for each 4 KiB"}
	if e.KeepsBlocks {
		memory.Value, memory.Why = "large blocks kept, "+pages(), "an execution takes its working memory without page faults; no result depends on it"
	}
	return []Choice{{"processor", processorName(), "XLA chooses instructions by it"}, threads, width, memory}
}

// pages says of what size the pages of kept memory are.
func pages() string {
	const setting = "/sys/kernel/mm/transparent_hugepage/enabled"
	switch says, err := os.ReadFile(setting); {
	case err != nil:
		return "in pages as the kernel has them"
	case strings.Contains(string(says), "[never]"):
		return "in small pages (" + setting + " says never)"
	}
	return "in huge pages"
}

// processorName is the processor's model as /proc/cpuinfo has it.
func processorName() string {
	for line := range strings.Lines(processor()) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "its model is not told"
}
