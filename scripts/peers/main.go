// Command peers is this project's side of `make peers`: it writes the models and the
// batches that all sides share, and is one of the workers that peers.py times.
//
//	peers prepare DIR [gpu]    models, batches and prompts; gpu: those for a GPU alone
//	peers train DIR MODEL [N]  worker: training steps, N passes a call (1)
//	peers grpo DIR MODEL       worker: GRPO steps
//
// A worker prints a line when it is warm, then answers each line "SECONDS" of its
// standard input with one JSON line about the steps that it did in that time. In between
// it waits inside the run's progress callback, so that what is timed is the very code of
// a training run.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/random"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers: "+err.Error())
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "prepare":
		return prepare(args[1], false)
	case len(args) == 3 && args[0] == "prepare" && args[2] == "gpu":
		return prepare(args[1], true)
	case len(args) == 3 && args[0] == "train":
		return trainWorker(args[1], args[2], 1)
	case len(args) == 4 && args[0] == "train":
		perCall, err := strconv.Atoi(args[3])
		if err != nil || perCall < 1 {
			return fmt.Errorf("%q: expected a number of passes a call, 1 or more", args[3])
		}
		return trainWorker(args[1], args[2], perCall)
	case len(args) == 3 && args[0] == "grpo":
		return grpoWorker(args[1], args[2])
	}
	return fmt.Errorf("%q: expected prepare DIR [gpu], train DIR MODEL [N] or grpo DIR MODEL", strings.Join(args, " "))
}

// vocabulary is the size that the symbolic family's words are filled up to, so that a
// random policy seldom ends a completion early.
const vocabulary = 512

// batches is the number of training batches that the other sides cycle through.
const batches = 16

// models are what training is timed on. pass is how many rows of a batch this project's
// worker takes at once; the gradients of a batch's passes add up. Fewer rows stay in a
// processor's cache (LAB.md).
var models = []struct {
	name             string
	batch, pass, seq int
	gpu              bool // for a GPU: in bfloat16, and attention crosses documents, as flash attention wants it
	config           func(vocab int) (qwen.Config, error)
}{
	{"micro", 16, 8, 160, false, func(vocab int) (qwen.Config, error) { return qwen.Size("micro", vocab) }},
	{"d128", 16, 2, 256, false, func(vocab int) (qwen.Config, error) {
		c, err := qwen.Size("micro", vocab)
		c.HiddenSize, c.Layers, c.Heads, c.KVHeads, c.FFN, c.EmbedScale, c.OffsetInit = 128, 4, 4, 2, 512, 1, false
		return c, err
	}},
	{words, 10, 10, 256, false, func(vocab int) (qwen.Config, error) { // as profile words trains
		c, err := qwen.Size("micro", vocab)
		c.HiddenSize, c.Layers, c.Heads, c.KVHeads, c.FFN, c.EmbedScale, c.OffsetInit = 128, 4, 4, 4, 384, 8, false
		return c, err
	}},
	{"10m", 8, 1, 256, false, func(int) (qwen.Config, error) { return qwen.Size("10m", 2200) }},
	{"paper", 16, 16, 2048, true, func(int) (qwen.Config, error) { return qwen.Size("paper", 2200) }},
}

// words names what is timed with word problems: training of profile words' model, and GRPO
// of the model in wordsModel, which has that shape. All else is of the symbolic family.
const (
	words      = "words"
	wordsModel = "notebooks/models/words"
)

// settings are a comparison's training configuration and what a token costs.
type settings struct {
	train.Config
	FLOPs float64 `json:"flops_per_token"` // qwen.Config.TrainingFLOPs
}

func config(batch, seq int, gpu bool) train.Config {
	cfg := train.Default()
	cfg.Batch, cfg.Seq, cfg.Steps, cfg.CheckpointEvery = batch, seq, 1_000_000, 0
	cfg.LR, cfg.MinLR, cfg.Warmup, cfg.Decay = 1e-3, 1e-3, 0, 0.1
	if gpu {
		cfg.Dtype, cfg.DocumentMask, cfg.LR, cfg.MinLR = "bfloat16", false, 2e-4, 2e-4
	}
	return cfg
}

