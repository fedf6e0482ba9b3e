package model

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
)

// manyKinds is a table with a column of each likelihood, as its names say, whose last rows have the first column alone.
func manyKinds(t *testing.T, rows, bare int) *data.Set {
	t.Helper()
	rng := rand.New(rand.NewPCG(6, 6))
	names := []string{"x", "poisson", "negative", "inflated"}
	numbers := make([][]float64, len(names))
	city, ok := make([]string, rows), make([]float64, rows)
	for i := range rows {
		u := rng.NormFloat64()
		for j := range names {
			v := 3*u + 1
			if j > 0 {
				v = float64(rng.IntN(9))
			}
			if i >= rows-bare && j > 0 {
				v = math.NaN()
			}
			numbers[j] = append(numbers[j], v)
		}
		city[i], ok[i] = []string{"Bonn", "Lyon", "Oslo"}[rng.IntN(3)], float64(rng.IntN(2))
	}
	s, err := data.NewTable("every", data.Numbers("x", numbers[0]), data.Numbers("y", slices.Clone(numbers[0])), data.Texts("city", city), data.Numbers("ok", ok),
		data.Counts("poisson", numbers[1]), data.Counts("negative", numbers[2]), data.Counts("inflated", numbers[3]))
	if err != nil {
		t.Fatal(err)
	}
	s.Columns[3].Kind = data.YesNo
	for i := rows - bare; i < rows; i++ {
		for j := 1; j < s.Cols; j++ {
			put(s, i, j, math.NaN())
		}
	}
	s.Gaps = bare > 0
	return s
}

// put changes a number of a set.
func put(s *data.Set, i, j int, v float64) {
	if s.F64 != nil {
		s.F64[i*s.Cols+j] = v
		return
	}
	s.F32[i*s.Cols+j] = float32(v)
}

// ofTable is a model of a table whose last columns are counts, with preparations fitted to it.
func ofTable(t *testing.T, s *data.Set, likelihood string, spec Spec) *Model {
	t.Helper()
	counts := make([]bool, s.Cols)
	for j := range counts {
		counts[j] = s.Columns[j].Kind == data.Count
	}
	rows, targets, err := data.FitColumns(s, data.ColumnOptions{Counts: counts})
	if err != nil {
		t.Fatal(err)
	}
	spec.Inputs, spec.Targets, spec.SameRows, spec.Likelihood = rows.Inputs(), targets.Inputs(), true, columnsOf(t, likelihood)
	m := newTestModel(t, spec)
	if err := errors.Join(m.SetTargetPreparation(targets), m.SetPreparation(rows)); err != nil {
		t.Fatal(err)
	}
	return m
}

const ofManyKinds = "columns:gaussian*2,softmax*4,bernoulli,poisson,negative-binomial,zero-inflated"

