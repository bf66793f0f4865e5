package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
	"interplay/kernelkit/vocab"
)

// Files of a model stage's folder.
const (
	ModelDir   = "model" // config.json, model.safetensors, tokenizer.json
	MetricsLog = "metrics.jsonl"
)

// Backend opens the engine once for the process: opening takes a fifth of a
// second, and compiled programs belong to it.
var Backend = sync.OnceValues(func() (*engine.Engine, error) { return engine.Open("") })

// open opens the backend, whose name goes on record.
func (j *Job) open() (*engine.Engine, error) {
	eng, err := Backend()
	if err == nil {
		*j.Backend = eng.Name
	}
	return eng, err
}

// model reads the first input's model, as it was at a milestone where checkpoint is not
// 0, and the tokenizer beside it.
func (j *Job) model(checkpoint int) (*qwen.Weights, *vocab.Tokenizer, error) {
	dir := filepath.Join(j.Input[0], modelDir(checkpoint))
	w, err := qwen.Load(dir)
	if err != nil {
		return nil, nil, err
	}
	tok, err := vocab.Load(filepath.Join(dir, vocab.File))
	return w, tok, err
}

// Pretrain is the stage of a training recipe. from is the model that it goes on
// from (mid-training, fine-tuning), or nil for fresh weights.
func Pretrain(label string, r Pretraining, from *Stage) *Stage {
	s := &Stage{Kind: "train", Format: 2, Recipe: r, Contents: contents(r.Data.Family, r.Contexts()), Label: label, Plan: r.Estimate()}
	if from != nil {
		s.Inputs = []*Stage{from}
	}
	s.Work = func(j *Job) error { return pretrain(j, r) }
	return s
}

func pretrain(j *Job, r Pretraining) error {
	if err := r.Validate(); err != nil {
		return err
	}
	eng, err := j.open()
	if err != nil {
		return err
	}
	start, tok, err := startModel(j, r)
	if err != nil {
		return err
	}
	if got, limit := tok.Size(), start.Config.VocabSize; got > limit {
		return fmt.Errorf("vocab_size is %d: the tokenizer of these problems has %d tokens, expected at least as many", limit, got)
	}
	docs, err := documents(r, r.Split, tok)
	if err != nil {
		return err
	}
	if r.Train.EvalEvery > 0 {
		if r.Train.Held, err = documents(r, gsm.Validation, tok); err != nil {
			return err
		}
	}
	var last train.Metrics
	work := filepath.Join(j.Dir, WorkDir)
	if err := j.dropDamagedMilestones(work, r); err != nil {
		return err
	}
	weights, err := train.Run(j.Context, eng, start, docs, r.Train, work, func(m train.Metrics) {
		last = m
		j.tellDamage(m.Damage)
		j.Progress(Progress{Done: float64(m.Step), Total: float64(m.Steps), Unit: "steps",
			Rate: m.TokensPerSecond, RateUnit: "tokens", Measured: "loss (nats a token)", Value: m.Loss, Note: fmt.Sprintf("loss %.3f", m.Loss)})
	})
	if err != nil {
		return err
	}
	if last.Steps == 0 { // every step was done before this process
		if err := lastLine(filepath.Join(work, train.MetricsFile), &last); err != nil {
			return err
		}
	}
	*j.Spent = trainingCost(start.Config, last.Tokens, r.Train.Seq)
	for _, step := range r.Milestones() {
		_, w, _, _, err := train.LoadCheckpoint(train.CheckpointDir(work, step))
		if err != nil {
			return err
		}
		if err := saveModel(filepath.Join(j.Dir, modelDir(step)), w, tok); err != nil {
			return err
		}
	}
	return sealModel(j, weights, tok)
}

// tellDamage shows the user what was found damaged when a run was taken up, if anything was.
func (j *Job) tellDamage(damage string) {
	if damage != "" {
		j.Mended("%s", damage)
	}
}

// Milestones are the steps before the last whose models the stage keeps.
func (r Pretraining) Milestones() []int {
	c := r.Train
	var steps []int
	for step := c.MilestoneEvery; c.MilestoneEvery > 0 && step < c.Steps; step += c.MilestoneEvery {
		steps = append(steps, step)
	}
	return steps
}

// dropDamagedMilestones removes the first milestone of an interrupted run that is not what
// was saved, and all later checkpoints: training goes on from before it, to the same bytes.
func (j *Job) dropDamagedMilestones(work string, r Pretraining) error {
	folders, steps, err := train.Checkpoints(work)
	if err != nil || len(steps) == 0 {
		return err
	}
	for _, milestone := range r.Milestones() {
		if milestone > steps[len(steps)-1] {
			return nil
		}
		_, _, _, _, err := train.LoadCheckpoint(train.CheckpointDir(work, milestone))
		if err == nil {
			continue
		}
		from := "the start"
		for _, step := range steps {
			if step < milestone {
				from = fmt.Sprintf("step %d", step)
			} else if err := os.RemoveAll(folders[step]); err != nil {
				return err
			}
		}
		j.Mended("milestone %d is damaged (%v): training again from %s", milestone, err, from)
		return nil
	}
	return nil
}

// modelDir is the folder of a stage's model: of a milestone, or of the last step where step is 0.
func modelDir(step int) string {
	if step == 0 {
		return ModelDir
	}
	return fmt.Sprintf("%s-%d", ModelDir, step)
}

