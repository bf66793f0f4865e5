// Package plots draws the lab's figures: plain data in, PNG bytes out, one file a
// figure.
//
//	png, err := plots.Curve(plots.CurveData{Title: "Pre-training loss", XLabel: "tokens", …})
//
// All figures share the rules of theme.go: 900 px wide at reading size (rendered
// at 1.5 times that, so that they stay sharp on dense screens and in print); the
// Okabe–Ito palette, with a marker shape for each colour, so that figures survive
// colour blindness and grey print; shares in per cent; intervals as bands or
// whiskers; values read off the paper as hollow markers.
//
// A figure of levels draws levels. Where recipes are compared, their paired differences
// stand in panels of their own, and the intervals with them. Every panel says how many
// seeds, problems and samples stand behind it (Basis).
//
// Values that are not finite, or not positive on a logarithmic axis, are left
// out and the figure says how many. A figure without data says "no data": runs are
// plotted while they are young, and a notebook must not fail for that. Errors are
// left for contradictory input, such as columns of different lengths.
//
// Axes are our own on gonum's canvas and text (vg, draw), not plot.Plot: those
// axes panic on logarithms of zero, and panels in a grid need data areas of one
// size with room for labels at the ends of lines.
package plots
