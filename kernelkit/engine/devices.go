package engine

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// A program on several devices is written as for one: XLA's partitioner cuts it, and puts in
// what devices must tell each other. It is told only how inputs and results lie on them.

// Cut says how a tensor lies on several devices: whole on each, or cut along an axis into
// equal parts, in the devices' order.
type Cut int

// Whole is a tensor that each device has all of. Other cuts are the number of an axis.
const Whole Cut = -1

// CutEvenly is a cut of a shape into equal parts, along the first axis that can be: Whole
// where none can.
func CutEvenly(dims []int, parts int) Cut {
	return Cut(slices.IndexFunc(dims, func(n int) bool { return n%parts == 0 }))
}

// Shared makes a program for a number of devices: it is compiled for all of them together,
// and called by CallShared. inputs and results say how these lie; the last of each stands for
// all that follow. The program sees all tensors whole.
func Shared(b compute.Backend, devices int, inputs, results []Cut, program func([]*graph.Node) []*graph.Node) (*graph.Exec, error) {
	exec, err := graph.NewExec(b, program)
	if err != nil || devices == 1 {
		return exec, err
	}
	const axis = "devices"
	mesh, err := distributed.NewDeviceMesh([]int{devices}, []string{axis})
	if err != nil {
		return nil, err
	}
	specs := func(cuts []Cut) []*distributed.ShardingSpec {
		all := make([]*distributed.ShardingSpec, len(cuts))
		for i, cut := range cuts {
			all[i] = distributed.NewReplicatedShardingSpec(mesh)
			if cut != Whole {
				all[i].Axes = append(make([]distributed.AxisSpec, cut), distributed.AxisSpec{axis})
			}
		}
		return all
	}
	return exec.AutoSharding(mesh).WithInputShardingSpecs(specs(inputs)...).WithOutputShardingSpecs(specs(results)...), nil
}

// CallShared calls a program of Shared with the arguments of each device, of cut tensors its
// part, and returns the results of each.
func CallShared(program *graph.Exec, devices int, arguments func(device int) ([]any, error)) ([][]*tensors.Tensor, error) {
	var all []any
	for d := range devices {
		args, err := arguments(d)
		if err != nil {
			return nil, err
		}
		all = append(all, args...)
	}
	out, err := program.Call(all...)
	if err != nil {
		return nil, err
	}
	results, each := make([][]*tensors.Tensor, devices), len(out)/devices
	for d := range results {
		results[d] = out[d*each : (d+1)*each]
	}
	return results, nil
}

// Dims are the dimensions of a part of a tensor with those of the whole.
func (c Cut) Dims(whole []int, parts int) []int {
	part := slices.Clone(whole)
	if c != Whole {
		part[c] /= parts
	}
	return part
}

// block is how many numbers of a part with these dimensions lie side by side in the whole tensor too.
func (c Cut) block(part []int) (size int) {
	size = 1
	for _, n := range part[c:] {
		size *= n
	}
	return size
}

// Parts copies a tensor of f32 into its parts, one a device; of Whole each is all of it.
func (c Cut) Parts(t *tensors.Tensor, parts int) ([]*tensors.Tensor, error) {
	flat, err := tensors.CopyFlatData[float32](t)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	all, dims := make([]*tensors.Tensor, parts), c.Dims(t.Shape().Dimensions, parts)
	for i := range all {
		if c == Whole {
			all[i] = tensors.FromFlatDataAndDimensions(flat, dims...)
			continue
		}
		block := c.block(dims)
		mine := make([]float32, 0, len(flat)/parts)
		for at := i * block; at < len(flat); at += parts * block {
			mine = append(mine, flat[at:at+block]...)
		}
		all[i] = tensors.FromFlatDataAndDimensions(mine, dims...)
	}
	return all, nil
}

// Join is the inverse of Parts; of Whole it is the first part.
func (c Cut) Join(parts []*tensors.Tensor) (*tensors.Tensor, error) {
	if c == Whole {
		return parts[0], nil
	}
	flats := make([][]float32, len(parts))
	for i, p := range parts {
		flat, err := tensors.CopyFlatData[float32](p)
		if err != nil {
			return nil, fmt.Errorf("engine: %w", err)
		}
		flats[i] = flat
	}
	dims := slices.Clone(parts[0].Shape().Dimensions)
	block := c.block(dims)
	whole := make([]float32, 0, len(parts)*len(flats[0]))
	for at := 0; at < len(flats[0]); at += block {
		for _, flat := range flats {
			whole = append(whole, flat[at:at+block]...)
		}
	}
	dims[c] *= len(parts)
	return tensors.FromFlatDataAndDimensions(whole, dims...), nil
}
