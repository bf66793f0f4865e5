package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"interplay/kernelkit/authors"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
	"interplay/pipeline"
)

// Speeds are measured here and nowhere in the tests: machines are shared and
// noisy. Figures of one run compare with each other; those of two runs hardly.

// benchFigure is one measured speed, one JSON line of interplay bench's output.
type benchFigure struct {
	Name      string  `json:"name"`
	Value     float64 `json:"value"`
	Unit      string  `json:"unit"`
	Reference float64 `json:"reference,omitempty"` // the recorded speed of the authors' code or of JAX, same unit, on another machine
	Ratio     float64 `json:"ratio,omitempty"`     // Value / Reference
}

var benchmarks = []struct {
	name string
	run  func(b *bench) error
}{
	{"generate", benchGenerate}, {"verify", benchVerify}, {"train", benchTrain}, {"rollout", benchRollout}, {"grpo", benchGRPO}, {"memory", benchMemory},
}

// bench is a run of interplay bench.
type bench struct {
	ctx     context.Context
	seconds float64 // least time a figure is measured for
	said    bool    // whether the engine's choices are printed
}

func (b *bench) report(f benchFigure) {
	if f.Reference > 0 {
		f.Ratio = f.Value / f.Reference
	}
	printLine(f)
}

func printLine(what any) {
	line, err := json.Marshal(what)
	if err != nil {
		panic(err) // numbers and strings; a speed is finite
	}
	fmt.Println(string(line))
}

// rows says in passes of how many rows the figures that follow were measured.
func (b *bench) rows(name string, rows int, why string) {
	printLine(engine.Choice{Setting: "rows a pass, " + name, Value: strconv.Itoa(rows), Why: why})
}

func benchCommand() *cobra.Command {
	var names []string
	for _, k := range benchmarks {
		names = append(names, k.name)
	}
	seconds := 2.0
	c := &cobra.Command{
		Use:   "bench [-seconds S] [" + strings.Join(names, "|") + "]",
		Short: "measures speeds, one JSON line a figure",
		Long: "Measures speeds and prints one JSON line a figure; all of them without a name. Before the figures of\n" +
			"the network come the settings that decide them on this machine, and why they are so.",
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			for _, a := range args {
				if !slices.Contains(names, a) {
					return usagef("there is no benchmark %q: expected %s", a, strings.Join(names, ", "))
				}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runBenchmarks(c.Context(), args, seconds) },
	}
	fraction(c.Flags(), &seconds, "seconds", 0.01, 3600, "least time that a figure is measured for")
	return c
}

// runBenchmarks runs those that are wanted, all of them where none is named.
func runBenchmarks(ctx context.Context, wanted []string, seconds float64) error {
	b := &bench{ctx: ctx, seconds: seconds}
	for _, k := range benchmarks {
		if len(wanted) > 0 && !slices.Contains(wanted, k.name) {
			continue
		}
		if err := k.run(b); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return nil
}

// rate calls work with 0, 1, 2, … on n workers for b.seconds and returns calls a
// second. The collector of garbage gets no core beyond the workers' own, and works
// as in interplay generate.
func (b *bench) rate(workers int, work func(i uint64)) float64 {
	defer boundMemory()()
	runtime.GC()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
	var next, done atomic.Uint64
	var wait sync.WaitGroup
	start := time.Now()
	for range workers {
		wait.Go(func() {
			for time.Since(start).Seconds() < b.seconds {
				for range 64 { // look at the clock seldom
					work(next.Add(1) - 1)
				}
				done.Add(64)
			}
		})
	}
	wait.Wait()
	return float64(done.Load()) / time.Since(start).Seconds()
}

// authorsGenerate are the recorded speeds of the authors' generator, problems a
// second on one core (docs/generator.md, "Speed"): their driver forward, the bare function in reverse.
var authorsGenerate = map[gsm.Mode]map[int]float64{
	gsm.Forward: {2: 322, 10: 229, 20: 102},
	gsm.Reverse: {2: 48.5, 10: 12.6, 20: 6.8},
}

func benchGenerate(b *bench) error {
	for _, sampler := range []gsm.Sampler{gsm.Steered, gsm.Reference} {
		for _, mode := range []gsm.Mode{gsm.Forward, gsm.Reverse} {
			for _, op := range []int{2, 10, 20} {
				if err := b.generate(sampler, mode, op); err != nil {
					return err
				}
			}
		}
	}
	source, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 4, Max: 4}, "A"), gsm.Train, 1)
	if err != nil {
		return err
	}
	b.report(benchFigure{Name: "generate/symbolic/op4/1 core", Unit: "problems/s", Value: b.rate(1, func(i uint64) { source.At(i) })})
	return nil
}

