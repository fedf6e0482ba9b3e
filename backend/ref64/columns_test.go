package ref64_test

import (
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/backendtest"
)

var nan = math.NaN()

// aTable has columns of every kind, and three rows with missing cells.
var (
	aTable = []backend.LossColumns{{Kind: backend.GaussianColumn, To: 2}, {Kind: backend.SoftmaxColumns, From: 2, To: 5}, {Kind: backend.BernoulliColumn, From: 5, To: 6},
		{Kind: backend.PoissonColumn, From: 6, To: 8}, {Kind: backend.NegativeBinomialColumn, From: 8, To: 11},
		{Kind: backend.ZeroInflatedColumn, From: 11, To: 14}, {Kind: backend.SoftmaxColumns, From: 14, To: 17}}
	aTarget = []float64{
		0.3, nan, 1, 0, 0, 1, 2, 0, 3, 0, 40, 0, 7, 0, 3, 0, 9,
		-1, 0.4, nan, 0, 0, nan, 0, 7.5, nan, 2, 0, 0, 12, nan, 1, 0, 0,
		nan, 2, 0, 0, 1, 0.25, nan, 30, 9, 9, 1, 2, nan, 0, 0, 0, 0}
)

func (b *bench) filled(rows, cols int, v ...float64) backend.Tensor {
	t := b.zeros(rows, cols)
	b.Set(t, v)
	return t
}

// TestColumnLossBack checks all gradients, of two samples a row: where rates are
// exponentials, and where they are linear, whose losses of some millions leave
// central differences fewer digits.
func TestColumnLossBack(t *testing.T) {
	columnsBack(newBench(t), tolerance, nil)
	columnsBack(newBench(t), backendtest.Tol{Abs: 1e-3, Rel: 1e-5}, map[int]float64{6: 15.5, 8: 17, 11: 16})
}

func columnsBack(b *bench, tol backendtest.Tol, outputs map[int]float64) {
	const batch, width, samples, scale = 3, 17, 2, 0.75
	out, target := b.normals(batch*samples, width), b.filled(batch, width, aTarget...)
	v := b.Get(out)
	for j, o := range outputs {
		v[j] = o
	}
	b.Set(out, v)
	o := backend.ColumnLoss{DOut: b.zeros(batch*samples, width), Rows: b.zeros(batch*samples, 1), Out: out, Target: target, Each: b.zeros(batch*samples, width),
		Spread: b.normals(2, width), DSpread: b.zeros(2, width), Size: b.uniform(batch, 1, 0.5, 2), Columns: aTable, Scale: scale}
	b.Enqueue(o)
	back, by := b.Get(o.DOut), b.Get(o.DSpread)
	for r, sum := range b.Get(o.Rows) {
		for _, x := range b.Get(o.Each)[r*width : (r+1)*width] {
			sum -= x
		}
		if math.Abs(sum) > 1e-6 {
			b.Errorf("row %d is %v more than its elements", r, sum)
		}
	}
	total := func() (sum float64) {
		o.DOut, o.DSpread = backend.Tensor{}, backend.Tensor{}
		b.Enqueue(o)
		for _, x := range b.Get(o.Rows) {
			sum += scale * x
		}
		return sum
	}
	for _, x := range []struct {
		what string
		got  []float64
		by   backend.Tensor
	}{{"output", back, out}, {"spread", by, o.Spread}} {
		if err := backendtest.Close(x.got, b.differences(x.by, total), tol); err != nil {
			b.Errorf("the gradient by the %s: %v", x.what, err)
		}
	}
}

// TestColumnLossAccumulates adds to what is there.
func TestColumnLossAccumulates(t *testing.T) {
	b := newBench(t)
	o := backend.ColumnLoss{Rows: b.zeros(1, 1), Out: b.normals(1, 2), Target: b.normals(1, 2), Spread: b.normals(1, 2), DSpread: b.zeros(1, 2),
		Columns: []backend.LossColumns{{Kind: backend.BernoulliColumn, To: 1}, {Kind: backend.GaussianColumn, From: 1, To: 2}}, Scale: 1}
	b.Enqueue(o)
	once := b.Get(o.DSpread)
	o.Accumulate = true
	b.Enqueue(o)
	if got := b.Get(o.DSpread); once[0] != 0 || got[0] != 0 || once[1] == 0 || got[1] != 2*once[1] {
		t.Errorf("%v, and again %v", once, got)
	}
}

