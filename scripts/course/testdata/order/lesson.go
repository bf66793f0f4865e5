package order

/*md
# A lesson whose cells use what stands behind them
*/

func RunEarly() {
	_ = later()
}

//check TestLater checkLater

type number int

func later() int {
	// BEGIN SOLUTION
	return behind + number(0).method()
	// END SOLUTION
}

const behind = 1

func (n number) method() int { return int(n) }
