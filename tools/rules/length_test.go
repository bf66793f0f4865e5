package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// longest is how many lines a function may have: more do not fit a screen. Tests may be
// longer where they are tables.
const longest = 70

func TestFunctionsFitAScreen(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasSuffix(s.file, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, filepath.Join(root, s.file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := files.Position(f.End()).Line - files.Position(f.Pos()).Line + 1; n > longest {
				t.Errorf("%s: %s has %d lines, expected at most %d: give its parts names", s.file, f.Name.Name, n, longest)
			}
		}
	}
}
