package model

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Classifier is what is known of the classifier on a model's code, beside its weights.
type Classifier struct {
	Classes   []string `json:"classes,omitempty"`    // their names, by label; nil where they are not known
	FineTuned bool     `json:"fine_tuned,omitempty"` // the encoder was trained with it, the decoder was not
}

// ErrNoDecoder is the error of what needs a decoder that fits the codes, of a model whose
// encoder was trained further with a classifier.
var ErrNoDecoder = errors.New("the encoder was fine-tuned for its classifier, and no decoder fits its codes any more: " +
	"classes and codes can be had; for the rest train another with the classifier frozen, or without one")

// classifierKey is the metadata entry of a model file that holds its Classifier as JSON.
const classifierKey = "aegpu.classifier"

// checkDecoder returns ErrNoDecoder where the decoder does not fit the codes.
func (m *Model) checkDecoder() error {
	if m.Classifier.FineTuned {
		return ErrNoDecoder
	}
	return nil
}

// readClassifier returns what a file's metadata say of a classifier of so many classes.
func readClassifier(meta map[string]string, classes int) (c Classifier, err error) {
	text, ok := meta[classifierKey]
	if !ok {
		return c, nil
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("%s in the metadata: %w", classifierKey, err)
	}
	if c.Classes != nil && len(c.Classes) != classes {
		return c, fmt.Errorf("%s in the metadata: %d names of %d classes", classifierKey, len(c.Classes), classes)
	}
	return c, nil
}

// ClassNames returns the names of the classifier's classes, their numbers from 0 on where
// no names are known; none without a classifier.
func (m *Model) ClassNames() []string {
	if m.Classifier.Classes != nil {
		return m.Classifier.Classes
	}
	names := make([]string, m.Spec.Classes)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names
}
