package plots

import (
	"fmt"
	"math"
)

// LedgerRow is what one recipe spent: an amount a stage, in the order of
// LedgerData.Stages.
type LedgerRow struct {
	Name    string
	Amounts []float64
}

// LedgerData is the compute ledger: tokens or FLOPs of each stage of each recipe.
type LedgerData struct {
	Title  string
	XLabel string // what is counted, with its unit
	Stages []string
	Rows   []LedgerRow
}

// Ledger draws one horizontal bar a recipe, stages stacked in order, the total at
// the end. Recipes of equal budget have bars of equal length.
//
// It returns an error when a row has not one amount a stage, or a negative one.
func Ledger(data LedgerData) ([]byte, error) {
	rows := make([]barRow, len(data.Rows))
	longest, missing := 0.0, 0
	for i, r := range data.Rows {
		if len(r.Amounts) != len(data.Stages) {
			return nil, fmt.Errorf("plots: ledger row %q has %d amounts for %d stages", r.Name, len(r.Amounts), len(data.Stages))
		}
		total := 0.0
		rows[i] = barRow{name: r.Name, parts: make([]float64, len(r.Amounts))}
		for k, v := range r.Amounts {
			if v < 0 {
				return nil, fmt.Errorf("plots: ledger row %q has %v for stage %q; nothing can be spent below 0", r.Name, v, data.Stages[k])
			}
			if !linear.drawable(v) {
				missing++
				continue
			}
			rows[i].parts[k] = v
			total += v
		}
		rows[i].end = quantity(total)
		longest = math.Max(longest, total)
	}
	if longest == 0 {
		return emptyFigure(data.Title, "no data: nothing was spent")
	}
	x := axis{label: data.XLabel, lo: 0, hi: longest, ticks: linearTicks(0, longest, 5, number), grid: true}
	f := figure{title: data.Title, keys: classKeys(data.Stages)}
	if missing > 0 {
		f.notes = append(f.notes, leftOut(missing, linear))
	}
	return drawBarRows(f, x, rows, Basis{}, quantity)
}

// quantity writes an amount with three digits.
func quantity(v float64) string {
	if v == 0 {
		return "0"
	}
	p := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return number(math.Round(v*p) / p)
}
