package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// columnSet is rows of the columns of aTable beside 5 numbers within [0, 1].
func columnSet(t *testing.T, rows int, missing bool) *data.Set {
	t.Helper()
	v := cells(columnsOf(t, aTable), rows, rand.New(rand.NewPCG(3, 1)))
	y := make([]float32, len(v))
	for i, x := range v {
		if y[i] = float32(x); x != x && !missing {
			y[i] = 0
		}
	}
	s := rampSet(rows, 5)
	s.Target = setOf(y, 12)
	s.Target.Gaps = missing
	return s
}

// TestJudgesOfColumns: a row comes to the same bits alone and among others, and the mean
// over rows to what an evaluation finds.
func TestJudgesOfColumns(t *testing.T) {
	dev, rows := openCPU(t), ChunkRows+7
	s := columnSet(t, rows, false)
	for _, code := range []Code{Deterministic{}, Gaussian{}, Gaussian{Samples: 3}} {
		m, err := New(dev, Spec{Inputs: 5, Targets: 12, Hidden: []int{37}, Latent: 3, Activation: backend.GELU, Code: code, Likelihood: columnsOf(t, aTable)}, 1)
		if err != nil {
			t.Fatal(err)
		}
		all, sum := judge(t, m, s), 0.0
		for _, v := range all.NLL {
			sum += v / float64(rows)
		}
		for _, i := range []int{0, 3, ChunkRows - 1, ChunkRows, ChunkRows + 6} {
			one := judge(t, m, s.Part(i, 1))
			if !slices.Equal(one.Y, all.Y[i*12:(i+1)*12]) || one.NLL[0] != all.NLL[i] {
				t.Errorf("%v: row %d comes out otherwise alone", code, i)
			}
		}
		if !code.Drawn() {
			if v := evaluated(t, m, s); !(math.Abs(v.NLL-sum) <= 1e-5*math.Abs(sum)) {
				t.Errorf("NLL %v, of an evaluation %v", sum, v.NLL)
			}
		}
		m.Close()
	}
}

func residentOf(t *testing.T, m *Model, s *data.Set) Resident {
	t.Helper()
	x, y := make([]float64, len(s.F32)), make([]float64, len(s.Target.F32))
	for i, v := range s.F32 {
		x[i] = float64(v)
	}
	for i, v := range s.Target.F32 {
		y[i] = float64(v)
	}
	return Resident{Rows: upload(t, m.Device(), x, s.Cols), Targets: upload(t, m.Device(), y, s.Target.Cols)}
}

func evaluated(t *testing.T, m *Model, s *data.Set) Metrics {
	t.Helper()
	e, err := m.NewEvaluator(64)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	v, err := e.Evaluate(t.Context(), residentOf(t, m, s), EvaluateOptions{Beta: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestMissingCellsOfColumns: drawn codes have a bound of log p(x) and a squared error
// whatever is missing, and the estimate of log p(x) lies above the bound.
func TestMissingCellsOfColumns(t *testing.T) {
	dev := openCPU(t)
	s := columnSet(t, 200, true)
	for _, code := range []Code{Gaussian{}, Gaussian{Samples: 3}} {
		m, err := New(dev, Spec{Inputs: 5, Targets: 12, Latent: 2, Code: code, Likelihood: columnsOf(t, aTable)}, 1)
		if err != nil {
			t.Fatal(err)
		}
		v := evaluated(t, m, s)
		x, y := make([]float64, len(s.F32)), make([]float64, len(s.Target.F32))
		for i := range x {
			x[i] = float64(s.F32[i])
		}
		for i := range y {
			y[i] = float64(s.Target.F32[i])
		}
		if v.SSE == v.SSE {
			t.Errorf("%v: squared error %v of counts and others, want none", code, v.SSE)
		}
		log, err := m.LogLikelihood(t.Context(), residentOf(t, m, s), 50, 1)
		if err != nil || !(log > v.ELBO && log < v.ELBO+20) {
			t.Errorf("%v: log p(x) %v, %v: the bound is %v", code, log, err, v.ELBO)
		}
		m.Close()
	}
}

// TestSpreadsOfStages: the first layer of a net learns for its columns.
func TestSpreadsOfStages(t *testing.T) {
	deep := newTestModel(t, Spec{Inputs: 4, Hidden: []int{3}, Latent: 2, Likelihood: columnsOf(t, "columns:gaussian*4")})
	first, err := deep.Stage(0, Corruption{})
	if err != nil {
		t.Fatal(err)
	}
	want := ramp(1, 4)
	if err := first.SetWeights(spreadName, want); err != nil {
		t.Fatal(err)
	}
	deep.Adopt(0, first)
	if v, err := deep.Weights(spreadName); err != nil || !slices.Equal(v, want) {
		t.Errorf("spreads %v, %v", v, err)
	}
	if _, err := deep.Stage(1, Corruption{}); err != nil {
		t.Error(err)
	}
}
