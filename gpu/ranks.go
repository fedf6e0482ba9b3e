//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/nccl"
	"github.com/aegpu/aegpu/gpu/plan"
)

// ranks is the device's part in a job of several: a communicator of NCCL. Nil is none, and never fails.
type ranks struct {
	rank, size int
	stage      *block // what the host adds up and sends passes through

	mu    sync.Mutex
	comm  *nccl.Comm
	why   error         // the communicator was ended before its time
	ended chan struct{} // it is given back
	quit  chan struct{} // the watch is over
	watch sync.WaitGroup
}

// ErrAborted is wrapped by the errors of a device after [Device.Abort].
var ErrAborted = errors.New("the sums over the ranks were aborted")

const (
	stageSize  = 1 << 20
	watchEvery = 100 * time.Millisecond // errors that a waiting host does not see
)

// joinRanks waits for the others. NCCL takes memory and makes connections at the first operations of a kind and a size, which
// must not be in a capture: so they are now.
func (d *Device) joinRanks() (err error) {
	o := d.options.Ranks
	if o == nil || len(o.ID) == 0 && o.Size < 2 {
		return nil
	}
	if o.Rank < 0 || o.Rank >= o.Size {
		return fmt.Errorf("rank %d of %d: expected 0 to %d", o.Rank, o.Size, o.Size-1)
	}
	r := &ranks{rank: o.Rank, size: o.Size, ended: make(chan struct{}), quit: make(chan struct{})}
	if r.stage, err = d.allocate(stageSize); err != nil {
		return err
	}
	if r.comm, err = nccl.Join(d.options.NCCL, o.ID, o.Rank, o.Size); err != nil {
		return err
	}
	d.ranks = r
	r.watch.Go(r.watching)
	if err := d.branches[plan.Reducing].open(); err != nil {
		return err
	}
	at, s := uintptr(d.workspace.at), streamOf(d.stream)
	if err := d.clear(d.workspace.at, workspaceSize); err != nil {
		return err
	}
	for _, n := range []int{1, 1 << 14, 1 << 18, 1 << 21} {
		if err := r.sum(at, n, nccl.Float32, s); err != nil {
			return err
		}
	}
	return errors.Join(r.sum(at, 1, nccl.Float64, s), r.broadcast(at, 8, 0, s))
}

// sum enqueues the sum of n elements over the ranks, in place.
func (r *ranks) sum(at uintptr, n int, t nccl.Type, stream uintptr) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why != nil {
		return r.why
	}
	return r.comm.AllReduce(at, n, t, stream)
}

// broadcast enqueues a copy of root's bytes to all.
func (r *ranks) broadcast(at uintptr, n, root int, stream uintptr) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why != nil {
		return r.why
	}
	return r.comm.Broadcast(at, n, root, stream)
}

// watching ends the communicator when something goes wrong in it, so that nothing waits for ever.
func (r *ranks) watching() {
	every := time.NewTicker(watchEvery)
	defer every.Stop()
	for {
		select {
		case <-r.quit:
			return
		case <-every.C:
			r.look()
		}
	}
}

// look notes what went wrong while operations ran.
func (r *ranks) look() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.comm != nil && r.why == nil {
		if err := r.comm.AsyncError(); err != nil {
			r.end(err)
		}
	}
}

// end aborts the communicator. NCCL returns from that when the programs are freed that have operations of it.
func (r *ranks) end(why error) {
	r.why = why
	comm := r.comm
	go func() {
		_ = comm.Abort() // why is the first error
		close(r.ended)
	}()
}

// failed is why nothing can be added up any more.
func (r *ranks) failed() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why
}

// close gives the communicator back, after the programs.
func (r *ranks) close() error {
	if r == nil {
		return nil
	}
	close(r.quit)
	r.watch.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	comm := r.comm
	r.comm = nil
	if r.why != nil {
		<-r.ended
		return nil
	}
	return comm.Destroy()
}

// Abort ends what waits for other ranks, which may be gone: a Sync under way, and all that comes after, returns an error that
// wraps [ErrAborted]. Any goroutine may call it. A device that is alone does not notice.
func (d *Device) Abort() {
	r := d.ranks
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.comm != nil && r.why == nil {
		r.end(ErrAborted)
	}
}

// AllReduce is v = the sum of v over the ranks, the same bits on all: numbers of the host, whose way is by the device. All ranks call
// it at the same place among what they enqueue.
func (d *Device) AllReduce(v []float64) error {
	if d.ranks != nil {
		d.do("AllReduce", func() error {
			for piece := range slices.Chunk(v, stageSize/8) {
				err := d.staged(asBytes(piece), func(at, s uintptr) error { return d.ranks.sum(at, len(piece), nccl.Float64, s) })
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return d.err
}

// Broadcast gives root's bytes to all ranks, whose v are of one length. See AllReduce.
func (d *Device) Broadcast(v []byte, root int) error {
	if d.ranks != nil {
		d.do("Broadcast", func() error {
			for piece := range slices.Chunk(v, stageSize) {
				err := d.staged(piece, func(at, s uintptr) error { return d.ranks.broadcast(at, len(piece), root, s) })
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return d.err
}

// staged brings v to the device and back again.
func (d *Device) staged(v []byte, do func(at, stream uintptr) error) error {
	at := d.ranks.stage.at
	if err := d.send(at, v); err != nil {
		return err
	}
	if err := do(uintptr(at), streamOf(d.stream)); err != nil {
		return err
	}
	return d.fetch(v, at)
}

// agree fails where the ranks do not add up the same in a step, of which a GPU would wait for ever.
func (d *Device) agree(step backend.List) {
	r, all := d.ranks, fnv.New32a()
	sums, elements := 0, 0
	for _, op := range step {
		if o, ok := op.(backend.AllReduce); ok {
			sums, elements = sums+1, elements+o.V.Len()
			fmt.Fprintln(all, o.V.Len())
		}
	}
	if r == nil || sums == 0 || d.err != nil {
		return
	}
	mine := []float64{float64(sums), float64(elements), float64(all.Sum32())}
	of := make([]float64, len(mine)*r.size)
	copy(of[len(mine)*r.rank:], mine)
	if d.AllReduce(of) != nil {
		return
	}
	for other := range r.size {
		if theirs := of[len(mine)*other:][:len(mine)]; !slices.Equal(theirs, mine) {
			d.fail("Compile", fmt.Errorf("the step of rank %d adds up %.0f tensors of %.0f elements over the ranks, that of rank %d adds up %d of %d: expected the same",
				other, theirs[0], theirs[1], r.rank, sums, elements))
			return
		}
	}
}
