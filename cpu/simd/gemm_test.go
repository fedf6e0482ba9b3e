package simd

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"gonum.org/v1/gonum/blas"
)

// The generator writes these offsets into the assembly.
func TestTileLayout(t *testing.T) {
	var s tile
	var p pack
	for _, c := range []struct {
		name      string
		got, want uintptr
	}{
		{"k", unsafe.Offsetof(s.k), 0}, {"as", unsafe.Offsetof(s.as), 8}, {"bs", unsafe.Offsetof(s.bs), 16},
		{"ldc", unsafe.Offsetof(s.ldc), 24}, {"a", unsafe.Offsetof(s.a), 32}, {"b", unsafe.Offsetof(s.b), 40},
		{"c", unsafe.Offsetof(s.c), 48}, {"alpha", unsafe.Offsetof(s.alpha), 56}, {"beta", unsafe.Offsetof(s.beta), 60},
		{"mask", unsafe.Offsetof(s.mask), 64}, {"laneMask", unsafe.Offsetof(s.laneMask), 72},
		{"pack.k", unsafe.Offsetof(p.k), 0}, {"pack.ss", unsafe.Offsetof(p.ss), 8}, {"pack.ds", unsafe.Offsetof(p.ds), 16},
		{"pack.src", unsafe.Offsetof(p.src), 24}, {"pack.dst", unsafe.Offsetof(p.dst), 32}, {"pack.mask", unsafe.Offsetof(p.mask), 40},
		{"pack.offsets", unsafe.Offsetof(p.offsets), 48}, {"pack.laneMask", unsafe.Offsetof(p.laneMask), 176},
	} {
		if c.got != c.want {
			t.Errorf("%s is at %d, the assembly reads %d", c.name, c.got, c.want)
		}
	}
}

var transposes = []blas.Transpose{blas.NoTrans, blas.Trans}

// product is one call to test.
type product struct {
	tA, tB      blas.Transpose
	m, n, k     int
	alpha, beta float32
	pad         int // added to each leading dimension
	offset      int // of each operand from a cache line, in floats
}

func (p product) String() string {
	return fmt.Sprintf("%c%c %dx%dx%d alpha %g beta %g pad %d offset %d", p.tA, p.tB, p.m, p.n, p.k, p.alpha, p.beta, p.pad, p.offset)
}

// operands are guarded matrices for p with guard values between the rows too.
func (p product) operands(r *rand.Rand) (a, b, c guarded, lda, ldb, ldc int) {
	make2 := func(t blas.Transpose, rows, cols int) (guarded, int) {
		if t != blas.NoTrans {
			rows, cols = cols, rows
		}
		ld := max(1, cols+p.pad)
		g := newGuarded(max(0, (rows-1)*ld+cols), p.offset)
		for i := range g.data {
			if i%ld < cols {
				g.data[i] = float32(r.NormFloat64())
			}
		}
		return g, ld
	}
	a, lda = make2(p.tA, p.m, p.k)
	b, ldb = make2(p.tB, p.k, p.n)
	c, ldc = make2(blas.NoTrans, p.m, p.n)
	return
}

// finished counts how often every element of C was finished.
type finished struct {
	times []int
	cols  int
}

func (f finished) Finish(r0, r1, c0, c1 int) {
	for i := r0; i < r1; i++ {
		for j := c0; j < c1; j++ {
			f.times[i*f.cols+j]++
		}
	}
}

