// Package dist makes the processes of a job know each other: which rank of how many each is ([Find]), connections
// that tell when one died or hangs ([Join]), sums over all of them by MPI ([MPI]), and ranks of one machine that a
// process starts itself ([Launch]).
//
//	job, err := dist.Find(os.Getenv)           // of torchrun, Open MPI, MPICH, Slurm or Launch
//	g, err := dist.Join(ctx, job, dist.Options{}) // nil where there is one rank
//	defer g.Close()
//	all, err := g.Exchange([]byte("what this rank says"))
//
// The control connections are a star around rank 0, over TCP and not encrypted: for a few kilobytes between
// machines that trust each other.
//
// # MPI
//
// A program is built for the MPI whose compiler is on the PATH, or that MPICC names, with a C compiler:
//
//	eval "$(scripts/mpi-env.sh)"
//	go build -tags mpi ./cmd/aegpu
//
// It takes what is in MPI 3.0 and runs with the library that it was built for, Open MPI or MPICH. pkg-config knows the
// two under different names, and cgo cannot choose, so the flags come by the environment.
package dist

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Group is the ranks of a job as one of them sees them. A nil *Group is a job of one rank: its methods do nothing.
//
// Exchange, Barrier, AllReduce, Broadcast and Close are collectives: all ranks call them in the same order, each from
// one goroutine at a time. They return Err as soon as the job has failed.
type Group struct {
	job  Job
	opts Options

	turn   sync.Mutex // a collective has it
	engine Engine
	mpi    *World // where it was started

	mu     sync.Mutex
	links  []*link // rank 0: by rank, nil for itself and those that did not come; others: one, to rank 0
	err    error
	over   bool // nothing is a failure any more
	failed chan struct{}

	quit    chan struct{}
	work    sync.WaitGroup
	closing sync.Once
	closed  error
	mute    atomic.Bool // tests: no heartbeats
}

// Engine sums and spreads what is larger than messages. Calls are collectives; sums are the same bits on all ranks.
type Engine interface {
	// AllReduce sums v over the ranks, in place.
	AllReduce(v []float64) error
	// Broadcast overwrites v with root's, which has the same length.
	Broadcast(v []byte, root int) error
	Close() error
}

// Options are how long things may take; 0 is the default.
type Options struct {
	Join    time.Duration // until all ranks are there: 60 s, of one machine 25 s
	Silence time.Duration // from a rank before it counts as hanging: 10 s, of ten heartbeats

	patience time.Duration // of either side of a handshake: 10 s
}

func newGroup(job Job, o Options) *Group {
	if o.Join <= 0 {
		o.Join = 60 * time.Second
		if job.LocalSize == job.Size { // they are started together
			o.Join = 25 * time.Second
		}
	}
	if o.Silence <= 0 {
		o.Silence = 10 * time.Second
	}
	if o.patience <= 0 {
		o.patience = 10 * time.Second
	}
	return &Group{job: job, opts: o, failed: make(chan struct{}), quit: make(chan struct{})}
}

// Rank is which rank this process is, from 0.
func (g *Group) Rank() int {
	if g == nil {
		return 0
	}
	return g.job.Rank
}

// Size is the number of ranks.
func (g *Group) Size() int {
	if g == nil {
		return 1
	}
	return g.job.Size
}

// Local is the rank among those of this machine, from 0.
func (g *Group) Local() int {
	if g == nil {
		return 0
	}
	return g.job.Local
}

// LocalSize is the number of ranks on this machine.
func (g *Group) LocalSize() int {
	if g == nil {
		return 1
	}
	return g.job.LocalSize
}

// Exchange gives every rank's bytes to every rank, by rank. They travel over the control connections, 64 MiB of all
// ranks together at the most.
func (g *Group) Exchange(v []byte) ([][]byte, error) {
	if g == nil {
		return [][]byte{append([]byte{}, v...)}, nil
	}
	return g.gather(opExchange, v)
}

// Barrier returns when all ranks have called it.
func (g *Group) Barrier() error {
	if g == nil {
		return nil
	}
	_, err := g.gather(opBarrier, nil)
	return err
}