func (b *bench) generate(sampler gsm.Sampler, mode gsm.Mode, op int) error {
	spec := gsm.Uniform(gsm.Realistic, gsm.Range{Min: op, Max: op}, "zoo", "school", "movie")
	spec.Sampler, spec.Reverse = sampler, float64(mode)
	source, err := gsm.NewSource(spec, gsm.Train, 1)
	if err != nil {
		return err
	}
	one := b.rate(1, func(i uint64) { source.At(i) })
	name := fmt.Sprintf("generate/%s/%s/op%d", sampler, mode, op)
	b.report(benchFigure{Name: name + "/1 core", Unit: "problems/s", Value: one, Reference: authorsGenerate[mode][op]})
	if cores := runtime.GOMAXPROCS(0); cores > 1 {
		b.report(benchFigure{Name: fmt.Sprintf("%s/%d cores", name, cores), Unit: "problems/s", Value: b.rate(cores, func(i uint64) { source.At(i) })})
	}
	return nil
}

// authorsVerify are the recorded speeds of the authors' parse and compare, solutions
// a second on one core (docs/verifier.md, "Speed").
var authorsVerify = map[gsm.Mode]map[int]float64{
	gsm.Forward: {2: 30300, 10: 10100, 20: 6060},
	gsm.Reverse: {2: 18100, 10: 7090, 20: 4290},
}

func benchVerify(b *bench) error {
	for _, mode := range []gsm.Mode{gsm.Forward, gsm.Reverse} {
		for _, op := range []int{2, 10, 20} {
			spec := gsm.Uniform(gsm.Realistic, gsm.Range{Min: op, Max: op}, "zoo", "school", "movie")
			spec.Reverse = float64(mode)
			problems, err := firstProblems(spec, 512)
			if err != nil {
				return err
			}
			b.verify(fmt.Sprintf("%s/op%d", mode, op), problems, authorsVerify[mode][op])
		}
	}
	problems, err := firstProblems(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 4, Max: 4}, "A"), 512)
	if err != nil {
		return err
	}
	texts := responses(problems)
	b.report(benchFigure{Name: "verify/sound/symbolic/op4", Unit: "solutions/s",
		Value: b.rate(1, func(i uint64) { k := i % 512; verify.Judge(problems[k], texts[k]) })})
	long := strings.Repeat("Define a ", 100000)
	start := time.Now()
	authors.Parse(long)
	b.report(benchFigure{Name: `verify/reference/"Define a " × 100,000`, Unit: "ms", Value: 1000 * time.Since(start).Seconds()})
	start = time.Now()
	verify.Judge(problems[0], long)
	b.report(benchFigure{Name: `verify/sound/"Define a " × 100,000`, Unit: "ms", Value: 1000 * time.Since(start).Seconds()})
	return nil
}

func (b *bench) verify(name string, problems []*gsm.Problem, reference float64) {
	texts := responses(problems)
	golds := make([]*authors.Graph, len(problems))
	for i, p := range problems {
		golds[i] = authors.Parse(p.Solution)
	}
	n := uint64(len(problems))
	b.report(benchFigure{Name: "verify/reference/" + name, Unit: "solutions/s", Reference: reference,
		Value: b.rate(1, func(i uint64) { authors.Compare(golds[i%n], authors.Parse(texts[i%n])) })})
	b.report(benchFigure{Name: "verify/sound/" + name, Unit: "solutions/s", Reference: reference,
		Value: b.rate(1, func(i uint64) { verify.Judge(problems[i%n], texts[i%n]) })})
}

func firstProblems(spec gsm.Spec, n int) ([]*gsm.Problem, error) {
	source, err := gsm.NewSource(spec, gsm.Train, 1)
	if err != nil {
		return nil, err
	}
	problems := make([]*gsm.Problem, n)
	for i := range problems {
		problems[i] = source.At(uint64(i))
	}
	return problems, nil
}

func responses(problems []*gsm.Problem) []string {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Response()
	}
	return texts
}

// benchModels are the models that speeds are measured on, with JAX's recorded
// training speed, tokens a second on two cores (docs/scales.md, "What decided how fast it learned").
func benchModels(vocab int) ([]benchModel, error) {
	micro, err := qwen.Size("micro", vocab)
	if err != nil {
		return nil, err
	}
	small := micro
	small.HiddenSize, small.Layers, small.Heads, small.KVHeads, small.FFN = 128, 4, 4, 2, 512
	small.OffsetInit = false
	return []benchModel{{"micro", micro, 160, 26000}, {"d128", small, 256, 7450}}, nil
}

type benchModel struct {
	name   string
	config qwen.Config
	seq    int
	jax    float64 // recorded training speed of JAX
}

