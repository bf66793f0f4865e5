package evaluate

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// every has a field of each plain kind, with and without a dictionary.
type every struct {
	Arm    string  `parquet:"arm,dict"`
	Seed   int64   `parquet:"seed"`
	Text   string  `parquet:"text"`
	Op     int     `parquet:"op"`
	Right  bool    `parquet:"right"`
	Share  float64 `parquet:"share,dict"`
	Whole  float64 `parquet:"whole"`
	Nats   float32 `parquet:"nats"`
	Tokens int     `parquet:"tokens,dict"`
}

func everyFile(t testing.TB, n, groups int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[every](&b, parquet.Compression(&parquet.Zstd), parquet.PageBufferSize(700))
	for g := range groups {
		for i := range n {
			x := every{fmt.Sprint("arm", i*g%7), -int64(i), fmt.Sprint("text ", i*g), i << 33, i%3 == g%3, float64(i%5) / 3, math.Sqrt(float64(i)), float32(i) / 7, i % 11}
			if _, err := w.Write([]every{x}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is read column by column is what the library's reader reads.
func TestColumnsGiveTheRowsOfTheLibrary(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {1, 1}, {7, 3}, {3000, 2}} {
		data := everyFile(t, size[0], size[1])
		file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		rows := make([]every, file.NumRows())
		if plain, err := readColumns(file, rows); err != nil || !plain {
			t.Fatalf("%v: read by columns is %t, %v", size, plain, err)
		}
		want, err := readRows[every](file)
		if err != nil || len(want) != size[0]*size[1] || !slices.Equal(rows, want) {
			t.Errorf("%v: the columns differ from the library's %d rows, %v", size, len(want), err)
		}
	}
}

// A file that is not exactly of the type is left to the library, which converts.
func TestOtherFilesAreLeftToTheLibrary(t *testing.T) {
	type fewer struct {
		Op  int     `parquet:"op"`
		Arm string  `parquet:"arm,dict"`
		New float64 `parquet:"new"`
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(path, everyFile(t, 50, 1), 0o644); err != nil {
		t.Fatal(err)
	}
	rows, err := ReadRows[fewer](path)
	if err != nil || len(rows) != 50 || rows[3] != (fewer{3 << 33, "arm0", 0}) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func BenchmarkReadRows(b *testing.B) {
	data := everyFile(b, 100_000, 1)
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("by columns", func(b *testing.B) {
		for range b.N {
			if _, err := readColumns(file, make([]every, file.NumRows())); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by the library", func(b *testing.B) {
		for range b.N {
			if _, err := readRows[every](file); err != nil {
				b.Fatal(err)
			}
		}
	})
}
