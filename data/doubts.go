package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// suspect looks for what seems not to be meant in data that are to be trained on, whatever file they came from.
func (s *Source) suspect(how *Reading) {
	set := s.Train
	if set != nil {
		s.doubtTexts(set.Classes)
	}
	if set == nil || set.U8 != nil && set.Height > 0 {
		return
	}
	l := set.looked()
	l.set, l.src = set, s
	l.wildRows()
	if set.Height == 0 {
		l.images()
		l.times()
		l.days()
		if how.ID == "" {
			l.numbered()
		}
		l.multiples()
		if how.describe && !s.doubts("constant: ") {
			l.constants()
		}
		if how.describe && !s.table {
			l.describe()
		}
	}
	if how.describe && set.Labels != nil && set.Height == 0 {
		l.tellsLabel()
	}
}

// doubts says whether a doubt holds those words.
func (s *Source) doubts(words string) bool {
	return slices.ContainsFunc(s.Doubts, func(d string) bool { return strings.Contains(d, words) })
}

// looking is a set that is looked at: all of it row by row, and some rows column by column.
type looking struct {
	set     *Set
	src     *Source
	columns [][]float64 // of the rows that are looked at, NaN where missing
	step    int         // from one of them to the next
	last    []float64   // row
	ranges  []extremes
	dates   []bool // columns of dates without marks
}

// extremes are what the numbers of a column come to.
type extremes struct {
	lo, hi  float64
	missing int
	whole   bool
	rising  bool // each is above the one before it
}

// Of a set so many cells are looked at column by column, in so many rows at least and at most.
const (
	mostSampled     = 1 << 21
	fewestRowsASeen = 200
	mostRowsASeen   = 5000
)

// newLooking returns what takes rows of a set at equal distances, and the extremes of all.
func newLooking(s *Set) *looking {
	rows := min(s.Rows, max(fewestRowsASeen, min(mostRowsASeen, mostSampled/s.Cols)))
	l := &looking{set: s, step: max(1, s.Rows/max(rows, 1)), last: make([]float64, s.Cols)}
	l.columns = make([][]float64, s.Cols)
	for j := range l.columns {
		l.columns[j] = make([]float64, 0, (s.Rows+l.step-1)/l.step)
	}
	l.ranges = make([]extremes, s.Cols)
	for j := range l.ranges {
		l.ranges[j] = extremes{lo: math.Inf(1), hi: math.Inf(-1), whole: true, rising: true}
	}
	return l
}

// tasks look at the next rows, which are in memory.
func (l *looking) tasks(start int, block *Set) []func() {
	if l == nil {
		return nil
	}
	return block.byColumns(func(from, to int) {
		ranges, last := l.ranges[from:to], l.last[from:to]
		block.wideColumns(from, to, func(i int, row []float64) {
			for j, v := range row {
				ranges[j].see(v, last[j], start+i)
			}
			if (start+i)%l.step == 0 {
				for j, v := range row {
					l.columns[from+j] = append(l.columns[from+j], v)
				}
			}
			copy(last, row)
		})
	})
}

// looked returns what was seen of a set when it was read, or looks now.
func (s *Set) looked() (l *looking) {
	f := s.facts()
	f.note(func() { l, f.look = f.look, nil })
	if l == nil {
		l = newLooking(s)
		s.walk(l.tasks)
	}
	return l
}

func (e *extremes) see(v, last float64, row int) {
	if v != v {
		e.missing++
		e.rising = false
		return
	}
	e.lo, e.hi = min(e.lo, v), max(e.hi, v)
	e.whole = e.whole && v == math.Trunc(v)
	e.rising = e.rising && (row == 0 || v > last)
}

// number says whether column j is one of numbers that may be any.
func (l *looking) number(j int) bool {
	return l.set.Columns == nil || l.set.Columns[j].Kind == Real || l.set.Columns[j].Kind == Count
}

// title is what a message calls a column.
func (s *Set) title(j int) string {
	if s.Columns != nil && s.Columns[j].Name != "" {
		f := frame{named: true, fields: []rawColumn{{name: s.Columns[j].Name}}}
		return f.title(0)
	}
	return numberName(j)
}