// checkProduct compares against float64 sums with the bound of Sgemm's comment.
func checkProduct(t *testing.T, g *Gemm, p product, r *rand.Rand) {
	t.Helper()
	a, b, c, lda, ldb, ldc := p.operands(r)
	before := append([]float32(nil), c.data...)
	if p.beta == 0 {
		for i := range c.data {
			if i%ldc < p.n {
				c.data[i] = float32(math.NaN())
			}
		}
	}
	done := make([]int, p.m*p.n)
	var then Finisher
	if g.pool.Workers() == 1 {
		then = finished{done, p.n}
	}
	g.SgemmThen(p.tA, p.tB, p.m, p.n, p.k, p.alpha, a.data, lda, b.data, ldb, p.beta, c.data, ldc, then)
	a.check(t, "A")
	b.check(t, "B")
	c.check(t, "C")
	at, bt := strides(p.tA, lda), strides(p.tB, ldb)
	for i := range c.data {
		row, col := i/ldc, i%ldc
		if col >= p.n {
			if math.Float32bits(c.data[i]) != math.Float32bits(guard) {
				t.Fatalf("%v: wrote between the rows of C at %d", p, i)
			}
			continue
		}
		var sum, size float64
		for s := 0; s < p.k; s++ {
			x := float64(a.data[row*at[0]+s*at[1]]) * float64(b.data[s*bt[0]+col*bt[1]])
			sum += x
			size += math.Abs(x)
		}
		want := float64(p.alpha) * sum
		size *= math.Abs(float64(p.alpha))
		if p.beta != 0 {
			want += float64(p.beta) * float64(before[i])
			size += math.Abs(float64(p.beta) * float64(before[i]))
		}
		if !near(float64(c.data[i]), want, float64(p.k+4)*0x1p-24*size, 0) {
			t.Fatalf("%v: C[%d,%d] = %g, want %g", p, row, col, c.data[i], want)
		}
		if then != nil && done[row*p.n+col] != 1 {
			t.Fatalf("%v: C[%d,%d] was finished %d times", p, row, col, done[row*p.n+col])
		}
	}
}

func TestGemmShapes(t *testing.T) {
	sizes := []int{1, 2, 3, 7, 13, 17, 31, 33, 50, 65}
	if testing.Short() {
		sizes = []int{1, 3, 17, 33, 50}
	}
	eachPath(t, func(t *testing.T, path Path) {
		pool := NewPool(1)
		g := NewGemm(path, pool)
		r := newRand(1)
		betas, alphas := []float32{0, 1, -0.5}, []float32{1, 0.75}
		count := 0
		for _, m := range sizes {
			for _, n := range sizes {
				for _, k := range sizes {
					for _, tA := range transposes {
						for _, tB := range transposes {
							p := product{tA: tA, tB: tB, m: m, n: n, k: k, alpha: alphas[count%2], beta: betas[count%3], pad: count % 5, offset: count % 7}
							checkProduct(t, g, p, r)
							count++
						}
					}
				}
			}
		}
	})
}

// Every kernel: all row and column counts of a tile, all remainders of the unrolled steps, every
// alignment of the operands.
func TestGemmTiles(t *testing.T) {
	eachPath(t, func(t *testing.T, path Path) {
		g := NewGemm(path, NewPool(1))
		r := newRand(2)
		for m := 1; m <= 15; m++ {
			for n := 1; n <= 34; n++ {
				p := product{tA: transposes[n%2], tB: transposes[m%2], m: m, n: n, k: 5 + (m+n)%4, alpha: 1, beta: float32(m % 2), pad: m % 3, offset: n % 16}
				checkProduct(t, g, p, r)
				p.tA, p.tB = transposes[(n+1)%2], transposes[(m+n)%2]
				checkProduct(t, g, p, r)
			}
		}
	})
}

// Sizes that need several blocks, rounds and groups.
func TestGemmBlocks(t *testing.T) {
	eachPath(t, func(t *testing.T, path Path) {
		pool := NewPool(3)
		defer pool.Close()
		g := NewGemm(path, pool)
		r := newRand(3)
		for i, s := range [][3]int{{40, 90, 1024}, {64, 512, 784}, {130, 260, 385}, {19, 3, 2048}, {20, 400, 1500}, {400, 20, 1153}, {257, 33, 800}, {60, 4200, 300}, {45, 300, 4500}} {
			if testing.Short() && s[0]*s[1]*s[2] > 10e6 {
				continue
			}
			for _, tA := range transposes {
				for _, tB := range transposes {
					checkProduct(t, g, product{tA: tA, tB: tB, m: s[0], n: s[1], k: s[2], alpha: 1, beta: float32(i % 2), pad: i % 3}, r)
				}
			}
		}
	})
}

