package kernelkit

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
	"interplay/pipeline"
	"interplay/plots"
)

// Reading is a solution of a problem as a model sees it, token by token: how likely each token was to it, how
// undecided it was, and where it looked. It was written by the model (see Model.Solve), or given to it (see
// Model.Read).
type Reading struct {
	Problem  Problem
	Text     string // of the solution
	Verdict  Verdict
	LogProbs []float64 // of each token of the solution, in nats
	Entropy  []float64 // of the model's choice of each token, in nats

	model  *Model
	tokens []string // of prompt and solution
	ids    []int32
	prompt int // tokens of the prompt
	seen   *qwen.Seen
}

// opened is a model in memory.
type opened struct {
	eng *engine.Engine
	w   *qwen.Weights
	tok *vocab.Tokenizer
}

func (m *Model) open() opened {
	dir := m.Dir()
	return opened{must(pipeline.Backend()), must(qwen.Load(dir)), must(vocab.Load(filepath.Join(dir, vocab.File)))}
}

// longestAnswer is how many tokens a model may write where a recipe does not say.
const longestAnswer = 256

// Solve lets the model write n solutions of a problem at temperature 1. The same model, problem and place in the list give the same
// solution every time.
func (m *Model) Solve(p Problem, n int) []*Reading {
	if n < 1 || n > 10_000 {
		fail(fmt.Errorf("n is %d: expected 1 to 10,000 solutions", n))
	}
	o := m.open()
	prompt := must(o.tok.Encode(p.Prompt()))
	room := o.w.Config.Context - len(prompt)
	if room < 1 {
		fail(fmt.Errorf("the problem has %d tokens and the model reads %d: choose one of fewer operations", len(prompt), o.w.Config.Context))
	}
	s := rollout.New(o.eng, o.w.Config)
	all := must(s.Sample(m.lab.ctx, o.w, [][]int32{prompt}, rollout.Options{Samples: n, MaxTokens: min(longestAnswer, room), Stop: rollout.Stops(o.tok), Seed: m.lab.Seed}, nil))
	var out []*Reading
	for _, c := range all[0] {
		out = append(out, m.reading(o, p, prompt, c.IDs))
	}
	return out
}

// Read lets the model read a given solution of a problem: how likely is each of its tokens to it?
func (m *Model) Read(p Problem, text string) *Reading {
	o := m.open()
	prompt := must(o.tok.Encode(p.Prompt()))
	whole, err := o.tok.Encode(p.Prompt() + text)
	if err != nil {
		fail(fmt.Errorf("the model has no tokens for this text: %w", err))
	}
	if len(whole) <= len(prompt) || !slices.Equal(whole[:len(prompt)], prompt) {
		fail(fmt.Errorf("the text %.40q does not go on from the problem: begin it as p.Gold().Text begins", text))
	}
	return m.reading(o, p, prompt, whole[len(prompt):])
}

func (m *Model) reading(o opened, p Problem, prompt, solution []int32) *Reading {
	r := &Reading{Problem: p, model: m, prompt: len(prompt), ids: slices.Concat(prompt, solution)}
	r.seen = must(qwen.Inspect(o.eng, o.w, r.ids))
	c := rollout.Completion{IDs: solution}
	r.Text = c.Text(o.tok)
	r.Verdict = verify.Judge(p.Problem, r.Text)
	for i, id := range r.ids {
		r.tokens = append(r.tokens, o.tok.Token(id))
		if i >= r.prompt {
			before := r.seen.LogProbs[i-1]
			r.LogProbs, r.Entropy = append(r.LogProbs, float64(before[id])), append(r.Entropy, entropy(before))
		}
	}
	return r
}

// entropy is that of a distribution given by its log-probabilities, in nats.
func entropy(logProbs []float32) (h float64) {
	for _, l := range logProbs {
		h -= math.Exp(float64(l)) * float64(l)
	}
	return h
}

// NLL is the negative log-likelihood of the solution, in nats a token.
func (r *Reading) NLL() float64 { return -mean(r.LogProbs) }

// Tokens draws the problem and the solution token by token: the darker a token, the less likely it was to the model.
func (r *Reading) Tokens() Figure {
	data := plots.TokensData{Title: "Token by token: " + r.model.Label,
		Notes: []string{fmt.Sprintf("Below each token of the solution: its chance in per cent, and the entropy of the choice in nats. Verdict: %s.", r.Verdict.Class)}}
	for i, text := range r.tokens {
		t := plots.Token{Text: text, Value: math.NaN(), Break: i == r.prompt}
		if i >= r.prompt {
			t.Role, t.Value, t.Detail = plots.Shaded, math.Exp(r.LogProbs[i-r.prompt]), fmt.Sprintf("%.2f", r.Entropy[i-r.prompt])
		}
		data.Tokens = append(data.Tokens, t)
	}
	png, err := plots.Tokens(data)
	return figure(png, err, fmt.Sprintf("%d tokens of a solution with their chances; %.2f nats a token", len(r.LogProbs), r.NLL()))
}

