package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// everyKind is a table with gaps of real columns, one with heavy tails and one of a single value among them, a category,
// yes/no, and counts, which are far from 0: what comes out below that is 0 in an evaluation.
func everyKind(t *testing.T, rows int) *data.Set {
	t.Helper()
	rng := rand.New(rand.NewPCG(6, 3))
	real, wild, same, visits := make([]float64, rows), make([]float64, rows), make([]float64, rows), make([]float64, rows)
	city, ok := make([]string, rows), make([]bool, rows)
	for i := range rows {
		u := rng.NormFloat64()
		real[i], wild[i], same[i], visits[i] = u+rng.NormFloat64()/5, math.Sinh(3*u+rng.NormFloat64()), 7, 30+poissonDraw(rng, 30*math.Exp(u/2)*rng.ExpFloat64())
		city[i], ok[i] = []string{"Oslo", "Lyon", "Rome"}[min(max(int(u+1.5), 0), 2)], u+rng.NormFloat64() > 0
		for _, c := range [][]float64{real, wild, visits} {
			if rng.IntN(10) == 0 {
				c[i] = math.NaN()
			}
		}
	}
	s, err := data.NewTable("kinds", data.Numbers("real", real), data.Texts("city", city), data.Counts("visits", visits), data.YesNos("ok", ok),
		data.Numbers("wild", wild), data.Numbers("same", same))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// clean is the settings of a short training by column on rows that are not damaged, so that a validation sees what an evaluation
// does.
func clean(t *testing.T, preset string) settings.Config {
	c := small(t, preset)
	c.Loss, c.Val, c.Corrupt = lossOf(t, "auto"), 0.3, settings.Corruptions{}
	return c
}

// What is best by squared errors is what has the most explained variance: 1 less the one is 1 less the other, but for the spread
// of the validation rows, which is the same for all models.
func TestTheCriterionIsExplainedVariance(t *testing.T) {
	s := everyKind(t, 700)
	spread := 0.0
	for i, init := range []model.Init{model.XavierInit, model.PCAInit, model.XavierInit} {
		c := clean(t, "ae")
		c.Init, c.Epochs = init, settings.Number(1+2*i)
		dev, err := cpu.Open(cpu.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer dev.Close()
		sets, err := Divide(&data.Source{Train: s}, c)
		if err != nil {
			t.Fatal(err)
		}
		if robust := sets.Targets.Robust; robust == nil || !robust[4] || !sets.Targets.Log || sets.Targets.Constant == nil {
			t.Fatal("the table lacks a kind of columns")
		}
		res, err := Run(t.Context(), dev, c, sets, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer res.Model.Close()
		best := res.History[0].StartValidation
		for _, r := range res.History {
			if r.Best {
				best = r.Validation
			}
		}
		sum, err := eval.Summarise(t.Context(), res.Model, sets.Train, sets.Val, eval.SummaryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		was := spread
		if spread = criterion(best) / (1 - sum.Get("explained_variance")); i > 0 && math.Abs(spread-was) > 1e-5*was || !(spread > 1) {
			t.Errorf("training %d: %g of %g are left, explained variance %g: a spread of %g, that of the one before it %g", i, criterion(best), spread, sum.Get("explained_variance"), spread, was)
		}
	}
}

// Squared errors of single outputs are those of what comes out, missing cells having none, and add up to the whole.
func TestSquaredErrorsOfOutputs(t *testing.T) {
	c := clean(t, "ae")
	r := started(t, c, everyKind(t, 300))
	if err := r.openPhase(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, _, err := r.phase.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := squaresOf(t, r)
	sum := 0.0
	for j, v := range want {
		v /= float64(r.sets.Val.Rows)
		// Sums in float32, of errors beside a constant of about 1e-8.
		if sum += v; !(math.Abs(m.Squares[j]-v) <= 1e-5*v+1e-7) {
			t.Errorf("output %d: %g, expected %g", j, m.Squares[j], v)
		}
	}
	if len(m.Squares) != len(want) || math.Abs(m.SSE-sum) > 1e-5*sum {
		t.Errorf("%d outputs with %g in all: expected %d, %g", len(m.Squares), m.SSE, len(want), sum)
	}
}

// squaresOf are the summed squared errors of each output over the validation rows, in float64, and how many cells these are of.
func squaresOf(t *testing.T, r *run) (squares, cells []float64) {
	t.Helper()
	j, err := r.whole.Judge(t.Context(), r.sets.Val)
	if err != nil {
		t.Fatal(err)
	}
	y, err := r.sets.Targets.Apply(r.sets.Val)
	if err != nil {
		t.Fatal(err)
	}
	squares, cells = make([]float64, y.Cols), make([]float64, y.Cols)
	for i := range y.Rows {
		for k := range y.Cols {
			if e := y.At(i, k) - float64(j.Y[i*y.Cols+k]); e == e {
				squares[k], cells[k] = squares[k]+e*e, cells[k]+1
			}
		}
	}
	return squares, cells
}

// Variances of columns of a code that is not drawn become those of the errors on validation rows, ten rows being as learned.
func TestVariancesAreRefitted(t *testing.T) {
	for name, change := range map[string]func(*settings.Config){
		"ae": func(*settings.Config) {}, "filled": func(c *settings.Config) { c.Missing = data.MissingMedian }, "vae": func(c *settings.Config) { c.Code = settings.Code{Code: model.Gaussian{}} },
	} {
		c := clean(t, "ae")
		change(&c)
		r := started(t, c, everyKind(t, 300))
		if err := r.openPhase(t.Context()); err != nil {
			t.Fatal(err)
		}
		learned, err := r.whole.Variances()
		if err != nil {
			t.Fatal(err)
		}
		squares, cells := squaresOf(t, r)
		if err := r.phase.refitVariances(t.Context()); err != nil {
			t.Fatal(err)
		}
		now, err := r.whole.Variances()
		if err != nil {
			t.Fatal(err)
		}
		fewer := false
		for j, v := range learned {
			fewer = fewer || cells[j] < float64(r.sets.Val.Rows)
			want := v
			if name != "vae" && v > 0 {
				want = max((squares[j]+10*v)/(cells[j]+10), 2*backend.MinVariance)
			}
			if math.Abs(now[j]-want) > 1e-4*want {
				t.Errorf("%s: output %d: variance %g, learned %g, expected %g", name, j, now[j], v, want)
			}
		}
		if fewer != (name != "filled") {
			t.Errorf("%s: cells are missing: %v", name, fewer)
		}
	}
}

// Counts whose code is not drawn are made by way of ln(1+x), unless something is asked of them.
func TestCountsByLogarithms(t *testing.T) {
	s, rng := mixed(t, 400), rand.New(rand.NewPCG(2, 5))
	deep := func() float64 { return []float64{0.5, 1, 4}[rng.IntN(3)] }
	composition := counted(t, 300, 20, deep)
	for _, c := range []struct {
		preset, loss string
		set          *data.Set
		logs         bool
		kind         backend.ColumnKind // of column 2
	}{
		{"ae", "auto", s, true, backend.GaussianColumn},
		{"denoising", "auto", s, true, backend.GaussianColumn},
		{"ae", `"a,b=gaussian"`, s, true, backend.GaussianColumn},
		{"vae", "auto", s, false, backend.NegativeBinomialColumn},
		{"ae", "auto,age=poisson", s, false, backend.NegativeBinomialColumn},
		{"ae", "auto,visits=zero-inflated", s, false, backend.ZeroInflatedColumn},
		{"ae", "auto,visits=gaussian", s, false, backend.GaussianColumn}, // standardised as it is
		{"ae", "negative-binomial", s, false, backend.NegativeBinomialColumn},
		{"ae", "poisson", s, false, backend.PoissonColumn},
		{"ae", "auto", composition, true, backend.GaussianColumn},
		{"vae", "auto", composition, false, backend.NegativeBinomialColumn},
		{"ae", "negative-binomial", composition, false, backend.NegativeBinomialColumn},
	} {
		name := fmt.Sprintf("%s, %s of %s", c.preset, c.loss, c.set.Name)
		o := small(t, c.preset)
		o.Loss = lossOf(t, c.loss)
		l, err := decideLosses(&o, c.set)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if l.logs != c.logs || (l.total > 0) != (c.set == composition && !c.logs) || l.kinds[2] != c.kind || l.counts[2] != (c.logs || c.kind.Sized()) {
			t.Errorf("%s: %s, counts %v, by logarithms %v", name, kindsOf(l), l.counts, l.logs)
		}
		sets, err := Divide(&data.Source{Train: c.set}, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if sets.Targets.Log != c.logs {
			t.Errorf("%s: the decoder makes logarithms: %v", name, sets.Targets.Log)
		}
	}
}
