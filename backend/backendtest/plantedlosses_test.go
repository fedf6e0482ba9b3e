package backendtest

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// lossPlants are faults in losses, penalties and accumulators.
var lossPlants = []fault{
	{bug: "reads one past the end", group: "Sums", in: func(d backend.Device) backend.Device { return longSum{d} }},
	{bug: "changes its input", group: "Penalties", in: func(d backend.Device) backend.Device { return spoilsInput{d} }},
	{bug: "hides NaN in the loss", group: "Special", in: func(d backend.Device) backend.Device { return hidesNaN{d} }},
	{bug: "K samples, one target", group: "Loss", in: func(d backend.Device) backend.Device { return firstTarget{d} }},
	{bug: "no gradient scale", group: "Loss", in: func(d backend.Device) backend.Device { return unscaled{d} }},
	{bug: "sets the gradient by spreads", group: "Columns", in: func(d backend.Device) backend.Device { return setsSpread{d} }},
	{bug: "all rows weigh alike in the gradient by spreads", group: "Columns", in: func(d backend.Device) backend.Device { return unweighed{d} }},
	{bug: "a gradient that is never even", group: "Columns", in: func(d backend.Device) backend.Device { return uneven{d} }},
	{bug: "takes what the tensor holds as the spread", group: "Columns", in: func(d backend.Device) backend.Device { return rawSpread{d} }},
	{bug: "the gradient by the spread, not by what the tensor holds", group: "Columns", in: func(d backend.Device) backend.Device { return rawGradient{d} }},
	{bug: "takes what the tensor holds as the zero logit of a mean", group: "Columns", in: func(d backend.Device) backend.Device { return rawZeros{d} }},
	{bug: "the mean of counts without zeros of their own", group: "Columns", in: func(d backend.Device) backend.Device { return countsAll{d} }},
	{bug: "a total of all columns", group: "Columns", in: func(d backend.Device) backend.Device { return totalsAll{d} }},
	{bug: "a total below the least", group: "Columns", in: func(d backend.Device) backend.Device { return noLeast{d} }},
	{bug: "a total in float32", group: "Columns", in: func(d backend.Device) backend.Device { return totals32{d} }},
	{bug: "a missing cell is a 0", group: "Columns", in: func(d backend.Device) backend.Device { return fillsCells{d} }},
	{bug: "sets an accumulator", group: "Sums", in: func(d backend.Device) backend.Device { return setsSum{d} }},
}

type (
	longSum     struct{ backend.Device }
	spoilsInput struct{ backend.Device }
	hidesNaN    struct{ backend.Device }
	firstTarget struct{ backend.Device }
	unscaled    struct{ backend.Device }
	setsSum     struct{ backend.Device }
	setsSpread  struct{ backend.Device }
	fillsCells  struct{ backend.Device }
	unweighed   struct{ backend.Device }
	countsAll   struct{ backend.Device }
	uneven      struct{ backend.Device }
	totalsAll   struct{ backend.Device }
	noLeast     struct{ backend.Device }
	totals32    struct{ backend.Device }
	rawSpread   struct{ backend.Device }
	rawGradient struct{ backend.Device }
	rawZeros    struct{ backend.Device }
)

func (d longSum) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	d.Device.Enqueue(backend.Accumulate{Sums: s, Slot: i, V: v.Reshape(1, v.Len()+1), Scale: scale})
}

func (d spoilsInput) L1(dh backend.Tensor, s backend.Sums, i int, h backend.Tensor, share float64, scale float32) {
	d.Device.Enqueue(backend.L1{DH: dh, Sums: s, Slot: i, H: h, Share: share, Scale: scale})
	d.Device.Enqueue(backend.Activate{Y: h, X: h, Act: backend.ReLU})
}

func (d hidesNaN) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	d.Device.Enqueue(backend.Loss{DOut: dout, Rows: rows, Out: out, Target: target, Kind: kind, Scale: scale})
	edit(d, rows, func(v []float32) {
		for i := range v {
			if v[i] != v[i] {
				v[i] = 0
			}
		}
	})
}

func (d firstTarget) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	if samples := out.Rows / target.Rows; samples > 1 && target.Rows > 1 {
		target = target.Top(1)
	}
	d.Device.Enqueue(backend.Loss{DOut: dout, Rows: rows, Out: out, Target: target, Kind: kind, Scale: scale})
}

func (d unscaled) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, _ float32) {
	d.Device.Enqueue(backend.Loss{DOut: dout, Rows: rows, Out: out, Target: target, Kind: kind, Scale: 1})
}

func (d setsSum) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	d.Enqueue(backend.ZeroSums{Sums: backend.Sums{Mem: s.Mem, Off: s.Off + i, N: 1}})
	d.Device.Enqueue(backend.Accumulate{Sums: s, Slot: i, V: v, Scale: scale})
}

func (d setsSpread) ColumnLoss(dout, rows, out, target, each, spread, dspread, size, weights backend.Tensor, columns []backend.LossColumns, scale float32, _, even bool) {
	d.Device.Enqueue(backend.ColumnLoss{DOut: dout, Rows: rows, Out: out, Target: target, Each: each, Spread: spread, DSpread: dspread, Size: size, Weights: weights,
		Columns: columns, Scale: scale, Even: even})
}

