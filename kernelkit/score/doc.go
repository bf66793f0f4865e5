// Package score turns judged samples into numbers with intervals: pass@k,
// accuracies, right answers by wrong processes, negative log-likelihoods and the
// likeness of graphs.
//
// The unit of everything is the prompt. A benchmark draws prompts, and each
// prompt is sampled n times; samples of one prompt are not independent, so every
// interval comes from resampling prompts, never samples:
//
//	[]Sample ──Summarise──▶ []Prompt ──PassAtK, Share, …──▶ Interval
//	                            │
//	                          GroupBy op, mode, context
//
// Ops are fixed by the design of the benchmark, not drawn. Where prompts of
// several ops are pooled, each op is resampled within itself (a stratified
// bootstrap), so that the interval does not contain the spread between ops.
package score
