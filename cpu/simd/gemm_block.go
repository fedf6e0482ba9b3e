package simd

import "unsafe"

// The blocking follows Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication"
// (ACM TOMS 34(3), 2008), turned to row-major: a panel of A (kern.rows rows) stays in the L1 cache
// while panels of B (kern.cols columns) stream past it from L2.
const (
	// maxSteps is the most steps of k in a block: 384*14 floats of A are two thirds of a 32 KiB L1.
	// It is the same on every path, since it decides where a sum is cut.
	maxSteps = 384
	// maxPacked is the most floats of B packed at once: 4 MiB stay in a shared L3 cache.
	maxPacked = 1 << 20
	// groupRows and groupCols are the most panels of a task, so that its parts of A, B and C
	// fit in an L2 cache of 1 MiB.
	groupRows = 8
	groupCols = 8
	// serialFlops is the work below which handing out tasks costs more than it gains.
	serialFlops = 400_000
	// packedPanelCols is the row length of a packed panel of A in floats, for any row count.
	maxPanelRows = 16
)

// kernels is one instruction set's part of the product.
type kernels struct {
	rows, cols    int              // of the largest tile
	lanes         int              // of a vector
	byStep        [2][]func(*byte) // [vectors-1][rows-1], A packed or transposed in place
	byRow         [2][]func(*byte) // [vectors-1][rows-1], A row-major in place
	copyRows      func(*byte)
	transposeRows func(*byte)
}

// tile is what a micro-kernel is told. The generator knows its layout.
type tile struct {
	k           int // steps
	as, bs, ldc int // bytes between rows (of A: steps, for a byStep kernel)
	a, b, c     unsafe.Pointer
	alpha, beta float32
	mask        uint64
	laneMask    [8]int32
}

// pack is what a packing routine is told. The generator knows its layout.
type pack struct {
	k        int
	ss, ds   int
	src, dst unsafe.Pointer
	mask     uint64
	offsets  [16]int
	laneMask [16]int32
}

// scratch is a worker's own memory.
type scratch struct {
	tile  tile
	pack  pack
	panel []float32 // a panel of A, maxPanelRows floats a step
	_     [64]byte  // workers write their tiles all the time: no shared cache line
}

func newScratch() *scratch {
	return &scratch{panel: make([]float32, maxSteps*maxPanelRows)}
}

// plan is how a product is cut: C into panels of rows and columns and these into groups, one a
// task; k into blocks. Only the cut of k matters for the bits and it depends on k alone.
type plan struct {
	rowPanels, colPanels int
	groupR, groupC       int // panels of a task
	tasksC               int
	steps                int // of a block, the last may be shorter
	packB, packA         bool
	serial               bool
	k0, k1               int // the part of k in this round
	j0, j1               int // the column panels in this round
}

// blocked is the product by packed panels and micro-kernels.
func (g *Gemm) blocked() {
	j := &g.job
	p := &j.plan
	kern := g.kern
	p.rowPanels = ceilDiv(j.m, kern.rows)
	p.colPanels = ceilDiv(j.n, kern.cols)
	p.steps = min(j.k, roundUp(ceilDiv(j.k, ceilDiv(j.k, maxSteps)), 16))
	p.serial = 2*j.m*j.n*j.k < serialFlops
	p.packB = j.tB || p.rowPanels > 2
	if !p.packB {
		g.round(0, j.k, 0, p.colPanels)
		return
	}
	paddedSteps := roundUp(p.steps, 16)
	panelFloats := paddedSteps * kern.cols
	cols := min(p.colPanels, max(1, maxPacked/panelFloats))
	blocks := max(1, maxPacked/(panelFloats*cols))
	g.grow(panelFloats * cols * min(blocks, ceilDiv(j.k, p.steps)))
	for j0 := 0; j0 < p.colPanels; j0 += cols {
		for k0 := 0; k0 < j.k; k0 += blocks * p.steps {
			g.round(k0, min(j.k, k0+blocks*p.steps), j0, min(p.colPanels, j0+cols))
		}
	}
}

