package backendtest

import (
	"math"
	"strings"
	"testing"
)

func TestClose(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	one := func(v float64) []float64 { return []float64{v} }
	tests := []struct {
		name      string
		got, want []float64
		tol       Tol
		ok        bool
	}{
		{"equal", one(1.5), one(1.5), Tol{}, true},
		{"zero budget", one(1.5), one(math.Nextafter(1.5, 2)), Tol{}, false},
		{"signed zeros are equal", one(math.Copysign(0, -1)), one(0), Tol{}, true},
		{"abs: on the budget", one(1.25), one(1), Tol{Abs: 0.25}, true},
		{"abs: past the budget", one(1.2500001), one(1), Tol{Abs: 0.25}, false},
		{"rel: on the budget", one(-5), one(-4), Tol{Rel: 0.25}, true},
		{"rel is of want, not got", one(5), one(4), Tol{Rel: 0.2}, false},
		{"rel of nothing is nothing", one(1e-300), one(0), Tol{Rel: 1}, false},
		{"abs and rel add up", one(1.5), one(1), Tol{Abs: 0.25, Rel: 0.25}, true},
		{"scale", []float64{1, 3}, []float64{0, 0}, Tol{Abs: 1, Scale: []float64{1, 3}}, true},
		{"scale is per element", []float64{3, 1}, []float64{0, 0}, Tol{Abs: 1, Scale: []float64{1, 3}}, false},
		{"scale of another length", one(1), one(1), Tol{Scale: []float64{1, 1}}, false},
		{"scale of NaN", one(1), one(2), Tol{Abs: 1, Scale: one(nan)}, false},
		{"lengths", []float64{1, 2}, one(1), Tol{Abs: 9}, false},
		{"empty", nil, nil, Tol{}, true},
		{"NaN got", one(nan), one(1), Tol{Abs: 9, NaN: true}, false},
		{"NaN missed", one(1), one(nan), Tol{Abs: 9, NaN: true}, false},
		{"NaN by accident", one(nan), one(nan), Tol{Abs: 9}, false},
		{"NaN on purpose", one(nan), one(nan), Tol{NaN: true}, true},
		{"Inf", one(inf), one(inf), Tol{}, true},
		{"Inf of the other sign", one(-inf), one(inf), Tol{Abs: 9}, false},
		{"Inf got", one(inf), one(1), Tol{Abs: 9}, false},
		{"Inf missed is not within Rel of Inf", one(1), one(inf), Tol{Rel: 1}, false},
		{"infinite budget", one(1), one(2), Tol{Abs: inf}, true},
	}
	for _, tt := range tests {
		if err := Close(tt.got, tt.want, tt.tol); (err == nil) != tt.ok {
			t.Errorf("%s: ok = %v, error %v", tt.name, err == nil, err)
		}
	}
}

func TestCloseNamesTheWorst(t *testing.T) {
	err := Close([]float64{1.5, 4, 2}, []float64{1, 2, 2}, Tol{Abs: 0.25})
	if err == nil {
		t.Fatal("passed")
	}
	for _, part := range []string{"element 1 of 3", "got 4", "want 2", "8 of the budget 0.25", "2 elements"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	// A NaN is worse than any number, wherever it stands.
	err = Close([]float64{9, math.NaN(), 9}, []float64{1, 1, 1}, Tol{})
	if err == nil || !strings.Contains(err.Error(), "got NaN") {
		t.Errorf("%v does not name the NaN", err)
	}
}
