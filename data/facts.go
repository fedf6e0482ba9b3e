package data

import (
	"sync"
	"unsafe"
)

// facts are what was found out about numbers on disk, which stay as they are, so that nobody reads all of them to find it
// out again. A copy of a set may come to hold others: facts say whose they are.
type facts struct {
	of      identity
	mu      sync.Mutex
	finite  bool         // no NaN, nothing infinite or beyond float32
	span    *[2]float32  // see Range; nil where it is not known, as what follows
	columns *columnRange // see columnRanges
	sums    *byteSums    // of bytes
	look    *looking     // what suspect looks at; kept until it has
}

// identity is what tells the numbers of a set from others.
type identity struct {
	under      *Set
	through    *Preparation
	order      *int
	numbers    *byte
	rows, cols int
	rounded    bool
}

func (s *Set) identity() identity {
	numbers := unsafe.SliceData(asBytesOf(s.U8))
	for _, b := range [][]byte{asBytesOf(s.F32), asBytesOf(s.F64)} {
		if b != nil {
			numbers = unsafe.SliceData(b)
		}
	}
	return identity{s.under, s.through, unsafe.SliceData(s.order), numbers, s.Rows, s.Cols, s.rounded}
}

// learn has the set keep facts where its numbers are on disk. It is for who makes the set.
func (s *Set) learn() {
	if s.known = nil; s.OnDisk() {
		s.known = &facts{of: s.identity()}
	}
}

// facts returns what is known of the set, nil where nothing is kept.
func (s *Set) facts() *facts {
	if s.known == nil || s.known.of != s.identity() {
		return nil
	}
	return s.known
}

// note changes what is known; nothing where f is nil.
func (f *facts) note(change func()) {
	if f != nil {
		f.mu.Lock()
		change()
		f.mu.Unlock()
	}
}

// knownFinite says whether the numbers are known to be finite, or of numbers that are.
func (s *Set) knownFinite() (finite bool) {
	if s.seen || s.IsBytes() {
		return true
	}
	if f := s.facts(); f != nil {
		f.note(func() { finite = f.finite })
	}
	if !finite && s.under != nil && s.through == nil {
		return s.under.knownFinite()
	}
	return finite
}

// spanning finds the range of values block by block.
type spanning struct {
	lo, hi float64
	seen   bool
}

// see takes the next values.
func (r *spanning) see(block *Set) {
	switch {
	case block.U8 != nil:
		lo, hi, any := extent(block.U8)
		r.join(float64(float32(lo)/255), float64(float32(hi)/255), any)
	case block.F64 != nil:
		r.join(extent(block.F64))
	default:
		lo, hi, any := extent(block.F32)
		r.join(float64(lo), float64(hi), any)
	}
}

// join takes the range of more values. Unlike min and max it does not tell 0 from -0: the first of them stays.
func (r *spanning) join(lo, hi float64, any bool) {
	switch {
	case any && !r.seen:
		*r = spanning{lo, hi, true}
	case any:
		if lo < r.lo {
			r.lo = lo
		}
		if hi > r.hi {
			r.hi = hi
		}
	}
}

// span is the range as Range returns it.
func (r *spanning) span() *[2]float32 { return &[2]float32{float32(r.lo), float32(r.hi)} }

// Range returns the smallest and the largest value of the set as Row gives them, missing cells left out; (0, 0) for a
// set without values.
func (s *Set) Range() (lo, hi float32) {
	var known *[2]float32
	f := s.facts()
	f.note(func() { known = f.span })
	if known == nil {
		var r spanning
		s.walk(func(_ int, block *Set) []func() { return []func(){func() { r.see(block) }} })
		known = r.span()
		f.note(func() { f.span = known })
	}
	return known[0], known[1]
}

// extent returns the smallest and the largest number that is not NaN; false where there is none.
func extent[T number](values []T) (lo, hi T, any bool) {
	for len(values) > 0 && values[0] != values[0] {
		values = values[1:]
	}
	if len(values) == 0 {
		return lo, hi, false
	}
	lo, hi = values[0], values[0]
	for _, v := range values { // NaN is neither below nor above
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
	}
	return lo, hi, true
}

// survey is checkFinite of numbers as they were read, and notes of those on disk what is asked next.
func (s *Set) survey(path string, how *Reading) error {
	if s.learn(); how.Seen {
		s.seen = true
		return nil
	}
	if s.known == nil || s.Gaps || s.IsBytes() {
		return s.checkFinite(path)
	}
	var (
		r      spanning
		broken error
		look   *looking
	)
	if how.As == nil {
		look = newLooking(s)
	}
	s.walk(func(start int, block *Set) []func() {
		if broken != nil {
			return nil
		}
		return append(look.tasks(start, block), func() { r.see(block) }, func() {
			if err := block.partFinite(path); err != nil {
				err.Row += start
				broken = err
			}
		})
	})
	if broken == nil {
		s.known.note(func() { s.known.finite, s.known.span, s.known.look = true, r.span(), look })
	}
	return broken
}
