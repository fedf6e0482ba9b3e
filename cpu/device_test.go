package cpu_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/cpu/simd"
)

// gonumProduct reports whether an operation multiplies matrices with gonum, which
// starts goroutines.
func gonumProduct(name string) bool {
	path, err := simd.FromEnv()
	return err == nil && path == simd.Gonum && strings.HasPrefix(name, "Linear")
}

func alloc(t *testing.T, dev backend.Device, rows, cols int) backend.Tensor {
	t.Helper()
	x, err := dev.Alloc(rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// wantError demands the device's first error to say that.
func wantError(t *testing.T, dev backend.Device, parts ...string) {
	t.Helper()
	err := dev.Sync()
	if err == nil {
		t.Fatalf("no error, want one that says %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%q does not say %q", err, p)
		}
	}
}

func TestOpenRefusesWhatItCannotDo(t *testing.T) {
	for _, n := range []int{-1, 1 << 20} {
		if _, err := cpu.Open(cpu.Options{Workers: n}); err == nil {
			t.Errorf("%d workers: no error", n)
		}
	}
	t.Setenv("AEGPU_CPU", "abacus")
	if _, err := cpu.Open(cpu.Options{}); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("AEGPU_CPU=abacus: %v", err)
	}
}

func TestInfo(t *testing.T) {
	info := open(t, cpu.Options{Workers: 3}).Info()
	if info.Kind != "cpu" || info.Name != "cpu" || !strings.Contains(info.Detail, "3 cores") {
		t.Errorf("%+v", info)
	}
	if info.Free > info.Total {
		t.Errorf("%d bytes free of %d", info.Free, info.Total)
	}
}

func TestForeignHandles(t *testing.T) {
	const what = "Add"
	mine, other := open(t, cpu.Options{}), open(t, cpu.Options{})
	for _, tt := range []struct {
		name string
		src  backend.Tensor
		want string
	}{
		{"another device's", alloc(t, other, 2, 3), "another device"},
		{"another kind's", backend.Tensor{Mem: foreign{}, Rows: 2, Cols: 3}, "another kind of device"},
		{"past the end", alloc(t, mine, 2, 3).Slice(1, 2, 3), "elements 1 to 7 of memory that holds 6"},
		{"before the start", alloc(t, mine, 2, 3).Slice(-1, 2, 3), "elements -1 to 5"},
	} {
		dev := open(t, cpu.Options{})
		t.Run(tt.name, func(t *testing.T) {
			src := tt.src
			if _, ok := src.Mem.(foreign); !ok && src.Off != 0 {
				src.Mem = alloc(t, dev, 2, 3).Mem
			}
			dev.Enqueue(backend.Add{Dst: alloc(t, dev, 2, 3), Src: src})
			wantError(t, dev, what, tt.want)
		})
	}
}

type foreign struct{}

func (foreign) Free() {}

func TestFreedMemory(t *testing.T) {
	dev := open(t, cpu.Options{})
	a, b := alloc(t, dev, 2, 3), alloc(t, dev, 2, 3)
	dev.Enqueue(backend.Add{Dst: a, Src: b})
	b.Mem.Free()
	b.Mem.Free()
	if err := dev.Sync(); err != nil {
		t.Fatalf("Free is no error: %v", err)
	}
	dev.Enqueue(backend.Add{Dst: a, Src: b})
	wantError(t, dev, "Add", "freed")
}

func TestMemoryOfAnotherUse(t *testing.T) {
	dev := open(t, cpu.Options{})
	sums, err := dev.AllocSums(6)
	if err != nil {
		t.Fatal(err)
	}
	dev.Enqueue(backend.Zero{Dst: backend.Tensor{Mem: sums.Mem, Rows: 2, Cols: 3}})
	wantError(t, dev, "Zero", "holds 0")

	dev = open(t, cpu.Options{})
	dev.Enqueue(backend.Tick{Clock: backend.Clock{Mem: alloc(t, dev, 1, 1).Mem}, Rows: 1})
	wantError(t, dev, "Tick", "no clock")

	dev = open(t, cpu.Options{})
	dev.Enqueue(backend.Tick{Clock: backend.Clock{}, Rows: 1})
	wantError(t, dev, "Tick", "none")
}

func TestFirstErrorSticks(t *testing.T) {
	dev := open(t, cpu.Options{})
	a := alloc(t, dev, 1, 1)
	dev.Upload(a, []float32{7})
	dev.Enqueue(backend.Zero{})
	dev.Enqueue(backend.Add{Dst: a})
	dev.Enqueue(backend.Zero{Dst: a})
	wantError(t, dev, "Zero", "none")
	got := []float32{1}
	dev.Download(got, a)
	if got[0] != 1 {
		t.Errorf("Download after an error wrote %v", got[0])
	}
	first := dev.Close()
	if first == nil || !errors.Is(dev.Close(), first) {
		t.Errorf("Close: %v, then %v", first, dev.Close())
	}
}

