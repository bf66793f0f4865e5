package authors

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/strict"
)

// benchmarkRecords are the gold solutions of the d = 2 corpus with one op (0: all) and mode.
func benchmarkRecords(b *testing.B, op int, mode string) []string {
	var solutions []string
	err := strict.File(filepath.Join(corpora(b), "problems_d2.jsonl"), func(_ int, data []byte) error {
		var r struct {
			Op             int
			Mode, Solution string
		}
		err := json.Unmarshal(data, &r)
		if r.Mode == mode && (op == 0 || r.Op == op) {
			solutions = append(solutions, r.Solution)
		}
		return err
	})
	if err != nil || len(solutions) == 0 {
		b.Fatalf("%d records of op %d, %s: %v", len(solutions), op, mode, err)
	}
	return solutions
}

// BenchmarkParseAndCompare is to be held against the speeds recorded for
// the authors' code on the same records (one process, Python 3.11, another machine): per second, forward
// op 2/10/20 30,300/10,100/6,060, reverse 18,100/7,090/4,290, mixed 12,400 and 9,150.
func BenchmarkParseAndCompare(b *testing.B) {
	recorded := map[string]float64{
		"forward/op2": 30300, "forward/op10": 10100, "forward/op20": 6060, "forward/mixed": 12400,
		"reverse/op2": 18100, "reverse/op10": 7090, "reverse/op20": 4290, "reverse/mixed": 9150,
	}
	for _, mode := range []string{"forward", "reverse"} {
		for _, op := range []int{2, 10, 20, 0} {
			name := fmt.Sprintf("%s/op%d", mode, op)
			if op == 0 {
				name = mode + "/mixed"
			}
			b.Run(name, func(b *testing.B) {
				texts := benchmarkRecords(b, op, map[string]string{"forward": "normalforward", "reverse": "forwardreverse"}[mode])
				golds := make([]*Graph, len(texts))
				for i, t := range texts {
					golds[i] = Parse(t)
				}
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					k := i % len(texts)
					c := Compare(golds[k], Parse(texts[k]))
					if !c.Perfect() {
						b.Fatal(texts[k])
					}
				}
				rate := float64(b.N) / b.Elapsed().Seconds()
				b.ReportMetric(rate, "texts/s")
				b.ReportMetric(rate/recorded[name], "×recorded")
			})
		}
	}
}

func BenchmarkReward(b *testing.B) {
	texts := benchmarkRecords(b, 0, "normalforward")
	golds := make([]*Gold, len(texts))
	for i, t := range texts {
		answer := strings.TrimSuffix(ExtractFlexibleAnswer(t), ".")
		golds[i] = NewGold(t, answer)
		texts[i] = t[:strings.LastIndex(t, "Answer:")] + "</solution> <answer> " + answer + " </answer>"
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if r := golds[i%len(texts)].Reward(texts[i%len(texts)], Blend); r.Score != 1 {
			b.Fatal(r)
		}
	}
}

// BenchmarkDegenerateText is the text that stalls the authors' header pattern.
func BenchmarkDegenerateText(b *testing.B) {
	text := strings.Repeat("Define a ", 100000)
	b.SetBytes(int64(len(text)))
	for range b.N {
		Parse(text)
	}
}
