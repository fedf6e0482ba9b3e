//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"github.com/aegpu/aegpu/model"
	"gorgonia.org/cu"
)

// The smoke test is the first half minute on a GPU: whether it computes at all, and
// what is otherwise there than in the simulator. It says what it finds (report_test.go)
// and fails only where a result is wrong.

// smokeBatch is rows of a step: few, and more than a tile of tensor cores.
const smokeBatch = 32

// smokeNets are a plain net, one of the usual size, a VAE, and one whose code is one
// number, so that a product with the derivative of ReLU has an inner width of 1.
func smokeNets(t *testing.T) []model.Variant {
	large, narrow := model.Variants(784, []int{512, 256}, 32)[0], model.Variants(36, []int{24}, 1)[0]
	return []model.Variant{{Name: "plain", Spec: variant(t, "plain")}, {Name: "VAE", Spec: variant(t, "VAE")},
		{Name: "code of 1", Spec: narrow.Spec}, {Name: "784-512-256-32", Spec: large.Spec}}
}

// stepFact is a step next to the CPU's, and recorded next to its operations enqueued
// one by one.
type stepFact struct {
	What      string `json:"what"`
	Net       string `json:"net"`
	Precision string `json:"precision"`
	Launches  int    `json:"launches"`
	agreement
	EagerLoss     float64 `json:"eager_loss"`     // apart from the recorded one
	EagerGradient float64 `json:"eager_gradient"` // likewise
	Agrees        bool    `json:"agrees"`
}

// finding is something that a GPU may do one way or another, and what was expected.
type finding struct {
	What      string `json:"what"`
	Subject   string `json:"subject"`
	Found     string `json:"found"`
	Predicted string `json:"predicted,omitempty"`
}

func find(t *testing.T, subject, found, predicted string) {
	t.Helper()
	t.Logf("%s: %s (predicted: %s)", subject, found, predicted)
	report(t, finding{"finding", subject, found, predicted})
}

// eager enqueues the operations of a step one by one, at every launch.
type eager struct{ *Device }

func (d eager) Compile(step backend.List) (backend.Program, error) {
	return ref64.Program{Queue: d, Step: step}, nil
}

func TestSmoke(t *testing.T) {
	sim := device(t)
	seen := map[string]bool{} // products, of which nets have some in common
	for _, p := range []Precision{FP32, TF32, BF16} {
		for _, n := range smokeNets(t) {
			t.Run(fmt.Sprintf("%s %s", p, n.Name), func(t *testing.T) {
				smokeStep(t, Options{Precision: p, Tuning: TuningOff}, n.Name, n.Spec, seen)
			})
		}
	}
	t.Run("bf16 tuned", func(t *testing.T) { // algorithms are measured
		smokeStep(t, Options{Precision: BF16, Tuning: filepath.Join(t.TempDir(), "tuning")}, "tuned", variant(t, "plain"), map[string]bool{})
	})
	t.Run("ReLU at 0", smokeReLUAtZero)
	t.Run("NaN", smokeNaN)
	t.Run("capture", smokeCapture)
	sound(t, sim)
}

// smokeStep holds one step to the CPU's, and every product that it asked for to
// float64.
func smokeStep(t *testing.T, o Options, name string, spec model.Spec, seen map[string]bool) {
	p := o.Precision
	f := stepFact{What: "step", Net: name, Precision: p.String()}
	defer func() {
		f.Agrees = !t.Failed()
		report(t, f)
	}()
	want := training(t, onCPU(t), spec, adam, smokeBatch, 1)
	d := open(t, o).(*Device)
	defer shut(t, d)
	defer func() { smokeProducts(t, d, name, seen) }()
	got := training(t, d, spec, adam, smokeBatch, 1)
	f.Launches = got.launches
	f.agreement = compareTrainings(got, want, nil, p)
	between := compareTrainings(training(t, eager{d}, spec, adam, smokeBatch, 1), got, nil, p)
	f.EagerLoss, f.EagerGradient = between.Close, between.Gradient
	for _, w := range f.wrong() {
		t.Errorf("%s: next to the CPU", w)
	}
	for _, w := range between.wrong() {
		t.Errorf("%s: eager next to recorded", w)
	}
}

func smokeProducts(t *testing.T, d *Device, net string, seen map[string]bool) {
	t.Helper()
	nodes := 0
	for _, a := range d.asked {
		key := fmt.Sprintf("%+v", a.spec)
		if seen[key] {
			continue
		}
		seen[key] = true
		f := d.factOf(a)
		f.Net = net
		t.Log(f)
		report(t, f)
		if a.err == nil && !f.Right {
			t.Errorf("wrong: %v", f)
		}
		if a.spec.K == 1 && a.spec.Epilogue == cublaslt.DReLU {
			find(t, "derivative of ReLU at an inner width of 1, "+f.Precision, f.Status, "possibly not supported")
		}
		if e := a.spec.Epilogue; e == cublaslt.BGradA || e == cublaslt.BGradB {
			nodes = max(nodes, f.Nodes)
		}
	}
	if nodes > 0 {
		find(t, fmt.Sprintf("nodes of a product with bias gradient at most, %s, %v", net, d.options.Precision), fmt.Sprint(nodes), "two or more are likely")
	}
}