// images names whole numbers from 0 to 255 in as many columns as a square picture has pixels.
func (l *looking) images() {
	s := l.set
	whole := func(from int) bool {
		top := 0.0
		for j, e := range l.ranges[from:] {
			if !e.whole || e.lo < 0 || e.hi > 255 || !l.number(from+j) && e.hi > 1 {
				return false
			}
			top = max(top, e.hi)
		}
		return top > 1
	}
	if s.U8 != nil && s.Cols > 1 { // v/255
		whole = func(int) bool { return true }
	}
	if l.src.doubts("may be images") {
		return
	}
	if layout := squareLayout(s.Cols); layout != "" && whole(0) {
		l.src.doubt("whole numbers within 0 and 255 in %d columns may be images: --layout %s takes them for such", s.Cols, layout)
		return
	}
	if layout := squareLayout(s.Cols - 1); layout != "" && s.Labels == nil && s.U8 == nil && whole(0) && l.ranges[0].hi < 100 {
		l.src.doubt("%s, whole numbers of %g to %g, may be labels, and the %d others images: --label 1 --layout %s takes them for such",
			s.title(0), l.ranges[0].lo, l.ranges[0].hi, s.Cols-1, layout)
	}
}

// squareLayout is the layout of rows of n numbers as square pictures, grey or of three colours, "" where there is none.
func squareLayout(n int) string {
	for _, channels := range []int{1, 3} {
		side := int(math.Round(math.Sqrt(float64(n) / float64(channels))))
		if side < 8 || side*side*channels != n {
			continue
		}
		if channels == 3 {
			return fmt.Sprintf("%dx%dx3", side, side)
		}
		return fmt.Sprintf("%dx%d", side, side)
	}
	return ""
}

// times names columns of whole numbers that may be seconds, or parts of them, since 1970.
func (l *looking) times() {
	var said []string
	for j, e := range l.ranges {
		if !l.number(j) || !e.whole || e.missing == l.set.Rows {
			continue
		}
		for unit, size := range map[string]float64{"seconds": 1, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9} {
			if e.lo >= 1e9*size && e.hi <= 2e9*size {
				day := func(v float64) string { return time.Unix(int64(v/size), 0).UTC().Format("2006-01-02") }
				said = append(said, fmt.Sprintf("%s (%s, %s to %s)", l.set.title(j), unit, day(e.lo), day(e.hi)))
			}
		}
	}
	if said != nil {
		l.src.doubt("may be unix times: %s: --drop leaves them out", some(said))
	}
}

// dateWords are in the names of columns of dates.
var dateWords = []string{"date", "day", "time", "datum"}

// hasDateName says whether the name of a column is one of dates or moments.
func hasDateName(name string) bool {
	lower := strings.ToLower(name)
	return lower == "t" || lower == "ts" || slices.ContainsFunc(dateWords, func(w string) bool { return strings.Contains(lower, w) })
}

// days names columns of a table whose numbers are all dates such as 20241231.
func (l *looking) days() {
	l.dates = make([]bool, l.set.Cols)
	var said []string
	for j, e := range l.ranges {
		named := hasDateName(l.set.title(j))
		if !l.src.table || !l.number(j) || !e.whole || !isCompactDate(e.lo) || !isCompactDate(e.hi) || !named && l.set.Rows < 20 {
			continue
		}
		seen, all := map[float64]bool{}, true
		for i := 0; i < l.set.Rows && all; i++ {
			if v := l.set.At(i, j); v == v && !seen[v] {
				all, seen[v] = isCompactDate(v), true
			}
		}
		if l.dates[j] = all && len(seen) >= 3; l.dates[j] {
			said = append(said, l.set.title(j))
		}
	}
	if said != nil {
		l.src.doubt("may be dates such as 20241231, whose numbers leap from month to month: %s: --types COLUMN=date takes one as days, --drop leaves them out", some(said))
	}
}

