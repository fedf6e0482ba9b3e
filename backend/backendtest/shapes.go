package backendtest

import (
	"strconv"
	"strings"
)

// shape is how large a case is: rows or a batch first, then widths.
type shape []int

func (s shape) String() string {
	var b strings.Builder
	for i, n := range s {
		if i > 0 {
			b.WriteByte('x')
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// shapes are those that a family of operations is held to.
type shapes struct {
	odd  []shape // what loops trip over: ones, primes, widths around those of vectors
	long []shape // what needs many blocks; not with -short
	even []shape // where a fast path would start: each side 64 to 1024; two with -short
	most shape   // bounds on those that are drawn
}

// evens are the lengths where a fast path would start.
var evens = []int{64, 128, 256, 512, 1024}

// evenPairs are rows and columns that take each of evens in turn, narrow where
// they are deep.
func evenPairs() []shape {
	return []shape{{2, 256}, {64, 4}, {64, 64}, {1, 1024}, {3, 128}, {128, 4}, {256, 3}, {1, 512}, {512, 2}, {1024, 1}}
}

// drawSeed is what drawn shapes are drawn from: three a family, none with -short.
const drawSeed = 10

// each is a case of every shape. On even ones all operands are aligned.
func (r *rig) each(l shapes, f func(r *rig, s shape)) {
	odd, even, drawn := l.odd, l.even, 3
	switch {
	case r.suite.even:
		odd, drawn = nil, 0
	case r.suite.only != "":
		even, drawn = nil, 0
	case r.short():
		even, drawn = even[:2], 0
	default:
		odd = append(odd, l.long...)
	}
	for i, s := range odd {
		r.sub(s.String(), func(r *rig) {
			r.turn = i
			f(r, s)
		})
	}
	for i, s := range even {
		r.sub("even "+s.String(), func(r *rig) {
			r.turn, r.few, r.even = i, true, true
			f(r, s)
		})
	}
	for i := range drawn {
		s := r.draw(l.most)
		r.sub("drawn "+s.String(), func(r *rig) {
			r.turn, r.few = i, true
			f(r, s)
			if r.Failed() {
				r.Logf("drawn from the seed %d", drawSeed)
			}
		})
	}
}

// draw is a shape of up to so much, half of its sides multiples of 16.
func (r *rig) draw(most shape) shape {
	s := make(shape, len(most))
	for i, m := range most {
		s[i] = 1 + r.draws.IntN(m)
		if r.draws.IntN(2) == 0 {
			s[i] = (s[i] + 15) / 16 * 16
		}
	}
	return s
}

// some are the numbers below n; on even and drawn shapes, of which there are
// enough for all to have their turn, only so many of them.
func (r *rig) some(n, few int) []int {
	if !r.few {
		few = n
	}
	list := make([]int, min(n, few))
	for i := range list {
		list[i] = (r.turn*few + i) % n
	}
	return list
}
