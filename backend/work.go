package backend

import "slices"

// Work is what operations must do at the least: the floor under any device's time.
type Work struct {
	FLOPs float64 // of matrix products
	Bytes float64 // read and written if every operand moves once an operation
}

// Work is that of the list, launched again and again, where products read operands of
// so many bytes an element: 4, or 2 in bfloat16.
func (l List) Work(operand int) (w Work) {
	for i := range l {
		one := l.WorkAt(i, operand)
		w.FLOPs += one.FLOPs
		w.Bytes += one.Bytes
	}
	return w
}

// WorkAt is the work of operation i of the list: the FLOPs of its product, and its
// operands. A sign is a bit. What no operation wants in float32 is written in the
// precision of products, and found so; what is wanted in both is written in both; the
// rest is float32, but for data stored as bytes.
func (l List) WorkAt(i, operand int) (w Work) {
	op, a, size := l[i], l[i].Access(), float64(operand)
	if p, ok := op.(Product); ok {
		w.FLOPs = p.FLOPs()
	}
	if g, ok := op.(Gather); ok {
		stored := 4.0
		if g.Data.Bytes {
			stored = 1
		}
		w.Bytes += stored * float64(max(g.Clean.Rows, g.Noisy.Rows)*g.Data.Cols)
		a.Reads = nil // of which this was the batch
	}
	for _, t := range a.Factors {
		w.Bytes += size * float64(t.Len())
	}
	for _, t := range a.Signs {
		w.Bytes += float64(t.Len()) / 8
	}
	for _, t := range a.Reads {
		w.Bytes += 4 * float64(t.Len())
	}
	for _, t := range a.Either {
		if f := l.wanted(l.writer(i, t), t); f.factor && !f.float {
			w.Bytes += size * float64(t.Len())
		} else {
			w.Bytes += 4 * float64(t.Len())
		}
	}
	for _, t := range a.Writes {
		switch f := l.wanted(i, t); {
		case operand == 4 || !f.factor:
			w.Bytes += 4 * float64(t.Len())
		case f.float:
			w.Bytes += (4 + size) * float64(t.Len())
		default:
			w.Bytes += size * float64(t.Len())
		}
	}
	return w
}

// form is how a tensor is wanted.
type form struct{ float, factor bool }

// wanted is how t, as operation i leaves it, is read until it is overwritten, in this
// launch of the list or the next.
func (l List) wanted(i int, t Tensor) (f form) {
	if t.None() { // which nothing overwrites, to the end of the list
		return f
	}
	meets := func(list []Tensor) bool {
		return slices.ContainsFunc(list, func(r Tensor) bool { return overlap(r, t) })
	}
	for k := range l {
		a := l[(i+1+k)%len(l)].Access()
		f.float = f.float || meets(a.Reads)
		f.factor = f.factor || meets(a.Factors)
		if slices.ContainsFunc(a.Writes, func(w Tensor) bool { return !w.None() && Contains(w, t) }) {
			break
		}
	}
	return f
}

// writer is the operation that wrote t last before operation i, or i if none does.
func (l List) writer(i int, t Tensor) int {
	for k := range l {
		at := (i - 1 - k + 2*len(l)) % len(l)
		if slices.ContainsFunc(l[at].Access().Writes, func(w Tensor) bool { return overlap(w, t) }) {
			return at
		}
	}
	return i
}
