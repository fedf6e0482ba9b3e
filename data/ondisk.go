package data

// holder returns the set that holds the numbers.
func (s *Set) holder() *Set {
	if s.under != nil {
		return s.under.holder()
	}
	return s
}

// holderRow returns which row of holder is row i.
func (s *Set) holderRow(i int) int {
	if s.under != nil {
		return s.under.holderRow(s.below(i))
	}
	return i
}

// below returns which row of under is row i.
func (s *Set) below(i int) int {
	if s.order == nil {
		return i
	}
	return s.order[i]
}

// IsBytes reports whether the numbers are bytes, wherever they are kept.
func (s *Set) IsBytes() bool { return s.holder().U8 != nil && !s.prepared() }

// IsFloat64 reports whether the numbers are float64.
func (s *Set) IsFloat64() bool {
	return s.holder().F64 != nil && !s.prepared() && !s.rounded && (s.under == nil || s.under.IsFloat64())
}

// prepared says whether rows are made of those that are on disk as they are read.
func (s *Set) prepared() bool { return s.through != nil || s.under != nil && s.under.prepared() }

// loaded returns a copy in memory of n rows that are on disk. It takes the memory of a set that was copied before, which
// may be empty.
func (s *Set) loaded(start, n int, spare *Set) *Set {
	p := *s
	p.Rows, p.under, p.through, p.order, p.rounded, p.disk, p.known = n, nil, nil, nil, false, nil, nil
	switch w := s.holder(); {
	case s.through != nil && s.order == nil:
		p.F32 = placeFor(spare.F32, n*s.Cols)
		s.through.Rows(p.F32, s.under, start, n)
	case s.prepared() || w.F64 != nil && !s.IsFloat64():
		p.F32 = placeFor(spare.F32, n*s.Cols)
		for i := range n {
			s.Row(p.F32[i*s.Cols:], start+i)
		}
	default:
		idx := make([]int, n)
		for i := range idx {
			idx[i] = s.holderRow(start + i)
		}
		p.U8, p.F32, p.F64 = w.picked(idx, spare)
	}
	p.Target = s.withTargets(func(t *Set) *Set { return t.Part(start, n) })
	p.Labels, p.IDs, p.Groups = section(s.Labels, 1, start, n), section(s.IDs, 1, start, n), section(s.Groups, 1, start, n)
	p.Conditions = section(s.Conditions, 1, start, n)
	return &p
}

// partRows is how many rows of a large set are looked at together.
const partRows = 4096

// Parts gives the rows in order, some thousands at a time, each in memory.
func (s *Set) Parts(use func(start int, part *Set) error) error {
	for start := 0; start < s.Rows; start += partRows {
		if err := use(start, s.Part(start, min(partRows, s.Rows-start))); err != nil {
			return err
		}
	}
	return nil
}

// rowBytes is the size of a row as it is stored.
func (s *Set) rowBytes() int64 {
	switch {
	case s.IsBytes():
		return int64(s.Cols)
	case s.IsFloat64():
		return 8 * int64(s.Cols)
	}
	return 4 * int64(s.Cols)
}

// placeFor returns a slice of so many values, of v where that has room for them.
func placeFor[T any](v []T, n int) []T {
	if cap(v) < n {
		return make([]T, n)
	}
	return v[:n]
}

// picked copies the rows idx of a set that holds its numbers, to the memory of a spare one where that is enough.
func (s *Set) picked(idx []int, spare *Set) (bytes []uint8, singles []float32, doubles []float64) {
	some := len(idx)
	if s.OnDisk() {
		some = 32
	}
	n := len(idx) * s.Cols
	switch {
	case s.U8 != nil:
		bytes = placeFor(spare.U8, n)
	case s.F64 != nil:
		doubles = placeFor(spare.F64, n)
	case s.F32 != nil:
		singles = placeFor(spare.F32, n)
	}
	for start := 0; start < len(idx); start += some {
		part := idx[start:min(start+some, len(idx))]
		lo, hi := start*s.Cols, (start+len(part))*s.Cols
		switch {
		case s.U8 != nil:
			copyRows(bytes[lo:hi], s.U8, s.Cols, part)
		case s.F64 != nil:
			copyRows(doubles[lo:hi], s.F64, s.Cols, part)
		case s.F32 != nil:
			copyRows(singles[lo:hi], s.F32, s.Cols, part)
		}
		s.broughtIn(part)
	}
	return bytes, singles, doubles
}
