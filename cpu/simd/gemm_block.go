package simd

import "unsafe"

// The blocking follows Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication"
// (ACM TOMS 34(3), 2008): a panel of B (kern.cols columns) stays in the L1 cache while panels of A
// (kern.rows rows) stream past it from L2.
const (
	// maxSteps is the most steps of k in a block: 256*16 floats of B take half of a 32 KiB L1 and leave
	// room for A to pass. It is the same on every path, since it decides where a sum is cut.
	maxSteps = 256
	// maxPacked is the most floats of B packed at once: 4 MiB stay in a shared L3 cache.
	maxPacked = 1 << 20
	// groupRows and groupCols are about the most rows and columns of a task, so that its parts of
	// A, B and C fit in an L2 cache of 1 MiB; wideCols is the most columns where only A and C need to.
	groupRows = 112
	groupCols = 256
	wideCols  = 1024
	// aliased is the distance of rows, in floats, at which they share the lines of an L1 cache, 4 KiB: all rows
	// of a panel together need more than there are, and cost half of the speed unless they are packed.
	aliased = 1024
	// apart is the floats between packed panels: a cache line, so that where one is written to many of them in turn
	// they do not share the lines of a cache.
	apart = 16
	// serialFlops is the work below which handing out tasks costs more than it gains.
	serialFlops = 400_000
	// packRows is how many rows of a wide operand are packed for all panels at once: each is read
	// to the end of its cache lines and pages before they are lost.
	packRows = 16
)

// kernels is one instruction set's part of the product.
type kernels struct {
	rows, cols    int              // of the largest tile
	lanes         int              // of a vector
	byStep        [2][]func(*byte) // [vectors-1][rows-1], A packed or transposed in place
	byRow         [2][]func(*byte) // [vectors-1][rows-1], A row-major in place
	copyRows      func(*byte)
	transposeRows func(*byte)
	wholeB        bool // B is read in whole vectors, so one that ends within a vector is packed
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
	width    int // what the masks are set to
}

// scratch is a worker's own memory.
type scratch struct {
	tile  tile
	pack  pack
	panel []float32 // the panels of A of a task, one after the other, a vector a step
	_     [64]byte  // workers write their tiles all the time: no shared cache line
}

func newScratch() *scratch {
	return &scratch{panel: Floats(2 * groupRows * maxSteps)} // a panel's rows fill half of a vector at least
}

// plan is how a product is cut: C into panels of rows and columns and these into groups, one a
// task; k into blocks. Only the cut of k matters for the bits and it depends on k alone.
type plan struct {
	rowPanels, colPanels int
	rows, extra          int // of a row panel; the first extra panels have one row more
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
	p.rows, p.extra = j.m/p.rowPanels, j.m%p.rowPanels
	p.colPanels = ceilDiv(j.n, kern.cols)
	p.steps = min(j.k, roundUp(ceilDiv(j.k, ceilDiv(j.k, maxSteps)), 16))
	p.serial = 2*j.m*j.n*j.k < serialFlops
	p.packB = j.tB || p.rowPanels > 2 || kern.wholeB && j.n%kern.lanes != 0
	if !p.packB {
		g.round(0, j.k, 0, p.colPanels)
		return
	}
	panelFloats := g.panelFloats()
	cols := min(p.colPanels, max(1, maxPacked/panelFloats))
	blocks := max(1, maxPacked/(panelFloats*cols))
	g.grow(panelFloats * cols * min(blocks, ceilDiv(j.k, p.steps)))
	for j0 := 0; j0 < p.colPanels; j0 += cols {
		for k0 := 0; k0 < j.k; k0 += blocks * p.steps {
			g.round(k0, min(j.k, k0+blocks*p.steps), j0, min(p.colPanels, j0+cols))
		}
	}
}

// grow makes room for n packed floats.
func (g *Gemm) grow(n int) {
	if len(g.packed) < n {
		g.packed = Floats(n)
	}
}

