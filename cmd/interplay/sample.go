package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"syscall"
	"time"

	"interplay/kernelkit/qwen"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/train"
	"interplay/kernelkit/vocab"
)

// sampleRow is a line of interplay sample's input.
type sampleRow struct {
	ID     any     `json:"id,omitempty"`
	Prompt string  `json:"prompt,omitempty"`
	IDs    []int32 `json:"ids,omitempty"`
}

// sampledRow is a line of its output: one prompt with its completions.
type sampledRow struct {
	ID          any                `json:"id,omitempty"`
	Prompt      string             `json:"prompt"`
	Completions []sampleCompletion `json:"completions"`
}

type sampleCompletion struct {
	IDs      []int32   `json:"ids"`
	Text     string    `json:"text"`
	LogProbs []float32 `json:"logprobs"` // of the model at temperature 1, one a token, nats
	Finish   string    `json:"finish"`   // stop or length
}

const sampleUsage = `usage: interplay sample MODEL -in FILE -out FILE [-n K] [-temperature T] [-seed S] [-max-tokens M]

Each line of the input is an object with "prompt" (text) or "ids" (tokens), and
optionally "id". Each line of the output has the prompt and its K completions:
ids, text, log-probs, and why each ended. Sample k of prompt i depends on the
seed, i and k alone, not on the other lines or on the size of batches.

`

