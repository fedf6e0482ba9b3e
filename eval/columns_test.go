package eval

import (
	"context"
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// kinds is a table with a column of every kind and a constant one.
func kinds(t *testing.T, rows ...[]float64) *data.Set {
	t.Helper()
	s := &data.Set{Name: "kinds", Rows: len(rows), Cols: 6, Columns: []data.Column{
		{Name: "height"}, {Name: "visits", Kind: data.Count}, {Name: "member", Kind: data.YesNo},
		{Name: "colour", Kind: data.Category, Levels: []string{"red", "green", "blue"}}, {Name: "joined", Kind: data.Date}, {Name: "same"},
	}}
	for _, r := range rows {
		s.F64 = append(s.F64, r...)
	}
	s.Gaps = slices.ContainsFunc(s.F64, math.IsNaN)
	return s
}

// theCase is the table of a file that went wrong once.
func theCase(t *testing.T, file string) *data.Set {
	t.Helper()
	src, err := data.Open(t.Context(), filepath.Join("..", "data", "testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return src.Train
}

// made is a maker of fixed numbers.
func made(y []float32) maker {
	return func(_ context.Context, s *data.Set) (*data.Set, []float32, error) { return s, y, nil }
}

// Every figure against numbers worked out by hand: training columns 1 3 5 7 (mean 4, variance 5), 0 0 2 2 (1, 1),
// 1 0 0 0 (1/4, 3/16), red red green blue (1/2 1/4 1/4, summed variance 5/8), days 10 to 13 (23/2, 5/4), 7 7 7 7.
func TestColumnFiguresByHand(t *testing.T) {
	train := kinds(t, []float64{1, 0, 1, 0, 10, 7}, []float64{3, 0, 0, 0, 11, 7}, []float64{5, 2, 0, 1, 12, 7}, []float64{7, 2, 0, 2, 13, 7})
	nan := math.NaN()
	test := kinds(t, []float64{2, 1, 1, 2, 10, 7}, []float64{6, 3, 0, 0, nan, 7}, []float64{nan, 0, 1, 1, 14, 9})
	raw := [][]float64{ // what comes out, a category as its three levels
		{3, 1.5, 0.75, 0.5, 0, 0.5, 11, 7.5}, {6, 1, 0.25, 0.75, 0.25, 0, 12, 7}, {99, 0.5, 0.25, 0.5, 0.25, 0.25, 12, 7},
	}
	want := []ColumnFigure{
		{"height", data.Real, 2, 1 - (1+0)/(4.+4), nan, math.Sqrt(1. / 2), nan},
		{"visits", data.Count, 3, 1 - (0.25+4+0.25)/(0+4.+1), nan, math.Sqrt(4.5 / 3), nan},
		{"member", data.YesNo, 3, 1 - (1+1+9)/(9+1+9.), nan, 1. / 3, nan},
		{"colour", data.Category, 3, 1 - (0.5+0.125+(0.25+0.5625+0.0625))/((0.25+0.0625+0.5625)+(0.25+0.0625*2)+(0.25+0.5625+0.0625)), nan, 2. / 3, nan},
		{"joined", data.Date, 2, 1 - (1+4)/(2.25+6.25), nan, math.Sqrt(5. / 2), nan},
		{"same", data.Real, 3, nan, nan, math.Sqrt((0.25 + 4) / 3), nan},
	}
	err := 1/5. + 4.5/1 + 11./16/(3./16) + 1.5/(5./8) + 5/(5./4)
	spread := 8/5. + 5/1. + 19./16/(3./16) + (0.875+0.375+0.875)/(5./8) + 8.5/(5./4)
	for _, scaling := range []data.Scaling{data.ScaleNone, data.ScaleMinMax, data.ScaleStandard} {
		p, e := data.FitPreparation(train, data.PreparationOptions{Scaling: scaling})
		if e != nil {
			t.Fatal(e)
		}
		var y []float32
		for _, r := range raw {
			for j, at := range []int{0, 1, 2, 3, 3, 3, 4, 5} {
				if p.Shift != nil {
					r[j] = (r[j] - p.Shift[at]) / p.Scale[at]
				}
				y = append(y, float32(r[j]))
			}
		}
		yards, e := newYardsticks(t.Context(), p, train, test, portionOf(nil, test.Rows, evalBatch))
		if e != nil {
			t.Fatal(e)
		}
		got, all, e := yards.measure(t.Context(), test, made(y))
		if e != nil {
			t.Fatal(e)
		}
		for j, c := range got {
			w := want[j]
			if c.Name != w.Name || c.Kind != w.Kind || c.Cells != w.Cells || !near(c.Explained, w.Explained) || !near(c.Ordinary, w.Ordinary) || !near(c.Error, w.Error) {
				t.Errorf("%v: %+v\nexpected %+v", scaling, c, w)
			}
		}
		if v := share(all.err, all.spread); !near(v, 1-err/spread) {
			t.Errorf("%v: %g over all columns: expected %g", scaling, v, 1-err/spread)
		}
		for _, r := range raw { // back for the next scaling
			for j, at := range []int{0, 1, 2, 3, 3, 3, 4, 5} {
				if p.Shift != nil {
					r[j] = r[j]*p.Scale[at] + p.Shift[at]
				}
			}
		}
	}
}

// near says whether two numbers are the same but for float32's rounding, or both are none.
func near(a, b float64) bool { return math.Abs(a-b) < 1e-5 || a != a && b != b }

// One wild row among those trained on moves their mean so far that a constant seems to explain nearly all of the others.
// The figures over ordinary rows are those of the same reconstructions without it.
func TestOneWildRowMakesNoFigure(t *testing.T) {
	s := theCase(t, "one-wild-row.npy")
	wild := -1
	for i := range s.Rows {
		if math.Abs(s.At(i, 0)) > 1000 {
			wild = i
		}
	}
	var rows []int
	for i := range s.Rows {
		if i != wild {
			rows = append(rows, i)
		}
	}
	tame := s.Subset(rows)
	p, err := data.FitPreparation(s, data.PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	zero := make([]float32, p.Inputs())
	p.Rows(zero, &data.Set{Rows: 1, Cols: s.Cols, F32: make([]float32, s.Cols)}, 0, 1)
	constant := func(_ context.Context, part *data.Set) (*data.Set, []float32, error) {
		return part, slices.Repeat(zero, part.Rows), nil
	}
	for what, test := range map[string]*data.Set{"without": tame, "with": s} {
		yards, err := newYardsticks(t.Context(), p, s, test, portionOf(nil, test.Rows, evalBatch))
		if err != nil {
			t.Fatal(err)
		}
		columns, all, err := yards.measure(t.Context(), test, constant)
		if err != nil {
			t.Fatal(err)
		}
		if v := share(all.ordinaryErr, all.ordinarySpread); !(math.Abs(v) < 0.01) {
			t.Errorf("%s the wild row: a constant explains %g of ordinary rows", what, v)
		}
		for _, c := range columns {
			if !(math.Abs(c.Ordinary) < 0.02) {
				t.Errorf("%s the wild row: a constant explains %g of column %s", what, c.Ordinary, c.Name)
			}
		}
	}
}

// PCA that keeps every direction makes all cells of every kind again, though it saw ln(1+x) of counts and knows nothing of
// missing cells; these count for nothing.
func TestColumnsPreparedTwice(t *testing.T) {
	nan, s := math.NaN(), &data.Set{Name: "gaps", Rows: 60, Cols: 4, Gaps: true, Columns: []data.Column{
		{Name: "length"}, {Name: "visits", Kind: data.Count}, {Name: "member", Kind: data.YesNo}, {Name: "colour", Kind: data.Category, Levels: []string{"red", "green"}},
	}}
	for i := range s.Rows {
		row := []float64{math.Sin(float64(i)), float64(i * i % 11), float64(i % 3 / 2), float64(i % 2)}
		if i%5 == 0 {
			row[i/5%4] = nan
		}
		s.F64 = append(s.F64, row...)
	}
	rows, made, err := data.FitColumns(s, data.ColumnOptions{Counts: []bool{false, true, false, false}})
	if err != nil {
		t.Fatal(err)
	}
	x, err := rows.Apply(s)
	if err != nil {
		t.Fatal(err)
	}
	dev := ref64.New()
	pca, err := FitPCA(t.Context(), dev, SetRows(x), rows.Inputs())
	if err != nil {
		t.Fatal(err)
	}
	yards, err := newYardsticks(t.Context(), made, s, s, portionOf(nil, s.Rows, evalBatch))
	if err != nil {
		t.Fatal(err)
	}
	columns, all, err := yards.measure(t.Context(), s, pca.maker(dev, rows, made))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range columns {
		if c.Cells != 57 || !(c.Explained > 0.9999) || !(c.Ordinary > 0.9999) || !(c.Error < 1e-3) {
			t.Errorf("%+v: expected all of 57 cells explained", c)
		}
	}
	if v := share(all.err, all.spread); !(v > 0.9999) {
		t.Errorf("%g over all columns", v)
	}
}

// A model with a code of 1 and PCA beside it on one factor: by column and over all, PCA measured as the model is.
func TestColumnsOfThePCA(t *testing.T) {
	s := theCase(t, "one-factor.csv")
	p, err := data.FitPreparation(s, data.PreparationOptions{Scaling: data.ScaleStandard})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(ref64.New(), model.Spec{Inputs: s.Cols, Latent: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetPreparation(p); err != nil {
		t.Fatal(err)
	}
	pca, err := Linear(t.Context(), m, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Summarise(t.Context(), m, s, s, SummaryOptions{PCA: pca})
	if err != nil {
		t.Fatal(err)
	}
	kept, mean := pca.Variance[0]/pca.Total, 0.0
	for _, c := range got.PCA.Columns {
		mean += c.Explained / float64(s.Cols)
	}
	if v := got.PCA.Get("explained_variance"); !near(v, kept) || !near(v, mean) || !(v > 0.9) {
		t.Errorf("PCA explains %g, %g as the mean over standardised columns: expected %g", v, mean, kept)
	}
	text, err := json.Marshal(got)
	if err != nil || !json.Valid(text) || !strings.Contains(string(text), `"columns":[{"name":"SO4","kind":"real","cells":2000,"explained_variance":`) ||
		!strings.Contains(string(text), `"rmse":`) || strings.Contains(string(text), "psnr") {
		t.Errorf("%s, %v", text, err)
	}
	if len(got.Columns) != 5 || got.Columns[4].Name != "BC" || got.PCA.Columns[4].Name != "BC" {
		t.Errorf("%+v", got.Columns)
	}
}
