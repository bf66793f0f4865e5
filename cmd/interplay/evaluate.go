package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"interplay/kernelkit"
	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/rollout"
	"interplay/pipeline"
)

// evaluateFlags are the settings of interplay evaluate.
type evaluateFlags struct {
	ops, contexts, split, out string
	reverse                   bool
	rows                      int
	pipeline.Evaluation
}

func evaluateCommand() *cobra.Command {
	f := evaluateFlags{Evaluation: pipeline.Evaluation{Problems: 128, Samples: 16, Temperature: 1, MaxTokens: 256, Seed: 1}}
	c := &cobra.Command{
		Use:   "evaluate MODEL -op 1-8 -context A -out DIR [-problems N] [-n K] [-temperature T]",
		Short: "samples a model on held-out problems, judges every step, finds its edge",
		Long: `Samples K completions of N held-out problems of each op, context and mode, judges every
step, and keeps every sample in DIR/samples.parquet. Ends with a table: strict pass@1 and
pass@K of each op, and whether the op is solved, the model's edge, or beyond it. An
interrupted evaluation goes on where it was. The paper's setting: -problems 200 -n 128
-temperature 0.7 -max-tokens 1024.`,
		Args:              arguments(oneModel),
		ValidArgsFunction: completeModel,
		RunE:              func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	flags := c.Flags()
	flags.StringVar(&f.ops, "op", "", "operations: 7 or 1-8")
	flags.StringVar(&f.contexts, "context", "A", "contexts: A,B or zoo,school,movie")
	flags.StringVar(&f.split, "split", "test", "test, validation or rl; train are problems that models have met in training")
	flags.BoolVar(&f.reverse, "reverse", false, "reverse mode beside forward mode; the realistic family only")
	whole(flags, &f.Problems, "problems", 1, 1<<16, "problems of each op, context and mode")
	whole(flags, &f.Samples, "n", 1, maxSamples, "completions of a problem")
	temperatureFlag(flags, &f.Temperature, "of sampling; 0 takes the most likely token")
	whole(flags, &f.MaxTokens, "max-tokens", 1, maxTokens, "longest completion")
	seedFlag(flags, &f.Seed, "seed", "seed of problems and noise")
	rowsFlag(flags, &f.rows)
	flags.StringVar(&f.out, "out", "", "folder of the evaluation; one that was interrupted goes on")
	completeProblems(c)
	return c
}

// recipe checks what is asked for.
func (f *evaluateFlags) recipe() (r pipeline.Evaluation, err error) {
	r = f.Evaluation
	if f.ops == "" || f.out == "" {
		return r, errors.New("-op RANGE and -out DIR are needed: which problems, and where to")
	}
	if err := r.Split.UnmarshalText([]byte(f.split)); err != nil {
		return r, err
	}
	if r.Data, err = evaluationSpec(f.ops, f.contexts, f.reverse); err != nil {
		return r, err
	}
	return r, r.Validate()
}

// run evaluates a model on held-out problems.
func (f *evaluateFlags) run(c *cobra.Command, model string) error {
	r, err := f.recipe()
	if err != nil {
		return asUsage(err)
	}
	if err := r.HeldOut(); err != nil {
		fmt.Fprintf(os.Stderr, "note: %v; what it does on them says little of new ones\n", err)
	}
	w, tok, err := loadModel(model)
	if err != nil {
		return err
	}
	problems, err := r.Set()
	if err != nil {
		return err
	}
	eng, err := openEngine()
	if err != nil {
		return err
	}
	job := evaluate.Job{Weights: w, Tokenizer: tok, Problems: problems, KeepText: true, Sampling: rollout.Options{
		Samples: r.Samples, MaxTokens: r.MaxTokens, Temperature: r.Temperature, Greedy: r.Temperature == 0, Seed: r.Seed, Rows: f.rows}}
	line := newProgress("samples")
	path, err := evaluate.Run(c.Context(), eng, job, f.out, func(p evaluate.Progress) {
		if p.Damage != "" {
			fmt.Fprintln(os.Stderr, "note: "+p.Damage)
			return
		}
		line.show(p.Done, p.Total, p.SamplesPerSecond, p.SecondsLeft)
	})
	line.end()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted; what was done is in %s, the same command goes on there", f.out)
	} else if err != nil {
		return err
	}
	records, err := evaluate.Read(path)
	if err != nil {
		return err
	}
	edge, err := kernelkit.FindEdge(modelName(model), evaluate.Samples(records))
	if err != nil {
		return err
	}
	edge.Table().Show()
	fmt.Println("samples  " + path)
	return nil
}

// modelName is what a table calls the model in a folder: a stage of the run store keeps its
// own in a folder "model".
func modelName(dir string) string {
	name := filepath.Base(dir)
	if full, err := filepath.Abs(dir); err == nil && filepath.Base(full) == pipeline.ModelDir {
		name = filepath.Base(filepath.Dir(full))
	}
	return name
}

// evaluationSpec spreads problems evenly over ops and contexts.
func evaluationSpec(ops, contexts string, reverse bool) (gsm.Spec, error) {
	f := generateFlags{ops: ops, contexts: contexts, mode: "forward", sampler: "steered", unit: "samples", given: map[string]bool{"context": true}}
	if reverse {
		f.mode = "both"
	}
	return f.spec()
}
