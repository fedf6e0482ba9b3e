package eval

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aegpu/aegpu/backend/ref64"
)

// blobs is n rows of width d around class centres that overlap.
func blobs(n, d, classes int, seed uint64) Labelled {
	r := rand.New(rand.NewPCG(seed, 3))
	l := Labelled{X: make([]float32, n*d), Width: d, Labels: make([]int32, n)}
	for i := range n {
		c := i % classes
		l.Labels[i] = int32(c)
		for j := range d {
			centre := 0.0
			if j%classes == c {
				centre = 1.5
			}
			l.X[i*d+j] = float32(10*float64(j) + (centre+r.NormFloat64())*float64(1+j))
		}
	}
	return l
}

// TestProbeIsTheMinimum computes the gradient of the stated loss at the probe's
// answer in plain float64: at the minimum of a convex function it is zero.
func TestProbeIsTheMinimum(t *testing.T) {
	const n, d, classes = 120, 5, 3
	train := blobs(n, d, classes, 1)
	p, err := LinearProbe(t.Context(), ref64.New(), train, blobs(60, d, classes, 2), classes, ProbeOptions{L2: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStandard(t.Context(), train)
	if err != nil {
		t.Fatal(err)
	}
	grad := make([]float64, classes*(d+1))
	for i := range n {
		x := make([]float64, d)
		for j := range x {
			x[j] = (float64(train.X[i*d+j]) - s.mean[j]) * s.scale[j]
		}
		for c, q := range softmaxOf(p, x) {
			if c == int(train.Labels[i]) {
				q--
			}
			for j, v := range x {
				grad[c*d+j] += q * v / n
			}
			grad[classes*d+c] += q / n
		}
	}
	for i, g := range grad {
		if i < classes*d {
			g += 0.5 / n * p.Weights[i]
		}
		// The search ends at 1e-5; parameters pass through float32 on the way.
		if math.Abs(g) > 2e-5 {
			t.Errorf("gradient %d is %v", i, g)
		}
	}
	if !p.Converged || p.Accuracy < 0.6 || p.TrainAccuracy < 0.6 {
		t.Errorf("%+v", p)
	}
}

func softmaxOf(p *Probe, x []float64) []float64 {
	out := make([]float64, len(p.Bias))
	sum := 0.0
	for c, a := range p.Bias {
		for j, v := range x {
			a += p.Weights[c*len(x)+j] * v
		}
		out[c] = math.Exp(a)
		sum += out[c]
	}
	for c := range out {
		out[c] /= sum
	}
	return out
}

// TestProbeConstantColumns has a column that never changes and one class only.
func TestProbeConstantColumns(t *testing.T) {
	l := Labelled{X: make([]float32, 20*2), Width: 2, Labels: make([]int32, 20)}
	for i := range 20 {
		l.X[2*i], l.X[2*i+1] = 7, float32(i)
	}
	p, err := LinearProbe(t.Context(), ref64.New(), l, l, 2, ProbeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Accuracy != 1 {
		t.Errorf("accuracy %v with one class", p.Accuracy)
	}
}

func TestProbeRefuses(t *testing.T) {
	good := blobs(6, 2, 2, 1)
	nan := blobs(6, 2, 2, 1)
	nan.X[3] = float32(math.NaN())
	for name, c := range map[string]struct {
		train, test Labelled
		classes     int
	}{
		"one class":    {good, good, 1},
		"no rows":      {Labelled{Width: 2}, good, 2},
		"no test rows": {good, Labelled{Width: 2}, 2},
		"other width":  {good, blobs(6, 3, 2, 1), 2},
		"class 2 of 2": {good, blobs(6, 2, 3, 1), 2},
		"ragged":       {Labelled{X: good.X[:5], Width: 2, Labels: good.Labels}, good, 2},
		"NaN":          {nan, good, 2},
	} {
		if _, err := LinearProbe(t.Context(), ref64.New(), c.train, c.test, c.classes, ProbeOptions{}); err == nil {
			t.Errorf("probe, %s: no error", name)
		}
	}
}

// codes32 is MNIST through a PCA to 32 numbers.
func codes32(t *testing.T) (train, test Labelled) {
	dev := openDevice(t)
	a, b := mnist(t)
	p, err := FitPCA(t.Context(), dev, setRows(a), 32)
	if err != nil {
		t.Fatal(err)
	}
	if train.X, err = p.Encode(t.Context(), dev, setRows(a)); err != nil {
		t.Fatal(err)
	}
	if test.X, err = p.Encode(t.Context(), dev, setRows(b)); err != nil {
		t.Fatal(err)
	}
	train.Width, train.Labels = 32, a.Labels
	test.Width, test.Labels = 32, b.Labels
	return train, test
}

func TestProbeOnMNIST(t *testing.T) {
	train, test := codes32(t)
	start := time.Now()
	p, err := LinearProbe(t.Context(), openDevice(t), train, test, 10, ProbeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("accuracy %.4f, train %.4f, loss %.5f, %d steps, %.2f s", p.Accuracy, p.TrainAccuracy, p.Loss, p.Steps, time.Since(start).Seconds())
	if p.Accuracy < 0.88 {
		t.Errorf("accuracy %v", p.Accuracy)
	}
}
