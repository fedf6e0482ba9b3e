package eval

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/realdata"
)

// normals is n x d values with standard deviation 1/(1+j) in column j, around 3.
func normals(n, d int) []float32 {
	r := rand.New(rand.NewPCG(7, uint64(n*d)))
	x := make([]float32, n*d)
	for i := range x {
		x[i] = float32(3 + r.NormFloat64()/float64(1+i%d))
	}
	return x
}

// mnist is the training and the test part of MNIST.
func mnist(t testing.TB) (train, test *data.Set) {
	if testing.Short() {
		t.Skip("MNIST takes a while")
	}
	src, err := data.Open(context.Background(), realdata.Path(t, "mnist"))
	if err != nil {
		t.Fatal(err)
	}
	return src.Train, src.Test
}

func setRows(s *data.Set) Rows { return RowFunc(s.Rows, s.Cols, s.Row) }

// TestPCAOnMNIST holds the sums of squares that fix the units of all results.
func TestPCAOnMNIST(t *testing.T) {
	train, test := mnist(t)
	dev := openDevice(t)
	for _, c := range []struct {
		k    int
		want float64
	}{{2, 43.6449}, {10, 26.7139}, {30, 13.8663}, {32, 13.1933}, {64, 7.0927}} {
		start := time.Now()
		p, err := FitPCA(t.Context(), dev, setRows(train), c.k)
		if err != nil {
			t.Fatal(err)
		}
		fitted := time.Since(start)
		got, err := p.SSE(t.Context(), dev, setRows(test))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("k=%d: sse %.4f, want %.4f; fit %.2f s, sse %.2f s", c.k, got, c.want, fitted.Seconds(), (time.Since(start) - fitted).Seconds())
		if d := math.Abs(got - c.want); d > 1e-3*c.want {
			t.Errorf("k=%d: sse %.4f, want %.4f", c.k, got, c.want)
		}
		if math.Abs(p.Total-52.7250) > 1e-3 {
			t.Errorf("total variance %.5f, want 52.7250", p.Total)
		}
	}
}

// TestPCAFullRankIsExact keeps every component, so that nothing is lost.
func TestPCAFullRankIsExact(t *testing.T) {
	dev := ref64.New()
	x := normals(50, 7)
	p, err := FitPCA(t.Context(), dev, Dense(x, 7), 7)
	if err != nil {
		t.Fatal(err)
	}
	codes, err := p.Encode(t.Context(), dev, Dense(x, 7))
	if err != nil {
		t.Fatal(err)
	}
	back, err := p.Decode(dev, codes)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x {
		// Mean, components and codes are float32: a few units in its last place at 3.
		if math.Abs(float64(back[i]-x[i])) > 2e-6 {
			t.Fatalf("value %d came back as %v, was %v", i, back[i], x[i])
		}
	}
	sum := 0.0
	for _, v := range p.Variance {
		sum += v
	}
	if math.Abs(sum-p.Total) > 1e-6*p.Total {
		t.Errorf("variances sum to %v, total %v", sum, p.Total)
	}
}

// TestPCASolversAgree runs the three ways to the leading components on data where
// each could be chosen.
func TestPCASolversAgree(t *testing.T) {
	const n, d, k = 300, 150, 5
	dev := ref64.New()
	x := normals(n, d)
	mean, variance, err := moments(t.Context(), Dense(x, d))
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, v := range variance {
		total += v
	}
	rows := centred{Dense(x, d), narrow(mean)}
	cov, err := covariance(t.Context(), dev, rows)
	if err != nil {
		t.Fatal(err)
	}
	want, wantVec, err := full(t.Context(), cov, k)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStreamed(t.Context(), dev, rows, blockSize(d, k))
	if err != nil {
		t.Fatal(err)
	}
	streamed, streamedVec, err := subspace(t.Context(), s.apply, d, k, 3e-7*total, 30)
	if err != nil {
		t.Fatal(err)
	}
	block, blockVec, err := leading(t.Context(), dev, rows, k, total)
	if err != nil {
		t.Fatal(err)
	}
	for i := range k {
		// The streamed solver ends at 3e-7 of the total variance.
		if math.Abs(streamed[i]-want[i]) > 1e-6*total || math.Abs(block[i]-want[i]) > 1e-9*total {
			t.Errorf("variance %d: full %v, block %v, streamed %v", i, want[i], block[i], streamed[i])
		}
		if c := cosine(wantVec, blockVec, i, d); math.Abs(math.Abs(c)-1) > 1e-6 {
			t.Errorf("component %d: full and block at cosine %v", i, c)
		}
		if c := cosine(wantVec, streamedVec, i, d); math.Abs(math.Abs(c)-1) > 1e-4 {
			t.Errorf("component %d: full and streamed at cosine %v", i, c)
		}
	}
}

