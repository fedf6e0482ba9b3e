package data

import (
	"math"
	"slices"
)

// columnRange is the smallest and the largest value of each column, and its mean.
type columnRange struct{ lo, hi, mean []float64 }

// columnRanges returns the smallest and the largest value of each column and its mean. The mean is summed from the first
// value on, so that a column far from zero loses nothing.
func columnRanges(s *Set) (r columnRange) {
	var known *columnRange
	f := s.facts()
	f.note(func() { known = f.columns })
	if known != nil {
		return *known
	}
	m := newMeaning(s)
	s.walk(m.tasks)
	return m.columns()
}

// meaning is finding columnRanges block by block: columns side by side, each row after row, as sums depend on their order.
type meaning struct {
	rows               int
	lo, hi, sum, first []float64
}

func newMeaning(s *Set) *meaning {
	first := make([]float64, s.Cols)
	s.wideRow(first, 0)
	return &meaning{s.Rows, slices.Clone(first), slices.Clone(first), make([]float64, s.Cols), first}
}

func (m *meaning) tasks(_ int, block *Set) []func() {
	return block.byColumns(func(from, to int) {
		lo, hi, sum, first := m.lo[from:to], m.hi[from:to], m.sum[from:to], m.first[from:to]
		block.wideColumns(from, to, func(_ int, row []float64) {
			for j, v := range row {
				if v < lo[j] {
					lo[j] = v
				}
				if v > hi[j] {
					hi[j] = v
				}
				sum[j] += v - first[j]
			}
		})
	})
}

func (m *meaning) columns() columnRange {
	mean := make([]float64, len(m.sum))
	for j, sum := range m.sum {
		mean[j] = m.first[j] + sum/float64(m.rows)
	}
	return columnRange{m.lo, m.hi, mean}
}

// columnDeviations returns the standard deviation of each column, summed in units of its extent, as squares of very
// small numbers would be 0. A constant column, of extent 1, has 1.
func columnDeviations(s *Set, mean, extent []float64) []float64 {
	dev := make([]float64, s.Cols)
	s.walk(func(_ int, block *Set) []func() {
		return block.byColumns(func(from, to int) {
			dev, mean, extent := dev[from:to], mean[from:to], extent[from:to]
			block.wideColumns(from, to, func(_ int, row []float64) {
				for j, v := range row {
					d := (v - mean[j]) / extent[j]
					dev[j] += float64(d * d) // the conversion keeps the sum the same where the compiler would fuse it
				}
			})
		})
	})
	for j, sum := range dev {
		if dev[j] = math.Sqrt(sum/float64(s.Rows)) * extent[j]; !(dev[j] > 0) {
			dev[j] = extent[j]
		}
	}
	return dev
}

// byteSums are the sums of the bytes of each column, and of their squares.
type byteSums struct{ sums, squares []uint64 }

func (b *byteSums) tasks(_ int, block *Set) []func() {
	const most = 1 << 16 // rows whose squares fit 32 bits
	return block.byColumns(func(from, to int) {
		sum, square := make([]uint32, to-from), make([]uint32, to-from)
		for start := 0; start < block.Rows; start += most {
			for i := start; i < min(start+most, block.Rows); i++ {
				for j, v := range block.U8[i*block.Cols+from : i*block.Cols+to] {
					x := uint32(v)
					sum[j] += x
					square[j] += x * x
				}
			}
			for j := range sum {
				b.sums[from+j], b.squares[from+j] = b.sums[from+j]+uint64(sum[j]), b.squares[from+j]+uint64(square[j])
			}
			clear(sum)
			clear(square)
		}
	})
}

// sumsOfBytes returns the sums of a set of bytes.
func sumsOfBytes(s *Set) *byteSums {
	var known *byteSums
	f := s.facts()
	f.note(func() { known = f.sums })
	if known == nil {
		known = &byteSums{make([]uint64, s.Cols), make([]uint64, s.Cols)}
		s.walk(known.tasks)
	}
	return known
}

// summary finds what a preparation is fitted by, and notes it; nil where nothing is kept.
func (s *Set) summary() blockTasks {
	f := s.facts()
	if f == nil || s.Rows == 0 {
		return nil
	}
	if s.IsBytes() {
		sums := &byteSums{make([]uint64, s.Cols), make([]uint64, s.Cols)}
		return noting(s, sums.tasks, func() { f.note(func() { f.sums = sums }) })
	}
	m, r := newMeaning(s), &spanning{}
	return noting(s, func(start int, block *Set) []func() {
		return append(m.tasks(start, block), func() { r.see(block) })
	}, func() {
		columns := m.columns()
		f.note(func() { f.columns, f.span = &columns, r.span() })
	})
}

// noting notes once the last rows were seen.
func noting(s *Set, tasks blockTasks, note func()) blockTasks {
	return func(start int, block *Set) []func() {
		if start+block.Rows < s.Rows {
			return tasks(start, block)
		}
		return []func(){func() {
			for _, task := range tasks(start, block) {
				task()
			}
			note()
		}}
	}
}
