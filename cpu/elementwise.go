package cpu

import "github.com/aegpu/aegpu/backend"

// elementwiseOps are the operations of this file: see [operations].
type elementwiseOps struct {
	add         addOp
	beside      besideOp
	copy        copyOp
	copyColumns copyColumnsOp
	fill        fillOp
	scaleRows   scaleRowsOp
	sum         sumOp
}

// Add is dst += src.
func (d *Device) add(o backend.Add) {
	if d.begin("Add", o.Check()) {
		d.ops.add = addOp{d.floats(o.Dst), d.floats(o.Src)}
		d.each(&d.ops.add, o.Dst.Len(), light)
	}
}

type addOp struct{ dst, src []float32 }

func (o *addOp) part(s *scratch, _, lo, hi int) {
	s.path.Add(o.dst[lo:hi], o.dst[lo:hi], o.src[lo:hi])
}

// Copy is dst = src.
func (d *Device) copy(o backend.Copy) {
	if d.begin("Copy", o.Check()) {
		d.ops.copy = copyOp{d.floats(o.Dst), d.floats(o.Src)}
		d.each(&d.ops.copy, o.Dst.Len(), light)
	}
}

type copyOp struct{ dst, src []float32 }

func (o *copyOp) part(_ *scratch, _, lo, hi int) { copy(o.dst[lo:hi], o.src[lo:hi]) }

// CopyColumns is dst[r,j] = src[r,from+j].
func (d *Device) copyColumns(o backend.CopyColumns) {
	if d.begin("CopyColumns", o.Check()) {
		d.ops.copyColumns = copyColumnsOp{dst: d.floats(o.Dst), src: d.floats(o.Src), cols: o.Dst.Cols, width: o.Src.Cols, from: o.From}
		d.eachRow(&d.ops.copyColumns, o.Dst.Rows, o.Dst.Cols, light)
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

// Beside is dst[r] = x[r] | the one-hot code of class[r/k].
func (d *Device) beside(o backend.Beside) {
	if d.begin("Beside", o.Check()) {
		d.ops.beside = besideOp{dst: d.floats(o.Dst), x: d.floats(o.X), class: d.floats(o.Class), width: o.Dst.Cols, cols: o.X.Cols, per: o.X.Rows / o.Class.Rows}
		d.eachRow(&d.ops.beside, o.Dst.Rows, o.Dst.Cols, light)
	}
}

type besideOp struct {
	dst, x, class    []float32
	width, cols, per int
}

func (o *besideOp) part(_ *scratch, _, lo, hi int) {
	for r := lo; r < hi; r++ {
		to := o.dst[r*o.width : (r+1)*o.width]
		levels := to[copy(to, o.x[r*o.cols:(r+1)*o.cols]):]
		clear(levels)
		if c := o.class[r/o.per]; c >= 0 && c < float32(len(levels)) && c == float32(int(c)) {
			levels[int(c)] = 1
		}
	}
}

// Zero is dst = 0.
func (d *Device) zero(o backend.Zero) {
	if d.begin("Zero", o.Check()) {
		d.ops.fill = fillOp{d.floats(o.Dst)}
		d.each(&d.ops.fill, o.Dst.Len(), light)
	}
}

type fillOp struct{ dst []float32 }

func (o *fillOp) part(_ *scratch, _, lo, hi int) { clear(o.dst[lo:hi]) }

// ScaleRows is t[r,:] *= w[r].
func (d *Device) scaleRows(o backend.ScaleRows) {
	if d.begin("ScaleRows", o.Check()) {
		d.ops.scaleRows = scaleRowsOp{d.floats(o.T), d.floats(o.W), o.T.Cols}
		d.eachRow(&d.ops.scaleRows, o.T.Rows, o.T.Cols, light)
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
func (d *Device) accumulate(o backend.Accumulate) {
	if !d.begin("Accumulate", o.Check()) {
		return
	}
	acc := d.sums(o.Sums)
	d.ops.sum = sumOp{d, d.floats(o.V)}
	if sum := d.sum(&d.ops.sum, o.V.Len(), light); d.ready() {
		acc[o.Slot] += o.Scale * sum
	}
}

type sumOp struct {
	dev *Device
	v   []float32
}

func (o *sumOp) part(s *scratch, i, lo, hi int) { o.dev.partials[i] = s.path.Sum(o.v[lo:hi]) }
