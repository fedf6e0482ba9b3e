package data

import (
	"math"
	"slices"
	"strings"
	"testing"
)

var gap = math.NaN()

// gappy is a table of every kind of column with a gap in each.
func gappy() *Set {
	rows := [][]float64{
		{1, 0, 1, 0, 10},
		{2, 3, gap, 2, 20},
		{gap, 4, 1, 2, gap},
		{9, gap, 0, gap, 31},
	}
	s := &Set{Name: "gappy", Rows: len(rows), Cols: 5, Gaps: true, Columns: []Column{{Name: "a"}, {Name: "n", Kind: Count}, {Name: "yes", Kind: YesNo},
		{Name: "c", Kind: Category, Levels: []string{"red", "green", "blue"}}, {Name: "day", Kind: Date}}}
	for _, r := range rows {
		for _, v := range r {
			s.F32 = append(s.F32, float32(v))
		}
	}
	return s
}

// Missing cells take the mean or the median of the cells that are there, of categories the most frequent level, in every set
// that is matched later, and are refused without.
func TestMissingCellsTakeAValue(t *testing.T) {
	for how, want := range map[Missing][]float64{MissingMean: {4, 2, 1, 2, 61.0 / 3}, MissingMedian: {2, 3, 1, 2, 20}} {
		p, err := FitPreparation(gappy(), PreparationOptions{Missing: how})
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range want {
			if math.Abs(p.Fill[j]-v) > 1e-12 {
				t.Errorf("%v: column %d takes %g, want %g", how, j, p.Fill[j], v)
			}
		}
		other := gappy()
		other.Columns[3].Levels = []string{"blue", "red", "green"} // counted in another order
		for _, s := range []*Set{gappy(), other} {
			m, err := p.Match(s)
			if err != nil {
				t.Fatal(err)
			}
			if m.Gaps || m.MissingCells() != 0 || m.At(2, 0) != float64(float32(want[0])) || m.At(3, 3) != 2 || s.MissingCells() != 5 {
				t.Errorf("%v: %v of %v", how, m.F32, s.F32)
			}
			x, err := p.Apply(s)
			if err != nil || slices.ContainsFunc(x.F32, func(v float32) bool { return v != v }) {
				t.Errorf("%v: %v: prepared %v", how, err, x)
			}
		}
		again := *p
		again.Fill = slices.Clone(p.Fill)
		again.Fill[3] = 7
		if err := again.Validate(); err == nil || !strings.Contains(err.Error(), "missing cells") {
			t.Errorf("a level that there is none of: %v", err)
		}
	}
	if _, err := FitPreparation(gappy(), PreparationOptions{}); err == nil || !strings.Contains(err.Error(), "--missing mean") {
		t.Errorf("without a choice: %v", err)
	}
	none := gappy()
	for i := range none.Rows {
		none.F32[i*none.Cols+1] = float32(gap)
	}
	if _, err := FitPreparation(none, PreparationOptions{Missing: MissingMean}); err == nil || !strings.Contains(err.Error(), "no value in 4 rows") {
		t.Errorf("a column without a value: %v", err)
	}
}

// A set that was fitted without a gap fills those of later rows; rows on disk are filled as in memory.
func TestMissingCellsOfLaterRows(t *testing.T) {
	whole := gappy().Head(1)
	whole.Gaps = false
	p, err := FitPreparation(whole, PreparationOptions{Missing: MissingMedian})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Match(gappy())
	if err != nil || s.At(1, 2) != 1 || s.At(3, 1) != 0 {
		t.Fatalf("%v: %+v", err, s)
	}
	disk := NewDisk(0, t.TempDir())
	defer disk.Close()
	on := gappy()
	on.disk = disk
	if on.F32, err = copyOf(disk, on.F32); err != nil {
		t.Fatal(err)
	}
	m, err := p.Match(on)
	if err != nil || !m.OnDisk() || Fingerprint(m) != Fingerprint(s) {
		t.Errorf("%v: on disk %v", err, m)
	}
}

// What a missing cell takes is not rounded where later rows are all float32 and the column's own numbers are not.
func TestMissingTimesAreNotBlurred(t *testing.T) {
	fitted := &Set{Name: "times", Rows: 3, Cols: 2, Gaps: true, F64: []float64{1.7e12 + 1, 1, 1.7e12 + 5, 2, gap, 3}}
	p, err := FitPreparation(fitted, PreparationOptions{Missing: MissingMean})
	if err != nil || !p.Wide {
		t.Fatal(err, p)
	}
	x, err := p.Apply(&Set{Name: "later", Rows: 1, Cols: 2, Gaps: true, F32: []float32{float32(gap), 2}})
	if err != nil || x.At(0, 0) != 0 {
		t.Errorf("%v: the mean of its column comes to %v, want 0", err, x)
	}
}

// Cells that are missing among texts are told as those among numbers are.
func TestMissingTextsAreTold(t *testing.T) {
	text := "a,city,ok\n"
	for i := range 20 {
		text += []string{"1.5,Oslo,yes\n", "2.5,Lyon,no\n", "3.5,,yes\n", ",NA,\n"}[i%4]
	}
	src := mustRead(t, file(t, "gaps.csv", text), Reading{})
	if want := "missing cells: a (5), city (10), ok (5)"; !slices.Contains(src.Doubts, want) {
		t.Errorf("doubts %q, want %q", src.Doubts, want)
	}
}
