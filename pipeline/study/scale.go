package study

import (
	"fmt"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
	"interplay/pipeline"
)

// scale is what the four studies take from a profile.
type scale struct {
	pipeline.Profile
	seed int64

	// Ops that RL is given, and ops that are evaluated. At the small scales they
	// follow from the base's corpus: its body is inside, its rare tail is the edge.
	insideRL, mixedRL, edgeRL, beyondRL gsm.Range
	inside, edge, beyond                gsm.Range

	contexts   []string // of the studies of depth
	study      pipeline.Reinforcement
	evaluation pipeline.Evaluation
	seeds      [2]int // independent ones, of edge and reward, and of exposure and split: with fewer than three hardly an effect is resolved
	exposure   exposureScale
	split      splitScale
	machine    pipeline.Machine
	notRun     string
}

// exposureScale is what the exposure study trains on.
type exposureScale struct {
	shares       []float64 // of context B
	seen         gsm.Range // ops of B in pre-training
	rl, evaluate gsm.Range
	steps        int // of pre-training, one for each share; 0: as the base
}

// splitScale is how the split study divides its budgets.
type splitScale struct {
	budgets   []float64 // T in nominal tokens
	betas     []float64
	lr, minLR float64 // of mid-training
	warmup    float64 // share of its steps
	trueToo   bool    // the first budget again, priced at true lengths
}

// cpu is the machine that the small scales assume, each of two stages side by side: LAB.md
// has what was measured.
var cpu = pipeline.Machine{Name: "two CPU cores", Train: 2.5e10, RL: 1e10, Evaluate: 7e9}

// h100s is a node of eight H100 at what a reader measured for a 400M model: 10B
// tokens in eight hours.
var h100s = pipeline.Machine{Name: "one node of 8 H100", GPU: true, Train: 8e14, RL: 1e14, Evaluate: 1e14}

// scaleOf derives the studies' numbers from a profile.
func scaleOf(name string, seed int64) (scale, error) {
	p, err := pipeline.ProfileByName(name, seed)
	if err != nil {
		return scale{}, err
	}
	s := scale{Profile: p, seed: seed, machine: cpu, study: p.RL, evaluation: p.Evaluation}
	switch name {
	case "smoke", "micro", "lookup", "words":
		s.small()
	case "gpu", "paper":
		s.large()
	}
	return s, nil
}

// small is a profile that two CPU cores can run: one context, and ops that follow from the
// base's corpus.
func (s *scale) small() {
	body, edge := s.Base.Data.Mix[0].Ops, s.Edge
	easiest := max(1, body.Min)
	s.insideRL = gsm.Range{Min: max(easiest, body.Max-2), Max: body.Max}
	s.mixedRL = gsm.Range{Min: body.Max - 1, Max: edge.Max}
	s.edgeRL, s.beyondRL = edge, gsm.Range{Min: 2 * edge.Max, Max: 2*edge.Max + 1}
	s.inside, s.edge, s.beyond = gsm.Range{Min: easiest, Max: body.Max}, edge, gsm.Range{Min: edge.Max + 1, Max: edge.Max + 2}
	s.contexts = s.Base.Data.Mix[0].Contexts
	s.study.Data = s.rl(s.edgeRL)
	s.evaluation.Data = s.rl(gsm.Range{Min: easiest, Max: s.beyond.Max})
	s.exposure = exposureScale{shares: []float64{0, 0.001, 0.003, 0.01, 0.1}, seen: gsm.Range{Min: body.Min, Max: 2},
		rl: gsm.Range{Min: 2, Max: body.Max}, evaluate: gsm.Range{Min: easiest, Max: edge.Max}}
	s.split = splitScale{betas: []float64{0, 0.2, 0.5, 0.8, 1}, lr: 1e-3, minLR: 1e-4, warmup: 0.05, trueToo: true}
	if s.Name == "smoke" {
		s.seeds = [2]int{1, 1}
		s.study.Prompts, s.study.GRPO.Steps, s.study.GRPO.CheckpointEvery = 16, 6, 0
		s.evaluation.Problems, s.evaluation.Samples = 12, 8
		s.exposure.shares, s.exposure.steps = []float64{0, 0.01, 0.1}, 120
		s.split.betas = []float64{0, 0.5, 1}
		s.split.budgets = []float64{s.perRLStep() * float64(s.study.GRPO.Steps)}
		return
	}
	s.seeds = [2]int{5, 4}
	s.evaluation.Problems, s.evaluation.Samples = 128, 16
	s.split.budgets = []float64{s.perRLStep() * 40}
	switch s.Name {
	case "lookup":
		s.notRun = "no study has run at this profile yet: LAB.md has the pilots of its base"
	case "words":
		s.seeds = [2]int{3, 3}
		s.exposure.shares = []float64{0, 0.001, 0.01, 0.1}
		s.notRun = "no study has run at this profile yet: LAB.md has the pilots of its base"
	}
}

