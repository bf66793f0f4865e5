package gsm

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"interplay/kernelkit/random"
)

var update = flag.Bool("update", false, "write testdata/conformance anew from ../shared/conformance")

const (
	sharedCorpora = "../../../shared/conformance"
	ownCorpora    = "../../testdata/conformance"
)

// corpora returns where the authors' corpora are: all of them beside the
// repository, or the part that is committed. With CI set the part is not enough.
func corpora(t testing.TB) (folder string, whole bool) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(sharedCorpora, "problems_d2.jsonl")); err == nil {
		return sharedCorpora, true
	} else if os.Getenv("CI") != "" || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the authors' corpora must be at ../shared/conformance beside the repository: %v", err)
	}
	return ownCorpora, false
}

// measures are what the samplers are compared by, per problem.
var measures = []string{"nodes", "edges", "distractors", "answer", "words"}

type measurement [5]int

// measureProblem counts path nodes, edges of all definitions but those of totals
// that only distractors use, distractors, the answer, and words of the training text.
func measureProblem(p *Problem) measurement {
	g := p.Graph
	m := measurement{0: g.Path, 3: int(g.Nodes[g.Question].Value), 4: len(strings.Fields(p.Training()))}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if i >= g.Path && !n.Stated() {
			continue
		}
		if m[1] += len(n.Parents); n.HasConst() {
			m[1]++
		}
		if i >= g.Path {
			m[2]++
		}
	}
	return m
}

// measureRecord does the same for a record of the authors, with lost statements put back.
func measureRecord(t *testing.T, r *record) measurement {
	t.Helper()
	m := measurement{}
	for _, n := range r.Gen.Topo {
		if n.Kind != "alias" {
			m[0]++
			m[1] += len(n.Parents)
		}
	}
	for _, n := range r.Gen.Noise {
		if n.Kind == "instance" {
			m[1] += max(1, len(n.Parents))
			m[2]++
		}
	}
	g, names, err := r.graph()
	if err != nil {
		t.Fatal(err)
	}
	m[3] = int(g.Nodes[g.Question].Value)
	p := Problem{Problem: r.Problem, Question: r.Question, Solution: r.Solution, Answer: r.Answer, Graph: g}
	m[4] = len(strings.Fields(p.Training()))
	list := wordsOf(names)
	_, lost := r.statements(g, list)
	for i := range list {
		if slices.Contains(lost, names[i]) {
			m[4] += len(strings.Fields(string(appendStatement(nil, g, list, i))))
			m[4] -= len(strings.Fields(string(appendStatement(nil, g, list, g.Question))))
		}
	}
	return m
}

// cell is what is compared at once: problems of one depth, op and mode, the three
// contexts in equal parts.
type cell struct {
	layers, op int
	mode       Mode
}

const statisticsFile = "problem_statistics.csv"

