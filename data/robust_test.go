package data

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Bending is smooth at its start and is taken back.
func TestBendIsTakenBack(t *testing.T) {
	for _, v := range []float64{0, 1, 3, 3.0000001, 4, 1e4, 1e30, math.MaxFloat64} {
		for _, v := range []float64{v, -v} {
			if w := unbend(bend(v)); !(math.Abs(w-v) <= 1e-12*math.Abs(v)*(1+math.Abs(bend(v)))) || math.Abs(bend(v)) > math.Abs(v) {
				t.Errorf("%g is bent to %g, which comes back as %g", v, bend(v), w)
			}
		}
	}
	if slope := (bend(3+1e-6) - bend(3)) / 1e-6; math.Abs(slope-1) > 1e-5 {
		t.Errorf("the slope behind the bend is %g", slope)
	}
	if v := bend(math.NaN()); v == v || unbend(v) == unbend(v) {
		t.Error("NaN is bent to a number")
	}
}

// One wild row does not set the range: it is drawn in to some spreads, and comes back.
func TestOneWildRowIsDrawnIn(t *testing.T) {
	s := open(t, "testdata/one-wild-row.npy")
	p := throughJSON(t, fitted(t, s, PreparationOptions{}))
	rows, targets := both(t, s, ColumnOptions{})
	for _, p := range []*Preparation{p, rows, targets} {
		if p.Scaling != ScaleStandard || slices.Contains(p.Robust, false) || !slices.Equal(p.Deviations(), p.Scale) || !has(p.Said(), "median and quartiles", "column 1") {
			t.Errorf("scaling %v, robust %v, said %q", p.Scaling, p.Robust, p.Said())
		}
		x := applied(t, p, s)
		lo, hi := x.Range()
		if max(hi, -lo) > 40 || max(hi, -lo) < 10 {
			t.Errorf("prepared within %g and %g", lo, hi)
		}
		for j := range s.Cols {
			values := column(x, j)
			slices.Sort(values)
			if spread := quantile(values, 0.75) - quantile(values, 0.25); math.Abs(spread-normalQuartiles) > 1e-5 || math.Abs(quantile(values, 0.5)) > 1e-6 {
				t.Errorf("column %d: the quartiles are %g apart", j, spread)
			}
		}
		back, err := p.Undo(x.F32)
		if err != nil {
			t.Fatal(err)
		}
		sameTable(t, s, back)
		errors, one := make([]float64, s.Cols), make([]float32, s.Cols)
		for i := range s.Rows { // in the bent space: of zeros, the squares of what is seen
			p.SquaredErrors(errors, s, i, one)
			for j, e := range errors {
				if v := x.At(i, j); math.Abs(e-v*v) > 1e-4*max(e, 1) {
					t.Fatalf("row %d: an error of %g, of a value seen as %g", i, e, v)
				}
			}
		}
	}
	for _, o := range []PreparationOptions{{Scaling: ScaleStandard}, {Scaling: ScaleMinMax}, {Unit: true}} {
		if p := fitted(t, s, o); p.Robust != nil {
			t.Errorf("%+v is robust", o)
		}
	}
}

