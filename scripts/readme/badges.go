package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"interplay/pipeline/study"
)

// badges are the small pictures at the head of README.md, each of which says what a file of
// the project says: no other host draws them.
func badges(root string, of ...results) (map[string]string, error) {
	verdicts, total := map[study.Verdict]int{}, 0
	for _, r := range of {
		for _, d := range r {
			for _, j := range d.Verdicts {
				if j.Verdict == study.NotRun {
					continue
				}
				verdicts[j.Verdict]++
				total++
			}
		}
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(string(mod), "\ngo ")
	version := strings.Fields(rest)[0]
	licence, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return nil, err
	}
	if !strings.Contains(string(licence), "Apache License") || !strings.Contains(string(licence), "Version 2.0") {
		return nil, fmt.Errorf("LICENSE is not the Apache License 2.0: mend scripts/readme/badges.go")
	}
	claims := fmt.Sprintf("%d: %d yes, %d no, %d undecided", total, verdicts[study.Agrees], verdicts[study.Contradicts], verdicts[study.NotResolved])
	out := map[string]string{}
	for name, b := range map[string][3]string{
		"claims":  {"claims judged", claims, "#2b6c9e"},
		"go":      {"Go", "≥ " + version, "#00758d"},
		"licence": {"licence", "Apache-2.0", "#4b6b32"},
	} {
		out["docs/badges/"+name+".svg"] = badge(b[0], b[1], b[2])
	}
	return out, nil
}

// badge draws two fields beside each other. Widths are set, so that every font fits.
func badge(left, right, colour string) string {
	width := func(s string) int { return 7*utf8.RuneCountInString(s) + 14 }
	a, b := width(left), width(right)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="20" role="img" aria-label="%[2]s: %[3]s">
<title>%[2]s: %[3]s</title>
<rect width="%[1]d" height="20" rx="3" fill="%[4]s"/>
<path d="M3 0h%[5]dv20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" lengthAdjust="spacingAndGlyphs">
<text x="%[6]d" y="14" textLength="%[7]d">%[2]s</text>
<text x="%[8]d" y="14" textLength="%[9]d">%[3]s</text>
</g>
</svg>
`, a+b, left, right, colour, a-3, a/2, a-14, a+b/2, b-14)
}
