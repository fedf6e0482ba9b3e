//go:build cuda

package cublaslt

// #include <stdlib.h>
// #include "lt.h"
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/library"
)

// ErrUnsupported is wrapped by the error of a product or epilogue that the
// library has no algorithm for on this device.
var ErrUnsupported = errors.New("not supported by cuBLASLt")

// Env names the variable with the path of the library.
const Env = "AEGPU_LIBCUBLASLT"

// lib is the library of this process.
var lib = library.Library{Name: "cuBLASLt", Flag: "--cublaslt", Env: Env, Files: []string{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"}}

// Open makes a handle in the current context. The first call chooses the library,
// for the process: the one at set, or that [Env] names where set is "", or one that
// is found, opens and makes a handle for this driver and this GPU.
func Open(set string) (h Handle, err error) {
	made := false
	path, err := lib.Load(set, func(path string) (at string, err error) {
		if err = bind(path); err == nil {
			h, err = create(path)
		}
		made = err == nil
		return C.GoString(C.lt_path()), err
	})
	if err != nil || made {
		return h, err
	}
	return create(path)
}

// bind has the library at path answer from now on.
func bind(path string) error {
	if strings.Contains(path, "/") { // no name for the loader
		if err := library.Whole(path); err != nil {
			return err
		}
	}
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	if why := C.lt_load(cpath); why != nil {
		return errors.New(C.GoString(why))
	}
	return nil
}

func create(path string) (h Handle, err error) {
	if err := result(C.lt_create(&h.h)); err != nil {
		return h, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

// Path is where the library is that is loaded, "" where none is.
func Path() string { return lib.Path() }

// Status is what a call of cuBLAS answered.
type Status int

var statusNames = map[Status]string{
	1: "not initialised", 3: "allocation failed", 7: "invalid value", 8: "architecture mismatch", 11: "mapping error",
	13: "execution failed", 14: "internal error", 15: "not supported", 16: "licence error",
}

// Error is the status with its meaning.
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

// Close gives the handle back.
func (h Handle) Close() error { return result(C.lt_destroy(h.h)) }

// Version is the library's version, as 10000*major + 100*minor + patch or so.
func (h Handle) Version() int { return int(C.lt_version()) }
