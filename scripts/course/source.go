package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A lesson is a folder with a Go package: lesson.go is what the learner reads and writes, from
// top to bottom, lesson_test.go holds the checks. The marks in lesson.go are
//
//	/*md … */                text, in Markdown
//	//cell                   a new code cell begins (text begins one too)
//	//check TestX checkX     a cell with these functions of lesson_test.go
//	// BEGIN SOLUTION        what stands from here …
//	// END SOLUTION          … to here is the learner's to write
//
// A function whose name begins with Run is a cell that runs: its body, without its name.

// cellKind says what a cell of a notebook is.
type cellKind int

const (
	markdown cellKind = iota
	code
	exercise // code with a part that the learner writes
	check    // a test of an exercise
)

// cell is one cell of a lesson.
type cell struct {
	kind cellKind
	name string // of an exercise, its function; of a check, its test
	text string // Markdown or Go, with the solution
}

// source is a lesson's source.
type source struct {
	folder  string // its name, which is the notebook's
	cells   []cell
	imports []string // import specs of both files, as written
}

// readLesson reads the source of a lesson from its folder.
func readLesson(dir string) (*source, error) {
	main, err := readFile(filepath.Join(dir, "lesson.go"))
	if err != nil {
		return nil, err
	}
	tests, err := readFile(filepath.Join(dir, "lesson_test.go"))
	if err != nil {
		return nil, err
	}
	l := &source{folder: filepath.Base(dir)}
	for _, f := range []*sourceFile{main, tests} {
		for _, spec := range f.tree.Imports {
			if text := f.between(spec.Pos(), spec.End()); !slices.Contains(l.imports, text) && spec.Path.Value != `"testing"` {
				l.imports = append(l.imports, text)
			}
		}
	}
	slices.Sort(l.imports)
	return l, l.fill(main, tests)
}

// sourceFile is a parsed Go file.
type sourceFile struct {
	name string
	text []byte
	set  *token.FileSet
	tree *ast.File
}

func readFile(name string) (*sourceFile, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f := &sourceFile{name: name, text: text, set: token.NewFileSet()}
	f.tree, err = parser.ParseFile(f.set, name, text, parser.ParseComments)
	return f, err
}

func (f *sourceFile) offset(p token.Pos) int { return f.set.Position(p).Offset }
func (f *sourceFile) between(from, to token.Pos) string {
	return string(f.text[f.offset(from):f.offset(to)])
}

// function is the text of a declared function with its comment.
func (f *sourceFile) function(name string) (string, error) {
	for _, d := range f.tree.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == name {
			from := fn.Pos()
			if fn.Doc != nil {
				from = fn.Doc.Pos()
			}
			return f.between(from, fn.End()), nil
		}
	}
	return "", fmt.Errorf("%s has no function %s", f.name, name)
}

// piece is a part of lesson.go in the order of the file: a mark or a declaration.
type piece struct {
	from, to token.Pos
	mark     string // the comment's text, empty for a declaration
	decl     ast.Decl
}

func (f *sourceFile) pieces() []piece {
	var all []piece
	for _, d := range f.tree.Decls {
		from := d.Pos()
		switch d := d.(type) {
		case *ast.GenDecl:
			if d.Tok == token.IMPORT {
				continue
			}
			if d.Doc != nil {
				from = d.Doc.Pos()
			}
		case *ast.FuncDecl:
			if d.Doc != nil {
				from = d.Doc.Pos()
			}
		}
		all = append(all, piece{from: from, to: d.End(), decl: d})
	}
	for _, group := range f.tree.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "/*md") || strings.HasPrefix(c.Text, "//check ") || c.Text == "//cell" {
				all = append(all, piece{from: c.Pos(), to: c.End(), mark: c.Text})
			}
		}
	}
	slices.SortFunc(all, func(a, b piece) int { return int(a.from - b.from) })
	return all
}

