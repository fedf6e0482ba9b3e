package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

const numColumnKinds = int(backend.ZeroInflatedColumn) + 1

func testColumns(r *rig) {
	r.each(shapes{ // batch, width, samples
		odd:  []shape{{1, 1, 1}, {1, 2, 3}, {3, 5, 1}, {2, 7, 4}, {5, 16, 1}, {4, 33, 2}, {7, 31, 1}, {2, 64, 1}},
		long: []shape{{17, 784, 3}, {300, 3, 1}, {2, 1500, 1}},
		even: []shape{{64, 4, 1}, {2, 256, 1}, {64, 64, 1}, {1, 1024, 2}, {3, 128, 1}, {128, 4, 1}, {256, 3, 1},
			{1, 512, 1}, {512, 2, 1}, {1024, 1, 1}},
		most: shape{20, 200, 3},
	}, func(r *rig, s shape) {
		options := r.some(4, 2)
		for kind := range numColumnKinds {
			all := []backend.LossColumns{{Kind: backend.ColumnKind(kind), To: s[1]}}
			r.try(func(c *trial) { c.columnLoss(s, all, (r.turn+kind)%4) })
			r.try(func(c *trial) { c.columnMean(s, all, (r.turn+kind)%4) })
		}
		for _, option := range options {
			r.try(func(c *trial) { c.columnLoss(s, c.mixed(s[1]), option) })
			r.try(func(c *trial) { c.columnMean(s, c.mixed(s[1]), option) })
			r.try(func(c *trial) { c.countTotals(s[0], c.mixed(s[1])) })
		}
		counts := []backend.LossColumns{{Kind: backend.PoissonColumn + backend.ColumnKind(r.turn%3), To: s[1]}}
		r.try(func(c *trial) { c.countTotals(s[0], counts) })
	})
	r.sub("Wild", func(r *rig) {
		for kind := range numColumnKinds {
			r.try(func(c *trial) { c.wildColumns(backend.ColumnKind(kind), false) })
			r.try(func(c *trial) { c.brokenColumns(backend.ColumnKind(kind)) })
			r.try(func(c *trial) { c.brokenSpread(backend.ColumnKind(kind)) })
			r.try(func(c *trial) { c.wildMeans(backend.ColumnKind(kind)) })
		}
	})
	r.sub("Wild and even", func(r *rig) { r.try(func(c *trial) { c.wildColumns(backend.GaussianColumn, true) }) })
	r.sub("Wide totals", func(r *rig) { r.try((*trial).wideTotals) })
	r.sub("Towards Poisson", func(r *rig) { r.try((*trial).towardsPoisson) })
}

// mixed are columns of kinds in short runs.
func (c *trial) mixed(width int) (all []backend.LossColumns) {
	for at := 0; at < width; {
		n := min(1+c.rng.IntN(5), width-at)
		all = append(all, backend.LossColumns{Kind: backend.ColumnKind(c.rng.IntN(numColumnKinds)), From: at, To: at + n})
		at += n
	}
	return all
}

// kindsOf is the kind of each column.
func kindsOf(columns []backend.LossColumns) (kinds []backend.ColumnKind) {
	for _, c := range columns {
		for range c.To - c.From {
			kinds = append(kinds, c.Kind)
		}
	}
	return kinds
}

// cells is a batch of such columns, with missing cells: of categories mostly one-hot.
func (c *trial) cells(batch int, columns []backend.LossColumns) *arg {
	width := columns[len(columns)-1].To
	v := make([]float64, batch*width)
	for b := range batch {
		for _, k := range columns {
			row := v[b*width+k.From : b*width+k.To]
			hot := k.Kind == backend.SoftmaxColumns && c.rng.IntN(3) > 0
			for j := range row {
				switch {
				case hot:
					row[j] = 0
				case c.rng.IntN(12*len(columns)) < len(columns) && k.Kind != backend.SoftmaxColumns:
					row[j] = math.NaN()
				case k.Kind == backend.GaussianColumn:
					row[j] = c.normal(0)
				case k.Kind == backend.BernoulliColumn:
					row[j] = c.rng.Float64()
				default:
					row[j] = c.aCount()
				}
			}
			if hot {
				row[c.rng.IntN(len(row))] = 1
			}
			if k.Kind == backend.SoftmaxColumns && c.rng.IntN(6) == 0 {
				row[c.rng.IntN(len(row))] = math.NaN()
			}
		}
	}
	return c.in("target", batch, width, func(i int) float64 { return v[i] })
}

