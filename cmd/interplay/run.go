package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"interplay/kernelkit"
	"interplay/pipeline"
	"interplay/pipeline/study"
)

const runUsage = `usage: interplay run STUDY|FILE [-profile P] [-seed S] [-seeds N] [-plan] [-out DIR]

Runs, resumes or reuses a study: edge, exposure, split or reward, or a JSON file
of your own in the same form (-print shows one). Stages that are in the run folder
are reused; what a failed stage does not touch still runs. Results go to
build/results/PROFILE/STUDY: results.json, records.parquet, metrics.jsonl.

`

// runRun runs a study, or shows its plan.
func runRun(args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	s, err := parseStudy(flags, runUsage, args, func() {})
	if err != nil {
		return err
	}
	store, err := openStore()
	if err != nil {
		return err
	}
	get := func(name string) any { return flags.Lookup(name).Value.(flag.Getter).Get() }
	side := get("side-by-side").(int)
	if side == 0 {
		side = pipeline.SideBySide()
	}
	switch {
	case get("print").(bool):
		text, err := json.MarshalIndent(s, "", "  ")
		fmt.Println(string(text))
		return err
	case get("plan").(bool):
		plan, err := s.Plan(store, side)
		if err != nil {
			return err
		}
		kernelkit.PlanTable(s, plan).Show()
		return nil
	}
	out := get("out").(string)
	if out == "" {
		if out, err = kernelkit.ResultsFolder(s, store.Root); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	data, dir, err := kernelkit.RunStudy(ctx, store, s, side, out)
	if err != nil {
		return err
	}
	kernelkit.ClaimsTable(data).Show()
	fmt.Println("results  " + dir)
	if len(data.Missing) > 0 {
		return fmt.Errorf("%d runs are missing: %s; run it again", len(data.Missing), strings.Join(data.Missing, "; "))
	}
	return nil
}

// parseStudy reads a study's name and the flags of its scale; the name may stand before or after the flags.
func parseStudy(flags *flag.FlagSet, usage string, args []string, more func()) (*study.Study, error) {
	profile := flags.String("profile", envOr("INTERPLAY_PROFILE", "smoke"), "scale: "+strings.Join(pipeline.Profiles(), ", "))
	seed := flags.Int64("seed", 1, "first seed")
	seeds := flags.Int("seeds", 0, "number of seeds, 0: the profile's")
	flags.Bool("plan", false, "show stages, what is reused, ledger, time and disk; run nothing")
	flags.Bool("print", false, "print the study as JSON; run nothing")
	flags.Int("side-by-side", 0, "stages at once, 0: one a core, four at most; one on a GPU")
	flags.String("out", "", "results folder")
	more()
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	name := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if name == "" && flags.NArg() == 1 {
		name = flags.Arg(0)
	} else if name == "" || flags.NArg() > 0 {
		return nil, errors.New("expected one study: " + strings.Join(study.Names(), ", ") + " or a JSON file; see -h")
	}
	if strings.HasSuffix(name, ".json") {
		return study.Read(name)
	}
	s, err := study.ByName(name, *profile, *seed)
	if err == nil && *seeds > 0 {
		s.Seeds = nil
		for i := range *seeds {
			s.Seeds = append(s.Seeds, *seed+int64(i))
		}
	}
	return s, err
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
