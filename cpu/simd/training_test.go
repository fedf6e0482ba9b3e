package simd

import (
	"hash/fnv"
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

func TestArithmeticAndSums(t *testing.T) {
	eachPath(t, func(t *testing.T, p Path) {
		r := newRand(10)
		for n := 0; n <= 70; n++ {
			a, b, dst := newGuarded(n, 1).fill(r), newGuarded(n, 2).fill(r), newGuarded(n, n%16)
			check := func(what string, want func(i int) float64) {
				t.Helper()
				dst.check(t, what)
				for i := range dst.data {
					if !near(float64(dst.data[i]), want(i), 0, 0x1p-23) {
						t.Fatalf("%s, n %d: [%d] = %g, want %g", what, n, i, dst.data[i], want(i))
					}
				}
			}
			at := func(g guarded, i int) float64 { return float64(g.data[i]) }
			p.Add(dst.data, a.data, b.data)
			check("add", func(i int) float64 { return float64(a.data[i] + b.data[i]) })
			p.Mul(dst.data, a.data, b.data)
			check("mul", func(i int) float64 { return at(a, i) * at(b, i) })
			p.Scale(dst.data, a.data, 0.3)
			check("scale", func(i int) float64 { return at(a, i) * float64(float32(0.3)) })
			copy(dst.data, b.data)
			p.Axpy(dst.data, a.data, 0.5)
			check("axpy", func(i int) float64 { return float64(float32(at(b, i) + 0.5*at(a, i))) })
			bytes := make([]uint8, n)
			for i := range bytes {
				bytes[i] = uint8(7 * i)
			}
			p.Dequantise(dst.data, bytes, 255)
			check("dequantise", func(i int) float64 { return float64(float32(bytes[i]) / 255) })

			if got, want := p.Sum(a.data), Gonum.Sum(a.data); got != want {
				t.Fatalf("sum, n %d: %v, the portable path's is %v", n, got, want)
			}
			if got, want := p.SumSquares(a.data), Gonum.SumSquares(a.data); got != want {
				t.Fatalf("sum of squares, n %d: %v, the portable path's is %v", n, got, want)
			}
			var sum, squares, size float64
			for _, x := range a.data {
				sum += float64(x)
				squares += float64(x) * float64(x)
				size += math.Abs(float64(x))
			}
			if !near(p.Sum(a.data), sum, 1e-14*size, 0) || !near(p.SumSquares(a.data), squares, 0, 1e-14) {
				t.Fatalf("n %d: sums %v %v, want %v %v", n, p.Sum(a.data), p.SumSquares(a.data), sum, squares)
			}
		}
	})
}

func TestLosses(t *testing.T) {
	const scale = 0.25
	eachPath(t, func(t *testing.T, p Path) {
		r := newRand(11)
		for n := 0; n <= 70; n++ {
			x, target, grad := newGuarded(n, 1).fill(r), newGuarded(n, 2), newGuarded(n, n%16)
			for i := range x.data {
				x.data[i] *= float32(i%7) * 5
				target.data[i] = r.Float32()
			}
			var want, slack float64
			for i, v := range x.data {
				want += softplus(float64(v)) - float64(v)*float64(target.data[i])
				slack += 0x1p-22 * (math.Abs(float64(v)) + 1)
			}
			got := p.BCELogits(grad.data, x.data, target.data, scale)
			grad.check(t, "BCELogits")
			if !near(got, want, slack, 0) {
				t.Fatalf("BCELogits, n %d: %v, want %v", n, got, want)
			}
			if only := p.BCELogits(nil, x.data, target.data, scale); only != got {
				t.Fatalf("BCELogits, n %d: %v without gradient, %v with", n, only, got)
			}
			for i, v := range x.data {
				g := (sigmoid(float64(v)) - float64(target.data[i])) * scale
				if !near(float64(grad.data[i]), g, scale*0x1p-21, 0) {
					t.Fatalf("BCELogits, n %d: gradient %v, want %v", n, grad.data[i], g)
				}
			}
			if p.BCELogits(x.data, x.data, target.data, scale) != got {
				t.Fatalf("BCELogits, n %d: in place differs", n)
			}

			want = 0
			for i, v := range x.data {
				d := v - target.data[i]
				want += float64(d) * float64(d)
				if n%2 == 0 {
					grad.data[i] = d * scale
				}
			}
			out := newGuarded(n, 5)
			if got := p.SquaredError(out.data, x.data, target.data, scale); !near(got, want, 0, 1e-14) {
				t.Fatalf("SquaredError, n %d: %v, want %v", n, got, want)
			}
			out.check(t, "SquaredError")
			for i, v := range x.data {
				if out.data[i] != (v-target.data[i])*scale {
					t.Fatalf("SquaredError, n %d: gradient %v", n, out.data[i])
				}
			}
		}
	})
}

// moments are a parameter and its moments in float64.
type moments struct{ p, g, m, v float64 }

func TestUpdates(t *testing.T) {
	a := Adam{GradScale: 0.5, L2: 0.01, Beta1: 0.9, Rest1: 0.1, Beta2: 0.999, Rest2: 0.001, RootScale: 1.5, Eps: 1e-8, Step: 0.002, Shrink: 1e-4}
	s := SGD{GradScale: 0.5, L2: 0.01, LR: 0.1, Momentum: 0.9}
	f := func(x float32) float64 { return float64(x) }
	rules := []struct {
		name string
		do   func(p Path, params, g, m, v []float32)
		want func(x moments) moments
	}{
		{"adam", func(p Path, params, g, m, v []float32) { p.Adam(params, g, m, v, a) }, func(x moments) moments {
			g := f(a.GradScale)*x.g + f(a.L2)*x.p
			x.m = f(a.Beta1)*x.m + f(a.Rest1)*g
			x.v = f(a.Beta2)*x.v + f(a.Rest2)*g*g
			x.p -= f(a.Shrink)*x.p + f(a.Step)*x.m/(math.Sqrt(x.v)*f(a.RootScale)+f(a.Eps))
			return x
		}},
		{"sgd", func(p Path, params, g, _, _ []float32) { p.SGD(params, g, s) }, func(x moments) moments {
			x.p -= f(s.LR) * (f(s.GradScale)*x.g + f(s.L2)*x.p)
			return x
		}},
		{"momentum", func(p Path, params, g, m, _ []float32) { p.Momentum(params, g, m, s) }, func(x moments) moments {
			x.m = f(s.Momentum)*x.m + f(s.GradScale)*x.g + f(s.L2)*x.p
			x.p -= f(s.LR) * x.m
			return x
		}},
		{"nesterov", func(p Path, params, g, m, _ []float32) { p.Nesterov(params, g, m, s) }, func(x moments) moments {
			g := f(s.GradScale)*x.g + f(s.L2)*x.p
			x.m = f(s.Momentum)*x.m + g
			x.p -= f(s.LR) * (g + f(s.Momentum)*x.m)
			return x
		}},
	}
	eachPath(t, func(t *testing.T, path Path) {
		r := newRand(12)
		for _, rule := range rules {
			for n := 0; n <= 50; n++ {
				p, g, m, v := newGuarded(n, 1).fill(r), newGuarded(n, 2).fill(r), newGuarded(n, 3).fill(r), newGuarded(n, 4).fill(r)
				want := make([]moments, n)
				for i := range want {
					v.data[i] *= v.data[i]
					want[i] = rule.want(moments{f(p.data[i]), f(g.data[i]), f(m.data[i]), f(v.data[i])})
				}
				rule.do(path, p.data, g.data, m.data, v.data)
				for _, b := range []guarded{p, g, m, v} {
					b.check(t, rule.name)
				}
				for i, w := range want {
					// A few roundings of terms no larger than 10.
					if !near(f(p.data[i]), w.p, 2e-6, 0) || !near(f(m.data[i]), w.m, 2e-6, 0) || !near(f(v.data[i]), w.v, 0, 1e-6) {
						t.Fatalf("%s, n %d: [%d] = %v %v %v, want %v", rule.name, n, i, p.data[i], m.data[i], v.data[i], w)
					}
				}
			}
		}
	})
}

// The moments of parameters without a gradient end at 0, and are never subnormal on the way.
func TestMomentsAreNotSubnormal(t *testing.T) {
	s := SGD{GradScale: 1, LR: 0.1, Momentum: 0.9}
	a := Adam{GradScale: 1, Beta1: 0.9, Rest1: 0.1, Beta2: 0.5, Rest2: 0.5, RootScale: 1, Eps: 1e-8, Step: 0.1}
	eachPath(t, func(t *testing.T, path Path) {
		for name, step := range map[string]func(p, g, m, v []float32){
			"adam":     func(p, g, m, v []float32) { path.Adam(p, g, m, v, a) },
			"momentum": func(p, g, m, _ []float32) { path.Momentum(p, g, m, s) },
			"nesterov": func(p, g, m, _ []float32) { path.Nesterov(p, g, m, s) },
		} {
			p, g, m, v := make([]float32, 21), make([]float32, 21), make([]float32, 21), make([]float32, 21)
			for i := range m {
				m[i], v[i] = 1e-30*float32(1-i%3), 1e-30*float32(i%2)
			}
			for range 200 {
				step(p, g, m, v)
				for i, x := range slices.Concat(m, v) {
					if x != 0 && math.Abs(float64(x)) < 0x1p-126 {
						t.Fatalf("%s: moment %d is %g", name, i, x)
					}
				}
			}
			if m[0] != 0 || m[2] != 0 {
				t.Fatalf("%s: moments are %v after 200 steps without a gradient", name, m)
			}
			m[0] = float32(math.NaN())
			step(p, g, m, v)
			if !math.IsNaN(float64(m[0])) || !math.IsNaN(float64(p[0])) {
				t.Errorf("%s: a NaN became %v, and the parameter %v", name, m[0], p[0])
			}
		}
	})
}

// A step of Adam takes as long from subnormal moments as from others; they are made anew before every step.
func BenchmarkSubnormals(b *testing.B) {
	const n = 2048
	p, g, m, v, first := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	path := Paths()[len(Paths())-1]
	for _, c := range []struct {
		name string
		m    float32
	}{{"normal", 1e-3}, {"subnormal", 6e-45}} {
		for i := range first {
			first[i] = c.m
		}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				copy(m, first)
				copy(v, first)
				path.Adam(p, g, m, v, Adam{GradScale: 1, Beta1: 0.9, Rest1: 0.1, Beta2: 0.999, Rest2: 0.001, RootScale: 1, Eps: 1e-8, Step: 1e-3})
			}
		})
	}
}

