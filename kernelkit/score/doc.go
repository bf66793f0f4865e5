// Package score turns judged samples into numbers with intervals: pass@k,
// accuracies, right answers by wrong processes, negative log-likelihoods and the
// likeness of graphs.
//
// The unit of everything is the prompt. A benchmark draws prompts, and each
// prompt is sampled n times; samples of one prompt are not independent, so every
// interval rests on how prompts differ, never samples:
//
//	[]Sample ──Summarise──▶ []Prompt ──PassAtK, Share, …──▶ Interval
//	                            │
//	                          GroupBy op, mode, context
//
// Ops are fixed by the design of the benchmark, not drawn. Where prompts of
// several ops are pooled, each op is resampled within itself (a stratified
// bootstrap), so that the interval does not contain the spread between ops.
//
// What one model scores has a bootstrap interval over prompts (Bootstrap). What a recipe
// scores, run with a few seeds, has one over seeds and prompts (Contrast): a handful of
// seeds is too little to resample.
package score
