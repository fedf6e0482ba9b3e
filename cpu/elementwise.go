package cpu

import "github.com/aegpu/aegpu/backend"

// Add is dst += src.
func (d *Device) Add(dst, src backend.Tensor) {
	if d.begin("Add", backend.CheckAdd(dst, src)) {
		d.ops.add = addOp{d.floats(dst), d.floats(src)}
		d.each(&d.ops.add, dst.Len(), light)
	}
}

type addOp struct{ dst, src []float32 }

func (o *addOp) part(s *scratch, _, lo, hi int) {
	s.path.Add(o.dst[lo:hi], o.dst[lo:hi], o.src[lo:hi])
}

// Copy is dst = src.
func (d *Device) Copy(dst, src backend.Tensor) {
	if d.begin("Copy", backend.CheckCopy(dst, src)) {
		d.ops.copy = copyOp{d.floats(dst), d.floats(src)}
		d.each(&d.ops.copy, dst.Len(), light)
	}
}

type copyOp struct{ dst, src []float32 }

func (o *copyOp) part(_ *scratch, _, lo, hi int) { copy(o.dst[lo:hi], o.src[lo:hi]) }

// CopyColumns is dst[r,j] = src[r,from+j].
func (d *Device) CopyColumns(dst, src backend.Tensor, from int) {
	if d.begin("CopyColumns", backend.CheckCopyColumns(dst, src, from)) {
		d.ops.copyColumns = copyColumnsOp{d.floats(dst), d.floats(src), dst.Cols, src.Cols, from}
		d.eachRow(&d.ops.copyColumns, dst.Rows, dst.Cols, light)
	}
}

type copyColumnsOp struct {
	dst, src          []float32
	cols, width, from int
}

func (o *copyColumnsOp) part(_ *scratch, _, lo, hi int) {
	for r := lo; r < hi; r++ {
		copy(o.dst[r*o.cols:(r+1)*o.cols], o.src[r*o.width+o.from:])
	}
}

// Zero is dst = 0.
func (d *Device) Zero(dst backend.Tensor) {
	if d.begin("Zero", backend.CheckZero(dst)) {
		d.ops.fill = fillOp{d.floats(dst)}
		d.each(&d.ops.fill, dst.Len(), light)
	}
}

type fillOp struct{ dst []float32 }

func (o *fillOp) part(_ *scratch, _, lo, hi int) { clear(o.dst[lo:hi]) }

// ScaleRows is t[r,:] *= w[r].
func (d *Device) ScaleRows(t, w backend.Tensor) {
	if d.begin("ScaleRows", backend.CheckScaleRows(t, w)) {
		d.ops.scaleRows = scaleRowsOp{d.floats(t), d.floats(w), t.Cols}
		d.eachRow(&d.ops.scaleRows, t.Rows, t.Cols, light)
	}
}

type scaleRowsOp struct {
	t, w []float32
	cols int
}

func (o *scaleRowsOp) part(s *scratch, _, lo, hi int) {
	for r := lo; r < hi; r++ {
		row := o.t[r*o.cols : (r+1)*o.cols]
		s.path.Scale(row, row, o.w[r])
	}
}

// Accumulate is s[i] += scale * sum of v.
func (d *Device) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	if !d.begin("Accumulate", backend.CheckAccumulate(s, i, v)) {
		return
	}
	acc := d.sums(s)
	d.ops.sum = sumOp{d, d.floats(v)}
	if sum := d.sum(&d.ops.sum, v.Len(), light); d.ready() {
		acc[i] += scale * sum
	}
}

type sumOp struct {
	dev *Device
	v   []float32
}

func (o *sumOp) part(s *scratch, i, lo, hi int) { o.dev.partials[i] = s.path.Sum(o.v[lo:hi]) }
