package model

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
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
	width := l.Runs[len(l.Runs)-1].To
	v := make([]float64, rows*width)
	for r := range rows {
		for _, c := range l.Runs {
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

// exactly has no Gaussian columns where the gradient of these is not that of the loss: see
// [Columns].
func exactly(s *Spec, text string) string {
	if s.code().Drawn() {
		return text
	}
	return strings.ReplaceAll(text, "gaussian", "bernoulli")
}

// columnCases are the variants with columns: of targets of their own with missing
// cells, and of the input, which lies within [0, 1].
func columnCases(t testing.TB) (all []gradientCase) {
	inputs := []string{"columns:gaussian,softmax*2,bernoulli,negative-binomial", "columns:zero-inflated,poisson,gaussian*2,softmax"}
	for i, c := range gradientCases() {
		c.spec.Likelihood = columnsOf(t, exactly(&c.spec, inputs[i%2]))
		if !c.spec.Binarise {
			all = append(all, c)
		}
		if !c.spec.Tied && !c.spec.Binarise {
			c.name += ", targets"
			c.spec.Likelihood, c.spec.Targets = columnsOf(t, exactly(&c.spec, aTable)), 12
			all = append(all, c)
		}
	}
	tied := "columns:gaussian,softmax*2,poisson,zero-inflated"
	for _, c := range gradientCases() {
		if c.spec.Tied {
			c.name += ", targets"
			c.spec.Likelihood, c.spec.Targets = columnsOf(t, exactly(&c.spec, tied)), 5
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

// TestColumnsAreTheirText reads texts, and writes neighbours as one run.
func TestColumnsAreTheirText(t *testing.T) {
	for text, want := range map[string]string{
		aTable: aTable,
		"columns:gaussian,gaussian*2,softmax,softmax*2,bernoulli*1": "columns:gaussian*3,softmax,softmax*2,bernoulli",
	} {
		l := columnsOf(t, text)
		if l.String() != want {
			t.Errorf("%s is written as %s", text, l)
		}
	}
	for text, want := range map[string]string{
		"columns:": `unknown kind of column ""`, "columns:gaussian,": `unknown kind of column ""`, "columns:normal": "expected gaussian, bernoulli",
		"columns:poisson*0": "0 more columns", "columns:poisson*x": "whole number", "columns:softmax*-3": "-3 more columns",
		"columns:gaussian*2147483648,poisson": "1 more columns after 2147483648", "columns": "unknown loss", "columns:9": "unknown kind",
	} {
		if _, err := ParseLikelihood(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := ParseLoss(aTable); !errors.Is(err, ErrUnknown) {
		t.Errorf("as a loss for any table: %v", err)
	}
}

func TestColumnsRefuse(t *testing.T) {
	four := columnsOf(t, "columns:bernoulli*4")
	for want, s := range map[string]Spec{
		"columns to 4 of 5":         {Inputs: 5, Likelihood: four},
		"columns to 4 of 3":         {Inputs: 4, Targets: 3, Likelihood: four},
		"without columns":           {Inputs: 4, Likelihood: Columns{}},
		"binarised inputs":          {Inputs: 4, Binarise: true, Likelihood: four},
		"output activation sigmoid": {Inputs: 4, Output: backend.Sigmoid, Likelihood: four},
		"follow column 1":           {Inputs: 4, Likelihood: Columns{Runs: []backend.LossColumns{{To: 1}, {From: 2, To: 4}}}},
	} {
		s.Latent = 2
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", &s, err, want)
		}
	}
}

// TestFilesOfColumns writes models with columns and reads them back to the same bytes.
func TestFilesOfColumns(t *testing.T) {
	for _, c := range columnCases(t) {
		m := newTestModel(t, c.spec)
		spreads := c.spec.likelihood().spreads()
		if err := m.SetWeights(spreadName, ramp(spreads, c.spec.Outputs())); err != nil {
			t.Fatal(err)
		}
		var file, second bytes.Buffer
		if err := m.Write(&file); err != nil {
			t.Fatal(err)
		}
		again, err := Read(ref64.New(), file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Write(&second); err != nil || !bytes.Equal(file.Bytes(), second.Bytes()) {
			t.Errorf("%s: the bytes differ after reading back (%v)", c.name, err)
		}
		v, err := again.Weights(spreadName)
		if err != nil || !slices.Equal(v, ramp(spreads, c.spec.Outputs())) {
			t.Errorf("%s: the spreads are %v, %v", c.name, v, err)
		}
	}
	if _, ok := newTestModel(t, Spec{Inputs: 3, Latent: 2, Likelihood: columnsOf(t, "columns:softmax*2,poisson")}).Parameter(spreadName); ok {
		t.Error("columns that learn nothing have spreads")
	}
}

// TestColumnsStartAtTheMean: what comes out of a decoder of biases alone.
func TestColumnsStartAtTheMean(t *testing.T) {
	l := columnsOf(t, "columns:gaussian*2,bernoulli,softmax*3,poisson*2,negative-binomial,zero-inflated")
	m := newTestModel(t, Spec{Inputs: 10, Latent: 2, Likelihood: l})
	mean := []float32{-3, 2, 0.3, 0.5, 0.125, 0.375, 4, 1e7, 0.5, 2}
	for _, name := range []string{"decoder.0.weight", "encoder.0.weight"} {
		p, _ := m.Parameter(name)
		m.dev.Enqueue(backend.Zero{Dst: p})
	}
	if err := m.CentreOutput(mean); err != nil {
		t.Fatal(err)
	}
	set, err := m.Reconstruct(t.Context(), rampSet(1, 10))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range set.F32 {
		if !(math.Abs(float64(v-mean[i])) <= 1e-6*math.Abs(float64(mean[i]))) {
			t.Errorf("column %d starts at %g, mean %g", i, v, mean[i])
		}
	}
	nan := float32(math.NaN())
	if err := m.CentreOutput([]float32{nan, nan, nan, nan, nan, nan, nan, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	bias, _ := m.Weights("decoder.0.bias")
	if err := Finite(bias); err != nil || bias[0] != -3 || bias[7] != float32(math.Log(1e-3)) {
		t.Errorf("biases of columns without a mean, or of nothing: %v", bias)
	}
}

// TestSizedCountsStartAtTheirShare: rows of twice the usual total on average have means of half the counts at that of a
// usual row.
func TestSizedCountsStartAtTheirShare(t *testing.T) {
	m := newTestModel(t, Spec{Inputs: 3, Latent: 2, Likelihood: columnsOf(t, "columns:gaussian,poisson,negative-binomial:4")})
	if err := m.CentreOutput([]float32{5, 6, 2}); err != nil {
		t.Fatal(err)
	}
	bias, err := m.Weights("decoder.0.bias")
	if want := []float32{5, float32(math.Log(3)), 0}; err != nil || !slices.Equal(bias, want) {
		t.Errorf("biases %v, want %v: %v", bias, want, err)
	}
}