// fill makes the cells.
func (l *source) fill(main, tests *sourceFile) error {
	open := false // whether a declaration goes on with the last cell
	for _, p := range main.pieces() {
		switch {
		case p.mark == "//cell":
			open = false
		case strings.HasPrefix(p.mark, "/*md"):
			text := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(p.mark, "/*md"), "*/"))
			l.cells = append(l.cells, cell{kind: markdown, text: text})
			open = false
		case p.mark != "":
			c, err := checkCell(tests, strings.Fields(p.mark)[1:])
			if err != nil {
				return err
			}
			l.cells = append(l.cells, c)
			open = false
		default:
			c, err := declaration(main, p)
			if err != nil {
				return err
			}
			last := len(l.cells) - 1
			if open && c.kind == code && l.cells[last].kind == code && !strings.HasPrefix(c.text, "%%") {
				l.cells[last].text += "\n\n" + c.text
			} else {
				l.cells = append(l.cells, c)
			}
			open = c.kind == code && !strings.HasPrefix(c.text, "%%")
		}
	}
	return nil
}

// declaration is the cell of a declaration.
func declaration(f *sourceFile, p piece) (cell, error) {
	text := f.between(p.from, p.to)
	fn, ok := p.decl.(*ast.FuncDecl)
	switch {
	case ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Run"):
		body := string(f.text[f.offset(fn.Body.Lbrace)+1 : f.offset(fn.Body.Rbrace)])
		text, err := format.Source([]byte(body))
		if err != nil {
			return cell{}, fmt.Errorf("%s: %w", fn.Name.Name, err)
		}
		return cell{kind: code, text: "%%\n" + unindented(string(text))}, nil
	case ok && strings.Contains(text, beginSolution):
		return cell{kind: exercise, name: fn.Name.Name, text: text}, nil
	case strings.Contains(text, beginSolution):
		return cell{}, fmt.Errorf("%s: a solution stands outside of a function: %s", f.name, text)
	}
	return cell{kind: code, text: text}, nil
}

// unindented takes the tab away that the lines of a function's body begin with.
func unindented(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "\t")
	}
	return strings.Join(lines, "\n")
}

// checkCell is the cell of a check: the test named first, and the functions that it needs.
func checkCell(tests *sourceFile, names []string) (cell, error) {
	if len(names) == 0 || !strings.HasPrefix(names[0], "Test") {
		return cell{}, fmt.Errorf("//check %s: expected the name of a test first", strings.Join(names, " "))
	}
	c := cell{kind: check, name: names[0], text: "%test"}
	for _, name := range append(names[1:], names[0]) {
		text, err := tests.function(name)
		if err != nil {
			return cell{}, err
		}
		c.text += "\n" + text + "\n"
	}
	c.text = strings.TrimSpace(c.text)
	return c, nil
}

const (
	beginSolution = "// BEGIN SOLUTION"
	endSolution   = "// END SOLUTION"
	stub          = `panic("write this function")`
)

// cutSolutions puts the stub in the place of every solution. It returns what it cut.
func cutSolutions(text string) (string, []string, error) {
	var out, cut []string
	inside := false
	for line := range strings.SplitSeq(text, "\n") {
		switch strings.TrimSpace(line) {
		case beginSolution:
			if inside {
				return "", nil, fmt.Errorf("a solution begins inside of another one")
			}
			inside = true
			indent := line[:strings.Index(line, "//")]
			out = append(out, indent+stub)
		case endSolution:
			if !inside {
				return "", nil, fmt.Errorf("a solution ends that never began")
			}
			inside = false
		default:
			if inside {
				cut = append(cut, line)
			} else {
				out = append(out, line)
			}
		}
	}
	if inside {
		return "", nil, fmt.Errorf("a solution does not end")
	}
	return strings.Join(out, "\n"), cut, nil
}

// stubbed is a lesson.go whose solutions are cut, with the imports that it still needs.
func stubbed(text []byte) ([]byte, error) {
	cut, _, err := cutSolutions(string(text))
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, "lesson.go", cut, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				used[x.Name] = true
			}
		}
		return true
	})
	for _, d := range tree.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.IMPORT {
			continue
		}
		for _, s := range g.Specs {
			spec := s.(*ast.ImportSpec)
			if spec.Name == nil && !used[importName(spec)] {
				spec.Name = ast.NewIdent("_")
			}
		}
	}
	var b bytes.Buffer
	err = format.Node(&b, set, tree)
	return b.Bytes(), err
}

// importName is the name that a package is used under: the last part of its path that is no version.
func importName(spec *ast.ImportSpec) string {
	path, _ := strconv.Unquote(spec.Path.Value)
	parts := strings.Split(path, "/")
	name := parts[len(parts)-1]
	if len(parts) > 1 && len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
		name = parts[len(parts)-2]
	}
	return name
}