// benchLab is what the benchmarks of the network share: the engine, a tokenizer and the
// documents of the symbolic family, and models.
type benchLab struct {
	eng    *engine.Engine
	tok    *vocab.Tokenizer
	source *gsm.Source
	models []benchModel
	gpu    []benchModel // that take a GPU; none where there is none
}

func (b *bench) newLab() (l benchLab, err error) {
	if l.eng, err = openEngine(); err != nil {
		return l, err
	}
	if !b.said {
		for _, c := range l.eng.Choices() {
			printLine(c)
		}
		b.said = true
	}
	spec := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 4}, "A")
	tokens, err := spec.Tokens()
	if err != nil {
		return l, err
	}
	if l.tok, err = vocab.Words(tokens); err != nil {
		return l, err
	}
	if l.source, err = gsm.NewSource(spec, gsm.Train, 1); err != nil {
		return l, err
	}
	if l.models, err = benchModels(l.tok.Size()); err != nil || !l.eng.CUDA() {
		return l, err
	}
	for _, size := range []string{"10m", "paper"} {
		config, err := qwen.Size(size, 2200)
		if err != nil {
			return l, err
		}
		l.gpu = append(l.gpu, benchModel{name: size, config: config, seq: 2048})
	}
	return l, nil
}

func benchTrain(b *bench) error {
	l, err := b.newLab()
	if err != nil {
		return err
	}
	docs := symbolicDocuments(l.source, l.tok)
	for _, m := range l.models {
		cfg := train.Default()
		cfg.Seq = m.seq
		if _, err := b.train(l.eng, "train/"+m.name, m.config, docs, cfg, m.jax); err != nil {
			return err
		}
	}
	for _, m := range l.gpu { // with flash attention; everything that the backward pass needs is kept
		cfg := train.Default()
		cfg.Seq, cfg.Dtype, cfg.DocumentMask, cfg.LR, cfg.MinLR = m.seq, "bfloat16", false, 2e-4, 2e-4
		name := fmt.Sprintf("train/%s/bf16/%d×%d", m.name, cfg.Batch, cfg.Seq)
		rate, err := b.train(l.eng, name, m.config, docs, cfg, 0)
		if err != nil {
			return err
		}
		flops := m.config.TrainingFLOPs(cfg.Seq) * rate
		b.report(benchFigure{Name: name + "/model TFLOP/s", Value: flops / 1e12, Unit: "TFLOP/s"})
		if peak, ok := l.eng.PeakBF16(); ok {
			b.report(benchFigure{Name: name + "/model FLOPs utilisation", Value: flops / peak, Unit: "share of the card's dense bf16 rate"})
		}
	}
	return nil
}

// train measures and reports a training speed.
func (b *bench) train(eng *engine.Engine, name string, model qwen.Config, docs train.Documents, cfg train.Config, jax float64) (float64, error) {
	w, err := qwen.NewWeights(model, 1)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "interplay-bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	cfg.Steps, cfg.CheckpointEvery = 1_000_000, 0
	b.rows(name, cfg.Batch, "a step in one pass, as the profiles micro, lookup and words train; the gradient's sums round by it")
	rate, err := b.trainRate(eng, w, docs, cfg, dir)
	if err != nil {
		return 0, err
	}
	b.report(benchFigure{Name: name, Unit: "tokens/s", Value: rate, Reference: jax})
	return rate, nil
}

