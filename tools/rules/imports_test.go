package rules

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	pathpkg "path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the module's folder, seen from here.
const root = "../.."

// foundations hold no knowledge of the laboratory; every component may use them.
var foundations = []string{"kernelkit/random", "kernelkit/durable", "kernelkit/strict"}

// mayImport says which packages of the module each package may import, besides
// the foundations. Components follow the way of the data: a package may import
// what lies before it, never what lies after it.
var mayImport = map[string][]string{
	"scripts/check":           {},
	"tools/rules":             {},
	"kernelkit/random":        {},
	"kernelkit/durable":       {},
	"kernelkit/strict":        {},
	"kernelkit/code":          {},
	"kernelkit/lesson":        {},
	"kernelkit/engine":        {},
	"kernelkit/gsm":           {},
	"kernelkit/gsm/corpus":    {"kernelkit/gsm"},
	"kernelkit/vocab":         {"kernelkit/gsm"},
	"kernelkit/verify":        {"kernelkit/gsm", "kernelkit/verify/exact", "kernelkit/verify/lex"},
	"kernelkit/verify/exact":  {},
	"kernelkit/verify/lex":    {"kernelkit/verify/exact"},
	"kernelkit/verify/mutate": {"kernelkit/gsm"},
	"kernelkit/authors":       {},
	"kernelkit/qwen":          {"kernelkit/engine", "kernelkit/vocab"},
	"kernelkit/train":         {"kernelkit/engine", "kernelkit/gsm", "kernelkit/vocab", "kernelkit/qwen"},
	"kernelkit/rollout":       {"kernelkit/engine", "kernelkit/gsm", "kernelkit/vocab", "kernelkit/qwen"},
	"kernelkit/grpo": {"kernelkit/engine", "kernelkit/gsm", "kernelkit/vocab", "kernelkit/qwen",
		"kernelkit/train", "kernelkit/rollout", "kernelkit/verify"},
	"kernelkit/evaluate": {"kernelkit/engine", "kernelkit/gsm", "kernelkit/gsm/corpus", "kernelkit/vocab", "kernelkit/verify",
		"kernelkit/qwen", "kernelkit/rollout", "kernelkit/score"},
	"kernelkit/diagnose": {"kernelkit/evaluate", "kernelkit/grpo", "kernelkit/score"},
	"kernelkit/score":    {"kernelkit/gsm", "kernelkit/verify", "kernelkit/rollout"},
	// Figures take plain data; score's result types are such.
	"plots": {"kernelkit/score"},
	"pipeline": {"kernelkit/engine", "kernelkit/gsm", "kernelkit/gsm/corpus", "kernelkit/vocab", "kernelkit/verify", "kernelkit/qwen",
		"kernelkit/train", "kernelkit/rollout", "kernelkit/grpo", "kernelkit/score", "kernelkit/evaluate"},
	"pipeline/cluster": {"pipeline"},
	"pipeline/study": {"pipeline", "kernelkit/gsm", "kernelkit/verify", "kernelkit/qwen", "kernelkit/train", "kernelkit/grpo",
		"kernelkit/score", "kernelkit/evaluate"},
	"kernelkit": {"pipeline", "pipeline/study", "plots", "kernelkit/code", "kernelkit/engine", "kernelkit/gsm", "kernelkit/gsm/corpus", "kernelkit/vocab", "kernelkit/verify", "kernelkit/verify/mutate",
		"kernelkit/qwen", "kernelkit/train", "kernelkit/rollout", "kernelkit/grpo", "kernelkit/score", "kernelkit/evaluate", "kernelkit/diagnose"},
}

// Programs lie after everything: nothing can import them. Those in cmd and
// scripts, and the lessons of the course, may import every package, but for the one that must run whatever state
// the module is in.
func isProgram(pkg string) bool {
	return (strings.HasPrefix(pkg, "cmd/") || strings.HasPrefix(pkg, "scripts/") || isLesson(pkg)) && pkg != "scripts/check"
}

// isLesson tells the sources of the course: they show every part of the laboratory.
func isLesson(pkg string) bool { return strings.HasPrefix(pkg, "notebooks/course/lessons/") }

// outside says which packages alone may import a library, tests included: an
// import path belongs to the first entry that it starts with.
var outside = []struct {
	prefix string
	only   []string
}{
	{"github.com/gomlx/go-huggingface", []string{"kernelkit/vocab", "kernelkit/qwen"}},
	{"github.com/gomlx/", []string{"kernelkit/engine", "kernelkit/qwen", "kernelkit/train", "kernelkit/rollout", "kernelkit/grpo"}},
	{"github.com/janpfeifer/gonb", []string{"kernelkit"}},
	{"gonum.org/v1/plot", []string{"plots"}},
	// Randomness is addressed (kernelkit/random), but where it changes no result: how long
	// a worker waits, which stage it tries first.
	{"math/rand", nil},
}

// source is one Go file of the module.
type source struct {
	file, pkg string
	imports   []string
}

// sources reads the imports of every Go file of the module; other modules below
// it, hidden folders and test data are left out.
func sources(t *testing.T) (out []source) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, notOurs := os.Stat(filepath.Join(root, path, "go.mod"))
			if path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "build" || d.Name() == "runs" || notOurs == nil) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := source{file: path, pkg: pathpkg.Dir(path)}
		for _, i := range parsed.Imports {
			s.imports = append(s.imports, strings.Trim(i.Path.Value, `"`))
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("found %d Go files below %s: is that the module's folder?", len(out), root)
	}
	return out
}