// large is the realistic family: gpu and paper.
func (s *scale) large() {
	s.insideRL, s.mixedRL, s.edgeRL, s.beyondRL = gsm.Range{Min: 7, Max: 10}, gsm.Range{Min: 9, Max: 12}, gsm.Range{Min: 11, Max: 14}, gsm.Range{Min: 17, Max: 20}
	s.inside, s.edge, s.beyond = gsm.Range{Min: 2, Max: 10}, gsm.Range{Min: 11, Max: 14}, gsm.Range{Min: 15, Max: 20}
	s.contexts = []string{"zoo", "school", "movie"}
	s.seeds = [2]int{1, 1}
	s.exposure = exposureScale{shares: []float64{0, 0.001, 0.01, 0.1}, seen: gsm.Range{Min: 2, Max: 2},
		rl: gsm.Range{Min: 2, Max: 20}, evaluate: gsm.Range{Min: 2, Max: 20}}
	s.split = splitScale{betas: []float64{0, 0.2, 0.5, 0.8, 1}, lr: 1e-4, minLR: 3e-5, warmup: 0.15}
	s.machine = h100s
	s.split.budgets = PaperBudgets()
	s.notRun = "nobody has run this profile here: it is complete and can be planned; its numbers are the paper's where the paper gives them"
	if s.Name == "gpu" {
		s.seeds = [2]int{3, 3}
		s.machine = pipeline.Machine{Name: "one H100", GPU: true, Train: 5e13, RL: 5e12, Evaluate: 5e12}
		s.split.budgets = []float64{s.perRLStep() * 100}
		s.notRun = "nobody has run this profile whole (LAB.md has the first steps of its base): a 10M model on word problems, with learning rates and speeds that are a first guess"
	}
}

// seedList are n independent seeds, from the profile's on.
func (s *scale) seedList(n int) []int64 {
	seeds := make([]int64, n)
	for i := range seeds {
		seeds[i] = s.seed + int64(i)
	}
	return seeds
}

// rl is the spec of RL problems of a range of ops, even over ops, contexts and modes.
func (s *scale) rl(ops gsm.Range) gsm.Spec {
	spec := gsm.Uniform(s.Base.Data.Family, ops, s.contexts...)
	spec.Reverse = s.Base.Data.Reverse
	return spec
}

// reinforce is the study's RL on a range of ops with a reward.
func (s *scale) reinforce(ops gsm.Range, reward verify.Reward) *pipeline.Reinforcement {
	r := s.study
	r.Data, r.Reward = s.rl(ops), reward
	step := 0
	switch {
	case r.Data.Family == gsm.Symbolic:
		step = symbolicStep
	case s.Base.Phrases != nil:
		step = phraseStep
	}
	r.GRPO.MaxTokens = max(r.GRPO.MaxTokens, step*(ops.Max+1)) // or no sample of the deepest could end
	return &r
}

// Tokens of a solution for each operation: a step of the symbolic family, and word problems
// in phrases, with the constants that they define.
const (
	symbolicStep = 12
	phraseStep   = 20
)

// perTrainStep is the tokens of a step of training: those of its documents, without
// padding; at the paper's scales all positions, as the paper counts.
func (s *scale) perTrainStep(r pipeline.Pretraining) float64 {
	positions := float64(r.Train.Batch * r.Train.Accumulate * r.Train.Seq)
	if r.Data.Family == gsm.Realistic && r.Phrases == nil {
		return positions
	}
	return r.TokensPerPosition() * positions
}

// perRLStep is the nominal token equivalents of a step of RL.
func (s *scale) perRLStep() float64 {
	r := s.study
	r.GRPO.Steps = 1
	return r.Estimate(s.Base).NominalTokens
}

// trueShare is what a sample's true length is of the nominal one, for RL problems of a range.
func (s *scale) trueShare(ops gsm.Range) float64 {
	p := s.reinforce(ops, s.study.Reward).Estimate(s.Base)
	return p.TrueTokens / p.NominalTokens
}

var strictReward = verify.Reward{Form: verify.StrictForm}

// new is a study on this scale, without arms.
func (s *scale) new(notebook, title, question string, seeds int) *Study {
	return &Study{Notebook: notebook, Title: title, Question: question, Profile: s.Name, NotRun: s.notRun,
		Seeds: s.seedList(seeds), Evaluation: s.evaluation, Machine: s.machine}
}

// base is the first step of the arms that share the base model.
func (s *scale) base() Step {
	r := s.Base
	return Step{Name: "pre-training", Train: &r}
}

// depthRanges are the ops that the studies of depth look at.
func (s *scale) depthRanges() []OpRange {
	title := func(what string, r gsm.Range) string { return fmt.Sprintf("%s (ops %s)", what, dash(r)) }
	return []OpRange{
		{Name: "inside", Title: title("inside", s.inside), Ops: s.inside, Paper: "op 2–10"},
		{Name: "edge", Title: title("edge", s.edge), Ops: s.edge, Paper: "op 11–14"},
		{Name: "beyond", Title: title("beyond", s.beyond), Ops: s.beyond, Paper: "op 15–20"},
	}
}

func dash(r gsm.Range) string { return strings.ReplaceAll(r.String(), "-", "–") }