// An unknown worker count, or another instruction set, must not change a bit.
func TestGemmBits(t *testing.T) {
	for _, s := range [][3]int{{64, 256, 784}, {50, 70, 900}, {8, 10, 12}, {30, 784, 1000}, {50, 70, 1024}} {
		for _, tA := range transposes {
			for _, tB := range transposes {
				var want []float32
				var from string
				for _, path := range Paths() {
					for _, workers := range []int{1, 2, 3, 5} {
						p := product{tA: tA, tB: tB, m: s[0], n: s[1], k: s[2]}
						a, b, c, lda, ldb, ldc := p.operands(newRand(4))
						pool := NewPool(workers)
						g := NewGemm(path, pool)
						g.Sgemm(tA, tB, p.m, p.n, p.k, 1, a.data, lda, b.data, ldb, 1, c.data, ldc)
						pool.Close()
						if workers == 1 && (want == nil || from == Gonum.String()) {
							want, from = append([]float32(nil), c.data...), path.String()
							continue
						}
						for i := range want {
							if math.Float32bits(want[i]) != math.Float32bits(c.data[i]) {
								t.Fatalf("%v: %v with %d workers gives %v, %s with one gave %v", p, path, workers, c.data[i], from, want[i])
							}
						}
					}
				}
			}
		}
	}
}

// A product that is made as its transpose has the bits of one that is not, which adds to zeros.
func TestGemmTurnedBits(t *testing.T) {
	eachPath(t, func(t *testing.T, path Path) {
		pool := NewPool(3)
		defer pool.Close()
		g := NewGemm(path, pool)
		for _, s := range [][3]int{{1, 40, 30}, {3, 65, 33}, {16, 300, 256}, {50, 301, 777}, {64, 512, 784}, {20, 400, 1500}} {
			for _, tA := range transposes {
				for _, tB := range transposes {
					p := product{tA: tA, tB: tB, m: s[0], n: s[1], k: s[2]}
					if j := (job{m: p.m, n: p.n, k: p.k}); !j.worthTurning() {
						t.Fatalf("%v is not worth turning", p)
					}
					a, b, c, lda, ldb, ldc := p.operands(newRand(5))
					g.Sgemm(tA, tB, p.m, p.n, p.k, 1, a.data, lda, b.data, ldb, 0, c.data, ldc)
					c.check(t, "C")
					straight := make([]float32, len(c.data))
					g.Sgemm(tA, tB, p.m, p.n, p.k, 1, a.data, lda, b.data, ldb, 1, straight, ldc)
					for i := range straight {
						if i%ldc < p.n && straight[i] != c.data[i] {
							t.Fatalf("%v: element %d is %v, made straight %v", p, i, c.data[i], straight[i])
						}
					}
				}
			}
		}
	})
}

// The bits of products with fused multiply-adds, as AVX2 and AVX-512 give them: other machines, and arm64 under
// emulation, are held to the same.
func TestGemmKnownBits(t *testing.T) {
	const want = 0xd44a62fd008a42d7
	for _, path := range Paths()[1:] {
		g := NewGemm(path, NewPool(1))
		r, h := newRand(6), fnv.New64a()
		for i, s := range [][3]int{{1, 1, 1}, {2, 9, 33}, {5, 13, 7}, {64, 50, 784}, {33, 70, 600}, {12, 21, 1024}, {7, 300, 257}} {
			for _, tA := range transposes {
				for _, tB := range transposes {
					p := product{tA: tA, tB: tB, m: s[0], n: s[1], k: s[2], alpha: []float32{1, 0.3}[i%2], beta: []float32{0, 1, -0.7}[i%3]}
					a, b, c, lda, ldb, ldc := p.operands(newRand(0))
					a.fractions(r)
					b.fractions(r)
					c.fractions(r)
					g.Sgemm(tA, tB, p.m, p.n, p.k, p.alpha, a.data, lda, b.data, ldb, p.beta, c.data, ldc)
					c.addTo(h)
				}
			}
		}
		if got := h.Sum64(); got != want {
			t.Errorf("%v: %#x, want %#x", path, got, uint64(want))
		}
	}
}

