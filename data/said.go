package data

import (
	"fmt"
	"math"
	"slices"
)

// Said says in lines for people what a preparation does that its scaling and the kinds of its columns do not say: levels that
// are pooled, columns that are scaled by their quartiles, counts that are seen as ln(1+x).
func (p *Preparation) Said() (lines []string) {
	for j, c := range p.Columns {
		if len(c.Pooled) > 0 {
			quoted := make([]string, len(c.Pooled))
			for k, l := range c.Pooled {
				quoted[k] = fmt.Sprintf("%q", clip(l))
			}
			lines = append(lines, fmt.Sprintf("%s: %d levels of fewer than %d rows each are taken as %s: %s", p.title(j), len(quoted), fewCells, otherLevel, some(quoted)))
		}
	}
	if names := p.titles(p.Robust); names != nil && p.Scaling == ScaleRobust {
		lines = append(lines, fmt.Sprintf("scaled by median and quartiles, and drawn in beyond %g spreads: %s", bendFrom, Listed(names)))
	} else if names != nil {
		lines = append(lines, fmt.Sprintf("scaled by median and quartiles, and drawn in beyond %g spreads, for their heavy tails: %s (--scale standard takes mean and deviation)", bendFrom, Listed(names)))
	}
	if names := p.titles(p.Counts); names != nil && p.Log {
		as := "ln(1+x)"
		if p.Total > 0 {
			as = fmt.Sprintf("ln(1 + %g x / total of the row)", p.Total)
		}
		lines = append(lines, fmt.Sprintf("counts, taken as %s: %s", as, Listed(names)))
	}
	return lines
}

// titles are what messages call the columns that are marked.
func (p *Preparation) titles(marked []bool) (names []string) {
	for j, is := range marked {
		if is {
			names = append(names, p.title(j))
		}
	}
	return names
}

// title is what a message calls raw column j.
func (p *Preparation) title(j int) string { return (&Set{Columns: p.Columns}).title(j) }

// SameAs says whether q makes the same numbers as p of every row of s, so that one array serves for both. Both are those that
// [FitColumns] made of the same rows.
func (p *Preparation) SameAs(q *Preparation, s *Set) bool {
	switch {
	case p.Scaling != q.Scaling, p.Unit != q.Unit, p.Wide != q.Wide, p.Cols != q.Cols,
		!slices.Equal(p.Shift, q.Shift), !slices.Equal(p.Scale, q.Scale), !slices.Equal(p.Robust, q.Robust), !slices.Equal(p.Fill, q.Fill),
		p.Log != q.Log, p.Total != q.Total:
		return false
	case !slices.EqualFunc(p.Columns, q.Columns, func(a, b Column) bool { return a.Kind == b.Kind && slices.Equal(a.Levels, b.Levels) }):
		return false
	}
	return slices.Equal(p.Blank, q.Blank) || !s.HasGaps()
}

// HasGaps says whether a cell is missing.
func (s *Set) HasGaps() bool { return s.gaps(1) > 0 }

// Missing returns the share of cells that are missing.
func (s *Set) Missing() float64 {
	return float64(s.gaps(s.Rows*s.Cols)) / math.Max(float64(s.Rows)*float64(s.Cols), 1)
}

// gaps counts missing cells up to the end of the row with so many.
func (s *Set) gaps(enough int) (n int) {
	if !s.Gaps {
		return 0
	}
	row := make([]float64, s.Cols)
	for i := 0; i < s.Rows && n < enough; i++ {
		s.wideRow(row, i)
		for _, v := range row {
			if v != v {
				n++
			}
		}
	}
	return n
}

// checkMade says what is wrong in a file with what became of columns.
func (p *Preparation) checkMade(name string) error {
	for _, marks := range [][]bool{p.Robust, p.Counts, p.Constant} {
		if marks != nil && len(marks) != p.Cols {
			return wrong(name, "%d marks of columns: expected %d, or none", len(marks), p.Cols)
		}
	}
	switch {
	case p.Robust != nil && (!p.Scaling.centred() || p.Images != nil):
		return wrong(name, "columns scaled by their quartiles: expected none under scaling %s, or of images", p.Scaling)
	case !(p.Total >= 0) || math.IsInf(p.Total, 0) || p.Total > 0 && !p.Log:
		return wrong(name, "%g counts in a usual row: expected a number from 0 on, and 0 where counts are seen as they are", p.Total)
	case p.Constant != nil && p.Shift == nil:
		return wrong(name, "constant columns: expected none without a scaling")
	case p.Log && p.Counts == nil:
		return wrong(name, "logarithms of counts: expected the columns that are counts")
	case p.Blank != nil && (len(p.Blank) != p.Cols || p.Missing != MissingMask):
		return wrong(name, "%d values that missing cells are prepared as: expected %d where they are masked, else none", len(p.Blank), p.Cols)
	}
	for j := range p.Cols {
		e := &Error{Path: name, Column: j + 1, Field: p.column(j).Name}
		switch kind := p.column(j).Kind; {
		case p.Robust != nil && p.Robust[j] && !kind.scaled():
			e.Msg = fmt.Sprintf("scaled by its quartiles: expected no scaling of a column of kind %s", kind)
		case p.Counts != nil && p.Counts[j] && kind != Count:
			e.Msg = fmt.Sprintf("a column of kind %s: expected one of counts", kind)
		case p.Blank != nil && narrow(p.Blank[j]) != float32(p.Blank[j]):
			e.Msg = "expected a finite number for missing cells"
		default:
			continue
		}
		return e
	}
	return nil
}
