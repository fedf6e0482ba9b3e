package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
)

// carrying are the activations of which two units are linear.
var carrying = []backend.Activation{backend.Identity, backend.ReLU, backend.LeakyReLU, backend.GELU, backend.SiLU, backend.Softplus}

// someLinear is a linear autoencoder of weights and biases that are all other than 0.
func someLinear(d, t, k int) *Linear {
	rng := rand.New(rand.NewPCG(5, uint64(d+10*t+100*k)))
	some := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		return v
	}
	l := &Linear{Mean: some(d), Encoder: some(k * d), Decoder: some(t * k), Bias: some(t), Variance: some(t), LogVar: some(k)}
	for j, v := range l.Variance {
		l.Variance[j] = 0.1 + v*v
	}
	return l
}

// codes and outputs are what l makes of rows, and of codes of latent numbers, in float64.
func (l *Linear) codes(x []float32) (z []float64) {
	d := len(l.Mean)
	for ; len(x) > 0; x = x[d:] {
		for i := range l.Codes() {
			sum := 0.0
			for j, v := range l.Encoder[i*d : (i+1)*d] {
				sum += float64(v) * (float64(x[j]) - float64(l.Mean[j]))
			}
			z = append(z, sum)
		}
	}
	return z
}

func (l *Linear) outputs(z []float64) (y []float64) {
	k := l.Codes()
	for ; len(z) > 0; z = z[k:] {
		for t, b := range l.Bias {
			sum := float64(b)
			for i, v := range l.Decoder[t*k : (t+1)*k] {
				sum += float64(v) * z[i]
			}
			y = append(y, sum)
		}
	}
	return y
}

// shapes of hidden layers, the widest code of 4 in the narrowest layer that carries it among them.
var linearShapes = []struct{ hidden, decoder []int }{
	{nil, nil}, {[]int{9}, nil}, {[]int{8, 12}, nil}, {[]int{20, 9, 8}, nil},
	{nil, []int{9}}, {[]int{9}, []int{}}, {[]int{12}, []int{8, 20}}, {[]int{9, 8}, []int{10}},
}

// everyLinearStart calls use with models, before they start, and what each is to start as.
func everyLinearStart(t *testing.T, use func(t *testing.T, m *Model, l *Linear)) {
	const d, latent = 6, 4
	for _, act := range carrying {
		for _, shape := range linearShapes {
			for _, code := range []Code{Deterministic{}, Gaussian{}} {
				for _, c := range []struct{ codes, targets, levels int }{{latent, 0, 0}, {latent - 2, 0, 0}, {latent, 5, 0}, {latent - 1, 0, 3}} {
					s := Spec{Inputs: d, Hidden: shape.hidden, Decoder: shape.decoder, Latent: latent, Activation: act, Code: code, Targets: c.targets, Conditions: c.levels}
					t.Run(fmt.Sprintf("%v/%v-%v/%v/%d codes, %d targets, %d levels", act, shape.hidden, shape.decoder, code, c.codes, c.targets, c.levels), func(t *testing.T) {
						use(t, newTestModel(t, s), someLinear(d, s.Outputs(), c.codes))
					})
				}
			}
		}
	}
}

// levelled is rows with a level each, where the model has a condition.
func levelled(m *Model, x []float32) *data.Set {
	s := setOf(x, m.Spec.Inputs)
	if m.Spec.HasCondition() {
		s = m.condition.Put(s, make([]int32, s.Rows))
		for i := range s.Conditions {
			s.Conditions[i] = int32(i % m.Spec.Conditions)
		}
	}
	return s
}

// near wants numbers alike: got are of float64 sums of weights that are kept in float32, and the bias of an encoder's first
// layer is the sum of some, so that they differ by a few times 2^-24 of sums of some ten terms of order 1.
func near(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d %s, want %d", len(got), what, len(want))
	}
	for i, v := range got {
		if !(math.Abs(float64(v)-want[i]) <= tol*(1+math.Abs(want[i]))) {
			t.Fatalf("%s %d is %g, want %g", what, i, v, want[i])
		}
	}
}