func TestUseAfterClose(t *testing.T) {
	dev := open(t, cpu.Options{})
	a := alloc(t, dev, 2, 2)
	p, err := dev.Compile(backend.List{backend.Zero{Dst: a}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := dev.Close(); err != nil {
			t.Fatal(err)
		}
	}
	a.Mem.Free()
	p.Launch(1)
	p.Free()
	dev.Enqueue(backend.Zero{Dst: a})
	wantError(t, dev, "closed")
	for name, f := range map[string]func() error{
		"Alloc":      func() error { _, err := dev.Alloc(1, 1); return err },
		"AllocSums":  func() error { _, err := dev.AllocSums(1); return err },
		"AllocBytes": func() error { _, err := dev.AllocBytes(1, 1, []byte{1}); return err },
		"AllocClock": func() error { _, err := dev.AllocClock(1); return err },
		"Compile":    func() error { _, err := dev.Compile(nil); return err },
	} {
		if f() == nil {
			t.Errorf("%s after Close: no error", name)
		}
	}
	if err := dev.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

func TestAbsurdSizes(t *testing.T) {
	dev := open(t, cpu.Options{})
	for _, size := range [][2]int{{math.MaxInt, math.MaxInt}, {math.MaxInt / 4, 3}, {math.MaxInt, 1}, {1, math.MaxInt}} {
		if _, err := dev.Alloc(size[0], size[1]); !errors.Is(err, backend.ErrOutOfMemory) {
			t.Errorf("Alloc(%d, %d): %v", size[0], size[1], err)
		}
	}
	if _, err := dev.AllocSums(math.MaxInt); !errors.Is(err, backend.ErrOutOfMemory) {
		t.Errorf("AllocSums: %v", err)
	}
	if _, err := dev.AllocClock(math.MaxInt); !errors.Is(err, backend.ErrOutOfMemory) {
		t.Errorf("AllocClock: %v", err)
	}
	for _, size := range [][2]int{{-1, 1}, {1, -1}, {-1, -1}} {
		if _, err := dev.Alloc(size[0], size[1]); err == nil || errors.Is(err, backend.ErrOutOfMemory) {
			t.Errorf("Alloc(%d, %d): %v", size[0], size[1], err)
		}
	}
	if _, err := dev.AllocBytes(2, 2, []byte{1}); err == nil {
		t.Error("AllocBytes of too few bytes: no error")
	}
	if err := dev.Sync(); err != nil {
		t.Errorf("an allocation that fails is no error of the device: %v", err)
	}
}

func TestProgram(t *testing.T) {
	dev := open(t, cpu.Options{})
	a, b := alloc(t, dev, 1, 1), alloc(t, dev, 1, 1)
	dev.Upload(b, []float32{1})
	step := backend.List{backend.Add{Dst: a, Src: b}}
	p, err := dev.Compile(step)
	if err != nil {
		t.Fatal(err)
	}
	step[0] = backend.Zero{Dst: a} // the program has its own
	p.Launch(0)
	p.Launch(2)
	p.Launch(1)
	got := make([]float32, 1)
	dev.Download(got, a)
	if got[0] != 3 {
		t.Errorf("%v after three launches", got[0])
	}
	p.Free()
	p.Free()
	p.Launch(1)
	wantError(t, dev, "Launch", "freed")
}

func TestCompileRefuses(t *testing.T) {
	dev := open(t, cpu.Options{})
	a := alloc(t, dev, 1, 1)
	if _, err := dev.Compile(backend.List{backend.Zero{Dst: a}, backend.Add{Dst: a}}); err == nil || !strings.Contains(err.Error(), "Add") {
		t.Errorf("an operation without an operand: %v", err)
	}
	wantError(t, dev, "Add", "none")
}

func TestGatherPastTheEnd(t *testing.T) {
	dev := open(t, cpu.Options{})
	data, err := dev.AllocBytes(4, 2, make([]byte, 8))
	if err != nil {
		t.Fatal(err)
	}
	clock, err := dev.AllocClock(1)
	if err != nil {
		t.Fatal(err)
	}
	x := alloc(t, dev, 3, 2)
	dev.SetClock(clock, backend.Time{Row: 1}, nil)
	dev.Enqueue(backend.Gather{Clean: x, Noisy: none, Data: data, Batch: backend.Batch{Clock: clock}})
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
	dev.Enqueue(backend.Tick{Clock: clock, Rows: 1})
	dev.Enqueue(backend.Gather{Clean: x, Noisy: none, Data: data, Batch: backend.Batch{Clock: clock}})
	wantError(t, dev, "Gather", "rows 2 to 5 of data of 4")
}

func TestClassesOutOfRange(t *testing.T) {
	for _, class := range []float32{-1, 3, float32(math.NaN())} {
		dev := open(t, cpu.Options{})
		out, rows, target := alloc(t, dev, 1, 3), alloc(t, dev, 1, 1), alloc(t, dev, 1, 1)
		dev.Upload(target, []float32{class})
		dev.Enqueue(backend.Loss{DOut: none, Rows: rows, Out: out, Target: target, Kind: backend.Categorical, Scale: 1})
		wantError(t, dev, "Loss", "class")
	}
}
