package rules

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func fileOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The image has a Go that needs no other one, ends as an ordinary user, and the container for
// editors ends at one of its stages.
func TestTheContainerFitsTheProject(t *testing.T) {
	dockerfile := fileOf(t, "Dockerfile")
	wanted := regexp.MustCompile(`(?m)^go (\d+\.\d+)\.(\d+)$`).FindStringSubmatch(fileOf(t, "go.mod"))
	image := regexp.MustCompile(`ARG GO_IMAGE=golang:(\d+\.\d+)\.(\d+)-`).FindStringSubmatch(dockerfile)
	if wanted == nil || image == nil || wanted[1] != image[1] || len(image[2]) < len(wanted[2]) || (len(image[2]) == len(wanted[2]) && image[2] < wanted[2]) {
		t.Errorf("go.mod wants %q, the Dockerfile has %q", wanted, image)
	}
	users := regexp.MustCompile(`(?m)^USER (\w+)$`).FindAllStringSubmatch(dockerfile, -1)
	if len(users) == 0 || users[len(users)-1][1] == "root" {
		t.Errorf("the Dockerfile's last user is %q, expected an ordinary one", users)
	}
	var editor struct {
		Build      struct{ Target string }
		RemoteUser string
	}
	text := regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAllString(fileOf(t, ".devcontainer/devcontainer.json"), "")
	if err := json.Unmarshal([]byte(text), &editor); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(dockerfile, " AS "+editor.Build.Target+"\n") || editor.RemoteUser != users[len(users)-1][1] {
		t.Errorf("devcontainer.json asks for the stage %q and the user %q", editor.Build.Target, editor.RemoteUser)
	}
	// The stage that installs what is pinned has every folder and script that this takes.
	setup := fileOf(t, "scripts/setup.sh")
	needed := []string{"go.mod", "go.sum", "tools/python", "scripts/setup.sh", "scripts/env.sh"}
	for _, m := range regexp.MustCompile(`(?m)^set_up_tool \S+ (tools/\S+) |^source "\$ROOT/(\S+)"`).FindAllStringSubmatch(setup, -1) {
		needed = append(needed, m[1]+m[2])
	}
	for _, name := range needed {
		if !regexp.MustCompile(`(?m)^COPY .* ` + regexp.QuoteMeta(name) + " ").MatchString(dockerfile) {
			t.Errorf("scripts/setup.sh --tools takes %s, which the Dockerfile does not copy before it", name)
		}
	}
	// What git does not keep must not get into the image either.
	leftOut := strings.Fields(fileOf(t, ".dockerignore"))
	for line := range strings.Lines(fileOf(t, ".gitignore")) {
		if name := strings.Trim(strings.TrimSpace(line), "/"); strings.HasPrefix(line, "/") && !slices.Contains(leftOut, name) {
			t.Errorf(".dockerignore lacks %s", name)
		}
	}
}

func TestForksRunWhatCIRuns(t *testing.T) {
	if workflow := fileOf(t, ".github/workflows/check.yml"); !strings.Contains(workflow, "- run: bash .ci/run\n") {
		t.Error(".github/workflows/check.yml does not run .ci/run")
	}
}

// The fields that a citation file must have (version 1.2.0 of the format), and the licence
// that LICENSE has.
func TestTheCitationIsComplete(t *testing.T) {
	citation := fileOf(t, "CITATION.cff")
	for _, field := range []string{"cff-version: 1.2.0", "message: ", "title: ", "authors:\n", "license: Apache-2.0", "arXiv:2512.07783"} {
		if !strings.Contains(citation, field) {
			t.Errorf("CITATION.cff lacks %q", field)
		}
	}
}

// What a visitor loads with the first page stays small.
func TestTheFirstPageIsSmall(t *testing.T) {
	total := int64(0)
	for _, m := range regexp.MustCompile(`!\[[^\]]*\]\(([^)]+)\)`).FindAllStringSubmatch(fileOf(t, "README.md"), -1) {
		info, err := os.Stat(filepath.Join(root, m[1]))
		if err != nil {
			t.Fatalf("README.md shows %s, which is no file of the project: %v", m[1], err)
		}
		if total += info.Size(); info.Size() > 500_000 {
			t.Errorf("%s has %d bytes, expected at most 500 kB", m[1], info.Size())
		}
	}
	if total == 0 || total > 1_000_000 {
		t.Errorf("the pictures of README.md have %d bytes, expected at most 1 MB", total)
	}
}
