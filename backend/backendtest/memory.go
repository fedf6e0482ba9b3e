package backendtest

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/aegpu/aegpu/backend"
)

func testMemory(r *rig) {
	r.sub("Lengths", (*rig).everyLength)
	r.sub("Zeroed", (*rig).zeroed)
	r.sub("RoundTrip", (*rig).roundTrip)
	r.sub("Sums", (*rig).sumsRoundTrip)
	r.sub("Fetch", (*rig).fetched)
	r.sub("FetchMany", (*rig).fetchedMany)
	r.sub("OutOfMemory", (*rig).outOfMemory)
	r.sub("Close", (*rig).closeTwice)
	if info := r.dev.Info(); info.Kind == "" || info.Name == "" {
		r.Errorf("Info has no kind or name: %+v", info)
	}
}

// everyLength moves tensors and accumulators of awkward and of even lengths, and
// no more of them.
func (r *rig) everyLength() {
	r.each(shapes{
		odd:  []shape{{1}, {7}, {65}, {1000}},
		even: []shape{{64}, {128}, {256}, {512}, {1024}},
		most: shape{3000},
	}, func(r *rig, s shape) {
		n := s[0]
		ones := func(n int) []float64 { return slices.Repeat([]float64{1}, n) }
		x, err := r.dev.Alloc(1, n)
		if err != nil {
			r.Fatalf("Alloc: %v", err)
		}
		defer x.Mem.Free()
		got := make([]float32, n)
		r.dev.Download(got, x)
		r.equal("Alloc", widen(got), make([]float64, n))
		r.dev.Upload(x, make1(n))
		r.dev.Download(got, x)
		r.equal("Upload, Download", widen(got), ones(n))

		sums, err := r.dev.AllocSums(n)
		if err != nil {
			r.Fatalf("AllocSums: %v", err)
		}
		defer sums.Mem.Free()
		r.equal("AllocSums", readSums(r.dev, sums), make([]float64, n))
		r.dev.WriteSums(sums, ones(n))
		fetched := make([]float64, n)
		if err := r.dev.FetchSums(sums).Wait(fetched); err != nil {
			r.Fatalf("FetchSums: %v", err)
		}
		r.equal("WriteSums, FetchSums", fetched, ones(n))
		r.dev.Enqueue(backend.ZeroSums{Sums: sums})
		r.equal("ZeroSums", readSums(r.dev, sums), make([]float64, n))
		r.sync()
	})
}

// equal wants no difference.
func (r *rig) equal(what string, got, want []float64) {
	r.Helper()
	if err := Close(got, want, exact); err != nil {
		r.Errorf("%s: %v", what, err)
	}
}

func (r *rig) zeroed() {
	for _, n := range []int{1, 7, 64, 1000} {
		// Dirty memory first, so that a pool that hands it out again shows.
		for range 2 {
			x, err := r.dev.Alloc(n, 3)
			if err != nil {
				r.Fatalf("Alloc: %v", err)
			}
			v := make([]float32, 3*n)
			r.dev.Download(v, x)
			if err := Close(widen(v), make([]float64, 3*n), exact); err != nil {
				r.Errorf("Alloc(%d, 3): %v", n, err)
			}
			r.dev.Upload(x, append(v[:0:0], make1(3*n)...))
			r.sync()
			x.Mem.Free()
			x.Mem.Free()

			s, err := r.dev.AllocSums(n)
			if err != nil {
				r.Fatalf("AllocSums: %v", err)
			}
			if err := Close(readSums(r.dev, s), make([]float64, n), exact); err != nil {
				r.Errorf("AllocSums(%d): %v", n, err)
			}
			s.Mem.Free()
			s.Mem.Free()
		}
	}
}