// runSample samples completions of prompts.
func runSample(args []string) error {
	flags := flag.NewFlagSet("sample", flag.ContinueOnError)
	in := flags.String("in", "", `JSONL of {"prompt"} or {"ids"}; - for standard input`)
	out := flags.String("out", "", "file for the completions, one prompt a line; - for standard output")
	force := flags.Bool("force", false, "replace an existing file")
	var opt rollout.Options
	flags.IntVar(&opt.Samples, "n", 1, "completions a prompt")
	flags.Float64Var(&opt.Temperature, "temperature", 1, "logits are divided by it; 0 takes the most likely token")
	flags.Float64Var(&opt.TopP, "top-p", 1, "only the most likely tokens that together reach this probability")
	flags.IntVar(&opt.TopK, "top-k", 0, "only the k most likely tokens; 0: all")
	flags.Int64Var(&opt.Seed, "seed", 1, "seed of the sampling noise")
	flags.IntVar(&opt.MaxTokens, "max-tokens", 256, "longest completion")
	flags.IntVar(&opt.Rows, "batch", 0, "completions in flight, 0: a default; results do not depend on it")
	model, err := parseWithModel(flags, sampleUsage, args)
	if err != nil {
		return err
	}
	if *in == "" || *out == "" {
		return errors.New("-in FILE and -out FILE are needed; - is standard input or output")
	}
	if opt.Temperature == 0 {
		opt.Greedy = true
	}
	w, tok, err := loadModel(model)
	if err != nil {
		return err
	}
	rows, prompts, err := readPrompts(*in, tok)
	if err != nil {
		return err
	}
	eng, err := openEngine()
	if err != nil {
		return err
	}
	opt.Stop = rollout.Stops(tok)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	sampler := rollout.New(eng, w.Config)
	defer sampler.Close()
	line := newTicker("samples")
	completions, err := sampler.Sample(ctx, w, prompts, opt, line.update)
	line.end()
	if err != nil {
		return err
	}
	return writeOutput(*out, *force, func(f *outputFile) error {
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

// parseWithModel parses MODEL and flags, in either order.
func parseWithModel(flags *flag.FlagSet, usage string, args []string) (model string, err error) {
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		model, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	rest := flags.Args()
	if model == "" && len(rest) > 0 {
		model, rest = rest[0], rest[1:]
	}
	if model == "" {
		return "", errors.New("a model is needed: a Hugging Face folder, or a run's name or folder")
	}
	if len(rest) > 0 {
		return "", fmt.Errorf("unexpected argument %q", rest[0])
	}
	return model, nil
}

// readPrompts reads prompts and encodes them.
func readPrompts(in string, tok *vocab.Tokenizer) ([]sampleRow, [][]int32, error) {
	var rows []sampleRow
	var prompts [][]int32
	err := readLines(in, func(n int, row sampleRow) error {
		ids := row.IDs
		if len(ids) == 0 {
			if row.Prompt == "" {
				return fmt.Errorf(`expected "prompt" or "ids", found neither`)
			}
			var err error
			if ids, err = tok.Encode(row.Prompt); err != nil {
				return err
			}
		}
		rows, prompts = append(rows, row), append(prompts, ids)
		return nil
	})
	return rows, prompts, err
}

// nllRow is a line of interplay nll's input and output.
type nllRow struct {
	ID   any       `json:"id,omitempty"`
	Text string    `json:"text,omitempty"`
	IDs  []int32   `json:"ids"`
	NLL  []float32 `json:"nll"` // −log p of each token after the first, nats
}

const nllUsage = `usage: interplay nll MODEL -in FILE -out FILE

Each line of the input is an object with "text". Each line of the output has the
token ids and the negative log-likelihood of each token after the first, in nats.

`

// runNLL computes the log-likelihood of texts.
func runNLL(args []string) error {
	flags := flag.NewFlagSet("nll", flag.ContinueOnError)
	in := flags.String("in", "", `JSONL of {"text"}; - for standard input`)
	out := flags.String("out", "", `file for {"ids", "nll"}, one a line; - for standard output`)
	force := flags.Bool("force", false, "replace an existing file")
	model, err := parseWithModel(flags, nllUsage, args)
	if err != nil {
		return err
	}
	if *in == "" || *out == "" {
		return errors.New("-in FILE and -out FILE are needed; - is standard input or output")
	}
	w, tok, err := loadModel(model)
	if err != nil {
		return err
	}
	rows, err := readTexts(*in, tok, w)
	if err != nil {
		return err
	}
	docs := make([]train.Document, len(rows))
	for i, row := range rows {
		docs[i] = train.Document{IDs: row.IDs, LossFrom: 1}
	}
	eng, err := openEngine()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	losses, err := train.NLL(ctx, eng, w, docs)
	if err != nil {
		return err
	}
	sum, count := 0.0, 0
	for _, l := range losses {
		for _, v := range l {
			sum += float64(v)
			count++
		}
	}
	fmt.Fprintf(os.Stderr, "%d texts, %d tokens, mean %.4f nats a token, perplexity %.3f\n", len(rows), count, sum/float64(count), math.Exp(sum/float64(count)))
	return writeOutput(*out, *force, func(f *outputFile) error {
		for i, row := range rows {
			row.NLL = losses[i]
			if err := f.writeLine(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// readTexts reads texts and encodes them.
func readTexts(in string, tok *vocab.Tokenizer, w *qwen.Weights) ([]nllRow, error) {
	var rows []nllRow
	err := readLines(in, func(n int, row nllRow) error {
		if len(row.IDs) == 0 {
			var err error
			if row.IDs, err = tok.Encode(row.Text); err != nil {
				return err
			}
		}
		if len(row.IDs) < 2 {
			return fmt.Errorf("the text has %d tokens: expected at least 2", len(row.IDs))
		}
		for _, id := range row.IDs {
			if int(id) >= w.Config.VocabSize {
				return fmt.Errorf("token id %d is out of the model's range of %d", id, w.Config.VocabSize)
			}
		}
		rows = append(rows, row)
		return nil
	})
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("%s is empty", in)
	}
	return rows, err
}

// ticker prints progress as one line on a terminal's standard error.
type ticker struct {
	unit  string
	start time.Time
	last  time.Time
}

func newTicker(unit string) *ticker { return &ticker{unit: unit, start: time.Now()} }

func (t *ticker) update(done, total int) {
	rate := float64(done) / time.Since(t.start).Seconds()
	t.show(done, total, rate, float64(total-done)/rate)
}

// show prints a line whose rate (units a second) and seconds left the caller knows.
func (t *ticker) show(done, total int, rate, seconds float64) {
	if time.Since(t.last) < 500*time.Millisecond && done < total {
		return
	}
	t.last = time.Now()
	left := time.Duration(seconds * float64(time.Second))
	fmt.Fprintf(os.Stderr, "\r\x1b[K%d of %d %s · %.0f %s/s · %s left", done, total, t.unit, rate, t.unit, left.Round(time.Second))
}

func (t *ticker) end() {
	if !t.last.IsZero() {
		fmt.Fprintln(os.Stderr)
	}
}
