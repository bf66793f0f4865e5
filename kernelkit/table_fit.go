package kernelkit

import (
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// A table that is wider than the terminal is broken where its words end: long cells go on in
// further lines, and where even that does not fit, each row becomes a block. Output that goes
// to a file or another program has one line a row.

// leastText is how narrow a column of text may become, in characters.
const leastText = 20

// hanging is what goes before the further lines of a cell.
const hanging = "  "

// terminalWidth is how many characters fit in a line of standard output; as many as one likes
// where it is no terminal.
func terminalWidth() int {
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && width > 0 {
		return width
	}
	return math.MaxInt
}

// widths are those of the columns, the widest of text made narrower until all fit in the
// limit; false where they do not.
func (t *Table) widths(limit int) (width []int, fits bool) {
	width = make([]int, len(t.Columns))
	total := len(columnGap) * (len(width) - 1)
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, w := range width {
		total += w
	}
	right := t.rightAligned()
	for ; total > limit; total-- {
		widest := -1
		for i, w := range width {
			if !right[i] && w > leastText && (widest < 0 || w > width[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return nil, false
		}
		width[widest]--
	}
	return width, true
}

// blocks is the table with a block for each row: its first cell, and below it the others, each
// with the name of its column.
func (t *Table) blocks(limit int) string {
	var b strings.Builder
	write := func(indent, text string) {
		for _, line := range wrapped(text, limit-len(indent)) {
			b.WriteString(indent + line + "\n")
		}
	}
	for _, row := range t.Rows {
		var named []string
		for i, cell := range row {
			switch {
			case i == 0:
				write("", cell)
			case cell != "" && t.Columns[i] != "":
				named = append(named, t.Columns[i]+": "+cell)
			case cell != "":
				named = append(named, cell)
			}
		}
		write(hanging+hanging, strings.Join(named, " · "))
	}
	return b.String()
}

// wrapped breaks a text into lines of at most so many characters, between words where they
// are not longer than a line.
func wrapped(text string, width int) (lines []string) {
	width = max(width, len(hanging)+1)
	if utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		for {
			indent := ""
			if len(lines) > 0 {
				indent = hanging
			}
			together := indent + word
			if line != "" {
				together = line + " " + word
			}
			if utf8.RuneCountInString(together) <= width {
				line = together
				break
			}
			if line != "" {
				lines, line = append(lines, line), ""
				continue
			}
			cut := []rune(together)
			lines, word = append(lines, string(cut[:width])), string(cut[width:])
		}
	}
	return append(lines, line)
}
