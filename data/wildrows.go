package data

import (
	"fmt"
	"math"
	"slices"
)

// wildFactor is by how much a value has to lie further from the median than 99 of 100 others to count as wild.
const wildFactor = 50

// fewestToJudge is how many values tell what is usual in a column.
const fewestToJudge = 20

// mostWild is how many rows may be wild before they are taken for the nature of the column.
const mostWild = 5

// usual is where nearly all values of a column lie.
type usual struct {
	median, reach float64 // 99 of 100 lie no further from the median; 0 where that cannot be told
}

// usualOf judges by values that were looked at. The most frequent values of a column, such as the zeros of a sparse one,
// have no say.
func usualOf(values []float64) usual {
	kept := make([]float64, 0, len(values))
	for _, v := range values {
		if v == v {
			kept = append(kept, v)
		}
	}
	if len(kept) < fewestToJudge {
		return usual{}
	}
	slices.Sort(kept)
	u := usual{median: kept[len(kept)/2]}
	far := kept[:0]
	for _, v := range kept {
		if d := math.Abs(v - u.median); d > 0 {
			far = append(far, d)
		}
	}
	if len(far) < fewestToJudge {
		return u
	}
	slices.Sort(far)
	u.reach = far[99*(len(far)-1)/100]
	return u
}

// wildRow is a row that lies far from all others.
type wildRow struct {
	row     int
	columns []int   // in which it does
	factor  float64 // by which, in one of them
}

// wildRows names the few rows that set the range of columns.
func (l *looking) wildRows() {
	s := l.set
	if s.U8 != nil {
		return
	}
	limits := make([]usual, s.Cols)
	any := false
	for j := range limits {
		if !l.number(j) {
			continue
		}
		u := usualOf(l.columns[j])
		if s.Height > 0 { // the pixels of a picture have one scale
			u.reach = 0
		}
		e := l.ranges[j]
		if u.reach > 0 && max(e.hi-u.median, u.median-e.lo) > wildFactor*u.reach {
			limits[j], any = u, true
		}
	}
	if s.Height > 0 {
		any = l.wildPixels(limits)
	}
	if any {
		l.sayWild(l.findWild(limits))
	}
}

// wildPixels sets one limit for all pixels.
func (l *looking) wildPixels(limits []usual) bool {
	all := make([]float64, 0, 100000)
	lo, hi := math.Inf(1), math.Inf(-1)
	count := 0
	for _, c := range l.columns {
		count += len(c)
	}
	every := count/cap(all) + 1
	for j, c := range l.columns {
		for i := j % every; i < len(c); i += every {
			all = append(all, c[i])
		}
		lo, hi = min(lo, l.ranges[j].lo), max(hi, l.ranges[j].hi)
	}
	u := usualOf(all)
	for j := range limits {
		limits[j] = u
	}
	return u.reach > 0 && max(hi-u.median, u.median-lo) > wildFactor*u.reach
}

// findWild looks at every row, and stops once there are too many.
func (l *looking) findWild(limits []usual) []wildRow {
	s := l.set
	var wild []wildRow
	row := make([]float64, s.Cols)
	for i := range s.Rows {
		s.wideRow(row, i)
		w := wildRow{row: i}
		for j, v := range row {
			if d := math.Abs(v - limits[j].median); limits[j].reach > 0 && d > wildFactor*limits[j].reach {
				w.columns = append(w.columns, j)
				w.factor = max(w.factor, d/limits[j].reach)
			}
		}
		if w.columns == nil {
			continue
		}
		if wild = append(wild, w); len(wild) > max(mostWild, s.Rows/1000) {
			return nil
		}
	}
	return wild
}

func (l *looking) sayWild(wild []wildRow) {
	s := l.set
	var said []string
	for _, w := range wild {
		name := fmt.Sprintf("row %d", w.row+1)
		if s.IDs != nil {
			name += fmt.Sprintf(" (%s)", clip(s.IDs[w.row]))
		}
		of := fmt.Sprintf("%d of %d columns", len(w.columns), s.Cols)
		if len(w.columns) <= 3 && s.Height == 0 {
			of = ""
			for k, j := range w.columns {
				if k > 0 {
					of += ", "
				}
				of += s.title(j)
			}
		}
		if len(w.columns) == s.Cols {
			of = "every column"
		}
		said = append(said, fmt.Sprintf("%s in %s, %s times as far out as others", name, of, twoDigits(w.factor)))
	}
	if said == nil {
		return
	}
	what := "one row sets the range"
	if len(said) > 1 {
		what = fmt.Sprintf("%d rows set the range", len(said))
	}
	l.src.doubt("%s: %s: is it a fault?", what, someOf(said, 3))
}

// twoDigits is a factor of two digits, written out where it is not too long.
func twoDigits(v float64) string {
	if v >= 1e9 {
		return fmt.Sprintf("%.1e", v)
	}
	step := math.Pow(10, math.Floor(math.Log10(v))-1)
	return fmt.Sprintf("%.0f", math.Round(v/step)*step)
}

// someOf lists the first few of many.
func someOf(words []string, most int) string {
	if len(words) <= most {
		return some(words)
	}
	return some(append(slices.Clone(words[:most]), fmt.Sprintf("%d more", len(words)-most)))
}
