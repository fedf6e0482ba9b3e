package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// columnMean wants the means of outputs: alone, in place, sized, and with known cells
// in their place.
func (c *trial) columnMean(s shape, columns []backend.LossColumns, option int) {
	batch, width, rows := s[0], s[1], s[0]*s[2]
	wide := func(i int) float64 { return c.normal(i) * []float64{1, 3, 0.1}[i%3] }
	out, y := c.inout("out", rows, width, wide), c.out("y", rows, width)
	spread, size, known := c.in("spread", max(1, backend.Spreads(columns)), width, c.aSpread), c.in("size", batch, 1, c.uniform(0.3, 3)), c.cells(batch, columns)
	switch option {
	case 0:
		size, known = nil, nil
	case 1:
		y, known = out, nil
	case 2:
		size = nil
	}
	out.fixed = y != out
	sizes := c.meanSizes(columns, out, spread)
	c.meansOf(y, out, spread, size, known, columns)
	for i, v := range c.want(y) {
		sizes[i] *= math.Abs(v)
	}
	c.close(y, scaled(sizes), "ColumnMean %v option %d", columns[0].Kind, option)
}

func (c *trial) meansOf(y, out, spread, size, known *arg, columns []backend.LossColumns) {
	c.both(func(d side) {
		d.Enqueue(backend.ColumnMean{Y: d.t(y), Out: d.t(out), Spread: d.t(spread), Size: d.t(size), Known: d.t(known), Columns: columns})
	})
}

// meanSizes is what rounding an output, what it is taken from, or a zero logit makes of
// its mean, relative to that.
func (c *trial) meanSizes(columns []backend.LossColumns, out, spread *arg) []float64 {
	o, zeros, width := c.want(out), c.want(spread), out.on[0].Cols
	sizes := make([]float64, len(o))
	for r := range out.on[0].Rows {
		for _, k := range columns {
			row, top := o[r*width+k.From:r*width+k.To], 0.0
			if k.Kind == backend.SoftmaxColumns {
				for _, v := range row {
					top = max(top, math.Abs(v))
				}
			}
			for j, v := range row {
				at := r*width + k.From + j
				sizes[at] = 1 + min(math.Abs(v), 100) + min(top, 100)
				if k.Kind == backend.ZeroInflatedColumn {
					sizes[at] += min(math.Abs(backend.SpreadRate*zeros[width+k.From+j]), 100)
				}
			}
		}
	}
	return sizes
}

// wildMeans has outputs that are far out: a mean of a count grows no faster than its
// output does, and nothing overflows.
func (c *trial) wildMeans(kind backend.ColumnKind) {
	outs := []float64{1e4, -1e4, 0, 14.9, 15, 15.5, 88, -88, 3}
	n := len(outs)
	columns := []backend.LossColumns{{Kind: kind, To: n}}
	y, out := c.out("y", 2, n), c.in("out", 2, n, values(outs...))
	spread := c.in("spread", max(1, kind.Spreads()), n, values(0, 30, -30, 3, -3, 0.1, -0.1))
	sizes := c.meanSizes(columns, out, spread)
	c.meansOf(y, out, spread, c.in("size", 2, 1, values(1e-3, 1e3)), nil, columns)
	for i, v := range c.want(y) {
		if sizes[i] *= math.Abs(v); v < 1e-37 { // which float32 may hold no more
			sizes[i] += tiny
		}
	}
	c.close(y, scaled(sizes), "means of wild %v columns", kind)
}
