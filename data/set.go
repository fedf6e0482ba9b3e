package data

// Set is rows of examples as they are stored, with optional integer class labels: a matrix, a batch of images, or a
// table of named columns of several kinds.
//
// A Set is not copied by the functions that only look at it; treat one that has been handed on as read-only.
type Set struct {
	Name       string
	Rows, Cols int

	// Height, Width and Channels are the shape of one row as an image, channel last, Height*Width*Channels = Cols;
	// all zero where the rows are not known to be images.
	Height, Width, Channels int

	Layout       Layout  // how files hold the images
	Black, White float64 // the values that are drawn as black and as white; both 0 for 0 and 1

	span *[2]float32 // the range of the images that these rows are some of; nil where it is not known

	dims    []int // of a row, as an array has it; nil where it is not known or no longer of use
	resized bool  // whether the images had other sizes

	// One of U8, F32 and F64 is set, Rows x Cols, row after row. A byte v of U8 means the grey value v/255. F64 holds
	// numbers that float32 would blur; none of them is beyond float32's range.
	U8  []uint8
	F32 []float32
	F64 []float64

	// Of rows that are some of those on disk, U8, F32 and F64 are nil.
	disk    *Disk        // where numbers are kept that memory does not hold; nil for nowhere
	under   *Set         // whose rows these are; nil for their own
	through *Preparation // by which rows of under are prepared; nil where they are as they are
	order   []int        // the rows of under; nil for all
	rounded bool         // float64 of under count as float32
	seen    bool         // another process looks at all rows: this one does not again, see [Reading.Seen]
	known   *facts       // what was found out of numbers on disk; nil for nothing

	Gaps    bool     // whether cells may be missing: a NaN in F32 or F64 is one
	Columns []Column // Cols descriptions of the columns; nil where they are real numbers without names

	IDs    []string // Rows names of the rows; nil where they have none
	IDName string   // what the table calls its names of rows

	LabelName string   // what the table calls its labels
	Labels    []int32  // Rows class labels, each an index into Classes; nil when there are none
	Classes   []string // class names by label; nil when unlabelled

	ConditionName   string   // what the table calls what its rows are conditioned on
	Conditions      []int32  // Rows levels of that, each an index into ConditionLevels; nil where there is none
	ConditionLevels []string // names of the levels

	Target *Set // what a decoder is to make of each row, where that is other data than the rows; nil for the rows themselves

	Groups []uint64 // Rows digests of the groups that rows belong to, for splits; nil where they belong to none
}

// Row writes row i to dst (Cols values), bytes as v/255 and float64 rounded to the nearest float32.
func (s *Set) Row(dst []float32, i int) {
	switch {
	case s.through != nil:
		s.through.Rows(dst[:s.Cols], s.under, s.below(i), 1)
		return
	case s.under != nil:
		s.reading(1)
		s.under.Row(dst, s.below(i))
		return
	}
	s.reading(1)
	lo, hi := i*s.Cols, (i+1)*s.Cols
	dst = dst[:s.Cols]
	switch {
	case s.U8 != nil:
		for j, v := range s.U8[lo:hi] {
			dst[j] = float32(v) / 255
		}
	case s.F64 != nil:
		for j, v := range s.F64[lo:hi] {
			dst[j] = float32(v)
		}
	default:
		copy(dst, s.F32[lo:hi])
	}
}

// At returns the value in column j of row i, bytes as v/255; NaN where it is missing.
func (s *Set) At(i, j int) float64 { return s.value(i*s.Cols + j) }

// value returns value i of the set, counted row after row, bytes as Row gives them.
func (s *Set) value(i int) float64 {
	if s.through != nil {
		row := make([]float32, s.Cols)
		s.Row(row, i/s.Cols)
		return float64(row[i%s.Cols])
	}
	if s.under != nil {
		v := s.under.value(s.below(i/s.Cols)*s.Cols + i%s.Cols)
		if s.rounded {
			v = float64(float32(v))
		}
		return v
	}
	switch {
	case s.U8 != nil:
		return float64(float32(s.U8[i]) / 255)
	case s.F64 != nil:
		return s.F64[i]
	}
	return float64(s.F32[i])
}

// wideRow writes row i to dst (Cols values) as value returns them.
func (s *Set) wideRow(dst []float64, i int) {
	if s.through != nil {
		row := make([]float32, s.Cols)
		s.Row(row, i)
		for j, v := range row {
			dst[j] = float64(v)
		}
		return
	}
	if s.under != nil {
		s.reading(1)
		s.under.wideRow(dst, s.below(i))
		if s.rounded {
			for j, v := range dst[:s.Cols] {
				dst[j] = float64(float32(v))
			}
		}
		return
	}
	s.reading(1)
	s.wideSection(dst[:s.Cols], i*s.Cols)
}

// NameRows gives s the name, the labels, the condition and the names of rows of another set with as many rows.
func (s *Set) NameRows(like *Set) {
	s.Name, s.IDs, s.IDName = like.Name, like.IDs, like.IDName
	s.Labels, s.Classes, s.LabelName = like.Labels, like.Classes, like.LabelName
	s.Conditions, s.ConditionLevels, s.ConditionName = like.Conditions, like.ConditionLevels, like.ConditionName
}

// LabelNumbers returns the labels as numbers.
func (s *Set) LabelNumbers() []float32 { return asNumbers(s.Labels) }

// ConditionNumbers returns the levels of the condition as numbers.
func (s *Set) ConditionNumbers() []float32 { return asNumbers(s.Conditions) }

func asNumbers(labels []int32) []float32 {
	v := make([]float32, len(labels))
	for i, l := range labels {
		v[i] = float32(l)
	}
	return v
}

