package simd

import "unsafe"

// A product of few rows with a large B spends its time on packing B. Its transpose, C' = op(B)' op(A)', packs op(A)'
// instead, the small one, and reads B where it lies, or packs what a task needs of it into that task's cache; then
// C' is turned, piece by piece. Every element is the same sum in the same order.

// worthTurning weighs the floats that turning moves against those of B.
func (j *job) worthTurning() bool { return j.beta == 0 && 2*j.m*(j.k+2*j.n) < j.n*j.k }

// turn makes the job that of the transpose.
func (g *Gemm) turn() {
	j := &g.job
	if len(g.turned) < j.m*j.n {
		g.turned = Floats(j.m * j.n)
	}
	j.out, j.ldout = j.c, j.ldc
	j.c, j.ldc = g.turned, j.m
	j.m, j.n = j.n, j.m
	j.a, j.lda, j.b, j.ldb = j.b, j.ldb, j.a, j.lda
	j.tA, j.tB = !j.tB, !j.tA
}

// done hands on a piece of c, the rows [r0, r1) and columns [c0, c1).
func (g *Gemm) done(s *scratch, r0, r1, c0, c1 int) {
	j := &g.job
	if j.out == nil {
		j.finish(r0, r1, c0, c1)
		return
	}
	lanes := g.kern.lanes
	q := &s.pack
	q.k, q.ds = (c1-c0)/lanes*lanes, 4*j.ldout // of less than a vector it writes too much
	r := r0
	for ; r+lanes <= r1 && q.k > 0; r += lanes {
		q.dst = unsafe.Pointer(&j.out[c0*j.ldout+r])
		g.kern.transposePanel(q, &j.c[r*j.ldc+c0], j.ldc, lanes)
		j.turnBack(r, r+lanes, c0+q.k, c1)
	}
	j.turnBack(r, r1, c0, c1)
	j.finish(c0, c1, r0, r1)
}

func (j *job) turnBack(r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		for c := c0; c < c1; c++ {
			j.out[c*j.ldout+r] = j.c[r*j.ldc+c]
		}
	}
}
