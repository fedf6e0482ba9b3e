package data

import (
	"math"
)

// Scaler is a column-by-column map x -> (x-Shift)/Scale and its inverse, with the numbers that it was fitted to. Its
// fields are plain so that a run can keep it as YAML or JSON.
type Scaler struct {
	Kind  string    `json:"kind" yaml:"kind"` // "none", "minmax" or "standard"
	Shift []float32 `json:"shift,omitempty" yaml:"shift,omitempty,flow"`
	Scale []float32 `json:"scale,omitempty" yaml:"scale,omitempty,flow"` // above 0
}

// FitScaler fits a scaler to a set, usually the training part: "none" changes nothing, "minmax" maps each column's
// range onto [0,1], "standard" gives each column mean 0 and standard deviation 1. A constant column is only shifted.
// An unknown kind or an empty set is an [*Error].
func FitScaler(kind string, s *Set) (*Scaler, error) {
	if kind == "none" {
		return &Scaler{Kind: kind}, nil
	}
	if kind != "minmax" && kind != "standard" {
		return nil, wrong("scaling "+kind, "expected none, minmax or standard")
	}
	if s.Rows == 0 {
		return nil, wrong(s.Name, "no rows to fit a scaling to: expected one or more")
	}
	m := columnMoments(s)
	sc := &Scaler{Kind: kind, Shift: make([]float32, s.Cols), Scale: make([]float32, s.Cols)}
	for j := range s.Cols {
		shift, scale := m.lo[j], m.hi[j]-m.lo[j]
		if kind == "standard" {
			shift, scale = m.mean[j], m.dev[j]
		}
		// lo < hi and not dev > 0 tells a constant column: rounding can leave it a deviation of 1e-17.
		sc.Shift[j], sc.Scale[j] = float32(shift), 1
		if m.lo[j] < m.hi[j] {
			sc.Scale[j] = roundUp(scale)
		}
		if math.IsInf(float64(sc.Scale[j]), 0) {
			return nil, &Error{Path: s.Name, Column: j + 1, Msg: "the column's range does not fit float32"}
		}
	}
	return sc, nil
}

// moments are what the kinds need of every column.
type moments struct{ lo, hi, mean, dev []float64 }

// columnMoments goes over the rows twice, the second time for the deviations from the mean.
func columnMoments(s *Set) moments {
	m := moments{make([]float64, s.Cols), make([]float64, s.Cols), make([]float64, s.Cols), make([]float64, s.Cols)}
	row := make([]float32, s.Cols)
	for i := range s.Rows {
		s.Row(row, i)
		for j, v := range row {
			x := float64(v)
			if i == 0 {
				m.lo[j], m.hi[j] = x, x
			}
			m.lo[j], m.hi[j] = min(m.lo[j], x), max(m.hi[j], x)
			m.mean[j] += x
		}
	}
	n := float64(s.Rows)
	for j := range m.mean {
		m.mean[j] /= n
	}
	for i := range s.Rows {
		s.Row(row, i)
		for j, v := range row {
			d := float64(v) - m.mean[j]
			m.dev[j] += float64(d * d) // the conversion keeps the sum the same where the compiler would fuse it
		}
	}
	for j := range m.dev {
		m.dev[j] = math.Sqrt(m.dev[j] / n)
	}
	return m
}

// roundUp returns the smallest float32 that is not below x > 0, so that a column's largest value maps to 1 at most.
func roundUp(x float64) float32 {
	f := float32(x)
	if float64(f) < x {
		f = math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}

// Apply returns the scaled set, float32 in new memory; of kind "none" it returns s itself. A set with another number of
// columns than the scaler was fitted to is an [*Error].
func (sc *Scaler) Apply(s *Set) (*Set, error) { return sc.mapped(s, sc.ApplyRow) }

// Invert returns the set with Apply undone, up to rounding.
func (sc *Scaler) Invert(s *Set) (*Set, error) { return sc.mapped(s, sc.InvertRow) }

// ApplyRow scales one row in place.
func (sc *Scaler) ApplyRow(row []float32) {
	for j, shift := range sc.Shift {
		row[j] = float32((float64(row[j]) - float64(shift)) / float64(sc.Scale[j]))
	}
}

// InvertRow undoes ApplyRow in place.
func (sc *Scaler) InvertRow(row []float32) {
	for j, shift := range sc.Shift {
		row[j] = float32(float64(float64(row[j])*float64(sc.Scale[j])) + float64(shift))
	}
}

// mapped maps every row of s into a new set.
func (sc *Scaler) mapped(s *Set, row func([]float32)) (*Set, error) {
	if err := sc.Validate(); err != nil {
		return nil, err
	}
	if sc.Kind == "none" {
		return s, nil
	}
	if s.Cols != len(sc.Shift) {
		return nil, wrong(s.Name, "%d columns: expected %d, as the scaling was fitted to", s.Cols, len(sc.Shift))
	}
	t := *s
	t.U8, t.F32 = nil, make([]float32, s.Rows*s.Cols)
	for i := range s.Rows {
		r := t.F32[i*s.Cols : (i+1)*s.Cols]
		s.Row(r, i)
		row(r)
	}
	return &t, nil
}

// Validate says what is wrong with a scaler that was read from a file, as an [*Error]; nil where nothing is.
func (sc *Scaler) Validate() error {
	switch sc.Kind {
	case "none":
		if len(sc.Shift)+len(sc.Scale) > 0 {
			return wrong("scaling none", "has numbers: expected neither shift nor scale")
		}
	case "minmax", "standard":
		if len(sc.Shift) == 0 || len(sc.Shift) != len(sc.Scale) {
			return wrong("scaling "+sc.Kind, "%d shifts and %d scales: expected one of each a column", len(sc.Shift), len(sc.Scale))
		}
	default:
		return wrong("scaling "+sc.Kind, "expected none, minmax or standard")
	}
	for j, v := range sc.Scale {
		if !(v > 0) || math.IsInf(float64(v), 0) || sc.Shift[j]-sc.Shift[j] != 0 {
			return &Error{Path: "scaling " + sc.Kind, Column: j + 1, Msg: "expected a finite shift and a finite scale above 0"}
		}
	}
	return nil
}