// 0*NaN and 0*Inf are NaN, on every path, in every position.
func TestGemmPropagatesNaN(t *testing.T) {
	eachPath(t, func(t *testing.T, path Path) {
		g := NewGemm(path, NewPool(1))
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
			for _, tA := range transposes {
				for _, tB := range transposes {
					const m, n, k = 33, 35, 19
					a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
					lda, ldb := k, n
					at, bt := [2]int{k, 1}, [2]int{n, 1}
					if tA != blas.NoTrans {
						lda, at = m, [2]int{1, m}
					}
					if tB != blas.NoTrans {
						ldb, bt = k, [2]int{1, k}
					}
					b[7*bt[0]+30*bt[1]] = bad
					g.Sgemm(tA, tB, m, n, k, 1, a, lda, b, ldb, 0, c, n)
					for i, v := range c {
						if (v != v) != (i%n == 30) {
							t.Fatalf("%c%c B = %v: C[%d,%d] = %v", tA, tB, bad, i/n, i%n, v)
						}
					}
					b[7*bt[0]+30*bt[1]] = 0
					a[20*at[0]+18*at[1]] = bad
					g.Sgemm(tA, tB, m, n, k, 1, a, lda, b, ldb, 0, c, n)
					for i, v := range c {
						if (v != v) != (i/n == 20) {
							t.Fatalf("%c%c A = %v: C[%d,%d] = %v", tA, tB, bad, i/n, i%n, v)
						}
					}
				}
			}
		}
	})
}

func TestGemmEmptyAndAlphaZero(t *testing.T) {
	eachPath(t, func(t *testing.T, path Path) {
		g := NewGemm(path, NewPool(1))
		nan := float32(math.NaN())
		for _, k := range []int{0, 2} {
			c := []float32{nan, nan}
			a, b := []float32{nan, nan}, []float32{nan, nan, nan, nan}
			g.Sgemm(blas.NoTrans, blas.NoTrans, 1, 2, k, 0, a, max(1, k), b, 2, 0, c, 2)
			if c[0] != 0 || c[1] != 0 {
				t.Errorf("k %d, alpha 0, beta 0: C = %v", k, c)
			}
			c = []float32{1, 2}
			g.Sgemm(blas.NoTrans, blas.NoTrans, 1, 2, 0, 1, nil, 1, nil, 2, 3, c, 2)
			if c[0] != 3 || c[1] != 6 {
				t.Errorf("k 0, beta 3: C = %v", c)
			}
		}
		g.Sgemm(blas.NoTrans, blas.NoTrans, 0, 2, 2, 1, nil, 2, make([]float32, 4), 2, 0, nil, 2)
	})
}

func TestGemmRefusesBadSizes(t *testing.T) {
	g := NewGemm(Best(), NewPool(1))
	x := make([]float32, 12)
	for name, f := range map[string]func(){
		"short A": func() { g.Sgemm('N', 'N', 4, 3, 4, 1, x, 4, x, 3, 0, x, 3) },
		"lda":     func() { g.Sgemm('N', 'N', 3, 3, 4, 1, x, 3, x, 3, 0, x, 3) },
		"tA":      func() { g.Sgemm('X', 'N', 3, 3, 4, 1, x, 4, x, 3, 0, x, 3) },
		"m":       func() { g.Sgemm('N', 'N', -3, 3, 4, 1, x, 4, x, 3, 0, x, 3) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestGemmAllocatesNothing(t *testing.T) {
	for _, path := range Paths()[1:] {
		pool := NewPool(2)
		defer pool.Close()
		g := NewGemm(path, pool)
		r := newRand(5)
		for _, tA := range transposes {
			p := product{tA: tA, tB: blas.Trans, m: 64, n: 100, k: 200}
			a, b, c, lda, ldb, ldc := p.operands(r)
			f := func() { g.Sgemm(p.tA, p.tB, p.m, p.n, p.k, 1, a.data, lda, b.data, ldb, 0, c.data, ldc) }
			if n := testing.AllocsPerRun(20, f); n != 0 {
				t.Errorf("%v: %v allocations a call", path, n)
			}
		}
	}
}
