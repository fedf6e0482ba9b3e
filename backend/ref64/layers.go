package ref64

import (
	"github.com/aegpu/aegpu/backend"
)

// Gather fetches a batch and corrupts a copy of it.
func (d *Device) Gather(clean, noisy backend.Tensor, data backend.Data, spec backend.Batch) {
	if d.stop(nil) {
		return
	}
	out := clean
	if clean.None() {
		out = noisy
	}
	k, c, n := at(spec.Clock), vec(clean), vec(noisy)
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

// weight is the element of w that joins input i to output o.
func weight(w backend.Tensor, o, i int, transposed bool) *float64 {
	if transposed {
		o, i = i, o
	}
	return &vec(w)[o*w.Cols+i]
}

// Linear is y = s(x W^T + b).
func (d *Device) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	if d.stop(nil) {
		return
	}
	for r := range y.Rows {
		for o := range y.Cols {
			a := 0.0
			if !b.None() {
				a = vec(b)[o]
			}
			for i := range x.Cols {
				a += vec(x)[r*x.Cols+i] * *weight(w, o, i, transposed)
			}
			if !pre.None() {
				vec(pre)[r*y.Cols+o] = a
			}
			vec(y)[r*y.Cols+o] = function(act, a)
		}
	}
}

// LinearBackInput is dx = (dy W) . s'(saved).
func (d *Device) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	if d.stop(nil) {
		return
	}
	for r := range dx.Rows {
		for i := range dx.Cols {
			g := 0.0
			for o := range dy.Cols {
				g += vec(dy)[r*dy.Cols+o] * *weight(w, o, i, transposed)
			}
			if !saved.None() {
				g *= first(act, vec(saved)[r*dx.Cols+i])
			}
			vec(dx)[r*dx.Cols+i] = g
		}
	}
}

// LinearBackWeights is dw = dy^T x and db = column sums of dy.
func (d *Device) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	if d.stop(nil) {
		return
	}
	put := func(p *float64, g float64) {
		if accumulate {
			g += *p
		}
		*p = g
	}
	for o := range dy.Cols {
		for i := range x.Cols {
			g := 0.0
			for r := range dy.Rows {
				g += vec(dy)[r*dy.Cols+o] * vec(x)[r*x.Cols+i]
			}
			put(weight(dw, o, i, transposed), g)
		}
		if !db.None() {
			g := 0.0
			for r := range dy.Rows {
				g += vec(dy)[r*dy.Cols+o]
			}
			put(&vec(db)[o], g)
		}
	}
}

// Activate is y = s(x).
func (d *Device) Activate(y, x backend.Tensor, act backend.Activation) {
	if d.stop(nil) {
		return
	}
	for i, a := range vec(x) {
		vec(y)[i] = function(act, a)
	}
}

// ActivateBack is dx = dy . s'(saved).
func (d *Device) ActivateBack(dx, dy, saved backend.Tensor, act backend.Activation) {
	if d.stop(nil) {
		return
	}
	for i, v := range vec(saved) {
		vec(dx)[i] = vec(dy)[i] * first(act, v)
	}
}

// Dropout is y = x . m / (1-p).
func (d *Device) Dropout(y, x backend.Tensor, noise backend.Noise, p float32) {
	if d.stop(nil) {
		return
	}
	for i, a := range vec(x) {
		vec(y)[i] = pick(uniform(noise, i) >= float64(p), a/(1-float64(p)), 0)
	}
}

// Add is dst += src.
func (d *Device) Add(dst, src backend.Tensor) {
	if d.stop(nil) {
		return
	}
	for i, a := range vec(src) {
		vec(dst)[i] += a
	}
}

// Copy is dst = src.
func (d *Device) Copy(dst, src backend.Tensor) {
	if d.stop(nil) {
		return
	}
	copy(vec(dst), vec(src))
}

// CopyColumns is dst[r,j] = src[r,from+j].
func (d *Device) CopyColumns(dst, src backend.Tensor, from int) {
	if d.stop(nil) {
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
	if d.stop(nil) {
		return
	}
	clear(vec(dst))
}

// ScaleRows is t[r,:] *= w[r].
func (d *Device) ScaleRows(t, w backend.Tensor) {
	if d.stop(nil) {
		return
	}
	for i := range vec(t) {
		vec(t)[i] *= vec(w)[i/t.Cols]
	}
}
