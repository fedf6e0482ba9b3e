package data

import (
	"fmt"
	"slices"
)

// ColumnOptions are what the preparations of a model are to be whose columns have likelihoods of their own.
type ColumnOptions struct {
	// Scaling of real columns and dates, and of ln(1+x) of counts. ScaleAuto is ScaleStandard whatever their range, but of
	// real columns with heavy tails as ScaleRobust.
	Scaling Scaling
	// Missing says what missing cells become. MissingAuto is MissingMask.
	Missing Missing
	// Counts says which columns are made as counts, one a raw column; nil for none.
	Counts []bool
	// Logs says that these are made by way of ln(1+x) too.
	Logs bool
	// Total is the sum of these in a usual row where rows are compositions: then the encoder sees ln(1 + x Total / sum of the
	// row). 0 where they are not.
	Total float64
}

// FitColumns fits two preparations of the same raw rows: rows is what an encoder sees, targets what a decoder is to make by
// likelihoods of each column's own. Statistics are over the cells that are there.
//
//   - Real columns and dates are standardised in both, and so are counts that o.Counts does not name. One that is constant
//     is turned back to its value, whatever a model makes of it.
//   - Counts that it does are ln(1+x), standardised, in rows, and in targets the counts themselves, or with o.Logs the same. More than 256 of them
//     have one scale, by which they vary as 256 would: many that move together would make a step of the first layer too long.
//   - Yes/no stays 0 or 1. A category is one input a level, the last of which, "(other)", stands for levels that were not
//     there in training, and for all that have fewer than 5 cells each where there are two of these.
//   - Under MissingMask a missing cell is NaN in targets, in all inputs of its column. In rows it is 0, as a cell is
//     that a corruption hides: the mean where it is standardised, of a category 0 for each level.
//
// Rows of s are prepared as all others: by Apply, or as Match returns them, since levels may have other numbers. An [*Error]
// says what keeps s from being fitted to: a column without a value, a number among counts that is none.
func FitColumns(s *Set, o ColumnOptions) (rows, targets *Preparation, err error) {
	if err := s.checkToFit(); err != nil {
		return nil, nil, err
	}
	if err := o.Scaling.check(s); err != nil {
		return nil, nil, err
	}
	if s, err = s.counted(o.Counts); err != nil {
		return nil, nil, err
	}
	switch {
	case s.IsBytes(): // which cannot be missing
		o.Missing = MissingRefuse
	case o.Missing == MissingAuto:
		o.Missing = MissingMask
	}
	f := columnFit{raw: s, options: o}
	f.pooled.Columns = slices.Clone(s.Columns)
	f.levels, f.becomes = f.pooled.pool(s)
	if o.Missing != MissingMask {
		if s, f.fill, err = s.withoutGaps(o.Missing); err != nil {
			return nil, nil, err
		}
	}
	f.wide = s.blurred()
	if s.IsFloat64() && !f.wide {
		s = s.narrowed()
	}
	f.set, f.cells = s, presentCells(s, nil, nil)
	if at := slices.Index(f.cells.there, 0); at >= 0 {
		return nil, nil, s.noValue(at)
	}
	return f.rows(), f.targets(), nil
}

// columnFit is the fitting of a pair of preparations.
type columnFit struct {
	options         ColumnOptions
	raw, set        *Set        // as it is, and with what missing cells take
	wide            bool        // float32 would blur it
	pooled          Preparation // has the columns, with a level for others
	levels, becomes [][]int     // see pool
	fill            []float64   // what missing cells take, by the set's own levels
	cells           *present    // of set
}

// rows is the preparation of what the encoder sees.
func (f *columnFit) rows() *Preparation {
	p := f.seen()
	if p.Missing != MissingMask {
		return p
	}
	p.Blank = make([]float64, p.Cols) // 0, as corruption hides cells
	return p
}

// seen is that with missing cells as they are.
func (f *columnFit) seen() *Preparation {
	p, cells := f.common(), f.cells
	if slices.Contains(f.options.Counts, true) {
		p.Counts, p.Log, p.Total = slices.Clone(f.options.Counts), true, f.options.Total
		cells = presentCells(f.set, p.Counts, p.sizesOf(f.set))
	}
	f.scale(p, cells)
	if f.options.Scaling == ScaleAuto {
		p.narrowCounts()
	}
	return p
}

// targets is the preparation of what the decoder is to make.
func (f *columnFit) targets() *Preparation {
	if f.options.Logs {
		return f.seen()
	}
	p := f.common()
	if slices.Contains(f.options.Counts, true) {
		p.Counts = slices.Clone(f.options.Counts)
	}
	f.scale(p, f.cells)
	return p
}