// The bits of what needs no exponential, as AVX2 and AVX-512 give them: see TestGemmKnownBits.
func TestElementwiseKnownBits(t *testing.T) {
	const want = 0x963a7d22547271eb
	a := Adam{GradScale: 0.5, L2: 0.01, Beta1: 0.9, Rest1: 0.1, Beta2: 0.999, Rest2: 0.001, RootScale: 1.5, Eps: 1e-8, Step: 0.002, Shrink: 1e-4}
	s := SGD{GradScale: 0.5, L2: 0.01, LR: 0.1, Momentum: 0.9}
	for _, path := range Paths()[1:] {
		r, hash := newRand(14), fnv.New64a()
		for n := 1; n <= 35; n++ {
			dst, x, y, z := newGuarded(n, 1), newGuarded(n, 2).fractions(r), newGuarded(n, 3).fractions(r), newGuarded(n, 4).fractions(r)
			x.data[n/2] = float32(math.Copysign(0, -1))
			for _, f := range []func(){
				func() { path.Add(dst.data, x.data, y.data) },
				func() { path.Mul(dst.data, x.data, y.data) },
				func() { path.Scale(dst.data, x.data, 0.3) },
				func() { path.Axpy(dst.data, y.data, 0.7) },
				func() { path.Activate(backend.ReLU, dst.data, x.data) },
				func() { path.Activate(backend.LeakyReLU, dst.data, x.data) },
				func() { path.ActivateBias(backend.ReLU, dst.data, x.data, y.data) },
				func() { path.ActivateBias(backend.LeakyReLU, dst.data, x.data, y.data) },
				func() { path.Derive(backend.ReLU, dst.data, y.data, x.data) },
				func() { path.Derive(backend.LeakyReLU, dst.data, y.data, x.data) },
				func() { path.Derive(backend.Tanh, dst.data, y.data, x.data) },
				func() { path.Derive(backend.Sigmoid, dst.data, y.data, x.data) },
				func() { path.Mul(z.data, z.data, z.data); path.Adam(dst.data, x.data, y.data, z.data, a) },
				func() { path.SGD(dst.data, x.data, s) },
				func() { path.Momentum(dst.data, x.data, y.data, s) },
				func() { path.Nesterov(dst.data, x.data, y.data, s) },
			} {
				f()
				for _, g := range []guarded{dst, y, z} {
					g.addTo(hash)
				}
			}
		}
		if got := hash.Sum64(); got != want {
			t.Errorf("%v: %#x, want %#x", path, got, uint64(want))
		}
	}
}

