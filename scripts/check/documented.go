package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The commands of README.md, CONTRIBUTING.md, the pages and the notebooks are run as they
// stand. A command with a placeholder in capitals is a form: its verb and flags must exist.
// What cannot run here is in elsewhere, with the reason; a command that is in neither place
// is run, so a new one is checked without anybody doing anything.

// documents are searched for commands in this order, from the project's folder.
var documents = []string{"README.md", "CONTRIBUTING.md", "docs/*.md", "notebooks/*.ipynb", "notebooks/course/*.ipynb"}

// elsewhere says of a command why it is not run by this check: which step of CI runs it, or
// what it would need. The first expression that matches decides.
var elsewhere = []struct{ command, why string }{
	{`^make test$`, "this is make test"},
	{`^interplay notebooks$`, "the step of the notebooks runs each of them"},
	{`^make setup$`, "the first step of make test"},
	{`^make (lessons|readme|site|course)$`, "go test holds the files that it makes to their sources"},
	{`^make (clean|fuzz|audit)$|^make check `, "not a part of make test"},
	{`^make (setup-cuda|peers|bench)$|xla:cuda|scripts/gpu\.sh`, "needs a GPU, or hours: its figures are in LAB.md"},
	{`^(INTERPLAY_)?(SEED|PROFILE)=\w+ make demo$`, "make demo, which is run, at another seed or scale"},
	{`^interplay bench( (train|verify|rollout|grpo|memory))?$`, "minutes of timing: interplay bench generate is run"},
	{`^interplay (submit|status|logs|work) |^scripts/cluster/|go run \./scripts/cluster`, "the step of the workers on a local Slurm"},
	{`^scripts/test_setup\.sh`, "cuts the network and fills disks: run by hand"},
	{`^(docker|podman|buildah)\b`, "no container runtime here: docs/install.md says what was tried"},
	{`\bgroups\b|-context bakery`, "of the example that the page tells to write"},
	{`-mutations|-problems 2000000|-update\b`, "long, or changes files"},
	{`^jupyter `, "the step of the notebooks does this"},
}

// planned are runs of hours: what they would do is asked for instead (-plan).
var planned = regexp.MustCompile(`^interplay run \w+ -profile (micro|lookup|words|gpu|paper)\b`)

var (
	starts = regexp.MustCompile(`^(?:[A-Z_]+=\S+ )*(?:make|interplay|\.bin/interplay|git clone|go (?:run|test|doc|mod)|docker|podman|jupyter|export)(?:\s|$)|^scripts/[\w/.-]+ \S|^[A-Z]+=\$\(`)
	inline = regexp.MustCompile("`([^`\n]+)`")
	remark = regexp.MustCompile(`\s+# .*$|\s{2,}#.*$`)
	// placeholders: words in capitals that are no variable (A, B and C are contexts), three dots, a choice
	form = regexp.MustCompile(`(?:^|[\s/:])(?:[A-Z][A-Z0-9]+|[D-Z])(?:[\s/|,.]|$)|…|\|[A-Z]`)
	made = regexp.MustCompile(`(?:-out|-dir|>|export \$?\w+) (build/[\w./-]+)`)
)

// documentedCommand is a command of a document.
type documentedCommand struct{ file, text string }

// commandsOf finds the commands of a text in Markdown: lines of code blocks, and code in prose.
func commandsOf(text string) (out []string) {
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		block := strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			fenced = !fenced
		case fenced || block:
			if c := strings.TrimSpace(remark.ReplaceAllString(line, "")); starts.MatchString(c) {
				out = append(out, c)
			}
		default:
			for _, m := range inline.FindAllStringSubmatch(line, -1) {
				if c := strings.TrimSpace(m[1]); starts.MatchString(c) {
					out = append(out, c)
				}
			}
		}
	}
	return out
}

// documentedCommands are those of all documents.
func documentedCommands() (out []documentedCommand, err error) {
	for _, pattern := range documents {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return nil, err
			}
			page := string(text)
			if filepath.Ext(f) == ".ipynb" {
				if page, err = markdownOf(text); err != nil {
					return nil, fmt.Errorf("%s: %w", f, err)
				}
			}
			for _, c := range commandsOf(page) {
				out = append(out, documentedCommand{f, strings.TrimPrefix(c, ".bin/")})
			}
		}
	}
	return out, nil
}

// markdownOf is the text of a notebook.
func markdownOf(text []byte) (string, error) {
	var nb struct {
		Cells []struct {
			Type   string          `json:"cell_type"`
			Source json.RawMessage `json:"source"`
		}
	}
	if err := json.Unmarshal(text, &nb); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, cell := range nb.Cells {
		var lines []string
		if json.Unmarshal(cell.Source, &lines) != nil {
			lines = []string{strings.Trim(string(cell.Source), `"`)}
		}
		if cell.Type == "markdown" {
			b.WriteString(strings.Join(lines, "") + "\n\n")
		}
	}
	return b.String(), nil
}

