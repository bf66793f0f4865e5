package gsm_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

var defines = regexp.MustCompile(`Define (.+?) as`)

// definedBy are the quantities that a gold solution works out, in its order.
func definedBy(p *gsm.Problem) (names []string) {
	if p.Graph.Family == gsm.Realistic {
		for _, m := range defines.FindAllStringSubmatch(p.Solution, -1) {
			names = append(names, m[1])
		}
		return names
	}
	steps := strings.Split(p.Solution, " ; ")
	for _, step := range steps[:len(steps)-1] {
		name, _, _ := strings.Cut(step, " ")
		names = append(names, name)
	}
	return names
}

// A solution with detours is strictly right, keeps the steps of the path in their order, and
// ends with the question's; the problem is the one that is told without them.
func TestDetoursAreRightStepsThatTheQuestionDoesNotNeed(t *testing.T) {
	for _, spec := range []gsm.Spec{
		gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 8}, "A", "B"),
		gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 12}, "zoo", "school"),
	} {
		source := func(detours float64) *gsm.Source {
			spec.Detours = detours
			s, err := gsm.NewSource(spec, gsm.Train, 3)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		plain, always := source(0), source(1)
		extra, longer := 0, map[int]int{}
		for i := range uint64(1500) {
			want, p := plain.At(i), always.At(i)
			if p.Problem != want.Problem || p.Question != want.Question || p.Answer != want.Answer {
				t.Fatalf("problem %d: %s %s, want %s %s", i, p.Problem, p.Question, want.Problem, want.Question)
			}
			v := verify.Judge(p, p.Solution)
			if !v.Strict {
				t.Fatalf("problem %d: %s %s\n%s\nis not strictly right: %+v", i, p.Problem, p.Question, p.Solution, v)
			}
			steps, path := definedBy(p), definedBy(want)
			onPath := slices.DeleteFunc(slices.Clone(steps), func(name string) bool { return !slices.Contains(path, name) })
			if !slices.Equal(onPath, path) || len(steps) != len(path)+v.Extra {
				t.Fatalf("problem %d: %s\nis not, with %d more steps, %s", i, p.Solution, v.Extra, want.Solution)
			}
			if len(path) > 0 && steps[len(steps)-1] != path[len(path)-1] {
				t.Fatalf("problem %d: %s\ngoes on after the question's step", i, p.Solution)
			}
			extra += v.Extra
			longer[v.Extra]++
		}
		if extra < 700 || longer[0] == 0 || longer[2] == 0 {
			t.Errorf("%s: %d steps more in 1,500 solutions, by %v", spec.Family, extra, longer)
		}
	}
}

func TestDetoursAreOfForwardProblems(t *testing.T) {
	spec := gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 4}, "zoo")
	spec.Detours, spec.Reverse = 0.5, 0.5
	if err := spec.Validate(); err == nil || !strings.Contains(err.Error(), "detours are of forward problems") {
		t.Error(err)
	}
	for _, chance := range []float64{-0.1, 1.1} {
		spec.Detours, spec.Reverse = chance, 0
		if err := spec.Validate(); err == nil || !strings.Contains(err.Error(), "must be 0 to 1") {
			t.Errorf("detours %v: %v", chance, err)
		}
	}
}
