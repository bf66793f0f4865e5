package lesson

import (
	"fmt"
	"strings"
	"testing"
)

func TestAPanicIsTold(t *testing.T) {
	for _, c := range []struct {
		name, told string
		function   func()
	}{
		{"not written", "✎ not written yet", func() { panic(Unwritten) }},
		{"a panic of the laboratory's own code", "✗ your function panics: runtime error: index out of range [3] with length 0", func() {
			var none []int
			none[len("abc")]++
		}},
		{"handed on", "✗ your function panics: cannot add", func() {
			defer func() { panic(Locate(recover())) }()
			panic("cannot add")
		}},
	} {
		passed, said := Run(func(t T) {
			defer Done(t, "")
			c.function()
		})
		if passed || !strings.HasPrefix(said, c.told) {
			t.Errorf("%s: passed %t, expected to be told %q, was told %q", c.name, passed, c.told, said)
		}
	}
}

func TestWhatALearnerWroteIsTold(t *testing.T) {
	for _, c := range []struct{ function, name string }{
		{"main.draw", "draw"},
		{"main.rmsNorm.func1", "rmsNorm"},
		{"gonb_6a1cfb83.rmsNorm", "rmsNorm"},
		{"interplay/notebooks/course/lessons/01_graphs.draw", "draw"},
		{"interplay/kernelkit/lesson.Done", ""},
		{"github.com/gomlx/gomlx/core/graph.Mul", ""},
		{"runtime.goPanicIndex", ""},
	} {
		if name, ok := written(c.function); ok != (c.name != "") || ok && name != c.name {
			t.Errorf("%s is of a learner: %t, called %q; expected %q", c.function, ok, name, c.name)
		}
	}
	for _, c := range []struct {
		p    Panic
		told string
	}{
		{Panic{Unwritten, "parse", ""}, "✎ parse is not written yet"},
		{Panic{Unwritten, "checkParse", ""}, "✎ not written yet"},
		{Panic{"out of range", "checkParse", "got[3]"}, "✗ the check cannot go on with what your function returned: out of range"},
		{Panic{"out of range", "parse", "words[3]"}, "✗ your function panics: out of range\n    in parse, in the line: words[3]"},
		{Panic{"out of range", "parse", ""}, "✗ your function panics: out of range"},
	} {
		if told := c.p.told(); !strings.HasPrefix(told, c.told) {
			t.Errorf("%+v is told as %q, expected %q", c.p, told, c.told)
		}
	}
}

func TestAKnownMistakeIsToldBesideASmallOne(t *testing.T) {
	want := []float32{1, 2, 3}
	twice := Variant{Say: "twice as much", Gives: func() []float32 { return []float32{2, 4, 6} }}
	for _, c := range []struct {
		got  []float32
		told string
	}{
		{[]float32{2, 4, 6}, "twice as much"},
		{[]float32{2, 4, 6.01}, "twice as much"},
		{[]float32{1, 2, 3.5}, "number 2 of 3"},
		{[]float32{1, 2}, "2 numbers, expected 3"},
		{want, ""},
	} {
		passed, said := Run(func(t T) { Same(t, "it", c.got, want, 1e-5, twice) })
		if passed != (c.told == "") || !strings.Contains(said, c.told) {
			t.Errorf("%v: passed %t, was told %q, expected %q", fmt.Sprint(c.got), passed, said, c.told)
		}
	}
}
