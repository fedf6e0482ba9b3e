package data

import "math"

// columnStats is what the numbers of one column of a frame come to.
type columnStats struct {
	missing, zeros int
	lo, hi         float64 // of those that are there
	whole          bool    // all are whole numbers
	counts         bool    // row by row they go up by one
	wide           bool    // float32 does not hold one of them
	digest         uint64  // of all bits, in order
	last           float64
}

// stats looks at all numbers, once a frame: by then it is complete.
func (f *frame) stats() []columnStats {
	if f.known != nil {
		return f.known
	}
	all := make([]columnStats, f.width)
	for k := range all {
		all[k] = columnStats{lo: math.Inf(1), hi: math.Inf(-1), whole: true, counts: true}
	}
	f.each(func(row int, numbers []float64) {
		for k, v := range numbers {
			all[k].see(row, v)
		}
	})
	f.known = all
	return all
}

// see takes the number of the next row.
func (c *columnStats) see(row int, v float64) {
	c.digest = (c.digest ^ math.Float64bits(v)) * 0x100000001b3 // FNV-1a, by words
	c.digest ^= c.digest >> 29
	if v != v {
		c.missing++
		c.counts = false
		return
	}
	if v < c.lo {
		c.lo = v
	}
	if v > c.hi {
		c.hi = v
	}
	if v == 0 {
		c.zeros++
	}
	c.whole = c.whole && v == math.Trunc(v)
	c.counts = c.counts && (row == 0 || v == c.last+1)
	c.wide = c.wide || float64(float32(v)) != v
	c.last = v
}

// there is the number of rows whose cell is not missing.
func (c *columnStats) there(rows int) int { return rows - c.missing }

// differ returns how many different numbers a column has, up to a bound.
func (f *frame) differ(at, most int) int {
	seen := map[float64]bool{}
	f.each(func(_ int, numbers []float64) {
		if v := numbers[at]; v == v && len(seen) < most {
			seen[v] = true
		}
	})
	return len(seen)
}
