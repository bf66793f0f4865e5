package train

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/random"
)

// testDocs are documents of 2 to 21 tokens; the first token is the document's number, so
// that tests can tell them apart.
func testDocs(vocab int) Documents {
	return func(i uint64) (Document, error) {
		s := random.New(9, "test documents", i)
		ids := make([]int32, s.Between(2, 21))
		for j := range ids {
			ids[j] = int32(s.IntN(vocab))
		}
		return Document{IDs: ids, LossFrom: s.IntN(len(ids))}, nil
	}
}

func testConfig() Config {
	c := Default()
	c.Steps, c.Batch, c.Seq, c.Warmup, c.CheckpointEvery = 12, 4, 32, 3, 4
	return c
}

func newTestPacker(t *testing.T, cfg Config, docs Documents) *packer {
	t.Helper()
	p, err := newPacker(docs, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheBatchOfAStepNeedsNoEarlierStep(t *testing.T) {
	cfg := testConfig()
	cfg.Accumulate = 3
	inOrder := newTestPacker(t, cfg, testDocs(30))
	for step := range 40 {
		want, err := inOrder.batches(step)
		if err != nil {
			t.Fatal(err)
		}
		got, err := newTestPacker(t, cfg, testDocs(30)).batches(step)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("step %d has other batches when it is asked for alone", step)
		}
		if len(want) != 3 {
			t.Fatalf("step %d has %d batches, expected 3", step, len(want))
		}
	}
}

// Each document in a row must stand there whole, with its own positions and targets; no
// document may stand in two rows, and the rows must be well filled.
func TestPackedDocumentsAreWholeAndTargetsFollowLossFrom(t *testing.T) {
	cfg := testConfig()
	numbered := func(i uint64) (Document, error) { // token j of document i is 100·i + j
		d, err := testDocs(30)(i)
		for j := range d.IDs {
			d.IDs[j] = int32(100*i) + int32(j)
		}
		return d, err
	}
	p := newTestPacker(t, cfg, numbered)
	seen, positions, filled := map[int32]bool{}, 0, 0
	for step := range 3 * p.steps {
		batches, err := p.batches(step)
		if err != nil {
			t.Fatal(err)
		}
		b := batches[0]
		tokens, count := 0, 0
		for at := 0; at < len(b.Inputs); {
			positions++
			if b.Segments[at] == 0 {
				if b.Targets[at] != -1 || b.Inputs[at] != 0 {
					t.Fatalf("padding has input %d, target %d", b.Inputs[at], b.Targets[at])
				}
				at++
				continue
			}
			number := b.Inputs[at] / 100
			if seen[number] {
				t.Fatalf("document %d is used twice", number)
			}
			seen[number] = true
			d, _ := numbered(uint64(number))
			if at%cfg.Seq+len(d.IDs)-1 > cfg.Seq {
				t.Fatalf("document %d runs over the end of its row", number)
			}
			for j := range len(d.IDs) - 1 {
				target := int32(-1)
				if j+1 >= d.LossFrom {
					target = d.IDs[j+1]
					count++
				}
				if b.Inputs[at+j] != d.IDs[j] || b.Targets[at+j] != target || b.Positions[at+j] != int32(j) || b.Segments[at+j] != b.Segments[at] {
					t.Fatalf("document %d, token %d: input %d, target %d, position %d", number, j, b.Inputs[at+j], b.Targets[at+j], b.Positions[at+j])
				}
			}
			at += len(d.IDs) - 1
			positions += len(d.IDs) - 2
			filled += len(d.IDs) - 1
			tokens += len(d.IDs)
		}
		if tokens != b.Tokens || count != b.Count {
			t.Fatalf("the batch says %d tokens and %d targets, it has %d and %d", b.Tokens, b.Count, tokens, count)
		}
	}
	if share := float64(filled) / float64(positions); share < 0.95 {
		t.Errorf("rows are filled to %.3f, expected at least 0.95", share)
	}
	if share := float64(len(seen)) / float64(3*p.span); share < 0.85 {
		t.Errorf("only %.3f of the documents are used", share)
	}
}

func TestWithoutDocumentMaskPositionsRunOn(t *testing.T) {
	cfg := testConfig()
	cfg.DocumentMask = false
	batches, err := newTestPacker(t, cfg, testDocs(30)).batches(0)
	if err != nil {
		t.Fatal(err)
	}
	for i, position := range batches[0].Positions {
		if batches[0].Segments[i] != 0 && position != int32(i%cfg.Seq) {
			t.Fatalf("position %d of a row is numbered %d", i%cfg.Seq, position)
		}
	}
}

func TestLongDocumentsAreErrorsOrSkipped(t *testing.T) {
	docs := func(i uint64) (Document, error) {
		if i == 7 {
			return Document{IDs: make([]int32, 40)}, nil
		}
		return testDocs(30)(i)
	}
	cfg := testConfig()
	if _, err := newPacker(docs, cfg); err == nil || !strings.Contains(err.Error(), "document 7 has 40 tokens") {
		t.Errorf("the error is %v", err)
	}
	cfg.SkipLong = true
	p := newTestPacker(t, cfg, docs)
	for step := range p.steps {
		batches, err := p.batches(step)
		if err != nil {
			t.Fatal(err)
		}
		if n := batches[0].Tokens; n > cfg.Batch*cfg.Seq*3/2 {
			t.Fatalf("%d tokens in a batch", n)
		}
	}
}

func TestRowsMixLongAndShortDocuments(t *testing.T) {
	cfg := testConfig()
	p := newTestPacker(t, cfg, testDocs(30))
	var longest []int
	for step := range p.steps {
		batches, err := p.batches(step)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, position := range batches[0].Positions {
			n = max(n, int(position)+1)
		}
		longest = append(longest, n)
	}
	if slices.IsSortedFunc(longest, func(a, b int) int { return b - a }) {
		t.Errorf("steps come sorted by length: %v", longest)
	}
}

// Documents of 21 tokens take 20 positions of a row of 32: one a row, whatever is packed.
func TestTokensPerPositionSeesTheRoomThatIsLeft(t *testing.T) {
	long := func(uint64) (Document, error) { return Document{IDs: make([]int32, 21)}, nil }
	got, err := TokensPerPosition(long, testConfig())
	if err != nil || got != 21.0/32 {
		t.Errorf("%g, %v: expected 21/32", got, err)
	}

	cfg, docs := testConfig(), testDocs(30)
	got, err = TokensPerPosition(docs, cfg)
	if err != nil {
		t.Fatal(err)
	}
	p, tokens := newTestPacker(t, cfg, docs), 0
	const steps = 300
	for step := range steps {
		batches, err := p.batches(step)
		if err != nil {
			t.Fatal(err)
		}
		tokens += batches[0].Tokens
	}
	if all := float64(tokens) / float64(steps*cfg.Batch*cfg.Seq); math.Abs(got/all-1) > 0.01 {
		t.Errorf("%g tokens a position, in %d steps %g", got, steps, all)
	}

	none := func(uint64) (Document, error) { return Document{IDs: make([]int32, 40)}, nil }
	if _, err := TokensPerPosition(none, cfg); err == nil {
		t.Error("documents longer than a row have a number of tokens a position")
	}
}

func TestShiftedDocumentsKeepTheirDistances(t *testing.T) {
	cfg := testConfig()
	plain := newTestPacker(t, cfg, testDocs(30))
	cfg.ShiftPositions = 9
	shifted := newTestPacker(t, cfg, testDocs(30))
	seen := map[int32]bool{}
	for step := range 20 {
		before, err := plain.batches(step)
		if err != nil {
			t.Fatal(err)
		}
		after, err := shifted.batches(step)
		if err != nil {
			t.Fatal(err)
		}
		again, err := newTestPacker(t, cfg, testDocs(30)).batches(step)
		if err != nil || !reflect.DeepEqual(after, again) {
			t.Fatalf("step %d has other shifts when it is asked for alone (%v)", step, err)
		}
		by := int32(0)
		for i, segment := range before[0].Segments {
			moved := after[0].Positions[i] - before[0].Positions[i]
			switch start := segment != 0 && before[0].Positions[i] == 0; {
			case start:
				by = moved
				seen[by] = true
			case segment != 0 && moved != by, segment == 0 && moved != 0:
				t.Fatalf("step %d: position %d is moved by %d in a document that is moved by %d", step, i, moved, by)
			}
		}
		after[0].Positions = before[0].Positions
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("step %d: a shift changes more than positions", step)
		}
	}
	for by := range int32(10) {
		if !seen[by] {
			t.Errorf("no document is moved by %d", by)
		}
	}
	if len(seen) != 10 {
		t.Errorf("documents are moved by %v, expected 0 to 9", seen)
	}
}

func TestTokensThatTheModelLacksAreNamed(t *testing.T) {
	docs := Documents(func(i uint64) (Document, error) { return Document{IDs: []int32{1, 2, int32(i)}}, nil })
	for i, wrong := range map[uint64]bool{0: false, 4: false, 5: true, 1 << 31: true} {
		if _, err := docs.within(5)(i); (err != nil) != wrong {
			t.Errorf("token %d of a vocabulary of 5: the error is %v", i, err)
		}
	}
	if Documents(nil).within(5) != nil {
		t.Error("no documents became some")
	}
}
