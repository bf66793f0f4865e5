package code

func (a apart) double() int { return 2 * a.n }
