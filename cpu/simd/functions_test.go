package simd

import (
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// ulps is the distance of got from want in units in the last place of want as a float32. Beyond
// the largest float32 the right answer is Inf, or the largest one within a rounding.
func ulps(got float32, want float64) float64 {
	rounded := float32(want)
	switch {
	case want != want || got != got:
		if want != want && got != got {
			return 0
		}
		return math.Inf(1)
	case got == rounded && math.IsInf(float64(got), 0):
		return 0
	case math.IsInf(float64(rounded), 0) || math.IsInf(float64(got), 0):
		if math.Abs(want) > math.MaxFloat32*(1-0x1p-22) && math.Abs(float64(got)) > math.MaxFloat32*(1-0x1p-22) && (got > 0) == (want > 0) {
			return 1
		}
		return math.Inf(1)
	}
	return math.Abs(float64(got)-want) / ulp(want)
}

func ulp(want float64) float64 {
	if want == 0 || math.IsInf(want, 0) {
		return 0x1p-149
	}
	_, e := math.Frexp(want)
	return math.Max(0x1p-149, math.Ldexp(1, e-24))
}

func TestUlps(t *testing.T) {
	for _, c := range []struct {
		got        float32
		want, ulps float64
	}{
		{1, 1, 0}, {1, 1 + 0x1p-23, 1}, {0, 0x1p-149, 1}, {0, 0x1p-150, 0.5}, {2, 2 + 0x1p-22, 1},
		{float32(math.NaN()), math.NaN(), 0}, {1, math.NaN(), math.Inf(1)}, {float32(math.NaN()), 1, math.Inf(1)},
		{float32(math.Inf(1)), math.Inf(1), 0}, {float32(math.Inf(1)), 1e39, 0}, {1, math.Inf(1), math.Inf(1)},
		{float32(math.Inf(-1)), 1e39, math.Inf(1)},
	} {
		if got := ulps(c.got, c.want); got != c.ulps {
			t.Errorf("ulps(%v, %v) = %v, want %v", c.got, c.want, got, c.ulps)
		}
	}
}

// function is a function of one float32 under test.
type function struct {
	name  string
	f     func(p Path, dst, src []float32)
	want  func(float64) float64
	bound float64 // in ulp
	abs   float64 // errors up to this count as none
}

var functions = []function{
	{name: "exp", f: Path.Exp, want: math.Exp, bound: 2},
	{name: "expm1", f: Path.Expm1, want: math.Expm1, bound: 3},
	{name: "log", f: Path.Log, want: math.Log, bound: 2},
	{name: "tanh", f: activation(backend.Tanh), want: math.Tanh, bound: 4},
	{name: "sigmoid", f: Path.Sigmoid, want: sigmoid, bound: 3},
	{name: "softplus", f: activation(backend.Softplus), want: softplus, bound: 4},
	{name: "normalCDF", f: Path.NormalCDF, want: normalCDF, bound: 8},
	{name: "normalPDF", f: Path.NormalPDF, want: normalPDF, bound: 4},
	{name: "relu", f: activation(backend.ReLU), want: relu},
	{name: "leaky-relu", f: activation(backend.LeakyReLU), want: leakyReLU, bound: 1},
	{name: "elu", f: activation(backend.ELU), want: elu, bound: 3},
	{name: "gelu", f: activation(backend.GELU), want: func(a float64) float64 { return notNaN(a, gelu(a)) }, bound: 9, abs: 15 * 0x1p-149},
	{name: "silu", f: activation(backend.SiLU), want: func(a float64) float64 { return notNaN(a, silu(a)) }, bound: 4, abs: 104 * 0x1p-149},
}

// error is how far y is from f(x), in ulp.
func (f function) error(x, y float32) float64 {
	want := f.want(float64(x))
	if math.Abs(float64(y)-want) <= f.abs {
		return 0
	}
	return ulps(y, want)
}

func activation(act backend.Activation) func(p Path, dst, src []float32) {
	return func(p Path, dst, src []float32) { p.Activate(act, dst, src) }
}

// notNaN keeps the products' value at -Inf, which is NaN as -Inf*0.
func notNaN(a, y float64) float64 {
	if math.IsInf(a, -1) {
		return math.NaN()
	}
	return y
}

// TestFunctionsWholeRange visits every float32 if AEGPU_EXHAUSTIVE is set, otherwise every 2003rd
// (every 50021st with -short) and all those next to a place where something changes.
func TestFunctionsWholeRange(t *testing.T) {
	stride := uint64(2003)
	if testing.Short() {
		stride = 50021
	}
	if os.Getenv("AEGPU_EXHAUSTIVE") != "" {
		stride = 1
	}
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			eachPath(t, func(t *testing.T, p Path) {
				if p == Gonum && stride == 1 {
					t.Skip("the portable path rounds float64 results")
				}
				worst, at := sweep(f, p, stride)
				t.Logf("largest error %.3f ulp at %g (%#x)", worst, at, math.Float32bits(at))
				if !(worst <= f.bound) {
					var y [1]float32
					f.f(p, y[:], []float32{at})
					t.Errorf("%s(%g) = %g, want %g: %.3f ulp, the bound is %g", f.name, at, y[0], f.want(float64(at)), worst, f.bound)
				}
			})
		})
	}
}

