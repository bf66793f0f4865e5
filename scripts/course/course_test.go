package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/lesson"
)

const root = "../.."

// lessonsOfTheCourse are all lessons, or those whose names begin with COURSE_LESSON.
func lessonsOfTheCourse(t *testing.T) []*source {
	t.Helper()
	all, err := readLessons(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("the course has no lesson")
	}
	return slices.DeleteFunc(all, func(l *source) bool { return !strings.HasPrefix(l.folder, os.Getenv("COURSE_LESSON")) })
}

type cellSource struct {
	Type   string   `json:"cell_type"`
	Source []string `json:"source"`
}

// sources are the cells' types and texts of a notebook.
func sources(t *testing.T, text []byte) (all []string) {
	t.Helper()
	var n struct{ Cells []cellSource }
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	for _, c := range n.Cells {
		all = append(all, c.Type+"\n"+strings.Join(c.Source, ""))
	}
	return all
}

func TestNotebooksAreMadeFromTheLessons(t *testing.T) {
	for _, l := range lessonsOfTheCourse(t) {
		for _, e := range []edition{student, teacher} {
			want, err := l.notebook(e)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(root, l.file(e)))
			if err != nil {
				t.Errorf("%v: make the notebooks with `make lessons`", err)
				continue
			}
			if !slices.Equal(sources(t, got), sources(t, want)) {
				t.Errorf("%s is not what its source in %s gives: make the notebooks anew with `make lessons`", l.file(e), lessonsDir)
			}
		}
	}
}

func TestTeachersNotebooksShowWhatTheirCellsGive(t *testing.T) {
	for _, l := range lessonsOfTheCourse(t) {
		text, err := os.ReadFile(filepath.Join(root, l.file(teacher)))
		if err != nil {
			t.Fatal(err)
		}
		var n struct {
			Cells []struct {
				Source  []string
				Outputs []struct {
					Type string `json:"output_type"`
				}
			}
		}
		if err := json.Unmarshal(text, &n); err != nil {
			t.Fatal(err)
		}
		for i, c := range n.Cells {
			if len(c.Source) == 0 || strings.TrimSpace(c.Source[0]) != "%%" {
				continue
			}
			if len(c.Outputs) == 0 {
				t.Errorf("%s, cell %d: it has no output, and the site would show none: execute the notebook (CONTRIBUTING.md, A lesson)", l.file(teacher), i)
			}
			for _, o := range c.Outputs {
				if o.Type == "error" {
					t.Errorf("%s, cell %d: it ended in an error when it was executed", l.file(teacher), i)
				}
			}
		}
	}
}

func TestNoSolutionStandsInAStudentsNotebook(t *testing.T) {
	for _, l := range lessonsOfTheCourse(t) {
		text, err := os.ReadFile(filepath.Join(root, l.file(student)))
		if err != nil {
			t.Fatal(err)
		}
		shown := trimmed(strings.Join(sources(t, text), "\n"))
		for _, c := range l.cells {
			if c.kind != exercise {
				continue
			}
			_, cut, err := cutSolutions(c.text)
			if err != nil {
				t.Fatal(err)
			}
			// A single line may be an idiom that stands elsewhere too; two in a row, or a solution of one, may not.
			lines := strings.Split(trimmed(strings.Join(cut, "\n")), "\n")
			for k := range max(1, len(lines)-1) {
				part := strings.Join(lines[k:min(k+2, len(lines))], "\n")
				if len(part) > 24 && strings.Contains(shown, part) {
					t.Errorf("%s: the student's notebook holds a part of the solution of %s:\n%s", l.folder, c.name, part)
				}
			}
		}
	}
}

