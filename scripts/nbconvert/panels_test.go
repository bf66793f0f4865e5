// Package nbconvert tests what pages of notebooks are made with.
package nbconvert

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// python is the project's interpreter, or the one of the PATH: panels.py needs nothing but Python.
func python(t *testing.T) string {
	t.Helper()
	if name := filepath.Join(root, ".venv", "bin", "python"); exists(name) {
		return name
	}
	name, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("no .venv/bin/python and no python3: run make setup")
	}
	return name
}

func exists(name string) bool { _, err := os.Stat(name); return err == nil }

// Figures of several panels side by side are cut into as many; all others are shown whole.
func TestPanelsOfEachKindOfFigureAreFound(t *testing.T) {
	panels := map[string]string{"error_bars": "2", "exposure": "2", "histogram": "3", "ladder": "3", "line_grid": "4", "passk": "3", "passk_by_op": "2", "rl_curves": "4",
		"attention": "1", "chart_bars": "1", "chart_lines": "1", "confusion": "1", "curve_loss": "1", "dag_zoo": "1", "heat_map": "1", "ledger": "1", "recipe": "1", "stacked_shares": "1", "tokens": "1"}
	figures, err := filepath.Glob(filepath.Join(root, "plots", "testdata", "*.png"))
	if err != nil || len(figures) < len(panels) {
		t.Fatalf("%d figures in plots/testdata (%v)", len(figures), err)
	}
	said, err := exec.Command(python(t), append([]string{"panels.py"}, figures...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	found := 0
	for _, m := range regexp.MustCompile(`(?m)/(\w+)\.png: (\d+)`).FindAllStringSubmatch(string(said), -1) {
		want, known := panels[m[1]]
		if !known {
			continue
		}
		if found++; m[2] != want {
			t.Errorf("%s: %s panels found, expected %s", m[1], m[2], want)
		}
	}
	if found != len(panels) {
		t.Errorf("%d of %d figures were looked at: %s", found, len(panels), said)
	}
}

// A file that is no figure of package plots is shown as it is.
func TestOtherPicturesHaveNoPanels(t *testing.T) {
	name := filepath.Join(t.TempDir(), "other.png")
	if err := os.WriteFile(name, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command(python(t), "panels.py", name).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "other.png: 1") {
		t.Errorf("%v: %s", err, said)
	}
}