// authorsStatistics reads the measures of the authors' problems.
func authorsStatistics(t *testing.T) map[cell][]measurement {
	t.Helper()
	all := map[cell][]measurement{}
	if folder, whole := corpora(t); whole {
		for layers := 2; layers <= 3; layers++ {
			err := readRecords(filepath.Join(folder, fmt.Sprintf("problems_d%d.jsonl", layers)), func(r *record) error {
				c := cell{r.Layers, r.Op, r.Mode}
				all[c] = append(all[c], measureRecord(t, r))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	f, err := os.Open(filepath.Join(ownCorpora, statisticsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		var c cell
		var m measurement
		fields := []*int{&c.layers, &c.op, nil, &m[0], &m[1], &m[2], &m[3], &m[4]}
		for k, field := range fields {
			if field == nil {
				err = c.mode.UnmarshalText([]byte(row[k]))
			} else {
				*field, err = strconv.Atoi(row[k])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		all[c] = append(all[c], m)
	}
	return all
}

// sampleCell draws n problems of a cell, and the share of attempts that succeed.
func sampleCell(t *testing.T, c cell, n int, sample func(s *random.Stream, op, layers int, mode Mode) (*Graph, bool)) []measurement {
	t.Helper()
	s := random.New(11, "two-sample", uint64(c.layers), uint64(c.op), uint64(c.mode))
	list := make([]measurement, 0, n)
	for len(list) < n {
		g, ok := sample(s, c.op, c.layers, c.mode)
		if !ok {
			continue
		}
		contexts := Contexts()
		p, err := renderRealistic(g, contexts[len(list)%len(contexts)], s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, measureProblem(p))
	}
	return list
}

// homogeneity is Pearson's chi-square test that two samples of integers have one
// distribution: bins are runs of values that are expected at least five times in a.
func homogeneity(a, b []int) float64 {
	counts := map[int][2]float64{}
	for k, list := range [][]int{a, b} {
		for _, v := range list {
			c := counts[v]
			c[k]++
			counts[v] = c
		}
	}
	values := make([]int, 0, len(counts))
	for v := range counts {
		values = append(values, v)
	}
	slices.Sort(values)
	share := float64(len(a)) / float64(len(a)+len(b))
	var bins [][2]float64
	var bin [2]float64
	for _, v := range values {
		bin[0] += counts[v][0]
		bin[1] += counts[v][1]
		if (bin[0]+bin[1])*share >= 5 {
			bins = append(bins, bin)
			bin = [2]float64{}
		}
	}
	if len(bins) == 0 {
		return 1
	}
	bins[len(bins)-1][0] += bin[0]
	bins[len(bins)-1][1] += bin[1]
	if len(bins) < 2 {
		return 1
	}
	chi := 0.0
	for _, bin := range bins {
		total := bin[0] + bin[1]
		for k, expected := range [2]float64{total * share, total * (1 - share)} {
			chi += (bin[k] - expected) * (bin[k] - expected) / expected
		}
	}
	return distuv.ChiSquared{K: float64(len(bins) - 1)}.Survival(chi)
}

// mannWhitney is the two-sided rank test for a shift, with the normal
// approximation and the correction for ties.
func mannWhitney(a, b []int) float64 {
	type observation struct{ value, sample int }
	var all []observation
	for _, v := range a {
		all = append(all, observation{v, 0})
	}
	for _, v := range b {
		all = append(all, observation{v, 1})
	}
	slices.SortFunc(all, func(x, y observation) int { return x.value - y.value })
	n, m := float64(len(a)), float64(len(b))
	ranks, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].value == all[i].value {
			j++
		}
		k := float64(j - i)
		ties += k*k*k - k
		for ; i < j; i++ {
			if all[i].sample == 0 {
				ranks += float64(j) - (k-1)/2
			}
		}
	}
	variance := n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1)))
	if variance == 0 {
		return 1
	}
	z := (ranks - n*(n+m+1)/2) / math.Sqrt(variance)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}

// comparison is one test.
type comparison struct {
	cell    cell
	measure int
	test    string
	p, holm float64
	means   [2]float64
}

// compareSamples tests every cell and measure and corrects by Holm's method.
func compareSamples(a, b map[cell][]measurement) []comparison {
	var all []comparison
	for c := range a {
		for k := range measures {
			x, y := column(a[c], k), column(b[c], k)
			means := [2]float64{mean(x), mean(y)}
			all = append(all,
				comparison{cell: c, measure: k, test: "chi-square", p: homogeneity(x, y), means: means},
				comparison{cell: c, measure: k, test: "Mann-Whitney", p: mannWhitney(x, y), means: means})
		}
	}
	slices.SortFunc(all, func(x, y comparison) int {
		switch {
		case x.p < y.p:
			return -1
		case x.p > y.p:
			return 1
		}
		return 0
	})
	running := 0.0
	for i := range all {
		running = max(running, min(1, all[i].p*float64(len(all)-i)))
		all[i].holm = running
	}
	return all
}

func column(list []measurement, k int) []int {
	values := make([]int, len(list))
	for i, m := range list {
		values[i] = m[k]
	}
	return values
}

func mean(list []int) float64 {
	sum := 0
	for _, v := range list {
		sum += v
	}
	return float64(sum) / float64(len(list))
}

// The bar of the sampler: nodes, edges, distractors, answers and lengths per op
// and mode against the authors' problems, none below p = 0.001 after correction.
func TestReferenceHasTheAuthorsDistribution(t *testing.T) {
	authors := authorsStatistics(t)
	ours := map[cell][]measurement{}
	n := 300
	if testing.Short() {
		n = 150
	}
	for c := range authors {
		ours[c] = sampleCell(t, c, n, sampleReference)
	}
	pool(authors)
	pool(ours)
	tests := compareSamples(authors, ours)
	for _, c := range tests {
		if c.holm < 0.001 {
			t.Errorf("%d layers, op %d, %s: %s by %s: p = %.2g, corrected %.2g; mean %.2f, authors %.2f",
				c.cell.layers, c.cell.op, c.cell.mode, measures[c.measure], c.test, c.p, c.holm, c.means[1], c.means[0])
		}
	}
	logTable(t, tests)
}

// pool adds cells of op 0 that hold all ops of a mode: a small bias that all ops
// share shows there first.
func pool(samples map[cell][]measurement) {
	for c, list := range samples {
		if c.op > 0 {
			all := cell{c.layers, 0, c.mode}
			samples[all] = append(samples[all], list...)
		}
	}
}

// logTable writes the smallest p of each measure, uncorrected and corrected, and
// the smallest per op.
func logTable(t *testing.T, tests []comparison) {
	t.Helper()
	t.Logf("%d tests; smallest p %.2g, corrected %.2g", len(tests), tests[0].p, tests[0].holm)
	for layers := 2; layers <= 3; layers++ {
		for op := 0; op <= maxReferenceOp; op++ {
			line := ""
			for k := range measures {
				least, means := 2.0, [2]float64{}
				for _, c := range tests {
					if c.cell.layers == layers && c.cell.op == op && c.measure == k && c.p < least {
						least, means = c.p, c.means
					}
				}
				if least < 2 {
					line += fmt.Sprintf(" | %.1f %.1f %.2g", means[0], means[1], least)
				}
			}
			if line != "" {
				t.Logf("| %d | %d%s |", layers, op, line)
			}
		}
	}
}

// A test that cannot fail is none: the steered sampler, whose shapes differ on
// purpose, must be told from the authors'.
func TestTwoSampleTestsSeeAnotherDistribution(t *testing.T) {
	authors := authorsStatistics(t)
	ours := map[cell][]measurement{}
	for c := range authors {
		if c.layers == 3 || c.op%6 != 0 {
			delete(authors, c)
			continue
		}
		ours[c] = sampleCell(t, c, 150, sampleSteered)
	}
	if tests := compareSamples(authors, ours); tests[0].holm > 0.001 {
		t.Errorf("the smallest corrected p is %.2g: the tests have no power", tests[0].holm)
	}
}