func make1(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

func (r *rig) sync() {
	r.Helper()
	if err := r.dev.Sync(); err != nil {
		r.Fatalf("Sync: %v", err)
	}
}

// roundTrip moves awkward values to the device and back, to views of a block.
func (r *rig) roundTrip() {
	awkward := []float32{
		0, float32(math.Copysign(0, -1)), 1, -1, math.SmallestNonzeroFloat32, math.MaxFloat32,
		float32(math.Inf(1)), float32(math.Inf(-1)), guard, unset, 0.1, 1e-39, 16777217,
	}
	block, err := r.dev.Alloc(20, 7)
	if err != nil {
		r.Fatalf("Alloc: %v", err)
	}
	defer block.Mem.Free()
	for off := range 9 {
		view := block.Slice(off, len(awkward), 1)
		r.dev.Upload(view, awkward)
		got := make([]float32, len(awkward))
		r.dev.Download(got, view)
		for i, v := range awkward {
			if math.Float32bits(got[i]) != math.Float32bits(v) {
				r.Errorf("at offset %d: %v came back as %v", off, v, got[i])
			}
		}
	}
	whole := make([]float32, 140)
	for i := range whole {
		whole[i] = float32(i)
	}
	r.dev.Upload(block, whole)
	top := make([]float32, 21)
	r.dev.Download(top, block.Slice(14, 10, 7).Top(3))
	if err := Close(widen(top), widen(whole[14:35]), exact); err != nil {
		r.Errorf("the top of a slice: %v", err)
	}
	r.sync()
}

// sumsRoundTrip holds accumulators to float64.
func (r *rig) sumsRoundTrip() {
	s, err := r.dev.AllocSums(6)
	if err != nil {
		r.Fatalf("AllocSums: %v", err)
	}
	defer s.Mem.Free()
	v := []float64{1, math.Pi, 1 + 0x1p-52, -1e300, math.Inf(1), 5e-324}
	r.dev.WriteSums(s, v)
	if err := Close(readSums(r.dev, s), v, exact); err != nil {
		r.Errorf("WriteSums, ReadSums: %v", err)
	}
	r.dev.Enqueue(backend.ZeroSums{Sums: backend.Sums{Mem: s.Mem, Off: 1, N: 2}})
	if err := Close(readSums(r.dev, s), append([]float64{1, 0, 0}, v[3:]...), exact); err != nil {
		r.Errorf("ZeroSums of a view: %v", err)
	}
	r.sync()
}

// fetched has several readings on the way at once, of a vector and of views of it,
// each of the moment it was enqueued, whatever order they are waited for in.
func (r *rig) fetched() {
	s, err := r.dev.AllocSums(5)
	if err != nil {
		r.Fatalf("AllocSums: %v", err)
	}
	x, err := r.dev.Alloc(1, 2)
	if err != nil {
		r.Fatalf("Alloc: %v", err)
	}
	r.dev.Upload(x, []float32{1, 2})
	now := make([]float64, s.N)
	var readings []backend.Reading
	var wants [][]float64
	for i := range 12 {
		r.dev.Enqueue(backend.Accumulate{Sums: s, Slot: i % s.N, V: x, Scale: float64(i + 1)})
		now[i%s.N] += 3 * float64(i+1)
		off, n := i%2, s.N-i%3
		n = min(n, s.N-off)
		readings = append(readings, r.dev.FetchSums(backend.Sums{Mem: s.Mem, Off: off, N: n}))
		wants = append(wants, append([]float64{}, now[off:off+n]...))
		if i == 6 {
			r.dev.Enqueue(backend.ZeroSums{Sums: s})
			clear(now)
		}
	}
	defer x.Mem.Free()
	defer s.Mem.Free()
	for k := range readings {
		i := (7*k + 5) % len(readings)
		got := make([]float64, len(wants[i]))
		if err := readings[i].Wait(got); err != nil {
			r.Fatalf("Wait: %v", err)
		}
		if err := Close(got, wants[i], exact); err != nil {
			r.Errorf("reading %d of %d, waited for as number %d: %v", i, len(readings), k, err)
		}
	}
	r.sync()
}

// fetchedMany reads many accumulators, and none, and to where they do not fit.
func (r *rig) fetchedMany() {
	for _, n := range []int{0, 1, 5000} {
		s, err := r.dev.AllocSums(n)
		if err != nil {
			r.Fatalf("AllocSums: %v", err)
		}
		want := make([]float64, n)
		for i := range want {
			want[i] = 1 / float64(i+1)
		}
		r.dev.WriteSums(s, want)
		reading, wrong := r.dev.FetchSums(s), r.dev.FetchSums(s)
		r.sync()
		if !reading.Done() {
			r.Errorf("%d accumulators are not there after Sync", n)
		}
		got := make([]float64, n)
		if err := reading.Wait(got); err != nil {
			r.Errorf("Wait for %d accumulators: %v", n, err)
		}
		if err := Close(got, want, exact); err != nil {
			r.Errorf("%d accumulators: %v", n, err)
		}
		if err := wrong.Wait(make([]float64, n+1)); err == nil || !strings.Contains(err.Error(), "FetchSums") {
			r.Errorf("Wait for %d accumulators in %d: %v", n, n+1, err)
		}
		s.Mem.Free()
	}
	r.sync()
}

// outOfMemory asks for 4 PiB and goes on.
func (r *rig) outOfMemory() {
	if _, err := r.dev.Alloc(1<<20, 1<<30); !errors.Is(err, backend.ErrOutOfMemory) {
		r.Errorf("Alloc of 4 PiB: %v, want ErrOutOfMemory", err)
	}
	r.sync()
	x, err := r.dev.Alloc(2, 2)
	if err != nil {
		r.Fatalf("Alloc after running out: %v", err)
	}
	x.Mem.Free()
}

func (r *rig) closeTwice() {
	dev := r.open()
	x, err := dev.Alloc(3, 5)
	if err != nil {
		r.Fatalf("Alloc: %v", err)
	}
	clock, err := dev.AllocClock(4)
	if err != nil {
		r.Fatalf("AllocClock: %v", err)
	}
	clock.Mem.Free()
	clock.Mem.Free()
	for range 2 {
		if err := dev.Close(); err != nil {
			r.Errorf("Close: %v", err)
		}
	}
	x.Mem.Free() // the device has freed it; a late Free is harmless
}