// documented runs the commands of the documents.
func (t *tally) documented() {
	all, err := documentedCommands()
	if err != nil {
		t.check("commands of the documents", time.Now(), err)
		return
	}
	seen, setting := map[string]bool{}, map[string][]string{}
	kinds := map[string]int{}
	for _, c := range all {
		name := fmt.Sprintf("%s: %s", c.file, c.text)
		began := time.Now()
		if strings.HasPrefix(c.text, "export PATH=") || regexp.MustCompile(`^[A-Z]+=\$\(`).MatchString(c.text) {
			setting[c.file] = append(setting[c.file], c.text) // what follows in this document uses it
		}
		if key := filepath.Ext(c.file) + c.text; seen[key] {
			continue
		} else {
			seen[key] = true
		}
		switch why := reason(c.text); {
		case why != "":
			kinds["not run here"]++
			fmt.Printf("- %s: %s\n", name, why)
		case strings.HasPrefix(c.text, "git clone "):
			kinds["run"]++
			t.check(name, began, clones(c.text))
		case c.text == "make lab":
			kinds["run"]++
			t.check(name+" (until it serves)", began, serves(c.text))
		case isForm(c.text):
			kinds["forms"]++
			t.check(name+" (a form)", began, formExists(c.text))
		default:
			kinds["run"]++
			t.check(name, began, runs(c, setting[c.file]))
		}
	}
	fmt.Printf("commands of the documents: %d run, %d forms looked up, %d not run here\n", kinds["run"], kinds["forms"], kinds["not run here"])
}

func reason(command string) string {
	for _, e := range elsewhere {
		if regexp.MustCompile(e.command).MatchString(command) {
			return e.why
		}
	}
	return ""
}

// isForm tells a command that only names a verb, or has a placeholder.
func isForm(command string) bool {
	return regexp.MustCompile(`^interplay \w+$`).MatchString(command) || form.MatchString(withoutSettings(command))
}

// withoutSettings takes variables and quoted text from a command, where capitals are no placeholders.
func withoutSettings(command string) string {
	return regexp.MustCompile(`[A-Z_]+=\S+|\$\{?[A-Z_]+\S*|"[^"]*"|'[^']*'`).ReplaceAllString(command, "")
}

// clones runs README's first command: ADDRESS is this folder, and what is cloned goes away.
func clones(command string) error {
	dir, err := os.MkdirTemp("", "interplay-clone")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	cmd := exec.Command("bash", "-ec", strings.ReplaceAll(command, "ADDRESS", "'"+here+"'")+" && test -f Makefile")
	cmd.Dir = dir
	return said(cmd, time.Minute)
}

// serves runs a command until it says where it serves, and ends it and what it started.
func serves(command string) error {
	cmd := exec.Command("bash", "-ec", "exec "+command)
	cmd.Env = append(os.Environ(), "BROWSER=true") // no window
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	cmd.Stdout, cmd.Stderr = write, write
	err = cmd.Start()
	write.Close()
	if err != nil {
		return err
	}
	end := func(s syscall.Signal) func() { return func() { _ = syscall.Kill(-cmd.Process.Pid, s) } }
	late := time.AfterFunc(3*time.Minute, end(syscall.SIGKILL))
	defer late.Stop()
	found, last := false, ""
	for lines := bufio.NewScanner(read); lines.Scan(); {
		if last = lines.Text(); !found && strings.Contains(last, "is running at") {
			found = true
			end(syscall.SIGTERM)()
		}
	}
	_ = cmd.Wait() // it was ended
	if !found {
		return fmt.Errorf("it ended, or three minutes passed, before it said where it serves; its last line: %s", last)
	}
	return nil
}

// runs runs a command in the project's environment, after the settings of its document:
// those of pages in the project's folder, those of notebooks in a folder below it.
func runs(c documentedCommand, settings []string) error {
	dir := "."
	if filepath.Ext(c.file) == ".ipynb" {
		dir = filepath.Join("build", "documented")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for _, m := range made.FindAllStringSubmatch(c.text, -1) {
		if strings.HasPrefix(c.text, "interplay notebooks") {
			break // it reads the folder
		}
		for _, left := range []string{m[1], m[1] + ".manifest.json"} { // of an earlier run
			if err := os.RemoveAll(left); err != nil {
				return err
			}
		}
	}
	text := c.text
	if planned.MatchString(text) && !strings.Contains(text, "-plan") {
		text += " -plan"
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	script := fmt.Sprintf("source '%s/scripts/env.sh' && cd '%s'\n%s\n", root, filepath.Join(root, dir), strings.Join(append(slices.Clone(settings), text), "\n"))
	return said(exec.Command("bash", "-ec", script), 20*time.Minute)
}

// said runs a command with nothing to read; its error holds the end of what it said. A
// process that outlives its time is ended with all that it started.
func said(cmd *exec.Cmd, limit time.Duration) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(limit, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	err := cmd.Wait()
	if !timer.Stop() && err != nil {
		err = fmt.Errorf("it took more than %s", limit)
	}
	if err != nil {
		text := strings.TrimSpace(out.String())
		return fmt.Errorf("%w\n%s", err, indent(text[max(0, len(text)-1500):]))
	}
	return nil
}

// formExists looks a form's verb and flags up in the help of interplay, the targets of make and the scripts.
func formExists(command string) error {
	words := strings.Fields(command)
	for len(words) > 0 && strings.Contains(words[0], "=") {
		words = words[1:]
	}
	if len(words) < 2 || words[0] != "interplay" {
		return nil // a script's own settings
	}
	if words[1] == "VERB" {
		return nil
	}
	help, err := exec.Command(filepath.Join(".bin", "interplay"), words[1], "-h").CombinedOutput()
	if err != nil {
		return fmt.Errorf("interplay has no verb %s", words[1])
	}
	flags := map[string]bool{"-h": true}
	for lines := bufio.NewScanner(bytes.NewReader(help)); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) > 0 && strings.HasPrefix(f[0], "-") {
			flags[f[0]] = true
		}
	}
	for _, w := range words[2:] {
		if w = strings.Trim(w, "[]."); strings.HasPrefix(w, "-") && len(w) > 1 && !flags[w] {
			return fmt.Errorf("interplay %s has no flag %s", words[1], w)
		}
	}
	return nil
}
