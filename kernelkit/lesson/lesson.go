// Package lesson is what the lessons of notebooks/course need besides the laboratory itself:
// checks that say what is wrong with an answer, and cells that wait for an exercise.
//
// An exercise is a function whose body is missing: it panics with the word Unwritten. A check
// is a Go test. It calls the learner's function, compares with values that it knows to be
// right, and says in words what differs and where to look. A cell that shows what a finished
// exercise does begins with
//
//	defer lesson.Unfinished()
//
// and says which exercise it waits for, instead of ending in a stack trace.
package lesson

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
)

// Unwritten is what the function of an exercise panics with until it is written.
const Unwritten = "write this function"

// T is what a check needs of *testing.T. The tests of the checks themselves give a Recorder.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Failed() bool
}

// Done ends a check and is deferred at its beginning: it turns a panic of the learner's function into
// a message with the line that it came from, and where nothing failed it says that the answer is right, and
// what was shown.
func Done(t T, shown string) {
	t.Helper()
	cause := recover()
	if cause == ended { // of a Recorder
		panic(cause)
	}
	switch {
	case cause == nil && !t.Failed():
		t.Logf("✓ right: %s", shown)
	case cause == nil:
	default:
		t.Errorf("%s", Locate(cause).told())
	}
}

// Panic is a panic in what a learner wrote.
type Panic struct {
	cause    any
	function string // whose line it was, empty where no function of a notebook or lesson was on the way
	line     string // its text, empty where it cannot be read
}

// Locate says of a panic where it came from. It is called by the deferred function that recovers it: by Done, and
// by code that hands a panic on, before the way that it came is lost.
func Locate(cause any) *Panic {
	if p, ok := cause.(*Panic); ok {
		return p
	}
	at := make([]uintptr, 64)
	frames := runtime.CallersFrames(at[:runtime.Callers(2, at)])
	for panicked, more := false, true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if f.Function == "runtime.gopanic" {
			panicked = true
		} else if name, ok := written(f.Function); ok && panicked {
			return &Panic{cause, name, lineOf(f.File, f.Line)}
		}
	}
	return &Panic{cause: cause}
}

// written tells whether a function stands in a notebook or a lesson, and what it is called there. GoNB makes a module
// gonb_… of a notebook's cells; a cell's program is package main, its tests have the module's name.
func written(function string) (name string, ok bool) {
	in, name, found := strings.Cut(function[strings.LastIndex(function, "/")+1:], ".")
	name, _, _ = strings.Cut(name, ".") // a function within it
	return name, found && (in == "main" || strings.HasPrefix(in, "gonb_") || strings.Contains(function, "notebooks/course/lessons/"))
}

func lineOf(file string, line int) string {
	text, err := os.ReadFile(file)
	if lines := strings.Split(string(text), "\n"); err == nil && line <= len(lines) {
		return strings.TrimSpace(lines[line-1])
	}
	return ""
}

func (p *Panic) Error() string { return fmt.Sprint(p.cause) }

func (p *Panic) told() string {
	checking := strings.HasPrefix(p.function, "check") || strings.HasPrefix(p.function, "Test")
	switch {
	case isUnwritten(p.cause) && (p.function == "" || checking):
		return "✎ not written yet: replace the line with panic by your code, run that cell, then this one"
	case isUnwritten(p.cause):
		return fmt.Sprintf("✎ %s is not written yet: replace its line with panic by your code, run that cell, then this one", p.function)
	case checking:
		return fmt.Sprintf("✗ the check cannot go on with what your function returned: %v", p.cause)
	case p.line == "":
		return fmt.Sprintf("✗ your function panics: %v", p.cause)
	}
	return fmt.Sprintf("✗ your function panics: %v\n    in %s, in the line: %s", p.cause, p.function, p.line)
}

// Unfinished is deferred by cells that use a learner's function: where that is not written yet, it says so.
func Unfinished() {
	cause := recover()
	if cause == nil {
		return
	}
	if !isUnwritten(cause) {
		panic(cause)
	}
	fmt.Fprintln(os.Stdout, "✎ this cell shows something once the exercise above is written")
}

