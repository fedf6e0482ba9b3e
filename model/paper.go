package model

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// PaperTraining is a training of a model of the spec on rows of data, bytes or
// float32, for which no memory is taken: its Step can be looked at.
func PaperTraining(spec Spec, rows int, bytes bool, o TrainingOptions) (*Training, error) {
	dev := &backend.Paper{}
	m, err := newModel(dev, spec)
	if err != nil {
		return nil, err
	}
	data, _ := dev.AllocBytes(rows, spec.Inputs, nil) // on paper nothing fails
	data.Bytes = bytes
	var targets backend.Data
	switch {
	case spec.SameRows && spec.Targets == spec.Inputs && o.Shared:
		targets = data
	case spec.HasTargets():
		targets, _ = dev.AllocBytes(rows, spec.Targets, nil)
		targets.Bytes = bytes
	}
	labels, _ := dev.Alloc(rows, 1)
	return m.NewTraining(Resident{Rows: data, Targets: targets, Labels: labels.Data(), Conditions: labels.Data()}, o)
}

// Name is what a tensor of the training's step is, as encoder.0.y or
// decoder.1.weight', the gradient by a weight; that of its memory and place where it
// is none of the model's.
func (t *Training) Name(x backend.Tensor) string {
	if x.None() {
		return "none"
	}
	name := fmt.Sprintf("%v+%d", x.Mem, x.Off)
	for _, n := range t.names() {
		if n.of.Mem != x.Mem || n.of.Off != x.Off {
			continue
		}
		if n.of.Cols == x.Cols {
			return n.name
		}
		name = n.name // of the same place, in another shape
	}
	return name
}

type named struct {
	name string
	of   backend.Tensor
}

// names are the tensors of a step.
func (t *Training) names() (all []named) {
	add := func(name string, of backend.Tensor) {
		if !of.None() {
			all = append(all, named{name, of})
		}
	}
	s := &t.segment
	add("params", t.params.Slice(s.off, 1, s.size))
	add("params'", t.grads.Slice(s.off, 1, s.size))
	add("moments.0", t.moments[0])
	add("moments.1", t.moments[1])
	for _, side := range []struct {
		name string
		chain
	}{{"encoder", t.enc}, {"decoder", t.dec}, {"classifier", t.head}} { // weights that are tied are the encoder's
		for i := range side.chain {
			l, at := &side.chain[i], fmt.Sprintf("%s.%d.", side.name, i)
			add(at+"weight", l.w)
			add(at+"bias", l.b)
			add(at+"weight'", l.dw)
			add(at+"bias'", l.db)
			add(at+"y", l.y)
			add(at+"pre", l.pre)
			add(at+"delta", l.delta)
			add(at+"extra", l.extra)
			add(at+"dropped", l.dropped)
		}
	}
	add("clean", t.clean)
	add("noisy", t.noisy)
	add("targets", t.targets)
	add("labels", t.labels)
	t.condition.tensors(add)
	add("rows", t.rows)
	add("loss", t.meanLoss)
	for _, part := range t.parts() {
		part.tensors(add)
	}
	return all
}
