package cpu_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
)

// autoencoder is a plain dense autoencoder's training step, all of whose parts are
// operations of the device: bytes in, Bernoulli loss, Adam.
type autoencoder struct {
	dev        backend.Device
	batch      int
	data       backend.Data
	clock      backend.Clock
	guard, sum backend.Sums
	clean      backend.Tensor
	rows       backend.Tensor
	layers     []layer

	params, grads, m, v backend.Tensor
	ends                []int
	opt                 backend.Optimiser
}

// layer is y = s(x W^T + b), dx the gradient by x.
type layer struct {
	act                 backend.Activation
	w, b, dw, db, y, dx backend.Tensor
}

func newAutoencoder(tb testing.TB, dev backend.Device, batch int, act backend.Activation, widths ...int) *autoencoder {
	a := &autoencoder{dev: dev, batch: batch, opt: backend.Optimiser{Kind: backend.Adam, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}}
	size := 0
	for i := 1; i < len(widths); i++ {
		for _, n := range []int{widths[i] * widths[i-1], widths[i]} {
			size += n
			a.ends = append(a.ends, size)
		}
	}
	a.alloc(tb, size, widths)
	at := 0
	view := func(t backend.Tensor, rows, cols int) backend.Tensor { return t.Slice(at, rows, cols) }
	for i := range a.layers {
		l, out, in := &a.layers[i], widths[i+1], widths[i]
		l.act = act
		if i == len(a.layers)-1 {
			l.act = backend.Identity
		}
		l.w, l.dw = view(a.params, out, in), view(a.grads, out, in)
		at += out * in
		l.b, l.db = view(a.params, 1, out), view(a.grads, 1, out)
		at += out
	}
	start := make([]float32, size)
	for i := range start {
		start[i] = float32(0.05 * math.Sin(float64(i)*1.7))
	}
	dev.Upload(a.params, start)
	dev.SetClock(a.clock, backend.Time{Seed: 1}, []backend.Hyper{{LR: 1e-3, Correct1: 1, Correct2: 1}})
	if err := dev.Sync(); err != nil {
		tb.Fatal(err)
	}
	return a
}

func (a *autoencoder) alloc(tb testing.TB, size int, widths []int) {
	need := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	pixels := make([]byte, 2*a.batch*widths[0])
	for i := range pixels {
		pixels[i] = byte(i * i >> 3)
	}
	var err error
	a.data, err = a.dev.AllocBytes(2*a.batch, widths[0], pixels)
	need(err)
	a.clock, err = a.dev.AllocClock(1)
	need(err)
	a.guard, err = a.dev.AllocSums(backend.GuardNorm + len(a.ends))
	need(err)
	a.sum, err = a.dev.AllocSums(1)
	need(err)
	a.layers = make([]layer, len(widths)-1)
	_, err = backend.Plan(a.dev, func(alloc backend.Alloc) {
		a.params, a.grads, a.m, a.v = alloc(1, size), alloc(1, size), alloc(1, size), alloc(1, size)
		a.clean, a.rows = alloc(a.batch, widths[0]), alloc(a.batch, 1)
		for i := range a.layers {
			a.layers[i].y, a.layers[i].dx = alloc(a.batch, widths[i+1]), alloc(a.batch, widths[i])
		}
	})
	need(err)
}

// step is one step of training, without moving the clock on.
func (a *autoencoder) step() {
	var none backend.Tensor
	a.dev.Enqueue(backend.Gather{Clean: a.clean, Noisy: none, Data: a.data, Batch: backend.Batch{Clock: a.clock, Shuffle: true}})
	x := a.clean
	for _, l := range a.layers {
		a.dev.Enqueue(backend.Linear{Y: l.y, Pre: none, X: x, W: l.w, B: l.b, Act: l.act})
		x = l.y
	}
	a.dev.Enqueue(backend.Loss{DOut: x, Rows: a.rows, Out: x, Target: a.clean, Kind: backend.Bernoulli, Scale: 1 / float32(a.batch)})
	dy := x
	for i := len(a.layers) - 1; i >= 0; i-- {
		l := a.layers[i]
		if i == 0 {
			a.dev.Enqueue(backend.LinearBackWeights{DW: l.dw, DB: l.db, DY: dy, X: a.clean})
			break
		}
		below := a.layers[i-1]
		a.dev.Enqueue(backend.LinearBackWeights{DW: l.dw, DB: l.db, DY: dy, X: below.y})
		a.dev.Enqueue(backend.LinearBackInput{DX: l.dx, DY: dy, W: l.w, Saved: below.y, Act: below.act})
		dy = l.dx
	}
	a.dev.Enqueue(backend.Check{Guard: a.guard, Grads: a.grads, Ends: a.ends, Rows: a.rows, Clock: a.clock})
	a.dev.Enqueue(backend.Update{Params: a.params, Grads: a.grads, M: a.m, V: a.v, Optimiser: a.opt, Guard: a.guard, Clock: a.clock})
	a.dev.Enqueue(backend.Accumulate{Sums: a.sum, V: a.rows, Scale: 1})
}

// flops is the arithmetic of the products of a step.
func (a *autoencoder) flops() float64 {
	n := 0
	for i, l := range a.layers {
		n += 6 * a.batch * l.w.Len()
		if i == 0 {
			n -= 2 * a.batch * l.w.Len()
		}
	}
	return float64(n)
}

func open(tb testing.TB, opts cpu.Options) *cpu.Device {
	tb.Helper()
	dev, err := cpu.Open(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = dev.Close() }) // its error, if any, was Sync's
	return dev
}

func BenchmarkStep(b *testing.B) {
	for _, act := range []backend.Activation{backend.ReLU, backend.GELU} {
		for _, batch := range []int{128, 2048} {
			b.Run(fmt.Sprintf("784-512-256-32-256-512-784/%v/batch=%d", act, batch), func(b *testing.B) {
				a := newAutoencoder(b, open(b, cpu.Options{}), batch, act, 784, 512, 256, 32, 256, 512, 784)
				a.step()
				b.ReportAllocs()
				for b.Loop() {
					a.step()
				}
				seconds := b.Elapsed().Seconds() / float64(b.N)
				b.ReportMetric(a.flops()/seconds/1e9, "GFLOP/s")
				b.ReportMetric(float64(batch)/seconds, "examples/s")
			})
		}
	}
}
