package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"interplay/kernelkit"
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
here, its interval, the rule and the verdict. It is read from the results that the
last run wrote, else from those that are committed in notebooks/results. With
-by-seed the effects of each seed follow, which say where an interval is wide. With
-check everything is computed again from the records and compared.`,
		RunE: func(_ *cobra.Command, args []string) error { return f.show(args[0]) },
	}
	f.declare(c)
	c.Flags().BoolVar(&f.bySeed, "by-seed", false, "show the effects seed by seed too")
	c.Flags().BoolVar(&f.check, "check", false, "recompute numbers and verdicts from the records, and fail on a difference")
	return c
}

// show shows a study's claims table.
func (f *resultsFlags) show(name string) error {
	s, err := f.study(name)
	if err != nil {
		return err
	}
	if err := f.ownName(s); err != nil {
		return err
	}
	d, dir, err := findResults(s, f.out)
	if err != nil {
		return err
	}
	if f.check {
		if err := d.Check(); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		fmt.Printf("✓ %s: %d claims and %d numbers follow from its %d records\n", dir, len(d.Verdicts), len(d.Numbers), len(d.Records))
		return nil
	}
	if d, err = d.Of(s); err != nil {
		return fmt.Errorf("%s: %w; run it again with `interplay run %s -profile %s`", dir, err, s.Name, s.Profile)
	}
	kernelkit.ClaimsTable(d).Show()
	if len(d.Fits) > 0 {
		kernelkit.LawsTable(d).Show()
	}
	if f.bySeed {
		kernelkit.SeedsTable(d).Show()
	}
	fmt.Println("from  " + dir)
	return nil
}

// findResults reads the results folder that was asked for, else the last run's, else the committed one.
func findResults(s *study.Study, dir string) (*study.Results, string, error) {
	var places []string
	if dir != "" {
		places = []string{dir}
	} else {
		store, err := openStore()
		if err != nil {
			return nil, "", err
		}
		last, err := kernelkit.ResultsFolder(s, store.Root)
		if err != nil {
			return nil, "", err
		}
		committed, err := kernelkit.CommittedResults(s)
		if err != nil {
			return nil, "", err
		}
		places = []string{last, committed}
	}
	for _, place := range places {
		d, err := study.Load(place)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return d, place, err
	}
	return nil, "", fmt.Errorf("there are no results of %s at profile %s in %v; make them with `interplay run %s -profile %s`", s.Name, s.Profile, places, s.Name, s.Profile)
}
