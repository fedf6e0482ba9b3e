package eval

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// scorer is an untrained model fitted to the units of s.
func scorer(t *testing.T, s *data.Set, spec model.Spec, scaling data.Scaling) *model.Model {
	t.Helper()
	p, err := data.FitPreparation(s, data.PreparationOptions{Scaling: scaling})
	if err != nil {
		t.Fatal(err)
	}
	spec.Inputs = p.Inputs()
	m, err := model.New(ref64.New(), spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetPreparation(p); err != nil {
		t.Fatal(err)
	}
	return m
}

func score(t *testing.T, m *model.Model, s *data.Set, o ScoreOptions) *data.Set {
	t.Helper()
	scores, err := Score(t.Context(), m, s, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := scores.Validate(); err != nil {
		t.Fatal(err)
	}
	return scores
}

// measured is a table whose columns have units far apart.
func measured(t *testing.T, rows int) *data.Set {
	t.Helper()
	small, large, colour := make([]float64, rows), make([]float64, rows), make([]string, rows)
	ids := make([]string, rows)
	for i := range rows {
		small[i], large[i] = 1e-3*math.Sin(float64(i)), 1e6*math.Cos(float64(3*i))
		colour[i], ids[i] = []string{"red", "green", "blue"}[i%3], "row"+string(rune('a'+i%26))
	}
	s, err := data.NewTable("measured", data.Numbers("small", small), data.Numbers("large", large), data.Texts("colour", colour), data.RowIDs("name", ids))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// meanOnly makes a model of standardised rows whose reconstruction is always 0, the mean, and 1/3 of each level.
func meanOnly(t *testing.T, m *model.Model) {
	t.Helper()
	for _, p := range m.Params() {
		v := make([]float32, p.Rows*p.Cols)
		if p.Name == "decoder.0.bias" {
			for k := range 3 {
				v[2+k] = 1. / 3
			}
		}
		if err := m.SetWeights(p.Name, v); err != nil {
			t.Fatal(err)
		}
	}
}

func TestScoresAreInStandardDeviations(t *testing.T) {
	s := measured(t, 300)
	m := scorer(t, s, model.Spec{Latent: 2}, data.ScaleStandard)
	meanOnly(t, m)
	scores := score(t, m, s, ScoreOptions{ByColumn: true})
	var names []string
	for _, c := range scores.Columns {
		names = append(names, c.Name)
	}
	if want := []string{"squared_error", "top1", "top2", "top3", "error:small", "error:large", "error:colour"}; !slices.Equal(names, want) {
		t.Fatalf("%v: expected %v", names, want)
	}
	for _, name := range []string{"squared_error", "error:small", "error:large", "error:colour"} {
		if v := mean(Column(scores, name)); math.Abs(v-1) > 1e-5 {
			t.Errorf("the mean leaves a %s of %g: expected 1", name, v)
		}
	}
	for i := range scores.Rows {
		errs := []float64{scores.At(i, 4), scores.At(i, 5), scores.At(i, 6)}
		if math.Abs(scores.At(i, 0)-mean(errs)) > 1e-12 {
			t.Fatalf("row %d: %g is not the mean of %v", i, scores.At(i, 0), errs)
		}
		if a, b, c := errs[int(scores.At(i, 1))], errs[int(scores.At(i, 2))], errs[int(scores.At(i, 3))]; a < b || b < c || a != slices.Max(errs) {
			t.Fatalf("row %d: the top columns have errors %g %g %g", i, a, b, c)
		}
	}
	if scores.IDName != "name" || scores.IDs[3] != "rowd" {
		t.Error("the names of the rows are lost")
	}
}

// The same reconstruction has the same errors whatever the run's scaling.
func TestScoresDoNotDependOnTheScaling(t *testing.T) {
	rows := gradients(60)
	rows.Labels, rows.Classes = nil, nil
	var want []float64
	for _, scaling := range []data.Scaling{data.ScaleNone, data.ScaleMinMax, data.ScaleStandard} {
		m := scorer(t, rows, model.Spec{Latent: 2}, scaling)
		p := m.Preparation()
		for _, q := range m.Params() { // a model that always says 1/4 of the raw units
			v := make([]float32, q.Rows*q.Cols)
			if q.Name == "decoder.0.bias" {
				for j := range v {
					if v[j] = 0.25; p.Shift != nil {
						v[j] = float32((0.25 - p.Shift[j]) / p.Scale[j])
					}
				}
			}
			if err := m.SetWeights(q.Name, v); err != nil {
				t.Fatal(err)
			}
		}
		got := Column(score(t, m, rows, ScoreOptions{}), SquaredErrorScore)
		if want == nil {
			want = got
		}
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-5*want[i] {
				t.Fatalf("%v: row %d has %g: expected %g", scaling, i, got[i], want[i])
			}
		}
	}
}

// A rerun, and rows a few at a time, are the same bits.
func TestScoresAreTheSameBits(t *testing.T) {
	s := measured(t, model.ChunkRows+50)
	m := scorer(t, s, model.Spec{Hidden: []int{5}, Latent: 2, Activation: backend.Tanh, Code: model.Gaussian{}, Likelihood: model.GaussianNLL{}}, data.ScaleMinMax)
	o := ScoreOptions{ByColumn: true}
	all := score(t, m, s, o)
	if again := score(t, m, s, o); !slices.Equal(all.F64, again.F64) {
		t.Error("a rerun gives other scores")
	}
	if all.Columns[1].Name != NLLScore {
		t.Fatalf("%v", all.Columns)
	}
	for at := 0; at < s.Rows; at += 350 {
		n := min(350, s.Rows-at)
		if part := score(t, m, s.Part(at, n), o); !slices.Equal(part.F64, all.F64[at*all.Cols:(at+n)*all.Cols]) {
			t.Errorf("rows %d to %d have other scores alone", at, at+n)
		}
	}
}

func TestScoreRefuses(t *testing.T) {
	s := measured(t, 1200)
	m := scorer(t, s, model.Spec{Latent: 2}, data.ScaleStandard)
	if _, err := Score(t.Context(), m, gradients(5), ScoreOptions{}); err == nil {
		t.Error("rows of another width are scored")
	}
	bad := *s
	bad.Gaps, bad.F32, bad.F64 = true, slices.Clone(s.F32), slices.Clone(s.F64)
	if bad.F32 != nil {
		bad.F32[1100*3] = float32(math.NaN())
	} else {
		bad.F64[1100*3] = math.NaN()
	}
	place := (*data.Error)(nil)
	if _, err := Score(t.Context(), m, &bad, ScoreOptions{}); !errors.As(err, &place) || place.Row != 1101 {
		t.Errorf("%v: expected row 1101", err)
	}
	m.Classifier.FineTuned = true
	if _, err := Score(t.Context(), m, s, ScoreOptions{}); !errors.Is(err, model.ErrNoDecoder) {
		t.Error(err)
	}
}

// Columns without names of their own are told apart.
func TestNamesOfColumns(t *testing.T) {
	p := &data.Preparation{Cols: 4, Columns: []data.Column{{Name: "a"}, {Name: "a"}, {}, {Name: "a#0"}}}
	if names := p.Titles(); !slices.Equal(names, []string{"a#0", "a#1", "x2", "a#0#"}) {
		t.Errorf("%v", names)
	}
}

// Figures of a model whose decoder does not fit are those of its codes and classes, and it is said.
func TestSummaryWithoutADecoder(t *testing.T) {
	s := gradients(40)
	m, err := model.New(ref64.New(), model.Spec{Inputs: 6, Latent: 2, Classes: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Classifier = model.Classifier{Classes: s.Classes, FineTuned: true}
	sum, err := Summarise(t.Context(), m, s, s, SummaryOptions{Probe: true})
	if err != nil {
		t.Fatal(err)
	}
	if a := sum.Get("accuracy"); !(a >= 0 && a <= 1) || !math.IsNaN(sum.Get("sse")) || !math.IsNaN(sum.Get("explained_variance")) || math.IsNaN(sum.Get("probe_accuracy")) {
		t.Errorf("%+v", sum.Figures)
	}
	if w := sum.Warnings(1); len(w) != 1 || !strings.Contains(w[0], "no decoder fits") {
		t.Errorf("%q", w)
	}
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
