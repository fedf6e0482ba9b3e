package ref64_test

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// TestUpdateByHand takes two steps of each rule with numbers worked out on paper:
// p = 1, g = 0.5 and then -0.25, learning rate 0.5 and then 0.25, momentum 0.5,
// decay 0.5, b1 = 0.5, b2 = 0.75, eps = 0.25.
func TestUpdateByHand(t *testing.T) {
	adam := func(decoupled bool) float64 {
		p, m, v := 1.0, 0.0, 0.0
		for i, g := range []float64{0.5, -0.25} {
			lr, t := []float64{0.5, 0.25}[i], float64(i+1)
			if decoupled {
				p *= 1 - lr*0.5
			} else {
				g += 0.5 * p
			}
			m, v = 0.5*m+0.5*g, 0.75*v+0.25*g*g
			mhat, vhat := m/(1-math.Pow(0.5, t)), v/(1-math.Pow(0.75, t)) // the published form
			p -= lr * mhat / (math.Sqrt(vhat) + 0.25)
		}
		return p
	}
	want := map[backend.OptimiserKind]float64{
		// g + d p = 1, p = 0.5; then -0.25 + 0.25 = 0, p = 0.5.
		backend.SGD: 0.5,
		// m = 1, p = 0.5; then m = 0.5 + 0, p = 0.5 - 0.125.
		backend.Momentum: 0.375,
		// m = 1, p = 1 - 0.5*1.5 = 0.25; then g + d p = -0.125, m = 0.375,
		// p = 0.25 - 0.25*(-0.125 + 0.1875).
		backend.Nesterov: 0.234375,
		backend.Adam:     adam(false),
		backend.AdamW:    adam(true),
	}
	for kind, p := range want {
		t.Run(kind.String(), func(t *testing.T) {
			b := newBench(t)
			table := make([]backend.Hyper, 2)
			for i := range table {
				table[i] = backend.Hyper{
					LR:       []float32{0.5, 0.25}[i],
					Momentum: 0.5,
					Correct1: float32(1 / (1 - math.Pow(0.5, float64(i+1)))),
					Correct2: float32(1 / math.Sqrt(1-math.Pow(0.75, float64(i+1)))),
				}
			}
			clock, _ := b.AllocClock(2)
			b.SetClock(clock, backend.Time{}, table)
			o := backend.Optimiser{Kind: kind, Beta1: 0.5, Beta2: 0.75, Eps: 0.25, WeightDecay: 0.5, Decayed: 1}
			params, grads, m, v := b.uniform(1, 1, 1, 1), b.zeros(1, 1), b.zeros(1, 1), b.zeros(1, 1)
			guard, _ := b.AllocSums(backend.GuardNorm + 1)
			for _, g := range []float64{0.5, -0.25} {
				b.Set(grads, []float64{g})
				b.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: guard, Clock: clock})
				b.Enqueue(backend.Tick{Clock: clock, Rows: 1})
			}
			b.near("p", b.Get(params)[0], p)
		})
	}
}

// TestLAMBByHand takes two steps on the weights (3, 4), whose norm is 5, and the
// bias 0, in the published form.
func TestLAMBByHand(t *testing.T) {
	const lr, decay, eps = 0.5, 0.5, 0.25
	gradients := [][]float64{{0.5, -0.25, 1}, {-0.5, 1, 0.25}}
	p, m, v := []float64{3, 4, 0}, make([]float64, 3), make([]float64, 3)
	var ratio float64
	for step, g := range gradients {
		k := float64(step + 1)
		var r [3]float64
		for i := range p {
			m[i], v[i] = 0.5*m[i]+0.5*g[i], 0.75*v[i]+0.25*g[i]*g[i]
			r[i] = m[i] / (1 - math.Pow(0.5, k)) / (math.Sqrt(v[i]/(1-math.Pow(0.75, k))) + eps)
		}
		r[0], r[1] = r[0]+decay*p[0], r[1]+decay*p[1]
		ratio = math.Hypot(p[0], p[1]) / math.Hypot(r[0], r[1])
		p[0], p[1], p[2] = p[0]-lr*ratio*r[0], p[1]-lr*ratio*r[1], p[2]-lr*r[2]
	}

	b := newBench(t)
	clock, _ := b.AllocClock(2)
	b.SetClock(clock, backend.Time{}, []backend.Hyper{
		{LR: lr, Correct1: 2, Correct2: 2},
		{LR: lr, Correct1: float32(1 / (1 - 0.25)), Correct2: float32(1 / math.Sqrt(1-0.5625))},
	})
	o := backend.Optimiser{Kind: backend.LAMB, Beta1: 0.5, Beta2: 0.75, Eps: eps, WeightDecay: decay, Decayed: 2}
	params, grads, mean, square := b.zeros(1, 3), b.zeros(1, 3), b.zeros(1, 3), b.zeros(1, 3)
	b.Set(params, []float64{3, 4, 0})
	guard, _ := b.AllocSums(backend.GuardNorm + 2)
	trust, _ := b.AllocSums(2)
	for _, g := range gradients {
		b.Set(grads, g)
		b.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: mean, V: square, Ends: []int{2, 3}, Trust: trust, Optimiser: o, Guard: guard, Clock: clock})
		b.Enqueue(backend.Tick{Clock: clock, Rows: 1})
	}
	for i, got := range b.Get(params) {
		b.near("p", got, p[i])
	}
	ratios := make([]float64, 2)
	b.ReadSums(ratios, trust)
	b.near("trust of the weights", ratios[0], ratio)
	b.near("trust of the bias", ratios[1], 1)
}
