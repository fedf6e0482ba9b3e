package simd

import (
	"fmt"
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// The epilogue gives the bits of the product and the loops one after the other.
func TestEpilogue(t *testing.T) {
	const m, n, k = 37, 45, 400
	eachPath(t, func(t *testing.T, path Path) {
		pool := NewPool(2)
		defer pool.Close()
		g := NewGemm(path, pool)
		r := newRand(13)
		a, b := newGuarded(m*k, 0).fill(r), newGuarded(n*k, 0).fill(r)
		bias, saved := newGuarded(n, 3).fill(r), newGuarded(m*(n+2), 1).fill(r)
		for i := range a.data {
			a.data[i] *= 0.1
		}
		plain := make([]float32, m*n)
		g.Sgemm('N', 'T', m, n, k, 1, a.data, k, b.data, k, 0, plain, n)
		for _, act := range backend.Activations() {
			for c := range 8 {
				e := Epilogue{Act: act, LDPre: n + 1, LDSaved: n + 2}
				pre := newGuarded(m*(n+1), 2)
				if c&1 != 0 {
					e.Bias = bias.data
				}
				if c&2 != 0 {
					e.Pre = pre.data
				}
				if c&4 != 0 {
					e.Deriv, e.Saved = backend.Sigmoid, saved.data
				}
				y := newGuarded(m*n, 1)
				g.SgemmThen('N', 'T', m, n, k, 1, a.data, k, b.data, k, 0, y.data, n, &e)
				y.check(t, "C")
				pre.check(t, "Pre")
				for i := range m {
					want := append([]float32(nil), plain[i*n:(i+1)*n]...)
					if e.Bias != nil {
						path.Add(want, want, bias.data)
					}
					if e.Pre != nil && fmt.Sprint(want) != fmt.Sprint(pre.data[i*(n+1):i*(n+1)+n]) {
						t.Fatalf("%v, case %d: row %d before the activation differs", act, c, i)
					}
					path.Activate(act, want, want)
					if e.Saved != nil {
						path.Derive(e.Deriv, want, want, saved.data[i*(n+2):])
					}
					for j := range want {
						if math.Float32bits(want[j]) != math.Float32bits(y.data[i*n+j]) {
							t.Fatalf("%v, case %d: C[%d,%d] = %g, want %g", act, c, i, j, y.data[i*n+j], want[j])
						}
					}
				}
			}
		}
	})
}
