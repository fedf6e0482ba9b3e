package ref64

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// Gather fetches a batch and corrupts a copy of it.
func (d *Device) Gather(clean, noisy backend.Tensor, data backend.Data, spec backend.Batch) {
	if d.stop(backend.CheckGather(clean, noisy, data, spec)) {
		return
	}
	out := clean
	if clean.None() {
		out = noisy
	}
	k, c, n := at(spec.Clock), vec(clean), vec(noisy)
	if k.Row+uint64(out.Rows) > uint64(data.Rows) {
		d.stop(fmt.Errorf("ref64: Gather: rows %d to %d of %d", k.Row, k.Row+uint64(out.Rows), data.Rows))
		return
	}
	perm := backend.NewPermutation(uint64(data.Rows), k.Seed, k.Epoch)
	draw := backend.Noise{Clock: spec.Clock, Stream: backend.StreamBinarise}
	for b := range out.Rows {
		from := k.Row + uint64(b)
		if spec.Shuffle {
			from = perm.At(from)
		}
		for j := range out.Cols {
			i := b*out.Cols + j
			x := element(data, int(from)*data.Cols+j)
			if spec.Binarise {
				x = pick(uniform(draw, i) < x, 1, 0)
			}
			if c != nil {
				c[i] = x
			}
			if n != nil {
				n[i] = corrupt(spec, x, i)
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
	noise := backend.Noise{Clock: spec.Clock, Stream: backend.StreamCorrupt}
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
func (d *Device) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	if d.stop(backend.CheckLinear(y, pre, x, w, b, act, transposed)) {
		return
	}
	wt := weightsOf(w, transposed)
	for r := range y.Rows {
		for o := range y.Cols {
			a := 0.0
			if !b.None() {
				a = vec(b)[o]
			}
			for i, v := range row(x, r) {
				a += v * *wt.at(o, i)
			}
			if !pre.None() {
				row(pre, r)[o] = a
			}
			row(y, r)[o] = function(act, a)
		}
	}
}

// LinearBackInput is dx = (dy W) . s'(saved).
func (d *Device) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	if d.stop(backend.CheckLinearBackInput(dx, dy, w, saved, act, transposed)) {
		return
	}
	wt := weightsOf(w, transposed)
	for r := range dx.Rows {
		for i := range dx.Cols {
			g := 0.0
			for o, v := range row(dy, r) {
				g += v * *wt.at(o, i)
			}
			if !saved.None() {
				g *= first(act, row(saved, r)[i])
			}
			row(dx, r)[i] = g
		}
	}
}

// LinearBackWeights is dw = dy^T x and db = column sums of dy.
func (d *Device) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	if d.stop(backend.CheckLinearBackWeights(dw, db, dy, x, transposed)) {
		return
	}
	if !accumulate {
		clear(vec(dw))
		clear(vec(db))
	}
	wt := weightsOf(dw, transposed)
	for r := range dy.Rows {
		for o, g := range row(dy, r) {
			for i, v := range row(x, r) {
				*wt.at(o, i) += g * v
			}
			if !db.None() {
				vec(db)[o] += g
			}
		}
	}
}

// Activate is y = s(x).
func (d *Device) Activate(y, x backend.Tensor, act backend.Activation) {
	if d.stop(backend.CheckActivate(y, x, act)) {
		return
	}
	for i, a := range vec(x) {
		vec(y)[i] = function(act, a)
	}
}

// ActivateBack is dx = dy . s'(saved).
func (d *Device) ActivateBack(dx, dy, saved backend.Tensor, act backend.Activation) {
	if d.stop(backend.CheckActivateBack(dx, dy, saved, act)) {
		return
	}
	for i, g := range vec(dy) {
		if !saved.None() {
			g *= first(act, vec(saved)[i])
		}
		vec(dx)[i] = g
	}
}

// Dropout is y = x . m / (1-p).
func (d *Device) Dropout(y, x backend.Tensor, noise backend.Noise, p float32) {
	if d.stop(backend.CheckDropout(y, x, p)) {
		return
	}
	for i, a := range vec(x) {
		vec(y)[i] = pick(uniform(noise, i) >= float64(p), a/(1-float64(p)), 0)
	}
}

// Add is dst += src.
func (d *Device) Add(dst, src backend.Tensor) {
	if d.stop(backend.CheckAdd(dst, src)) {
		return
	}
	for i, a := range vec(src) {
		vec(dst)[i] += a
	}
}

// Copy is dst = src.
func (d *Device) Copy(dst, src backend.Tensor) {
	if d.stop(backend.CheckCopy(dst, src)) {
		return
	}
	copy(vec(dst), vec(src))
}

// CopyColumns is dst[r,j] = src[r,from+j].
func (d *Device) CopyColumns(dst, src backend.Tensor, from int) {
	if d.stop(backend.CheckCopyColumns(dst, src, from)) {
		return
	}
	for r := range dst.Rows {
		for j := range dst.Cols {
			vec(dst)[r*dst.Cols+j] = vec(src)[r*src.Cols+from+j]
		}
	}
}

// Zero is dst = 0.
func (d *Device) Zero(dst backend.Tensor) {
	if d.stop(backend.CheckZero(dst)) {
		return
	}
	clear(vec(dst))
}

// ScaleRows is t[r,:] *= w[r].
func (d *Device) ScaleRows(t, w backend.Tensor) {
	if d.stop(backend.CheckScaleRows(t, w)) {
		return
	}
	for i := range vec(t) {
		vec(t)[i] *= vec(w)[i/t.Cols]
	}
}
