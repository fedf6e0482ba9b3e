package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// aTable has columns of every kind, 12 of them.
const aTable = "columns:gaussian*2,bernoulli,softmax*3,poisson,negative-binomial*2,zero-inflated*2,gaussian"

func columnsOf(t testing.TB, text string) Columns {
	t.Helper()
	l, err := ParseLikelihood(text)
	if err != nil {
		t.Fatal(err)
	}
	return l.(Columns)
}

// cells are rows of such columns, one in eight missing.
func cells(l Columns, rows int, rng *rand.Rand) []float64 {
	width := l[len(l)-1].To
	v := make([]float64, rows*width)
	for r := range rows {
		for _, c := range l {
			row := v[r*width+c.From : r*width+c.To]
			for j := range row {
				switch c.Kind.String() {
				case "gaussian":
					row[j] = rng.NormFloat64()
				case "bernoulli":
					row[j] = float64(rng.IntN(2))
				case "softmax":
				default:
					row[j] = float64(rng.IntN(4) * rng.IntN(3))
				}
			}
			if c.Kind.String() == "softmax" {
				row[rng.IntN(len(row))] = 1
			}
			if rng.IntN(8) == 0 {
				row[rng.IntN(len(row))] = math.NaN()
			}
		}
	}
	return v
}

// columnCases are the variants with columns: of targets of their own with missing
// cells, and of the input, which lies within [0, 1].
func columnCases(t testing.TB) (all []gradientCase) {
	inputs := []string{"columns:gaussian,softmax*2,bernoulli,negative-binomial", "columns:zero-inflated,poisson,gaussian*2,softmax"}
	for i, c := range gradientCases() {
		c.spec.Likelihood = columnsOf(t, inputs[i%2])
		if !c.spec.Binarise {
			all = append(all, c)
		}
		if !c.spec.Tied && !c.spec.Binarise {
			c.name += ", targets"
			c.spec.Likelihood, c.spec.Targets = columnsOf(t, aTable), 12
			all = append(all, c)
		}
	}
	tied := "columns:gaussian,softmax*2,poisson,zero-inflated"
	for _, c := range gradientCases() {
		if c.spec.Tied {
			c.name += ", targets"
			c.spec.Likelihood, c.spec.Targets = columnsOf(t, tied), 5
			all = append(all, c)
		}
	}
	return all
}

// TestColumnGradients holds every variant with columns against central differences,
// in one batch and in two.
func TestColumnGradients(t *testing.T) {
	for _, c := range columnCases(t) {
		c.spec.Activation = backend.Tanh
		t.Run(c.name, func(t *testing.T) { checkGradient(t, c) })
		if c.batches = 2; freeBits(&c.spec) == 0 {
			t.Run(c.name+", two batches", func(t *testing.T) { checkGradient(t, c) })
		}
	}
}