func shut(t *testing.T, d *Device) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// smokeReLUAtZero asks for the derivative of ReLU where the pre-activation is exactly 0:
// either one-sided derivative is right, in a compiled step by the bit that cuBLASLt left.
func smokeReLUAtZero(t *testing.T) {
	r := newLayerRig(t, Options{})
	r.d.Upload(r.x, []float32{0, 1, -1, 0})
	r.program(func() { r.forward(); r.backward() }).Launch(1)
	dx, found := r.values(r.dx), "clear"
	if dx[0] != 0 {
		found = "set"
	}
	find(t, "the mask bit at a pre-activation of 0", found, "set")
	for i, want := range []float32{1, 2, 0, 4} {
		if dx[i] != want && !(dx[i] == 0 && (i == 0 || i == 3)) {
			t.Errorf("dx is %v, want 1 or 0, 2, 0, 4 or 0", dx)
		}
	}
}

// smokeNaN sends a NaN through a ReLU, and asks whether the guard finds one in the data
// and one in a weight.
func smokeNaN(t *testing.T) {
	r := newLayerRig(t, Options{})
	nan := float32(math.NaN())
	r.d.Upload(r.x, []float32{nan, 1, -1, 1})
	out := func() string { return fmt.Sprint(r.values(r.y)[0]) }
	r.forward()
	eagerly := out()
	r.program(func() { r.forward(); r.backward() }).Launch(1)
	find(t, "NaN through ReLU, recorded", out(), "0")
	find(t, "NaN through ReLU, one by one", eagerly, "0")
	if !guardFinds(t, func(data []float32, _ *model.Model) { data[3] = nan }) {
		t.Error("the guard does not find a NaN in the data")
	}
	found := guardFinds(t, func(_ []float32, m *model.Model) {
		w, err := m.Weights("encoder.0.weight")
		if err != nil {
			t.Fatal(err)
		}
		w[5] = nan
		if err := m.SetWeights("encoder.0.weight", w); err != nil {
			t.Fatal(err)
		}
	})
	find(t, "the guard finds a NaN weight before a ReLU", fmt.Sprint(found), "true")
	if !found {
		t.Error("the guard does not find a NaN in a weight")
	}
}

// guardFinds reports whether a step with something wrong in it stops the training.
func guardFinds(t *testing.T, spoil func(data []float32, m *model.Model)) bool {
	t.Helper()
	spec := variant(t, "plain")
	d := open(t, Options{}).(*Device)
	defer shut(t, d)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	m, err := model.New(d, spec, 7)
	must(err)
	defer m.Close()
	rows, err := d.Alloc(smokeBatch, spec.Inputs)
	must(err)
	defer rows.Mem.Free()
	data := make([]float32, rows.Len())
	for i, b := range pixels(rows.Rows, rows.Cols) {
		data[i] = float32(b) / 255
	}
	spoil(data, m)
	d.Upload(rows, data)
	o := adam
	o.Batch, o.Steps = smokeBatch, 1
	tr, err := m.NewTraining(model.Resident{Rows: rows.Data()}, o)
	must(err)
	defer tr.Close()
	tr.SetTime(backend.Time{}, table(0, 1))
	must(tr.Launch(smokeBatch, 1))
	_, fault, err := tr.Fetch(smokeBatch).Wait(1)
	must(err)
	return fault != nil
}

// smokeCapture asks for algorithms and memory while a stream captures, which no step
// does.
func smokeCapture(t *testing.T) {
	d := open(t, Options{}).(*Device)
	spec := cublaslt.Spec{M: 64, N: 64, K: 64, LDA: 64, LDB: 64, LDD: 64, AlignA: 256, AlignB: 256, AlignD: 256,
		Type: cublaslt.F32, Compute: cublaslt.Compute32F, Epilogue: cublaslt.Plain}
	var asking, allocating, freeing, ending error
	_ = d.worker.Do(func() error { // every error is a finding
		if ending = libcuda.BeginCapture(d.stream); ending != nil {
			return nil
		}
		plan, err := d.lt.Plan(spec, workspaceSize, 0, 0)
		if asking = err; err == nil {
			plan.Free()
		}
		memory, err := cu.MemAlloc(1 << 20)
		if allocating = err; err == nil {
			freeing = cu.MemFree(memory)
		}
		g, err := libcuda.EndCapture(d.stream)
		if ending = err; err == nil {
			ending = g.Destroy()
		}
		return nil
	})
	say := func(err error) string {
		if err != nil {
			return err.Error()
		}
		return "allowed"
	}
	find(t, "asking for an algorithm while a stream captures", say(asking), "possibly status 14")
	find(t, "allocating and freeing while a stream captures", say(errors.Join(allocating, freeing)), "allowed in relaxed mode")
	find(t, "the capture's end after that", say(ending), "")
	_ = d.Close() // whatever the capture has left: the findings say it
}