// subject returns a model's tokenizer and the problems that it trains on: word problems, or
// the symbolic family, whose words are filled up to the vocabulary's size.
func subject(model string) (*vocab.Tokenizer, gsm.Spec, error) {
	if model == words {
		spec := gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 4}, "zoo")
		spec.Sampler, spec.Detours = gsm.Steered, 0.5
		tok, err := vocab.Load(wordsModel)
		return tok, spec, err
	}
	spec := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 4}, "A")
	words, err := spec.Tokens()
	if err != nil {
		return nil, spec, err
	}
	small, err := vocab.Words(words)
	if err != nil {
		return nil, spec, err
	}
	for i := small.Size(); i < vocabulary; i++ {
		words = append(words, fmt.Sprintf("filler%d", i))
	}
	tok, err := vocab.Words(words)
	return tok, spec, err
}

// corpus are a model's tokenizer and its training texts.
func corpus(model string) (*vocab.Tokenizer, train.Documents, error) {
	tok, spec, err := subject(model)
	if err != nil {
		return nil, nil, err
	}
	source, err := gsm.NewSource(spec, gsm.Train, 1)
	return tok, func(i uint64) (train.Document, error) {
		ids, err := tok.Encode(source.At(i).Training())
		return train.Document{IDs: append(ids, tok.EOS()), LossFrom: 1}, err
	}, err
}

// lesson is what the GRPO steps of a model are timed on.
type lesson struct {
	Prompts int `json:"prompts"` // a step
	Group   int `json:"group"`   // samples a prompt
	Tokens  int `json:"tokens"`  // longest completion
	ops     gsm.Range
	length  int // of the prompts in tokens, nearly; 0 = as they come
	rows    int // of a pass of this project's learner
	gpu     bool
}

// lessons by model. A random policy seldom ends, so its prompts and completions have all the
// same length; trained is as a study's step is: prompts of all lengths, and
// completions that end.
var lessons = map[string]lesson{
	"micro":   {16, 8, 64, gsm.Range{Min: 6, Max: 14}, 64, 16, false},
	"d128":    {16, 8, 64, gsm.Range{Min: 6, Max: 14}, 64, 8, false},
	"trained": {32, 8, 112, gsm.Range{Min: 1, Max: 4}, 0, 4, false},
	words:     {32, 8, 140, gsm.Range{Min: 5, Max: 5}, 0, 8, false},
	"paper":   {32, 8, 128, gsm.Range{Min: 6, Max: 14}, 64, 64, true},
}

// promptCount is how many prompts a worker cycles through.
const promptCount = 64

// problems are the lesson's, like those that its model trains on but for their ops.
func (l lesson) problems(tok *vocab.Tokenizer, spec gsm.Spec) ([]*gsm.Problem, error) {
	spec.Detours = 0
	spec.Mix[0].Ops = l.ops
	source, err := gsm.NewSource(spec, gsm.Train, 1)
	if err != nil {
		return nil, err
	}
	var out []*gsm.Problem
	for i := uint64(0); len(out) < promptCount; i++ {
		p := source.At(i)
		ids, err := tok.Encode(p.Prompt())
		if err != nil {
			return nil, err
		}
		if l.length == 0 || len(ids) <= l.length && len(ids) > l.length-6 {
			out = append(out, p)
		}
		if i > 100_000 {
			return nil, fmt.Errorf("only %d of the first %d prompts have about %d tokens", len(out), i, l.length)
		}
	}
	return out, nil
}

// prepare writes what the sides of all comparisons share, on a GPU or on a CPU: the models
// (prepareModels), on a CPU trained-exported/, and of each lesson MODEL.grpo.json and
// MODEL.prompts.jsonl.
func prepare(dir string, gpu bool) error {
	if err := prepareModels(dir, gpu); err != nil {
		return err
	}
	if !gpu {
		if err := errors.Join(trained(filepath.Join(dir, "trained-exported")), copyWords(filepath.Join(dir, words+"-exported"))); err != nil {
			return err
		}
	}
	for name, l := range lessons {
		if l.gpu != gpu {
			continue
		}
		if err := durable.WriteJSON(filepath.Join(dir, name+".grpo.json"), l); err != nil {
			return err
		}
		if err := l.writePrompts(filepath.Join(dir, name+".prompts.jsonl"), name); err != nil {
			return err
		}
	}
	return nil
}

