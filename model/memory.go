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
	floats := l.size + o.lossSize() + o.Optimiser.Kind.Moments()*segment.size
	table := clockRow * max(1, o.Steps) * o.batches()
	options := o.graph(s, backend.Tensor{}, backend.Clock{})
	g := layOut(&Model{Spec: *s, layout: l}, options)
	floats += backend.Measure(func(alloc backend.Alloc) { g.place(alloc, options) })
	sums := numSums + len(g.terms) + backend.GuardNorm + len(segment.ends)
	if o.Optimiser.Kind == backend.LAMB {
		sums += len(segment.ends)
	}
	return 4*floats + table + 8*sums
}

// EvaluationBytes is the device memory that NewEvaluator takes.
func (s *Spec) EvaluationBytes(batch int) int {
	options := graphOptions{batch: batch, samples: s.code().samples()}
	g := layOut(&Model{Spec: *s, layout: newLayout(s)}, options)
	return 8*(numSums+len(g.terms)) + clockRow + 4*backend.Measure(func(alloc backend.Alloc) {
		g.place(alloc, options)
		reserveHost(g, alloc)
	})
}

// clockRow is the bytes of a row of a clock's table.
const clockRow = 32
