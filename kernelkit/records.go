package kernelkit

import (
	"fmt"
	"path/filepath"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/score"
	"interplay/kernelkit/verify"
	"interplay/pipeline"
)

// record is one judged sample.
type record = evaluate.Record

// Sample is a judged sample. Its fields:
//
//	Prompt   its problem's name; Op, Mode and Context of the problem
//	Rank     which of the problem's samples it is, from 0
//	Strict   every needed step is shown and right, none is wrong, and the answer is right
//	Answer   the answer is right
//	Process  share of the needed steps that are right
//	Class    of its first fault
//	Tokens   its length; Finish, whether it ended (stop) or was cut (length)
//	LogProb  of all of it under the model, in nats; Entropy, mean over its tokens, in nats
//	Text     that the model wrote
type Sample = evaluate.Record

// Samples are all judged samples of the evaluation.
func (e *Evaluation) Samples() []Sample { return e.records }

// right is the class of a sample without a wrong step.
var right = verify.Right.String()

// read loads the evaluation's samples and counts them.
func (e *Evaluation) read() {
	e.records = must(evaluate.Read(filepath.Join(e.lab.store.Dir(e.stage), pipeline.RecordsFile)))
	e.Prompts = must(score.Summarise(evaluate.Samples(e.records)))
}

// Mean is the mean of something that you measure on each sample, on ops lo to hi, with a 95 % bootstrap interval over problems:
//
//	length := e.Mean(1, 4, func(s kernelkit.Sample) float64 { return float64(s.Tokens) })
func (e *Evaluation) Mean(lo, hi int, measure func(Sample) float64) Interval {
	sums := map[string]float64{}
	counts := map[string]float64{}
	for _, r := range e.records {
		sums[r.Prompt] += measure(r)
		counts[r.Prompt]++
	}
	return must(score.Mean(score.InOps(e.Prompts, lo, hi), func(p *score.Prompt) float64 { return sums[p.ID] / counts[p.ID] }, score.DefaultBootstrap()))
}

// Examples shows what the model wrote for one right and one wrong sample of an op,
// with the verdicts.
func (e *Evaluation) Examples(op int) {
	for _, want := range []bool{true, false} {
		for _, r := range e.records {
			if r.Op != op || r.Strict != want {
				continue
			}
			verdict := "every step right, answer right"
			if !want {
				answer := map[bool]string{true: "right", false: "wrong"}[r.Answer]
				verdict = fmt.Sprintf("answer %s, process accuracy %.2f, first fault: %s", answer, r.Process, r.Class)
			}
			Text(fmt.Sprintf("op %d, problem %s, sample %d: %s", op, r.Prompt, r.Rank, verdict), r.Text)
			break
		}
	}
}