func cosine(a, b []float64, i, d int) (c float64) {
	for j := range d {
		c += a[i*d+j] * b[i*d+j]
	}
	return c
}

func TestPCASigns(t *testing.T) {
	p, err := FitPCA(t.Context(), ref64.New(), Dense(normals(40, 9), 9), 9)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 9 {
		top := float32(0)
		for _, e := range p.Components[i*9 : (i+1)*9] {
			if math.Abs(float64(e)) > math.Abs(float64(top)) {
				top = e
			}
		}
		if top <= 0 {
			t.Errorf("component %d: element of largest magnitude is %v", i, top)
		}
	}
}

// TestPCADegenerate has constant columns, fewer directions than components, one row.
func TestPCADegenerate(t *testing.T) {
	dev := ref64.New()
	x := make([]float32, 6*4)
	for i := range 6 {
		x[i*4+1], x[i*4+3] = float32(i), 5
	}
	for _, c := range []struct{ rows, k int }{{6, 3}, {1, 1}, {2, 2}} {
		p, err := FitPCA(t.Context(), dev, Dense(x[:c.rows*4], 4), c.k)
		if err != nil {
			t.Fatal(err)
		}
		sse, err := p.SSE(t.Context(), dev, Dense(x[:c.rows*4], 4))
		if err != nil || !(sse < 1e-10) {
			t.Errorf("%d rows, %d components: sse %v, %v", c.rows, c.k, sse, err)
		}
		if c.k > 1 && math.Abs(p.Variance[1]) > 1e-9 {
			t.Errorf("second variance of a line: %v", p.Variance[1])
		}
	}
}

func TestPCARefuses(t *testing.T) {
	dev := ref64.New()
	nan := normals(5, 3)
	nan[7] = float32(math.NaN())
	for name, f := range map[string]func() error{
		"no rows":     func() error { _, err := FitPCA(t.Context(), dev, Dense(nil, 3), 1); return err },
		"no columns":  func() error { _, err := FitPCA(t.Context(), dev, Dense(nil, 0), 1); return err },
		"k 0":         func() error { _, err := FitPCA(t.Context(), dev, Dense(normals(5, 3), 3), 0); return err },
		"k over cols": func() error { _, err := FitPCA(t.Context(), dev, Dense(normals(5, 3), 3), 4); return err },
		"k over rows": func() error { _, err := FitPCA(t.Context(), dev, Dense(normals(2, 3), 3), 3); return err },
		"NaN":         func() error { _, err := FitPCA(t.Context(), dev, Dense(nan, 3), 1); return err },
		"other width": func() error { return wrongWidth(t, dev) },
		"damaged": func() error {
			_, err := (&PCA{Mean: make([]float32, 3), Variance: []float64{1}}).Encode(t.Context(), dev, Dense(nan, 3))
			return err
		},
		"ragged codes": func() error { _, err := (&PCA{Variance: []float64{1, 1}}).Decode(dev, make([]float32, 3)); return err },
		"zero value":   func() error { _, err := (&PCA{}).Decode(dev, make([]float32, 3)); return err },
		"sse of 0 rows": func() error {
			_, err := (&PCA{Mean: make([]float32, 3)}).SSE(t.Context(), dev, Dense(nil, 3))
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func wrongWidth(t *testing.T, dev *ref64.Device) error {
	p, err := FitPCA(t.Context(), dev, Dense(normals(5, 3), 3), 1)
	if err != nil {
		return nil
	}
	_, err = p.Encode(t.Context(), dev, Dense(normals(5, 4), 4))
	return err
}

func TestPCAKeepsInJSON(t *testing.T) {
	dev := ref64.New()
	x := Dense(normals(30, 5), 5)
	p, err := FitPCA(t.Context(), dev, x, 2)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var q PCA
	if err := json.Unmarshal(text, &q); err != nil {
		t.Fatal(err)
	}
	a, _ := p.SSE(t.Context(), dev, x)
	b, err := q.SSE(t.Context(), dev, x)
	if err != nil || a != b {
		t.Errorf("sse %v, after JSON %v (%v)", a, b, err)
	}
}
