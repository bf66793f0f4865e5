package kernelkit

import (
	"testing"

	"interplay/kernelkit/score"
)

// No share is said to reach below 0 or above 100; a difference may.
func TestNoShareReachesBelowZero(t *testing.T) {
	for want, x := range map[string]struct {
		v    score.Interval
		sign string
	}{
		"5.2 ± 1.5":     {score.Interval{Value: 0.052, Low: 0.037, High: 0.067}, ""},
		"0.0 to 2.9":    {score.Interval{High: 0.029}, ""},
		"97.5 to 100.0": {score.Interval{Value: 0.99, Low: 0.975, High: 1}, ""},
		"+0.0 ± 2.9":    {score.Interval{Low: -0.029, High: 0.029}, "+"},
		"-1.2 ± 2.9":    {score.Interval{Value: -0.012, Low: -0.041, High: 0.017}, "+"},
	} {
		if got := withWidth(x.v, x.sign, 1, 100); got != want {
			t.Errorf("%v: %q, want %q", x.v, got, want)
		}
	}
}
