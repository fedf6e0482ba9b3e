package settings

import (
	"fmt"
	"slices"
	"strings"
)

// OutputBias is where the bias of the decoder's last layer starts.
type OutputBias uint8

// The starts.
const (
	MeanBias OutputBias = iota // the mean of the training rows
	ZeroBias
)

var outputBiases = []string{MeanBias: "mean", ZeroBias: "zero"}

// String returns "mean" or "zero".
func (b OutputBias) String() string { return choice(outputBiases, "output bias", int(b)) }

// MarshalText returns what String does.
func (b OutputBias) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what String returns.
func (b *OutputBias) UnmarshalText(text []byte) error {
	i, err := chosen(outputBiases, "output bias", string(text))
	if err == nil {
		*b = OutputBias(i)
	}
	return err
}

// Classifier is a classifier on top of the code, trained when the rest is.
type Classifier uint8

// The classifiers.
const (
	NoClassifier       Classifier = iota
	FinetuneClassifier            // the encoder is trained with it
	FrozenClassifier              // the encoder stays as it is
)

var classifiers = []string{NoClassifier: "none", FinetuneClassifier: "finetune", FrozenClassifier: "frozen"}

// String returns "none", "finetune" or "frozen".
func (c Classifier) String() string { return choice(classifiers, "classifier", int(c)) }

// MarshalText returns what String does.
func (c Classifier) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what String returns.
func (c *Classifier) UnmarshalText(text []byte) error {
	i, err := chosen(classifiers, "classifier", string(text))
	if err == nil {
		*c = Classifier(i)
	}
	return err
}

// SizeFactor is whether means of counts are in proportion to the total of their row.
type SizeFactor uint8

// The size factors.
const (
	AutoSize  SizeFactor = iota // where the totals say that rows are compositions
	TotalSize                   // they are
	NoSize                      // they are not
)

var sizeFactors = []string{AutoSize: "auto", TotalSize: "total", NoSize: "none"}

// String returns "auto", "total" or "none".
func (f SizeFactor) String() string { return choice(sizeFactors, "size factor", int(f)) }

// MarshalText returns what String does.
func (f SizeFactor) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what String returns.
func (f *SizeFactor) UnmarshalText(text []byte) error {
	i, err := chosen(sizeFactors, "size factor", string(text))
	if err == nil {
		*f = SizeFactor(i)
	}
	return err
}

func (f SizeFactor) check() error { return known(sizeFactors, "size factor", int(f)) }

// choice returns the name of choice i.
func choice(names []string, what string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", what, i)
}

// chosen returns which choice text names.
func chosen(names []string, what, text string) (int, error) {
	if i := slices.Index(names, text); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("unknown %s %q: expected one of %s", what, text, strings.Join(names, ", "))
}

func (b OutputBias) check() error { return known(outputBiases, "output bias", int(b)) }
func (c Classifier) check() error { return known(classifiers, "classifier", int(c)) }

// known refuses choices that there are none of.
func known(names []string, what string, i int) error {
	if i < len(names) {
		return nil
	}
	return fmt.Errorf("unknown %s: expected one of %s", choice(names, what, i), strings.Join(names, ", "))
}
