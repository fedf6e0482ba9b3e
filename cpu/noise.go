package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// draw is a stream of noise at one step.
type draw struct {
	seed, step uint64
	stream     uint32
}

// noise is the stream that n names, at the clock's step.
func (d *Device) noise(n backend.Noise) draw {
	if k := d.clock(n.Clock); k != nil {
		return k.draw(n.Stream)
	}
	return draw{}
}

func (c *clock) draw(stream uint32) draw { return draw{c.Seed, c.Step, stream} }

// words fills dst with the words of elements at, at+1, ...
func (n draw) words(dst []uint32, at int) {
	b := uint32(at / 4)
	if skip := at % 4; skip > 0 {
		w := backend.Philox(n.seed, n.stream, n.step, b)
		dst = dst[copy(dst, w[skip:]):]
		b++
	}
	for ; len(dst) >= 4; b++ {
		w := backend.Philox(n.seed, n.stream, n.step, b)
		copy(dst[:4], w[:])
		dst = dst[4:]
	}
	if len(dst) > 0 {
		w := backend.Philox(n.seed, n.stream, n.step, b)
		copy(dst, w[:])
	}
}

// normals fills dst with the standard normals of elements at, at+1, ...
func (n draw) normals(dst []float32, at int) {
	for b, skip := uint32(at/4), at%4; len(dst) > 0; b, skip = b+1, 0 {
		z := backend.Normals(backend.Philox(n.seed, n.stream, n.step, b))
		dst = dst[copy(dst, z[skip:]):]
	}
}

// below is the number that a word's top 24 bits are compared with to see whether
// its uniform is below p: u < p where word>>8 < below(p).
func below(p float32) int32 {
	return int32(math.Ceil(min(max(float64(p), 0), 1) * (1 << 24)))
}

// mask is all ones where the word's uniform is below, otherwise 0.
func mask(word uint32, below int32) uint32 { return uint32((int32(word>>8) - below) >> 31) }

// Dropout is y = x . m / (1-p).
func (d *Device) Dropout(y, x backend.Tensor, noise backend.Noise, p float32) {
	if d.begin("Dropout", backend.CheckDropout(y, x, p)) {
		keep := math.Float32bits(float32(1 / (1 - float64(p))))
		d.ops.dropout = dropoutOp{d.floats(y), d.floats(x), d.noise(noise), below(p), keep}
		d.each(&d.ops.dropout, y.Len(), heavy)
	}
}

type dropoutOp struct {
	y, x  []float32
	noise draw
	below int32
	keep  uint32 // bits of 1 / (1-p)
}

func (o *dropoutOp) part(_, lo, hi int) {
	var words [block]uint32
	for ; lo < hi; lo += block {
		w := words[:min(block, hi-lo)]
		o.noise.words(w, lo)
		y, x := o.y[lo:][:len(w)], o.x[lo:][:len(w)]
		for i, word := range w {
			y[i] = x[i] * math.Float32frombits(o.keep&^mask(word, o.below))
		}
	}
}
