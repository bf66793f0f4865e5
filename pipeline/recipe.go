package pipeline

import (
	"errors"
	"fmt"

	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
)

// Pretraining is the recipe of a training stage: pre-training when it starts from
// fresh weights, mid-training or supervised fine-tuning when it starts from a model.
type Pretraining struct {
	Model  qwen.Config  `json:"model"` // ignored when the stage starts from a model
	Data   gsm.Spec     `json:"data"`
	Split  gsm.Split    `json:"split"` // train, or rl for fine-tuning on the problems of RL
	Target Target       `json:"target"`
	Train  train.Config `json:"train"`
	Seed   int64        `json:"seed"` // of the weights and of the corpus

	Sampler *OwnSampler `json:"own_sampler,omitempty"` // where the graphs come from; nil: the laboratory's samplers
	Filter  *OwnFilter  `json:"own_filter,omitempty"`  // which problems count; nil: all
	Prompt  *OwnPrompt  `json:"own_prompt,omitempty"`  // what the model reads of a problem; nil: its text and question

	// Vocabulary are contexts whose words the tokenizer knows, where later stages need
	// others than those of Data; empty: those of Data. The realistic family only.
	Vocabulary []string `json:"vocabulary,omitempty"`

	// Phrases are the tokens of word problems; nil: the family's words, as long as the paper's.
	Phrases *Phrases `json:"phrases,omitempty"`

	// Problems bounds the corpus to the first problems of the split, which come again and
	// again, each time in another order; 0: there is no end of new ones. With the split of RL
	// and RL's data and seed these are the very problems of RL, prompts counted through its steps.
	Problems int `json:"problems,omitempty"`
}

// Target says which tokens the loss counts.
type Target string

const (
	AllTokens    Target = "all"      // prompt and solution, as the paper's pre-training
	SolutionOnly Target = "solution" // what follows the prompt
)

// Reinforcement is the recipe of an RL stage.
type Reinforcement struct {
	Data    gsm.Spec      `json:"data"`
	Prompts int           `json:"prompts"`               // problems a step
	Reward  verify.Reward `json:"reward,omitzero"`       // one of the lab's, or
	Own     *OwnReward    `json:"own_reward,omitempty"`  // a function of the user's
	Filter  *OwnFilter    `json:"own_filter,omitempty"`  // which problems count; nil: all
	Prompt  *OwnPrompt    `json:"own_prompt,omitempty"`  // what the model reads of a problem; nil: its text and question
	Parser  *OwnParser    `json:"own_parser,omitempty"`  // how the answer is read from what it wrote; nil: as the judge does
	Sampler *OwnSampler   `json:"own_sampler,omitempty"` // where the graphs come from; nil: the laboratory's samplers
	GRPO    grpo.Config   `json:"grpo"`
	Seed    int64         `json:"seed"` // of the problems

	// MaxPrompt is the longest prompt in tokens that RL is given; longer problems are passed
	// over, as in the paper. 0: any, as long as the longest of Data.
	MaxPrompt int `json:"max_prompt,omitempty"`

	// JudgeErrors lets the judge err in known shares (verify.Erring); nil: it is exact.
	JudgeErrors *verify.JudgeErrors `json:"judge_errors,omitempty"`

	// Start begins with the model as it was at this step of the training stage that RL goes on
	// from, one of the stage's milestones; 0 is its end.
	Start int `json:"start,omitempty"`

	// Adaptive spreads each step's problems over the ops of Data by where the current
	// policy learns most (grpo.Curriculum), instead of as Data says.
	Adaptive bool `json:"adaptive,omitempty"`
}

// Evaluation is the recipe of an evaluation stage: the same held-out problems for
// every model that is evaluated with it.
type Evaluation struct {
	Data        gsm.Spec  `json:"data"`        // contexts, modes and ops; each cell gets Problems problems
	Split       gsm.Split `json:"split"`       // test, unless said otherwise
	Problems    int       `json:"problems"`    // problems of each op, context and mode
	Samples     int       `json:"samples"`     // completions of each problem
	Temperature float64   `json:"temperature"` // of sampling; the paper evaluates at 0.7, the small scales at 1
	MaxTokens   int       `json:"max_tokens"`  // longest completion
	Seed        int64     `json:"seed"`

	Sampler *OwnSampler `json:"own_sampler,omitempty"` // where the graphs come from, those of Data's ops; nil: the laboratory's samplers
	Filter  *OwnFilter  `json:"own_filter,omitempty"`  // which problems count; nil: all
	Prompt  *OwnPrompt  `json:"own_prompt,omitempty"`  // what the model reads of a problem; nil: its text and question
	Parser  *OwnParser  `json:"own_parser,omitempty"`  // how the answer is read from what it wrote; nil: as the judge does

	// Checkpoint evaluates the model as it was at this step of its training stage, one of
	// the stage's milestones; 0 is its end.
	Checkpoint int `json:"checkpoint,omitempty"`
}

