package ref64

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// Gather fetches a batch and corrupts a copy of it.
func (d *Device) gather(o backend.Gather) {
	if d.stop(o.Check()) {
		return
	}
	out := o.Clean
	if o.Clean.None() {
		out = o.Noisy
	}
	k, c, n := at(o.Batch.Clock), vec(o.Clean), vec(o.Noisy)
	if k.Row+uint64(out.Rows) > uint64(o.Data.Rows) {
		d.stop(fmt.Errorf("ref64: Gather: rows %d to %d of %d", k.Row, k.Row+uint64(out.Rows), o.Data.Rows))
		return
	}
	perm := backend.NewPermutation(uint64(o.Data.Rows), k.Seed, k.Epoch)
	draw := backend.Noise{Clock: o.Batch.Clock, Stream: backend.StreamBinarise, First: o.Batch.First}
	for b := range out.Rows {
		from := k.Row + uint64(b)
		if o.Batch.Shuffle {
			from = perm.At(from)
		}
		for j := range out.Cols {
			i := b*out.Cols + j
			x := element(o.Data, int(from)*o.Data.Cols+j)
			if o.Batch.Binarise {
				x = pick(uniform(draw, i) < x, 1, 0)
			}
			if c != nil {
				c[i] = x
			}
			if n != nil {
				n[i] = corrupt(o.Batch, x, i)
			}
		}
	}
}

// element is element i of a data set. A byte is the float32 nearest to v/255.
func element(data backend.Data, i int) float64 {
	if data.Bytes {
		return float64(float32(data.Mem.(*bytes).v[data.Off+i]) / 255)
	}
	return data.Mem.(*floats).v[data.Off+i]
}

func corrupt(spec backend.Batch, x float64, i int) float64 {
	noise := backend.Noise{Clock: spec.Clock, Stream: backend.StreamCorrupt, First: spec.First}
	p := float64(spec.Level)
	switch spec.Corrupt {
	case backend.Masking:
		return pick(uniform(noise, i) < p, 0, x)
	case backend.GaussianNoise:
		return x + p*normal(noise, i)
	case backend.SaltAndPepper:
		u := uniform(noise, i)
		return pick(u < p/2, float64(spec.Low), pick(u < p, float64(spec.High), x))
	}
	return x
}

// weights is w as the out x in matrix of Linear, whichever way round it is stored.
type weights struct {
	v       []float64
	out, in int // strides
}

func weightsOf(w backend.Tensor, transposed bool) weights {
	if transposed {
		return weights{vec(w), 1, w.Cols}
	}
	return weights{vec(w), w.Cols, 1}
}

func (w weights) at(o, i int) *float64 { return &w.v[o*w.out+i*w.in] }

// Linear is y = s(x W^T + b).
func (d *Device) linear(op backend.Linear) {
	if d.stop(op.Check()) {
		return
	}
	wt := weightsOf(op.W, op.Transposed)
	for r := range op.Y.Rows {
		for o := range op.Y.Cols {
			a := 0.0
			if !op.B.None() {
				a = vec(op.B)[o]
			}
			for i, v := range row(op.X, r) {
				a += v * *wt.at(o, i)
			}
			if !op.Pre.None() {
				row(op.Pre, r)[o] = a
			}
			row(op.Y, r)[o] = function(op.Act, a)
		}
	}
}

// LinearBackInput is dx = (dy W) . s'(saved).
func (d *Device) linearBackInput(op backend.LinearBackInput) {
	if d.stop(op.Check()) {
		return
	}
	wt := weightsOf(op.W, op.Transposed)
	for r := range op.DX.Rows {
		for i := range op.DX.Cols {
			g := 0.0
			for o, v := range row(op.DY, r) {
				g += v * *wt.at(o, i)
			}
			if !op.Saved.None() {
				g *= first(op.Act, row(op.Saved, r)[i])
			}
			row(op.DX, r)[i] = g
		}
	}
}

// LinearBackWeights is dw = dy^T x and db = column sums of dy.
func (d *Device) linearBackWeights(op backend.LinearBackWeights) {
	if d.stop(op.Check()) {
		return
	}
	if !op.Accumulate {
		clear(vec(op.DW))
		clear(vec(op.DB))
	}
	wt := weightsOf(op.DW, op.Transposed)
	for r := range op.DY.Rows {
		for o, g := range row(op.DY, r) {
			for i, v := range row(op.X, r) {
				*wt.at(o, i) += g * v
			}
			if !op.DB.None() {
				vec(op.DB)[o] += g
			}
		}
	}
}

// Activate is y = s(x).
func (d *Device) activate(o backend.Activate) {
	if d.stop(o.Check()) {
		return
	}
	for i, a := range vec(o.X) {
		vec(o.Y)[i] = function(o.Act, a)
	}
}

// ActivateBack is dx = dy . s'(saved).
func (d *Device) activateBack(o backend.ActivateBack) {
	if d.stop(o.Check()) {
		return
	}
	for i, g := range vec(o.DY) {
		if !o.Saved.None() {
			g *= first(o.Act, vec(o.Saved)[i])
		}
		vec(o.DX)[i] = g
	}
}

// Dropout is y = x . m / (1-p).
func (d *Device) dropout(o backend.Dropout) {
	if d.stop(o.Check()) {
		return
	}
	for i, a := range vec(o.X) {
		vec(o.Y)[i] = pick(uniform(o.Noise, i) >= float64(o.P), a/(1-float64(o.P)), 0)
	}
}

// Add is dst += src.
func (d *Device) add(o backend.Add) {
	if d.stop(o.Check()) {
		return
	}
	for i, a := range vec(o.Src) {
		vec(o.Dst)[i] += a
	}
}

// Copy is dst = src.
func (d *Device) copy(o backend.Copy) {
	if d.stop(o.Check()) {
		return
	}
	copy(vec(o.Dst), vec(o.Src))
}

// CopyColumns is dst[r,j] = src[r,from+j].
func (d *Device) copyColumns(o backend.CopyColumns) {
	if d.stop(o.Check()) {
		return
	}
	for r := range o.Dst.Rows {
		for j := range o.Dst.Cols {
			vec(o.Dst)[r*o.Dst.Cols+j] = vec(o.Src)[r*o.Src.Cols+o.From+j]
		}
	}
}

// Beside is dst[r] = x[r] | the one-hot code of class[r/k].
func (d *Device) beside(o backend.Beside) {
	if d.stop(o.Check()) {
		return
	}
	per := o.X.Rows / o.Class.Rows
	for r := range o.X.Rows {
		to, class := row(o.Dst, r), vec(o.Class)[r/per]
		clear(to)
		copy(to, row(o.X, r))
		for level := range o.Dst.Cols - o.X.Cols {
			if class == float64(level) {
				to[o.X.Cols+level] = 1
			}
		}
	}
}

// Zero is dst = 0.
func (d *Device) zero(o backend.Zero) {
	if d.stop(o.Check()) {
		return
	}
	clear(vec(o.Dst))
}

// ScaleRows is t[r,:] *= w[r].
func (d *Device) scaleRows(o backend.ScaleRows) {
	if d.stop(o.Check()) {
		return
	}
	for i := range vec(o.T) {
		vec(o.T)[i] *= vec(o.W)[i/o.T.Cols]
	}
}
