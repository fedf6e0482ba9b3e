//go:build mpi

package dist

/*
#include <stdlib.h>
#include "mpi_worker.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

const builtWithMPI = true

// World is a job's MPI: an [Engine], and sums of float32 that go on beside what the ranks compute.
//
// Sums are the same bits on all ranks, and from run to run with the same MPI, the same ranks and the same places of
// them. Another number of ranks or another library adds in another order.
//
// What is summed belongs to MPI until Wait has returned nil. Where it returned an error MPI may still write to it: its
// memory is kept, and the process is to end. All calls are from one goroutine at a time, in the same order on all ranks.
type World struct {
	group *Group
	pins  []pin // of what was begun since the last Wait, and of steps before
	begun int
	quit  chan struct{}
	once  sync.Once
	err   error
}

// pin keeps memory in its place. A step begins the sums of the step before, so the pins stay.
type pin struct {
	at  unsafe.Pointer
	pin *runtime.Pinner
}

// mostAtOnce is how many numbers or bytes one call of MPI takes here, whose counts are of 31 bits.
const mostAtOnce = 1 << 30

// world is the process's: MPI starts once in its life.
var (
	worldLock sync.Mutex
	world     *World
)

// MPI starts MPI where Join has not, and returns it. It fails where the ranks were not started such that MPI finds
// them all: by mpirun, or srun --mpi. The group's Close ends it.
func MPI(g *Group) (*World, error) {
	if g == nil {
		return nil, errors.New("one rank has nobody to sum with by MPI")
	}
	worldLock.Lock()
	defer worldLock.Unlock()
	switch {
	case world != nil && world.group == g:
		return world, g.Err()
	case world != nil:
		return nil, errors.New("this process has used MPI in another job: it can do so once")
	case !g.job.MPI && g.job.Launcher != "Slurm":
		return nil, fmt.Errorf("%s started the ranks, and MPI does not know them: start them by mpirun", g.job.Launcher)
	}
	w := &World{group: g, quit: make(chan struct{})}
	go func() { // a dead rank is no reason for MPI to stop waiting
		select {
		case <-g.failed:
			w.fail(g.Err())
		case <-w.quit:
		}
	}()
	var rank, size C.int
	if C.aegpu_mpi_start(C.double(g.opts.Join.Seconds()), &rank, &size) != 0 {
		close(w.quit)
		return nil, g.orFailed(lastError())
	}
	world, g.mpi = w, w
	if int(rank) != g.job.Rank || int(size) != g.job.Size {
		return nil, fmt.Errorf("MPI says rank %d of %d, %s rank %d of %d: start the ranks by the mpirun of the MPI that this aegpu was built for, or srun --mpi=pmix",
			rank, size, g.job.Launcher, g.job.Rank, g.job.Size)
	}
	return w, nil
}

func lastError() error { return errors.New(C.GoString(C.aegpu_mpi_error())) }

// fail ends all waiting.
func (w *World) fail(why error) {
	text := C.CString(why.Error())
	defer C.free(unsafe.Pointer(text))
	C.aegpu_mpi_fail(text)
}

// Begin starts to sum v over the ranks, in place, beside what follows. Sums are begun in the same order on all ranks.
func (w *World) Begin(v []float32) {
	for len(v) > 0 {
		n := min(len(v), mostAtOnce)
		w.begin(C.AEGPU_SUM32, unsafe.Pointer(&v[0]), n, 0)
		v = v[n:]
	}
}

func (w *World) begin(kind C.int, at unsafe.Pointer, n, root int) {
	if w.begun == len(w.pins) {
		w.pins = append(w.pins, pin{pin: new(runtime.Pinner)})
	}
	p := &w.pins[w.begun]
	w.begun++
	if p.at != at {
		p.pin.Unpin()
		p.pin.Pin(at)
		p.at = at
	}
	C.aegpu_mpi_begin(kind, at, C.int(n), C.int(root))
}

// Wait waits for all sums that were begun.
func (w *World) Wait() error {
	if C.aegpu_mpi_wait() != 0 {
		return w.group.orFailed(lastError())
	}
	w.begun = 0
	return nil
}

// AllReduce sums v over the ranks, in place.
func (w *World) AllReduce(v []float64) error {
	for len(v) > 0 {
		n := min(len(v), mostAtOnce)
		w.begin(C.AEGPU_SUM64, unsafe.Pointer(&v[0]), n, 0)
		v = v[n:]
	}
	return w.Wait()
}

// Broadcast overwrites v with root's.
func (w *World) Broadcast(v []byte, root int) error {
	for len(v) > 0 {
		n := min(len(v), mostAtOnce)
		w.begin(C.AEGPU_BROADCAST, unsafe.Pointer(&v[0]), n, root)
		v = v[n:]
	}
	return w.Wait()
}

// Close ends MPI together with all ranks. Of a job that failed it does not: MPI would wait for those that are gone.
func (w *World) Close() error {
	w.once.Do(func() {
		defer close(w.quit)
		if w.group.Err() != nil {
			return
		}
		const patience = 30 * time.Second
		if C.aegpu_mpi_end(C.double(patience.Seconds())) != 0 {
			w.err = lastError()
			return
		}
		for _, p := range w.pins {
			p.pin.Unpin()
		}
		w.pins = nil
	})
	return w.err
}
