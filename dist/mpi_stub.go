//go:build !mpi

package dist

import (
	"context"
	"errors"
)

const builtWithMPI = false

var errNotBuilt = errors.New("this aegpu was built without MPI: build it with `eval \"$(scripts/mpi-env.sh)\" && go build -tags mpi ./cmd/aegpu` (a C compiler and Open MPI or MPICH)")

// World is a job's MPI: an [Engine], and sums of float32 that go on beside what the ranks compute.
type World struct{}

// MPI fails: the program was built without the tag mpi.
func MPI(*Group) (*World, error) { return nil, errNotBuilt }

// AllReduce fails: the program was built without the tag mpi.
func (w *World) AllReduce([]float64) error { return errNotBuilt }

// Broadcast fails: the program was built without the tag mpi.
func (w *World) Broadcast([]byte, int) error { return errNotBuilt }

// Begin does nothing: the program was built without the tag mpi.
func (w *World) Begin([]float32) {}

// Wait fails: the program was built without the tag mpi.
func (w *World) Wait() error { return errNotBuilt }

// Close does nothing: the program was built without the tag mpi.
func (w *World) Close() error { return nil }

func (g *Group) meetByMPI(context.Context) (func(context.Context) error, error) {
	return nil, errors.New("where rank 0 is was not said: set MASTER_ADDR")
}