// benchMemory compares the estimate of -plan with what XLA reserves for the compiled step.
func benchMemory(b *bench) error {
	l, err := b.newLab()
	if err != nil {
		return err
	}
	compare := func(name string, model qwen.Config, cfg train.Config) error {
		flash, _ := train.FlashAttention(l.eng, model, cfg)
		estimate := train.EstimateMemory(model, cfg, flash)
		reserved, err := train.CompiledMemory(l.eng, model, cfg)
		if err != nil {
			return err
		}
		b.report(benchFigure{Name: "memory/" + name, Value: float64(reserved.Total()) / (1 << 30), Unit: "GiB reserved; reference: estimated",
			Reference: float64(estimate.Total()) / (1 << 30)})
		return nil
	}
	if !l.eng.CUDA() {
		for _, m := range l.models {
			cfg := train.Default()
			cfg.Seq = m.seq
			if err := compare(m.name, m.config, cfg); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range []string{"gpu", "paper"} {
		p, err := pipeline.ProfileByName(name, 1)
		if err != nil {
			return err
		}
		for _, recompute := range []bool{p.Base.Train.Recompute, !p.Base.Train.Recompute} {
			cfg := p.Base.Train
			cfg.Recompute = recompute
			if err := compare(fmt.Sprintf("%s, recompute %t", name, recompute), p.Base.Model, cfg); err != nil {
				return err
			}
		}
	}
	return nil
}

// trainRate trains until b.seconds have passed since the third step, when
// everything is compiled, and returns tokens a second.
func (b *bench) trainRate(eng *engine.Engine, w *qwen.Weights, docs train.Documents, cfg train.Config, dir string) (float64, error) {
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	var start time.Time
	var first, last train.Metrics
	_, err := train.Run(ctx, eng, w, docs, cfg, dir, func(m train.Metrics) {
		switch {
		case m.Step == 3:
			start, first = time.Now(), m
		case m.Step > 3 && time.Since(start).Seconds() >= b.seconds && last.Step == 0:
			last = m
			last.Seconds = time.Since(start).Seconds()
			cancel()
		}
	})
	if last.Step == 0 || !errors.Is(err, context.Canceled) {
		return 0, err
	}
	return float64(last.Tokens-first.Tokens) / last.Seconds, nil
}

func symbolicDocuments(source *gsm.Source, tok *vocab.Tokenizer) train.Documents {
	return func(i uint64) (train.Document, error) {
		p := source.At(i)
		ids, err := tok.Encode(p.Training())
		if err != nil {
			return train.Document{}, err
		}
		prompt, err := tok.Encode(p.Prompt())
		return train.Document{IDs: append(ids, tok.EOS()), LossFrom: len(prompt)}, err
	}
}

func benchRollout(b *bench) error {
	l, err := b.newLab()
	if err != nil {
		return err
	}
	count := 64
	if l.eng.CUDA() {
		count = 256 // 2,048 completions, of which 1,024 are in flight
	}
	prompts := make([][]int32, count)
	for i := range prompts {
		if prompts[i], err = l.tok.Encode(l.source.At(uint64(i)).Prompt()); err != nil {
			return err
		}
	}
	for _, m := range slices.Concat(l.models, l.gpu) {
		w, err := qwen.NewWeights(m.config, 1)
		if err != nil {
			return err
		}
		sampler := rollout.New(l.eng, m.config)
		// No stop token: every completion has the same length, whatever the weights.
		opt := rollout.Options{Samples: 8, MaxTokens: 64, Seed: 1}
		tokens, start := 0, time.Now()
		for round := 0; round <= 1 || time.Since(start).Seconds() < b.seconds; round++ {
			if round == 1 { // the first round compiles
				tokens, start = 0, time.Now()
			}
			opt.FirstPrompt = uint64(round * len(prompts))
			all, err := sampler.Sample(b.ctx, w, prompts, opt, nil)
			if err != nil {
				return err
			}
			for _, group := range all {
				for _, c := range group {
					tokens += len(c.IDs)
				}
			}
		}
		b.report(benchFigure{Name: "rollout/" + m.name, Unit: "generated tokens/s", Value: float64(tokens) / time.Since(start).Seconds()})
	}
	return nil
}

// benchGRPO measures whole steps of the micro model and where their time goes.
func benchGRPO(b *bench) error {
	l, err := b.newLab()
	if err != nil {
		return err
	}
	w, err := qwen.NewWeights(l.models[0].config, 1)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "interplay-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cfg := grpo.Micro()
	cfg.Steps, cfg.CheckpointEvery, cfg.MaxTokens, cfg.DropZeroVariance = 8, 0, 64, false
	task := grpo.Task{Tokenizer: l.tok, Reward: verify.Reward{Form: verify.StrictForm},
		Problems: grpo.Fixed(func(step int) ([]*gsm.Problem, error) {
			var problems []*gsm.Problem
			for i := range 16 {
				problems = append(problems, l.source.At(uint64(step*16+i)))
			}
			return problems, nil
		})}
	b.rows("grpo/micro", cfg.Rows, "the default for a CPU, whose second cache holds them; the gradient's sums round by it")
	var sum grpo.Metrics
	steps := 0.0
	_, err = grpo.Run(b.ctx, l.eng, w, task, cfg, dir, func(m grpo.Metrics) {
		if m.Step <= 2 { // compiling
			return
		}
		steps++
		sum.SecondsRollout += m.SecondsRollout
		sum.SecondsVerify += m.SecondsVerify
		sum.SecondsUpdate += m.SecondsUpdate
	})
	if err != nil {
		return err
	}
	total := sum.SecondsRollout + sum.SecondsVerify + sum.SecondsUpdate
	b.report(benchFigure{Name: "grpo/micro, 16 prompts × 8 samples × 64 tokens", Unit: "seconds/step", Value: total / steps})
	for _, part := range []struct {
		name    string
		seconds float64
	}{{"rollout", sum.SecondsRollout}, {"verification", sum.SecondsVerify}, {"update", sum.SecondsUpdate}} {
		b.report(benchFigure{Name: "grpo/micro/share of " + part.name, Unit: "share of a step", Value: part.seconds / total})
	}
	return nil
}
