package data

import (
	"math"
	"slices"
	"strings"
)

// Rows writes n rows of s from row start on to dst (n x Inputs), prepared. s is a set of this preparation: one that
// Match returned or, of one that [FitPreparation] made, that was fitted to.
//
// Everything that a model is fed comes through here, so that a row has the same bits however it gets there.
func (p *Preparation) Rows(dst []float32, s *Set, start, n int) {
	in := p.Inputs()
	dst = dst[:n*in]
	identity, wide := p.Identity(), s.IsFloat64()
	var raw []float64
	if !identity {
		raw = make([]float64, s.Cols)
	}
	for i := range n {
		row := dst[i*in : (i+1)*in]
		if identity {
			s.Row(row, start+i)
			continue
		}
		s.wideRow(raw, start+i)
		if wide && !p.Wide { // a row has the same bits whatever it is stored as
			for j, v := range raw {
				raw[j] = float64(float32(v))
			}
		}
		if p.Total > 0 {
			p.overSize(raw)
		}
		p.row(row, raw)
	}
	if p.Unit {
		for i, v := range dst {
			dst[i] = min(max(v, 0), 1)
		}
	}
}

// row prepares one row, without the clamp of Unit.
func (p *Preparation) row(dst []float32, raw []float64) {
	if p.Columns == nil && p.Robust == nil && p.Blank == nil {
		scale := p.Scale[:len(p.Shift)]
		for j, shift := range p.Shift {
			dst[j] = narrow((raw[j] - shift) / scale[j])
		}
		return
	}
	plain := p.Robust == nil && p.Blank == nil && !p.Log
	for j, v := range raw {
		if p.Columns != nil && p.Columns[j].Kind == Category {
			hot := dst[:len(p.Columns[j].Levels)]
			p.oneHot(hot, v)
			dst = dst[len(hot):]
			continue
		}
		switch {
		case v != v && p.Blank != nil:
			v = p.Blank[j]
		case !plain:
			v = p.number(j, v)
		case p.Shift != nil:
			v = (v - p.Shift[j]) / p.Scale[j]
		}
		dst[0] = narrow(v)
		dst = dst[1:]
	}
}

// number prepares a number of column j. NaN stays NaN.
func (p *Preparation) number(j int, v float64) float64 {
	if p.logged(j) {
		v = math.Log1p(v)
	}
	if p.Shift != nil {
		v = (v - p.Shift[j]) / p.Scale[j]
	}
	if p.Robust != nil && p.Robust[j] {
		v = bend(v)
	}
	return v
}

// raw turns a prepared number of column j back, to one that its kind may not be.
func (p *Preparation) raw(j int, v float64) float64 {
	if p.Robust != nil && p.Robust[j] {
		v = unbend(v)
	}
	if p.Shift != nil {
		v = float64(v*p.Scale[j]) + p.Shift[j]
	}
	if p.logged(j) {
		v = math.Expm1(v)
	}
	return v
}

// logged says whether column j is seen as ln(1+x).
func (p *Preparation) logged(j int) bool { return p.Log && p.Counts[j] }

// oneHot prepares level v of a category.
func (p *Preparation) oneHot(hot []float32, v float64) {
	clear(hot)
	switch {
	case v >= 0 && v < float64(len(hot)):
		hot[int(v)] = 1
	case v != v && p.Missing == MissingMask && p.Blank == nil:
		for k := range hot {
			hot[k] = float32(v)
		}
	}
}

// narrow rounds to float32; what is beyond it becomes its largest number.
func narrow(v float64) float32 {
	if f := float32(v); f-f == 0 {
		return f
	}
	return float32(min(max(v, -math.MaxFloat32), math.MaxFloat32))
}

