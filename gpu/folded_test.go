//go:build cuda

package gpu

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// foldedRig is what Check looks at, 5 rows and a gradient of 12, and a layer's
// gradients of 3 x 4.
type foldedRig struct {
	rig
	rows, grads, dy, x, w, b backend.Tensor
	sums, guard              backend.Sums
	clock                    backend.Clock
}

func newFoldedRig(t *testing.T) *foldedRig {
	r := &foldedRig{rig: newRig(t, Options{})}
	r.rows, r.grads, r.dy = r.alloc(5, 1), r.alloc(1, 12), r.alloc(5, 3)
	r.x, r.w, r.b = r.alloc(5, 4), r.alloc(3, 4), r.alloc(1, 3)
	for _, v := range []backend.Tensor{r.rows, r.grads, r.dy, r.x, r.w, r.b} {
		r.count(v)
	}
	r.sums, r.guard, r.clock = r.allocSums(2), r.allocSums(backend.GuardNorm+1), r.allocClock(backend.Hyper{})
	return r
}

func (r *foldedRig) check() {
	r.d.Enqueue(backend.Check{Guard: r.guard, Grads: r.grads, Ends: []int{12}, Rows: r.rows, Clock: r.clock})
}

func (r *foldedRig) want(what string, sum, loss float64) {
	r.Helper()
	s, g := make([]float64, 2), make([]float64, r.guard.N)
	r.d.ReadSums(s, r.sums)
	r.d.ReadSums(g, r.guard)
	r.d.Enqueue(backend.ZeroSums{Sums: r.sums})
	r.sync()
	if s[0] != 0 || s[1] != sum || g[backend.GuardLoss] != loss {
		r.Errorf("%s: sums %v, loss %v, want 0 %v and %v", what, s, g[backend.GuardLoss], sum, loss)
	}
}

// The sum of the rows that Check looks at costs no launch, also once a step was
// not finite; that of other rows does.
func TestCheckMakesTheSum(t *testing.T) {
	r := newFoldedRig(t)
	sum := func() { r.d.Enqueue(backend.Accumulate{Sums: r.sums, Slot: 1, V: r.rows, Scale: 0.5}) }
	r.record(1, func() { sum(); r.check() }).Launch(3)
	r.want("one kernel", 3*7.5, 3)
	r.record(3, func() { sum(); r.d.Enqueue(backend.Activate{Y: r.rows, X: r.rows}); r.check() }).Launch(2)
	r.want("overwritten between", 2*7.5, 3)
	r.record(3, func() { sum(); r.d.Enqueue(backend.ZeroSums{Sums: r.sums}); r.check() }).Launch(2)
	r.want("cleared between", 0, 3)
	r.record(2, func() { r.check(); sum() }).Launch(2)
	r.want("after the check", 2*7.5, 3)
	r.record(2, func() { sum(); sum(); r.check() }).Launch(2)
	r.want("twice", 4*7.5, 3)
	guard := make([]float64, r.guard.N)
	guard[backend.GuardStep], guard[backend.GuardLoss] = 1, 42
	r.d.WriteSums(r.guard, guard)
	r.record(1, func() { sum(); r.check() }).Launch(2)
	r.want("after a step that was not finite", 2*7.5, 42)
	r.d.WriteSums(r.guard, make([]float64, r.guard.N))
	nan := []float32{1, 2, float32(math.NaN()), 4, 5}
	r.d.Upload(r.rows, nan)
	r.record(1, func() { sum(); r.check() }).Launch(1)
	r.d.ReadSums(guard, r.guard)
	r.sync()
	if guard[backend.GuardStep] != 1 {
		t.Errorf("guard %v: want step 1 noted", guard)
	}
}

// A bias gradient that is added to zeros is written by the product.
func TestZeroBeforeAnAdditionIsNoLaunch(t *testing.T) {
	r := newFoldedRig(t)
	back := func() { r.d.Enqueue(backend.LinearBackWeights{DW: r.w, DB: r.b, DY: r.dy, X: r.x, Accumulate: true}) }
	want := func(what string, first float32) {
		t.Helper()
		if got := r.values(r.b); got[0] != first {
			t.Errorf("%s: bias gradients are %v, want %v first", what, got, first)
		}
	}
	r.record(1, func() { r.d.Enqueue(backend.Zero{Dst: r.b}); back() }).Launch(2)
	want("zeroed", 35) // 1 + 4 + 7 + 10 + 13
	r.record(2, back).Launch(1)
	want("added", 70)
	r.record(4, func() { r.d.Enqueue(backend.Zero{Dst: r.b}); r.d.Enqueue(backend.Zero{Dst: r.w}); back() }).Launch(2)
	want("zeroed earlier", 35)
	r.record(3, func() { r.d.Enqueue(backend.Zero{Dst: r.w}); back() }).Launch(1)
	want("another zeroed", 70)
}

