package data

import "math"

// present is what the cells of each column that are there come to.
type present struct {
	there        []int // how many there are
	lo, hi, mean []float64
	extent       []float64 // hi - lo, 1 of a constant column
	deviation    []float64 // from the mean, 1 of a constant column
}

// presentCells looks at the cells that are there, those of the columns log as ln(1+x), nil for none, over the sizes of their
// rows where these are not nil. Where none is missing it comes to the bits of columnRanges and columnDeviations.
func presentCells(s *Set, log []bool, sizes []float64) *present {
	all := make([]float64, 7*s.Cols)
	some := func(k int) []float64 { return all[k*s.Cols : (k+1)*s.Cols] }
	p := &present{make([]int, s.Cols), some(0), some(1), some(2), some(3), some(4)}
	first, sum := some(5), some(6)
	s.eachPresent(log, sizes, func(j int, v float64) {
		if p.there[j]++; p.there[j] == 1 {
			p.lo[j], p.hi[j], first[j] = v, v, v
		}
		if v < p.lo[j] {
			p.lo[j] = v
		}
		if v > p.hi[j] {
			p.hi[j] = v
		}
		sum[j] += v - first[j]
	})
	for j, n := range p.there {
		p.mean[j] = first[j] + sum[j]/float64(max(n, 1))
		if p.extent[j] = p.hi[j] - p.lo[j]; p.lo[j] == p.hi[j] {
			p.extent[j] = 1
		}
	}
	s.eachPresent(log, sizes, func(j int, v float64) {
		d := (v - p.mean[j]) / p.extent[j]
		p.deviation[j] += float64(d * d) // the conversion keeps the sum the same where it would be fused
	})
	for j, sum := range p.deviation {
		if p.deviation[j] = math.Sqrt(sum/float64(p.there[j])) * p.extent[j]; !(p.deviation[j] > 0) {
			p.deviation[j] = p.extent[j]
		}
	}
	return p
}

// eachPresent gives the cells that are there to use, those of a column in the order of the rows and columns side by side.
func (s *Set) eachPresent(log []bool, sizes []float64, use func(j int, v float64)) {
	s.walk(func(start int, block *Set) []func() {
		return block.byColumns(func(from, to int) {
			block.wideColumns(from, to, func(i int, row []float64) {
				for k, v := range row {
					if v != v {
						continue
					}
					if log != nil && log[from+k] {
						if sizes != nil {
							v /= sizes[start+i]
						}
						v = math.Log1p(v)
					}
					use(from+k, v)
				}
			})
		})
	})
}
