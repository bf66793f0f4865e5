package corpus

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strconv"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/strict"
)

// RecordError is one unreadable record. Reading can go on behind it.
type RecordError struct {
	Path string
	Line int // in a .jsonl file, from 1; 0 in a .parquet file
	Row  int // in a .parquet file, from 1
	Err  error
}

func (e *RecordError) Error() string {
	if e.Row > 0 {
		return fmt.Sprintf("%s: row %d: %v", e.Path, e.Row, e.Err)
	}
	return fmt.Sprintf("%s: line %d: %v", e.Path, e.Line, e.Err)
}

func (e *RecordError) Unwrap() error { return e.Err }

// Read yields the problems of a corpus file in order, in constant memory. An
// unreadable record is yielded as a *RecordError; a caller that keeps going gets
// the records behind it. Any other error is the last thing yielded.
func Read(path string) iter.Seq2[*gsm.Problem, error] {
	return func(yield func(*gsm.Problem, error) bool) {
		switch filepath.Ext(path) {
		case ".jsonl":
			readJSONLines(path, yield)
		case ".parquet":
			readParquet(path, yield)
		default:
			yield(nil, fmt.Errorf("%s: the name must end in .jsonl or .parquet, which tells the format", path))
		}
	}
}

func readJSONLines(path string, yield func(*gsm.Problem, error) bool) {
	err := strict.File(path, func(n int, line []byte) error {
		p, err := parseProblem(line)
		if err != nil {
			p, err = nil, &RecordError{Path: path, Line: n, Err: err}
		}
		if !yield(p, err) {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		yield(nil, err)
	}
}

// errEnough says that the reader wants no more lines.
var errEnough = errors.New("enough")

// parseProblem reads one line.
func parseProblem(line []byte) (*gsm.Problem, error) {
	p := new(gsm.Problem)
	d := json.NewDecoder(bytes.NewReader(line))
	if err := d.Decode(p); err != nil {
		return nil, explainJSON(err, line)
	}
	if rest := bytes.TrimSpace(line[d.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("%.20q follows the JSON object: expected one object a line", rest)
	}
	return p, check(p)
}

// explainJSON says what was expected where.
func explainJSON(err error, line []byte) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the JSON object ends too early, after %d bytes: is the file cut off?", len(line))
	case errors.As(err, &syntax):
		return fmt.Errorf("expected a JSON object of a problem; at byte %d: %v", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("field %w", strict.Plain(err))
	}
	return err
}

// check sees that a record holds together: what verifiers and trainers rely on.
func check(p *gsm.Problem) error {
	for _, field := range []struct{ name, text string }{
		{"problem", p.Problem}, {"question", p.Question}, {"solution", p.Solution}, {"answer", p.Answer}, {"context", p.Context},
	} {
		if field.text == "" {
			return fmt.Errorf("field %q is missing or empty", field.name)
		}
	}
	g := p.Graph
	if g == nil {
		return errors.New(`field "graph" is missing: problems are judged by their graph`)
	}
	if err := g.Validate(); err != nil {
		return fmt.Errorf("field \"graph\": %w", err)
	}
	switch {
	case len(p.Names) != len(g.Nodes):
		return fmt.Errorf("%d names for %d nodes: expected one each", len(p.Names), len(g.Nodes))
	case p.Op != g.Op():
		return fmt.Errorf("op is %d, but the graph has %d operations", p.Op, g.Op())
	case p.Mode != g.Mode:
		return fmt.Errorf("mode is %s, but the graph's is %s", p.Mode, g.Mode)
	case p.Answer != strconv.FormatInt(g.Nodes[g.Question].Value, 10):
		return fmt.Errorf("answer is %q, but the graph's is %d", p.Answer, g.Nodes[g.Question].Value)
	}
	return nil
}

// Check reads a whole corpus file and compares it with its manifest: count,
// histogram, tokens, edges and content digest. Unreadable records are handed to
// bad, which may return nil to go on behind them; they are not part of the file's
// tally, so that the comparison then fails.
func Check(path string, bad func(*RecordError) error) (*Manifest, error) {
	m, err := ReadManifest(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	cells := histogram{}
	var line []byte
	for p, err := range Read(path) {
		var record *RecordError
		if errors.As(err, &record) && bad != nil {
			err = bad(record)
			p = nil
		}
		if err != nil {
			return nil, err
		}
		if p == nil {
			continue
		}
		line = append(appendProblem(line[:0], p), '\n')
		sum.Write(line)
		cells.add(gsm.Cell{Op: p.Op, Context: p.Context, Mode: p.Mode}, tallyOf(p))
	}
	list, total := cells.list()
	switch {
	case total != m.Tally || !slices.Equal(list, m.Cells):
		return nil, fmt.Errorf("%s holds %d problems, %d tokens; its manifest says %d problems, %d tokens, or has another histogram: the file was changed",
			path, total.Count, total.Tokens, m.Count, m.Tokens)
	case digest(sum) != m.Digest:
		return nil, fmt.Errorf("%s: the content's digest is %s, the manifest's %s: the file was changed", path, digest(sum), m.Digest)
	}
	return m, nil
}
