package eval

import (
	"context"
	"errors"

	"github.com/aegpu/aegpu/backend"
)

// softmax is the loss of multinomial logistic regression over rows that lie on
// the device, as a function of theta = (W, b), C x D and C values side by side.
type softmax struct {
	ctx  context.Context
	dev  backend.Device
	l2   float64
	mem  backend.Memory
	sums backend.Sums

	x, target                   backend.Tensor // n x D, n x 1
	theta, dtheta, logits, rows backend.Tensor // 1 x C(D+1), the same, B x C, B x 1
	classes                     int

	host []float32
	err  error // the device's first, or the context's
}

// newSoftmax sends the standardised rows of l to the device.
func newSoftmax(ctx context.Context, dev backend.Device, s *standard, l Labelled, classes int) (*softmax, error) {
	n, d := l.Len(), l.Width
	size := classes * (d + 1)
	batch := min(n, chunkRows(d))
	f := &softmax{ctx: ctx, dev: dev, classes: classes, host: make([]float32, size)}
	sums, err := dev.AllocSums(1)
	if err != nil {
		return nil, err
	}
	f.sums = sums
	f.mem, err = backend.Plan(dev, func(alloc backend.Alloc) {
		f.x, f.target = alloc(n, d), alloc(n, 1)
		f.theta, f.dtheta = alloc(1, size), alloc(1, size)
		f.logits, f.rows = alloc(batch, classes), alloc(batch, 1)
	})
	if err != nil {
		sums.Mem.Free()
		return nil, err
	}
	if err := errors.Join(f.send(s, l), dev.Sync()); err != nil {
		f.free()
		return nil, err
	}
	return f, nil
}

func (f *softmax) send(s *standard, l Labelled) error {
	err := eachChunk(f.ctx, Dense(l.X, l.Width), func(v []float32, start, n int) error {
		s.apply(v)
		f.dev.Upload(f.x.Slice(start*l.Width, n, l.Width), v)
		return nil
	})
	target := make([]float32, l.Len())
	for i, c := range l.Labels {
		target[i] = float32(c)
	}
	f.dev.Upload(f.target, target)
	return err
}

// at is the loss at theta; grad becomes its gradient.
func (f *softmax) at(theta, grad []float64) float64 {
	w, b := f.place(theta)
	dw, db := f.split(f.dtheta)
	scale := 1 / float64(f.x.Rows)
	f.dev.Enqueue(backend.ZeroSums{Sums: f.sums})
	f.each(w, b, func(x, target, logits, rows backend.Tensor, first bool) {
		f.dev.Enqueue(backend.Loss{DOut: logits, Rows: rows, Out: logits, Target: target, Kind: backend.Categorical, Scale: float32(scale)})
		f.dev.Enqueue(backend.Accumulate{Sums: f.sums, V: rows, Scale: scale})
		f.dev.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: logits, X: x, Accumulate: !first})
	})
	f.dev.Download(f.host, f.dtheta)
	value := f.sum()
	for i, g := range f.host {
		grad[i] = float64(g)
	}
	for i, v := range theta[:w.Len()] {
		value += f.l2 / 2 * v * v
		grad[i] += f.l2 * v
	}
	return value
}

// correct is the number of rows whose largest logit is their class.
func (f *softmax) correct(theta []float64) (float64, error) {
	w, b := f.place(theta)
	f.dev.Enqueue(backend.ZeroSums{Sums: f.sums})
	f.each(w, b, func(_, target, logits, _ backend.Tensor, _ bool) {
		f.dev.Enqueue(backend.Correct{Sums: f.sums, Logits: logits, Target: target})
	})
	return f.sum(), f.err
}

// place sends theta and returns W and b in it.
func (f *softmax) place(theta []float64) (w, b backend.Tensor) {
	f.dev.Upload(f.theta, narrow(theta))
	return f.split(f.theta)
}

func (f *softmax) split(theta backend.Tensor) (w, b backend.Tensor) {
	c, d := f.classes, f.x.Cols
	return theta.Slice(0, c, d), theta.Slice(c*d, 1, c)
}

// each computes the logits of the rows, a batch at a time.
func (f *softmax) each(w, b backend.Tensor, use func(x, target, logits, rows backend.Tensor, first bool)) {
	d := f.x.Cols
	for start := 0; start < f.x.Rows; start += f.logits.Rows {
		if err := f.ctx.Err(); err != nil {
			f.err = errors.Join(f.err, err)
			return
		}
		n := min(f.logits.Rows, f.x.Rows-start)
		x, logits := f.x.Slice(start*d, n, d), f.logits.Top(n)
		f.dev.Enqueue(backend.Linear{Y: logits, X: x, W: w, B: b})
		use(x, f.target.Slice(start, n, 1), logits, f.rows.Top(n), start == 0)
	}
}

// sum waits for the accumulator.
func (f *softmax) sum() float64 {
	var s [1]float64
	f.dev.ReadSums(s[:], f.sums)
	if err := f.dev.Sync(); f.err == nil {
		f.err = err
	}
	return s[0]
}

func (f *softmax) free() {
	f.mem.Free()
	f.sums.Mem.Free()
}
