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
	counts := make([]float32, e.b*e.c) // mostly 0
	for i := range counts {
		if i%3 == 0 {
			counts[i] = float32(i * i % 23)
		}
	}
	e.dev.Upload(e.h, counts)
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
