package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/spf13/cobra"

	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
	"interplay/kernelkit/vocab"
)

// nllRow is a line of interplay nll's input and output.
type nllRow struct {
	ID   json.RawMessage `json:"id,omitempty"` // as it is written: a number may have any length
	Text string          `json:"text,omitempty"`
	IDs  []int32         `json:"ids"`
	NLL  []float32       `json:"nll"` // −log p of each token after the first, nats
}

func nllCommand() *cobra.Command {
	var f files
	c := &cobra.Command{
		Use:   "nll MODEL -in FILE -out FILE",
		Short: "log-likelihood of texts, token by token",
		Long: `Each line of the input is an object with "text" or "ids". Each line of the output has the
token ids and the negative log-likelihood of each token after the first, in nats.`,
		Args:              arguments(oneModel),
		ValidArgsFunction: completeModel,
		RunE:              func(c *cobra.Command, args []string) error { return nll(c, args[0], f) },
	}
	f.declare(c.Flags(), `JSONL of {"text"} or {"ids"}`, `file for {"ids", "nll"}, one a line`)
	return c
}

// nll computes the log-likelihood of texts.
func nll(c *cobra.Command, model string, f files) error {
	if err := f.check(); err != nil {
		return err
	}
	w, tok, err := loadModel(model)
	if err != nil {
		return err
	}
	rows, err := readTexts(f.in, tok, w)
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
	losses, err := train.NLL(c.Context(), eng, w, docs)
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
	return writeOutput(f.out, f.force, func(f *outputFile) error {
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
		switch {
		case len(row.IDs) < 2:
			return fmt.Errorf("the text has %d tokens: expected at least 2", len(row.IDs))
		case len(row.IDs) > w.Config.Context:
			return fmt.Errorf("the text has %d tokens, the model %d positions", len(row.IDs), w.Config.Context)
		}
		if err := w.Config.CheckLength(len(row.IDs)); err != nil {
			return err
		}
		if err := inVocabulary(row.IDs, w.Config); err != nil {
			return err
		}
		rows = append(rows, row)
		return nil
	})
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("%s is empty", in)
	}
	return rows, err
}
