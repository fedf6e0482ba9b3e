package train

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Decoders start at the means, but of counts not at that of a single wild one; other columns, and other likelihoods, have
// theirs as they are.
func TestMeansToStartFrom(t *testing.T) {
	nan := float32(math.NaN())
	s := &data.Set{Name: "s", Rows: 5, Cols: 4, F32: []float32{
		1, 3, nan, 1e7,
		1, 2, nan, 0,
		1, 3, nan, 0,
		1e7, 1e7, nan, nan,
		1, 2, nan, 0,
	}}
	l, err := model.ParseLikelihood("columns:gaussian,negative-binomial,poisson,gaussian")
	if err != nil {
		t.Fatal(err)
	}
	plain, counts := columnMeans(s, nil), columnMeans(s, l)
	if plain[0] != 2000000.75 || plain[1] != 2000002 || plain[2] == plain[2] || plain[3] != 2500000 {
		t.Errorf("means %v", plain)
	}
	if counts[0] != plain[0] || counts[3] != plain[3] || counts[2] == counts[2] || !(counts[1] < 2500 && counts[1] > 2) {
		t.Errorf("means of counts %v", counts)
	}
	if s.F32[1*4+1] = 30; columnMeans(s.Part(0, 3), l)[1] != 12 {
		t.Errorf("means of ordinary counts %v, want 12", columnMeans(s.Part(0, 3), l)[1])
	}
}
