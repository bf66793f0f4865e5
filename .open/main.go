package main

import (
	"os"
	"runtime/pprof"

	"interplay/kernelkit"
)

var lab = kernelkit.Open("bench", "micro", 1)

func main() {
	f, _ := os.Create("/tmp/open-prof/cpu")
	pprof.StartCPUProfile(f)
	r := lab.Study("edge").Results()
	r.PassAtK().Show()
	pprof.StopCPUProfile()
	f.Close()
}
