package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"interplay/kernelkit/authors"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/strict"
	"interplay/kernelkit/verify"
)

// verifyFlags are the settings of interplay verify.
type verifyFlags struct {
	files
	reference, keepGoing bool
	workers              int
}

func verifyCommand() *cobra.Command {
	f := verifyFlags{workers: runtime.NumCPU()}
	c := &cobra.Command{
		Use:   "verify -in FILE -out FILE [-reference] [-keep-going]",
		Short: "judges predictions, JSONL {problem, prediction} to verdicts",
		Long: `Each line of the input is an object with
  "problem"     a problem as interplay generate writes it, graph included
  "prediction"  what a model wrote after the prompt
Verdicts come from executing every step and comparing with the graph. With
-reference they are those of the authors' code, and the problem needs only
"solution" (and "answer"). Then the authors' records do too: the fields of the
problem may stand beside the prediction, which may be called "gen_solution_answer".`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context()) },
	}
	flags := c.Flags()
	f.declare(flags, `JSONL of {"problem", "prediction"}`, "file for the verdicts, one a line in the order of the input")
	flags.BoolVar(&f.reference, "reference", false, "judge as the authors' code does, against the problem's solution text")
	flags.BoolVar(&f.keepGoing, "keep-going", false, "leave out malformed lines and count them, instead of ending at the first")
	whole(flags, &f.workers, "workers", 1, maxWorkers, "parallel workers; the output does not depend on it")
	return c
}

// run judges predictions, one JSON object a line, and writes one verdict a line.
func (f *verifyFlags) run(ctx context.Context) error {
	if err := f.check(); err != nil {
		return err
	}
	in, err := openInput(f.in)
	if err != nil {
		return err
	}
	defer in.Close()
	var tally verifyTally
	err = writeOutput(f.out, f.force, func(out *outputFile) error { return f.judgeAll(ctx, in, out, &tally) })
	for _, e := range tally.firstErrors {
		fmt.Fprintln(os.Stderr, "interplay verify: left out: "+e.Error())
	}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk that holds %s is full: free some space or write elsewhere; nothing was left behind (%w)", f.out, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: the folder %s does not exist", f.out, filepath.Dir(f.out))
	case err != nil:
		return err
	}
	fmt.Fprintln(os.Stderr, tally.String())
	return nil
}

// verifyTally is the summary of a run.
type verifyTally struct {
	lines, right, answers, malformed int
	process                          float64
	firstErrors                      []error
}

func (t *verifyTally) String() string {
	text := fmt.Sprintf("%d predictions", t.lines)
	if t.lines > 0 {
		n := float64(t.lines)
		text += fmt.Sprintf(": process and answer right %.4f, answer right %.4f, mean process accuracy %.4f",
			float64(t.right)/n, float64(t.answers)/n, t.process/n)
	}
	if t.malformed > 0 {
		text += fmt.Sprintf("; %d malformed lines left out", t.malformed)
	}
	return text
}

// verifyBatch is a run of lines that one worker judges; whoever receives from done
// may read the results.
type verifyBatch struct {
	lines []numberedLine
	bytes int
	done  chan struct{}

	out   bytes.Buffer
	tally verifyTally
	errs  []error
}

type numberedLine struct {
	n    int
	text []byte
}

// A batch ends with so many lines or bytes.
const (
	batchLines = 64
	batchBytes = 1 << 20
)

// judgeAll reads, judges in parallel and writes in order, in constant memory.
func (f *verifyFlags) judgeAll(ctx context.Context, in io.Reader, out io.Writer, total *verifyTally) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ordered := make(chan *verifyBatch, 2*f.workers)
	work := make(chan *verifyBatch, 2*f.workers)
	readErr := make(chan error, 1)
	go func() {
		readErr <- f.readBatches(ctx, in, work, ordered)
		close(work)
		close(ordered)
	}()
	var workers sync.WaitGroup
	for range f.workers {
		workers.Go(func() {
			for b := range work {
				b.judge(f.reference)
				close(b.done)
			}
		})
	}
	interrupted := fmt.Errorf("interrupted: %s was not written", f.out)
	w := bufio.NewWriterSize(out, 1<<20)
	for {
		select {
		case <-ctx.Done():
			return interrupted
		case b, more := <-ordered:
			if !more {
				workers.Wait()
				switch err := <-readErr; {
				case err == nil:
					return w.Flush()
				case ctx.Err() != nil:
					return interrupted
				default:
					return err
				}
			}
			<-b.done
			if err := f.take(b, total); err != nil {
				return err
			}
			if _, err := w.Write(b.out.Bytes()); err != nil {
				return err
			}
		}
	}
}

