package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"interplay/kernelkit"
	"interplay/pipeline"
	"interplay/pipeline/cluster"
	"interplay/pipeline/study"
)

// studyFlags name a study, its scale and its folder.
type studyFlags struct {
	profile string
	seed    int64
	seeds   int
	out     string

	given  func(flag string) bool // whether the command line names it
	listed bool                   // whether a study of the list is asked for, which has the scale of -profile
}

func (f *studyFlags) declare(c *cobra.Command) {
	flags := c.Flags()
	f.seed, f.given = 1, flags.Changed
	flags.StringVar(&f.profile, "profile", envOr("INTERPLAY_PROFILE", "smoke"), "scale: "+strings.Join(pipeline.Profiles(), ", "))
	seedFlag(flags, &f.seed, "seed", "first seed")
	wholeOr(flags, &f.seeds, "seeds", "the profile's", 1, maxSeeds, "number of seeds")
	flags.StringVar(&f.out, "out", "", "results folder")
	complete(c, "profile", pipeline.Profiles()...)
	c.Args = arguments("a study (" + strings.Join(study.Names(), ", ") + ", or a JSON file)")
	c.ValidArgsFunction = cobra.FixedCompletions(study.Names(), cobra.ShellCompDirectiveDefault)
}

// isFile says whether a study was given as a file, and not by its name.
func isFile(study string) bool { return strings.HasSuffix(study, ".json") }

// allFiles says whether no study was given by its name.
func allFiles(studies []string) bool {
	return !slices.ContainsFunc(studies, func(s string) bool { return !isFile(s) })
}

// asked says whether the command line names a flag.
func (f *studyFlags) asked(flag string) bool { return f.given != nil && f.given(flag) }

// line are the words of a command line that means these studies at this scale, with these seeds. A study of the list
// needs its scale, which may come from the environment here; a file holds its own, and seeds of its own that -seed puts
// others in the place of.
func (f *studyFlags) line(names []string) []string {
	words := slices.Clone(names)
	if !allFiles(names) {
		words = append(words, "-profile", f.profile)
	}
	if !slices.ContainsFunc(names, isFile) || f.asked("seed") {
		words = append(words, "-seed", strconv.FormatInt(f.seed, 10))
	}
	if f.seeds > 0 {
		words = append(words, "-seeds", strconv.Itoa(f.seeds))
	}
	return words
}

