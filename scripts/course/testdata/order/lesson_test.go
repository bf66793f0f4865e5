package order

import "testing"

func checkLater() { helper() }

func helper() {}

func TestLater(t *testing.T) {
	checkLater()
	_ = behind
}