// grow makes room for n packed floats, beginning on a cache line.
func (g *Gemm) grow(n int) {
	if len(g.packed) < n {
		g.packed = make([]float32, n+16)
		skip := -uintptr(unsafe.Pointer(&g.packed[0])) % 64 / 4
		g.packed = g.packed[skip:]
	}
}

// round adds the steps [k0, k1) to the column panels [j0, j1) of C.
func (g *Gemm) round(k0, k1, j0, j1 int) {
	p := &g.job.plan
	p.k0, p.k1, p.j0, p.j1 = k0, k1, j0, j1
	if p.packB {
		g.run(ceilDiv(k1-k0, p.steps)*(j1-j0), g.packTask)
	}
	g.group()
	g.run(ceilDiv(p.rowPanels, p.groupR)*p.tasksC, g.tileTask)
}

func (g *Gemm) run(n int, task func(worker, i int)) {
	if g.job.plan.serial {
		for i := 0; i < n; i++ {
			task(0, i)
		}
		return
	}
	g.pool.Run(n, task)
}

// group sizes the tasks: as large as fits in cache, but enough of them to share out evenly.
func (g *Gemm) group() {
	p := &g.job.plan
	cols := p.j1 - p.j0
	p.groupR, p.groupC = min(groupRows, p.rowPanels), min(groupCols, cols)
	want := 8 * g.pool.Workers()
	if p.serial || g.pool.Workers() == 1 {
		want = 1
	}
	for ceilDiv(p.rowPanels, p.groupR)*ceilDiv(cols, p.groupC) < want {
		switch {
		case p.groupC > 1 && p.groupC >= p.groupR:
			p.groupC = (p.groupC + 1) / 2
			continue
		case p.groupR > 1:
			p.groupR = (p.groupR + 1) / 2
			continue
		}
		break
	}
	p.tasksC = ceilDiv(cols, p.groupC)
	p.packA = g.job.tA && p.groupC > 1
}

// panelRows is where row panel i begins. The rows are spread evenly over the panels, so that no
// panel is left with a row or two: the kernels take any number of rows.
func (p *plan) panelRow(i, m int) int {
	return i*(m/p.rowPanels) + min(i, m%p.rowPanels)
}

// packOne packs one block of one panel of B.
func (g *Gemm) packOne(worker, i int) {
	j, kern := &g.job, g.kern
	p := &j.plan
	panels := p.j1 - p.j0
	kb, panel := i/panels, i%panels
	k0 := p.k0 + kb*p.steps
	col := (p.j0 + panel) * kern.cols
	width := min(kern.cols, j.n-col)
	q := &g.scratch[worker].pack
	q.k = min(p.steps, p.k1-k0)
	q.ss = 4 * j.ldb
	q.ds = 4 * kern.cols
	dst := g.packedPanel(kb, panel)
	if !j.tB {
		q.dst = unsafe.Pointer(&dst[0])
		kern.copyPanel(q, &j.b[k0*j.ldb+col], width)
		return
	}
	for c := 0; c < width; c += kern.blockRows() {
		q.dst = unsafe.Pointer(&dst[c])
		kern.transposePanel(q, &j.b[(col+c)*j.ldb+k0], j.ldb, min(kern.blockRows(), width-c))
	}
}

// packedPanel is where block kb of column panel (counted from j0) lies.
func (g *Gemm) packedPanel(kb, panel int) []float32 {
	p := &g.job.plan
	size := roundUp(p.steps, 16) * g.kern.cols
	at := (kb*(p.j1-p.j0) + panel) * size
	return g.packed[at : at+size]
}

// blockRows is the number of source rows a transposing routine takes.
func (k *kernels) blockRows() int { return k.lanes }

// copyPanel copies q.k rows of width floats.
func (k *kernels) copyPanel(q *pack, src *float32, width int) {
	q.src = unsafe.Pointer(src)
	q.mask = 1<<width - 1
	for l := range q.laneMask {
		q.laneMask[l] = lane(l < width)
	}
	k.copyRows((*byte)(unsafe.Pointer(q)))
}

