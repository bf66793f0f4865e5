package evaluate

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

type row struct {
	Name  string  `parquet:"name,dict"`
	Value float32 `parquet:"value"`
}

func parquetFile(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.Compression(&parquet.Zstd))
	for i := range n {
		if _, err := w.Write([]row{{strings.Repeat("x", i%7), float32(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t testing.TB, data []byte) ([]row, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return ReadRows[row](path)
}

func TestRowsComeBackInOrder(t *testing.T) {
	for _, n := range []int{0, 1, 4096, 10_000} {
		rows, err := read(t, parquetFile(t, n))
		if err != nil || len(rows) != n {
			t.Fatalf("%d of %d rows, %v", len(rows), n, err)
		}
		for i, r := range rows {
			if r.Name != strings.Repeat("x", i%7) || r.Value != float32(i) {
				t.Fatalf("row %d is %v", i, r)
			}
		}
	}
}

// Damage is an error or harmless; it never makes the reader panic.
func TestDamagedParquetIsNamed(t *testing.T) {
	whole := parquetFile(t, 300)
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x55
		read(t, damaged)
	}
	for name, data := range map[string][]byte{"empty": nil, "cut": whole[:len(whole)/2], "no Parquet": []byte("PAR1 and no more PAR1"), "a folder": nil} {
		if _, err := read(t, data); err == nil || !strings.Contains(err.Error(), "x.parquet") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if _, err := ReadRows[row](t.TempDir()); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("a folder: the error is %v", err)
	}
}

func FuzzReadRows(f *testing.F) {
	f.Add(parquetFile(f, 0))
	f.Add(parquetFile(f, 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		if rows, err := read(t, data); err == nil && len(rows) > rowsPerByte*len(data) {
			t.Errorf("%d rows from %d bytes", len(rows), len(data))
		}
	})
}
