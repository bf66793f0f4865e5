package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
)

// Metrics describe one step; metrics.jsonl holds one a line.
type Metrics struct {
	Step         int     `json:"step"` // steps done, from 1
	Steps        int     `json:"steps"`
	Tokens       int64   `json:"tokens"`        // of documents, padding not counted, since the start of the run
	TargetTokens int64   `json:"target_tokens"` // of these, the ones that were targets
	Loss         float64 `json:"loss"`          // mean NLL of the step's targets, nats
	LR           float64 `json:"lr"`
	GradNorm     float64 `json:"grad_norm"`           // before clipping
	EvalLoss     float64 `json:"eval_loss,omitempty"` // mean NLL of the held-out targets after the step, nats; 0 where it was not measured
	Fill         float64 `json:"fill"`                // share of the step's positions that are not padding
	Seconds      float64 `json:"seconds"`             // of training since the start of the run

	TokensPerSecond float64 `json:"tokens_per_second"` // over about the last two seconds
	SecondsLeft     float64 `json:"seconds_left"`

	// Note is what a user should know about this step: that the run was resumed, that a
	// checkpoint was torn and the one before it is used, at the first step whether flash
	// attention is in use.
	Note   string `json:"note,omitempty"`
	Damage string `json:"-"` // the part of Note that says what was found damaged
}

// MetricsFile is the name of the log in a run's folder.
const MetricsFile = "metrics.jsonl"

// Run trains from start for cfg.Steps steps and returns the weights. dir holds the run:
// metrics.jsonl, the same for TensorBoard, and checkpoints. A folder that holds a checkpoint of the same run is taken
// up where it ended; one of another run is an error. When ctx is cancelled the state is
// saved and ctx's error returned. progress (may be nil) is called after each step.
func Run(ctx context.Context, eng *engine.Engine, start *qwen.Weights, docs Documents, cfg Config, dir string, progress func(Metrics)) (*qwen.Weights, error) {
	if err := errors.Join(cfg.Validate(), start.Check()); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	pack, err := newPacker(docs.within(start.Config.VocabSize), cfg)
	if err != nil {
		return nil, err
	}
	cfg.Held = cfg.Held.within(start.Config.VocabSize)
	held, err := heldOut(cfg)
	if err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, pack: pack, held: held, progress: progress, journal: newJournal(cfg, dir, recipeDigest(cfg, start, pack.digest)), state: &state{}}
	if r.state.State, err = r.journal.Resume(start); err != nil {
		return nil, err
	}
	if r.journal.At.Step < cfg.Steps {
		room, err := pack.room()
		if err != nil {
			return nil, err
		}
		if r.stepper, err = newStepper(eng, start.Config, cfg, room); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		if r.journal.Note != "" {
			r.journal.Note += "; "
		}
		r.journal.Note += attentionNote(eng, start.Config, cfg)
		if err := r.loop(ctx, eng); err != nil {
			return nil, err
		}
	}
	return r.journal.Weights(r.state.State).Clone(), nil
}

// recipeDigest covers what the run's result depends on; how often it is saved and evaluated does not matter.
func recipeDigest(cfg Config, start *qwen.Weights, docs string) string {
	cfg.CheckpointEvery, cfg.Keep, cfg.MilestoneEvery = 0, 0, 0
	cfg = cfg.WithoutHeldOut()
	text, err := json.Marshal(cfg)
	if err != nil {
		panic(err) // a struct of numbers, strings and booleans
	}
	h := sha256.Sum256(fmt.Appendf(nil, "train 2 %s %s %s", text, start.Digest(), docs))
	return hex.EncodeToString(h[:])
}

// FlashAttention says whether a run uses flash attention, and if not, why not.
func FlashAttention(eng *engine.Engine, model qwen.Config, cfg Config) (ok bool, why string) {
	if cfg.devices() > 1 {
		return false, "rows are spread over several devices"
	}
	return model.Flash(eng.Backend, cfg.dtype(), cfg.DocumentMask)
}

func attentionNote(eng *engine.Engine, model qwen.Config, cfg Config) string {
	if ok, why := FlashAttention(eng, model, cfg); !ok {
		return "flash attention is not in use: " + why
	}
	return "flash attention is in use"
}

// run is a training run in progress.
type run struct {
	cfg      Config
	pack     *packer
	held     []Document // that it is evaluated on
	journal  *Journal[Metrics]
	stepper  *stepper
	state    *state
	progress func(Metrics)
}

func newJournal(cfg Config, dir, recipe string) *Journal[Metrics] {
	return &Journal[Metrics]{Name: "train", From: "documents", Dir: dir, Recipe: recipe, Steps: cfg.Steps, Every: cfg.CheckpointEvery, Keep: cfg.Keep, Milestone: cfg.MilestoneEvery}
}

// prepared are the batches of the steps of a call, made while the device computes those before.
type prepared struct {
	first   int        // number of the first step, from 0
	batches [][]*Batch // of each step
	err     error      // of the step after these
}

