package eval

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aegpu/aegpu/backend/ref64"
)

// TestNearestMatchesSorting compares with all distances in float64, over a
// training part that spans two chunks.
func TestNearestMatchesSorting(t *testing.T) {
	const d, k = 3, 7
	train, test := blobs(5000, d, 3, 1), blobs(13, d, 3, 2)
	found, err := nearest(t.Context(), ref64.New(), train, test, k)
	if err != nil {
		t.Fatal(err)
	}
	for i := range test.Len() {
		dist := make([]float64, train.Len())
		for r := range dist {
			for j := range d {
				e := float64(train.X[r*d+j]) - float64(test.X[i*d+j])
				dist[r] += e * e
			}
		}
		sorted := slices.Clone(dist)
		slices.Sort(sorted)
		for j, f := range found[i] {
			// Centred values are float32: two rows at nearly the same distance may swap.
			if diff := dist[f.row] - sorted[j]; diff > 1e-4 || diff < -1e-4 {
				t.Errorf("test row %d, neighbour %d: distance² %v, want %v", i, j, dist[f.row], sorted[j])
			}
		}
	}
}

func TestKNNTies(t *testing.T) {
	train := Labelled{X: []float32{0, 1, 2, 3, 10, 10}, Width: 1, Labels: []int32{0, 1, 1, 0, 2, 3}}
	for _, c := range []struct {
		at   float32
		k    int
		want int32
	}{
		{0.1, 1, 0},
		{0.1, 2, 0},  // one each: the nearer wins
		{0.1, 3, 1},  // two against one
		{0.1, 4, 0},  // two each: class 0 has the nearest
		{10, 1, 2},   // equal distances: the lower index
		{10, 100, 0}, // all rows: 0 and 1 have two each, and row 3 is the nearest of them
	} {
		test := Labelled{X: []float32{c.at}, Width: 1, Labels: []int32{c.want}}
		got, err := KNN(t.Context(), ref64.New(), train, test, c.k)
		if err != nil || got != 1 {
			t.Errorf("at %v, k %d: not class %d (%v)", c.at, c.k, c.want, err)
		}
	}
}

func TestKNNRefuses(t *testing.T) {
	good := blobs(6, 2, 2, 1)
	for name, f := range map[string]func() (float64, error){
		"k 0":         func() (float64, error) { return KNN(t.Context(), ref64.New(), good, good, 0) },
		"empty":       func() (float64, error) { return KNN(t.Context(), ref64.New(), Labelled{Width: 2}, good, 1) },
		"other width": func() (float64, error) { return KNN(t.Context(), ref64.New(), good, blobs(6, 3, 2, 1), 1) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestKNNOnMNIST(t *testing.T) {
	train, test := codes32(t)
	test.X, test.Labels = test.X[:2000*32], test.Labels[:2000]
	start := time.Now()
	got, err := KNN(t.Context(), openDevice(t), train, test, 5)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("5 neighbours, first 2000 test rows: accuracy %.4f, %.2f s", got, time.Since(start).Seconds())
	if got < 0.96 {
		t.Errorf("accuracy %v", got)
	}
}

func BenchmarkKeepNearest(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	near := make([]float32, 4096)
	for i := range near {
		near[i] = r.Float32()
	}
	for b.Loop() {
		keepNearest(nil, near, 0, 5)
	}
}
