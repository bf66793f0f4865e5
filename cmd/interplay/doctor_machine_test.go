package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDoctorSaysWhatRunsOnASystem(t *testing.T) {
	for _, c := range []struct {
		goos, goarch, want string
		works              bool
	}{
		{"linux", "amd64", "x86-64", true},
		{"linux", "arm64", "arm64", true},
		{"darwin", "arm64", "docs/install.md", false},
		{"windows", "amd64", "docs/install.md", false},
		{"linux", "riscv64", "docs/install.md", false},
	} {
		says, err := system(c.goos, c.goarch)
		if err != nil {
			says = err.Error()
		}
		if (err == nil) != c.works || !strings.Contains(says, c.want) {
			t.Errorf("%s on %s: %q, want one with %q", c.goos, c.goarch, says, c.want)
		}
	}
}

// A container's limit counts where it is below the machine's memory.
func TestDoctorReadsTheLeastMemory(t *testing.T) {
	meminfo := filepath.Join(t.TempDir(), "meminfo")
	if err := os.WriteFile(meminfo, []byte("MemTotal:       8000000 kB\nMemFree:         100000 kB\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, text string
		want       int64
	}{
		{"memory.max", "4294967296\n", 4 << 30},
		{"memory.max", "max\n", 8000000 << 10},
		{"memory/memory.limit_in_bytes", "2147483648\n", 2 << 30},
		{"memory/memory.limit_in_bytes", "9223372036854771712\n", 8000000 << 10}, // no limit, version 1
		{"other", "1\n", 8000000 << 10},
	} {
		cgroups := t.TempDir()
		name := filepath.Join(cgroups, c.file)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := memoryHere(meminfo, cgroups); got != c.want {
			t.Errorf("%s %q: %d bytes, want %d", c.file, c.text, got, c.want)
		}
	}
	if got := memoryHere(filepath.Join(t.TempDir(), "none"), t.TempDir()); got != 0 {
		t.Errorf("nothing to read: %d bytes", got)
	}
}

func TestDoctorNamesAProxyWithoutItsPassword(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "GOPROXY", "PIP_INDEX_URL"} {
		t.Setenv(name, "")
	}
	if says, err := checkNetwork(""); err != nil || !strings.Contains(says, "no proxy") {
		t.Errorf("%q, %v", says, err)
	}
	t.Setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
	says, err := checkNetwork("")
	if err != nil || !strings.Contains(says, "proxy.example:3128") || strings.Contains(says, "secret") {
		t.Errorf("%q, %v", says, err)
	}
	t.Setenv("HTTPS_PROXY", "proxy.example")
	if _, err := checkNetwork(""); err == nil || !strings.Contains(err.Error(), "expected something like") {
		t.Errorf("a proxy without a scheme: %v", err)
	}
}
