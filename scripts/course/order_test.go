package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A notebook is executed from its top: a cell knows what stands in it and before it, while the lesson's package knows
// everything. So each use of a function, type, variable or constant of the lesson is looked up.
func TestCellsUseWhatStandsBefore(t *testing.T) {
	for _, l := range lessonsOfTheCourse(t) {
		for _, fault := range usedTooEarly(t, filepath.Join(root, lessonsDir, l.folder)) {
			t.Errorf("%s: %s", l.folder, fault)
		}
	}
}

func TestAUseBeforeItsCellIsFound(t *testing.T) {
	faults := usedTooEarly(t, "testdata/order")
	want := []string{"RunEarly uses later, which a cell behind it declares", "later uses behind, which a cell behind it declares", "later uses method, which a cell behind it declares", "the check TestLater uses helper, which it does not show", "the check TestLater uses behind, which a cell behind it declares"}
	slices.Sort(faults)
	slices.Sort(want)
	if !slices.Equal(faults, want) {
		t.Errorf("found %q, expected %q", faults, want)
	}
}

// span is where a cell of lesson.go is, or a check's mark, with the functions of lesson_test.go that it shows.
type span struct {
	from, to token.Pos
	shows    []string
}

// typed is a lesson's package with what each name in it means.
type typed struct {
	files []*ast.File // lesson.go and lesson_test.go
	main  *sourceFile // lesson.go
	info  types.Info
	of    *types.Package
}

func typedLesson(t *testing.T, dir string) typed {
	t.Helper()
	set := token.NewFileSet()
	l := typed{info: types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}}
	for _, name := range []string{"lesson.go", "lesson_test.go"} {
		f, err := readFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if f.tree, err = parser.ParseFile(set, f.name, f.text, parser.ParseComments); err != nil {
			t.Fatal(err)
		}
		f.set = set
		if l.files = append(l.files, f.tree); l.main == nil {
			l.main = f
		}
	}
	settings := types.Config{Error: func(error) {}} // imports are not followed: what the lesson declares is known without them
	l.of, _ = settings.Check("lesson", set, l.files, &l.info)
	return l
}

func usedTooEarly(t *testing.T, dir string) (faults []string) {
	t.Helper()
	l := typedLesson(t, dir)
	cells, checks := spans(t, l.main)
	for i, file := range l.files {
		for _, d := range file.Decls {
			name := "a declaration"
			if fn, ok := d.(*ast.FuncDecl); ok {
				name = fn.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok || !declared(l.of, l.info.Uses[id]) {
					return true
				}
				fault := ""
				if i == 0 {
					fault = inCell(cells, name, id, l.info.Uses[id])
				} else {
					fault = inCheck(checks, l.main, name, l.info.Uses[id])
				}
				if fault != "" && !slices.Contains(faults, fault) {
					faults = append(faults, fault)
				}
				return true
			})
		}
	}
	return faults
}

// declared tells whether an object is one of the lesson's functions, types, variables, constants or methods.
func declared(lesson *types.Package, o types.Object) bool {
	if o == nil || o.Pkg() != lesson {
		return false
	}
	f, isFunction := o.(*types.Func)
	return o.Parent() == lesson.Scope() || isFunction && f.Signature().Recv() != nil
}

// spans are the cells of code of a lesson and the marks of its checks, in order.
func spans(t *testing.T, main *sourceFile) (cells, checks []span) {
	t.Helper()
	open := false
	for _, p := range main.pieces() {
		if p.mark != "" {
			if names, isCheck := strings.CutPrefix(p.mark, "//check "); isCheck {
				checks = append(checks, span{p.from, p.to, strings.Fields(names)})
			}
			open = false
			continue
		}
		c, err := declaration(main, p)
		if err != nil {
			t.Fatal(err)
		}
		plain := c.kind == code && !strings.HasPrefix(c.text, "%%")
		if open && plain {
			cells[len(cells)-1].to = p.to
		} else {
			cells = append(cells, span{from: p.from, to: p.to})
		}
		open = plain
	}
	return cells, checks
}

func inCell(cells []span, name string, id *ast.Ident, used types.Object) string {
	for _, c := range cells {
		if id.Pos() >= c.from && id.Pos() < c.to && used.Pos() >= c.to {
			return name + " uses " + used.Name() + ", which a cell behind it declares"
		}
	}
	return ""
}

// inCheck looks at a function of lesson_test.go, which stands in the notebook where a check shows it.
func inCheck(checks []span, main *sourceFile, name string, used types.Object) string {
	var shown []string
	for _, c := range checks {
		shown = append(shown, c.shows...)
		if !slices.Contains(c.shows, name) {
			continue
		}
		inLesson := used.Pos() <= main.tree.End()
		switch {
		case inLesson && used.Pos() > c.to:
			return "the check " + c.shows[0] + " uses " + used.Name() + ", which a cell behind it declares"
		case !inLesson && !slices.Contains(shown, used.Name()):
			return "the check " + c.shows[0] + " uses " + used.Name() + ", which it does not show"
		}
		return ""
	}
	return ""
}
