package data

import (
	"cmp"
	"math"
	"slices"
)

// The second halves of the keys under which rows, levels and groups are hashed.
const (
	rowKey   = 0x726f77   // "row"
	levelKey = 0x6c6576   // "lev"
	groupKey = 0x67726f75 // "grou"
)

// rowDigests returns a hash of every row under a key. Rows are equal by what is in them: numbers as float64, levels by
// their text, columns by their names where they have names, so that neither the order of rows, columns and levels nor
// float32 or float64 has a say. Bytes are hashed as bytes.
func (s *Set) rowDigests(key uint64) []uint64 {
	d := newDigesting(s, key)
	s.walk(d.tasks)
	return d.digests
}

// digesting is finding the hashes of rows, block by block.
type digesting struct {
	key     uint64
	like    rowHash
	digests []uint64
}

func newDigesting(s *Set, key uint64) *digesting {
	d := &digesting{key: key, like: rowHash{order: s.byName()}, digests: make([]uint64, s.Rows)}
	for _, c := range s.Columns {
		var texts []uint64
		for _, l := range c.Levels {
			texts = append(texts, sipText(0, levelKey, l))
		}
		d.like.levels, d.like.anyLevels = append(d.like.levels, texts), d.like.anyLevels || texts != nil
	}
	return d
}

// tasks hash the next rows, which are in memory.
func (d *digesting) tasks(start int, block *Set) []func() {
	const pieces = 8 // that cores which do other things too take as they can
	return share(block.Rows, 64, pieces, func(from, to int) {
		h := d.like
		h.set = block
		for i := from; i < to; i++ {
			words, tail := h.row(i)
			d.digests[start+i] = sip(d.key, rowKey, words, tail)
		}
	})
}

// unitDigests returns a hash of what stays together in a split: of every row, or of the group that it belongs to.
func (s *Set) unitDigests(key uint64) []uint64 {
	if s.Groups == nil {
		return s.rowDigests(key)
	}
	digests := make([]uint64, s.Rows)
	for i, g := range s.Groups {
		digests[i] = sip(key, groupKey, []uint64{g}, nil)
	}
	return digests
}

// byName returns the columns in the order of their names, nil where they stand in it or have none.
func (s *Set) byName() []int {
	names := namesOf(s.Columns)
	if !haveNames(s.Columns) || slices.IsSorted(names) {
		return nil
	}
	order := make([]int, s.Cols)
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(names[a], names[b]) })
	return order
}

// rowHash makes words of rows.
type rowHash struct {
	set       *Set
	order     []int      // of the columns; nil for their own
	levels    [][]uint64 // hashes of texts by column and level
	anyLevels bool
	words     []uint64
	wide      []float64
	bytes     []byte
}

// row is row i as words and bytes; they are good until the next.
func (h *rowHash) row(i int) ([]uint64, []byte) {
	s := h.set
	lo, hi := i*s.Cols, (i+1)*s.Cols
	if s.U8 != nil && !h.anyLevels {
		b := s.U8[lo:hi]
		if h.order != nil {
			b = gather(h.bytes[:0], b, h.order)
			h.bytes = b
		}
		words, tail := wordsOf(h.words[:0], b)
		h.words = words
		return words, tail
	}
	h.words = h.words[:0]
	switch {
	case h.anyLevels || h.order != nil:
		h.words = h.described(h.words, i)
	case s.F32 != nil:
		for _, v := range s.F32[lo:hi] {
			h.words = append(h.words, wordOf(float64(v)))
		}
	default:
		for _, v := range s.F64[lo:hi] {
			h.words = append(h.words, wordOf(v))
		}
	}
	return h.words, nil
}

// described appends the values of a row in the order of the columns' names, levels by their text.
func (h *rowHash) described(words []uint64, i int) []uint64 {
	if h.wide == nil {
		h.wide = make([]float64, h.set.Cols)
	}
	h.set.wideRow(h.wide, i)
	for k := range h.wide {
		j := k
		if h.order != nil {
			j = h.order[k]
		}
		v := h.wide[j]
		if texts := h.levels[j]; v >= 0 && v < float64(len(texts)) && v == math.Trunc(v) {
			words = append(words, texts[int(v)])
			continue
		}
		words = append(words, wordOf(v))
	}
	return words
}

// gather appends the values of order.
func gather[T any](dst, src []T, order []int) []T {
	for _, j := range order {
		dst = append(dst, src[j])
	}
	return dst
}

// wordOf is the bits of a number, one for both zeros and one for all NaN.
func wordOf(v float64) uint64 {
	if v != v {
		return 0x7ff8000000000001
	}
	return math.Float64bits(v + 0) // -0 + 0 is 0
}
