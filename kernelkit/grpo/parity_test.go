package grpo

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// parityCases is testdata/grpo/fixtures.json; make_fixtures.py there says what is what.
type parityCases struct {
	MaxTokens int         `json:"max_tokens"`
	Lengths   []int       `json:"lengths"`
	Advantage []float32   `json:"advantage"`
	LogProb   [][]float32 `json:"log_prob"`
	Old       [][]float32 `json:"old"`
	Reference [][]float32 `json:"reference"`
	Cases     []struct {
		Config
		Name      string      `json:"name"`
		Source    string      `json:"source"`
		Loss      float64     `json:"loss"`
		Gradient  [][]float64 `json:"gradient"`
		ClipRatio float64     `json:"clip_ratio"`
		MeanKL    float64     `json:"mean_kl"`
	} `json:"cases"`
	Groups []struct {
		Rewards    []float64 `json:"rewards"`
		Advantages []float64 `json:"advantages"`
		NoStd      []float64 `json:"no_std"`
	} `json:"groups"`
}

func readParity(t *testing.T) parityCases {
	t.Helper()
	data, err := os.ReadFile("../../testdata/grpo/fixtures.json")
	if err != nil {
		t.Fatal(err)
	}
	var f parityCases
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) < 15 || len(f.Groups) < 5 {
		t.Fatalf("found %d cases and %d groups: expected at least 15 and 5", len(f.Cases), len(f.Groups))
	}
	return f
}

// Completions are packed as the learner packs them: two a row, apart by their segments,
// with a prompt before each and padding behind it.
const (
	parityPrompt  = 2
	parityPadding = 3
)

// packed lays the completions into rows; at says where each begins.
func (f *parityCases) packed(how Aggregation) (in tokensOf, at [][2]int) {
	n := 2 * (parityPrompt + len(f.LogProb[0]) + parityPadding)
	weights := tokenWeights(f.Lengths, how, f.MaxTokens)
	for k := range f.Lengths {
		if k%2 == 0 {
			row := func() []float32 { return make([]float32, n) }
			in.logProb, in.old, in.reference = append(in.logProb, row()), append(in.old, row()), append(in.reference, row())
			in.advantage, in.weight = append(in.advantage, row()), append(in.weight, row())
			in.segments = append(in.segments, make([]int32, n))
		}
		r, begin := k/2, k%2*n/2+parityPrompt
		at = append(at, [2]int{r, begin})
		for i := -parityPrompt; i < f.Lengths[k]; i++ {
			in.segments[r][begin+i] = int32(k%2 + 1)
		}
		for i := range f.Lengths[k] {
			in.logProb[r][begin+i], in.old[r][begin+i], in.reference[r][begin+i] = f.LogProb[k][i], f.Old[k][i], f.Reference[k][i]
			in.advantage[r][begin+i], in.weight[r][begin+i] = f.Advantage[k], float32(weights[k])
		}
	}
	return in, at
}

func TestLossAndGradientEqualThoseOfTRLAndVerl(t *testing.T) {
	f := readParity(t)
	total := 0
	for _, n := range f.Lengths {
		total += n
	}
	for _, c := range f.Cases {
		t.Run(c.Source+": "+c.Name, func(t *testing.T) {
			in, at := f.packed(c.Aggregation)
			loss, clipped, kl, gradient := terms(c.Config.Loss, in)
			if d := math.Abs(loss - c.Loss); !(d <= 1e-5) {
				t.Errorf("the loss is %.8f, there %.8f: expected a difference of at most 1e-5", loss, c.Loss)
			}
			worst, size := 0.0, 0.0
			for k, where := range at {
				for i := range f.Lengths[k] {
					worst = math.Max(worst, math.Abs(float64(gradient[where[0]][where[1]+i])-c.Gradient[k][i]))
					size = math.Max(size, math.Abs(c.Gradient[k][i]))
				}
			}
			if !(worst <= 1e-5) || size < 1e-3 {
				t.Errorf("gradients differ by up to %.2g (the largest is %.2g): expected at most 1e-5", worst, size)
			}
			if c.Source != "verl" { // TRL counts clipped tokens in another way
				return
			}
			if d := math.Abs(clipped/float64(total) - c.ClipRatio); !(d <= 1e-6) {
				t.Errorf("%g of %d tokens are clipped, there %g of them", clipped, total, c.ClipRatio)
			}
			if d := math.Abs(kl/float64(total) - c.MeanKL); !(d <= 1e-5) {
				t.Errorf("the mean k3 is %.8f, there %.8f", kl/float64(total), c.MeanKL)
			}
		})
	}
}

func TestAdvantagesEqualThoseOfVerl(t *testing.T) {
	for _, g := range readParity(t).Groups {
		for noStd, want := range map[bool][]float64{false: g.Advantages, true: g.NoStd} {
			for i, got := range Advantages(g.Rewards, noStd) {
				if math.Abs(got-want[i]) > 1e-8 {
					t.Errorf("rewards %v (no std %t): advantage %d is %g, there %g", g.Rewards, noStd, i, got, want[i])
				}
			}
		}
	}
}