// blind makes a model's decoder give the same means whatever the code is.
func blind(t *testing.T, m *Model, means []float32) {
	t.Helper()
	for _, p := range m.Params() {
		if p.Name == "decoder.0.weight" {
			if err := m.SetWeights(p.Name, make([]float32, p.Rows*p.Cols)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := m.CentreOutput(means); err != nil {
		t.Fatal(err)
	}
}

// gapped is such a table with a cell in three missing, how many these are, and a model of it whose code is drawn.
func gapped(t *testing.T) (s *data.Set, gaps int, m *Model) {
	t.Helper()
	s = manyKinds(t, 60, 0)
	rng := rand.New(rand.NewPCG(8, 8))
	for i := range s.Rows {
		for j := range s.Cols {
			if rng.IntN(3) == 0 && j > 0 {
				put(s, i, j, math.NaN())
				gaps++
			}
		}
	}
	s.Gaps = true
	m = ofTable(t, s, ofManyKinds, Spec{Latent: 2, Hidden: []int{5}, Code: Gaussian{}})
	means := make([]float32, m.Spec.Outputs())
	for j := range means {
		means[j] = 1.0 / 3
	}
	means[5] = 0 // no text is another than those that were there
	if err := m.CentreOutput(means); err != nil {
		t.Fatal(err)
	}
	return s, gaps, m
}

// What is there stays, and what is missing gets finite values of its kind.
func TestFillKeepsWhatIsThere(t *testing.T) {
	s, gaps, m := gapped(t)
	check := func(what string, full *data.Set, n int, err error) {
		t.Helper()
		if err != nil || n != gaps || full.MissingCells() != 0 {
			t.Fatalf("%s: %d of %d cells filled, %v", what, n, gaps, err)
		}
		for i := range s.Rows {
			for j := range s.Cols {
				was, is := s.At(i, j), full.At(i, j)
				if was == was && is != was || is-is != 0 || j >= 2 && is != math.Trunc(is) || j == 2 && is > 2 {
					t.Errorf("%s: row %d, column %d is %g, was %g", what, i, j, is, was)
				}
			}
		}
	}
	full, n, err := m.Fill(t.Context(), s)
	check("means", full, n, err)
	drawn, n, err := m.FillDraw(t.Context(), s, 0, 1, 7)
	check("draws", drawn, n, err)
	plain := ofTable(t, s, ofManyKinds, Spec{Latent: 2})
	if _, _, err := plain.FillDraw(t.Context(), s, 0, 0, 7); err == nil {
		t.Error("draws of a code that is not drawn")
	}
	if _, _, err := newTestModel(t, Spec{Inputs: 7, Latent: 2}).Fill(t.Context(), s); !errors.Is(err, ErrNoGaps) {
		t.Errorf("a model without gaps: %v", err)
	}
}

// A row's draws are its own: by seed, draw and number alone, whatever is beside it.
func TestDrawsAreARowsOwn(t *testing.T) {
	s, _, m := gapped(t)
	drawn, _, err := m.FillDraw(t.Context(), s, 0, 1, 7)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := m.FillDraw(t.Context(), s, 0, 1, 7)
	if err != nil || !slices.Equal(again.F32, drawn.F32) || !slices.Equal(again.F64, drawn.F64) {
		t.Errorf("the same draw is another, %v", err)
	}
	for other, o := range map[string][2]uint64{"another draw": {2, 7}, "another seed": {1, 8}} {
		if d, _, err := m.FillDraw(t.Context(), s, 0, int(o[0]), o[1]); err != nil || slices.Equal(d.F32, drawn.F32) && slices.Equal(d.F64, drawn.F64) {
			t.Errorf("%s is the same, %v", other, err)
		}
	}
	for _, from := range []int{1, 17, 59} {
		part, _, err := m.FillDraw(t.Context(), s.Part(from, s.Rows-from), from, 1, 7)
		if err != nil {
			t.Fatal(err)
		}
		for i := range part.Rows {
			for j := range s.Cols {
				if part.At(i, j) != drawn.At(from+i, j) {
					t.Fatalf("row %d, column %d is drawn as %g, alone from row %d on as %g", from+i, j, drawn.At(from+i, j), from, part.At(i, j))
				}
			}
		}
	}
}

// moments are the mean and the variance of a column.
func moments(d *data.Set, j int) (mean, variance float64) {
	for i := range d.Rows {
		mean += d.At(i, j) / float64(d.Rows)
	}
	for i := range d.Rows {
		variance += (d.At(i, j) - mean) * (d.At(i, j) - mean) / float64(d.Rows)
	}
	return mean, variance
}

// Draws have the moments of their likelihoods, within five standard errors, which one seed in two million exceeds.
func TestDrawsHaveTheirMoments(t *testing.T) {
	const bare = 20000
	s := manyKinds(t, bare+100, bare)
	m := ofTable(t, s, ofManyKinds, Spec{Latent: 2, Code: Gaussian{}})
	blind(t, m, []float32{0, 0.5, 0.5, 0.25, 0.125, 0.125, 0.3, 2.5, 4, 3})
	spread := make([]float32, 2*10)
	spread[1] = float32(math.Log(0.49) / backend.SpreadRate)       // a deviation of 0.7
	spread[8] = float32(math.Log(2) / backend.SpreadRate)          // r = 2
	spread[9] = float32(math.Log(3) / backend.SpreadRate)          // r = 3
	spread[19] = float32(math.Log(0.25/0.75) / backend.SpreadRate) // a quarter are zeros of their own
	if err := m.SetWeights(spreadName, spread); err != nil {
		t.Fatal(err)
	}
	full, _, err := m.FillDraw(t.Context(), s, 0, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	codes := &data.Set{Name: "codes", Rows: bare, Cols: 2, F32: make([]float32, 2*bare)}
	sampled, err := m.DecodeDrawn(t.Context(), codes, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	p := m.TargetPreparation()
	r2, r3, inflated := 2.0, 3.0, 6*0.75 // the mean of a column that starts at 3 is 2 x 3 of those that are no zeros of their own
	share := map[int]float64{0: 0.5, 1: 0.25, 2: 0.125, 3: 0.125}
	for what, d := range map[string]*data.Set{"fill": full.Part(100, bare), "samples": sampled} {
		for j, want := range map[int][2]float64{
			1: {0.5*p.Scale[1] + p.Shift[1], 0.49 * p.Scale[1] * p.Scale[1]},
			3: {0.3, 0.21},
			4: {2.5, 2.5},
			5: {4, 4 + 16/r2},
			6: {inflated, inflated + inflated*inflated*(1/0.75*(1+1/r3)-1)}, // of a mixture: E x^2 = p (m + m^2 (1 + 1/r))
		} {
			mean, variance := moments(d, j)
			if off := math.Abs(mean - want[0]); !(off <= 5*math.Sqrt(want[1]/bare)) {
				t.Errorf("%s, column %d: mean %g, want %g", what, j, mean, want[0])
			}
			// The standard error of a variance is its double root of (kurtosis - 1) / n; of these columns the kurtosis is below 12.
			if off := math.Abs(variance - want[1]); !(off <= 5*want[1]*math.Sqrt(11.0/bare)) {
				t.Errorf("%s, column %d: variance %g, want %g", what, j, variance, want[1])
			}
		}
		levels := map[int]float64{}
		for i := range d.Rows {
			levels[int(d.At(i, 2))] += 1.0 / bare
		}
		for k, want := range share {
			if off := math.Abs(levels[k] - want); !(off <= 5*math.Sqrt(want*(1-want)/bare)) {
				t.Errorf("%s: level %d has a share of %g, want %g", what, k, levels[k], want)
			}
		}
	}
}

// ofCounts is a table of compositions: a row, and the same twice and ten times as deep.
func ofCounts(t *testing.T) *data.Set {
	t.Helper()
	var columns []data.Values
	for j, n := range []float64{700, 300, 0, 900} {
		columns = append(columns, data.Counts(fmt.Sprintf("g%d", j), []float64{n, 2 * n, 10 * n, 0, float64(j)}))
	}
	s, err := data.NewTable("counts", columns...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A row twice as deep has twice the counts, one without any none.
func TestSizeFactors(t *testing.T) {
	for _, text := range []string{"columns:poisson*4:1900", "columns:negative-binomial*4:1900", "columns:zero-inflated*4:1900", "columns:multinomial*4:1900"} {
		s := ofCounts(t)
		m := ofTable(t, s, text, Spec{Latent: 2})
		blind(t, m, []float32{600, 400, 100, 800})
		y, err := m.Reconstruct(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for j := range s.Cols {
			once, twice, ten := y.At(0, j), y.At(1, j), y.At(2, j)
			total += once
			if !(once > 90) || math.Abs(twice-2*once) > 1.5 || math.Abs(ten-10*once) > 5.5 || y.At(3, j) > 1 {
				t.Errorf("%s, column %d: %g, twice %g, ten times %g, of nothing %g", text, j, once, twice, ten, y.At(3, j))
			}
		}
		if math.Abs(total-1900) > 2 {
			t.Errorf("%s: %g counts of 1900", text, total)
		}
		codes, err := m.Encode(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if y, err = m.Decode(t.Context(), codes); err != nil || math.Abs(y.At(0, 0)-600) > 1 || math.Abs(y.At(2, 3)-800) > 1 {
			t.Errorf("%s: decoded %v, %v", text, y, err)
		}
	}
}

// Scores of rows with gaps are those of the cells that are there.
func TestJudgeLeavesGapsOut(t *testing.T) {
	s := manyKinds(t, 30, 10)
	m := ofTable(t, s, ofManyKinds, Spec{Latent: 2})
	means := []float32{0.25, 0.5, 0.5, 0.25, 0.125, 0.125, 0.3, 2.5, 4, 3}
	blind(t, m, means)
	j, err := m.Judge(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	p := m.TargetPreparation()
	for i := 20; i < 30; i++ {
		d := (s.At(i, 0)-p.Shift[0])/p.Scale[0] - 0.25
		v := 1 + backend.MinVariance
		if want := (d*d/v + math.Log(v) + math.Log(2*math.Pi)) / 2; !(math.Abs(j.NLL[i]-want) < 1e-4*math.Abs(want)+1e-6) {
			t.Errorf("row %d has a NLL of %g, want %g", i, j.NLL[i], want)
		}
	}
}

// A model of columns that is written and read back gives the same reconstructions, fills and draws.
func TestFilesOfColumnsReconstructAlike(t *testing.T) {
	s := manyKinds(t, 40, 10)
	for _, l := range []string{ofManyKinds, ofManyKinds + ":12.5", "columns:gaussian*2,softmax*4,bernoulli,multinomial*3:17"} {
		m := ofTable(t, s, l, Spec{Latent: 2, Hidden: []int{5}, Code: Gaussian{}})
		if n := m.Spec.likelihood().spreads(); n > 0 {
			if err := m.SetWeights(spreadName, ramp(n, m.Spec.Outputs())); err != nil {
				t.Fatal(err)
			}
		}
		var file bytes.Buffer
		if err := m.Write(&file); err != nil {
			t.Fatal(err)
		}
		again, err := Read(ref64.New(), file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		var results [2][][]float32
		for k, m := range []*Model{m, again} {
			a, err := m.Reconstruct(t.Context(), s)
			b, _, err2 := m.Fill(t.Context(), s)
			c, _, err3 := m.FillDraw(t.Context(), s, 0, 1, 2)
			if err := errors.Join(err, err2, err3); err != nil {
				t.Fatal(l, err)
			}
			for _, s := range []*data.Set{a, b, c} {
				row := make([]float32, s.Cols)
				for i := range s.Rows {
					s.Row(row, i)
					results[k] = append(results[k], slices.Clone(row))
				}
			}
		}
		for i, row := range results[0] {
			if !slices.Equal(row, results[1][i]) {
				t.Fatalf("%s: row %d is %v, read back %v", l, i, row, results[1][i])
			}
		}
		if again.Spec.Likelihood.String() != l {
			t.Errorf("%s came back as %s", l, again.Spec.Likelihood)
		}
	}
}
