package verify

import (
	"flag"
	"testing"

	"interplay/kernelkit/random"
	"interplay/kernelkit/verify/mutate"
)

// -mutations N judges N corruptions and N variations of each kind of problem; the
// bar of the lab is 200000.
var mutations = flag.Int("mutations", 1500, "corruptions and variations of each kind of problem")

func TestCorruptionsAreRefused(t *testing.T) {
	for name, source := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			count := map[mutate.Corruption]int{}
			bad := 0
			for i := range *mutations {
				p := source.At(uint64(i))
				text, label := mutate.Corrupt(p, random.New(1, "corrupt", uint64(i)))
				count[label]++
				v := Judge(p, text)
				if i%100 == 0 {
					checkExplanation(t, v, Explain(p, text))
				}
				if v.Strict || v.Class == Right {
					if bad++; bad > 5 {
						t.FailNow()
					}
					t.Errorf("%s accepted: %s\n%s\ngold: %s", label, p.ID, text, p.Solution)
				}
			}
			for label, n := range count {
				t.Logf("%-32s %d", label, n)
			}
		})
	}
}

func TestVariationsAreAccepted(t *testing.T) {
	for name, source := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			count := map[mutate.Variation]int{}
			bad := 0
			for i := range *mutations {
				p := source.At(uint64(i))
				text, label := mutate.Vary(p, random.New(1, "vary", uint64(i)))
				for v := mutate.Variation(1); v <= label; v <<= 1 {
					count[v&label]++
				}
				delete(count, 0)
				if v := Judge(p, text); !v.Strict || v.ProcessAcc != 1 || v.Class != Right || v.FirstWrong != -1 {
					if bad++; bad > 5 {
						t.FailNow()
					}
					t.Errorf("%s refused: %s, %+v\n%s\ngold: %s", label, p.ID, v, text, p.Solution)
				}
			}
			for v, n := range count {
				t.Logf("%-32s %d", v, n)
			}
		})
	}
}
