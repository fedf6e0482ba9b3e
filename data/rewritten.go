package data

// rewritten returns the set with the numbers that change makes of its rows, so many a row, block by block: in memory, or on
// disk where they do not fit. What else there is stays.
func (s *Set) rewritten(cols int, change func(block *Set) *Set) (*Set, error) {
	t := *s
	t.Cols, t.under, t.through, t.order, t.rounded, t.known = cols, nil, nil, nil, false, nil
	t.U8, t.F32, t.F64 = nil, nil, nil
	var err error
	s.walk(func(start int, block *Set) []func() {
		if err != nil {
			return nil
		}
		return []func(){func() {
			b, n, at := change(block), t.Rows*cols, start*cols
			switch {
			case b.U8 != nil:
				t.U8, err = put(t.disk, t.U8, n, at, b.U8)
			case b.F64 != nil:
				t.F64, err = put(t.disk, t.F64, n, at, b.F64)
			default:
				t.F32, err = put(t.disk, t.F32, n, at, b.F32)
			}
		}}
	})
	if err != nil {
		return nil, err
	}
	if t.learn(); s.knownFinite() {
		t.known.note(func() { t.known.finite = true })
	}
	return &t, nil
}

// put writes values at a place of an array of n, which is made where there is none yet.
func put[T number](d *Disk, to []T, n, at int, values []T) ([]T, error) {
	if to == nil {
		var err error
		if to, err = newArray[T](d, n); err != nil {
			return nil, err
		}
	}
	copy(to[at:], values)
	return to, nil
}

// rearranged is reordered of rows that may be on disk.
func (s *Set) rearranged(order []int) (*Set, error) {
	if !s.OnDisk() {
		return s.reordered(order), nil
	}
	t, err := s.rewritten(len(order), func(block *Set) *Set { return block.reordered(order) })
	if err != nil {
		return nil, err
	}
	t.setImages(nil)
	t.Columns = across(s.Columns, s.Cols, order)
	return t, nil
}