// prepareModels writes for every model, those of a GPU or the others: MODEL/ (as saved, for
// training), MODEL-exported/ (as transformers opens it), MODEL.batches (int32
// [batches, 4, rows, seq]: tokens, targets, positions, segments) and MODEL.json (the
// training configuration).
func prepareModels(dir string, gpu bool) error {
	for _, m := range models {
		if m.gpu != gpu {
			continue
		}
		tok, docs, err := corpus(m.name)
		if err != nil {
			return err
		}
		c, err := m.config(tok.Size())
		if err != nil {
			return err
		}
		w, err := qwen.NewWeights(c, 1)
		if err != nil {
			return err
		}
		saved, exported := filepath.Join(dir, m.name), filepath.Join(dir, m.name+"-exported")
		if err := errors.Join(os.MkdirAll(saved, 0o755), os.MkdirAll(exported, 0o755)); err != nil {
			return err
		}
		if err := errors.Join(qwen.Save(saved, w), tok.Save(saved), qwen.Export(exported, w, qwen.Float32), tok.Save(exported)); err != nil {
			return err
		}
		cfg := settings{config(m.batch, m.seq, m.gpu), c.TrainingFLOPs(m.seq)}
		if err := durable.WriteJSON(filepath.Join(dir, m.name+".json"), cfg); err != nil {
			return err
		}
		if err := writeBatches(filepath.Join(dir, m.name+".batches"), docs, cfg.Config); err != nil {
			return err
		}
	}
	return nil
}

// trained exports a micro model after some training: its greedy completions are more
// than one token over and over.
func trained(dir string) error {
	tok, docs, err := corpus("micro")
	if err != nil {
		return err
	}
	eng, w, scratch, err := open(filepath.Dir(dir), "micro")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	cfg := train.Default()
	cfg.Steps, cfg.CheckpointEvery = 150, 0
	if w, err = train.Run(context.Background(), eng, w, docs, cfg, scratch, nil); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return errors.Join(qwen.Export(dir, w, qwen.Float32), tok.Save(dir))
}

// copyWords exports the model of the word problems in float32, as the others are.
func copyWords(dir string) error {
	w, err := qwen.Load(wordsModel)
	if err != nil {
		return err
	}
	tok, err := vocab.Load(wordsModel)
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(dir, 0o755), qwen.Export(dir, w, qwen.Float32), tok.Save(dir))
}

