package qwen

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/bits"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/x448/float16"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/strict"
)

// The safetensors format: eight bytes of header length, a JSON header that maps names to
// dtype, shape and byte range, then the values, little-endian and row-major.

type tensorHeader struct {
	Dtype   string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// WriteSafetensors writes f32 tensors to a file, in one step (see durable.Write).
func WriteSafetensors(path string, specs []TensorSpec, values []*tensors.Tensor) error {
	return writeSafetensors(path, specs, values, Float32)
}

// writeSafetensors writes f32 tensors to a file as values of a type.
func writeSafetensors(path string, specs []TensorSpec, values []*tensors.Tensor, as Dtype) error {
	header, offset := map[string]any{"__metadata__": map[string]string{"format": "pt"}}, uint64(0)
	for _, s := range specs {
		end := offset + widths[as.safetensors()]*uint64(s.Size())
		header[s.Name] = tensorHeader{as.safetensors(), s.Shape, [2]uint64{offset, end}}
		offset = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("qwen: %w", err)
	}
	for len(text)%8 != 0 { // values aligned, as the format recommends
		text = append(text, ' ')
	}
	err = durable.Write(path, func(file io.Writer) error {
		f := bufio.NewWriterSize(file, 1<<20)
		f.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))) // Flush reports what fails here
		f.Write(text)
		for i, s := range specs {
			if err := writeValues(f, values[i], as); err != nil {
				return fmt.Errorf("tensor %s: %w", s.Name, err)
			}
		}
		return f.Flush()
	})
	if err != nil {
		return fmt.Errorf("qwen: writing %s: %w", path, err)
	}
	return nil
}

// maxHeader is the largest header that the format's own reader accepts.
const maxHeader = 100_000_000

// widths are the sizes in bytes of the format's dtypes.
var widths = map[string]uint64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8, "C64": 8,
}

// safetensorsFile is an open file whose table of contents was read and checked.
type safetensorsFile struct {
	*os.File
	header map[string]tensorHeader
	start  int64 // where the values begin
}

// openSafetensors opens a file and checks that its tensors fill it: one after the other,
// each as long as its shape says, none twice, and nothing between or behind them.
func openSafetensors(path string) (*safetensorsFile, error) {
	f, err := strict.Open(path)
	if err != nil {
		return nil, fmt.Errorf("qwen: %w", err)
	}
	s := &safetensorsFile{File: f}
	if err := s.readHeader(); err != nil {
		f.Close()
		return nil, fmt.Errorf("qwen: %s: %w", path, err)
	}
	return s, nil
}