// sweep finds the largest error over the bit patterns 0, stride, 2*stride, ... and the edges.
func sweep(f function, p Path, stride uint64) (worst float64, at float32) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	try := func(x, y []float32) {
		f.f(p, y, x)
		w, i := 0.0, 0
		for j := range x {
			if e := f.error(x[j], y[j]); e > w {
				w, i = e, j
			}
		}
		mu.Lock()
		if w > worst {
			worst, at = w, x[i]
		}
		mu.Unlock()
	}
	parts := uint64(runtime.GOMAXPROCS(0))
	for part := range parts {
		wg.Go(func() {
			const batch = 4096
			x, y := make([]float32, 0, batch), make([]float32, batch)
			for b := part * stride; b < 1<<32; b += parts * stride {
				if x = append(x, math.Float32frombits(uint32(b))); len(x) == batch {
					try(x, y)
					x = x[:0]
				}
			}
			try(x, y[:len(x)])
		})
	}
	wg.Wait()
	x := edges()
	try(x, make([]float32, len(x)))
	return worst, at
}

// edges are the floats next to where functions overflow, vanish or change their formula.
func edges() []float32 {
	var x []float32
	for _, v := range []float32{0, 0x1p-149, 0x1p-126, 0x1p-23, 0.34657359, 0.41421356, 0.5, 0.70710678, 1, 1.4142135, 2, 9.01, 10, 14.5, 16.6,
		17, 44.3, 80, 87.33655, 88.37, 88.72284, 89, 103.27893, 103.97208, 104, math.MaxFloat32, float32(math.Inf(1)), float32(math.NaN())} {
		b := math.Float32bits(v)
		for d := uint32(0); d < 64; d++ {
			for _, s := range []uint32{0, 1 << 31} {
				x = append(x, math.Float32frombits((b+d)|s), math.Float32frombits((b-d)&^(1<<31)|s))
			}
		}
	}
	return x
}

// Every length and alignment: whole vectors and every tail, nothing outside the slice, dst = src too.
func TestElementwiseTails(t *testing.T) {
	eachPath(t, func(t *testing.T, p Path) {
		r := newRand(6)
		for n := 0; n <= 67; n++ {
			for _, offset := range []int{0, 1, 7, 15} {
				src := newGuarded(n, offset).fill(r)
				dst := newGuarded(n, (offset*3)%16)
				for _, f := range functions {
					f.f(p, dst.data, src.data)
					dst.check(t, f.name)
					for i, x := range src.data {
						if e := f.error(x, dst.data[i]); !(e <= f.bound) {
							t.Fatalf("%s, n %d, offset %d: f(%g) = %g, want %g", f.name, n, offset, x, dst.data[i], f.want(float64(x)))
						}
					}
					same := append([]float32(nil), src.data...)
					f.f(p, same, same)
					if fmt.Sprint(same) != fmt.Sprint(dst.data) {
						t.Fatalf("%s, n %d: in place gives %v, apart %v", f.name, n, same, dst.data)
					}
				}
			}
		}
	})
}

func TestActivateBias(t *testing.T) {
	eachPath(t, func(t *testing.T, p Path) {
		r := newRand(7)
		for _, act := range backend.Activations() {
			for n := 0; n <= 40; n++ {
				x, b, want := newGuarded(n, 3).fill(r), newGuarded(n, 1).fill(r), newGuarded(n, 2)
				p.Add(want.data, x.data, b.data)
				p.Activate(act, want.data, want.data)
				p.ActivateBias(act, x.data, x.data, b.data)
				x.check(t, act.String())
				for i := range want.data {
					if !near(float64(x.data[i]), float64(want.data[i]), 0, 0) {
						t.Fatalf("%v, n %d: [%d] = %g, want %g", act, n, i, x.data[i], want.data[i])
					}
				}
			}
		}
	})
}