// common is what both preparations are.
func (f *columnFit) common() *Preparation {
	scaling := f.options.Scaling
	if scaling == ScaleAuto {
		scaling = ScaleStandard
	}
	p := f.set.unfitted(scaling, f.wide)
	p.Columns = slices.Clone(f.pooled.Columns)
	if !haveNames(p.Columns) && allReal(p.Columns) {
		p.Columns = nil
	}
	p.Missing, p.Fill = f.options.Missing.kept(), slices.Clone(f.fill)
	for j := range p.Fill {
		if f.becomes != nil && f.becomes[j] != nil {
			p.Fill[j] = float64(f.becomes[j][int(p.Fill[j])])
		}
	}
	return p
}

// scale fills Shift, Scale, Robust and Deviation by the cells as they are scaled.
func (f *columnFit) scale(p *Preparation, cells *present) {
	if p.Scaling != ScaleNone {
		p.Shift, p.Scale = slices.Clone(cells.mean), slices.Clone(cells.deviation)
		if p.Scaling == ScaleMinMax {
			p.Shift, p.Scale = slices.Clone(cells.lo), slices.Clone(cells.extent)
		}
		p.leaveUnscaled()
		for j, count := range p.Counts {
			if count && !p.Log {
				p.Shift[j], p.Scale[j] = 0, 1
			}
		}
	}
	if always := f.options.Scaling == ScaleRobust; always || f.options.Scaling == ScaleAuto {
		p.fitRobust(f.set, always)
	}
	asked := f.options.Scaling
	if asked == ScaleAuto {
		asked = ScaleStandard
	}
	p.noteConstant(cells)
	p.fitImages(f.set, asked, func() columnRange { return columnRange{cells.lo, cells.hi, cells.mean} })
	p.Deviation = slices.Clone(f.cells.deviation)
	for j, n := range f.levels {
		if n != nil {
			p.Deviation[j] = f.levelDeviation(j, len(p.Columns[j].Levels))
		}
	}
	for j := range p.Cols {
		if p.logged(j) {
			p.Deviation[j] = cells.deviation[j]
		}
	}
	p.robustDeviation()
}

// noteConstant notes the scaled columns of one value: how far off that a model is has no unit that the data would give.
func (p *Preparation) noteConstant(cells *present) {
	for j := range p.Shift {
		if p.column(j).Kind.scaled() && cells.lo[j] == cells.hi[j] && (p.Counts == nil || !p.Counts[j]) {
			if p.Constant == nil {
				p.Constant = make([]bool, p.Cols)
			}
			p.Constant[j] = true
		}
	}
}

// levelDeviation is the deviation of category j with its pooled levels.
func (f *columnFit) levelDeviation(j, levels int) float64 {
	counts, rows := make([]float64, levels), f.cells.there[j]
	for k, n := range f.levels[j] {
		counts[f.becomes[j][k]] += float64(n)
	}
	if f.fill != nil { // what was missing has a level too
		here := 0
		for _, n := range f.levels[j] {
			here += n
		}
		counts[f.becomes[j][int(f.fill[j])]] += float64(rows - here)
	}
	return deviationOf(counts, float64(rows))
}

// counted returns the set with columns as counts, and refuses numbers that are none.
func (s *Set) counted(counts []bool) (*Set, error) {
	if !slices.Contains(counts, true) {
		return s, nil
	}
	if len(counts) != s.Cols {
		return nil, wrong(s.Name, "which of %d columns are counts: expected that of %d", len(counts), s.Cols)
	}
	if s.IsBytes() {
		return nil, wrong(s.Name, "images of bytes, which are within [0, 1]: expected numbers from 0 on for counts")
	}
	t := *s
	if t.Columns = slices.Clone(s.Columns); t.Columns == nil {
		t.Columns = make([]Column, s.Cols)
	}
	for j := range t.Columns {
		c := &t.Columns[j]
		if !counts[j] {
			continue
		}
		if c.Kind == Category || c.Kind == Date || len(c.Levels) > 0 {
			return nil, &Error{Path: s.Name, Column: j + 1, Field: c.Name, Msg: fmt.Sprintf("a column of kind %s: expected numbers for counts", c.Kind)}
		}
	}
	if err := s.checkCounts(counts); err != nil {
		return nil, err
	}
	for j := range t.Columns {
		if counts[j] {
			t.Columns[j].Kind = Count
		}
	}
	return &t, nil
}

// checkCounts reports the first number that is no count in columns that are to be counts; nil for none.
func (s *Set) checkCounts(counts []bool) error {
	var order []int
	for j, count := range counts {
		if count && s.kind(j) != Count { // whose numbers are known to be
			order = append(order, j)
		}
	}
	if order == nil || s.seen {
		return nil
	}
	var first *Error
	like := Column{Kind: Count}
	s.walk(func(start int, block *Set) []func() {
		if first != nil {
			return nil
		}
		return []func(){func() {
			for i := range block.Rows {
				for _, j := range order {
					v := block.At(i, j)
					if wants := like.wants(v); wants != "" {
						first = s.place(s.Name, (start+i)*s.Cols+j)
						first.Msg = fmt.Sprintf("%g: %s", v, wants)
						return
					}
				}
			}
		}}
	})
	if first != nil {
		return first
	}
	return nil
}
