package grpo

import (
	"math"
	"slices"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/verify"
)

// Metrics describe one step, under the names that the field uses; metrics.jsonl holds
// one a line. They are of the step's samples, before its update changes the policy,
// and averaged over its updates where they are of the update.
type Metrics struct {
	Step    int `json:"step"` // steps done, from 1
	Steps   int `json:"steps"`
	Updates int `json:"updates"` // optimiser updates since the start of the run

	RewardMean        float64 `json:"reward_mean"`
	RewardStd         float64 `json:"reward_std"`           // over all samples of the step
	FracRewardZeroStd float64 `json:"frac_reward_zero_std"` // share of groups whose rewards are all equal
	Strict            float64 `json:"strict"`               // share of samples that are strictly right
	Answer            float64 `json:"answer"`               // share with the right answer

	Loss      float64 `json:"loss"`
	ClipRatio float64 `json:"clip_ratio"` // share of tokens whose clipped term is the larger
	KL        float64 `json:"kl"`         // mean k3 to the start model; 0 where the term is off
	Entropy   float64 `json:"entropy"`    // mean over sampled tokens, at temperature 1, nats
	GradNorm  float64 `json:"grad_norm"`  // before clipping
	LR        float64 `json:"lr"`

	// The same token's log-prob in the sampler and in the learner, before the first
	// update: mean and largest distance. Both should be at the level of rounding.
	LogProbGap    float64 `json:"logprob_gap"`
	LogProbGapMax float64 `json:"logprob_gap_max"`

	CompletionLength  float64 `json:"completion_length"`        // mean, in tokens
	CompletionLongest int     `json:"completion_length_max"`    // tokens
	CompletionClipped float64 `json:"completion_clipped_ratio"` // share cut at MaxTokens

	Problems []string  `json:"problems"`          // IDs of the step's problems, in order: split, seed and index in the recipe's source
	Sampled  []Sampled `json:"sampled,omitempty"` // all completions of one group of the step, drawn by seed and step

	Confusion  Confusion      `json:"confusion"`
	FirstWrong map[string]int `json:"first_wrong"` // samples by class of the first wrong step
	ByOp       map[int]Count  `json:"by_op"`

	Prompts         int `json:"prompts"`
	PromptTokens    int `json:"prompt_tokens"` // of the distinct prompts
	TokensGenerated int `json:"tokens_generated"`
	TokensTrained   int `json:"tokens_trained"` // targets, counted once an epoch
	TokensForward   int `json:"tokens_forward"` // positions that the learner's passes covered, each prompt once a pass, padding not

	SecondsRollout float64 `json:"seconds_rollout"`
	SecondsVerify  float64 `json:"seconds_verify"`
	SecondsUpdate  float64 `json:"seconds_update"`
	Seconds        float64 `json:"seconds"` // since the start of the run, interrupted parts together

	Note   string `json:"note,omitempty"` // what a user should know: resumed, no group varies
	Damage string `json:"-"`              // the part of Note that says what was found damaged
}

// Confusion counts samples by answer and process. The process is right when every node
// of the path is shown and right and no step is wrong.
type Confusion struct {
	RightRight int `json:"right_answer_right_process"`
	RightWrong int `json:"right_answer_wrong_process"`
	WrongRight int `json:"wrong_answer_right_process"`
	WrongWrong int `json:"wrong_answer_wrong_process"`
}

// Count is the samples of one op.
type Count struct {
	Samples int     `json:"samples"`
	Strict  int     `json:"strict"`
	Answer  int     `json:"answer"`
	Reward  float64 `json:"reward"` // mean
}

// Sampled is a completion that is kept with its text, so that others can judge it anew.
type Sampled struct {
	Step    int     `json:"-" parquet:"step"` // of the run, from 1
	Problem string  `json:"problem" parquet:"problem,dict"`
	Op      int     `json:"op" parquet:"op"`
	Sample  int     `json:"sample" parquet:"sample"` // which of the problem's, from 0
	Reward  float64 `json:"reward" parquet:"reward"`
	Strict  bool    `json:"strict" parquet:"strict"`
	Answer  bool    `json:"answer" parquet:"answer"`
	Class   string  `json:"class" parquet:"class,dict"`
	Tokens  int     `json:"tokens" parquet:"tokens"`
	LogProb float64 `json:"logprob" parquet:"logprob"` // of the completion at temperature 1, nats
	Entropy float64 `json:"entropy" parquet:"entropy"` // mean over its tokens, nats
	Text    string  `json:"text" parquet:"text"`       // its first 4 KiB
}

