package gsm_test

import (
	"fmt"
	"log"

	"interplay/kernelkit/gsm"
)

// Problem i is a pure function of the spec, the split, the seed and i.
func ExampleNewSource() {
	spec := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 3}, "A")
	source, err := gsm.NewSource(spec, gsm.Train, 1)
	if err != nil {
		log.Fatal(err)
	}
	p := source.At(7)
	fmt.Println(p.ID, "op", p.Op)
	fmt.Println(p.Prompt())
	fmt.Println(p.Solution)
	// Output:
	// train-1-7 op 2
	// [BOS] a10 8 . a6 1 . a15 a6 - a20 . a20 8 . a12 a15 + 6 . a3 a12 * 4 . ? a12 :
	// a15 a6 - a20 = 1 - 8 = a15 3 ; a12 a15 + 6 = 3 + 6 = a12 9 ; ans 9
}

// An evaluation set has fixed ops; the same index in another context is the same graph.
func ExampleSource_Fixed() {
	source, err := gsm.NewSource(gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 10}, "zoo", "school"), gsm.Test, 1)
	if err != nil {
		log.Fatal(err)
	}
	var pair [2]*gsm.Problem
	for k, context := range []string{"zoo", "school"} {
		fixed, err := source.Fixed(gsm.Cell{Op: 3, Context: context, Mode: gsm.Forward})
		if err != nil {
			log.Fatal(err)
		}
		pair[k] = fixed.At(0)
	}
	fmt.Println(pair[0].Context, pair[1].Context)
	fmt.Println("same graph:", pair[0].Graph.Canonical() == pair[1].Graph.Canonical(), "same answer:", pair[0].Answer == pair[1].Answer)
	// Output:
	// crazy_zootopia teachers_in_school
	// same graph: true same answer: true
}

func ExamplePresetByName() {
	p, err := gsm.PresetByName("micro/pretrain")
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range p.Spec.Mix {
		fmt.Println("op", b.Ops, b.Contexts, b.Share)
	}
	// Output:
	// op 0-4 [A] 0.97
	// op 5-6 [A] 0.03
}
