//go:build !linux || !cgo

package engine

// keepBlocks keeps nothing here: the C library does as it likes.
func keepBlocks(string) bool { return false }

func blocksKept() (used, kept, peak int64) { return 0, 0, 0 }

func shareBlocks(bool) {}
