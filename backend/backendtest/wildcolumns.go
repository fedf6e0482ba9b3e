package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// wildColumns has outputs, targets, spreads and sizes that are far out, each with
// each: all results are finite, and right.
func (c *trial) wildColumns(kind backend.ColumnKind, even bool) {
	outs, spreads := []float64{1e4, -1e4, 0, 11.5, 15, 15.5, 88, -88, 3}, []float64{5, -5, 0, 0.8, -0.8, 1.7, 30, -30}
	cells := []float64{0, 1, 1e5, 1e7, 3, 9, 0.5, 20.25, math.NaN()}
	switch kind {
	case backend.BernoulliColumn:
		cells = []float64{0, 1, 0.5, math.NaN()}
	case backend.SoftmaxColumns:
		cells = []float64{0, 1, 1e5, 1e7, 3, 9, 0, 0, 0}
	}
	n, width := len(outs), len(cells)*len(spreads)
	columns := []backend.LossColumns{{Kind: kind, To: width}}
	out, target := c.in("out", n, width, func(i int) float64 { return outs[i/width] }), c.in("target", n, width, values(cells...))
	if kind == backend.SoftmaxColumns {
		columns = []backend.LossColumns{{Kind: kind, To: 8}, {Kind: kind, From: 8, To: 9}, {Kind: kind, From: 9, To: width}}
		out = c.in("out", n, width, func(i int) float64 { return outs[(i/width+i%width*7)%n] })
	}
	spread := c.in("spread", max(1, kind.Spreads()), width, func(i int) float64 {
		if i >= width {
			return []float64{0, 3, -3, 0.1, -0.1, 30, -30}[i%7]
		}
		return spreads[i/len(cells)]
	})
	size := c.in("size", n, 1, values(1, 1e-3, 1e3, 1))
	rows, dout, each, dspread := c.out("rows", n, 1), c.out("dout", n, width), c.out("each", n, width), c.out("dspread", spread.on[0].Rows, width)
	terms := c.columnSizes(columns, out, target, spread, size, nil, even)
	for _, sizes := range [][]float64{terms.slopes, terms.spread} {
		for i := range sizes {
			sizes[i] += tiny
		}
	}
	c.both(func(d side) {
		d.Enqueue(backend.ColumnLoss{DOut: d.t(dout), Rows: d.t(rows), Out: d.t(out), Target: d.t(target), Each: d.t(each), Spread: d.t(spread),
			DSpread: d.t(dspread), Size: d.t(size), Columns: columns, Scale: 1, Even: even})
	})
	c.close(rows, scaled(terms.rows), "wild %v columns", kind)
	c.close(each, scaled(terms.each), "wild %v columns", kind)
	c.close(dout, scaled(terms.slopes), "wild %v columns", kind)
	c.close(dspread, scaled(terms.spread), "wild %v columns", kind)
}

// brokenColumns have a NaN in one output of the second row, which shows in its loss
// and its gradient and nowhere else.
func (c *trial) brokenColumns(kind backend.ColumnKind) {
	const width, at = 6, 8
	columns := []backend.LossColumns{{Kind: kind, To: width}}
	out := c.in("out", 3, width, func(i int) float64 {
		if i == at {
			return math.NaN()
		}
		return c.normal(i)
	})
	target, spread := c.in("target", 3, width, values(0, 1, 0, 0, 0, 0, 0)), c.in("spread", max(1, kind.Spreads()), width, c.aSpread)
	rows, dout := c.out("rows", 3, 1), c.out("dout", 3, width)
	c.both(func(d side) {
		d.Enqueue(backend.ColumnLoss{DOut: d.t(dout), Rows: d.t(rows), Out: d.t(out), Target: d.t(target), Spread: d.t(spread), Columns: columns, Scale: 1})
	})
	if got := c.got(rows); !math.IsNaN(got[1]) || math.IsNaN(got[0]) || math.IsNaN(got[2]) {
		c.Errorf("ColumnLoss %v of rows whose second holds a NaN: %v", kind, got)
	}
	for i, x := range c.got(dout) {
		if i == at && !math.IsNaN(x) || (i < width || i >= 2*width) && math.IsNaN(x) {
			c.Errorf("ColumnLoss %v: the gradient of element %d is %v, a NaN in output %d", kind, i, x, at)
		}
	}
}

// brokenSpread is a NaN for a spread or a zero logit, which shows in the loss and in the
// gradient by it.
func (c *trial) brokenSpread(kind backend.ColumnKind) {
	for at := range kind.Spreads() {
		spread := c.in("spread", kind.Spreads(), 1, func(i int) float64 {
			if i == at {
				return math.NaN()
			}
			return 0.1
		})
		out, target, rows, dspread := c.in("out", 2, 1, c.normal), c.in("target", 2, 1, values(0, 9)), c.out("rows", 2, 1), c.out("dspread", kind.Spreads(), 1)
		c.both(func(d side) {
			d.Enqueue(backend.ColumnLoss{Rows: d.t(rows), Out: d.t(out), Target: d.t(target), Spread: d.t(spread), DSpread: d.t(dspread),
				Columns: []backend.LossColumns{{Kind: kind, To: 1}}, Scale: 1})
		})
		if v, by := c.got(rows), c.got(dspread)[at]; !math.IsNaN(v[0]) || !math.IsNaN(v[1]) || !math.IsNaN(by) {
			c.Errorf("ColumnLoss %v of a NaN in row %d of the spread: rows %v, gradient %v", kind, at, v, by)
		}
	}
}

// towardsPoisson: with little dispersion a negative binomial is a Poisson, and its
// gradient by the spread, ((x-m)^2 - x) / 2r, keeps its digits.
func (c *trial) towardsPoisson() {
	xs := []float64{0, 1, 2, 7, 8, 9, 40, 100, 3.5}
	width := len(xs)
	for _, s := range []float64{17, 25, 50, 80, 300} {
		out, target := c.in("out", 1, width, values(0, 1, 4, -3, 4.5)), c.in("target", 1, width, values(xs...))
		spread, sized := c.in("spread", 1, width, constant(s/backend.SpreadRate)), make([]float64, width)
		got, poisson, dspread := c.out("each", 1, width), c.out("each", 1, width), c.out("dspread", 1, width)
		total := c.out("rows", 1, 1)
		loss := func(d side, kind backend.ColumnKind, each *arg, by backend.Tensor) {
			d.Enqueue(backend.ColumnLoss{Rows: d.t(total), Out: d.t(out), Target: d.t(target), Each: d.t(each), Spread: d.t(spread), DSpread: by,
				Columns: []backend.LossColumns{{Kind: kind, To: width}}, Scale: 1})
		}
		c.both(func(d side) {
			loss(d, backend.NegativeBinomialColumn, got, d.t(dspread))
			loss(d, backend.PoissonColumn, poisson, backend.Tensor{})
		})
		want, r := make([]float64, width), math.Exp(s)
		for j, x := range xs {
			m := math.Exp(c.want(out)[j])
			sized[j] = backend.SpreadRate * (((x-m)*(x-m)+x)/(2*r) + 1e-10) // the reference is not better
			want[j] = backend.SpreadRate * ((x-m)*(x-m) - x) / (2 * r)
		}
		if err := Close(c.got(dspread), want, Tol{Abs: 1e-4, Scale: sized}); err != nil {
			c.Errorf("the gradient by a spread of %v: %v", s, err)
		}
		if err := Close(c.got(got), c.got(poisson), Tol{Abs: 1e-5, Rel: 1e-5}); err != nil {
			c.Errorf("a spread of %v is no Poisson: %v", s, err)
		}
	}
}
