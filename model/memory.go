package model

import "github.com/aegpu/aegpu/backend"

// ParameterBytes is the device memory that a model of the spec takes.
func (s *Spec) ParameterBytes() int { return 4 * newLayout(s).size }

// TrainingBytes is the device memory that NewTraining takes for a model of the
// spec, beside the model's own: gradients, moments, the clock's table and a step's
// activations, which are planned here without a device.
func (s *Spec) TrainingBytes(o TrainingOptions) int {
	l := newLayout(s)
	segment := l.segment(l.span(o.Objective))
	floats := l.size + o.Optimiser.Kind.Moments()*segment.size
	table := clockRow * max(1, o.Steps) * o.batches()
	t := &Training{opts: o}
	g := layOut(&Model{Spec: *s, layout: l}, o.Batch, o.samples(s), true, backend.Tensor{}, backend.Clock{})
	floats += backend.Measure(func(alloc backend.Alloc) {
		g.plan(alloc)
		t.planGradients(g, alloc)
	})
	sums := numSums + backend.GuardNorm + len(segment.ends)
	if o.Optimiser.Kind == backend.LAMB {
		sums += len(segment.ends)
	}
	return 4*floats + table + 8*sums
}

// EvaluationBytes is the device memory that NewEvaluator takes.
func (s *Spec) EvaluationBytes(batch int) int {
	samples := s.samples()
	a := &applier{}
	g := layOut(&Model{Spec: *s, layout: newLayout(s)}, batch, samples, false, backend.Tensor{}, backend.Clock{})
	return 8*numEvalSums + clockRow + 4*backend.Measure(func(alloc backend.Alloc) {
		g.plan(alloc)
		a.reserve(g, alloc)
	})
}

// clockRow is the bytes of a row of a clock's table.
const clockRow = 32
