package cpu_test

import (
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
)

// every has operands for one call of each operation: B x C, K samples. All tensors
// are views of one block, which is the state that a call changes.
type every struct {
	b, c  int
	dev   *cpu.Device
	block backend.Tensor
	start []float32
	sums  backend.Sums
	guard backend.Sums
	trust backend.Sums
	clock backend.Clock
	bytes backend.Data

	x, y, z, h         backend.Tensor // B x C
	wide               backend.Tensor // B x 2C
	kx, ky             backend.Tensor // B*K x C
	w                  backend.Tensor // C x C
	row, row2, mean    backend.Tensor // 1 x C
	rows, classes      backend.Tensor // B x 1
	krows, kw          backend.Tensor // B*K x 1
	params, g, m, v    backend.Tensor // 1 x 40000
	dwide              backend.Tensor // B x 2C
	unit               backend.Tensor // C*2 x C
	ends               []int
	noise              backend.Noise
	upload, download   []float32
	readSums, writeSum []float64
}

const (
	everyK      = 3
	everyParams = 40000
)

// newEvery is cut into several pieces at b x c = 150 x 130.
func newEvery(tb testing.TB, dev *cpu.Device, b, c int) *every {
	e := &every{b: b, c: c, dev: dev, ends: []int{30000, 39001, everyParams}}
	size := backend.Measure(e.plan)
	var err error
	if e.block, err = dev.Alloc(1, size); err != nil {
		tb.Fatal(err)
	}
	at := 0
	e.plan(func(rows, cols int) backend.Tensor {
		t := e.block.Slice(at, rows, cols)
		at += (rows*cols + 63) / 64 * 64
		return t
	})
	e.start = make([]float32, size)
	for i := range e.start {
		e.start[i] = float32(0.9 * math.Sin(float64(i)*1.3))
	}
	e.allocRest(tb)
	return e
}

func (e *every) plan(alloc backend.Alloc) {
	for _, t := range []*backend.Tensor{&e.x, &e.y, &e.z, &e.h} {
		*t = alloc(e.b, e.c)
	}
	e.wide, e.dwide = alloc(e.b, 2*e.c), alloc(e.b, 2*e.c)
	e.kx, e.ky = alloc(e.b*everyK, e.c), alloc(e.b*everyK, e.c)
	e.w, e.unit = alloc(e.c, e.c), alloc(2*e.c, e.c)
	e.row, e.row2, e.mean = alloc(1, e.c), alloc(1, e.c), alloc(1, e.c)
	e.rows, e.classes = alloc(e.b, 1), alloc(e.b, 1)
	e.krows, e.kw = alloc(e.b*everyK, 1), alloc(e.b*everyK, 1)
	e.params, e.g, e.m, e.v = alloc(1, everyParams), alloc(1, everyParams), alloc(1, everyParams), alloc(1, everyParams)
}

func (e *every) allocRest(tb testing.TB) {
	var errs [5]error
	pixels := make([]byte, 2*e.b*e.c)
	for i := range pixels {
		pixels[i] = byte(i * 7)
	}
	e.bytes, errs[0] = e.dev.AllocBytes(2*e.b, e.c, pixels)
	e.sums, errs[1] = e.dev.AllocSums(4)
	e.guard, errs[2] = e.dev.AllocSums(backend.GuardNorm + len(e.ends))
	e.trust, errs[3] = e.dev.AllocSums(len(e.ends))
	e.clock, errs[4] = e.dev.AllocClock(2)
	for _, err := range errs {
		if err != nil {
			tb.Fatal(err)
		}
	}
	e.noise = backend.Noise{Clock: e.clock, Stream: backend.StreamCode}
	e.upload, e.download = make([]float32, e.b*e.c), make([]float32, e.b*e.c)
	e.readSums, e.writeSum = make([]float64, 4), []float64{1, 2, 3, 4}
}

