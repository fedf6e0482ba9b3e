package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// spectrumOf is the eigenvalues of the covariance of rows in float64, the largest first.
func spectrumOf(t *testing.T, x []float32, d int) []float64 {
	t.Helper()
	wide := make([]float64, len(x))
	for i, v := range x {
		wide[i] = float64(v)
	}
	if len(x) == d {
		return make([]float64, d)
	}
	var cov mat.SymDense
	stat.CovarianceMatrix(&cov, mat.NewDense(len(x)/d, d, wide), nil)
	var e mat.EigenSym
	if !e.Factorize(&cov, false) {
		t.Fatal("no eigenvalues")
	}
	v := e.Values(nil)
	slices.Reverse(v)
	return v
}

// lowRank is n rows of d columns that vary in so many directions, of falling variance, beside noise of that deviation.
func lowRank(n, d, rank int, noise float64) []float32 {
	r := rand.New(rand.NewPCG(3, uint64(n*d+rank)))
	to := make([]float64, rank*d)
	for i := range to {
		to[i] = r.NormFloat64() / math.Sqrt(float64(1+i/d))
	}
	x := make([]float32, n*d)
	for i := range n {
		row := make([]float64, d)
		for k := range rank {
			z := r.NormFloat64()
			for j := range row {
				row[j] += z * to[k*d+j]
			}
		}
		for j, v := range row {
			x[i*d+j] = float32(v + noise*r.NormFloat64())
		}
	}
	return x
}

// withConstants sets every third column to a number of its own.
func withConstants(x []float32, d int) []float32 {
	for i := range x {
		if j := i % d; j%3 == 0 {
			x[i] = float32(j) + 0.1
		}
	}
	return x
}

// PCA of a share has as few components as explain it, whose variances are the largest eigenvalues.
func TestPCAShareIsTheSmallest(t *testing.T) {
	for name, c := range map[string]struct {
		x []float32
		d int
	}{
		"a table": {normals(400, 9), 9}, "as many rows as columns": {normals(20, 20), 20}, "fewer rows than columns": {normals(7, 30), 30},
		"constant columns": {withConstants(normals(90, 12), 12), 12}, "rank 4 of 40": {lowRank(300, 40, 4, 0), 40}, "one column": {normals(30, 1), 1},
		"few of many columns": {lowRank(250, 200, 6, 0.05), 200}, "two rows": {normals(2, 5), 5}, "rank 1 of few rows": {lowRank(3, 150, 1, 0), 150},
	} {
		want := spectrumOf(t, c.x, c.d)
		total := 0.0
		for _, v := range want {
			total += v
		}
		for _, share := range []float64{1e-9, 0.3, 0.5, 0.9, 0.99, 1} {
			p, err := FitPCAShare(t.Context(), ref64.New(), Dense(c.x, c.d), share, c.d)
			if err != nil {
				t.Fatal(name, err)
			}
			if !(math.Abs(p.Total-total) <= 1e-6*total) {
				t.Errorf("%s: total variance %g, want %g", name, p.Total, total)
			}
			sum := 0.0
			for k, v := range p.Variance {
				// The covariance is of rows less a mean in float32, the vectors by blocks settle to 1e-9 of the total.
				if !(math.Abs(v-want[k]) <= 1e-6*total) {
					t.Errorf("%s, %g: variance %d is %g, want %g", name, share, k, v, want[k])
				}
				if sum += v; k == len(p.Variance)-2 && sum > share*total*(1-1e-7) {
					t.Errorf("%s: %d components explain %g, one fewer %g: want %g", name, p.K(), sum+p.Variance[k+1], sum/total, share)
				}
			}
			if sum < share*total*(1-3e-6) {
				t.Errorf("%s: %d components explain %g, want %g", name, p.K(), sum/total, share)
			}
			checkOrthonormal(t, p)
		}
	}
}

func checkOrthonormal(t *testing.T, p *PCA) {
	t.Helper()
	d := p.Width()
	for i := range p.K() {
		for j := range i + 1 {
			dot := 0.0
			for c := range d {
				dot += float64(p.Components[i*d+c]) * float64(p.Components[j*d+c])
			}
			if want := map[bool]float64{true: 1}[i == j]; !(math.Abs(dot-want) <= 1e-5) { // rounded to float32
				t.Errorf("components %d and %d of %d: %g, want %g", i, j, d, dot, want)
			}
		}
	}
}

// Exactly as many components as there are directions explain all, and none more are taken; of rows that do not vary it is one.
func TestPCAShareOfTheRank(t *testing.T) {
	for _, rank := range []int{1, 3, 8} {
		p, err := FitPCAShare(t.Context(), ref64.New(), Dense(lowRank(200, 25, rank, 0), 25), 1, 25)
		if err != nil || p.K() != rank {
			t.Errorf("%d components of %d directions, %v", p.K(), rank, err)
		}
	}
	for _, rows := range []int{1, 50} {
		x := slices.Repeat([]float32{1, -2, 3e6}, rows)
		p, err := FitPCAShare(t.Context(), ref64.New(), Dense(x, 3), 0.9, 2)
		if err != nil || p.K() != 1 || p.Total != 0 || p.Variance[0] != 0 {
			t.Errorf("%d rows alike: %+v, %v", rows, p, err)
		}
		checkOrthonormal(t, p)
	}
}

