package report

import "testing"

// A long curve is drawn at some of its points, the first and the last among them; a short one at all.
func TestThinned(t *testing.T) {
	for _, n := range []int{0, 1, mostPoints, mostPoints + 1, 12345} {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(i)
		}
		got := thinned(v)
		if len(got) != min(n, mostPoints) || n > 0 && (got[0] != 0 || got[len(got)-1] != float64(n-1)) {
			t.Errorf("%d points became %d: %v", n, len(got), got)
		}
	}
}
