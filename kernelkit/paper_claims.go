package kernelkit

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"interplay/kernelkit/engine"
	"interplay/pipeline/study"
)

// Every claim of the paper that docs/paper.md lists has a row: the laboratory's claims that name
// it as their source, with their verdicts, or why there is none.

// paperRow is a claim of the paper in docs/paper.md: | C1 | what it says | where |.
var paperRow = regexp.MustCompile(`(?m)^\| (C[1-9]\d?) \| (.+) \| (.+) \|$`)

// paperDocument is where the paper's claims stand.
const paperDocument = "docs/paper.md"

// claimsOfThePaper reads the paper's claims.
func claimsOfThePaper() ([][]string, error) {
	root, err := engine.ProjectRoot()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(paperDocument)))
	if err != nil {
		return nil, err
	}
	return paperRow.FindAllStringSubmatch(string(text), -1), nil
}

// notJudged says of the paper's claims that no study judges why not.
var notJudged = map[string]string{
	"C6":  "the paper's values cannot be read; the arm is run and drawn in `01`, RL mixed",
	"C8":  "a summary: C1, C4 and C5 are its parts",
	"C9":  "drawn in `01`, `Rewards`: reward on training problems, which no rule is about; the studies judge held-out problems",
	"C10": "lengths belong to the texts: other problems, other tokens; drawn in `01`, `Rewards`",
	"C12": "drawn in `01`, `Ladder`: how one base comes to be, without a comparison to judge",
	"C13": "about the released weights, which are not here",
	"C14": "levels of the released base; ours by op are in the table `PerOp` of `01`",
	"C15": "levels of the released base; answers beside strict are in the tables `Table` and `PerOp` of `01`",
	"C25": "drawn in `02`, `Rewards`: reward on training problems",
	"C26": "drawn in `02`, `Figure(\"similarity\")`: the paper gives neither measure nor values",
	"C33": "says what the paper does not say; both readings have claims (C32)",
	"C35": "needs several budgets; the studies run one at this scale, and all of the paper's at profile `paper`, which nobody ran",
	"C36": "levels over the paper's budgets",
}

// remarks are what a reader of the verdicts on a claim of the paper must know beside them.
var remarks = map[string]string{
	"C2":  "the paper's levels are not judged, only what RL adds to them",
	"C4":  "that the gap grows with k has no claim of its own: at `lookup` it grows to about k = 8 and shrinks after",
	"C5":  "`micro` trained on ops 12–13 and earned no reward; `lookup` trained on the op next to the edge, which is another question than the paper's",
	"C16": "the claim is that nothing is lost; a gain, as at `micro`, speaks for C1 and against C16",
	"C23": "that it is *little* more has no claim",
	"C24": "a large step from 1 to 10 % speaks against C24",
	"C31": "what this verdict needs was mended after its run: LAB.md, 2026-11-28",
	"C34": "as C31",
}

// claimCodes finds the codes of the paper's claims in a claim's source.
var claimCodes = regexp.MustCompile(`\bC[1-9]\d?\b`)

// PaperClaims lists every claim of the paper with the laboratory's claims that rest on it and their
// verdicts in the committed results, or why there is none: docs/claims.md. seen gives the
// results of a study at every profile that has some.
func PaperClaims(seen func(name string) []*study.Results) (string, error) {
	rows, err := claimsOfThePaper()
	if err != nil {
		return "", err
	}
	by := map[string][]string{}
	for _, name := range study.Names() {
		all := seen(name)
		if len(all) == 0 {
			r, err := unseen(name)
			if err != nil {
				return "", err
			}
			all = append(all, r)
		}
		for _, c := range claimsOf(all) {
			line := fmt.Sprintf("`%s`, %s: %s", name, c.Says, verdicts(all, c.ID))
			for _, code := range slices.Compact(claimCodes.FindAllString(c.Source, -1)) {
				by[code] = append(by[code], line)
			}
		}
	}
	var b strings.Builder
	b.WriteString("# The paper's claims, one by one\n\nMade by `interplay results paper` from the committed results; a test holds it to them. Effects in points with their 95 % intervals over seeds and problems; " +
		"*q*: the share of false ones to be expected among the claims of the study that are at least as clear as this one (Benjamini–Hochberg); \"not in the family\" where q is 5 % or more. Likelihoods (C11) are in nats a token; where curves cross stands as the best k and the least that it may be. Verdicts are by the rules as they are now; a claim that goes beyond the paper holds or does not. How each was judged is in the study's notebook, what the paper says in [`" + filepath.Base(paperDocument) + "`](" + filepath.Base(paperDocument) + ").\n\n| code | the paper | here |\n|---|---|---|\n")
	for _, row := range rows {
		code := row[1]
		here, why := strings.Join(by[code], "<br>"), notJudged[code]
		switch {
		case here == "" && why == "":
			return "", fmt.Errorf("%s has no claim whose source names it, and no reason in notJudged", code)
		case here != "" && why != "":
			return "", fmt.Errorf("%s has a claim whose source names it, and in notJudged a reason why it has none", code)
		case here == "":
			here = "no verdict: " + why
		}
		if remark := remarks[code]; remark != "" {
			here += "<br>*Mind*: " + remark
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code, row[2], here)
	}
	return b.String(), nil
}

// unseen stands for the results of a study that has none: each of its claims was not run.
func unseen(name string) (*study.Results, error) {
	s, err := study.ByName(name, "micro", 1)
	if err != nil {
		return nil, err
	}
	r := &study.Results{Study: s}
	for _, c := range s.Claims {
		r.Verdicts = append(r.Verdicts, study.Judgement{Claim: c, Verdict: study.NotRun})
	}
	return r, nil
}

// claimsOf are the claims of a study's results, each once.
func claimsOf(all []*study.Results) (claims []study.Claim) {
	for _, r := range all {
		for _, j := range r.Verdicts {
			if !slices.ContainsFunc(claims, func(c study.Claim) bool { return c.ID == j.ID }) {
				claims = append(claims, j.Claim)
			}
		}
	}
	return claims
}

// verdicts says how a claim was judged at each profile that judged it.
func verdicts(all []*study.Results, id string) string {
	var said []string
	for _, r := range all {
		for _, j := range r.Verdicts {
			if j.ID == id && j.Verdict != study.NotRun {
				said = append(said, verdictAt(r.Profile, j))
			}
		}
	}
	if len(said) == 0 {
		return fmt.Sprintf("**%s**", study.NotRun)
	}
	return strings.Join(said, "; ")
}

// verdictAt is a claim's verdict at a profile.
func verdictAt(profile string, j study.Judgement) string {
	here, interval := showFound(j)
	text := fmt.Sprintf("**%s** at `%s` (%s, %s", verdictWords(j.Claim, j.Verdict), profile, here, interval)
	if j.Q > 0 {
		text += ", q = " + small(j.Q)
	}
	if j.Family != j.Verdict {
		text += "; not in the family"
	}
	return text + ")"
}

// CommittedOf are the committed results of a study of the project, smallest profile first, judged
// by the study's rules as they are. Those that cannot be read are left out.
func CommittedOf(name string) (all []*study.Results) {
	for _, profile := range CommittedProfiles(name) {
		if r, err := committedAt(name, profile); err == nil && r != nil {
			all = append(all, r)
		}
	}
	return all
}