// startModel is the input stage's model, or fresh weights with the recipe's tokenizer.
func startModel(j *Job, r Pretraining) (*qwen.Weights, *vocab.Tokenizer, error) {
	if len(j.Input) > 0 {
		return j.model(0)
	}
	tok, err := tokenizer(r)
	if err != nil {
		return nil, nil, err
	}
	if tok.Size() > r.Model.VocabSize {
		return nil, nil, fmt.Errorf("vocab_size is %d, the tokenizer of %s problems has %d tokens: expected as many or more", r.Model.VocabSize, r.Data.Family, tok.Size())
	}
	w, err := qwen.NewWeights(r.Model, r.Seed)
	return w, tok, err
}

// documents addresses a split of the recipe's corpus as token sequences.
func documents(r Pretraining, split gsm.Split, tok *vocab.Tokenizer) (train.Documents, error) {
	source, err := problemsOf(r.Data, split, r.Seed, r.Sampler, r.Filter)
	if err != nil {
		return nil, err
	}
	at := func(i uint64) uint64 { return i }
	if r.Problems > 0 && split == r.Split {
		order := shuffles(r.Problems, r.Seed, "problems again")
		at = func(i uint64) uint64 { return uint64(order(i)) }
	}
	return func(i uint64) (train.Document, error) {
		p, err := source.At(at(i))
		if err != nil {
			return train.Document{}, err
		}
		return document(p, r.Prompt, tok, r.Target)
	}, nil
}

// document is a problem's training text in tokens, [EOS] included.
func document(p *gsm.Problem, own *OwnPrompt, tok *vocab.Tokenizer, target Target) (train.Document, error) {
	read, err := promptOf(own, p)
	if err != nil {
		return train.Document{}, err
	}
	text, err := tok.Encode(read + p.Response())
	if err != nil {
		return train.Document{}, fmt.Errorf("%s: %w", p.ID, err)
	}
	d := train.Document{IDs: append(text, tok.EOS()), LossFrom: 1}
	if target == SolutionOnly {
		prompt, err := tok.Encode(read)
		if err != nil {
			return train.Document{}, fmt.Errorf("%s: %w", p.ID, err)
		}
		d.LossFrom = len(prompt)
	}
	return d, nil
}

// trainingCost is the account of training on tokens, in rows of the given length.
func trainingCost(c qwen.Config, tokens int64, seq int) Spent {
	return Spent{TrainTokens: tokens, FLOPs: c.TrainingFLOPs(seq) * float64(tokens),
		NominalTokens: float64(tokens), TrueTokens: float64(tokens)}
}

// Estimate is what training by this recipe is expected to cost.
func (r Pretraining) Estimate() Spent {
	if r.Validate() != nil {
		return Spent{} // the stage itself will say what is wrong
	}
	positions := float64(r.Train.Steps * r.Train.Batch * r.Train.Accumulate * r.Train.Seq)
	return trainingCost(r.Model, int64(r.TokensPerPosition()*positions), r.Train.Seq)
}

// longRows is what TokensPerPosition is taken for in the family of word problems, whose
// rows of 2048 hold many documents each.
const longRows = 0.97

// TokensPerPosition packs at most mostMeasured rows, of at most longestMeasured positions: a
// plan must not take long, whatever a recipe asks for.
const (
	mostMeasured    = 512
	longestMeasured = 8192
)

// rowFills remembers TokensPerPosition by recipe: a plan asks for many stages.
var rowFills sync.Map

// TokensPerPosition is train.TokensPerPosition of a recipe, whatever its seeds are: those
// of a study must plan for equal steps. Where its documents cannot be made it is the value
// for long rows; running the stage says why they cannot.
func (r Pretraining) TokensPerPosition() float64 {
	if r.Data.Family != gsm.Symbolic && r.Phrases == nil {
		return longRows
	}
	r.Seed, r.Train.Seed = 1, 1
	cfg := r.Train
	if cfg.Seq > longestMeasured {
		return longRows
	}
	if cfg.Batch*cfg.Accumulate > mostMeasured { // so many rows tell it as well as more
		cfg.Batch, cfg.Accumulate = min(cfg.Batch, mostMeasured), 1
	}
	key := fmt.Sprintf("%+v %+v %v %v %v %s %s %d %d %d", r.Data, r.Phrases, r.Sampler, r.Filter, r.Prompt, r.Split, r.Target, cfg.Batch, cfg.Accumulate, cfg.Seq)
	if known, ok := rowFills.Load(key); ok {
		return known.(float64)
	}
	fill := longRows
	if tok, err := tokenizer(r); err == nil {
		if docs, err := documents(r, r.Split, tok); err == nil {
			if measured, err := train.TokensPerPosition(docs, cfg); err == nil {
				fill = measured
			}
		}
	}
	rowFills.Store(key, fill)
	return fill
}

// sealModel leaves what other stages read: the model as Hugging Face files and the
// log of the run. The store removes the work folder once the stage is sealed.
func sealModel(j *Job, w *qwen.Weights, tok *vocab.Tokenizer) error {
	if err := saveModel(filepath.Join(j.Dir, ModelDir), w, tok); err != nil {
		return err
	}
	for to, from := range map[string]string{MetricsLog: train.MetricsFile, train.EventsFile: train.EventsFile} {
		if err := durable.Copy(filepath.Join(j.Dir, to), filepath.Join(j.Dir, WorkDir, from)); err != nil {
			return err
		}
	}
	return nil
}

// saveModel writes a model as Hugging Face files.
func saveModel(dir string, w *qwen.Weights, tok *vocab.Tokenizer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return errors.Join(qwen.Save(dir, w), tok.Save(dir))
}
