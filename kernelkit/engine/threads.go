package engine

import (
	"fmt"
	"os"
)

// threadsEnv names the variable in which the CPU plugin finds how many threads to compute
// with; otherwise it takes as many as there are cores, and at least as many as it shows devices.
const threadsEnv = "PJRT_NPROC"

// fixThreads has the CPU plugin compute with four threads, which is what it has on up to four
// cores, unless the user asks for others. It cuts the sums of a product among its threads, so
// that their number decides how they round: bits would follow the number of cores (LAB.md,
// 2026-11-29). Small models gain nothing from more threads; many cores are for several workers.
func fixThreads() error {
	if os.Getenv(threadsEnv) != "" {
		return nil
	}
	if err := os.Setenv(threadsEnv, "4"); err != nil {
		return fmt.Errorf("engine: %s: %w", threadsEnv, err)
	}
	return nil
}