// take adds a judged batch to the total; a malformed line is an error unless -keep-going.
func (f *verifyFlags) take(b *verifyBatch, total *verifyTally) error {
	for _, err := range b.errs {
		if !f.keepGoing {
			return err
		}
		total.malformed++
		if len(total.firstErrors) < 5 {
			total.firstErrors = append(total.firstErrors, err)
		}
	}
	total.lines += b.tally.lines
	total.right += b.tally.right
	total.answers += b.tally.answers
	total.process += b.tally.process
	return nil
}

// readBatches sends every batch to a worker and, in order, to the writer.
func (f *verifyFlags) readBatches(ctx context.Context, in io.Reader, work, ordered chan<- *verifyBatch) error {
	send := func(b *verifyBatch) bool {
		select {
		case ordered <- b:
		case <-ctx.Done():
			return false
		}
		work <- b // workers take everything until the channel is closed
		return true
	}
	b := &verifyBatch{done: make(chan struct{})}
	err := strict.Lines(in, func(n int, line []byte) error {
		b.lines = append(b.lines, numberedLine{n, bytes.Clone(line)})
		b.bytes += len(line)
		if len(b.lines) < batchLines && b.bytes < batchBytes {
			return nil
		}
		full := b
		b = &verifyBatch{done: make(chan struct{})}
		if !send(full) {
			return ctx.Err()
		}
		return nil
	})
	if len(b.lines) > 0 {
		send(b)
	}
	return err
}

func (b *verifyBatch) judge(reference bool) {
	encoder := json.NewEncoder(&b.out)
	encoder.SetEscapeHTML(false)
	for _, line := range b.lines {
		row, verdict, err := verifyLine(line.text, reference)
		if err == nil {
			row.Line = line.n
			err = encoder.Encode(verdict)
		}
		if err != nil {
			b.errs = append(b.errs, fmt.Errorf("line %d: %w", line.n, err))
			continue
		}
		b.tally.lines++
		b.tally.process += row.process
		if row.right {
			b.tally.right++
		}
		if row.answer {
			b.tally.answers++
		}
	}
	b.lines = nil
}

// soundRow and referenceRow are the lines of the output.
type soundRow struct {
	*verifyRow
	*verify.Verdict
}

type referenceRow struct {
	*verifyRow
	*authors.Verdict
}

// verifyRow says which prediction a line of the output is about.
type verifyRow struct {
	Line    int             `json:"line"` // of the input, from 1
	ID      json.RawMessage `json:"id,omitempty"`
	Op      json.RawMessage `json:"op,omitempty"`
	Context string          `json:"context,omitempty"` // or template
	Mode    string          `json:"mode,omitempty"`

	right, answer bool
	process       float64
}

// verifyRecord is a line of the input: the fields of a problem record as far as
// the authors' way needs them, which may also stand beside the prediction.
type verifyRecord struct {
	ID       json.RawMessage `json:"id"`
	Op       json.RawMessage `json:"op"`
	Context  string          `json:"context"`
	Template string          `json:"template"`
	Mode     string          `json:"mode"`
	Solution *string         `json:"solution"`
	Answer   json.RawMessage `json:"answer"`
}

// predictionOf is the line itself. Pointers tell null and missing from empty.
type predictionOf struct {
	verifyRecord
	Problem    json.RawMessage `json:"problem"`
	Prediction json.RawMessage `json:"prediction"`
	Generated  json.RawMessage `json:"gen_solution_answer"` // the authors' key
}

