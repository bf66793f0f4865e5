package engine

import (
	"bytes"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"golang.org/x/sys/unix"
)

// wide is a program whose working memory is n × 16,384 numbers: two products with what lies
// between them.
func wide(t testing.TB, e *Engine, n int) (run func() []byte) {
	t.Helper()
	p, err := graph.NewExec(e.Backend, func(x, y *graph.Node) *graph.Node {
		return graph.MatMul(graph.MatMul(x, y), graph.Transpose(y, 0, 1))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Finalize)
	const inner, across = 8, 16 << 10
	fill := func(rows, columns int) *tensors.Tensor {
		flat := make([]float32, rows*columns)
		for i := range flat {
			flat[i] = float32(i*31%97)/97 - 0.5
		}
		return tensors.FromFlatDataAndDimensions(flat, rows, columns)
	}
	x, y := fill(n, inner), fill(inner, across)
	return func() []byte {
		outs, err := p.Call(x, y)
		if err != nil {
			t.Fatal(err)
		}
		defer Free(outs)
		if !outs[0].Shape().Equal(shapes.Make(dtypes.Float32, n, inner)) {
			t.Fatalf("shape %s", outs[0].Shape())
		}
		var b bytes.Buffer
		if err := outs[0].ConstBytes(func(data []byte) { b.Write(data) }); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
}

// openForBlocks opens the CPU's plugin with its large blocks kept.
func openForBlocks(t testing.TB) *Engine {
	t.Helper()
	t.Setenv(compute.ConfigEnvVar, "")
	e, err := Open(Default)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	t.Cleanup(func() { shareBlocks(true) })
	if !e.KeepsBlocks {
		t.Fatal("the plugin's large blocks are not kept: its calls of the C library were not replaced")
	}
	return e
}

func faults(t testing.TB) int64 {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return u.Minflt
}

// A program's working memory is taken from the system once and not at each execution, and its
// results are those with the C library's memory.
func TestLargeBlocksAreKept(t *testing.T) {
	e := openForBlocks(t)
	const n, executions = 2 << 10, 8 // 128 MiB
	run := wide(t, e, n)
	first := run()
	inUse, _, peak := blocksKept()
	if peak < n*16<<10*4 {
		t.Fatalf("at most %d bytes of large blocks were in use, want those of the working memory, %d", peak, n*16<<10*4)
	}
	before := faults(t)
	for range executions {
		if !bytes.Equal(run(), first) {
			t.Fatal("an execution in kept memory gives other bits")
		}
	}
	each := (faults(t) - before) / executions
	if pages := int64(n * 16 << 10 * 4 / 4096); each > pages/10 {
		t.Errorf("%d page faults an execution whose working memory has %d pages, want few: its memory is not kept", each, pages)
	}
	if now, kept, _ := blocksKept(); now != inUse || kept == 0 {
		t.Errorf("after executions %d bytes of blocks are in use and %d kept, before %d in use", now, kept, inUse)
	}
	shareBlocks(false)
	if _, kept, _ := blocksKept(); kept != 0 {
		t.Errorf("%d bytes are kept although nothing is to be", kept)
	}
	if !bytes.Equal(run(), first) {
		t.Error("the C library's memory gives other bits")
	}
}

// What is kept does not add up over programs of different sizes.
func TestKeptBlocksAreBounded(t *testing.T) {
	e := openForBlocks(t)
	for _, n := range []int{4096, 128, 640, 256, 1280, 3072, 512} { // 8 to 256 MiB
		run := wide(t, e, n)
		run()
		run()
		used, kept, peak := blocksKept()
		if most := max(peak, used) + 256<<20; used+kept > most {
			t.Errorf("after a program of %d MiB %d bytes are in use and %d kept, at most %d expected", n/16, used, kept, most)
		}
	}
}

// BenchmarkLargeBlocks compares memory that is kept with the C library's.
func BenchmarkLargeBlocks(b *testing.B) {
	e := openForBlocks(b)
	run := wide(b, e, 2<<10)
	for _, kept := range []bool{true, false} {
		b.Run(map[bool]string{true: "kept", false: "as the C library does"}[kept], func(b *testing.B) {
			shareBlocks(kept)
			run()
			before := faults(b)
			b.ResetTimer()
			for range b.N {
				run()
			}
			b.ReportMetric(float64(faults(b)-before)/float64(b.N), "faults/op")
		})
	}
}