// The derivative of an activation costs no launch after an operation that can
// multiply what it writes, and comes to what it does in one of its own.
func TestDerivativeAfterAnOperation(t *testing.T) {
	r := newRig(t, Options{})
	g, h, one := r.alloc(5, 4), r.alloc(5, 4), r.alloc(1, 4)
	target, wide, rows, classes := r.alloc(5, 4), r.alloc(5, 2), r.alloc(5, 1), r.alloc(5, 1)
	sums, clock := r.allocSums(1), r.allocClock(backend.Hyper{})
	saved := make([]float32, h.Len())
	for i := range saved {
		saved[i] = float32(i%7)/8 - 0.25*float32(i%2)
	}
	r.d.Upload(h, saved)
	r.count(target)
	r.count(wide)
	r.fill(one, 0.3)
	r.fill(classes, 2)
	loss := func(target backend.Tensor, kind backend.LossKind) func() {
		return func() { r.d.Enqueue(backend.Loss{DOut: g, Rows: rows, Out: h, Target: target, Kind: kind, Scale: 0.5}) }
	}
	for name, write := range map[string]func(){
		"dropout": func() {
			r.d.Enqueue(backend.Dropout{Y: g, X: g, Noise: backend.Noise{Clock: clock, Stream: 1}, P: 0.5})
		},
		"sparse KL":   func() { r.d.Enqueue(backend.SparseKL{DH: g, Sums: sums, M: one, Rho: 0.1, Scale: 2}) },
		"L1":          func() { r.d.Enqueue(backend.L1{DH: g, Sums: sums, H: h, Share: 1, Scale: 2}) },
		"top-k":       func() { r.d.Enqueue(backend.TopKBack{DX: g, DY: g, Y: h}) },
		"squared":     loss(target, backend.SquaredError),
		"Bernoulli":   loss(target, backend.Bernoulli),
		"Gaussian":    loss(wide, backend.GaussianNLL),
		"categorical": loss(classes, backend.Categorical),
	} {
		back := func() { r.d.Enqueue(backend.ActivateBack{DX: g, DY: g, Saved: h, Act: backend.Tanh}) }
		r.count(g)
		write()
		back()
		want := r.values(g)
		r.count(g)
		r.record(1, func() { write(); back() }).Launch(1)
		r.close(name, r.values(g), want)
		r.count(g)
		r.record(2, func() { write(); r.d.Enqueue(backend.ActivateBack{DX: target, DY: g, Saved: h, Act: backend.Tanh}) }).Launch(1)
		r.close(name+", elsewhere", r.values(target), want)
		r.count(target)
	}
}

// The contractive penalty does the derivative before it, if it is of the same
// values and the same activation.
func TestContractShallowDoesTheDerivative(t *testing.T) {
	r := newRig(t, Options{})
	da, h, other, norms, grads := r.alloc(5, 40), r.alloc(5, 40), r.alloc(5, 40), r.alloc(1, 40), r.alloc(1, 40)
	sums, w := r.allocSums(1), r.identity(40)
	r.fill(h, 0.25)
	r.fill(other, 0.75)
	r.count(norms)
	back := func(saved backend.Tensor, act backend.Activation) func() {
		return func() {
			r.d.Enqueue(backend.ActivateBack{DX: da, DY: da, Saved: saved, Act: act})
			r.d.Enqueue(backend.ContractShallow{DA: da, DR: grads, Sums: sums, Saved: h, R: norms, Act: backend.Sigmoid, Share: 1, Scale: 0.5})
		}
	}
	for _, tt := range []struct {
		name     string
		launches int
		step     func()
	}{
		{"same", 1, back(h, backend.Sigmoid)},
		{"other values", 2, back(other, backend.Sigmoid)},
		{"other activation", 2, back(h, backend.Tanh)},
		{"a layer's", 2, func() {
			r.d.Enqueue(backend.LinearBackInput{DX: da, DY: other, W: w, Saved: h, Act: backend.Sigmoid})
			r.d.Enqueue(backend.ContractShallow{DA: da, DR: grads, Sums: sums, Saved: h, R: norms, Act: backend.Sigmoid, Share: 1, Scale: 0.5})
		}},
	} {
		r.count(da)
		tt.step()
		want := r.values(da)
		r.count(da)
		r.record(tt.launches, tt.step).Launch(1)
		r.close(tt.name, r.values(da), want)
	}
}

