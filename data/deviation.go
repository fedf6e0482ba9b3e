package data

import "math"

// fitDeviation fills Deviation where Scale does not say the same.
func (p *Preparation) fitDeviation(s *Set, ranges func() columnRange) {
	if p.Scaling.centred() && p.allScaled() {
		return
	}
	if s.IsBytes() {
		p.Deviation = byteDeviations(s)
		return
	}
	r := ranges()
	extent := make([]float64, s.Cols)
	for j := range extent {
		if extent[j] = r.hi[j] - r.lo[j]; r.lo[j] == r.hi[j] {
			extent[j] = 1
		}
	}
	p.Deviation = columnDeviations(s, r.mean, extent)
	for j, c := range p.Columns {
		if c.Kind == Category {
			p.Deviation[j] = levelDeviation(s, j, len(c.Levels))
		}
	}
	p.robustDeviation()
}

// robustDeviation has columns that are scaled by their quartiles deviate by the spread that these say.
func (p *Preparation) robustDeviation() {
	for j, robust := range p.Robust {
		if robust {
			p.Deviation[j] = p.Scale[j]
		}
	}
}

// byteDeviations is columnDeviations of bytes, in one pass over whole numbers: a training on images does not wait for it.
func byteDeviations(s *Set) []float64 {
	b, dev := sumsOfBytes(s), make([]float64, s.Cols)
	n := float64(s.Rows)
	for j := range dev {
		mean := float64(b.sums[j]) / n
		if dev[j] = math.Sqrt(max(float64(b.squares[j])/n-float64(mean*mean), 0)) / 255; !(dev[j] > 0) {
			dev[j] = 1
		}
	}
	return dev
}

// allScaled says whether a scaling changes every column.
func (p *Preparation) allScaled() bool {
	for _, c := range p.Columns {
		if !c.Kind.scaled() {
			return false
		}
	}
	return true
}

// levelDeviation returns the root of the summed variances of a category's levels, 1 where every row has the same.
func levelDeviation(s *Set, j, levels int) float64 {
	counts := make([]float64, levels)
	for i := range s.Rows {
		counts[int(s.At(i, j))]++
	}
	return deviationOf(counts, float64(s.Rows))
}

// deviationOf is that of so many rows of which each level has so many.
func deviationOf(counts []float64, rows float64) float64 {
	same := 0.0 // the chance that two rows have the same level
	for _, n := range counts {
		share := n / rows
		same += float64(share * share)
	}
	if same >= 1 {
		return 1
	}
	return math.Sqrt(1 - same)
}

// Deviations returns the standard deviation of each raw column in the rows that the preparation was fitted to: of a
// category, the root of the summed variances of its levels, each 0 or 1; of a constant column 1; of one that is scaled by its
// quartiles, the spread that these say; of counts made by way of ln(1+x), that of the logarithm. It is nil where that is
// not known, of a file that an older version wrote.
func (p *Preparation) Deviations() []float64 {
	if p.Deviation == nil && p.Scaling.centred() && p.allScaled() {
		return p.Scale
	}
	return p.Deviation
}

// SquaredErrors writes to dst (Width values) the squared error of each raw column of row i of s, y (Inputs values) being
// what came out of a model for it, in units of the column's variance (see Deviations; where these are not known, of the
// scaling). The error is that of the raw value, be it outside of the range that the model sees, summed over the levels of
// a category, and at most the largest float32; of a column that is bent, or a count made by way of ln(1+x), that of the bent value, or of the logarithm; of a missing cell NaN. s is
// a set of this preparation, as for Rows; of a count, of which what is below 0 is 0, so too.
func (p *Preparation) SquaredErrors(dst []float64, s *Set, i int, y []float32) {
	deviations := p.Deviations()
	for j := range p.Cols {
		v, c := s.At(i, j), p.column(j)
		if s.IsFloat64() && !p.Wide {
			v = float64(float32(v))
		}
		sum := 0.0
		if c.Kind == Category {
			for k, o := range y[:len(c.Levels)] {
				d := -float64(o)
				if float64(k) == v {
					d++
				}
				sum += float64(d * d)
			}
			y = y[len(c.Levels):]
			if deviations != nil {
				sum /= float64(deviations[j] * deviations[j])
			}
		} else {
			scale, o := 1.0, float64(y[0])
			if c.Kind == Count { // which is made of less too
				o = max(o, p.number(j, 0))
			}
			d := p.number(j, v) - o
			if p.Shift != nil {
				scale = p.Scale[j]
			}
			y = y[1:]
			if deviations != nil {
				d = float64(d*scale) / deviations[j]
			}
			sum = float64(d * d)
		}
		if v != v {
			sum = v
		}
		dst[j] = min(sum, math.MaxFloat32)
	}
}

// checkDeviation says what is wrong with the deviations in a file.
func (p *Preparation) checkDeviation(name string) error {
	if p.Deviation != nil && len(p.Deviation) != p.Cols {
		return wrong(name, "%d deviations: expected %d", len(p.Deviation), p.Cols)
	}
	for j, v := range p.Deviation {
		if !(v > 0) || math.IsInf(v, 0) {
			return &Error{Path: name, Column: j + 1, Field: p.column(j).Name, Msg: "expected a finite deviation above 0"}
		}
	}
	return nil
}
