package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// ColumnMeans is m[j] = mean_b h[b,j].
func (d *Device) ColumnMeans(m, h backend.Tensor) {
	if d.begin("ColumnMeans", backend.CheckColumnMeans(m, h)) {
		d.ops.columnSums = columnSumsOp{d.floats(m), d.floats(h), h.Rows, h.Cols, 1 / float64(h.Rows), false}
		d.run(&d.ops.columnSums, h.Cols, narrow)
	}
}

// SparseKL is KL(rho || m_j) summed over the units.
func (d *Device) SparseKL(dh backend.Tensor, s backend.Sums, i int, m backend.Tensor, rho, scale float32) {
	if !d.begin("SparseKL", backend.CheckSparseKL(dh, s, i, m, rho)) {
		return
	}
	acc, means, out := d.sums(s), d.floats(m), d.floats(dh)
	if !d.ready() {
		return
	}
	if cap(d.columns) < len(means) {
		d.columns = make([]float32, len(means))
	}
	row := d.columns[:len(means)]
	p, sum := float64(rho), 0.0
	for j, mean := range means {
		q := min(max(float64(mean), backend.MinSparsity), 1-backend.MinSparsity)
		sum += p*math.Log(p/q) + (1-p)*math.Log((1-p)/(1-q))
		row[j] = float32(float64(scale) * (-p/q + (1-p)/(1-q)))
	}
	acc[i] += sum
	d.ops.addRow = addRowOp{out, row}
	d.eachRow(&d.ops.addRow, dh.Rows, dh.Cols, light)
}

// addRowOp is v[r,:] += row.
type addRowOp struct{ v, row []float32 }

func (o *addRowOp) part(s *scratch, _, lo, hi int) {
	n := len(o.row)
	for r := lo; r < hi; r++ {
		v := o.v[r*n : (r+1)*n]
		s.path.Add(v, v, o.row)
	}
}

// L1 is the sum of |h|.
func (d *Device) L1(dh backend.Tensor, s backend.Sums, i int, h backend.Tensor, share float64, scale float32) {
	if !d.begin("L1", backend.CheckL1(dh, s, i, h)) {
		return
	}
	acc := d.sums(s)
	d.ops.l1 = l1Op{d, d.floats(dh), d.floats(h), scale}
	if sum := d.sum(&d.ops.l1, h.Len(), light); d.ready() {
		acc[i] += share * sum
	}
}

type l1Op struct {
	dev   *Device
	dh, h []float32
	scale float32
}

func (o *l1Op) part(s *scratch, i, lo, hi int) {
	dh, h, sum := o.dh[lo:hi], o.h[lo:hi], 0.0
	for ; len(h) > 0; dh, h = next(dh), next(h) {
		sizes := s.a[:min(block, len(h))]
		for j := range sizes {
			bits := math.Float32bits(h[j])
			sizes[j] = math.Float32frombits(bits &^ signBit)
			dh[j] += o.scale * sign(bits)
		}
		sum += s.path.Sum(sizes)
	}
	o.dev.partials[i] = sum
}

const signBit = 1 << 31

// sign is -1, 0 or 1 by the bits of a number, without a branch that a processor
// would guess wrong half of the time.
func sign(bits uint32) float32 {
	size := bits &^ signBit
	isNot0 := uint32(int32(-size) >> 31) // all ones, or 0
	return math.Float32frombits(isNot0 & (0x3F800000 | bits&signBit))
}

// RowSquares is r[j] = sum_i w[j,i]^2.
func (d *Device) RowSquares(r, w backend.Tensor) {
	if d.begin("RowSquares", backend.CheckRowSquares(r, w)) {
		d.ops.rowSquares = rowSquaresOp{d.floats(r), d.floats(w), w.Cols}
		d.eachRow(&d.ops.rowSquares, w.Rows, w.Cols, light)
	}
}

type rowSquaresOp struct {
	r, w []float32
	cols int
}

func (o *rowSquaresOp) part(s *scratch, _, lo, hi int) {
	for j := lo; j < hi; j++ {
		o.r[j] = float32(s.path.SumSquares(o.w[j*o.cols : (j+1)*o.cols]))
	}
}

// AddScaledRows is dw[j,i] += 2 c_j w[j,i].
func (d *Device) AddScaledRows(dw, w, c backend.Tensor) {
	if d.begin("AddScaledRows", backend.CheckAddScaledRows(dw, w, c)) {
		d.ops.addScaled = addScaledRowsOp{d.floats(dw), d.floats(w), d.floats(c), w.Cols}
		d.eachRow(&d.ops.addScaled, w.Rows, w.Cols, light)
	}
}

type addScaledRowsOp struct {
	dw, w, c []float32
	cols     int
}

func (o *addScaledRowsOp) part(s *scratch, _, lo, hi int) {
	for j := lo; j < hi; j++ {
		s.path.Axpy(o.dw[j*o.cols:(j+1)*o.cols], o.w[j*o.cols:(j+1)*o.cols], 2*o.c[j])
	}
}

// SquareSum is the sum of v^2, and dv = 2 scale v.
func (d *Device) SquareSum(dv backend.Tensor, s backend.Sums, i int, v backend.Tensor, share float64, scale float32) {
	if !d.begin("SquareSum", backend.CheckSquareSum(dv, s, i, v)) {
		return
	}
	acc := d.sums(s)
	d.ops.squareSum = squareSumOp{d, d.floats(dv), d.floats(v), 2 * scale}
	if sum := d.sum(&d.ops.squareSum, v.Len(), light); d.ready() {
		acc[i] += share * sum
	}
}

type squareSumOp struct {
	dev   *Device
	dv, v []float32
	scale float32
}

func (o *squareSumOp) part(s *scratch, i, lo, hi int) {
	o.dev.partials[i] = s.path.SumSquares(o.v[lo:hi])
	s.path.Scale(o.dv[lo:hi], o.v[lo:hi], o.scale)
}
