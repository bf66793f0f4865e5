package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"

	"interplay/kernelkit"
	"interplay/pipeline/study"
)

const resultsUsage = `usage: interplay results STUDY [-profile P] [-by-seed] [-check] [-out DIR]

Shows the claims table of a study: the claim, the paper's value, what was found
here, its interval, the rule and the verdict. It is read from the results that the
last run wrote, else from those that are committed in notebooks/results. With
-by-seed the effects of each seed follow, which say where an interval is wide. With
-check everything is computed again from the records and compared.

`

// runResults shows a study's claims table.
func runResults(args []string) error {
	flags := flag.NewFlagSet("results", flag.ContinueOnError)
	var check, bySeed *bool
	s, err := parseStudy(flags, resultsUsage, args, func() {
		bySeed = flags.Bool("by-seed", false, "show the effects seed by seed too")
		check = flags.Bool("check", false, "recompute numbers and verdicts from the records, and fail on a difference")
	})
	if err != nil {
		return err
	}
	d, dir, err := findResults(s, flags.Lookup("out").Value.String())
	if err != nil {
		return err
	}
	if *check {
		if err := d.Check(); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		fmt.Printf("✓ %s: %d claims and %d numbers follow from its %d records\n", dir, len(d.Verdicts), len(d.Numbers), len(d.Records))
		return nil
	}
	kernelkit.ClaimsTable(d).Show()
	if *bySeed {
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
