//go:build cuda

package cublaslt

// #include <stdlib.h>
// #include "lt.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"unsafe"
)

// Env names the variable that overrides the path of the library.
const Env = "AEGPU_LIBCUBLASLT"

// ErrUnsupported is wrapped by the error of a product or epilogue that the
// library has no algorithm for on this device.
var ErrUnsupported = errors.New("not supported by cuBLASLt")

// Paths are the names that are tried, in order.
func Paths() []string {
	if path := os.Getenv(Env); path != "" {
		return []string{path}
	}
	return []string{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"}
}

var load = sync.OnceValue(func() error { return open(Paths()) })

// open binds the first of paths that is there.
func open(paths []string) error {
	var why []string
	for _, path := range paths {
		cpath := C.CString(path)
		msg := C.lt_load(cpath)
		C.free(unsafe.Pointer(cpath))
		if msg == nil {
			return nil
		}
		why = append(why, C.GoString(msg))
	}
	return fmt.Errorf("no cuBLASLt: %s", strings.Join(why, "; "))
}

// Status is what a call of cuBLAS answered.
type Status int

var statusNames = map[Status]string{
	1: "not initialised", 3: "allocation failed", 7: "invalid value", 8: "architecture mismatch", 11: "mapping error",
	13: "execution failed", 14: "internal error", 15: "not supported", 16: "licence error",
}

func (s Status) Error() string { return fmt.Sprintf("cuBLAS status %d (%s)", int(s), statusNames[s]) }

// Is makes status 15 an ErrUnsupported.
func (s Status) Is(target error) bool { return target == ErrUnsupported && s == 15 }

func result(status C.int) error {
	if status == 0 {
		return nil
	}
	return Status(status)
}

// Handle is the library in use by one context.
type Handle struct{ h unsafe.Pointer }

// Open loads the library, once, and makes a handle in the current context.
func Open() (Handle, error) {
	var h Handle
	if err := load(); err != nil {
		return h, err
	}
	return h, result(C.lt_create(&h.h))
}

// Close gives the handle back.
func (h Handle) Close() error { return result(C.lt_destroy(h.h)) }

// Version is the library's version, as 10000*major + 100*minor + patch or so.
func (h Handle) Version() int { return int(C.lt_version()) }