// Steps draws the solution step by step: right, wrong, or right and not needed.
func (r *Reading) Steps() Figure {
	e := verify.Explain(r.Problem.Problem, r.Text)
	data := plots.TokensData{Title: "Step by step: " + r.model.Label, Notes: []string{fmt.Sprintf("Verdict: %s, %d of %d quantities right.", e.Verdict.Class, e.Verdict.Correct, e.Verdict.Nodes)}}
	for _, s := range e.Steps {
		role := plots.RightStep
		switch {
		case s.Class != verify.Right:
			role = plots.WrongStep
		case s.Extra:
			role = plots.NeedlessOne
		}
		for i, word := range strings.Fields(s.Text) {
			data.Tokens = append(data.Tokens, plots.Token{Text: word, Role: role, Value: math.NaN(), Break: i == 0})
		}
	}
	png, err := plots.Tokens(data)
	return figure(png, err, fmt.Sprintf("%d steps, coloured by verdict", len(e.Steps)))
}

// Alternatives lists what else the model might have written: for each token of the solution the n likeliest ones.
func (r *Reading) Alternatives(n int) *Table {
	o := r.model.open()
	t := &Table{Title: "What else " + r.model.Label + " might have written", Columns: []string{"token", "chance", "likeliest"}}
	for i := r.prompt; i < len(r.ids); i++ {
		row := r.seen.LogProbs[i-1]
		order := make([]int32, len(row))
		for k := range order {
			order[k] = int32(k)
		}
		slices.SortStableFunc(order, func(a, b int32) int { return int(math.Copysign(1, float64(row[b]-row[a]))) })
		var words []string
		for _, id := range order[:min(n, len(order))] {
			words = append(words, fmt.Sprintf("%s %.0f %%", strings.TrimSpace(o.tok.Token(id)), 100*math.Exp(float64(row[id]))))
		}
		t.Add(strings.TrimSpace(r.tokens[i]), math.Exp(float64(row[r.ids[i]])), strings.Join(words, ", "))
	}
	return t
}

// Attention draws where a head looks while the solution is written. Layers and heads count from 1.
func (r *Reading) Attention(layer, head int) Figure {
	layers, heads := len(r.seen.Attention), len(r.seen.Attention[0])
	if layer < 1 || layer > layers || head < 1 || head > heads {
		fail(fmt.Errorf("layer %d, head %d: the model has layers 1 to %d with heads 1 to %d", layer, head, layers, heads))
	}
	trimmed := make([]string, len(r.tokens))
	for i, t := range r.tokens {
		trimmed[i] = strings.TrimSpace(t)
	}
	data := plots.AttentionData{Title: fmt.Sprintf("Where layer %d, head %d looks", layer, head), Keys: trimmed, Queries: trimmed[r.prompt-1:]}
	for _, row := range r.seen.Attention[layer-1][head-1][r.prompt-1:] {
		weights := make([]float64, len(row))
		for k, w := range row {
			weights[k] = float64(w)
		}
		data.Weights = append(data.Weights, weights)
	}
	png, err := plots.Attention(data)
	return figure(png, err, fmt.Sprintf("attention of layer %d, head %d over %d tokens", layer, head, len(r.tokens)))
}

// Graph draws the problem's graph with what the solution shows of each quantity: right, wrong or missing.
func (r *Reading) Graph() Figure { return r.Problem.Graded(r.Text) }

// Graded draws the problem's graph with what a solution shows of each quantity: right, wrong or missing.
func (p Problem) Graded(solution string) Figure {
	e := verify.Explain(p.Problem, solution)
	data := p.dag()
	data.Title = "What the solution shows: " + e.Verdict.Class.String()
	for i := range data.Nodes {
		switch e.Nodes[i] {
		case verify.Confirmed:
			data.Nodes[i].Role = plots.Confirmed
		case verify.Wrong:
			data.Nodes[i].Role = plots.Refuted
		case verify.Missing:
			data.Nodes[i].Role = plots.Absent
		}
	}
	png, err := plots.DAG(data)
	return figure(png, err, fmt.Sprintf("problem graph, %d of %d quantities right", e.Verdict.Correct, e.Verdict.Nodes))
}

// Verdict is the judge's verdict on a solution of the problem.
func (p Problem) Verdict(solution string) Verdict { return verify.Judge(p.Problem, solution) }
