package data

import "math"

// mostCounts is how many columns of counts are standardised each by itself.
const mostCounts = 256

// sizeOf is the sum of the counts of a row over that of a usual one, at least as if of one count.
func (p *Preparation) sizeOf(raw []float64) float64 {
	sum := 0.0
	for j, v := range raw {
		if p.Counts[j] && v == v {
			sum += v
		}
	}
	return max(sum, 1) / p.Total
}

// overSize divides the counts of a row by its size.
func (p *Preparation) overSize(raw []float64) {
	size := p.sizeOf(raw)
	for j, count := range p.Counts {
		if count {
			raw[j] /= size
		}
	}
}

// sizesOf returns the size of each row, nil where rows are no compositions.
func (p *Preparation) sizesOf(s *Set) []float64 {
	if p.Total == 0 {
		return nil
	}
	sizes, raw := make([]float64, s.Rows), make([]float64, s.Cols)
	for i := range sizes {
		s.wideRow(raw, i)
		sizes[i] = p.sizeOf(raw)
	}
	return sizes
}

// narrowCounts gives many columns of counts one scale.
func (p *Preparation) narrowCounts() {
	n, sum := 0, 0.0
	for j, count := range p.Counts {
		if count {
			n, sum = n+1, sum+float64(p.Scale[j]*p.Scale[j])
		}
	}
	if n <= mostCounts {
		return
	}
	for j, count := range p.Counts {
		if count {
			p.Scale[j] = math.Sqrt(sum / mostCounts)
		}
	}
}

// Enlarge multiplies the counts in rows of what another preparation of the same columns makes (x, rows x its Inputs) by the
// sizes of the raw rows, where p has divided by them.
func (p *Preparation) Enlarge(x []float32, made *Preparation, rows *Set) {
	sizes, in := p.sizesOf(rows), made.Inputs()
	for i, size := range sizes {
		at := i * in
		for j, count := range p.Counts {
			if count {
				x[at] *= float32(size)
			}
			at += made.InputsOf(j)
		}
	}
}
