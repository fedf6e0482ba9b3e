package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestKthLargestIsTheSortedOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	inf := float32(math.Inf(1))
	for range 2000 {
		v := make([]float32, 1+rng.IntN(40))
		for i := range v {
			// Few values, so that many are equal.
			v[i] = []float32{-inf, -1, 0, float32(math.Copysign(0, -1)), 0.5, 1, 2, inf}[rng.IntN(8)]
		}
		k := 1 + rng.IntN(len(v))
		sorted := slices.Sorted(slices.Values(v))
		if got, want := kthLargest(slices.Clone(v), k), sorted[len(v)-k]; got != want {
			t.Fatalf("element %d of %v: %v, want %v", k, v, got, want)
		}
	}
}

func TestKeepLargest(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, tt := range []struct {
		x    []float32
		k    int
		want []float32
	}{
		{[]float32{1, 3, 2}, 2, []float32{0, 3, 2}},
		{[]float32{2, 2, 2, 2}, 2, []float32{2, 2, 0, 0}},
		{[]float32{-3, -1, -2}, 1, []float32{0, -1, 0}},
		{[]float32{1, -1}, 2, []float32{1, -1}},
		{[]float32{5, nan, 4, 6}, 2, []float32{0, nan, 0, 6}},
		{[]float32{nan, inf, nan}, 2, []float32{nan, 0, nan}},
		{[]float32{7}, 1, []float32{7}},
	} {
		y := make([]float32, len(tt.x))
		keepLargest(y, tt.x, tt.k)
		for i, v := range y {
			if w := tt.want[i]; v != w && (v == v || w == w) {
				t.Errorf("%d largest of %v: %v, want %v", tt.k, tt.x, y, tt.want)
				break
			}
		}
	}
}

func TestClampLogVars(t *testing.T) {
	nan := float32(math.NaN())
	x := []float32{0, -20, 20, 1e-30}
	y := make([]float32, 4)
	if !clampLogVars(y, x) || !slices.Equal(y, x) {
		t.Errorf("inside: %v", y)
	}
	if clampLogVars(y, []float32{-20.001, 25, nan, 3}) || y[0] != -20 || y[1] != 20 || y[2] == y[2] || y[3] != 3 {
		t.Errorf("outside: %v", y)
	}
}
