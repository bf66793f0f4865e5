package kernelkit

import "testing"

// BenchmarkStudyFigure is what a notebook's cell does that draws a figure of a study from its committed results, but for
// compiling the cell: read them, and draw.
func BenchmarkStudyFigure(b *testing.B) {
	for range b.N {
		Open("bench", "micro", 1).Study("edge").Results().PassAtK()
	}
}

// BenchmarkStudyResults is the part of it that reads.
func BenchmarkStudyResults(b *testing.B) {
	for range b.N {
		Open("bench", "micro", 1).Study("edge").Results()
	}
}
