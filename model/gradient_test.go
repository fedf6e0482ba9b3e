package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

// targetCases are some of them with targets of their own.
func targetCases() (all []gradientCase) {
	for _, c := range gradientCases() {
		if slices.Contains([]string{"plain", "masking", "contractive, deep", "VAE", "importance-weighted"}, c.name) {
			c.name += ", targets"
			c.spec.Targets = 4
			all = append(all, c)
		}
	}
	return all
}

// conditionCases are some of them with a condition of three levels.
func conditionCases() (all []gradientCase) {
	for _, c := range gradientCases() {
		if slices.Contains([]string{"plain", "shallow", "dropout", "masking", "sparse, KL", "sparse, top-k", "VAE", "VAE, free bits", "importance-weighted"}, c.name) {
			c.name += ", condition"
			c.spec.Conditions = 3
			all = append(all, c)
		}
	}
	return all
}

// gradientCases are the variants on a tiny non-square net, but for those that differ
// from another one in activations and losses alone, which the tests set.
func gradientCases() []gradientCase {
	var all []gradientCase
	seen := map[string]bool{}
	for _, v := range Variants(5, []int{6, 5}, 3) {
		s := v.Spec
		s.Activation, s.Output, s.Likelihood = backend.Identity, backend.Identity, Bernoulli{}
		if !hasPenalty(&s, isKL) {
			s.CodeActivation = backend.Identity
		}
		if key := fmt.Sprintf("%+v", s); !seen[key] {
			seen[key] = true
			all = append(all, gradientCase{name: v.Name, spec: s, beta: 0.7})
		}
	}
	return all
}

// everyLikelihood lists those of the variants, but for columns (columns_test.go).
func everyLikelihood() (all []Likelihood) {
	for _, v := range Variants(5, []int{6, 5}, 3) {
		l := v.Spec.likelihood()
		if _, ok := l.(Columns); !ok && !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}

// TestGradients holds every variant x activation x loss against central
// differences of the float64 reference device.
func TestGradients(t *testing.T) {
	for _, c := range slices.Concat(gradientCases(), targetCases(), conditionCases()) {
		for _, act := range backend.Activations() {
			for _, loss := range everyLikelihood() {
				c := c
				c.spec.Activation, c.spec.Likelihood = act, loss
				if c.spec.Code == nil && c.spec.CodeActivation == backend.Identity {
					c.spec.CodeActivation = act
				}
				if loss == (Squared{}) {
					c.spec.Output = act
				}
				if c.spec.Tied && loss == (GaussianNLL{}) || c.spec.Binarise && loss != (Bernoulli{}) {
					continue // no model
				}
				t.Run(fmt.Sprintf("%s/%v/%v", c.name, act, loss), func(t *testing.T) { checkGradient(t, c) })
			}
		}
	}
}

// TestClassifierGradients does the same for a classifier on every kind of code.
func TestClassifierGradients(t *testing.T) {
	for _, c := range gradientCases() {
		if hasPenalty(&c.spec, isContractive) || c.spec.code().samples() > 1 {
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
	for _, c := range slices.Concat(gradientCases(), targetCases(), conditionCases()) {
		if freeBits(&c.spec) > 0 {
			continue
		}
		c.batches, c.spec.Activation, c.spec.Likelihood = 2, backend.Tanh, Bernoulli{}
		t.Run(c.name, func(t *testing.T) { checkGradient(t, c) })
		if hasPenalty(&c.spec, isContractive) || c.spec.code().samples() > 1 || c.spec.HasCondition() {
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
	at := Resident{Rows: data.Data(), Labels: labels.Data()}
	if c.spec.HasCondition() {
		at.Conditions = labels.Data()
	}
	if c.spec.HasTargets() {
		targets, _ := dev.Alloc(rows, c.spec.Targets)
		z := dev.Get(targets)
		for i := range z {
			z[i] = rng.Float64()
		}
		if l, ok := c.spec.Likelihood.(Columns); ok {
			z = cells(l, rows, rng)
		}
		dev.Set(targets, z)
		at.Targets = targets.Data()
	}
	tr, err := m.NewTraining(at, TrainingOptions{
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
	terms, err := p.Read(p.rows, float64(p.want.beta))
	if err != nil {
		t.Fatal(err)
	}
	loss := terms.Loss()
	if b, ok := p.code.(*boundGaussian); ok && b.FreeBits > 0 {
		for _, v := range p.ref.Get(b.kl) { // units below are held at what is free
			loss += float64(p.want.beta) * math.Max(0, float64(b.FreeBits)-v)
		}
	}
	return loss
}

func hasPenalty(s *Spec, is func(Penalty) bool) bool { return slices.ContainsFunc(s.Penalties, is) }

func isKL(p Penalty) bool          { _, ok := p.(KLSparsity); return ok }
func isContractive(p Penalty) bool { _, ok := p.(Contractive); return ok }

func isStochastic(p Penalty) bool {
	c, ok := p.(Contractive)
	return ok && c.Probes > 0
}

func freeBits(s *Spec) float32 {
	c, _ := s.code().(Gaussian)
	return c.FreeBits
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