// reset gives every operand its first value again.
func (e *every) reset() {
	e.dev.Upload(e.block, e.start)
	squares := make([]float32, everyParams)
	for i := range squares {
		squares[i] = float32(i%7) * 0.1
	}
	e.dev.Upload(e.v, squares)
	class := make([]float32, e.b)
	for i := range class {
		class[i] = float32(i % e.c)
	}
	e.dev.Upload(e.classes, class)
	e.dev.Enqueue(backend.ZeroSums{Sums: e.sums})
	e.dev.Enqueue(backend.ZeroSums{Sums: e.guard})
	e.dev.Enqueue(backend.ZeroSums{Sums: e.trust})
	e.dev.SetClock(e.clock, backend.Time{Seed: 5, Epoch: 2, Step: 9, Row: 3}, []backend.Hyper{{LR: 0.1, Momentum: 0.9, Correct1: 2, Correct2: 0.5, KL: 0.7}})
}

// state is the bits of all that operations change.
func (e *every) state() ([]uint32, []float64) {
	block := make([]float32, e.block.Len())
	e.dev.Download(block, e.block)
	bits := make([]uint32, len(block))
	for i, x := range block {
		bits[i] = math.Float32bits(x)
	}
	sums, guard, trust := make([]float64, e.sums.N), make([]float64, e.guard.N), make([]float64, e.trust.N)
	e.dev.ReadSums(sums, e.sums)
	e.dev.ReadSums(guard, e.guard)
	e.dev.ReadSums(trust, e.trust)
	return bits, slices.Concat(sums, guard, trust)
}

type call struct {
	name string
	run  func(e *every)
}

var none backend.Tensor

