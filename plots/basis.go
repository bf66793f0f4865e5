package plots

import (
	"fmt"
	"strings"
)

// Basis is how much stands behind a panel: seeds × problems × samples, or the part of
// it that there is.
type Basis struct {
	Seeds    int // repetitions of everything, training included; 0 where that is not known
	Problems int // of each seed
	Samples  int // of each problem; 0 where nothing was sampled
}

// String writes the parts that there are: 5 seeds × 384 problems × 16 samples.
func (b Basis) String() string {
	var parts []string
	for _, part := range []struct {
		n    int
		name string
	}{{b.Seeds, "seed"}, {b.Problems, "problem"}, {b.Samples, "sample"}} {
		if part.n > 0 {
			parts = append(parts, count(part.n, part.name))
		}
	}
	return strings.Join(parts, " × ")
}

// count writes a number of things: 1 seed, 5 seeds.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%s %s", grouped(n), thing)
}

// caption is the line that a panel shows of it, none where nothing is known.
func (b Basis) caption() []remark {
	if s := b.String(); s != "" {
		return []remark{{s, subdued}}
	}
	return nil
}
