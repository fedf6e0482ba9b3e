package settings

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// LRScale is what the learning rates are multiplied by for the rows of an update:
//
//	none             1
//	linear[:BATCH]   rows / BATCH          (Goyal et al. 2017, with a warm-up)
//	sqrt[:BATCH]     sqrt(rows / BATCH)    (Krizhevsky 2014; Hoffer et al. 2017)
type LRScale struct {
	Kind  LRScaleKind
	Batch int // the update that a learning rate is for; 0 means 128
}

// LRScaleKind is a kind of scaling of the learning rates.
type LRScaleKind uint8

// The kinds.
const (
	NoLRScale LRScaleKind = iota
	LinearLRScale
	SqrtLRScale
)

var lrScaleNames = []string{NoLRScale: "none", LinearLRScale: "linear", SqrtLRScale: "sqrt"}

// referenceBatch is the batch that a learning rate is for where none is named.
const referenceBatch = 128

// Factor returns the factor for updates of so many rows.
func (s LRScale) Factor(rows int) float64 {
	batch := float64(s.Batch)
	if s.Batch == 0 {
		batch = referenceBatch
	}
	switch s.Kind {
	case LinearLRScale:
		return float64(rows) / batch
	case SqrtLRScale:
		return math.Sqrt(float64(rows) / batch)
	}
	return 1
}

// String returns the scaling as it is written.
func (s LRScale) String() string {
	name := choice(lrScaleNames, "lr-scale", int(s.Kind))
	if s.Batch == 0 || s.Kind == NoLRScale {
		return name
	}
	return name + ":" + strconv.Itoa(s.Batch)
}

// MarshalText returns what String does.
func (s LRScale) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what String returns.
func (s *LRScale) UnmarshalText(text []byte) error {
	name, of, given := strings.Cut(string(text), ":")
	kind, err := chosen(lrScaleNames, "lr-scale", name)
	if err != nil || given && LRScaleKind(kind) == NoLRScale {
		return fmt.Errorf("unknown lr-scale %q: expected none, linear[:BATCH] or sqrt[:BATCH]", text)
	}
	got := LRScale{Kind: LRScaleKind(kind)}
	if given {
		if got.Batch, err = strconv.Atoi(of); err != nil || got.Batch < 1 {
			return fmt.Errorf("lr-scale %q: batch %q, expected a whole number above 0", text, of)
		}
	}
	*s = got
	return nil
}

// check refuses scalings that there are none of.
func (s LRScale) check() error {
	if s.Batch < 0 {
		return fmt.Errorf("%v: expected a batch of 1 or more", s)
	}
	return known(lrScaleNames, "lr-scale", int(s.Kind))
}
