package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// minMemory is what the walkthrough needs for all of its processes together (LAB.md,
// "The walkthrough at `smoke`"), with what a system takes beside it.
const minMemory = 2500 << 20

// checkMachine says what the laboratory can do on this system, with these cores and this memory.
func checkMachine(string) (string, error) {
	says, err := system(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return "", err
	}
	says += ", " + cores(runtime.NumCPU())
	memory := memoryHere("/proc/meminfo", "/sys/fs/cgroup")
	if memory == 0 {
		return says, nil
	}
	if memory < minMemory {
		return "", fmt.Errorf("%s, but only %d MB of memory; the walkthrough needs about %d MB: use a machine or a container with more, or `interplay run` with -side-by-side 1", says, memory>>20, minMemory>>20)
	}
	return fmt.Sprintf("%s, %.1f GB of memory", says, float64(memory)/(1<<30)), nil
}

func cores(n int) string {
	if n == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", n)
}

// system says what runs on a kind of machine. The PJRT CPU plugin's wheels exist for Linux on
// x86-64 and arm64 alone.
func system(goos, goarch string) (string, error) {
	switch {
	case goos == "linux" && goarch == "amd64":
		return "Linux on x86-64", nil
	case goos == "linux" && goarch == "arm64":
		return "Linux on arm64 (the plugin's wheel is pinned; nobody ran the tests here yet)", nil
	}
	return "", fmt.Errorf("%s on %s has no PJRT CPU plugin: problems and the verifier work, training and sampling do not; use the container (docs/install.md)", goos, goarch)
}

// memoryHere is the memory of the machine, or of the container where that has less; 0 where
// neither can be read. cgroups is where control groups are mounted, of version 2 or 1.
func memoryHere(meminfo, cgroups string) int64 {
	least := int64(0)
	take := func(bytes int64, ok bool) {
		if ok && bytes > 0 && (least == 0 || bytes < least) {
			least = bytes
		}
	}
	text, _ := os.ReadFile(meminfo)
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "MemTotal:" {
			kb, err := strconv.ParseInt(fields[1], 10, 64)
			take(kb<<10, err == nil)
		}
	}
	for _, name := range []string{"memory.max", filepath.Join("memory", "memory.limit_in_bytes")} {
		text, err := os.ReadFile(filepath.Join(cgroups, name))
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is no number
		take(limit, err == nil)
	}
	return least
}

// checkNetwork says through what set-up reaches package indexes; nothing else needs a network.
func checkNetwork(string) (string, error) {
	var set []string
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		u, err := url.Parse(value)
		if err != nil || u.Host == "" {
			return "", fmt.Errorf("%s is %q, expected something like http://proxy.example:3128; set-up could reach nothing through it", name, shown(value))
		}
		set = append(set, name+" "+u.Redacted())
	}
	for _, name := range []string{"GOPROXY", "PIP_INDEX_URL"} {
		if value := os.Getenv(name); value != "" {
			set = append(set, name+" set")
		}
	}
	if len(set) == 0 {
		return "no proxy and no mirror set; only set-up needs the network", nil
	}
	return strings.Join(set, ", ") + "; only set-up needs the network", nil
}
