package eval

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// mixed is n rows of d columns, mixtures of three numbers with some noise, around 2.
func mixed(n, d int, seed uint64) []float32 {
	r, mix := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(3, uint64(d)))
	w := make([]float64, 3*d)
	for i := range w {
		w[i] = mix.NormFloat64()
	}
	x := make([]float32, n*d)
	for i := range n {
		z := [3]float64{r.NormFloat64(), 0.7 * r.NormFloat64(), 0.5 * r.NormFloat64()}
		for j := range d {
			x[i*d+j] = float32(2 + z[0]*w[j] + z[1]*w[d+j] + z[2]*w[2*d+j] + 0.3*r.NormFloat64())
		}
	}
	return x
}

// normalLogLikelihood is the mean log-density of rows of the columns that are not fixed under N(mean, W W^T + sigma^2 I),
// all of it in float64 and from the eigenvectors of the covariance as a whole: nothing of what is tested has a part in it.
func normalLogLikelihood(t *testing.T, train, test []float32, d, k int) float64 {
	t.Helper()
	wide := func(x []float32) *mat.Dense {
		m := mat.NewDense(len(x)/d, d, nil)
		for i, v := range x {
			m.Set(i/d, i%d, float64(v))
		}
		return m
	}
	rows, cov, eigen := wide(train), &mat.SymDense{}, &mat.EigenSym{}
	stat.CovarianceMatrix(cov, rows, nil)
	if !eigen.Factorize(cov, true) {
		t.Fatal("no eigenvectors")
	}
	values, vectors := eigen.Values(nil), &mat.Dense{} // the smallest first
	eigen.VectorsTo(vectors)
	noise := 0.0
	for _, v := range values[:d-k] {
		noise += v / float64(d-k)
	}
	w := mat.NewDense(d, k, nil) // U (L - sigma^2 I)^(1/2)
	for i := range k {
		for j := range d {
			w.Set(j, i, vectors.At(j, d-1-i)*math.Sqrt(values[d-1-i]-noise))
		}
	}
	c := &mat.Dense{}
	c.Mul(w, w.T())
	sigma, mean := mat.NewSymDense(d, nil), make([]float64, d)
	for i := range d {
		mean[i] = stat.Mean(mat.Col(nil, i, rows), nil)
		for j := range i + 1 {
			sigma.SetSym(i, j, c.At(i, j))
		}
		sigma.SetSym(i, i, c.At(i, i)+noise)
	}
	var chol mat.Cholesky
	if !chol.Factorize(sigma) {
		t.Fatal("the covariance is not positive definite")
	}
	sum, off, solved := 0.0, mat.NewVecDense(d, nil), &mat.VecDense{}
	for i := range len(test) / d {
		for j, m := range mean {
			off.SetVec(j, float64(test[i*d+j])-m)
		}
		if err := chol.SolveVecTo(solved, off); err != nil {
			t.Fatal(err)
		}
		sum -= (float64(d)*math.Log(2*math.Pi) + chol.LogDet() + mat.Dot(off, solved)) / 2
	}
	return sum / float64(len(test)/d)
}

// Mean and components are float32: of a row at sqrt(d) deviations from the mean, seven digits.
const likelihoodTolerance = 1e-4

func TestProbabilisticPCAIsTheNormalOfItsCovariance(t *testing.T) {
	for _, c := range []struct{ n, d, k int }{{200, 6, 1}, {200, 6, 3}, {200, 6, 5}, {40, 12, 4}, {1000, 30, 7}} {
		train, test := mixed(c.n, c.d, 1), mixed(57, c.d, 2)
		p, err := FitPCA(t.Context(), ref64.New(), Dense(train, c.d), c.k)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.LogLikelihood(t.Context(), Dense(test, c.d), Fixed{})
		if err != nil {
			t.Fatal(err)
		}
		if want := normalLogLikelihood(t, train, test, c.d, c.k); !(math.Abs(got-want) <= likelihoodTolerance*math.Abs(want)) {
			t.Errorf("%+v: %g nats a row, expected %g", c, got, want)
		}
	}
}

// Columns of one value have a density of their own, and the others the one that they have without them.
func TestProbabilisticPCAKeepsFixedColumnsApart(t *testing.T) {
	const d, variance = 6, 1e-4
	beside := func(x []float32) []float32 {
		var y []float32
		for i := range len(x) / d {
			y = append(append(append(y, 5), x[i*d:(i+1)*d]...), 0)
		}
		return y
	}
	train, test := mixed(200, d, 1), mixed(57, d, 2)
	p, err := FitPCA(t.Context(), ref64.New(), Dense(beside(train), d+2), 2)
	if err != nil {
		t.Fatal(err)
	}
	held := beside(test)
	held[0] = 5.02 // two deviations, in one row of 57
	got, err := p.LogLikelihood(t.Context(), Dense(held, d+2), Fixed{[]bool{0: true, d + 1: true}, variance})
	if err != nil {
		t.Fatal(err)
	}
	want := normalLogLikelihood(t, train, test, d, 2) - math.Log(2*math.Pi*variance) - 4.0/2/57
	if !(math.Abs(got-want) <= likelihoodTolerance*math.Abs(want)) {
		t.Errorf("%g nats a row, expected %g", got, want)
	}
}