// typed are words as a person types them in a shell.
func typed(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if out[i] = w; strings.ContainsAny(w, " \t\"'$&;()<>|*?`\\") {
			out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}

// study makes the study of the command line, and warns of what it cannot do.
func (f *studyFlags) study(name string) (*study.Study, error) {
	if isFile(name) {
		s, err := f.file(name)
		if err != nil {
			return nil, asUsage(err)
		}
		for _, line := range s.Warnings() {
			fmt.Fprintf(os.Stderr, "warning: %s: %s\n", name, line)
		}
		return s, nil
	}
	s, err := study.ByName(name, f.profile, f.seed)
	if err != nil {
		return nil, asUsage(profileFrom(err, f.asked("profile")))
	}
	if f.seeds > 0 {
		s.Seeds = consecutive(f.seed, f.seeds)
	}
	return s, nil
}

// file is a study of a user's own. Its seeds are those of the file but where the command line
// says others; its scale is written out in it, so that -profile has no meaning.
func (f *studyFlags) file(name string) (*study.Study, error) {
	s, err := study.Read(name)
	if err != nil {
		return nil, err
	}
	if f.asked("profile") && !f.listed {
		return nil, usagef("-profile %s: %s holds its scale itself; print a study at that scale with `interplay run STUDY -profile %s -print`, and change that", f.profile, name, f.profile)
	}
	if !f.asked("seed") && !f.asked("seeds") {
		return s, nil
	}
	first, count := s.Seeds[0], len(s.Seeds)
	if f.asked("seed") {
		first = f.seed
	}
	if f.asked("seeds") {
		count = f.seeds
	}
	s.Seeds = consecutive(first, count)
	return s, s.Validate()
}

// profileFrom says of an unknown profile where its name is from, and so where to give another.
func profileFrom(err error, flag bool) error {
	switch {
	case !errors.Is(err, pipeline.ErrProfile):
		return err
	case flag:
		return fmt.Errorf("-profile: %w", err)
	}
	return fmt.Errorf("INTERPLAY_PROFILE: %w", err)
}

// consecutive are count seeds from the first on.
func consecutive(first int64, count int) (seeds []int64) {
	for i := range count {
		seeds = append(seeds, first+int64(i))
	}
	return seeds
}

// ownName refuses a study that has the name of one of the project's and is another, where
// its results would be kept or shown as the project's: -out names another place.
func (f *studyFlags) ownName(s *study.Study) error {
	if differs := s.Differs(); differs != "" && f.out == "" {
		return usagef("this is not the project's study %q (%s): give it a name of its own, or a results folder with -out", s.Name, differs)
	}
	return nil
}

// runFlags are the settings of interplay run.
type runFlags struct {
	studyFlags
	plan, print bool
	sideBySide  int
	cluster     string
	afresh      bool
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run STUDY|FILE [-profile P] [-seed S] [-seeds N] [-plan] [-out DIR]",
		Short: "runs, resumes or reuses a study; -plan shows stages, cost and time",
		Long: `Runs, resumes or reuses a study: ` + strings.Join(study.Names(), ", ") + `, or a JSON file
of your own in the same form (-print shows one). Stages that are in the run folder
are reused; what a failed stage does not touch still runs. Results, which are
results.json and the files beside it, go to the folder of -out, else to
build/results/PROFILE/STUDY beside the run folder: in the project, or where INTERPLAY_RUNS
is set, in the folder that it lies in. INTERPLAY_RESULTS names another place. A FILE has
its own scale and seeds; -seed and -seeds put others in their place.`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	f.declare(c)
	f.declareRun(c.Flags())
	return c
}

func (f *runFlags) declareRun(flags *pflag.FlagSet) {
	flags.BoolVar(&f.plan, "plan", false, "show stages, what is reused, ledger, time and disk, and the seeds that each claim needs; run nothing")
	flags.BoolVar(&f.print, "print", false, "print the study as JSON; run nothing")
	flags.StringVar(&f.cluster, "cluster", "", "with -plan: forecast jobs, time and cost on the cluster of this JSON file")
	flags.BoolVar(&f.afresh, "afresh", false, "with -cluster: as if nothing were done; finished stages take what they took")
	wholeOr(flags, &f.sideBySide, "side-by-side", "one a core, four at most; one on a GPU", 1, 64, "stages at once")
}

// run runs a study, or shows its plan.
func (f *runFlags) run(c *cobra.Command, name string) error {
	if (f.cluster != "" || f.afresh) && !f.plan || f.afresh && f.cluster == "" {
		return usagef("-cluster, and -afresh with it, go with -plan: they forecast; interplay submit gives work to a cluster")
	}
	var machines *cluster.Cluster // read first: a plan takes seconds, and a wrong file none
	if f.cluster != "" {
		var err error
		if machines, err = cluster.Read(f.cluster); err != nil {
			return asUsage(err)
		}
	}
	s, err := f.study(name)
	if err != nil {
		return err
	}
	if f.print {
		text, err := json.MarshalIndent(s, "", "  ")
		fmt.Println(string(text))
		return err
	}
	store, err := openStore()
	if err != nil {
		return err
	}
	if f.sideBySide == 0 {
		f.sideBySide = pipeline.SideBySide()
	}
	if f.plan {
		return f.showPlan(s, store, machines)
	}
	if err := f.ownName(s); err != nil {
		return err
	}
	if f.out == "" {
		if f.out, err = kernelkit.ResultsFolder(s, store.Root); err != nil {
			return err
		}
	}
	data, dir, err := kernelkit.RunStudy(c.Context(), store, s, f.sideBySide, f.out)
	if err != nil {
		return err
	}
	kernelkit.ClaimsTable(data).Show()
	if len(data.Fits) > 0 {
		kernelkit.LawsTable(data).Show()
	}
	fmt.Println("results  " + dir)
	if len(data.Missing) > 0 {
		return fmt.Errorf("%d runs are missing: %s; run it again", len(data.Missing), strings.Join(data.Missing, "; "))
	}
	return nil
}

// showPlan shows what a run would do, and what it would take on machines, where some are given.
func (f *runFlags) showPlan(s *study.Study, store *pipeline.Store, machines *cluster.Cluster) error {
	plan, err := s.Plan(store, f.sideBySide)
	if err != nil {
		return err
	}
	kernelkit.PlanTable(s, plan).Show()
	if t := kernelkit.PowerTable(s); t != nil {
		t.Show()
	}
	if machines == nil {
		return nil
	}
	t, err := forecastTable(machines, plan, f.afresh)
	if err == nil {
		t.Show()
	}
	return err
}
