package eval

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/model"
)

// The explained variance is 1 - sse / that of the training rows' mean, PCA's too; there
// is none where no training rows are known or where rows do not vary.
func TestExplainedVariance(t *testing.T) {
	dev := ref64.New()
	s := gradients(40)
	m, err := model.New(dev, model.Spec{Inputs: s.Cols, Latent: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	pca, err := Linear(t.Context(), m, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Summarise(t.Context(), m, s, s, SummaryOptions{PCA: pca})
	if err != nil {
		t.Fatal(err)
	}
	spread := 0.0
	mean, row := columnMeans(s), make([]float32, s.Cols)
	for i := range s.Rows {
		s.Row(row, i)
		for j, v := range row {
			spread += math.Pow(float64(v)-mean[j], 2) / float64(s.Rows)
		}
	}
	if v, want := got.Get("explained_variance"), 1-got.Get("sse")/spread; !(math.Abs(v-want) < 1e-7) {
		t.Errorf("%g, want %g", v, want)
	}
	if v, want := got.PCA.Get("explained_variance"), 1-got.PCA.Get("sse")/spread; !(math.Abs(v-want) < 1e-7) {
		t.Errorf("PCA: %g, want %g", v, want)
	}
	for what, train := range map[string]int{"no training rows": 0, "rows that are all the same": 1} {
		one := s.Subset([]int{3, 3, 3})
		sum, err := Summarise(t.Context(), m, one.Head(3*train), one, SummaryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if v := sum.Get("explained_variance"); !math.IsNaN(v) {
			t.Errorf("%s: %g", what, v)
		}
	}
}
