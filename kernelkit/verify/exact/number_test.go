package exact

import "testing"

func TestExactNumbersNeverOverflowSilently(t *testing.T) {
	large := Whole(1<<63 - 1)
	for name, ok := range map[string]func() (Number, bool){
		"sum":        func() (Number, bool) { return large.Plus(Whole(1)) },
		"difference": func() (Number, bool) { return large.Negative().Plus(Whole(-1)) },
		"product":    func() (Number, bool) { return large.Times(Whole(-2)) },
		"fractions":  func() (Number, bool) { return Number{1, 1<<63 - 1}.Plus(Number{1, 1<<62 + 1}) },
		"quotient":   func() (Number, bool) { return Whole(1).Over(Whole(0)) },
	} {
		if r, fits := ok(); fits {
			t.Errorf("%s is %+v", name, r)
		}
	}
	third, _ := Whole(1).Over(Whole(-3))
	sixth, _ := Number{1, 2}.Times(third)
	if sum, ok := sixth.Plus(Number{2, 3}); !ok || sum != (Number{1, 2}) {
		t.Errorf("−1/6 + 2/3 = %+v", sum)
	}
}
