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

// ErrUnsupported is wrapped by the error of a product or epilogue that the
// library has no algorithm for on this device.
var ErrUnsupported = errors.New("not supported by cuBLASLt")

// loaded is the library of this process, of which there is one.
var loaded struct {
	sync.Mutex
	set, path string // what was asked for, and what it came to; "" where none is loaded
}

// Open makes a handle in the current context. The first call chooses the library,
// for the process: the one at set, or that [Env] names where set is "", or one that
// is found, opens and makes a handle for this driver and this GPU.
func Open(set string) (h Handle, err error) {
	if set == "" {
		set = os.Getenv(Env)
	}
	if info, err := os.Stat(set); err == nil && info.Mode().IsRegular() && !strings.Contains(set, "/") {
		set = "./" + set // a file that is here, and no name for the loader
	}
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.path != "" {
		if set != loaded.set && set != loaded.path {
			return h, fmt.Errorf("cuBLASLt is that of %s already, and a process has one: not that of %q", loaded.path, set)
		}
		return create(loaded.path)
	}
	path, err := find(set, places, func(path string) (err error) {
		if err = bind(path); err == nil {
			h, err = create(path)
		}
		return err
	})
	if err != nil {
		return h, err
	}
	if at := C.lt_path(); at != nil && !strings.Contains(path, "/") { // the loader's name
		path = C.GoString(at)
	}
	loaded.set, loaded.path = set, path
	return h, nil
}

// bind has the library at path answer from now on.
func bind(path string) error {
	if strings.Contains(path, "/") { // no name for the loader
		if err := whole(path); err != nil {
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
func Path() string {
	loaded.Lock()
	defer loaded.Unlock()
	return loaded.path
}

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