// TestColumnLossEven: the gradient by the output of a Gaussian column is that of the
// squared error, and nothing else changes.
func TestColumnLossEven(t *testing.T) {
	b := newBench(t)
	const width = 17
	o := backend.ColumnLoss{Out: b.normals(3, width), Target: b.filled(3, width, aTarget...), Spread: b.normals(2, width), Columns: aTable, Scale: 0.75}
	results := func(even bool) (dout, rest []float64) {
		o.DOut, o.Rows, o.Each, o.DSpread, o.Even = b.zeros(3, width), b.zeros(3, 1), b.zeros(3, width), b.zeros(2, width), even
		b.Enqueue(o)
		return b.Get(o.DOut), slices.Concat(b.Get(o.Rows), b.Get(o.Each), b.Get(o.DSpread))
	}
	want, rest := results(false)
	got, same := results(true)
	for i, out := range b.Get(o.Out) {
		switch x := aTarget[i]; {
		case i%width < aTable[0].To && math.IsNaN(x):
			want[i] = 0
		case i%width < aTable[0].To:
			want[i] = 0.75 * (out - x)
		}
	}
	if err := backendtest.Close(got, want, backendtest.Tol{Rel: 1e-12}); err != nil {
		t.Errorf("the gradient by the output: %v", err)
	}
	if !slices.Equal(same, rest) {
		t.Errorf("losses and the gradient by the spread are %v, want %v", same, rest)
	}
}

// TestColumnLossesAreLikelihoods: the probabilities of all counts, and of all
// divisions of a total, add up to 1, with the mean and the variance that are said.
func TestColumnLossesAreLikelihoods(t *testing.T) {
	b := newBench(t)
	const top = 4000
	out, spread := []float64{1.2, 1.2, 1.2}, []float64{0, 0.05, 0.05, 0, 0, -0.04} // s is ten times that
	kinds := []backend.LossColumns{{Kind: backend.PoissonColumn, To: 1}, {Kind: backend.NegativeBinomialColumn, From: 1, To: 2}, {Kind: backend.ZeroInflatedColumn, From: 2, To: 3}}
	mass, mean, square := make([]float64, 3), make([]float64, 3), make([]float64, 3)
	o := backend.ColumnLoss{Rows: b.zeros(1, 1), Out: b.filled(1, 3, out...), Each: b.zeros(1, 3), Spread: b.filled(2, 3, spread...), Size: b.filled(1, 1, 3), Columns: kinds}
	for x := range top {
		n := float64(x)
		o.Target = b.filled(1, 3, n, n, n)
		b.Enqueue(o)
		for j, loss := range b.Get(o.Each) {
			p := math.Exp(-loss)
			mass[j], mean[j], square[j] = mass[j]+p, mean[j]+p*n, square[j]+p*n*n
		}
	}
	m, r, p := 3*math.Exp(1.2), math.Exp(0.5)+backend.MinDispersion, 1/(1+math.Exp(0.4))
	near := backendtest.Tol{Rel: 1e-9}
	for what, v := range map[string][2][]float64{"mass": {mass, {1, 1, 1}}, "mean": {mean, {m, m, (1 - p) * m}},
		"mean square": {square, {m + m*m, m + m*m/r + m*m, (1 - p) * (m + m*m/r + m*m)}}} {
		if err := backendtest.Close(v[0], v[1], near); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	means := backend.ColumnMean{Y: b.zeros(1, 3), Out: o.Out, Spread: o.Spread, Size: o.Size, Columns: kinds}
	b.Enqueue(means)
	if err := backendtest.Close(b.Get(means.Y), mean, near); err != nil {
		t.Errorf("ColumnMean: %v", err)
	}
	o.Columns = []backend.LossColumns{{Kind: backend.SoftmaxColumns, To: 3}}
	o.Spread = backend.Tensor{}
	sum := 0.0
	for i := range 8 {
		for j := range 8 - i {
			o.Target = b.filled(1, 3, float64(i), float64(j), float64(7-i-j))
			b.Enqueue(o)
			sum += math.Exp(-b.Get(o.Rows)[0])
		}
	}
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("the divisions of 7 have probability %v together", sum)
	}
}
