package gsm

import (
	"math"
	"strings"
	"testing"
)

func TestEveryPresetIsValidAndNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Presets() {
		if err := p.Spec.Validate(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if seen[p.Name] {
			t.Errorf("%s is listed twice", p.Name)
		}
		seen[p.Name] = true
		if p.Source == "" {
			t.Errorf("%s does not say where it comes from", p.Name)
		}
		if again, err := PresetByName(p.Name); err != nil || again.Spec.Digest() != p.Spec.Digest() {
			t.Errorf("%s by name: %v", p.Name, err)
		}
	}
	if _, err := PresetByName("pretrain/compositon"); err == nil || !strings.Contains(err.Error(), "pretrain/composition\n") {
		t.Errorf("a misspelt name: %v", err)
	}
}

// Per-op totals of presets, against the tables of the paper and of the authors' file.
func TestPresetsHaveTheSharesOfTheirRows(t *testing.T) {
	for name, want := range map[string]map[int]float64{
		"pretrain/composition":             {2: .2 / 3, 4: .2 / 3, 5: .1, 7: .1, 8: .5 / 3, 10: .5 / 3, 11: 0},
		"pretrain/composition/as_shipped":  {2: .06 / 1.8, 3: .86 / 1.8, 10: .18 / 1.8},
		"pretrain/composition/as_trained":  {3: .2 / 1.14},
		"midtrain/composition":             {2: .2 / 9, 10: .2 / 9, 11: .2, 14: .2},
		"pretrain/hard_share_0.001":        {2: .4995 / 3, 8: .001 / 3},
		"pretrain/context_b_0.01":          {2: .99/19 + .01, 20: .99 / 19},
		"rl/op11-14":                       {11: .25, 14: .25, 10: 0},
		"rl/context_b_0.5":                 {2: 1. / 19, 20: 1. / 19},
		"micro/pretrain":                   {0: .97 / 5, 6: .015},
		"micro/context_b_0.1":              {0: .97*.9/5 + .1/3, 4: .97 * .9 / 5},
		"pretrain/hard_share_0.05":         {2: .475 / 3, 8: .05 / 3},
		"pretrain/hard_share_0.2":          {2: .5 / 3, 5: .1, 8: .2 / 3},
		"pretrain/context_b_0.001_all_ops": {2: 1. / 19},
	} {
		p, err := PresetByName(name)
		if err != nil {
			t.Error(err)
			continue
		}
		spec := p.Spec.Complete()
		cells, shares := spec.cells()
		got, total := map[int]float64{}, 0.0
		for k, c := range cells {
			got[c.Op] += shares[k]
			total += shares[k]
		}
		if math.Abs(total-1) > 1e-9 {
			t.Errorf("%s: the cells sum to %v", name, total)
		}
		for op, share := range want {
			if math.Abs(got[op]-share) > 1e-9 {
				t.Errorf("%s: op %d has %.5f, want %.5f", name, op, got[op], share)
			}
		}
	}
}
