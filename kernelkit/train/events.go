package train

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/strict"
)

// TensorBoard reads files of records in TFRecord framing, each a protocol buffer Event with
// a Summary of scalars. Go has no kept-up library that writes them, and the part of the
// format that scalars need is what stands in this file.

// EventsFile is the name of the event file in a run's folder: TensorBoard looks for
// "tfevents" in it.
const EventsFile = "events.out.tfevents.0000000000.interplay"

// Events writes a run's metrics.jsonl a second time, as TensorBoard's event file beside it:
// each number of a line becomes a scalar, the numbers of an object named "object/name". It
// is an io.Writer of whole lines, so that a log can be written to both by io.MultiWriter.
type Events struct {
	file  *os.File
	began float64 // Unix time at which the run's clock stood at 0
}

// OpenEvents makes the event file of a run's folder anew from the metrics.jsonl that is
// there, and returns a writer that appends to it. Call it once the log is trimmed to the
// state that the run resumes from: the file never holds a step twice.
func OpenEvents(dir string) (*Events, error) {
	log, err := strict.ReadFile(filepath.Join(dir, MetricsFile), 1<<30)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: %w", err)
	}
	e := &Events{began: float64(time.Now().UnixNano()) / 1e9}
	if lines := bytes.Split(bytes.TrimSpace(log), []byte("\n")); len(log) > 0 {
		var last struct{ Seconds float64 }
		if json.Unmarshal(lines[len(lines)-1], &last) == nil {
			e.began -= last.Seconds
		}
	}
	version := appendBytes(appendDouble(nil, 1, e.began), 3, []byte("brain.Event:2"))
	content := appendRecord(nil, version)
	for line := range bytes.Lines(log) {
		if content, err = e.appendLine(content, line); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(dir, EventsFile)
	if err := durable.WriteFile(path, content); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if e.file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return e, nil
}

// Write appends the numbers of one line of metrics.jsonl.
func (e *Events) Write(line []byte) (int, error) {
	record, err := e.appendLine(nil, line)
	if err != nil {
		return 0, err
	}
	if _, err := e.file.Write(record); err != nil {
		return 0, fmt.Errorf("train: %w", err)
	}
	return len(line), nil
}

// Close closes the file.
func (e *Events) Close() error { return e.file.Close() }

// appendLine appends the event of a line: Event{wall_time=1, step=2, summary=5}, the
// summary a list of Value{tag=1, simple_value=2}.
func (e *Events) appendLine(b, line []byte) ([]byte, error) {
	var values map[string]any
	if err := json.Unmarshal(line, &values); err != nil {
		return nil, fmt.Errorf("train: a line of %s is no JSON object: %w", MetricsFile, err)
	}
	step, _ := values["step"].(float64)
	seconds, _ := values["seconds"].(float64)
	delete(values, "step") // these two are where the event stands
	delete(values, "seconds")
	event := appendDouble(nil, 1, e.began+seconds)
	event = binary.AppendUvarint(append(event, 2<<3), uint64(step))
	event = appendBytes(event, 5, appendScalars(nil, "", values))
	return appendRecord(b, event), nil
}

// appendScalars appends the numbers of an object as values of a Summary, by name.
func appendScalars(summary []byte, prefix string, object map[string]any) []byte {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { // numbers by value, as the ops of by_op
		x, errX := strconv.Atoi(a)
		y, errY := strconv.Atoi(b)
		if errX == nil && errY == nil {
			return x - y
		}
		return bytes.Compare([]byte(a), []byte(b))
	})
	for _, name := range names {
		switch v := object[name].(type) {
		case float64:
			value := appendBytes(nil, 1, []byte(prefix+name))
			value = binary.LittleEndian.AppendUint32(append(value, 2<<3|5), math.Float32bits(float32(v)))
			summary = appendBytes(summary, 1, value)
		case map[string]any:
			summary = appendScalars(summary, prefix+name+"/", v)
		}
	}
	return summary
}

// appendDouble appends a protocol buffer field of type double.
func appendDouble(b []byte, field byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(append(b, field<<3|1), math.Float64bits(v))
}

// appendBytes appends a protocol buffer field of type string, bytes or message.
func appendBytes(b []byte, field byte, v []byte) []byte {
	return append(binary.AppendUvarint(append(b, field<<3|2), uint64(len(v))), v...)
}

// appendRecord appends a record in TFRecord framing: its length, the length's checksum, the
// data, the data's checksum, all little-endian.
func appendRecord(b, data []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = append(b, length...)
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(length))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(data))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the CRC-32C turned right by 15 bits plus a constant, as TFRecord stores it, so
// that a checksum of data that holds checksums stays a good one.
func maskedCRC(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
