//go:build !linux || !cgo

package engine

// keepPrograms keeps nothing here: each process compiles its programs.
func keepPrograms(string) bool { return false }
