package kernelkit

import (
	"fmt"
	"html"
	"math"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"golang.org/x/term"

	"interplay/pipeline"
)

// A cell's output goes out as display data, not through stdout: stdout is
// forwarded in chunks and would not keep its place among figures. Each piece
// carries a text/plain form beside its HTML, for people who read a notebook as
// text and for tools. Outside a notebook the text form is printed.

// show sends one output with an HTML and a text form. With an id, a later output
// with the same id takes its place.
func show(id, htmlForm, text string) {
	if !gonbui.IsNotebook {
		if id == "" {
			fmt.Println(text)
		}
		return
	}
	gonbui.SendData(&protocol.DisplayData{
		Data:      map[protocol.MIMEType]any{protocol.MIMETextHTML: htmlForm, protocol.MIMETextPlain: text},
		DisplayID: id,
	})
	if id == "" {
		gonbui.Sync() // what is still in the pipe when a cell's process ends is lost
	}
}

// showPNG sends a figure with its description as the text form.
func showPNG(png []byte, alt string) {
	if !gonbui.IsNotebook {
		fmt.Printf("[figure: %s, %d bytes]\n", alt, len(png))
		return
	}
	gonbui.SendData(&protocol.DisplayData{
		Data: map[protocol.MIMEType]any{protocol.MIMEImagePNG: png, protocol.MIMETextPlain: alt},
	})
	gonbui.Sync()
}

// fail ends a cell with one readable message. A notebook cell has no caller that
// could handle an error, and a non-zero exit is what marks the cell as failed.
func fail(err error) {
	if gonbui.IsNotebook {
		gonbui.Sync()
	}
	fmt.Fprintln(os.Stderr, "✗ "+err.Error())
	os.Exit(1)
}

// Colours are those of the reader's theme: what is quieter is the theme's own colour, a little transparent.

// quietLine is a line such as progress, as HTML.
func quietLine(text string) string {
	return `<code style="color:inherit;background:none;opacity:0.75">` + html.EscapeString(text) + `</code>`
}

// Text shows preformatted text under a heading.
func Text(heading, text string) {
	show("", fmt.Sprintf(`<div style="margin:4px 0"><b>%s</b><pre style="white-space:pre-wrap;word-break:normal;overflow-wrap:break-word;margin:2px 0 6px;padding:6px 10px;color:inherit;background:rgba(128,128,128,0.1);border-left:3px solid #0072b2">%s</pre></div>`,
		html.EscapeString(heading), html.EscapeString(text)), heading+"\n"+text)
}

// Table is rows under headings. Cells are text; columns whose cells are all
// numbers are set flush right.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
	Note    string // a line under the table
}

// Add appends a row; each value is formatted with its natural form, floats with three digits.
func (t *Table) Add(values ...any) {
	row := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case float64:
			row[i] = fmt.Sprintf("%.3f", v)
		default:
			row[i] = fmt.Sprint(v)
		}
	}
	t.Rows = append(t.Rows, row)
}

// Show shows the table, on a terminal no wider than that.
func (t *Table) Show() { show("", t.html(), t.within(terminalWidth())) }

// String is the table as aligned text, a line a row.
func (t *Table) String() string { return t.within(math.MaxInt) }

// columnGap is between the columns of a text.
const columnGap = "  "

// within is the table as text whose lines have at most so many characters.
func (t *Table) within(limit int) string {
	var b strings.Builder
	if t.Title != "" {
		b.WriteString(strings.Join(wrapped(t.Title, limit), "\n") + "\n")
	}
	if width, fits := t.widths(limit); fits {
		t.aligned(&b, width)
	} else {
		b.WriteString(t.blocks(limit))
	}
	if t.Note != "" {
		b.WriteString(strings.Join(wrapped(t.Note, limit), "\n") + "\n")
	}
	return b.String()
}

// aligned writes head and rows in columns; what is longer than its column goes on below.
func (t *Table) aligned(b *strings.Builder, width []int) {
	right := t.rightAligned()
	line := func(row []string) {
		cells, height := make([][]string, len(row)), 1
		for i, cell := range row {
			cells[i] = wrapped(cell, width[i])
			height = max(height, len(cells[i]))
		}
		for n := range height {
			for i, lines := range cells {
				cell := ""
				if n < len(lines) {
					cell = lines[n]
				}
				pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
				if right[i] {
					b.WriteString(pad + cell)
				} else {
					b.WriteString(cell + pad)
				}
				if i < len(row)-1 {
					b.WriteString(columnGap)
				}
			}
			b.WriteString("\n")
		}
	}
	line(t.Columns)
	rule := make([]string, len(width))
	for i, w := range width {
		rule[i] = strings.Repeat("─", w)
	}
	line(rule)
	for _, row := range t.Rows {
		line(row)
	}
}

