//go:build cuda

package nccl

// #include <stdlib.h>
// #include "nccl.h"
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/library"
)

// Env names the variable with the path of the library.
const Env = "AEGPU_LIBNCCL"

// oldest is the version from which on operations that are captured in a graph go with others on one communicator: 2.14.
const oldest = 21400

// lib is the library of this process.
var lib = library.Library{Name: "NCCL", Flag: "--nccl", Env: Env, Files: []string{"libnccl.so.2"},
	Hint: ": `pip install nvidia-nccl-cu12` has one, so has the distribution's libnccl2, and one rank needs none"}

// load chooses the library of the process, as [library.Library.Load] says.
func load(set string) error {
	_, err := lib.Load(set, func(path string) (string, error) {
		if err := bind(path); err != nil {
			return "", err
		}
		var v C.int
		if err := result(C.nccl_version(&v), nil); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		if v < oldest {
			return "", fmt.Errorf("%s: it is version %s, and 2.14 or newer is needed", path, version(int(v)))
		}
		return C.GoString(C.nccl_path()), nil
	})
	return err
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
	if why := C.nccl_load(cpath); why != nil {
		return errors.New(C.GoString(why))
	}
	return nil
}

// Path is where the library is that is loaded, "" where none is.
func Path() string { return lib.Path() }

// Version is that of the library that is loaded, as 2.18.3.
func Version() string {
	var v C.int
	if Path() == "" || C.nccl_version(&v) != 0 {
		return ""
	}
	return version(int(v))
}

func version(v int) string {
	if v < 10000 { // up to 2.8
		return fmt.Sprintf("%d.%d.%d", v/1000, v/100%10, v%100)
	}
	return fmt.Sprintf("%d.%d.%d", v/10000, v/100%100, v%100)
}

// Error is what a call of NCCL answered.
type Error struct {
	Code int
	Last string // what the library says of it, where it does
}

// Error is the code with its meaning.
func (e *Error) Error() string {
	text := fmt.Sprintf("NCCL: %s (%d)", C.GoString(C.nccl_text(C.int(e.Code))), e.Code)
	if e.Last != "" {
		text += ": " + e.Last
	}
	return text
}

// inProgress is no error: the call is not done yet.
const inProgress = 7

func result(code C.int, comm unsafe.Pointer) error {
	if code == 0 || code == inProgress {
		return nil
	}
	last, _, _ := strings.Cut(strings.TrimSpace(C.GoString(C.nccl_last(comm))), "\n")
	return &Error{int(code), last}
}

// NewID is what ranks know each other by, made by one of them for all. The library is chosen as by [Join].
func NewID(set string) ([]byte, error) {
	if err := load(set); err != nil {
		return nil, err
	}
	id := make([]byte, C.NCCL_ID)
	if err := result(C.nccl_new_id((*C.char)(unsafe.Pointer(&id[0]))), nil); err != nil {
		return nil, err
	}
	return id, nil
}

// Comm is a communicator: the ranks of a job, each with the GPU of the context in which it joined.
type Comm struct{ c unsafe.Pointer }

// Type is what is added up.
type Type int

// The types.
const (
	Float32 Type = C.NCCL_FLOAT32
	Float64 Type = C.NCCL_FLOAT64
)

// Join waits for all of so many ranks. The first call chooses the library, for the process: the one at set, or that [Env]
// names where set is "", or one that is found.
func Join(set string, id []byte, rank, size int) (*Comm, error) {
	if len(id) != C.NCCL_ID {
		return nil, fmt.Errorf("an identity of %d bytes is none of NCCL's, which have %d", len(id), C.NCCL_ID)
	}
	if err := load(set); err != nil {
		return nil, err
	}
	c := &Comm{}
	if err := result(C.nccl_join(&c.c, C.int(size), (*C.char)(unsafe.Pointer(&id[0])), C.int(rank)), nil); err != nil {
		return nil, fmt.Errorf("joining as rank %d of %d: %w", rank, size, err)
	}
	return c, nil
}

// AllReduce enqueues the sum over the ranks of n elements, in place.
func (c *Comm) AllReduce(at uintptr, n int, t Type, stream uintptr) error {
	return result(C.nccl_all_reduce(c.c, C.uintptr_t(at), C.size_t(n), C.int(t), C.uintptr_t(stream)), c.c)
}

// Broadcast enqueues a copy of root's n bytes to the others.
func (c *Comm) Broadcast(at uintptr, n, root int, stream uintptr) error {
	return result(C.nccl_broadcast(c.c, C.uintptr_t(at), C.size_t(n), C.int(root), C.uintptr_t(stream)), c.c)
}

// AsyncError is what went wrong while operations ran. Any thread may ask.
func (c *Comm) AsyncError() error {
	var code C.int
	if err := result(C.nccl_async_error(c.c, &code), c.c); err != nil {
		return err
	}
	return result(code, c.c)
}

// Abort ends what runs and gives the communicator back. Any thread may; it returns once the graphs are given back in which
// operations of the communicator were captured.
func (c *Comm) Abort() error { return result(C.nccl_abort(c.c), nil) }

// Destroy gives the communicator back, when its operations are done, and the graphs that they were captured in are given
// back.
func (c *Comm) Destroy() error { return result(C.nccl_destroy(c.c), nil) }
