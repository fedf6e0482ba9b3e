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
		{name: "equal", got: one(1.5), want: one(1.5), ok: true},
		{name: "zero budget", got: one(1.5), want: one(math.Nextafter(1.5, 2))},
		{name: "signed zeros are equal", got: one(math.Copysign(0, -1)), want: one(0), ok: true},
		{name: "abs: on the budget", got: one(1.25), want: one(1), tol: Tol{Abs: 0.25}, ok: true},
		{name: "abs: past the budget", got: one(1.2500001), want: one(1), tol: Tol{Abs: 0.25}},
		{name: "rel: on the budget", got: one(-5), want: one(-4), tol: Tol{Rel: 0.25}, ok: true},
		{name: "rel is of want, not got", got: one(5), want: one(4), tol: Tol{Rel: 0.2}},
		{name: "rel of nothing is nothing", got: one(1e-300), want: one(0), tol: Tol{Rel: 1}},
		{name: "abs and rel add up", got: one(1.5), want: one(1), tol: Tol{Abs: 0.25, Rel: 0.25}, ok: true},
		{name: "scale", got: []float64{1, 3}, want: []float64{0, 0}, tol: Tol{Abs: 1, Scale: []float64{1, 3}}, ok: true},
		{name: "scale is per element", got: []float64{3, 1}, want: []float64{0, 0}, tol: Tol{Abs: 1, Scale: []float64{1, 3}}},
		{name: "scale of another length", got: one(1), want: one(1), tol: Tol{Scale: []float64{1, 1}}},
		{name: "scale of NaN", got: one(1), want: one(2), tol: Tol{Abs: 1, Scale: one(nan)}},
		{name: "lengths", got: []float64{1, 2}, want: one(1), tol: Tol{Abs: 9}},
		{name: "empty", ok: true},
		{name: "NaN got", got: one(nan), want: one(1), tol: Tol{Abs: 9, NaN: true}},
		{name: "NaN missed", got: one(1), want: one(nan), tol: Tol{Abs: 9, NaN: true}},
		{name: "NaN by accident", got: one(nan), want: one(nan), tol: Tol{Abs: 9}},
		{name: "NaN on purpose", got: one(nan), want: one(nan), tol: Tol{NaN: true}, ok: true},
		{name: "Inf", got: one(inf), want: one(inf), ok: true},
		{name: "Inf of the other sign", got: one(-inf), want: one(inf), tol: Tol{Abs: 9}},
		{name: "Inf got", got: one(inf), want: one(1), tol: Tol{Abs: 9}},
		{name: "Inf missed is not within Rel of Inf", got: one(1), want: one(inf), tol: Tol{Rel: 1}},
		{name: "infinite budget", got: one(1), want: one(2), tol: Tol{Abs: inf}, ok: true},
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
