package backend

import (
	"slices"
	"sort"
)

// Work is what operations must do at the least: the floor under any device's time.
type Work struct {
	FLOPs float64 // of matrix products
	Bytes float64 // read and written if every operand moves once an operation
}

// Work is that of the list, launched again and again, where products read operands of
// so many bytes an element: 4, or 2 in bfloat16.
func (l List) Work(operand int) (w Work) {
	for _, one := range l.Works(operand) {
		w.FLOPs += one.FLOPs
		w.Bytes += one.Bytes
	}
	return w
}

// Works is the work of each operation of the list: the FLOPs of its product, and its
// operands. A sign is a bit. What no operation wants in float32 is written in the
// precision of products, and found so; what is wanted in both is written in both; the
// rest is float32, but for data stored as bytes.
func (l List) Works(operand int) []Work {
	u, all := l.uses(), make([]Work, len(l))
	for i, op := range l {
		all[i] = u.work(op, i, operand)
	}
	return all
}

func (u *uses) work(op Operation, i, operand int) (w Work) {
	a, size := u.access[i], float64(operand)
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
		if operand != 4 && u.wanted(u.writer(i, t), t) == (form{factor: true}) {
			w.Bytes += size * float64(t.Len())
		} else {
			w.Bytes += 4 * float64(t.Len())
		}
	}
	for _, t := range a.Writes {
		if operand == 4 {
			w.Bytes += 4 * float64(t.Len())
			continue
		}
		switch f := u.wanted(i, t); {
		case !f.factor:
			w.Bytes += 4 * float64(t.Len())
		case f.float:
			w.Bytes += (4 + size) * float64(t.Len())
		default:
			w.Bytes += size * float64(t.Len())
		}
	}
	return w
}

// uses is what the operations of a list touch, by operation and by memory.
type uses struct {
	access []Access
	of     map[Memory][]int // operations, in their order
}

func (l List) uses() *uses {
	u := &uses{of: map[Memory][]int{}}
	for i, op := range l {
		a := op.Access()
		u.access = append(u.access, a)
		for _, t := range a.Tensors() {
			if of := u.of[t.Mem]; len(of) == 0 || of[len(of)-1] != i {
				u.of[t.Mem] = append(of, i)
			}
		}
	}
	return u
}

// form is how a tensor is wanted.
type form struct{ float, factor bool }

// wanted is how t, as operation i leaves it, is read until it is overwritten, in this
// launch of the list or the next.
func (u *uses) wanted(i int, t Tensor) (f form) {
	if t.None() { // which nothing overwrites, to the end of the list
		return f
	}
	meets := func(list []Tensor) bool {
		return slices.ContainsFunc(list, func(r Tensor) bool { return Overlap(r, t) })
	}
	of := u.of[t.Mem]
	after := sort.SearchInts(of, i+1)
	for k := range of {
		a := u.access[of[(after+k)%len(of)]]
		f.float = f.float || meets(a.Reads)
		f.factor = f.factor || meets(a.Factors)
		if slices.ContainsFunc(a.Writes, func(w Tensor) bool { return !w.None() && Contains(w, t) }) {
			break
		}
	}
	return f
}

// writer is the operation that wrote t last before operation i, or i if none does.
func (u *uses) writer(i int, t Tensor) int {
	of := u.of[t.Mem]
	before := sort.SearchInts(of, i) - 1
	for k := range of {
		at := of[(before-k+2*len(of))%len(of)]
		if slices.ContainsFunc(u.access[at].Writes, func(w Tensor) bool { return Overlap(w, t) }) {
			return at
		}
	}
	return i
}
