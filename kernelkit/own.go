package kernelkit

import (
	"fmt"
	"strings"

	"interplay/kernelkit/code"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
	"interplay/kernelkit/strict"
	"interplay/kernelkit/verify"
	"interplay/pipeline"
)

// Attempt is all that a reward may look at. Its fields:
//
//	Problem  with its graph
//	Text     that the model wrote
//	Tokens   its length, the end token included
//	Verdict  of the judge
//	Sample   which of its problem's samples it is
//	Group    all of these, itself among them
type Attempt = verify.Attempt

// Verdict is what the judge says of an attempt. Its fields:
//
//	Strict      every needed step is shown and right, no step is wrong, and the answer is right
//	Answer      the answer is right, whatever came before it
//	ProcessAcc  share of the needed steps that are right, from 0 to 1
//	FirstWrong  place of the first wrong step, from 0; -1 where none is wrong
//	Class       what is wrong with it, or what the solution lacks
//	Steps       in the text; Extra, those of them that are right and not needed
//	Nodes       needed steps: Correct, Missing, and those with WrongParents or WrongValues
//	Penalty     counts faults as the paper's authors' reward does
//
// `go doc interplay/kernelkit/verify.Verdict` says more.
type Verdict = verify.Verdict

// Reward is a reward function of yours, as a part of a recipe.
type Reward = pipeline.OwnReward

// Filter is a function of yours that says which problems RL may draw.
type Filter = pipeline.OwnFilter

// Prompt is a function of yours that writes what the model reads of a problem.
type Prompt = pipeline.OwnPrompt

// Parser is a function of yours that reads the answer from what a model wrote.
type Parser = pipeline.OwnParser

// Sampler is a function of yours that draws the graphs of problems.
type Sampler = pipeline.OwnSampler

// Reward makes a reward of a function. Put it into a recipe:
//
//	var frugal = lab.Reward("frugal", func(a kernelkit.Attempt) float64 {
//		if !a.Verdict.Strict {
//			return 0
//		}
//		return 1 - 0.005*float64(a.Tokens)
//	})
//
//	r := lab.RLRecipe()
//	r.PayBy(frugal)
//	tuned := lab.RL("frugal", base, r)
//
// The function's code is part of the address of everything that is computed with it, with the functions,
// types and constants of yours that it uses, and without comments: when it changes, RL is computed anew, and nothing before it.
// A function that uses a variable of its surroundings does not say what it does; then give a version, and
// another one whenever you change something.
//
// Any finite number is a reward. A function that panics, or returns NaN or infinity, ends the run with the step's samples
// saved.
func (l *Lab) Reward(name string, pay func(Attempt) float64, version ...string) *Reward {
	return &Reward{Name: name, Code: codeOf("reward", name, pay, version), Call: pay}
}

// Filter makes a filter of a function: training, RL or evaluation draws only problems for which it is true. Put
// it into a recipe, r.Filter = hard. See Reward for its code.
func (l *Lab) Filter(name string, keep func(Problem) bool, version ...string) *Filter {
	return &Filter{Name: name, Code: codeOf("filter", name, keep, version), Call: func(p *gsm.Problem) bool { return keep(Problem{p}) }}
}

// Prompt makes a prompt of a function: what the model reads instead of the problem's text and question. Put it into
// the recipes that shall use it, r.Prompt = terse. See Reward for its code.
func (l *Lab) Prompt(name string, write func(Problem) string, version ...string) *Prompt {
	return &Prompt{Name: name, Code: codeOf("prompt", name, write, version), Call: func(p *gsm.Problem) string { return write(Problem{p}) }}
}