// transposePanel turns rows source rows of q.k floats into q.k rows of k.lanes floats. Missing
// source rows repeat the last one; what they leave in the panel is never stored to C.
func (k *kernels) transposePanel(q *pack, src *float32, ld, rows int) {
	q.src = unsafe.Pointer(src)
	rest := q.k % k.lanes
	q.mask = 1<<rest - 1
	for l := range q.laneMask {
		q.laneMask[l] = lane(l < rest)
	}
	for r := range q.offsets {
		q.offsets[r] = 4 * ld * min(r, rows-1)
	}
	k.transposeRows((*byte)(unsafe.Pointer(q)))
}

func lane(on bool) int32 {
	if on {
		return -1
	}
	return 0
}

// tileOne computes one group of tiles over all blocks of this round.
func (g *Gemm) tileOne(worker, i int) {
	j := &g.job
	p := &j.plan
	s := g.scratch[worker]
	r0 := i / p.tasksC * p.groupR
	r1 := min(p.rowPanels, r0+p.groupR)
	c0 := p.j0 + i%p.tasksC*p.groupC
	c1 := min(p.j1, c0+p.groupC)
	for k0 := p.k0; k0 < p.k1; k0 += p.steps {
		last := k0+p.steps >= j.k
		for r := r0; r < r1; r++ {
			g.rowOfTiles(s, r, c0, c1, k0)
			if last {
				j.finish(p.panelRow(r, j.m), p.panelRow(r+1, j.m), c0*g.kern.cols, min(j.n, c1*g.kern.cols))
			}
		}
	}
}

// rowOfTiles computes row panel r against the column panels [c0, c1) for the block at k0.
func (g *Gemm) rowOfTiles(s *scratch, r, c0, c1, k0 int) {
	j, kern := &g.job, g.kern
	p := &j.plan
	row := p.panelRow(r, j.m)
	rows := p.panelRow(r+1, j.m) - row
	t := &s.tile
	t.k = min(p.steps, p.k1-k0)
	t.alpha, t.beta = j.alpha, 1
	if k0 == 0 {
		t.beta = j.beta
	}
	t.ldc = 4 * j.ldc
	forms := g.operandA(s, row, rows, k0)
	for c := c0; c < c1; c++ {
		col := c * kern.cols
		width := min(kern.cols, j.n-col)
		if p.packB {
			t.b = unsafe.Pointer(&g.packedPanel((k0-p.k0)/p.steps, c-p.j0)[0])
			t.bs = 4 * kern.cols
		} else {
			t.b = unsafe.Pointer(&j.b[k0*j.ldb+col])
			t.bs = 4 * j.ldb
		}
		t.c = unsafe.Pointer(&j.c[row*j.ldc+col])
		vecs := ceilDiv(width, kern.lanes)
		t.setMask(width-(vecs-1)*kern.lanes, kern.lanes)
		forms[vecs-1][rows-1]((*byte)(unsafe.Pointer(t)))
	}
}

// operandA points the tile at its rows of A, packed if that pays, and picks the kernels.
func (g *Gemm) operandA(s *scratch, row, rows, k0 int) *[2][]func(*byte) {
	j, kern := &g.job, g.kern
	t := &s.tile
	if !j.tA {
		t.a, t.as = unsafe.Pointer(&j.a[row*j.lda+k0]), 4*j.lda
		return &kern.byRow
	}
	t.a, t.as = unsafe.Pointer(&j.a[k0*j.lda+row]), 4*j.lda
	if j.plan.packA {
		q := &s.pack
		q.k, q.ss, q.ds = t.k, 4*j.lda, 4*kern.lanes
		q.dst = unsafe.Pointer(&s.panel[0])
		kern.copyPanel(q, &j.a[k0*j.lda+row], rows)
		t.a, t.as = q.dst, q.ds
	}
	return &kern.byStep
}

// setMask limits the last vector of the tile to width columns.
func (t *tile) setMask(width, lanes int) {
	t.mask = 1<<width - 1
	if lanes > len(t.laneMask) {
		return
	}
	for l := range t.laneMask {
		t.laneMask[l] = lane(l < width)
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func roundUp(a, to int) int { return ceilDiv(a, to) * to }