func TestElementwiseAllocatesNothing(t *testing.T) {
	x, y, z, w := make([]float32, 100), make([]float32, 100), make([]float32, 100), make([]float32, 100)
	for _, p := range Paths()[1:] {
		n := testing.AllocsPerRun(10, func() {
			p.Exp(x, y)
			p.Axpy(x, y, 2)
			p.Sum(x)
			p.BCELogits(x, y, z, 1)
			p.BCELogits(nil, y, z, 1)
			p.SquaredError(x, y, z, 1)
			p.Adam(x, y, z, w, Adam{})
			p.Nesterov(x, y, z, SGD{})
			p.Normals(x, Draw{}, 3)
		})
		if n != 0 {
			t.Errorf("%v: %v allocations", p, n)
		}
	}
}

func BenchmarkTraining(b *testing.B) {
	r := newRand(1)
	const n = 4096
	x, y, z, w := newGuarded(n, 0).fill(r), newGuarded(n, 0).fill(r), newGuarded(n, 0).fill(r), newGuarded(n, 0).fill(r)
	words := asWords(w.data)
	for _, f := range []struct {
		name string
		do   func(p Path)
	}{
		{"bce", func(p Path) { p.BCELogits(z.data, x.data, y.data, 1) }},
		{"squaredError", func(p Path) { p.SquaredError(z.data, x.data, y.data, 1) }},
		{"sum", func(p Path) { p.Sum(x.data) }},
		{"axpy", func(p Path) { p.Axpy(z.data, x.data, 1e-9) }},
		{"adam", func(p Path) {
			p.Adam(x.data, y.data, z.data, w.data, Adam{GradScale: 1, Beta1: 0.9, Rest1: 0.1, Beta2: 0.9, Rest2: 0.1, RootScale: 1, Eps: 1})
		}},
		{"words", func(p Path) { p.Words(words, Draw{}, 0) }},
		{"normals", func(p Path) { p.Normals(z.data, Draw{}, 0) }},
	} {
		for _, p := range Paths() {
			b.Run(f.name+"/"+p.String(), func(b *testing.B) {
				for b.Loop() {
					f.do(p)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
			})
		}
	}
}

func TestAddRows(t *testing.T) {
	for _, p := range Paths() {
		for _, cols := range []int{1, 7, 8, 9, 16, 33, 64, 71, 128} {
			for _, rows := range []int{1, 2, 16} {
				stride := cols + 3
				src := newGuarded(rows*stride, 0)
				r := newRand(uint64(cols*100 + rows))
				for i := range src.data {
					src.data[i] = float32(r.NormFloat64())
				}
				sums, want := make([]float64, cols+1), make([]float64, cols+1)
				for j := range want {
					sums[j], want[j] = float64(j), float64(j)
				}
				addRows(want[:cols], src.data, stride, rows)
				p.AddRows(sums[:cols], src.data, stride, rows)
				for j := range want {
					if sums[j] != want[j] {
						t.Fatalf("%v, %d x %d, column %d: %v, the portable path's is %v", p, rows, cols, j, sums[j], want[j])
					}
				}
			}
		}
	}
}
