package verify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

// record is a problem of the conformance corpora (their README explains the fields).
type record struct {
	ID, Template, Mode, Problem, Question, Solution, Answer string

	Op, D int
	Gen   struct{ Topo, Noise []recordNode }
}

type recordNode struct {
	Name, Kind string
	Parents    []string
	Value      int64
	PairOp     string `json:"pair_op"`
	RNGConst   int64  `json:"rng_const"`
	RNGOp      string `json:"rng_op"`
}

// problem turns a record into a problem with its true graph. Totals that only
// distractors use are not in the record; they are left without a definition.
func (r *record) problem(t testing.TB) *gsm.Problem {
	t.Helper()
	g := &gsm.Graph{Family: gsm.Realistic, Layers: r.D}
	p := &gsm.Problem{ID: r.ID, Op: r.Op, Context: r.Template, Problem: r.Problem, Question: r.Question,
		Solution: r.Solution, Answer: r.Answer, Graph: g}
	if r.Mode == "forwardreverse" {
		p.Mode, g.Mode = gsm.Reverse, gsm.Reverse
	}
	at := map[string]int{}
	var kept []recordNode
	for k, n := range append(r.Gen.Topo[:len(r.Gen.Topo):len(r.Gen.Topo)], r.Gen.Noise...) {
		if n.Kind == "alias" {
			continue
		}
		at[n.Name] = len(kept)
		kept = append(kept, n)
		p.Names = append(p.Names, n.Name)
		if k < len(r.Gen.Topo) {
			g.Path = len(kept)
			if p.Mode == gsm.Forward || len(n.Parents) == 1 && n.Parents[0] == "RNG" && strings.Contains(r.Solution, "Define "+n.Name+" as x; we don't") {
				g.Question = len(kept) - 1
			}
		}
	}
	for _, n := range kept {
		node, fromConstant := gsm.Node{Item: -1, Value: n.Value}, len(n.Parents) == 0
		for _, parent := range n.Parents {
			if parent == "RNG" {
				fromConstant = true
				continue
			}
			i, known := at[parent[2:]]
			if !known { // a total that only distractors use
				i = len(p.Names)
				at[parent[2:]] = i
				p.Names = append(p.Names, parent[2:])
			}
			node.Parents = append(node.Parents, i)
		}
		switch {
		case len(node.Parents) == 0:
			node.Const = n.Value
		case n.Kind == "abstract" && r.D == 3 && strings.Contains(n.Name, secondTotals[r.Template]):
			node.Kind, node.Inner = gsm.Total2, gsm.SumProducts
		case n.Kind == "abstract":
			node.Kind, node.Inner = gsm.Total, gsm.Sum
		case len(node.Parents) == 2 && n.PairOp == "-":
			node.Inner = gsm.Difference
		default:
			node.Inner = gsm.Sum
		}
		if fromConstant && len(node.Parents) > 0 {
			node.Const, node.Outer = n.RNGConst, gsm.Plus
			if n.RNGOp == "*" {
				node.Outer = gsm.Times
			}
		}
		g.Nodes = append(g.Nodes, node)
	}
	for len(g.Nodes) < len(p.Names) {
		g.Nodes = append(g.Nodes, gsm.Node{Kind: gsm.Total, Item: -1, Inner: gsm.Sum})
	}
	return p
}

var secondTotals = map[string]string{
	"crazy_zootopia":        "newborn",
	"teachers_in_school":    "teachers",
	"movie_festival_awards": "nominations",
}

// corpus reads the conformance problems, by id.
func corpus(t testing.TB) map[string]*gsm.Problem {
	t.Helper()
	problems := map[string]*gsm.Problem{}
	files, err := filepath.Glob(filepath.Join(corporaFolder(), "problems_*.jsonl"))
	if err != nil || len(files) < 2 {
		t.Fatalf("expected the authors' problems at %s, found %q (%v)", corporaFolder(), files, err)
	}
	for _, file := range files {
		for _, line := range lines(t, file) {
			var r record
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			problems[r.ID] = r.problem(t)
		}
	}
	return problems
}

