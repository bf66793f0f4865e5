package kernelkit

import (
	"fmt"
	"strings"
	"testing"

	"interplay/kernelkit/diagnose"
	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/grpo"
)

func TestADiagnosisIsReadAsTables(t *testing.T) {
	var records []evaluate.Record
	for p := range 30 { // long problems fail; within a problem the long sample is right
		for k := range 4 {
			right := k == 3 && p%3 > 0
			records = append(records, evaluate.Record{Prompt: fmt.Sprint(p), Op: 4 + p%3, Rank: k, Strict: right, Answer: right || k == 2, Tokens: 60 - 15*(p%3) + k, LogProb: -float64(10 + k)})
		}
	}
	d := &Diagnosis{Run: "evaluate-0123456789ab", Kind: "evaluate", Report: diagnose.Samples(diagnose.FromRecords(records))}
	d.AddSteps([]grpo.Metrics{{Step: 1, Entropy: 0.5}, {Step: 2, Entropy: 0.25}})
	tables := d.Tables()
	if len(tables) != 3 {
		t.Fatalf("%d tables, want signals, ops and steps", len(tables))
	}
	signals := tables[0].Rows
	if len(signals) != 3 || signals[0][0] != diagnose.Length || !strings.HasPrefix(signals[0][1], "+") || !strings.HasPrefix(signals[0][4], "-") || signals[0][3] != "20" {
		t.Errorf("signals %q: length should be right within problems and wrong pooled, of 20 problems that vary", signals)
	}
	if row := tables[1].Rows[0]; row[0] != "4" || row[3] != "0.0" || row[4] != "25.0" || row[6] != "100.0" || row[7] != "100.0" {
		t.Errorf("op 4: %q", row)
	}
	if !strings.Contains(tables[2].Note, "falls from 0.500 to 0.250") || len(tables[2].Rows) != 2 {
		t.Errorf("steps: %q, %q", tables[2].Rows, tables[2].Note)
	}
}
