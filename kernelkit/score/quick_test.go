package score

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"interplay/kernelkit/random"
)

// someSamples are samples of n prompts, each prompt's together and in order of rank.
func someSamples(n, each int) (all []Sample) {
	r := random.New(int64(1), "score/quick", 2)
	for i := range n {
		for rank := range each {
			s := Sample{Prompt: fmt.Sprintf("p%03d", (i*37)%n), Op: (i * 37) % n % 5, Context: "A", Mode: "forward", Rank: rank, Process: r.Float64()}
			if r.IntN(3) == 0 {
				s.Strict, s.Answer, s.Process = true, true, 1
			}
			all = append(all, s)
		}
	}
	return all
}

// In whatever order samples come, together or not, they are counted to the same bits, and stay as they are.
func TestTheOrderOfSamplesDoesNotMatter(t *testing.T) {
	together := someSamples(50, 8)
	want, err := Summarise(together)
	if err != nil {
		t.Fatal(err)
	}
	mixed := slices.Clone(together)
	random.New(int64(3), "score/quick", 4).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	before := slices.Clone(mixed)
	got, err := Summarise(mixed)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("mixed samples are counted as others, %v", err)
	}
	if !slices.Equal(mixed, before) {
		t.Error("Summarise changed the list that it was given")
	}
	if _, err := Summarise(append(together, together[0])); err == nil {
		t.Error("a rank that stands twice, far from its prompt, is no error")
	}
}

// InOps leaves the list alone, also when its result is appended to.
func TestInOpsIsNoDoorToTheList(t *testing.T) {
	prompts, err := Summarise(someSamples(50, 2))
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(prompts)
	in := InOps(prompts, 1, 2)
	if len(in) != 20 {
		t.Fatalf("%d prompts of two ops of five, want 20", len(in))
	}
	_ = append(in, Prompt{ID: "mine"})
	if !slices.Equal(prompts, before) {
		t.Error("what was appended to a part stands in the whole")
	}
	slices.Reverse(prompts[:30]) // not sorted by op any more
	apart := InOps(prompts, 1, 2)
	if len(apart) != 20 || slices.ContainsFunc(apart, func(p Prompt) bool { return p.Op < 1 || p.Op > 2 }) {
		t.Errorf("%d prompts where they do not stand together, want 20 of ops 1 and 2", len(apart))
	}
}

// A contrast does not depend on the order in which its prompts are listed, nor on whether all seeds list them alike.
func TestContrastsOfListsInAnyOrder(t *testing.T) {
	list := func(seed uint64, shuffled bool) []Prompt {
		samples := someSamples(40, 6)
		r := random.New(int64(seed), "score/quick", 9)
		for i := range samples {
			right := r.IntN(4) == 0
			samples[i].Strict, samples[i].Answer = right, right
			if right {
				samples[i].Process = 1
			}
		}
		prompts, err := Summarise(samples)
		if err != nil {
			t.Fatal(err)
		}
		if shuffled {
			r.Shuffle(len(prompts), func(i, j int) { prompts[i], prompts[j] = prompts[j], prompts[i] })
		}
		return prompts
	}
	estimate := func(shuffled bool) Estimate {
		after, before := Seeds{1: list(1, false), 2: list(2, shuffled)}, Seeds{1: list(3, shuffled), 2: list(4, false)}
		e, err := Estimated([]Term{{1, after, Pass(2, Strict, Unbiased)}, {-1, before, Pass(2, Strict, Unbiased)}})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	a, b := estimate(false), estimate(true)
	if d := a.Value - b.Value; d > 1e-12 || d < -1e-12 || a.Prompts != b.Prompts {
		t.Errorf("the contrast is %v of %d prompts, and in another order %v of %d", a.Value, a.Prompts, b.Value, b.Prompts)
	}
	if d := a.Error() - b.Error(); d > 1e-12 || d < -1e-12 {
		t.Errorf("its standard error is %v, and in another order %v", a.Error(), b.Error())
	}
}

// SeedsFor skips numbers of seeds that cannot do, and none that can.
func TestSeedsForSkipsNothingThatWouldDo(t *testing.T) {
	r := random.New(int64(5), "score/quick", 6)
	for range 300 {
		e := Estimate{Value: r.Float64() * 0.3, Prompts: 10 + r.IntN(300), variance: 1,
			spread: spread{ofSeeds: r.Float64() * r.Float64() * 0.02, ofPrompts: r.Float64() * r.Float64() * 0.2, ofBoth: r.Float64()}}
		want := 0
		for n := 2; n <= most && want == 0; n++ {
			if variance, freedom := e.with(float64(n), float64(e.Prompts)); detects(e.Value, variance, freedom, 0.95, 0.8) {
				want = n
			}
		}
		if got := e.SeedsFor(0, 0.95, 0.8); got != want {
			t.Errorf("SeedsFor says %d, trying each says %d: %+v", got, want, e)
		}
	}
}

// MoreFor finds how many more prompts it takes: with fewer no number of seeds does, and with
// twice as many the seeds that it names are the fewest that do.
func TestMoreForIsTheLeastThatDoes(t *testing.T) {
	r := random.New(int64(7), "score/quick", 6)
	wide, seeds := 0, 0 // estimates whose prompts are too few, and whose seeds are too many
	for range 600 {
		e := Estimate{Value: r.Float64() * 0.1, Prompts: 10 + r.IntN(300), variance: 1,
			spread: spread{ofSeeds: r.Float64() * r.Float64() * 0.02, ofPrompts: r.Float64() * r.Float64() * 0.4, ofBoth: r.Float64()}}
		if e.SeedsFor(0, 0.95, 0.8) > 0 {
			continue
		}
		more := e.MoreFor(0, 0.95, 0.8)
		if more.Seeds == 0 {
			if more.Least != 0 {
				t.Errorf("%+v: nothing does, and yet %g × as many prompts", e, more.Least)
			}
			continue
		}
		does := func(times float64, n int) bool {
			variance, freedom := e.with(float64(n), times*float64(e.Prompts))
			return detects(e.Value, variance, freedom, 0.95, 0.8)
		}
		twice := math.Ceil(2*more.Least*float64(e.Prompts)) / float64(e.Prompts)
		if !does(twice, more.Seeds) || more.Seeds > 2 && does(twice, more.Seeds-1) {
			t.Errorf("%+v: %d seeds are not the fewest with twice %g × as many prompts", e, more.Seeds, more.Least)
		}
		if more.Least == 1 {
			seeds++
			continue
		}
		wide++
		if does(0.99*more.Least, 1e7) || !does(1.01*more.Least, 1e7) {
			t.Errorf("%+v: %g × as many prompts are not the least", e, more.Least)
		}
	}
	if wide < 30 || seeds < 1 {
		t.Errorf("%d estimates with too few prompts and %d with too many seeds: the test needs both", wide, seeds)
	}
	for name, e := range map[string]Estimate{"at the threshold": {Prompts: 64, variance: 1, spread: spread{ofPrompts: 0.1}}, "nothing varies": {Value: 0.1, Prompts: 64}} {
		if more := e.MoreFor(0, 0.95, 0.8); more != (More{}) {
			t.Errorf("%s: %+v", name, more)
		}
	}
}
