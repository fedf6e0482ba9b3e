package model

import (
	"math"
	"slices"
	"testing"
)

// Means of counts in a row that lacks some are brought to the sum of those that are there; other columns, complete rows, rows
// without a count and likelihoods that know no totals keep theirs.
func TestMeansOfRowsWithGapsHaveTheirSize(t *testing.T) {
	nan := float32(math.NaN())
	rows := []float32{5, 1, 2, 3, 5, 1, 2, 3, 5, 1, 2, 3, 5, 1, 2, 3}
	targets := []float32{1, 4, nan, 8, 1, 4, 1, 8, 1, nan, nan, nan, nan, 4, 1, 8}
	for text, want := range map[string][]float32{
		"columns:gaussian,negative-binomial*2,poisson:9": {5, 3, 6, 9, 5, 1, 2, 3, 5, 1, 2, 3, 5, 1, 2, 3},
		"columns:gaussian,negative-binomial*2,poisson":   rows,
	} {
		got := slices.Clone(rows)
		(&Spec{Inputs: 4, Latent: 1, Likelihood: columnsOf(t, text)}).resize(got, targets)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	(&Spec{Inputs: 4, Latent: 1, Likelihood: columnsOf(t, "columns:poisson*4:9")}).resize(rows, nil)
}
