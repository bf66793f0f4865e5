package evaluate

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"

	"interplay/kernelkit/strict"
)

// rowsPerByte bounds the rows of a Parquet file by its size: those that are written here hold
// half a row a byte, a file made to fill the memory holds thousands.
const rowsPerByte = 5

// rowsAtOnce is how many rows are read in one call.
const rowsAtOnce = 4096

// ReadRows returns the rows of a Parquet file. A file that is no whole Parquet file, whatever
// is wrong with it, is an error that names it.
func ReadRows[T any](path string) (rows []T, err error) {
	defer func() {
		if problem := recover(); problem != nil { // the library trusts what a file says of itself
			rows, err = nil, fmt.Errorf("%s is torn or no Parquet file: %v", path, problem)
		}
	}()
	f, err := strict.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s is torn or no Parquet file: %w", path, err)
	}
	if n := file.NumRows(); n < 0 || n > rowsPerByte*info.Size() {
		return nil, fmt.Errorf("%s says that it has %d rows in %d bytes: expected at most %d a byte", path, n, info.Size(), rowsPerByte)
	}
	if file.NumRows() <= 1<<20 {
		rows = make([]T, file.NumRows())
		if plain, err := readColumns(file, rows); err != nil {
			return nil, fmt.Errorf("%s is torn: %w", path, err)
		} else if plain {
			return rows, nil
		}
	}
	if rows, err = readRows[T](file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

// readRows reads any file with the library's own reader.
func readRows[T any](file *parquet.File) (rows []T, err error) {
	reader := parquet.NewGenericReader[T](file)
	defer reader.Close()
	// All at once where the file does not ask for much: growing copies, and there are many.
	rows = make([]T, 0, min(file.NumRows(), 1<<20))
	for int64(len(rows)) < file.NumRows() {
		rows = slices.Grow(rows, 1)
		n, err := reader.Read(rows[len(rows):min(cap(rows), len(rows)+rowsAtOnce)])
		rows = rows[:len(rows)+n]
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if n == 0 {
			return nil, fmt.Errorf("it ends after %d of its %d rows", len(rows), file.NumRows())
		}
	}
	return rows, nil
}