// AllReduce sums v over the ranks, in place, the same bits on each. Without an engine (see Use) the vectors travel
// over the control connections, and are added in the order of the ranks.
func (g *Group) AllReduce(v []float64) error {
	switch {
	case g == nil:
		return nil
	case g.engine != nil:
		return g.orFailed(g.engine.AllReduce(v))
	}
	return star{g}.AllReduce(v)
}

// Broadcast gives root's bytes to all; the others' v is of the same length and is overwritten.
func (g *Group) Broadcast(v []byte, root int) error {
	switch {
	case root < 0 || root >= g.Size():
		return fmt.Errorf("broadcast from rank %d: expected a rank below %d", root, g.Size())
	case g == nil:
		return nil
	case g.engine != nil:
		return g.orFailed(g.engine.Broadcast(v, root))
	}
	return star{g}.Broadcast(v, root)
}

// orFailed is why the job failed where it did: what an engine says of a rank that is gone is only what came of it.
func (g *Group) orFailed(err error) error {
	if err == nil {
		return nil
	}
	if failed := g.Err(); failed != nil {
		return failed
	}
	return err
}

// Use has AllReduce and Broadcast go through an engine (MPI, or a GPU's NCCL); nil is the control connections. It stays the
// caller's to close.
func (g *Group) Use(e Engine) {
	if g != nil {
		g.engine = e
	}
}

// Failed is closed when the job cannot go on; Err then says which rank and why, in one line.
func (g *Group) Failed() <-chan struct{} {
	if g == nil {
		return nil
	}
	return g.failed
}

// Done is closed when the group is.
func (g *Group) Done() <-chan struct{} {
	if g == nil {
		return nil
	}
	return g.quit
}

// Err is why the job cannot go on, nil while it can.
func (g *Group) Err() error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// Abort ends the job: the other ranks' Failed closes with the reason. Close is still to be called.
func (g *Group) Abort(reason error) {
	if g == nil {
		return
	}
	g.fail(nil, fmt.Sprintf("%s: %v", nameOf(g.job.Rank, self()), reason))
}

// fail notes why the job cannot go on, tells it to the ranks that are connected but for the one it came from, and
// then closes Failed: who sees it may end the process at once. The first reason counts.
func (g *Group) fail(from *link, reason string) {
	g.mu.Lock()
	if g.err != nil || g.over {
		g.mu.Unlock()
		return
	}
	g.err = errors.New(oneLine(reason, maxReason))
	links := append([]*link{}, g.links...)
	g.mu.Unlock()
	var told sync.WaitGroup
	for _, l := range links {
		if l != nil && l != from {
			told.Go(func() { l.tell(g.err.Error()) })
		}
	}
	told.Wait()
	close(g.failed)
}

// Close is the last collective: it waits for all to be done, and ends MPI where it was started. Of a job that
// failed it returns Err, at once.
func (g *Group) Close() error {
	if g == nil {
		return nil
	}
	g.closing.Do(func() {
		g.closed = g.end()
		g.hangUp()
	})
	return g.closed
}

// end ends MPI first: who is lost meanwhile is missed.
func (g *Group) end() error {
	if g.mpi != nil {
		if err := g.Barrier(); err != nil {
			return errors.Join(err, g.mpi.Close())
		}
		if err := g.mpi.Close(); err != nil {
			return g.orFailed(err)
		}
	}
	_, err := g.gather(opClose, nil)
	return err
}

// hangUp ends the connections, such that what was sent arrives: an end that closes with something unread would
// have the system throw it away. Ranks wait for the other end, for two seconds at the most: an mpirun kills those that are left as
// soon as one has ended, and they may have something to say first.
func (g *Group) hangUp() {
	g.mu.Lock()
	g.over = true
	links := append([]*link{}, g.links...)
	g.mu.Unlock()
	close(g.quit)
	for _, l := range links {
		if l != nil {
			l.finish()
		}
	}
	g.work.Wait()
	for _, l := range links {
		if l != nil {
			_ = l.conn.Close()
		}
	}
}

// oneLine is a text without line ends and other control characters, of so many bytes at the most: it may come
// from outside.
func oneLine(s string, most int) string {
	s = strings.ToValidUTF8(s[:min(len(s), most)], "?")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
