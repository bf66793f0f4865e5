package pipeline

import (
	"sync"

	"interplay/kernelkit/random"
	"interplay/kernelkit/train"
)

// again makes an endless corpus of a finite one: each time through in another order, which
// follows from the seed and the number of the time.
func again(docs []train.Document, seed int64, purpose string) train.Documents {
	order := shuffles(len(docs), seed, purpose)
	return func(i uint64) (train.Document, error) { return docs[order(i)], nil }
}

// shuffles maps 0, 1, 2, … to items 0..n−1: each stretch of n numbers has every item once,
// in an order of its own. It may be called by several at once.
func shuffles(n int, seed int64, purpose string) func(i uint64) int {
	var mu sync.Mutex
	known := map[uint64][]int{} // of a few times through: a window of training reads one or two
	return func(i uint64) int {
		time := i / uint64(n)
		mu.Lock()
		defer mu.Unlock()
		order, ok := known[time]
		if !ok {
			if len(known) > 8 {
				clear(known)
			}
			order = random.New(seed, purpose, time).Perm(n)
			known[time] = order
		}
		return order[i%uint64(n)]
	}
}
