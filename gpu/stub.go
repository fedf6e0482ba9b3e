//go:build !cuda

package gpu

import (
	"errors"

	"github.com/aegpu/aegpu/backend"
)

var errNotBuilt = errors.New("this aegpu was built without CUDA: build it with scripts/cuda-build.sh (`go build -tags cuda`, a C compiler and cuda.h)")

// Open fails: the program was built without the tag cuda.
func Open(int) (backend.Device, error) { return nil, errNotBuilt }

// OpenWith fails: the program was built without the tag cuda.
func OpenWith(int, Options) (backend.Device, error) { return nil, errNotBuilt }

// Probe fails: the program was built without the tag cuda.
func Probe(int, Options) (backend.Info, error) { return backend.Info{}, errNotBuilt }

// NewRanksID fails: the program was built without the tag cuda.
func NewRanksID(string) ([]byte, error) { return nil, errNotBuilt }

// NCCL is "": the program was built without the tag cuda.
func NCCL() string { return "" }

// CuBLASLt is "": the program was built without the tag cuda.
func CuBLASLt() string { return "" }

// List fails: the program was built without the tag cuda.
func List() ([]backend.Info, error) { return nil, errNotBuilt }

// Multiprocessors fails: the program was built without the tag cuda.
func Multiprocessors(int) (int, error) { return 0, errNotBuilt }
