package gsm

import "strings"

// Problem is a graph in the words of one context. It keeps its graph from birth
// to verdict: the verifier judges against Graph and Names, never against text.
type Problem struct {
	ID      string `json:"id"`      // unique within a corpus: split, seed and index
	Op      int    `json:"op"`      // Graph.Op()
	Context string `json:"context"` // crazy_zootopia, teachers_in_school, movie_festival_awards; A, B in the symbolic family
	Mode    Mode   `json:"mode"`    // Graph.Mode

	Problem  string `json:"problem"`  // the statements
	Question string `json:"question"` // the question
	Solution string `json:"solution"` // the gold solution, with the answer as the family writes it
	Answer   string `json:"answer"`   // the answer alone

	Graph *Graph   `json:"graph"`
	Names []string `json:"names"` // name of Graph.Nodes[i] in this context, as solutions write it
}

// Prompt is what the model is given: everything up to where the solution begins.
// Realistic (docs/generator.md, "Texts"): "<question> {problem} {question} </question> <solution>".
// Symbolic: "[BOS] {problem} {question}".
func (p *Problem) Prompt() string {
	if p.Graph.Family == Symbolic {
		return "[BOS] " + strings.TrimSpace(p.Problem) + " " + p.Question
	}
	return "<question> " + strings.TrimSpace(p.Problem) + " " + strings.TrimSpace(p.Question) + " </question> <solution>"
}

// Response is what a perfect model writes after the prompt, without [EOS].
// It starts with a blank, so that Prompt()+Response() is the training text.
func (p *Problem) Response() string {
	if p.Graph.Family == Symbolic {
		return " " + p.Solution
	}
	body, answer := p.Solution, p.Answer
	if i := strings.LastIndex(p.Solution, "Answer:"); i >= 0 {
		body = p.Solution[:i]
		answer = strings.TrimSuffix(strings.TrimSpace(p.Solution[i+len("Answer:"):]), ".")
	}
	return " " + strings.TrimSpace(body) + " </solution> <answer> " + answer + " </answer>"
}

// Training is the whole training text, without [EOS].
func (p *Problem) Training() string { return p.Prompt() + p.Response() }