// verifyLine judges one line. The verdict is the output, which contains row.
func verifyLine(line []byte, reference bool) (row *verifyRow, verdict any, err error) {
	var r predictionOf
	if err := strict.Record(line, &r); err != nil {
		return nil, nil, fmt.Errorf(`expected a JSON object {"problem", "prediction"}: %w`, err)
	}
	prediction, err := r.prediction()
	if err != nil {
		return nil, nil, err
	}
	record := r.verifyRecord
	nested := len(r.Problem) > 0 && r.Problem[0] == '{'
	if nested {
		record = verifyRecord{}
		if err := strict.Record(r.Problem, &record); err != nil {
			return nil, nil, fmt.Errorf(`field "problem": expected a problem record: %w`, err)
		}
		if len(r.ID) > 0 { // of the prediction, if it has its own
			record.ID = r.ID
		}
	}
	row = &verifyRow{ID: record.ID, Op: record.Op, Context: record.Context, Mode: record.Mode}
	if row.Context == "" {
		row.Context = record.Template
	}
	if reference {
		v, err := row.judgeReference(&record, prediction)
		return row, referenceRow{row, v}, err
	}
	problem := r.Problem
	if !nested {
		problem = line
	}
	v, err := row.judgeSound(problem, prediction)
	return row, soundRow{row, v}, err
}

func (r *predictionOf) prediction() (string, error) {
	raw := r.Prediction
	if raw == nil {
		raw = r.Generated
	}
	var text *string
	if raw == nil {
		return "", errors.New(`field "prediction" is missing: expected the text that a model wrote after the prompt ("gen_solution_answer" does too)`)
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", fmt.Errorf(`field "prediction": expected a string, found %.40s`, raw)
	}
	if text == nil { // null: no solution was made
		return "", nil
	}
	return *text, nil
}

// judgeReference takes the gold answer from the gold solution as the authors do,
// and the field "answer" where that has none.
func (row *verifyRow) judgeReference(r *verifyRecord, prediction string) (*authors.Verdict, error) {
	if r.Solution == nil || strings.TrimSpace(*r.Solution) == "" {
		return nil, errors.New(`field "solution" is missing or empty: -reference compares with the gold solution of the problem`)
	}
	answer := strings.TrimRight(authors.ExtractFlexibleAnswer(*r.Solution), ".")
	if answer == "" && len(r.Answer) > 0 {
		answer = strings.Trim(string(r.Answer), `"`)
		if err := json.Unmarshal(r.Answer, &answer); err != nil && r.Answer[0] == '"' {
			return nil, fmt.Errorf(`field "answer": %w`, err)
		}
	}
	v := authors.NewGold(*r.Solution, answer).Judge(prediction)
	row.right = v.Kind == "perfect"
	row.answer = v.Flexible.Outcome
	if v.Findings != nil {
		row.process = v.ProcessAcc
	}
	return &v, nil
}

func (row *verifyRow) judgeSound(problem []byte, prediction string) (*verify.Verdict, error) {
	p := new(gsm.Problem)
	if err := json.Unmarshal(problem, p); err != nil {
		return nil, fmt.Errorf("expected a problem as interplay generate writes it, or -reference for the authors' records: %w", strict.Plain(err))
	}
	switch {
	case p.Graph == nil:
		return nil, errors.New(`the problem has no field "graph": expected a problem as interplay generate writes it, or -reference, which needs the solution only`)
	case len(p.Names) != len(p.Graph.Nodes):
		return nil, fmt.Errorf("the problem has %d names for %d nodes: expected one each; -reference needs the solution only", len(p.Names), len(p.Graph.Nodes))
	case p.Context == "":
		return nil, errors.New(`the problem has no field "context"`)
	}
	if err := p.Graph.Validate(); err != nil {
		return nil, fmt.Errorf("the problem's graph: %w", err)
	}
	v := verify.Judge(p, prediction)
	row.right, row.answer, row.process = v.Strict, v.Answer, v.ProcessAcc
	return &v, nil
}
