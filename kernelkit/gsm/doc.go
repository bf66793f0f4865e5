// Package gsm makes the laboratory's problems: dependency graphs of quantities
// (paper §2.1), written as text in several contexts.
//
// A [Graph] comes first and words come last. A sampler draws the graph: which
// quantities exist, what each is computed from, what is asked. [Render] writes it
// in the words of a context; the same graph in two contexts is a counterpart
// pair. The [Problem] keeps its graph, and judges work against that, not against
// the text. [Graph.Canonical] is the identity of a problem whatever its words; it
// decides the split that a problem belongs to. [SolveText] goes the other way: it
// answers a realistic problem from its text alone and knows no graph, which makes
// it an independent check of all the rest. [Source] addresses problems by index.
//
// Two families share the types. The realistic family is the paper's: word
// problems about places and the items in them, with totals that no sentence
// defines. The symbolic family is terse arithmetic modulo M for models that train
// in minutes.
//
// # Realistic samplers
//
// The steered sampler is the default; op is a smooth axis for it. The reference
// sampler has the distribution of the authors' generator, jumps included, for
// results that are compared with theirs. What each keeps and what it fixes is
// said at its function (sampleSteered, sampleReference). Both make sound
// problems only: every relation is in the text, and a reverse problem has one
// solution.
//
// # Operation count
//
// [Graph.Op] is the paper's difficulty: in the realistic family the incoming edges
// of all nodes on the solution path, a constant counting as one.
package gsm
