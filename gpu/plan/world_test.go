package plan_test

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/kernels"
)

// A world is memory in which symbols stand for numbers, so that it is seen what was
// made of what: sums are sums of symbols, whatever their order, every other function
// is a hash of its operands. Rounding is the identity. Operations (operations_test.go)
// and launches (launches_test.go) are the same formulas on it.
type world struct {
	cells map[any][]uint64 // elements by memory, buffer or scratch
	dirt  uint64           // what unwritten memory holds
	ranks bool             // there are others
	early bool             // sums over them are done as early as may be
}

func newWorld() *world { return &world{cells: map[any][]uint64{}} }

// room is the elements of a block, or more than a test's block has.
const room = 128

// of is the memory of base, of n elements at the least.
func (w *world) of(base any, n int) []uint64 {
	if n > room {
		panic(fmt.Sprintf("%d elements of %v", n, base))
	}
	have := w.cells[base]
	if have != nil {
		return have
	}
	for range room { // at once, since views hold it
		w.dirt++
		have = append(have, hash("dirt", w.dirt))
	}
	w.cells[base] = have
	return have
}

// hash is a function of its operands that is unlike any other.
func hash(name string, of ...uint64) uint64 {
	h := uint64(14695981039346656037)
	mix := func(x uint64) {
		h ^= x
		h *= 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	for i := range len(name) {
		mix(uint64(name[i]))
	}
	for _, x := range of {
		mix(x + 1)
	}
	return h
}

func bits(x float64) uint64 { return math.Float64bits(x) }

// scaled is x times a factor, which sums keep.
func scaled(by float64, x uint64) uint64 { return x * (hash("scale", bits(by)) | 1) }

// view is a matrix in a world.
type view struct {
	at             []uint64
	off, ld        int
	rows, cols     int
	transposed, no bool
}

func (v view) index(r, c int) int {
	if v.transposed {
		r, c = c, r
	}
	return v.off + r*v.ld + c
}
func (v view) get(r, c int) uint64 { return v.at[v.index(r, c)] }

func (v view) turned(t bool) view {
	if t {
		v.transposed, v.rows, v.cols = !v.transposed, v.cols, v.rows
	}
	return v
}

// flat is the matrix as one row.
func (v view) flat() view { v.cols, v.rows = v.rows*v.cols, 1; v.ld = v.cols; return v }

// row is a hash of a row.
func (v view) row(r int) uint64 {
	h := uint64(0)
	for c := range v.cols {
		h = hash("row", h, v.get(r, c))
	}
	return h
}

// total is the sum of f over all elements.
func (v view) total(f func(uint64) uint64) (s uint64) {
	for r := range v.rows {
		for c := range v.cols {
			s += f(v.get(r, c))
		}
	}
	return s
}

func same(x uint64) uint64 { return x }

// views are the places in which a result is left: one form, both, or none.
type views []view

// fill writes f of every element.
func (vs views) fill(f func(r, c int) uint64) {
	if len(vs) == 0 {
		return
	}
	made := make([]uint64, 0, vs[0].rows*vs[0].cols) // first, since operands may be overwritten
	for r := range vs[0].rows {
		for c := range vs[0].cols {
			made = append(made, f(r, c))
		}
	}
	for _, v := range vs {
		for i, x := range made {
			v.at[v.index(i/v.cols, i%v.cols)] = x
		}
	}
}

// tensor is a view of t.
func (w *world) tensor(t backend.Tensor) view {
	if t.None() {
		return view{no: true}
	}
	return view{at: w.of(t.Mem, t.Off+t.Len()), off: t.Off, ld: t.Cols, rows: t.Rows, cols: t.Cols}
}

// into is the place of t, none where it is none.
func (w *world) into(t backend.Tensor) views {
	if t.None() {
		return nil
	}
	return views{w.tensor(t)}
}

// pointed is a view of elements of size bytes at p.
func (w *world) pointed(p kernels.Pointer, size, rows, cols, ld int) view {
	if p.Base == nil {
		return view{no: true}
	}
	if p.Offset%size != 0 {
		panic(fmt.Sprintf("%v is no element of %d bytes", p, size))
	}
	off := p.Offset / size
	if b, ok := p.Base.(*plan.Buffer); ok && size*(off+(rows-1)*ld+cols) > b.Bytes {
		panic(fmt.Sprintf("%d x %d elements, %d apart, at %v of %d bytes", rows, cols, ld, p, b.Bytes))
	}
	return view{at: w.of(p.Base, off+rows*ld), off: off, ld: ld, rows: rows, cols: cols}
}

func (w *world) floats(p kernels.Float32s, rows, cols int) view {
	return w.pointed(kernels.Pointer(p), 4, rows, cols, cols)
}

// either is what is found in float32 or in bfloat16.
func (w *world) either(p kernels.Float32s, h kernels.Bfloat16s, rows, cols, ld int) view {
	if p.Base != nil && h.Base != nil {
		panic("a source in two forms")
	}
	if h.Base != nil {
		return w.pointed(kernels.Pointer(h), 2, rows, cols, ld)
	}
	return w.floats(p, rows, cols)
}

// both is where a kernel leaves what it makes.
func (w *world) both(p kernels.Float32s, h kernels.Bfloat16s, rows, cols, ld int) (to views) {
	if p.Base != nil {
		to = append(to, w.floats(p, rows, cols))
	}
	if h.Base != nil {
		to = append(to, w.pointed(kernels.Pointer(h), 2, rows, cols, ld))
	}
	return to
}

// sum is an accumulator.
func (w *world) sum(p kernels.Float64s) *uint64 {
	if p.Base == nil {
		return new(uint64)
	}
	return &w.of(p.Base, p.Offset/8+1)[p.Offset/8]
}

func (w *world) slot(s backend.Sums, i int) *uint64 { return &w.of(s.Mem, s.Off+s.N)[s.Off+i] }

// time is a clock's row and step.
func (w *world) time(c any) []uint64 {
	if w.cells[c] == nil {
		w.cells[c] = []uint64{0, 0}
	}
	return w.cells[c]
}

func (w *world) tick(c any, rows int) {
	t := w.time(c)
	t[0] += uint64(rows)
	t[1]++
}