// Robust scaling on request: by quartiles, but a column whose quartiles are one number by mean and deviation.
func TestRobustOnRequest(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	s := &Set{Name: "three", Rows: 200, Cols: 3, Columns: []Column{{Name: "normal"}, {Name: "rare"}, {Name: "yes", Kind: YesNo}}}
	for i := range 200 {
		s.F32 = append(s.F32, 5+float32(rng.NormFloat64()), float32(i/190), float32(i%2))
	}
	p := throughJSON(t, fitted(t, s, PreparationOptions{Scaling: ScaleRobust}))
	q := fitted(t, s, PreparationOptions{Scaling: ScaleStandard})
	if !slices.Equal(p.Robust, []bool{true, false, false}) || p.Scale[1] != q.Scale[1] || p.Shift[1] != q.Shift[1] || math.Abs(p.Scale[0]-1) > 0.2 || p.Scale[2] != 1 {
		t.Errorf("robust %v, scale %v", p.Robust, p.Scale)
	}
	if d := p.Deviations(); d[0] != p.Scale[0] || d[1] != p.Scale[1] || d[2] != 0.5 || q.Robust != nil {
		t.Errorf("deviations %v", d)
	}
	if p := fitted(t, s, PreparationOptions{}); p.Robust != nil {
		t.Errorf("a normal column is robust: %v", p.Robust)
	}
	_, err := FitPreparation(s, PreparationOptions{Scaling: ScaleRobust, Unit: true})
	wantError(t, err, "scaling robust puts it around 0")
	picture := &Set{Name: "picture", Rows: 1, Cols: 4, Height: 2, Width: 2, Channels: 1, F32: make([]float32, 4)}
	_, err = FitPreparation(picture, PreparationOptions{Scaling: ScaleRobust})
	wantError(t, err, "picture: scaling robust is for columns of numbers")
	_, _, err = FitColumns(picture, ColumnOptions{Scaling: ScaleRobust})
	wantError(t, err, "picture: scaling robust is for columns of numbers")
}

// Quartiles are those of numpy.
func TestQuantiles(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{{nil, 0.5, 0}, {[]float64{7}, 0.25, 7}, {[]float64{1, 2, 3, 4}, 0.25, 1.75}, {[]float64{1, 2, 3, 4}, 0.75, 3.25}, {[]float64{1, 2, 4}, 1, 4}} {
		if got := quantile(c.values, c.q); got != c.want {
			t.Errorf("quantile %g of %v is %g, want %g", c.q, c.values, got, c.want)
		}
	}
}

// Columns that are left out before they are sorted have no heavy tails.
func TestHeavyTailsAreFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	heavy := 0
	for range 300 {
		s := &Set{Name: "tails", Rows: 2 + rng.IntN(300), Cols: 8}
		var far, often, power [8]float64
		for j := range s.Cols {
			far[j], often[j], power[j] = math.Exp(4*rng.NormFloat64()), rng.Float64(), 1+2*rng.Float64()
		}
		for i := range s.Rows * s.Cols {
			j := i % s.Cols
			v := math.Copysign(math.Pow(math.Abs(rng.NormFloat64()), power[j]), rng.NormFloat64())
			if rng.Float64() < often[j]*often[j] {
				v *= far[j]
			}
			s.F32 = append(s.F32, float32(v))
		}
		p := fitted(t, s, PreparationOptions{})
		cells := presentCells(s, nil, nil)
		for j := range s.Cols {
			values := column(s, j)
			slices.Sort(values)
			spread := (quantile(values, 0.75) - quantile(values, 0.25)) / normalQuartiles
			want := p.Scaling == ScaleStandard && spread > 0 && cells.deviation[j] > 3*spread
			if got := p.Robust != nil && p.Robust[j]; got != want {
				t.Fatalf("%d rows, deviation %g, spread %g: robust %v", s.Rows, cells.deviation[j], spread, got)
			}
			if want {
				heavy++
			}
		}
	}
	if heavy < 100 || heavy > 2000 {
		t.Errorf("%d of 2400 columns have heavy tails", heavy)
	}
}

// Images are prepared as before: one mean and deviation for all pixels.
func TestColumnsOfImages(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	s := &Set{Name: "images", Rows: 20, Cols: 64, Height: 8, Width: 8, Channels: 1, U8: make([]uint8, 20*64)}
	for i := range s.U8 {
		s.U8[i] = uint8(rng.Uint32())
	}
	p := fitted(t, s, PreparationOptions{Scaling: ScaleStandard})
	rows, targets := both(t, s, ColumnOptions{})
	if !rows.SameAs(targets, s) || !slices.Equal(rows.Shift, p.Shift) || !slices.Equal(rows.Scale, p.Scale) || rows.Blank != nil {
		t.Errorf("shift %v and %v, scale %v and %v", rows.Shift[0], p.Shift[0], rows.Scale[0], p.Scale[0])
	}
	if rows, _ := both(t, s, ColumnOptions{Scaling: ScaleNone}); !rows.Identity() || applied(t, rows, s) != s {
		t.Error("bytes were copied")
	}
}
