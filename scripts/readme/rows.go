package main

import (
	"fmt"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/pipeline/study"
)

// row is a question of the table.
type row struct{ study, claim, asks string }

// rows are the questions of README's table, each answered by one claim: "yes" where the claim
// agrees with what was found, "no" where it is contradicted, with a dagger where that holds of
// the claim by itself but not among all claims of its study. The claim's own sentence and its
// rule are shown by `interplay results STUDY`.
var rows = []row{
	{"edge", "edge-raises-pass1", "Does RL at ops that pre-training never showed raise pass@1 there?"},
	{"edge", "edge-raises-pass128", "Does it solve problems there that the base does not solve in 128 attempts (pass@128)?"},
	{"edge", "edge-curve-apart", "Does it lead at every number of attempts from 1 to 128?"},
	{"edge", "edge-reaches-beyond", "Does that carry to problems deeper than any it trained on (pass@16)?"},
	{"edge", "beyond-gains-nothing", "Is RL just beyond the edge in vain (pass@16 at the edge)?"},
	{"edge", "inside-curve-crosses", "Does RL inside what the base can do cross its curve at the edge: ahead with one attempt, behind with 128?"},
	{"edge", "rl-beats-sft", "Does RL beat gold solutions, planned at equal FLOPs (pass@16 at the edge)?"},
	{"edge", "same-problems", "And on exactly the same problems?"},
	{"edge", "sft-forgets", "Do gold solutions make it forget more than RL does (pass@1 inside)?"},
	{"exposure", "rl-does-it", "Where pre-training showed 1 % of a new context, does RL raise it further (pass@16 on deep problems)?"},
	{"exposure", "one-per-cent-is-enough", "Does that 1 % bring more than 10 points there, against RL without any?"},
	{"exposure", "a-tenth-is-too-little", "Is 0.1 % of it too little (pass@16 on deep problems)?"},
	{"exposure", "between", "Is 0.3 % enough (pass@16 on deep problems)?"},
	{"split", "mid-raises-edge", "Does mid-training alone raise pass@1 at the edge?"},
	{"split", "true-lengths-favour-rl", "Priced by what samples really cost, does RL beat mid-training (pass@1 at the edge)?"},
	{"reward", "strict-pass1", "Does paying for right steps beat paying for right answers (pass@1)?"},
	{"reward", "strict-less-lucky", "Are fewer of its right answers lucky?"},
	{"reward", "dense-process", "Does paying each right step give better steps beyond the edge?"},
	{"algorithms", "dr-grpo-pass1", "Do GRPO and Dr. GRPO end within 3 points of each other (pass@1 at the edge)?"},
	{"algorithms", "dapo-pass1", "GRPO, and GRPO with clip higher and dynamic sampling?"},
	{"algorithms", "gspo-pass1", "GRPO and GSPO?"},
	{"algorithms", "consensus-beats-answers", "Is agreement among right answers a better pay than right answers alone (pass@1 at the edge)?"},
}

// inBothLanguages are the questions of the study of the edge that README answers beside each other, of
// terse problems, of word problems, and of the paper.
var inBothLanguages = []row{
	{"edge", "edge-raises-pass1", "Does RL at an op that pre-training never showed raise pass@1 there?"},
	{"edge", "edge-raises-pass128", "Does it solve problems there that the base does not solve in 128 attempts (pass@128)?"},
	{"edge", "edge-reaches-beyond", "Does that carry to deeper problems (pass@16)?"},
	{"edge", "inside-pass1", "Does RL inside raise pass@1 inside?"},
	{"edge", "rl-beats-sft", "Does RL beat gold solutions, planned at equal FLOPs (pass@16 at the edge)?"},
	{"edge", "sft-forgets", "Do gold solutions make it forget more than RL does (pass@1 inside)?"},
}

// languages is README's table of the edge in two languages, beside the paper's values.
func languages(terse, words results) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "| question | terse problems (`%s`) | word problems (`%s`) | the paper |\n|---|---|---|---|\n", terse["edge"].Profile, words["edge"].Profile)
	for _, row := range inBothLanguages {
		fmt.Fprintf(&b, "| %s", row.asks)
		var last study.Judgement
		for _, r := range []results{terse, words} {
			j, answer, err := r.answer(row)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, " | %s, %s", answer, found(j))
			last = j
		}
		paper := "–"
		if last.Paper != nil {
			paper = signed(*last.Paper, "+")
		}
		fmt.Fprintf(&b, " | %s |\n", paper)
	}
	return b.String(), nil
}

// underTheTable says what stands behind the study of the edge.
func underTheTable(s *study.Study) (string, error) {
	base, ok := s.Arm("base")
	if !ok {
		return "", fmt.Errorf("the study %s has no base", s.Name)
	}
	edge, ok := s.Range("edge")
	if !ok {
		return "", fmt.Errorf("the study %s has no edge", s.Name)
	}
	return fmt.Sprintf("\n`edge` is at scale `%s`: %s seeds, %d problems an op, %d samples a problem where 128 attempts are asked for; pre-training ends at op %d, the edge is ops %s.\n",
		s.Profile, inWords(len(s.Seeds)), s.Evaluation.Problems, s.Samples(base), highestOp(base.Steps[0].Train.Data), strings.ReplaceAll(edge.Ops.String(), "-", " and ")), nil
}

