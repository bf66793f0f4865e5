package train

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/strict"
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
	Note string `json:"note,omitempty"`
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
	r := &run{cfg: cfg, model: start.Config, dir: dir, pack: pack, held: held, progress: progress}
	r.recipe = recipeDigest(cfg, start, pack.digest)
	if err := r.resume(start); err != nil {
		return nil, err
	}
	if r.at.Step < cfg.Steps {
		room, err := pack.room()
		if err != nil {
			return nil, err
		}
		if r.stepper, err = newStepper(eng, start.Config, cfg, room); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		if r.note != "" {
			r.note += "; "
		}
		r.note += attentionNote(eng, start.Config, cfg)
		if err := r.loop(ctx, eng); err != nil {
			return nil, err
		}
	}
	return (&qwen.Weights{Config: r.model, Tensors: r.state.Weights, Origin: start.Origin}).Clone(), nil
}

// recipeDigest covers what the run's result depends on; how often it is saved and evaluated does not matter.
func recipeDigest(cfg Config, start *qwen.Weights, docs string) string {
	cfg.CheckpointEvery, cfg.Keep, cfg.MilestoneEvery = 0, 0, 0
	cfg.EvalEvery, cfg.EvalDocuments = 0, 0
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
	model    qwen.Config
	dir      string
	recipe   string
	pack     *packer
	held     []Document // that it is evaluated on
	stepper  *stepper
	state    *state
	at       Checkpoint // where it stands
	progress func(Metrics)
	note     string // for the next step's metrics
}

// resume sets the state from the newest whole checkpoint, or from start.
func (r *run) resume(start *qwen.Weights) error {
	folders, steps, err := Checkpoints(r.dir)
	if err != nil {
		return err
	}
	for i := len(steps) - 1; i >= 0; i-- {
		c, w, first, second, err := LoadCheckpoint(folders[steps[i]])
		if errors.Is(err, ErrOtherVersion) {
			return err
		}
		if err != nil {
			r.note += err.Error() + "; the checkpoint before it is used. "
			continue
		}
		if c.Recipe != r.recipe {
			return fmt.Errorf("train: %s holds a run with other settings, start weights or documents (at step %d): give another folder, or remove this one", r.dir, c.Step)
		}
		r.at, r.state = c, &state{State: State[*tensors.Tensor]{w.Tensors, first, second}}
		r.note += fmt.Sprintf("resumed at step %d", c.Step)
		return r.trimMetrics()
	}
	r.at, r.state = Checkpoint{Recipe: r.recipe}, &state{State: StartState(start)}
	if r.note != "" {
		r.note += "No checkpoint is whole: the run starts again"
	}
	return r.trimMetrics()
}

// trimMetrics cuts the log after the step that the run stands at, and a torn last line.
func (r *run) trimMetrics() error {
	path := filepath.Join(r.dir, MetricsFile)
	data, err := strict.ReadFile(path, 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	var kept bytes.Buffer
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var m Metrics
		if json.Unmarshal(lines.Bytes(), &m) != nil || m.Step > r.at.Step {
			break
		}
		kept.Write(lines.Bytes())
		kept.WriteByte('\n')
	}
	if err := durable.WriteFile(path, kept.Bytes()); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// prepared are the batches of the steps of a call, made while the device computes those before.
type prepared struct {
	first   int        // number of the first step, from 0
	batches [][]*Batch // of each step
	err     error      // of the step after these
}

// saves says whether the run is saved after a step, counted from 1.
func (r *run) saves(step int) bool {
	return step == r.cfg.Steps || r.cfg.CheckpointEvery > 0 && step%r.cfg.CheckpointEvery == 0
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
		if len(p.batches) == r.stepper.atOnce || r.saves(step) || r.evaluates(step) {
			return p
		}
	}
}

// prepare makes the batches of the steps to come, until the context ends.
func (r *run) prepare(ctx context.Context) <-chan prepared {
	out := make(chan prepared, 2)
	go func() {
		defer close(out)
		for step := r.at.Step; step < r.cfg.Steps; {
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

	events, err := OpenEvents(r.dir)
	if err != nil {
		return err
	}
	defer events.Close()
	log, err := os.OpenFile(filepath.Join(r.dir, MetricsFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer log.Close()
	both := io.MultiWriter(log, events)
	clock := newClock(r.at)
	for p := range steps {
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), r.save())
		}
		if err := r.call(ctx, eng, p, clock, both, log); err != nil {
			return err
		}
		if p.err != nil {
			return errors.Join(p.err, r.save())
		}
	}
	return nil
}

// call runs the steps of a call and writes down what came of each. Where the last of them is
// one to save at, it saves.
func (r *run) call(ctx context.Context, eng *engine.Engine, p prepared, clock *clock, both io.Writer, log *os.File) error {
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
			return fmt.Errorf("train: step %d: the loss is %g and the gradient's norm %g: lower the learning rate or clip; the last checkpoint in %s is good", step+1, o.loss, o.norm, r.dir)
		}
		m := r.account(step, p.batches[i], o, clock)
		if err := r.evaluate(ctx, eng, &m); err != nil {
			return err
		}
		line, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("train: %w", err)
		}
		if _, err := both.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("train: %w", err)
		}
		if r.saves(m.Step) {
			if err := errors.Join(log.Sync(), r.save()); err != nil {
				return err
			}
		}
		if r.progress != nil {
			r.progress(m)
		}
	}
	return nil
}

// account adds a step to the totals and describes it.
func (r *run) account(step int, batches []*Batch, o outcome, clock *clock) Metrics {
	positions, filled := 0, 0
	for _, b := range batches {
		r.at.Tokens += int64(b.Tokens)
		r.at.TargetTokens += int64(b.Count)
		for _, s := range b.Segments {
			positions++
			if s != 0 {
				filled++
			}
		}
	}
	r.at.Step = step + 1
	rate := clock.tick(&r.at)
	m := Metrics{
		Step: r.at.Step, Steps: r.cfg.Steps, Tokens: r.at.Tokens, TargetTokens: r.at.TargetTokens,
		Loss: o.loss, LR: r.cfg.LearningRate(step), GradNorm: o.norm, Fill: float64(filled) / float64(positions),
		Seconds: r.at.Seconds, TokensPerSecond: rate, Note: r.note,
	}
	if rate > 0 {
		m.SecondsLeft = float64(m.Tokens) / float64(m.Step) * float64(m.Steps-m.Step) / rate
	}
	r.note = ""
	return m
}

func (r *run) save() error {
	if err := SaveCheckpoint(r.dir, r.at, &qwen.Weights{Config: r.model, Tensors: r.state.Weights}, r.state.First, r.state.Second); err != nil {
		return err
	}
	return prune(r.dir, r.cfg.Keep, r.cfg.MilestoneEvery)
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