func (d fillsCells) ColumnLoss(dout, rows, out, target, each, spread, dspread, size, weights backend.Tensor, columns []backend.LossColumns, scale float32, accumulate, even bool) {
	kept := make([]float32, target.Len())
	d.Download(kept, target)
	edit(d, target, func(v []float32) {
		for i := range v {
			if v[i] != v[i] {
				v[i] = 0
			}
		}
	})
	d.Device.Enqueue(backend.ColumnLoss{DOut: dout, Rows: rows, Out: out, Target: target, Each: each, Spread: spread, DSpread: dspread, Size: size, Weights: weights,
		Columns: columns, Scale: scale, Accumulate: accumulate, Even: even})
	d.Upload(target, kept)
}

func (d unweighed) ColumnLoss(dout, rows, out, target, each, spread, dspread, size, _ backend.Tensor, columns []backend.LossColumns, scale float32, accumulate, even bool) {
	d.Device.Enqueue(backend.ColumnLoss{DOut: dout, Rows: rows, Out: out, Target: target, Each: each, Spread: spread, DSpread: dspread, Size: size,
		Columns: columns, Scale: scale, Accumulate: accumulate, Even: even})
}

func (d uneven) ColumnLoss(dout, rows, out, target, each, spread, dspread, size, weights backend.Tensor, columns []backend.LossColumns, scale float32, accumulate, _ bool) {
	d.Device.Enqueue(backend.ColumnLoss{DOut: dout, Rows: rows, Out: out, Target: target, Each: each, Spread: spread, DSpread: dspread, Size: size, Weights: weights,
		Columns: columns, Scale: scale, Accumulate: accumulate})
}

// raw runs f while a tensor of spreads holds what makes a spread of each that it held.
func raw(d backend.Device, spread backend.Tensor, f func()) {
	if spread.None() {
		f()
		return
	}
	kept := make([]float32, spread.Len())
	d.Download(kept, spread)
	edit(d, spread, divide)
	f()
	d.Upload(spread, kept)
}

func divide(v []float32) {
	for i := range v {
		v[i] /= backend.SpreadRate
	}
}

func (d rawSpread) ColumnLoss(dout, rows, out, target, each, spread, dspread, size, weights backend.Tensor, columns []backend.LossColumns, scale float32, accumulate, even bool) {
	raw(d.Device, spread, func() {
		d.Device.Enqueue(backend.ColumnLoss{DOut: dout, Rows: rows, Out: out, Target: target, Each: each, Spread: spread, DSpread: dspread, Size: size, Weights: weights,
			Columns: columns, Scale: scale, Accumulate: accumulate, Even: even})
	})
}

func (d rawGradient) ColumnLoss(dout, rows, out, target, each, spread, dspread, size, weights backend.Tensor, columns []backend.LossColumns, scale float32, accumulate, even bool) {
	d.Device.Enqueue(backend.ColumnLoss{DOut: dout, Rows: rows, Out: out, Target: target, Each: each, Spread: spread, DSpread: dspread, Size: size, Weights: weights,
		Columns: columns, Scale: scale, Accumulate: accumulate, Even: even})
	if !dspread.None() && !accumulate {
		edit(d.Device, dspread, divide)
	}
}

func (d rawZeros) ColumnMean(y, out, spread, size, known backend.Tensor, columns []backend.LossColumns) {
	raw(d.Device, spread, func() {
		d.Device.Enqueue(backend.ColumnMean{Y: y, Out: out, Spread: spread, Size: size, Known: known, Columns: columns})
	})
}

func (d countsAll) ColumnMean(y, out, spread, size, known backend.Tensor, columns []backend.LossColumns) {
	columns = slices.Clone(columns)
	for i := range columns {
		if columns[i].Kind == backend.ZeroInflatedColumn {
			columns[i].Kind, spread = backend.NegativeBinomialColumn, spread.Top(1)
		}
	}
	d.Device.Enqueue(backend.ColumnMean{Y: y, Out: out, Spread: spread, Size: size, Known: known, Columns: columns})
}

func (d totalsAll) CountTotals(y, x backend.Tensor, _ []backend.LossColumns, scale, least float32) {
	all := []backend.LossColumns{{Kind: backend.PoissonColumn, To: x.Cols}}
	d.Device.Enqueue(backend.CountTotals{Y: y, X: x, Columns: all, Scale: scale, Least: least})
}

func (d noLeast) CountTotals(y, x backend.Tensor, columns []backend.LossColumns, scale, _ float32) {
	d.Device.Enqueue(backend.CountTotals{Y: y, X: x, Columns: columns, Scale: scale, Least: 1e-30})
}

func (d totals32) CountTotals(y, x backend.Tensor, columns []backend.LossColumns, scale, least float32) {
	cells := make([]float32, x.Len())
	d.Download(cells, x)
	kinds := kindsOf(columns)
	edit(d, y, func(v []float32) {
		for r := range v {
			sum := float32(0)
			for j, cell := range cells[r*x.Cols:][:x.Cols] {
				if kinds[j].Sized() && cell == cell {
					sum += cell
				}
			}
			v[r] = max(scale*sum, least)
		}
	})
}
