package corpus_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/gsm/corpus"
)

func Example() {
	folder, err := os.MkdirTemp("", "corpus")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "train.parquet")

	source, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 1}, "A"), gsm.Train, 1)
	if err != nil {
		log.Fatal(err)
	}
	manifest, err := corpus.Write(context.Background(), file, source, corpus.Options{Count: 1000})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(manifest.Count, "problems of", len(manifest.Cells), "kinds")

	for p, err := range corpus.Read(file) {
		if err != nil {
			log.Fatal(err) // or go on behind a *corpus.RecordError
		}
		fmt.Println(p.Prompt(), p.Answer)
		break
	}
	// Output:
	// 1000 problems of 2 kinds
	// [BOS] a8 a16 + a15 . a16 a15 - 6 . a15 6 . a19 a16 - 6 . ? a15 : 6
}