func TestProbabilisticPCANeedsNoise(t *testing.T) {
	x := make([]float32, 0, 60)
	for i := range 20 {
		x = append(x, float32(i), 2*float32(i), -float32(i))
	}
	p, err := FitPCA(t.Context(), ref64.New(), Dense(x, 3), 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, rows := range map[string]Rows{"no noise": Dense(x, 3), "another width": Dense(x, 2), "no rows": Dense(nil, 3)} {
		if v, err := p.LogLikelihood(t.Context(), rows, Fixed{}); err == nil {
			t.Errorf("%s: %g nats a row", name, v)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.Total *= 2
	if _, err := p.LogLikelihood(ctx, Dense(x, 3), Fixed{}); err == nil {
		t.Error("a context that has ended is no error")
	}
}

// tableOf is a set of rows.
func tableOf(x []float32, d int) *data.Set {
	return &data.Set{Name: "mixed", Rows: len(x) / d, Cols: d, F32: x}
}

// vaeOfColumns are the parts of a VAE of a table of d columns of real numbers.
func vaeOfColumns(d int) model.Spec {
	return model.Spec{Latent: 2, Hidden: []int{5}, Activation: backend.Tanh, Code: model.Gaussian{},
		Likelihood: model.Columns{}.With(backend.GaussianColumn, d), Targets: d, SameRows: true}
}

// summaryBeside measures an untrained model on 60 rows beside PCA of rows that it is fitted to.
func summaryBeside(t *testing.T, spec model.Spec, train, test *data.Set, o SummaryOptions) *Summary {
	t.Helper()
	spec.Inputs = train.Cols
	m, err := model.New(ref64.New(), spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	in, out, err := data.FitColumns(train, data.ColumnOptions{Missing: data.MissingMask})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetPreparation(in); err != nil {
		t.Fatal(err)
	}
	if spec.HasTargets() {
		if err := m.SetTargetPreparation(out); err != nil {
			t.Fatal(err)
		}
	}
	if o.PCA, err = Linear(t.Context(), m, train, nil); err != nil {
		t.Fatal(err)
	}
	sum, err := Summarise(t.Context(), m, train, test, o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestSummaryHasProbabilisticPCABesideAVAEOfRealColumns(t *testing.T) {
	const d = 6
	train, test := tableOf(mixed(200, d, 1), d), tableOf(mixed(60, d, 2), d)
	sum := summaryBeside(t, vaeOfColumns(d), train, test, SummaryOptions{})
	standard := func(s *data.Set) []float32 {
		p, err := data.FitPreparation(train, data.PreparationOptions{Scaling: data.ScaleStandard})
		if err != nil {
			t.Fatal(err)
		}
		y, err := p.Apply(s)
		if err != nil {
			t.Fatal(err)
		}
		return y.F32
	}
	want := normalLogLikelihood(t, standard(train), standard(test), d, 2)
	if got := sum.PCA.Get("log_likelihood"); !(math.Abs(got-want) <= likelihoodTolerance*math.Abs(want)) {
		t.Errorf("probabilistic PCA has %g nats a row, expected %g", got, want)
	}
	v := sum.Get("log_likelihood")
	if !(v >= sum.Get("elbo")-0.1) || !(v < sum.PCA.Get("log_likelihood")) { // as much as chance may have it
		t.Errorf("an untrained model has %g nats a row, elbo %g, probabilistic PCA %g", v, sum.Get("elbo"), want)
	}
	if sum.Get("log_likelihood_samples") != 100 || sum.Get("log_likelihood_examples") != 60 || sum.Get("nll_iwae") == sum.Get("nll_iwae") {
		t.Errorf("%+v", sum.Figures)
	}
	part := summaryBeside(t, vaeOfColumns(d), train, test, SummaryOptions{IWAEK: 7, IWAERows: 20})
	want = normalLogLikelihood(t, standard(train), standard(test.Part(0, 20)), d, 2)
	if got := part.PCA.Get("log_likelihood"); !(math.Abs(got-want) <= likelihoodTolerance*math.Abs(want)) || part.Get("nll_iwae") != -part.Get("log_likelihood") {
		t.Errorf("on 20 rows probabilistic PCA has %g nats a row, expected %g, the model %g and %g", got, want, part.Get("nll_iwae"), part.Get("log_likelihood"))
	}
}

func TestSummaryLeavesProbabilisticPCAOutWhereItMeansSomethingElse(t *testing.T) {
	const d = 6
	train, test := tableOf(mixed(200, d, 1), d), tableOf(mixed(60, d, 2), d)
	gaps := tableOf(mixed(60, d, 2), d)
	gaps.F32[7], gaps.Gaps = float32(math.NaN()), true
	alike, squared, undrawn := vaeOfColumns(d), vaeOfColumns(d), vaeOfColumns(d)
	alike.Likelihood, alike.Targets, alike.SameRows = model.GaussianNLL{}, 0, false
	squared.Likelihood, squared.Targets, squared.SameRows = model.Squared{}, 0, false
	undrawn.Code = model.Deterministic{}
	count := vaeOfColumns(d)
	count.Likelihood = model.Columns{}.With(backend.GaussianColumn, d-1).With(backend.BernoulliColumn, 1)
	for _, c := range []struct {
		name  string
		spec  model.Spec
		test  *data.Set
		there bool
	}{
		{"by column", vaeOfColumns(d), test, true}, {"all alike", alike, test, true}, {"squared", squared, test, false},
		{"not drawn", undrawn, test, false}, {"another kind", count, test, false}, {"gaps", vaeOfColumns(d), gaps, false},
	} {
		sum := summaryBeside(t, c.spec, train, c.test, SummaryOptions{})
		v, of := sum.PCA.Get("log_likelihood"), sum.Get("log_likelihood")
		if (v == v) != c.there || (of == of) != c.there {
			t.Errorf("%s: log-likelihood %g beside %g", c.name, of, v)
		}
	}
}
