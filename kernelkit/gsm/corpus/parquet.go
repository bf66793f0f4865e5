package corpus

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/strict"
)

// row is a problem as Parquet columns. The graph is one column of JSON: readers
// in other languages want the texts, and nested columns cost them more than
// they give.
type row struct {
	ID       string   `parquet:"id"`
	Op       int32    `parquet:"op"`
	Context  string   `parquet:"context,dict"`
	Mode     string   `parquet:"mode,dict"`
	Problem  string   `parquet:"problem,snappy"`
	Question string   `parquet:"question,snappy"`
	Solution string   `parquet:"solution,snappy"`
	Answer   string   `parquet:"answer"`
	Graph    string   `parquet:"graph,snappy"`
	Names    []string `parquet:"names,list,snappy"`
}

// parquetWriter encodes each chunk as a row group, in the workers.
type parquetWriter struct{ w *parquet.GenericWriter[row] }

// rowGroup is a chunk's part of the file before it is committed, and what was
// needed to make it.
type rowGroup struct {
	w     *parquet.ConcurrentRowGroupWriter
	rows  []parquet.Row
	graph []byte
}

func newParquetWriter(out io.Writer) *parquetWriter {
	return &parquetWriter{parquet.NewGenericWriter[row](out,
		parquet.CreatedBy("interplay", "1", ""), // the library's own mark would change the bytes with its version
		parquet.MaxRowsPerRowGroup(chunkSize))}
}

func (p *parquetWriter) encode(c *chunk) error {
	if c.rows == nil {
		c.rows = &rowGroup{w: p.w.BeginRowGroup()}
	}
	rows := c.rows.rows[:0]
	graph := c.rows.graph[:0]
	for _, q := range c.problems {
		begin := len(graph)
		graph = appendGraph(graph, q.Graph)
		rows = append(rows, p.w.Schema().Deconstruct(nil, &row{
			ID: q.ID, Op: int32(q.Op), Context: q.Context, Mode: q.Mode.String(),
			Problem: q.Problem, Question: q.Question, Solution: q.Solution, Answer: q.Answer,
			Graph: string(graph[begin:]), Names: q.Names,
		}))
	}
	c.rows.rows, c.rows.graph = rows, graph
	if _, err := c.rows.w.WriteRows(rows); err != nil {
		return err
	}
	return c.rows.w.Flush()
}

func (p *parquetWriter) commit(c *chunk) error { _, err := c.rows.w.Commit(); return err }
func (p *parquetWriter) close() error          { return p.w.Close() }

// readParquet yields the problems of a Parquet file that Write made.
func readParquet(path string, yield func(*gsm.Problem, error) bool) {
	f, err := strict.Open(path)
	if err != nil {
		yield(nil, err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		yield(nil, err)
		return
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		yield(nil, fmt.Errorf("%s is not a whole Parquet file: %w", path, err))
		return
	}
	if err := sameColumns(file.Schema()); err != nil {
		yield(nil, fmt.Errorf("%s: %w", path, err))
		return
	}
	r := parquet.NewGenericReader[row](file)
	defer r.Close()
	number := 0
	rows := make([]row, 64)
	for {
		n, err := r.Read(rows)
		for i := range rows[:n] {
			number++
			p, bad := rows[i].problem()
			if bad != nil {
				p, bad = nil, &RecordError{Path: path, Row: number, Err: bad}
			}
			if !yield(p, bad) {
				return
			}
			rows[i] = row{}
		}
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			yield(nil, fmt.Errorf("%s: after row %d: %w", path, number, err))
			return
		}
	}
}

// sameColumns refuses Parquet files that are no corpus.
func sameColumns(have *parquet.Schema) error {
	for _, want := range parquet.SchemaOf(row{}).Fields() {
		if _, ok := have.Lookup(want.Name()); !ok && want.Leaf() {
			return fmt.Errorf("the column %q is missing: this is no corpus of problems", want.Name())
		}
	}
	return nil
}

func (r *row) problem() (*gsm.Problem, error) {
	p := &gsm.Problem{ID: r.ID, Op: int(r.Op), Context: r.Context, Problem: r.Problem,
		Question: r.Question, Solution: r.Solution, Answer: r.Answer, Names: r.Names}
	if err := p.Mode.UnmarshalText([]byte(r.Mode)); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(r.Graph), &p.Graph); err != nil {
		return nil, fmt.Errorf("column graph: %w", strict.Plain(err))
	}
	return p, check(p)
}
