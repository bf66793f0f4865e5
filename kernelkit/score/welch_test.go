package score

import (
	"math"
	"testing"
)

// By hand: standard error √(.5² + .3²), (.25 + .09)² / (.25²/4 + .09²/9) = 6.995 degrees of
// freedom, of which Student's t has its 97.5th percentile at 2.365 (7: 2.3646).
func TestWelch(t *testing.T) {
	d := Welch(EstimateOf(2, 0.5, 4), EstimateOf(0.5, 0.3, 9))
	i := d.Interval(0.95)
	if math.Abs(d.Error()-0.583095) > 1e-6 || math.Abs(i.High-i.Value-0.583095*2.3647) > 2e-4 || i.Value != 1.5 {
		t.Errorf("difference %v ± %v, interval %v", d.Value, d.Error(), i)
	}
	exact := EstimateOf(1, 0, math.Inf(1))
	if d := Welch(EstimateOf(2, 0.5, 4), exact); d.Error() != 0.5 || d.freedom != 4 {
		t.Errorf("beside a value that does not vary: error %v with %v degrees of freedom, expected .5 with 4", d.Error(), d.freedom)
	}
	if d := Welch(exact, exact); !d.Exact() || d.Value != 0 {
		t.Errorf("of two values that do not vary: %+v", d)
	}
}