// Validate returns the first thing that is wrong with the recipe.
func (r Pretraining) Validate() error {
	if err := r.Model.Validate(); err != nil {
		return err
	}
	if err := r.Data.Validate(); err != nil {
		return err
	}
	if r.Split != gsm.Train && r.Split != gsm.RL {
		return fmt.Errorf("split %q: expected %q, or %q for the problems of RL; models are judged on the others", r.Split, gsm.Train, gsm.RL)
	}
	if r.Problems < 0 {
		return fmt.Errorf("problems is %d: expected the number of problems of the corpus, or 0 for no end", r.Problems)
	}
	if r.Target != AllTokens && r.Target != SolutionOnly {
		return fmt.Errorf("target %q: expected %q or %q", r.Target, AllTokens, SolutionOnly)
	}
	if err := (ownParts{sampler: r.Sampler, filter: r.Filter, prompt: r.Prompt}).validate(r.Data.Family); err != nil {
		return err
	}
	return r.Train.Validate()
}

// WithSeed is the recipe with another seed for corpus, weights and order of rows.
func (r Pretraining) WithSeed(seed int64) Pretraining {
	r.Seed, r.Train.Seed = seed, seed
	return r
}

// WithSeed is the recipe with another seed for problems and noise.
func (r Reinforcement) WithSeed(seed int64) Reinforcement {
	r.Seed, r.GRPO.Seed = seed, seed
	return r
}

// Validate returns the first thing that is wrong with the recipe.
func (r Reinforcement) Validate() error {
	if err := r.Data.Validate(); err != nil {
		return err
	}
	if r.Prompts < 1 || r.Prompts > maxProblems {
		return fmt.Errorf("prompts is %d: expected 1 to %d problems a step", r.Prompts, maxProblems)
	}
	if r.Start < 0 {
		return fmt.Errorf("start is %d: expected a milestone's step, or 0 for the end", r.Start)
	}
	if err := r.validateOwn(); err != nil {
		return err
	}
	return r.GRPO.Validate()
}

// validateOwn checks the reward, and the functions that a user wrote.
func (r Reinforcement) validateOwn() error {
	switch {
	case r.Own != nil && r.Reward.Form != "":
		return fmt.Errorf("there are two rewards, %s and %s: set reward or own_reward", r.Reward, r.Own)
	case r.Adaptive && (r.Filter != nil || r.Sampler != nil || r.MaxPrompt != 0):
		return errors.New("adaptive chooses among all problems of its ops: leave out own_filter, own_sampler and max_prompt, or adaptive")
	case r.MaxPrompt < 0 || r.MaxPrompt > 1<<20:
		return fmt.Errorf("max_prompt is %d: expected 0 (any length) to %d tokens", r.MaxPrompt, 1<<20)
	case r.Own != nil && r.JudgeErrors != nil:
		return fmt.Errorf("judge_errors are of the lab's judge, and the reward is %s: let that function err itself", r.Own)
	}
	if err := r.reward().Validate(); err != nil {
		return err
	}
	return ownParts{r.Sampler, r.Filter, r.Prompt, r.Parser}.validate(r.Data.Family)
}

// reward is what the recipe pays by.
func (r Reinforcement) reward() grpo.Reward {
	switch {
	case r.Own != nil:
		return ownReward{r.Own}
	case r.JudgeErrors != nil:
		return verify.Erring{Reward: r.Reward, Errors: *r.JudgeErrors, Seed: r.GRPO.Seed}
	}
	return r.Reward
}

// RewardName is how tables and figures call the reward.
func (r Reinforcement) RewardName() string {
	switch {
	case r.Own != nil:
		return r.Own.Name
	case r.JudgeErrors != nil:
		return fmt.Sprintf("%s, judge %s", r.Reward, r.JudgeErrors)
	}
	return r.Reward.String()
}

// Validate returns the first thing that is wrong with the recipe.
func (r Evaluation) Validate() error {
	if err := r.Data.Validate(); err != nil {
		return err
	}
	switch {
	case r.Problems < 1 || r.Problems > maxProblems:
		return fmt.Errorf("problems is %d: expected 1 to %d", r.Problems, maxProblems)
	case r.Samples < 1 || r.Samples > maxProblems:
		return fmt.Errorf("samples is %d: expected 1 to %d", r.Samples, maxProblems)
	case r.Temperature != 0 && !(r.Temperature >= 1e-3 && r.Temperature <= 1000):
		return fmt.Errorf("temperature is %g: expected 0 (greedy), or 0.001 to 1000", r.Temperature)
	case r.MaxTokens < 1 || r.MaxTokens > 1<<20:
		return fmt.Errorf("max_tokens is %d: expected 1 to %d", r.MaxTokens, 1<<20)
	case r.Checkpoint < 0:
		return fmt.Errorf("checkpoint is %d: expected a milestone's step, or 0 for the end", r.Checkpoint)
	}
	return ownParts{r.Sampler, r.Filter, r.Prompt, r.Parser}.validate(r.Data.Family)
}

// HeldOut says whether the problems are none of those that models are trained on in
// pre-training: what a study judges by. The split of RL passes, since what a model learned of
// the problems of RL is a question of its own.
func (r Evaluation) HeldOut() error {
	if r.Split == gsm.Train {
		return fmt.Errorf("split %q: expected %q, %q, or %q for the problems of RL; a model has met those of %q in training", r.Split, gsm.Test, gsm.Validation, gsm.RL, gsm.Train)
	}
	return nil
}

// maxProblems is the most problems, prompts or samples that a recipe may ask for in one
// place: far beyond what a machine can do.
const maxProblems = 1 << 20