// calls is each operation, in each of its forms that is computed in another way.
func calls() []call {
	all := []call{
		{"Upload", func(e *every) { e.dev.Upload(e.x, e.upload) }},
		{"Download", func(e *every) { e.dev.Download(e.download, e.x) }},
		{"ReadSums", func(e *every) { e.dev.ReadSums(e.readSums, e.sums) }},
		{"WriteSums", func(e *every) { e.dev.WriteSums(e.sums, e.writeSum) }},
		{"ZeroSums", func(e *every) { e.dev.Enqueue(backend.ZeroSums{Sums: e.sums}) }},
		{"Tick", func(e *every) { e.dev.Enqueue(backend.Tick{Clock: e.clock}) }},
		{"Linear", func(e *every) {
			e.dev.Enqueue(backend.Linear{Y: e.y, Pre: e.z, X: e.x, W: e.w, B: e.row, Act: backend.SiLU})
		}},
		{"Linear transposed", func(e *every) {
			e.dev.Enqueue(backend.Linear{Y: e.y, Pre: none, X: e.x, W: e.w, B: none, Act: backend.ReLU, Transposed: true})
		}},
		{"LinearBackInput", func(e *every) {
			e.dev.Enqueue(backend.LinearBackInput{DX: e.y, DY: e.x, W: e.w, Saved: e.h, Act: backend.Sigmoid})
		}},
		{"LinearBackWeights", func(e *every) {
			e.dev.Enqueue(backend.LinearBackWeights{DW: e.w, DB: e.row, DY: e.x, X: e.y, Accumulate: true})
		}},
		{"Dropout", func(e *every) { e.dev.Enqueue(backend.Dropout{Y: e.y, X: e.x, Noise: e.noise, P: 0.3}) }},
		{"Add", func(e *every) { e.dev.Enqueue(backend.Add{Dst: e.y, Src: e.x}) }},
		{"Copy", func(e *every) { e.dev.Enqueue(backend.Copy{Dst: e.y, Src: e.x}) }},
		{"CopyColumns", func(e *every) { e.dev.Enqueue(backend.CopyColumns{Dst: e.y, Src: e.wide, From: 100}) }},
		{"Zero", func(e *every) { e.dev.Enqueue(backend.Zero{Dst: e.y}) }},
		{"ScaleRows", func(e *every) { e.dev.Enqueue(backend.ScaleRows{T: e.y, W: e.rows}) }},
		{"Correct", func(e *every) { e.dev.Enqueue(backend.Correct{Sums: e.sums, Slot: 1, Logits: e.x, Target: e.classes}) }},
		{"Accumulate", func(e *every) { e.dev.Enqueue(backend.Accumulate{Sums: e.sums, Slot: 1, V: e.params, Scale: 0.5}) }},
		{"Loss gaussian", func(e *every) {
			e.dev.Enqueue(backend.Loss{DOut: e.dwide, Rows: e.rows, Out: e.wide, Target: e.x, Kind: backend.GaussianNLL, Scale: 0.1})
		}},
		{"Loss categorical", func(e *every) {
			e.dev.Enqueue(backend.Loss{DOut: e.y, Rows: e.rows, Out: e.x, Target: e.classes, Kind: backend.Categorical, Scale: 0.1})
		}},
		{"Loss, K samples", func(e *every) {
			e.dev.Enqueue(backend.Loss{DOut: e.kx, Rows: e.krows, Out: e.kx, Target: e.y, Kind: backend.Bernoulli, Scale: 0.1})
		}},
		{"Loss squared", func(e *every) {
			e.dev.Enqueue(backend.Loss{DOut: none, Rows: e.rows, Out: e.x, Target: e.y, Kind: backend.SquaredError, Scale: 0.1})
		}},
		{"Reparam", func(e *every) { e.dev.Enqueue(backend.Reparam{Z: e.kx, ML: e.wide, Noise: e.noise}) }},
		{"GaussianKL", func(e *every) { e.dev.Enqueue(backend.GaussianKL{KL: e.row, ML: e.wide}) }},
		{"ReparamBack", func(e *every) {
			e.dev.Enqueue(backend.ReparamBack{DML: e.dwide, DZ: e.kx, ML: e.wide, KL: e.row, Noise: e.noise, FreeBits: 0.1, Scale: 0.2})
		}},
		{"ImportanceWeights", func(e *every) {
			e.dev.Enqueue(backend.ImportanceWeights{W: e.kw, Bound: e.rows, Rows: e.krows, Z: e.kx, ML: e.wide, Noise: e.noise})
		}},
		{"ImportanceBack", func(e *every) {
			e.dev.Enqueue(backend.ImportanceBack{DML: e.dwide, DZ: e.kx, Z: e.ky, ML: e.wide, W: e.kw, Noise: e.noise, Scale: 0.2})
		}},
		{"TopK", func(e *every) { e.dev.Enqueue(backend.TopK{Y: e.y, X: e.x, K: 17}) }},
		{"TopKBack", func(e *every) { e.dev.Enqueue(backend.TopKBack{DX: e.y, DY: e.x, Y: e.z}) }},
		{"ColumnMeans", func(e *every) { e.dev.Enqueue(backend.ColumnMeans{M: e.mean, H: e.x}) }},
		{"SparseKL", func(e *every) {
			e.dev.Enqueue(backend.SparseKL{DH: e.x, Sums: e.sums, Slot: 2, M: e.mean, Rho: 0.05, Scale: 0.3})
		}},
		{"L1", func(e *every) {
			e.dev.Enqueue(backend.L1{DH: e.y, Sums: e.sums, Slot: 2, H: e.x, Share: 0.1, Scale: 0.3})
		}},
		{"RowSquares", func(e *every) { e.dev.Enqueue(backend.RowSquares{R: e.row, W: e.w}) }},
		{"ContractShallow", func(e *every) {
			e.dev.Enqueue(backend.ContractShallow{DA: e.y, DR: e.row2, Sums: e.sums, Slot: 3, Saved: e.x, R: e.row, Act: backend.Tanh, Share: 0.1, Scale: 0.2})
		}},
		{"AddScaledRows", func(e *every) { e.dev.Enqueue(backend.AddScaledRows{DW: e.w, W: e.unit.Top(e.c), C: e.row}) }},
		{"Probes", func(e *every) { e.dev.Enqueue(backend.Probes{V: e.kx, Batch: e.b, Noise: e.noise}) }},
		{"Probes exact", func(e *every) {
			e.dev.Enqueue(backend.Probes{V: e.unit, Batch: 2, Noise: backend.Noise{}, Exact: true})
		}},
		{"ScaleByDerivative", func(e *every) {
			e.dev.Enqueue(backend.ScaleByDerivative{U: e.ky, V: e.kx, Saved: e.x, Act: backend.Tanh})
		}},
		{"ScaleByDerivativeBack", func(e *every) {
			e.dev.Enqueue(backend.ScaleByDerivativeBack{DV: e.kx, DA: e.y, DU: e.kx, V: e.ky, Saved: e.x, Act: backend.GELU})
		}},
		{"SquareSum", func(e *every) {
			e.dev.Enqueue(backend.SquareSum{DV: e.y, Sums: e.sums, V: e.x, Share: 0.1, Scale: 0.2})
		}},
		{"Check", func(e *every) {
			e.dev.Enqueue(backend.Check{Guard: e.guard, Grads: e.g, Ends: e.ends, Rows: e.rows, Clock: e.clock})
		}},
	}
	for _, act := range backend.Activations() {
		all = append(all,
			call{"Activate " + act.String(), func(e *every) { e.dev.Enqueue(backend.Activate{Y: e.y, X: e.x, Act: act}) }},
			call{"ActivateBack " + act.String(), func(e *every) { e.dev.Enqueue(backend.ActivateBack{DX: e.y, DY: e.x, Saved: e.z, Act: act}) }})
	}
	for kind := backend.SGD; kind <= backend.AdamW; kind++ {
		o := backend.Optimiser{Kind: kind, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.1, Clip: 1, Decayed: 12345}
		all = append(all, call{"Update " + kind.String(), func(e *every) {
			e.dev.Enqueue(backend.Update{Params: e.params, Grads: e.g, M: e.m, V: e.v, Optimiser: o, Guard: e.guard, Clock: e.clock})
		}})
	}
	lamb := backend.Optimiser{Kind: backend.LAMB, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.1, Clip: 1, Decayed: 39001}
	all = append(all, call{"UpdateLAMB", func(e *every) {
		e.dev.Enqueue(backend.UpdateLAMB{Params: e.params, Grads: e.g, M: e.m, V: e.v, Ends: e.ends, Trust: e.trust, Optimiser: lamb, Guard: e.guard, Clock: e.clock})
	}})
	for _, kind := range []backend.CorruptionKind{backend.Masking, backend.GaussianNoise, backend.SaltAndPepper} {
		b := backend.Batch{Shuffle: true, Binarise: kind == backend.Masking, Corrupt: kind, Level: 0.3, High: 1}
		all = append(all, call{"Gather " + kind.String(), func(e *every) {
			b.Clock = e.clock
			e.dev.Enqueue(backend.Gather{Clean: e.x, Noisy: e.y, Data: e.bytes, Batch: b})
		}})
	}
	return all
}

