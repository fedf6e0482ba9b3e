package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
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

// Of a VAE on real columns the start is probabilistic PCA: whatever code is drawn for a row, its importance weight is the
// density of the row under N(mean, W W^T + sigma^2 I), the eigenvalues of which are those of the rows' covariance, and where
// directions are left out their mean.
func TestStartIsProbabilisticPCA(t *testing.T) {
	const d = 6
	s := reals(400, d)
	for _, latent := range []int{1, 3, 5} {
		for _, hidden := range [][]int{nil, {16}, {30, 12}} {
			for _, loss := range []settings.Loss{{By: settings.AutoLoss}, {Likelihood: model.GaussianNLL{}}} {
				c := fromPCA("vae", latent, hidden...)
				c.Loss = loss
				r := started(t, c, s)
				rows, err := r.sets.startRows()
				if err != nil {
					t.Fatal(err)
				}
				density := probabilisticPCA(t, rows, latent)
				for i := range 20 {
					x := make([]float64, d)
					for j := range x {
						x[j] = float64(rows.x[i*d+j])
					}
					one := r.data
					one.Rows = one.Rows.Slice(i, 1)
					if one.Targets.Mem != nil {
						one.Targets = one.Targets.Slice(i, 1)
					}
					for seed := range uint64(3) {
						got, err := r.whole.LogLikelihood(t.Context(), one, 2, seed)
						if err != nil {
							t.Fatal(err)
						}
						// A density of some ten nats of float32 distances over variances of a few hundredths, whose spreads are
						// ten times a float32 in the exponent.
						if want := density(x); !(math.Abs(got-want) <= 2e-4*(1+math.Abs(want))) {
							t.Fatalf("%d codes, hidden %v, %v: row %d by draws %d has density %.6f, want %.6f", latent, hidden, loss, i, seed, got, want)
						}
					}
				}
			}
		}
	}
}

// probabilisticPCA is the logarithm of the density of probabilistic PCA of k codes (Tipping and Bishop 1999, equations 4, 7 and 8).
func probabilisticPCA(t *testing.T, rows *startRows, k int) func(x []float64) float64 {
	t.Helper()
	d := rows.d
	wide := make([]float64, len(rows.x))
	for i, v := range rows.x {
		wide[i] = float64(v)
	}
	x, mean := mat.NewDense(rows.rows, d, wide), make([]float64, d)
	var cov, made mat.SymDense
	stat.CovarianceMatrix(&cov, x, nil)
	cov.ScaleSym(1-1/float64(rows.rows), &cov)
	var e mat.EigenSym
	if !e.Factorize(&cov, true) {
		t.Fatal("no eigenvalues")
	}
	for j := range mean {
		mean[j] = stat.Mean(mat.Col(nil, j, x), nil)
	}
	values := e.Values(nil) // the smallest first
	left := stat.Mean(values[:d-k], nil)
	var u mat.Dense
	e.VectorsTo(&u)
	made.ReuseAsSym(d)
	for i := range d {
		v := left
		if i >= d-k {
			v = values[i]
		}
		made.SymRankOne(&made, v, mat.NewVecDense(d, mat.Col(nil, i, &u)))
	}
	var root mat.Cholesky
	if !root.Factorize(&made) {
		t.Fatal("no density")
	}
	return func(x []float64) float64 {
		far, white := mat.NewVecDense(d, nil), mat.NewVecDense(d, nil)
		for j := range x {
			far.SetVec(j, x[j]-mean[j])
		}
		if err := root.SolveVecTo(white, far); err != nil {
			t.Fatal(err)
		}
		return -(mat.Dot(far, white) + root.LogDet() + float64(d)*math.Log(2*math.Pi)) / 2
	}
}

// Where the code could hold all directions, those that explain 98 % of the variance, and one less than there are, are in it.
func TestStartOfAllDirections(t *testing.T) {
	for _, s := range []*data.Set{reals(300, 5), reals(4, 9)} {
		r := started(t, fromPCA("vae", 9, 40), s)
		start, _, means := errorsAtStart(t, r)
		if !(start <= 0.05*means) { // shrunk towards the mean, by which codes are drawn
			t.Errorf("%d rows of %d columns: the start explains %g of the variance", s.Rows, s.Cols, 1-start/means)
		}
		a, b := lossesAtStart(t, r)
		if !(a.Loss < b.Loss) {
			t.Errorf("%d rows of %d columns: loss %g at the start, of the means %g", s.Rows, s.Cols, a.Loss, b.Loss)
		}
	}
}

// MacKay's approximation gives a logit by which the mean of answers and their regression on codes are those of the data: by
// numerical integration the mean to 0.01, the slope to a tenth and the information to a quarter, for logits that vary by up to
// 2.5; the slope is too small where yes and no are as many, and too large where one is seldom.
func TestLogisticSlope(t *testing.T) {
	for _, m := range []float64{-3, -1, 0, 0.5, 2.5} {
		for _, w := range []float64{0, 0.01, 0.3, 1, 1.5, 2.5} {
			mean, slope, want := logitNormal(m, w)
			scale, bias, info := logisticSlope(mean, slope)
			gotMean, gotSlope, _ := logitNormal(bias, scale*slope)
			if !(math.Abs(gotMean-mean) <= 0.01 && math.Abs(gotSlope-slope) <= 0.1*slope+1e-9 && math.Abs(info-want) <= 0.25*want) {
				t.Errorf("logit N(%g, %g^2): mean %.4f, by the approximation %.4f, slope %.4f, %.4f, information %.4f, %.4f", m, w, mean, gotMean, slope, gotSlope, want, info)
			}
		}
	}
	for _, c := range []struct{ mean, length float64 }{{0, 0}, {1, 0}, {0.5, 0.5}, {0.5, 10}, {1e-9, 1e-5}, {0, 1}, {1, 1}, {0.3, math.NaN()}} {
		scale, bias, info := logisticSlope(c.mean, c.length)
		for _, v := range []float64{scale * c.length, bias, info} {
			if c.length == c.length && !(math.Abs(v) < 30) {
				t.Errorf("%+v: %g, %g, %g", c, scale, bias, info)
			}
		}
	}
}

// logitNormal is E s(L), E s(L) z and E s'(L) of L = m + w z, z being normal, by the trapezoidal rule, which is exact to
// rounding for such smooth functions.
func logitNormal(m, w float64) (mean, slope, derivative float64) {
	const step = 0.01
	for z := -9.0; z <= 9; z += step {
		p := math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) * step
		s := 1 / (1 + math.Exp(-m-w*z))
		mean, slope, derivative = mean+p*s, slope+p*s*z, derivative+p*s*(1-s)
	}
	return mean, slope, derivative
}