// ClassesPresent returns how many classes there are rows of.
func (s *Set) ClassesPresent() int {
	seen := map[int32]bool{}
	for _, label := range s.Labels {
		seen[label] = true
	}
	return len(seen)
}

// Head returns the first n rows, or all where there are fewer. It shares the memory of s.
func (s *Set) Head(n int) *Set {
	n = min(max(n, 0), s.Rows)
	h := *s
	h.Rows, h.order = n, head(s.order, n)
	h.U8, h.F32, h.F64 = head(s.U8, n*s.Cols), head(s.F32, n*s.Cols), head(s.F64, n*s.Cols)
	h.Target = s.withTargets(func(t *Set) *Set { return t.Head(n) })
	h.Labels, h.IDs, h.Groups, h.Conditions = head(s.Labels, n), head(s.IDs, n), head(s.Groups, n), head(s.Conditions, n)
	if s.known != nil && n < s.Rows {
		h.learn()
	}
	return &h
}

// head returns the first n values, nil of nil.
func head[T any](v []T, n int) []T {
	if v == nil {
		return nil
	}
	return v[:n:n]
}

// Part returns n rows from row start on, which must be there. It shares the memory of s, and is in memory itself.
func (s *Set) Part(start, n int) *Set {
	s.reading(n)
	if s.under != nil {
		return s.loaded(start, n, &Set{})
	}
	p := *s
	p.Rows, p.disk, p.known = n, nil, nil // what is made of a few rows is not kept, nor counted
	p.U8, p.F32, p.F64 = section(s.U8, s.Cols, start, n), section(s.F32, s.Cols, start, n), section(s.F64, s.Cols, start, n)
	p.Target = s.withTargets(func(t *Set) *Set { return t.Part(start, n) })
	p.Labels, p.IDs, p.Groups = section(s.Labels, 1, start, n), section(s.IDs, 1, start, n), section(s.Groups, 1, start, n)
	p.Conditions = section(s.Conditions, 1, start, n)
	return &p
}

// section returns n rows of v from row start on, each cols wide; nil of nil.
func section[T any](v []T, cols, start, n int) []T {
	if v == nil {
		return nil
	}
	return v[start*cols : (start+n)*cols : (start+n)*cols]
}

// Subset returns a copy of the rows named by idx, in idx's order; a row may be named more than once. Of a set that was read
// with a [Disk] it copies no numbers where memory does not hold them, or another process has seen them ([Reading.Seen]).
func (s *Set) Subset(idx []int) *Set {
	t := *s
	t.Rows, t.Target = len(idx), s.withTargets(func(t *Set) *Set { return t.Subset(idx) })
	t.Labels, t.IDs, t.Groups, t.Conditions = pick(s.Labels, 1, idx), pick(s.IDs, 1, idx), pick(s.Groups, 1, idx), pick(s.Conditions, 1, idx)
	if s.under != nil || s.seen && s.OnDisk() || !s.disk.takes(int64(len(idx))*s.rowBytes()) {
		t.under, t.through, t.order, t.rounded = s, nil, idx, false
		if s.under != nil && s.through == nil && !s.rounded {
			t.under, t.order = s.under, make([]int, len(idx))
			for k, i := range idx {
				t.order[k] = s.below(i)
			}
		}
		t.U8, t.F32, t.F64 = nil, nil, nil
		t.learn()
		return &t
	}
	t.U8, t.F32, t.F64 = s.picked(idx, &Set{})
	return &t
}

// pick copies the rows idx of src, each cols wide; nil of nil.
func pick[T any](src []T, cols int, idx []int) []T {
	if src == nil {
		return nil
	}
	dst := make([]T, len(idx)*cols)
	copyRows(dst, src, cols, idx)
	return dst
}

func copyRows[T any](dst, src []T, cols int, idx []int) {
	for k, i := range idx {
		copy(dst[k*cols:(k+1)*cols], src[i*cols:(i+1)*cols])
	}
}

// reordered returns a copy whose column k is column order[k] of s. Its rows are images no more.
func (s *Set) reordered(order []int) *Set {
	s = s.Part(0, s.Rows) // in memory
	t := *s
	t.Cols = len(order)
	t.setImages(nil)
	t.U8, t.F32, t.F64 = across(s.U8, s.Cols, order), across(s.F32, s.Cols, order), across(s.F64, s.Cols, order)
	t.Columns = across(s.Columns, s.Cols, order)
	return &t
}

// across copies the columns order of src, whose rows are cols wide; nil of nil.
func across[T any](src []T, cols int, order []int) []T {
	if src == nil {
		return nil
	}
	dst := make([]T, 0, len(src)/max(cols, 1)*len(order))
	for i := 0; i < len(src); i += cols {
		for _, j := range order {
			dst = append(dst, src[i+j])
		}
	}
	return dst
}

// setGeometry reads dims, the shape of one row, as an image: height x width, or height x width x channels with a
// number of channels that pictures have. Any other shape leaves the set flat. Reading looks closer ([Source.lay]).
func (s *Set) setGeometry(dims []int) {
	s.dims = dims
	switch {
	case len(dims) == 2:
		s.Height, s.Width, s.Channels = dims[0], dims[1], 1
	case len(dims) == 3 && isChannels(dims[2]):
		s.setImages(hwc(dims))
	}
}

// shape is the dimensions under which so many rows are written: rows x columns, or the images' own.
func (s *Set) shape(rows int) []int {
	if m := s.images(); m != nil {
		return append([]int{rows}, m.dims()...)
	}
	return []int{rows, s.Cols}
}