// Parser makes an answer parser of a function: the answer that it reads from what the model wrote, a number as
// text, "" where there is none, takes the place of the one that the judge reads. Steps are judged as ever. Put
// it into recipes of RL and of evaluation, r.Parser = last; VerdictBy tries it on a text. See Reward for its code.
//
//	var last = lab.Parser("last", func(text string) string {
//		words := strings.Fields(text)
//		return words[len(words)-1]
//	})
func (l *Lab) Parser(name string, read func(text string) string, version ...string) *Parser {
	return &Parser{Name: name, Code: codeOf("parser", name, read, version), Call: read}
}

// Sampler makes a sampler of a function: the graph of problem i at a seed, as nodes that FromGraph takes. It must
// depend on seed and index only. Put it into recipes, r.Sampler = chains; their Data then says the contexts (A or B), and in an
// evaluation the ops. A graph's split is decided by its shape, so that no problem is learned from and judged on.
// Drawn shows what it draws. See Reward for its code.
//
//	var chains = lab.Sampler("chains", func(seed int64, i uint64) []kernelkit.Node {
//		r := kernelkit.Rand(seed, i)
//		nodes := []kernelkit.Node{{Value: int64(r.IntN(10))}}
//		for range 1 + r.IntN(3) {
//			n := len(nodes)
//			nodes = append(nodes, kernelkit.Node{Value: int64(r.IntN(10))}, kernelkit.Node{Op: '+', Left: n - 1, Right: n})
//		}
//		return nodes
//	})
func (l *Lab) Sampler(name string, draw func(seed int64, i uint64) []Node, version ...string) *Sampler {
	return &Sampler{Name: name, Code: codeOf("sampler", name, draw, version),
		Call: func(seed int64, i uint64) (*gsm.Graph, error) { return graphOf(draw(seed, i)) }}
}

// Rand gives random numbers for problem i of a sampler at a seed: the same ones every time. It has IntN, Float64, Bool, Shuffle and
// Perm.
func Rand(seed int64, i uint64) *random.Stream { return random.New(seed, "own sampler", i) }

// Drawn is problem i of a sampler of yours, in the words of context A or B, of the test split.
func (l *Lab) Drawn(s *Sampler, context string, i uint64) Problem {
	return Problem{must(pipeline.DrawnProblem(s, context, l.Seed, i))}
}

// VerdictBy is the judge's verdict on a solution whose answer a parser of yours reads.
func (p Problem) VerdictBy(parser *Parser, solution string) Verdict {
	return verify.JudgeAnswer(p.Problem, solution, parser.Call(solution))
}

// Context makes a context of your own known to the notebook, and returns its name: words for word problems, as a text of JSON
// or as the name of a file that holds it (see "A context" in CONTRIBUTING.md). The words are part of the address of what
// is computed with them; the laboratory's contexts, and what was computed with them, do not change. Declare it in the first cell:
//
//	var bakery = lab.Context("bakery.json")
//
//	lab.Problem(bakery, 4, 0).Show()
func (l *Lab) Context(jsonOrFile string) string {
	text, what := []byte(jsonOrFile), "the context"
	if !strings.HasPrefix(strings.TrimSpace(jsonOrFile), "{") {
		what = "the context " + jsonOrFile
		var err error
		if text, err = strict.ReadFile(jsonOrFile, 1<<20); err != nil {
			fail(fmt.Errorf("%s cannot be read: %w; give the name of a JSON file, or its text", what, err))
		}
	}
	c, err := gsm.AddContext(text)
	if err != nil {
		fail(fmt.Errorf("%s: %w", what, err))
	}
	return c.Alias
}

// codeOf is the address of a function: the version that the user named, or its code.
func codeOf(what, name string, function any, version []string) string {
	if len(version) > 1 {
		fail(fmt.Errorf("the %s %s has %d versions: name one", what, name, len(version)))
	}
	if len(version) == 1 {
		return "version " + version[0]
	}
	source, err := code.Of(function)
	if err != nil {
		fail(fmt.Errorf("the %s %s cannot be told apart from a changed one: %w; or name a version as its last argument, such as \"v1\", and another one when you change it", what, name, err))
	}
	return source.Digest
}