func writeBatches(path string, docs train.Documents, cfg train.Config) error {
	return durable.Write(path, func(w io.Writer) error {
		for step := range batches {
			parts, err := train.Batches(docs, cfg, step)
			if err != nil {
				return err
			}
			b := parts[0]
			for _, values := range [][]int32{b.Inputs, b.Targets, b.Positions, b.Segments} {
				if err := binary.Write(w, binary.LittleEndian, values); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (l lesson) writePrompts(path, model string) error {
	tok, spec, err := subject(model)
	if err != nil {
		return err
	}
	all, err := l.problems(tok, spec)
	if err != nil {
		return err
	}
	return durable.Write(path, func(w io.Writer) error {
		for _, p := range all {
			ids, err := tok.Encode(p.Prompt())
			if err != nil {
				return err
			}
			line, err := json.Marshal(map[string]any{"prompt": p.Prompt(), "ids": ids, "text": p.Training()})
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
				return err
			}
		}
		return nil
	})
}

// worker answers peers.py between the steps of a run.
type worker struct {
	lines  *bufio.Scanner
	cancel context.CancelFunc
	warm   int // steps before the first answer
	every  int // the steps of a call, which are reported together: answers come between calls

	until    time.Time
	begin    time.Time
	cpu      float64
	steps    int
	more     map[string]float64 // sums over the steps of an answer
	finished bool
}

// after is called after step n (from 1), with figures to be summed. It returns at once
// while time is left, and else waits for the next line.
func (w *worker) after(n int, ready any, figures map[string]float64) {
	if w.finished || n < w.warm {
		return
	}
	if n == w.warm {
		w.print(ready)
	} else {
		w.steps++
		for k, v := range figures {
			w.more[k] += v
		}
		if n%w.every != 0 || time.Now().Before(w.until) {
			return
		}
		answer := map[string]any{"steps": w.steps, "wall": time.Since(w.begin).Seconds(), "cpu": cpuSeconds() - w.cpu}
		for k, v := range w.more {
			answer[k] = v
		}
		w.print(answer)
	}
	var seconds float64
	if !w.lines.Scan() {
		w.finished = true
		w.cancel()
		return
	}
	if _, err := fmt.Sscan(w.lines.Text(), &seconds); err != nil {
		fmt.Fprintf(os.Stderr, "peers: %q is no number of seconds\n", w.lines.Text())
		w.finished = true
		w.cancel()
		return
	}
	w.steps, w.more, w.cpu, w.begin = 0, map[string]float64{}, cpuSeconds(), time.Now()
	w.until = w.begin.Add(time.Duration(seconds * float64(time.Second)))
}

func (w *worker) print(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of numbers
	}
	fmt.Println(string(line))
}

// cpuSeconds is the processor time of this process.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// open returns the engine, the model and a folder for the run.
func open(dir, model string) (*engine.Engine, *qwen.Weights, string, error) {
	eng, err := engine.Open("")
	if err != nil {
		return nil, nil, "", err
	}
	w, err := qwen.Load(filepath.Join(dir, model))
	if err != nil {
		return nil, nil, "", err
	}
	scratch, err := os.MkdirTemp(dir, "run-")
	return eng, w, scratch, err
}

func trainWorker(dir, model string, perCall int) error {
	eng, w, scratch, err := open(dir, model)
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	_, docs, err := corpus(model)
	if err != nil {
		return err
	}
	var cfg train.Config
	data, err := os.ReadFile(filepath.Join(dir, model+".json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &cfg); err != nil {
		return err
	}
	for _, m := range models {
		if m.name == model {
			cfg.Batch, cfg.Accumulate, cfg.PassesPerCall = m.pass, m.batch/m.pass, perCall
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	work := &worker{lines: bufio.NewScanner(os.Stdin), cancel: cancel, warm: (5 + perCall - 1) / perCall * perCall, every: perCall}
	peak, _ := eng.PeakBF16() // 0 where it is not known
	var losses []float64
	_, err = train.Run(ctx, eng, w, docs, cfg, scratch, func(m train.Metrics) {
		if len(losses) < work.warm {
			losses = append(losses, m.Loss)
		}
		work.after(m.Step, map[string]any{"losses": losses, "peak": peak}, nil)
	})
	return ended(err)
}

func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func grpoWorker(dir, model string) error {
	eng, w, scratch, err := open(dir, model+"-exported")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	tok, spec, err := subject(model)
	if err != nil {
		return err
	}
	lesson, ok := lessons[model]
	if !ok {
		return fmt.Errorf("GRPO steps are timed for %s, not for %s", strings.Join(slices.Sorted(maps.Keys(lessons)), ", "), model)
	}
	all, err := lesson.problems(tok, spec)
	if err != nil {
		return err
	}
	cfg := grpo.Default()
	cfg.Steps, cfg.GroupSize, cfg.MiniBatch, cfg.MaxTokens, cfg.CheckpointEvery = 1_000_000, lesson.Group, 0, lesson.Tokens, 0
	cfg.Rows = lesson.rows
	cfg.LR, cfg.KL, cfg.DualClip, cfg.Decay = 1e-6, 0, 0, 0
	task := grpo.Task{
		Tokenizer: tok, Reward: verify.Reward{Form: verify.StrictForm},
		Problems: grpo.Fixed(func(step int) ([]*gsm.Problem, error) {
			at := step * lesson.Prompts % len(all)
			return all[at : at+lesson.Prompts], nil
		}),
		// The time of real verification, and a verdict that varies as a random policy's would not.
		Judge: func(p *gsm.Problem, prediction string) verify.Verdict {
			v := verify.Judge(p, prediction)
			v.Strict = random.New(1, "peers "+prediction).Float64() < 0.5
			return v
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	work := &worker{lines: bufio.NewScanner(os.Stdin), cancel: cancel, warm: 3, every: 1}
	_, err = grpo.Run(ctx, eng, w, task, cfg, scratch, func(m grpo.Metrics) {
		work.after(m.Step, map[string]any{"reward_std": m.RewardStd, "loss": m.Loss}, map[string]float64{
			"rollout": m.SecondsRollout, "verify": m.SecondsVerify, "update": m.SecondsUpdate,
			"tokens": float64(m.TokensGenerated), "reward_std": m.RewardStd,
		})
	})
	return ended(err)
}