// Apply returns the set as a model sees it: float32 in new memory with the names, labels and classes of s, and as images
// where it has the same width. Where nothing changes it is s itself, be it bytes or float32, or what Match makes of it.
// A set that is not one of this preparation is an [*Error], as Match says.
func (p *Preparation) Apply(s *Set) (*Set, error) {
	s, err := p.Match(s)
	if err != nil {
		return nil, err
	}
	if p.Identity() && !s.IsFloat64() {
		if !p.Unit || s.IsBytes() {
			return s, nil
		}
		if lo, hi := s.Range(); lo >= 0 && hi <= 1 {
			return s, nil
		}
	}
	t := *s
	t.Cols, t.Gaps, t.Columns = p.Inputs(), s.Gaps && p.Missing == MissingMask && p.Blank == nil, p.inputColumns()
	if t.Cols != s.Cols {
		t.setImages(nil)
	}
	t.Black, t.White, t.span = 0, 0, nil
	t.U8, t.F32, t.F64, t.under, t.through, t.order, t.rounded = nil, nil, nil, nil, nil, nil, false
	if !s.disk.takes(4 * int64(t.Rows) * int64(t.Cols)) {
		t.under, t.through = s, p // as they are read
		return &t, nil
	}
	t.F32 = make([]float32, t.Rows*t.Cols)
	p.Rows(t.F32, s, 0, s.Rows)
	return &t, nil
}

// inputColumns names what a model sees, "colour=red" for a level; nil where the raw columns have no names.
func (p *Preparation) inputColumns() []Column {
	if !haveNames(p.Columns) {
		return nil
	}
	columns := make([]Column, 0, p.Inputs())
	for _, c := range p.Columns {
		if c.Kind != Category {
			columns = append(columns, Column{Name: c.Name})
			continue
		}
		for _, l := range c.Levels {
			columns = append(columns, Column{Name: c.Name + "=" + l})
		}
	}
	return columns
}

// Undo returns rows of what a model sees (rows x Inputs) as rows of raw columns: numbers in their own units, float64
// where the preparation is wide and else float32, pixels that were bytes as 0 to 255, counts as the nearest whole numbers
// not below 0, yes/no by rounding, a category as its most likely level. NaN stays NaN. A number of values that makes no whole rows is an [*Error].
func (p *Preparation) Undo(x []float32) (*Set, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	in := p.Inputs()
	if len(x)%in != 0 {
		return nil, wrong("preparation", "%d values: expected rows of %d", len(x), in)
	}
	s := &Set{Rows: len(x) / in, Cols: p.Cols, Columns: slices.Clone(p.Columns)}
	s.setImages(p.Images)
	if p.Wide {
		s.F64 = make([]float64, s.Rows*s.Cols)
	} else {
		s.F32 = make([]float32, s.Rows*s.Cols)
	}
	for i := range s.Rows {
		lo, hi, row := i*s.Cols, (i+1)*s.Cols, x[i*in:(i+1)*in]
		if p.Wide {
			undo(p, s.F64[lo:hi], row)
		} else {
			undo(p, s.F32[lo:hi], row)
		}
	}
	return s, nil
}

// UndoRow writes one row of what a model sees (Inputs values) to dst (Width values) as Undo does, rounded to float32.
func (p *Preparation) UndoRow(dst, x []float32) { undo(p, dst, x) }

// undo turns one row back.
func undo[T float32 | float64](p *Preparation, dst []T, x []float32) {
	plain, none := p.Robust == nil && !p.Log, &Column{}
	for j := range p.Cols {
		c := none
		if p.Columns != nil {
			c = &p.Columns[j]
		}
		if c.Kind == Category {
			wide := len(c.Levels)
			dst[j], x = T(likeliest(x[:wide])), x[wide:]
			continue
		}
		v := float64(x[0])
		x = x[1:]
		switch {
		case p.Constant != nil && p.Constant[j] && v == v:
			v = p.Shift[j]
		case !plain:
			v = p.raw(j, v)
		case p.Shift != nil:
			v = float64(v*p.Scale[j]) + p.Shift[j] // the conversion keeps the value the same where it would be fused
		}
		switch {
		case v != v:
		case p.Images != nil && p.Images.Bytes:
			v *= 255
		case c.Kind == Count:
			v = max(math.Round(v), 0)
		case c.Kind == Date && c.Form != "" && !strings.Contains(c.Form, "15"): // written as days
			v = math.Round(v)
		case c.Kind == YesNo && v >= 0.5:
			v = 1
		case c.Kind == YesNo:
			v = 0
		}
		dst[j] = T(min(max(v, -math.MaxFloat32), math.MaxFloat32))
	}
}

// likeliest returns the index of the largest value, the first of several; NaN where one is NaN.
func likeliest(x []float32) float64 {
	best := 0
	for k, v := range x {
		if v != v {
			return math.NaN()
		}
		if v > x[best] {
			best = k
		}
	}
	return float64(best)
}
