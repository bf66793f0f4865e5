package rules

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"os"
	pathpkg "path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// passage is a piece of text that can refer to something: a comment or a string of a Go
// file, a document, a Markdown cell of a notebook.
type passage struct {
	file, text string
	markdown   bool
}

// passages are all of them, read once. Folders that set-up and runs make are left out.
func passages(t *testing.T) []passage {
	t.Helper()
	if len(read) == 0 {
		read = readPassages(t)
	}
	return read
}

var read []passage

func readPassages(t *testing.T) (out []passage) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"build", "runs", "results"}, d.Name())) {
				return fs.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		switch pathpkg.Ext(path) {
		case ".go":
			out = append(out, ofGo(t, path, text)...)
		case ".md":
			out = append(out, passage{path, string(text), true})
		case ".ipynb":
			out = append(out, ofNotebook(t, path, text)...)
		}
		return nil
	})
	if err != nil || len(out) < 1000 {
		t.Fatalf("%d passages below %s, %v", len(out), root, err)
	}
	return out
}

// ofGo are the comments of a Go file, each with its lines joined, and its strings.
func ofGo(t *testing.T, path string, text []byte) (out []passage) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Comments {
		out = append(out, passage{path, strings.Join(strings.Fields(group.Text()), " "), false})
	}
	if strings.HasPrefix(path, "tools/rules/") {
		return out // its strings are patterns
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING {
			out = append(out, passage{path, s.Value, false})
		}
		return true
	})
	return out
}

// ofNotebook are the Markdown cells of a notebook and the comments of its code.
func ofNotebook(t *testing.T, path string, text []byte) (out []passage) {
	t.Helper()
	var nb struct {
		Cells []struct {
			Type   string          `json:"cell_type"`
			Source json.RawMessage `json:"source"`
		}
	}
	if err := json.Unmarshal(text, &nb); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, cell := range nb.Cells {
		var lines []string
		if json.Unmarshal(cell.Source, &lines) != nil {
			var whole string
			if err := json.Unmarshal(cell.Source, &whole); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			lines = []string{whole}
		}
		out = append(out, passage{path, strings.Join(lines, ""), cell.Type == "markdown"})
	}
	return out
}

// isThere reports whether a file or folder of the project exists.
func isThere(path string) bool {
	_, err := os.Stat(filepath.Join(root, path))
	return err == nil
}

var (
	document = regexp.MustCompile(`(?:^|[\s("'\x60,;])((?:[\w.-]+/)*[\w-]+\.md)\b`)
	section  = regexp.MustCompile(`docs/([\w-]+\.md), ((?:(?:and )?"[^"]+",? ?)+)`)
	quoted   = regexp.MustCompile(`"([^"]+)"`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// headings are those of a document.
func headings(t *testing.T, file string) (titles []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		titles = append(titles, strings.Trim(m[1], "`* "))
	}
	return titles
}

func TestEveryDocumentThatIsNamedExists(t *testing.T) {
	for _, p := range passages(t) {
		for _, m := range document.FindAllStringSubmatch(p.text, -1) {
			// A name without a folder may be of a page in docs, as code that writes such a page has it.
			if !isThere(m[1]) && !isThere(pathpkg.Join(pathpkg.Dir(p.file), m[1])) && !isThere(pathpkg.Join("docs", m[1])) {
				t.Errorf("%s names the document %s, which does not exist", p.file, m[1])
			}
		}
		if p.markdown {
			continue
		}
		for _, m := range section.FindAllStringSubmatch(strings.ReplaceAll(p.text, `\"`, `"`), -1) {
			if !isThere("docs/" + m[1]) {
				continue // said above
			}
			titles := headings(t, "docs/"+m[1])
			for _, q := range quoted.FindAllStringSubmatch(m[2], -1) {
				if !slices.Contains(titles, q[1]) {
					t.Errorf("%s refers to docs/%s, %q, which is no heading there; it has %q", p.file, m[1], q[1], titles)
				}
			}
		}
	}
}

// A section mark belongs to the paper or to a work that is named before it, not to a
// document that a reader does not have.
func TestNoSectionOfAnUnnamedDocumentIsCited(t *testing.T) {
	unnamed := regexp.MustCompile(`(?i)\b(generator |verifier |micro |end of )?spec(ification)?,? §|\bspec/[\w-]+`)
	// The paper has sections 1 to 7, of which 2 has parts to 2.4, and the appendix A.
	notThePapers := regexp.MustCompile(`paper(?:'s)? §+(?:[13-7]\.\d|2\.[5-9]|[89]|1\d)`)
	for _, p := range passages(t) {
		if m := unnamed.FindString(p.text); m != "" && !strings.HasPrefix(p.file, "tools/rules/") {
			t.Errorf("%s cites %q: name a file of the project and its heading, or the paper's section", p.file, m)
		}
		if m := notThePapers.FindString(p.text); m != "" {
			t.Errorf("%s cites %q: the paper has no such section", p.file, m)
		}
	}
}

func TestEveryClaimCodeStandsInTheDocument(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "paper.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| (C\d+) \|`).FindAllStringSubmatch(string(text), -1) {
		known[m[1]] = true
	}
	if len(known) < 40 {
		t.Fatalf("docs/paper.md has %d claims", len(known))
	}
	code := regexp.MustCompile(`(?:^|[\s(,"–])(C[1-9]\d?)(?:[\s),".:;–]|$)`)
	for _, p := range passages(t) {
		for _, m := range code.FindAllStringSubmatch(p.text, -1) {
			if !known[m[1]] {
				t.Errorf("%s uses the code %s, which docs/paper.md does not explain", p.file, m[1])
			}
		}
	}
}

func TestEveryLinkOfADocumentLeadsSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^()\s]+)\)`)
	for _, p := range passages(t) {
		if !p.markdown {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(p.text, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") || strings.HasPrefix(target, "attachment:") {
				continue
			}
			target, err := url.PathUnescape(target)
			if err != nil {
				t.Errorf("%s: link %q: %v", p.file, m[1], err)
				continue
			}
			at := p.file
			if target != "" {
				at = pathpkg.Join(pathpkg.Dir(p.file), target)
			}
			if !isThere(at) {
				t.Errorf("%s links to %s, which does not exist", p.file, m[1])
			} else if anchor != "" && pathpkg.Ext(at) == ".md" && !slices.ContainsFunc(headings(t, at), func(title string) bool { return anchorOf(title) == anchor }) {
				t.Errorf("%s links to %s, but %s has no such heading", p.file, m[1], at)
			}
		}
	}
}

// anchorOf is the anchor that code hosts give a heading.
func anchorOf(title string) string {
	title = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(title), "")
	return strings.ReplaceAll(title, " ", "-")
}

// Comments say nothing about folders beside the repository: a reader has none of them.
// Recorded outputs of the authors' code are the one exception; the tests that read them
// say where they are looked for, and fail where CI lacks them.
func TestOnlyConformanceSpeaksOfAFolderBesideTheRepository(t *testing.T) {
	for _, p := range passages(t) {
		if i := strings.Index(p.text, "../shared"); i >= 0 && !strings.HasPrefix(p.text[i:], "../shared/conformance") && !strings.HasPrefix(p.file, "tools/rules/") {
			t.Errorf("%s speaks of %.40q, a folder outside the project", p.file, p.text[i:])
		}
	}
}

// docs/findings.md is the index of LAB.md, and docs/comparison.md takes its ratios from it:
// in the last column of their tables each date is an entry there, each quoted title a heading
// or the beginning of one.
func TestPagesThatCiteTheLabBookLeadToItsHeadings(t *testing.T) {
	titles := headings(t, "LAB.md")
	begins := func(what string) bool {
		plain := strings.ReplaceAll(what, "`", "")
		return slices.ContainsFunc(titles, func(title string) bool {
			_, withoutDate, _ := strings.Cut(title, " · ")
			title = strings.ReplaceAll(title, "`", "")
			return strings.HasPrefix(title, plain) || strings.HasPrefix(strings.ReplaceAll(withoutDate, "`", ""), plain)
		})
	}
	for page, least := range map[string]int{"docs/findings.md": 40, "docs/comparison.md": 10} {
		found := 0
		for line := range strings.Lines(fileOf(t, page)) {
			cells := strings.Split(line, " | ")
			if len(cells) < 2 || !strings.Contains(cells[len(cells)-1], "20") {
				continue
			}
			entry := cells[len(cells)-1]
			for _, date := range regexp.MustCompile(`\d{4}-\d\d-\d\d`).FindAllString(entry, -1) {
				if found++; !begins(date) {
					t.Errorf("%s: LAB.md has no entry of %s", page, date)
				}
			}
			for _, q := range quoted.FindAllStringSubmatch(entry, -1) {
				if found++; !begins(q[1]) {
					t.Errorf("%s: LAB.md has no heading that begins with %q", page, q[1])
				}
			}
		}
		if found < least {
			t.Errorf("%d references in %s, expected %d or more", found, page, least)
		}
	}
}
