package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
)

// An evaluation tells how many units are active, as the means that Encode gives have it, in batches that do not divide the
// rows; of a code that is not drawn it tells nothing.
func TestEvaluationCountsActiveUnits(t *testing.T) {
	const rows, latent = 47, 3
	r := rand.New(rand.NewPCG(5, 5))
	s := &data.Set{Name: "rows", Rows: rows, Cols: 4}
	for range rows * 4 {
		s.F32 = append(s.F32, float32(r.NormFloat64()))
	}
	m, err := New(ref64.New(), Spec{Inputs: 4, Latent: latent, Code: Gaussian{}, Likelihood: GaussianNLL{}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	w := make([]float32, 4*2*latent) // unit 0 sees a column, unit 1 hardly, unit 2 none, though it is far from 0; then the log-variances
	w[0], w[4] = 1, 0.05
	set(t, m, "encoder.0.weight", w)
	set(t, m, "encoder.0.bias", []float32{0, 0, 7, 0, 0, 0})
	at, err := Upload(m.Device(), s)
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.NewEvaluator(10)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range 2 { // nothing is left of the first time
		got, err := e.Evaluate(t.Context(), Resident{Rows: at}, EvaluateOptions{LossOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if got.Active != 1 {
			t.Errorf("%g units are active, expected 1", got.Active)
		}
	}
	if at, err = Upload(m.Device(), s.Part(0, 1)); err != nil {
		t.Fatal(err)
	}
	if got, err := e.Evaluate(t.Context(), Resident{Rows: at}, EvaluateOptions{LossOnly: true}); err != nil || !math.IsNaN(got.Active) {
		t.Errorf("%g units are active over one row, %v: expected nothing to be told", got.Active, err)
	}
	plain, err := New(ref64.New(), Spec{Inputs: 4, Latent: latent}, 1)
	if err != nil {
		t.Fatal(err)
	}
	e, err = plain.NewEvaluator(10)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if got, err := e.Evaluate(t.Context(), Resident{Rows: at}, EvaluateOptions{}); err != nil || !math.IsNaN(got.Active) {
		t.Errorf("%g units of a code that is not drawn are active, %v", got.Active, err)
	}
}

func set(t *testing.T, m *Model, name string, v []float32) {
	t.Helper()
	if err := m.SetWeights(name, v); err != nil {
		t.Fatal(err)
	}
}
