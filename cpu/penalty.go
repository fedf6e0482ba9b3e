package cpu

import (
	"cmp"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// penaltyOps are the operations of this file: see [operations].
type penaltyOps struct {
	addRow     addRowOp
	l1         l1Op
	rowSquares rowSquaresOp
	addScaled  addScaledRowsOp
	squareSum  squareSumOp
}

// ColumnMeans is m[j] = mean_b h[b,j].
func (d *Device) columnMeans(o backend.ColumnMeans) {
	if d.begin("ColumnMeans", o.Check()) {
		d.ops.columnSums = columnSumsOp{out: d.floats(o.M), v: d.floats(o.H), rows: o.H.Rows, cols: o.H.Cols, scale: 1 / float64(cmp.Or(o.Of, o.H.Rows))}
		d.run(&d.ops.columnSums, o.H.Cols, narrow)
	}
}

// SparseKL is KL(rho || m_j) summed over the units.
func (d *Device) sparseKL(o backend.SparseKL) {
	if !d.begin("SparseKL", o.Check()) {
		return
	}
	acc, means, out := d.sums(o.Sums), d.floats(o.M), d.floats(o.DH)
	if !d.ready() {
		return
	}
	if cap(d.columns) < len(means) {
		d.columns = make([]float32, len(means))
	}
	row := d.columns[:len(means)]
	p, sum := float64(o.Rho), 0.0
	for j, mean := range means {
		q := min(max(float64(mean), backend.MinSparsity), 1-backend.MinSparsity)
		sum += p*math.Log(p/q) + (1-p)*math.Log((1-p)/(1-q))
		row[j] = float32(float64(o.Scale) * (-p/q + (1-p)/(1-q)))
	}
	acc[o.Slot] += sum
	d.ops.addRow = addRowOp{out, row}
	d.eachRow(&d.ops.addRow, o.DH.Rows, o.DH.Cols, light)
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
func (d *Device) l1(o backend.L1) {
	if !d.begin("L1", o.Check()) {
		return
	}
	acc := d.sums(o.Sums)
	d.ops.l1 = l1Op{d, d.floats(o.DH), d.floats(o.H), o.Scale}
	if sum := d.sum(&d.ops.l1, o.H.Len(), light); d.ready() {
		acc[o.Slot] += o.Share * sum
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
func (d *Device) rowSquares(o backend.RowSquares) {
	if d.begin("RowSquares", o.Check()) {
		d.ops.rowSquares = rowSquaresOp{d.floats(o.R), d.floats(o.W), o.W.Cols}
		d.eachRow(&d.ops.rowSquares, o.W.Rows, o.W.Cols, light)
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
func (d *Device) addScaledRows(o backend.AddScaledRows) {
	if d.begin("AddScaledRows", o.Check()) {
		d.ops.addScaled = addScaledRowsOp{d.floats(o.DW), d.floats(o.W), d.floats(o.C), o.W.Cols}
		d.eachRow(&d.ops.addScaled, o.W.Rows, o.W.Cols, light)
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
func (d *Device) squareSum(o backend.SquareSum) {
	if !d.begin("SquareSum", o.Check()) {
		return
	}
	acc := d.sums(o.Sums)
	d.ops.squareSum = squareSumOp{d, d.floats(o.DV), d.floats(o.V), 2 * o.Scale}
	if sum := d.sum(&d.ops.squareSum, o.V.Len(), light); d.ready() {
		acc[o.Slot] += o.Share * sum
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