// round adds the steps [k0, k1) to the column panels [j0, j1) of C.
func (g *Gemm) round(k0, k1, j0, j1 int) {
	p := &g.job.plan
	p.k0, p.k1, p.j0, p.j1 = k0, k1, j0, j1
	if p.packB {
		g.run(p.packTasks(g.job.tB), g.packTask)
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

// group sizes the tasks: as large as fits in cache, but enough of them to share out evenly. A transposed
// A is packed anew by every task, so its tasks are as wide as may be.
func (g *Gemm) group() {
	p := &g.job.plan
	cols := p.j1 - p.j0
	p.groupR, p.groupC = min(groupRows/g.kern.rows, p.rowPanels), min(groupCols/g.kern.cols, cols)
	p.packA = cols > 1 && (g.job.tA || g.job.lda%aliased == 0)
	if p.packA {
		p.groupC = min(wideCols/g.kern.cols, cols)
	}
	want := 8 * g.pool.Workers()
	if p.serial || g.pool.Workers() == 1 {
		want = 1
	}
	for ceilDiv(p.rowPanels, p.groupR)*ceilDiv(cols, p.groupC) < want {
		switch {
		case p.groupC > 1 && p.groupC >= p.groupR && !(p.packA && p.groupR > 2):
			p.groupC = (p.groupC + 1) / 2
			continue
		case p.groupR > 1:
			p.groupR = (p.groupR + 1) / 2
			continue
		}
		break
	}
	p.tasksC = ceilDiv(cols, p.groupC)
	p.packA = p.packA && p.groupC > 1
}

// panelRow is where row panel i begins. The rows are spread evenly over the panels, so that no
// panel is left with a row or two: the kernels take any number of rows.
func (p *plan) panelRow(i int) int {
	return i*p.rows + min(i, p.extra)
}

// packTasks is the number of tasks of packOne in this round.
func (p *plan) packTasks(tB bool) int {
	if tB {
		return ceilDiv(p.k1-p.k0, p.steps) * (p.j1 - p.j0)
	}
	return ceilDiv(p.k1-p.k0, packRows)
}

// packOne packs a part of B: a block of a panel if B is transposed, otherwise packRows rows.
func (g *Gemm) packOne(worker, i int) {
	p := &g.job.plan
	q := &g.scratch[worker].pack
	q.ds = 4 * g.kern.cols
	if g.job.tB {
		panels := p.j1 - p.j0
		g.packTransposed(q, i/panels, i%panels)
		return
	}
	for panel := range p.j1 - p.j0 {
		g.packStraight(q, i*packRows, panel)
	}
}

// packTransposed packs block kb of a column panel out of B's rows.
func (g *Gemm) packTransposed(q *pack, kb, panel int) {
	j, kern := &g.job, g.kern
	k0 := j.plan.k0 + kb*j.plan.steps
	col := (j.plan.j0 + panel) * kern.cols
	width := min(kern.cols, j.n-col)
	q.k = min(j.plan.steps, j.plan.k1-k0)
	dst := g.packedPanel(kb, panel)
	for c := 0; c < width; c += kern.lanes {
		q.dst = unsafe.Pointer(&dst[c])
		kern.transposePanel(q, &j.b[(col+c)*j.ldb+k0], j.ldb, min(kern.lanes, width-c))
	}
}

// packStraight packs the part of a column panel in the packRows rows from step at of this round.
// They lie in one block: its length is a multiple of packRows, or it is the only one.
func (g *Gemm) packStraight(q *pack, at, panel int) {
	j, kern := &g.job, g.kern
	p := &j.plan
	col := (p.j0 + panel) * kern.cols
	q.k = min(packRows, p.k1-p.k0-at)
	q.ss = 4 * j.ldb
	q.dst = unsafe.Pointer(&g.packedPanel(at/p.steps, panel)[at%p.steps*kern.cols])
	kern.copyPanel(q, &j.b[(p.k0+at)*j.ldb+col], min(kern.cols, j.n-col))
}

// panelFloats is the distance of packed panels of B.
func (g *Gemm) panelFloats() int { return roundUp(g.job.plan.steps, 16)*g.kern.cols + apart }

// packedPanel is where block kb of column panel (counted from j0) lies.
func (g *Gemm) packedPanel(kb, panel int) []float32 {
	p := &g.job.plan
	size := g.panelFloats()
	at := (kb*(p.j1-p.j0) + panel) * size
	return g.packed[at : at+size]
}

// copyPanel copies q.k rows of width floats.
func (k *kernels) copyPanel(q *pack, src *float32, width int) {
	q.src = unsafe.Pointer(src)
	q.limit(width)
	k.copyRows((*byte)(unsafe.Pointer(q)))
}

// limit sets the masks to the first width lanes.
func (q *pack) limit(width int) {
	if q.width == width {
		return
	}
	q.width, q.mask = width, 1<<width-1
	for l := range q.laneMask {
		q.laneMask[l] = lane(l < width)
	}
}

// transposePanel turns rows source rows of q.k floats into q.k rows of k.lanes floats. Missing
// source rows repeat the last one; what they leave in the panel is never stored to C.
func (k *kernels) transposePanel(q *pack, src *float32, ld, rows int) {
	q.src = unsafe.Pointer(src)
	q.limit(q.k % k.lanes)
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
		if p.packA {
			g.packPanels(s, r0, r1, k0)
		}
		for c := c0; c < c1; c++ {
			g.columnOfTiles(s, c, r0, r1, k0)
		}
	}
	if p.k1 == j.k {
		g.done(s, p.panelRow(r0), p.panelRow(r1), c0*g.kern.cols, min(j.n, c1*g.kern.cols))
	}
}

// slot is the distance of packed panels of A, in floats.
func (k *kernels) slot() int { return maxSteps*k.lanes + apart }

// packPanels packs the row panels [r0, r1) of A for the block at k0.
func (g *Gemm) packPanels(s *scratch, r0, r1, k0 int) {
	j, kern := &g.job, g.kern
	p := &j.plan
	q := &s.pack
	q.ss, q.ds = 4*j.lda, 4*kern.lanes
	steps := min(p.steps, p.k1-k0)
	if !j.tA {
		q.k = steps
		for r := r0; r < r1; r++ {
			row := p.panelRow(r)
			q.dst = unsafe.Pointer(&s.panel[(r-r0)*kern.slot()])
			kern.transposePanel(q, &j.a[row*j.lda+k0], j.lda, p.panelRow(r+1)-row)
		}
		return
	}
	for at := 0; at < steps; at += packRows {
		q.k = min(packRows, steps-at)
		for r := r0; r < r1; r++ {
			row := p.panelRow(r)
			q.dst = unsafe.Pointer(&s.panel[(r-r0)*kern.slot()+at*kern.lanes])
			kern.copyPanel(q, &j.a[(k0+at)*j.lda+row], p.panelRow(r+1)-row)
		}
	}
}

// columnOfTiles computes column panel c, which stays in the L1 cache, against the row panels [r0, r1) for
// the block at k0.
func (g *Gemm) columnOfTiles(s *scratch, c, r0, r1, k0 int) {
	j, kern := &g.job, g.kern
	p := &j.plan
	t := &s.tile
	t.k = min(p.steps, p.k1-k0)
	t.alpha, t.beta = j.alpha, 1
	if k0 == 0 {
		t.beta = j.beta
	}
	t.ldc = 4 * j.ldc
	g.operandB(t, c, k0)
	forms, next := g.operandA(s, p.panelRow(r0), k0)
	width := min(kern.cols, j.n-c*kern.cols)
	vecs := ceilDiv(width, kern.lanes)
	t.setMask(width-(vecs-1)*kern.lanes, kern.lanes)
	t.c = unsafe.Pointer(&j.c[p.panelRow(r0)*j.ldc+c*kern.cols])
	for r := r0; ; r++ {
		rows := p.panelRow(r+1) - p.panelRow(r)
		forms[vecs-1][rows-1]((*byte)(unsafe.Pointer(t)))
		if r+1 == r1 {
			break
		}
		t.a = unsafe.Add(t.a, next.panel+next.row*rows)
		t.c = unsafe.Add(t.c, rows*t.ldc)
	}
}

// operandB points the tile at column panel c of B, packed or in place.
func (g *Gemm) operandB(t *tile, c, k0 int) {
	j, kern := &g.job, g.kern
	p := &j.plan
	if !p.packB {
		t.b, t.bs = unsafe.Pointer(&j.b[k0*j.ldb+c*kern.cols]), 4*j.ldb
		return
	}
	t.b, t.bs = unsafe.Pointer(&g.packedPanel((k0-p.k0)/p.steps, c-p.j0)[0]), 4*kern.cols
}

// walk is the bytes from a panel of A to the next: of whole panels where they are packed, a row otherwise.
type walk struct{ panel, row int }

// operandA points the tile at the rows of A from row on, packed or in place, and picks the kernels.
func (g *Gemm) operandA(s *scratch, row, k0 int) (*[2][]func(*byte), walk) {
	j, kern := &g.job, g.kern
	t := &s.tile
	if j.plan.packA {
		t.a, t.as = unsafe.Pointer(&s.panel[0]), 4*kern.lanes
		return &kern.byStep, walk{panel: 4 * kern.slot()}
	}
	if !j.tA {
		t.a, t.as = unsafe.Pointer(&j.a[row*j.lda+k0]), 4*j.lda
		return &kern.byRow, walk{row: t.as}
	}
	t.a, t.as = unsafe.Pointer(&j.a[k0*j.lda+row]), 4*j.lda
	return &kern.byStep, walk{row: 4}
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