// aCount is mostly 0, or small, seldom large, or no whole number.
func (c *trial) aCount() float64 {
	switch c.rng.IntN(8) {
	case 0, 1, 2:
		return float64(1 + c.rng.IntN(12))
	case 3:
		return math.Floor(math.Exp(9 * c.rng.Float64()))
	case 4:
		return 15 * c.rng.Float64()
	}
	return 0
}

// aSpread is what a tensor of spreads holds for one of about 1.
func (c *trial) aSpread(i int) float64 { return c.normal(i) / backend.SpreadRate }

// columnLoss wants each result of the operation in some of the options, and the
// gradient by the output in place in the second.
func (c *trial) columnLoss(s shape, columns []backend.LossColumns, option int) {
	const scale = 0.37
	batch, width, rows := s[0], s[1], s[0]*s[2]
	o := backend.ColumnLoss{Columns: columns, Scale: scale, Accumulate: option == 3, Even: c.rng.IntN(2) == 0}
	spreads := o.Spreads()
	wide := func(i int) float64 { return c.normal(i) * []float64{1, 3, 0.1}[i%3] }
	out, target, total := c.inout("out", rows, width, wide), c.cells(batch, columns), c.out("rows", rows, 1)
	dout, each := c.out("dout", rows, width), c.out("each", rows, width)
	var weights *arg
	spread, size := c.in("spread", max(1, spreads), width, c.aSpread), c.in("size", batch, 1, c.uniform(0.3, 3))
	dspread := c.inout("dspread", max(1, spreads), width, func(i int) float64 {
		if option == 3 {
			return c.normal(i)
		}
		return float64(unset)
	})
	switch option {
	case 0:
		size = nil
	case 1:
		dout, each = out, nil
	case 2:
		dout, dspread = nil, nil
	case 3:
		weights = c.in("weights", rows, 1, c.uniform(0.01, 3))
	}
	out.fixed = dout != out
	terms := c.columnSizes(columns, out, target, spread, size, weights, o.Even)
	if dspread != nil {
		for i, x := range c.want(dspread) {
			terms.spread[i] *= scale
			if option == 3 {
				terms.spread[i] += math.Abs(x)
			}
		}
	}
	c.both(func(d side) {
		o.DOut, o.Rows, o.Out, o.Target, o.Each = d.t(dout), d.t(total), d.t(out), d.t(target), d.t(each)
		o.Spread, o.DSpread, o.Size = d.t(spread), d.t(dspread), d.t(size)
		o.Weights = d.t(weights)
		d.Enqueue(o)
	})
	for _, x := range []struct {
		a     *arg
		sizes []float64
	}{{total, terms.rows}, {each, terms.each}, {dout, terms.slopes}, {dspread, terms.spread}} {
		if x.a != nil {
			c.close(x.a, scaled(x.sizes), "ColumnLoss %v option %d even=%v", columns[0].Kind, option, o.Even)
		}
	}
}

// columnTerms is the size of the terms of each result.
type columnTerms struct{ rows, each, slopes, spread []float64 }

// columnSizes is the loss itself, as no formula needs larger terms, and what the
// rounding of the output, of ln m, of exponentials and of the spreads, which a device may
// multiply by SpreadRate in float32, makes of it by its slope.
func (c *trial) columnSizes(columns []backend.LossColumns, out, target, spread, size, weights *arg, even bool) columnTerms {
	o, x, s, width := c.want(out), c.want(target), c.want(spread), out.on[0].Cols
	rows, batch := out.on[0].Rows, target.on[0].Rows
	each := c.alloc(c.ref, rows, width)
	c.ref.Enqueue(backend.ColumnLoss{Rows: c.alloc(c.ref, rows, 1), Out: out.on[1], Target: target.on[1], Each: each, Spread: spread.on[1],
		Size: side{nil, 1}.t(size), Columns: columns})
	t := columnTerms{make([]float64, rows), c.ref.Get(each), make([]float64, rows*width), make([]float64, len(s))}
	kinds, scales, weighs := kindsOf(columns), c.ones(size, batch), c.ones(weights, rows)
	for r := range rows {
		b := r / (rows / batch)
		groupSizes(columns, t.each[r*width:], t.slopes[r*width:], o[r*width:], x[b*width:])
		for j, kind := range kinds {
			i, x := r*width+j, x[b*width+j]
			if kind != backend.SoftmaxColumns && x == x {
				zero := 0.0
				if kind == backend.ZeroInflatedColumn {
					zero = backend.SpreadRate * s[width+j]
				}
				add := elementSize(kind, o[i], x, backend.SpreadRate*s[j], zero, scales[b])
				if even && kind == backend.GaussianColumn {
					add.slope = math.Abs(x) + math.Abs(o[i])
				}
				t.each[i], t.slopes[i] = math.Abs(t.each[i])+add.loss, add.slope
				t.spread[j] += backend.SpreadRate * weighs[r] * add.spread
				if kind == backend.ZeroInflatedColumn {
					t.spread[width+j] += backend.SpreadRate * weighs[r] * add.zero
				}
			}
			t.rows[r] += t.each[i]
		}
	}
	return t
}

