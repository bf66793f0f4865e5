//go:build cgo

package engine

/*
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "programs_linux.h"
*/
import "C"

import (
	"sync"
	"unsafe"
)

// keeping holds the plugin whose programs are kept: the first that was opened.
var keeping struct {
	sync.Mutex
	plugin string
}

// keepPrograms has a loaded plugin look for a program among the kept ones before it compiles
// it, and keep it afterwards. Where it cannot (a plugin of another version, a second plugin in
// one process), the plugin compiles as it would, and ok is false.
func keepPrograms(plugin string) (ok bool) {
	keeping.Lock()
	defer keeping.Unlock()
	path := C.CString(plugin)
	defer C.free(unsafe.Pointer(path))
	if C.keep_programs(path) != C.KEPT {
		return false
	}
	keeping.plugin = plugin
	return true
}

//export interplayRead
func interplayRead(code *C.char, codeSize C.size_t, options *C.char, optionsSize C.size_t, key, program **C.char, size *C.size_t) {
	keeping.Lock()
	plugin := keeping.plugin
	keeping.Unlock()
	name, err := programKey(plugin, bytesAt(code, codeSize), bytesAt(options, optionsSize))
	if err != nil {
		return
	}
	*key = C.CString(name)
	if p, ok := findProgram(name); ok {
		*program, *size = (*C.char)(C.CBytes(p)), C.size_t(len(p))
	}
}

//export interplayWrite
func interplayWrite(key, program *C.char, size C.size_t) {
	name := C.GoString(key)
	if program != nil {
		writeProgram(name, bytesAt(program, size))
	}
	compiling.done(name)
}

// bytesAt is C's memory as bytes, which end with the call that gave it.
func bytesAt(p *C.char, size C.size_t) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(p)), size) }
