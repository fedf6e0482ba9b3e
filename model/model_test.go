package model

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/nlpodyssey/safetensors"
)

func newTestModel(t *testing.T, s Spec) *Model {
	t.Helper()
	m, err := New(ref64.New(), s, 4)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ramp(rows, cols int) []float32 {
	x := make([]float32, rows*cols)
	for i := range x {
		x[i] = float32(i%17) / 17
	}
	return x
}

func setOf(x []float32, cols int) *data.Set {
	return &data.Set{Name: "rows", Rows: len(x) / cols, Cols: cols, F32: x}
}

func rampSet(rows, cols int) *data.Set { return setOf(ramp(rows, cols), cols) }

// encode is the codes of rows.
func encode(t *testing.T, m *Model, x *data.Set) []float32 {
	t.Helper()
	codes, err := m.Encode(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	return codes.F32
}

// scaled is a preparation of shifts and scales.
func scaled(t *testing.T, m *Model, shift, scale []float32) {
	t.Helper()
	p := data.PreparationOf(shift, scale)
	p.Unit = m.Spec.Unit()
	if err := m.SetPreparation(p); err != nil {
		t.Fatal(err)
	}
}

// TestFileRoundTrip writes every kind of model and reads it back to the same
// bytes and the same codes.
func TestFileRoundTrip(t *testing.T) {
	for _, c := range gradientCases() {
		t.Run(c.name, func(t *testing.T) {
			c.spec.Classes = 3
			m := newTestModel(t, c.spec)
			scaled(t, m, []float32{0, 1, 0, 0, 2}, []float32{1, 2, 1, 1, 3})
			var file bytes.Buffer
			if err := m.Write(&file); err != nil {
				t.Fatal(err)
			}
			again, err := Read(ref64.New(), file.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			var second bytes.Buffer
			if err := again.Write(&second); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(file.Bytes(), second.Bytes()) {
				t.Error("the bytes differ after reading back")
			}
			a, b := encode(t, m, rampSet(7, 5)), encode(t, again, rampSet(7, 5))
			for i := range a {
				if !(math.Abs(float64(a[i]-b[i])) <= 1e-5) { // weights are float64 before the file, float32 after
					t.Fatalf("code %d: %g, read back %g", i, a[i], b[i])
				}
			}
		})
	}
}

func TestReadRefusesDamage(t *testing.T) {
	m := newTestModel(t, Spec{Inputs: 5, Hidden: []int{4}, Latent: 3})
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	for _, n := range []int{0, 4, 9, len(file) / 2, len(file) - 1} {
		if _, err := Read(ref64.New(), file[:n]); err == nil {
			t.Errorf("%d of %d bytes were read as a model", n, len(file))
		}
	}
	other := resealed(t, file, func(_ map[string]safetensors.TensorView, meta map[string]string) {
		text := strings.Replace(meta[specKey], `"latent":3`, `"latent":4`, 1)
		if text == meta[specKey] {
			t.Fatal("the test changed nothing")
		}
		meta[specKey] = text
	})
	if _, err := Read(ref64.New(), other); err == nil || !strings.Contains(err.Error(), "shape") {
		t.Errorf("weights of another shape: %v", err)
	}
}

func TestShapesAreChecked(t *testing.T) {
	m := newTestModel(t, Spec{Inputs: 5, Latent: 3})
	if _, err := m.Encode(t.Context(), rampSet(4, 6)); err == nil || !strings.Contains(err.Error(), "expected 5") {
		t.Errorf("6 columns into 5 inputs: %v", err)
	}
	if _, err := m.Decode(t.Context(), rampSet(4, 5)); err == nil {
		t.Error("5 columns into a code of 3 were let through")
	}
	if _, err := m.Sample(t.Context(), 3, 1); err == nil {
		t.Error("a deterministic code was sampled")
	}
	data, _ := m.dev.Alloc(4, 5)
	if _, err := m.NewTraining(Resident{Rows: data.Data()}, TrainingOptions{Batch: 5}); err == nil {
		t.Error("a batch larger than the data was let through")
	}
	if _, err := m.NewTraining(Resident{Rows: data.Data()}, TrainingOptions{Batch: 2, Objective: Frozen}); err == nil {
		t.Error("a classifier that is not there was to be trained")
	}
}

// TestManyRows encodes more rows than go through the device at a time.
func TestManyRows(t *testing.T) {
	m := newTestModel(t, Spec{Inputs: 2, Latent: 1})
	rows := ChunkRows + 3
	x := ramp(rows, 2)
	all := encode(t, m, setOf(x, 2))
	for _, i := range []int{0, ChunkRows - 1, ChunkRows, rows - 1} {
		one := encode(t, m, setOf(x[2*i:2*i+2], 2))
		if one[0] != all[i] {
			t.Errorf("row %d: %g alone, %g among the others", i, one[0], all[i])
		}
	}
}

// TestScalingIsInverted holds reconstructions in the data's own units.
func TestScalingIsInverted(t *testing.T) {
	m := newTestModel(t, Spec{Inputs: 3, Latent: 2})
	scaled(t, m, []float32{10, 20, 30}, []float32{1, 2, 4})
	zero := make([]float32, m.FlatSize())
	m.dev.Upload(m.params, zero)
	set, err := m.Reconstruct(t.Context(), setOf([]float32{1, 2, 3}, 3))
	if err != nil {
		t.Fatal(err)
	}
	y := set.F32
	for i, want := range []float32{10, 20, 30} { // a model of zeros puts out zero, the mean in the data's units
		if y[i] != want {
			t.Errorf("column %d: %g, want %g", i, y[i], want)
		}
	}
}

// TestStages holds the greedy stages against the deep model they come from.
func TestStages(t *testing.T) {
	deep := newTestModel(t, Spec{Inputs: 6, Hidden: []int{5, 4}, Latent: 3, Activation: backend.Sigmoid, Likelihood: Bernoulli{}})
	x, _ := deep.dev.Alloc(7, 6)
	deep.dev.Upload(x, ramp(7, 6))
	h, err := deep.NewOutputs(x.Rows, 2)
	if err == nil {
		err = deep.Outputs(t.Context(), h, x.Data(), 2)
	}
	if err != nil {
		t.Fatal(err)
	}
	if h.Rows != 7 || h.Cols != 4 {
		t.Fatalf("outputs of two layers are %v", h)
	}
	last, err := deep.Stage(2, Corruption{})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, h.Len())
	deep.dev.Download(out, h)
	viaStages, whole := encode(t, last, setOf(out, h.Cols)), encode(t, deep, rampSet(7, 6))
	for i := range whole {
		if !(math.Abs(float64(whole[i]-viaStages[i])) <= 1e-6) { // layer outputs pass through float32 on the host
			t.Fatalf("code %d: %g through the stages, %g at once", i, viaStages[i], whole[i])
		}
	}
	w, _ := last.Weights("encoder.0.weight")
	for i := range w {
		w[i] = float32(i)
	}
	if err := last.SetWeights("encoder.0.weight", w); err != nil {
		t.Fatal(err)
	}
	deep.Adopt(2, last)
	got, _ := deep.Weights("encoder.2.weight")
	for i := range w {
		if got[i] != w[i] {
			t.Fatalf("weight %d was not taken over", i)
		}
	}
}

func TestCentredOutputStartsAtTheMean(t *testing.T) {
	for _, loss := range []Likelihood{Squared{}, Bernoulli{}, GaussianNLL{}} {
		m := newTestModel(t, Spec{Inputs: 3, Latent: 2, Likelihood: loss})
		mean := []float32{0.2, 0.5, 0.7}
		for _, name := range []string{"decoder.0.weight", "encoder.0.weight"} {
			p, _ := m.Parameter(name)
			m.dev.Enqueue(backend.Zero{Dst: p})
		}
		if err := m.CentreOutput(mean); err != nil {
			t.Fatal(err)
		}
		set, err := m.Reconstruct(t.Context(), rampSet(1, 3))
		if err != nil {
			t.Fatal(err)
		}
		y := set.F32
		for i := range mean {
			if !(math.Abs(float64(y[i]-mean[i])) <= 1e-6) {
				t.Errorf("%v: column %d starts at %g, mean %g", loss, i, y[i], mean[i])
			}
		}
	}
}

// TestJacobianNorm holds the exact norm against differences of the encoder.
func TestJacobianNorm(t *testing.T) {
	for _, hidden := range [][]int{nil, {5}, {5, 6}} {
		t.Run(fmt.Sprint(hidden), func(t *testing.T) { checkJacobianNorm(t, hidden) })
	}
}

func checkJacobianNorm(t *testing.T, hidden []int) {
	m := newTestModel(t, Spec{Inputs: 4, Hidden: hidden, Latent: 3, Activation: backend.Tanh, CodeActivation: backend.Sigmoid})
	dev := m.dev.(*ref64.Device)
	x, _ := dev.Alloc(2, 4)
	dev.Upload(x, ramp(2, 4))
	got, err := m.JacobianNorm(t.Context(), x.Data(), 2)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.newApplier(2, 1)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(v []float64) []float64 {
		dev.Set(a.clean, v)
		return dev.Get(a.meanCode(a.clean, 2))
	}
	const h = 1e-6
	base, sum := dev.Get(x), 0.0
	for j := range 4 {
		hi, lo := append([]float64(nil), base...), append([]float64(nil), base...)
		for r := range 2 {
			hi[r*4+j] += h
			lo[r*4+j] -= h
		}
		up, down := encode(hi), encode(lo)
		for i := range up {
			d := (up[i] - down[i]) / (2 * h)
			sum += d * d
		}
	}
	if want := math.Sqrt(sum / 2); !(math.Abs(got-want) <= 1e-6*want) {
		t.Errorf("norm %g, by differences %g", got, want)
	}
}

// TestLogLikelihood: with many samples the estimate lies above the ELBO
// and, for a posterior equal to the prior, equals log p(x) exactly.
func TestLogLikelihood(t *testing.T) {
	m := newTestModel(t, Spec{Inputs: 4, Latent: 2, Code: Gaussian{}, Likelihood: Bernoulli{}})
	x, _ := m.dev.Alloc(6, 4)
	m.dev.Upload(x, ramp(6, 4))
	e, err := m.NewEvaluator(6)
	if err != nil {
		t.Fatal(err)
	}
	elbo, err := e.Evaluate(t.Context(), Resident{Rows: x.Data()}, EvaluateOptions{Beta: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	many, err := m.LogLikelihood(t.Context(), Resident{Rows: x.Data()}, 2000, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !(many >= elbo.ELBO) {
		t.Errorf("estimate %g lies below the bound %g", many, elbo.ELBO)
	}
	m.dev.Upload(m.params, make([]float32, m.FlatSize())) // p(x|z) = 2^-4 whatever z
	exact, err := m.LogLikelihood(t.Context(), Resident{Rows: x.Data()}, 60, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := -4 * math.Ln2; !(math.Abs(exact-want) < 1e-5) {
		t.Errorf("log p(x) %g, want %g", exact, want)
	}
}

func TestValidateSaysWhy(t *testing.T) {
	base := Spec{Inputs: 4, Hidden: []int{3}, Latent: 2}
	for reason, change := range map[string]func(*Spec){
		"inputs is 0":         func(s *Spec) { s.Inputs = 0 },
		"latent is 0":         func(s *Spec) { s.Latent = 0 },
		"of -1 units":         func(s *Spec) { s.Hidden = []int{-1} },
		"does not mirror":     func(s *Spec) { s.Tied, s.Decoder = true, []int{9} },
		"Gaussian code":       func(s *Spec) { s.Tied, s.Code = true, Gaussian{} },
		"gaussian loss":       func(s *Spec) { s.Tied, s.Likelihood = true, GaussianNLL{} },
		"topk keeps 3 of 2":   func(s *Spec) { s.Code = TopK{K: 3} },
		"constraint of its":   func(s *Spec) { s.Code, s.Penalties = TopK{K: 1}, []Penalty{L1Sparsity{}} },
		"two sparsity pen":    func(s *Spec) { s.Penalties = []Penalty{L1Sparsity{}, L1Sparsity{Weight: 1}} },
		"the weight of the":   func(s *Spec) { s.Penalties = []Penalty{L1Sparsity{Weight: -1}} },
		"separate KL term":    func(s *Spec) { s.Code = Gaussian{Samples: 5, FreeBits: 1} },
		"output activation":   func(s *Spec) { s.Likelihood, s.Output = Bernoulli{}, backend.Tanh },
		"binarised inputs":    func(s *Spec) { s.Binarise = true },
		"dropout is 1":        func(s *Spec) { s.Dropout = 1 },
		"level NaN":           func(s *Spec) { s.Corrupt = Corruption{Kind: backend.Masking, Level: float32(math.NaN())} },
		"sigmoid, not":        func(s *Spec) { s.Penalties = []Penalty{KLSparsity{Target: 0.1, Weight: 1}} },
		"not go with dropout": func(s *Spec) { s.Penalties, s.Dropout = []Penalty{Contractive{Weight: 1}}, 0.5 },
		"needs a determinist": func(s *Spec) { s.Penalties, s.Code = []Penalty{Contractive{Weight: 1}}, Gaussian{} },
		"expected at least 2": func(s *Spec) { s.Classes = 1 },
	} {
		s := base
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("want a reason with %q, got %v", reason, err)
		}
	}
}
