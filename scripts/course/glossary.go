package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// glossaryFile is where the words of all lessons stand, from the project's root.
const glossaryFile = courseDir + "/glossary.md"

// A word is a term with what it means. A lesson ends with its words:
//
//	**Words of this lesson.** *Term*: what it means. *Term*: what it means.
type word struct {
	term, means string
	lessons     []string // folders of the lessons that explain it, the first one with this meaning
}

var wordMark = regexp.MustCompile(`\*([^*]+)\*: `)

// words are those of a lesson, in its order.
func (l *source) words() ([]word, error) {
	const head = "**Words of this lesson.**"
	for _, c := range slices.Backward(l.cells) {
		_, list, found := strings.Cut(c.text, head)
		if c.kind != markdown || !found {
			continue
		}
		list, _, _ = strings.Cut(list, "\n\n")
		var all []word
		marks := wordMark.FindAllStringSubmatchIndex(list, -1)
		for i, m := range marks {
			end := len(list)
			if i+1 < len(marks) {
				end = marks[i+1][0]
			}
			all = append(all, word{list[m[2]:m[3]], strings.TrimSpace(list[m[1]:end]), []string{l.folder}})
		}
		if len(all) > 0 {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s explains no word: its last text ends with %q and a list such as *Term*: what it means", l.folder, head)
}

// glossary are the words of all lessons, sorted. A word of several lessons has the meaning of the first.
func glossary(lessons []*source) ([]word, error) {
	var all []word
	for _, l := range lessons {
		words, err := l.words()
		if err != nil {
			return nil, err
		}
		for _, w := range words {
			i := slices.IndexFunc(all, func(known word) bool { return strings.EqualFold(known.term, w.term) })
			if i >= 0 {
				all[i].lessons = append(all[i].lessons, l.folder)
			} else {
				all = append(all, w)
			}
		}
	}
	slices.SortFunc(all, func(a, b word) int { return cmp.Compare(strings.ToLower(a.term), strings.ToLower(b.term)) })
	return all, nil
}

// glossaryPage is the glossary as Markdown.
func glossaryPage(lessons []*source) ([]byte, error) {
	words, err := glossary(lessons)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("# Glossary\n\nThe words of the course, each with the lessons that explain it. Made from the ends of the lessons by `make lessons`.\n\n")
	for _, w := range words {
		var where []string
		for _, folder := range w.lessons {
			where = append(where, fmt.Sprintf("[%s](%s.ipynb)", strings.TrimLeft(folder[:2], "0"), folder))
		}
		fmt.Fprintf(&b, "* **%s** (lesson %s): %s\n", w.term, strings.Join(where, ", "), w.means)
	}
	return []byte(b.String()), nil
}
