package simd

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/blas"
)

// benchLayers are the layers (in, out) whose three products are timed.
var benchLayers = [][2]int{{784, 512}, {512, 256}, {256, 32}, {32, 256}, {256, 512}, {512, 784}}

// benchStep is a layer's product: forward y = x*W', input gradient dx = dy*W, weight gradient dW = dy'*x.
type benchStep struct {
	name    string
	tA, tB  blas.Transpose
	m, n, k int
}

func benchSteps(batch, in, out int) []benchStep {
	return []benchStep{
		{name: "fwd", tA: blas.NoTrans, tB: blas.Trans, m: batch, n: out, k: in},
		{name: "dx", tA: blas.NoTrans, tB: blas.NoTrans, m: batch, n: in, k: out},
		{name: "dw", tA: blas.Trans, tB: blas.NoTrans, m: out, n: in, k: batch},
	}
}

// runStep times the products of all layers. Their operands are what a device's are: without gaps, from [Floats].
func runStep(b *testing.B, g *Gemm, steps []benchStep) {
	type operands struct {
		a, b, c  []float32
		lda, ldb int
	}
	var ops []operands
	flops, r := 0.0, newRand(1)
	fill := func(v []float32) []float32 {
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return v
	}
	for _, s := range steps {
		o := operands{a: fill(Floats(s.m * s.k)), b: fill(Floats(s.k * s.n)), c: Floats(s.m * s.n), lda: s.k, ldb: s.n}
		if s.tA != blas.NoTrans {
			o.lda = s.m
		}
		if s.tB != blas.NoTrans {
			o.ldb = s.k
		}
		ops = append(ops, o)
		flops += 2 * float64(s.m) * float64(s.n) * float64(s.k)
	}
	for b.Loop() {
		for i, s := range steps {
			o := &ops[i]
			g.Sgemm(s.tA, s.tB, s.m, s.n, s.k, 1, o.a, o.lda, o.b, o.ldb, 0, o.c, s.n)
		}
	}
	b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// BenchmarkNet times the three products of all layers of the net 784-512-256-32-256-512-784.
func BenchmarkNet(b *testing.B) {
	for _, path := range Paths() {
		for _, workers := range []int{1, 2} {
			for _, batch := range []int{64, 128, 512, 2048, 8192} {
				if path == Gonum && (batch > 2048 || workers > 1) {
					continue
				}
				for i, name := range []string{"fwd", "dx", "dw"} {
					b.Run(fmt.Sprintf("%v/%d/batch%d/%s", path, workers, batch, name), func(b *testing.B) {
						pool := NewPool(workers)
						defer pool.Close()
						var steps []benchStep
						for _, l := range benchLayers {
							steps = append(steps, benchSteps(batch, l[0], l[1])[i])
						}
						runStep(b, NewGemm(path, pool), steps)
					})
				}
			}
		}
	}
}

// BenchmarkLayer times single products, the narrow ones above all.
func BenchmarkLayer(b *testing.B) {
	for _, path := range Paths() {
		for _, workers := range []int{1, 2} {
			for _, batch := range []int{64, 128, 2048} {
				for _, l := range [][2]int{{784, 512}, {512, 256}, {256, 32}, {32, 256}, {512, 784}, {400, 20}, {200, 50}, {30, 10}, {784, 1000}} {
					for _, s := range benchSteps(batch, l[0], l[1]) {
						b.Run(fmt.Sprintf("%v/%d/batch%d/%dto%d/%s", path, workers, batch, l[0], l[1], s.name), func(b *testing.B) {
							pool := NewPool(workers)
							defer pool.Close()
							runStep(b, NewGemm(path, pool), []benchStep{s})
						})
					}
				}
			}
		}
	}
}
