package plan_test

import "github.com/aegpu/aegpu/backend"

// The formulas of operations and kernels, in symbols.

func act(a backend.Activation, x uint64) uint64 {
	if a == backend.Identity {
		return x
	}
	return hash("act", uint64(a), x)
}

// sloped is x times the derivative at saved.
func sloped(a backend.Activation, x uint64, saved view, r, c int) uint64 {
	if a == backend.Identity {
		return x
	}
	return x * (hash("slope", uint64(a), saved.get(r, c)) | 1)
}

// slope is a derivative that is done on the way, the identity where there is none.
type slope struct {
	act   backend.Activation
	saved view
}

func (s slope) of(x uint64, r, c int) uint64 { return sloped(s.act, x, s.saved, r, c) }

// multiplied is element r, c of a product.
func multiplied(a, b view, r, c int) (s uint64) {
	for k := range a.cols {
		s += hash("times", a.get(r, k), b.get(k, c))
	}
	return s
}

func columnSum(x view, c int) (s uint64) {
	for r := range x.rows {
		s += x.get(r, c)
	}
	return s
}

// biased is s(x + b), and x + b where it is kept.
func biased(y, pre views, x, b view, a backend.Activation) {
	before := func(r, c int) uint64 {
		if b.no {
			return x.get(r, c)
		}
		return x.get(r, c) + b.get(0, c)
	}
	pre.fill(before)
	y.fill(func(r, c int) uint64 { return act(a, before(r, c)) })
}

func derived(dx views, dy view, s slope) {
	dx.fill(func(r, c int) uint64 { return s.of(dy.get(r, c), r, c) })
}

// noise names a stream of noise at a step, and the element that the first one draws as.
type noise struct{ step, stream, first uint64 }

func noiseOf(t []uint64, n backend.Noise) noise {
	return noise{step: t[1], stream: uint64(n.Stream), first: uint64(n.First)}
}

func kernelNoise(t []uint64, stream, block int) noise {
	return noise{step: t[1], stream: uint64(stream), first: uint64(4 * block)}
}

// at is the noise of an element.
func (n noise) at(i int) uint64 { return hash("noise", n.step, n.stream, n.first+uint64(i)) }

func dropped(y views, x view, n noise, p float32, s slope) {
	y.fill(func(r, c int) uint64 {
		kept := hash("kept", bits(float64(p)), n.at(r*x.cols+c)) | 1
		return s.of(x.get(r, c)*kept, r, c)
	})
}

func lost(dout, rows views, out, target view, kind backend.LossKind, scale float32, s slope) {
	k := out.rows / target.rows
	loss := make([]uint64, out.rows)
	for r := range loss {
		loss[r] = hash("loss", uint64(kind), out.row(r), target.row(r/k))
	}
	dout.fill(func(r, c int) uint64 {
		return s.of(hash("dloss", uint64(kind), bits(float64(scale)), out.get(r, c), out.row(r), target.row(r/k)), r, c)
	})
	rows.fill(func(r, c int) uint64 { return loss[r] })
}

// table is what column losses are of: their operands, and a hash of the columns.
type table struct {
	out, target, spread, size, weights view
	columns                            uint64
	scale                              float32
}

// of is a function of row r of all of them.
func (t table) of(name string, r int, of ...uint64) uint64 {
	b := r / (t.out.rows / t.target.rows)
	h := hash(name, append(of, t.columns, bits(float64(t.scale)), t.out.row(r), t.target.row(b))...)
	if !t.size.no {
		h = hash("sized", h, t.size.get(b, 0))
	}
	if t.spread.no {
		return h
	}
	return hash("spread", h, t.spread.flat().row(0))
}

func columnsLost(dout, rows, each views, t table, even bool) {
	losses := make([]uint64, t.out.rows)
	for r := range losses {
		losses[r] = t.of("columns", r)
	}
	each.fill(func(r, c int) uint64 { return t.of("each", r, uint64(c)) })
	by := "dcolumns"
	if even {
		by = "dcolumns even"
	}
	dout.fill(func(r, c int) uint64 { return t.of(by, r, uint64(c)) })
	rows.fill(func(r, _ int) uint64 { return losses[r] })
}

// bySpreads is the gradient by the spreads.
func bySpreads(dspread views, t table, added bool) {
	dspread.fill(func(i, c int) (sum uint64) {
		for r := range t.out.rows {
			s := t.of("dspread", r, uint64(i), uint64(c))
			if !t.weights.no {
				s = hash("weighed", s, t.weights.get(r, 0))
			}
			sum += s
		}
		if added {
			sum += dspread[0].get(i, c)
		}
		return sum
	})
}

func columnSums(out views, x view, scale float64, added bool) {
	out.fill(func(_, c int) uint64 {
		s := scaled(scale, columnSum(x, c))
		if added {
			s += out[0].get(0, c)
		}
		return s
	})
}

func sparse(dh views, from view, sum *uint64, m view, rho, scale float32, s slope) {
	dh.fill(func(r, c int) uint64 {
		return s.of(from.get(r, c)+hash("dsparse", m.get(0, c), bits(float64(rho)), bits(float64(scale))), r, c)
	})
	*sum += m.total(func(x uint64) uint64 { return hash("sparse", x, bits(float64(rho))) })
}

