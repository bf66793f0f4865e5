package authors

import (
	"strconv"
	"strings"
	"testing"
)

// degenerateTexts are repetitions that invite backtracking, rescanning or
// recursion somewhere in the parser, each of about n bytes.
func degenerateTexts(n int) map[string]string {
	texts := map[string]string{
		"steps":         numbered(n, "Define n# as K; so K = 1. "),
		"chain":         numbered(n, "Define n# as K; so L = K + 1; so K = L + 2 * L = 9. "),
		"all letters":   "Define x as A; so A = 1. " + strings.Repeat("Define y as B; so B = abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ. ", n/80),
		"one long name": "Define " + strings.Repeat("a ", n/2) + "as K; so K = 1.",
		"one long word": "Define " + strings.Repeat("a", n) + " as K; so K = 1.",
		"last number":   "Define a as K; " + strings.Repeat("1.", n/2) + strings.Repeat("K=x;", n/4),
		"nested":        "Define a as K; so K = " + strings.Repeat("(", n) + "1",
		"signs":         "Define a as K; so K = " + strings.Repeat("-", n) + "1",
		"powers":        "Define a as K; so K = " + strings.Repeat("9**", n/3) + "9",
		"power sums":    "Define a as K; so K = " + strings.Repeat("9**4999+", n/8) + "9",
		"digits":        "Define a as K; so K = " + strings.Repeat("9", n) + " + 1",
		"sum":           "Define a as K; so K = " + strings.Repeat("1+", n/2) + "1",
		"products":      "Define a as K; so K = " + strings.Repeat("99999999999999999999*", n/21) + "1",
		"settled late":  "Define a as K; " + strings.Repeat("K = Z; ", n/7) + "Define b as Z; so Z = 2.",
		"commas":        "<answer>" + strings.Repeat("1,", n/2) + "1</answer>",
		"fraction":      "<answer>" + strings.Repeat("1", n) + "/3</answer>",
	}
	for _, unit := range []string{"Define a ", "Define as K; ", "Define  as K; ", "define", "Define ", "a as ", " as a K", "as a K;", "Define a as K;",
		"=", "A=", "A = ", "K = = ;", "<", "<>", "<a", ">", "<answer>", "<answer> ", "<answer></answer>", "</answer>", "Answer:", "Answer: ", "answer:",
		"İ", "İ<answer>", "İ<answer>\n", "ſ ", " ", "\u3000", "\n", ";", ".", "1", "１", "１.", "+1", "\uFFFD", "\xff", "Define \uFFFD", "fF", "eFine"} {
		texts[unit] = strings.Repeat(unit, n/len(unit))
	}
	return texts
}

func numbered(n int, unit string) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strings.ReplaceAll(unit, "#", strconv.Itoa(i)))
	}
	return b.String()
}

// examine runs everything of the reference that reads a text.
func examine(text string) Verdict {
	gold := NewGold("Define cat as A; so A = 3. Define dog as B; so B = A + 1 = 4. Answer: 4.", "4")
	v := gold.Judge(text)
	g := Parse(text)
	g.TopologicalOrder()
	Compare(g, g)
	EvalExactMatch(text, text)
	return v
}

func TestDegenerateTextsEnd(t *testing.T) {
	for name, text := range degenerateTexts(1 << 17) {
		if v := examine(text); v.Kind == "perfect" {
			t.Errorf("%s: perfect", name)
		}
	}
}

// BenchmarkDegenerateTexts shows the cost per byte, which must not grow from 64 kB to 1 MB.
func BenchmarkDegenerateTexts(b *testing.B) {
	for _, n := range []int{1 << 16, 1 << 20} {
		for name, text := range degenerateTexts(n) {
			b.Run(strconv.Itoa(n)+"/"+strconv.Quote(name), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for range b.N {
					Parse(text)
					ExtractFlexibleAnswer(text)
					EvalExactMatch(text, "Answer: 4.")
				}
			})
		}
	}
}
