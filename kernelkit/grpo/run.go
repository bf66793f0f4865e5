package grpo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"golang.org/x/sync/errgroup"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
)

// Task is what is to be learned: where problems come from and what a completion is worth.
type Task struct {
	// Problems gives the problems of a step, from 0: the same ones each time it is asked,
	// so that a resumed run sees what an undisturbed one does. past are the metrics of
	// the steps before, for a curriculum that follows the policy (see Curriculum).
	Problems func(step int, past []Metrics) ([]*gsm.Problem, error)

	Tokenizer *vocab.Tokenizer
	Reward    Reward

	// Prompt writes what the model reads of a problem; nil means the problem's own prompt.
	Prompt func(*gsm.Problem) (string, error)

	// Judge gives the verdict on what was written after a problem's prompt; nil means
	// verify.Judge, the sound verifier.
	Judge func(p *gsm.Problem, prediction string) verify.Verdict
}

// Reward pays for an attempt. Two rewards with equal String pay the same. verify.Reward
// is one.
type Reward interface {
	Pay(verify.Attempt) (float64, error) // an error ends the run, with the step's samples saved
	String() string
	Validate() error
}

// prompt is what the model reads of a problem.
func (t *Task) prompt(p *gsm.Problem) (string, error) {
	if t.Prompt != nil {
		return t.Prompt(p)
	}
	return p.Prompt(), nil
}

// Fixed makes Task.Problems of problems that do not depend on the policy.
func Fixed(problems func(step int) ([]*gsm.Problem, error)) func(int, []Metrics) ([]*gsm.Problem, error) {
	return func(step int, _ []Metrics) ([]*gsm.Problem, error) { return problems(step) }
}

// Run does cfg.Steps steps of GRPO from start and returns the weights. The folder dir
// holds the run: metrics.jsonl and checkpoints. A folder with a checkpoint of the same
// run is taken up there, and ends with the same bits as an undisturbed run; one of
// another run is an error. When ctx is cancelled, the state after the last whole step
// is saved and ctx's error returned. progress (may be nil) is called after each step.
//
// A step without problems, or one whose loss or gradient is not a finite number, ends
// the run with an error; its samples are then in dir/failed-step-N.jsonl. A step in
// which no group varies is no error: it leaves the weights as they are where such
// groups are dropped, and says so in its metrics.
func Run(ctx context.Context, eng *engine.Engine, start *qwen.Weights, task Task, cfg Config, dir string, progress func(Metrics)) (*qwen.Weights, error) {
	if err := errors.Join(cfg.Validate(), start.Check(), task.Reward.Validate()); err != nil {
		return nil, err
	}
	if task.Judge == nil {
		task.Judge = verify.Judge
	}
	if got, limit := task.Tokenizer.Size(), start.Config.VocabSize; got > limit {
		return nil, fmt.Errorf("grpo: the tokenizer has %d tokens, the model only %d", got, limit)
	}
	sampler := rollout.New(eng, start.Config)
	learner, err := newLearner(eng, start.Config, cfg)
	if err != nil {
		return nil, fmt.Errorf("grpo: %w", err)
	}
	r := &run{task: task, cfg: cfg, start: start, sampler: sampler, learner: learner}
	return r.finish(ctx, dir, progress)
}

// finish takes the run from where its folder stands to its end.
func (r *run) finish(ctx context.Context, dir string, progress func(Metrics)) (*qwen.Weights, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("grpo: %w", err)
	}
	recipe, err := r.recipe()
	if err != nil {
		return nil, err
	}
	r.journal = &train.Journal[Metrics]{Name: "grpo", From: "problems", Dir: dir, Recipe: recipe, Steps: r.cfg.Steps, Every: r.cfg.CheckpointEvery, Keep: r.cfg.Keep}
	if r.state, err = r.journal.Resume(r.start); err != nil {
		return nil, err
	}
	r.learner.reference = r.start.Tensors
	if err := r.loop(ctx, progress); err != nil {
		return nil, err
	}
	return r.journal.Weights(r.state).Clone(), nil
}

// run is a run in progress.
type run struct {
	task    Task
	cfg     Config
	start   *qwen.Weights
	sampler *rollout.Sampler
	learner *learner
	journal *train.Journal[Metrics]
	state   train.State[*tensors.Tensor]
}