// A model that starts as a linear autoencoder is one, for every row.
func TestLinearStartIsLinear(t *testing.T) {
	everyLinearStart(t, func(t *testing.T, m *Model, l *Linear) {
		if err := m.StartLinear(l); err != nil {
			t.Fatal(err)
		}
		x := make([]float32, 40*m.Spec.Inputs)
		rng := rand.New(rand.NewPCG(1, 1))
		for i := range x {
			x[i] = float32(3 * rng.NormFloat64())
		}
		k, latent, want := l.Codes(), m.Spec.Latent, l.codes(x)
		all := encode(t, m, levelled(m, x))
		var codes []float32
		for i := 0; i < len(all); i += latent {
			codes = append(codes, all[i:i+k]...)
		}
		near(t, "code", codes, want, 3e-6)
		var levels []int32
		if m.Spec.HasCondition() {
			levels = levelled(m, x).Conditions
		}
		y, err := m.Prepared(x, levels...)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "output", y, l.outputs(want), 1e-5)
	})
}

// Far from 0, where a unit of a pair is all or nothing, and near it pairs are as linear as float32 is: what they carry is a
// difference of two numbers of at most its size, and for softplus of ln 2 beside it.
func TestPairsAreLinearFarOut(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	var x []float32
	for _, v := range []float64{0, 1e-30, 1e-6, 1e-3, 0.5, 3, 8, 20, 88, 90, 1e3, 1e6} {
		x = append(x, float32(v), float32(-v))
	}
	want := make([]float64, len(x))
	for i, v := range x {
		want[i] = float64(v)
	}
	for _, act := range carrying {
		m, err := New(dev, Spec{Inputs: 1, Hidden: []int{3, 2}, Latent: 1, Activation: act}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.StartLinear(&Linear{Mean: []float32{0}, Encoder: []float32{1}, Decoder: []float32{1}}); err != nil {
			t.Fatal(err)
		}
		y, err := m.Prepared(x)
		if err != nil {
			t.Fatal(err)
		}
		for i := range y {
			// Four hidden layers round their sums; the approximations of exp and erf are good to 1e-6.
			if !(math.Abs(float64(y[i])-want[i]) <= 4e-6*math.Abs(want[i])+1e-6) {
				t.Errorf("%v: %g came out as %g", act, want[i], y[i])
			}
		}
		m.Close()
	}
}

// Units beside the pairs can learn from the first step on: the weights that lead away from them have gradients, and a few
// steps in make the loss fall.
func TestLinearStartLearns(t *testing.T) {
	for _, act := range carrying {
		for _, code := range []Code{Deterministic{}, Gaussian{}} {
			t.Run(fmt.Sprintf("%v/%v", act, code), func(t *testing.T) {
				c := gradientCase{spec: Spec{Inputs: 6, Hidden: []int{10, 20}, Latent: 3, Activation: act, Code: code, Likelihood: GaussianNLL{}}, beta: 1}
				p := startedProblem(t, c, someLinear(6, 6, 2))
				before := p.loss(t)
				params, grads := p.ref.Get(p.params), p.ref.Get(p.grads)
				for _, from := range []struct {
					name string
					rows int
				}{{"encoder.1.weight", 4}, {"encoder.2.weight", 2}, {"decoder.1.weight", 4}, {"decoder.2.weight", 6}} {
					w := p.layout.params[p.layout.byName[from.name]]
					for r := range from.rows {
						for u := 4; u < w.Cols; u++ { // beside 2 pairs
							if at := w.Off + r*w.Cols + u; params[at] != 0 {
								t.Fatalf("%s: unit %d has a say in %d", from.name, u, r)
							}
						}
					}
					if !anyIn(grads[w.Off+4 : w.Off+w.Cols]) {
						t.Errorf("%s: units beside the pairs have no gradient", from.name)
					}
				}
				step := 0.0
				for _, g := range grads {
					step += g * g
				}
				for i := range params {
					params[i] -= 1e-3 * before / step * grads[i] // along which the loss falls by a thousandth, to first order
				}
				p.ref.Set(p.params, params)
				if after := p.loss(t); !(after < before) {
					t.Errorf("the loss went from %g to %g", before, after)
				}
			})
		}
	}
}

func anyIn(v []float64) bool {
	for _, x := range v {
		if x != 0 {
			return true
		}
	}
	return false
}

// startedProblem is a problem whose model starts as l.
func startedProblem(t *testing.T, c gradientCase, l *Linear) *problem {
	t.Helper()
	p := newProblem(t, c)
	m, err := New(p.ref, c.spec, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.StartLinear(l); err != nil {
		t.Fatal(err)
	}
	p.ref.Set(p.params, p.ref.Get(m.params))
	return p
}

// What is learnt beside means starts as was asked for, and does not depend on the row: the log-variances of a drawn code,
// 0 of codes beside those given, those of a Gaussian loss, and the spreads of Gaussian columns alone.
func TestLinearStartOfVariances(t *testing.T) {
	columns, err := ParseLikelihood("columns:gaussian*2,softmax*3,gaussian,negative-binomial")
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range [][]int{nil, {12}} {
		for _, lik := range []Likelihood{GaussianNLL{}, columns} {
			m := newTestModel(t, Spec{Inputs: 7, Hidden: hidden, Latent: 4, Activation: backend.ReLU, Code: Gaussian{}, Likelihood: lik})
			l := someLinear(7, 7, 3)
			l.Variance[1] = 0
			l.Bias[5] = float32(math.NaN())
			if err := m.CentreOutput([]float32{1, 2, .5, .25, .25, 3, 4}); err != nil {
				t.Fatal(err)
			}
			before := outputBias(t, m)
			if err := m.StartLinear(l); err != nil {
				t.Fatal(err)
			}
			after := outputBias(t, m)
			if after[5] != before[5] || after[0] != l.Bias[0] {
				t.Errorf("biases went from %v to %v, want those of %v and, where that is NaN, as they were", before, after, l.Bias)
			}
			checkLogVar(t, m, l)
			if lik == (GaussianNLL{}) {
				for j, v := range l.Variance {
					want := math.Log(max(float64(v), backend.MinVariance))
					if !(math.Abs(float64(after[7+j])-want) <= 1e-6) {
						t.Errorf("output %d starts with log-variance %g, want %g", j, after[7+j], want)
					}
				}
				continue
			}
			spread, err := m.spread()
			if err != nil {
				t.Fatal(err)
			}
			for j, s := range spread[:7] {
				want := float64(l.Variance[j])
				if j < 2 || j == 5 {
					got := math.Exp(backend.SpreadRate*float64(s)) + backend.MinVariance
					if want = max(want, 2*backend.MinVariance); !(math.Abs(got-want) <= 1e-5*want) { // ten times a float32 in the exponent
						t.Errorf("column %d starts with variance %g, want %g", j, got, want)
					}
				} else if s != 0 {
					t.Errorf("column %d has the spread %g", j, s)
				}
			}
		}
	}
}

func outputBias(t *testing.T, m *Model) []float32 {
	t.Helper()
	v, err := m.Weights(fmt.Sprintf("decoder.%d.bias", len(m.Spec.decoderWidths())))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// checkLogVar holds the posterior of rows: codes beside those of l are drawn from their prior.
func checkLogVar(t *testing.T, m *Model, l *Linear) {
	t.Helper()
	a, err := m.ready()
	if err != nil {
		t.Fatal(err)
	}
	rows := a.host.Slice(0, 5, 7)
	m.dev.Upload(rows, ramp(5, 7))
	h := a.encode(rows, 5)
	v := make([]float32, h.Len())
	m.dev.Download(v, h)
	if err := m.dev.Sync(); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		row := v[i*8 : (i+1)*8]
		for c := range 3 {
			if row[4+c] != l.LogVar[c] {
				t.Errorf("row %d: code %d has log-variance %g, want %g", i, c, row[4+c], l.LogVar[c])
			}
		}
		if row[3] != 0 || row[7] != 0 {
			t.Errorf("row %d: a code beside those given is N(%g, exp %g)", i, row[3], row[7])
		}
	}
}

// TestLinearStartRefuses wants one line of every start that does not fit, and weights as they were.
func TestLinearStartRefuses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	plain := Spec{Inputs: 3, Hidden: []int{6}, Latent: 2, Activation: backend.ReLU}
	for want, c := range map[string]struct {
		spec  func(*Spec)
		start func(*Linear)
	}{
		"go with tied weights":              {func(s *Spec) { s.Tied = true }, nil},
		"go with activation tanh":           {func(s *Spec) { s.Activation = backend.Tanh }, nil},
		"go with activation sigmoid":        {func(s *Spec) { s.Activation = backend.Sigmoid; s.Hidden, s.Decoder = nil, []int{6} }, nil},
		"go with activation elu":            {func(s *Spec) { s.Activation = backend.ELU }, nil},
		"go with code activation relu":      {func(s *Spec) { s.CodeActivation = backend.ReLU }, nil},
		"go with output activation sigmoid": {func(s *Spec) { s.Output = backend.Sigmoid }, nil},
		"a code that is cut (topk:1)":       {func(s *Spec) { s.Code = TopK{K: 1} }, nil},
		"a hidden layer of one unit":        {func(s *Spec) { s.Hidden = []int{8, 1} }, nil},
		"2 codes: expected 1 to 1":          {func(s *Spec) { s.Hidden = []int{3} }, nil},
		"0 codes: expected 1 to 2":          {nil, func(l *Linear) { *l = Linear{} }},
		"3 codes: expected 1 to 2":          {nil, func(l *Linear) { *l = *someLinear(3, 3, 3) }},
		"4 means: expected 3":               {nil, func(l *Linear) { *l = *someLinear(4, 3, 2) }},
		"7 encoder weights: expected 6":     {nil, func(l *Linear) { l.Encoder = append(l.Encoder, 1) }},
		"8 decoder weights: expected 6":     {nil, func(l *Linear) { *l = *someLinear(3, 4, 2) }},
		"2 biases: expected 3":              {nil, func(l *Linear) { l.Bias = l.Bias[:2] }},
		"0 variances: expected 3":           {nil, func(l *Linear) { l.Variance = []float32{} }},
		"1 log-variances: expected 2":       {nil, func(l *Linear) { l.LogVar = l.LogVar[:1] }},
		"NaN among its means":               {nil, func(l *Linear) { l.Mean[1] = nan }},
		"+Inf among its encoder weights":    {nil, func(l *Linear) { l.Encoder[5] = inf }},
		"NaN among its decoder weights":     {nil, func(l *Linear) { l.Decoder[0] = nan }},
		"+Inf among its biases":             {nil, func(l *Linear) { l.Bias[0] = inf }},
		"NaN among its variances":           {nil, func(l *Linear) { l.Variance[2] = nan }},
		"NaN among its log-variances":       {nil, func(l *Linear) { l.LogVar[0] = nan }},
	} {
		spec, l := plain, someLinear(3, 3, 2)
		if c.spec != nil {
			c.spec(&spec)
		}
		if c.start != nil {
			c.start(l)
		}
		m := newTestModel(t, spec)
		before := fmt.Sprint(m.dev.(*ref64.Device).Get(m.params))
		err := m.StartLinear(l)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, want)
		}
		if fmt.Sprint(m.dev.(*ref64.Device).Get(m.params)) != before {
			t.Errorf("%s: the weights were changed", want)
		}
	}
}

// Without hidden layers activations have no say in what a model can start as.
func TestLinearStartWithoutHiddenLayers(t *testing.T) {
	s := Spec{Inputs: 3, Latent: 2, Activation: backend.Tanh}
	if n, err := s.CarriesLinear(); n != 2 || err != nil {
		t.Errorf("%d codes, %v", n, err)
	}
	s.Code, s.Hidden, s.Decoder, s.Activation = Gaussian{}, []int{9}, []int{100, 3}, backend.SiLU
	if n, err := s.CarriesLinear(); n != 1 || err != nil {
		t.Errorf("through 3 units: %d codes, %v", n, err)
	}
}
