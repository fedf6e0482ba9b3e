package eval

import (
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// refer gives a model its reference.
func refer(t *testing.T, m *model.Model, s *data.Set) *model.Reference {
	t.Helper()
	r, err := FitReference(t.Context(), m, s)
	if err != nil {
		t.Fatal(err)
	}
	m.Reference = r
	return r
}

// What is kept of the training rows against sums in float64 over the raw rows, whatever the scaling.
func TestReferenceIsOfTheTrainingRows(t *testing.T) {
	s := measured(t, 300)
	for _, scaling := range []data.Scaling{data.ScaleMinMax, data.ScaleStandard} {
		m := scorer(t, s, model.Spec{Latent: 2}, scaling)
		r := refer(t, m, s)
		var far []float64
		for i := range s.Rows {
			sum := 0.0
			for j := range 2 { // small and large; a third of the rows has each colour
				mean, square := 0.0, 0.0
				for k := range s.Rows {
					mean += s.At(k, j) / float64(s.Rows)
				}
				for k := range s.Rows {
					square += (s.At(k, j) - mean) * (s.At(k, j) - mean) / float64(s.Rows)
				}
				sum += (s.At(i, j) - mean) * (s.At(i, j) - mean) / square
			}
			far = append(far, (sum+1)/3) // (2/3)^2 + 2 (1/3)^2 over 3 (1/3 2/3)
		}
		want := model.Levels(slices.Clone(far))
		if len(want) != len(r.Distance) {
			t.Fatalf("%v: %d levels: expected %d", scaling, len(r.Distance), len(want))
		}
		for k := range want {
			// Prepared rows, and so the mean of them, are float32.
			if math.Abs(r.Distance[k]-want[k]) > 1e-5*(1+want[k]) {
				t.Fatalf("%v: level %d is %g: expected %g", scaling, k, r.Distance[k], want[k])
			}
		}
		scores := score(t, m, s, ScoreOptions{})
		errs, rare := Column(scores, SquaredErrorScore), Column(scores, RarityScore)
		if got, want := r.Error, model.Levels(slices.Clone(errs)); !slices.Equal(got, want) {
			t.Fatalf("%v: the errors are not those of the rows", scaling)
		}
		codes, err := m.Encode(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		unlike := mahalanobis(codes)
		for i, v := range rare {
			// A value within rounding of those of several training rows may be on either side of them.
			bound := func(by float64) float64 {
				return model.Rarity(r.Error, errs[i]) + model.Rarity(r.Code, by*unlike[i]) + model.Rarity(r.Distance, by*far[i])
			}
			if low, high := bound(1-1e-4), bound(1+1e-4); v < low || v > high {
				t.Fatalf("%v: row %d has %g: expected %g to %g", scaling, i, v, low, high)
			}
		}
	}
}

// mahalanobis is the squared distance of codes of two numbers from their mean, by the inverse of their covariance as it is written.
func mahalanobis(codes *data.Set) []float64 {
	var m [2]float64
	for i := range codes.Rows {
		for j := range m {
			m[j] += codes.At(i, j) / float64(codes.Rows)
		}
	}
	var a, b, c float64
	for i := range codes.Rows {
		x, y := codes.At(i, 0)-m[0], codes.At(i, 1)-m[1]
		a, b, c = a+x*x/float64(codes.Rows), b+x*y/float64(codes.Rows), c+y*y/float64(codes.Rows)
	}
	ridge := 1e-3*(a+c)/2 + 1e-12
	a, c = a+ridge, c+ridge
	d := make([]float64, codes.Rows)
	for i := range d {
		x, y := codes.At(i, 0)-m[0], codes.At(i, 1)-m[1]
		d[i] = (c*x*x - 2*b*x*y + a*y*y) / (a*c - b*b)
	}
	return d
}

// The rarity of a model with a likelihood is by it; rows by themselves have the same bits; a reference of many rows is of some.
func TestRarity(t *testing.T) {
	s := measured(t, 9000)
	m := scorer(t, s, model.Spec{Hidden: []int{5}, Latent: 2, Activation: backend.Tanh, Code: model.Gaussian{}, Likelihood: model.GaussianNLL{}}, data.ScaleStandard)
	r := refer(t, m, s)
	if most := math.Log(referenceBlocks*referenceRows)/0.05 + 1; float64(len(r.Error)) > most {
		t.Errorf("%d levels: expected at most %g", len(r.Error), most)
	}
	again, err := FitReference(t.Context(), m, s)
	if err != nil || !slices.Equal(again.Error, r.Error) || !slices.Equal(again.Distance, r.Distance) || !slices.Equal(again.Mean, r.Mean) {
		t.Error("a second reference is another one")
	}
	part := s.Part(0, 1100)
	all := score(t, m, part, ScoreOptions{ByColumn: true})
	if all.Columns[0].Name != RarityScore {
		t.Fatal(all.Columns)
	}
	nll, rare := Column(all, NLLScore), Column(all, RarityScore)
	at, worst := 0, 0.0
	for i, v := range nll {
		if v > worst {
			at, worst = i, v
		}
		if own := model.Rarity(r.Error, v); own > rare[i] {
			t.Fatalf("row %d has a rarity of %g, and by its likelihood alone %g", i, rare[i], own)
		}
	}
	if one := score(t, m, part.Part(at, 1), ScoreOptions{ByColumn: true}); !slices.Equal(one.F64, all.F64[at*all.Cols:(at+1)*all.Cols]) {
		t.Error("a row alone has other scores")
	}
}

// Codes are whitened by their covariance, and very wide ones number by number.
func TestWhitenedCodes(t *testing.T) {
	for _, k := range []int{3, whitenedCode + 1} {
		const n = 400
		codes := make([]float32, n*k)
		for at := range codes {
			i, j := at/k, at%k
			codes[at] = float32(5 + float64(1+j%7)*math.Sin(float64(i*(j+1))) + math.Cos(float64(7*i)))
		}
		r := &model.Reference{}
		if err := whiten(r, codes, k); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i := range n {
			sum += r.CodeDistance(codes[i*k:(i+1)*k]) / n
		}
		// The mean of a squared Mahalanobis distance is the dimension, less what the ridge takes of the narrowest numbers.
		if sum > float64(k) || sum < 0.98*float64(k) {
			t.Errorf("codes of %d have a mean distance of %g", k, sum)
		}
	}
	same := &model.Reference{}
	if err := whiten(same, make([]float32, 20), 2); err != nil || same.CodeDistance([]float32{0, 0}) != 0 {
		t.Errorf("codes that are all the same: %v, %+v", err, same)
	}
}

func TestNoReferenceWithoutADecoder(t *testing.T) {
	s := measured(t, 30)
	m := scorer(t, s, model.Spec{Latent: 2}, data.ScaleStandard)
	m.Classifier.FineTuned = true
	if r := refer(t, m, s); r != nil {
		t.Error(r)
	}
}