// numbered names columns of whole numbers that all differ and count something, rows most likely.
func (l *looking) numbered() {
	var said []string
	for j, e := range l.ranges {
		if l.set.Rows < 20 || l.dates[j] || !l.number(j) || !e.whole || e.missing > 0 || e.hi-e.lo > 3*float64(l.set.Rows) {
			continue
		}
		if e.rising || l.allDiffer(j, e) {
			said = append(said, l.set.title(j))
		}
	}
	if said == nil {
		return
	}
	flag := "--drop leaves them out"
	if l.src.table && l.set.IDs == nil {
		flag = "--id takes one for names of rows, --drop leaves them out"
	}
	l.src.doubt("whole numbers that differ in every row, as ids do: %s: %s", some(said), flag)
}

// allDiffer says whether no whole number of a column comes twice.
func (l *looking) allDiffer(j int, e extremes) bool {
	if e.hi-e.lo+1 < float64(l.set.Rows) {
		return false
	}
	seen := make([]uint64, int(e.hi-e.lo)/64+1)
	for i := range l.set.Rows {
		at := int(l.set.At(i, j) - e.lo)
		if seen[at/64]&(1<<(at%64)) != 0 {
			return false
		}
		seen[at/64] |= 1 << (at % 64)
	}
	return true
}

// describe reports on every column of an array.
func (l *looking) describe() {
	unit := 1.0
	if l.set.U8 != nil {
		unit = 255
	}
	for j, e := range l.ranges {
		c := ColumnReport{Number: j + 1, Kind: Real.String(), Missing: e.missing}
		if l.set.Columns != nil {
			c.Name, c.Kind = l.set.Columns[j].Name, l.set.Columns[j].Kind.String()
		}
		if e.lo <= e.hi {
			c.Min, c.Max = e.lo*unit, e.hi*unit
		}
		seen := map[float64]bool{}
		for i := 0; i < l.set.Rows && len(seen) < mostDistinct; i++ {
			if v := l.set.At(i, j); v == v {
				seen[v] = true
			}
		}
		c.Distinct, c.AtLeast = len(seen), len(seen) == mostDistinct
		l.src.Columns = append(l.src.Columns, c)
	}
}

// constants names the columns that are all one number.
func (l *looking) constants() {
	var said []string
	for j, e := range l.ranges {
		if e.lo == e.hi && l.number(j) {
			said = append(said, l.set.title(j))
		}
	}
	if said != nil {
		l.src.doubt("constant: %s: nothing to learn there", some(said))
	}
}

// tellsLabel names columns from each value of which the label follows, and those whose ranges tell the classes apart.
func (l *looking) tellsLabel() {
	s := l.set
	if s.ClassesPresent() < 2 {
		return
	}
	var said []string
	for j := range s.Cols {
		if l.ranges[j].lo < l.ranges[j].hi && (l.valuesTell(j) || l.rangesTell(j)) {
			said = append(said, s.title(j))
		}
	}
	if said != nil {
		l.src.doubt("gives the label away: %s: the label follows from it alone; --drop leaves it out", some(said))
	}
}

// valuesTell says whether few values come often and each in one class alone.
func (l *looking) valuesTell(j int) bool {
	s := l.set
	of := map[float64]int32{}
	for i := range s.Rows {
		v := s.At(i, j)
		if v != v {
			return false
		}
		label, known := of[v]
		if known && label != s.Labels[i] || !known && len(of) >= min(1000, s.Rows/4) {
			return false
		}
		of[v] = s.Labels[i]
	}
	return true
}

// rangesTell says whether the values of the classes, each of ten rows or more, lie apart.
func (l *looking) rangesTell(j int) bool {
	s := l.set
	type span struct {
		lo, hi float64
		rows   int
	}
	spans := make([]span, len(s.Classes))
	for k := range spans {
		spans[k] = span{lo: math.Inf(1), hi: math.Inf(-1)}
	}
	for i, label := range s.Labels {
		if v := s.At(i, j); v == v {
			c := &spans[label]
			c.lo, c.hi, c.rows = min(c.lo, v), max(c.hi, v), c.rows+1
		}
	}
	spans = slices.DeleteFunc(spans, func(c span) bool { return c.rows == 0 })
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	for k, c := range spans {
		if c.rows < 10 || k > 0 && c.lo <= spans[k-1].hi {
			return false
		}
	}
	return len(spans) > 1
}
