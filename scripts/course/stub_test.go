package main

import (
	"go/ast"
	"go/types"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	exerciseNumber = regexp.MustCompile(`\*\*Exercise (\d+\.\d+)\*\*`)
	announcedUses  = regexp.MustCompile(`[Tt]his check uses your functions? of exercises? ([\d., and]+\d)`)
)

// An exercise that is not written fails its own check. Other checks wait for it only where the text of their exercise
// says so: the functions that a check reaches are followed through the lesson.
func TestAnUnwrittenExerciseFailsItsOwnCheckAlone(t *testing.T) {
	for _, l := range lessonsOfTheCourse(t) {
		for _, fault := range strayDependences(t, l, filepath.Join(root, lessonsDir, l.folder)) {
			t.Errorf("%s: %s", l.folder, fault)
		}
	}
}

func strayDependences(t *testing.T, l *source, dir string) (faults []string) {
	t.Helper()
	reached := typedLesson(t, dir).reach()
	number, own, announced := map[string]string{}, map[string]bool{}, ""
	current := ""
	for _, c := range l.cells {
		switch c.kind {
		case markdown:
			if m := exerciseNumber.FindStringSubmatch(c.text); m != nil {
				current, own, announced = m[1], map[string]bool{}, ""
			}
			if m := announcedUses.FindStringSubmatch(c.text); m != nil {
				announced = m[1]
			}
		case exercise:
			number[c.name], own[c.name] = current, true
		case check:
			for name := range own {
				if !reached[c.name][name] {
					faults = append(faults, c.name+" does not call "+name+", whose check it is")
				}
			}
			for name := range reached[c.name] {
				if n := number[name]; n != "" && !own[name] && !slices.Contains(regexp.MustCompile(`\d+\.\d+`).FindAllString(announced, -1), n) {
					faults = append(faults, c.name+" also needs "+name+" of exercise "+n+": say in its text \"This check uses your function of exercise "+n+"\"")
				}
			}
			own = map[string]bool{}
		}
	}
	slices.Sort(faults)
	return faults
}

// reach tells for each function of a lesson which others it calls, directly or by others; methods have their bare names.
func (l typed) reach() map[string]map[string]bool {
	calls := map[types.Object]map[types.Object]bool{}
	for _, file := range l.files {
		for _, d := range file.Decls {
			for _, of := range l.declares(d) {
				uses := map[types.Object]bool{}
				ast.Inspect(d, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok && declared(l.of, l.info.Uses[id]) {
						uses[l.info.Uses[id]] = true
					}
					return true
				})
				calls[of] = uses
			}
		}
	}
	all := map[string]map[string]bool{}
	for of := range calls {
		seen, open := map[types.Object]bool{}, slices.Collect(maps.Keys(calls[of]))
		for len(open) > 0 {
			next := open[len(open)-1]
			if open = open[:len(open)-1]; !seen[next] {
				seen[next] = true
				open = slices.AppendSeq(open, maps.Keys(calls[next]))
			}
		}
		names := map[string]bool{}
		for o := range seen {
			names[o.Name()] = true
		}
		all[of.Name()] = names
	}
	return all
}

// declares are the functions and variables of a declaration.
func (l typed) declares(d ast.Decl) (all []types.Object) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		all = append(all, l.info.Defs[d.Name])
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if v, ok := s.(*ast.ValueSpec); ok {
				for _, name := range v.Names {
					all = append(all, l.info.Defs[name])
				}
			}
		}
	}
	return all
}

// Each check of lessons 5 and 6 is shown three plausible mistakes at least, and the lesson's test looks whether it says
// what is wrong with each.
func TestSamplingAndGRPOKnowThreeMistakesOfEachExercise(t *testing.T) {
	for _, l := range lessonsOfTheCourse(t) {
		if !strings.HasPrefix(l.folder, "05_") && !strings.HasPrefix(l.folder, "06_") {
			continue
		}
		shown := map[string]int{}
		for _, d := range typedLesson(t, filepath.Join(root, lessonsDir, l.folder)).files[1].Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "TestPlausibleMistakesAreTold" {
				ast.Inspect(fn, func(n ast.Node) bool {
					if call, ok := n.(*ast.CallExpr); ok {
						if id, ok := call.Fun.(*ast.Ident); ok {
							shown[id.Name]++
						}
					}
					return true
				})
			}
		}
		for _, c := range l.cells {
			if name := "check" + strings.TrimPrefix(c.name, "Test"); c.kind == check && shown[name] < 3 {
				t.Errorf("%s: %s is shown %d mistakes: expected 3 at least", l.folder, name, shown[name])
			}
		}
	}
}

// A cell that uses an exercise begins with `defer lesson.Unfinished()`, so that a notebook with unwritten exercises runs
// to its end.
func TestCellsThatUseAnExerciseWaitForIt(t *testing.T) {
	for _, l := range lessonsOfTheCourse(t) {
		lesson := typedLesson(t, filepath.Join(root, lessonsDir, l.folder))
		reached := lesson.reach()
		for _, d := range lesson.files[0].Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(fn.Name.Name, "Run") {
				continue
			}
			waits := strings.HasPrefix(strings.TrimSpace(lesson.main.between(fn.Body.Lbrace+1, fn.Body.Rbrace)), "defer lesson.Unfinished()")
			for _, c := range l.cells {
				if c.kind == exercise && reached[fn.Name.Name][c.name] && !waits {
					t.Errorf("%s: %s uses %s, which the learner writes, and does not begin with `defer lesson.Unfinished()`", l.folder, fn.Name.Name, c.name)
				}
			}
		}
	}
}
