//go:build cuda

package gpu

import (
	"fmt"
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// guardRig is the end of a step, whose loss and gradient are finite, over two tensors
// of parameters.
type guardRig struct {
	rig
	params, grads, m, v, rows backend.Tensor
	ends                      []int
	guard, trust              backend.Sums
	clock                     backend.Clock
	o                         backend.Optimiser
}

const guardParams = 5003

// newGuardRig has its vectors begin so many elements into their memory.
func newGuardRig(t *testing.T, kind backend.OptimiserKind, off int) *guardRig {
	r := &guardRig{rig: newRig(t, Options{}), ends: []int{30, guardParams}}
	for _, to := range []*backend.Tensor{&r.params, &r.grads, &r.m, &r.v} {
		all := r.alloc(1, off+guardParams)
		*to = all.Slice(off, 1, guardParams)
		r.fill(*to, 0.5)
	}
	r.rows = r.alloc(8, 1)
	r.fill(r.rows, 1)
	r.guard, r.trust = r.allocSums(backend.GuardNorm+2), r.allocSums(2)
	h := backend.Hyper{LR: 2, Momentum: 0.5, Correct1: 1, Correct2: 1}
	r.clock = r.allocClock(h)
	r.d.SetClock(r.clock, backend.Time{Step: 6}, []backend.Hyper{h})
	r.o = backend.Optimiser{Kind: kind, Beta1: 0.5, Beta2: 0.5, Eps: 1e-3, WeightDecay: 0.125, Decayed: guardParams}
	return r
}

func (r *guardRig) step() {
	r.d.Enqueue(backend.Check{Guard: r.guard, Grads: r.grads, Ends: r.ends, Rows: r.rows, Clock: r.clock})
	if r.o.Kind == backend.LAMB {
		r.d.Enqueue(backend.UpdateLAMB{Params: r.params, Grads: r.grads, M: r.m, V: r.v, Ends: r.ends, Trust: r.trust, Optimiser: r.o, Guard: r.guard, Clock: r.clock})
	} else {
		m, v := r.m, r.v
		if r.o.Kind.Moments() < 1 {
			m = backend.Tensor{}
		}
		if r.o.Kind.Moments() < 2 {
			v = backend.Tensor{}
		}
		r.d.Enqueue(backend.Update{Params: r.params, Grads: r.grads, M: m, V: v, Optimiser: r.o, Guard: r.guard, Clock: r.clock})
	}
	r.d.Enqueue(backend.Tick{Clock: r.clock, Rows: 8})
}

// refusedAt is the parameter whose move is not finite: behind the first block's.
const refusedAt = 4096 + 257

// A parameter whose new value is not finite stays as it was, its moments too, and the
// guard notes the step, though neither the loss nor the gradient told of it. From
// then on nothing moves.
func TestUpdateNotesWhatIsNotFinite(t *testing.T) {
	inf := float32(math.Inf(1))
	for kind := backend.SGD; kind <= backend.LAMB; kind++ {
		for name, bad := range map[string]struct{ param, grad float32 }{
			"NaN": {float32(math.NaN()), 0.5}, "Inf": {inf, 0.5}, "-Inf": {-inf, 0.5}, "overflow": {-3e38, 3e38},
		} {
			if name == "overflow" && kind >= backend.Adam {
				continue // steps of the learning rate, whatever the gradient
			}
			for _, off := range []int{0, 1} {
				for _, recorded := range []bool{false, true} {
					t.Run(fmt.Sprint(kind, " ", name, " ", off, recorded), func(t *testing.T) {
						newGuardRig(t, kind, off).refuses(bad.param, bad.grad, recorded)
					})
				}
			}
		}
	}
}

func (r *guardRig) refuses(param, grad float32, recorded bool) {
	run := r.step
	if recorded {
		p := r.program(r.step)
		defer p.Free()
		run = func() { p.Launch(1) }
	}
	run()
	r.wantNoted(0)

	r.fill(r.grads, 0.5) // LAMB has left its directions there
	r.d.Upload(r.params.Slice(refusedAt, 1, 1), []float32{param})
	r.d.Upload(r.grads.Slice(refusedAt, 1, 1), []float32{grad})
	params, m, v := r.values(r.params), r.values(r.m), r.values(r.v)
	run()
	r.wantNoted(1 + 7)
	r.wantRefused(params, m, v)

	params = r.values(r.params)
	r.fill(r.grads, 0.5)
	run()
	r.wantNoted(1 + 7)
	for i, p := range r.values(r.params) {
		if math.Float32bits(p) != math.Float32bits(params[i]) {
			r.Fatalf("parameter %d moved from %v to %v after the guard had noted a step", i, params[i], p)
		}
	}

	r.d.Enqueue(backend.ZeroSums{Sums: r.guard})
	for _, t := range []backend.Tensor{r.params, r.grads, r.m, r.v} {
		r.fill(t, 0.5)
	}
	run() // finds nothing that the others have left
	r.wantNoted(0)
}

func (r *guardRig) wantNoted(want float64) {
	r.Helper()
	s := make([]float64, r.guard.N)
	r.d.ReadSums(s, r.guard)
	r.sync()
	if s[backend.GuardStep] != want {
		r.Errorf("the guard holds %v for the step, want %v", s[backend.GuardStep], want)
	}
}

// wantRefused wants the one parameter and its moments as they were, and others moved.
func (r *guardRig) wantRefused(params, m, v []float32) {
	r.Helper()
	now := r.values(r.params)
	if a, b := now[refusedAt], params[refusedAt]; a != b && (a == a || b == b) {
		r.Errorf("the parameter was %v and is %v", b, a)
	}
	if a, b := r.values(r.m)[refusedAt], r.values(r.v)[refusedAt]; r.o.Kind != backend.LAMB && (a != m[refusedAt] || b != v[refusedAt]) {
		r.Errorf("its moments were %v and %v and are %v and %v", m[refusedAt], v[refusedAt], a, b)
	}
	for i, p := range now {
		whole := r.o.Kind == backend.LAMB && i >= r.ends[0] // whose trust ratio an infinity takes with it
		if i != refusedAt && !whole && p == params[i] {
			r.Fatalf("parameter %d stayed at %v", i, p)
		}
	}
}
