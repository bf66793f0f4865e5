package engine

import "fmt"

// Fields are the inputs or the results of a compiled program by name: a struct that lists its
// fields in an order of its own, which the program and its callers share. T is *graph.Node
// inside of the program, and *tensors.Tensor or any outside. A field that is a list must have
// its length before it is filled.
type Fields[T any] interface {
	Each(visit func(field *T))
}

// List is the fields in their order, as programs take and return them.
func List[T any](fields Fields[T]) (all []T) {
	fields.Each(func(f *T) { all = append(all, *f) })
	return all
}

// Fill gives the fields values in their order. It panics when there are not as many.
func Fill[T any](fields Fields[T], values []T) {
	at := 0
	fields.Each(func(f *T) {
		if at < len(values) {
			*f = values[at]
		}
		at++
	})
	if at != len(values) {
		panic(fmt.Sprintf("engine: %T has %d fields and got %d values", fields, at, len(values)))
	}
}

// EachOf visits the entries of lists, one list after the other.
func EachOf[T any](visit func(field *T), lists ...[]T) {
	for _, list := range lists {
		for i := range list {
			visit(&list[i])
		}
	}
}
