package train

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// started is a run before its first step.
func started(t *testing.T, c settings.Config, s *data.Set) *run {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sets, err := Divide(&data.Source{Train: s}, c)
	if err != nil {
		t.Fatal(err)
	}
	full, err := complete(c)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{dev: dev, config: full, sets: sets}
	if err := r.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.release(); dev.Close() })
	if err := r.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.closeModel)
	return r
}

// fromPCA is the settings of a model that starts from PCA, all rows being for training.
func fromPCA(preset string, latent int, hidden ...int) settings.Config {
	c, err := settings.Preset(preset)
	if err != nil {
		panic(err)
	}
	c.Hidden, c.Latent, c.Test, c.Val, c.Init = append(settings.Widths{}, hidden...), settings.Number(latent), 0, 0, model.PCAInit
	return c
}

// reals is rows of so many columns of scales and means of their own, driven by three factors and noise.
func reals(rows, cols int) *data.Set {
	rng := rand.New(rand.NewPCG(9, uint64(cols)))
	to := make([]float64, 3*cols)
	for i := range to {
		to[i] = rng.NormFloat64() / float64(1+i/cols)
	}
	s := &data.Set{Name: "reals", Rows: rows, Cols: cols}
	for range rows {
		f := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		for j := range cols {
			v := 0.3 * rng.NormFloat64()
			for k := range f {
				v += f[k] * to[k*cols+j]
			}
			s.F32 = append(s.F32, float32(float64(j)+v*float64(1+j%4)))
		}
	}
	return s
}

// errorsAtStart are mean squared errors a row, over cells that are there, of the new model's outputs as reconstructions,
// of PCA's of as many codes, and of the columns' means.
func errorsAtStart(t *testing.T, r *run) (start, pca, means float64) {
	t.Helper()
	rows, err := r.sets.startRows()
	if err != nil {
		t.Fatal(err)
	}
	k := min(int(r.config.Latent), rows.d, rows.rows)
	p, err := eval.FitPCA(t.Context(), r.dev, eval.Dense(rows.x, rows.d), k)
	if err != nil {
		t.Fatal(err)
	}
	z, err := p.Encode(t.Context(), r.dev, eval.Dense(rows.x, rows.d))
	if err != nil {
		t.Fatal(err)
	}
	linear, err := p.Decode(r.dev, z)
	if err != nil {
		t.Fatal(err)
	}
	var levels []int32
	if r.whole.Spec.HasCondition() {
		levels = r.sets.Train.Conditions
	}
	y, err := r.whole.Prepared(rows.x, levels...)
	if err != nil {
		t.Fatal(err)
	}
	mean := newResponses(rows, make([]backend.ColumnKind, rows.t)).mean
	for i, want := range rows.y {
		if y[i] != y[i] {
			t.Fatalf("output %d of row %d is NaN", i%rows.t, i/rows.t)
		}
		if want != want {
			continue
		}
		square := func(v float64) float64 { return (v - float64(want)) * (v - float64(want)) / float64(rows.rows) }
		start += square(float64(y[i]))
		means += square(mean[i%rows.t])
		if rows.d == rows.t {
			pca += square(float64(linear[i]))
		}
	}
	return start, pca, means
}

// A new model of real columns makes of its rows what PCA does, through any hidden layers that carry it, by squared error and
// by likelihoods of columns.
func TestStartIsPCA(t *testing.T) {
	for _, rows := range []int{2, 3, 300} {
		s := reals(rows, 8)
		for _, act := range []settings.Activation{settings.Identity, settings.ReLU, settings.LeakyReLU, settings.GELU, settings.SiLU, settings.Softplus} {
			for _, hidden := range [][]int{nil, {20}, {16, 9}} {
				for _, loss := range []settings.Loss{squared, {By: settings.AutoLoss}, {Likelihood: model.GaussianNLL{}}} {
					c := fromPCA("ae", 4, hidden...)
					c.Activation, c.Loss = act, loss
					start, pca, means := errorsAtStart(t, started(t, c, s))
					if !(math.Abs(start-pca) <= 1e-5*means) {
						t.Errorf("%d rows, %v, hidden %v, %v: the start explains %.6f of the variance, PCA %.6f", rows, act, hidden, loss, 1-start/means, 1-pca/means)
					}
				}
			}
		}
	}
}

