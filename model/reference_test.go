package model

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
)

// Levels and the line between them against the share counted row by row.
func TestRarityIsMinusTheLogarithmOfAShare(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float64, 5000)
	for i := range v {
		v[i] = math.Exp(2 * r.NormFloat64())
	}
	levels := Levels(slices.Clone(v))
	for range 200 {
		x := math.Exp(2 * r.NormFloat64())
		above := 0
		for _, w := range v {
			if w >= x {
				above++
			}
		}
		if above < 50 {
			continue // the levels are far apart there
		}
		want := -math.Log(float64(above) / float64(len(v)))
		// Half a row of the share is lost by rounding to whole rows, and of a step between levels less than half by the line.
		if got := Rarity(levels, x); math.Abs(got-want) > 1/float64(above)+levelStep/2 {
			t.Errorf("%g: %g, and %d of %d are as large: expected %g", x, got, above, len(v), want)
		}
	}
}

func TestRarityAtTheEnds(t *testing.T) {
	levels := Levels([]float64{3, 1, 2, 5, 4})
	if levels[0] != 1 || levels[len(levels)-1] != 5 || !slices.IsSorted(levels) {
		t.Fatal(levels)
	}
	before := -1.0
	for _, v := range []float64{1.5, 2, 3, 4.5, 5, 5.001, 6, 1e6, 1e12, math.MaxFloat32} {
		got := Rarity(levels, v)
		if !(got > before) || got > 1e3 {
			t.Errorf("%g has %g, after %g: expected more and more", v, got, before)
		}
		before = got
	}
	if a, b := Rarity(levels, 1), Rarity(levels, -7); a != 0 || b != 0 {
		t.Errorf("%g and %g of the smallest and below: expected 0", a, b)
	}
	same := Levels([]float64{2, 2, 2})
	if a, b := Rarity(same, 2), Rarity(same, 2.1); a != 0 || !(b > 1) || math.IsInf(b, 0) {
		t.Errorf("%g and %g where all are 2, of 2 and of more", a, b)
	}
	if one := Levels([]float64{4}); len(one) != 1 || Rarity(one, 4) != 0 || !(Rarity(one, 5) > 0) {
		t.Error(one)
	}
}

// Rows that lie farthest out and are equal, of a table of few different rows, leave the next row a little farther out as rare as
// one farther out than a single one: not by as much as anything can be.
func TestRarityBeyondEqualRows(t *testing.T) {
	v := make([]float64, 400)
	for i := range v {
		v[i] = float64(i)
	}
	once := Rarity(Levels(slices.Clone(v)), 410)
	for i := 380; i < len(v); i++ {
		v[i] = 400 + 1e-7*float64(i)
	}
	tied := Levels(slices.Clone(v))
	if got := Rarity(tied, 410); got < Rarity(tied, 400) || got > once+1 {
		t.Errorf("%g beyond twenty that are as good as equal, %g beyond one", got, once)
	}
	if a, b := Rarity(tied, 410), Rarity(tied, 420); !(b > a) {
		t.Errorf("%g and %g, farther out: expected more", a, b)
	}
}

func TestReferenceInAFile(t *testing.T) {
	m, err := New(ref64.New(), Spec{Inputs: 3, Latent: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	good := Reference{Mean: []float32{1, 2.5, -3}, Error: []float64{-1, 0, 1e-300, 2}, Distance: []float64{1}, Code: []float64{0, 3},
		CodeMean: []float32{0.5}, CodeWhitener: []float32{2}}
	file := func(r Reference) []byte {
		var b bytes.Buffer
		m.Reference = &r
		if err := m.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	back, err := Read(ref64.New(), file(good))
	if err != nil {
		t.Fatal(err)
	}
	if got := back.Reference; got == nil || !slices.Equal(got.Mean, good.Mean) || !slices.Equal(got.Error, good.Error) || !slices.Equal(got.Distance, good.Distance) ||
		!slices.Equal(got.Code, good.Code) || got.CodeDistance([]float32{-1}) != 9 {
		t.Errorf("%+v: expected %+v", got, good)
	}
	for name, spoil := range map[string]func(r *Reference){
		"short":    func(r *Reference) { r.Mean = r.Mean[:2] },
		"empty":    func(r *Reference) { r.Error = nil },
		"unruly":   func(r *Reference) { r.Distance = []float64{2, 1} },
		"wide":     func(r *Reference) { r.CodeMean = []float32{1, 2} },
		"whitener": func(r *Reference) { r.CodeWhitener = []float32{1, 2, 3} },
		"infinite": func(r *Reference) { r.CodeWhitener = []float32{float32(math.Inf(1))} },
	} {
		bad := good
		spoil(&bad)
		if _, err := Read(ref64.New(), file(bad)); err == nil || !strings.Contains(err.Error(), referenceKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
