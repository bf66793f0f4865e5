package kernelkit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// `go doc` shows of a type that is another package's under a name of its own nothing but its comment. So the comment
// names the fields.
func TestFieldsOfBorrowedTypesAreDocumented(t *testing.T) {
	types := map[string]reflect.Type{"Attempt": reflect.TypeFor[Attempt](), "Verdict": reflect.TypeFor[Verdict](), "Explanation": reflect.TypeFor[Explanation](),
		"Interval": reflect.TypeFor[Interval](), "Sample": reflect.TypeFor[Sample](), "Chart": reflect.TypeFor[Chart](), "Series": reflect.TypeFor[Series](), "Basis": reflect.TypeFor[Basis]()}
	docs := map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE && len(g.Specs) == 1 {
				docs[g.Specs[0].(*ast.TypeSpec).Name.Name] = g.Doc.Text()
			}
		}
	}
	for name, kind := range types {
		for i := range kind.NumField() {
			if f := kind.Field(i); f.IsExported() && !regexp.MustCompile(`\b`+f.Name+`\b`).MatchString(docs[name]) {
				t.Errorf("the comment of %s does not name its field %s", name, f.Name)
			}
		}
	}
}