// kinds are tables of other kinds of columns than real ones.
func otherKinds(t *testing.T) map[string]*data.Set {
	t.Helper()
	full := reals(400, 8)
	var columns []data.Values
	for j := range full.Cols {
		i := 0
		columns = append(columns, data.Numbers(string(rune('a'+j)), columnOf(full.Rows, func() float64 {
			v := float64(full.F32[i*full.Cols+j])
			if i++; (i+j)*(i+j)%11 == 1 {
				v = math.NaN()
			}
			return v
		})))
	}
	gaps, err := data.NewTable("gaps", columns...)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*data.Set{"mixed": mixed(t, 400), "gaps": gaps}
	rng := rand.New(rand.NewPCG(2, 2))
	bits := &data.Set{Name: "bits", Rows: 500, Cols: 12}
	for range bits.Rows {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		for j := range bits.Cols {
			v := float32(0)
			if a*math.Sin(float64(j))+b*math.Cos(float64(j))+0.7*rng.NormFloat64() > float64(j)/6-1 {
				v = 1
			}
			bits.F32 = append(bits.F32, v)
		}
	}
	all["bits"] = bits
	return all
}

// lossesAtStart are the losses of a new model, and of one that makes the means of the columns whatever the row, of every
// column, in nats; nil where columns are all alike.
func lossesAtStart(t *testing.T, r *run) (start, means model.Metrics) {
	t.Helper()
	e, err := r.whole.NewEvaluator(64)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if start, err = e.Evaluate(t.Context(), r.data, model.EvaluateOptions{Beta: 1, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	rows, err := r.sets.startRows()
	if err != nil {
		t.Fatal(err)
	}
	y := newResponses(rows, outputKinds(r.whole.Spec.Likelihood, rows.t))
	l := &model.Linear{Mean: make([]float32, rows.d), Encoder: make([]float32, rows.d), Decoder: make([]float32, rows.t), Variance: make([]float32, rows.t)}
	for j, v := range y.variance {
		l.Variance[j] = float32(v)
	}
	if err := r.whole.CentreOutput(r.means); err != nil {
		t.Fatal(err)
	}
	if err := r.whole.StartLinear(l); err != nil {
		t.Fatal(err)
	}
	if means, err = e.Evaluate(t.Context(), r.data, model.EvaluateOptions{Beta: 1, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	return start, means
}

func TestMeasureStart(t *testing.T) {
	for name, s := range otherKinds(t) {
		for _, preset := range []string{"ae", "vae"} {
			r := started(t, fromPCA(preset, 3, 20), s)
			start, pca, means := errorsAtStart(t, r)
			t.Log(name, preset, r.whole.Spec.Likelihood, 1-start/means, 1-pca/means)
			a, b := lossesAtStart(t, r)
			t.Log(a.Loss, b.Loss, a.NLL, b.NLL)
			t.Log(a.Columns)
			t.Log(b.Columns)
		}
	}
	src, err := data.Glyphs(t.Context(), 1000, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []int{2, 10, 32, 100} {
		for _, preset := range []string{"vae"} {
			for _, loss := range []settings.Loss{{Likelihood: model.Bernoulli{}}} {
				c := fromPCA(preset, k, 256)
				c.Loss = loss
				r := started(t, c, src.Train)
				start, pca, means := errorsAtStart(t, r)
				t.Log("glyphs", k, preset, r.whole.Spec.Likelihood, 1-start/means, 1-pca/means)
				a, b := lossesAtStart(t, r)
				t.Log(a.Loss, b.Loss, a.NLL, b.NLL)
			}
		}
	}
}

var _ = []any{bytes.Equal, fmt.Sprint, runtime.GOMAXPROCS, strings.Contains}
