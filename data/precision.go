package data

import "math"

// precision finds out whether float32 holds a table's numbers well enough, column by column while they come in. It does
// where rounding moves no value by more than 2^-16 of the column's range: what a model can tell apart stays apart. A
// constant column has no range; there the value itself has to keep its 24 bits.
type precision struct{ lo, hi, off []float64 }

func newPrecision(cols int) *precision {
	p := &precision{make([]float64, cols), make([]float64, cols), make([]float64, cols)}
	for j := range cols {
		p.lo[j], p.hi[j] = math.Inf(1), math.Inf(-1)
	}
	return p
}

// see takes one value of column j. Missing values say nothing.
func (p *precision) see(j int, v float64) {
	if v != v {
		return
	}
	if v < p.lo[j] {
		p.lo[j] = v
	}
	if v > p.hi[j] {
		p.hi[j] = v
	}
	if d := math.Abs(v - float64(float32(v))); d > p.off[j] {
		p.off[j] = d
	}
}

// enough says whether float32 holds every column seen.
func (p *precision) enough() bool {
	for j, off := range p.off {
		may := 0x1p-16 * (p.hi[j] - p.lo[j])
		if p.lo[j] == p.hi[j] {
			may = 0x1p-24 * math.Abs(p.lo[j])
		}
		if off > 0 && off > may {
			return false
		}
	}
	return true
}

// blurred says whether float32 would lose what a model could tell apart.
func (s *Set) blurred() bool {
	if !s.IsFloat64() {
		return false
	}
	p := newPrecision(s.Cols)
	s.walk(func(_ int, block *Set) []func() {
		return block.byColumns(func(from, to int) {
			block.wideColumns(from, to, func(_ int, row []float64) {
				for j, v := range row {
					p.see(from+j, v)
				}
			})
		})
	})
	return !p.enough()
}

// narrowed returns the set with float64 rounded to float32.
func (s *Set) narrowed() *Set {
	t := *s
	if s.OnDisk() {
		t.under, t.through, t.order = s, nil, nil
		t.F64, t.rounded = nil, true
		return &t
	}
	t.F64, t.F32 = nil, make([]float32, len(s.F64))
	for i, v := range s.F64 {
		t.F32[i] = float32(v)
	}
	return &t
}

// keep stores the numbers of the set, Rows x Cols, as float32 where each of them is one, and else as float64: what
// rounding may take away is not for a file to say, since the rows of another may tell it apart.
func (s *Set) keep(values []float64) {
	for _, v := range values {
		if !isSingle(v) {
			s.F64 = values
			return
		}
	}
	s.F32 = make([]float32, len(values))
	for i, v := range values {
		s.F32[i] = float32(v)
	}
}

// isSingle says whether float32 has the number, or it is missing.
func isSingle(v float64) bool { return v != v || float64(float32(v)) == v }
