package train

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scalar is a number of an event file as the test's reader finds it.
type scalar struct {
	step  uint64
	tag   string
	value float32
}

// readEvents is a reader of its own: framing with checksums, then the fields by number.
func readEvents(t *testing.T, path string) (version string, all []scalar) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for len(data) > 0 {
		n := binary.LittleEndian.Uint64(data)
		if binary.LittleEndian.Uint32(data[8:]) != maskedCRC(data[:8]) || binary.LittleEndian.Uint32(data[12+n:]) != maskedCRC(data[12:12+n]) {
			t.Fatal("a checksum is wrong")
		}
		step := uint64(0)
		for _, f := range fields(t, data[12:12+n]) {
			switch f.number {
			case 2:
				step = f.varint
			case 3:
				version = string(f.bytes)
			case 5:
				for _, value := range fields(t, f.bytes) {
					s := scalar{step: step}
					for _, part := range fields(t, value.bytes) {
						if part.number == 1 {
							s.tag = string(part.bytes)
						} else {
							s.value = math.Float32frombits(uint32(part.varint))
						}
					}
					all = append(all, s)
				}
			}
		}
		data = data[16+n:]
	}
	return version, all
}

type field struct {
	number int
	varint uint64 // also fixed32 and fixed64
	bytes  []byte
}

func fields(t *testing.T, data []byte) (out []field) {
	t.Helper()
	for len(data) > 0 {
		f := field{number: int(data[0] >> 3)}
		kind := data[0] & 7
		data = data[1:]
		n := 0
		switch kind {
		case 0:
			f.varint, n = binary.Uvarint(data)
		case 1:
			f.varint, n = binary.LittleEndian.Uint64(data), 8
		case 2:
			size, m := binary.Uvarint(data)
			f.bytes, n = data[m:m+int(size)], m+int(size)
		case 5:
			f.varint, n = uint64(binary.LittleEndian.Uint32(data)), 4
		default:
			t.Fatalf("wire type %d", kind)
		}
		out, data = append(out, f), data[n:]
	}
	return out
}

// The bytes are what tensorboard 2.20.0's own RecordWriter and Event give for these values.
func TestARecordHasTheBytesThatTensorBoardWrites(t *testing.T) {
	e := Events{began: 1.5}
	version := appendRecord(nil, appendBytes(appendDouble(nil, 1, e.began), 3, []byte("brain.Event:2")))
	e.began = 0.5
	line, err := e.appendLine(nil, []byte(`{"step":300,"seconds":3,"loss":2.25,"kl":0.5,"note":"resumed"}`))
	if err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string][]byte{
		"000000000000000029039807d8ea82a2":                                                                             appendRecord(nil, nil),
		"1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c":                             version,
		"2600000000000000734fe300090000000000000c4010ac022a180a090a026b6c150000003f0a0b0a046c6f737315000010407a2a14cb": line,
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("the record is %x, expected %s", got, want)
		}
	}
}

func TestARunsEventsAreItsMetricsEachStepOnceAlsoAfterResuming(t *testing.T) {
	e, cfg, dir := open(t), testConfig(), t.TempDir()
	stopAfter(t, e, cfg, dir, 6)
	events := filepath.Join(dir, EventsFile)
	if err := os.Truncate(events, 321); err != nil { // as a kill may leave it
		t.Fatal(err)
	}
	mustRun(t, e, cfg, dir)
	version, all := readEvents(t, events)
	if version != "brain.Event:2" {
		t.Errorf("the file's version is %q", version)
	}
	got := map[string][]scalar{}
	for _, s := range all {
		got[s.tag] = append(got[s.tag], s)
	}
	metrics := readMetrics(t, dir)
	if len(got["loss"]) != cfg.Steps || len(got["tokens_per_second"]) != cfg.Steps || len(got["step"]) != 0 {
		t.Fatalf("the file has %d losses for %d steps", len(got["loss"]), cfg.Steps)
	}
	for i, m := range metrics {
		if s := got["loss"][i]; s.step != uint64(i+1) || s.value != float32(m.Loss) {
			t.Errorf("step %d: the event says step %d, loss %v; the log %v", i+1, s.step, s.value, m.Loss)
		}
		if s := got["lr"][i]; s.value != float32(m.LR) {
			t.Errorf("step %d: the event says rate %v, the log %v", i+1, s.value, m.LR)
		}
	}
}

func TestNestedNumbersAreNamedByTheirPathAndTextIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	e, err := OpenEvents(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(e, `{"step":300,"note":"resumed","by_op":{"10":{"strict":2},"9":{"strict":1}},"kl":0.5}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(e, "{torn"); err == nil || !strings.Contains(err.Error(), "JSON") {
		t.Errorf("the error is %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	_, got := readEvents(t, filepath.Join(dir, EventsFile))
	want := []scalar{{300, "by_op/9/strict", 1}, {300, "by_op/10/strict", 2}, {300, "kl", 0.5}}
	if len(got) != len(want) {
		t.Fatalf("the scalars are %v, expected %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("scalar %d is %v, expected %v", i, got[i], want[i])
		}
	}
}