func absolute(dh views, from view, sum *uint64, h view, share float64, scale float32, s slope) {
	added := h.total(func(x uint64) uint64 { return hash("abs", x) })
	dh.fill(func(r, c int) uint64 {
		return s.of(from.get(r, c)+hash("sign", h.get(r, c), bits(float64(scale))), r, c)
	})
	*sum += scaled(share, added)
}

func shallow(da, dr views, from view, sum *uint64, saved, r view, before slope, a backend.Activation, share float64, scale float32) {
	*sum += scaled(share, func() (s uint64) {
		for i := range saved.rows {
			for c := range saved.cols {
				s += hash("norm", uint64(a), saved.get(i, c), r.get(0, c))
			}
		}
		return s
	}())
	da.fill(func(i, c int) uint64 {
		return before.of(from.get(i, c), i, c) + hash("dnorm", uint64(a), saved.get(i, c), r.get(0, c), bits(float64(scale)))
	})
	dr.fill(func(_, c int) (s uint64) {
		for i := range saved.rows {
			s += hash("dr", uint64(a), saved.get(i, c), bits(float64(scale)))
		}
		return s
	})
}

func largest(y views, x view, k int) {
	y.fill(func(r, c int) uint64 { return hash("topk", uint64(k), x.row(r), uint64(c)) })
}

func besides(dst views, x, class view, cols, k int) {
	dst.fill(func(r, c int) uint64 {
		if c < cols {
			return x.get(r, c)
		}
		return hash("level", class.get(r/k, 0), uint64(c-cols))
	})
}

func largestBack(dx views, dy, y view, s slope) {
	dx.fill(func(r, c int) uint64 { return s.of(dy.get(r, c)*(hash("kept", y.get(r, c))|1), r, c) })
}

func divergence(kl views, ml view, width, of int) {
	kl.fill(func(_, c int) (s uint64) {
		for r := range ml.rows {
			s += hash("kl", ml.get(r, c), ml.get(r, width+c), uint64(of))
		}
		return s
	})
}

func drawn(z views, ml view, k, width int, n noise) {
	z.fill(func(r, c int) uint64 {
		return hash("draw", ml.get(r/k, c), ml.get(r/k, width+c), n.at(r*width+c))
	})
}

// gathered is the rows of a batch of so many columns as get finds them, and a corrupted copy.
func gathered(clean, noisy views, cols int, step uint64, b backend.Batch, get func(r, c int) uint64) {
	drawn := func(stream uint32, r, c int) uint64 {
		return noise{step, uint64(stream), uint64(b.First)}.at(r*cols + c)
	}
	value := func(r, c int) uint64 {
		if b.Binarise {
			return hash("binary", drawn(backend.StreamBinarise, r, c), get(r, c))
		}
		return get(r, c)
	}
	clean.fill(value)
	noisy.fill(func(r, c int) uint64 {
		return hash("noisy", drawn(backend.StreamCorrupt, r, c), uint64(b.Corrupt), bits(float64(b.Level)), value(r, c))
	})
}

// stored is a byte of a data set, or the first of an element.
func stored(data any, at int, row uint64, shuffle bool) uint64 {
	order := uint64(0)
	if shuffle {
		order = 1
	}
	return hash("stored", hash(data.(*memory).name), uint64(at), row, order)
}

// checked is what a guard's slots hold: the loss, and a norm a tensor.
func checked(guard []uint64, loss uint64, norms []uint64, step uint64) {
	guard[backend.GuardStep] = hash("guard", step)
	guard[backend.GuardLoss] = loss
	copy(guard[backend.GuardNorm:], norms)
}

// moved is an element of the parameters after an update, of its moments.
func moved(of *backend.Optimiser, i int, p, g, m, v, norm, step uint64) (np, nm, nv uint64) {
	about := hash("rule", uint64(of.Kind), bits(float64(of.WeightDecay)), bits(float64(of.Clip)), bits(float64(of.Beta1)), bits(float64(of.Beta2)), bits(float64(of.Eps)))
	if i < of.Decayed {
		about++
	}
	nm, nv = hash("m", about, m, g, norm), hash("v", about, v, g, norm)
	return hash("p", about, p, g, nm, nv, step), nm, nv
}

// totals is those of rows of counts.
func totals(y views, x view, columns uint64, scale, least float32) {
	y.fill(func(r, _ int) uint64 {
		return hash("totals", columns, bits(float64(scale)), bits(float64(least)), x.row(r))
	})
}

// columnsMeant is the mean of outputs of so many columns, or what is known.
func columnsMeant(y views, out, spread, size, known view, columns uint64) {
	y.fill(func(r, c int) uint64 {
		h := hash("mean", columns, uint64(c), out.row(r))
		if !spread.no {
			h = hash("spread", h, spread.flat().row(0))
		}
		if !size.no {
			h = hash("sized", h, size.get(r/(out.rows/size.rows), 0))
		}
		if !known.no {
			h = hash("known", h, known.get(r/(out.rows/known.rows), c))
		}
		return h
	})
}
