package data

import (
	"math"
	"slices"
)

// Numbers writes to dst (Width values) what a row that came out of a model (x, Inputs values) says of the raw columns, in their
// units but not rounded to what cells may be: of yes/no the chance, of a count its mean, at least 0; of a category the most
// likely level.
func (p *Preparation) Numbers(dst []float64, x []float32) {
	for j := range p.Cols {
		c := p.column(j)
		if c.Kind == Category {
			dst[j], x = likeliest(x[:len(c.Levels)]), x[len(c.Levels):]
			continue
		}
		if dst[j] = p.raw(j, float64(x[0])); c.Kind == Count {
			dst[j] = max(dst[j], 0)
		}
		x = x[1:]
	}
}

// Translate turns rows that came out of a model (x, rows x Inputs) into such as another preparation of the same raw columns
// makes, in place, without rounding to what cells may be. Other columns are an [*Error].
func (p *Preparation) Translate(x []float32, to *Preparation) error {
	in := p.Inputs()
	same := p.Cols == to.Cols && len(x)%in == 0
	for j := 0; same && j < p.Cols; j++ {
		a, b := p.column(j), to.column(j)
		same = a.Kind == b.Kind && slices.Equal(a.Levels, b.Levels)
	}
	if !same {
		return wrong("preparation", "rows of %d columns to prepare otherwise: expected the same %d", p.Cols, to.Cols)
	}
	for len(x) > 0 {
		at := 0
		for j := range p.Cols {
			c := p.column(j)
			if c.Kind == Category { // the levels are as they are in both
				at += len(c.Levels)
				continue
			}
			v := min(max(p.raw(j, float64(x[at])), -math.MaxFloat32), math.MaxFloat32)
			if c.Kind == Count {
				v = max(v, 0)
			}
			x[at] = narrow(to.number(j, v))
			at++
		}
		x = x[in:]
	}
	return nil
}