func TestPackagesImportOnlyWhatLiesBeforeThem(t *testing.T) {
	for _, s := range sources(t) {
		if s.pkg == "." || isProgram(s.pkg) || strings.HasSuffix(s.file, "_test.go") {
			continue
		}
		allowed, known := mayImport[s.pkg]
		if !known {
			t.Errorf("%s: the package %s has no rule; add it to mayImport with what lies before it", s.file, s.pkg)
			continue
		}
		for _, path := range s.imports {
			imported, ours := strings.CutPrefix(path, "interplay/")
			if ours && !slices.Contains(allowed, imported) && !slices.Contains(foundations, imported) {
				t.Errorf("%s: %s may not import %s (allowed: %s)", s.file, s.pkg, imported, strings.Join(append(allowed, foundations...), ", "))
			}
		}
	}
}

func TestLibrariesStayBehindTheirSeams(t *testing.T) {
	for _, s := range sources(t) {
		for _, path := range s.imports {
			for _, rule := range outside {
				if !strings.HasPrefix(path, rule.prefix) {
					continue
				}
				if !slices.Contains(rule.only, s.pkg) && !(isLesson(s.pkg) && rule.prefix == "github.com/gomlx/") {
					t.Errorf("%s: %s may not import %s (only %s may)", s.file, s.pkg, path, strings.Join(rule.only, ", "))
				}
				break
			}
		}
	}
}

// What reproduces the authors' code judges nothing in the laboratory: only the verbs
// that compare with the authors use it.
func TestOnlyVerifyConformanceAndBenchUseTheAuthorsCode(t *testing.T) {
	users := []string{"cmd/interplay/verify.go", "cmd/interplay/conformance.go", "cmd/interplay/bench.go"}
	for _, s := range sources(t) {
		if slices.Contains(s.imports, "interplay/kernelkit/authors") && !strings.HasSuffix(s.file, "_test.go") && !slices.Contains(users, filepath.ToSlash(s.file)) {
			t.Errorf("%s: may not import kernelkit/authors (only %s may)", s.file, strings.Join(users, ", "))
		}
	}
}

func TestTheRulesHaveNoCycles(t *testing.T) {
	const visiting, visited = 1, 2
	state := map[string]int{}
	var visit func(pkg string)
	visit = func(pkg string) {
		if state[pkg] == visiting {
			t.Fatalf("the rules let %s import itself through others", pkg)
		}
		if state[pkg] == visited {
			return
		}
		state[pkg] = visiting
		for _, next := range mayImport[pkg] {
			if _, known := mayImport[next]; !known {
				t.Errorf("the rule of %s names %s, which has none", pkg, next)
			}
			visit(next)
		}
		state[pkg] = visited
	}
	for pkg := range mayImport {
		visit(pkg)
	}
}

// A cell fetches what it imports without a version, so a notebook that imports
// anything but the standard library and this module needs the network and is not
// pinned.
func TestNotebooksImportOnlyKernelkitAndTheStandardLibrary(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "notebooks", "*.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var nb struct {
			Cells []struct {
				Type   string          `json:"cell_type"`
				Source json.RawMessage `json:"source"`
			}
		}
		if err := json.Unmarshal(text, &nb); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for i, cell := range nb.Cells {
			if cell.Type != "code" {
				continue
			}
			for _, path := range cellImports(t, cell.Source) {
				first, _, _ := strings.Cut(path, "/")
				if path != "interplay/kernelkit" && (strings.Contains(first, ".") || first == "interplay") {
					t.Errorf("%s, cell %d: a notebook may not import %s", file, i+1, path)
				}
			}
		}
	}
}

var (
	importBlock  = regexp.MustCompile(`(?ms)^\s*import\s+(\(.*?\)|[^\n]*)`)
	quotedString = regexp.MustCompile(`"([^"]+)"`)
)

// cellImports lists the import paths of a cell. A cell is not a Go file (it may
// hold magics and bare statements), so the import declarations are cut out of it.
func cellImports(t *testing.T, raw json.RawMessage) (paths []string) {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var lines []string
		if err := json.Unmarshal(raw, &lines); err != nil {
			t.Fatal(err)
		}
		text = strings.Join(lines, "")
	}
	for _, block := range importBlock.FindAllStringSubmatch(text, -1) {
		for _, quoted := range quotedString.FindAllStringSubmatch(block[1], -1) {
			paths = append(paths, quoted[1])
		}
	}
	return paths
}

func TestCellImportsAreFoundInEveryForm(t *testing.T) {
	for _, c := range []struct {
		source string
		want   []string
	}{
		{`"import \"interplay/kernelkit\"\n%%\nfmt.Println(\"x/y\")"`, []string{"interplay/kernelkit"}},
		{`["import (\n", "  \"os\"; lab \"interplay/kernelkit\"\n", ")\n", "s := \"import\""]`, []string{"os", "interplay/kernelkit"}},
		{`"import . \"gonum.org/v1/plot\""`, []string{"gonum.org/v1/plot"}},
		{`"x := 1"`, nil},
	} {
		if got := cellImports(t, json.RawMessage(c.source)); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %q, want %q", c.source, got, c.want)
		}
	}
}

// The committed notebooks hold their outputs, which are for every reader: a path of the
// machine that made them says nothing to others.
func TestNotebooksShowFiguresAndNoPathOfAMachine(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "notebooks", "*.ipynb"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d notebooks, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), `"image/png"`) {
			t.Errorf("%s shows no figure: execute it with interplay notebooks -in-place", file)
		}
		if found := regexp.MustCompile(`[^\w.:/](/(home|root|tmp|work|Users|var)/[\w.-]+)`).FindStringSubmatch(string(text)); found != nil {
			t.Errorf("%s holds the path %s", file, found[1])
		}
	}
}