// prepareCall makes the batches of a call: of its first step and those after it, up to one
// after which the run is saved or evaluated. They have the same number of wanted positions, so
// that what a step computes does not depend on where calls begin and end.
func (r *run) prepareCall(first int) prepared {
	p := prepared{first: first}
	wanted := 0
	for step := first; ; {
		batches, err := r.pack.batches(step)
		if err != nil {
			p.err = err
			return p
		}
		if w := r.stepper.wanted(batches...); step == first {
			wanted = w
		} else if w != wanted {
			return p
		}
		p.batches = append(p.batches, batches)
		step++
		if len(p.batches) == r.stepper.atOnce || r.journal.Saves(step) || r.evaluates(step) {
			return p
		}
	}
}

// prepare makes the batches of the steps to come, until the context ends.
func (r *run) prepare(ctx context.Context) <-chan prepared {
	out := make(chan prepared, 2)
	go func() {
		defer close(out)
		for step := r.journal.At.Step; step < r.cfg.Steps; {
			p := r.prepareCall(step)
			select {
			case out <- p:
			case <-ctx.Done():
				return
			}
			if p.err != nil {
				return
			}
			step += len(p.batches)
		}
	}()
	return out
}

func (r *run) loop(ctx context.Context, eng *engine.Engine) error {
	ahead, stop := context.WithCancel(context.Background())
	steps := r.prepare(ahead)
	defer func() { // wait, so that docs is not called after Run has returned
		stop()
		for range steps {
		}
	}()

	if err := r.journal.Open(); err != nil {
		return err
	}
	defer r.journal.Close()
	clock := newClock(r.journal.At)
	for p := range steps {
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), r.save())
		}
		if err := r.call(ctx, eng, p, clock); err != nil {
			return err
		}
		if p.err != nil {
			return errors.Join(p.err, r.save())
		}
	}
	return nil
}

// call runs the steps of a call and writes down what came of each.
func (r *run) call(ctx context.Context, eng *engine.Engine, p prepared, clock *clock) error {
	if len(p.batches) == 0 {
		return nil
	}
	outcomes, err := r.stepper.steps(r.state, p.batches, p.first)
	if err != nil {
		return fmt.Errorf("train: step %d: %w", p.first+1, err)
	}
	for i, o := range outcomes {
		step := p.first + i
		if math.IsNaN(o.loss) || math.IsInf(o.loss, 0) || math.IsNaN(o.norm) || math.IsInf(o.norm, 0) {
			return fmt.Errorf("train: step %d: the loss is %g and the gradient's norm %g: lower the learning rate or clip; the last checkpoint in %s is good", step+1, o.loss, o.norm, r.journal.Dir)
		}
		m := r.account(step, p.batches[i], o, clock)
		if err := r.evaluate(ctx, eng, &m); err != nil {
			return err
		}
		if err := r.record(m); err != nil {
			return err
		}
		if r.progress != nil {
			r.progress(m)
		}
	}
	if r.journal.Overdue() {
		return r.save()
	}
	return nil
}

// record writes down a step, and saves the state where it is due.
func (r *run) record(m Metrics) error {
	if !r.journal.Saves(m.Step) {
		return r.journal.Record(m, State[*tensors.Tensor]{}) // which it does not look at
	}
	state, err := r.state.whole()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return r.journal.Record(m, state)
}

// save saves the state where the run stands.
func (r *run) save() error {
	state, err := r.state.whole()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return r.journal.Save(state)
}

// account adds a step to the totals and describes it.
func (r *run) account(step int, batches []*Batch, o outcome, clock *clock) Metrics {
	at := &r.journal.At
	positions, filled := 0, 0
	for _, b := range batches {
		at.Tokens += int64(b.Tokens)
		at.TargetTokens += int64(b.Count)
		for _, s := range b.Segments {
			positions++
			if s != 0 {
				filled++
			}
		}
	}
	at.Step = step + 1
	rate := clock.tick(at)
	m := Metrics{
		Step: at.Step, Steps: r.cfg.Steps, Tokens: at.Tokens, TargetTokens: at.TargetTokens,
		Loss: o.loss, LR: r.cfg.LearningRate(step), GradNorm: o.norm, Fill: float64(filled) / float64(positions),
		Seconds: at.Seconds, TokensPerSecond: rate, Note: r.journal.Note, Damage: r.journal.Damage,
	}
	if rate > 0 {
		m.SecondsLeft = float64(m.Tokens) / float64(m.Step) * float64(m.Steps-m.Step) / rate
	}
	r.journal.Note, r.journal.Damage = "", ""
	return m
}

// clock measures the time of training and the rate over about the last two seconds.
type clock struct {
	began  time.Time
	before float64 // seconds of earlier parts of the run
	marks  []mark
}

type mark struct {
	at     time.Time
	tokens int64
}

func newClock(c Checkpoint) *clock {
	now := time.Now()
	return &clock{began: now, before: c.Seconds, marks: []mark{{now, c.Tokens}}}
}

// tick sets c's time and returns the rate in tokens a second.
func (k *clock) tick(c *Checkpoint) float64 {
	now := time.Now()
	c.Seconds = k.before + now.Sub(k.began).Seconds()
	k.marks = append(k.marks, mark{now, c.Tokens})
	for len(k.marks) > 2 && now.Sub(k.marks[1].at) > 2*time.Second {
		k.marks = k.marks[1:]
	}
	elapsed := now.Sub(k.marks[0].at).Seconds()
	if elapsed <= 0 {
		return 0
	}
	return float64(c.Tokens-k.marks[0].tokens) / elapsed
}
