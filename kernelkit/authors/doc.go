// Package authors reproduces the code of the paper's authors bit for bit, with its
// defects: how they parse a solution, compare it with the gold solution, extract
// answers, reward, and aggregate pass@k. It is for figures that stand beside the
// paper's, and for checking that claim; package verify is what the laboratory
// judges with. Nothing of the laboratory but the command line's verify,
// conformance and bench imports it.
//
//	parse.go, header.go, eval.go   a solution's text → Graph: steps, values, dependencies
//	text.go                        Python's rules for white space, digits, letters and numbers
//	compare.go                     two graphs → Comparison; Gold rewards a response
//	answer.go                      their four ways of reading a final answer
//	verdict.go                     all of it about one prediction
//	passk.go                       scored samples → pass@k
//	conformance.go, passk_conformance.go   recorded results of their code, compared with this package's
//
// The source is github.com/Interplay-LM-Reasoning/Interplay-LM-Reasoning at commit
// c6676bcc (MIT): the solution parser, the gold-graph builder, the scorer, the
// pass@k aggregator, the reward functions and the evaluation script. The code here
// is written anew from what that code does, and is held to it by recorded results
// (testdata/conformance, and testdata/cases.jsonl beside this file, each with the
// script that made it).
//
// # What is reproduced although it is wrong
//
//   - Arithmetic is never checked: only the last number of the last assignment to a
//     step's variable counts, so "K = Z + g = 99 + 1 = 4" passes where 4 is right.
//   - A dot ends a statement, so 4.5 is read as 4.
//   - A sum passes for a difference where the value is right.
//   - Every letter of an expression is a dependency, also inside words: a true remark
//     beside a right step can make it wrong.
//   - In reverse mode everything that contains x depends on the unknown, and renaming
//     the letters of a right solution can make it wrong.
//   - A definition without a valid header ("Let …", a variable of two letters) is lost
//     with its text.
package authors