// trimmed is a text without what its lines are indented by, and without empty lines.
func trimmed(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestEveryLessonHasExercisesWithChecks(t *testing.T) {
	all := 0
	for _, l := range lessonsOfTheCourse(t) {
		exercises, checks := 0, 0
		for _, c := range l.cells {
			switch c.kind {
			case exercise:
				exercises++
			case check:
				checks++
			}
		}
		if exercises < 3 || checks < 3 {
			t.Errorf("%s has %d exercises and %d checks: expected at least 3 of each", l.folder, exercises, checks)
		}
		all += checks
	}
	t.Logf("%d checked exercises", all)
}

var failedTest = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (Test\w+)`)

// Each lesson is built with its exercises unwritten: it compiles, and each check says that its
// function is not written yet. That the solutions pass is what the lessons' own tests show.
func TestUnwrittenExercisesCompileAndFailTheirChecks(t *testing.T) {
	for _, l := range lessonsOfTheCourse(t) {
		t.Run(l.folder, func(t *testing.T) {
			source, err := filepath.Abs(filepath.Join(root, lessonsDir, l.folder, "lesson.go"))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			if text, err = stubbed(text); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			stub, overlay := filepath.Join(dir, "lesson.go"), filepath.Join(dir, "overlay.json")
			replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{source: stub}})
			if err != nil {
				t.Fatal(err)
			}
			for name, content := range map[string][]byte{stub: text, overlay: replaced} {
				if err := os.WriteFile(name, content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var names []string
			for _, c := range l.cells {
				if c.kind == check {
					names = append(names, c.name)
				}
			}
			out, _ := exec.Command("go", "test", "-vet=off", "-v", "-count=1", "-overlay", overlay,
				"-run", "^("+strings.Join(names, "|")+")$", "./"+filepath.Join(root, lessonsDir, l.folder)).CombinedOutput()
			said := string(out)
			verdicts := map[string]string{}
			for _, m := range failedTest.FindAllStringSubmatch(said, -1) {
				verdicts[m[2]] = m[1]
			}
			for _, name := range names {
				if verdicts[name] != "FAIL" {
					t.Errorf("%s gives %q where its exercise is not written: expected FAIL", name, verdicts[name])
				}
			}
			if n := strings.Count(said, "not written yet"); n != len(names) {
				t.Errorf("%d of %d checks say that their exercise is not written yet:\n%s", n, len(names), said)
			}
		})
	}
}

var boldTerm = regexp.MustCompile(`\*\*([^*\n]+)\*\*`)

// notTerms begin what stands in bold and is no term: labels of tables and exercises.
var notTerms = []string{"You need", "Time", "You write", "Exercise ", "Words of this lesson"}

// Each term that a lesson sets in bold is explained at the end of one: it, its beginning (leaks, Leak), or a form
// of it that begins alike (addresses, Addressed noise).
func TestGlossaryExplainsTheTermsInBold(t *testing.T) {
	lessons, err := readLessons(root)
	if err != nil {
		t.Fatal(err)
	}
	words, err := glossary(lessons)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lessonsOfTheCourse(t) {
		for _, c := range l.cells {
			if c.kind != markdown {
				continue
			}
			for _, m := range boldTerm.FindAllStringSubmatch(c.text, -1) {
				term := m[1]
				isLabel := slices.ContainsFunc(notTerms, func(label string) bool { return strings.HasPrefix(term, label) }) || strings.HasSuffix(term, ".")
				if !isLabel && !slices.ContainsFunc(words, func(w word) bool { return alike(w.term, term) }) {
					t.Errorf("%s: **%s** is not among the words that a lesson explains at its end; explain it there, or set it in *italics* where it is no term", l.folder, term)
				}
			}
		}
	}
}

// alike tells whether two terms begin with the same word, or with forms of it.
func alike(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n == min(len(a), len(b)) || n >= 5
}

func TestGlossaryIsMadeFromTheLessons(t *testing.T) {
	lessons, err := readLessons(root)
	if err != nil {
		t.Fatal(err)
	}
	want, err := glossaryPage(lessons)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, glossaryFile))
	if err != nil || string(got) != string(want) {
		t.Errorf("%s is not what the lessons give (%v): make it anew with `make lessons`", glossaryFile, err)
	}
}

func TestReadmeListsTheLessons(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, courseDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lessonsOfTheCourse(t) {
		if !strings.Contains(string(page), "("+l.folder+".ipynb)") {
			t.Errorf("%s/README.md does not list lesson %s", courseDir, l.folder)
		}
	}
}

func TestStubIsWhatTheChecksKnow(t *testing.T) {
	if !strings.Contains(stub, lesson.Unwritten) {
		t.Errorf("the stub is %q, and checks look for %q", stub, lesson.Unwritten)
	}
}