func isUnwritten(cause any) bool { return strings.Contains(fmt.Sprint(cause), Unwritten) }

// Mistake is a wrong answer that a check knows, and what it says to who gives it.
type Mistake struct {
	Gives float64 // what a function with this mistake returns
	Say   string  // what is wrong, and where to look
}

// Near fails a check unless got is within tolerance of want. Where got is what a known mistake
// gives, it says which.
func Near(t T, what string, got, want, tolerance float64, known ...Mistake) bool {
	t.Helper()
	if math.Abs(got-want) <= tolerance {
		return true
	}
	for _, m := range known {
		if math.Abs(got-m.Gives) <= tolerance {
			t.Errorf("✗ %s is %.6g, expected %.6g: %s", what, got, want, m.Say)
			return false
		}
	}
	t.Errorf("✗ %s is %.6g, expected %.6g", what, got, want)
	return false
}

// NearAll compares lists as Near compares numbers, and stops at the first difference.
func NearAll(t T, what string, got, want []float64, tolerance float64) bool {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("✗ %s has %d values, expected %d", what, len(got), len(want))
		return false
	}
	for i := range want {
		if !Near(t, fmt.Sprintf("%s, value %d,", what, i), got[i], want[i], tolerance) {
			return false
		}
	}
	return true
}

// Variant is a wrong answer of many numbers that a check knows. They are computed only where an answer is wrong.
type Variant struct {
	Gives func() []float32 // what a function with this mistake returns
	Say   string           // what is wrong, and where to look
}

// Same fails a check unless got has the numbers of want, each within tolerance. Where got is what
// a known mistake gives, or much nearer to that than to want, it says which; else it shows the number that
// differs most.
func Same(t T, what string, got, want []float32, tolerance float64, known ...Variant) bool {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("✗ %s has %d numbers, expected %d: is its shape the one that the comment says?", what, len(got), len(want))
		return false
	}
	at, by := farthest(got, want)
	if by <= tolerance {
		return true
	}
	say, nearest, enough := "", 0.0, max(tolerance, by/20) // with the mistake, there may be a small one beside it
	for _, k := range known {
		if gives := k.Gives(); len(gives) == len(got) {
			if _, off := farthest(got, gives); off <= enough && (say == "" || off < nearest) {
				say, nearest = k.Say, off
			}
		}
	}
	if say != "" {
		t.Errorf("✗ %s: %s", what, say)
		return false
	}
	t.Errorf("✗ %s: number %d of %d is %.6g, expected %.6g", what, at, len(want), got[at], want[at])
	return false
}

// farthest is where two lists differ most, and by how much. What is no number differs infinitely.
func farthest(a, b []float32) (at int, by float64) {
	for i := range a {
		off := math.Abs(float64(a[i]) - float64(b[i]))
		if math.IsNaN(off) {
			off = math.Inf(1)
		}
		if off > by {
			at, by = i, off
		}
	}
	return at, by
}

// Recorder is a T that keeps what a check says. The tests of the lessons show wrong answers to the checks
// and look whether they are told what is wrong.
type Recorder struct {
	Said   []string
	failed bool
}

var ended = "the check has ended"

// Helper does nothing.
func (r *Recorder) Helper() {}

// Errorf keeps a failure.
func (r *Recorder) Errorf(format string, args ...any) { r.failed = true; r.Logf(format, args...) }

// Fatalf keeps a failure and ends the check, see Run.
func (r *Recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); panic(ended) }

// Logf keeps a message.
func (r *Recorder) Logf(format string, args ...any) {
	r.Said = append(r.Said, fmt.Sprintf(format, args...))
}

// Failed tells whether something failed.
func (r *Recorder) Failed() bool { return r.failed }

// Run runs a check and returns whether it passed and all that it said.
func Run(check func(T)) (passed bool, said string) {
	var r Recorder
	func() {
		defer func() {
			if cause := recover(); cause != nil && cause != ended {
				panic(cause)
			}
		}()
		check(&r)
	}()
	return !r.failed, strings.Join(r.Said, "\n")
}
