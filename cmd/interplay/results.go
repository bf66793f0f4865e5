package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"interplay/kernelkit"
	"interplay/pipeline"
	"interplay/pipeline/study"
)

// resultsFlags are the settings of interplay results.
type resultsFlags struct {
	studyFlags
	bySeed, check bool
}

func resultsCommand() *cobra.Command {
	var f resultsFlags
	c := &cobra.Command{
		Use:   "results STUDY|FILE [-profile P] [-by-seed] [-check] [-out DIR]",
		Short: "shows a study's claims table",
		Long: `Shows the claims table of a study: the claim, the paper's value, what was found
here, its interval, the rule, the verdict and the one in the family of the study's
claims. It is read from the results that the last run wrote, else from those that are
committed in notebooks/results; without -profile, from those of any profile, the usual
one first. With -by-seed the effects of each seed follow, which say where an interval
is wide, and the effects at the median base. With -check everything is computed again
from the records and compared. "interplay results paper" lists every claim of the
paper with the verdicts on it (docs/claims.md).`,
		RunE: func(c *cobra.Command, args []string) error { return f.show(args[0], c.Flags().Changed("profile")) },
	}
	f.declare(c)
	c.Flags().BoolVar(&f.bySeed, "by-seed", false, "show the effects seed by seed too")
	c.Flags().BoolVar(&f.check, "check", false, "recompute numbers and verdicts from the records, and fail on a difference")
	return c
}

// show shows a study's claims table; asked says that -profile names the only one to look at.
func (f *resultsFlags) show(name string, asked bool) error {
	if name == "paper" {
		text, err := kernelkit.PaperClaims(kernelkit.CommittedOf)
		fmt.Print(text)
		return err
	}
	found, err := f.find(name, asked)
	if err != nil {
		return err
	}
	if f.check {
		all := found.all
		if err := all.Check(); err != nil {
			return fmt.Errorf("%s: %w", found.dir, err)
		}
		fmt.Printf("✓ %s: %d claims and %d numbers follow from its %d records\n", found.dir, len(all.Verdicts), len(all.Numbers), len(all.Records))
		for _, note := range found.mine.Notes {
			fmt.Println("  " + note)
		}
		return nil
	}
	d := found.mine
	kernelkit.ClaimsTable(d).Show()
	if len(d.Fits) > 0 {
		kernelkit.LawsTable(d).Show()
	}
	if f.bySeed {
		kernelkit.SeedsTable(d).Show()
		if t := kernelkit.AdjustedTable(d); t != nil {
			t.Show()
		}
	}
	fmt.Println("from  " + found.dir)
	return nil
}

// foundResults are the results of a folder, and what they hold of the study that was asked for.
type foundResults struct {
	dir       string
	all, mine *study.Results
}

// find is the results of a study: at the profile that was asked for, or that the folder of -out has, else at the usual
// one, else at any that has some. Results of another study, such as one that has changed since, are passed over.
func (f *resultsFlags) find(name string, asked bool) (*foundResults, error) {
	var looked []string
	last := f.studyFlags
	var others error
	for _, profile := range f.profiles(name, asked) {
		at := f.studyFlags
		at.profile = profile
		s, err := at.study(name)
		if err == nil {
			err = at.ownName(s)
		}
		if err != nil {
			return nil, err
		}
		places, err := resultsPlaces(s, f.out)
		if err != nil {
			return nil, err
		}
		for _, dir := range places {
			found, err := resultsIn(dir, s)
			switch {
			case err == nil:
				return found, nil
			case errors.Is(err, study.ErrOtherStudy):
				others = cmp.Or(others, fmt.Errorf("%s: %w; name the study that they are of, or make results of this one with `interplay run %s`", dir, err, typed(at.line([]string{name}))))
			case !errors.Is(err, fs.ErrNotExist):
				return nil, err
			}
		}
		looked, last = append(looked, places...), at
	}
	if others != nil {
		return nil, others
	}
	hint := ""
	if has := kernelkit.CommittedProfiles(name); asked && len(has) > 0 {
		hint = "; there are some at " + strings.Join(has, ", ")
	}
	if f.out == "" {
		hint += "; if a run wrote them to another folder, name it with -out"
	}
	return nil, fmt.Errorf("there are no results of %s in %s; make them with `interplay run %s`%s", name, strings.Join(looked, ", "), typed(last.line([]string{name})), hint)
}

// profiles are those at which results of a study are looked for, the first first. A file holds its own.
func (f *resultsFlags) profiles(name string, asked bool) []string {
	if asked || isFile(name) {
		return []string{f.profile}
	}
	if f.out != "" {
		if there, err := study.Load(f.out); err == nil && slices.Contains(pipeline.Profiles(), there.Profile) {
			return []string{there.Profile}
		}
		return []string{f.profile}
	}
	return append([]string{f.profile}, pipeline.Profiles()...)
}

// resultsPlaces are the folders in which results of a study are looked for: the one that was asked for, else the last
// run's and the committed one.
func resultsPlaces(s *study.Study, asked string) ([]string, error) {
	if asked != "" {
		return []string{asked}, nil
	}
	store, err := openStore()
	if err != nil {
		return nil, err
	}
	last, err := kernelkit.ResultsFolder(s, store.Root)
	if err != nil {
		return nil, err
	}
	committed, err := kernelkit.CommittedResults(s)
	return []string{last, committed}, err
}

// resultsIn are the results of a study in a folder; fs.ErrNotExist where there are none, study.ErrOtherStudy where they
// are another's.
func resultsIn(dir string, s *study.Study) (*foundResults, error) {
	all, err := study.Load(dir)
	if err != nil {
		return nil, err
	}
	mine, err := all.Of(s)
	return &foundResults{dir, all, mine}, err
}