// recipe is the digest of what the result depends on: settings, start weights, reward,
// and the problems of the first step, which stand for all of them.
func (r *run) recipe() (string, error) {
	problems, err := r.task.Problems(0, nil)
	if err != nil {
		return "", fmt.Errorf("grpo: problems of step 1: %w", err)
	}
	cfg := r.cfg
	cfg.CheckpointEvery, cfg.Keep, cfg.RolloutRows = 0, 0, 0
	text, err := json.Marshal(cfg)
	if err != nil {
		return "", fmt.Errorf("grpo: %w", err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "grpo 4 %s %s %s %d\n", text, r.start.Digest(), r.task.Reward, r.task.Tokenizer.Size())
	for _, p := range problems {
		prompt, err := r.task.prompt(p)
		if err != nil {
			return "", fmt.Errorf("grpo: prompt of problem %s: %w", p.ID, err)
		}
		fmt.Fprintf(h, "%s %s\n", p.ID, prompt)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (r *run) loop(ctx context.Context, progress func(Metrics)) error {
	j := r.journal
	if err := j.Open(); err != nil {
		return err
	}
	defer j.Close()
	for !r.cfg.done(j.Past) {
		m, err := r.step(ctx)
		if err != nil && errors.Is(err, ctx.Err()) { // while sampling: the state is that of the last step
			return errors.Join(ctx.Err(), j.Save(r.state))
		}
		if err != nil {
			return fmt.Errorf("grpo: step %d: %w", j.At.Step+1, err)
		}
		j.At.Step, j.At.Seconds = m.Step, m.Seconds
		j.At.Tokens += int64(m.TokensGenerated)
		j.At.TargetTokens += int64(m.TokensTrained)
		if err := j.Record(m, r.state); err != nil {
			return err
		}
		if j.Overdue() {
			if err := j.Save(r.state); err != nil {
				return err
			}
		}
		if progress != nil {
			progress(m)
		}
	}
	return nil
}

// step does one step and returns its metrics. It changes the state only when it succeeds
// or fails after some of its updates; the run ends in the latter case.
func (r *run) step(ctx context.Context) (Metrics, error) {
	began := time.Now()
	m := Metrics{Step: r.journal.At.Step + 1, Steps: r.cfg.Steps, LR: r.cfg.LR, Note: r.journal.Note, Damage: r.journal.Damage}
	r.journal.Note, r.journal.Damage = "", ""
	if len(r.journal.Past) > 0 {
		m.Updates = r.journal.Past[len(r.journal.Past)-1].Updates
	}
	groups, err := r.rollouts(ctx, &m)
	if err != nil {
		return m, err
	}
	m.describe(groups)
	m.keep(groups, r.cfg.Seed)

	mark := time.Now()
	updates, err := r.learn(r.learned(groups), &m)
	if err != nil {
		return m, r.failed(m.Step, groups, err)
	}
	m.learn(updates)
	m.SecondsUpdate = time.Since(mark).Seconds()
	m.Seconds = r.journal.At.Seconds + time.Since(began).Seconds()
	return m, nil
}

// rollouts samples the step's groups and judges them: one round, or with dynamic sampling
// as many as it takes until enough of them vary.
func (r *run) rollouts(ctx context.Context, m *Metrics) (all []judged, err error) {
	wanted := 0
	for round := range r.cfg.rounds() {
		mark := time.Now()
		groups, err := r.sample(ctx, round)
		if err != nil {
			return nil, err
		}
		m.SecondsRollout += time.Since(mark).Seconds()
		mark = time.Now()
		if err := r.judge(groups); err != nil {
			return nil, r.failed(m.Step, groups, err)
		}
		m.SecondsVerify += time.Since(mark).Seconds()
		if round == 0 {
			wanted = len(groups)
		}
		if all = append(all, groups...); varying(all) >= wanted {
			break
		}
	}
	return all, nil
}

// varying counts the groups whose rewards differ.
func varying(groups []judged) (n int) {
	for _, g := range groups {
		if varies(g.rewards) {
			n++
		}
	}
	return n
}

// learned are the groups of a step that its updates see: all, or with dynamic sampling the
// first that vary, as many as a step has problems.
func (r *run) learned(groups []judged) []judged {
	if r.cfg.rounds() == 1 {
		return groups
	}
	wanted := 0
	for _, g := range groups {
		if g.round == 0 {
			wanted++
		}
	}
	vary := slices.DeleteFunc(slices.Clone(groups), func(g judged) bool { return !varies(g.rewards) })
	return vary[:min(wanted, len(vary))]
}

// failed saves the samples of a step that ends the run, and says where they are.
func (r *run) failed(step int, groups []judged, err error) error {
	path := filepath.Join(r.journal.Dir, fmt.Sprintf("failed-step-%d.jsonl", step))
	if saveErr := saveRecords(path, groups); saveErr != nil {
		return errors.Join(err, saveErr)
	}
	return fmt.Errorf("%w; the step's samples are in %s, the last checkpoint in %s is good", err, path, r.journal.Dir)
}

// sample asks for the step's problems of a round and samples a group for each. The problems
// and the noise of later rounds are those of steps that the run never reaches.
func (r *run) sample(ctx context.Context, round int) ([]judged, error) {
	step := r.journal.At.Step + round*r.cfg.Steps
	problems, err := r.task.Problems(step, r.journal.Past)
	if err != nil {
		return nil, fmt.Errorf("problems: %w", err)
	}
	if len(problems) == 0 {
		return nil, errors.New("there are no problems: expected at least one a step")
	}
	prompts := make([][]int32, len(problems))
	for i, p := range problems {
		text, err := r.task.prompt(p)
		if err == nil {
			prompts[i], err = r.task.Tokenizer.Encode(text)
		}
		if err != nil {
			return nil, fmt.Errorf("prompt of problem %s: %w", p.ID, err)
		}
	}
	completions, err := r.sampler.Sample(ctx, r.journal.Weights(r.state), prompts, rollout.Options{
		Samples: r.cfg.GroupSize, MaxTokens: r.cfg.MaxTokens, Temperature: r.cfg.Temperature,
		Stop: rollout.Stops(r.task.Tokenizer), Seed: r.cfg.Seed, Rows: r.cfg.RolloutRows, Devices: r.cfg.Devices,
		FirstPrompt: uint64(step) << 32,
		NotFinite:   true, // the step ends with its samples saved
	}, nil)
	if err != nil {
		return nil, err
	}
	groups := make([]judged, len(problems))
	for i, p := range problems {
		groups[i] = judged{round: round, problem: p, prompt: prompts[i], completions: completions[i]}
	}
	return groups, nil
}

// judge fills in texts, verdicts, rewards and advantages, on all processors. It returns
// the first error of a reward, which pays nothing then.
func (r *run) judge(groups []judged) error {
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i := range groups {
		work.Go(func() error {
			g := &groups[i]
			var failed error
			attempts := make([]verify.Attempt, len(g.completions))
			for k, c := range g.completions {
				text := c.Text(r.task.Tokenizer)
				v := r.task.Judge(g.problem, text)
				attempts[k] = verify.Attempt{Problem: g.problem, Text: text, Tokens: len(c.IDs), Verdict: v, Sample: k}
				g.texts, g.verdicts = append(g.texts, text), append(g.verdicts, v)
			}
			for k, a := range attempts {
				a.Group = attempts
				paid, err := r.task.Reward.Pay(a)
				if err != nil && failed == nil {
					failed = fmt.Errorf("%w (problem %s, sample %d)", err, g.problem.ID, k+1)
				}
				g.rewards = append(g.rewards, paid)
			}
			g.advantages = Advantages(g.rewards, r.cfg.NoStd)
			return failed
		})
	}
	return work.Wait()
}

// learn does the updates of a step.
func (r *run) learn(groups []judged, m *Metrics) ([]updated, error) {
	var batches [][]sequence
	size := r.cfg.MiniBatch
	if size == 0 {
		size = len(groups)
	}
	for from := 0; from < len(groups); from += size {
		if s := r.sequences(groups[from:min(from+size, len(groups))]); len(s) > 0 {
			batches = append(batches, s)
		}
	}
	if len(batches) == 0 {
		if r.cfg.DropZeroVariance && varying(groups) == 0 {
			if m.Note != "" {
				m.Note += "; "
			}
			m.Note += "no group varies: no update"
			return nil, nil
		}
		return nil, fmt.Errorf("the batch is empty: overlong_filter took every completion out; raise max_tokens, %d", r.cfg.MaxTokens)
	}
	var done []updated
	for range r.cfg.Epochs {
		for _, b := range batches {
			u, err := r.learner.update(&r.state, b, m.Updates)
			if err != nil {
				return nil, err
			}
			m.Updates++
			done = append(done, u)
		}
	}
	return done, nil
}

// sequences are the completions of a mini-batch that are learned from.
func (r *run) sequences(groups []judged) []sequence {
	var all []sequence
	var lengths []int
	for group, g := range groups {
		if r.cfg.DropZeroVariance && !varies(g.rewards) {
			continue
		}
		for i, c := range g.completions {
			n := len(c.IDs)
			if r.cfg.OverlongFilter && c.Finish == rollout.Length {
				n = 0
			}
			lengths = append(lengths, n)
			all = append(all, sequence{group: group, prompt: g.prompt, ids: c.IDs, old: c.SampleLogProbs, advantage: g.advantages[i]})
		}
	}
	var learned []sequence
	for i, w := range tokenWeights(lengths, r.cfg.Aggregation, r.cfg.MaxTokens) {
		if w != 0 {
			all[i].weight = w
			learned = append(learned, all[i])
		}
	}
	return learned
}

// Record is a sample of a step that failed, one a line of failed-step-N.jsonl.
type Record struct {
	Problem   string         `json:"problem"` // its ID
	Sample    int            `json:"sample"`
	Text      string         `json:"text"`
	IDs       []int32        `json:"ids"`
	LogProbs  []string       `json:"logprobs"` // as text: they may be NaN
	Reward    float64        `json:"reward"`
	Advantage float64        `json:"advantage"`
	Finish    string         `json:"finish"`
	Verdict   verify.Verdict `json:"verdict"`
}

func saveRecords(path string, groups []judged) error {
	return durable.Write(path, func(w io.Writer) error {
		out := json.NewEncoder(w)
		for _, g := range groups {
			for i, c := range g.completions {
				record := Record{Problem: g.problem.ID, Sample: i, Text: g.texts[i], IDs: c.IDs, Reward: g.rewards[i],
					Advantage: g.advantages[i], Finish: c.Finish.String(), Verdict: g.verdicts[i]}
				for _, l := range c.SampleLogProbs {
					record.LogProbs = append(record.LogProbs, fmt.Sprint(l))
				}
				if err := out.Encode(record); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
