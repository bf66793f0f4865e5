package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A notebook imports the façade, and from the standard library what it likes. All that it
// needs must therefore have a name there. The course's lessons show the packages that they teach, and are compiled
// as such (notebooks/course/lessons).

func TestNotebooksNeedNoNameOutsideTheFacade(t *testing.T) {
	notebooks, err := filepath.Glob("../../notebooks/*.ipynb")
	if err != nil || len(notebooks) < 6 {
		t.Fatalf("%d notebooks, %v", len(notebooks), err)
	}
	fresh := filepath.Join(t.TempDir(), "new.ipynb")
	if err := newNotebook("new", filepath.Dir(fresh)); err != nil {
		t.Fatal(err)
	}
	known := exported(t)
	for _, file := range append(notebooks, fresh) {
		checkCells(t, known, file, func(path string) bool { return path == "interplay/kernelkit" })
	}
}

func TestACellsMistakesAreFound(t *testing.T) {
	known := exported(t)
	facade := func(path string) bool { return path == "interplay/kernelkit" }
	good := []string{"import \"interplay/kernelkit\"\nvar lab = kernelkit.Open(\"n\", \"smoke\", 1)\nfunc f() int { return 1 }", "%%\nfmt.Println(f(), lab.Seed)", "func f() string { return \"a\" }\n%%\nstrings.ToUpper(f())"}
	for says, cells := range map[string][]string{
		"":                 good,
		"undefined: gone":  append(good[:2:2], "%%\ngone()"),
		"nor the façade":   {"import \"interplay/kernelkit/gsm\"\n%%\nfmt.Println(gsm.Train)"},
		"has no field":     append(good[:1:1], "%%\nlab.Nothing()"),
		"undefined: kerne": {"%%\nkernelkit.Open(\"n\", \"smoke\", 1)"},
	} {
		c := cellsSoFar{known: known, allowed: facade, decls: map[string]string{}}
		var err error
		for _, source := range cells {
			err = errors.Join(err, c.check(source))
		}
		if (err == nil) != (says == "") || err != nil && !strings.Contains(strings.ReplaceAll(err.Error(), "no field or method", "has no field"), says) {
			t.Errorf("expected %q, got %v", says, err)
		}
	}
}

// checkCells type-checks the code cells of a notebook in their order.
func checkCells(t *testing.T, known *packages, file string, allowed func(string) bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var nb struct {
		Cells []struct {
			Type   string `json:"cell_type"`
			Source []string
		}
	}
	if err := json.Unmarshal(text, &nb); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	c := cellsSoFar{known: known, allowed: allowed, decls: map[string]string{}}
	for i, cell := range nb.Cells {
		if cell.Type != "code" {
			continue
		}
		if err := c.check(strings.Join(cell.Source, "")); err != nil {
			t.Errorf("%s, cell %d: %v", filepath.Base(file), i, err)
		}
	}
}

// cellsSoFar is what the cells so far have declared.
type cellsSoFar struct {
	known   *packages
	allowed func(path string) bool
	imports []string
	decls   map[string]string // by name
	order   []string
}

// check adds a cell's declarations, and type-checks them with its main part.
func (c *cellsSoFar) check(source string) error {
	var head, body []string
	into := &head
	for _, line := range strings.Split(source, "\n") {
		switch {
		case strings.HasPrefix(line, "%%") || strings.HasPrefix(line, "%main"):
			into = &body
		case strings.HasPrefix(line, "%") || strings.HasPrefix(line, "!"): // a command to the kernel
		default:
			*into = append(*into, line)
		}
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "", "package main\n"+strings.Join(head, "\n"), 0)
	if err != nil {
		return err
	}
	for _, s := range f.Imports {
		path, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			return err
		}
		if c.known.std[path] == "" && !c.allowed(path) {
			return fmt.Errorf("it imports %s, which is neither the standard library nor the façade", path)
		}
		c.imports = append(c.imports, path)
	}
	for _, d := range f.Decls {
		c.declare(set, d)
	}
	return c.types(strings.Join(body, "\n"))
}

// declare keeps a declaration under its name; a later one takes its place.
func (c *cellsSoFar) declare(set *token.FileSet, d ast.Decl) {
	keep := func(name string, node any, prefix string) {
		var b strings.Builder
		b.WriteString(prefix)
		if err := printer.Fprint(&b, set, node); err != nil {
			panic(err)
		}
		if _, ok := c.decls[name]; !ok {
			c.order = append(c.order, name)
		}
		c.decls[name] = b.String()
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			name = fmt.Sprint(d.Recv.List[0].Type, ".", name)
		}
		keep(name, d, "")
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				keep(s.Name.Name, s, "type ")
			case *ast.ValueSpec:
				if d.Tok == token.CONST && d.Lparen.IsValid() {
					keep(d.Specs[0].(*ast.ValueSpec).Names[0].Name, d, "") // iota counts in the group
					return
				}
				keep(s.Names[0].Name, s, d.Tok.String()+" ")
			}
		}
	}
}

// types type-checks all that is declared, and a main part. Packages of the standard library that are used and not
// imported are imported by their last name, as the kernel does.
func (c *cellsSoFar) types(body string) error {
	program := "\n"
	for _, name := range c.order {
		program += c.decls[name] + "\n"
	}
	program += "func main() {\n" + body + "\n}\n"
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "", "package main\n"+program, 0)
	if err != nil {
		return err
	}
	imports := map[string]bool{}
	named := map[string]string{}
	for _, path := range c.imports {
		named[path[strings.LastIndexByte(path, '/')+1:]] = path
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Obj == nil && c.decls[x.Name] == "" {
				if path := named[x.Name]; path != "" {
					imports[path] = true
				} else if path := c.known.byName[x.Name]; path != "" {
					imports[path] = true
				}
			}
		}
		return true
	})
	head := "package main\n"
	for path := range imports {
		head += fmt.Sprintf("import %q\n", path)
	}
	if f, err = parser.ParseFile(set, "cell", head+program, 0); err != nil {
		return err
	}
	config := types.Config{Importer: c.known.importer}
	_, err = config.Check("main", set, []*ast.File{f}, nil)
	return err
}

// packages are what cells may import, compiled.
type packages struct {
	std      map[string]string // path → compiled
	byName   map[string]string // last part of the path → path; the shortest path of a name
	importer types.Importer
}

func exported(t *testing.T) *packages {
	t.Helper()
	all := func(patterns ...string) map[string]string {
		out, err := exec.Command("go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}, patterns...)...).Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		files := map[string]string{}
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			path, file, _ := strings.Cut(line, "\t")
			files[path] = file
		}
		return files
	}
	p := &packages{std: all("bytes", "cmp", "errors", "fmt", "maps", "math", "math/rand/v2", "os", "path/filepath", "slices", "sort", "strconv", "strings", "testing", "time", "image/png"), byName: map[string]string{}}
	for path := range p.std {
		name := strings.TrimSuffix(path, "/v2")
		name = name[strings.LastIndexByte(name, '/')+1:]
		if !strings.Contains(path, "internal") && (p.byName[name] == "" || len(path) < len(p.byName[name])) {
			p.byName[name] = path
		}
	}
	compiled := all("interplay/kernelkit/...")
	for path, file := range p.std {
		compiled[path] = file
	}
	p.importer = importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		file := compiled[path]
		if file == "" {
			return nil, fmt.Errorf("%s is not there", path)
		}
		return os.Open(file)
	})
	return p
}