// ReadSafetensors reads the named tensors of a file, in the order of specs, converting
// bf16 and f16 to f32; the file may hold others. A missing tensor, another shape, another
// dtype and a file that is not whole are errors that name the file.
func ReadSafetensors(path string, specs []TensorSpec) ([]*tensors.Tensor, error) {
	f, err := openSafetensors(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make([]*tensors.Tensor, len(specs))
	for i, s := range specs {
		if out[i], err = f.read(s); err != nil {
			return nil, fmt.Errorf("qwen: %s: %w", path, err)
		}
	}
	return out, nil
}

// readHeader reads the table of contents.
func (f *safetensorsFile) readHeader() error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var size [8]byte
	if _, err := io.ReadFull(f, size[:]); err != nil {
		return fmt.Errorf("not a safetensors file: %d bytes", info.Size())
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > maxHeader || int64(n) > info.Size()-8 {
		return fmt.Errorf("not a whole safetensors file: its header says %d bytes, the file has %d", n, info.Size())
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(f, text); err != nil {
		return err
	}
	if n == 0 || text[0] != '{' {
		return errors.New("not a safetensors file: its header does not begin with {")
	}
	f.start = 8 + int64(n)
	if f.header, err = parseHeader(text); err != nil {
		return fmt.Errorf("the header: %w", err)
	}
	return fills(f.header, uint64(info.Size()-f.start))
}

// parseHeader reads the entries of a header; a shape and a range that do not fit are errors.
func parseHeader(text []byte) (map[string]tensorHeader, error) {
	if err := strict.Check(text); err != nil {
		return nil, err
	}
	raw, err := strict.Object(text)
	if err != nil {
		return nil, err
	}
	header := make(map[string]tensorHeader, len(raw))
	for name, entry := range raw {
		if name == "__metadata__" {
			var notes map[string]string
			if err := json.Unmarshal(entry, &notes); err != nil {
				return nil, fmt.Errorf("__metadata__: expected texts by name: %w", strict.Plain(err))
			}
			continue
		}
		h, err := parseEntry(entry)
		if err != nil {
			return nil, fmt.Errorf("tensor %.100s: %w", name, err)
		}
		header[name] = h
	}
	return header, nil
}

func parseEntry(entry []byte) (tensorHeader, error) {
	var h tensorHeader
	var shape, offsets []uint64
	if err := strict.Fields(entry, map[string]any{"dtype": &h.Dtype, "shape": &shape, "data_offsets": &offsets}); err != nil {
		return h, err
	}
	if len(offsets) != 2 || offsets[0] > offsets[1] {
		return h, fmt.Errorf("data_offsets are %.100s: expected the first byte and the one behind the last", fmt.Sprint(offsets))
	}
	if shape == nil {
		return h, errors.New("there is no shape")
	}
	size, known := widths[h.Dtype]
	if !known {
		return h, fmt.Errorf("the dtype %.40q is not known", h.Dtype)
	}
	for _, d := range shape {
		over, product := bits.Mul64(size, d)
		if over != 0 || d > math.MaxInt32 {
			return h, fmt.Errorf("the shape %.100s is too large", fmt.Sprint(shape))
		}
		size = product
		h.Shape = append(h.Shape, int(d))
	}
	h.Offsets = [2]uint64{offsets[0], offsets[1]}
	if h.Offsets[1]-h.Offsets[0] != size {
		return h, fmt.Errorf("data_offsets give %d bytes: %s of shape %.100s takes %d", h.Offsets[1]-h.Offsets[0], h.Dtype, fmt.Sprint(shape), size)
	}
	return h, nil
}

// fills says whether the tensors take the bytes of a file, each once.
func fills(header map[string]tensorHeader, size uint64) error {
	names := slices.SortedFunc(maps.Keys(header), func(a, b string) int {
		x, y := header[a].Offsets, header[b].Offsets
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]), strings.Compare(a, b))
	})
	at, before := uint64(0), "the header"
	for _, name := range names {
		h := header[name]
		switch {
		case h.Offsets[1] > size:
			return fmt.Errorf("truncated: tensor %.100s ends at byte %d of the values, the file has %d", name, h.Offsets[1], size)
		case h.Offsets[0] < at:
			return fmt.Errorf("tensors %.100s and %.100s overlap: both hold byte %d of the values", before, name, h.Offsets[0])
		case h.Offsets[0] > at:
			return fmt.Errorf("%d bytes between %.100s and tensor %.100s belong to no tensor", h.Offsets[0]-at, before, name)
		}
		at, before = h.Offsets[1], name
	}
	if at != size {
		return fmt.Errorf("the last %d bytes belong to no tensor", size-at)
	}
	return nil
}

// read reads a tensor.
func (f *safetensorsFile) read(s TensorSpec) (*tensors.Tensor, error) {
	h, ok := f.header[s.Name]
	if !ok {
		return nil, fmt.Errorf("there is no tensor %s", s.Name)
	}
	if h.Dtype != "F32" && h.Dtype != "BF16" && h.Dtype != "F16" {
		return nil, fmt.Errorf("tensor %s has dtype %s: expected F32, BF16 or F16", s.Name, h.Dtype)
	}
	if !slices.Equal(h.Shape, s.Shape) {
		return nil, fmt.Errorf("tensor %s has shape %.100s: expected %v", s.Name, fmt.Sprint(h.Shape), s.Shape)
	}
	raw := make([]byte, h.Offsets[1]-h.Offsets[0])
	if _, err := f.ReadAt(raw, f.start+int64(h.Offsets[0])); err != nil {
		return nil, fmt.Errorf("tensor %s: %w", s.Name, err)
	}
	flat := make([]float32, s.Size())
	for i := range flat {
		switch h.Dtype {
		case "F32":
			flat[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case "BF16":
			flat[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		case "F16":
			flat[i] = float16.Frombits(binary.LittleEndian.Uint16(raw[2*i:])).Float32()
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, s.Shape...), nil
}
