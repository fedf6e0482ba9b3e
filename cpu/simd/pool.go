package simd

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Pool runs numbered tasks on a fixed set of goroutines, the caller's among them. Running a job
// allocates nothing and starts no goroutine. Idle workers spin for a moment, since the next
// operation of a training step follows within microseconds, and then sleep.
type Pool struct {
	mu    sync.Mutex // held for the length of a job
	state atomic.Uint64
	_     [56]byte // state is polled by the idle, next is hammered by the busy: keep them apart
	next  atomic.Int64
	_     [56]byte
	// inside counts the workers that may touch the job. A job ends when it is closed and
	// inside is 0, so a worker that sleeps through a job is never waited for.
	inside  atomic.Int64
	n       int
	f       func(worker, i int)
	failed  any // the first panic of a task
	failMu  sync.Mutex
	workers []*poolWorker
	done    sync.WaitGroup
}

// The state word is the job's number times 4 plus these bits.
const (
	jobOpen    = 1
	poolClosed = 2
	jobStep    = 4
)

// idleSpin is how long a worker looks for the next job before it sleeps. Waking a sleeper costs
// the caller several microseconds.
const idleSpin = 100 * time.Microsecond

type poolWorker struct {
	asleep atomic.Bool
	wake   chan struct{}
}

// NewPool returns a pool of n workers including the caller; n < 1 means GOMAXPROCS.
func NewPool(n int) *Pool {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	p := &Pool{}
	for i := 1; i < n; i++ {
		w := &poolWorker{wake: make(chan struct{}, 1)}
		p.workers = append(p.workers, w)
		p.done.Add(1)
		go p.work(w, i)
	}
	return p
}

// Workers is the number of workers, the caller included.
func (p *Pool) Workers() int { return len(p.workers) + 1 }

// Close ends the workers. The pool stays usable, on the caller alone. A second Close does nothing.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Store(p.state.Load() | poolClosed)
	for _, w := range p.workers {
		w.rouse()
	}
	p.done.Wait()
	p.workers = nil
}

// Run calls f(worker, i) for every i in [0, n), each once, in any order and on any worker, and
// returns when all have returned. worker is in [0, Workers()) and no two tasks run on the same
// worker at once, so it may index scratch memory. A panic of a task comes out of Run.
//
// Run may be called from several goroutines and from inside a task: a call that finds the pool
// busy runs its tasks itself, as worker 0. Keep f in a field and reuse it: a closure made at the
// call is an allocation.
func (p *Pool) Run(n int, f func(worker, i int)) {
	if n <= 1 || len(p.workers) == 0 || !p.mu.TryLock() {
		for i := 0; i < n; i++ {
			f(0, i)
		}
		return
	}
	defer p.mu.Unlock()
	p.n, p.f = n, f
	p.next.Store(0)
	number := p.state.Load() + jobStep
	p.state.Store(number | jobOpen)
	for _, w := range p.workers[:min(n-1, len(p.workers))] {
		w.rouse()
	}
	p.tasks(0)
	p.state.Store(number)
	for spins := 0; p.inside.Load() != 0; spins++ {
		relax(spins)
	}
	p.f = nil
	if failed := p.failed; failed != nil {
		p.failed = nil
		panic(failed)
	}
}

// tasks runs tasks of the open job until none is left. A panic drops the tasks not yet begun.
func (p *Pool) tasks(worker int) {
	defer func() {
		if v := recover(); v != nil {
			p.next.Store(int64(p.n))
			p.failMu.Lock()
			if p.failed == nil {
				p.failed = v
			}
			p.failMu.Unlock()
		}
	}()
	for {
		i := p.next.Add(1) - 1
		if i >= int64(p.n) {
			return
		}
		p.f(worker, int(i))
	}
}

func (p *Pool) work(w *poolWorker, id int) {
	defer p.done.Done()
	last := uint64(0)
	for {
		s := p.await(w, last)
		if s&poolClosed != 0 {
			return
		}
		p.inside.Add(1)
		if p.state.Load() == s { // the job cannot end any more before we leave
			p.tasks(id)
		}
		p.inside.Add(-1)
		last = s
	}
}

// await returns the state once it is another open job than last, or closed.
func (p *Pool) await(w *poolWorker, last uint64) uint64 {
	fresh := func(s uint64) bool { return s&poolClosed != 0 || (s&jobOpen != 0 && s != last) }
	for {
		var began time.Time
		for spins := 0; ; spins++ {
			if s := p.state.Load(); fresh(s) {
				return s
			}
			if spins%64 == 63 {
				if began.IsZero() {
					began = time.Now()
				} else if time.Since(began) > idleSpin {
					break
				}
			}
			relax(spins)
		}
		w.asleep.Store(true)
		if s := p.state.Load(); fresh(s) && w.asleep.CompareAndSwap(true, false) {
			return s
		}
		<-w.wake
	}
}

// rouse wakes w if it sleeps or is about to.
func (w *poolWorker) rouse() {
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}

// relax passes the time in a spin loop. Now and then it gives other goroutines their turn. After
// some hundred microseconds, longer than a task, whoever is waited for has probably lost its core to
// another process: sleeping lets the system give it this one.
func relax(spins int) {
	switch {
	case spins >= 1<<14:
		time.Sleep(20 * time.Microsecond)
	case spins%512 == 511:
		runtime.Gosched()
	default:
		pause()
	}
}