// highestOp is the deepest that a corpus shows.
func highestOp(data gsm.Spec) (op int) {
	for _, b := range data.Mix {
		op = max(op, b.Ops.Max)
	}
	return op
}

// answers are the verdicts as answers to a question.
var answers = map[study.Verdict]string{study.Agrees: "**Yes**", study.Contradicts: "**No**", study.NotResolved: "Undecided"}

// answer is the claim that a row rests on, as it is judged, and its verdict as an answer.
func (r results) answer(row row) (study.Judgement, string, error) {
	j, err := r.claim(row.study, row.claim)
	if err != nil {
		return j, "", err
	}
	answer, known := answers[j.Verdict]
	if !known {
		return j, "", fmt.Errorf("claim %s: the verdict %q has no answer in rows.go", row.claim, j.Verdict)
	}
	return j, answer, nil
}

// table is README's table of results: the question, the answer, the effect with its interval.
func table(r results) (string, error) {
	var b strings.Builder
	daggers := false
	b.WriteString("| question | answer | effect, points [95 % interval] | study |\n|---|---|---|---|\n")
	for _, row := range rows {
		j, answer, err := r.answer(row)
		if err != nil {
			return "", err
		}
		if j.Family != j.Verdict {
			answer, daggers = answer+" †", true
		}
		fmt.Fprintf(&b, "| %s | %s | %s | [`%s`](notebooks/%s.ipynb) |\n", row.asks, answer, found(j), row.study, r[row.study].Study.Notebook)
	}
	if daggers {
		b.WriteString("\n† By itself; not when all claims of the study are asked at once (Benjamini–Hochberg at 5 %).\n")
	}
	under, err := underTheTable(r["edge"].Study)
	return b.String() + under, err
}

// found writes what was found: an effect in points, or where two curves cross.
func found(j study.Judgement) string {
	if j.Crossing == nil {
		return points(j.Found)
	}
	at, interval := j.Crossing.Where()
	if within, none := strings.CutPrefix(at, "not "); none {
		return "the curves do not cross " + within
	}
	if j.Verdict == study.NotResolved {
		return fmt.Sprintf("best guess: they cross at %s; the interval: %s, or not at all", at, interval)
	}
	return fmt.Sprintf("the curves cross: %s [%s]", at, interval)
}

// points writes an effect in percentage points with its interval.
func points(v score.Interval) string {
	return fmt.Sprintf("%s [%s, %s]", signed(v.Value, "+"), signed(v.Low, ""), signed(v.High, ""))
}

// signed is a share in points with one decimal, with a sign that is as wide as a plus.
func signed(v float64, plus string) string {
	s := fmt.Sprintf("%.1f", 100*v)
	if s == "-0.0" { // rounded to nothing
		s = "0.0"
	}
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		return "−" + rest
	}
	return plus + s
}

// numbers below thirteen are words in a sentence.
func inWords(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}

// sentence begins with a capital.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// edgeCaption says what stands behind the first figure.
func edgeCaption(r results) (string, error) {
	at, err := r.claim("edge", "edge-raises-pass128")
	if err != nil {
		return "", err
	}
	beyond, err := r.claim("edge", "edge-reaches-beyond")
	if err != nil {
		return "", err
	}
	says := "What RL at the edge of competence adds is undecided."
	switch {
	case at.Verdict == study.Agrees && beyond.Verdict == study.Agrees:
		says = "RL at the edge of competence solves problems that the base does not solve in 128 attempts, of a kind that pre-training never showed, and deeper ones than it trained on."
	case at.Verdict == study.Agrees:
		says = "RL at the edge of competence solves problems that the base does not solve in 128 attempts, of a kind that pre-training never showed."
	case at.Verdict == study.Contradicts:
		says = "RL at the edge of competence solves nothing that the base does not solve in 128 attempts."
	}
	s := r["edge"].Study
	base, ok := s.Arm("base")
	if !ok {
		return "", fmt.Errorf("the study %s has no base", s.Name)
	}
	return fmt.Sprintf("*%s %s seeds, %d problems an op, a decoder of %dk parameters trained from scratch on two cores; below: differences from the base with 95 %% intervals; hollow: the paper's 100M model.*\n",
		says, sentence(inWords(len(s.Seeds))), s.Evaluation.Problems, (base.Steps[0].Train.Model.Params()+500)/1000), nil
}

// exposureCaption says what stands behind the second figure.
func exposureCaption(r results) (string, error) {
	j, err := r.claim("exposure", "rl-does-it")
	if err != nil {
		return "", err
	}
	says := map[study.Verdict]string{
		study.Agrees:      "A new context needs a seed: where pre-training showed 1 % of it RL raises it further, with next to none there is nothing to reinforce.",
		study.Contradicts: "A new context stays closed to RL, also with 1 % of it in pre-training.",
		study.NotResolved: "Whether RL opens a context of which pre-training showed 1 % is undecided.",
	}
	return fmt.Sprintf("*%s %s seeds.*\n", says[j.Verdict], sentence(inWords(len(r["exposure"].Study.Seeds)))), nil
}
