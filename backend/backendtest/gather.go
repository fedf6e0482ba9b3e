package backendtest

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// corpus is a data set on the three sides, with rows before and after the ones
// in use.
type corpus struct{ on [3]backend.Data }

func (s side) d(c *corpus) backend.Data { return c.on[s.i] }

// bytes is a data set of random bytes, all values among them.
func (c *trial) bytes(rows, cols int) *corpus {
	around := 3
	if c.even {
		around = 64 // whatever the width, the rows are aligned
	}
	v := make([]byte, (rows+2*around)*cols)
	for i := range v {
		v[i] = byte(c.rng.Uint32())
	}
	d := &corpus{}
	for i, dev := range []backend.Device{c.dev, c.ref, c.size} {
		all, err := dev.AllocBytes(rows+2*around, cols, v)
		if err != nil {
			c.Fatalf("AllocBytes: %v", err)
		}
		c.free = append(c.free, all.Mem)
		d.on[i] = all.Slice(around, rows)
	}
	clear(v) // the device keeps its own copy
	return d
}

// floats is a data set of float32 in [0, 1).
func (c *trial) floats(rows, cols int) *corpus {
	a := c.in("data", rows, cols, c.uniform(0, 1))
	d := &corpus{}
	for i := range a.on {
		d.on[i] = a.on[i].Data()
	}
	return d
}

// testGather compares every draw exactly.
func testGather(r *rig) {
	r.each(shapes{ // batch, width, more rows of data
		odd:  []shape{{1, 1, 0}, {1, 1, 4}, {3, 5, 4}, {4, 8, 12}, {7, 13, 24}, {5, 4, 0}, {16, 33, 24}, {2, 784, 1}, {2, 64, 3}},
		long: []shape{{257, 784, 43}},
		even: []shape{{2, 256, 30}, {64, 4, 3}, {64, 64, 64}, {1, 1024, 14}, {3, 128, 61}, {128, 4, 0}, {256, 3, 0},
			{1, 512, 7}, {512, 2, 0}, {1024, 1, 0}},
		most: shape{20, 200, 30},
	}, func(r *rig, s shape) {
		for _, i := range r.some(32, 6) {
			r.try(func(c *trial) { c.gather(s[0], s[1], s[0]+s[2], i*13%32, r.first(i)) }) // some of all kinds
		}
	})
	r.sub("NoiseOfNothing", func(r *rig) { r.try((*trial).noiseOfNothing) })
}

// gather is one combination of bytes, shuffling, drawing and corruption. Which of
// the outputs are wanted takes turns.
func (c *trial) gather(batch, width, rows, variant, first int) {
	t := when
	t.Row = uint64(rows-batch) / 2
	k := c.timer(t)
	spec := backend.Batch{
		Shuffle:  variant&1 != 0,
		Binarise: variant&2 != 0,
		Corrupt:  backend.CorruptionKind(variant >> 2 & 3),
		Level:    0.3, Low: -0.25, High: 1.5,
		First: first,
	}
	data := c.floats
	if variant&16 != 0 {
		data = c.bytes
	}
	set := data(rows, width)
	var clean, noisy *arg
	if (batch+variant)%3 != 1 || spec.Corrupt == backend.NoCorruption {
		clean = c.out("clean", batch, width)
	}
	if (batch+variant)%3 != 2 || clean == nil {
		noisy = c.out("noisy", batch, width)
	}
	c.both(func(d side) {
		spec.Clock = d.c(k)
		d.Enqueue(backend.Gather{Clean: d.t(clean), Noisy: d.t(noisy), Data: d.d(set), Batch: spec})
	})
	spec.Clock = backend.Clock{}
	if clean != nil {
		c.close(clean, exact, "%+v", spec)
	}
	if noisy == nil {
		return
	}
	tol := exact
	if spec.Corrupt == backend.GaussianNoise {
		tol = Tol{Abs: 6 * eps} // p*n is at most 2 and rounded, and so is the sum
	}
	c.close(noisy, tol, "%+v", spec)
}

