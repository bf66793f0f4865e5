package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

// progress is one line on standard error: what is done, the rate, the time left. On a
// terminal it changes in place; elsewhere a plain line appears every ten seconds.
type progress struct {
	unit        string
	begin, last time.Time
	terminal    bool
	shown       bool
}

func newProgress(unit string) *progress {
	now := time.Now()
	return &progress{unit: unit, begin: now, last: now, terminal: term.IsTerminal(int(os.Stderr.Fd()))}
}

// update shows a count whose rate is that since the beginning.
func (p *progress) update(done, total int) {
	rate := float64(done) / time.Since(p.begin).Seconds()
	p.show(done, total, rate, float64(total-done)/rate)
}

// show prints a line whose rate (units a second) and seconds left the caller knows.
func (p *progress) show(done, total int, rate, seconds float64) {
	pause := 10 * time.Second
	if p.terminal {
		pause = 300 * time.Millisecond
	}
	now := time.Now()
	if now.Sub(p.last) < pause && (done < total || !p.shown) {
		return
	}
	p.last, p.shown = now, true
	left := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	text := fmt.Sprintf("%d of %d %s (%.0f%%), %.0f a second, %s left", done, total, p.unit, 100*float64(done)/float64(total), rate, left)
	if p.terminal {
		text = "\r\x1b[K" + text
	} else {
		text += "\n"
	}
	fmt.Fprint(os.Stderr, text)
}

// end leaves the cursor on a fresh line.
func (p *progress) end() {
	if p.terminal && p.shown {
		fmt.Fprintln(os.Stderr)
	}
}
