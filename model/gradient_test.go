package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// Central differences in float64 with step h have an error of about
// h^2 |f”'| / 6 + eps |f| / h, near 1e-9 for values of order 10 at h = 1e-5;
// gradientTol leaves two orders of room for steep curvature.
const (
	gradientStep = 1e-5
	gradientTol  = 1e-6
)

// gradientCase is a model whose whole training step is checked.
type gradientCase struct {
	name      string
	spec      Spec
	objective Objective
	beta      float32
	batches   int // that the rows come in, for one update
}

// variants are the parts that shape the gradient, each on a tiny non-square net.
// Activations and losses are filled in by the test.
func variants() []gradientCase {
	base := Spec{Inputs: 5, Hidden: []int{4}, Latent: 3}
	with := func(name string, change func(*Spec)) gradientCase {
		s := base
		change(&s)
		return gradientCase{name: name, spec: s, beta: 0.7}
	}
	return []gradientCase{
		with("plain", func(s *Spec) {}),
		with("shallow", func(s *Spec) { s.Hidden = nil }),
		with("deep own decoder", func(s *Spec) { s.Hidden, s.Decoder = []int{6, 4}, []int{7} }),
		with("tied", func(s *Spec) { s.Hidden, s.Tied = []int{6, 4}, true }),
		with("denoising", func(s *Spec) { s.Corrupt = Corruption{Kind: backend.Masking, Level: 0.3} }),
		with("dropout", func(s *Spec) { s.Hidden, s.Dropout = []int{6, 4}, 0.4 }),
		with("l1", func(s *Spec) { s.Sparsity = Sparsity{Kind: L1Sparsity, Weight: 0.3} }),
		with("kl sparsity", func(s *Spec) {
			s.Sparsity, s.CodeActivation = Sparsity{Kind: KLSparsity, Target: 0.1, Weight: 0.5}, backend.Sigmoid
		}),
		with("topk", func(s *Spec) { s.Code, s.K = TopK, 2 }),
		with("vae", func(s *Spec) { s.Code = Gaussian }),
		with("vae free bits", func(s *Spec) { s.Code, s.FreeBits = Gaussian, 0.25 }),
		with("iwae", func(s *Spec) { s.Code, s.Samples = Gaussian, 3 }),
		with("contractive closed", func(s *Spec) { s.Hidden, s.Contract = nil, Contract{Kind: ExactContract, Weight: 0.2} }),
		with("contractive closed tied", func(s *Spec) {
			s.Hidden, s.Tied, s.Contract = nil, true, Contract{Kind: ExactContract, Weight: 0.2}
		}),
		with("contractive deep", func(s *Spec) { s.Hidden, s.Contract = []int{6, 4}, Contract{Kind: ExactContract, Weight: 0.2} }),
		with("contractive deep tied sparse", func(s *Spec) {
			s.Tied, s.Contract = true, Contract{Kind: ExactContract, Weight: 0.2}
			s.Sparsity = Sparsity{Kind: L1Sparsity, Weight: 0.3}
		}),
		with("contractive stochastic", func(s *Spec) {
			s.Contract = Contract{Kind: StochasticContract, Weight: 0.2, Probes: 2}
		}),
		with("contractive stochastic shallow", func(s *Spec) {
			s.Hidden, s.Contract = nil, Contract{Kind: StochasticContract, Weight: 0.2}
		}),
	}
}

// TestGradients holds every variant x activation x loss against central
// differences of the float64 reference device.
func TestGradients(t *testing.T) {
	for _, c := range variants() {
		for _, act := range backend.Activations() {
			for _, loss := range []backend.LossKind{backend.SquaredError, backend.Bernoulli, backend.GaussianNLL} {
				c := c
				c.spec.Activation, c.spec.Loss = act, loss
				if c.spec.Code == "" && c.spec.CodeActivation == backend.Identity {
					c.spec.CodeActivation = act
				}
				if loss == backend.SquaredError {
					c.spec.Output = act
				}
				if c.spec.Validate() != nil && c.spec.Tied && loss == backend.GaussianNLL {
					continue
				}
				t.Run(fmt.Sprintf("%s/%v/%v", c.name, act, loss), func(t *testing.T) { checkGradient(t, c) })
			}
		}
	}
}

// TestClassifierGradients does the same for a classifier on every kind of code.
func TestClassifierGradients(t *testing.T) {
	for _, c := range variants() {
		if c.spec.Contract.Kind != NoContract || c.spec.Samples > 1 {
			continue
		}
		for _, o := range []Objective{FineTune, Frozen} {
			c.spec.Activation, c.spec.Classes, c.objective = backend.Tanh, 3, o
			t.Run(fmt.Sprintf("%s/%d", c.name, o), func(t *testing.T) { checkGradient(t, c) })
		}
	}
}

