package main

import (
	"errors"
	"fmt"
	"io/fs"
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
	s, d, dir, err := f.find(name, asked)
	if err != nil {
		return err
	}
	mine, err := d.Of(s)
	if err != nil {
		return fmt.Errorf("%s: %w; name the study that they are of, or make results of this one with `%s`", dir, err, runCommandOf(name, s))
	}
	if f.check {
		if err := d.Check(); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		fmt.Printf("✓ %s: %d claims and %d numbers follow from its %d records\n", dir, len(d.Verdicts), len(d.Numbers), len(d.Records))
		for _, note := range mine.Notes {
			fmt.Println("  " + note)
		}
		return nil
	}
	d = mine
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
	fmt.Println("from  " + dir)
	return nil
}

// runCommandOf is the command line that runs a study, which was given by its name or file.
func runCommandOf(given string, s *study.Study) string {
	if isFile(given) {
		return "interplay run " + given
	}
	return fmt.Sprintf("interplay run %s -profile %s", s.Name, s.Profile)
}

// find is the study with its results: at the profile that was asked for, else at the usual
// one, else at any that has some.
func (f *resultsFlags) find(name string, asked bool) (*study.Study, *study.Results, string, error) {
	profiles := []string{f.profile}
	if !asked && !isFile(name) {
		profiles = append(profiles, pipeline.Profiles()...)
	}
	var looked []string
	var last *study.Study
	for _, profile := range profiles {
		at := f.studyFlags
		at.profile = profile
		s, err := at.study(name)
		if err == nil {
			err = at.ownName(s)
		}
		if err != nil {
			return nil, nil, "", err
		}
		d, dir, places, err := findResults(s, f.out)
		if err != nil || d != nil {
			return s, d, dir, err
		}
		looked, last = append(looked, places...), s
	}
	hint := ""
	if has := kernelkit.CommittedProfiles(name); asked && len(has) > 0 {
		hint = "; there are some at " + strings.Join(has, ", ")
	}
	if f.out == "" {
		hint += "; if a run wrote them to another folder, name it with -out"
	}
	return nil, nil, "", fmt.Errorf("there are no results of %s in %s; make them with `%s`%s", name, strings.Join(looked, ", "), runCommandOf(name, last), hint)
}

// findResults reads the results folder that was asked for, else the last run's, else the
// committed one; nil where there is none, and where it looked.
func findResults(s *study.Study, dir string) (*study.Results, string, []string, error) {
	var places []string
	if dir != "" {
		places = []string{dir}
	} else {
		store, err := openStore()
		if err != nil {
			return nil, "", nil, err
		}
		last, err := kernelkit.ResultsFolder(s, store.Root)
		if err != nil {
			return nil, "", nil, err
		}
		committed, err := kernelkit.CommittedResults(s)
		if err != nil {
			return nil, "", nil, err
		}
		places = []string{last, committed}
	}
	for _, place := range places {
		d, err := study.Load(place)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return d, place, places, err
	}
	return nil, "", places, nil
}
