package kernelkit

import (
	"os"
	"slices"
	"testing"
)

// docs/claims.md has every claim of the paper, and what it says is what the committed results say.
func TestEveryClaimOfThePaperHasARow(t *testing.T) {
	rows, err := claimsOfThePaper()
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, row := range rows {
		codes = append(codes, row[1])
	}
	if len(rows) != 45 || !slices.Contains(codes, "C1") || !slices.Contains(codes, "C64") {
		t.Errorf("docs/paper.md lists %d claims of the paper, want 45: %q", len(rows), codes)
	}
	for code := range notJudged {
		if !slices.Contains(codes, code) {
			t.Errorf("a reason is given for %s, which is no claim of docs/paper.md", code)
		}
	}
	want, err := PaperClaims(CommittedOf)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.ReadFile("../docs/claims.md"); err != nil || string(have) != want {
		t.Errorf("docs/claims.md is not what the committed results give (%v): .bin/interplay results paper > docs/claims.md", err)
	}
}