// TestAccumulatedGradients does the same for updates of two batches of their own
// noise, and sparsity penalties of their own mean activations. (That of free bits is
// of each batch too, and in the step's sums only that of the last.)
func TestAccumulatedGradients(t *testing.T) {
	for _, c := range variants() {
		if c.spec.FreeBits > 0 {
			continue
		}
		c.batches, c.spec.Activation, c.spec.Loss = 2, backend.Tanh, backend.Bernoulli
		t.Run(c.name, func(t *testing.T) { checkGradient(t, c) })
		if c.spec.Contract.Kind != NoContract || c.spec.Samples > 1 {
			continue
		}
		for _, o := range []Objective{FineTune, Frozen} {
			c.spec.Classes, c.objective = 3, o
			t.Run(fmt.Sprintf("%s, classifier %d", c.name, o), func(t *testing.T) { checkGradient(t, c) })
		}
	}
}

// problem is a planned training on random data, at a fixed time.
type problem struct {
	*Training
	ref  *ref64.Device
	want gradientCase
	rows int
}

func newProblem(t *testing.T, c gradientCase) *problem {
	t.Helper()
	const rows = 6
	dev := ref64.New()
	rng := rand.New(rand.NewPCG(7, 11))
	m, err := New(dev, c.spec, 3)
	if err != nil {
		t.Fatal(err)
	}
	flat := dev.Get(m.params)
	for i := range flat { // away from zero biases and symmetric weights
		flat[i] += 0.3 * rng.NormFloat64()
	}
	dev.Set(m.params, flat)
	data, _ := dev.Alloc(rows, c.spec.Inputs)
	labels, _ := dev.Alloc(rows, 1)
	x, y := dev.Get(data), dev.Get(labels)
	for i := range x {
		x[i] = 0.05 + 0.9*rng.Float64()
	}
	for i := range y {
		y[i] = float64(rng.IntN(3))
	}
	dev.Set(data, x)
	dev.Set(labels, y)
	tr, err := m.NewTraining(data.Data(), labels.Data(), TrainingOptions{
		Objective: c.objective, Batch: rows / max(1, c.batches), Accumulate: c.batches, Steps: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &problem{tr, dev, c, rows}
}

// loss runs the step at the fixed time and returns the whole objective.
func (p *problem) loss(t *testing.T) float64 {
	t.Helper()
	p.ResetSums()
	p.SetTime(backend.Time{Seed: 5, Step: 9, Epoch: 2}, []backend.Hyper{{KL: p.want.beta}}) // learning rate 0
	if err := p.Launch(p.rows, 1); err != nil {
		t.Fatal(err)
	}
	parts, err := p.Read(p.rows)
	if err != nil {
		t.Fatal(err)
	}
	s := &p.Spec
	kl := parts.KL
	if s.FreeBits > 0 && !p.kl.None() {
		kl = 0
		for _, v := range p.ref.Get(p.kl) {
			kl += math.Max(v, float64(s.FreeBits))
		}
	}
	return parts.Reconstruction + float64(p.want.beta)*kl +
		float64(s.Sparsity.Weight)*parts.Sparsity + float64(s.Contract.Weight)*parts.Contraction
}

func checkGradient(t *testing.T, c gradientCase) {
	p := newProblem(t, c)
	p.loss(t)
	analytic := p.ref.Get(p.grads)
	flat, moved, checked := p.ref.Get(p.params), 0, 0
	for _, param := range p.layout.params[p.span.lo:p.span.hi] {
		for at := param.Off; at < param.Off+param.Rows*param.Cols; at++ {
			want, ok := p.difference(t, flat, at, analytic[at], gradientStep)
			if !ok { // a step across the kink of a relu or the edge of a top-k: take a shorter one
				want, ok = p.difference(t, flat, at, analytic[at], gradientStep/20)
			}
			if !ok {
				t.Fatalf("%s[%d]: gradient %g, central difference %g", param.Name, at-param.Off, analytic[at], want)
			}
			checked++
			if want != 0 {
				moved++
			}
		}
	}
	if moved < checked/5 {
		t.Fatalf("only %d of %d parameters move the loss: the check proves nothing", moved, checked)
	}
}

// difference is the central difference of the loss by parameter at, and whether
// it agrees with the analytic gradient.
func (p *problem) difference(t *testing.T, flat []float64, at int, analytic, h float64) (float64, bool) {
	t.Helper()
	was := flat[at]
	var f [2]float64
	for i, step := range []float64{h, -h} {
		flat[at] = was + step
		p.ref.Set(p.params, flat)
		f[i] = p.loss(t)
	}
	flat[at] = was
	d := (f[0] - f[1]) / (2 * h)
	rounding := 4 * 0x1p-52 * math.Abs(f[0]) / h
	return d, math.Abs(analytic-d) <= gradientTol*(1+math.Abs(d))+rounding
}
