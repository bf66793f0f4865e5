package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"interplay/kernelkit"
	"interplay/pipeline"
)

func checkStoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check-store",
		Short: "checks every bit of the run store, and says what to delete",
		Long: `Reads the whole run store (INTERPLAY_RUNS, or runs in the project): every file of every
finished stage against its seal, every address against its recipe, every checkpoint.
Names what is not as it was left, and what to do. Changes nothing; exit status 1 when
something is wrong.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return checkStore() },
	}
}

func checkStore() error {
	store, err := openStore()
	if err != nil {
		return err
	}
	stages, faults, err := store.Check()
	if err != nil {
		return err
	}
	for _, f := range faults {
		fmt.Println("✗ " + f.String())
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s: %d finished stages, %d faults", store.Root, stages, len(faults))
	}
	fmt.Printf("✓ %s: every bit of %d finished stages is what it was\n", store.Root, stages)
	return nil
}

func whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why A B",
		Short: "says which fields make two stages' addresses differ",
		Long: `A and B are stages of the run store, by the names of their folders or the first letters
of their addresses. Lists every field of their recipes, and of those of their inputs,
that differs: the reason why one was computed again and not reused.`,
		Args: arguments("a stage", "a stage"),
		RunE: func(_ *cobra.Command, args []string) error { return why(args[0], args[1]) },
	}
}

func why(a, b string) error {
	store, err := openStore()
	if err != nil {
		return err
	}
	first, err := store.Find(a)
	if err != nil {
		return err
	}
	second, err := store.Find(b)
	if err != nil {
		return err
	}
	t := &kernelkit.Table{Title: fmt.Sprintf("Why %s and %s differ", first.Folder(), second.Folder()), Columns: []string{"stage", "field", "A", "B"}}
	for _, d := range pipeline.Why(first, second) {
		t.Add(d.Stage, d.Field, d.A, d.B)
	}
	t.Note = "Stages are named with the way to them: evaluate ← rl is the RL that the evaluation reads."
	if first.Address() == second.Address() {
		t.Note = "Nothing: they are the same stage."
	}
	t.Show()
	return nil
}
