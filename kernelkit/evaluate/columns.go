package evaluate

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"unsafe"

	"github.com/parquet-go/parquet-go"
)

// readColumns fills rows from a file whose columns are exactly the fields of T, each a plain value: column by column,
// which takes under half of the time that the library's reader takes (BenchmarkReadRows), which makes a row of generic
// values of each row first, and a third of it on the records of a study. It is false where the file is another, or T has fields that are no plain values.
func readColumns[T any](file *parquet.File, rows []T) (bool, error) {
	schema := parquet.SchemaOf(new(T))
	kind := reflect.TypeFor[T]()
	if kind.Kind() != reflect.Struct || kind.NumField() != len(schema.Fields()) || !parquet.SameNodes(schema, file.Schema()) {
		return false, nil
	}
	var fill []filler[T]
	for i, column := range schema.Fields() {
		if column.Optional() || column.Repeated() || !column.Leaf() {
			return false, nil
		}
		at, ok := file.Schema().Lookup(column.Name())
		f := fillerOf[T](kind.Field(i), at.Node)
		if !ok || f == nil {
			return false, nil
		}
		fill = append(fill, f)
	}
	for i, column := range schema.Fields() {
		at, _ := file.Schema().Lookup(column.Name())
		if err := readColumn(file, at.ColumnIndex, rows, fill[i]); err != nil {
			return true, fmt.Errorf("column %s: %w", column.Name(), err)
		}
	}
	return true, nil
}

// readColumn fills one field of all rows.
func readColumn[T any](file *parquet.File, column int, rows []T, fill filler[T]) error {
	n := 0
	for _, group := range file.RowGroups() {
		pages := group.ColumnChunks()[column].Pages()
		defer pages.Close()
		for {
			page, err := pages.ReadPage()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			values := int(page.NumValues())
			if n+values > len(rows) {
				return fmt.Errorf("more than the file's %d values", len(rows))
			}
			fill(rows[n:n+values], page)
			n += values
			parquet.Release(page)
		}
	}
	if n != len(rows) {
		return fmt.Errorf("%d of the file's %d values", n, len(rows))
	}
	return nil
}

// filler puts the values of a page into a field of rows, as many as the page has.
type filler[T any] func(rows []T, page parquet.Page)

// fillerOf is the filler of a field, nil for a field that is no plain value or that the column holds in another form.
func fillerOf[T any](field reflect.StructField, column parquet.Node) filler[T] {
	stored := column.Type().Kind()
	switch kind := field.Type.Kind(); {
	case kind == reflect.String && stored == parquet.ByteArray:
		return filling[T](field, parquet.Value.String, texts)
	case kind == reflect.Bool && stored == parquet.Boolean:
		return filling[T](field, parquet.Value.Boolean, booleans)
	case kind == reflect.Int64 && stored == parquet.Int64:
		return filling[T](field, parquet.Value.Int64, func(p parquet.Page, _ int) []int64 { data := p.Data(); return data.Int64() })
	case kind == reflect.Int && stored == parquet.Int64 && field.Type.Size() == 8:
		return filling[T](field, parquet.Value.Int64, func(p parquet.Page, _ int) []int64 { data := p.Data(); return data.Int64() })
	case kind == reflect.Float64 && stored == parquet.Double:
		return filling[T](field, parquet.Value.Double, func(p parquet.Page, _ int) []float64 { data := p.Data(); return data.Double() })
	case kind == reflect.Float32 && stored == parquet.Float:
		return filling[T](field, parquet.Value.Float, func(p parquet.Page, _ int) []float32 { data := p.Data(); return data.Float() })
	}
	return nil
}

// filling is the filler of a field whose values are kept as V in memory: from the page's dictionary, of which each entry
// is made once, or from the page.
func filling[T, V any](field reflect.StructField, entry func(parquet.Value) V, plain func(page parquet.Page, n int) []V) filler[T] {
	var of parquet.Dictionary
	var entries []V
	return func(rows []T, page parquet.Page) {
		put := func(i int, v V) { *(*V)(unsafe.Add(unsafe.Pointer(&rows[i]), field.Offset)) = v }
		dictionary := page.Dictionary()
		if dictionary == nil {
			for i, v := range plain(page, len(rows))[:len(rows)] {
				put(i, v)
			}
			return
		}
		if dictionary != of {
			of, entries = dictionary, make([]V, dictionary.Len())
			for i := range entries {
				entries[i] = entry(dictionary.Index(int32(i)))
			}
		}
		data := page.Data()
		for i, at := range data.Int32()[:len(rows)] {
			put(i, entries[at])
		}
	}
}

func texts(page parquet.Page, n int) []string {
	values := page.Data()
	data, ends := values.ByteArray()
	all := make([]string, n)
	for i := range all {
		all[i] = string(data[ends[i]:ends[i+1]])
	}
	return all
}

func booleans(page parquet.Page, n int) []bool {
	values := page.Data()
	bits := values.Boolean()
	all := make([]bool, n)
	for i := range all {
		all[i] = bits[i/8]>>(i%8)&1 == 1
	}
	return all
}
