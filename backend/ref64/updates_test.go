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
				b.Update(params, grads, m, v, o, guard, clock)
				b.Tick(clock, 1)
			}
			b.near("p", b.Get(params)[0], p)
		})
	}
}
