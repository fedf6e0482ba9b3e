package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/cpu"
)

func openCPU(t *testing.T) *cpu.Device {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

// upload is rows of so many numbers on a device.
func upload(t *testing.T, dev backend.Device, v []float64, cols int) backend.Data {
	t.Helper()
	x, err := dev.Alloc(len(v)/cols, cols)
	if err != nil {
		t.Fatal(err)
	}
	f := make([]float32, len(v))
	for i := range v {
		f[i] = float32(v[i])
	}
	dev.Upload(x, f)
	return x.Data()
}

// trained is a model of the spec after steps on all of the data, at a rate of lr.
func trained(t *testing.T, dev backend.Device, s Spec, x, y []float64, steps int, lr float32, o TrainingOptions) (*Model, Resident) {
	t.Helper()
	m, err := New(dev, s, 3)
	if err != nil {
		t.Fatal(err)
	}
	at := Resident{Rows: upload(t, dev, x, s.Inputs)}
	if s.HasTargets() {
		at.Targets = upload(t, dev, y, s.Targets)
	}
	o.Steps, o.Optimiser = 1, backend.Optimiser{Kind: backend.Adam, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3}
	tr, err := m.NewTraining(at, o)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	for i := range steps {
		n := float64(i + 1)
		now := backend.Hyper{LR: lr, KL: 0.5, Correct1: float32(1 / (1 - math.Pow(0.9, n))), Correct2: float32(1 / (1 - math.Pow(0.99, n)))}
		tr.SetTime(backend.Time{Seed: 5, Step: uint64(i), Epoch: uint64(i)}, []backend.Hyper{now})
		if err := tr.Launch(at.Rows.Rows, 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, fault, err := tr.Fetch(steps * at.Rows.Rows).Wait(0.5); fault != nil || err != nil {
		t.Fatalf("%v, %v", fault, err)
	}
	return m, at
}

// TestColumnsTrainAlikeOnCPU holds the parameters after some steps, of two batches each,
// to those of the reference.
func TestColumnsTrainAlikeOnCPU(t *testing.T) {
	const rows = 24
	dev, rng := openCPU(t), rand.New(rand.NewPCG(3, 1))
	x, y := make([]float64, rows*5), make(map[string][]float64)
	for i := range x {
		x[i] = float64(float32(rng.Float64()))
	}
	for _, c := range columnCases(t) {
		c.spec.Activation = backend.Tanh
		l := c.spec.Likelihood.(Columns)
		if y[l.String()] == nil {
			y[l.String()] = cells(l, rows, rng)
		}
		t.Run(c.name, func(t *testing.T) {
			o := TrainingOptions{Batch: rows / 2, Accumulate: 2}
			ours, _ := trained(t, dev, c.spec, x, y[l.String()], 6, 0.01, o)
			want, _ := trained(t, ref64.New(), c.spec, x, y[l.String()], 6, 0.01, o)
			for _, p := range want.Params() {
				a, err := ours.Weights(p.Name)
				if err != nil {
					t.Fatal(err)
				}
				b, _ := want.Weights(p.Name)
				for i := range b {
					if !(math.Abs(float64(a[i]-b[i])) <= 1e-4) {
						t.Fatalf("%s[%d] is %g, of the reference %g", p.Name, i, a[i], b[i])
					}
				}
			}
			ours.Close()
		})
	}
}

// poissonDraw is a draw of that mean (Knuth's product of uniforms).
func poissonDraw(rng *rand.Rand, mean float64) float64 {
	n := 0.0
	for p := rng.Float64(); p > math.Exp(-mean); p *= rng.Float64() {
		n++
	}
	return n
}

// TestColumnsLearnTheirDistributions: three groups of rows, of which counts, normal
// numbers and categories are drawn, some missing. The model comes to the likelihood of
// the truth, as a fit to so many rows does: a little above it, by half a nat a parameter
// in all.
func TestColumnsLearnTheirDistributions(t *testing.T) {
	const rows, width = 1500, 7
	dev, rng := openCPU(t), rand.New(rand.NewPCG(3, 1))
	rates := [][]float64{{0.5, 8, 3}, {4, 0.2, 3}, {2, 2, 12}}
	means, share, deviation := []float64{-1, 0.5, 2}, []float64{0.2, 0.5, 0.9}, 0.4
	x, y, truth := make([]float64, rows*3), make([]float64, 0, rows*width), 0.0
	for r := range rows {
		g := r % 3
		x[3*r+g] = 1
		for _, m := range rates[g] {
			v := poissonDraw(rng, m)
			if rng.IntN(10) == 0 {
				y = append(y, math.NaN())
				continue
			}
			log, _ := math.Lgamma(v + 1)
			truth += m - v*math.Log(m) + log
			y = append(y, v)
		}
		// overdispersed: a Poisson whose mean is an exponential of mean 3, so that r is 1
		v := poissonDraw(rng, 3*rng.ExpFloat64())
		truth -= v*math.Log(0.75) + math.Log(0.25)
		e := rng.NormFloat64()
		truth += e*e/2 + math.Log(deviation) + math.Log(2*math.Pi)/2
		y = append(y, v, means[g]+deviation*e)
		if rng.Float64() < share[g] {
			y, truth = append(y, 1, 0), truth-math.Log(share[g])
		} else {
			y, truth = append(y, 0, 1), truth-math.Log(1-share[g])
		}
	}
	s := Spec{Inputs: 3, Targets: width, Latent: 3, Likelihood: columnsOf(t, "columns:poisson*3,negative-binomial,gaussian,softmax*2")}
	m, at := trained(t, dev, s, x, y, 1500, 0.02, TrainingOptions{Batch: rows})
	defer m.Close()
	e, err := m.NewEvaluator(400)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	v, err := e.Evaluate(t.Context(), at, EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if below := truth/rows - v.NLL; !(below > -0.002 && below < 0.03) {
		t.Errorf("NLL %g, of the truth %g", v.NLL, truth/rows)
	}
	spread, err := m.Weights(spreadName)
	if err != nil {
		t.Fatal(err)
	}
	if r, sd := math.Exp(backend.SpreadRate*float64(spread[3])), math.Exp(backend.SpreadRate*float64(spread[4])/2); math.Abs(r-1) > 0.15 || math.Abs(sd-deviation) > 0.03 {
		t.Errorf("inverse dispersion %g of 1, deviation %g of %g", r, sd, deviation)
	}
	sse := squares(t, m, x, y)
	if math.Abs(v.SSE-sse/rows) > 1e-3*v.SSE {
		t.Errorf("squared error %g: want %g", v.SSE, sse/rows)
	}
}

// squares is the squared error of what comes out for x, without missing cells.
func squares(t *testing.T, m *Model, x, y []float64) (sum float64) {
	t.Helper()
	in := make([]float32, len(x))
	for i := range x {
		in[i] = float32(x[i])
	}
	out, err := m.Prepared(in)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range y {
		if v == v {
			sum += (v - float64(out[i])) * (v - float64(out[i]))
		}
	}
	return sum
}
