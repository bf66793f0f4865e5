package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"interplay/kernelkit"
	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/rollout"
	"interplay/pipeline"
)

const evaluateUsage = `usage: interplay evaluate MODEL -op 1-8 -context A -out DIR [-problems N] [-n K] [-temperature T]

Samples K completions of N held-out problems of each op, context and mode, judges every
step, and keeps every sample in DIR/samples.parquet. Ends with a table: strict pass@1 and
pass@K of each op, and whether the op is solved, the model's edge, or beyond it. An
interrupted evaluation goes on where it was. The paper's setting: -problems 200 -n 128
-temperature 0.7 -max-tokens 1024.

`

// runEvaluate evaluates a model on held-out problems.
func runEvaluate(args []string) error {
	flags := flag.NewFlagSet("evaluate", flag.ContinueOnError)
	ops := flags.String("op", "", "operations: 7 or 1-8")
	contexts := flags.String("context", "A", "contexts: A,B or zoo,school,movie")
	split := flags.String("split", "test", "test, validation, rl or train")
	reverse := flags.Bool("reverse", false, "reverse mode beside forward mode; the realistic family only")
	r := pipeline.Evaluation{}
	flags.IntVar(&r.Problems, "problems", 128, "problems of each op, context and mode")
	flags.IntVar(&r.Samples, "n", 16, "completions of a problem")
	flags.Float64Var(&r.Temperature, "temperature", 1, "of sampling; 0 takes the most likely token")
	flags.IntVar(&r.MaxTokens, "max-tokens", 256, "longest completion")
	flags.Int64Var(&r.Seed, "seed", 1, "seed of problems and noise")
	rows := flags.Int("batch", 0, "completions in flight, 0: a default; results do not depend on it")
	out := flags.String("out", "", "folder of the evaluation; one that was interrupted goes on")
	model, err := parseWithModel(flags, evaluateUsage, args)
	if err != nil {
		return err
	}
	if *ops == "" || *out == "" {
		return errors.New("-op RANGE and -out DIR are needed: which problems, and where to")
	}
	if err := r.Split.UnmarshalText([]byte(*split)); err != nil {
		return err
	}
	if r.Data, err = evaluationSpec(*ops, *contexts, *reverse); err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	job := evaluate.Job{Weights: w, Tokenizer: tok, Problems: problems, KeepText: true, Sampling: rollout.Options{
		Samples: r.Samples, MaxTokens: r.MaxTokens, Temperature: r.Temperature, Greedy: r.Temperature == 0, Seed: r.Seed, Rows: *rows}}
	line := newTicker("samples")
	path, err := evaluate.Run(ctx, eng, job, *out, func(p evaluate.Progress) {
		line.show(p.Done, p.Total, p.SamplesPerSecond, p.SecondsLeft)
	})
	line.end()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted; what was done is in %s, the same command goes on there", *out)
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
