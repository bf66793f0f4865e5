// Command lean leaves the laboratory out of the program of a notebook's cell that does not use it: `lean FOLDER`, in a
// cell's folder, for scripts/kernel/go. What earlier cells declared, such as lab, is part of every cell's program, and
// linking the laboratory is nearly all that a small cell costs.
//
// It prints the digest of what the cell's program declares, and writes FOLDER/main.go, the program without those
// declarations that need the laboratory and that its main function does not reach, and FOLDER/overlay.json, with which
// `go build -overlay` builds it. Where there is nothing to leave out it writes neither. A declaration that is left out is not
// compiled, so the caller builds a program whole until its declarations are known to compile.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const laboratory = "interplay/" // begins the import paths of its packages

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "lean:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) != 1 {
		return fmt.Errorf("%d source files, %v: expected main.go alone", len(sources), err)
	}
	text, err := os.ReadFile("main.go")
	if err != nil {
		return err
	}
	lean, digest, err := leave(text)
	if err != nil {
		return err
	}
	fmt.Println(digest)
	if lean == nil {
		return nil
	}
	name, err := filepath.Abs("main.go")
	if err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{name: filepath.Join(folder, "main.go")}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "main.go"), lean, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "overlay.json"), overlay, 0o644)
}

// unit is what is left out as a whole: a function, a type with its methods, a group of constants, a line of variables.
type unit struct {
	nodes    []ast.Node
	names    []string
	variable bool
	uses     map[string]bool // names of other units and of imports
}

// leave returns a program without what needs the laboratory and is not used, nil where there is no such thing, and the
// digest of its declarations, with the imports that they use.
func leave(text []byte) (lean []byte, digest string, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "main.go", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, "", err
	}
	imports := map[string]string{} // path by name
	for _, i := range file.Imports {
		name, where := importName(i)
		if name == "C" || name == "_" || name == "." {
			return nil, "", fmt.Errorf("import %s %s is needed by nothing that can be seen", name, where)
		}
		imports[name] = where
	}
	units := unitsOf(file)
	digest = digestOf(units, imports, files)

	needs := func(u *unit) bool { // the laboratory, by itself or by what it uses
		for name := range reached(units, u.uses) {
			if strings.HasPrefix(imports[name], laboratory) {
				return true
			}
		}
		return false
	}
	roots := map[string]bool{}
	for _, u := range units {
		if u.root() || u.variable && (slices.Contains(u.names, "_") || !needs(u)) { // a variable's value may do something
			if needs(u) {
				return nil, digest, nil
			}
			maps.Copy(roots, u.uses)
			for _, name := range u.names {
				roots[name] = true
			}
		}
	}
	keep := reached(units, roots)
	gone := func(n ast.Node) bool {
		return slices.ContainsFunc(units, func(u *unit) bool {
			return slices.Contains(u.nodes, n) && !u.root() && !slices.ContainsFunc(u.names, func(name string) bool { return name == "_" || keep[name] })
		})
	}
	if !slices.ContainsFunc(units, func(u *unit) bool { return needs(u) }) {
		return nil, digest, nil
	}
	cut(file, gone, func(i *ast.ImportSpec) bool { name, _ := importName(i); return !keep[name] })
	var out bytes.Buffer
	err = printer.Fprint(&out, files, file)
	return out.Bytes(), digest, err
}

func (u *unit) root() bool {
	return slices.Contains(u.names, "main") || slices.Contains(u.names, "init")
}

// importName is the name by which a file speaks of an import, and its path.
func importName(i *ast.ImportSpec) (name, where string) {
	where, _ = strconv.Unquote(i.Path.Value)
	if i.Name != nil {
		return i.Name.Name, where
	}
	name = path.Base(where)
	if version := strings.TrimLeft(name, "v0123456789"); version == "" && path.Dir(where) != "." {
		name = path.Base(path.Dir(where))
	}
	return name, where
}

func unitsOf(file *ast.File) (units []*unit) {
	types := map[string]*unit{}
	add := func(u *unit, n ast.Node, names ...string) {
		u.nodes, u.names = append(u.nodes, n), append(u.names, names...)
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				u.uses[id.Name] = true
			}
			return true
		})
	}
	fresh := func() *unit {
		u := &unit{uses: map[string]bool{}}
		units = append(units, u)
		return u
	}
	of := func(name string) *unit { // a type's
		if types[name] == nil {
			types[name] = fresh()
		}
		return types[name]
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil {
				add(of(receiver(d)), d)
			} else {
				add(fresh(), d, d.Name.Name)
			}
		case *ast.GenDecl:
			if d.Tok == token.CONST { // a line may go on from the one before it
				u := fresh()
				for _, s := range d.Specs {
					add(u, s, namesOf(s)...)
				}
				continue
			}
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(of(s.Name.Name), s, s.Name.Name)
				case *ast.ValueSpec:
					u := fresh()
					u.variable = true
					add(u, s, namesOf(s)...)
				}
			}
		}
	}
	return units
}

func namesOf(s ast.Spec) (names []string) {
	for _, id := range s.(*ast.ValueSpec).Names {
		names = append(names, id.Name)
	}
	return names
}

// receiver is the name of a method's type.
func receiver(d *ast.FuncDecl) (name string) {
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

// reached are the names, and all that the units of these names use. A name that means something else within a function counts
// as the unit's: then more is kept than must be.
func reached(units []*unit, names map[string]bool) map[string]bool {
	all := maps.Clone(names)
	for grown := true; grown; {
		grown = false
		for _, u := range units {
			if !slices.ContainsFunc(u.names, func(name string) bool { return all[name] }) {
				continue
			}
			for name := range u.uses {
				grown = grown || !all[name]
				all[name] = true
			}
		}
	}
	return all
}

// digestOf is the digest of all declarations but main, and of the imports that they use.
func digestOf(units []*unit, imports map[string]string, files *token.FileSet) string {
	var texts []string
	for _, u := range units {
		if slices.Contains(u.names, "main") {
			continue
		}
		for _, n := range u.nodes {
			var text bytes.Buffer
			printer.Fprint(&text, files, n)
			texts = append(texts, text.String())
		}
		for name := range u.uses {
			if imports[name] != "" {
				texts = append(texts, name+" "+imports[name])
			}
		}
	}
	slices.Sort(texts)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(slices.Compact(texts), "\x00"))))
}

// cut takes declarations and imports out of a file.
func cut(file *ast.File, gone func(ast.Node) bool, unused func(*ast.ImportSpec) bool) {
	file.Comments = nil
	file.Decls = slices.DeleteFunc(file.Decls, func(d ast.Decl) bool {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			return gone(d)
		}
		g.Specs = slices.DeleteFunc(g.Specs, func(s ast.Spec) bool {
			if i, ok := s.(*ast.ImportSpec); ok {
				return unused(i)
			}
			return gone(s)
		})
		return len(g.Specs) == 0
	})
}
