package data

import (
	"math"
	"slices"
)

// Robust scaling: by the median and the quartiles, on which a few wild rows have no say, and what lies far out is drawn in.

// normalQuartiles is how far the quartiles of a normal distribution are apart, in standard deviations.
const normalQuartiles = 1.349

// heavyFactor is by how much the deviation of a column exceeds the spread that its quartiles say where its tails are heavy.
const heavyFactor = 3

// bendFrom is the number of spreads from the median beyond which values are drawn in.
const bendFrom = 3.0

// bend draws in what is beyond r = 3: sign(v) r (1 + ln(|v|/r)). It is smooth, and unbend takes it back.
func bend(v float64) float64 {
	if far := math.Abs(v); far > bendFrom {
		return math.Copysign(bendFrom*(1+math.Log(far/bendFrom)), v)
	}
	return v
}

// unbend takes bend back: sign(v) r exp(|v|/r - 1).
func unbend(v float64) float64 {
	if far := math.Abs(v); far > bendFrom {
		return math.Copysign(bendFrom*math.Exp(far/bendFrom-1), v)
	}
	return v
}

// check refuses a scaling that there is none of, or that the rows of a set cannot have.
func (s Scaling) check(set *Set) error {
	switch {
	case int(s) >= len(scalingNames):
		return wrong(set.Name, "unknown scaling %d: expected 0 to %d", s, len(scalingNames)-1)
	case s == ScaleRobust && (set.Height > 0 || set.IsBytes()):
		return wrong(set.Name, "scaling robust is for columns of numbers: expected none, minmax or standard for images")
	}
	return nil
}

// fitRobust scales columns by their quartiles, of a preparation that scales by mean and deviation so far: always, or where
// their tails are heavy. Columns whose quartiles are one number stay as they are.
func (p *Preparation) fitRobust(s *Set, always bool) {
	if s.Height > 0 || s.IsBytes() {
		return
	}
	var order []int
	for j := range p.Cols {
		counted := p.Counts != nil && p.Counts[j] // as they are, or by a logarithm that has drawn tails in
		if p.column(j).Kind.scaled() && (!counted || always && p.Log && p.Total == 0) {
			order = append(order, j)
		}
	}
	if !always {
		order = p.mayBeHeavy(s, order)
	}
	columns := s.sampled(order)
	robust := make([]bool, p.Cols)
	together(share(len(order), 1, max(len(order), 1), func(from, to int) {
		for k := from; k < to; k++ {
			j, values := order[k], columns[k]
			if p.logged(j) {
				for i, v := range values {
					values[i] = math.Log1p(v)
				}
			}
			slices.Sort(values)
			spread := (quantile(values, 0.75) - quantile(values, 0.25)) / normalQuartiles
			if spread > 0 && (always || p.Scale[j] > heavyFactor*spread) {
				p.Shift[j], p.Scale[j], robust[j] = quantile(values, 0.5), spread, true
			}
		}
	}))
	if slices.Contains(robust, true) {
		p.Robust = robust
	}
}

// mayBeHeavy leaves out columns whose tails cannot be heavy, as most cannot, without sorting them. Where they are, half of
// the values lie within 1.349/3 deviations, and so within one bin more than these have.
func (p *Preparation) mayBeHeavy(s *Set, order []int) []int {
	const (
		perWidth = 4 // bins of normalQuartiles/heavyFactor deviations
		bins     = 64
	)
	counts, there := make([][bins]int32, len(order)), make([]int32, len(order))
	s.sample(order, func(k int, v float64) {
		j := order[k]
		at := (v-p.Shift[j])/p.Scale[j]*(perWidth*heavyFactor/normalQuartiles) + bins/2
		counts[k][int(min(max(at, 0), bins-1))]++
		there[k]++
	})
	var may []int
	for k, j := range order {
		inside, most := int32(0), max(counts[k][0], counts[k][bins-1])
		for b, n := range counts[k] {
			if inside += n; b > perWidth {
				inside -= counts[k][b-perWidth-1]
			}
			most = max(most, inside)
		}
		if 2*most+4 >= there[k] { // of few values, quartiles lie between two
			may = append(may, j)
		}
	}
	return may
}

// sampled returns the present cells of some columns in some thousand rows at equal distances.
func (s *Set) sampled(order []int) [][]float64 {
	columns := make([][]float64, len(order))
	s.sample(order, func(k int, v float64) { columns[k] = append(columns[k], v) })
	return columns
}

// sample gives the present cells of some columns, by their place in order, in some thousand rows at equal distances.
func (s *Set) sample(order []int, use func(k int, v float64)) {
	if len(order) == 0 {
		return
	}
	rows := max(fewestRowsASeen, min(mostRowsASeen, mostSampled/s.Cols))
	row := make([]float64, s.Cols)
	for i := 0; i < s.Rows; i += (s.Rows + rows - 1) / rows {
		s.wideRow(row, i)
		for k, j := range order {
			if v := row[j]; v == v {
				use(k, v)
			}
		}
	}
}

// quantile is the value that the share q of sorted values lies below, between two of them in proportion, as numpy has it; 0
// of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	k := int(at)
	low, high := sorted[k], sorted[min(k+1, len(sorted)-1)]
	return low + float64((high-low)*(at-float64(k)))
}
