package corpus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

func symbolicSource(t testing.TB) *gsm.Source {
	t.Helper()
	return mustSource(t, gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 6}, "A", "B"))
}

func realisticSource(t testing.TB) *gsm.Source {
	t.Helper()
	spec := gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 12}, "zoo", "movie")
	spec.Reverse = 0.5
	return mustSource(t, spec)
}

func mustSource(t testing.TB, spec gsm.Spec) *gsm.Source {
	t.Helper()
	s, err := gsm.NewSource(spec, gsm.Train, 5)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustWrite(t testing.TB, path string, s *gsm.Source, o Options) *Manifest {
	t.Helper()
	m, err := Write(context.Background(), path, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestProblemsSurviveBothFormats(t *testing.T) {
	for name, source := range map[string]*gsm.Source{"symbolic": symbolicSource(t), "realistic": realisticSource(t)} {
		for _, ending := range []string{".jsonl", ".parquet"} {
			path := filepath.Join(t.TempDir(), name+ending)
			const first, n = 3, 2500 // more than a chunk
			m := mustWrite(t, path, source, Options{First: first, Count: n})
			i := uint64(first)
			for p, err := range Read(path) {
				if err != nil {
					t.Fatal(err)
				}
				if got, want := appendProblem(nil, p), appendProblem(nil, source.At(i)); !bytes.Equal(got, want) {
					t.Fatalf("%s%s: problem %d is\n%s, want\n%s", name, ending, i, got, want)
				}
				i++
			}
			if i != first+n || m.Count != n {
				t.Errorf("%s%s: %d problems, the manifest says %d, want %d", name, ending, i-first, m.Count, n)
			}
			again, err := Check(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again, m) {
				t.Errorf("%s%s: manifest read %+v, written %+v", name, ending, again, m)
			}
		}
	}
}

func TestBytesDoNotDependOnTheNumberOfWorkers(t *testing.T) {
	for _, ending := range []string{".jsonl", ".parquet"} {
		var first []byte
		for _, workers := range []int{1, 3, 8} {
			path := filepath.Join(t.TempDir(), "c"+ending)
			mustWrite(t, path, symbolicSource(t), Options{Count: 9000, Workers: workers})
			data := mustRead(t, path)
			if first == nil {
				first = data
			} else if !bytes.Equal(first, data) {
				t.Errorf("%s: other bytes with %d workers", ending, workers)
			}
		}
	}
}

func TestShardsTogetherAreTheWhole(t *testing.T) {
	dir := t.TempDir()
	s := symbolicSource(t)
	mustWrite(t, filepath.Join(dir, "whole.jsonl"), s, Options{Count: 3000})
	var shards []byte
	for _, first := range []uint64{0, 1, 700, 2999} {
		next := map[uint64]uint64{0: 1, 1: 700, 700: 2999, 2999: 3000}[first]
		path := filepath.Join(dir, fmt.Sprintf("shard%d.jsonl", first))
		mustWrite(t, path, s, Options{First: first, Count: next - first})
		shards = append(shards, mustRead(t, path)...)
	}
	if !bytes.Equal(shards, mustRead(t, filepath.Join(dir, "whole.jsonl"))) {
		t.Error("the shards are not the whole")
	}
}

func TestDigestIsTheSameInBothFormatsAndThatOfTheLines(t *testing.T) {
	dir := t.TempDir()
	s := realisticSource(t)
	a := mustWrite(t, filepath.Join(dir, "c.jsonl"), s, Options{Count: 300})
	b := mustWrite(t, filepath.Join(dir, "c.parquet"), s, Options{Count: 300})
	sum := sha256.Sum256(mustRead(t, filepath.Join(dir, "c.jsonl")))
	if a.Digest != b.Digest || string(a.Digest) != hex.EncodeToString(sum[:]) {
		t.Errorf("digests %s and %s, sha256 of the lines %x", a.Digest, b.Digest, sum)
	}
}

func TestFastEncoderGivesTheBytesOfEncodingJSON(t *testing.T) {
	problems := []*gsm.Problem{}
	for _, s := range []*gsm.Source{symbolicSource(t), realisticSource(t)} {
		for i := range uint64(200) {
			problems = append(problems, s.At(i))
		}
	}
	odd := *problems[0]
	odd.ID, odd.Problem, odd.Solution = "tab\tquote\"back\\ctl\x01", "é – \u2028 \U0001F600 <a&b>", "bad utf8 \xff \xe2\x28"
	odd.Names = []string{}
	problems = append(problems, &odd)
	for _, p := range problems {
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(p); err != nil {
			t.Fatal(err)
		}
		if got := append(appendProblem(nil, p), '\n'); !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("got\n%s\nwant\n%s", got, want.Bytes())
		}
	}
}

func TestManifestCountsWhatTheFileHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.jsonl")
	s := realisticSource(t)
	m := mustWrite(t, path, s, Options{Count: 1000})
	var want Tally
	count := map[gsm.Cell]uint64{}
	for p, err := range Read(path) {
		if err != nil {
			t.Fatal(err)
		}
		explicit, implicit := p.Graph.Edges()
		if explicit+implicit != p.Op {
			t.Fatalf("%d explicit and %d implicit edges at op %d", explicit, implicit, p.Op)
		}
		want.add(Tally{1, uint64(gsm.TokenCount(p)), uint64(explicit), uint64(implicit)})
		count[gsm.Cell{Op: p.Op, Context: p.Context, Mode: p.Mode}]++
	}
	if m.Tally != want {
		t.Errorf("tally %+v, want %+v", m.Tally, want)
	}
	if len(m.Cells) != len(count) {
		t.Errorf("%d cells, want %d", len(m.Cells), len(count))
	}
	for _, c := range m.Cells {
		if count[c.Cell] != c.Count {
			t.Errorf("%s: %d, want %d", c.Cell, c.Count, count[c.Cell])
		}
	}
	if m.SpecDigest != s.Spec().Digest() {
		t.Error("the manifest's spec digest is not the spec's")
	}
	if _, err := gsm.NewSource(m.Spec, m.Split, m.Seed); err != nil {
		t.Errorf("the manifest does not recreate its source: %v", err)
	}
}

func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAnInterruptedWriteLeavesNothing(t *testing.T) {
	for _, ending := range []string{".jsonl", ".parquet"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Write(ctx, filepath.Join(dir, "c"+ending), symbolicSource(t), Options{Count: 1 << 40, Progress: func(done uint64) {
			if done > 3*chunkSize {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", ending, err)
		}
		if left := leftovers(t, dir); len(left) > 0 {
			t.Errorf("%s: left behind %v", ending, left)
		}
	}
}

func TestAnExistingFileIsKeptUnlessForced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c.jsonl")
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(context.Background(), path, symbolicSource(t), Options{Count: 10}); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("got %v", err)
	}
	if string(mustRead(t, path)) != "mine" {
		t.Error("the file was changed")
	}
	mustWrite(t, path, symbolicSource(t), Options{Count: 10, Force: true})
	if _, err := Check(path, nil); err != nil {
		t.Error(err)
	}
	if left := leftovers(t, dir); len(left) != 2 {
		t.Errorf("files %v", left)
	}
}

func TestWriteErrorsSayWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "c.csv"):         "must end in .jsonl or .parquet",
		filepath.Join(dir, "no", "c.jsonl"): "does not exist",
		dir:                                 "must end in",
	} {
		if _, err := Write(context.Background(), path, symbolicSource(t), Options{Count: 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if left := leftovers(t, dir); len(left) > 0 {
		t.Errorf("left behind %v", left)
	}
}

// /dev/full takes the temporary file's place: every write fails with ENOSPC.
func TestAFullDiskIsReportedAsSuch(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	defer full.Close()
	out := &atomicFile{path: "x.jsonl", file: full}
	err = stream(context.Background(), jsonLines{full}, symbolicSource(t), Options{Count: 5000, Workers: 2}, &Manifest{})
	if err == nil || !strings.Contains(out.explain(err).Error(), "the disk that holds x.jsonl is full") {
		t.Errorf("got %v", err)
	}
	err = stream(context.Background(), newParquetWriter(full), symbolicSource(t), Options{Count: 5000, Workers: 2}, &Manifest{})
	if err == nil || !strings.Contains(out.explain(err).Error(), "is full") {
		t.Errorf("parquet: got %v", err)
	}
}

func TestMalformedLinesAreNamedAndSkippable(t *testing.T) {
	good := string(appendProblem(nil, symbolicSource(t).At(1)))
	change := func(from, to string) string {
		t.Helper()
		if !strings.Contains(good, from) {
			t.Fatalf("%q is not in %s", from, good)
		}
		return strings.Replace(good, from, to, 1)
	}
	lines := []struct{ line, want string }{
		{good, ""},
		{"", ""},
		{`{"id": 1`, "line 3: the JSON object ends too early"},
		{`hello`, "line 4: expected a JSON object of a problem; at byte 1"},
		{change(`"op":`, `"op":"x","o":`), `line 5: field op: expected a whole number, found a text`},
		{good + good, "line 6: "},
		{change(`"question":"`, `"question":"","q":"`), `line 7: field "question" is missing or empty`},
		{change(`"graph":`, `"gruph":`), `line 8: field "graph" is missing`},
		{change(`"names":["`, `"names":["z","`), "line 9: "},
		{change(`"mode":"forward"`, `"mode":"sideways"`), `line 10: `},
		{change(`"answer":"`, `"answer":"1`), `line 11: answer is`},
		{good, ""},
	}
	var text string
	for _, l := range lines {
		text += l.line + "\n"
	}
	path := filepath.Join(t.TempDir(), "c.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var found []string
	kept := 0
	for p, err := range Read(path) {
		var record *RecordError
		switch {
		case errors.As(err, &record):
			found = append(found, err.Error())
		case err != nil:
			t.Fatal(err)
		case p == nil:
			t.Fatal("neither problem nor error")
		default:
			kept++
		}
	}
	if kept != 2 {
		t.Errorf("%d good lines, want 2", kept)
	}
	k := 0
	for _, l := range lines {
		if l.want == "" {
			continue
		}
		if k >= len(found) {
			t.Fatalf("%d errors only: %q", len(found), found)
		}
		if !strings.Contains(found[k], l.want) {
			t.Errorf("got %q, want %q", found[k], l.want)
		}
		k++
	}
	for _, err := range Read(path) { // a caller that stops is not called again
		if err != nil {
			break
		}
	}
}

func TestDamagedParquetIsAnError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c.parquet")
	mustWrite(t, path, symbolicSource(t), Options{Count: 3000})
	data := mustRead(t, path)
	for name, damaged := range map[string][]byte{"cut": data[:len(data)/2], "empty": nil, "text": []byte("{}\n")} {
		p := filepath.Join(dir, name+".parquet")
		if err := os.WriteFile(p, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range Read(p) {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), "not a whole Parquet file") {
			t.Errorf("%s: %v", name, last)
		}
	}
}

func TestCheckFindsAChangedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.jsonl")
	mustWrite(t, path, symbolicSource(t), Options{Count: 50})
	data := mustRead(t, path)
	lines := bytes.SplitAfter(data, []byte("\n"))
	lines[3], lines[4] = lines[4], lines[3]
	if err := os.WriteFile(path, bytes.Join(lines, nil), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(path, nil); err == nil || !strings.Contains(err.Error(), "the file was changed") {
		t.Errorf("exchanged lines: %v", err)
	}
	if err := os.WriteFile(path, bytes.Join(lines[1:], nil), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(path, nil); err == nil || !strings.Contains(err.Error(), "its manifest says 50 problems") {
		t.Errorf("a missing line: %v", err)
	}
	os.Remove(ManifestPath(path))
	if _, err := Check(path, nil); err == nil || !strings.Contains(err.Error(), "has no manifest") {
		t.Errorf("no manifest: %v", err)
	}
}

func FuzzParseProblem(f *testing.F) {
	s, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 3}, "A"), gsm.Train, 1)
	if err != nil {
		f.Fatal(err)
	}
	for i := range uint64(4) {
		f.Add(appendProblem(nil, s.At(i)))
	}
	f.Add([]byte(`{"graph":{"nodes":[{"parents":[9]}],"path":1,"question":3}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		p, err := parseProblem(line)
		if err != nil {
			return
		}
		again, err := parseProblem(appendProblem(nil, p))
		if err != nil || !bytes.Equal(appendProblem(nil, p), appendProblem(nil, again)) {
			t.Fatalf("%s does not survive writing: %v", line, err)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	for name, source := range map[string]*gsm.Source{"symbolic": symbolicSource(b), "realistic": realisticSource(b)} {
		for _, ending := range []string{".jsonl", ".parquet"} {
			for _, workers := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s%s/workers=%d", name, ending, workers), func(b *testing.B) {
					path := filepath.Join(b.TempDir(), "c"+ending)
					mustWrite(b, path, source, Options{Count: uint64(b.N), Workers: workers, Force: true})
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "problems/s")
				})
			}
		}
	}
}
