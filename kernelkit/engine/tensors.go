package engine

import "github.com/gomlx/gomlx/core/tensors"

// Arguments joins lists of tensors into the arguments of an execution.
func Arguments(lists ...[]*tensors.Tensor) []any {
	var all []any
	for _, list := range lists {
		for _, t := range list {
			all = append(all, t)
		}
	}
	return all
}

// Free releases what tensors hold of the devices' memory and of the host's. They are
// invalid afterwards.
func Free(lists ...[]*tensors.Tensor) {
	for _, list := range lists {
		for _, t := range list {
			t.MustFinalizeAll()
		}
	}
}
