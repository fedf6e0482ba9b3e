package model

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/data"
)

// TakeFrom gives the model the weights in a file that Write made, of a model of the same architecture; its preparation
// stays its own. A classifier in the file that the model does not have is left out, but for whether the encoder was trained
// with it. The error says what differs.
func (m *Model) TakeFrom(file []byte) error {
	st, meta, err := ReadSealed(file, specKey, preparationKey, conditionKey, dataKey, classifierKey)
	if err != nil {
		return err
	}
	theirs, err := readSpec(meta)
	if err != nil {
		return err
	}
	if err := m.sameArchitecture(&theirs); err != nil {
		return err
	}
	if err := m.sameColumns(meta); err != nil {
		return err
	}
	if err := m.sameCondition(meta); err != nil {
		return err
	}
	if err := m.layout.checkShapes(st); err != nil { // of another kind of code or likelihood
		return fmt.Errorf("another architecture (of the code or the loss): %w", err)
	}
	c, err := readClassifier(meta, theirs.Classes)
	if err != nil {
		return err
	}
	if err := m.fill(st); err != nil {
		return err
	}
	m.Classifier.FineTuned = c.FineTuned
	return m.dev.Sync()
}

// sameArchitecture refuses a spec with other layers.
func (m *Model) sameArchitecture(theirs *Spec) error {
	mine := &m.Spec
	for _, part := range []struct {
		what         string
		mine, theirs any
	}{
		{"numbers a row", mine.Inputs, theirs.Inputs},
		{"numbers of a target", mine.Outputs(), theirs.Outputs()},
		{"levels of the condition", mine.Conditions, theirs.Conditions},
		{"hidden layers", mine.Hidden, theirs.Hidden},
		{"code of size", mine.Latent, theirs.Latent},
		{"decoder's hidden layers", mine.decoderWidths(), theirs.decoderWidths()},
		{"tied weights", mine.Tied, theirs.Tied},
		{"activation", mine.Activation, theirs.Activation},
		{"activation of the code", mine.CodeActivation, theirs.CodeActivation},
	} {
		if a, b := fmt.Sprint(part.theirs), fmt.Sprint(part.mine); a != b {
			return fmt.Errorf("another architecture: %s: %s in the file, %s asked for", part.what, a, b)
		}
	}
	return nil
}

// sameColumns refuses weights of columns that have other names.
func (m *Model) sameColumns(meta map[string]string) error {
	p := &data.Preparation{}
	if text, ok := meta[preparationKey]; !ok || json.Unmarshal([]byte(text), p) != nil {
		return nil // an old file, which names none
	}
	mine := m.prep.Columns
	for i := range min(len(mine), len(p.Columns)) {
		a, b := p.Columns[i], mine[i]
		if a.Name != b.Name && a.Name != "" && b.Name != "" || !slices.Equal(a.Levels, b.Levels) {
			return fmt.Errorf("other data: column %d is %q in the file, %q here", i+1, a.Name, b.Name)
		}
	}
	return nil
}
