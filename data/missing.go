package data

import (
	"fmt"
	"math"
	"slices"
)

// Missing is what becomes of missing cells before a model sees them.
type Missing uint8

// What may become of missing cells. The zero value is MissingAuto.
const (
	MissingAuto   Missing = iota // MissingMask where each column has a likelihood of its own ([FitColumns]), else MissingRefuse
	MissingMask                  // they stay missing: no loss is taken of them, and a model sees what says nothing
	MissingRefuse                // an error
	MissingMean                  // each takes the mean of its column in the rows fitted to: the most frequent level of a category, and of yes/no; of counts the nearest whole number
	MissingMedian                // the median, and of categories and yes/no as MissingMean
)

var missingNames = []string{MissingAuto: "auto", MissingMask: "mask", MissingRefuse: "refuse", MissingMean: "mean", MissingMedian: "median"}

// String returns the name: auto, mask, refuse, mean or median.
func (m Missing) String() string {
	if int(m) < len(missingNames) {
		return missingNames[m]
	}
	return fmt.Sprintf("Missing(%d)", uint8(m))
}

// MarshalText returns the name; a number that is none is an [*Error].
func (m Missing) MarshalText() ([]byte, error) {
	return enumText(missingNames, int(m), "treatment of missing cells")
}

// UnmarshalText reads one by its name; an unknown one is an [*Error].
func (m *Missing) UnmarshalText(text []byte) error {
	at := slices.Index(missingNames, string(text))
	if at < 0 {
		return &Error{Msg: fmt.Sprintf("unknown treatment of missing cells %q: expected auto, mask, refuse, mean or median", text)}
	}
	*m = Missing(at)
	return nil
}

// fillers returns what missing cells of each column take, of a set whose present cells it looks at some columns at a time.
// A column without any is an [*Error].
func (s *Set) fillers(m Missing) ([]float64, error) {
	const together = 64 // columns whose values are held
	fill := make([]float64, s.Cols)
	row := make([]float64, s.Cols)
	for from := 0; from < s.Cols; from += together {
		to := min(from+together, s.Cols)
		values := make([][]float64, to-from)
		for i := range s.Rows {
			s.wideRow(row, i)
			for k, v := range row[from:to] {
				if v == v {
					values[k] = append(values[k], v)
				}
			}
		}
		for k, v := range values {
			j := from + k
			if len(v) == 0 {
				return nil, s.noValue(j)
			}
			fill[j] = m.of(s.kind(j), v)
		}
	}
	return fill, nil
}

// noValue is the error about a column without a value.
func (s *Set) noValue(j int) error {
	e := &Error{Path: s.Name, Column: j + 1, Msg: fmt.Sprintf("no value in %d rows that missing cells could take: leave the column out (--drop)", s.Rows)}
	if s.Columns != nil {
		e.Field = s.Columns[j].Name
	}
	return e
}

// kind is what the numbers of column j are.
func (s *Set) kind(j int) Kind {
	if s.Columns == nil {
		return Real
	}
	return s.Columns[j].Kind
}

// of returns what stands for values of a column of that kind, of which there are some.
func (m Missing) of(kind Kind, values []float64) float64 {
	if kind == Category || kind == YesNo {
		return mode(values)
	}
	v := 0.0
	if m == MissingMedian {
		v = median(values)
	} else {
		for _, x := range values {
			v += (x - values[0]) / float64(len(values)) // from the first on: a column far from zero loses nothing
		}
		v += values[0]
	}
	if kind == Count {
		v = math.Round(v)
	}
	return v
}

// mode is the most frequent of whole numbers, the smallest of several.
func mode(values []float64) float64 {
	counts := map[float64]int{}
	best := values[0]
	for _, v := range values {
		counts[v]++
	}
	for v, n := range counts {
		if n > counts[best] || n == counts[best] && v < best {
			best = v
		}
	}
	return best
}

// median is the middle value, or halfway between the two. It sorts the values.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	low, high := values[(n-1)/2], values[n/2]
	return low + (high-low)/2
}

// filled returns a copy whose missing cells have what fill says for their columns, s itself where it has none. It is float64
// where the set is, or what missing cells take would be blurred otherwise.
func (s *Set) filled(fill []float64, wide bool) (*Set, error) {
	if !s.Gaps {
		return s, nil
	}
	t := *s
	t.under, t.through, t.order, t.rounded, t.Gaps = nil, nil, nil, false, false
	t.U8, t.F32, t.F64 = nil, nil, nil
	var err error
	if s.IsFloat64() || wide {
		t.F64, err = newArray[float64](s.disk, s.Rows*s.Cols)
	} else {
		t.F32, err = newArray[float32](s.disk, s.Rows*s.Cols)
	}
	if err != nil {
		return nil, err
	}
	row := make([]float64, s.Cols)
	for i := range s.Rows {
		s.wideRow(row, i)
		for j, v := range row {
			if v != v {
				v = fill[j]
			}
			if t.F64 != nil {
				t.F64[i*s.Cols+j] = v
			} else {
				t.F32[i*s.Cols+j] = float32(v)
			}
		}
	}
	return &t, nil
}

// MissingCells returns how many cells are missing.
func (s *Set) MissingCells() int {
	if !s.Gaps {
		return 0
	}
	n := 0
	row := make([]float64, s.Cols)
	for i := range s.Rows {
		s.wideRow(row, i)
		for _, v := range row {
			if v != v {
				n++
			}
		}
	}
	return n
}

// fills says whether missing cells take a value of their column.
func (m Missing) fills() bool { return m == MissingMean || m == MissingMedian }

// kept is what a preparation notes: nothing of what refuses missing cells, as files have it since there are others.
func (m Missing) kept() Missing {
	if m == MissingRefuse {
		return MissingAuto
	}
	return m
}

// withoutGaps returns the set as a preparation is fitted to it, and what missing cells take; nil where they are refused.
func (s *Set) withoutGaps(m Missing) (*Set, []float64, error) {
	if int(m) >= len(missingNames) {
		return nil, nil, wrong(s.Name, "unknown treatment %d of missing cells: expected 0 to %d", m, len(missingNames)-1)
	}
	switch {
	case m == MissingMask:
		return nil, nil, wrong(s.Name, "missing cells are left out of the loss (mask) where each column has a likelihood of its own: expected refuse, mean or median")
	case !m.fills() || s.IsBytes():
		return s, nil, s.CheckGaps()
	}
	fill, err := s.fillers(m)
	if err != nil {
		return nil, nil, err
	}
	s, err = s.filled(fill, false)
	return s, fill, err
}

// checkFill says what is wrong with what missing cells take in a file.
func (p *Preparation) checkFill(name string) error {
	if int(p.Missing) >= len(missingNames) || p.Fill != nil && (len(p.Fill) != p.Cols || !p.Missing.fills()) {
		return wrong(name, "%d values for missing cells: expected %d, or none", len(p.Fill), p.Cols)
	}
	for j, v := range p.Fill {
		if v-v != 0 || p.column(j).wants(v) != "" {
			return &Error{Path: name, Column: j + 1, Field: p.column(j).Name, Msg: fmt.Sprintf("%g for missing cells: expected a value of the column", v)}
		}
	}
	return nil
}
