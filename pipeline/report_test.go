package pipeline

import (
	"testing"

	"interplay/kernelkit/score"
)

func TestAToleranceFollowsFromTheInterval(t *testing.T) {
	for _, c := range []struct {
		unit string
		v    score.Interval
		want float64
	}{
		{"share", score.Interval{Value: 0.5, Low: 0.45, High: 0.6}, 0.2},
		{"share", score.Interval{Value: 0.5, Low: 0.499, High: 0.501}, 0.03}, // a narrow interval may be so by chance
		{"nats/token", score.Interval{Value: 0.5, Low: 0.499, High: 0.501}, 0.002},
		{"tokens", score.Interval{Value: 30, Low: 29, High: 31}, 2},
	} {
		if n := Measured("x", "", c.unit, c.v); n.Tolerance != c.want {
			t.Errorf("%v %s: tolerance %g, want %g", c.v, c.unit, n.Tolerance, c.want)
		}
	}
}
