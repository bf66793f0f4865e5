package qwen

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/x448/float16"
)

// Dtype is the type of the values in a file of weights, by the name that PyTorch gives it.
// In memory weights are always f32.
type Dtype string

// The types that Export writes.
const (
	Float32  Dtype = "float32"
	Float16  Dtype = "float16"  // half the size; 11 significant bits, up to 65504
	BFloat16 Dtype = "bfloat16" // half the size; 8 significant bits, the range of float32
)

// Dtypes lists the types that Export writes.
var Dtypes = []Dtype{Float32, Float16, BFloat16}

// ParseDtype returns the type of a name.
func ParseDtype(name string) (Dtype, error) {
	var names []string
	for _, d := range Dtypes {
		if name == string(d) {
			return d, nil
		}
		names = append(names, string(d))
	}
	return "", fmt.Errorf("dtype %.40q: expected %s", name, strings.Join(names, ", "))
}

// safetensors is the type's name in a file of safetensors.
func (d Dtype) safetensors() string {
	return map[Dtype]string{Float32: "F32", Float16: "F16", BFloat16: "BF16"}[d]
}

// append appends a value, little-endian and rounded to the nearest of the type.
func (d Dtype) append(to []byte, v float32) []byte {
	switch d {
	case Float16:
		return binary.LittleEndian.AppendUint16(to, float16.Fromfloat32(v).Bits())
	case BFloat16:
		return binary.LittleEndian.AppendUint16(to, uint16(bfloat16.FromFloat32(v)))
	}
	return binary.LittleEndian.AppendUint32(to, math.Float32bits(v))
}

// writeValues writes the values of an f32 tensor as those of a type. One that does not fit
// is an error: written as infinity it would be a file that nothing loads.
func writeValues(to io.Writer, t *tensors.Tensor, as Dtype) (err error) {
	tensors.MustConstFlatData(t, func(flat []float32) {
		buffer := make([]byte, 0, 1<<16)
		for len(flat) > 0 && err == nil {
			n := min(len(flat), 1<<14)
			buffer = buffer[:0]
			for _, v := range flat[:n] {
				if as == Float16 && math.Abs(float64(v)) >= 65520 && !math.IsInf(float64(v), 0) {
					err = fmt.Errorf("the value %g does not fit into float16, which ends at 65504: write float32 or bfloat16", v)
					return
				}
				buffer = as.append(buffer, v)
			}
			_, err = to.Write(buffer)
			flat = flat[n:]
		}
	})
	return err
}