// corporaFolder holds the authors' corpora: all of them beside the repository, or the
// part that is committed. With CI set the part is not enough.
func corporaFolder() string {
	whole := filepath.Join("..", "..", "..", "shared", "conformance")
	if _, err := os.Stat(whole); err != nil && os.Getenv("CI") == "" {
		return filepath.Join("..", "..", "testdata", "conformance")
	}
	return whole
}

func lines(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func TestAuthorsGoldSolutionsAreStrict(t *testing.T) {
	for id, p := range corpus(t) {
		if v := Judge(p, p.Response()); !v.Strict {
			t.Errorf("%s: %+v\n%s", id, v, p.Solution)
		}
	}
}

// What Judge makes of each kind of perturbation of the scoring corpus. The others
// depend on whether the perturbation found anything to change; see below.
const (
	harmless = "identity identity_full_text identity_plain " +
		"answer_dot answer_float answer_leading_zero answer_lowercase_label answer_open_tag_newline answer_open_tag_only " +
		"answer_plain_no_space answer_plus answer_two_right_first answer_uppercase_tag duplicate_step " +
		"name_case name_extra_spaces name_newline name_number_of name_trailing_dot permute_variables rename_variable reorder_valid " +
		"syntax_a_for_as syntax_comma_for_semicolon_inner syntax_commentary_sentence syntax_latex syntax_let syntax_lower_define " +
		"syntax_markdown syntax_missing_period syntax_newlines syntax_no_semicolon syntax_no_so syntax_no_spaces_ops " +
		"syntax_paren_value syntax_swap_operands syntax_tags_inside syntax_value_decimal syntax_words_before_var trailing_text " +
		"unevaluated_expression unicode_decomposed unicode_emoji unicode_fullwidth_answer unicode_fullwidth_digits unicode_minus " +
		"unicode_nbsp_name unicode_replacement_char variable_two_letters variable_with_digit"
	harmful = "answer_comma answer_empty answer_equation answer_float_half answer_fraction answer_mid_body answer_negative " +
		"answer_tag_and_plain_conflict answer_two_wrong_first answer_units answer_words dropped_parent " +
		"duplicate_step_conflict_fixed_later duplicate_step_conflict_last_wins empty extra_step_used garbage_ascii " +
		"garbage_unicode garbage_words missing_last_step missing_step name_typo no_answer no_answer_closed only_answer " +
		"only_answer_plain rename_variable_partial reorder_invalid reorder_shuffle repetition right_process_wrong_answer " +
		"truncated_char truncated_step variable_reused whitespace wrong_answer_plain wrong_operand_text wrong_parent " +
		"wrong_problem_solution wrong_value_mid"
)

func TestEachPerturbationIsJudgedByWhatItSays(t *testing.T) {
	problems := corpus(t)
	accept := map[string]bool{}
	for _, kind := range strings.Fields(harmless) {
		accept[kind] = true
	}
	for _, kind := range strings.Fields(harmful) {
		accept[kind] = false
	}
	judged := 0
	for _, line := range lines(t, filepath.Join(corporaFolder(), "scoring.jsonl")) {
		var c struct {
			ID, Kind, Prediction string
			ProblemID            string `json:"problem_id"`
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		p, exists := problems[c.ProblemID]
		if !exists {
			t.Fatalf("%s: there is no problem %s", c.ID, c.ProblemID)
		}
		want, known := accept[c.Kind]
		if strings.TrimSpace(c.Prediction) == strings.TrimSpace(p.Response()) {
			want, known = true, true // the perturbation found nothing to change
		}
		if !known {
			continue
		}
		judged++
		if v := Judge(p, c.Prediction); v.Strict != want {
			t.Errorf("%s (%s): strict %v, want %v: %+v\n%s\ngold: %s", c.ID, c.Kind, v.Strict, want, v, c.Prediction, p.Solution)
		}
	}
	t.Logf("%d of the corpus judged", judged)
}
