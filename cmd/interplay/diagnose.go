package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"interplay/kernelkit"
)

func diagnoseCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:   "diagnose RUN [-json]",
		Short: "what a run's samples show: which signal tells right from wrong, dead problems, lucky answers",
		Long: `Looks at the samples of a finished run, by the name of its folder or the first letters of
its address: an evaluation, RL (the completions that it keeps, and its log), or rejection
fine-tuning. Says of length, log-prob and entropy how they correlate with being right, over
all samples and within problems; of each op how many problems are dead, how far answers are
right by wrong steps; and how entropy goes over the steps of RL.`,
		Args: arguments("a run"),
		RunE: func(_ *cobra.Command, args []string) error { return diagnoseRun(args[0], asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return c
}

func diagnoseRun(name string, asJSON bool) error {
	store, err := openStore()
	if err != nil {
		return err
	}
	d, err := kernelkit.DiagnoseRun(store, name)
	if err != nil {
		return err
	}
	if asJSON {
		text, err := json.MarshalIndent(d, "", "  ")
		fmt.Println(string(text))
		return err
	}
	d.Show()
	return nil
}