// noiseOfNothing corrupts zeros: what comes out is p times the contract's
// normals, with that one rounding and no more.
func (c *trial) noiseOfNothing() {
	const batch, width, p, first = 9, 37, 0.7, 1<<31 + 8
	k := c.timer(when)
	data, noisy := c.in("data", batch, width, constant(0)), c.out("noisy", batch, width)
	c.both(func(d side) {
		d.Enqueue(backend.Gather{Noisy: d.t(noisy), Data: d.t(data).Data(), Batch: backend.Batch{Clock: d.c(k), Corrupt: backend.GaussianNoise, Level: p, First: first}})
	})
	want := normals(when, backend.StreamCorrupt, first, batch*width)
	for i := range want {
		want[i] *= float64(float32(p))
	}
	if err := Close(c.got(noisy), want, once); err != nil {
		c.Errorf("noise of level %v on zeros: %v", p, err)
	}
}

// normals is n of the contract's normals of a stream from the number first on, not by way of ref64.
func normals(t backend.Time, stream uint32, first, n int) []float64 {
	var v []float64
	for block := uint32(first / 4); len(v) < n; block++ {
		four := backend.Normals(backend.Philox(t.Seed, stream, t.Step, block))
		v = append(v, widen(four[:])...)
	}
	return v[:n]
}

// testShuffle walks epochs: rows come in the permutation's order, each once.
func testShuffle(r *rig) {
	for _, n := range []int{1, 2, 3, 5, 8, 64, 101, 1000} {
		r.sub(fmt.Sprint(n), func(r *rig) {
			for _, asBytes := range []bool{false, true} {
				for epoch := range uint64(3) {
					r.try(func(c *trial) { c.epoch(n, epoch, asBytes) })
				}
			}
		})
	}
}

// epoch gathers rows that hold their own number, in batches that do not divide
// them evenly. Two bytes make a number, since a byte holds only 256.
func (c *trial) epoch(n int, epoch uint64, asBytes bool) {
	t := backend.Time{Seed: 77, Epoch: epoch, Step: 5}
	k := c.timer(t)
	data := c.numbered(n, asBytes)
	perm := backend.NewPermutation(uint64(n), t.Seed, epoch)
	seen := make([]bool, n)
	size := max(1, n*2/7)
	x := c.out("clean", size, 2)
	for at := 0; at < n; at += size {
		b := x.on[0].Top(min(size, n-at))
		c.dev.Enqueue(backend.Gather{Clean: b, Data: data, Batch: backend.Batch{Clock: k.on[0], Shuffle: true}})
		c.dev.Enqueue(backend.Tick{Clock: k.on[0], Rows: b.Rows})
		got := make([]float32, b.Len())
		c.dev.Download(got, b)
		for i := range b.Rows {
			row := number(got[2*i:], asBytes)
			if want := int(perm.At(uint64(at + i))); row != want {
				c.Fatalf("epoch %d, place %d: row %d, the permutation says %d", epoch, at+i, row, want)
			}
			if seen[row] {
				c.Fatalf("epoch %d: row %d came twice", epoch, row)
			}
			seen[row] = true
		}
	}
	c.both(func(side) {})
}

func (c *trial) numbered(n int, asBytes bool) backend.Data {
	if !asBytes {
		return c.in("data", n, 2, func(i int) float64 { return float64(i / 2) }).on[0].Data()
	}
	v := make([]byte, 2*n)
	for i := range n {
		v[2*i], v[2*i+1] = byte(i>>8), byte(i)
	}
	d, err := c.dev.AllocBytes(n, 2, v)
	if err != nil {
		c.Fatalf("AllocBytes: %v", err)
	}
	c.free = append(c.free, d.Mem)
	return d
}

func number(row []float32, asBytes bool) int {
	if !asBytes {
		return int(row[0])
	}
	return int(row[0]*255+0.5)<<8 + int(row[1]*255+0.5)
}