// No more components than asked for are taken, nor than there are rows, and they are those of [FitPCA].
func TestPCAShareOfAtMost(t *testing.T) {
	x := normals(300, 40)
	for _, most := range []int{1, 5, 40, 1000} {
		p, err := FitPCAShare(t.Context(), ref64.New(), Dense(x, 40), 1, most)
		if err != nil || p.K() != min(most, 40) {
			t.Fatalf("at most %d: %d components, %v", most, p.K(), err)
		}
		same, err := FitPCA(t.Context(), ref64.New(), Dense(x, 40), p.K())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Components, same.Components) || !slices.Equal(p.Variance, same.Variance) || !slices.Equal(p.Mean, same.Mean) {
			t.Errorf("at most %d: other components than FitPCA's", most)
		}
	}
	if p, err := FitPCAShare(t.Context(), ref64.New(), Dense(normals(6, 40), 40), 1, 40); err != nil || p.K() > 6 {
		t.Errorf("6 rows: %d components, %v", p.K(), err)
	}
}

// Of wide rows few passes find what explains a share as well as the best to a few thousandths; the next component would do.
func TestPCAShareOfWideRows(t *testing.T) {
	const n, d = 150, maxCovariance + 152
	dev := openDevice(t)
	for _, c := range []struct {
		rank  int
		noise float64
	}{{5, 0}, {12, 0.3}, {40, 1}} {
		x := lowRank(n, d, c.rank, c.noise)
		all, err := FitPCA(t.Context(), dev, Dense(x, d), min(n-1, 100))
		if err != nil {
			t.Fatal(err)
		}
		best := &spectrum{values: all.Variance}
		for _, share := range []float64{0.3, 0.7, 0.95} {
			p, err := FitPCAShare(t.Context(), dev, Dense(x, d), share, 60)
			if err != nil {
				t.Fatal(err)
			}
			want := best.need(share*all.Total, 60)
			if p.K() < want || p.K() > want+1 {
				t.Errorf("rank %d, noise %g: %d components for %g, the fewest are %d", c.rank, c.noise, p.K(), share, want)
			}
			got, most := 0.0, 0.0
			for k, v := range p.Variance {
				got, most = got+v, most+all.Variance[k]
			}
			if !(got <= most*(1+1e-5) && got >= most*(1-5e-3)) {
				t.Errorf("rank %d, noise %g: %d components explain %g of what the best do", c.rank, c.noise, p.K(), got/most)
			}
			checkOrthonormal(t, p)
		}
	}
}

func TestPCAShareRefuses(t *testing.T) {
	x := Dense(normals(10, 3), 3)
	for _, c := range []struct {
		x     Rows
		share float64
		most  int
		want  string
	}{
		{x, 0, 2, "pca: 0 of the variance"}, {x, -1, 2, "a share of 0 to 1"}, {x, 1.01, 2, "1.01 of"}, {x, math.NaN(), 2, "NaN"},
		{x, 0.9, 0, "by 0 components at most"}, {Dense(nil, 3), 0.9, 2, "of 0 rows"}, {Dense(nil, 0), 0.9, 2, "of 0 columns"},
		{Dense([]float32{1, 2, float32(math.NaN()), 4}, 2), 0.9, 2, "row 2, column 1 is NaN"}, {Dense([]float32{1, float32(math.Inf(1))}, 2), 0.9, 2, "+Inf"},
	} {
		if _, err := FitPCAShare(t.Context(), ref64.New(), c.x, c.share, c.most); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// What float32 products do not hold is said, and not left to the eigenvalues.
func TestPCAOfHugeNumbers(t *testing.T) {
	for _, d := range []int{3, 200, maxCovariance + 1} {
		x := normals(5, d)
		for i := range x {
			x[i] *= 1e25
		}
		_, err := FitPCA(t.Context(), ref64.New(), Dense(x, d), 2)
		_, share := FitPCAShare(t.Context(), ref64.New(), Dense(x, d), 0.9, 2)
		for _, err := range []error{err, share} {
			if err == nil || err.Error() != "pca: numbers whose squares are too large for float32: expected them scaled" {
				t.Errorf("%d columns: %v", d, err)
			}
		}
	}
}

func TestPCAShareEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, d := range []int{4, 200, maxCovariance + 1} {
		if _, err := FitPCAShare(ctx, ref64.New(), Dense(make([]float32, 5*d), d), 0.9, 3); !errors.Is(err, context.Canceled) {
			t.Errorf("%d columns: %v", d, err)
		}
	}
	if _, err := MeanProducts(ctx, ref64.New(), Dense(make([]float32, 9), 3), Dense(make([]float32, 6), 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("products: %v", err)
	}
}

// MeanProducts are those of float64, of any number of chunks, to the rounding of float32 products.
func TestMeanProducts(t *testing.T) {
	dev := openDevice(t)
	for _, c := range []struct{ n, t, k int }{{1, 1, 1}, {3, 5, 2}, {4097, 3, 1}, {10000, 2, 7}, {200, 40000, 1}, {130, 2, 30000}} {
		y, z := normals(c.n, c.t), normals(c.n, c.k)
		got, err := MeanProducts(t.Context(), dev, Dense(y, c.t), Dense(z, c.k))
		if err != nil {
			t.Fatal(err)
		}
		want, size := make([]float64, c.t*c.k), 0.0
		for r := range c.n {
			for i := range c.t {
				for j := range c.k {
					want[i*c.k+j] += float64(y[r*c.t+i]) * float64(z[r*c.k+j]) / float64(c.n)
				}
			}
		}
		for i, v := range want {
			size = max(size, math.Abs(v))
			if !(math.Abs(got[i]-v) <= 1e-5*max(size, 1)) { // chunks are of at most 4,096 rows
				t.Fatalf("%+v: product %d is %g, want %g", c, i, got[i], v)
			}
		}
	}
	for _, c := range []struct{ y, z int }{{2, 3}, {0, 0}, {3, 0}} {
		_, err := MeanProducts(t.Context(), dev, Dense(make([]float32, c.y), 1), Dense(make([]float32, c.z), 1))
		if want := fmt.Sprintf("products of %d rows and %d", c.y, c.z); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
