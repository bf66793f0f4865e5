package kernelkit

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// claimsLike is a table as wide as those of claims.
func claimsLike() *Table {
	t := &Table{Title: "Claims, profile lookup, seeds 1, 2, 3", Columns: []string{"claim", "source", "here", "95 % interval", "verdict"},
		Note: "Effects in percentage points; intervals over seeds and problems (Student's t, 3 seeds)."}
	t.Add("RL at the edge raises pass@1 there", "Fig. 3", "+14.3", "+7.9 to +20.7", "agrees")
	t.Add("at the edge RL there leads at every number of attempts up to 128: its curve does not cross the base's", "beyond the paper; readers' variants tie", "+7.8", "−0.1 to +15.7", "not resolved at this scale (4 seeds might do)")
	return t
}

// On a terminal no line is longer than it, and no word is lost.
func TestATableFitsItsTerminal(t *testing.T) {
	table := claimsLike()
	for limit := 30; limit <= 260; limit++ {
		text := table.within(limit)
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, " \n")); n > limit {
				t.Fatalf("a line of %d characters on a terminal of %d:\n%s", n, limit, text)
			}
		}
		have := map[string]int{}
		for word := range strings.FieldsSeq(text) {
			have[word]++
		}
		for _, row := range append(table.Rows, []string{table.Title, table.Note}) {
			for word := range strings.FieldsSeq(strings.Join(row, " ")) {
				if have[word]--; have[word] < 0 {
					t.Fatalf("%q is lost on a terminal of %d characters:\n%s", word, limit, text)
				}
			}
		}
	}
	if table.within(400) != table.String() {
		t.Error("a terminal that is wide enough changes the table")
	}
}

// What is too wide goes on below in its column, and where columns get too narrow, in a block.
func TestAWideTableOnANarrowTerminal(t *testing.T) {
	table := claimsLike()
	table.Rows, table.Note = table.Rows[1:], ""
	for limit, want := range map[int]string{110: `Claims, profile lookup, seeds 1, 2, 3
claim                         source                        here  95 % interval  verdict
────────────────────────────  ────────────────────────────  ────  ─────────────  ─────────────────────────────
at the edge RL there leads    beyond the paper; readers'    +7.8  −0.1 to +15.7  not resolved at this scale (4
  at every number of            variants tie                                       seeds might do)
  attempts up to 128: its
  curve does not cross the
  base's
`, 60: `Claims, profile lookup, seeds 1, 2, 3
at the edge RL there leads at every number of attempts up to
  128: its curve does not cross the base's
    source: beyond the paper; readers' variants tie · here:
      +7.8 · 95 % interval: −0.1 to +15.7 · verdict: not
      resolved at this scale (4 seeds might do)
`} {
		got := ""
		for line := range strings.Lines(table.within(limit)) {
			got += strings.TrimRight(line, " \n") + "\n"
		}
		if got != want {
			t.Errorf("on a terminal of %d characters:\n%s\nwant\n%s", limit, got, want)
		}
	}
}

// A word that is longer than the line is cut, and goes on in the next one.
func TestALongWordIsCut(t *testing.T) {
	got := strings.Join(wrapped("a "+strings.Repeat("x", 12)+" b", 6), "|")
	if got != "a|  xxxx|  xxxx|  xxxx|  b" {
		t.Errorf("%q", got)
	}
}
