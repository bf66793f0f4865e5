// Package code gives a function of the running program an address: the text of its source, and of
// all that it uses of its own package, without comments and layout. Two functions with the same
// address compute the same; a changed character of the code changes it.
//
// It is for functions that users write in a notebook's cell, such as a reward: what was computed
// with one version of such a function must not be taken for the result of another. Where the text does not
// say what the function does (it uses a variable of its surroundings, or one that the program
// changes), Of refuses and says so; the caller then asks for a version in words.
package code

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Source is the code of a function.
type Source struct {
	Text   string // the declarations that it consists of, one a line, tokens separated by blanks
	Digest string // SHA-256 of Text, in hexadecimal
}

// Of returns the source of a function. Its file must lie where the program was built from, as it does in a
// notebook, with go run and in tests.
func Of(function any) (Source, error) {
	v := reflect.ValueOf(function)
	if v.Kind() != reflect.Func || v.IsNil() {
		return Source{}, fmt.Errorf("expected a function, found %T", function)
	}
	f := runtime.FuncForPC(v.Pointer())
	file, line := f.FileLine(f.Entry())
	if strings.HasSuffix(f.Name(), "-fm") { // made by the compiler
		return Source{}, fmt.Errorf("%s is a method of a value: give a function of your own that calls it", short(f.Name()))
	}
	p, err := read(file)
	if err != nil {
		return Source{}, fmt.Errorf("the source of %s cannot be read: %w", short(f.Name()), err)
	}
	root, err := p.find(f.Name(), file, line)
	if err != nil {
		return Source{}, err
	}
	c := collector{pkg: p, done: map[string]bool{}}
	if err := c.add("", root); err != nil {
		return Source{}, err
	}
	slices.Sort(c.parts[1:])
	text := strings.Join(c.parts, "\n")
	sum := sha256.Sum256([]byte(text))
	return Source{text, hex.EncodeToString(sum[:])}, nil
}

// short is a function's name without the path of its package.
func short(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// declaration is something that a package declares.
type declaration struct {
	node    ast.Node
	file    *file
	methods []*declaration // of a type; they may stand in other files
}

type file struct {
	name    string
	text    []byte
	tree    *ast.File
	imports map[string]string // name in the file → path
}

// program is the package of a function, as source.
type program struct {
	set   *token.FileSet
	files map[string]*file
	decls map[string]*declaration
}

// read parses the files of a folder that belong to the same package as one of them.
func read(name string) (*program, error) {
	names, err := filepath.Glob(filepath.Join(escaped(filepath.Dir(name)), "*.go"))
	if err != nil {
		return nil, err
	}
	p := &program{set: token.NewFileSet(), files: map[string]*file{}, decls: map[string]*declaration{}}
	main, err := p.parse(name)
	if err != nil {
		return nil, err
	}
	for _, other := range names {
		if filepath.Base(other) == filepath.Base(name) {
			continue
		}
		// A file of another package, or one that does not parse, is not part of the running program.
		if f, err := p.parse(other); err == nil && f.tree.Name.Name != main.tree.Name.Name {
			delete(p.files, other)
		}
	}
	for _, f := range p.files {
		p.declare(f)
	}
	for _, f := range p.files {
		p.attachMethods(f)
	}
	return p, nil
}

// escaped is a path as a pattern that matches itself only.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "*", `\*`, "?", `\?`).Replace(path)
}

func (p *program) parse(name string) (*file, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	tree, err := parser.ParseFile(p.set, name, text, 0)
	if err != nil {
		return nil, err
	}
	f := &file{name: name, text: text, tree: tree, imports: map[string]string{}}
	for _, s := range tree.Imports {
		path, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			return nil, err
		}
		local := path[strings.LastIndexByte(path, '/')+1:]
		if s.Name != nil {
			local = s.Name.Name
		}
		f.imports[local] = path
	}
	p.files[name] = f
	return f, nil
}

// declare notes what a file declares.
func (p *program) declare(f *file) {
	for _, d := range f.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				p.decls[d.Name.Name] = &declaration{node: d, file: f}
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					p.decls[s.Name.Name] = &declaration{node: s, file: f}
				case *ast.ValueSpec:
					for _, n := range s.Names {
						// A constant may take its value from the specs before it (iota), so the whole group counts.
						var node ast.Node = s
						if d.Tok == token.CONST {
							node = d
						}
						p.decls[n.Name] = &declaration{node: node, file: f}
					}
				}
			}
		}
	}
}

func (p *program) attachMethods(f *file) {
	for _, d := range f.tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv == nil || len(fn.Recv.List) == 0 {
			continue
		}
		if name := rootOf(fn.Recv.List[0].Type); name != nil && p.decls[name.Name] != nil {
			p.decls[name.Name].methods = append(p.decls[name.Name].methods, &declaration{node: fn, file: f})
		}
	}
}

// find returns the declaration or the literal of a function that the runtime knows by name and line.
func (p *program) find(name, fileName string, line int) (*declaration, error) {
	f := p.files[fileName]
	local := short(name)
	if _, last, ok := strings.Cut(local, "."); ok {
		if d := p.decls[last]; d != nil {
			if fn, ok := d.node.(*ast.FuncDecl); ok && p.holds(fn, line) {
				return d, nil
			}
		}
	}
	var innermost *ast.FuncLit
	others := 0 // that are as likely
	ast.Inspect(f.tree, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if !ok || !p.holds(lit, line) {
			return true
		}
		// Literals come from outside to inside; one that does not lie within the last is beside it.
		if innermost != nil && lit.Pos() >= innermost.End() {
			others++
		}
		innermost = lit
		return true
	})
	switch {
	case innermost == nil:
		return nil, fmt.Errorf("%s is no function that stands in its file as such: give a function of your own, not a method value or one of a library", local)
	case others > 0:
		return nil, fmt.Errorf("%d functions stand in line %d of the cell: give each a line of its own", others+1, line)
	}
	return &declaration{node: innermost, file: f}, nil
}

