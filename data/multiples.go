package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// standardised is a column that was looked at, brought to mean 0 and deviation 1, its largest deviation being above 0.
type standardised struct {
	column int
	values []float64
	weight float64 // a sum that columns which are one another's multiples share
}

// mostCompared is how many columns are compared with one another.
const mostCompared = 10000

// multiples names columns that are another one times a factor, plus a number.
func (l *looking) multiples() {
	s := l.set
	if s.Rows < fewestToJudge || s.Cols > mostCompared {
		return
	}
	var all []standardised
	for j := range s.Cols {
		if c, ok := standardise(l.columns[j]); ok && (l.number(j) || s.Columns[j].Kind == YesNo) {
			c.column = j
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b standardised) int { return cmp.Compare(a.weight, b.weight) })
	var said []string
	told := map[int]bool{}
	for k := 1; k < len(all); k++ {
		a, b := all[k-1].column, all[k].column
		if all[k].weight-all[k-1].weight > 1e-3 || !near(all[k-1].values, all[k].values) {
			continue
		}
		first, second := min(a, b), max(a, b)
		factor, add, ok := l.line(first, second)
		if !ok || told[second] {
			continue
		}
		told[second] = true
		switch {
		case factor == 1 && add == 0 && l.src.table: // said already
		case factor == 1 && add == 0:
			said = append(said, fmt.Sprintf("%s repeats %s", s.title(second), s.title(first)))
		default:
			said = append(said, fmt.Sprintf("%s is %s times %.4g%s", s.title(second), s.title(first), factor, plus(add)))
		}
	}
	if said != nil {
		l.src.doubt("%s: --drop leaves one out", some(said))
	}
}

func plus(v float64) string {
	switch {
	case v > 0:
		return fmt.Sprintf(" + %.4g", v)
	case v < 0:
		return fmt.Sprintf(" - %.4g", -v)
	}
	return ""
}

// standardise returns false for a column with a missing value, or nearly all of one value.
func standardise(values []float64) (standardised, bool) {
	n := float64(len(values))
	mean, square, usual := 0.0, 0.0, 0
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		square += (v - mean) * (v - mean) / n
	}
	if !(square > 0) || math.IsInf(square, 0) {
		return standardised{}, false
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	for _, v := range values {
		if v == sorted[len(sorted)/2] {
			usual++
		}
	}
	if len(values)-usual < 10 {
		return standardised{}, false
	}
	c := standardised{values: sorted}
	far := 0.0
	for i, v := range values {
		c.values[i] = (v - mean) / math.Sqrt(square)
		if d := math.Abs(c.values[i]); d > math.Abs(far)*(1+1e-6) {
			far = c.values[i]
		}
	}
	for i := range c.values {
		c.values[i] *= math.Copysign(1, far)
		c.weight += c.values[i] * math.Cos(float64(i)) / math.Sqrt(n)
	}
	return c, true
}

func near(a, b []float64) bool {
	for i, v := range a {
		if math.Abs(v-b[i]) > 1e-4 {
			return false
		}
	}
	return true
}

// line finds b = factor a + add over all rows.
func (l *looking) line(a, b int) (factor, add float64, ok bool) {
	s := l.set
	lo, hi := 0, 0
	for i := range s.Rows {
		if v := s.At(i, a); v < s.At(lo, a) {
			lo = i
		} else if v > s.At(hi, a) {
			hi = i
		}
	}
	factor = (s.At(hi, b) - s.At(lo, b)) / (s.At(hi, a) - s.At(lo, a))
	add = s.At(lo, b) - factor*s.At(lo, a)
	if size := math.Abs(s.At(lo, b)) + math.Abs(s.At(hi, b)); math.Abs(add) < 1e-6*size {
		add = 0
	}
	most := 1e-4 * (l.ranges[b].hi - l.ranges[b].lo)
	for i := range s.Rows {
		if !(math.Abs(factor*s.At(i, a)+add-s.At(i, b)) <= most) {
			return 0, 0, false
		}
	}
	return factor, add, true
}