// The sum of the KL terms costs no launch after the kernel that makes them.
func TestGaussianKLMakesTheSum(t *testing.T) {
	r := newRig(t, Options{})
	for _, width := range []int{1, 32, 100} {
		ml, kl, sums := r.alloc(70, 2*width), r.alloc(1, width), r.allocSums(2)
		r.fill(ml, 0.5)
		terms := func() { r.d.Enqueue(backend.GaussianKL{KL: kl, ML: ml}) }
		add := func() { r.d.Enqueue(backend.Accumulate{Sums: sums, Slot: 1, V: kl, Scale: 2}) }
		r.record(1, func() { terms(); add() }).Launch(3)
		r.record(2, func() { terms(); add(); add() }).Launch(1)
		r.record(1, terms).Launch(1)
		got := make([]float64, 2)
		r.d.ReadSums(got, sums)
		var want float64
		for _, v := range r.values(kl) {
			want += float64(v)
		}
		if want = 10 * want; got[0] != 0 || !(math.Abs(got[1]-want) <= 1e-12*want) || want == 0 {
			t.Errorf("width %d: sums %v, want 0 and %v", width, got, want)
		}
	}
}

// The end of a step costs no launch after its update, which reads the time first,
// and comes also where the update does nothing.
func TestUpdateEndsTheStep(t *testing.T) {
	r := newRig(t, Options{})
	const n = 5000 // several blocks
	p, g, m, v := r.alloc(1, n), r.alloc(1, n), r.alloc(1, n), r.alloc(1, n)
	guard, trust := r.allocSums(backend.GuardNorm+1), r.allocSums(1)
	c, err := r.d.AllocClock(8)
	if err != nil {
		t.Fatal(err)
	}
	other := r.allocClock(backend.Hyper{})
	sgd := func() {
		r.d.Enqueue(backend.Update{Params: p, Grads: g, Optimiser: backend.Optimiser{Kind: backend.SGD}, Guard: guard, Clock: c})
	}
	lamb := func() {
		r.d.Enqueue(backend.UpdateLAMB{Params: p, Grads: g, M: m, V: v, Ends: []int{n}, Trust: trust, Optimiser: backend.Optimiser{Kind: backend.LAMB}, Guard: guard, Clock: c})
	}
	for _, tt := range []struct {
		name     string
		launches int
		step     func()
		want     float32 // the sum of the rates of the steps that were taken
	}{
		{"SGD", 1, func() { sgd(); r.d.Enqueue(backend.Tick{Clock: c, Rows: 3}) }, 1 + 2 + 4},
		{"LAMB", 2, func() { lamb(); r.d.Enqueue(backend.Tick{Clock: c, Rows: 3}) }, 1 + 2 + 4},
		{"another clock's", 2, func() { sgd(); r.d.Enqueue(backend.Tick{Clock: other, Rows: 3}) }, 1 + 1 + 1},
		{"twice", 2, func() {
			sgd()
			r.d.Enqueue(backend.Tick{Clock: c, Rows: 3})
			r.d.Enqueue(backend.Tick{Clock: c, Rows: 3})
		}, 1 + 4 + 16},
	} {
		r.fill(p, 0)
		r.fill(m, 0)
		r.fill(v, 0)
		r.fill(g, 1)
		r.d.SetClock(c, backend.Time{}, []backend.Hyper{{LR: 1, Correct1: 1, Correct2: 1}, {LR: 2, Correct1: 1, Correct2: 1},
			{LR: 4, Correct1: 1, Correct2: 1}, {LR: 8}, {LR: 16}})
		step := r.record(tt.launches, tt.step)
		step.Launch(3)
		for _, x := range r.values(p) {
			if x != -tt.want {
				t.Errorf("%s: a parameter moved by %v, want %v", tt.name, -x, tt.want)
				break
			}
		}
	}
	r.fill(p, 0)
	r.fill(g, 1)
	r.d.SetClock(c, backend.Time{}, []backend.Hyper{{LR: 1}, {LR: 2}, {LR: 4}, {LR: 8}})
	step := r.record(1, func() { sgd(); r.d.Enqueue(backend.Tick{Clock: c, Rows: 3}) })
	r.d.WriteSums(guard, []float64{1, 0, 0})
	step.Launch(2)
	r.d.WriteSums(guard, []float64{0, 0, 0})
	step.Launch(1)
	if x := r.values(p)[0]; x != -4 {
		t.Errorf("after two steps that the guard held a parameter moved by %v, want 4", -x)
	}
}
