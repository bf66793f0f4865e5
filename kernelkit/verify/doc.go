// Package verify turns the text of a solution into a verdict and a verdict into a
// reward.
//
// # The idea
//
// A problem is a graph: nodes are quantities, each with a formula over its parents
// (package gsm). A solution claims, step by step, what each node is. Right answers
// come about in wrong ways, so the judge does not look at the answer alone. It
// asks of every step four questions, in this order:
//
//	formula        does it compute the node from the graph's parents, by the graph's operation?
//	substitution   are the numbers that it puts in the values of these parents?
//	arithmetic     is every equality true?
//	value          is the result the node's true value?
//
// The first question that a step fails names its ErrorClass. A node of the solution
// path is right when some step shows it and none about it is wrong; ProcessAcc is
// the share of nodes that are right (paper §A.4). A solution is Strict when all
// are, no other step is wrong either, and the answer is right.
//
// # How Judge judges
//
// Judge, called Sound in the lab, executes the text: a variable means what the text
// has defined it to mean, numbers are exact fractions, and the unknown of reverse
// mode is the polynomial x. It compares with the generator's graph, never with the
// gold text, so a solution that says the same in another way is right: other
// variables, another order, merged or split sums, extra steps that are right. A formula is compared as a polynomial in the parents, so a wrong
// operator is wrong even where it happens to give the right value.
//
// Package authors reproduces the parser and rewards of the paper's authors, with
// their defects, for figures that are compared with the paper's.
//
// # What Judge reads
//
// Judge reads to the end. A sentence with an equation may hold nothing else that
// could change what it says: 3², 3 % 2, 3 ≠ 3, 3 plus 4, √T = 3 and marks that Judge
// does not know are unparsable. An answer is one number, and it stands behind the
// steps that derive it. Digits of all scripts, operators, brackets and punctuation
// of other widths, and \times, \cdot and \div of LaTeX are read for what they mean.
// Characters that show nothing are passed over. Text before <solution>, after
// </answer> or after [EOS] is not part of the solution, and tags that are only named
// ("between <answer> and </answer>") are not taken for the answer.
//
// # What Judge leaves open
//
// Sentences without an equation are prose: "This is plenty." and "That makes nine of
// them." are neither right nor wrong. A step may leave out intermediate links ("so
// L = a + b."), since nothing false is then said, in the realistic family; the
// symbolic family's format asks for formula, substitution and value each time.
// Values beyond 63 bits, formulas of more than 64 terms and powers belong to no
// problem and count as unparsable: this bounds the work per token, so the time is
// linear in the text.
//
// # From text to verdict
//
//	answer.go                     the solution and its answer
//	symbolic.go                   terse steps: "a1 a2 * 8 = 2 * 8 = a1 6"
//	definition.go                 realistic definitions, over the tokens of package lex
//	chain.go, substitution.go     chains of equalities, executed; formulas against the numbers put in
//	beside.go                     what stands beside an equation
//	realistic.go, closing.go      steps against the graph; the equation of reverse mode
//	tally.go, verdict.go          nodes counted, the verdict
//	explain.go                    the steps and nodes behind a verdict
//	rewards.go                    verdict → number
//
// Package lex cuts a text into tokens, package exact computes with its numbers and
// formulas. The judge is judged by package mutate, which writes labelled wrong and
// right solutions of any problem, as many as one likes: TestCorruptionsAreRefused and
// TestVariationsAreAccepted hold Judge to both; -mutations sets how many.
package verify
