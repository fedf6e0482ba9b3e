package model

import (
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// Model is an autoencoder's parameters on a device. It is used from one
// goroutine at a time.
type Model struct {
	Spec Spec

	// Fingerprint is that of the data it was trained on, kept in its file; "" where it is
	// not known.
	Fingerprint string

	// Division is how those data were divided, kept in its file; nil where it is not known, as of files of earlier versions.
	Division *data.Division

	// Reference is what its training rows are like, kept in its file; nil where it is not known, as of files of earlier versions.
	Reference *Reference

	// Classifier is what is known of the classifier on its code, kept in its file.
	Classifier Classifier

	condition *data.Condition // of a conditional model

	prep   *data.Preparation
	target *data.Preparation // of what the decoder is to make; nil where that is the input
	dev    backend.Device
	layout *layout
	params backend.Tensor // 1 x layout.size
	apply  *applier       // planned at first use
}

// New is an untrained model, its weights drawn from seed. The error says what is
// wrong with spec, or that memory ran out.
func New(dev backend.Device, spec Spec, seed uint64) (*Model, error) {
	m, err := newModel(dev, spec)
	if err != nil {
		return nil, err
	}
	flat := make([]float32, m.layout.size)
	for i, p := range m.layout.params {
		if p.Weight {
			spec.Init.initialise(flat[p.Off:p.Off+p.Rows*p.Cols], p, seed, i)
		}
	}
	dev.Upload(m.params, flat)
	return m, nil
}

// newModel is a model whose parameters are all zero.
func newModel(dev backend.Device, spec Spec) (*Model, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	m := &Model{Spec: spec, dev: dev, layout: newLayout(&spec), prep: data.IdentityPreparation(spec.Inputs)}
	m.prep.Unit = spec.Unit() && !spec.HasTargets()
	if spec.HasTargets() {
		m.target = data.IdentityPreparation(spec.Targets)
		m.target.Unit = spec.Unit()
	}
	m.condition = unnamedCondition(spec.Conditions)
	var err error
	if m.params, err = dev.Alloc(1, m.layout.size); err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	return m, nil
}

// Close frees the model's device memory. The model must not be used after.
func (m *Model) Close() {
	m.apply.free()
	m.params.Mem.Free()
}

// Preparation returns what is done to raw rows before they enter, and undone to what
// comes out: nothing, where none was set. It is shared and must not be changed.
func (m *Model) Preparation() *data.Preparation { return m.prep }

// TargetPreparation returns the preparation of what the decoder is to make: Preparation's, where that is the input. It is
// shared and must not be changed.
func (m *Model) TargetPreparation() *data.Preparation {
	if m.Spec.HasTargets() {
		return m.target
	}
	return m.prep
}

// SetPreparation says what is done to raw rows. It must make rows of Inputs numbers,
// within [0, 1] where the decoder makes them again under a likelihood that takes no others.
func (m *Model) SetPreparation(p *data.Preparation) error {
	if m.Spec.HasTargets() {
		if err := fitsWidth(p, m.Spec.Inputs, "inputs"); err != nil {
			return err
		}
	} else if err := m.checkMade(p); err != nil {
		return err
	}
	m.prep = p
	return nil
}

// SetTargetPreparation says what is done to the raw rows that the decoder is to make, of a model with targets of their own.
// It must make rows of Targets numbers, within [0, 1] where the likelihood takes no others.
func (m *Model) SetTargetPreparation(p *data.Preparation) error {
	if !m.Spec.HasTargets() {
		return errors.New("a preparation of targets for a model that makes its input again")
	}
	if err := m.checkMade(p); err != nil {
		return err
	}
	m.target = p
	return nil
}

// checkMade says what is wrong with a preparation of what the decoder is to make.
func (m *Model) checkMade(p *data.Preparation) error {
	if err := fitsWidth(p, m.Spec.Outputs(), "outputs"); err != nil {
		return err
	}
	if p.Unit != m.Spec.Unit() {
		return fmt.Errorf("a preparation to values within [0, 1] (%v) does not fit the %v likelihood", p.Unit, m.Spec.likelihood())
	}
	return nil
}

// fitsWidth refuses a preparation that is inconsistent, or makes rows of another width.
func fitsWidth(p *data.Preparation, width int, what string) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if p.Inputs() != width {
		return fmt.Errorf("a preparation that makes rows of %d numbers does not fit a model of %d %s", p.Inputs(), width, what)
	}
	return nil
}

// Device is where the model computes.
func (m *Model) Device() backend.Device { return m.dev }

// NumParameters is the number of trainable numbers.
func (m *Model) NumParameters() int {
	n := 0
	for _, p := range m.layout.params {
		n += p.Rows * p.Cols
	}
	return n
}

// Params lists the parameter tensors in the order of the flat buffer.
func (m *Model) Params() []Param { return m.layout.params }

// Flat is the flat parameter buffer, 1 x FlatSize.
func (m *Model) Flat() backend.Tensor { return m.params }

// FlatSize is the length of the flat buffer, padding included.
func (m *Model) FlatSize() int { return m.layout.size }

// Parameter is the device view of one parameter tensor, by its name.
func (m *Model) Parameter(name string) (backend.Tensor, bool) {
	if _, ok := m.layout.byName[name]; !ok {
		return backend.Tensor{}, false
	}
	return m.layout.view(m.params, name), true
}

// Weights downloads one parameter tensor, row-major out x in.
func (m *Model) Weights(name string) ([]float32, error) {
	t, ok := m.Parameter(name)
	if !ok {
		return nil, fmt.Errorf("no parameter tensor is called %q", name)
	}
	v := make([]float32, t.Len())
	m.dev.Download(v, t)
	return v, m.dev.Sync()
}

// SetWeights uploads one parameter tensor, row-major out x in.
func (m *Model) SetWeights(name string, v []float32) error {
	t, ok := m.Parameter(name)
	if !ok {
		return fmt.Errorf("no parameter tensor is called %q", name)
	}
	if len(v) != t.Len() {
		return fmt.Errorf("%s holds %v numbers, not %d", name, t, len(v))
	}
	m.dev.Upload(t, v)
	return m.dev.Sync()
}

// Clone is a model with the same parameters in memory of its own.
func (m *Model) Clone() (*Model, error) {
	c, err := newModel(m.dev, m.Spec)
	if err != nil {
		return nil, err
	}
	c.prep, c.target, c.Fingerprint, c.Division, c.Classifier, c.Reference = m.prep, m.target, m.Fingerprint, m.Division, m.Classifier, m.Reference
	c.condition = m.condition
	m.dev.Enqueue(backend.Copy{Dst: c.params, Src: m.params})
	return c, nil
}

// WithClassifier is a copy of the model with a new softmax classifier of that
// many classes on its code.
func (m *Model) WithClassifier(classes int, seed uint64) (*Model, error) {
	spec := m.Spec
	spec.Classes = classes
	c, err := New(m.dev, spec, seed)
	if err != nil {
		return nil, err
	}
	c.prep, c.target, c.Fingerprint, c.Division = m.prep, m.target, m.Fingerprint, m.Division
	c.take(m)
	return c, nil
}

// take copies every parameter tensor that from has under the same name.
func (m *Model) take(from *Model) {
	for _, p := range m.layout.params {
		if src, ok := from.Parameter(p.Name); ok {
			m.dev.Enqueue(backend.Copy{Dst: m.layout.view(m.params, p.Name), Src: src})
		}
	}
}
