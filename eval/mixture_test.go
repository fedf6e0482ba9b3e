package eval

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
)

// twoClouds is rows of two Gaussians: 30 % around (-4, 1) with unit covariance, 70 %
// around (3, 0) with correlation.
func twoClouds(n int) []float32 {
	r := rand.New(rand.NewPCG(5, 5))
	x := make([]float32, 2*n)
	for i := range n {
		a, b := r.NormFloat64(), r.NormFloat64()
		if i%10 < 3 {
			x[2*i], x[2*i+1] = float32(a-4), float32(b+1)
		} else {
			x[2*i], x[2*i+1] = float32(3+a), float32(.8*a+.6*b)
		}
	}
	return x
}

func rises(t *testing.T, m *Mixture) {
	t.Helper()
	for i := 1; i < len(m.LogLikelihood); i++ {
		// Sums over rows are rounded: 1e-10 nats is noise.
		if m.LogLikelihood[i] < m.LogLikelihood[i-1]-1e-10 {
			t.Errorf("step %d: from %v to %v", i, m.LogLikelihood[i-1], m.LogLikelihood[i])
		}
	}
}

func TestMixtureFindsClouds(t *testing.T) {
	m, err := FitMixture(t.Context(), twoClouds(5000), 2, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	rises(t, m)
	j := 0
	if m.Means[0] > m.Means[2] {
		j = 1
	}
	l := m.factor(1 - j).Data
	for name, v := range map[string][2]float64{
		"weight":      {m.Weights[j], .3},
		"mean x":      {m.Means[2*j], -4},
		"mean y":      {m.Means[2*j+1], 1},
		"covariance":  {l[0] * l[2], .8},
		"variance":    {l[2]*l[2] + l[3]*l[3], 1},
		"weights sum": {m.Weights[0] + m.Weights[1], 1},
	} {
		// About three standard errors of 1,500 rows.
		if math.Abs(v[0]-v[1]) > .08 {
			t.Errorf("%s: %v, want %v", name, v[0], v[1])
		}
	}
}

// TestMixtureSamplesItself fits a second mixture to the first one's samples.
func TestMixtureSamplesItself(t *testing.T) {
	m, err := FitMixture(t.Context(), twoClouds(3000), 2, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	x := m.Sample(20000, 9)
	if !slices.Equal(x, m.Sample(20000, 9)) || slices.Equal(x, m.Sample(20000, 10)) {
		t.Error("samples do not follow the seed")
	}
	mean := func(v []float64) (s float64) {
		for _, e := range v {
			s += e
		}
		return s / float64(len(v))
	}
	own, data := mean(m.LogDensity(x)), mean(m.LogDensity(twoClouds(3000)))
	if math.Abs(own-data) > .05 {
		t.Errorf("mean log density: samples %v, data %v", own, data)
	}
}

// TestMixtureLogDensity is a standard normal in two dimensions.
func TestMixtureLogDensity(t *testing.T) {
	m := &Mixture{Dim: 2, Weights: []float64{1}, Means: []float64{0, 0}, Factors: []float64{1, 0, 0, 1}}
	got := m.LogDensity([]float32{0, 0, 1, 2})
	for i, want := range []float64{-math.Log(2 * math.Pi), -math.Log(2*math.Pi) - 2.5} {
		if math.Abs(got[i]-want) > 1e-14 {
			t.Errorf("row %d: %v, want %v", i, got[i], want)
		}
	}
}

// TestMixtureDegenerate has constant columns, equal rows, fewer rows than
// dimensions and a component a row.
func TestMixtureDegenerate(t *testing.T) {
	line := make([]float32, 40*3)
	for i := range 40 {
		line[3*i], line[3*i+1] = float32(i), 2*float32(i)
	}
	for name, c := range map[string]struct {
		codes  []float32
		dim, k int
	}{
		"line":             {line, 3, 4},
		"equal rows":       {make([]float32, 30), 3, 3},
		"one row":          {[]float32{1, 2, 3}, 3, 1},
		"few rows":         {normals(4, 20), 20, 2},
		"component a row":  {normals(6, 2), 2, 6},
		"large and small":  {[]float32{1e15, 0, 1, 2, -1e15, 3, 4, 5, 6, 7}, 2, 2},
		"hardly any range": {[]float32{1e-30, 2e-30, 3e-30, 5e-30}, 1, 2},
	} {
		m, err := FitMixture(t.Context(), c.codes, c.dim, c.k, 3)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := 1; i < len(m.LogLikelihood); i++ {
			if m.LogLikelihood[i] < m.LogLikelihood[i-1]-1e-6*math.Abs(m.LogLikelihood[i]) {
				t.Errorf("%s: %v", name, m.LogLikelihood)
			}
		}
		for _, v := range m.Sample(20, 1) {
			if v-v != 0 {
				t.Errorf("%s: sampled %v", name, v)
			}
		}
	}
}

func TestMixtureSameForAnyProcessors(t *testing.T) {
	x := twoClouds(3000)
	many, err := FitMixture(t.Context(), x, 2, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, err := FitMixture(t.Context(), x, 2, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(many.Factors, one.Factors) || !slices.Equal(many.LogLikelihood, one.LogLikelihood) {
		t.Error("results differ with the number of processors")
	}
}

func TestMixtureRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		codes  []float32
		dim, k int
	}{
		"empty":    {nil, 2, 1},
		"ragged":   {make([]float32, 5), 2, 1},
		"no width": {make([]float32, 5), 0, 1},
		"k 0":      {make([]float32, 4), 2, 0},
		"k over n": {make([]float32, 4), 2, 3},
		"NaN":      {[]float32{1, float32(math.NaN())}, 1, 1},
		"infinity": {[]float32{1, float32(math.Inf(1))}, 1, 1},
	} {
		if _, err := FitMixture(t.Context(), c.codes, c.dim, c.k, 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMixtureOnMNIST(t *testing.T) {
	train, _ := codes32(t)
	start := time.Now()
	m, err := FitMixture(t.Context(), train.X[:20000*32], 32, 10, 1)
	if err != nil {
		t.Fatal(err)
	}
	rises(t, m)
	t.Logf("20000 x 32, 10 components: %d steps, %.3f nats a row, %.2f s",
		len(m.LogLikelihood), m.LogLikelihood[len(m.LogLikelihood)-1], time.Since(start).Seconds())
}
