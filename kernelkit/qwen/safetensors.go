package qwen

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/durable"
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
	header, offset := map[string]any{"__metadata__": map[string]string{"format": "pt"}}, uint64(0)
	for _, s := range specs {
		end := offset + 4*uint64(s.Size())
		header[s.Name] = tensorHeader{"F32", s.Shape, [2]uint64{offset, end}}
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
		for i := range specs {
			if err := writeFloats(f, values[i]); err != nil {
				return err
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

// ReadSafetensors reads the named tensors of a file, in the order of specs, converting
// bf16 and f16 to f32. A missing tensor, another shape, another dtype and a truncated file
// are errors that name the file.
func ReadSafetensors(path string, specs []TensorSpec) ([]*tensors.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("qwen: %w", err)
	}
	defer f.Close()
	header, start, err := readHeader(f)
	if err != nil {
		return nil, fmt.Errorf("qwen: %s: %w", path, err)
	}
	out := make([]*tensors.Tensor, len(specs))
	for i, s := range specs {
		h, ok := header[s.Name]
		if !ok {
			return nil, fmt.Errorf("qwen: %s has no tensor %s", path, s.Name)
		}
		if out[i], err = readTensor(f, start, h, s); err != nil {
			return nil, fmt.Errorf("qwen: %s: tensor %s: %w", path, s.Name, err)
		}
	}
	return out, nil
}

// readHeader returns the table of contents and where the values start.
func readHeader(f *os.File) (map[string]tensorHeader, int64, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	var size [8]byte
	if _, err := io.ReadFull(f, size[:]); err != nil {
		return nil, 0, fmt.Errorf("not a safetensors file: %d bytes", info.Size())
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > maxHeader || int64(n) > info.Size()-8 {
		return nil, 0, fmt.Errorf("not a whole safetensors file: its header says %d bytes, the file has %d", n, info.Size())
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(f, text); err != nil {
		return nil, 0, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, 0, fmt.Errorf("the header is no JSON: %w", err)
	}
	delete(raw, "__metadata__")
	header, values := map[string]tensorHeader{}, info.Size()-8-int64(n)
	for name, r := range raw {
		var h tensorHeader
		if err := json.Unmarshal(r, &h); err != nil {
			return nil, 0, fmt.Errorf("the header's entry %s: %w", name, err)
		}
		if h.Offsets[0] > h.Offsets[1] || h.Offsets[1] > uint64(values) {
			return nil, 0, fmt.Errorf("truncated: tensor %s ends at byte %d of the values, the file has %d", name, h.Offsets[1], values)
		}
		header[name] = h
	}
	return header, 8 + int64(n), nil
}

func readTensor(f *os.File, start int64, h tensorHeader, s TensorSpec) (*tensors.Tensor, error) {
	width := map[string]int{"F32": 4, "BF16": 2, "F16": 2}[h.Dtype]
	switch {
	case width == 0:
		return nil, fmt.Errorf("dtype %s: expected F32, BF16 or F16", h.Dtype)
	case !slices.Equal(h.Shape, s.Shape):
		return nil, fmt.Errorf("shape %v: expected %v", h.Shape, s.Shape)
	case h.Offsets[1]-h.Offsets[0] != uint64(width)*uint64(s.Size()):
		return nil, fmt.Errorf("%d bytes: expected %d values of %s", h.Offsets[1]-h.Offsets[0], s.Size(), h.Dtype)
	}
	raw := make([]byte, h.Offsets[1]-h.Offsets[0])
	if _, err := f.ReadAt(raw, start+int64(h.Offsets[0])); err != nil {
		return nil, err
	}
	flat := make([]float32, s.Size())
	for i := range flat {
		switch h.Dtype {
		case "F32":
			flat[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case "BF16":
			flat[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		case "F16":
			flat[i] = halfToFloat(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, s.Shape...), nil
}

// halfToFloat widens an IEEE 754 half.
func halfToFloat(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, int(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero and subnormal: fraction·2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*(1.0/(1<<24))))
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | uint32(exponent-15+127)<<23 | fraction<<13)
}
