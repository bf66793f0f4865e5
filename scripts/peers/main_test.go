package main

import (
	"strings"
	"testing"
)

func TestPassesOfACallAreOneOrMore(t *testing.T) {
	for _, n := range []string{"0", "-2", "two"} {
		if err := run([]string{"train", t.TempDir(), "tiny", n}); err == nil || !strings.Contains(err.Error(), "1 or more") {
			t.Errorf("%s passes a call: the error is %v", n, err)
		}
	}
}
