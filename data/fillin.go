package data

import (
	"slices"
	"strconv"
)

// FillIn returns the rows of raw in the preparation's order of columns, those of its missing cells that made has a value for
// filled in, and how many that were. made is what [Preparation.Undo] returned for the same rows. What was there stays as it
// is, levels that the preparation does not know too. A raw set that is none of the preparation is an [*Error].
func (p *Preparation) FillIn(raw, made *Set) (*Set, int, error) {
	s, err := p.inOrderOf(raw)
	if err != nil {
		return nil, 0, err
	}
	if made.Rows != s.Rows || made.Cols != s.Cols {
		return nil, 0, wrong(raw.Name, "%d x %d values for the cells of %d x %d", made.Rows, made.Cols, s.Rows, s.Cols)
	}
	t := *s.Part(0, s.Rows)
	t.Gaps = false
	levels := t.takeLevels(p)
	filled, row := 0, make([]float64, t.Cols)
	t.makeRoom(s.IsFloat64())
	for i := range t.Rows {
		s.wideRow(row, i)
		for j, v := range row {
			if v == v {
				continue
			}
			if v = made.At(i, j); v != v {
				t.Gaps = true
				continue
			}
			switch to := levels[j]; {
			case to != nil:
				v = float64(to[int(v)])
			case !made.IsFloat64(): // no digits that nobody knows
				v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 32), 64)
			}
			row[j], filled = v, filled+1
		}
		t.setRow(i, row)
	}
	return &t, filled, nil
}

// inOrderOf returns the rows of s with the columns in the preparation's order.
func (p *Preparation) inOrderOf(s *Set) (*Set, error) {
	order, err := p.order(s)
	if err != nil || order == nil {
		return s, err
	}
	return s.rearranged(order)
}

// takeLevels gives the categories of a set the levels of p that they lack, and returns the number that each of p's has there,
// a list a column, nil of what is no category.
func (s *Set) takeLevels(p *Preparation) [][]int {
	all := make([][]int, p.Cols)
	s.Columns = slices.Clone(s.Columns)
	for j, c := range p.Columns {
		if c.Kind != Category {
			continue
		}
		if s.Columns == nil {
			s.Columns = slices.Clone(p.Columns)
		}
		own := &s.Columns[j]
		own.Levels = slices.Clone(own.Levels)
		for _, l := range c.Levels {
			at := slices.Index(own.Levels, l)
			if at < 0 {
				at, own.Levels = len(own.Levels), append(own.Levels, l)
			}
			all[j] = append(all[j], at)
		}
	}
	return all
}

// Numbered returns the rows with a column of that name before the others, in which all have that number.
func (s *Set) Numbered(name string, number int) *Set {
	t := *s.Part(0, s.Rows)
	t.setImages(nil)
	t.Cols = s.Cols + 1
	t.makeRoom(s.IsFloat64())
	row := make([]float64, t.Cols)
	for i := range s.Rows {
		row[0] = float64(number)
		s.wideRow(row[1:], i)
		t.setRow(i, row)
	}
	columns := slices.Clone(s.Columns)
	for j := len(columns); j < s.Cols; j++ {
		columns = append(columns, Column{Name: numberName(j)})
	}
	t.Columns = append([]Column{{Name: name, Kind: Count}}, columns...)
	return &t
}

// makeRoom gives a set numbers of its own, all 0: float64 if wide, else float32.
func (s *Set) makeRoom(wide bool) {
	s.U8, s.F32, s.F64 = nil, nil, nil
	if wide {
		s.F64 = make([]float64, s.Rows*s.Cols)
	} else {
		s.F32 = make([]float32, s.Rows*s.Cols)
	}
}

// setRow sets row i of such a set.
func (s *Set) setRow(i int, row []float64) {
	if s.F64 != nil {
		copy(s.F64[i*s.Cols:], row)
		return
	}
	for j, v := range row {
		s.F32[i*s.Cols+j] = float32(v)
	}
}