// keptText is how much of a text is kept, in bytes.
const keptText = 4 << 10

// keep notes one of the step's groups with its texts.
func (m *Metrics) keep(groups []judged, seed int64) {
	g := groups[random.New(seed, "kept completions", uint64(m.Step)).IntN(len(groups))]
	for i, c := range g.completions {
		s := Sampled{Problem: g.problem.ID, Op: g.problem.Op, Sample: i, Reward: g.rewards[i], Tokens: len(c.IDs), LogProb: c.LogProb(),
			Strict: g.verdicts[i].Strict, Answer: g.verdicts[i].Answer, Class: g.verdicts[i].Class.String(), Text: g.texts[i]}
		for _, e := range c.Entropy {
			s.Entropy += float64(e) / float64(len(c.Entropy))
		}
		if len(s.Text) > keptText {
			s.Text = strings.ToValidUTF8(s.Text[:keptText], "")
		}
		m.Sampled = append(m.Sampled, s)
	}
}

// judged is a problem with its group of samples.
type judged struct {
	round       int
	problem     *gsm.Problem
	prompt      []int32
	completions []rollout.Completion
	texts       []string
	verdicts    []verify.Verdict
	rewards     []float64
	advantages  []float64
}

// describe fills in what follows from the samples.
func (m *Metrics) describe(groups []judged) {
	m.FirstWrong, m.ByOp, m.Prompts = map[string]int{}, map[int]Count{}, len(groups)
	var rewards []float64
	flat, clipped, entropy := 0, 0, 0.0
	for _, g := range groups {
		rewards = append(rewards, g.rewards...)
		m.PromptTokens += len(g.prompt)
		if !varies(g.rewards) {
			flat++
		}
		for i, c := range g.completions {
			m.TokensGenerated += len(c.IDs)
			m.CompletionLongest = max(m.CompletionLongest, len(c.IDs))
			if c.Finish == rollout.Length {
				clipped++
			}
			for _, e := range c.Entropy {
				entropy += float64(e)
			}
			m.judge(g.problem.Op, g.verdicts[i], g.rewards[i])
		}
		m.Problems = append(m.Problems, g.problem.ID)
	}
	for op, count := range m.ByOp {
		count.Reward /= float64(count.Samples)
		m.ByOp[op] = count
	}
	n := float64(len(rewards))
	m.RewardMean, m.RewardStd = meanStd(rewards)
	m.FracRewardZeroStd = float64(flat) / float64(len(groups))
	m.CompletionLength = float64(m.TokensGenerated) / n
	m.CompletionClipped = float64(clipped) / n
	m.Entropy = entropy / float64(m.TokensGenerated)
	m.Strict = float64(m.total(func(c Count) int { return c.Strict })) / n
	m.Answer = float64(m.total(func(c Count) int { return c.Answer })) / n
}

func (m *Metrics) judge(op int, v verify.Verdict, reward float64) {
	m.FirstWrong[v.Class.String()]++
	count := m.ByOp[op]
	count.Samples++
	count.Reward += reward
	process := v.FirstWrong < 0 && v.Correct == v.Nodes
	switch {
	case v.Answer && process:
		m.Confusion.RightRight++
	case v.Answer:
		m.Confusion.RightWrong++
	case process:
		m.Confusion.WrongRight++
	default:
		m.Confusion.WrongWrong++
	}
	if v.Answer {
		count.Answer++
	}
	if v.Strict {
		count.Strict++
	}
	m.ByOp[op] = count
}

func (m *Metrics) total(of func(Count) int) int {
	sum := 0
	for _, c := range m.ByOp {
		sum += of(c)
	}
	return sum
}

// learn adds what the updates of the step did.
func (m *Metrics) learn(all []updated) {
	if len(all) == 0 {
		return
	}
	for _, u := range all {
		m.Loss += u.loss / float64(len(all))
		m.GradNorm += u.norm / float64(len(all))
		m.ClipRatio += u.clipped
		m.KL += u.kl
		m.TokensTrained += u.tokens
		m.TokensForward += u.positions
	}
	m.ClipRatio /= float64(m.TokensTrained)
	m.KL /= float64(m.TokensTrained)
	m.LogProbGap, m.LogProbGapMax = all[0].gap/float64(all[0].tokens), all[0].maxGap
}

func finite(x ...float64) bool {
	return !slices.ContainsFunc(x, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}