func (t *Table) html() string {
	right := t.rightAligned()
	var b strings.Builder
	if t.Title != "" {
		fmt.Fprintf(&b, `<div style="margin:6px 0 2px"><b>%s</b></div>`, html.EscapeString(t.Title))
	}
	cell := func(tag string, i int, text string) {
		align := "left"
		if right[i] {
			align = "right"
		}
		if tag == "th" && text == "" {
			tag = "td" // a head that says nothing is none
		}
		fmt.Fprintf(&b, `<%s style="text-align:%s;padding:2px 12px">%s</%s>`, tag, align, html.EscapeString(text), tag)
	}
	b.WriteString(`<table style="border-collapse:collapse"><thead><tr>`)
	for i, c := range t.Columns {
		cell("th", i, c)
	}
	b.WriteString(`</tr></thead><tbody>`)
	for _, row := range t.Rows {
		b.WriteString("<tr>")
		for i, c := range row {
			cell("td", i, c)
		}
		b.WriteString("</tr>")
	}
	b.WriteString("</tbody></table>")
	if t.Note != "" {
		fmt.Fprintf(&b, `<div style="opacity:0.75;margin:2px 0 6px">%s</div>`, html.EscapeString(t.Note))
	}
	return b.String()
}

// rightAligned tells for each column whether all its cells look like numbers.
func (t *Table) rightAligned() []bool {
	right := make([]bool, len(t.Columns))
	for i := range right {
		right[i] = len(t.Rows) > 0
		for _, row := range t.Rows {
			if i < len(row) && row[i] != "" && !strings.ContainsAny(row[i][:1], "0123456789-+−–.") {
				right[i] = false
			}
		}
	}
	return right
}

// progressLine shows the progress of running stages as one line that updates in
// place: what is done, the rate, the time left. Kernels drop fast streams, so it
// is redrawn at most twice a second.
type progressLine struct {
	mu    sync.Mutex
	id    string
	last  time.Time
	start map[string]progressStart
}

// progressStart is where a stage began in this process: a resumed stage's rate
// and time left count from there.
type progressStart struct {
	at   time.Time
	done float64
}

func newProgressLine() *progressLine {
	p := &progressLine{start: map[string]progressStart{}}
	if gonbui.IsNotebook {
		p.id = gonbui.UniqueId()
	}
	return p
}

// update redraws the line.
func (p *progressLine) update(r pipeline.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	begin, ok := p.start[r.Label]
	if !ok {
		begin = progressStart{now, r.Done}
		p.start[r.Label] = begin
	}
	pause := 500 * time.Millisecond
	if !gonbui.IsNotebook && !term.IsTerminal(int(os.Stderr.Fd())) {
		pause = 10 * time.Second
	}
	if now.Sub(p.last) < pause && r.Done < r.Total {
		return
	}
	p.last = now
	p.draw(progressText(r, now.Sub(begin.at), r.Done-begin.done))
}

// note shows what the store says, such as which stage begins.
func (p *progressLine) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draw(text)
}

func (p *progressLine) draw(text string) {
	switch {
	case gonbui.IsNotebook:
	case term.IsTerminal(int(os.Stderr.Fd())):
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s", text)
		return
	default: // a log: plain lines, update sees to it that they are few
		fmt.Fprintln(os.Stderr, text)
		return
	}
	show(p.id, quietLine(text), text)
}

// end leaves a last word in place of the line.
func (p *progressLine) end(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draw(text)
	if !gonbui.IsNotebook && term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprintln(os.Stderr)
	}
}

// progressText is one line: label, share done, rate, time left, note.
func progressText(r pipeline.Progress, elapsed time.Duration, doneHere float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %.0f of %.0f %s", r.Label, r.Done, r.Total, r.Unit)
	if r.Total > 0 {
		fmt.Fprintf(&b, " (%.0f %%)", 100*r.Done/r.Total)
	}
	switch {
	case r.Rate > 0:
		fmt.Fprintf(&b, " · %s %s/s", thousands(r.Rate), r.RateUnit)
	case doneHere > 0:
		fmt.Fprintf(&b, " · %.3g %s/s", doneHere/elapsed.Seconds(), r.Unit)
	}
	if doneHere > 0 && r.Done < r.Total {
		left := time.Duration(float64(elapsed) / doneHere * (r.Total - r.Done))
		fmt.Fprintf(&b, " · %s left", left.Round(time.Second))
	}
	if r.Note != "" {
		b.WriteString(" · " + r.Note)
	}
	return b.String()
}

// thousands writes a count readably: 950, 13.2k, 4.1M.
func thousands(x float64) string {
	switch {
	case x >= 1e12:
		return fmt.Sprintf("%.1fT", x/1e12)
	case x >= 1e9:
		return fmt.Sprintf("%.1fG", x/1e9)
	case x >= 1e6:
		return fmt.Sprintf("%.1fM", x/1e6)
	case x >= 1e4:
		return fmt.Sprintf("%.1fk", x/1e3)
	}
	return fmt.Sprintf("%.0f", x)
}
