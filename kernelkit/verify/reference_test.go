package verify

import (
	"os"
	"path/filepath"
	"testing"
)

// corpora returns the conformance folder: the full one beside the repository, or
// the subset that comes with it. Under CI the full one must be there.
func corpora(t testing.TB) string {
	full := filepath.Join("..", "..", "..", "shared", "conformance")
	if _, err := os.Stat(filepath.Join(full, "scoring.jsonl")); err == nil {
		return full
	} else if os.Getenv("CI") != "" {
		t.Fatalf("CI is set and the conformance corpora are not at ../shared/conformance beside the repository: %v", err)
	}
	return filepath.Join("..", "..", "testdata", "conformance")
}

func corpusProblems(t testing.TB, dir string) []ConformanceProblem {
	files, err := filepath.Glob(filepath.Join(dir, "problems_*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no problems_*.jsonl in %s (%v)", dir, err)
	}
	var all []ConformanceProblem
	for _, f := range files {
		p, err := ReadConformanceProblems(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p...)
	}
	return all
}

func checkConformance(t *testing.T, what string, passed, total int, differences []string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s %d/%d", what, passed, total)
	if total == 0 || passed != total {
		t.Errorf("%s %d/%d", what, passed, total)
	}
	for i, d := range differences {
		if i == 10 {
			break
		}
		t.Error(d)
	}
}

func TestReferenceJudgesTheScoringCorpusAsTheAuthors(t *testing.T) {
	dir := corpora(t)
	passed, total, diff, err := ScoringConformance(filepath.Join(dir, "scoring.jsonl"), corpusProblems(t, dir))
	checkConformance(t, "scoring", passed, total, diff, err)
}

func TestReferenceParsesTheParserCasesAsTheAuthors(t *testing.T) {
	passed, total, diff, err := ParserConformance(filepath.Join(corpora(t), "parser_cases.jsonl"))
	checkConformance(t, "parser_cases", passed, total, diff, err)
}

func TestGoldGraphsEqualTheAuthors(t *testing.T) {
	passed, total, diff := GraphConformance(corpusProblems(t, corpora(t)))
	checkConformance(t, "graphs", passed, total, diff, nil)
}