// holds tells whether a node's lines hold a line. The runtime knows where the code of a function
// begins, which may be behind its first line.
func (p *program) holds(n ast.Node, line int) bool {
	return p.set.Position(n.Pos()).Line <= line && line <= p.set.Position(n.End()).Line
}

// collector gathers the declarations that a function consists of.
type collector struct {
	pkg   *program
	done  map[string]bool
	parts []string
}

func (c *collector) add(name string, d *declaration) error {
	if name != "" {
		if c.done[name] {
			return nil
		}
		c.done[name] = true
	}
	all := append([]*declaration{d}, d.methods...)
	for _, part := range all {
		c.parts = append(c.parts, name+": "+tokensOf(c.pkg.set, part.file, part.node))
	}
	if spec, ok := d.node.(*ast.ValueSpec); ok {
		if err := c.pkg.constant(spec); err != nil {
			return err
		}
	}
	for _, part := range all {
		if err := c.uses(part.file, part.node); err != nil {
			return err
		}
	}
	return nil
}

// uses adds what a node refers to.
func (c *collector) uses(f *file, root ast.Node) (err error) {
	skip := map[*ast.Ident]bool{} // names that are looked up in something else
	ast.Inspect(root, func(n ast.Node) bool {
		if err != nil {
			return false
		}
		switch n := n.(type) {
		case *ast.SelectorExpr:
			skip[n.Sel] = true
			if x, ok := n.X.(*ast.Ident); ok && x.Obj == nil && f.imports[x.Name] != "" {
				skip[x] = true
				err = c.imported(f.imports[x.Name])
			}
		case *ast.Ident:
			if !skip[n] {
				err = c.named(root, n)
			}
		}
		return true
	})
	return err
}

// imported notes a package. Of the standard library and of the laboratory it is enough to know which.
func (c *collector) imported(path string) error {
	first, _, _ := strings.Cut(path, "/")
	if strings.Contains(first, ".") {
		return fmt.Errorf("it uses the package %s, whose code is not part of the notebook", path)
	}
	if part := "import: " + path; !c.done[part] {
		c.done[part] = true
		c.parts = append(c.parts, part)
	}
	return nil
}

// named adds what a name stands for.
func (c *collector) named(root ast.Node, id *ast.Ident) error {
	if id.Obj != nil {
		at, ok := id.Obj.Decl.(ast.Node)
		if ok && at.Pos() >= root.Pos() && at.End() <= root.End() {
			return nil // its own
		}
		if d := c.pkg.decls[id.Name]; d == nil || !sameDeclaration(d.node, id.Obj.Decl) {
			return fmt.Errorf("it uses the variable %s of its surroundings, whose value its code does not say", id.Name)
		}
	}
	if d := c.pkg.decls[id.Name]; d != nil {
		return c.add(id.Name, d)
	}
	return nil // of the language
}

// sameDeclaration tells whether an object is declared by a node, or by one of its parts.
func sameDeclaration(node ast.Node, decl any) bool {
	at, ok := decl.(ast.Node)
	return ok && at.Pos() >= node.Pos() && at.End() <= node.End()
}

// rootOf is the name that an expression such as *a[i].b begins with, nil where it begins otherwise.
func rootOf(x ast.Expr) *ast.Ident {
	for {
		switch t := x.(type) {
		case *ast.Ident:
			return t
		case *ast.IndexExpr:
			x = t.X
		case *ast.SelectorExpr:
			x = t.X
		case *ast.StarExpr:
			x = t.X
		case *ast.ParenExpr:
			x = t.X
		default:
			return nil
		}
	}
}

// constant refuses variables that the package changes after they were declared.
func (p *program) constant(spec *ast.ValueSpec) error {
	names := map[string]bool{}
	for _, n := range spec.Names {
		names[n.Name] = true
	}
	var changed string
	note := func(x ast.Expr) {
		if id := rootOf(x); id != nil && names[id.Name] && (id.Obj == nil || sameDeclaration(spec, id.Obj.Decl)) {
			changed = id.Name
		}
	}
	for _, f := range p.files {
		ast.Inspect(f.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, left := range n.Lhs {
					if n.Tok != token.DEFINE {
						note(left)
					}
				}
			case *ast.IncDecStmt:
				note(n.X)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					note(n.X)
				}
			}
			return true
		})
	}
	if changed != "" {
		return fmt.Errorf("it uses the variable %s, which the program changes", changed)
	}
	return nil
}

// tokensOf is a node's code without comments and layout.
func tokensOf(set *token.FileSet, f *file, n ast.Node) string {
	from, to := set.Position(n.Pos()).Offset, set.Position(n.End()).Offset
	text := f.text[from:to]
	var s scanner.Scanner
	own := token.NewFileSet()
	s.Init(own.AddFile("", own.Base(), len(text)), text, nil, 0)
	var words []string
	for {
		_, tok, literal := s.Scan()
		switch {
		case tok == token.EOF:
			return strings.Join(words, " ")
		case tok == token.SEMICOLON:
			words = append(words, ";")
			continue
		case (tok == token.RBRACE || tok == token.RPAREN) && len(words) > 0 && (words[len(words)-1] == ";" || words[len(words)-1] == ","):
			words = words[:len(words)-1] // layout puts it there or not
		}
		switch {
		case literal != "":
			words = append(words, literal)
		default:
			words = append(words, tok.String())
		}
	}
}
