package kernelkit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"interplay/kernelkit/engine"
	"interplay/pipeline"
	"interplay/pipeline/study"
)

// CommittedProfiles lists the profiles that a study of the project has committed results at.
func CommittedProfiles(name string) (profiles []string) {
	root, err := engine.ProjectRoot()
	if err != nil {
		return nil
	}
	for _, p := range pipeline.Profiles() {
		if _, err := os.Stat(filepath.Join(root, "notebooks", "results", p, name, study.ResultsFile)); err == nil {
			profiles = append(profiles, p)
		}
	}
	return profiles
}

// nearest are the committed results of a study at its profile, else at the one nearest in
// scale; nil where there are none.
func nearest(s *study.Study) *study.Results {
	all := pipeline.Profiles() // smallest first
	at := slices.Index(all, s.Profile)
	has := CommittedProfiles(s.Name)
	slices.SortStableFunc(has, func(a, b string) int {
		far := func(p string) int { return max(slices.Index(all, p)-at, at-slices.Index(all, p)) }
		return far(a) - far(b)
	})
	for _, p := range has {
		if r, err := committedAt(s.Name, p); err == nil && r != nil {
			return r
		}
	}
	return nil
}

// committedAt are the committed results of a study at a profile, judged by its rules as they
// are; nil where there are none of the study as it is, and an error where they cannot be read.
func committedAt(name, profile string) (*study.Results, error) {
	s, err := study.ByName(name, profile, 1)
	if err != nil {
		return nil, err
	}
	dir, err := CommittedResults(s)
	if err != nil {
		return nil, err
	}
	d, err := study.Load(dir)
	if err == nil {
		d, err = d.Of(s)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, study.ErrOtherStudy) {
		return nil, nil
	}
	return d, err
}

// PowerTable says how many seeds each claim needs, at the effect and the spread that were seen
// so far: in the committed results of the study at its profile, else at the nearest one. It is
// nil where there are none, and of a study without claims.
func PowerTable(s *study.Study) *Table {
	seen := nearest(s)
	if seen == nil || len(s.Claims) == 0 {
		return nil
	}
	t := &Table{Title: fmt.Sprintf("Seeds that the claims need, by what was seen at profile %s with %d seeds", seen.Profile, len(seen.Study.Seeds)),
		Columns: []string{"claim", "effect seen", "standard error", "seeds needed", "planned"}}
	for _, c := range s.Claims {
		if c.NotRun != "" {
			t.Add(c.Says, "–", "–", "not run at this scale", "–")
			continue
		}
		i := slices.IndexFunc(seen.Verdicts, func(j study.Judgement) bool { return j.ID == c.ID })
		if i < 0 || seen.Verdicts[i].Verdict == study.NotRun {
			t.Add(c.Says, "–", "–", "not seen yet", len(s.Seeds))
			continue
		}
		j := seen.Verdicts[i]
		digits, scale := effectForm(j.Claim)
		effect, _ := showEffect(j.Claim, j.Found)
		t.Add(c.Says, effect, fmt.Sprintf("%.*f", digits, scale*j.Error), seedsNeeded(j), len(s.Seeds))
	}
	t.Note = "Seeds that tell an effect as large from the threshold in four studies of five, by itself at 95 %, on as many problems; in the family of all claims it takes some more. A forecast from few seeds is rough."
	if slices.ContainsFunc(t.Rows, func(row []string) bool { return strings.HasPrefix(row[3], needsProblems) }) {
		t.Note += " More problems: those of one op differ so much from each other that no number of seeds on the same ones does."
	}
	return t
}

// needsProblems begins what a claim needs for which no number of seeds on as many problems does.
const needsProblems = "more problems"

// seedsNeeded says how many seeds a claim needs, or why no number of them helps, and what does.
func seedsNeeded(j study.Judgement) string {
	switch {
	case j.Exact:
		return "any: nothing varies"
	case j.Decides > 0:
		return fmt.Sprint(j.Decides)
	case j.More.Seeds == 0:
		return "no number: the effect lies at the threshold"
	}
	needs := "over 1,000"
	if j.More.Least > 1 {
		needs = fmt.Sprintf(needsProblems+", over %.2g × as many", j.More.Least)
	}
	return fmt.Sprintf("%s; %d with %.2g × the problems", needs, j.More.Seeds, 2*j.More.Least)
}

// AdjustedTable lists the effects at the median base beside the raw ones: each seed's effect on a
// line over what its base can do. It is nil where the study names no such measure of its base.
func AdjustedTable(d *study.Results) *Table {
	if len(d.Study.Covariate) == 0 {
		return nil
	}
	t := &Table{Title: "The effects at the median base", Columns: []string{"claim", "raw", "95 % interval", "at the median base", "95 % interval", "degrees of freedom", "correlation with the base"}}
	for _, c := range d.Verdicts {
		a, err := d.Study.Adjusted(c.Claim, d.Scores)
		if err != nil || c.Verdict == study.NotRun {
			continue
		}
		raw, rawInterval := showEffect(c.Claim, c.Found)
		at, interval := showEffect(c.Claim, a.Interval)
		t.Add(c.Says, raw, rawInterval, at, interval, fmt.Sprintf("%.1f", a.Freedom), fmt.Sprintf("%+.2f", a.Correlated))
	}
	if len(t.Rows) == 0 {
		return nil
	}
	t.Note = "Analysis of covariance on " + d.Study.Describe(d.Study.Covariate) + ", seed by seed. It says what happens to a base like the median one; the raw effect, and the verdicts, are of bases as they come."
	return t
}

// Adjusted lists the effects at the median base beside the raw ones.
func (r *Results) Adjusted() *Table { return AdjustedTable(r.Results) }