// derivatives are s' as functions of what is saved, in float64.
var derivatives = map[backend.Activation]func(float64) float64{
	backend.Identity:  func(float64) float64 { return 1 },
	backend.ReLU:      step(0),
	backend.LeakyReLU: step(backend.LeakySlope),
	backend.ELU:       func(y float64) float64 { return min(y, 0) + 1 },
	backend.GELU:      func(a float64) float64 { return normalCDF(a) + a*normalPDF(a) },
	backend.SiLU:      func(a float64) float64 { return sigmoid(a) * (1 + a*(1-sigmoid(a))) },
	backend.Softplus:  func(y float64) float64 { return -math.Expm1(-y) },
	backend.Sigmoid:   func(y float64) float64 { return y * (1 - y) },
	backend.Tanh:      func(y float64) float64 { return 1 - y*y },
}

// The error of a derivative is small next to 1, the largest part of its sums, not next to itself:
// 1 - y*y loses all its digits where y is nearly 1.
func TestDerive(t *testing.T) {
	eachPath(t, func(t *testing.T, p Path) {
		r := newRand(8)
		for _, act := range backend.Activations() {
			for n := 0; n <= 40; n++ {
				dy, a, v, dst := newGuarded(n, 1).fill(r), newGuarded(n, 2).fill(r), newGuarded(n, 3), newGuarded(n, 4)
				for i := range a.data {
					a.data[i] *= 4
				}
				copy(v.data, a.data)
				if !act.SavesPre() {
					p.Activate(act, v.data, a.data)
				}
				p.Derive(act, dst.data, dy.data, v.data)
				dst.check(t, act.String())
				for i := range dst.data {
					want := float64(dy.data[i]) * derivatives[act](float64(v.data[i]))
					if !near(float64(dst.data[i]), want, 0x1p-21*math.Abs(float64(dy.data[i])), 0) {
						t.Fatalf("%v, n %d: %g at %g gives %g, want %g", act, n, dy.data[i], v.data[i], dst.data[i], want)
					}
				}
				p.Derive(act, dy.data, dy.data, v.data)
				if fmt.Sprint(dy.data) != fmt.Sprint(dst.data) {
					t.Fatalf("%v: in place gives %v, apart %v", act, dy.data, dst.data)
				}
			}
		}
	})
}

// AVX2 and AVX-512 run the same operations: the same bits.
func TestPathsAgree(t *testing.T) {
	if !AVX512.Supported() {
		t.Skip("needs AVX-512")
	}
	x := edges()
	r := newRand(9)
	for range 10000 {
		x = append(x, float32(r.NormFloat64()*10))
	}
	y2, y5 := make([]float32, len(x)), make([]float32, len(x))
	for _, f := range functions {
		f.f(AVX2, y2, x)
		f.f(AVX512, y5, x)
		for i := range x {
			if y2[i] != y5[i] && (y2[i] == y2[i] || y5[i] == y5[i]) {
				t.Fatalf("%s(%g): avx2 gives %g, avx512 %g", f.name, x[i], y2[i], y5[i])
			}
		}
	}
}

// The bits of the functions and losses, as AVX2 and AVX-512 give them: see TestGemmKnownBits.
func TestFunctionsKnownBits(t *testing.T) {
	const want = 0xc316cbe4403db90d
	for _, p := range Paths()[1:] {
		r, h := newRand(15), fnv.New64a()
		x, dy := newGuarded(20003, 1).fractions(r), newGuarded(20003, 2).fractions(r)
		p.Scale(x.data, x.data, 30)
		copy(x.data, edges())
		y, target := newGuarded(len(x.data), 3), newGuarded(len(x.data), 0).fractions(r)
		for _, f := range functions {
			f.f(p, y.data, x.data)
			y.addTo(h)
		}
		for _, act := range backend.Activations() {
			p.ActivateBias(act, y.data, x.data, dy.data)
			y.addTo(h)
			p.Derive(act, y.data, dy.data, x.data)
			y.addTo(h)
		}
		p.Scale(x.data, target.data, 30)
		for n := 1; n < 40; n++ {
			z, g := guarded{data: x.data[n : 4*n]}, guarded{data: y.data[n : 4*n]}
			sums := guarded{data: []float32{
				float32(p.BCELogits(g.data, z.data, target.data[n:4*n], 0.3)),
				float32(p.BCELogits(nil, z.data, target.data[n:4*n], 0)),
				float32(p.SquaredError(y.data[5*n:8*n], z.data, target.data[n:4*n], 0.3)),
			}}
			sums.addTo(h)
			y.addTo(h)
		}
		if got := h.Sum64(); got != want {
			t.Errorf("%v: %#x, want %#x", p, got, uint64(want))
		}
	}
}

func BenchmarkFunctions(b *testing.B) {
	x, y := newGuarded(4096, 0).fill(newRand(1)), newGuarded(4096, 0)
	for _, f := range functions {
		for _, p := range Paths() {
			b.Run(f.name+"/"+p.String(), func(b *testing.B) {
				b.SetBytes(4 * 4096)
				for b.Loop() {
					f.f(p, y.data, x.data)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/element")
			})
		}
	}
}
