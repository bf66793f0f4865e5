// Command course makes the notebooks of the course from the lessons' sources
// (notebooks/course/lessons): for each the student's edition, notebooks/course/NAME.ipynb, whose
// exercises are to be written, and the teacher's, notebooks/course/teacher/NAME.ipynb, with the solutions;
// and the glossary of all of them. `make lessons` runs it. Outputs that an unchanged cell of a notebook has are kept.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"interplay/kernelkit/durable"
)

// Folders of the course, from the project's root.
const (
	courseDir  = "notebooks/course"
	lessonsDir = courseDir + "/lessons"
	teacherDir = courseDir + "/teacher"
)

func main() {
	executed := flag.String("executed", "", "folder of executed teacher's notebooks, as many as there are, whose outputs are put in")
	flag.Parse()
	if err := makeCourse(".", *executed); err != nil {
		fmt.Fprintln(os.Stderr, "✗ "+err.Error())
		os.Exit(1)
	}
}

// makeCourse writes all notebooks of the course below a project's root. executed is a folder with
// executed notebooks of teachers, or empty.
func makeCourse(root, executed string) error {
	lessons, err := readLessons(root)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(root, teacherDir), 0o755); err != nil {
		return err
	}
	for _, l := range lessons {
		for _, e := range []edition{student, teacher} {
			text, err := l.notebook(e)
			if err != nil {
				return err
			}
			name := filepath.Join(root, l.file(e))
			ran := name
			if there := filepath.Join(executed, l.folder+".ipynb"); e == teacher && executed != "" && exists(there) {
				ran = there
			}
			old, err := os.ReadFile(ran)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if text, err = withOutputs(text, old); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err := write(name, text); err != nil {
				return err
			}
		}
	}
	page, err := glossaryPage(lessons)
	if err != nil {
		return err
	}
	return write(filepath.Join(root, glossaryFile), page)
}

func exists(name string) bool { _, err := os.Stat(name); return err == nil }

func write(name string, text []byte) error {
	return durable.Write(name, func(w io.Writer) error { _, err := w.Write(text); return err })
}

// file is where an edition of the lesson is, from the project's root.
func (l *source) file(e edition) string {
	if e == teacher {
		return filepath.Join(teacherDir, l.folder+".ipynb")
	}
	return filepath.Join(courseDir, l.folder+".ipynb")
}

// readLessons reads all lessons in order.
func readLessons(root string) ([]*source, error) {
	folders, err := os.ReadDir(filepath.Join(root, lessonsDir))
	if err != nil {
		return nil, err
	}
	var all []*source
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		l, err := readLesson(filepath.Join(root, lessonsDir, f.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}
