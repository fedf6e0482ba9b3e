package model

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/nlpodyssey/safetensors"
)

// specKey is the metadata entry of a model file that holds its Spec as JSON.
const specKey = "aegpu.model"

// preparationKey is the metadata entry that holds its preparation as JSON.
const preparationKey = "aegpu.preparation"

// targetKey is the metadata entry that holds the preparation of what the decoder is to make, where that is other data
// than the input, as JSON.
const targetKey = "aegpu.targets"

// conditionKey is the metadata entry that holds the condition of a conditional model as JSON.
const conditionKey = "aegpu.condition"

// dataKey is the metadata entry that holds the fingerprint of the data it was trained on.
const dataKey = "aegpu.data"

// divisionKey is the metadata entry that holds how those data were divided as JSON.
const divisionKey = "aegpu.division"

// Write writes the model in the safetensors format: one float32 tensor a
// parameter; the spec, the preparation, the fingerprint of its data, how they were divided and what its training rows are like where these are known, what
// is known of a classifier, and the digest of the file (see [WriteSealed]) as metadata. The same model gives the same
// bytes.
func (m *Model) Write(w io.Writer) error {
	flat := make([]float32, m.layout.size)
	m.dev.Download(flat, m.params)
	if err := m.dev.Sync(); err != nil {
		return err
	}
	return m.WriteWith(w, flat)
}

// WriteWith does what Write does, of the model with other parameters: flat, as Flat has them.
func (m *Model) WriteWith(w io.Writer, flat []float32) error {
	if len(flat) != m.layout.size {
		return fmt.Errorf("%d parameters: expected %d", len(flat), m.layout.size)
	}
	spec, err := json.Marshal(m.Spec)
	if err != nil {
		return err
	}
	prep, err := json.Marshal(m.prep)
	if err != nil {
		return err
	}
	views := map[string]safetensors.TensorView{}
	for _, p := range m.layout.params {
		if views[p.Name], err = Float32View(flat[p.Off:p.Off+p.Rows*p.Cols], p.shape()...); err != nil {
			return err
		}
	}
	meta := map[string]string{specKey: string(spec), preparationKey: string(prep)}
	if m.Spec.HasTargets() {
		target, err := json.Marshal(m.target)
		if err != nil {
			return err
		}
		meta[targetKey] = string(target)
	}
	if m.Spec.HasCondition() {
		condition, err := json.Marshal(m.condition)
		if err != nil {
			return err
		}
		meta[conditionKey] = string(condition)
	}
	if m.Fingerprint != "" {
		meta[dataKey] = m.Fingerprint
	}
	if m.Division != nil {
		division, err := json.Marshal(m.Division)
		if err != nil {
			return err
		}
		meta[divisionKey] = string(division)
	}
	if err := m.writeReference(views, meta); err != nil {
		return err
	}
	if m.Spec.Classes > 0 {
		text, err := json.Marshal(m.Classifier)
		if err != nil {
			return err
		}
		meta[classifierKey] = string(text)
	}
	return WriteSealed(w, views, meta)
}

// Float32View is values as a tensor of a safetensors file.
func Float32View(v []float32, shape ...uint64) (safetensors.TensorView, error) {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return safetensors.NewTensorView(safetensors.F32, shape, b)
}

// Float32s is the values of a tensor of a safetensors file.
func Float32s(v safetensors.TensorView) ([]float32, error) {
	if v.DType() != safetensors.F32 {
		return nil, fmt.Errorf("a %v tensor: expected F32", v.DType())
	}
	b := v.Data()
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x, nil
}

// Finite refuses numbers of which one is NaN or infinite, and says which.
func Finite(v []float32) error {
	for i, x := range v {
		if x-x != 0 {
			return fmt.Errorf("number %d is %g: expected finite numbers", i+1, x)
		}
	}
	return nil
}

// Read returns the model in a file that Write made, on dev. An error says what does
// not fit; it wraps [ErrDamaged] where the file is not as it was written.
func Read(dev backend.Device, file []byte) (*Model, error) {
	st, meta, err := ReadSealed(file, specKey, preparationKey, targetKey, conditionKey, dataKey, divisionKey, referenceKey, classifierKey)
	if err != nil {
		return nil, err
	}
	spec, err := readSpec(meta)
	if err != nil {
		return nil, err
	}
	if err := spec.checkClaim(len(file)); err != nil {
		return nil, err
	}
	if err := newLayout(&spec).checkShapes(st); err != nil {
		return nil, err
	}
	m, err := newModel(dev, spec)
	if err != nil {
		return nil, err
	}
	if err := m.fill(st); err != nil {
		m.Close()
		return nil, err
	}
	if err := m.readPreparation(meta, st); err != nil {
		m.Close()
		return nil, err
	}
	if err := m.readCondition(meta); err != nil {
		m.Close()
		return nil, err
	}
	if m.Classifier, err = readClassifier(meta, spec.Classes); err != nil {
		m.Close()
		return nil, err
	}
	m.Fingerprint = meta[dataKey]
	if err := m.readDivision(meta); err != nil {
		m.Close()
		return nil, err
	}
	if err := m.readReference(meta, st); err != nil {
		m.Close()
		return nil, err
	}
	return m, dev.Sync()
}

// readSpec returns the spec in a file's metadata.
func readSpec(meta map[string]string) (spec Spec, err error) {
	key, text := specKey, meta[specKey]
	if old, ok := meta[oldSpecKey]; ok && text == "" {
		key = oldSpecKey
		spec, err = readOldSpec(old)
	} else if text != "" {
		err = json.Unmarshal([]byte(text), &spec)
	} else {
		return spec, fmt.Errorf("a safetensors file without %q in its metadata: expected a model that aegpu wrote", specKey)
	}
	if err != nil {
		return spec, fmt.Errorf("%s in the metadata: %w", key, err)
	}
	return spec, nil
}

// fill uploads every parameter tensor from a file.
func (m *Model) fill(st safetensors.SafeTensors) error {
	for _, p := range m.layout.params {
		view, _ := st.Tensor(p.Name) // it is there
		v, err := Float32s(view)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", p.Name, err)
		}
		if err := Finite(v); err != nil {
			return fmt.Errorf("tensor %s: %w", p.Name, err)
		}
		m.dev.Upload(m.layout.view(m.params, p.Name), v)
	}
	return nil
}

// readDivision sets how the data were divided, where a file says so.
func (m *Model) readDivision(meta map[string]string) error {
	text, ok := meta[divisionKey]
	if !ok {
		return nil
	}
	d := &data.Division{}
	if err := json.Unmarshal([]byte(text), d); err != nil {
		return fmt.Errorf("%s in the metadata: %w", divisionKey, err)
	}
	m.Division = d
	return nil
}

// readPreparation sets the preparation that a file holds.
func (m *Model) readPreparation(meta map[string]string, st safetensors.SafeTensors) error {
	if _, ok := meta[oldSpecKey]; ok {
		return m.readOldScaling(st)
	}
	p := &data.Preparation{}
	if err := json.Unmarshal([]byte(meta[preparationKey]), p); err != nil {
		return fmt.Errorf("%s in the metadata: %w", preparationKey, err)
	}
	if err := m.SetPreparation(p); err != nil || !m.Spec.HasTargets() {
		return err
	}
	p = &data.Preparation{}
	if err := json.Unmarshal([]byte(meta[targetKey]), p); err != nil {
		return fmt.Errorf("%s in the metadata: %w", targetKey, err)
	}
	return m.SetTargetPreparation(p)
}
