//go:build !linux

package engine

func batchThreads() {}