// ones are the numbers of an operand, each 1 where there is none.
func (c *trial) ones(a *arg, n int) []float64 {
	v := make([]float64, n)
	for b := range v {
		v[b] = 1
	}
	if a != nil {
		copy(v, c.want(a))
	}
	return v
}

// tiny is for shares that float32 may hold no more.
const tiny = 1e-30

// groupSizes are those of the groups of a row.
func groupSizes(columns []backend.LossColumns, each, slopes, o, x []float64) {
	for _, k := range columns {
		if k.Kind != backend.SoftmaxColumns {
			continue
		}
		n, top := 0.0, math.Inf(-1)
		for j := k.From; j < k.To; j++ {
			n, top = n+x[j], max(top, o[j])
		}
		if n != n {
			continue
		}
		all := 0.0
		for j := k.From; j < k.To; j++ {
			all += math.Exp(o[j] - top)
		}
		size := 1 + math.Abs(each[k.From])
		for j := k.From; j < k.To; j++ {
			p := math.Exp(o[j]-top) / all
			slopes[j] = n*p*(1+math.Abs(o[j])+math.Abs(top)) + x[j] + tiny
			size += slopes[j] + x[j]*math.Abs(o[j])
		}
		each[k.From] = size
	}
}

type elementTerms struct{ loss, slope, spread, zero float64 }

func elementSize(kind backend.ColumnKind, o, x, s, zero, size float64) elementTerms {
	switch kind {
	case backend.GaussianColumn:
		v, e := math.Exp(s)+backend.MinVariance, math.Abs(x)+math.Abs(o)
		grown, square := math.Exp(s)/v, math.Abs(x-o)*e/v
		moved := 1 + math.Abs(s)*grown // of 1/v by the rounding of s
		return elementTerms{math.Abs(s) + 2 + square*moved, e / v * moved, grown * (1 + math.Abs(s)*(1-grown) + square*(1+math.Abs(s))), 0}
	case backend.BernoulliColumn:
		return elementTerms{1 + math.Abs(o), 1 + math.Abs(o), 0, 0}
	}
	lm := o
	if o > backend.LinearLogRate {
		lm = backend.LinearLogRate + math.Log1p(o-backend.LinearLogRate)
	}
	lm += math.Log(size)
	m, r := math.Exp(lm), math.Inf(1)
	if kind != backend.PoissonColumn {
		r = math.Exp(s) + backend.MinDispersion
	}
	grown, slope := math.Exp(s), (m+x)/(1+m/r)
	// A formula in ln x and ln m rounds their difference, u: that moves the loss by its
	// slope, which is |m - x| / (1 + m/r).
	loss := 2 + math.Log1p(x) + math.Abs(zero) + math.Abs(m-x)/(1+m/r)*(1+math.Abs(lm))
	by := math.Log1p(m/r) + math.Log1p(x/r) + (m+x)/(m+r) + min(x, 1)/r
	// Rounding s moves the loss by the gradient by s, and rounding the zero logit the
	// chance that a zero is one of the counts, relatively.
	turn := math.Abs(s) * grown * min(by, ((m-x)*(m-x)+x)/(r*r))
	counted := 1.0
	if x == 0 {
		counted += max(-zero, 0)
	}
	return elementTerms{loss + turn, slope*(counted+math.Abs(s)*grown/r*m/(r+m)) + tiny, (grown*by+turn)*counted + tiny, counted}
}
