package backendtest

import (
	"fmt"
	"math"
)

// Tol is how far a number may be from the one wanted: Abs*Scale[i] + Rel*|want|.
// The zero Tol asks for equality.
type Tol struct {
	Abs, Rel float64

	// Scale is the size of the terms that were added up to make each element,
	// where they may cancel; nil means 1 everywhere.
	Scale []float64

	// NaN allows NaN where want is NaN, and only there; it is then demanded.
	NaN bool
}

func (t Tol) budget(i int, want float64) float64 {
	scale := 1.0
	if t.Scale != nil {
		scale = t.Scale[i]
	}
	return t.Abs*scale + t.Rel*math.Abs(want)
}

// Close reports whether got is want within tol. The error names the element that
// is furthest out, in shares of its budget. NaN is never close by accident.
func Close(got, want []float64, tol Tol) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d elements, want %d", len(got), len(want))
	}
	if tol.Scale != nil && len(tol.Scale) != len(want) {
		return fmt.Errorf("a scale for %d elements, want %d", len(tol.Scale), len(want))
	}
	out, worst, worstShare := 0, 0, 0.0
	for i := range want {
		if share := tol.share(i, got[i], want[i]); !(share <= 1) {
			out++
			if share > worstShare || math.IsNaN(share) && !math.IsNaN(worstShare) {
				worst, worstShare = i, share
			}
		}
	}
	if out == 0 {
		return nil
	}
	return fmt.Errorf("element %d of %d: got %v, want %v, off by %.3g, which is %.3g of the budget %.3g (%d elements are out)",
		worst, len(want), got[worst], want[worst], math.Abs(got[worst]-want[worst]),
		worstShare, tol.budget(worst, want[worst]), out)
}

// share is how much of its budget an element uses; it is at most 1 only where
// the element passes. It is NaN, worse than any number, for a NaN out of place.
func (t Tol) share(i int, got, want float64) float64 {
	switch {
	case got == want:
		return 0
	case math.IsNaN(got) || math.IsNaN(want):
		if t.NaN && math.IsNaN(got) && math.IsNaN(want) {
			return 0
		}
		return math.NaN()
	case math.IsInf(got, 0) || math.IsInf(want, 0):
		return math.Inf(1)
	}
	budget := t.budget(i, want)
	if d := math.Abs(got - want); d > budget || math.IsNaN(budget) {
		return math.Max(d/budget, math.Nextafter(1, 2))
	}
	return math.Abs(got-want) / budget
}