func TestBitsDoNotDependOnWorkers(t *testing.T) {
	for _, size := range [][2]int{{150, 130}, {256, 128}} {
		if testing.Short() && size[1] != 130 {
			continue
		}
		one := newEvery(t, open(t, cpu.Options{Workers: 1}), size[0], size[1])
		for _, workers := range []int{2, 3, 8} {
			many := newEvery(t, open(t, cpu.Options{Workers: workers}), size[0], size[1])
			for _, c := range calls() {
				sameBits(t, c, one, many, workers)
			}
		}
	}
}

// sameBits makes a call with one worker and with many.
func sameBits(t *testing.T, c call, one, many *every, workers int) {
	t.Helper()
	for _, e := range []*every{one, many} {
		e.reset()
		c.run(e)
		if err := e.dev.Sync(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
	}
	want, wantSums := one.state()
	got, gotSums := many.state()
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("%s: element %d is %x with %d workers, %x with one", c.name, i, got[i], workers, want[i])
			break
		}
	}
	for i := range wantSums {
		if math.Float64bits(wantSums[i]) != math.Float64bits(gotSums[i]) {
			t.Errorf("%s: sum %d is %v with %d workers, %v with one", c.name, i, gotSums[i], workers, wantSums[i])
		}
	}
}

func TestOperationsDoNotAllocate(t *testing.T) {
	e := newEvery(t, open(t, cpu.Options{Workers: 2}), 150, 130)
	e.reset()
	for _, c := range calls() {
		if n := testing.AllocsPerRun(10, func() { c.run(e) }); n != 0 && !gonumProduct(c.name) {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
	if err := e.dev.Sync(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkOperation reports what an element costs, the processor's cores together.
func BenchmarkOperation(b *testing.B) {
	const rows, cols = 1024, 512
	e := newEvery(b, open(b, cpu.Options{}), rows, cols)
	for _, c := range calls() {
		b.Run(c.name, func(b *testing.B) {
			e.reset()
			for b.Loop() {
				c.run(e)
			}
			if err := e.dev.Sync(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(rows*cols), "ns/element")
		})
	}
}
