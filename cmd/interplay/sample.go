package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"interplay/kernelkit/qwen"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/vocab"
)

// sampleRow is a line of interplay sample's input.
type sampleRow struct {
	ID     json.RawMessage `json:"id,omitempty"` // as it is written: a number may have any length
	Prompt string          `json:"prompt,omitempty"`
	IDs    []int32         `json:"ids,omitempty"`
}

// sampledRow is a line of its output: one prompt with its completions.
type sampledRow struct {
	ID          json.RawMessage    `json:"id,omitempty"`
	Prompt      string             `json:"prompt"`
	Completions []sampleCompletion `json:"completions"`
}

type sampleCompletion struct {
	IDs      []int32   `json:"ids"`
	Text     string    `json:"text"`
	LogProbs []float32 `json:"logprobs"` // of the model at temperature 1, one a token, nats
	Finish   string    `json:"finish"`   // stop or length
}

// sampleFlags are the settings of interplay sample.
type sampleFlags struct {
	files
	rollout.Options
}

func sampleCommand() *cobra.Command {
	f := sampleFlags{Options: rollout.Options{Samples: 1, Temperature: 1, TopP: 1, Seed: 1, MaxTokens: 256}}
	c := &cobra.Command{
		Use:   "sample MODEL -in FILE -out FILE [-n K] [-temperature T] [-seed S] [-max-tokens M]",
		Short: "samples completions of prompts",
		Long: `Each line of the input is an object with "prompt" (text) or "ids" (tokens), and
optionally "id". Each line of the output has the prompt and its K completions:
ids, text, log-probs, and why each ended. Sample k of prompt i depends on the
seed, i and k alone, not on the other lines or on the size of batches.`,
		Args:              arguments(oneModel),
		ValidArgsFunction: completeModel,
		RunE:              func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	flags := c.Flags()
	f.declare(flags, `JSONL of {"prompt"} or {"ids"}`, "file for the completions, one prompt a line")
	whole(flags, &f.Samples, "n", 1, maxSamples, "completions a prompt")
	temperatureFlag(flags, &f.Temperature, "logits are divided by it; 0 takes the most likely token")
	fraction(flags, &f.TopP, "top-p", 0.0001, 1, "only the most likely tokens that together reach this probability; 1: all")
	whole(flags, &f.TopK, "top-k", 0, maxTokens, "only the k most likely tokens; 0: all")
	seedFlag(flags, &f.Seed, "seed", "seed of the sampling noise")
	whole(flags, &f.MaxTokens, "max-tokens", 1, maxTokens, "longest completion")
	rowsFlag(flags, &f.Rows)
	return c
}

// run samples completions of prompts.
func (f *sampleFlags) run(c *cobra.Command, model string) error {
	if err := f.check(); err != nil {
		return err
	}
	opt := f.Options
	opt.Greedy = opt.Temperature == 0
	w, tok, err := loadModel(model)
	if err != nil {
		return err
	}
	rows, prompts, err := f.readPrompts(tok, w.Config)
	if err != nil {
		return err
	}
	eng, err := openEngine()
	if err != nil {
		return err
	}
	opt.Stop = rollout.Stops(tok)
	sampler := rollout.New(eng, w.Config)
	line := newProgress("samples")
	completions, err := sampler.Sample(c.Context(), w, prompts, opt, line.update)
	line.end()
	if err != nil {
		return err
	}
	return writeOutput(f.out, f.force, func(f *outputFile) error {
		for i, row := range rows {
			result := sampledRow{ID: row.ID, Prompt: tok.Decode(prompts[i])}
			for _, c := range completions[i] {
				result.Completions = append(result.Completions, sampleCompletion{c.IDs, c.Text(tok), c.LogProbs, c.Finish.String()})
			}
			if err := f.writeLine(result); err != nil {
				return err
			}
		}
		return nil
	})
}

// readPrompts reads prompts and encodes them.
func (f *sampleFlags) readPrompts(tok *vocab.Tokenizer, model qwen.Config) ([]sampleRow, [][]int32, error) {
	var rows []sampleRow
	var prompts [][]int32
	err := readLines(f.in, func(n int, row sampleRow) error {
		ids := row.IDs
		if len(ids) == 0 {
			if row.Prompt == "" {
				return errors.New(`expected "prompt" or "ids", found neither`)
			}
			var err error
			if ids, err = tok.Encode(row.Prompt); err != nil {
				return err
			}
		}
		if err := inVocabulary(ids, model); err != nil {
			return err
		}
		if len(ids)+f.MaxTokens > model.Context {
			return fmt.Errorf("the prompt has %d tokens and -max-tokens is %d: together more than the model's %d positions", len(ids), f.MaxTokens, model.Context)
		}
		if err := model.CheckLength(len(ids)); err != nil {
			return err
		}
		if len(rows)*f.Samples >= maxCompletions {
			return fmt.Errorf("more than %d completions in one run, -n %d a prompt: split the input", maxCompletions, f.Samples)
		}
		row.IDs, row.Prompt = nil, ""
		rows, prompts = append(rows, row), append(prompts, ids)
		return nil
	})
	return rows, prompts, err
}

// maxCompletions is how many completions one run keeps until it writes them.
const maxCompletions = 1 << 20

// inVocabulary refuses ids that the model does not have.
func inVocabulary(ids []int32, model qwen.Config) error {
	for i, id := range ids {
		if id < 0 || int(id) >= model.VocabSize {
			return fmt.Errorf("token %d has the id %d: expected 0 to %d, the model's vocabulary", i, id, model.VocabSize-1)
		}
	}
	return nil
}
